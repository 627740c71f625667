"""Dot plots of a single year: sectors against their targets, the headline by scenario."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sdensemble.lang import Capital, Words, phrase
from sdensemble.outputs.answer import rounding
from sdensemble.outputs.figure import (
    Axis,
    Beside,
    Figure,
    Mark,
    Panel,
    Points,
    Rule,
    intervals,
    numbers,
)
from sdensemble.outputs.figures.parts import conditions, key_of, run_of, source, units
from sdensemble.outputs.form import Chance, Number, Rounded, Shown
from sdensemble.outputs.horizon_tables import outcome_unit
from sdensemble.outputs.naming import SIGNS, is_example, statement, when
from sdensemble.results.ensemble import quantile
from sdensemble.results.estimate import standard_error
from sdensemble.results.probability import Probability, value_of
from sdensemble.results.results import Results

if TYPE_CHECKING:
    from sdensemble.inputs.report import Outcome
    from sdensemble.inputs.scenarios import Scenario
    from sdensemble.inputs.targets import Target

ROWS = 24
"""Rows on one page."""


def sectors(results: Results, scenario: Scenario) -> Figure:
    """Return a row per component: its median and 90% interval, start and target, and P.

    Levels are in percent, so that large and small stand on one axis: of the targets where
    components have some in the question's year (components without one are left to the tables),
    otherwise of their level at the start.
    """
    year = results.asked_year
    aimed = [(one, _target(results, one)) for one in results.components()]
    kept = [(one, target) for one, target in aimed if target is not None]
    shown = [one for one, _ in kept] or [one for one, _ in aimed]
    now = [quantile(results.at(one, scenario, year), [0.05, 0.5, 0.95]) for one in shown]
    begun = [float(quantile(results.at(one, scenario)[:, 0], 0.5)) for one in shown]
    whole = [value_of(target) for _, target in kept] or begun
    rows = numbers(range(len(shown)))
    unit = outcome_unit(results)
    first = when(results, int(results.years[0]))
    values: dict[str, Words] = {"year": when(results, year), "start": first}
    at_start = phrase("figure.at_start", year=first)
    marks: list[Mark] = []
    if kept:
        started = numbers(100 * b / w for b, w in zip(begun, whole, strict=True))
        marks.append(Points(started, rows, role="known", name=at_start, across=True))
    marks.append(_points([100 * ends / w for ends, w in zip(now, whole, strict=True)], rows))
    if kept:
        marks.append(Rule(100.0, "target", phrase("figure.hundred")))
        beside = _beside_targets(results, scenario, kept, now)
    else:
        marks.append(Rule(100.0, "baseline", phrase("figure.start_hundred", year=first)))
        beside = _beside_starts(begun, now, {**values, "unit": unit})
    panel = Panel(
        tuple(marks),
        Axis(phrase("figure.percent_of_target" if kept else "figure.percent_of_start", **values)),
        Axis(names=tuple(one.label for one in shown)),
        beside=tuple(beside),
        id="sectors",
    )
    said = {"year": when(results, year), "scenario": scenario.title}
    key = key_of(results, results.question)
    return Figure(
        "sectors",
        phrase("figure.sectors_title" if kept else "figure.levels_title", **said, key=key),
        (panel,),
        notes=(*rounding([results]), units(results), conditions(results)),
        caption=phrase(
            "caption.sectors" if kept else "caption.levels", **said, start=first, unit=unit
        ),
        source=source(results),
        run=run_of(results),
    )


def _beside_starts(
    begun: Sequence[float], now: Sequence[Any], values: Mapping[str, Words]
) -> list[Beside]:
    """Return the level of each row at the start and its median, in the unit of the outcome."""
    start, unit = values["start"], values["unit"]
    starts: list[Words] = [Shown(one, Number(digits=3)) for one in begun]
    medians: list[Words] = [Shown(float(one[1]), Number(digits=3)) for one in now]
    return [
        Beside(phrase("figure.start_head", year=start, unit=unit), tuple(starts)),
        Beside(phrase("figure.end_head", year=values["year"], unit=unit), tuple(medians)),
    ]


def _target(results: Results, outcome: Outcome) -> Target | None:
    found = [t for t in results.targets_of(outcome) if t.year == results.asked_year]
    return found[0] if found else None


def _beside_targets(
    results: Results, scenario: Scenario, kept: Sequence[tuple[Outcome, Any]], now: Sequence[Any]
) -> list[Beside]:
    aims: list[Words] = []
    medians: list[Words] = []
    chances: list[Words] = []
    for (_, target), (_, middle, _) in zip(kept, now, strict=True):
        aims.append(f"{SIGNS.get(target.comparator, target.comparator)}{value_of(target):g}")
        medians.append(Shown(float(middle), Number(digits=3)))
        chances.append(_percent(results.event(target, scenario).probability()))
    heads = ("figure.target_head", "figure.median_head", "figure.p_head")
    return [
        Beside(phrase(head), tuple(texts))
        for head, texts in zip(heads, (aims, medians, chances), strict=True)
    ]


def _percent(found: Probability) -> Words:
    return Shown(found, Chance(error=False))


def _points(ends: Sequence[Sequence[float]], rows: Sequence[float]) -> Points:
    """Return medians with their 90% interval, from (low, middle, high) by row."""
    return intervals(ends, rows, "estimate", phrase("figure.middle"))


def _middle(results: Results, scenario: Scenario) -> Words:
    """Return the median of the headline in the question's year, to what its error supports."""
    values = results.at(results.asked_outcome, scenario, results.asked_year)
    error = standard_error(values, results.replicate)[0]
    return Shown((float(quantile(values, 0.5)), 2 * error), Rounded())


def pages(results: Results) -> int:
    """Return on how many pages the scenarios stand."""
    return max(1, -(-len(results.scenarios) // ROWS))


def scenarios(results: Results, base: Scenario, page: int = 0) -> Figure:
    """Return a row per scenario: the headline's median and 90% interval in the question's year.

    The target is a line, the median of ``base`` another; P stands on the right. Of more than ROWS
    those of one page, counted from 0.
    """
    shown = results.scenarios[ROWS * page : ROWS * (page + 1)]
    asked, whole, year = results.question, results.asked_outcome, results.asked_year
    ends = [quantile(results.at(whole, one, year), [0.05, 0.5, 0.95]) for one in shown]
    middle = float(quantile(results.at(whole, base, year), 0.5))
    chances = [_percent(results.event(asked, one).probability()) for one in shown]
    medians = [_middle(results, one) for one in shown]
    goal = "example" if is_example(asked) else "target"
    line = phrase(f"figure.{goal}_line", text=statement(results, asked))
    marks = (
        Rule(value_of(asked), goal, line),
        Rule(middle, "baseline", phrase("figure.of_baseline", name=base.title)),
        _points(ends, range(len(shown))),
    )
    unit = results.spec.unit_words(asked.unit)
    values = {"name": whole.label, "year": when(results, year)}
    panel = Panel(
        marks,
        Axis(phrase("figure.level", **values, unit=unit)),
        Axis(names=tuple(one.title for one in shown)),
        beside=(
            Beside(phrase("figure.median_head"), tuple(medians)),
            Beside(phrase("figure.p_head"), tuple(chances)),
        ),
        id="scenarios",
    )
    return Figure(
        "scenarios",
        Capital(
            phrase("figure.scenarios_title", **values, key=key_of(results, asked, whole.label))
        ),
        (panel,),
        notes=(*rounding([results]), units(results), conditions(results)),
        caption=phrase("caption.scenarios", **values, unit=unit),
        source=source(results),
        run=run_of(results),
    )
