"""What tests need to hold a kernel against PySD."""

from sdensemble.crosscheck import disagreements, run_kernel
from sdensemble.model.oracle import Oracle, Series

__all__ = ["Oracle", "Series", "disagreements", "run_kernel"]
