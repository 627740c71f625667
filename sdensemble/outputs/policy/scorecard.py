"""The scorecard as people read it: blocks, and the rows of its tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from sdensemble.inputs.scenarios import Scenario
from sdensemble.inputs.targets import Target
from sdensemble.lang import Words, in_all, joined, phrase
from sdensemble.outputs.cells import Row, picked, probability_cells
from sdensemble.outputs.columns import SHARED
from sdensemble.outputs.document import Block, Paragraph
from sdensemble.outputs.form import Points, Short
from sdensemble.outputs.naming import (
    fitted,
    information_date,
    label,
    named_with_year,
    reasons,
    target_label,
    target_name,
    time_unit,
    wanted,
    when,
)
from sdensemble.outputs.policy.regions import layout_cells
from sdensemble.outputs.table import Column, Table, by_language
from sdensemble.policy.ledger import kept
from sdensemble.policy.regions import Layout
from sdensemble.policy.scorecard import JOINT, Line, kind_of, with_readings
from sdensemble.results.probability import Probability
from sdensemble.results.results import Results, Split, reference

PAGE = 14
"""Scenarios side by side on a terminal or in a figure; more stand below, or in another figure."""


def titled(lines: Sequence[Line], results: Results) -> list[Line]:
    """Return lines whose targets have names: rows together are named by their parts."""
    found = []
    for line in lines:
        names: dict[str, Any] = dict(in_all(_together(line, results))) if line.parts else {}
        found.append(replace(line, target=replace(line.target, **names)))
    return found


def _together(line: Line, results: Results) -> Words:
    first, *others = line.parts
    if line.kind == "nested":
        year = when(results, results.year(others[0]))
        names = {"name": target_name(first), "whole": target_name(others[0])}
        return phrase("scorecard.nested", **names, year=year)
    years = joined([str(year) for year in sorted({part.year or 0 for part in line.parts})])
    return phrase("scorecard.path", name=target_name(first), years=years)


def scorecard_blocks(
    lines: Sequence[Line], results: Results, goals: Sequence[Target]
) -> tuple[Block, ...]:
    """Return the scorecard as blocks: single rows, then those met together, references."""
    lines = titled(lines, results)
    single = [line for line in lines if line.kind == "single"]
    values: dict[str, object] = {
        "n": len(single),
        "m": len(results.scenarios),
        "scenario": reference(results).title,
    }
    conditions: dict[str, object] = {
        "date": information_date(results.as_of, results.spec.issued),
        "prior": label(results.spec, results.prior_set),
        "members": results.members,
        "fitted": fitted(results.posterior),
    }
    head = [phrase("scorecard.title", **values), phrase("scorecard.conditions", **conditions)]
    parts = {
        "target": with_readings(single, lines),
        "joint": [line for line in lines if line.kind in JOINT],
        "reference": [ln for ln in lines if ln.kind == "reference" and not ln.reading_of],
    }
    tables = [
        _table(f"{name}-{number}", phrase(f"scorecard.{name}"), chosen, results, page)
        for number, page in enumerate(pages_of(results), start=1)
        for name, chosen in parts.items()
        if chosen
    ]
    return (
        *(Paragraph(text, "line") for text in head),
        *tables,
        *(Paragraph(note, "note") for note in _notes(lines, results, goals)),
    )


def _table(
    name: str, head: Words, lines: Sequence[Line], results: Results, page: Sequence[int]
) -> Table:
    asks = any(line.kind in ("single", "reference") for line in lines)
    columns = (
        Column("target", head, Short()),
        Column("asked", phrase("scorecard.asked") if asks else " "),
        *(Column(results.scenarios[i].name, f"{i + 1}", Points()) for i in page),
    )
    rows = tuple((*_names(line, results), *(line.found[i] for i in page)) for line in lines)
    return Table(name, "", columns, rows, stub=2)


def reading_name(line: Line, results: Results) -> Words:
    """Return how a line that reads another's target otherwise is named below it."""
    return phrase("scorecard.reading", scope=label(results.spec, line.target.scope))


