"""The verb: figures added to a study's history as a new batch, fitted, and what they moved."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from pathlib import Path

from sdengine.errors import SDError
from sdengine.kernel import compile_model
from sdensemble.evidence.calibrate import settings_of
from sdensemble.evidence.observe.effects import (
    Events,
    Fitter,
    is_fitted,
    known_before,
    moved,
    why_not,
    with_rows,
)
from sdensemble.evidence.observe.figures import Figure, Figures
from sdensemble.evidence.observe.keep import LOG, logged, replaced
from sdensemble.evidence.observe.pace import Pace
from sdensemble.evidence.observe.words import tell
from sdensemble.evidence.posterior import Posterior, posterior_path, read_posterior, store_posterior
from sdensemble.evidence.stored import command_of
from sdensemble.evidence.words import columns, series_title
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
from sdensemble.lang import tell as told
from sdensemble.outputs.form import percent, rounded
from sdensemble.outputs.form import points as whole
from sdensemble.outputs.naming import label, target_name
from sdensemble.results.estimate import Estimate
from sdensemble.results.probability import Key, Probability, distinguishable
from sdensemble.study import Study

Line = Callable[[str], None]
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


@dataclass(frozen=True, eq=False)
class Observed:
    """What an import did; probabilities by target, none where nothing was refitted."""

    batch: str
    moved: tuple[Moved, ...]
    before: Mapping[str, Probability]
    after: Mapping[str, Probability]
    change: Mapping[str, Estimate]
    text: str
    seconds: float

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
    lang: str = "zh",
    tell_line: Line | None = None,
) -> Observed:
    """Add figures to a study's history as a new batch, refit, and say what they moved.

    Rows are appended, none is changed; a figure of a period already known is a revision and the
    vintage takes the last published. What was before is the stored posterior where it is of
    today's inputs, else a fit of its own; with ``each`` every figure is also judged alone, by a
    fit of its own. Where no figure is fitted nothing is refitted. History, posterior and log are
    written together or not at all.
    """
    begun = time.perf_counter()
    if study.fit is None:
        raise SDError(
            f"{study.folder / 'calibration' / 'fit.toml'}: no such file: no series is"
            " fitted, so no figure can move a probability"
        )
    settings = settings_of(particles, threads)
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
        fitter = Fitter(study, compile_model(study.model), prior_set, settings, seed)
        place, name = _place(study, prior_set, settings.size, batch)
        here = information((*study.history, *rows), batch)
        old = fitter.stored()
        apart = taken if each and len(taken) > 1 else []
        pace = Pace((old is None) + len(apart) + 1, lang, tell_line)
        if tell_line:
            tell_line(tell("fitting", lang, n=pace.fits, particles=settings.size))
        if old is None:
            old = fitter.fit(vintage(study.history, LATEST), pace.stage)
            pace.next_fit()
        before = fitter.events(old, LATEST)
        for row in apart:
            made = fitter.fit(with_rows(study, (row,)), pace.stage)
            alone[id(row)] = fitter.events(made, here)
            pace.next_fit()
            if tell_line:
                tell_line(tell("fitted", lang, row=_title(study, row, lang)))
        posterior = fitter.fit(with_rows(study, rows, name), pace.stage)
        after = fitter.events(posterior, here)
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
        "",
        0.0,
    )
    text = "\n".join(
        [
            *_moved_text(study, found, settings.size, seed, lang),
            *_kept_text(study, found, figures, place, posterior, prior_set, lang),
        ]
    )
    _keep(study, found, figures.file, posterior, place, history, lang)
    return replace(found, text=text, seconds=time.perf_counter() - begun)


def _batch(study: Study) -> str:
    """Return the name of a new batch: the day, numbered."""
    day = date.today().isoformat()
    known = set(batches_of(study.history))
    return next(name for i in range(1, 10_000) if (name := f"{day}-import-{i}") not in known)


# ── writing ────────────────────────────────────────────────────────────────────────────────


def _place(study: Study, prior_set: str, size: int, batch: str) -> tuple[Path, str]:
    """Return where the posterior goes and under which vintage.

    In the place of the latest vintage's; beside it, under the batch, where the stored one has
    more particles.
    """
    assert study.fit is not None
    name = LATEST if _stored_size(study, prior_set) <= size else batch
    return posterior_path(study.folder, name, study.priors(prior_set), study.fit.vintage), name


def _stored_size(study: Study, prior_set: str) -> int:
    """Return how many particles the stored posterior of the latest vintage has; 0 without one."""
    assert study.fit is not None
    path = posterior_path(study.folder, LATEST, study.priors(prior_set), study.fit.vintage)
    if not path.is_file():
        return 0
    found = read_posterior(path)
    return found.particles * found.replicates


def _keep(
    study: Study,
    found: Observed,
    file: str,
    posterior: Posterior | None,
    place: Path | None,
    history: Path,
    lang: str,
) -> None:
    """Write posterior, log and history, all or none; history comes last."""
    log = study.folder / "calibration" / LOG
    with Together(history.parent) as files:
        if posterior is not None and place is not None and place.is_file():
            held = place.read_bytes()
            files.add(replaced(place, found.batch), lambda path: path.write_bytes(held))
        if posterior is not None and place is not None:
            files.add(place, partial(store_posterior, posterior=posterior))
        files.add(log, lambda path: path.write_bytes(logged(log, _log_rows(found, file))))
        files.add(history, lambda path: path.write_bytes(appended(history, found.rows)))
        if history.is_file() and read_history(history) != study.history:
            raise SDError(tell("changed", lang, path=history.name))
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


# ── words ──────────────────────────────────────────────────────────────────────────────────


def _title(study: Study, row: Observation, lang: str) -> str:
    """Return a figure as a line begins with it."""
    name = told(series_title(study, "/".join(row.series)), lang)
    if name == "/".join(row.series):
        name = f"{told(label(study.report, row.measure), lang)}/{row.sector}"
    shown = f"{name} {row.time:g} = {row.value:g} {study.report.unit_label(row.unit, lang)}"
    return shown + (tell("unpublished", lang) if row.unpublished else "")


def points(step: Estimate, lang: str) -> str:
    """Return a move in whole points with its error, "+12 ±3", or that it may be none."""
    se = max(1, math.ceil(100 * step.se - 1e-9)) if math.isfinite(step.se) else 1
    if step.mean == 0.0 and not step.se > 0.0:
        return "≈0"
    if not distinguishable(step):
        return tell("no effect", lang, se=se)
    sign = "+" if step.mean > 0 else "−"
    size = rounded(abs(100 * step.mean), 100 * step.se, most=0)
    return tell("small effect", lang, sign=sign) if size == "0" else f"{sign}{size} ±{se}"


def _moved_text(study: Study, found: Observed, size: int, seed: int, lang: str) -> list[str]:
    """Return which number moved which probability, what they are of, and what was not fitted."""
    lines = _table(study, found, lang) if found.after else [tell("none fitted", lang)]
    if found.after:
        first = next(iter(found.before))
        lines += ["", *_keys(study, found, lang)]
        old, new = found.before[first].key, found.after[first].key
        day = vintage(study.history, LATEST).published
        lines.append(
            tell(
                "across",
                lang,
                first=old.as_of,
                last=new.as_of,
                known=day or "—",
                draws=_draws(old, lang),
                draws_after=_draws(new, lang),
                particles=size,
                seed=seed,
            )
        )
    notes = [line for one in found.moved for line in _notes(study, one, lang)]
    return [*lines, *([""] if notes else []), *notes]


def _name(study: Study, key: str, lang: str) -> str:
    """Return a target's name with its year."""
    target = next(target for target in study.targets if target.id == key)
    return told(target_name(target), lang) + (f" {target.year}" if target.year else "")


