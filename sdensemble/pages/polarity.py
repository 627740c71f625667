"""The sign of a causal link, found by moving the one variable in the other's own equation.

The equation of each target is taken out of the model; everything it reads is held at its value
in the default run at three dates, and the source is raised by a thousandth. A stock answers with
its net flow, a smoothed or delayed variable with what it follows. Where a link runs through
auxiliaries, the signs of its steps are multiplied.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sdengine.kernel import compile_model
from sdengine.model.describe import reads
from sdengine.syntax import (
    Array,
    Call,
    Clock,
    Equation,
    Expr,
    Kind,
    Model,
    Note,
    Ref,
    Variable,
    fold,
)
from sdensemble.inputs.loops import Link, Loop, find_links, influences

FOLLOWS = ("integ", "integ_non_negative", "smooth", "delay", "delay_n", "delay_fixed", "initial")
DATES = (0.02, 0.4, 0.8)  # of the way from start to stop
NUDGE = 1e-3
MOST_WAYS = 40  # asked of one link
DETOUR = 3  # names more than the nearest way has
LEAST = 1e-9  # smaller answers, relative to the target's size, count as none


@dataclass(frozen=True)
class Sign:
    """``sign`` is "+", "−", "±" or "" (no answer in the default run); ``stated`` is the sign the
    list of loops gives; ``through`` names auxiliaries between the two ends."""

    sign: str
    stated: str
    through: tuple[str, ...] = ()
    found: bool = True

    @property
    def text(self) -> str:
        """What a diagram writes at the arrow."""
        return self.sign or f"({self.stated})"


def loop_signs(model: Model, loops: Sequence[Loop]) -> dict[str, tuple[Sign, ...]]:
    """Return the sign of every link of every loop, by the loop's id.

    A link that gives no answer along its nearest way is asked along the others.
    """
    acts = influences(model)
    links = {loop.id: find_links(loop, model) for loop in loops}
    ways = {
        link: _ways(link, acts, model) for many in links.values() for link in many if link.found
    }
    steps = {pair for many in ways.values() for way in many for pair in pairwise(way)}
    known = link_signs(model, sorted(steps))
    out = {}
    for loop in loops:
        signs = []
        for link, stated in zip(links[loop.id], loop.signs, strict=True):
            every = [_times([known[pair] for pair in pairwise(way)]) for way in ways.get(link, ())]
            first, *others = every or [""]
            active = sorted({sign for sign in others if sign})
            sign = first or (active[0] if len(active) == 1 else "±" if active else "")
            signs.append(Sign(sign, {"-": "−"}.get(stated, stated), link.through, link.found))
        out[loop.id] = tuple(signs)
    return out


def _ways(link: Link, acts: Mapping[str, tuple[str, ...]], model: Model) -> list[tuple[str, ...]]:
    """Return the ways from source to target through auxiliaries, the nearest first."""
    ways = [(link.source, *link.through, link.target)]
    ahead: deque[tuple[str, ...]] = deque([(link.target,)])
    while ahead and len(ways) < MOST_WAYS:
        way = ahead.popleft()
        for name in acts[way[0]]:
            if name == link.source and (name, *way) not in ways:
                ways.append((name, *way))
            elif (
                name not in way
                and model[name].kind is Kind.AUXILIARY
                and len(way) <= len(link.through) + DETOUR
            ):
                ahead.append((name, *way))
    return ways


def _times(signs: Sequence[str]) -> str:
    if "" in signs:
        return ""
    if "±" in signs:
        return "±"
    return "−" if signs.count("−") % 2 else "+"


def link_signs(model: Model, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Return the sign of each (source, target), the one read by the other's equation."""
    pairs = [p for p in pairs if fold(p[0]) in reads(model[p[1]])]
    if not pairs:
        return {}
    targets = list(dict.fromkeys(t for _, t in pairs))
    needed = {n for t in targets for r in reads(model[t]) if (n := model.name_of(r))}
    times, values = _defaults(model, sorted(needed))
    part = _part(model, targets, sorted(needed))
    sources = list(dict.fromkeys(s for s, _ in pairs))
    answers: dict[tuple[str, str], set[float]] = {pair: set() for pair in pairs}
    for k, time in enumerate(times):
        clock = dataclasses.replace(part.clock, start=float(time), stop=float(time) + 1.0)
        kernel = compile_model(dataclasses.replace(part, clock=clock))
        inputs = {}
        for name in needed:
            base = values[name][k]
            many = np.repeat(base[..., None], len(sources) + 1, axis=-1)
            if name in sources:
                size = float(np.abs(base).max()) or 1.0
                many[..., 1 + sources.index(name)] += NUDGE * np.where(
                    base == 0, size, np.abs(base)
                )
            if model[name].kind in (Kind.LOOKUP, Kind.DATA):
                continue
            inputs[name] = many
        run = kernel.run(inputs, report=[_probe(t) for t in targets], steps=1, every=1)
        for source, target in pairs:
            found = run.values[_probe(target)][0]
            change = found[..., 1 + sources.index(source)] - found[..., 0]
            least = LEAST * (float(np.abs(found[..., 0]).max()) or 1.0)
            answers[source, target] |= set(np.sign(change[np.abs(change) > least]).ravel().tolist())
    signs = {frozenset(): "", frozenset({1.0}): "+", frozenset({-1.0}): "−"}
    return {pair: signs.get(frozenset(found), "±") for pair, found in answers.items()}


def _probe(name: str) -> str:
    return f"{name} answers"


def _defaults(
    model: Model, names: Sequence[str]
) -> tuple[NDArray[np.float64], Mapping[str, NDArray[np.float64]]]:
    """Return three saved times and the default run's values there, shape (3, *dims)."""
    kernel = compile_model(model)
    kept = [n for n in names if model[n].kind not in (Kind.LOOKUP, Kind.DATA)]
    run = kernel.run(report=kept)
    last = len(run.times) - 1
    at = [min(last, max(1, round(d * last))) for d in DATES]
    return run.times[at], {n: np.asarray(run.values[n][at][..., 0]) for n in kept} | {
        n: np.zeros(len(at)) for n in names if n not in kept
    }


def _part(model: Model, targets: Sequence[str], needed: Sequence[str]) -> Model:
    """Return a model of the targets' equations alone, with all they read as constants."""
    variables: dict[str, Variable] = {}
    for name in needed:
        variable = model[name]
        if variable.kind in (Kind.LOOKUP, Kind.DATA):
            variables[name] = variable
            continue
        value = np.zeros(model.shape(variable))
        expr = Array(value)
        variables[name] = Variable(
            name,
            Kind.CONSTANT,
            variable.dims,
            variable.unit,
            (None, None),
            Note(),
            (Equation(variable.dims, expr),),
            value,
        )
    for name in targets:
        variable = model[name]
        equations = tuple(dataclasses.replace(e, expr=_bare(e.expr)) for e in variable.equations)
        variables[_probe(name)] = dataclasses.replace(
            variable, name=_probe(name), kind=Kind.AUXILIARY, equations=equations, value=None
        )
    clock = Clock(0.0, 1.0, 1.0, 1.0, model.clock.unit, "euler")
    return dataclasses.replace(model, clock=clock, variables=variables)


def _bare(expr: Expr) -> Expr:
    """Return an expression with what follows late in the place of its delays."""
    if not isinstance(expr, Call):
        return expr
    if expr.function in FOLLOWS:
        return _bare(expr.args[0])
    return Call(
        expr.function, tuple(_bare(arg) if not isinstance(arg, Ref) else arg for arg in expr.args)
    )
