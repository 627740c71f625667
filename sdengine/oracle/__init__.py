"""The same model in engines that are not ours: independent judges for ``crosscheck`` and tests."""
