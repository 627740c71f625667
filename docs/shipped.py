"""Renew every number the pages quote: ``python docs/shipped.py --write`` (a few minutes).

It runs the shipped study (ex ante in both languages, with all figures published, and under every
structure), writes docs/shipped.json, and puts the values where the pages have markers: the table
between ``<!-- values -->`` and ``<!-- end of values -->``, cell by cell in its order, and single
values between ``<!--=name-->`` and ``<!--/-->``. The fan charts of the READMEs are copied from the
run. The words of every row and sentence stay as they are. A page that shows some rows names them
in its first marker: ``<!-- values: p total_2030, output 2030 -->``.

``python docs/shipped.py --fill`` only puts stored values into pages that were edited.
``python docs/shipped.py`` says what is out of date: docs/shipped.json holds the digests of the
files its values rest on, and the tests compare them and every page.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from what_p_hangs_on import thirds

from sdengine.model.describe import levers
from sdensemble import open_study
from sdensemble.outputs.heads import read_csv
from sdensemble.outputs.rounding import in_ten, measured
from sdensemble.study import Study
from sdensemble.verbs.run_options import RunOptions
from sdensemble.verbs.run_study import run_study
from sdensemble.verbs.run_variants import run_variants

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "docs" / "shipped.json"
OUT = ROOT / "outputs"
RUNS = {"en": OUT / "shipped", "zh": OUT / "shipped-zh"}
LATEST, STRUCTURES = OUT / "shipped-latest", OUT / "shipped-structures"
FIGURES = {"en": "fan-total.png", "zh": "fan-total.zh.png"}
PAGES = {
    "README.md": "en",
    "README.zh.md": "zh",
    "docs/results.md": "en",
    "docs/results.zh.md": "zh",
    "docs/briefing.md": "en",
    "docs/briefing.zh.md": "zh",
    "scenarios/README.md": "en",
}
TABLE = re.compile(r"(<!-- values(?:: (.*?))? -->)(.*?)(<!-- end of values -->)", re.DOTALL)
MARK = re.compile(r"(<!--=([\w ]+)-->)(.*?)(<!--/-->)", re.DOTALL)
MEMBERS = 2048
"""Of every run here: the shipped default."""
COLUMNS = (
    ("history", RUNS["en"], "ensemble.nc"),
    ("plan", RUNS["en"], "ensemble-plan.nc"),
    ("history", LATEST, "ensemble.nc"),
)
PACKAGES = ("opinion-bundle", "plant-grants", "land-quota")
SHOWN = ("baseline", *PACKAGES, "all")
PURSES = ("central", "province", "county")
HORIZONS = ("2025", "2028", "2030")
TARGETS = ("total_2030", "total_2025", "total_2030_as_reported", "total_2025_as_reported")
HANGS_ON = (
    "past reported growth",
    "output to sales ratio",
    "scope drift",
    "market nominal growth",
    "inflation",
)
RESTS_ON = (
    "calibration/priors.toml",
    "calibration/forcing.toml",
    "calibration/fit.toml",
    "calibration/history.csv",
    "calibration/posterior.nc",
    "scenarios/targets.csv",
    "scenarios/instruments.csv",
    *(f"scenarios/{name}.toml" for name in SHOWN),
)
Row = dict[str, str]
Values = dict[str, dict[str, str]]


# ── reading a run ──────────────────────────────────────────────────────────────────────────


def read(path: Path) -> list[Row]:
    """Return the rows of a table of a run."""
    return read_csv(path)


def facts(folder: Path) -> dict[str, Any]:
    """Return the record of a run."""
    return json.loads((folder / "run.json").read_text(encoding="utf-8"))


def chances(folder: Path, prior_set: str = "history") -> dict[tuple[str, str], Row]:
    """Return the rows of probabilities.csv by target and scenario."""
    rows = read(folder / "probabilities.csv")
    return {(r["target"], r["scenario"]): r for r in rows if r["prior_set"] == prior_set}


def horizon_rows(folder: Path, prior_set: str = "history") -> dict[tuple[str, str, str], Row]:
    """Return the rows of horizons.csv by scenario, year and span."""
    rows = read(folder / "horizons.csv")
    return {(r["scenario"], r["year"], r["span"]): r for r in rows if r["prior_set"] == prior_set}


def parts(folder: Path, condition: str, prior_set: str = "history") -> list[Row]:
    """Return the rows of conditions.csv of one condition."""
    rows = read(folder / "conditions.csv")
    return [r for r in rows if (r["condition"], r["prior_set"]) == (condition, prior_set)]


def measure(value: str, error: str) -> str:
    """Return an effect or ratio with its error; a dash where there is none."""
    return measured(float(value), float(error or "nan"), 2) if value else "—"


def percent(p: float) -> str:
    """Return a probability as the pages write it."""
    return "<1%" if p < 0.005 else ">99%" if p > 0.995 else f"{p:.0%}"


def with_error(row: Row | None) -> str:
    """Return a probability and its Monte Carlo error in points; empty where there is no row."""
    if row is None:
        return ""
    p = float(row["p"])
    shown = percent(p)
    return shown if shown[0] in "<>" else f"{shown} ±{max(1, round(100 * float(row['mc_error'])))}"


# ── the values ─────────────────────────────────────────────────────────────────────────────


def column(study: Study, prior_set: str, folder: Path, file: str) -> Iterator[tuple[str, str]]:
    """Yield the label of each row of the table and its value in one column."""
    found = chances(folder, prior_set)
    for target in TARGETS:
        yield f"p {target}", with_error(found.get((target, "baseline")))
    scope = parts(folder, "scope", prior_set)
    shown = [percent(float(r["value"])) for r in scope if r["outcome"] == "total_2025"]
    yield "p by scope", " / ".join(shown)
    shares = {r["part"]: percent(float(r["share"])) for r in scope}
    yield "scope shares", " / ".join(shares[part] for part in sorted(shares))
    with xr.open_dataset(folder / file) as run:
        total = run["total_nominal_output"].sel(scenario="baseline").load()
    for year in (2030, 2025):
        low, median, high = np.quantile(total.sel(year=year), [0.05, 0.5, 0.95])
        yield f"output {year}", f"{median:.0f} ({low:.0f}–{high:.0f})"
    for scenario in ("all",):
        yield f"p {scenario}", with_error(found.get(("total_2030", scenario)))
    by_year = horizon_rows(folder, prior_set)
    for scenario in PACKAGES:
        own = [by_year.get((scenario, year, "year")) for year in HORIZONS]
        shown = [measure(r["difference"], r["error"]) if r else "" for r in own]
        yield f"effect {scenario}", " / ".join(shown)
        medians = [f"{float(r['median']):+.1f}".replace("-", "−") if r else "" for r in own]
        yield f"median {scenario}", " / ".join(medians)
        total_row, last = by_year[scenario, "2030", "cumulative"], by_year[scenario, "2030", "year"]
        yield f"cumulative {scenario}", measure(total_row["difference"], total_row["error"])
        yield f"treasury {scenario}", f"{float(last['treasury']):.1f}"
        yield f"per treasury {scenario}", measure(last["per_treasury"], last["per_treasury_error"])
        yield f"forgone {scenario}", f"{float(last['forgone']):.1f}"
        yield f"per forgone {scenario}", measure(last["per_forgone"], last["per_forgone_error"])
    land = parts(folder, "land", prior_set)
    shares = {r["part"]: percent(float(r["share"])) for r in land}
    yield "land shares", " / ".join(shares[part] for part in sorted(shares))
    for scenario in ("plant-grants", "land-quota"):
        own = [
            r for r in land if (r["kind"], r["scenario"], r["year"]) == ("effect", scenario, "2030")
        ]
        own.sort(key=lambda r: r["part"])
        yield f"land {scenario}", " / ".join(measure(r["value"], r["error"]) for r in own)
    for target in ("total_2025_constant_prices", "all_eleven_2025"):
        yield target, percent(float(found[target, "baseline"]["p"]))
    growth = total.sel(year=2022).values / total.sel(year=2020).values
    low, median, high = 100 * (np.sqrt(np.quantile(growth, [0.05, 0.5, 0.95])) - 1)
    yield "growth 2022", f"{median:.0f}% ({low:.0f}–{high:.0f})"
    ex_ante = folder != LATEST
    rows = thirds(study, "total_2030", prior_set)[1] if ex_ante else []
    by_constant = {row.constant: row for row in rows}
    for name in HANGS_ON:
        row = by_constant.get(name)
        yield f"thirds {name}", f"{percent(row.lowest)} / {percent(row.highest)}" if row else ""


def same(value: object) -> dict[str, str]:
    """Return a value that reads the same in both languages."""
    return {"en": str(value), "zh": str(value)}


def words(*rows: Mapping[str, str]) -> dict[str, str]:
    """Return the range of probabilities in words, as a run tells it: with the error of each."""
    each = sorted((float(row["p"]), float(row["mc_error"])) for row in rows)
    (low, low_error), (high, high_error) = each[0], each[-1]
    return {lang: in_ten(low, high, lang, low_error, high_error) for lang in ("en", "zh")}


def counts(study: Study) -> Iterator[tuple[str, object]]:
    """Yield what the pages count in the files."""
    model, constants = study.model, study.model.constants()
    yield "variables", len(model.variables)
    yield "constants", len(constants)
    yield "assumed", sum(constant.note.assumption for constant in constants)
    yield "levers", len(levers(model))
    rows = [goal for goal in study.goals if goal.source_row]
    roles = Counter(goal.role for goal in rows)
    yield "targets", len(rows)
    yield "scored", roles["outcome"] + roles["reference"]
    yield "set as lever", roles["lever"]
    yield "not simulated", roles["indicator"]
    yield "instruments", len(study.instruments)
    texts = [constant.note.source for constant in constants]
    texts += [p.basis for name in study.prior_sets() for p in study.priors(name).items]
    named = [row for text in texts for *_, row in study.sources.cited(text)]
    yield "effects", len({row.id for row in named if row.table == "effects"})
    yield "refused", sum(bool(one.refused_en) for one in study.instruments)


def over_structures() -> Iterator[tuple[str, object]]:
    """Yield the range of P and of the packages' effects over the structures."""
    rows = read(STRUCTURES / "variants.csv")
    # a structure that changes nothing is not another one
    names = {
        row["variant"]
        for row in rows
        if row["scenario"] == "baseline"
        and row["variant"] not in ("range", "mixture")
        and not row["same_as"]
    }
    yield "structures", len(names)
    for row in rows:
        if (row["kind"], row["scenario"], row["variant"]) == ("probability", "baseline", "range"):
            for target, name in (("total_2030", "2030"), ("total_2025", "2025")):
                if row["target"] == target:
                    yield f"structures low {name}", percent(float(row["low"]))
                    yield f"structures high {name}", percent(float(row["high"]))
        told = (row["kind"], row["variant"], row["year"]) == ("effect", "range", "2030")
        if told and row["scenario"] in PACKAGES:
            label = row["scenario"].replace("-", " ")
            low, high = (f"{float(row[end]):+.1f}".replace("-", "−") for end in ("low", "high"))
            yield f"range {label}", f"{low} … {high}"


