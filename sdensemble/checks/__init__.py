"""Executes the validation tests a study declares, and writes the report of them."""
