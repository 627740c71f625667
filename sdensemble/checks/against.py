"""What a model is held against: a formula without stocks, published studies, naive forecasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdengine.errors import SDError
from sdensemble.checks.finding import Found, Given, judged
from sdensemble.checks.runs import Bench, at, element, in_year
from sdensemble.lang import Words, joined, phrase
from sdensemble.results.estimate import Array

SCREENED = 20
"""Drawn numbers a formula may add, those most correlated with what it leaves over."""


# ── a formula without stocks ───────────────────────────────────────────────────────────────


def fit_line(known: Array, wanted: Array) -> Array:
    """Return the least-squares coefficients, the constant first; known (case, regressor)."""
    design = np.column_stack([np.ones(len(known)), known])
    return np.asarray(np.linalg.lstsq(design, wanted, rcond=None)[0], float)


def line(known: Array, coefficients: Array) -> Array:
    """Return what coefficients of ``fit_line`` make of regressors (case, regressor)."""
    return coefficients[0] + known @ coefficients[1:]


def explained(wanted: Array, found: Array) -> float:
    """Return R²: the share of the variance that is explained, on cases the fit has not seen."""
    spread = float(((wanted - wanted.mean()) ** 2).sum())
    return 1 - float(((wanted - found) ** 2).sum()) / spread if spread > 0 else float("nan")


def screened(known: Array, left: Array, most: int) -> NDArray[np.int64]:
    """Return the columns of ``known`` (case, column) most correlated with ``left`` (case,)."""
    away = known - known.mean(axis=0)
    size = np.sqrt((away**2).sum(axis=0))
    with np.errstate(invalid="ignore", divide="ignore"):
        strength = np.abs(away.T @ (left - left.mean())) / size
    return np.argsort(-np.nan_to_num(strength))[:most]


def formula(bench: Bench, given: Given) -> Found:
    """Fit the best closed formula without stocks to half the members, and try it on the rest.

    The formula is the log of the headline as a line in the logs of ``products`` (each a product of
    the named variables by element, added up, over the year) and in the drawn numbers that most
    explain what is left. It is told beside the model for every year of ``years``, and for each
    lever's effect in the last of them. Passes while the formula cannot stand in for the model:
    R² at most ``most_r2`` or the same hits in at most ``most_agreement`` of the members.
    """
    products = [list(map(str, names)) for names in given["products"]]
    named = [name for names in products for name in names]
    bench.needs(named)
    own = [bench.model[name].name for name in named]
    varying = [name for name in own if bench.model[name].kind.value != "constant"]
    run = bench.run(bench.case({}), totals=[bench.headline, *dict.fromkeys(varying)])
    numbers = _numbers(bench)
    half = np.arange(bench.members) < bench.members // 2
    target = bench.study.report.question(bench.study.targets)
    rows: list[dict[str, Any]] = []
    base: dict[int, Array] = {}
    for year in given["years"]:
        wanted = in_year(run, bench.headline, year).reshape(-1)
        base[year] = wanted
        known = np.column_stack([_product(bench, run, names, year) for names in products])
        value = float(target.value or 0) if year == target.year else float(np.median(wanted))
        for more in (0, SCREENED):
            found = np.exp(_fitted(known, numbers, np.log(wanted), half, more))
            rows.append(
                {
                    "of": "level",
                    "year": year,
                    "drawn numbers added": more,
                    "R2": explained(np.log(wanted[~half]), np.log(found[~half])),
                    "same hits": float(((wanted > value) == (found > value))[~half].mean()),
                    "P model": float((wanted > value)[~half].mean()),
                    "P formula": float((found > value)[~half].mean()),
                    "above": value,
                }
            )
    last = given["years"][-1]
    known = np.column_stack([_product(bench, run, names, last) for names in products])
    for name, settings in given.get("levers", {}).items():
        moved = bench.run(bench.case(settings), totals=[bench.headline])
        gain = in_year(moved, bench.headline, last).reshape(-1) - base[last]
        found = _fitted(known, numbers, gain, half, SCREENED)
        rows.append(
            {
                "of": name,
                "year": last,
                "drawn numbers added": SCREENED,
                "R2": explained(gain[~half], found[~half]),
                "mean effect": float(gain.mean()),
            }
        )
    asked = [r for r in rows if r["of"] == "level" and r["year"] == last]
    best = max(asked, key=lambda row: row["R2"])
    r2, same = float(best["R2"]), float(best["same hits"])
    of_levers = [r["R2"] for r in rows if r["of"] != "level"]
    least, most = (min(of_levers), max(of_levers)) if of_levers else (0.0, 0.0)
    said = phrase("result.formula", last=last, r2=r2, same=same, least=least, most=most)
    passed = r2 <= given["most_r2"] or same <= given["most_agreement"]
    return judged(passed, said, r2, rows=tuple(rows))


def _fitted(
    known: Array, numbers: Array, wanted: Array, half: NDArray[np.bool_], more: int
) -> Array:
    """Return what a line fitted to one half makes of all members, (member,)."""
    if more:
        left = wanted[half] - line(known[half], fit_line(known[half], wanted[half]))
        known = np.column_stack([known, numbers[:, screened(numbers[half], left, more)]])
    return line(known, fit_line(known[half], wanted[half]))


def _numbers(bench: Bench) -> Array:
    """Return what the members draw as scores with mean 0 and variance 1, (member, number)."""
    found = []
    for values in bench.draws.values.values():
        flat = values.reshape(-1, bench.members)
        spread = flat.std(axis=1)
        moving = flat[spread > 0]
        found.append((moving - moving.mean(axis=1)[:, None]) / spread[spread > 0][:, None])
    return np.concatenate(found).T


def _product(bench: Bench, run: Any, names: Sequence[str], year: int) -> Array:
    """Return the log of a product of variables by element, added up, over a year, (member,)."""
    total: Array | float = 1.0
    for name in names:
        variable = bench.model[name]
        if variable.name in run.totals:
            value = in_year(run, variable.name, year)
        else:
            own = bench.draws.values.get(variable.name)
            shape = bench.model.shape(variable)
            fixed = np.broadcast_to(np.asarray(variable.value, float), shape)[..., None]
            value = fixed if own is None else own
        total = total * value
    added = np.asarray(total)
    added = added.reshape(-1, added.shape[-1]).sum(axis=0)
    return np.log(np.broadcast_to(added, (bench.members,)))


# ── published studies ──────────────────────────────────────────────────────────────────────


def studies(bench: Bench, given: Given) -> Found:
    """Evaluate each lever in the model as a study did outside, beside the published interval.

    Each of ``cases`` names ``settings`` (the treatment) and ``common`` (both runs), what is
    watched (``variable``, ``element``, ``year`` for the integral over it or ``at`` for a time) and
    the published ``low`` and ``high`` of the effect in per cent, with the ``row`` of evidence they
    are from. The effect is divided by its dose: a number ``dose``, or the mean change of another
    variable (``per``; ``relative`` to what it was, times ``factor``), and told for ``unit`` doses;
    with ``absolute`` it is no per cent but the difference itself. A case passes where the median
    over the members lies inside; ``reason`` says why one may lie outside.
    """
    rows, inside = [], []
    for case in given["cases"]:
        watched, per = case["watch"], case.get("per")
        names = [watched["variable"], *([per["variable"]] if per else [])]
        bench.needs(names)
        common = case.get("common", {})
        settings = {**common, **case["settings"]}
        runs = [
            bench.run(bench.case(one, case.get("scenario", "baseline")), names, names)
            for one in (common, settings)
        ]
        before, after = (_watched(bench, run, watched) for run in runs)
        effect = after - before if case.get("absolute") else 100 * (after / before - 1)
        dose = float(case.get("dose", 1))
        if per:
            low, high = (_watched(bench, run, per) for run in runs)
            change = high / low - 1 if per.get("relative") else high - low
            dose = float(np.mean(change)) * float(per.get("factor", 1))
        effect = effect / dose * float(case.get("unit", 1)) if dose else effect * np.nan
        known = effect[np.isfinite(effect)]
        found = np.quantile(known, [0.05, 0.5, 0.95]) if known.size else np.full(3, np.nan)
        within = bool(case["low"] <= found[1] <= case["high"])
        inside.append(within)
        rows.append(
            {
                "case": case["name"]["en"],
                "zh": case["name"]["zh"],
                "evidence": case["row"],
                "q05": found[0],
                "median": found[1],
                "q95": found[2],
                "mean": float(known.mean()) if known.size else float("nan"),
                "published low": case["low"],
                "published high": case["high"],
                "inside": within,
                "dose": dose,
                "reason": case.get("reason", {}).get("en", ""),
                "reason_zh": case.get("reason", {}).get("zh", ""),
            }
        )
    shown = joined(
        [
            phrase(
                "validation.against",
                name=case["name"],
                median=f"{row['median']:.2g}",
                low=f"{row['published low']:g}",
                high=f"{row['published high']:g}",
                mark="" if row["inside"] else " ✗",
            )
            for case, row in zip(given["cases"], rows, strict=True)
        ],
        "clause",
    )
    return judged(all(inside), shown, float(np.mean(inside)), rows=tuple(rows))


def _watched(bench: Bench, run: Any, one: Mapping[str, Any]) -> Array:
    """Return what is watched in a run, (member,): over a year, at a time, or over several years."""
    name, chosen = bench.model[one["variable"]].name, str(one.get("element", ""))
    if "at" in one:
        return element(bench.model, name, at(run, name, float(one["at"])), chosen)
    years = one["year"] if isinstance(one["year"], list) else [one["year"]]
    total = sum(in_year(run, name, year) for year in range(int(years[0]), int(years[-1]) + 1))
    return element(bench.model, name, np.asarray(total), chosen)


# ── scores ─────────────────────────────────────────────────────────────────────────────────


def scores(bench: Bench, given: Given) -> Found:
    """Forecast every later figure from every origin; score it against forecasts without a model.

    Passes where the model's mean CRPS (in logs) of the series named is no greater than that of
    the best rival, over the figures both have forecast.
    """
    from sdensemble.evidence.backtest import MODEL, backtest, pairs

    found = backtest(bench.study, prior_set=bench.prior_set, particles=int(given["particles"]))
    series = str(given["series"])
    own = [row for row in found.rows if row.series == series]
    rows = tuple(
        {
            "origin": r.origin,
            "year": r.year,
            "series": r.series,
            "method": r.method,
            "figure": r.value,
            "CRPS": r.score.crps,
            "log score": r.score.log_score,
        }
        for r in found.rows
    )
    means = {}
    for rival in sorted({row.method for row in own} - {MODEL}):
        if both := pairs(own, rival):
            mine, theirs = np.mean([[ours.crps, other.crps] for ours, other in both], axis=0)
            means[rival] = float(mine), float(theirs), len(both)
    if not means:
        return judged(False, phrase("result.nothing_to_compare"), rows=rows)
    better = {name: mine <= theirs for name, (mine, theirs, _) in means.items()}
    titles = {one.name: one.title for one in bench.study.require_fit().baselines}
    told = joined(
        (
            phrase("result.score", who=titles[name], mine=mine, theirs=theirs, n=count)
            for name, (mine, theirs, count) in means.items()
        ),
        "clause",
    )
    said = phrase("result.scores", told=told)
    mean = float(np.mean([row.score.crps for row in own if row.method == MODEL]))
    return judged(all(better.values()), said, mean, rows=rows)


def refused(bench: Bench, given: Given) -> Found:
    """Each of ``cases`` (settings as a scenario file has them) must be refused, with its limit."""
    rows = []
    for case in given["cases"]:
        told = ""
        try:
            bench.case(case)
        except SDError as error:
            told = error.problems[0]
        rows.append({"settings": str(case), "refused": bool(told), "told": told})
    kept = [row for row in rows if not row["refused"]]
    said: Words = phrase("result.refused", n=len(rows) - len(kept))
    if kept:
        accepted = phrase("result.accepted", settings=str(kept[0]["settings"]))
        said = joined([said, accepted], "clause")
    return judged(not kept, said, float(len(kept)), rows=tuple(rows))
