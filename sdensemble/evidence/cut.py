"""The second stage of a cut: what a figure says of the constants it informs, and of no other.

A figure whose scope is not the model's must not move what the model believes of everything else.
The sampler never sees it. Afterwards, for each particle by itself, the constants its term
``informs`` are drawn from their prior given the figure, all else held at that particle. Together
this is the cut posterior: p(all else | the other figures) times p(informed | all else, figure).

Source: Plummer (2015), Cuts in Bayesian graphical models, Statistics and Computing 25.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sdengine.errors import SDError
from sdengine.streams import Stream
from sdensemble.evidence.likelihood import Problem
from sdensemble.evidence.smc import finite

Floats = NDArray[np.float64]

CANDIDATES = 16
"""Draws of the prior that each particle first chooses among, by their likelihood."""
STEPS = (1.0, 0.5, 0.2, 0.5)
"""Sizes of the moves that follow, in turn."""
MOVES = 32


def draw_cut(problem: Problem, z: Floats, seed: int) -> Floats:
    """Return particles (dimension, particle) with the cut coordinates drawn given their figures.

    Every other coordinate keeps its bits. The moves are preconditioned Crank-Nicolson steps, which
    keep the prior in balance, each particle its own chain; they start from a choice among
    ``CANDIDATES`` draws of the prior. Without cut figures the particles come back as they are.
    """
    where = problem.cut_coordinates
    if not problem.cut.size or not where.size:
        return z
    ids = np.arange(z.shape[1])
    stream = Stream(seed, "cut")
    z = z.copy()
    height = np.full(ids.size, -np.inf)
    total = np.full(ids.size, -np.inf)
    for i in range(CANDIDATES):
        own = stream.sub(f"candidate {i}")
        new = _with(z, where, own.normal(ids, elements=where.size)[0])
        found = finite(problem.cut_loglik(new))
        total = np.logaddexp(total, found)
        # One of the candidates so far, each as often as its likelihood says.
        with np.errstate(invalid="ignore"):
            taken = np.log(own.sub("choose").uniform(ids)[0, 0]) < found - total
        z[np.ix_(where, taken)] = new[np.ix_(where, taken)]
        height[taken] = found[taken]
    for i in range(MOVES):
        own, step = stream.sub(f"move {i}"), STEPS[i % len(STEPS)]
        noise = own.normal(ids, elements=where.size)[0]
        new = _with(z, where, math.sqrt(1 - step**2) * z[where] + step * noise)
        found = finite(problem.cut_loglik(new))
        with np.errstate(invalid="ignore"):
            odds = found - height
        taken = np.log(own.sub("accept").uniform(ids)[0, 0]) < np.nan_to_num(odds, nan=-np.inf)
        z[np.ix_(where, taken)] = new[np.ix_(where, taken)]
        height[taken] = found[taken]
    return z


def require_apart(problem: Problem) -> None:
    """Raise SDError where a cut cannot be made, naming the term.

    None of the constants a cut term informs is drawn, or one of them moves a figure of another
    term: then that figure, too, would have something to say about it.
    """
    if not problem.cut.size:
        return
    names = {prior.constant for prior in problem.priors.items}
    lines = []
    for index in sorted({problem.data[i].term for i in problem.cut}):
        term = problem.fit.terms[index]
        if not names & set(term.informs):
            lines.append(
                f"{problem.fit.path.name} {term.name}: informs {', '.join(term.informs)},"
                f" which the prior set {problem.priors.name} does not draw"
            )
    where = problem.cut_coordinates
    if problem.told.size and where.size and not lines:
        z = np.zeros((problem.dimensions, 3))
        z[where, 1], z[where, 2] = -1.5, 1.5
        found = problem.predicted(problem.numbers(z), problem.told)
        moved = np.flatnonzero((found != found[:, :1]).any(axis=1))
        touched = {problem.fit.terms[problem.data[problem.told[i]].term].name for i in moved}
        cut = ", ".join(sorted({problem.fit.terms[problem.data[i].term].name for i in problem.cut}))
        lines += [
            f"{problem.fit.path.name} {cut}: what it informs moves {name} too, so it cannot"
            " be cut from it"
            for name in sorted(touched)
        ]
    if lines:
        raise SDError(lines)


def _with(z: Floats, where: NDArray[np.intp], values: Floats) -> Floats:
    new = z.copy()
    new[where] = values
    return new
