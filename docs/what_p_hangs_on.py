"""Print which uncertain constants the probability of a target hangs on.

    python docs/what_p_hangs_on.py TARGET [PRIOR SET [FOLDER]]

Members of the first scenario are sorted by one drawn constant at a time; P in the lowest third
stands beside P in the highest third, constants with the largest distance first. An interaction or
a correlation between priors is not taken apart. 8192 members, seed 1; about ten seconds.
"""

from __future__ import annotations

import sys
from typing import NamedTuple

import numpy as np

from sdensemble import compile_model, open_study, run_ensemble
from sdensemble.ensemble.draws import draw
from sdensemble.inputs.targets import met
from sdensemble.study import Study

SHOWN = 8


class Third(NamedTuple):
    """P where a constant lies in its lowest and in its highest third."""

    constant: str
    lowest: float
    highest: float


def thirds(study: Study, asked: str, prior_set: str) -> tuple[float, list[Third]]:
    """Return P of a target in the first scenario, and P by thirds of each drawn constant."""
    target = next(t for t in study.targets if t.id == asked and not t.joint)
    draws = draw(study.priors(prior_set), study.model, 8192, seed=1, method="sobol", replicates=16)
    ensemble = run_ensemble(
        compile_model(study.model),
        study.scenarios[:1],
        draws,
        study.forcing,
        keep={target.variable: target.aggregate},
    )
    outcome = ensemble[study.model[target.variable].name].isel(scenario=0).sel(year=target.year)
    if target.element:
        outcome = outcome.sel({study.model[target.variable].dims[0]: target.element})
    hit = met(outcome.values, target.comparator, float(target.value or 0.0))
    rows = []
    for name, values in draws.values.items():
        for at in np.ndindex(values.shape[:-1]):
            drawn = values[at]
            if np.ptp(drawn) == 0:
                continue
            low, high = np.quantile(drawn, [1 / 3, 2 / 3])
            below, above = hit[drawn <= low].mean(), hit[drawn >= high].mean()
            dims = study.model[name].dims
            where = ",".join(study.model.elements(d)[i] for d, i in zip(dims, at, strict=True))
            rows.append(Third(f"{name}[{where}]" if where else name, float(below), float(above)))
    return float(hit.mean()), sorted(rows, key=lambda row: -abs(row.highest - row.lowest))


def main(asked: str, prior_set: str = "history", folder: str = ".") -> None:
    """Print P by thirds of each constant."""
    study = open_study(folder)
    p, rows = thirds(study, asked, prior_set)
    print(f"{asked}, {study.scenarios[0].name}, {prior_set}: P = {p:.2f}")
    print("  lowest third  highest third  constant")
    for row in rows[:SHOWN]:
        print(f"  {row.lowest:12.2f}  {row.highest:13.2f}  {row.constant}")


if __name__ == "__main__":
    main(*sys.argv[1:])
