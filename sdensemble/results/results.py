"""What tables, figures and the terminal all ask of a run: series, events, paired effects."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sdengine.errors import SDError, did_you_mean
from sdensemble.inputs.report import Outcome
from sdensemble.inputs.targets import ABOUT, band, leaves
from sdensemble.results.ensemble import Ensemble, quantile
from sdensemble.results.estimate import Array, Estimate, mean_of
from sdensemble.results.probability import (
    Event,
    Key,
    band_event,
    distinguishable,
    joint_event,
    threshold_event,
    value_of,
    year_of,
)

if TYPE_CHECKING:
    from sdensemble.inputs.scenarios import Scenario
    from sdensemble.inputs.targets import Target


LEAST_OUTLAY = 0.05
"""An outlay below this is printed as 0, so nothing is divided by it."""

ASIDE = 0.1
"""Share of the larger purse up to which the smaller is an aside of it."""

QUANTILES = (0.05, 0.10, 0.25, 0.5, 0.75, 0.90, 0.95)
"""What fans are drawn and told by."""

FELT = 1e-4
"""Share of an outcome's median level below which a member counts as neither helped nor hurt."""


@dataclass(frozen=True, eq=False)
class Effect:
    """A paired difference between two scenarios in one series and year, in its unit.

    ``moved`` has shape (member,), NaN where either side is lost. ``helped`` and ``hurt`` are
    shares of the pairs that rose and fell by more than FELT of the level they are compared
    with; of outlay, by more than rounding.
    """

    moved: Array
    found: Estimate
    median: float
    low: float
    high: float
    helped: float
    hurt: float


@dataclass(frozen=True)
class Split:
    """Shares of the finite members below, inside and above the band of an "about" target."""

    below: float
    inside: float
    above: float

    @property
    def mostly_above(self) -> bool:
        """True where most of what misses the band lies above it."""
        return self.above > self.below


