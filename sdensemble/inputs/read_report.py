"""Reads ``outputs/report.toml``: what a run keeps and shows."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from pathlib import Path

from sdengine.errors import SDError, did_you_mean
from sdengine.syntax import Model
from sdensemble.inputs.config import Section
from sdensemble.inputs.report import (
    Bearing,
    Caveat,
    Condition,
    Headline,
    HistorySpec,
    Kept,
    Measure,
    Outcome,
    Payer,
    Regime,
    ReportSpec,
)
from sdensemble.inputs.targets import AGGREGATES
from sdensemble.lang import LANGS

Label = Mapping[str, str]
TABLES = (
    *("as_of", "keep", "headline", "regime", "payer", "history", "units", "labels", "measures"),
    *("layout", "condition", "policy", "bearing", "caveat", "capitals"),
)


def read_report(path: Path, model: Model) -> ReportSpec:
    """Read ``report.toml`` against a model; raise one SDError with every problem found."""
    if not path.exists():
        raise SDError("{path}: no such file; a study needs one, see the one of teacup", path=path)
    top, _ = Section.of_file(path, TABLES)
    as_of = top.text("as_of")
    spec = ReportSpec(
        path=path,
        digest=hashlib.sha256(path.read_bytes()).hexdigest(),
        extra_keep=tuple(_kept(row, model) for row in top.entries("keep")),
        headline=_headline(top.table("headline", needed=True), model),
        regimes=tuple(_regime(row, model) for row in top.entries("regime")),
        payers=tuple(_payer(row, model) for row in top.entries("payer")),
        history=_history(top.table("history")),
        units=_units(top.table("units")),
        labels={
            name: row.label(name) for name, row in top.table("labels").tables_by_name().items()
        },
        as_of=as_of,
        measures=_measures(top.table("measures")),
        layout_units=_layout(top.table("layout")),
        conditions=tuple(_condition(row, model) for row in top.entries("condition")),
        issued=as_of,
        bearings=tuple(map(_bearing, top.entries("bearing"))),
        caveats=tuple(_caveat(row, model) for row in top.entries("caveat")),
        policy=_labelled(top.table("policy")),
        capitals=top.listed(
            "capitals", str, 'capitals must be a list of words such as ["Chinese"]'
        ),
    )
    top.found.raise_if_any()
    return spec


def _kept(row: Section, model: Model) -> Kept:
    row.only(("variable", "aggregate"))
    return Kept(row.variable("variable", model, needed=True), _aggregate(row))


def _aggregate(row: Section) -> str:
    """Return how a year becomes one number."""
    return row.one_of("aggregate", AGGREGATES, "annual")


def _bearing(row: Section) -> Bearing:
    row.only(("measure", "on", "low", "high", *LANGS))
    low, high = row.number("low", 0.0), row.number("high", math.inf)
    if low is None or high is None or not 0 <= low <= high:
        row.problem("low and high must be numbers from 0, in order")
    names = row.text("measure", needed=True), row.text("on", needed=True)
    return Bearing(*names, low or 0.0, math.inf if high is None else high, row.label())


def _caveat(row: Section, model: Model) -> Caveat:
    row.only(("lever", *LANGS))
    lever = row.variable("lever", model, needed=True)
    return Caveat(lever, row.label(lever))


def _labelled(row: Section) -> Label:
    row.only(LANGS)
    return row.label()


def _headline(row: Section, model: Model) -> Headline:
    row.only(
        (
            *("variable", *LANGS, "components", "range", "real", "sales", "groups", "displaced"),
            *("question", "aggregate", "element", "beside", "horizons"),
        )
    )
    groups = tuple(_outcome(group, model) for group in row.entries("groups"))
    displaced = row.text("displaced") or "other"
    if displaced not in {group.id for group in groups}:
        if "displaced" in row.values:
            row.problem("displaced {displaced!r} is the id of no group", displaced=displaced)
        displaced = ""
    whole = row.variable("variable", model, needed=True)
    components = row.variable("components", model)
    return Headline(
        Outcome("total", whole, _element(row, whole, model), row.label(whole)),
        components or None,
        _range(row, components, model) if components else None,
        groups,
        row.variable("real", model) or None,
        row.variable("sales", model) or None,
        displaced or None,
        row.text("question") or None,
        _aggregate(row),
        row.listed("beside", str),
        tuple(sorted(row.listed("horizons", int))),
    )


def _condition(row: Section, model: Model) -> Condition:
    row = _titled(row, ("id", *LANGS, "variable", "aggregate", "years", "splits", "names"))
    name, ident = row.variable("variable", model, needed=True), row.text("id", needed=True)
    _element(row, name, model)
    years = row.listed("years", int) or (0,)
    splits = row.listed("splits", float)
    if not splits or sorted(set(splits)) != list(splits):
        row.problem("splits must be numbers that rise")
        splits = ()
    names = row.entries("names")
    if len(names) != len(splits) + 1:
        row.problem("names must be one more than splits")
    labels = tuple(one.label(ident) for one in names)
    return Condition(
        ident, name, _aggregate(row), years[0], years[-1], splits, row.label(ident), labels
    )


def _titled(row: Section, known: tuple[str, ...]) -> Section:
    """Return a table under its id in place of its number, with unknown keys noted."""
    row = row.titled(row.text("id") or row.text("variable"))
    row.only(known)
    return row


def _outcome(row: Section, model: Model) -> Outcome:
    """Return one group of the headline."""
    row = _titled(row, ("id", "variable", "element", *LANGS))
    name = row.variable("variable", model, needed=True)
    return Outcome(row.text("id", needed=True), name, _element(row, name, model), row.label(name))


def _regime(row: Section, model: Model) -> Regime:
    row = _titled(row, ("id", *LANGS, "set", "variable"))
    ident, of = row.text("id", needed=True), row.text("set", needed=True)
    return Regime(ident, of, row.variable("variable", model, needed=True), row.label(ident))


def _payer(row: Section, model: Model) -> Payer:
    row = _titled(row, ("id", *LANGS, "variable", "present_value", "forgone"))
    name = row.variable("variable", model, needed=True)
    value = row.variable("present_value", model) or None
    return Payer(row.text("id", needed=True), name, value, row.label(name), row.flag("forgone"))


def _history(row: Section) -> HistorySpec | None:
    """Return which observed series is shown, or None."""
    if not row.values:
        return None
    row.only(("file", "measure", "sector"))
    file, measure = row.text("file", needed=True), row.text("measure", needed=True)
    return HistorySpec(file, measure, row.text("sector") or "total")


def _units(table: Section) -> dict[str, Label]:
    """Return the labels of units, with what is to be explained of them."""
    notes = ("zh_note", "en_note")
    return {
        name: row.label(name) | {key: row.text(key) for key in notes if key in row.values}
        for name, row in table.tables_by_name().items()
    }


def _measures(table: Section) -> dict[str, Measure]:
    """Return how measures are written; note a factor that is no positive number."""
    found = {}
    for name, row in table.tables_by_name().items():
        factor = row.number("factor", 1.0)
        if factor is not None and factor <= 0:
            row.problem("factor must be above 0, not {factor!r}", factor=factor)
        found[name] = Measure(row.label(name), factor or 1.0)
    return found


def _layout(row: Section) -> tuple[str, ...]:
    """Return the units of targets beside which the layout by region is shown."""
    row.only(("units",))
    return row.listed("units", str)


def _range(row: Section, components: str, model: Model) -> str:
    """Return the range of the components; note one that is not theirs."""
    name = row.text("range", needed=True)
    dims = model[components].dims if components in model else (name,)
    if name and dims != (name,):
        words = {"name": name, "components": components, "shown": ", ".join(dims) or "none"}
        row.problem('range "{name}" is not that of "{components}" ({shown})', **words)
    return name


def _element(row: Section, variable: str, model: Model) -> str | None:
    """Return the element meant; note one that is missing or that the variable does not have."""
    element = row.text("element") or None
    if variable not in model:
        return element
    dims = model[variable].dims
    known = model.elements(dims[0]) if dims else ()
    if element is None and dims:
        told = '"{variable}" is by {dims}: name one element'
        row.problem(told, variable=variable, dims=dims[0])
    elif element is not None and element not in known:
        words = {"variable": variable, "element": element, "hint": did_you_mean(element, known)}
        row.problem('"{variable}" has no element "{element}"{hint}', **words)
    return element
