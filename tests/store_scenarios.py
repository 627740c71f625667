"""Summarise each scenario of the study and store it: ``python -m tests.store_scenarios``.

64 members, seed 1, a Latin hypercube of the history priors: median, 5% and 95% of total nominal
output in 2025, and mean outlay from 2020 to 2025. A change of the model, the priors, the
forcing or the scenarios changes them; the test that reads them then names this command.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from sdensemble import compile_model, open_study, run_ensemble
from sdensemble.ensemble.draws import draw
from sdensemble.study import Study

ROOT = Path(__file__).resolve().parent.parent
STORED = Path(__file__).with_name("golden") / "scenarios.csv"
COLUMNS = ("median", "p05", "p95", "mean_outlay")
YEAR = 2025


def summaries(study: Study) -> dict[str, tuple[float, ...]]:
    """Return the summary of every scenario, in the order of COLUMNS."""
    draws = draw(study.priors(), study.model, 64, seed=1, method="latin")
    keep = {"total nominal output": "annual", "treasury outlay": "annual"}
    kernel = compile_model(study.model)
    found = run_ensemble(kernel, study.scenarios, draws, study.forcing, keep=keep)
    output = found["total nominal output"].sel(year=YEAR)
    outlay = found["treasury outlay"].sel(year=slice(2020, YEAR)).sum("year")
    out = {}
    for name in (scenario.name for scenario in study.scenarios):
        values = output.sel(scenario=name).values
        quantiles = np.quantile(values, [0.5, 0.05, 0.95])
        out[name] = (*map(float, quantiles), float(outlay.sel(scenario=name).mean()))
    return out


def load() -> dict[str, tuple[float, ...]]:
    """Return the stored summaries."""
    with STORED.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {row["scenario"]: tuple(float(row[column]) for column in COLUMNS) for row in rows}


def main() -> None:
    """Run the scenarios and store what they give."""
    with STORED.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("scenario", *COLUMNS))
        for name, values in summaries(open_study(ROOT)).items():
            writer.writerow((name, *(repr(value) for value in values)))


if __name__ == "__main__":
    main()