@dataclass(frozen=True, eq=False)
class Results(Ensemble):
    """One ensemble with all that is needed to read it: events of its targets, paired effects."""

    # ── targets ──

    def headline_targets(self) -> tuple[Target, ...]:
        """Return the targets shown on the terminal; the first is the question of the study."""
        return tuple(target for target in self.targets if target.headline)

    @cached_property
    def question(self) -> Target:
        """The target the study is about."""
        return self.spec.question(self.targets)

    @cached_property
    def asked_outcome(self) -> Outcome:
        """The series the question is about: the headline, unless its target is of another."""
        return self.spec.outcome_of(self.question)

    @cached_property
    def asked_year(self) -> int:
        """The year of the question."""
        return year_of(self.question)

    def year(self, target: Target) -> int:
        """Return a target's year; of a joint one the last of its parts'."""
        if not target.joint:
            return year_of(target)
        return max(year_of(part) for part in self.parts(target))

    def targets_of(self, outcome: Outcome) -> tuple[Target, ...]:
        """Return the single targets that speak of an outcome, by year."""
        found = [
            t
            for t in self.targets
            if not t.joint
            and (t.variable, t.element or None) == (outcome.variable, outcome.element)
            and t.year in self.years
        ]
        return tuple(sorted(found, key=year_of))

    def key(self, target: Target, scenario: Scenario, *, year: int | None = None) -> Key:
        """Return what a probability of this target under this scenario is conditional on."""
        return Key(
            self._condition(target),
            self.year(target) if year is None else year,
            target.measure,
            target.scope,
            target.price_basis,
            self.as_of,
            self.prior_set,
            str(self.data.attrs["model_digest"]),
            scenario.name,
            str(self.data.attrs["model_set"]),
            str(self.data.attrs["posterior"]),
        )

    def _condition(self, target: Target) -> str:
        if target.joint:
            return " & ".join(self._condition(part) for part in self.parts(target))
        name = f"{target.variable}[{target.element}]" if target.element else target.variable
        value = f"{value_of(target):g}"
        if target.comparator == ABOUT:
            value += " ({:g} to {:g})".format(*band(target))
        return f"{name} {target.aggregate} {target.comparator} {value} {target.unit}"

    def parts(self, target: Target) -> tuple[Target, ...]:
        """Return the single targets a joint one consists of."""
        by_id = {t.id for t in self.targets}
        missing = [part for part in target.joint if part not in by_id]
        if missing:
            hint = did_you_mean(missing[0], by_id)
            raise SDError(
                'target "{id}": no target "{missing}"{hint}',
                id=target.id,
                missing=missing[0],
                hint=hint,
            )
        return leaves(target, self.targets)

    def event(self, target: Target, scenario: Scenario, *, year: int | None = None) -> Event:
        """Return which members meet a target under a scenario; ``year`` asks another year."""
        asked = ("event", target, scenario.name, year)
        return self.once(asked, lambda: self._event(target, scenario, year))

    def _event(self, target: Target, scenario: Scenario, year: int | None) -> Event:
        key = self.key(target, scenario, year=year)
        if target.joint:
            parts = [self.event(part, scenario, year=year) for part in self.parts(target)]
            return joint_event(key, parts)
        values = self.target_values(target, scenario, year=year)
        if target.comparator == ABOUT:
            return band_event(key, values, *band(target), self.replicate)
        return threshold_event(key, values, target.comparator, value_of(target), self.replicate)

    def target_values(
        self, target: Target, scenario: Scenario, *, year: int | None = None
    ) -> Array:
        """Return the members' values a single target is judged on, shape (member,)."""
        held = self.data.variables.get(target.variable)
        kept = held.attrs.get("aggregate") if held is not None else None
        if kept not in (None, target.aggregate):
            raise SDError(
                'target "{id}" asks for {aggregate}, the run kept {kept}',
                id=target.id,
                aggregate=target.aggregate,
                kept=kept,
            )
        when = year_of(target) if year is None else year
        values = self.series(target.variable, target.element or None)
        self._require_kept(target.variable, target.element, when, values)
        return values[self.place(scenario)][:, self.year_index(when)]

    def stores(self, target: Target, year: int) -> bool:
        """Return whether a single target's series is there in a year: a run may not store all."""
        held = target.variable in self.data and year in self.years
        if not held or self.data.attrs.get("keep") != "asked":
            return held
        values = self.series(target.variable, target.element or None)
        return bool(np.isfinite(values[:, :, self.year_index(year)]).any())

    def _require_kept(self, variable: str, element: str, year: int, values: Array) -> None:
        """Raise SDError where a run that stored only what was asked left a year out."""
        if self.data.attrs.get("keep") != "asked":
            return
        if not np.isfinite(values[:, :, self.year_index(year)]).any():
            told = '"{name}" in {year}: this run stored only what was asked; run with --keep all'
            name = f"{variable}[{element}]" if element else variable
            raise SDError(told, name=name, year=year)

    def split(self, target: Target, scenario: Scenario, *, year: int | None = None) -> Split | None:
        """Return where the members of an "about" target lie; None for any other target."""
        if target.joint or target.comparator != ABOUT:
            return None
        values = self.target_values(target, scenario, year=year)
        values, (low, high) = values[np.isfinite(values)], band(target)
        if not values.size:
            return Split(math.nan, math.nan, math.nan)
        below, above = float(np.mean(values < low)), float(np.mean(values > high))
        return Split(below, float(np.mean((values >= low) & (values <= high))), above)

    # ── effects ──

    def effect(self, outcome: Outcome, scenario: Scenario, against: Scenario, year: int) -> Effect:
        """Return the paired effect on an outcome in a year."""
        key = ("effect", outcome.variable, outcome.element, scenario.name, against.name, year)
        return self.once(
            key,
            lambda: self._felt(self.at(outcome, scenario, year), self.at(outcome, against, year)),
        )

    def _felt(self, first: Array, second: Array) -> Effect:
        level = np.abs(second[np.isfinite(second)])
        felt = FELT * float(np.median(level)) if level.size else 0.0
        return self.effect_of(first - second, float(level.max(initial=0.0)), felt)

    def outlay(
        self, variable: str, scenario: Scenario, against: Scenario, through: int, last: bool
    ) -> Effect:
        """Return the paired difference in outlay summed through a year (or at it: ``last``)."""

        def found() -> Effect:
            end = self.year_index(through) + 1
            total = self.series(variable)
            span = slice(end - 1, end) if last else slice(0, end)
            first, second = (total[self.place(s)][:, span].sum(axis=1) for s in (scenario, against))
            return self.effect_of(first - second, float(np.nanmax(np.abs(first), initial=0.0)))

        return self.once(("outlay", variable, scenario.name, against.name, through, last), found)

    def effect_of(self, moved: Array, scale: float, felt: float = 0.0) -> Effect:
        """Summarise paired differences, shape (member,).

        ``scale`` says what rounding is; a member is helped or hurt by more than ``felt``.
        """
        kept = moved[np.isfinite(moved)]
        tiny = 1e-9 * scale
        moved = np.where(np.abs(moved) <= tiny, 0.0, moved)
        if not kept.size:
            nan = math.nan
            return Effect(moved, mean_of(moved, self.replicate), nan, nan, nan, nan, nan)
        low, median, high = quantile(kept, [0.05, 0.5, 0.95])
        felt = max(felt, tiny)
        helped, hurt = (np.count_nonzero(one) / kept.size for one in (kept > felt, kept < -felt))
        found = mean_of(moved, self.replicate)
        return Effect(moved, found, float(median), float(low), float(high), helped, hurt)

    def payers_outlay(
        self, scenario: Scenario, against: Scenario, through: int, *, forgone: bool = False
    ) -> Effect | None:
        """Return the paired difference in outlay of the treasury's payers together.

        With ``forgone`` it is what the others forgo. None where there is no such payer.
        """

        def found() -> Effect | None:
            moved = [
                self.outlay(payer.variable, scenario, against, through, last=False).moved
                for payer in self.spec.payers
                if payer.forgone is forgone
            ]
            return self.effect_of(np.sum(moved, axis=0), 1.0) if moved else None

        return self.once(("purse", scenario.name, against.name, through, forgone), found)

    def purses(
        self, scenario: Scenario, against: Scenario, through: int
    ) -> tuple[Effect | None, Effect | None]:
        """Return what the treasury's payers pay more, and what the others forgo."""
        paid = self.payers_outlay(scenario, against, through)
        return paid, self.payers_outlay(scenario, against, through, forgone=True)

    def cumulative(
        self, outcome: Outcome, scenario: Scenario, against: Scenario, through: int
    ) -> Effect:
        """Return the paired effect on an outcome summed over the years up to ``through``."""
        end = self.year_index(through) + 1
        first, second = (self.at(outcome, one)[:, :end].sum(axis=1) for one in (scenario, against))
        return self._felt(first, second)

    @cached_property
    def horizons(self) -> tuple[int, ...]:
        """The years whose effects are told; the question's where the report names none."""
        named = [year for year in self.spec.headline.horizons if year in self.years]
        return tuple(sorted({*named, self.asked_year}))

    def quantiles(self, outcome: Outcome) -> Array:
        """Return QUANTILES over members, (quantile, scenario, year), in the data's order."""
        asked = ("quantiles", outcome.variable, outcome.element)
        series = self.series(outcome.variable, outcome.element)
        return self.once(asked, lambda: quantile(series, list(QUANTILES), axis=1))

    def beside(self) -> tuple[Target, ...]:
        """Return the targets whose probability stands beside the question's."""
        by_id = {target.id: target for target in self.targets}
        named = [by_id[one] for one in self.spec.headline.beside if one in by_id]
        return tuple(target for target in named if target is not self.question)


