"""Model → Program: numbered slots and pointwise statements, and a slow run of them in NumPy."""
