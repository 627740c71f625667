"""Weights of structures from how well each forecast what it had not seen.

Source: Yao, Vehtari, Simpson and Gelman (2018), "Using stacking to average Bayesian predictive
distributions". With the few figures there are, the best weights would be an accident: the weights
here are their mean over a uniform prior on all weights.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sdengine.streams import Stream

Floats = NDArray[np.float64]


def stack(log_scores: Floats, *, seed: int = 1, draws: int = 65536) -> Floats:
    """Return the weights of variants, (variant,), from held-out log scores (figure, variant).

    The mean of the weights under a uniform prior, given the product over the figures of the
    mixture's density; a weighted mean over ``draws`` points of the simplex.
    """
    figures, variants = log_scores.shape
    uniforms = Stream(seed, "stacking").uniform(np.arange(draws), elements=variants)[0]
    points = -np.log(uniforms)
    points /= points.sum(axis=0)
    if figures == 0:
        return np.full(variants, 1 / variants)
    top = log_scores.max(axis=1, keepdims=True)
    densities = np.exp(log_scores - top)
    fit = np.zeros(draws)
    for row in densities:
        fit += np.log((row[:, None] * points).sum(axis=0))
    weights = np.exp(fit - fit.max())
    weights /= weights.sum()
    found = (points * weights).sum(axis=1)
    return np.asarray(found / found.sum())
