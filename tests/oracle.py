"""What tests need to hold a kernel against PySD."""

from sdengine.oracle.crosscheck import disagreements, run_kernel
from sdengine.oracle.pysd import Oracle, Series

__all__ = ["Oracle", "Series", "disagreements", "run_kernel"]
