"""Tests of levers and of loops: more gives more, ever less of it, and what a loop is for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from sdengine.kernel import Trajectories
from sdensemble.checks.finding import Bars, Found, Given, judged
from sdensemble.checks.runs import BASELINE, Bench, element, in_year
from sdensemble.inputs.loops import Loop, read_loops
from sdensemble.lang import LANGS, Words, in_all, joined, phrase
from sdensemble.results.estimate import Array, Estimate, mean_of
from sdensemble.results.probability import distinguishable


def monotone(bench: Bench, given: Given) -> Found:
    """V25: more of a lever never lowers what it is meant for, over doses and members.

    What happens to the rest of the headline (displacement) is reported, not judged. ``common``
    settings hold in every run.
    """
    name, rest = given["variable"], given["displaced"]
    bench.needs([name, rest["variable"]])
    rows, worst = [], 1.0
    common = given.get("common", {})
    start = bench.run(bench.case(common), totals=[name, rest["variable"]])
    for lever, (constant, doses) in _doses(given).items():
        before = in_year(start, name, bench.asked)
        first, shares = before, []
        other = np.zeros_like(before)
        for dose in doses:
            settings = {**common, constant: {"value": dose, "start": given["start"]}}
            run = bench.run(bench.case(settings), totals=[name, rest["variable"]])
            now = in_year(run, name, bench.asked)
            tiny = given["felt"] * np.abs(before)
            shares.append(float((now >= before - tiny).mean()))
            before = now
            other = _displaced(bench, rest, run) - _displaced(bench, rest, start)
        worst = min(worst, *shares)
        gain = float((before - first).mean())
        rows.append(
            {
                "lever": lever,
                "doses": str(doses),
                "gain": gain,
                "least share of members not hurt by a step": min(shares),
                "change of the rest": float(np.mean(other)),
            }
        )
    said = phrase("result.monotone", n_rows=len(rows), worst=worst)
    return judged(worst >= given["share"], said, worst, rows=tuple(rows))


def _displaced(bench: Bench, rest: Mapping[str, str], run: Trajectories) -> Array:
    return element(
        bench.model, rest["variable"], in_year(run, rest["variable"], bench.asked), rest["element"]
    )


def _doses(given: Given) -> dict[str, tuple[str, list[float]]]:
    """Return lever → (constant, doses above the baseline, least first)."""
    return {name: (name, list(doses)) for name, doses in given["doses"].items()}


def diminishing(bench: Bench, given: Given) -> Found:
    """V26: a further unit of a lever never buys more than the one before, within a tolerance."""
    rows, worst = [], 0.0
    for lever, (constant, doses) in _doses(given).items():
        effects = [0.0]
        base = _mean(bench, {})
        for dose in doses:
            settings = {constant: {"value": dose, "start": given["start"]}}
            effects.append(_mean(bench, settings) - base)
        own = float(np.asarray(bench.model[constant].value))
        slopes = np.diff(effects) / np.diff([own, *doses])
        rise = float(np.max(np.diff(slopes), initial=-np.inf) / max(np.abs(slopes).max(), 1e-12))
        worst = max(worst, rise)
        rows.append(
            {
                "lever": lever,
                "doses": str(doses),
                "effect per unit": ", ".join(f"{s:.4g}" for s in slopes),
                "largest rise": rise,
            }
        )
    said = phrase("result.diminishing", max_worst_0=max(worst, 0))
    return judged(worst <= given["tolerance"], said, worst, rows=tuple(rows))


def _mean(bench: Bench, settings: Mapping[str, Any]) -> float:
    run = bench.run(bench.case(settings), totals=[bench.headline])
    return float(in_year(run, bench.headline, bench.asked).mean())


def knockout(bench: Bench, given: Given) -> Found:
    """V27: opening a named loop moves a result in the expected direction, over the members.

    Each of ``expected`` names a ``loop``, what to watch (``variable``, ``element``, ``year``)
    and the direction: "lower" or "higher". With ``lever`` (settings) it is the lever's effect
    that is watched; with ``common`` both runs have those settings too, and ``scenario`` names
    another scenario than the baseline to start from.
    """
    loops = {loop.id: loop for loop in read_loops(bench.study.folder / given["file"], bench.model)}
    rows, wrong, missing = [], 0, []
    for one in given["expected"]:
        loop = loops.get(one["loop"])
        if loop is None or not loop.cut:
            missing.append(one["loop"])
            continue
        found, level = _knocked(bench, loop, one)
        right = (found.mean < 0) == (one["direction"] == "lower")
        holds = right and distinguishable(found)
        wrong += not holds
        rows.append(
            {
                "loop": loop.id,
                **loop.title,
                "watched": one["variable"],
                "of a lever": "lever" in one,
                "expected": one["direction"],
                "change": found.mean,
                "error": found.se,
                "level": level,
                "holds": holds,
            }
        )
    wrong += len(missing)
    right = len(rows) - wrong + len(missing)
    said: Words = phrase("result.knockout", n=len(rows), right=right)
    if missing:
        said = joined([said, phrase("result.no_cut", loops=", ".join(missing))], "clause")
    bars = _loop_bars(bench, rows)
    return judged(wrong == 0, said, float(wrong), rows=tuple(rows), bars=bars)


def _knocked(bench: Bench, loop: Loop, one: Mapping[str, Any]) -> tuple[Estimate, float]:
    """Return the change when a loop is opened, and the mean of what is watched, no lever moved."""
    common = dict(one.get("common", {}))
    whole, level = _watched(bench, one, common, ())
    cut, _ = _watched(bench, one, common, loop.cut)
    return mean_of(cut - whole, np.zeros(len(cut), dtype=int)), float(level.mean())


def _watched(
    bench: Bench, one: Mapping[str, Any], common: Mapping[str, Any], cut: Sequence[Any]
) -> tuple[Array, Array]:
    """Return the result, or a lever's effect on it, and the result with no lever moved."""
    name = one["variable"]
    bench.needs([name])

    def value(settings: Mapping[str, Any]) -> Array:
        case = bench.case({**common, **settings}, one.get("scenario", BASELINE))
        named = {setting.constant for setting in cut}
        kept = (s for s in case.settings if s.constant not in named)
        run = bench.run(replace(case, settings=(*kept, *cut)), totals=[name])
        year = in_year(run, name, one.get("year", bench.asked))
        return element(bench.model, name, year, str(one.get("element", "")))

    level = value({})
    return (value(one["lever"]) - level if "lever" in one else level), level


def _loop_bars(bench: Bench, rows: Sequence[Mapping[str, Any]]) -> Bars:
    axis = in_all(phrase("result.loop_axis"))
    return Bars(
        axis,
        tuple(
            {lang: f"{row['loop']} {row.get(lang, row['en'])}" for lang in LANGS} for row in rows
        ),
        tuple(100 * row["change"] / row["level"] for row in rows),
        tuple(200 * row["error"] / row["level"] for row in rows),
        "%",
    )
