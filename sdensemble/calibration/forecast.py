"""Forecasts of a statistic from a posterior or the prior: shocks drawn, discrepancy carried on.

Up to the last observation the discrepancy stands for the shocks; from there on the forcing draws
them, and the discrepancy only fades, by its half-life. The constant bias between scopes stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sdensemble.calibration.likelihood import Problem, predict, student, student_noise
from sdensemble.calibration.posterior import Posterior
from sdensemble.calibration.scores import Score, score_draws
from sdensemble.draws import Draws
from sdensemble.forcing import Forcing, sample
from sdensemble.rng import Stream
from sdensemble.scenarios import Scenario

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Source:
    """Where forecasts come from: draws, the posterior they are of (None: the prior), forcing."""

    problem: Problem
    draws: Draws
    posterior: Posterior | None
    forcing: Forcing | None
    seed: int = 1

    @property
    def members(self) -> int:
        """How many draws there are."""
        return self.draws.members


def particle_ids(posterior: Posterior, members: int) -> NDArray[np.int64]:
    """Return which particles the members of ``posterior_draws`` are."""
    count, size = members // posterior.replicates, posterior.particles
    own = np.arange(count)
    chosen = (2 * own + 1) * size // (2 * count) if count <= size else own % size
    return np.concatenate([r * size + chosen for r in range(posterior.replicates)])


def forecast_logs(
    source: Source,
    terms: Sequence[int],
    last: int,
    scenario: Scenario | None = None,
    *,
    shocks: bool = True,
) -> dict[int, Floats]:
    """Return the log of each term's model number, (year, member), shocks drawn where known not.

    Without the discrepancy; years count from the model's start.
    """
    forcing = source.forcing
    if forcing is not None and source.posterior is not None:
        forcing = replace(forcing, from_time=source.posterior.forecast_from)
    ids = np.arange(source.members)
    model = source.problem.model
    held = sample(forcing, model, ids, seed=source.seed) if forcing and shocks else {}
    return predict(source.problem, source.draws.values, terms, last, held=held, ids=ids,
                   scenario=scenario)  # fmt: skip


def carried(source: Source, index: int, year: int) -> Floats:
    """Return the bias and what is left of a term's discrepancy in a year, (member,), in logs."""
    term = source.problem.fit.terms[index]
    stream = Stream(source.seed, "carried").sub(term.name)
    ids = np.arange(source.members)
    rows = [i for i, figure in enumerate(source.posterior.figures if source.posterior else ())
            if (figure["measure"], figure["sector"]) == term.series]  # fmt: skip
    if source.posterior is None or not rows:
        return term.bias_sd * stream.sub("bias").normal(ids)[0, 0]
    post = source.posterior
    taken = particle_ids(post, source.members)
    years = [post.figures[i]["year"] for i in rows]
    # The nearest figure on either side says most; of a year after the last it is the last.
    at = rows[int(np.argmin([abs(year - one) for one in years]))]
    apart = abs(year - post.figures[at]["year"])
    bias = post.bias[at][taken]
    return bias + (post.discrepancy[at][taken] - bias) * 0.5 ** (apart / term.half_life)


def score_figure(
    source: Source, index: int, logs: Floats, year: int, value: float, key: str
) -> Score:
    """Score the forecast of one figure; ``logs`` is the model's number of that year (member,)."""
    term = source.problem.fit.terms[index]
    centre = logs + carried(source, index, year)
    noise = student_noise(
        Stream(source.seed, "error").sub(f"{term.name} {key}"), np.arange(source.members), term.sd
    )
    good = np.isfinite(centre)
    density = student(np.log(value) - centre[good], np.full(int(good.sum()), term.sd))
    return score_draws((centre + noise)[good], density, value)
