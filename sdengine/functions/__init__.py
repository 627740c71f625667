"""The functions a model may call: ``FUNCTIONS`` has one record for each, by name."""

from __future__ import annotations

from sdengine.functions import (
    ages,
    allocate,
    arithmetic,
    belts,
    data,
    distributions,
    folds,
    logic,
    lookups,
    matrix,
    memory,
    noise,
    pulses,
    series,
    smooths,
    stocks,
    vectors,
)
from sdengine.functions.record import Function, Operation

FAMILIES = (
    *(arithmetic, logic, pulses, folds, stocks, memory, smooths, lookups, data, vectors),
    *(allocate, matrix, noise, distributions, belts, ages),
)
FUNCTIONS: dict[str, Function] = {r.name: r for family in FAMILIES for r in family.RECORDS}
STOCKS = tuple(name for name, record in FUNCTIONS.items() if record.stock)
"""The functions whose variables are stocks."""
INNER = (*arithmetic.INNER, *series.INNER)
OPERATIONS: dict[str, Operation] = {
    **{name: record for name, record in FUNCTIONS.items() if record.emit or record.mask},
    **{record.name: record for record in INNER},
}
"""What an ``Op`` can be: functions of numbers, and those only lowering writes."""

MEANINGS = {
    record.name: record.meaning
    for record in (*FUNCTIONS.values(), *INNER)
    if record.meaning is not None
}
"""The NumPy definition of every operation and reduction."""

ALIASES = {"power": "pow", "xramp": "ramp"}  # what XMILE and PySD call the same


def named(name: str) -> str:
    """Return the name of the record for a name in a model."""
    plain = name.strip().casefold().replace(" ", "_")
    return ALIASES.get(plain, plain)
