"""Writers: each turns the same values into one kind of file. None of them makes a number."""
