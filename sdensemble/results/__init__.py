"""What a run says: probabilities and effects with their errors, stored and read back."""
