"""Executes the validation tests a study declares, and writes the report of them."""

from sdensemble.validation.full import full_check
from sdensemble.validation.read import Test, read_tests
from sdensemble.validation.run import KINDS, Checked, run_test, validate

__all__ = ["KINDS", "Checked", "Test", "full_check", "read_tests", "run_test", "validate"]
