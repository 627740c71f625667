"""Reading a model file: what it says, with units, limits and notes."""