def inline(study: Study) -> Values:
    """Return every single value the pages quote, by name and language."""
    found = {name: chances(folder) for name, folder in (("ante", RUNS["en"]), ("now", LATEST))}
    plan = chances(RUNS["en"], "plan")
    values = {name: same(value) for name, value in (*counts(study), *over_structures())}
    for year in ("2030", "2025"):
        asked = f"total_{year}", "baseline"
        each = [found["ante"][asked], plan[asked], found["now"][asked]]
        ante, planned, now = (float(row["p"]) for row in each)
        values[f"in ten {year}"] = words(*each[:2])
        values[f"in ten latest {year}"] = words(each[2])
        values[f"in ten all {year}"] = words(*each)
        for name, p in (("p history", ante), ("p plan", planned), ("p latest", now)):
            values[f"{name} {year}"] = same(percent(p))
        reported = float(found["now"][f"total_{year}_as_reported", "baseline"]["p"])
        values[f"p reported {year}"] = same(percent(reported))
    by_year = horizon_rows(LATEST)
    for scenario in PACKAGES:
        label = scenario.replace("-", " ")
        last = by_year[scenario, "2030", "year"]
        values[f"outlay {label}"] = same(f"{float(last['treasury']):.0f}")
        values[f"forgone {label}"] = same(f"{float(last['forgone']):.1f}")
        values[f"effect {label}"] = same(measure(last["difference"], last["error"]))
        values[f"per treasury {label}"] = same(
            measure(last["per_treasury"], last["per_treasury_error"])
        )
        values[f"per forgone {label}"] = same(
            measure(last["per_forgone"], last["per_forgone_error"])
        )
    outlays = read(RUNS["en"] / "differences.csv")
    for scenario, payers in (("plant-grants", PURSES), ("land-quota", ("land_revenue",))):
        names = {f"{payer}_present_value" for payer in payers}
        wanted = (scenario, "2030", "history")
        own = [r for r in outlays if (r["scenario"], r["year"], r["prior_set"]) == wanted]
        paid = [float(r["difference"]) for r in own if r["outcome"] in names]
        values[f"present {scenario}".replace("-", " ")] = same(f"{sum(paid):.1f}")
    values["late"] = same(len(facts(RUNS["en"])["late_evidence"]))
    answer = (LATEST / "answer-en.txt").read_text(encoding="utf-8")
    fitted = re.search(r"vintage [\w-]+, (\d+) figures", " ".join(answer.split()))
    if fitted is None:
        raise SystemExit("the run with all figures used no posterior: renew it with calibrate")
    values["fitted"] = same(fitted[1])
    return values


