"""The value of knowing more: what to go and measure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sdensemble.decide.knowledge import Knowledge
from sdensemble.decide.worlds import World
from sdensemble.lang import Words, joined, phrase
from sdensemble.outputs.decide import common as c
from sdensemble.outputs.decide.variance import FEW
from sdensemble.outputs.document import Document
from sdensemble.outputs.figure import Axis, Bars, Figure, Rule, row_panel, with_errors
from sdensemble.outputs.naming import inside
from sdensemble.outputs.table import Table, table_from
from sdensemble.results.jackknife import WithError
from sdensemble.study import Study


def knowledge_document(
    found: Knowledge, world: World, study: Study, labels: c.Labels, chance: bool = False
) -> Document:
    """Return what to go and measure before choosing, as a document."""
    unit = c.ONE_POINT if chance else c.target_unit(study, found.target)
    scale = 100.0 if chance else 1.0
    return c.paper(
        "evpi",
        _answer(found, study, unit, scale),
        table_from(
            "choices",
            phrase("decide.evpi.choices"),
            zip(found.scenarios, found.means, strict=True),
            c.cell("scenario", lambda held: held[0].title),
            c.cell("effect", lambda held: held[1], c.Errored(factor=scale), unit),
        ),
        _table(found, study, labels, unit, scale),
        _figure(found, study, unit, scale),
        c.note("evpi.notes"),
        subtitle=c.conditions(world, world.draws.members, study, found.target),
        id="information",
    )


def _told(one: WithError) -> bool:
    """Return whether a worth can be told from nothing."""
    return one.told and one.value > 0


def _favoured(found: Knowledge, name: str) -> tuple[Words, Words]:
    """Return the choices that low and high values of an input speak for."""
    low, high = found.favours.get(name, ("", ""))
    return c.title_of(found, low), c.title_of(found, high)


def _answer(found: Knowledge, study: Study, unit: Words, scale: float) -> Iterator[Words]:
    def worth(one: WithError) -> Words:
        return c.amount((scale * max(one.value, 0.0), scale * one.se), unit, c.SPENT)

    yield phrase(
        "decide.evpi.perfect",
        names=c.listed(s.title for s in found.scenarios),
        best=c.title_of(found, found.best),
        worth=worth(found.perfect),
    )
    items = []
    for name, one in [(n, w) for n, w in found.partial if _told(w)][:FEW]:
        low, high = _favoured(found, name)
        measured = inside(c.input_name(study, name), study.report)
        words = {"input": measured, "worth": worth(one), "low": low, "high": high}
        items.append(phrase("decide.evpi.item", **words))
    if items:
        yield phrase("decide.evpi.measure", items=joined(items, "clause"))
    else:
        yield phrase("decide.evpi.nothing")


def _table(found: Knowledge, study: Study, labels: c.Labels, unit: Words, scale: float) -> Table:
    nothing = (None, None)
    rows: list[tuple[Words, WithError, Sequence[Words | None]]] = [
        (phrase("decide.evpi.all"), found.perfect, nothing)
    ]
    rows += [(c.group_name(study, labels, n), w, nothing) for n, w in found.groups]
    rows += [
        (c.input_name(study, n), w, _favoured(found, n) if n in found.favours else nothing)
        for n, w in found.partial[: c.SHOWN]
    ]
    form = c.Errored(factor=scale, signed=False)
    return table_from(
        "information",
        phrase("decide.evpi.table"),
        rows,
        c.cell("input", lambda row: row[0]),
        c.cell("worth", lambda row: c.pair(row[1]), form, unit),
        c.cell("low", lambda row: row[2][0], head="favours_low"),
        c.cell("high", lambda row: row[2][1], head="favours_high"),
        c.cell("verdict", lambda row: c.verdict(_told(row[1]))),
    )


def _figure(found: Knowledge, study: Study, unit: Words, scale: float) -> Figure:
    top = found.partial[:10]
    worth = [(scale * w.value, scale * w.se) for _, w in top]
    bars = with_errors(Bars, worth, range(len(top)), least=0.0)
    limit = Rule(scale * found.perfect.value, "limit", phrase("decide.fig.perfect"))
    names, axis = (c.input_name(study, n) for n, _ in top), Axis(phrase("decide.head.worth"), unit)
    panel = row_panel(names, bars, limit, x=axis, each=6)
    return Figure("worth", phrase("decide.evpi.figure"), (panel,))
