"""The ledger (达标台账): per target the latest published statistic, and whether it is met.

A statistic judges a target of the same measure and year only. One of another measure, or of
another year, is shown and named, and judges nothing. A probability stands only where nothing of
the same measure is published for the target's year.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sdensemble.inputs.published import Statistic
from sdensemble.inputs.report import ReportSpec
from sdensemble.inputs.scenarios import Scenario
from sdensemble.inputs.targets import Target, holds, readings
from sdensemble.lang import Words, phrase
from sdensemble.results.probability import Probability
from sdensemble.results.results import Results, Split
from sdensemble.study import Study

STATUSES = MET, NOT_MET, NOT_PUBLISHED = "met", "not_met", "not_published"


@dataclass(frozen=True)
class Entry:
    """One row of the ledger: ``latest`` is what is shown, ``judged`` what decides, if any."""

    target: Target
    status: str
    judged: tuple[Statistic, ...]
    latest: Statistic | None
    probability: Probability | None
    split: Split | None = None
    readings: tuple[tuple[Target, Probability], ...] = ()


def own_statistics(study: Study) -> tuple[Statistic, ...]:
    """Return people's own figures as statistics, of the series that published ones are of.

    A figure of a series that no published statistic shares with the history speaks of no target.
    """
    series = {row.id: row.series for row in study.history if row.id and not row.own}
    found = {series[one.id]: one for one in study.published if one.id in series}
    return tuple(
        replace(
            found[row.series],
            id=f"{row.batch}:{row.measure}:{row.time:g}",
            year=int(row.time),
            value=row.value,
            unit=row.unit,
            source=row.source,
            published_on=row.published_on,
            note=row.note,
        )
        for row in study.history
        if row.own and row.series in found and row.period_end.month == 12
    )


def ledger(
    targets: Sequence[Target],
    statistics: Sequence[Statistic],
    results: Results | None = None,
    scenario: Scenario | None = None,
) -> tuple[Entry, ...]:
    """Return an entry for each row that is no reference, in the order of the targets.

    ``statistics`` are those known at the ledger's date. Probabilities are those of ``results``
    under ``scenario``, where a target is scored, the run kept it, and nothing decides it.
    """
    by_id = {target.id: target for target in targets}
    found = []
    for target in targets:
        if target.role == "reference":
            continue
        judged = _judging(target, statistics, by_id)
        status = _status(target, statistics, by_id)
        p, split = None, None
        others: tuple[tuple[Target, Probability], ...] = ()
        if status == NOT_PUBLISHED and target.scored and results and scenario:
            p = _probability(results, target, scenario)
            split = results.split(target, scenario) if p else None
            others = tuple(
                (one, other)
                for one in readings(target, targets)
                if not _judging(one, statistics, by_id)
                and (other := _probability(results, one, scenario))
            )
        found.append(Entry(target, status, judged, _latest(target, statistics), p, split, others))
    return tuple(found)


def _judging(
    target: Target, statistics: Sequence[Statistic], by_id: Mapping[str, Target]
) -> tuple[Statistic, ...]:
    if target.joint:
        parts = (_judging(by_id[name], statistics, by_id) for name in target.joint)
        return tuple(dict.fromkeys(one for part in parts for one in part))
    if target.value is None:
        return ()
    same = [one for one in _about(target, statistics) if one.measure == target.measure]
    if target.year is not None:
        same = [one for one in same if one.year == target.year]
    return (max(same, key=_recent),) if same else ()


def _status(target: Target, statistics: Sequence[Statistic], by_id: Mapping[str, Target]) -> str:
    """Return whether a target is met; a joint one is not met as soon as one part is not."""
    if target.joint:
        parts = {_status(by_id[name], statistics, by_id) for name in target.joint}
        if NOT_MET in parts:
            return NOT_MET
        return MET if parts == {MET} else NOT_PUBLISHED
    judged = _judging(target, statistics, by_id)
    if not judged:
        return NOT_PUBLISHED
    return MET if _meets(target, judged[0].value) else NOT_MET


def _meets(target: Target, value: float) -> bool:
    if target.comparator == "=":
        return value == target.value
    return bool(holds(target, value))


def _about(target: Target, statistics: Sequence[Statistic]) -> list[Statistic]:
    key = (target.entity, target.quantity)
    return [one for one in statistics if target.quantity and (one.entity, one.quantity) == key]


def _recent(one: Statistic) -> tuple[int, object]:
    return one.year, one.public


def _latest(target: Target, statistics: Sequence[Statistic]) -> Statistic | None:
    """Return the statistic to show: of the same measure and year, of the measure, of the year."""
    about = _about(target, statistics)
    return max(
        about,
        key=lambda one: (
            one.measure == target.measure and target.year in (None, one.year),
            one.measure == target.measure,
            one.year == target.year,
            *_recent(one),
        ),
        default=None,
    )


def _probability(results: Results, target: Target, scenario: Scenario) -> Probability | None:
    if not kept(results, target):
        return None
    return results.event(target, scenario).probability()


def kept(results: Results, target: Target) -> bool:
    """Return whether a run kept what a target, or every part of a joint one, is judged on."""
    parts = results.parts(target) if target.joint else (target,)
    data = results.data
    return all(
        part.variable in data
        and data[part.variable].attrs.get("aggregate", part.aggregate) == part.aggregate
        and results.stores(part, int(part.year or 0))
        for part in parts
    )


@dataclass(frozen=True)
class Pointing:
    """What a figure that cannot judge a target says of it.

    ``low`` to ``high`` is what it means in the target's measure; ``way`` is "for", "against" or
    "open" where it is of the target's year or later, or lies beyond the value already; "needs"
    where it is earlier: ``growth`` is then the yearly growth, in percent, that would still lead to
    the target, from the upper and from the lower end. ``contrary`` is True where the probability
    beside it says the opposite.
    """

    way: str
    low: float
    high: float
    basis: Words
    growth: tuple[float, float] = (math.nan, math.nan)
    contrary: bool = False


def pointing(entry: Entry, spec: ReportSpec) -> Pointing | None:
    """Return what the figure beside a target says of it; None where nothing follows."""
    target, one = entry.target, entry.latest
    if one is None or target.value is None or target.comparator not in (">", ">="):
        return None
    if entry.status != NOT_PUBLISHED or one.unit != target.unit:
        return None
    if one.measure == target.measure:
        low = high = one.value
        basis: Words = phrase("ledger.same_measure")
    else:
        held = [b for b in spec.bearings if (b.measure, b.on) == (one.measure, target.measure)]
        if not held:
            return None
        low, high, basis = one.value * held[0].low, one.value * held[0].high, held[0].basis
    late = target.year is None or one.year >= target.year
    growth = (math.nan, math.nan)
    if low >= target.value and (late or target.year is not None):
        way = "for"
    elif late:
        way = "against" if high < target.value else "open"
    else:
        way = "needs"
        years = (target.year or one.year) - one.year
        ends = [
            (target.value / end) ** (1 / years) - 1 if end > 0 else math.inf for end in (high, low)
        ]
        growth = (100 * max(ends[0], 0.0), 100 * ends[1])
        if not math.isfinite(growth[1]) and growth[0] == 0.0:
            way = "open"  # an upper bound above the target says nothing
    p = entry.probability.middle if entry.probability else math.nan
    contrary = (way == "for" and p < LOW) or (way == "against" and p > 1 - LOW)
    return Pointing(way, low, high, basis, growth, contrary)


LOW = 0.2
"""A probability below this beside a figure that points to the target is flagged; so the reverse."""
