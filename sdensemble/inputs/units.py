"""Numbers and units as people write them in the files of a study."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from sdengine.syntax import Model, Variable


def as_number(value: object) -> float | None:
    """Return a TOML value as a finite float, or None; true and false are no numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:  # a whole number of more than 308 digits
        return None
    return number if math.isfinite(number) else None


Units = Mapping[str, Sequence[str]]
"""The words people write for each unit of the model: ``{"Yi/Year": ("亿元/年", …)}``."""


def same_unit(one: str, other: str, units: Units = MappingProxyType({})) -> bool:
    """Tell whether two units are the same: written alike, blanks apart, or a word for it.

    No unit is Dmnl. ``units`` holds the words for ``other``.
    """
    given = _bare(one) or "Dmnl"
    return given in {_bare(other) or "Dmnl", *map(_bare, units.get(other, ()))}


def _bare(unit: str) -> str:
    return "".join(unicodedata.normalize("NFKC", unit).split())


def in_words(unit: str, units: Units) -> str:
    """Return a unit of the model with the first word people write for it."""
    word = "" if unit in ("", "Dmnl", "1") else next(iter(units.get(unit, ())), "")
    return f"{unit} ({word})" if word and word != unit else unit or "Dmnl"


QUANTITY = re.compile(r"([+-]?(?:\d[\d,]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(\D.*)?")
PER_CENT = "%"


def quantity(value: object) -> tuple[float, str] | None:
    """Return a number and the unit written behind it, empty where none is; None for no number.

    >>> quantity(3), quantity("３亿元/年"), quantity("1,000"), quantity("30％")
    ((3.0, ''), (3.0, '亿元/年'), (1000.0, ''), (30.0, '%'))
    """
    if not isinstance(value, str):
        number = as_number(value)
        return None if number is None else (number, "")
    found = QUANTITY.fullmatch(unicodedata.normalize("NFKC", value).strip())
    if not found:
        return None
    number = as_number(float(found[1].replace(",", "")))
    return None if number is None else (number, (found[2] or "").strip())


def of_unit(variable: Variable, given: str, units: Units) -> float | None:
    """Return what turns a number in a unit as given into the model's; None where it is another.

    A per cent of a plain number or of a yearly rate is a hundredth.
    """
    if not given or same_unit(given, variable.unit, units):
        return 1.0
    rate = variable.unit.removeprefix("1")
    plain = variable.unit in ("", "Dmnl", "1") or (rate != variable.unit and rate[:1] == "/")
    if not plain or PER_CENT not in given:
        return None
    behind = _bare(given).replace(PER_CENT, "1" if rate[:1] == "/" else "", 1)
    yearly = behind == "1" or same_unit(behind, variable.unit, units)
    return 0.01 if not behind or yearly else None


def total_unit(model: Model, name: str) -> str:
    """Return the unit of what a variable brings over periods: its own without "a period"."""
    unit = model[name].unit
    return amount_of(unit, model.clock.unit) or unit


def amount_of(unit: str, period: str) -> str | None:
    """Return what a rate brings, "Yi" of "Yi/Year"; None where a unit is not "a period".

    Stella writes "people/Month" beside a clock in "Months": one word in the singular is the other.
    """
    amount, slash, per = unit.rpartition("/")
    one, other = (word.strip().casefold().rstrip("s") for word in (per, period or "Year"))
    if not slash or one != other:
        return None
    return "Dmnl" if amount.strip() in ("", "1") else amount.strip()
