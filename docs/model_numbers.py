"""Print numbers of model/README.md and calibration/README.md.

Counts of variables and priors, defaults by year, areas at the start, land against grants.

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
from sdensemble.inputs.scenarios import apply
from sdensemble.study import Study

YEARS = (2019, 2020, 2022, 2025, 2030)
OUTPUTS = ("total nominal output", "cluster nominal output", "total real output")
RATIOS = (1.05, 1.1, 1.15, 1.2, 1.3, 1.4, 1.5, 1.6)
AREAS = ("Area Mature", "area young", "Herd Mature", "Herd Growing")


def annual(kernel: Kernel, study: Study, scenario: str, own: dict[str, float], name: str) -> float:
    """Return the integral of a variable over 2025, or outlay of 2020 to 2025, of one world."""
    chosen = next(s for s in study.scenarios if s.name == scenario)
    given = {constant: np.full(1, value) for constant, value in own.items()}
    step = round(1 / study.model.clock.step)
    run = kernel.run(*apply(chosen, study.model, given, 1), totals=[name], every=step, members=1)
    start = round(study.model.clock.start)
    yearly = run.totals[name][:, 0]
    return float(yearly[2025 - start] if "output" in name else yearly[1 : 2026 - start].sum())


def per_outlay(kernel: Kernel, study: Study, scenario: str, own: dict[str, float]) -> float:
    """Return a scenario's effect in 2025 per unit of outlay of 2020 to 2025."""
    moved, paid = (
        annual(kernel, study, scenario, own, name) - annual(kernel, study, "baseline", own, name)
        for name in ("total nominal output", "treasury outlay")
    )
    return moved / paid


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

    print("effect in 2025 per 亿元 of outlay, land quota / plant grants, ceiling not rising")
    print("  ceiling ratio:", *RATIOS)
    for share in (0.02, 0.035):
        pairs = []
        for ratio in RATIOS:
            own = {"ceiling growth": 0.0, "baseline land share": share, "ceiling ratio": ratio}
            both = (per_outlay(kernel, study, one, own) for one in ("land-quota", "plant-grants"))
            pairs.append(" / ".join(f"{value:.2f}" for value in both))
        print(f"  baseline land share {share}:", *pairs, sep="  ")


if __name__ == "__main__":
    main()
