"""forecast: every series still to be published, blind, from what was known."""

from __future__ import annotations

from dataclasses import dataclass

from sdensemble.verbs.options import IntoFolder, Sampled, option
from sdensemble.verbs.result import SILENT, Tell, VerbResult


@dataclass(frozen=True, kw_only=True)
class ForecastOptions(IntoFolder, Sampled):
    """What a forecast may be asked with; ``to`` is the last year of it."""

    to: int | None = option(type=int)
    scenario: str = option("")


def forecast(asked: ForecastOptions, tell: Tell = SILENT) -> VerbResult:
    """Forecast every series still to be published, blind, from what was known.

    With --out: forecast.csv, the draws (forecast.nc), texts and figures.
    """
    from sdensemble.evidence.calibrate import going_on
    from sdensemble.evidence.forecast import forecast as ahead
    from sdensemble.outputs.evidence.forecast import forecast_document, write_forecast
    from sdensemble.results.record import written

    study = asked.opened()
    with going_on(study.folder / "outputs", "forecast", tell) as kept:
        found = ahead(
            study,
            **asked.picked(
                "as_of", "to", "scenario", "prior_set", "prior_only", "members", "seed", "threads"
            ),
            tell=tell,
            kept=kept,
        )
    record = asked.record(study, key=dict(found.key))
    if asked.out is not None:
        with written(asked.out, record) as writing:
            write_forecast(writing.partial, study, found, asked.lang)
    return VerbResult(
        forecast_document(study, found), found, asked.out, **asked.keyed(study, **found.key)
    )
