"""The members of an ensemble: draws, forcing, variants, and the run of all of them."""
