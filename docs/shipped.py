"""Write docs/shipped.json and the table of both READMEs from the shipped run.

    python run_sim.py run --lang en --out outputs/shipped
    python docs/shipped.py [FOLDER OF THE RUN]

The last rows are P by thirds of a constant, as docs/what_p_hangs_on.py prints them. The digests of
the model, the priors and the forcing stand in the file: a test compares them and the table.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import xarray as xr
from what_p_hangs_on import thirds

from sdensemble import open_study
from sdensemble.study import Study

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "docs" / "shipped.json"
PAGES = (ROOT / "README.md", ROOT / "README.zh.md")
START, END = "<!-- values -->", "<!-- end of values -->"
SETS = {"history": "ensemble.nc", "plan": "ensemble-plan.nc"}
PACKAGES = ("opinion-bundle", "plant-grants", "land-quota")
PAYERS = ("province", "county", "land_revenue")
HANGS_ON = (
    "initial nominal demand growth",
    "output to sales ratio",
    "growth offset[other]",
    "inflation",
)
Row = dict[str, str]


def read(path: Path) -> list[Row]:
    """Return the rows of a table of the run."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def percent(p: float) -> str:
    """Return a probability as the page writes it."""
    return "<1%" if p < 0.005 else f"{p:.0%}"


def table(study: Study, folder: Path, prior_set: str) -> Iterator[tuple[str, str]]:
    """Yield the label of each row and its value under one prior set."""
    chances = {
        (row["target"], row["scenario"]): row
        for row in read(folder / "probabilities.csv")
        if row["prior_set"] == prior_set
    }
    moves = {
        (row["kind"], row["scenario"], row["outcome"]): row
        for row in read(folder / "differences.csv")
        if row["prior_set"] == prior_set and row["year"] == "2025"
    }
    for scenario in ("baseline", *PACKAGES, "all"):
        row = chances.get(("total_2025", scenario))
        error = f" ±{max(1, round(100 * float(row['mc_error'])))}" if row else ""
        yield f"p {scenario}", percent(float(row["p"])) + error if row else ""
    total = xr.open_dataset(folder / SETS[prior_set])["total_nominal_output"]
    total = total.sel(scenario="baseline")
    low, median, high = np.quantile(total.sel(year=2025), [0.05, 0.5, 0.95])
    yield "output", f"{median:.0f} ({low:.0f}–{high:.0f})"
    for scenario in PACKAGES:
        effect = moves["output", scenario, "total"]
        value, error = float(effect["difference"]), float(effect["error"])
        yield f"effect {scenario}", f"{value:+.1f} ±{max(error, 0.1):.1f}"
    for scenario in PACKAGES:
        paid = sum(float(moves["outlay", scenario, one]["difference"]) for one in PAYERS)
        effect = float(moves["output", scenario, "total"]["difference"])
        yield f"outlay {scenario}", f"{paid:.1f}"
        yield f"per outlay {scenario}", f"{effect / paid:.2f}"
    yield "helped", percent(float(moves["output", "land-quota", "total"]["share_helped"]))
    for target in ("total_2025_constant_prices", "all_eleven_2025"):
        yield target, percent(float(chances[target, "baseline"]["p"]))
    growth = total.sel(year=2021).values / total.sel(year=2020).values - 1
    low, median, high = 100 * np.quantile(growth, [0.05, 0.5, 0.95])
    yield "growth 2021", f"{median:.0f}% ({low:.0f}–{high:.0f})"
    by_constant = {row.constant: row for row in thirds(study, "total_2025", prior_set)[1]}
    for name in HANGS_ON:
        row_of = by_constant[name]
        yield f"thirds {name}", f"{percent(row_of.lowest)} / {percent(row_of.highest)}"


def fill(page: str, rows: dict[str, list[str]]) -> str:
    """Return a page with the values of its table, row by row; the words of each row stay."""
    before, part = page.split(START)
    part, after = part.split(END)
    lines = part.splitlines(keepends=True)
    places = [k for k, line in enumerate(lines) if line.startswith("|")][2:]
    if len(places) != len(rows):
        raise SystemExit(f"the table has {len(places)} rows, the run gives {len(rows)}")
    for k, values in zip(places, rows.values(), strict=True):
        label = lines[k].strip().strip("|").split(" | ")[0].strip()
        cells = " | ".join(value or "" for value in values)
        lines[k] = f"| {label} | {cells} |".replace("|  |", "| |") + "\n"
    return before + START + "".join(lines) + END + after


def digests(study: Study) -> dict[str, str]:
    """Return the digests of what the table rests on."""
    files = ("calibration/priors.toml", "calibration/forcing.toml")
    return {"model": study.model.digest, **{file: study.digests()[file] for file in files}}


def main(folder: str = "outputs/shipped") -> None:
    """Write the values."""
    study, place = open_study(ROOT), Path(folder)
    facts = json.loads((place / "run.json").read_text(encoding="utf-8"))
    run = {facts["model_digest"], *(e["priors_digest"] for e in facts["ensembles"])}
    now = digests(study)
    if run != {now["model"], now["calibration/priors.toml"]}:
        raise SystemExit(f"{folder} is a run of another model or of other priors: run it again")
    columns = [dict(table(study, place, prior_set)) for prior_set in SETS]
    rows = {label: [column[label] for column in columns] for label in columns[0]}
    text = json.dumps({"digests": now, "rows": rows}, ensure_ascii=False, indent=1)
    FILE.write_text(text + "\n", encoding="utf-8")
    for page in PAGES:
        page.write_text(fill(page.read_text(encoding="utf-8"), rows), encoding="utf-8")
    for label, values in rows.items():
        print(label, *values, sep=" | ")


if __name__ == "__main__":
    main(*sys.argv[1:])
