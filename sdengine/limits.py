"""How large a model may be: what is counted, how many are taken, and how to raise it.

Limits keep a file that is broken, or made to hang, from filling the machine. Each can be raised
for a process by an environment variable, which every message names.
"""

from __future__ import annotations

import os

from sdengine.errors import Message

LIMITS = {
    "ELEMENTS": 1_000_000,  # elements of one variable, and of a model's variables together
    "VARIABLES": 30_000,  # variables of a model file
    "RANGES": 1_000_000,  # elements of all subscript ranges together
    "STEPS": 10_000_000,  # steps from start to end
    "MACROS": 50_000,  # equations that calls of macros stand for
    "SLATS": 100_000,  # places on all conveyors and in all ovens and queues together
    "CELLS": 20_000_000,  # cells of a sheet or delimited file
    "UNPACKED": 600_000_000,  # bytes of a workbook's parts, unpacked
    "MERGED": 500_000,  # merged cells of a workbook
    "BYTES": 64_000_000,  # bytes of a model file
    "TERMS": 20_000_000,  # terms of one equation, over all its elements
    "ORDER": 1_000,  # stages of a delay or smooth
}


def limit(name: str) -> int:
    """Return how many are taken: what SDENGINE_name in the environment says, else the usual.

    >>> limit("STEPS")
    10000000
    """
    said = os.environ.get(f"SDENGINE_{name}", "")
    return int(said) if said.isdecimal() and len(said) < 16 else LIMITS[name]


def at_most(name: str, verb: str = "read") -> str:
    """Return the end of a message on a limit, with how to raise it.

    >>> at_most("STEPS", "run")
    'at most 10,000,000 are run (SDENGINE_STEPS raises it)'
    """
    told = "at most {n:,} are {verb} (SDENGINE_{name} raises it)"
    return Message(told, n=limit(name), verb=Message(verb), name=name)
