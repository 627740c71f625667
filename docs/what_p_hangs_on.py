"""Print which uncertain constants the probability of a target hangs on.

    python docs/what_p_hangs_on.py TARGET [PRIOR SET [FOLDER]]

Members of the first scenario are sorted by one drawn constant at a time; P in the lowest third
stands beside P in the highest third, constants with the largest distance first. An interaction or
a correlation between priors is not taken apart. 8192 members, seed 1; about ten seconds.
"""

from __future__ import annotations

import sys

import numpy as np

from sdensemble import compile_model, open_study, run_ensemble
from sdensemble.draws import draw
from sdensemble.scenarios import met

SHOWN = 8


def main(asked: str, prior_set: str = "history", folder: str = ".") -> None:
    """Print P by thirds of each constant."""
    study = open_study(folder)
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
    print(f"{asked}, {study.scenarios[0].name}, {prior_set}: P = {hit.mean():.2f}")
    rows = []
    for name, values in draws.values.items():
        elements = np.ndindex(values.shape[:-1])
        for at in elements:
            drawn = values[at]
            if np.ptp(drawn) == 0:
                continue
            low, high = np.quantile(drawn, [1 / 3, 2 / 3])
            below, above = hit[drawn <= low].mean(), hit[drawn >= high].mean()
            dims = study.model[name].dims
            where = ",".join(study.model.elements(d)[i] for d, i in zip(dims, at, strict=True))
            label = f"{name}[{where}]" if where else name
            rows.append((abs(above - below), below, above, label))
    print("  lowest third  highest third  constant")
    for _, below, above, label in sorted(rows, reverse=True)[:SHOWN]:
        print(f"  {below:12.2f}  {above:13.2f}  {label}")


if __name__ == "__main__":
    main(*sys.argv[1:])