# ── the pages ──────────────────────────────────────────────────────────────────────────────


def fill_table(page: str, rows: Mapping[str, list[str]]) -> str:
    """Return a page with the values of its table, row by row; a page without one as it is."""

    def put(table: re.Match[str]) -> str:
        labels = table[2].split(", ") if table[2] else list(rows)
        unknown = [label for label in labels if label not in rows]
        lines = table[3].splitlines(keepends=True)
        places = [k for k, line in enumerate(lines) if line.startswith("|")][2:]
        if unknown or len(places) != len(labels):
            raise SystemExit(f"{len(places)} rows for {len(labels)} labels; no row for {unknown}")
        for k, label in zip(places, labels, strict=True):
            head = lines[k].strip().strip("|").split(" | ")[0].strip()
            cells = " | ".join([f"| {head}", *rows[label]])
            lines[k] = cells.replace("|  |", "| |").rstrip() + " |\n"
        return table[1] + "".join(lines) + table[4]

    return TABLE.sub(put, page)


def fill(page: str, lang: str, stored: Mapping[str, Any]) -> str:
    """Return a page with every value it quotes; stop at a name that no value has."""

    def put(mark: re.Match[str]) -> str:
        if mark[2] not in stored["values"]:
            raise SystemExit(f'no value "{mark[2]}" (there are {", ".join(stored["values"])})')
        return mark[1] + stored["values"][mark[2]][lang] + mark[4]

    return MARK.sub(put, fill_table(page, stored["rows"]))


