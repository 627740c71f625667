"""What of a run a choice is judged by: margins, outcomes, and outlay by purse."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sdengine.errors import SDError, did_you_mean
from sdensemble.inputs.scenarios import Scenario
from sdensemble.inputs.targets import ABOUT, Target, band
from sdensemble.results.probability import value_of
from sdensemble.results.results import Results
from sdensemble.study import Study

Array = NDArray[np.float64]


def find_target(study: Study, name: str, year: int | None = None) -> Target:
    """Return a scored target by id or title; the study's question where ``name`` is empty.

    ``year`` asks the same of another year. Raises SDError naming the nearest.
    """
    if not name:
        found = study.report.question(study.targets)
    else:
        by_name = {t.id: t for t in study.targets}
        for target in study.targets:
            by_name.setdefault(target.zh, target)
            by_name.setdefault(target.en, target)
        if name not in by_name:
            ids = [t.id for t in study.targets]
            told = '--target: no target "{name}"{hint} (there are {known})'
            hint = did_you_mean(name, by_name)
            raise SDError(told, name=name, hint=hint, known=", ".join(ids))
        found = by_name[name]
    if year is None or year == found.year:
        return found
    if found.joint:
        told = '--year: "{name}" is a joint target, each part has its own year'
        raise SDError(told, name=found.id)
    clock = study.model.clock
    if not clock.start <= year < clock.stop:
        told = "--year {year} is outside the model's time, {first:g} to {last:g}"
        raise SDError(told, year=year, first=clock.start, last=clock.stop - 1)
    return replace(found, year=year)


def margin(results: Results, target: Target, scenario: Scenario) -> Array:
    """Return what each member has beyond a target, shape (member,), in its unit.

    Above 0 where the member meets it; of a band the way to its nearer end; of a joint target the
    least of its parts, each as a share of its value. NaN where lost.
    """
    if target.joint:
        parts = []
        for part in results.parts(target):
            size = abs(value_of(part)) if part.comparator != ABOUT else np.ptp(band(part)) / 2
            parts.append(margin(results, part, scenario) / (size or 1.0))
        return np.min(parts, axis=0)
    values = results.target_values(target, scenario)
    if target.comparator == ABOUT:
        low, high = band(target)
        return np.minimum(values - low, high - values)
    return values - value_of(target)


def outlay(results: Results, scenario: Scenario, through: int, *, forgone: bool) -> Array:
    """Return a scenario's own outlay of one kind to the end of a year, shape (member,)."""
    end = results.year_index(through) + 1
    total = np.zeros(results.members)
    for payer in results.spec.payers:
        if payer.forgone == forgone and payer.variable in results.data:
            total += results.series(payer.variable)[results.place(scenario)][:, :end].sum(axis=1)
    return total


def paid(
    results: Results, scenario: Scenario, against: Scenario, through: int, *, forgone: bool
) -> Array:
    """Return what a scenario costs above another to the end of a year, shape (member,).

    Treasury money (财政支出), or with ``forgone`` land revenue forgone (让渡土地收益): the two are
    never added. In the payers' unit, not discounted; zeros where the study has no such payer.
    """
    here, there = (outlay(results, one, through, forgone=forgone) for one in (scenario, against))
    return here - there
