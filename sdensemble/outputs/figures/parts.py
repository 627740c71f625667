"""What figures of a run share: fans as marks, conditions, units and source as words."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sdensemble.inputs.targets import Target
from sdensemble.lang import Capital, Ended, Words, phrase
from sdensemble.outputs.figure import Band, Line, Mark, numbers
from sdensemble.outputs.naming import conditioned, fitted, information_date, label, unit_notes
from sdensemble.results.estimate import Array
from sdensemble.results.results import Results, quantile

QUANTILES = (0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95)
SHARES = ((0.9, 0, 6), (0.6, 1, 5), (0.3, 2, 4))
"""Each middle band with the places of its ends in QUANTILES, the widest first."""


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


def key_of(results: Results, target: Target) -> Words:
    """Return measure, price basis and scope of a target in brackets."""
    parts = (target.measure, target.price_basis, target.scope)
    return conditioned(results.spec, parts)


def conditions(results: Results) -> Words:
    """Return the information date, prior set and members of a run as one sentence."""
    return Capital(
        phrase(
            "figure.conditions",
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
    model = results.model
    values = {"model": model.path.name, "digest": model.digest[:8]}
    if statistics and results.spec.history is not None:
        return phrase("figure.source_with", **values, file=results.spec.history.file)
    return phrase("figure.source", **values)


def run_of(results: Results) -> str:
    """Return the id of the run the numbers are of; empty where it has none."""
    return str(results.data.attrs.get("run_id", ""))
