"""Structure-oriented behaviour: extreme conditions, step size, responses, knockouts, doses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from sdengine.kernel import Kernel, Trajectories
from sdengine.syntax import Model
from sdensemble.checks.finding import Found, Given, Panel, judged
from sdensemble.checks.runs import Bench, at, element, in_year, total_of
from sdensemble.inputs.naming import Amount, element_label, model_label
from sdensemble.inputs.scenarios import Scenario
from sdensemble.inputs.units import total_unit
from sdensemble.lang import Words, bracketed, joined, phrase
from sdensemble.results.estimate import Array


def condition(bench: Bench, given: Given) -> Found:
    """Run settings beside the same without them; hold numbers against bounds.

    Each of ``expect`` names a ``variable`` and its ``element`` (all summed without one, "each"
    for every one), a time ``at`` or ``year`` (the integral over it), or several in a list, and
    ``low`` and ``high`` of its ratio to ``of``: "base" (the run without the settings), "start"
    (its own first value), "first" (its own first year), another variable of the same run, or
    nothing (the number itself). With ``growth`` or ``growth_of`` (another variable) it is the
    yearly growth in logs between two times, less that of the other. With ``drawn`` the worlds
    are the members, of which ``share`` must hold. With ``beyond`` settings may lie outside the
    limits of the model. A setting of a variable that is no constant cuts its equation.
    """
    scenario, drawn = given.get("scenario", "baseline"), bool(given.get("drawn", False))
    common = given.get("common", {})
    expected = list(given["expect"])
    names = [one["variable"] for one in expected]
    others = [str(one.get(key, "")) for one in expected for key in ("of", "growth_of")]
    names += [other for other in others if other not in ("", "base", "start", "first")]
    bench.needs(names)
    names = list(dict.fromkeys(bench.model[name].name for name in names))
    beyond = bool(given.get("beyond", False))
    base = bench.run(bench.case(common, scenario, beyond=beyond), names, names, drawn=drawn)
    settings, kernel = bench.cut({**common, **given["settings"]})
    case = bench.case(settings, scenario, beyond=beyond)
    moved = bench.run(case, names, names, drawn=drawn, kernel=kernel)
    share = float(given.get("share", 1.0))
    rows, kept = [], []
    for one in expected:
        row = _expectation(bench, one, base, moved)
        row["holds"] = row.pop("holding") >= share
        rows.append(row)
        kept.append(row["holds"])
    shown = joined([_said(bench, row) for row in rows], "clause")
    panels = [_panel(bench, given["shows"], base, moved)] if given.get("shows") in names else []
    return judged(all(kept), shown, float(np.mean(kept)), rows=tuple(rows), panels=tuple(panels))


def _expectation(
    bench: Bench, one: Mapping[str, Any], base: Trajectories, moved: Trajectories
) -> dict[str, Any]:
    """Return one expectation with the worst of what was found, and the share that holds."""
    name, chosen = bench.model[one["variable"]].name, str(one.get("element", ""))
    low, high = float(one.get("low", -np.inf)), float(one.get("high", np.inf))
    of = str(one.get("of", ""))
    times = one.get("at", one.get("year"))
    yearly = "year" in one
    found = []
    if one.get("growth") or "growth_of" in one:
        found.append(_growth(bench, one, name, chosen, moved))
        of = LESS if "growth_of" in one else GROWTH
        times_each: list[Any] = []
    else:
        times_each = times if isinstance(times, list) else [times]
    for time in times_each:
        elements = _elements(bench, name) if chosen == "each" else (chosen,)
        for part in elements:
            value = _value(bench, moved, name, part, time, yearly)
            if of == "base":
                against = _value(bench, base, name, part, time, yearly)
            elif of == "start":
                against = element(bench.model, name, moved.values[name][0], part)
            elif of == "first":
                against = _value(bench, moved, name, part, bench.model.clock.start, True)
            elif of:
                against = _value(bench, moved, bench.model[of].name, part, time, yearly)
            else:
                against = np.ones_like(value)
            found.append(value / np.where(against == 0, np.nan, against))
    ratios = np.array(found)  # (time and element, member)
    inside = (ratios >= low - 1e-9) & (ratios <= high + 1e-9)
    centre = (max(low, -1e300) + min(high, 1e300)) / 2
    typical = ratios if ratios.shape[1] == 1 else np.median(ratios, axis=1, keepdims=True)
    worst = int(np.nanargmax(np.abs(typical - centre))) if np.isfinite(typical).any() else 0
    if not np.isfinite(low) or not np.isfinite(high):
        worst = int(np.nanargmin(typical)) if np.isfinite(low) else int(np.nanargmax(typical))
    return {
        "variable": name,
        "element": chosen,
        "time": str(times),
        "yearly": yearly,
        "of": of,
        "found": float(typical[worst, 0]),
        "low": low,
        "high": high,
        "members holding": float(inside.all(axis=0).mean()),
        "holding": float(inside.all(axis=0).mean()),
    }


def short_label(label: str) -> str:
    """Return a label without what explains it behind a colon."""
    head = label.split("：")[0].split(": ")[0]
    return head if len(head) > 1 else label


def _growth(
    bench: Bench, one: Mapping[str, Any], name: str, chosen: str, run: Trajectories
) -> Array:
    """Return yearly log growth between two times, less that of another variable if one is named."""
    begin, end = one["at"]

    def rate(of: str) -> Array:
        first, last = (_value(bench, run, of, chosen, t, False) for t in (begin, end))
        return np.log(np.maximum(last, 1e-300) / np.maximum(first, 1e-300)) / (end - begin)

    other = one.get("growth_of")
    return rate(name) - (rate(bench.model[other].name) if other else 0.0)


def _elements(bench: Bench, name: str) -> tuple[str, ...]:
    dims = bench.model[name].dims
    return bench.model.elements(dims[0]) if dims else ("",)


def _value(
    bench: Bench, run: Trajectories, name: str, chosen: str, time: float, yearly: bool
) -> Array:
    values = in_year(run, name, time) if yearly else at(run, name, time)
    return element(bench.model, name, values, chosen)


GROWTH, LESS = "growth", "growth less another's"
OF = ("base", "start", "first")
"""What a value may be held against beside another variable."""


def _said(bench: Bench, row: Mapping[str, Any]) -> Words:
    """Return a row of what was found in words."""
    times = [part.strip() for part in str(row["time"]).strip("[]").split(",")]
    return phrase(
        "validation.found",
        name=short_of(bench.model, row["variable"]),
        element=_element(bench, row),
        times=joined(times),
        ratio=_ratio(bench, row),
        mark="" if row["holds"] else " ✗",
    )


def short_of(model: Model, name: str) -> dict[str, str]:
    """Return a variable's label without what explains it, by language."""
    return {lang: short_label(text) for lang, text in model_label(model, name).items()}


