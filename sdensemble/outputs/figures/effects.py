"""The lever comparison: paired effects as distributions over members, with what they cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from sdensemble.lang import Capital, Words, bracketed, joined, phrase
from sdensemble.outputs.figure import (
    Axis,
    Beside,
    Figure,
    Hill,
    Mark,
    Panel,
    Rule,
    intervals,
    numbers,
)
from sdensemble.outputs.figures.parts import Folded, conditions, run_of, source, units
from sdensemble.outputs.form import Money, Paired, Ratio, Shown
from sdensemble.outputs.horizon_tables import money_unit, outcome_unit
from sdensemble.outputs.naming import (
    inside,
    lever_caveats,
    purses,
    unequal_costs,
    when,
)
from sdensemble.outputs.rounding import points
from sdensemble.results.estimate import Array
from sdensemble.results.results import (
    Effect,
    Results,
    is_stress,
    per_outlay,
    purse_charged,
    reference,
)

ROWS = 20
"""Rows on one page."""
SMALL, FEWEST, SCALES = 0.4, 3, 3
"""At least so many levers that reach less than this share of the largest stand apart, and of
these once more: the levers stand on so many axes at most."""


@dataclass(frozen=True, eq=False)
class Row:
    """One row of the figure; ``paid`` and ``forgone`` are what its policy costs, if anything.

    ``per_treasury`` is the effect per unit of the money paid, None where there is none to tell.
    """

    name: Words
    effect: Effect
    paid: Effect | None
    forgone: Effect | None
    per_treasury: float | None


def effect_pages(results: Results) -> int:
    """Return on how many pages the rows of the figure stand."""
    return max(1, -(-len(results.pairs()) // ROWS))


def effects(results: Results, page: int = 0) -> Figure:
    """Return a row per scenario: members' paired effect on the headline, its mean, 5-95%.

    Of more than ``ROWS`` those of one page, counted from 0. Scenarios that only stress the world,
    or are compared with another than the others are, have an axis of their own, so that they do
    not press the levers together.
    """
    first, panels = ROWS * page, []
    groups = [(title, rows) for title, rows in _groups(results).items() if rows]
    for title, rows in groups:
        shown = rows[max(first, 0) : max(first + ROWS, 0)]
        first -= len(rows)
        if shown:
            panels.append(_panel(results, shown, phrase(title) if len(groups) > 1 else ""))
    asked, base = results.question, reference(results)
    whole, unit = results.asked_outcome, results.spec.unit_words(asked.unit)
    values = {"name": inside(whole.label, results.spec), "year": when(results, results.asked_year)}
    return Figure(
        "effects",
        Capital(phrase("figure.effects_title", **values, against=base.title)),
        tuple(panels),
        notes=_notes(results),
        caption=phrase("caption.effects", **values, scenario=base.title, unit=unit),
        source=source(results),
        run=run_of(results),
    )


def _groups(results: Results) -> dict[str, list[Row]]:
    year, head = results.asked_year, results.asked_outcome
    found: dict[str, list[Row]] = {"figure.levers": [], "figure.stresses": []}
    for scenario, against in results.pairs():
        name: Words = scenario.title
        if against is not reference(results):
            said = phrase("figure.against", against=against.title)
            name = joined([scenario.title, bracketed([said])], "nothing")
        stress = is_stress(scenario)
        apart = stress or against is not reference(results)
        paid, forgone = results.purses(scenario, against, year)
        effect = results.effect(head, scenario, against, year)
        per = None if stress else per_outlay(effect, purse_charged(paid, forgone)[0])
        row = Row(name, effect, paid, forgone, per)
        found["figure.stresses" if apart else "figure.levers"].append(row)
    return _apart(found)


def _apart(groups: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """Return the groups, with levers of small effects apart where large ones would flatten them."""
    found: dict[str, list[Row]] = {}
    rows = groups.pop("figure.levers")
    for title in ("figure.levers", "figure.small", "figure.smaller")[:SCALES]:
        reach = [max(abs(row.effect.low), abs(row.effect.high)) for row in rows]
        small = [row for row, far in zip(rows, reach, strict=True) if far < SMALL * max(reach)]
        last = len(found) == SCALES - 1 or len(small) < FEWEST
        found[title] = rows if last else [row for row in rows if row not in small]
        if last:
            break
        rows = small
    return {**found, **groups}


def _panel(results: Results, rows: Sequence[Row], title: Words) -> Panel:
    effects = [row.effect for row in rows]
    marks: list[Mark] = [Rule(0.0, "limit")]
    marks += [hill for place, one in enumerate(effects) if (hill := _hill(place, one))]
    ends = [(one.low, one.found.mean, one.high) for one in effects]
    marks.append(intervals(ends, range(len(rows)), "estimate"))
    whole, unit = results.asked_outcome, results.spec.unit_words(results.question.unit)
    axis = Axis(
        Capital(phrase("figure.effects_axis", name=inside(whole.label, results.spec), unit=unit))
    )
    names = Axis(names=tuple(row.name for row in rows))
    return Panel(tuple(marks), axis, names, title, beside=_beside(results, rows), id="effects")


def _hill(place: int, effect: Effect) -> Hill | None:
    kept = effect.moved[np.isfinite(effect.moved)]
    if not kept.size or np.ptp(kept) <= 0:
        return None
    edges, heights = counts(kept)
    return Hill(place, numbers(edges), numbers(heights))


def counts(values: Array) -> tuple[Array, Array]:
    """Return bin edges over the central 99% of values and the counts between, scaled to 1."""
    low, high = np.quantile(values, [0.005, 0.995])
    if high <= low:
        low, high = float(values.min()), float(values.max())
    found, edges = np.histogram(values, bins=36, range=(low, high))
    return edges, found / found.max()


def _beside(results: Results, rows: Sequence[Row]) -> tuple[Beside, ...]:
    """Return the columns on the right: mean effect, share that rises, and what it costs."""
    columns = [
        Beside(
            phrase("figure.mean_head", unit=outcome_unit(results)),
            tuple(Shown(row.effect.found, Paired()) for row in rows),
        ),
        Beside(phrase("figure.helped"), tuple(f"{points(row.effect.helped)}%" for row in rows)),
    ]
    purse = purses(results.spec)
    if purse.payers:
        columns.append(Beside(_money(results, purse.outlay), _costs(row.paid for row in rows)))
        values = {"unit": money_unit(results), "effect": outcome_unit(results)}
        head = phrase("figure.per_outlay", outlay=Folded(purse.outlay), **values)
        columns.append(Beside(head, tuple(Shown(row.per_treasury, Ratio()) for row in rows)))
    if purse.forgoers:
        given_up = _money(results, joined(purse.forgoers))
        columns.append(Beside(given_up, _costs(row.forgone for row in rows)))
    return tuple(columns)


def _money(results: Results, purse: Words) -> Words:
    return phrase("figure.money_head", purse=Folded(purse), unit=money_unit(results))


def _costs(costs: Iterable[Effect | None]) -> tuple[Words, ...]:
    return tuple(Shown(cost.found.mean if cost else None, Money()) for cost in costs)


def _notes(results: Results) -> tuple[Words, ...]:
    notes: list[Words] = [phrase("figure.effects_note")]
    if results.spec.payers:
        values = {"year": when(results, results.asked_year), "unit": money_unit(results)}
        purse = purses(results.spec)
        key = "figure.outlay_note" if purse.forgoers else "figure.outlay_only_note"
        notes.append(phrase(key, **values, **purse.said()))
    return (
        *notes,
        *unequal_costs(results),
        *lever_caveats(results),
        units(results),
        conditions(results, measured=True),
    )
