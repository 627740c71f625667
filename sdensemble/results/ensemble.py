"""One ensemble as labelled series: axes, labels, units, and what was lost."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from sdengine.errors import SDError, did_you_mean
from sdengine.syntax import Call, Model, Ref, fold
from sdensemble.inputs.naming import element_label
from sdensemble.inputs.report import Outcome, ReportSpec
from sdensemble.results.estimate import Array

if TYPE_CHECKING:
    import xarray as xr

    from sdensemble.inputs.scenarios import Scenario
    from sdensemble.inputs.targets import Target

T = TypeVar("T")

KEYED = ("prior_set", "as_of", "posterior", "model_set", "model_digest")
"""What an ensemble's attributes must say of it: every probability is conditional on these."""


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Labelled series of members, with what is needed to read them.

    ``data`` has dimensions scenario, member, year and ranges; ``scenarios`` are those in it,
    in their order.
    """

    data: xr.Dataset
    scenarios: tuple[Scenario, ...]
    targets: tuple[Target, ...]
    spec: ReportSpec
    model: Model
    _made: dict[Any, Any] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse numbers that do not say what a probability of them is conditional on."""
        lacking = [name for name in KEYED if name not in self.data.attrs]
        if lacking:
            raise SDError(
                "an ensemble must say what it is conditional on; {lacking} is "
                "missing — run it as Members",
                lacking=", ".join(lacking),
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
            'no scenario "{name}"{hint}',
            name=name,
            hint=did_you_mean(name, [s.name for s in self.scenarios]),
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
        return str(self.data.variables[variable].attrs.get("unit", ""))

    def outcomes(self) -> tuple[Outcome, ...]:
        """Return the headline, its groups, and its components that are no group."""
        return outcomes_of(self.spec, self.model)

    def components(self) -> tuple[Outcome, ...]:
        """Return every element of the headline's components."""
        return components_of(self.spec, self.model)

    def made_of(self, outcome: Outcome) -> tuple[str, ...]:
        """Return the components' elements an outcome is the sum of (see ``made_of`` below)."""
        return made_of(self.spec, self.model, outcome)

    # ── series ──

    def series(self, variable: str, element: str | None = None) -> Array:
        """Return one series, (scenario, member, year) in the data's order and own unit."""
        return self.once(("series", variable, element), lambda: self._read(variable, element))

    def _read(self, variable: str, element: str | None) -> Array:
        if variable not in self.data:
            known = did_you_mean(variable, map(str, self.data.data_vars))
            raise SDError(
                'the run kept no "{variable}"{known}; add it to outputs/report.toml',
                variable=variable,
                known=known,
            )
        array = self.data.variables[variable].transpose("scenario", "member", "year", ...)
        where, values = array.dims[3:], array.values
        if element:
            named = [str(one) for one in self.data[where[0]].values] if where else []
            if len(where) != 1 or element not in named:
                raise SDError(
                    '"{variable}" has no single element "{element}"',
                    variable=variable,
                    element=element,
                )
            values = values[..., named.index(element)]
        if values.ndim != 3:
            raise SDError(
                '"{variable}" is by {dims}: name one element', variable=variable, dims=where[0]
            )
        return values

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
        if year not in self._year_places:
            raise SDError(
                "year {year} is outside the run, {years} to {years2}",
                year=year,
                years=self.years[0],
                years2=self.years[-1],
            )
        return self._year_places[year]

    @cached_property
    def _year_places(self) -> dict[int, int]:
        return {int(year): index for index, year in enumerate(self.years)}

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


def quantile(values: Array, q: float | list[float], axis: int = 0) -> Any:
    """Return sample quantiles over members, lost ones left out; NaN where none is left.

    Those of ``np.quantile``, bit for bit: of a few thousand members it takes a tenth of the time to
    put them all in order than to look for each place by itself.
    """
    if not np.isfinite(values).all():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            return np.nanquantile(values, q, axis=axis)
    ordered = np.moveaxis(np.sort(values, axis=axis), axis, 0)
    places = np.asarray(q) * (len(ordered) - 1)
    below = places.astype(int)
    low, high = ordered[below], ordered[np.minimum(below + 1, len(ordered) - 1)]
    share = (places - below).reshape(places.shape + (1,) * (ordered.ndim - 1))
    step = high - low
    return np.where(share < 0.5, low + step * share, high - step * (1 - share))


def outcomes_of(spec: ReportSpec, model: Model) -> tuple[Outcome, ...]:
    """Return the headline, its groups, and its components that are no group."""
    head = spec.headline
    groups = {(one.variable, one.element) for one in head.groups}
    parts = [c for c in components_of(spec, model) if (c.variable, c.element) not in groups]
    return (head.whole, *head.groups, *parts)


def components_of(spec: ReportSpec, model: Model) -> tuple[Outcome, ...]:
    """Return every element of the headline's components."""
    head = spec.headline
    if head.components is None or head.range is None:
        return ()
    return tuple(
        Outcome(element, head.components, element, element_label(model, head.range, element))
        for element in model.elements(head.range)
    )


def made_of(spec: ReportSpec, model: Model, outcome: Outcome) -> tuple[str, ...]:
    """Return the components' elements an outcome is the sum of; none where that is unknown.

    A group is the sum of a subrange where its equation in the model says so.
    """
    head = spec.headline
    if head.components is None or head.range is None:
        return ()
    if outcome is head.whole:
        return model.elements(head.range)
    if outcome.element is not None:
        return (outcome.element,)
    for equation in model[outcome.variable].equations:
        expr = equation.expr
        part = expr.args[0] if isinstance(expr, Call) and expr.function == "sum" else None
        if isinstance(part, Ref) and fold(part.name) == fold(head.components):
            wanted = [fold(one.rstrip("!")) for one in part.subscripts]
            found = [v for name, v in model.ranges.items() if [fold(name)] == wanted]
            return found[0] if found else ()
    return ()
