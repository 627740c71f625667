"""What figures of one's own moved, what was brought in, and what was taken back: documents."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from sdensemble.evidence.observe import LOG, Batch, Observed, Undone
from sdensemble.evidence.observe.add import Moved
from sdensemble.inputs.history import LATEST, Observation, vintage
from sdensemble.lang import Words, joined, phrase
from sdensemble.outputs.document import Block, Document, Heading, Items, Paragraph
from sdensemble.outputs.evidence.common import amount, document, lines, series_title
from sdensemble.outputs.form import Chance
from sdensemble.outputs.naming import label, named_with_year, period_of
from sdensemble.outputs.rounding import points_up, rounded
from sdensemble.outputs.table import Column, Heads, table_from
from sdensemble.results.estimate import Estimate
from sdensemble.results.probability import Key, distinguishable
from sdensemble.study import Study

cell = Heads("observe.")


def say(key: str, **values: object) -> Words:
    """Return a phrase of ``[observe]``."""
    return phrase(f"observe.{key}", **values)


def batches_document(study: Study, found: Sequence[Batch]) -> Document:
    """Return what was brought in and is in use, import by import."""
    if not found:
        return document("observe", lines([say("list_none")]))
    blocks: list[Block] = [Paragraph(say("list", n=len(found)))]
    for one in found:
        blocks.append(Heading(say("list_batch", batch=one.name, n=len(one.rows)), 2))
        blocks.append(Items(tuple(_listed(study, row) for row in one.rows)))
    return document("observe", blocks)


def _listed(study: Study, row: Observation) -> Words:
    published = "" if row.unpublished else say("published", day=row.published_on)
    return joined([figure_title(study, row), published], "blank")


def undone_document(found: Undone) -> Document:
    """Return what taking a batch back did."""
    batch = found.batch
    said = [say("undone", batch=batch.name, n=len(batch.rows))]
    said += [say("undone_posterior", path=place.name) for place in found.posteriors]
    return document("observe", lines(said if found.posteriors else [*said, say("undone_refit")]))


def observed_document(study: Study, found: Observed) -> Document:
    """Return which number moved which probability, what they are of, and what was not fitted."""
    blocks: list[Block] = []
    if found.after:
        blocks += _moved(study, found)
        blocks += [*_keys(study, found), Paragraph(_across(study, found))]
    else:
        blocks.append(Paragraph(say("none_fitted")))
    blocks += lines(note for one in found.moved for note in _notes(study, one))
    return document("observe", [*blocks, *lines(_kept(found))])


def figure_title(study: Study, row: Observation) -> Words:
    """Return a figure as a line begins with it."""
    series = "/".join(row.series)
    name = series_title(study, series)
    if name == series:
        name = joined([label(study.report, row.measure), f"/{row.sector}"], "nothing")
    shown = amount(study, row.value, row.unit)
    own = say("unpublished") if row.unpublished else ""
    return joined([name, f" {row.time:g} = ", shown, own], "nothing")


def points(step: Estimate) -> Words:
    """Return a move in whole points with its error, "+12 ±3", or that it may be none."""
    se = points_up(step.se) if math.isfinite(step.se) else 1
    if step.mean == 0.0 and not step.se > 0.0:
        return "≈0"
    if not distinguishable(step):
        return say("no_effect", se=se)
    sign = "+" if step.mean > 0 else "−"
    size = rounded(abs(100 * step.mean), 100 * step.se, most=0)
    return say("small_effect", sign=sign) if size == "0" else f"{sign}{size} ±{se}"


def _name(study: Study, key: str) -> Words:
    """Return a target's name with its year."""
    target = next(target for target in study.targets if target.id == key)
    return named_with_year(target, period_of(study.model, study.report))


def _moved(study: Study, found: Observed) -> list[Block]:
    """Return a row for each target: before, each figure alone, all together; and a legend."""
    fitted = [one for one in found.moved if one.fitted]
    legend = Items(tuple(figure_title(study, one.row) for one in fitted), ordered=True)
    table = table_from(
        "observed",
        "",
        found.before,
        cell("target", lambda key: _name(study, key)),
        cell("before", found.before.get, Chance()),
        *(
            (Column(f"alone {i}", f"({i})"), lambda key, one=one: points(one.alone[key]))
            for i, one in enumerate(fitted, start=1)
            if one.alone
        ),
        cell("after", found.after.get, Chance()),
        cell("change", lambda key: points(found.change[key])),
    )
    return [
        Paragraph(say("moved" if any(one.alone for one in fitted) else "moved_together")),
        legend,
        table,
    ]


def _keys(study: Study, found: Observed) -> Iterator[Block]:
    """Yield what the probabilities are conditional on, but for the information date.

    Targets that share all but the event and its year are told together.
    """

    def word(text: str) -> Words:
        return label(study.report, text) if text else "—"

    together: dict[tuple[str, ...], list[str]] = {}
    for name, p in found.before.items():
        key = p.key
        same = (key.measure, key.scope, key.price_basis, key.prior_set, key.scenario)
        together.setdefault((*same, key.model_set, key.model_digest), []).append(name)
    for (measure, scope, prices, priors, scenario, models, model), names in together.items():
        yield Paragraph(
            say(
                "key",
                measure=word(measure),
                scope=word(scope),
                prices=word(prices),
                priors=word(priors),
                scenario=study.named((scenario,))[0].title,
                models=models,
                model=model[:8],
            )
        )
        yield Items(tuple(_event(study, name, found.before[name].key) for name in names))


def _event(study: Study, name: str, key: Key) -> Words:
    return joined([_name(study, name), f": {key.event}, {key.year}"], "nothing")


def _across(study: Study, found: Observed) -> Words:
    first = next(iter(found.before))
    old, new = found.before[first].key, found.after[first].key
    return say(
        "across",
        first=old.as_of,
        last=new.as_of,
        known=vintage(study.history, LATEST).published or "—",
        draws=_draws(old),
        draws_after=_draws(new),
        particles=found.particles,
        seed=found.seed,
    )


def _draws(key: Key) -> Words:
    if key.posterior == "prior":
        return say("prior")
    return say("posterior", digest=key.posterior)


def _notes(study: Study, one: Moved) -> Iterable[Words]:
    """Yield what is to be said of a figure besides what it moves."""
    row, title = one.row, figure_title(study, one.row)
    if one.why is not None:
        key, about = one.why
        values: dict[str, object] = {"end": about, "year": about}
        if isinstance(about, Observation):
            values = {"value": f"{about.value:g}", "published": about.published_on}
        yield say("not_fitted", row=title, why=say(key.replace(" ", "_"), **values))
        if key == "stands":
            return
    old = one.replaces
    if old is not None:
        values = {"row": title, "old": old.value, "new": row.value, "published": old.published_on}
        yield say("confirms" if old.value == row.value else "revises", **values)


def _kept(found: Observed) -> Iterator[Words]:
    """Yield what was written where."""
    yield say("kept", path="history.csv", n=len(found.rows), batch=found.batch, log=LOG)
    if found.known:
        yield say("left_out", lines=", ".join(map(str, found.known)))
    kept = found.kept
    if kept is not None and kept.larger is None:
        yield say("posterior_kept", path=kept.path.name, n=kept.particles)
    elif kept is not None and kept.larger is not None:
        yield say(
            "larger_stays",
            path=kept.larger.path.name,
            more=kept.larger.particles,
            n=kept.particles,
            other=kept.path.name,
            command=kept.larger.command,
        )
