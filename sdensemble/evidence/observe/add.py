"""Figures added to a study's history as a new batch, fitted, and what they moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from pathlib import Path

from sdengine.errors import SDError
from sdensemble.evidence.fitter import Fitter
from sdensemble.evidence.observe.effects import (
    Events,
    events,
    fit,
    is_fitted,
    known_before,
    moved,
    stored,
    why_not,
    with_rows,
)
from sdensemble.evidence.observe.figures import Figure, Figures
from sdensemble.evidence.observe.keep import LOG, logged, replaced
from sdensemble.evidence.observe.pace import Pace
from sdensemble.evidence.observe.words import sentence
from sdensemble.evidence.posterior import Posterior, posterior_path, read_posterior, store_posterior
from sdensemble.evidence.stored import command_of
from sdensemble.inputs.history import (
    LATEST,
    Observation,
    appended,
    batches_of,
    information,
    read_history,
    vintage,
)
from sdensemble.inputs.together import Together
from sdensemble.lang import Tell, Worded
from sdensemble.results.estimate import Estimate
from sdensemble.results.probability import Probability
from sdensemble.study import Study

PARTICLES = 1024
"""Particles of a refit that a person waits for; ``calibrate`` takes more."""


@dataclass(frozen=True, eq=False)
class Moved:
    """One new figure: whether it is fitted, or why not, and what it moves alone.

    ``replaces`` is the figure of the same period the vintage used before; ``alone`` the move of
    each target's probability, a share, with this figure alone.
    """

    line: int
    row: Observation
    replaces: Observation | None
    why: tuple[str, object] | None
    alone: Mapping[str, Estimate]

    @property
    def fitted(self) -> bool:
        """True where the fit takes the figure."""
        return self.why is None


@dataclass(frozen=True)
class Larger:
    """A stored posterior of more particles that was not replaced, and how to renew it."""

    path: Path
    particles: int
    command: str


@dataclass(frozen=True)
class Kept:
    """The posterior of a refit: where it is, its particles, and a larger one beside it."""

    path: Path
    particles: int
    larger: Larger | None = None


@dataclass(frozen=True, eq=False)
class Observed:
    """What an import did; probabilities by target, none where nothing was refitted.

    ``known`` are the lines of the file that the history held already. The refit took
    ``particles`` and ``seed``; ``kept`` is its posterior, if any.
    """

    batch: str
    moved: tuple[Moved, ...]
    before: Mapping[str, Probability]
    after: Mapping[str, Probability]
    change: Mapping[str, Estimate]
    known: tuple[int, ...]
    particles: int
    seed: int
    kept: Kept | None

    @property
    def rows(self) -> tuple[Observation, ...]:
        """The rows added."""
        return tuple(one.row for one in self.moved)


def observe_add(
    study: Study,
    figures: Figures,
    *,
    prior_set: str = "",
    seed: int = 1,
    particles: int = PARTICLES,
    each: bool = False,
    threads: int | None = None,
    tell: Tell | None = None,
) -> Observed:
    """Add figures to a study's history as a new batch, refit, and say what they moved.

    Rows are appended, none is changed; a figure of a period already known is a revision and the
    vintage takes the last published. What was before is the stored posterior where it is of
    today's inputs, else a fit of its own; with ``each`` every figure is also judged alone, by a
    fit of its own. Where no figure is fitted nothing is refitted. History, posterior and log are
    written together or not at all.
    """
    study.require_fit()  # before anything is read: without it no figure moves a probability
    fitter = Fitter.of(study, prior_set, particles, threads, seed)
    history = study.folder / "calibration" / "history.csv"
    batch = _batch(study)
    new = [Figure(one.line, replace(one.row, batch=batch)) for one in figures.new]
    rows = tuple(one.row for one in new)
    appended(history, rows)  # what a file cannot hold is told before anything is fitted
    taken = [one.row for one in new if is_fitted(study, one.row, rows)]
    before: Events = {}
    after: Events = {}
    alone: dict[int, Events] = {}
    posterior, place = None, None
    if taken:
        place = _place(fitter, batch)
        here = information((*study.history, *rows), batch)
        old = stored(fitter)
        apart = taken if each and len(taken) > 1 else []
        pace = Pace((old is None) + len(apart) + 1, tell)
        if tell:
            tell(sentence("fitting", n=pace.fits, particles=fitter.settings.size))
        if old is None:
            old = fit(fitter, vintage(study.history, LATEST), pace.stage)
            pace.next_fit()
        before = events(fitter, old, LATEST)
        for row in apart:
            made = fit(fitter, with_rows(study, (row,)), pace.stage)
            alone[id(row)] = events(fitter, made, here)
            pace.next_fit()
            if tell:
                tell(sentence("fitted", row=f"{'/'.join(row.series)} {row.time:g}"))
        posterior = fit(fitter, with_rows(study, rows, place.vintage), pace.stage)
        after = events(fitter, posterior, here)
        alone = alone or ({id(taken[0]): after} if len(taken) == 1 else {})
    fitted = {id(row) for row in taken}
    told = tuple(
        Moved(
            one.line,
            one.row,
            known_before(study, one.row),
            None if id(one.row) in fitted else why_not(study, one.row, rows),
            {key: moved(event, before[key]) for key, event in alone.get(id(one.row), {}).items()},
        )
        for one in new
    )
    found = Observed(
        batch,
        told,
        {key: event.probability() for key, event in before.items()},
        {key: event.probability() for key, event in after.items()},
        {key: moved(after[key], before[key]) for key in after},
        figures.known,
        fitter.settings.size,
        seed,
        Kept(place.path, posterior.size, place.larger) if posterior and place else None,
    )
    _keep(found, figures.file, posterior, history, study.history)
    return found


def _batch(study: Study) -> str:
    """Return the name of a new batch: the day, numbered."""
    day = date.today().isoformat()
    known = set(batches_of(study.history))
    return next(name for i in range(1, 10_000) if (name := f"{day}-import-{i}") not in known)


# ── writing ────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Place:
    """Where the posterior of a refit goes, under which vintage, and what larger one it spares."""

    path: Path
    vintage: str
    larger: Larger | None = None


def _place(fitter: Fitter, batch: str) -> _Place:
    """Return where the posterior goes.

    In the place of the latest vintage's; beside it, under the batch, where the stored one has
    more particles.
    """
    folder, priors = fitter.study.folder, fitter.priors
    default = fitter.study.require_fit().vintage
    latest, own = (posterior_path(folder, name, priors, default) for name in (LATEST, batch))
    held = _stored_size(latest)
    if held <= fitter.settings.size:
        return _Place(latest, LATEST)
    return _Place(own, batch, Larger(latest, held, command_of(folder, LATEST, priors, default)))


def _stored_size(path: Path) -> int:
    """Return how many particles a stored posterior has; 0 without one."""
    return read_posterior(path).size if path.is_file() else 0


def _keep(
    found: Observed,
    file: str,
    posterior: Posterior | None,
    history: Path,
    known: tuple[Observation, ...],
) -> None:
    """Write posterior, log and history, all or none; history comes last."""
    log = history.with_name(LOG)
    with Together(history.parent) as files:
        if posterior is not None and found.kept is not None:
            place = found.kept.path
            if place.is_file():
                held = place.read_bytes()
                files.add(replaced(place, found.batch), lambda path: path.write_bytes(held))
            files.add(place, partial(store_posterior, posterior=posterior))
        files.add(log, lambda path: path.write_bytes(logged(log, _log_rows(found, file))))
        files.add(history, lambda path: path.write_bytes(appended(history, found.rows)))
        if history.is_file() and read_history(history) != known:
            raise SDError(Worded(sentence("changed", path=history.name)))
        files.put()


def _log_rows(found: Observed, file: str) -> list[list[object]]:
    """Return the rows of the log: one for each figure and target, one where none is fitted."""
    when = datetime.now().astimezone().isoformat(timespec="seconds")
    rows: list[list[object]] = []
    for one in found.moved:
        row, old = one.row, one.replaces
        head = [
            when,
            found.batch,
            file,
            one.line,
            f"{row.time:g}",
            row.sector,
            row.measure,
            f"{row.value:.12g}",
            row.unit,
            row.published_on,
            f"{old.value:.12g}" if old else "",
            int(one.fitted),
        ]
        for key, after in found.after.items():
            before, step = found.before[key], one.alone.get(key)
            alone = [f"{step.mean:.4f}", f"{step.se:.4f}"] if step else ["", ""]
            rows.append(
                [
                    *head,
                    key,
                    before.key.as_of,
                    before.key.posterior,
                    f"{before.middle:.4f}",
                    *alone,
                    after.key.as_of,
                    after.key.posterior,
                    f"{after.middle:.4f}",
                    f"{found.change[key].mean:.4f}",
                    f"{found.change[key].se:.4f}",
                ]
            )
        if not found.after:
            rows.append([*head, *[""] * 11])
    return rows
