"""Behaviour and statistics: sensitivity, seeds, bands, benchmarks, and what is not run here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from sdengine.kernel import compile_model
from sdensemble.checks.conditions import condition, short_of
from sdensemble.checks.finding import (
    FAIL,
    NO_DATA,
    NOT_APPLICABLE,
    NOT_RUN,
    READ,
    Bars,
    Found,
    Given,
    judged,
    told,
)
from sdensemble.checks.runs import Bench, in_year, unlimited
from sdensemble.ensemble.draws import draw
from sdensemble.evidence.scores import crps_of
from sdensemble.inputs.config import read_toml
from sdensemble.inputs.history import Observation
from sdensemble.lang import Words, in_all, joined, phrase
from sdensemble.results.estimate import Array, mean_of

LEVELS = 4  # levels of the Morris design, at these points of each prior
POINTS = (0.125, 0.375, 0.625, 0.875)


# ── sensitivity ────────────────────────────────────────────────────────────────────────────


def morris_design(factors: int, paths: int, seed: int) -> Array:
    """Return levels (path, factors + 1, factor): each row moves one factor by half the levels.

    Source: Morris (1991), Technometrics 33: one-at-a-time paths through a grid.
    """
    rng = np.random.default_rng(seed)
    design = np.empty((paths, factors + 1, factors), dtype=int)
    for path in design:
        path[0] = rng.integers(0, LEVELS // 2, factors)
        up = rng.integers(0, 2, factors).astype(bool)
        path[0] += np.where(up, 0, LEVELS // 2)
        for k, factor in enumerate(rng.permutation(factors)):
            path[k + 1] = path[k]
            path[k + 1, factor] += LEVELS // 2 if up[factor] else -(LEVELS // 2)
    return design


def elementary_effects(design: Array, results: Array) -> Array:
    """Return the change of a result per step of each factor, (path, factor), signed upward."""
    steps = np.diff(design, axis=1)  # (path, step, factor): one entry of ±LEVELS/2 each
    moved = np.diff(results, axis=1)
    return np.einsum("psf,ps->pf", np.sign(steps), moved)


def morris(bench: Bench, given: Given) -> Found:
    """V33: elementary effects of every uncertain constant on the total and on levers' effects.

    Half-range steps between the 12.5, 37.5, 62.5 and 87.5% points of each prior, without
    shocks. Passes where the ranking of constants by mean absolute effect is the same in two
    halves of the paths; says in how many points the better of the first two levers changes.
    """
    names = list(bench.draws.values)
    grid = {n: np.quantile(bench.draws.values[n], POINTS, axis=-1) for n in names}
    design = morris_design(len(names), given["paths"], bench.seed)
    flat = design.reshape(-1, len(names))
    constants = {name: np.moveaxis(grid[name][flat[:, k]], 0, -1) for k, name in enumerate(names)}

    def total(settings: Mapping[str, Any]) -> Array:
        run = bench.run(
            bench.case(settings), totals=[bench.headline], drawn=False, constants=constants
        )
        return in_year(run, bench.headline, bench.asked).reshape(design.shape[:2])

    base = total({})
    results = {"total": base} | {n: total(s) - base for n, s in given["levers"].items()}
    rows, stable = [], []
    for what, values in results.items():
        effects = elementary_effects(design, values)
        mean, spread = np.abs(effects).mean(axis=0), effects.std(axis=0, ddof=1)
        half = len(effects) // 2
        parts = [np.abs(effects[:half]).mean(axis=0), np.abs(effects[half:]).mean(axis=0)]
        moving = mean > given["felt"] * mean.max()
        stable.append(float(spearmanr(parts[0][moving], parts[1][moving]).statistic))
        for rank, k in enumerate(np.argsort(-mean)[: given["shown"]], start=1):
            rows.append(
                {
                    "of": what,
                    "rank": rank,
                    "constant": names[k],
                    "mean absolute": mean[k],
                    "spread": spread[k],
                    "sign": np.sign(effects[:, k].mean()),
                }
            )
    first, second = list(given["levers"])[:2]
    better = results[first] > results[second]
    flip = float(min(better.mean(), 1 - better.mean()))
    worst = min(stable)
    top = [row for row in rows if row["of"] == "total"][:3]
    most = joined([short_of(bench.model, str(row["constant"])) for row in top])
    values = {"n": len(names), "points": len(flat), "worst": worst, "most": most, "flip": flip}
    said = phrase("result.morris", **values)
    drawn = [row for row in rows if row["of"] == "total"]
    axis = in_all(phrase("result.morris_axis", year=bench.asked))
    bars = Bars(
        axis,
        tuple(short_of(bench.model, str(r["constant"])) for r in drawn),
        tuple(float(str(r["mean absolute"])) for r in drawn),
        tuple(float(str(r["spread"])) / np.sqrt(len(design)) * 2 for r in drawn),
        bench.yearly_unit,
    )
    return judged(worst >= given["correlation"], said, worst, rows=tuple(rows), bars=bars)


# ── probability ────────────────────────────────────────────────────────────────────────────


def seeds(bench: Bench, given: Given) -> Found:
    """V34: P from disjoint seeds agrees within three standard errors of randomised Sobol points."""
    target = bench.study.report.question(bench.study.targets)
    value = float(target.value or 0.0)
    found, errors = [], []
    for seed in range(given["first"], given["first"] + given["seeds"]):
        draws = draw(bench.study.priors(bench.prior_set), bench.model, given["members"], seed=seed)
        other = Bench(bench.study, bench.kernel, given["members"], seed, bench.prior_set)
        other.__dict__["draws"] = draws
        run = other.run(bench.case({}), totals=[target.variable])
        hit = in_year(run, target.variable, bench.asked).reshape(-1) > value
        estimate = mean_of(hit.astype(float), draws.replicate)
        found.append(estimate.mean)
        errors.append(estimate.se)
    centre, error = float(np.mean(found)), float(np.sqrt(np.mean(np.square(errors))))
    worst = float(np.max(np.abs(np.array(found) - centre)) / error)
    shown = ", ".join(f"{p:.3f}" for p in found)
    said = phrase("result.seeds", shown=shown, error=error, worst=worst)
    return judged(worst <= given["errors"], said, worst)


def coverage(bench: Bench, given: Given) -> Found:
    """V31: on made-up observations the 90% band covers nine in ten, and PIT is uniform.

    Each of some members, with measurement noise, plays the observed world; the band and the PIT
    come from all others with noise of their own. Tests the machine of bands and ranks, not the
    model.
    """
    from scipy.stats import kstest

    names = [c for c in (bench.study.report.headline.components, bench.headline) if c]
    run = bench.run(bench.case({}), totals=names[:1])
    years = given["years"]
    values = np.array([in_year(run, names[0], y).reshape(-1, bench.members) for y in years])
    values = values.reshape(-1, bench.members)
    rng = np.random.default_rng(bench.seed)
    noisy = values * np.exp(given["noise"] * rng.standard_normal(values.shape))
    truths = rng.permutation(bench.members)[: given["truths"]]
    pit = []
    for truth in truths:
        others = np.delete(noisy, truth, axis=1)
        pit.append((others < noisy[:, [truth]]).mean(axis=1))
    ranks = np.array(pit)
    covered = float(((ranks > 0.05) & (ranks < 0.95)).mean())
    # Series of one world go together: one PIT a world is independent, the rest are not.
    p = float(kstest(ranks[:, -1], "uniform").pvalue)
    said = phrase("result.coverage", covered=covered, p=p, n_truths=len(truths))
    passed = abs(covered - 0.9) <= given["points"] and p > given["p"]
    return judged(passed, said, covered)


# ── against what was observed ──────────────────────────────────────────────────────────────


def _observed(bench: Bench, given: Given) -> list[Observation]:
    """Return the observations of a measure after the start of the run, by time."""
    found = [
        one
        for one in bench.study.history
        if one.measure == given["measure"] and one.sector == given["sector"]
    ]
    return sorted(found, key=lambda one: one.time)


def _forecast(bench: Bench, given: Given, year: float) -> Array:
    """Return the members' forecast of a year, scaled to the base year's observed level.

    The base year is known when the forecast is made; the growth since is the model's.
    """
    run = bench.run(bench.case({}), totals=[given["variable"]])
    now = in_year(run, given["variable"], year).reshape(-1)
    base = in_year(run, given["variable"], given["base_year"]).reshape(-1)
    level = next(o.value for o in _observed(bench, given) if int(o.time) == given["base_year"])
    noise = np.random.default_rng(bench.seed).standard_normal(now.size)
    return level * now / base * np.exp(given["noise"] * noise)


def band(bench: Bench, given: Given) -> Found:
    """V29: each held-out year lies inside the 90% interval of a forecast that did not see it."""
    bench.needs([given["variable"]])
    later = [o for o in _observed(bench, given) if o.time > given["base_year"]]
    if not later:
        return no_data(bench, given)
    rows, outside = [], 0
    for one in later:
        low, middle, high = np.quantile(_forecast(bench, given, int(one.time)), [0.05, 0.5, 0.95])
        inside = bool(low <= one.value <= high)
        outside += not inside
        rows.append(
            {
                "year": int(one.time),
                "observed": one.value,
                "low": float(low),
                "median": float(middle),
                "high": float(high),
                "inside": inside,
            }
        )
    parts = [f"{r['year']}: {r['observed']:g} ({r['low']:.0f}–{r['high']:.0f})" for r in rows]
    values = {"n": len(rows), "outside": outside, "parts": joined(parts, "within")}
    said = phrase("result.band", **values)
    return judged(outside == 0, said, float(outside), rows=tuple(rows))


def naive(bench: Bench, given: Given) -> Found:
    """V40: the model's forecast of held-out years scores better than a trend with error bars.

    The benchmark goes on at the mean growth before the base year, with ``spread`` as the sd of
    a year's log growth, known as early as the model's forecast.
    """
    bench.needs([given["variable"]])
    seen = _observed(bench, given)
    before = [o for o in seen if o.time <= given["base_year"]]
    later = [o for o in seen if o.time > given["base_year"]]
    if len(before) < 2 or not later:
        return no_data(bench, given)
    first, last = before[0], before[-1]
    growth = np.log(last.value / first.value) / (last.time - first.time)
    rng = np.random.default_rng(bench.seed)
    ours, theirs, rows = 0.0, 0.0, []
    for one in later:
        ahead = one.time - last.time
        steps = rng.standard_normal(given["draws"]) * given["spread"] * np.sqrt(ahead)
        trend = last.value * np.exp(growth * ahead + steps)
        scores = (
            crps_of(_forecast(bench, given, int(one.time)), one.value),
            crps_of(trend, one.value),
        )
        ours, theirs = ours + scores[0] / len(later), theirs + scores[1] / len(later)
        rows.append(
            {
                "year": int(one.time),
                "observed": one.value,
                "CRPS, model": scores[0],
                "CRPS, trend": scores[1],
            }
        )
    said = phrase("result.naive", ours=ours, growth=np.expm1(growth), theirs=theirs)
    return judged(ours < theirs, said, ours / theirs, rows=tuple(rows))


# ── another member of the family ───────────────────────────────────────────────────────────


def family(bench: Bench, given: Given) -> Found:
    """V38: with another place's made-up numbers the model still runs, balances and behaves.

    ``file`` is a TOML of settings beside the model, labelled as made up, which may leave the
    limits of constants; expectations are as in the extreme conditions.
    """
    path = bench.study.folder / given["file"]
    if not path.is_file():
        return told(NO_DATA, phrase("result.no_file", file=given["file"]))
    content, _ = read_toml(path)
    other = replace(bench, kernel=replace(bench.kernel, model=unlimited(bench.model)))
    return condition(other, {**given, "settings": content["settings"]})


# ── what others have run, or nobody can ────────────────────────────────────────────────────


def stored(bench: Bench, given: Given) -> Found:
    """V32 and other long jobs: a number that an earlier command left in a file of the study.

    ``key`` leads to it. A "*" in the key stands for every entry there: the least of them counts,
    times their number where ``corrected`` (Bonferroni's correction of p-values, at most 1).
    """
    path = bench.study.folder / given["file"]
    how = given["command"]
    if not path.is_file():
        return told(NOT_RUN, phrase("result.not_run", how=how))
    try:
        value: Any = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(value, dict) and value.get("model_digest") not in (None, bench.model.digest):
            return told(NOT_RUN, phrase("result.other_model", how=how))
        found = _stored(value, list(given["key"]))
        number = min(found) * (len(found) if given.get("corrected") else 1)
        number = min(number, 1.0) if given.get("corrected") else number
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError):
        return told(NOT_RUN, phrase("result.lacks_number", file=given["file"]))
    low, high = given.get("low", -np.inf), given.get("high", np.inf)
    said: Words = f"{number:.4g}"
    if len(found) > 1:
        said = phrase("result.least_of", number=number, n=len(found))
    return judged(low <= number <= high, said, number)


def _stored(value: Any, keys: list[Any]) -> list[float]:
    """Return the numbers at the end of a path of keys, of which "*" means every one."""
    if not keys:
        return [float(value)]
    if keys[0] != "*":
        return _stored(value[keys[0]], keys[1:])
    return [number for one in value.values() for number in _stored(one, keys[1:])]


def no_data(bench: Bench, given: Given) -> Found:
    """Return that a test lacks its data, or, where ``why`` says so, that it is not applicable."""
    why = given.get("why", in_all(phrase("result.no_data")))
    apart = str(why["en"]).casefold().startswith("not applicable")
    return Found(NOT_APPLICABLE if apart else NO_DATA, why)


def review(bench: Bench, given: Given) -> Found:
    """Return a written review: read, not run. Without its text the review is missing."""
    path = bench.study.folder / given["file"]
    if not path.is_file() or len(path.read_text(encoding="utf-8").strip()) < 200:
        return told(FAIL, phrase("result.no_review", file=given["file"]))
    return told(READ, phrase("result.review", file=given["file"]))


def variant_runs(bench: Bench, given: Given) -> Found:
    """Every structural variant runs to the end and gives finite, positive totals."""
    from sdensemble.ensemble.members import MemberKey, Members
    from sdensemble.ensemble.variants import apply

    members = Members(bench.draws, bench.study.forcing, MemberKey(bench.study.information))
    rows, bad = [], 0
    for variant in bench.study.variants:
        applied = apply(variant, members, (bench.case({}),))
        kernel = compile_model(applied.model)
        quarter = max(1, round(1 / applied.model.clock.step) // 4)
        run = kernel.run(
            applied.members.draws.values,
            totals=[bench.headline],
            every=quarter,
            members=bench.members,
        )
        total = in_year(run, bench.headline, bench.asked)
        wrong = int((~np.isfinite(total) | (total <= 0)).sum() + (run.first_bad != -1).sum())
        bad += wrong
        rows.append({"variant": variant.name, "median": float(np.median(total)), "bad": wrong})
    if not rows:
        return no_data(bench, given)
    said = phrase("result.variant_runs", n_rows=len(rows), bench_members=bench.members, bad=bad)
    return judged(bad == 0, said, float(bad), rows=tuple(rows))
