"""The fan of an outcome, with its target, P by year, and history of another measure beside."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from sdensemble.inputs.history import Observation, known_until, whole_year
from sdensemble.inputs.targets import readings
from sdensemble.lang import Capital, Words, joined, phrase
from sdensemble.outputs.figure import (
    Axis,
    Bars,
    Figure,
    Label,
    Line,
    Mark,
    Panel,
    Points,
    numbers,
)
from sdensemble.outputs.figure import Target as Goal
from sdensemble.outputs.figures.parts import (
    QUANTILES,
    conditions,
    fan_marks,
    key_of,
    run_of,
    source,
    units,
)
from sdensemble.outputs.naming import SIGNS, beyond, is_example, label, time_unit, when
from sdensemble.outputs.rounding import points
from sdensemble.results.ensemble import quantile
from sdensemble.results.estimate import Array
from sdensemble.results.probability import value_of, year_of
from sdensemble.results.results import Results

if TYPE_CHECKING:
    from sdensemble.inputs.report import Outcome
    from sdensemble.inputs.scenarios import Scenario
    from sdensemble.inputs.targets import Target


def fan(
    results: Results,
    scenario: Scenario,
    history: Sequence[Observation] = (),
    others: Sequence[Results] = (),
    *,
    outcome: Outcome | None = None,
    lower: bool = True,
    title: Words = "",
    width: float = 146.0,
) -> Figure:
    """Return the fan chart of an outcome under one scenario.

    The headline where no ``outcome`` is named. ``others`` are the same study under further prior
    sets: their median and 90% interval are drawn as lines. ``lower`` adds the probability of
    passing the target by year and, for the headline, the ``history`` of another measure.
    """
    shown = outcome or results.asked_outcome
    asked = _asked(results, shown)
    panels = [_main(results, scenario, shown, asked, others)]
    drawn: tuple[Observation, ...] = ()
    if lower and asked is not None:
        panels.append(_by_year(results, scenario, asked))
    if lower and shown is results.spec.headline.whole:
        drawn = drawn_history(results, history)
        panels += [_history(results, drawn)] if drawn else []
    key = key_of(results, asked or results.question, shown.label)
    values = {"name": shown.label, "key": key, "scenario": scenario.title}
    return Figure(
        "fan",
        title or Capital(phrase("figure.fan_title", **values)),
        tuple(panels),
        notes=(phrase("figure.note"), units(results), conditions(results)),
        caption=_caption(results, scenario, shown, history),
        source=source(results, bool(drawn)),
        run=run_of(results),
        width=width,
    )


def _caption(
    results: Results, scenario: Scenario, shown: Outcome, history: Sequence[Observation]
) -> Words:
    drawn = drawn_history(results, history)
    left = [o for o in related(results, history) if o not in drawn]
    years = joined([f"{o.time:.0f}" for o in left])
    omitted = phrase("caption.omitted", n=len(left), years=years) if left else ""
    values = {"name": shown.label, "scenario": scenario.title, "omitted": omitted}
    return phrase("caption.fan", **values)


def _asked(results: Results, shown: Outcome) -> Target | None:
    """Return the target an outcome is measured against: the question's, or that of its year."""
    if shown is results.asked_outcome:
        return results.question
    targets = results.targets_of(shown)
    found = [target for target in targets if target.year == results.asked_year]
    chosen = found or list(targets)
    return chosen[-1] if chosen else None


# ── the fan ──


def _main(
    results: Results,
    scenario: Scenario,
    shown: Outcome,
    asked: Target | None,
    others: Sequence[Results],
) -> Panel:
    marks, found = fan_marks(results.years, results.at(shown, scenario))
    marks += _readings(results, scenario, asked)
    for other in others:
        if other.has(scenario.name):
            values = other.at(shown, other.scenario(scenario.name))
            prior = label(other.spec, other.prior_set)
            name = phrase("figure.prior_set", prior=prior)
            marks += _interval(results, values, "series", name)
    marks += _start(results, shown, found[:, 0])
    names: list[Words] = [f"{100 * q:.0f}%" for q in QUANTILES]
    names[3] = phrase("figure.median")
    last = float(results.years[-1])
    marks += [Label(last, float(at), text) for text, at in zip(names, found[:, -1], strict=True)]
    marks += _targets(results, shown, asked)
    unit = results.spec.unit_words(results.unit(shown.variable))
    y = Axis(shown.label, unit)
    return Panel(tuple(marks), _years(results), y, height=72.0, id="fan")


