"""Reads ``calibration/fit.toml``, every term checked against the model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from sdengine.errors import Message, Problems, did_you_mean
from sdengine.syntax import Model, fold
from sdensemble.inputs.baselines import read_baseline
from sdensemble.inputs.config import Cell, Section, find_cells, find_constant, read_toml, short
from sdensemble.inputs.fit import Fit, Part, Term
from sdensemble.inputs.history import LATEST

KEYS = ("scenario", "vintage", "term", "group", "baseline", "screened")


TERM_KEYS = (
    "measure",
    "sector",
    "title",
    "variable",
    "element",
    "aggregate",
    "times",
    "over",
    "factor",
    "unit",
    "sd",
    "discrepancy_sd",
    "shock_share",
    "half_life",
    "bias_sd",
    "first",
    "leads",
    "optional",
    "informs",
    "each",
    "part",
    "basis",
)


PART_KEYS = ("measure", "sector", "ends", "share", "sd", "basis")


AGGREGATES = ("annual", "mean", "end")


def read_fit(path: Path, model: Model, *, other: bool = False) -> Fit:
    """Return what a file says of the fit, checked against the model.

    With ``other`` the model is not the study's own, and terms whose variable it lacks are left
    out. Raise SDError with every problem found.
    """
    content, digest = read_toml(path)
    found = Problems()
    top = Section(short(path), content, found)
    top.only(KEYS)
    terms, skipped = [], []
    for i, values in enumerate(top.tables("term"), start=1):
        table = Section(f"{top.where} [[term]] {i}", values, found)
        name = table.text("variable", needed=True)
        if name and model.name_of(name) is None and (other or table.flag("optional")):
            skipped.append(f"{table.text('measure')}/{table.text('sector')}")
            continue
        for one in _each(table, model):
            term = _read_term(one, model)
            if term is not None:
                terms.append(term)
    series = [term.series for term in terms]
    for twice in {one for one in series if series.count(one) > 1}:
        top.problem("[[term]]: the series {twice} is fitted twice", twice="/".join(twice))
    groups, titles = _read_groups(top, model, other)
    baselines = [
        read_baseline(Section(f"{top.where} [[baseline]] {i}", values, found))
        for i, values in enumerate(top.tables("baseline"), start=1)
    ]
    screened = _names(top, "screened")
    found.raise_if_any()
    return Fit(
        tuple(terms),
        top.text("scenario"),
        top.text("vintage") or LATEST,
        groups,
        titles,
        tuple(one for one in baselines if one is not None),
        screened,
        tuple(skipped),
        path,
        digest,
    )


def _each(table: Section, model: Model) -> list[Section]:
    """Return the tables a term stands for: with ``each`` one for every element of a range."""
    name = table.text("each")
    if not name:
        return [table]
    ranges = {fold(one): one for one in model.ranges}
    if fold(name) not in ranges:
        table.problem(
            'each: no range "{name}"{hint}', name=name, hint=did_you_mean(name, model.ranges)
        )
        return []
    title = table.words("title", "{name}")
    found = []
    for element in model.ranges[ranges[fold(name)]]:
        written = model.name_of(table.text("variable"))
        home = model[written].dims[0] if written and model[written].dims else ranges[fold(name)]
        own = {
            lang: said.replace("{name}", model.element_label(home, element, lang))
            for lang, said in title.items()
        }
        values = {**table.values, "sector": element, "element": element, "title": own}
        found.append(Section(table.where, values, table.found))
    return found


def _read_term(table: Section, model: Model) -> Term | None:
    before = len(table.found.lines)
    table.only(TERM_KEYS)
    measure, sector = table.text("measure", needed=True), table.text("sector", needed=True)
    table = Section(f"{table.where} {measure}/{sector}", table.values, table.found)
    name = table.text("variable")
    written = model.name_of(name) if name else None
    if name and written is None:
        table.problem(
            'no variable "{name}" in the model{hint}',
            name=name,
            hint=did_you_mean(name, model.variables),
        )
    aggregate = table.one_of("aggregate", AGGREGATES, "annual")
    cells: tuple[Cell, ...] = ()
    if written is not None:
        element = table.text("element")
        cells = find_cells(model, model[written], element, table)
    numbers = {}
    for key, default in (
        ("factor", 1.0),
        ("discrepancy_sd", 0.0),
        ("half_life", 2.0),
        ("bias_sd", 0.0),
        ("first", 0.0),
        ("shock_share", 0.0),
    ):
        value = table.number(key) if key in table.values else default
        if value is not None and (value < 0 or (value == 0 and key in ("factor", "half_life"))):
            table.problem(
                Message("{key} must be above 0", key=key)
                if default
                else Message("{key} must not be below 0", key=key)
            )
        numbers[key] = value or 0.0
    if numbers["shock_share"] > 1:
        table.problem("shock_share must be from 0 to 1")
    sd = table.number("sd")
    if sd is not None and sd <= 0:
        table.problem("sd must be above 0")
    parts = tuple(_read_part(one, measure, sector) for one in table.entries("part"))
    table.text("unit", needed=True)
    table.text("basis", needed=True)
    lists = {key: _variables(table, key, model) for key in ("times", "over")}
    informs = tuple(
        one.name
        for name in _names(table, "informs")
        if (one := find_constant(model, name, table)) is not None
    )
    title = table.words("title", measure)
    if len(table.found.lines) > before or written is None or sd is None:
        return None
    return Term(
        measure,
        sector,
        title,
        written,
        cells,
        aggregate,
        lists["times"],
        lists["over"],
        numbers["factor"],
        table.text("unit"),
        sd,
        numbers["discrepancy_sd"],
        numbers["half_life"],
        numbers["bias_sd"],
        numbers["first"],
        table.flag("leads"),
        table.text("basis"),
        numbers["shock_share"],
        parts,
        informs,
        model.clock.unit or "Year",
    )


def _read_part(table: Section, measure: str, sector: str) -> Part:
    table.only(PART_KEYS)
    ends, share, sd = table.text("ends", needed=True), table.number("share"), table.number("sd")
    if ends and not re.fullmatch(r"(0[1-9]|1[0-2])-\d\d", ends):
        table.problem('ends must be a month and day such as "06-30"')
    if share is not None and not 0 < share <= 1:
        table.problem("share must be above 0 and at most 1")
    if sd is not None and sd < 0:
        table.problem("sd must not be below 0")
    table.text("basis", needed=True)
    return Part(
        table.text("measure") or measure,
        table.text("sector") or sector,
        ends,
        share or 1.0,
        sd or 0.0,
        table.text("basis"),
    )


def _names(table: Section, key: str) -> tuple[str, ...]:
    value = table.values.get(key, [])
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return tuple(value)
    table.problem("{key} must be a list of names", key=key)
    return ()


def _variables(table: Section, key: str, model: Model) -> tuple[str, ...]:
    found = []
    for name in _names(table, key):
        written = model.name_of(name)
        if written is None:
            table.problem(
                '{key}: no variable "{name}"{hint}',
                key=key,
                name=name,
                hint=did_you_mean(name, model.variables),
            )
        else:
            found.append(written)
    return tuple(found)


def _read_groups(
    top: Section, model: Model, other: bool
) -> tuple[dict[str, tuple[str, ...]], dict[str, Mapping[str, str]]]:
    """Return constants and titles by group; names may be patterns such as "* execution"."""
    groups: dict[str, tuple[str, ...]] = {}
    titles: dict[str, Mapping[str, str]] = {}
    for i, values in enumerate(top.tables("group"), start=1):
        table = Section(f"{top.where} [[group]] {i}", values, top.found)
        table.only(("name", "title", "constants"))
        name = table.text("name", needed=True)
        groups[name] = _names(table, "constants")
        titles[name] = table.words("title", name)
    return groups, titles
