"""backtest: forecasts from every origin, scored against naive ones."""

from __future__ import annotations

from dataclasses import dataclass

from sdensemble.verbs.options import COUNT, IntoFolder, OfStudy, option
from sdensemble.verbs.result import SILENT, Tell, VerbResult


@dataclass(frozen=True, kw_only=True)
class BacktestOptions(IntoFolder, OfStudy):
    """What a backtest may be asked with."""

    prior_set: str = option("", "--prior")
    seed: int = option(1)
    particles: int = option(2048)
    threads: int | None = option(aside=True, type=COUNT)


def backtest(asked: BacktestOptions, tell: Tell = SILENT) -> VerbResult:
    """Forecast from every origin and score it against naive forecasts."""
    from sdensemble.evidence.backtest import backtest as test
    from sdensemble.outputs.document import verbatim

    study = asked.opened()
    found = test(
        study,
        prior_set=asked.prior_set,
        seed=asked.seed,
        particles=asked.particles,
        threads=asked.threads,
        lang=asked.lang,
        out=asked.out,
        tell=tell,
    )
    return VerbResult(verbatim(found.text), found, found.folder, id=asked.record(study).id)
