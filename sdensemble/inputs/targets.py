"""Targets: the quantified goals of a policy, one row each, that a run is scored against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sdengine.errors import SDError
from sdengine.syntax import Clock, Variable

AGGREGATES = ("annual", "end", "mean")
COMPARATORS = {">": np.greater, ">=": np.greater_equal}
ABOUT = "about"
"""The comparator of a value written as "about": met inside the band ``low`` to ``high``."""
KEY = ("measure", "scope", "price_basis")
ROLES = ("outcome", "reference", "lever", "indicator")
SCORED = ("outcome", "reference")
SINGLE = ("variable", "aggregate", "year", "comparator", "value", "unit", "measure")


@dataclass(frozen=True)
class Target:
    """One row of the targets.

    ``role`` says what becomes of the row: an "outcome" is scored in every run; a "reference" is
    scored too but is no target of the policy; a "lever" is set, through the constants ``lever``
    (parted by semicolons) at ``lever_value`` in ``lever_unit``; an "indicator" is not simulated.
    A lever row without a constant, and every indicator, says why in ``reason_zh`` and
    ``reason_en``; a reference may say there what it rests on.

    A joint target names others in ``joint`` and is met when all of them are; it has no
    variable, comparator or value, and its measure, scope and price basis are theirs unless the
    row says other. ``within`` names the row of the whole this one is a part of: the two are
    never added, and are scored jointly where both are scored. ``aggregate`` is "annual"
    (integral over the year), "mean" (of the year) or "end" (value at the end of the year);
    ``unit`` is that of ``value``, ``low`` and ``high``. These two are the band of a value
    written as "about", or the ends of a range, which is met at its lower end.

    ``entity`` and ``quantity`` are what published statistics are found by; ``source_row`` is
    the row's name in the list it was taken from.
    """

    id: str
    zh: str
    en: str
    variable: str
    element: str
    aggregate: str
    year: int | None
    comparator: str
    value: float | None
    unit: str
    measure: str
    scope: str
    price_basis: str
    section: str
    joint: tuple[str, ...]
    headline: bool
    note: str
    role: str = "outcome"
    low: float | None = None
    high: float | None = None
    within: str = ""
    lever: tuple[str, ...] = ()
    lever_value: float | None = None
    lever_unit: str = ""
    reason_zh: str = ""
    reason_en: str = ""
    entity: str = ""
    quantity: str = ""
    source_row: str = ""

    def __hash__(self) -> int:
        return hash(self.id)  # thousands of look-ups by a target need no more

    @property
    def scored(self) -> bool:
        """True where a run gives the row a probability."""
        return self.role in SCORED


COLUMNS = tuple(field.name for field in fields(Target))


def met(values: ArrayLike, comparator: str, threshold: float) -> NDArray[np.bool_]:
    """Return, in the shape of ``values``, whether each meets ``> threshold`` or ``>= threshold``.

    NaN meets nothing: whoever reports a probability counts the NaN apart.
    """
    if comparator not in COMPARATORS:
        told = 'comparator "{comparator}": there are {comparators}'
        raise SDError(told, comparator=comparator, comparators=", ".join(COMPARATORS))
    return COMPARATORS[comparator](np.asarray(values, dtype=float), threshold)


def holds(target: Target, values: ArrayLike) -> NDArray[np.bool_]:
    """Return, in the shape of ``values``, whether each meets a target with a value of its own."""
    if target.value is None:
        raise SDError('target "{id}" has no value of its own', id=target.id)
    if target.comparator != ABOUT:
        return met(values, target.comparator, target.value)
    low, high = band(target)
    values = np.asarray(values, dtype=float)
    return (values >= low) & (values <= high)


def band(target: Target) -> tuple[float, float]:
    """Return the band of a target written as "about"; raise SDError where it has none."""
    if target.low is None or target.high is None:
        raise SDError('target "{id}" has no band: it needs low and high', id=target.id)
    return target.low, target.high


def scored(targets: Sequence[Target]) -> tuple[Target, ...]:
    """Return the rows that a run gives a probability, in their order."""
    return tuple(target for target in targets if target.scored)


def readings(target: Target, targets: Sequence[Target]) -> tuple[Target, ...]:
    """Return the references that ask the same of the same thing in another measure or scope."""

    def asked(one: Target) -> tuple[object, ...]:
        same = one.entity, one.quantity, one.year, one.comparator, one.value, one.unit
        return (*same, one.price_basis)

    if not target.quantity or target.joint:
        return ()
    return tuple(
        one
        for one in targets
        if one.role == "reference"
        and one is not target
        and asked(one) == asked(target)
        and (one.measure, one.scope) != (target.measure, target.scope)
    )


def leaves(target: Target, targets: Sequence[Target]) -> tuple[Target, ...]:
    """Return the single targets that make up a joint one, each once; a single one itself."""
    if not target.joint:
        return (target,)
    by_id = {one.id: one for one in targets}
    parts = (part for name in target.joint for part in leaves(by_id[name], targets))
    return tuple(dict.fromkeys(parts))


def last_year(target: Target, targets: Sequence[Target]) -> int:
    """Return a target's year; of a joint one the last of its parts'."""
    return max(part.year or 0 for part in leaves(target, targets))


def unit_of(variable: Variable, aggregate: str, clock: Clock) -> str | None:
    """Return the unit of an aggregate of a variable: an integral over time loses its "/Year".

    None where the variable is no rate and so has no sensible integral.
    """
    if aggregate != "annual":
        return variable.unit or "Dmnl"
    amount, slash, per = variable.unit.rpartition("/")
    time = (clock.unit or "Year").strip().casefold().rstrip("s")
    if not slash or per.strip().casefold().rstrip("s") != time:
        return None
    return "Dmnl" if amount.strip() in ("", "1") else amount.strip()