def about_note(lines: Sequence[Line]) -> list[Words]:
    """Return how rows of "about" are ranked, where there are some."""
    told = any(split is not None for line in lines for split in line.splits)
    return [phrase("scorecard.about")] if told else []


def asked(line: Line, results: Results) -> Words:
    """Return what a line asks, and where "about" is mostly missed above its band, that."""
    shown, split = (
        wanted(line.target, results.spec),
        line.splits[results.scenarios.index(reference(results))],
    )
    if split is None or not split.mostly_above:
        return shown
    return joined([shown, phrase("scorecard.above")], "clause")


def _names(line: Line, results: Results) -> tuple[Words, Words]:
    if line.reading_of:
        return reading_name(line, results), ""
    name = target_name(line.target)
    if line.kind in ("single", "reference"):
        name = named_with_year(line.target, time_unit(results))
    return name, asked(line, results)


def pages_of(results: Results) -> tuple[tuple[int, ...], ...]:
    """Return the places of the scenarios that stand side by side, the reference first in each."""
    base = results.scenarios.index(reference(results))
    others = [place for place in range(len(results.scenarios)) if place != base]
    step = PAGE - 1
    return tuple(
        tuple(sorted((base, *others[i : i + step]))) for i in range(0, max(len(others), 1), step)
    )


def numbered(results: Results, page: Sequence[int] | None = None) -> Words:
    """Return the scenarios with the numbers that stand for them at the head of columns."""
    places = range(len(results.scenarios)) if page is None else page
    names: list[Words] = [
        joined([f"{place + 1} ", results.scenarios[place].title], "nothing") for place in places
    ]
    return phrase("scorecard.legend", names=joined(names, "clause"))


def _notes(lines: Sequence[Line], results: Results, goals: Sequence[Target]) -> list[Words]:
    notes = [numbered(results), *about_note(lines)]
    notes += reasons(line.target for line in lines if line.reading_of)
    left = [t for t in results.targets if t.scored and not kept(results, t)]
    if left:
        notes.append(phrase("scorecard.not_kept", names=joined([target_name(t) for t in left])))
    counts: dict[str, object] = {
        "levers": sum(t.role == "lever" for t in goals),
        "indicators": sum(t.role == "indicator" for t in goals),
    }
    if any(counts.values()):
        notes.append(phrase("scorecard.not_scored", **counts))
    return notes


def scorecard_rows(
    lines: Sequence[Line], results: Results, laid: Layout | None = None
) -> Iterator[Row]:
    """Yield a row for each target and scenario, in the order of the scorecard.

    ``laid`` holds the regions laid out for targets of bases and land.
    """
    for rank, line in enumerate(titled(lines, results), start=1):
        shared = {
            "rank": rank,
            "parts": "; ".join(line.target.joint),
            "reading_of": line.reading_of,
            **layout_cells(line.target, laid or {}),
        }
        for scenario, found, split in zip(results.scenarios, line.found, line.splits, strict=True):
            yield shared | _row(line.kind, line.target, line.year, scenario, found, split)


def year_rows(results: Results) -> Iterator[Row]:
    """Yield P of reaching each single target's value in every year, under every scenario."""
    for target in results.targets:
        if target.joint or not target.scored or not kept(results, target):
            continue
        for scenario in results.scenarios:
            for year in map(int, results.years):
                if not results.stores(target, year):
                    continue
                found = results.event(target, scenario, year=year).probability()
                split = results.split(target, scenario, year=year)
                yield _row(kind_of(target), target, year, scenario, found, split)


def _row(
    kind: str,
    target: Target,
    year: int,
    scenario: Scenario,
    p: Probability,
    split: Split | None = None,
) -> Row:
    shares = ("", "", "") if split is None else (split.below, split.inside, split.above)
    return {
        "kind": kind,
        "target": target.id,
        **by_language("target", target_label(target)),
        "section": target.section,
        "year": year,
        "scenario": scenario.name,
        **by_language("scenario", scenario.title),
        **probability_cells(p),
        **dict(zip(("p_below", "p_in", "p_above"), shares, strict=True)),
        **picked(p.key, SHARED["+conditions"]),
    }
