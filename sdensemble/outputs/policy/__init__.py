"""A policy's text as people read it: ledger, scorecard, conflicts, regions, instruments."""
