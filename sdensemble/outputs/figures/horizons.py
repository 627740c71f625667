"""The answer by horizon and by condition, as figures."""

from __future__ import annotations

from collections.abc import Iterator

from sdensemble.inputs.targets import readings
from sdensemble.lang import Capital, Words, phrase
from sdensemble.outputs.figure import Axis, Beside, Figure, Line, Mark, Panel, Points, Rule, numbers
from sdensemble.outputs.figures.parts import conditions, run_of, source, units
from sdensemble.outputs.form import Chance, Shown
from sdensemble.outputs.horizon_tables import outcome_unit, rounded_at, shown_horizons
from sdensemble.outputs.naming import inside, statement
from sdensemble.results.horizon import parts, reference
from sdensemble.results.results import Results


def answer_figures(results: Results) -> Iterator[Figure]:
    """Yield the figures behind an answer: effects by year, and P by scope and condition."""
    if results.spec.headline.horizons and results.pairs():
        yield horizon_figure(results)
    if results.spec.conditions:
        yield condition_figure(results)


def horizon_figure(results: Results) -> Figure:
    """Return effects of the packages by year: in the year, and in all until then."""
    unit = outcome_unit(results)
    shown = shown_horizons(results)
    names = list(dict.fromkeys(one.scenario.name for one in shown))
    panels = []
    for key, effects in (
        ("horizon.effect", [(one, one.effect) for one in shown]),
        ("horizon.cumulative", [(one, one.cumulative) for one in shown]),
    ):
        marks: list[Mark] = [Rule(0.0, across=True)]
        for name in names:
            own = [(h, e) for h, e in effects if h.scenario.name == name and e is not None]
            if not own:
                continue
            label = own[0][0].scenario.title
            x, y = numbers(h.year for h, _ in own), numbers(e.found.mean for _, e in own)
            low, high = (
                numbers(end)
                for end in zip(*((e.found.low, e.found.high) for _, e in own), strict=True)
            )
            marks += [Line(x, y, name=label), Points(x, y, low, high, name=label)]
        panels.append(
            Panel(
                tuple(marks),
                Axis(whole=True, ticks=numbers(results.horizons)),
                Axis(phrase(key), unit),
                height=55,
            )
        )
    about = {
        "name": inside(results.asked_outcome.label, results.spec),
        "base": reference(results).title,
    }
    title = Capital(phrase("horizon.figure_title", **about))
    return Figure(
        "horizons",
        title,
        tuple(panels),
        columns=2,
        notes=(
            phrase("horizon.figure_note"),
            units(results),
            conditions(results, measured=True),
        ),
        caption=title,
        source=source(results),
        run=run_of(results),
    )


def condition_figure(results: Results) -> Figure:
    """Return P of the question and the targets beside it: by scope, and by part of a condition."""
    base = reference(results)
    panels, errors = [], list[float]()
    for target in (results.question, *results.beside()):
        rows: list[tuple[Words, float, float]] = []
        named: Words
        asked = results.event(target, base).probability()
        rows.append((phrase("horizon.as_asked"), asked.middle, asked.se))
        for other in readings(target, results.targets):
            if other.variable in results.data:
                found = results.event(other, base).probability()
                name: Words = results.spec.labels.get(other.scope) or other.scope
                rows.append((name, found.middle, found.se))
        for part in parts(results):
            for own, p, error in part.chances:
                if own is target:
                    label = part.condition.labels[part.place]
                    named = phrase("language.headed", head=part.condition.label, text=label)
                    rows.append((named, p, error))
        head = phrase("horizon.chance", target=statement(results, target))
        errors += [error for *_, error in rows]
        y = numbers(range(len(rows)))
        x = numbers(100 * p for _, p, _ in rows)
        low = numbers(100 * max(0.0, p - 2 * (e if e == e else 0.0)) for _, p, e in rows)
        high = numbers(100 * min(1.0, p + 2 * (e if e == e else 0.0)) for _, p, e in rows)
        texts = tuple(Shown((p, e), Chance(error=False)) for _, p, e in rows)
        axis = Axis(
            phrase("horizon.percent"),
            low=-2.0,
            high=102.0,
            ticks=(0.0, 20.0, 40.0, 60.0, 80.0, 100.0),
        )
        panels.append(Panel(
            (Points(x, y, low, high, role="estimate", across=True),), axis,
            Axis(names=tuple(name for name, _, _ in rows)), Capital(head),
            height=8.0 * len(rows) + 6, beside=(Beside(phrase("horizon.p"), texts),),
        ))  # fmt: skip
    title = phrase("horizon.by_scope")
    return Figure(
        "conditions",
        title,
        tuple(panels),
        notes=(
            phrase("horizon.scope_note", scenario=base.title),
            *rounded_at(errors),
            conditions(results),
        ),
        caption=title,
        source=source(results),
        run=run_of(results),
    )
