"""What new figures move: the same events before and after, fitted alike from the same seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from sdengine.errors import SDError
from sdensemble.ensemble.blocks import Threads
from sdensemble.evidence.fitter import Fitter
from sdensemble.evidence.fitting import Progress
from sdensemble.evidence.posterior import Posterior
from sdensemble.inputs.fit import pick
from sdensemble.inputs.history import LATEST, Observation, Vintage, vintage
from sdensemble.inputs.scenarios import BASELINE
from sdensemble.inputs.targets import leaves
from sdensemble.results.estimate import Estimate, mean_of
from sdensemble.results.probability import Event, require_same_question
from sdensemble.results.results import Results
from sdensemble.study import Study

Events = Mapping[str, Event]


def stored(fitter: Fitter) -> Posterior | None:
    """Return the stored posterior of all that is known, if it was made for today's inputs."""
    try:
        return fitter.stored(LATEST).posterior
    except SDError:  # made for other inputs: fit anew
        return None


def fit(fitter: Fitter, known: Vintage, progress: Progress | None = None) -> Posterior | None:
    """Return the posterior of a vintage, None where no figure of it is fitted."""
    problem = fitter.problem(known)
    return fitter.fit(problem, known, progress=progress) if problem.data else None


def events(fitter: Fitter, posterior: Posterior | None, as_of: str) -> Events:
    """Return the targets shown on the terminal as events under the baseline."""
    study = fitter.study
    scenario = next((s for s in study.scenarios if s.name == BASELINE), study.scenarios[0])
    targets = [t for t in study.targets if t.headline] or list(study.targets[:1])
    parts = [part for t in targets for part in leaves(t, study.targets)]
    members = fitter.members(posterior, as_of)
    keep = {part.variable: part.aggregate for part in parts}
    data = members.run(fitter.kernel, [scenario], keep, by=Threads(fitter.settings.threads))
    results = Results(data, (scenario,), study.targets, study.report, study.model)
    return {t.id: results.event(t, scenario) for t in targets}


def moved(after: Event, before: Event) -> Estimate:
    """Return how far the probability of one question moved between two vintages.

    A deliberate comparison across information dates: of the key, only the date and the draws may
    differ. The fits start from the same seeds, so their replicates are taken in pairs.
    """
    require_same_question(*(replace(one.key, as_of="", posterior="") for one in (after, before)))
    lost = after.lost | before.lost
    steps = np.where(lost, np.nan, after.hit.astype(float) - before.hit.astype(float))
    return mean_of(steps, after.replicate)


# ── which figures are fitted ───────────────────────────────────────────────────────────────


def with_rows(study: Study, rows: Sequence[Observation], name: str = LATEST) -> Vintage:
    """Return all that is known and these rows, under a name."""
    return replace(vintage((*study.history, *rows), LATEST), name=name)


def is_fitted(study: Study, row: Observation, rows: Sequence[Observation]) -> bool:
    """Tell whether a fit of all that is known and ``rows`` takes a row."""
    if study.fit is None:
        return False
    chosen = pick(study.fit.terms, with_rows(study, rows).fitted(), study.model)
    return any(row is one for own in chosen.values() for one in own)


def why_not(study: Study, row: Observation, rows: Sequence[Observation]) -> tuple[str, object]:
    """Return why a fit does not take a row: a key of the words, and what it is about."""
    known = with_rows(study, rows).fitted()
    same = [o for o in known if _period(o) == _period(row)]
    if same and same[0] is not row:
        return "stands", same[0]
    if study.fit is None or row.series not in {term.series for term in study.fit.terms}:
        return "no term", None
    if (row.period_end.month, row.period_end.day) != (12, 31):
        return "part of a year", row.period_end
    return "not this year", int(row.time)


def known_before(study: Study, row: Observation) -> Observation | None:
    """Return the figure of the same series and period the latest vintage uses, or None."""
    same = [o for o in vintage(study.history, LATEST).fitted() if _period(o) == _period(row)]
    return same[0] if same else None


def _period(row: Observation) -> tuple[object, ...]:
    return (*row.series, row.time, row.period_end)
