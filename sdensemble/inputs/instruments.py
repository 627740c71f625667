"""Instruments: what a policy can move, each with its lever in the model or the reason it has none.

A study may keep them in ``scenarios/instruments.csv``. An instrument either names the lever, a
constant of the model with a companion "… execution", or is refused: then a scenario that sets it
by its name is told why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from sdengine.errors import Problems
from sdengine.model.describe import levers
from sdengine.syntax import Model, Variable, fold
from sdensemble.inputs.config import Section, bounds, find_constant, span
from sdensemble.inputs.rows import need, read_rows, row_as
from sdensemble.inputs.units import same_unit

CONFIDENCE = ("high", "medium", "low")
DELAY = "delay"
"""A lever's delay is the constant named as the lever with this word behind."""


@dataclass(frozen=True)
class Instrument:
    """One instrument of a policy.

    ``lever`` is the model's constant, empty where the instrument is refused; ``unit`` is its
    unit, in which ``policy_level`` (None where the policy's text gives no quantity), ``low``
    and ``high`` stand. ``payer`` says who bears the cost ``cost`` in ``cost_unit``.
    ``outside`` is True for an instrument that the policy's text does not name.
    """

    id: str
    zh: str
    en: str
    section: str
    lever: str
    unit: str
    quantity_zh: str
    quantity_en: str
    policy_level: float | None
    low: float | None
    high: float | None
    payer_zh: str
    payer_en: str
    cost: float | None
    cost_unit: str
    cost_basis: str
    confidence: str
    outside: bool
    refused_zh: str
    refused_en: str
    note: str

    @property
    def refused(self) -> bool:
        """True where no lever of the model stands for the instrument."""
        return not self.lever


COLUMNS = tuple(field.name for field in fields(Instrument))
NUMBERS = ("policy_level", "low", "high", "cost")
NEEDED = ("id", "zh", "en", "section", "lever", "unit", "refused_zh", "refused_en")


def read_instruments(path: Path, model: Model) -> tuple[Instrument, ...]:
    """Return the instruments of a CSV file in UTF-8 or GBK, checked against the model.

    Raise SDError with every problem: levers that do not exist, levels outside limits, refusals
    without a reason, and levers of the model that no instrument names.
    """
    found = Problems()
    rows = read_rows(Path(path), COLUMNS, NEEDED, (*NUMBERS, "outside"), found)
    instruments = tuple(_read(table, model) for table in rows)
    named = {fold(one.lever) for one in instruments if one.lever}
    for lever in levers(model):
        if fold(lever.name) not in named:
            found.add(Path(path).name, 'no instrument names the lever "{lever}"', lever=lever.name)
    found.raise_if_any()
    return instruments


def refusals(instruments: Sequence[Instrument]) -> dict[str, str]:
    """Return why each refused instrument is, by its id and names in either language, folded."""
    return {
        fold(name): f"{one.refused_en} — {one.refused_zh}"
        for one in instruments
        if one.refused
        for name in (one.id, one.zh, one.en)
        if name
    }


def delay_of(model: Model, instrument: Instrument) -> Variable | None:
    """Return the constant that is the delay of an instrument's lever, where there is one."""
    name = model.name_of(f"{instrument.lever} {DELAY}") if instrument.lever else None
    return model[name] if name else None


def _read(table: Section, model: Model) -> Instrument:
    """Return one row; the problems of a row that does not hold are noted."""
    one = row_as(table, Instrument)
    need(table, ("zh", "en", "section"))
    table.one_of("confidence", CONFIDENCE)
    if one.cost is not None:
        need(table, ("cost_unit", "cost_basis"))
    if one.lever:
        return replace(one, lever=_check_lever(table, one, model))
    for name in ("refused_zh", "refused_en"):
        if not table.text(name):
            told = "{name} is missing: name a lever, or say why there is none"
            table.problem(told, name=name)
    return one


def _check_lever(table: Section, one: Instrument, model: Model) -> str:
    """Return the lever's own name in the model; note what does not fit it."""
    if one.refused_zh or one.refused_en:
        table.problem("a refused instrument has no lever: leave one of the two empty")
    variable = find_constant(model, one.lever, table)
    if variable is None:
        return one.lever
    unit = table.text("unit", needed=True)
    if unit and not same_unit(unit, variable.unit):
        words = {"unit": unit, "unit2": variable.unit or "Dmnl", "variable": variable.name}
        table.problem("unit is {unit}, but must be {unit2} ({variable})", **words)
    low, high = bounds(variable)
    for key in ("policy_level", "low", "high"):
        value = getattr(one, key)
        if value is not None and not low <= value <= high:
            told = "{key} {value:g} is outside the limits ({variable})"
            table.problem(told, key=key, value=value, variable=span(variable))
    if one.low is not None and one.high is not None and not one.low <= one.high:
        told = "low ({own_low:g}) must not be above high ({own_high:g})"
        table.problem(told, own_low=one.low, own_high=one.high)
    return variable.name