def chance(p: Probability) -> str:
    """Return a probability in whole points with its error: "31% ±2"; bounds where it has any."""
    shown = whole(p.middle)
    if p.bounded or not math.isfinite(p.se) or not shown.isdigit():
        return percent(p)
    return f"{shown}% ±{max(1, math.ceil(100 * p.se - 1e-9))}"


def _table(study: Study, found: Observed, lang: str) -> list[str]:
    """Return a line for each target: before, each figure alone, all together."""
    fitted = [one for one in found.moved if one.fitted]
    legend = [f"  ({i}) {_title(study, one.row, lang)}" for i, one in enumerate(fitted, start=1)]
    fitted = [one for one in fitted if one.alone]
    marks = [f"({i})" for i in range(1, len(fitted) + 1)]
    table = [["", tell("before", lang), *marks, tell("after", lang), tell("change", lang)]]
    for key, before in found.before.items():
        cells = [points(one.alone[key], lang) for one in fitted]
        table.append(
            [
                _name(study, key, lang),
                chance(before),
                *cells,
                chance(found.after[key]),
                points(found.change[key], lang),
            ]
        )
    kind = "moved" if fitted else "moved together"
    return [tell(kind, lang), *legend, "", *columns(table)]


def _keys(study: Study, found: Observed, lang: str) -> list[str]:
    """Return what the probabilities are conditional on, but for the information date.

    Targets that share all but the event and its year are told together.
    """

    def word(text: str) -> str:
        return told(label(study.report, text), lang) if text else "—"

    together: dict[str, list[str]] = {}
    for name, p in found.before.items():
        key = p.key
        said = tell(
            "key",
            lang,
            measure=word(key.measure),
            scope=word(key.scope),
            prices=word(key.price_basis),
            priors=word(key.prior_set),
            scenario=study.named((key.scenario,))[0].title[lang],
            models=key.model_set,
            model=key.model_digest[:8],
        )
        event = f"  {_name(study, name, lang)}: {key.event}, {key.year}"
        together.setdefault(said, []).append(event)
    return [line for said, events in together.items() for line in (said, *events)]