def stored_values() -> dict[str, Any]:
    """Return docs/shipped.json."""
    return json.loads(FILE.read_text(encoding="utf-8"))


def digests(study: Study) -> dict[str, str]:
    """Return the digests of what the values rest on."""
    known = study.digests()
    return {"model": study.model.digest} | {file: known.get(file, "") for file in RESTS_ON}


def stale(study: Study) -> list[str]:
    """Return what is out of date: files that changed since the run, and pages."""
    stored, now = stored_values(), digests(study)
    found = [file for file, digest in now.items() if stored["digests"].get(file) != digest]
    for name, lang in PAGES.items():
        page = (ROOT / name).read_text(encoding="utf-8")
        if page != fill(page, lang, stored):
            found.append(name)
    return found


def fill_pages() -> None:
    """Put the stored values into every page."""
    stored = stored_values()
    for name, lang in PAGES.items():
        page = (ROOT / name).read_text(encoding="utf-8")
        (ROOT / name).write_text(fill(page, lang, stored), encoding="utf-8", newline="\n")


# ── the one command ────────────────────────────────────────────────────────────────────────


def run_all(study: Study) -> None:
    """Run the shipped default in both languages, with all figures, and under every structure."""
    for lang, folder in RUNS.items():
        print(folder.relative_to(ROOT), flush=True)
        run_study(RunOptions(study=study, members=MEMBERS, lang=lang, out=folder))
    print(LATEST.relative_to(ROOT), flush=True)
    run_study(RunOptions(study=study, members=MEMBERS, lang="en", out=LATEST, as_of="latest"))
    print(STRUCTURES.relative_to(ROOT), flush=True)
    names = {"scenarios": ("baseline", *PACKAGES), "variants": ("all",)}
    run_variants(RunOptions(study=study, members=MEMBERS, lang="en", out=STRUCTURES, **names))


def write(study: Study) -> None:
    """Run, store the values and renew pages and figures."""
    before = digests(study)
    run_all(study)
    columns = [dict(column(study, *one)) for one in COLUMNS]
    rows = {label: [one[label] for one in columns] for label in columns[0]}
    if digests(open_study(ROOT)) != before:
        raise SystemExit("files of the study changed during the runs: start again")
    stored = {"digests": before, "rows": rows, "values": inline(study)}
    text = json.dumps(stored, ensure_ascii=False, indent=1)
    FILE.write_text(text + "\n", encoding="utf-8", newline="\n")
    fill_pages()
    for lang, name in FIGURES.items():
        shutil.copyfile(RUNS[lang] / "figures" / "fan.png", ROOT / "docs" / "figures" / name)
    for label, values in rows.items():
        print(label, *values, sep=" | ")
    for label, value in stored["values"].items():
        print(label, value["en"], sep=": ")


def main(*asked: str) -> None:
    """Renew, fill, or say what is out of date."""
    if asked == ("--write",):
        write(open_study(ROOT))
    elif asked == ("--fill",):
        fill_pages()
    elif not asked:
        found = stale(open_study(ROOT))
        for one in found:
            print(f"out of date: {one}")
        raise SystemExit(1 if found else 0)
    else:
        raise SystemExit(f"unknown: {' '.join(asked)} (there are --write and --fill)")


if __name__ == "__main__":
    main(*sys.argv[1:])
