"""What part of a series' discrepancy the forcing makes: where ``shock_share`` comes from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sdensemble.evidence.predictive import Source, forecast_logs


def shock_shares(source: Source, terms: Sequence[int], years: int = 3) -> dict[int, float]:
    """Return what part of each term's discrepancy variance the forcing makes by itself.

    The variance of what the shocks move the log of the model's number in its ``years``-th year
    after the start, over that of the discrepancy, at most 1.
    """
    last = int(source.problem.model.clock.start) + years
    forced = forecast_logs(source, terms, last)
    quiet = forecast_logs(source, terms, last, shocks=False)
    found = {}
    for index in terms:
        sd = source.problem.fit.terms[index].discrepancy_sd
        moved = float(np.nanvar(forced[index][-1] - quiet[index][-1]))
        found[index] = min(moved / sd**2, 1.0) if sd else 0.0
    return found
