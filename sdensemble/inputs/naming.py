"""How variables, elements, units and amounts of a study are called, as words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sdensemble.lang import LANGS, Words, bracketed, joined, quantity, say, tell

if TYPE_CHECKING:
    from sdengine.syntax import Model
    from sdensemble.inputs.report import ReportSpec


def model_label(model: Model, name: str) -> dict[str, str]:
    """Return a variable's label in the model, by language."""
    return {lang: model.label(name, lang) for lang in LANGS}


def element_label(model: Model, range_name: str, element: str) -> dict[str, str]:
    """Return an element's label in the model, by language."""
    return {lang: model.element_label(range_name, element, lang) for lang in LANGS}


def cell_label(model: Model, name: str, elements: Sequence[str]) -> dict[str, str]:
    """Return a variable's label with its elements in brackets, by language."""
    found = model_label(model, name)
    each = [element_label(model, *one) for one in zip(model[name].dims, elements, strict=False)]
    if not each:
        return found
    named = joined([found, bracketed([joined(each)])], "nothing")
    return {lang: tell(named, lang) for lang in LANGS}


@dataclass(frozen=True)
class Amount:
    """A value with its unit, as people of a language write it.

    A language without 万 has units such as "10,000 tonnes": they become tonnes, or millions of
    them where ``like``, about the size of what is written, is large.
    """

    value: float
    unit: Words
    factor: float = 1.0
    like: float = 0.0
    with_unit: bool = True

    @classmethod
    def of(
        cls, spec: ReportSpec, unit: str, value: float, measure: str = "", like: float | None = None
    ) -> Amount:
        """Return an amount in a unit of the model; a measure of the report is written its way."""
        size = abs(value if like is None else like)
        if measure in spec.measures:
            own = spec.measures[measure]
            return cls(value, own.label, own.factor, size)
        plain = unit in ("", "1", "Dmnl")
        return cls(value, "" if plain else spec.unit_words(unit), 1.0, size)

    def bare(self) -> Amount:
        """Return the amount written without its unit."""
        return Amount(self.value, self.unit, self.factor, self.like, False)

    def told(self, lang: str) -> str:
        """Return the text: "80%", "1400万吨", "14 million tonnes"."""
        factor, unit = self.factor, tell(self.unit, lang)
        myriad = re.fullmatch(r"(?:[x×] )?10,000 (.+)", unit)
        if myriad and self.like >= 100:
            factor, unit = 0.01, say("number.million", lang, unit=myriad[1])
        elif myriad:
            factor, unit = 1e4, myriad[1]
        number = f"{self.value * factor:{',' if factor >= 1000 else ''}g}"
        if not unit or not self.with_unit:
            return number
        if unit[0] == "%":
            return number + unit
        return tell(quantity(number, unit), lang)
