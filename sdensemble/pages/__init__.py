"""What a model says of itself on paper: the reference, its diagrams, and the file's sketch."""
