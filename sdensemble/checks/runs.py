"""The bench: runs of a study's model that the validation tests share."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from sdengine.errors import Message, Problems, SDError, did_you_mean
from sdengine.kernel import Kernel, Trajectories, compile_model
from sdengine.model.describe import levers
from sdengine.program.held import Held
from sdengine.syntax import Equation, Kind, Model, Number
from sdensemble.ensemble.draws import Draws, draw
from sdensemble.ensemble.forcing import sample
from sdensemble.ensemble.run import whole_years
from sdensemble.ensemble.worlds import apply
from sdensemble.inputs.config import Section, cell_name, default_of
from sdensemble.inputs.scenarios import BASELINE, Scenario, read_settings
from sdensemble.inputs.units import total_unit
from sdensemble.results.estimate import Array
from sdensemble.study import Study

EVERY_LEVER = "every lever at its limit"
QUARTERS = 4  # kept times a year


@dataclass(frozen=True)
class Bench:
    """A study with its kernel and the members that tests draw.

    ``members`` is how many worlds a test over the priors looks at, ``seed`` which.
    """

    study: Study
    kernel: Kernel
    members: int = 256
    seed: int = 20
    prior_set: str = ""

    @property
    def model(self) -> Model:
        """The study's model."""
        return self.kernel.model

    @cached_property
    def draws(self) -> Draws:
        """Latin-hypercube draws of the priors, in one replicate."""
        return draw(
            self.study.priors(self.prior_set),
            self.model,
            self.members,
            seed=self.seed,
            method="latin",
            replicates=1,
        )

    @cached_property
    def shocks(self) -> Mapping[str, Held]:
        """The forcing of the members."""
        forcing = self.study.forcing
        if forcing is None:
            return {}
        return sample(forcing, self.model, np.arange(self.members), seed=self.seed)

    @cached_property
    def per_year(self) -> int:
        """Steps in a year."""
        return whole_years(self.model)[0]

    @property
    def headline(self) -> str:
        """The variable the targets speak of."""
        return self.study.report.headline.whole.variable

    @property
    def yearly_unit(self) -> str:
        """The unit of the headline's integral over a year."""
        return total_unit(self.model, self.headline)

    def unit(self, name: str, lang: str) -> str:
        """Return a variable's unit as people write it."""
        return self.study.report.unit_label(self.model[name].unit, lang)

    @property
    def asked(self) -> int:
        """The year of the study's question."""
        year = self.study.report.question(self.study.targets).year
        return int(self.model.clock.stop) - 1 if year is None else year

    def scenario(self, name: str) -> Scenario:
        """Return a scenario by name; raise SDError for one the study lacks."""
        for scenario in self.study.scenarios:
            if scenario.name == name:
                return scenario
        hint = did_you_mean(name, [s.name for s in self.study.scenarios])
        raise SDError('no scenario "{name}"{hint}', name=name, hint=hint)

    def case(
        self, settings: Mapping[str, Any], scenario: str = BASELINE, *, beyond: bool = False
    ) -> Scenario:
        """Return a scenario with further settings, which take the place of its own.

        ``settings`` are written as in a scenario file: a number, or a table with value and
        start; ``scale`` and ``add`` instead of value change the model's own, each element by
        itself. With ``beyond`` values may lie outside the model's limits: an extreme is no
        assumption. Raise SDError with every name, element or value that does not fit the model.
        """
        base = self.scenario(scenario)
        found = Problems()
        model = unlimited(self.model) if beyond else self.model
        top = Section("given", {"settings": _each(self.model, settings)}, found)
        made = read_settings(top, "settings", "world", model)
        found.raise_if_any()
        named = {setting.constant for setting in made}
        kept = [setting for setting in base.settings if setting.constant not in named]
        return replace(base, settings=(*kept, *made))

    def run(
        self,
        case: Scenario,
        keep: Iterable[str] = (),
        totals: Iterable[str] = (),
        *,
        drawn: bool = True,
        constants: Mapping[str, Array] | None = None,
        every: int | None = None,
        kernel: Kernel | None = None,
        members: Sequence[int] | None = None,
    ) -> Trajectories:
        """Run a case over the drawn members, or on the model's own constants.

        ``constants`` come in beside, or in place of, the drawn ones, (*ranges, member). A
        constant that the case sets is not driven by the forcing.
        """
        ids = np.arange(self.members) if members is None else np.asarray(members)
        own: dict[str, Array] = dict(constants or {})
        held: dict[str, Held] = {}
        if drawn:
            own = {n: v[..., ids] for n, v in self.draws.values.items()} | own
            held = {n: Held(h.times, h.values[..., ids]) for n, h in self.shocks.items()}
        count = len(ids) if drawn else max([v.shape[-1] for v in own.values()], default=1)
        return self.run_on(own, held, count, case, totals, keep, every=every, kernel=kernel)

    def run_on(
        self,
        constants: Mapping[str, Array],
        shocks: Mapping[str, Held],
        count: int,
        case: Scenario,
        totals: Iterable[str],
        keep: Iterable[str] = (),
        *,
        every: int | None = None,
        kernel: Kernel | None = None,
    ) -> Trajectories:
        """Run a case on given constants, (*ranges, member), and shocks of so many members.

        Saved every quarter of a year unless ``every`` says other.
        """
        values, scheduled = apply(case, self.model, constants, count)
        fixed = {setting.constant for setting in case.settings}
        held = {n: h for n, h in shocks.items() if n not in fixed} | scheduled
        chosen = kernel or self.kernel
        step = every or max(1, round(1 / chosen.model.clock.step) // QUARTERS)
        return chosen.run(
            values, held, report=list(keep), totals=list(totals), every=step, members=count
        )

    def cut(self, settings: Mapping[str, Any]) -> tuple[dict[str, Any], Kernel]:
        """Return the settings of constants, and the kernel with the others cut.

        A variable that is no constant is cut: its equation gives way to the number.
        """
        constants: dict[str, Any] = {}
        variables = dict(self.model.variables)
        for name, value in settings.items():
            written = self.model.name_of(name.split("[")[0])
            if name == EVERY_LEVER or written is None or self.model[written].kind is Kind.CONSTANT:
                constants[name] = value
                continue
            own = variables[written]
            equation = Equation(own.dims, Number(float(value)))
            variables[written] = replace(own, kind=Kind.AUXILIARY, equations=(equation,))
        if len(constants) == len(settings):
            return constants, self.kernel
        return constants, compile_model(replace(self.model, variables=variables))

    def finer(self, factor: int) -> Kernel:
        """Return the kernel with a step that many times as small."""
        clock = replace(self.model.clock, step=self.model.clock.step / factor)
        return compile_model(replace(self.model, clock=clock))

    def by_runge_kutta(self) -> Kernel:
        """Return the kernel that integrates by the classical Runge-Kutta method."""
        clock = replace(self.model.clock, method="rk4")
        return compile_model(replace(self.model, clock=clock))

    def given(self, given: Mapping[str, Any]) -> Scenario:
        """Return the case a test is given: its ``settings`` in its ``scenario``."""
        return self.case(given.get("settings", {}), given.get("scenario", BASELINE))

    def needs(self, names: Iterable[str]) -> None:
        """Raise SDError naming every variable that the model lacks."""
        lacking = [name for name in dict.fromkeys(names) if name not in self.model]
        if lacking:
            hints = {name: did_you_mean(name, self.model.variables) for name in lacking}
            told = 'no variable "{name}"{hint}'
            raise SDError(Message(told, name=name, hint=hint) for name, hint in hints.items())


def unlimited(model: Model) -> Model:
    """Return a model whose variables have no limits."""
    free = {n: replace(v, limits=(None, None)) for n, v in model.variables.items()}
    return replace(model, variables=free)


def _each(model: Model, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings with ``scale`` and ``add`` as values, one for every element.

    ``EVERY_LEVER`` stands for every lever at its upper limit.
    """
    made: dict[str, Any] = {}
    for name, value in settings.items():
        if name == EVERY_LEVER:
            for lever in levers(model):
                made[lever.name] = {"value": lever.limits[1], **value}
            continue
        changes = isinstance(value, dict) and ({"scale", "add"} & set(value))
        written = model.name_of(name)
        if not changes or written is None:
            made[name] = value
            continue
        variable, rest = model[written], {k: v for k, v in value.items() if k not in changes}
        own = default_of(model, variable)
        for cell in np.ndindex(own.shape):
            number = float(own[cell]) * value.get("scale", 1.0) + value.get("add", 0.0)
            made[cell_name(model, variable, cell)] = {"value": number, **rest}
    return made


def at(run: Trajectories, name: str, time: float) -> Array:
    """Return a variable at a saved time, (*ranges, member)."""
    return run.values[name][int(np.argmin(np.abs(run.times - time)))]


def in_year(run: Trajectories, name: str, year: float) -> Array:
    """Return a variable's integral over a year, (*ranges, member)."""
    starts = run.times[:-1]
    inside = (starts >= year - 1e-9) & (starts < year + 1 - 1e-9)
    return run.totals[name][inside].sum(axis=0)


def total_of(run: Trajectories, name: str) -> Array:
    """Return a variable at every saved time, summed over its ranges, (time, member)."""
    values = run.values[name]
    return np.asarray(values.sum(axis=tuple(range(1, values.ndim - 1))))


def element(model: Model, name: str, values: Array, chosen: str) -> Array:
    """Return one element of (*ranges, member), or the sum over all where none is named."""
    dims = model[name].dims
    if not dims:
        return values
    if not chosen:
        return values.reshape(-1, values.shape[-1]).sum(axis=0)
    names = model.elements(dims[0])
    if chosen not in names:
        told = '"{name}" has no element "{chosen}"{hint}'
        raise SDError(told, name=name, chosen=chosen, hint=did_you_mean(chosen, names))
    return values[names.index(chosen)]


def corners(draws: Draws, count: int, seed: int) -> dict[str, Array]:
    """Return ``count`` members at corners of what was drawn: 5% or 95% points, at random.

    The first has every constant low, the second every constant high.
    """
    rng = np.random.default_rng(seed)
    found = {}
    for name, values in draws.values.items():
        low, high = np.quantile(values, [0.05, 0.95], axis=-1)
        up = rng.integers(0, 2, count).astype(bool)
        up[:2] = (False, True)
        found[name] = np.where(up, high[..., None], low[..., None])
    return found


def limits(model: Model) -> dict[str, Array]:
    """Return constants of which each member has one at either of its limits, the rest as is."""
    ends = [
        (constant, end)
        for constant in model.constants()
        for end in constant.limits
        if end is not None
    ]
    made: dict[str, Array] = {}
    for constant, group in itertools.groupby(enumerate(ends), key=lambda pair: pair[1][0]):
        own = np.broadcast_to(np.asarray(constant.value, float), model.shape(constant))
        made[constant.name] = np.repeat(own[..., None], len(ends), axis=-1)
        for index, (_, end) in group:
            made[constant.name][..., index] = end
    return made
