"""What a lever does by a year, in all until then, for a unit of money, and under which condition.

Money of the treasury and what somebody forgoes, such as land revenue, are told apart and never
added up. Means and medians are over members, paired with the scenario compared with.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sdensemble.inputs.report import Condition, Outcome
from sdensemble.results.estimate import Array, Estimate, mean_of, ratio_of
from sdensemble.results.results import Effect, Results, outlay_told, purse_charged, reference

if TYPE_CHECKING:
    from sdensemble.inputs.scenarios import Scenario
    from sdensemble.inputs.targets import Target

Ratio = tuple[float, float]
"""A ratio of two means, and its Monte Carlo error."""


@dataclass(frozen=True, eq=False)
class Horizon:
    """The effect of a scenario on what is asked about, by a year.

    ``effect`` is of the year itself, ``cumulative`` of all years up to it (None of what does not
    add up over years); ``treasury`` is the
    money spent and ``forgone`` the revenue forgone until then, None where the study names no such
    payer. The ratios are of means, to the purse charged (``purse_charged``); None for the other,
    and where what it pays cannot be told from zero.
    """

    scenario: Scenario
    against: Scenario
    year: int
    outcome: Outcome
    effect: Effect
    cumulative: Effect | None
    treasury: Effect | None
    forgone: Effect | None
    per_treasury: Ratio | None
    cumulative_per_treasury: Ratio | None
    per_forgone: Ratio | None
    cumulative_per_forgone: Ratio | None


@dataclass(frozen=True, eq=False)
class Part:
    """The members on one side of a condition: how many, what P is, and what a scenario does.

    ``share`` is of all members with a value. ``chances`` are of the question and the targets
    beside it under the reference. ``effects`` are (year, mean, median) for each horizon.
    """

    condition: Condition
    place: int
    share: float
    members: int
    chances: tuple[tuple[Target, float, float], ...]
    effects: tuple[tuple[Scenario, int, Estimate, float, Ratio | None, Ratio | None], ...]


def horizons(results: Results) -> tuple[Horizon, ...]:
    """Return the effect of every compared scenario by every horizon."""
    return results.once(("horizons",), lambda: tuple(_horizons(results)))


def _horizons(results: Results) -> Iterator[Horizon]:
    whole = results.asked_outcome
    adds_up = results.data[whole.variable].attrs.get("aggregate", "annual") == "annual"
    for scenario, against in results.pairs():
        for year in results.horizons:
            effect = results.effect(whole, scenario, against, year)
            total = results.cumulative(whole, scenario, against, year) if adds_up else None
            treasury, forgone = results.purses(scenario, against, year)
            paid, lost = purse_charged(treasury, forgone)
            yield Horizon(
                scenario,
                against,
                year,
                whole,
                effect,
                total,
                treasury,
                forgone,
                _ratio(results, effect, paid),
                _ratio(results, total, paid),
                _ratio(results, effect, lost),
                _ratio(results, total, lost),
            )


def _ratio(results: Results, effect: Effect | None, outlay: Effect | None) -> Ratio | None:
    """Return effect over outlay; None where there is nothing to divide, or to divide by."""
    if effect is None or outlay is None or not outlay_told(outlay):
        return None
    return ratio_of(effect.moved, outlay.moved, results.replicate)


def values_of(results: Results, condition: Condition) -> Array:
    """Return what each member has of a condition under the reference, (member,)."""
    found = results.series(condition.variable)[results.place(reference(results))]
    first, last = results.year_index(condition.first), results.year_index(condition.last)
    return found[:, first : last + 1].mean(axis=1)


def parts(results: Results) -> tuple[Part, ...]:
    """Return the parts of the members that each condition tells apart, empty ones left out."""
    return results.once(("parts",), lambda: tuple(_parts(results)))


def _parts(results: Results) -> Iterator[Part]:
    whole, base = results.asked_outcome, reference(results)
    for condition in results.spec.conditions:
        values = values_of(results, condition)
        known = np.isfinite(values)
        side = np.searchsorted(condition.splits, values, side="right")
        for place in range(len(condition.splits) + 1):
            inside = known & (side == place)
            if not inside.any():
                continue
            chances = [
                (target, *_chance(results, target, base, inside))
                for target in (results.question, *results.beside())
            ]
            effects = [
                (scenario, year, *_inside(results, whole, scenario, against, year, inside))
                for scenario, against in results.pairs()
                for year in results.horizons
            ]
            yield Part(
                condition,
                place,
                float(inside.sum() / known.sum()),
                int(inside.sum()),
                tuple(chances),
                tuple(effects),
            )


def _chance(
    results: Results, target: Target, scenario: Scenario, inside: np.ndarray
) -> tuple[float, float]:
    """Return P among some members, and its error."""
    event = results.event(target, scenario)
    found = mean_of(event.hit[inside].astype(float), results.replicate[inside])
    return found.mean, found.se


def _inside(
    results: Results,
    outcome: Outcome,
    scenario: Scenario,
    against: Scenario,
    year: int,
    inside: np.ndarray,
) -> tuple[Estimate, float, Ratio | None, Ratio | None]:
    """Return mean and median effect, and the two effects per unit of money, among some members."""
    replicate = results.replicate[inside]
    moved = results.effect(outcome, scenario, against, year).moved[inside]
    outlays = results.purses(scenario, against, year)
    told = [one if one is not None and outlay_told(one) else None for one in outlays]
    chosen = purse_charged(told[0], told[1])
    ratios = [
        None if one is None else ratio_of(moved, one.moved[inside], replicate) for one in chosen
    ]
    known = moved[np.isfinite(moved)]
    median = float(np.median(known)) if known.size else float("nan")
    return mean_of(moved, replicate), median, ratios[0], ratios[1]
