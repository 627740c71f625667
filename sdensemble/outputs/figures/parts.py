"""What figures of a run share: fans as marks, conditions, units and source as words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdensemble.inputs.targets import Target
from sdensemble.lang import LANGS, Capital, Each, Ended, Words, bracketed, phrase, tell
from sdensemble.outputs.figure import Band, Line, Mark, numbers
from sdensemble.outputs.naming import (
    fitted,
    information_date,
    label,
    made_from,
    measure_of,
    unit_notes,
)
from sdensemble.outputs.text import width, wrap
from sdensemble.results.ensemble import quantile
from sdensemble.results.estimate import Array
from sdensemble.results.results import Results

QUANTILES = (0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95)
SHARES = ((0.9, 0, 6), (0.6, 1, 5), (0.3, 2, 4))
"""Each middle band with the places of its ends in QUANTILES, the widest first."""


@dataclass(frozen=True)
class Folded:
    """A head in two lines about equally long."""

    words: Words

    def told(self, lang: str) -> str:
        """Return the text in a language."""
        text = tell(self.words, lang)
        return "\n".join(wrap(text, max(width(text) / 2 + 2, 8)))


def fan_marks(years: NDArray[np.int64], values: Array) -> tuple[list[Mark], Array]:
    """Return the middle bands and the median of values (member, year), and their quantiles.

    Bands are pointwise sample quantiles; the quantiles have shape (7, year).
    """
    found = quantile(values, list(QUANTILES))
    x = numbers(years)
    marks: list[Mark] = [
        Band(x, numbers(found[low]), numbers(found[high]), share, band_name(share))
        for share, low, high in SHARES
    ]
    return [*marks, Line(x, numbers(found[3]), "median", phrase("figure.median"))], found


def band_name(share: float) -> Words:
    """Return what a middle band is called."""
    return phrase("figure.band", share=f"{100 * share:.0f}")


def key_of(results: Results, target: Target, name: Words = "") -> Words:
    """Return measure, price basis and scope of a target in brackets.

    The measure is left out where the ``name`` before the brackets says it already.
    """
    measure = label(results.spec, target.measure)
    said = {
        lang: "" if tell(measure, lang).lower() in tell(name, lang).lower() else tell(measure, lang)
        for lang in LANGS
    }
    rest = [label(results.spec, one) for one in (target.price_basis, target.scope) if one]
    return bracketed([Each(said), *rest])


def conditions(results: Results, measured: bool = False) -> Words:
    """Return the information date, prior set and members of a run as one sentence.

    ``measured`` puts measure, price basis and scope before them, where no title has them.
    """
    return Capital(
        phrase(
            "figure.conditions",
            measure=measure_of(results.spec, results.question) if measured else "",
            date=information_date(results.as_of, results.spec.issued),
            prior=label(results.spec, results.prior_set),
            n=results.members,
            fitted=fitted(results.posterior),
        )
    )


def units(results: Results) -> Words:
    """Return what the report explains of the units a figure prints, as a sentence."""
    paid = [results.unit(payer.variable) for payer in results.spec.payers]
    notes = unit_notes(results.spec, [results.question.unit, *paid])
    return Ended(notes)


def source(results: Results, statistics: bool = False) -> Words:
    """Return where a figure's numbers come from: the model and, where drawn, the statistics."""
    history = results.spec.history if statistics else None
    return made_from(results.model, history.file if history else "")


def run_of(results: Results) -> str:
    """Return the id of the run the numbers are of; empty where it has none."""
    return str(results.data.attrs.get("run_id", ""))
