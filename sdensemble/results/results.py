"""What tables, figures and the terminal all ask of a run: series, events, paired effects."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from sdengine.errors import Message, SDError, did_you_mean
from sdengine.syntax import Call, Model, Ref, fold
from sdensemble.inputs.report import Outcome, ReportSpec
from sdensemble.inputs.targets import ABOUT, band, leaves
from sdensemble.lang import LANGS
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
    import xarray as xr

    from sdensemble.inputs.scenarios import Scenario
    from sdensemble.inputs.targets import Target


T = TypeVar("T")

LEAST_OUTLAY = 0.05
"""An outlay below this is printed as 0, so nothing is divided by it."""

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


KEYED = ("prior_set", "as_of", "posterior", "model_set", "model_digest")
"""What an ensemble's attributes must say of it: every probability is conditional on these."""


@dataclass(frozen=True, eq=False)
class Results:
    """One ensemble with all that is needed to read it.

    ``data`` has dimensions scenario, member, year and ranges; ``scenarios`` are those in it,
    in their order.
    """

    data: xr.Dataset
    scenarios: tuple[Scenario, ...]
    targets: tuple[Target, ...]
    spec: ReportSpec
    model: Model
    _made: dict[Any, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Refuse numbers that do not say what a probability of them is conditional on."""
        lacking = [name for name in KEYED if name not in self.data.attrs]
        if lacking:
            raise SDError(
                f"an ensemble must say what it is conditional on; {', '.join(lacking)} is missing"
                " — run it as Members"
            )

    def once(self, key: tuple[Any, ...], make: Callable[[], T]) -> T:
        """Return what ``make`` gives, made once for a key: tables, figures and text ask alike."""
        if key not in self._made:
            self._made[key] = make()
        found: T = self._made[key]
        return found

    # ── labels and axes ──

    @cached_property
    def prior_set(self) -> str:
        """Name of the prior set the members were drawn from."""
        return str(self.data.attrs["prior_set"])

    @cached_property
    def as_of(self) -> str:
        """Information date of the run."""
        return str(self.data.attrs["as_of"])

    @cached_property
    def posterior(self) -> str:
        """Digest of the posterior the constants were drawn from; empty where of the prior."""
        found = str(self.data.attrs["posterior"])
        return "" if found == "prior" else found

    @cached_property
    def years(self) -> NDArray[np.int64]:
        """The years of the series."""
        return self.data["year"].values.astype(int)

    @cached_property
    def members(self) -> int:
        """Number of members of each scenario."""
        return int(self.data.sizes["member"])

    @cached_property
    def replicate(self) -> NDArray[np.int64]:
        """Independent scramble each member belongs to, shape (member,)."""
        if "replicate" in self.data.coords:
            return self.data["replicate"].values.astype(int)
        return np.zeros(self.members, dtype=int)

    def scenario(self, name: str) -> Scenario:
        """Return a scenario of this run by name."""
        for scenario in self.scenarios:
            if scenario.name == name:
                return scenario
        raise SDError(
            Message(
                'no scenario "{name}"{hint}',
                name=name,
                hint=did_you_mean(name, [s.name for s in self.scenarios]),
            )
        )

    def has(self, name: str) -> bool:
        """Return whether a scenario was run."""
        return any(scenario.name == name for scenario in self.scenarios)

    def pairs(self) -> tuple[tuple[Scenario, Scenario], ...]:
        """Return each scenario with the one it is compared with, where both were run."""
        return tuple(
            (scenario, self.scenario(scenario.compares))
            for scenario in self.scenarios
            if scenario.compares != scenario.name and self.has(scenario.compares)
        )

    def unit(self, variable: str) -> str:
        """Return the unit of a kept series as the model writes it."""
        return str(self.data[variable].attrs.get("unit", ""))

    def outcomes(self) -> tuple[Outcome, ...]:
        """Return the headline, its groups, and its components that are no group."""
        head = self.spec.headline
        groups = {(g.variable, g.element) for g in head.groups}
        parts = [c for c in self.components() if (c.variable, c.element) not in groups]
        return (head.whole, *head.groups, *parts)

    def components(self) -> tuple[Outcome, ...]:
        """Return every element of the headline's components."""
        head = self.spec.headline
        if head.components is None or head.range is None:
            return ()
        return tuple(
            Outcome(element, head.components, element, self._labels(head.range, element))
            for element in self.model.elements(head.range)
        )

    def made_of(self, outcome: Outcome) -> tuple[str, ...]:
        """Return the components' elements an outcome is the sum of; none where that is unknown.

        A group is the sum of a subrange where its equation in the model says so.
        """
        head = self.spec.headline
        if head.components is None or head.range is None:
            return ()
        if outcome is head.whole:
            return self.model.elements(head.range)
        if outcome.element is not None:
            return (outcome.element,)
        for equation in self.model[outcome.variable].equations:
            expr = equation.expr
            part = expr.args[0] if isinstance(expr, Call) and expr.function == "sum" else None
            if isinstance(part, Ref) and fold(part.name) == fold(head.components):
                wanted = [fold(one.rstrip("!")) for one in part.subscripts]
                found = [v for name, v in self.model.ranges.items() if [fold(name)] == wanted]
                return found[0] if found else ()
        return ()

    def _labels(self, range_name: str, element: str) -> Mapping[str, str]:
        return {lang: self.model.element_label(range_name, element, lang) for lang in LANGS}

    # ── series ──

    def series(self, variable: str, element: str | None = None) -> Array:
        """Return one series, (scenario, member, year) in the data's order and own unit."""
        return self.once(("series", variable, element), lambda: self._read(variable, element))

    def _read(self, variable: str, element: str | None) -> Array:
        if variable not in self.data:
            known = did_you_mean(variable, map(str, self.data.data_vars))
            raise SDError(
                Message(
                    'the run kept no "{variable}"{known}; add it to outputs/report.toml',
                    variable=variable,
                    known=known,
                )
            )
        array = self.data[variable].transpose("scenario", "member", "year", ...)
        if element:
            where = array.dims[3:]
            if len(where) != 1 or element not in array[where[0]].values:
                raise SDError(
                    Message(
                        '"{variable}" has no single element "{element}"',
                        variable=variable,
                        element=element,
                    )
                )
            array = array.sel({where[0]: element})
        if array.ndim != 3:
            raise SDError(
                Message(
                    '"{variable}" is by {dims}: name one element',
                    variable=variable,
                    dims=array.dims[3],
                )
            )
        return array.values

    def at(self, outcome: Outcome, scenario: Scenario, year: int | None = None) -> Array:
        """Return an outcome's members under a scenario: (member,), or (member, year)."""
        found = self.series(outcome.variable, outcome.element)[self.place(scenario)]
        return found if year is None else found[:, self.year_index(year)]

    def place(self, scenario: Scenario) -> int:
        """Return where a scenario stands along the data's own axis."""
        return self._places[scenario.name]

    @cached_property
    def _places(self) -> dict[str, int]:
        return {str(name): index for index, name in enumerate(self.data["scenario"].values)}

    def year_index(self, year: int) -> int:
        """Return where a year stands; raise SDError for one the run does not cover."""
        found = np.flatnonzero(self.years == year)
        if not found.size:
            raise SDError(
                Message(
                    "year {year} is outside the run, {years} to {years2}",
                    year=year,
                    years=self.years[0],
                    years2=self.years[-1],
                )
            )
        return int(found[0])

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
        target, named = self.question, (self.spec.headline.whole, *self.spec.headline.groups)
        for one in named:
            if (one.variable, one.element) == (target.variable, target.element or None):
                return one
        label = {"zh": target.zh, "en": target.en}
        return Outcome(target.id, target.variable, target.element or None, label)

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
                Message(
                    'target "{id}": no target "{missing}"{hint}',
                    id=target.id,
                    missing=missing[0],
                    hint=hint,
                )
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
        held = target.variable in self.data
        kept = self.data[target.variable].attrs.get("aggregate") if held else None
        if kept not in (None, target.aggregate):
            raise SDError(
                Message(
                    'target "{id}" asks for {aggregate}, the run kept {kept}',
                    id=target.id,
                    aggregate=target.aggregate,
                    kept=kept,
                )
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
            raise SDError(Message(told, name=name, year=year))

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
        low, median, high = np.quantile(kept, [0.05, 0.5, 0.95])
        felt = max(felt, tiny)
        helped, hurt = float(np.mean(kept > felt)), float(np.mean(kept < -felt))
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

    def beside(self) -> tuple[Target, ...]:
        """Return the targets whose probability stands beside the question's."""
        by_id = {target.id: target for target in self.targets}
        named = [by_id[one] for one in self.spec.headline.beside if one in by_id]
        return tuple(target for target in named if target is not self.question)

    @cached_property
    def lost(self) -> tuple[dict[str, Any], ...]:
        """What is NaN: variable, scenario, first year, members lost, and one to replay.

        As the run diagnosed it, where it did: the variable is then where it began.
        """
        if "lost" in self.data.attrs:
            return tuple(
                {"first_year": f"{one['time']:.7g}", **one} for one in self.data.attrs["lost"]
            )
        found = []
        for name in map(str, self.data.data_vars):
            array = self.data[name].transpose("scenario", "member", "year", ...).values
            if math.isfinite(array.sum()):  # one NaN makes the sum NaN; far faster than a mask
                continue
            bad = ~np.isfinite(array).reshape(*array.shape[:3], -1).all(axis=3)
            for scenario in self.scenarios:
                rows = bad[self.place(scenario)]
                if rows.any():
                    found.append(
                        {"variable": name, "scenario": scenario.name, **_first(rows, self.years)}
                    )
        return tuple(found)


def _first(bad: NDArray[np.bool_], years: NDArray[np.int64]) -> dict[str, int]:
    """Return the first year of a (member, year) mask, its first member, and the members hit."""
    year = int(np.argmax(bad.any(axis=0)))
    return {
        "first_year": int(years[year]),
        "members": int(bad.any(axis=1).sum()),
        "member": int(np.argmax(bad[:, year])),
    }


def reference(results: Results) -> Scenario:
    """Return the scenario most others are compared with; the first where there is none."""
    against = [b for _, b in results.pairs()]
    return max(results.scenarios, key=against.count) if against else results.scenarios[0]


def per_outlay(effect: Effect, cost: Effect) -> float | None:
    """Return the effect per unit of what it costs, the ratio of two means.

    None where either is within its error of zero, or the cost is printed as zero: the ratio then
    says nothing.
    """
    if not (distinguishable(effect.found) and outlay_told(cost)):
        return None
    return effect.found.mean / cost.found.mean


def outlay_told(outlay: Effect) -> bool:
    """Return whether an outlay is far enough from zero to be divided by."""
    return distinguishable(outlay.found) and abs(outlay.found.mean) >= LEAST_OUTLAY


def is_stress(scenario: Scenario) -> bool:
    """Return whether a scenario moves the world and no lever."""
    return {setting.kind for setting in scenario.settings} == {"world"}


def quantile(values: Array, q: float | list[float], axis: int = 0) -> Any:
    """Return sample quantiles over members, lost ones left out; NaN where none is left."""
    if np.isfinite(values).all():
        return np.quantile(values, q, axis=axis)
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.nanquantile(values, q, axis=axis)
