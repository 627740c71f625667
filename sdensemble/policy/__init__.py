"""The reading of a policy text: instruments, regions, conflicts, ledger, scorecard."""
