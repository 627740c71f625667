"""Print numbers of model/README.md and calibration/README.md.

Counts of variables and priors, defaults by year, areas at the start, and land against grants by
how full parks are.

    python docs/model_numbers.py

Runs of the model's own constants, without shocks; a few seconds.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from sdengine.model.describe import late_constants, levers
from sdengine.syntax import Kind
from sdensemble import Kernel, compile_model, open_study
from sdensemble.ensemble.draws import column_names
from sdensemble.ensemble.worlds import apply
from sdensemble.study import Study

YEARS = (2019, 2020, 2022, 2025, 2030)
OUTPUTS = ("total nominal output", "cluster nominal output", "total real output")
COVERS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.5)
AREAS = ("Area Mature", "Area Young", "Herd Mature", "Herd Growing")


def annual(
    kernel: Kernel, study: Study, scenario: str, own: dict[str, float], name: str, year: int
) -> float:
    """Return the integral of a variable over a year of one world, some constants given."""
    chosen = next(s for s in study.scenarios if s.name == scenario)
    given = {
        constant: np.full((*study.model.shape(study.model[constant]), 1), value)
        for constant, value in own.items()
    }
    step = round(1 / study.model.clock.step)
    run = kernel.run(*apply(chosen, study.model, given, 1), totals=[name], every=step, members=1)
    start = round(study.model.clock.start)
    return float(run.totals[name][year - start, 0])


def gain(kernel: Kernel, study: Study, scenario: str, cover: float, year: int) -> float:
    """Return a scenario's effect on output of a year where parks are as full as ``cover`` says."""
    own = {"land cover": cover}
    moved, base = (
        annual(kernel, study, name, own, "total nominal output", year)
        for name in (scenario, "baseline")
    )
    return moved - base


def print_counts(study: Study) -> None:
    """Print how many variables, assumptions, levers and priors there are."""
    model = study.model
    kinds = Counter(variable.kind.value for variable in model.variables.values())
    print("variables", len(model.variables), dict(kinds))
    stocks = (v for v in model.variables.values() if v.kind is Kind.STOCK)
    print("elements of stocks", sum(int(np.prod(model.shape(v))) for v in stocks))
    assumed = sum(constant.note.assumption for constant in model.constants())
    print("constants in whole or in part ASSUMPTION", assumed)
    print("levers", len(levers(model)))
    for name in study.prior_sets():
        priors = study.priors(name)
        structural = sum(prior.kind == "structural" for prior in priors.items)
        print(
            f"priors {name}: {len(priors.items)} entries on",
            f"{len({prior.constant for prior in priors.items})} constants;",
            f"assumption {sum(prior.assumption for prior in priors.items)},",
            f"structural {structural}, later than 2019 {len(priors.exempt('2019-12-31'))};",
            f"numbers drawn a member {len(column_names(priors, model))}",
        )
    print("constants without a prior that rest on later figures:", end=" ")
    print(len(late_constants(model, "2019-12-31")))


def main() -> None:
    """Print the numbers."""
    study = open_study(".")
    model, kernel = study.model, compile_model(study.model)
    print_counts(study)
    start, step = round(model.clock.start), round(1 / model.clock.step)
    run = kernel.run({}, totals=list(OUTPUTS), every=step)
    print("defaults", *YEARS)
    for name in OUTPUTS:
        print(" ", name, *(f"{run.totals[name][year - start, 0]:.0f}" for year in YEARS))

    first = kernel.run({}, report=list(AREAS), every=step)
    for name in AREAS:
        elements = model.elements(model[name].dims[0])
        values = first.values[name][0, :, 0]
        print(name, {e: round(float(v)) for e, v in zip(elements, values, strict=True)})

    print("effect on output, 亿元, where parks got so much of the land they wanted in 2019")
    print("  land cover:", *COVERS)
    for scenario in ("land-quota", "plant-grants"):
        for year in (2025, 2028, 2030):
            found = (gain(kernel, study, scenario, cover, year) for cover in COVERS)
            print(f"  {scenario} {year}:", *(f"{value:.1f}" for value in found))


if __name__ == "__main__":
    main()