def _element(bench: Bench, row: Mapping[str, Any]) -> Words:
    dims = bench.model[row["variable"]].dims
    if not row["element"] or not dims:
        return ""
    if row["element"] == "each":
        return phrase("validation.each")
    return bracketed([element_label(bench.model, dims[0], row["element"])])


def _ratio(bench: Bench, row: Mapping[str, Any]) -> Words:
    """Return what was found in words: per cent of what it is held against, or an amount."""
    of, share = row["of"], f"{100 * row['found']:.4g}%".replace("-", "−")
    if of == GROWTH:
        return phrase("validation.growth", share=share)
    if of == LESS:
        return phrase("validation.growth_less", points=share.removesuffix("%"))
    if of in OF:
        return phrase(f"validation.ratio_{of}", share=share)
    if of:
        name = bench.model[of].name
        label = {lang: text.split("; ")[0] for lang, text in short_of(bench.model, name).items()}
        return phrase("validation.ratio_of", label=label, share=share)
    name = row["variable"]
    unit = total_unit(bench.model, name) if row["yearly"] else bench.model[name].unit
    found = float(f"{float(row['found']):.4g}")
    return phrase("validation.amount", amount=Amount.of(bench.study.report, unit, found))


def _panel(bench: Bench, name: str, base: Trajectories, moved: Trajectories) -> Panel:
    def line(run: Trajectories) -> Array:
        return np.median(total_of(run, bench.model[name].name), axis=-1)

    return Panel(
        short_of(bench.model, name), bench.model[name].unit, base.times, line(base), line(moved)
    )


def _levers(bench: Bench, given: Given) -> Mapping[str, Scenario]:
    """Return the cases of a test's ``levers``: name → settings beside the baseline."""
    return {name: bench.case(settings) for name, settings in given["levers"].items()}


def _headline(bench: Bench, case: Scenario, kernel: Kernel, common: Mapping[str, Any]) -> float:
    merged = replace(
        case,
        settings=(
            *case.settings,
            *(s for s in bench.case(common).settings if s not in case.settings),
        ),
    )
    run = bench.run(merged, totals=[bench.headline], drawn=False, kernel=kernel)
    return float(in_year(run, bench.headline, bench.asked)[..., 0])


