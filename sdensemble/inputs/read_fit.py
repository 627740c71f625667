"""Reads ``calibration/fit.toml``, every term checked against the model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from sdengine.errors import did_you_mean
from sdengine.syntax import Model, fold
from sdensemble.inputs.baselines import read_baseline
from sdensemble.inputs.config import Cell, Section, find_cells, find_constant
from sdensemble.inputs.fit import Fit, Part, Term
from sdensemble.inputs.history import LATEST

KEYS = ("scenario", "vintage", "term", "group", "baseline", "screened")
TERM_KEYS = (
    *("measure", "sector", "title", "variable", "element", "aggregate", "times", "over", "factor"),
    *("unit", "sd", "discrepancy_sd", "shock_share", "half_life", "bias_sd", "first", "leads"),
    *("optional", "informs", "each", "part", "basis"),
)
PART_KEYS = ("measure", "sector", "ends", "share", "sd", "basis")
AGGREGATES = ("annual", "mean", "end")
NUMBERS = {
    **{"factor": 1.0, "discrepancy_sd": 0.0, "half_life": 2.0, "bias_sd": 0.0, "first": 0.0},
    "shock_share": 0.0,
}
"""Numbers a term may leave out: those that are 0 then may be 0, the others must be above."""


def read_fit(path: Path, model: Model, *, other: bool = False) -> Fit:
    """Return what a file says of the fit, checked against the model.

    With ``other`` the model is not the study's own, and terms whose variable it lacks are left
    out. Raise SDError with every problem found.
    """
    top, digest = Section.of_file(path, KEYS)
    terms, skipped = [], []
    for table in top.entries("term"):
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
    groups, titles = _read_groups(top)
    fit = Fit(
        terms=tuple(terms),
        scenario=top.text("scenario"),
        vintage=top.text("vintage") or LATEST,
        groups=groups,
        titles=titles,
        baselines=tuple(filter(None, map(read_baseline, top.entries("baseline")))),
        screened=top.listed("screened", str),
        skipped=tuple(skipped),
        path=path,
        digest=digest,
    )
    top.found.raise_if_any()
    return fit


def _each(table: Section, model: Model) -> list[Section]:
    """Return the tables a term stands for: with ``each`` one for every element of a range."""
    name = table.text("each")
    if not name:
        return [table]
    ranges = {fold(one): one for one in model.ranges}
    if fold(name) not in ranges:
        told = 'each: no range "{name}"{hint}'
        table.problem(told, name=name, hint=did_you_mean(name, model.ranges))
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
    variable = table.variable("variable", model)
    cells: tuple[Cell, ...] = ()
    if variable in model:
        cells = find_cells(model, model[variable], table.text("element"), table)
    numbers = {}
    for key, fallback in NUMBERS.items():
        value = table.number(key, fallback)
        if value is not None and (value < 0 or (value == 0 and fallback)):
            told = "{key} must be above 0" if fallback else "{key} must not be below 0"
            table.problem(told, key=key)
        numbers[key] = value or 0.0
    if numbers["shock_share"] > 1:
        table.problem("shock_share must be from 0 to 1")
    sd = table.number("sd")
    if sd is not None and sd <= 0:
        table.problem("{key} must be above 0", key="sd")
    constants = (find_constant(model, name, table) for name in table.listed("informs", str))
    term = Term(
        measure=measure,
        sector=sector,
        title=table.words("title", measure),
        variable=variable,
        cells=cells,
        aggregate=table.one_of("aggregate", AGGREGATES, "annual"),
        times=table.variables("times", model),
        over=table.variables("over", model),
        unit=table.text("unit", needed=True),
        sd=sd or 0.0,
        leads=table.flag("leads"),
        basis=table.text("basis", needed=True),
        parts=tuple(_read_part(one, measure, sector) for one in table.entries("part")),
        informs=tuple(one.name for one in constants if one is not None),
        time_unit=model.clock.unit or "Year",
        **numbers,
    )
    return term if variable and len(table.found.lines) == before else None


def _read_part(table: Section, measure: str, sector: str) -> Part:
    table.only(PART_KEYS)
    ends, share, sd = table.text("ends", needed=True), table.number("share"), table.number("sd")
    if ends and not re.fullmatch(r"(0[1-9]|1[0-2])-\d\d", ends):
        table.problem('ends must be a month and day such as "06-30"')
    if share is not None and not 0 < share <= 1:
        table.problem("share must be above 0 and at most 1")
    if sd is not None and sd < 0:
        table.problem("{key} must not be below 0", key="sd")
    return Part(
        table.text("measure") or measure,
        table.text("sector") or sector,
        ends,
        share or 1.0,
        sd or 0.0,
        table.text("basis", needed=True),
    )


def _read_groups(top: Section) -> tuple[dict[str, tuple[str, ...]], dict[str, Mapping[str, str]]]:
    """Return constants and titles by group; names may be patterns such as "* execution"."""
    groups: dict[str, tuple[str, ...]] = {}
    titles: dict[str, Mapping[str, str]] = {}
    for table in top.entries("group"):
        table.only(("name", "title", "constants"))
        name = table.text("name", needed=True)
        groups[name] = table.listed("constants", str)
        titles[name] = table.words("title", name)
    return groups, titles
