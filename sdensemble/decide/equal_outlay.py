"""What each scenario costs on the default-constant run, and the level at which two cost alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from scipy.optimize import brentq

from sdengine.errors import SDError
from sdengine.kernel import Kernel
from sdensemble.ensemble.worlds import World, apply
from sdensemble.inputs.report import ReportSpec
from sdensemble.inputs.scenarios import Scenario, Setting
from sdensemble.inputs.units import total_unit
from sdensemble.study import Study


def present_values(
    kernel: Kernel,
    scenarios: Sequence[Scenario],
    spec: ReportSpec,
    *,
    until: float,
    forgone: bool = False,
) -> dict[str, float]:
    """Return each scenario's outlay from the model's start to ``until``, the treasury's payers.

    With ``forgone`` it is what the others forgo: the two are never added up.

    Money is at present value as the model discounts it: the payers' cumulative
    ``present_value`` of report.toml at ``until``, or the integral of their outlay where none is
    stated. Constants are the model's own; nothing is drawn. Raises SDError where the study
    names no payer.
    """
    payers = [payer for payer in spec.payers if payer.forgone is forgone]
    ends = [payer.present_value for payer in payers if payer.present_value]
    rates = [payer.variable for payer in payers if not payer.present_value]
    if not payers:
        told = "{file}: names no [[payer]], so there is no outlay to compare"
        raise SDError(told, file=spec.path)
    program = kernel.program
    steps = round((until - program.start) / program.step)
    out = {}
    for scenario in scenarios:
        world = World(*apply(scenario, kernel.model, {}, 1))
        run = kernel.run(
            world.constants,
            world.held,
            report=ends,
            totals=rates,
            steps=steps,
            every=steps,
            members=1,
        )
        paid = [values[-1] for values in (*run.values.values(), *run.totals.values())]
        out[scenario.name] = float(np.sum(paid))
    return out


def horizon(study: Study) -> float:
    """Return the end of the year of the first strict headline target: where outlay is summed to."""
    years = [t.year for t in study.targets if t.headline and t.comparator == ">" and t.year]
    return float(min(years) + 1) if years else study.model.clock.stop


def scaled(scenario: Scenario, study: Study, factor: float) -> Scenario:
    """Return a scenario whose levers stand ``factor`` times as far from the model's values."""

    def move(setting: Setting) -> Setting:
        own = float(np.asarray(study.model[setting.constant].value).flat[0])
        return replace(setting, values=tuple(own + factor * (v - own) for v in setting.values))

    return replace(scenario, settings=tuple(map(move, scenario.settings)))


def equalising_factor(
    study: Study, kernel: Kernel, scenario: Scenario, reference: Scenario
) -> float:
    """Return the factor on a scenario's levers at which it costs what ``reference`` costs.

    Both costs are present values above the scenario each is compared with, on the
    default-constant run. Raises SDError where no factor between 0 and 20 does it.
    """
    until = horizon(study)

    def cost(one: Scenario) -> float:
        base = next(s for s in study.scenarios if s.name == one.compares)
        values = present_values(kernel, (base, one), study.report, until=until)
        return values[one.name] - values[base.name]

    wanted = cost(reference)
    gap = lambda factor: cost(scaled(scenario, study, factor)) - wanted  # noqa: E731
    if gap(0.0) * gap(20.0) > 0:
        told = 'no level of "{scenario}" costs what "{reference}" costs'
        raise SDError(told, scenario=scenario.name, reference=reference.name)
    return float(brentq(gap, 0.0, 20.0, xtol=1e-6))


def unit_of(study: Study) -> str:
    """Return the unit of the payers' integrals: their own, times the time unit."""
    return total_unit(study.model, study.report.payers[0].variable)


NOTHING = 1e-3
"""An outlay below this is none: it is printed as 0.000."""


def above(scenario: Scenario, values: Mapping[str, float]) -> float:
    """Return what a scenario costs above the one it is compared with."""
    return values[scenario.name] - values.get(scenario.compares, values[scenario.name])
