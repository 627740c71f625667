"""backtest: forecasts from every origin, scored against naive ones."""

from __future__ import annotations

from dataclasses import dataclass

from sdensemble.verbs.options import Fitting, IntoFolder, option
from sdensemble.verbs.result import SILENT, Tell, VerbResult


@dataclass(frozen=True, kw_only=True)
class BacktestOptions(IntoFolder, Fitting):
    """What a backtest may be asked with."""

    particles: int = option(2048)


def backtest(asked: BacktestOptions, tell: Tell = SILENT) -> VerbResult:
    """Forecast from every origin and score it against naive forecasts."""
    from sdensemble.evidence.backtest import backtest as test
    from sdensemble.evidence.calibrate import going_on
    from sdensemble.outputs.evidence.backtest import backtest_document, write_backtest
    from sdensemble.results.record import written

    study = asked.opened()
    with going_on(study.folder / "outputs", "backtest", tell) as kept:
        found = test(
            study, **asked.picked("prior_set", "seed", "particles", "threads"), tell=tell, kept=kept
        )
    record = asked.record(study)
    if asked.out is not None:
        with written(asked.out, record) as writing:
            write_backtest(writing.partial, study, found, asked.lang)
    return VerbResult(backtest_document(study, found), found, asked.out, **asked.keyed(study))
