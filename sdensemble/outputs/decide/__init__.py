"""What the room ``decide`` finds, as documents: an answer, a table to check, a figure to read."""
