"""Tests of the structure: units, names, conservation, sharing, identities, boundary, loops."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sdengine.errors import SDError
from sdengine.model.describe import outside_limits, undocumented
from sdengine.model.units import bare_numbers, check_units
from sdengine.program.interpreter import run_reference
from sdengine.syntax import Kind, Model, reached, turned
from sdensemble.checks.finding import FAIL, NO_DATA, Found, Given, judged, told
from sdensemble.checks.runs import Bench, corners, limits, total_of
from sdensemble.inputs.boundary import read_boundary
from sdensemble.inputs.loops import find_links, influences, read_loops
from sdensemble.inputs.naming import model_label
from sdensemble.inputs.scenarios import BASELINE
from sdensemble.lang import LANGS, Words, bracketed, joined, phrase
from sdensemble.results.estimate import Array

STATUSES = ("endogenous", "exogenous", "excluded")


def units(bench: Bench, given: Given) -> Found:
    """V01: no equation whose unit disagrees."""
    wrong = check_units(bench.model)
    n = sum(len(v.equations) for v in bench.model.variables.values())
    rows = tuple({"problem": line} for line in wrong)
    said = phrase("result.units", n=n, n_wrong=len(wrong))
    return judged(not wrong, said, float(len(wrong)), rows=rows)


def named_numbers(bench: Bench, given: Given) -> Found:
    """V02: no bare number; every constant with label, limits, source; values inside limits."""
    tests = (bare_numbers, undocumented, outside_limits)
    wrong = [line for test in tests for line in test(bench.model)]
    constants = bench.model.constants()
    assumed = sum(v.note.assumption for v in constants)
    said = phrase(
        "result.named_numbers", n_wrong=len(wrong), n_constants=len(constants), assumed=assumed
    )
    rows = tuple({"problem": line} for line in wrong)
    return judged(not wrong, said, float(len(wrong)), rows=rows)


def balance(bench: Bench, given: Given) -> Found:
    """V03, V04: an audit stays where it starts while the stock it watches moves."""
    audit, stock = given["audit"], given["watch"]
    bench.needs([audit, stock])
    run = bench.run(bench.given(given), [audit, stock])
    drift = float(np.abs(run.values[audit] - run.values[audit][0]).max())
    moved = float(np.ptp(run.values[stock], axis=0).max())
    unit = {lang: bench.unit(audit, lang) for lang in LANGS}
    said = phrase("result.balance", drift=drift, unit=unit, moved=moved)
    return judged(drift < given["tolerance"] and moved > given["moves"], said, drift)


def ledger(bench: Bench, given: Given) -> Found:
    """V04c and others: at every step a chain of stocks changes by what enters less what leaves.

    Each of ``chains`` names ``stocks``, the flows ``into`` them and ``out`` of them, and a
    ``least`` movement (in the stocks' unit) below which nothing was tested; ``settings`` make it
    move. All are summed over ranges.
    Euler's rule, with which the model is integrated, makes the difference zero but for rounding
    unless a flow leaves one stock and does not arrive in the next.
    """
    rows, worst, still = [], 0.0, []
    clock = bench.model.clock
    if clock.method != "euler":
        return told(NO_DATA, phrase("result.only_euler"))
    for chain in given["chains"]:
        names = [*chain["stocks"], *chain["into"], *chain["out"]]
        bench.needs(names)
        case = bench.case(chain.get("settings", {}), given.get("scenario", BASELINE))
        run = bench.run(case, names, every=1)
        stock, into, out = (
            sum((total_of(run, bench.model[n].name) for n in part), np.zeros(1))
            for part in (chain["stocks"], chain["into"], chain["out"])
        )
        flow = np.broadcast_to(clock.step * (into - out), stock.shape)[:-1]
        scale = max(float(np.abs(stock).max()), 1e-12)
        off = float(np.abs(np.diff(stock, axis=0) - flow).max()) / scale
        moved = float(np.ptp(stock, axis=0).max())
        worst = max(worst, off)
        if moved <= chain["least"]:
            still.append(chain["stocks"][0])
        rows.append({"stocks": "; ".join(chain["stocks"]), "off, relative": off, "moved": moved})
    said: Words = phrase("result.ledger", n=len(rows), worst=worst)
    if still:
        said = joined([said, phrase("result.still", names=joined(still))], "clause")
    return judged(worst <= given["tolerance"] and not still, said, worst, rows=tuple(rows))


def at_most(bench: Bench, given: Given) -> Found:
    """V05, V13: a variable never above the sum of others, element by element."""
    name, others = given["variable"], list(given["limits"])
    bench.needs([name, *others])
    run = bench.run(bench.given(given), [name, *others])
    room = np.sum([run.values[other] for other in others], axis=0)
    over = float((run.values[name] / np.maximum(room, 1e-12) - 1).max())
    said = phrase("result.never_above", left=0.0 - over)
    if over > 0:
        said = phrase("result.above", over=over)
    return judged(over <= given["tolerance"], said, over)


def sums_to_one(bench: Bench, given: Given) -> Found:
    """V07: shares lie in [0, 1] and sum to one."""
    worst, least = 0.0, 1.0
    for names in given["sets"]:
        bench.needs(names)
        run = bench.run(bench.case({}, given.get("scenario", BASELINE)), names)
        total = np.sum([run.values[name] for name in names], axis=0)
        worst = max(worst, float(np.abs(total - 1).max()))
        least = min(least, min(float(run.values[name].min()) for name in names))
    said = phrase("result.sums_to_one", worst=worst, least=least)
    return judged(worst <= given["tolerance"] and least >= 0, said, worst)


def adds_up(bench: Bench, given: Given) -> Found:
    """V09, V10: the parts sum to the whole at every saved time."""
    worst = 0.0
    for identity in given["identities"]:
        parts, whole = identity["parts"], identity["whole"]
        bench.needs([*parts, whole])
        run = bench.run(bench.case({}, given.get("scenario", BASELINE)), [*parts, whole])
        chosen = identity.get("elements", "")
        total = sum(_inside(bench.model, name, run.values[name], chosen) for name in parts)
        scale = np.abs(run.values[whole]).max()
        worst = max(worst, float(np.abs(total - run.values[whole]).max() / scale))
    n = len(given["identities"])
    said = phrase("result.adds_up", n=n, worst=worst)
    return judged(worst <= given["tolerance"], said, worst)


def _inside(model: Model, name: str, values: Array, chosen: str) -> Array:
    """Return the sum over a subrange's elements of (time, *ranges, member); all without one."""
    dims = model[name].dims
    if not dims:
        return values
    if not chosen:
        return values.sum(axis=tuple(range(1, 1 + len(dims))))
    order = model.elements(dims[0])
    index = [order.index(one) for one in model.elements(chosen)]
    return values[:, index].sum(axis=1)


def bounds(bench: Bench, given: Given) -> Found:
    """V08: stocks stay above zero and everything is finite, over draws, corners and limits."""
    model = bench.model
    bench = replace(bench, members=given.get("members", bench.members))
    signed = set(given.get("signed", ()))
    stocks = [v.name for v in model.variables.values() if v.kind is Kind.STOCK]
    stocks = [name for name in stocks if name not in signed]
    rows, bad, least = [], 0, (0.0, "")
    at_limits = limits(model)
    sets: dict[str, tuple[bool, dict[str, Array]]] = {
        "draws of the priors": (True, {}),
        "corners of the priors": (False, corners(bench.draws, given["corners"], bench.seed)),
        "one constant at a limit": (False, at_limits),
    }
    for scenario in given["scenarios"]:
        for what, (drawn, constants) in sets.items():
            kept = [*stocks, bench.headline]
            run = bench.run(bench.case({}, scenario), kept, drawn=drawn, constants=constants)
            wrong = int((run.first_bad != -1).sum())
            wrong += int((~np.isfinite(run.values[bench.headline]).all(axis=0)).sum())
            low = min((float(np.nanmin(run.values[name])), name) for name in stocks)
            if what == "one constant at a limit":  # a limit may be negative by meaning
                low = (max(low[0], 0.0), low[1])
            bad, least = bad + wrong, min(least, low)
            rows.append(
                {
                    "scenario": scenario,
                    "set": what,
                    "members": run.first_bad.size,
                    "not finite": wrong,
                    "least stock": low[0],
                    "where": low[1],
                }
            )
    members = sum(int(row["members"]) for row in rows)
    where = bracketed([model_label(model, least[1])]) if least[1] else phrase("result.no_negative")
    said = phrase("result.bounds", members=members, bad=bad, least=least[0], where=where)
    passed = bad == 0 and least[0] >= -given["tolerance"]
    return judged(passed, said, least[0], rows=tuple(rows))


# ── what is inside ─────────────────────────────────────────────────────────────────────────


def boundary(bench: Bench, given: Given) -> Found:
    """V37: the boundary table agrees with the equations.

    An endogenous variable lies on a feedback loop or downstream of one; an exogenous one does
    not; an excluded concept names none.
    """
    table = read_boundary(bench.study.folder / given["file"])
    if not table:
        return told(NO_DATA, phrase("result.no_file", file=given["file"]))
    fed = in_feedback(bench.model)
    wrong, count = [], dict.fromkeys(STATUSES, 0)
    for row in table:
        status = row["status"].strip()
        names = [name.strip() for name in row["variables"].split(";") if name.strip()]
        if status not in STATUSES:
            wrong.append({"concept": row["en"], "problem": f'status "{status}"'})
            continue
        count[status] += 1
        for name in names:
            written = bench.model.name_of(name)
            if written is None:
                wrong.append({"concept": row["en"], "problem": f'no variable "{name}"'})
            elif (written in fed) != (status == "endogenous"):
                what = "is" if written in fed else "is not"
                wrong.append({"concept": row["en"], "problem": f'"{written}" {what} in feedback'})
        if bool(names) == (status == "excluded"):
            wrong.append({"concept": row["en"], "problem": "names variables, or names none"})
    said = phrase("result.boundary", wrong=len(wrong), **count)
    return judged(not wrong, said, float(len(wrong)), rows=tuple(wrong))


def in_feedback(model: Model) -> set[str]:
    """Return the variables on a loop of two or more variables, or downstream of one."""
    reads = influences(model)
    users = turned(reads)
    ahead = {name: reached(name, users) for name in reads}
    rings = {name for name in reads if any(name in ahead[user] for user in users[name] - {name})}
    return rings.union(*(ahead[name] for name in rings))


def named_loops(bench: Bench, given: Given) -> Found:
    """V27: every link of every named loop exists, and the signs multiply to its kind."""
    try:
        loops = read_loops(bench.study.folder / given["file"], bench.model)
    except SDError as error:
        lines = tuple({"problem": line} for line in error.problems)
        return told(FAIL, phrase("result.loops_wrong"), float(len(lines)), lines)
    rows, wrong, links = [], 0, 0
    for loop in loops:
        found = find_links(loop, bench.model)
        missing = [f"{one.source} → {one.target}" for one in found if not one.found]
        links += len(found)
        wrong += len(missing) + (loop.product != loop.kind)
        rows.append(
            {
                "loop": loop.id,
                **loop.title,
                "kind": loop.kind,
                "signs": loop.signs,
                "links": len(found),
                "missing": "; ".join(missing),
            }
        )
    said = phrase("result.named_loops", n_loops=len(loops), links=links, wrong=wrong)
    return judged(wrong == 0, said, float(wrong), rows=tuple(rows))


# ── the machine ────────────────────────────────────────────────────────────────────────────


def alone(bench: Bench, given: Given) -> Found:
    """V35: each of some members run by itself gives what it gives among the others."""
    case = bench.case({}, given.get("scenario", BASELINE))
    together = bench.run(case, [bench.headline])
    ids = np.linspace(0, bench.members - 1, given["members"]).astype(int)
    worst = 0.0
    for member in ids:
        single = bench.run(case, [bench.headline], members=[int(member)])
        one, other = single.values[bench.headline][..., 0], together.values[bench.headline]
        worst = max(worst, float(np.abs(one / other[..., member] - 1).max()))
    said = phrase("result.alone", n_ids=len(ids), worst=worst)
    return judged(worst <= given["tolerance"], said, worst)


def independent(bench: Bench, given: Given) -> Found:
    """V36: the model as plain NumPy statements gives every variable that the kernel gives.

    Differences are held against the variable's own size, or ``least`` where it is smaller: what
    is zero but for rounding has no size of its own.
    """
    steps, members = given["steps"], given["members"]
    chosen = np.arange(members)
    constants = {n: v[..., chosen] for n, v in bench.draws.values.items()}
    names = [name for name in bench.kernel.program.slots if name in bench.model]
    ours = bench.kernel.run(constants, report=names, steps=steps, every=steps, members=members)
    slots = run_reference(
        bench.kernel.program, constants, members=members, steps=steps, every=steps
    )
    worst = (0.0, "")
    for name in names:
        theirs = slots[-1][bench.kernel.program.where(name)]
        scale = max(float(np.abs(theirs).max()), given["least"])
        off = float(np.abs(ours.values[name][-1] - theirs).max()) / scale
        worst = max(worst, (off, name))
    where = model_label(bench.model, worst[1]) if worst[1] else ""
    values = {"n": len(names), "steps": steps, "members": members, "worst": worst[0]}
    said = phrase("result.independent", **values, where=where)
    return judged(worst[0] <= given["tolerance"], said, worst[0])
