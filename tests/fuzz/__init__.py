"""Inputs broken by chance, with a fixed seed: an answer or one clear message, never anything else.

``mangle`` breaks texts and bytes, ``grammar`` and ``sound`` write small models, ``kinds`` says what
is done with an input of each kind, ``watched`` does so for as many as are asked, in a process that
may die.

    python -m tests.fuzz 100000 7 counts.json      inputs, seed, file of counts

An interrupted count goes on from the file. An input hangs on kind, seed and number alone.
"""