def _years(results: Results) -> Axis:
    first, last = int(results.years[0]), int(results.years[-1])
    step = max(1, (last - first) // 12)
    ticks = numbers(range(first, last + 1, step))
    return Axis(low=first - 0.5, high=last + 0.5, ticks=ticks, whole=True)


def _interval(results: Results, values: Array, role: str, name: Words) -> list[Mark]:
    """Return the median and the ends of the 90% interval as lines of one look."""
    x = numbers(results.years)
    middle, *ends = quantile(values, [0.5, 0.05, 0.95])
    return [
        Line(x, numbers(middle), role, name),
        *(Line(x, numbers(end), role, name, thin=True) for end in ends),
    ]


def _readings(results: Results, scenario: Scenario, asked: Target | None) -> list[Mark]:
    """Return the median of the outcome in each other scope its target is read in.

    Their intervals stand in the tables: drawn here, they would set the height of the axis.
    """
    marks: list[Mark] = []
    for reading in readings(asked, results.targets) if asked is not None else ():
        if reading.variable not in results.data:
            continue
        series = results.series(reading.variable, reading.element or None)
        name = phrase("figure.reading", scope=label(results.spec, reading.scope))
        middle = quantile(series[results.place(scenario)], 0.5)
        marks.append(Line(numbers(results.years), numbers(middle), "as_reported", name))
    return marks


def _start(results: Results, shown: Outcome, first: Array) -> list[Mark]:
    """Return the ensemble's own first year with its error: no statistic of this measure exists."""
    year, spec = int(results.years[0]), results.spec.history
    values: dict[str, object] = {"year": when(results, year)}
    if spec is not None and shown is results.spec.headline.whole:
        name = phrase("figure.start", **values, measure=label(results.spec, spec.measure))
    else:
        name = phrase("figure.start_plain", **values)
    low, middle, high = (float(first[place]) for place in (0, 3, 6))
    return [Points((year,), (middle,), (low,), (high,), "estimate", name)]


def _targets(results: Results, shown: Outcome, asked: Target | None) -> list[Mark]:
    """Return the question as a long line with words, other targets as short marks."""
    marks: list[Mark] = []
    last = int(results.years[-1])
    for target in results.targets_of(shown):
        year, value, example = year_of(target), value_of(target), is_example(target)
        name = phrase("figure.example" if example else "figure.target")
        main = asked is not None and target.id == asked.id
        text: Words = f"{SIGNS.get(target.comparator, target.comparator)}{value:g}"
        if example:
            text = phrase("figure.example_value", text=text)
        at_end = main or year == last
        said = "" if at_end else text
        marks.append(Goal(year, value, said, not example, whole=main, name=name))
        if year == last and not main:
            marks.append(Label(last, value, text, "example" if example else "target"))
    if asked is not None:
        words = joined([when(results, year_of(asked)), beyond(asked, results.spec)], "gap")
        role = "example" if is_example(asked) else "target"
        text = phrase(f"figure.{role}_line", text=words)
        marks.append(Label(float(results.years[0]) - 0.4, value_of(asked), text, role))
    return marks


def _by_year(results: Results, scenario: Scenario, asked: Target) -> Panel:
    """Return the probability of passing the target's value in each year, with its error."""
    found = [results.event(asked, scenario, year=int(y)).probability() for y in results.years]
    marked = tuple(i for i, year in enumerate(results.years) if year == year_of(asked))
    bars = Bars(
        numbers(results.years),
        numbers(100 * p.middle for p in found),
        numbers(100 * p.interval[0] for p in found),
        numbers(100 * p.interval[1] for p in found),
        texts=tuple(points(p.middle, p.error) for p in found),
        marked=marked,
    )
    values = {"beyond": beyond(asked, results.spec), "unit": time_unit(results)}
    y = Axis(low=0.0, high=125.0, ticks=(0.0, 50.0, 100.0))
    title = phrase("figure.p_by_year", **values)
    return Panel((bars,), _years(results), y, title, height=18.0, id="probability")


# ── history ──


def drawn_history(results: Results, history: Sequence[Observation]) -> tuple[Observation, ...]:
    """Return the observations of the headline's other measure that the years of a run cover."""
    first, last = results.years[0], results.years[-1]
    return tuple(o for o in related(results, history) if first <= o.time <= last)


def related(results: Results, history: Sequence[Observation]) -> tuple[Observation, ...]:
    """Return the observations the report asks to show beside the headline.

    Whole years only, of each the last publication; what was observed comes before what is derived.
    """
    spec = results.spec.history
    best: dict[float, Observation] = {}
    for row in history if spec else ():
        whole = whole_year(row, results.model.clock.unit)
        if spec is None or row.series != (spec.measure, spec.sector) or not whole:
            continue
        if row.time not in best or _rank(row) >= _rank(best[row.time]):
            best[row.time] = row
    return tuple(best[time] for time in sorted(best))


def _rank(row: Observation) -> tuple[bool, date]:
    return row.role == "observed", row.known or date.min


def _history(results: Results, shown: Sequence[Observation]) -> Panel:
    """Return another measure as hollow points on an axis of its own."""
    stop = known_until(results.as_of)
    groups: dict[str, list[Observation]] = {"known": [], "later": [], "imported": []}
    for row in shown:
        late = row.period_end.isoformat() > stop
        groups["imported" if row.batch else "later" if late else "known"].append(row)
    names = {"imported": "figure.own"}
    marks: tuple[Mark, ...] = tuple(
        Points(
            numbers(o.time for o in rows),
            numbers(o.value for o in rows),
            role=role,
            name=phrase(names.get(role, f"figure.{role}")),
            texts=tuple(f"{o.value:.0f}" for o in rows),
        )
        for role, rows in groups.items()
        if rows
    )
    low, high = min(o.value for o in shown), max(o.value for o in shown)
    y = Axis(low=low - 0.35 * (high - low) - 1, high=high + 0.35 * (high - low) + 1)
    measure = label(results.spec, shown[0].measure)
    unit = results.spec.unit_words(shown[0].unit)
    title = Capital(phrase("figure.history", measure=measure, unit=unit))
    return Panel(marks, _years(results), y, title, height=15.0, id="history")
