"""Shares of variance by group of inputs: what a model hangs on, as a validation test."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from sdengine.errors import Message, SDError
from sdengine.program.held import Held
from sdensemble.checks.finding import Found, Given, judged
from sdensemble.checks.runs import Bench, in_year
from sdensemble.ensemble.draws import draw
from sdensemble.ensemble.forcing import sample
from sdensemble.inputs.groups import matches, read_groups
from sdensemble.lang import Words, joined, phrase
from sdensemble.results.estimate import Array


def groups_of(bench: Bench, named: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Return the drawn constants of each group; names may be patterns; the rest are "other"."""
    drawn = list(bench.draws.values)
    told = 'groups {name}: no drawn constant is called "{pattern}"'
    lines = [
        Message(told, name=name, pattern=pattern)
        for name, patterns in named.items()
        for pattern in patterns
        if not any(matches(constant, (pattern,)) for constant in drawn)
    ]
    if lines:
        raise SDError(lines)
    home = {
        one: next((n for n, own in named.items() if matches(one, own)), "other") for one in drawn
    }
    found = {name: [one for one in drawn if home[one] == name] for name in (*named, "other")}
    return {name: own for name, own in found.items() if own}


def shares(bench: Bench, given: Given) -> Found:
    """Shares of variance by group of inputs (pick-freeze): of the headline and of lever effects.

    ``groups`` names constants, or patterns of them; shocks are a group of their own, what is named
    nowhere is "other". Passes where the groups named in ``least`` each have at least that total
    share in one of the outcomes.
    """
    from sdensemble.decide.sobol import group_indices

    count, replicates = int(given["members"]), 16
    priors, model = bench.study.priors(bench.prior_set), bench.model
    # Latin hypercubes: two scrambles of one Sobol sequence are not independent point by point.
    ab = [
        draw(priors, model, count, seed=seed, method="latin", replicates=replicates)
        for seed in (bench.seed, bench.seed + 31)
    ]
    groups = groups_of(bench, given["groups"])
    forcing = bench.study.forcing
    ids = np.arange(count)
    held: list[dict[str, Held]] = [
        dict(sample(forcing, model, ids, seed=bench.seed + 31 * k)) if forcing else {}
        for k in (0, 1)
    ]
    names = [*groups, *(["shocks"] if forcing else [])]
    cases = {"": bench.case({})} | {n: bench.case(s) for n, s in given.get("levers", {}).items()}
    last = max(given["years"])

    def outcomes(group: str | None, both: int = 0) -> dict[tuple[str, int], Array]:
        """Return each outcome on sample A (or B), with one group's inputs from the other."""
        values = dict(ab[both].values)
        if group in groups:
            values |= {name: ab[1].values[name] for name in groups[group]}
        shocks = held[1] if group == "shocks" else held[both]
        found: dict[tuple[str, int], Array] = {}
        for lever, case in cases.items():
            run = bench.run_on(values, shocks, count, case, [bench.headline], every=bench.per_year)
            for year in given["years"]:
                value = in_year(run, bench.headline, year).reshape(-1)
                found[lever, year] = np.log(value) if not lever else value
            if lever:
                raw = {y: np.exp(found["", y]) for y in given["years"]}
                found |= {(lever, y): found[lever, y] - raw[y] for y in given["years"]}
        return found

    first, second = outcomes(None), outcomes(None, 1)
    mixed = {name: outcomes(name) for name in names}
    rows: list[dict[str, Any]] = []
    best = dict.fromkeys(names, 0.0)
    for lever, year in first:
        table = group_indices(
            first[lever, year],
            second[lever, year],
            np.array([mixed[name][lever, year] for name in names]),
            ab[0].replicate,
            names,
        )
        for name in names:
            one = table.sel(group=name)
            total = float(one["total"])
            best[name] = max(best[name], total)
            rows.append(
                {
                    "of": lever or "log output",
                    "year": year,
                    "group": name,
                    "constants": len(groups.get(name, ())),
                    "first": float(one["first"]),
                    "first error": float(one["first_se"]),
                    "total": total,
                    "total error": float(one["total_se"]),
                }
            )
    lacking = {
        n: best.get(n, 0.0)
        for n, least in given.get("least", {}).items()
        if best.get(n, 0.0) < least
    }
    worst = min((best.get(n, 0.0) for n in given.get("least", {})), default=1.0)
    top = [r for r in rows if r["of"] == "log output" and r["year"] == last]
    top.sort(key=lambda row: -float(row["total"]))
    title = _titles(bench)
    told = joined(
        joined([title(str(r["group"])), f"{r['total']:.2f} ±{r['total error']:.2f}"], "blank")
        for r in top[:6]
    )
    said: Words = phrase("result.shares", last=last, told=told)
    if lacking:
        low = phrase("result.shares_low", low=joined(map(title, lacking)))
        said = joined([said, low], "clause")
    return judged(not lacking, said, worst, rows=tuple(rows))


def _titles(bench: Bench) -> Callable[[str], Words]:
    """Return what gives a group's title: that of the study's groups, or its name."""
    path = bench.study.folder / "calibration" / "groups.toml"
    labels = read_groups(path, bench.model).labels if path.is_file() else {}
    spare = {"shocks": phrase("decide.group.shocks"), "other": phrase("decide.group.rest")}
    known: dict[str, Words] = {**spare, **labels}
    return lambda name: known.get(name, name)