def _against_kernel(bench: Bench, given: Given, other: Kernel) -> tuple[float, float, list[Any]]:
    """Return the worst relative change of the total and of lever differences, and the rows."""
    rows, total, lever = [], 0.0, 0.0
    for place, common in given["places"].items():
        base = [_headline(bench, bench.case({}), k, common) for k in (bench.kernel, other)]
        total = max(total, abs(base[1] / base[0] - 1))
        for name, case in _levers(bench, given).items():
            moved = [_headline(bench, case, k, common) for k in (bench.kernel, other)]
            one, two = moved[0] - base[0], moved[1] - base[1]
            small = abs(one) < given["small"]
            change = abs(two - one) / max(abs(one), given["small"])
            lever = max(lever, change)
            rows.append(
                {
                    "place": place,
                    "lever": name,
                    "difference": one,
                    "difference, other": two,
                    "change": change,
                    "small": small,
                }
            )
    return total, lever, rows


def step_size(bench: Bench, given: Given) -> Found:
    """V20: halving the step hardly moves the total or the differences between levers.

    With ``halvings`` it is halved so many times, each held against the model's own.
    """
    total, lever, rows = 0.0, 0.0, []
    for power in range(1, int(given.get("halvings", 1)) + 1):
        one, two, more = _against_kernel(bench, given, bench.finer(2**power))
        total, lever = max(total, one), max(lever, two)
        rows += [{"step divided by": 2**power, **row} for row in more]
    finest = 2 ** int(given.get("halvings", 1))
    said = phrase(
        "result.step_size", finest=finest, bench_asked=bench.asked, total=total, lever=lever
    )
    passed = total <= given["total"] and lever <= given["lever"]
    return judged(passed, said, lever, rows=tuple(rows))


def integrator(bench: Bench, given: Given) -> Found:
    """V21: the classical Runge-Kutta method agrees with Euler's at the model's step."""
    total, lever, rows = _against_kernel(bench, given, bench.by_runge_kutta())
    said = phrase("result.integrator", bench_asked=bench.asked, total=total, lever=lever)
    passed = total <= given["total"] and lever <= given["lever"]
    return judged(passed, said, total, rows=tuple(rows))


def response(bench: Bench, given: Given) -> Found:
    """V23: a lasting step in an input settles, without much overshoot.

    The response is the ratio of the runs with and without, less one. It has settled from the
    first time after which it stays within ``band`` of its final value.
    """
    name = given["variable"]
    bench.needs([name])
    base = bench.run(bench.case({}), [name], drawn=False)
    moved = bench.run(bench.case(given["settings"]), [name], drawn=False)
    ratio = (total_of(moved, name) / total_of(base, name))[:, 0] - 1
    final = float(ratio[-4:].mean())
    overshoot = float(ratio.max() / final - 1) if final > 0 else float(ratio.min() / final - 1)
    outside = np.flatnonzero(np.abs(ratio - final) > given["band"] * abs(final))
    settled = float(base.times[outside[-1]] if outside.size else given["start"]) - given["start"]
    said = phrase("result.response", final=final, overshoot=overshoot, settled=settled)
    passed = overshoot <= given["overshoot"] and settled <= given["years"]
    panel = _panel(bench, name, base, moved)
    return judged(passed, said, overshoot, panels=(panel,))


def pulse(bench: Bench, given: Given) -> Found:
    """V24: after a shock that ends, half of the loss felt at its end is made up in time."""
    name, chosen = given["variable"], given["element"]
    bench.needs([name])
    base = bench.run(bench.case({}), [name], drawn=False, every=1)
    moved = bench.run(_pulse(bench, given), [name], drawn=False, every=1)
    values = [
        element(bench.model, name, np.moveaxis(r.values[name], 0, -2), chosen)
        for r in (base, moved)
    ]
    loss = 1 - (values[1] / values[0])[..., 0]
    end = given["start"] + given["length"]
    over = base.times >= end
    worst = float(loss.max())
    at_end = float(loss[base.times < end - 1e-9][-1])
    below = base.times[over][loss[over] <= at_end / 2]
    half = float(below[0] - end) if below.size else np.inf
    left = float(loss[-1])
    said = phrase("result.pulse", worst=worst, at_end=at_end, half=half, left=left)
    return judged(half <= given["years"] and worst > given["felt"], said, half)


def _pulse(bench: Bench, given: Given) -> Scenario:
    size, start, rest = given["size"], given["start"], given.get("rest", 0.0)
    years = {f"{start:g}": size, f"{start + given['length']:g}": rest}
    return bench.case({given["constant"]: {"by_year": years}})