def reference(results: Results) -> Scenario:
    """Return the scenario most others are compared with; the first where there is none."""
    return results.once(("reference",), lambda: _reference(results))


def _reference(results: Results) -> Scenario:
    against = Counter(base.name for _, base in results.pairs())
    return max(results.scenarios, key=lambda one: against[one.name])


def per_outlay(effect: Effect, cost: Effect | None) -> float | None:
    """Return the effect per unit of what a purse pays, the ratio of two means.

    None without a purse, where either is within its error of zero, and where nothing more is
    paid: the ratio then says nothing.
    """
    if cost is None or not (distinguishable(effect.found) and outlay_told(cost)):
        return None
    return effect.found.mean / cost.found.mean


def purse_charged(
    treasury: Effect | None, forgone: Effect | None
) -> tuple[Effect | None, Effect | None]:
    """Return the purse an effect may be divided by in its place, and None for the other.

    It is the one that bears more, where the other bears little beside it; where both bear much,
    neither: the ratio to one would give it the credit of what the other pays for.
    """
    first, second = (0.0 if one is None else abs(one.found.mean) for one in (treasury, forgone))
    if min(first, second) >= max(LEAST_OUTLAY, ASIDE * max(first, second)):
        return None, None
    return (treasury, None) if first >= second else (None, forgone)


def outlay_told(outlay: Effect) -> bool:
    """Return whether more is paid, by enough to divide by it."""
    return distinguishable(outlay.found) and outlay.found.mean >= LEAST_OUTLAY


def is_stress(scenario: Scenario) -> bool:
    """Return whether a scenario moves the world and no lever."""
    return {setting.kind for setting in scenario.settings} == {"world"}