def _draws(key: Key, lang: str) -> str:
    if key.posterior == "prior":
        return tell("prior", lang)
    return tell("posterior", lang, digest=key.posterior)


def _notes(study: Study, one: Moved, lang: str) -> list[str]:
    """Return what is to be said of a figure besides what it moves."""
    row, title = one.row, _title(study, one.row, lang)
    if one.why is not None:
        key, about = one.why
        words: dict[str, object] = {"end": about, "year": about}
        if isinstance(about, Observation):
            words = {"value": f"{about.value:g}", "published": about.published_on}
        why = tell(key, lang, **words)
        said = [tell("not fitted", lang, row=title, why=why)]
        if key == "stands":
            return said
    else:
        said = []
    old = one.replaces
    if old is not None:
        words = {"row": title, "old": old.value, "new": row.value, "published": old.published_on}
        said.append(tell("confirms" if old.value == row.value else "revises", lang, **words))
    return said


def _kept_text(
    study: Study,
    found: Observed,
    figures: Figures,
    place: Path | None,
    posterior: Posterior | None,
    prior_set: str,
    lang: str,
) -> list[str]:
    """Return what was written where."""
    lines = [
        "",
        tell("kept", lang, path="history.csv", n=len(found.rows), batch=found.batch, log=LOG),
    ]
    if figures.known:
        lines.append(tell("left out", lang, lines=", ".join(map(str, figures.known))))
    if posterior is None or place is None or study.fit is None:
        return lines
    count = posterior.particles * posterior.replicates
    large = posterior_path(study.folder, LATEST, study.priors(prior_set), study.fit.vintage)
    if place == large:
        return [*lines, tell("posterior kept", lang, path=place.name, n=count)]
    command = command_of(study.folder, LATEST, study.priors(prior_set), study.fit.vintage)
    more = _stored_size(study, prior_set)
    return [
        *lines,
        tell(
            "larger stays",
            lang,
            path=large.name,
            more=more,
            n=count,
            other=place.name,
            command=command,
        ),
    ]
