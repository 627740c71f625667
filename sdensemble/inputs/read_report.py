"""Reads ``outputs/report.toml``: what a run keeps and shows."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdengine.errors import Problems, SDError, did_you_mean
from sdengine.syntax import Model
from sdensemble.inputs.config import Section, read_toml
from sdensemble.inputs.report import (
    AGGREGATES,
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
from sdensemble.lang import LANGS

if TYPE_CHECKING:
    pass


def read_report(path: Path, model: Model) -> ReportSpec:
    """Read ``report.toml`` against a model; raise one SDError with every problem found."""
    if not path.exists():
        raise SDError("{path}: no such file; a study needs one, see the one of teacup", path=path)
    data, _ = read_toml(path)
    reader = _Reader(path, model)
    spec = reader.spec(data, hashlib.sha256(path.read_bytes()).hexdigest())
    reader.problems.raise_if_any()
    return spec


class _Reader:
    """Turns tables into values, noting problems instead of stopping at the first."""

    def __init__(self, path: Path, model: Model):
        self.name, self.path, self.model = f"{path.parent.name}/{path.name}", path, model
        self.problems = Problems()

    def spec(self, data: dict[str, Any], digest: str) -> ReportSpec:
        """Return the whole report."""
        known = {"keep", "headline", "regime", "payer", "history", "units", "labels", "as_of"}
        known |= {"measures", "layout", "condition", "policy", "bearing", "caveat"}
        self.known_keys("", data, known)
        return ReportSpec(
            self.path,
            digest,
            tuple(self.kept(row) for row in self.rows(data, "keep")),
            self.headline(self.table(data, "headline", required=True)),
            tuple(self.regime(row) for row in self.rows(data, "regime")),
            tuple(self.payer(row) for row in self.rows(data, "payer")),
            self.history(self.table(data, "history")),
            self.units(data),
            self.labels(data, "labels"),
            self.text(self.name, data, "as_of") if "as_of" in data else "",
            self.measures(data),
            self.layout(self.table(data, "layout")),
            tuple(self.condition(row) for row in self.rows(data, "condition")),
            self.text(self.name, data, "as_of") if "as_of" in data else "",
            tuple(self.bearing(row) for row in self.rows(data, "bearing")),
            tuple(self.caveat(row) for row in self.rows(data, "caveat")),
            self.policy(self.table(data, "policy")),
        )

    # ── tables ──

    def kept(self, row: dict[str, Any]) -> Kept:
        """Return one entry of ``keep``."""
        where = self.known_keys("keep", row, {"variable", "aggregate"})
        aggregate = self.aggregate(where, row)
        return Kept(self.variable(where, row, "variable") or "", aggregate)

    def bearing(self, row: dict[str, Any]) -> Bearing:
        """Return one bearing; note factors that are no numbers in order."""
        where = self.known_keys("bearing", row, {"measure", "on", "low", "high", *LANGS})
        ends = [row.get("low", 0.0), row.get("high", math.inf)]
        numbers = all(isinstance(end, int | float) and not isinstance(end, bool) for end in ends)
        if not numbers or not 0 <= ends[0] <= ends[1]:
            self.problems.add(where, "low and high must be numbers from 0, in order")
            ends = [0.0, math.inf]
        names = self.text(where, row, "measure"), self.text(where, row, "on")
        return Bearing(*names, float(ends[0]), float(ends[1]), self.label(where, row, ""))

    def caveat(self, row: dict[str, Any]) -> Caveat:
        """Return what has to be said of a lever."""
        where = self.known_keys("caveat", row, {"lever", *LANGS})
        lever = self.variable(where, row, "lever") or ""
        return Caveat(lever, self.label(where, row, lever))

    def policy(self, row: dict[str, Any]) -> Mapping[str, str]:
        """Return the name of the text that sets the targets; empty where there is none."""
        where = self.known_keys("policy", row, {*LANGS})
        return self.label(where, row, "") if row else {}

    def headline(self, row: dict[str, Any]) -> Headline:
        """Return the headline and its parts."""
        keys = {"variable", *LANGS, "components", "range", "real", "sales", "groups"}
        keys |= {"displaced", "question", "aggregate", "element", "beside", "horizons"}
        where = self.known_keys("headline", row, keys)
        groups = tuple(self.outcome(group) for group in self.rows(row, "groups"))
        displaced = row.get("displaced", "other")
        if displaced not in {group.id for group in groups}:
            if "displaced" in row:
                self.problems.add(
                    where, "displaced {displaced!r} is the id of no group", displaced=displaced
                )
            displaced = None
        whole = self.variable(where, row, "variable") or ""
        components = self.variable(where, row, "components", required=False)
        element = row.get("element") or None
        self.element(where, whole, element)
        return Headline(
            Outcome("total", whole, element, self.label(where, row, whole)),
            components,
            self.range(where, row, components),
            groups,
            self.variable(where, row, "real", required=False),
            self.variable(where, row, "sales", required=False),
            displaced,
            self.text(where, row, "question") if "question" in row else None,
            self.aggregate(where, row),
            tuple(map(str, self.listed(where, row, "beside", str))),
            tuple(sorted(map(int, self.listed(where, row, "horizons", int)))),
        )

    def listed(self, where: str, row: dict[str, Any], key: str, kind: type) -> list[Any]:
        """Return a list of texts or whole numbers; empty, with the problem noted, if it is none."""
        value = row.get(key, [])
        if isinstance(value, list) and all(type(one) is kind for one in value):
            return value
        what = "texts" if kind is str else "years"
        self.problems.add(where, "{key} must be a list of {what}", key=key, what=what)
        return []

    def condition(self, row: dict[str, Any]) -> Condition:
        """Return one condition; note splits that do not rise, and names that do not fit them."""
        keys = {"id", *LANGS, "variable", "aggregate", "years", "splits", "names"}
        where = self.known_keys("condition", row, keys)
        name = self.variable(where, row, "variable") or ""
        self.element(where, name, None)
        years = self.listed(where, row, "years", int) or [0]
        splits = row.get("splits", [])
        numbers = isinstance(splits, list) and all(
            isinstance(one, int | float) and not isinstance(one, bool) for one in splits
        )
        if not numbers or not splits or sorted(set(splits)) != splits:
            self.problems.add(where, "splits must be numbers that rise")
            splits = []
        names = self.rows(row, "names")
        if len(names) != len(splits) + 1:
            self.problems.add(where, "names must be one more than splits")
        ident = self.text(where, row, "id")
        return Condition(
            ident,
            name,
            self.aggregate(where, row),
            years[0],
            years[-1],
            tuple(map(float, splits)),
            self.label(where, row, ident),
            tuple(self.label(where, one, ident) for one in names),
        )

    def outcome(self, row: dict[str, Any]) -> Outcome:
        """Return one group of the headline."""
        where = self.known_keys("headline groups", row, {"id", "variable", "element", *LANGS})
        name = self.variable(where, row, "variable") or ""
        element = row.get("element") or None
        self.element(where, name, element)
        return Outcome(self.text(where, row, "id"), name, element, self.label(where, row, name))

    def regime(self, row: dict[str, Any]) -> Regime:
        """Return one limit."""
        where = self.known_keys("regime", row, {"id", *LANGS, "set", "variable"})
        name = self.variable(where, row, "variable") or ""
        ids = self.text(where, row, "id"), self.text(where, row, "set")
        return Regime(*ids, name, self.label(where, row, ids[0]))

    def payer(self, row: dict[str, Any]) -> Payer:
        """Return one payer."""
        keys = {"id", *LANGS, "variable", "present_value", "forgone"}
        where = self.known_keys("payer", row, keys)
        name = self.variable(where, row, "variable") or ""
        value = self.variable(where, row, "present_value", required=False)
        forgone = row.get("forgone", False)
        if not isinstance(forgone, bool):
            self.problems.add(where, "forgone must be true or false")
        ident = self.text(where, row, "id")
        return Payer(ident, name, value, self.label(where, row, name), forgone is True)

    def history(self, row: dict[str, Any]) -> HistorySpec | None:
        """Return which observed series is shown, or None."""
        if not row:
            return None
        where = self.known_keys("history", row, {"file", "measure", "sector"})
        file, measure = self.text(where, row, "file"), self.text(where, row, "measure")
        return HistorySpec(file, measure, str(row.get("sector", "total")))

    def units(self, data: dict[str, Any]) -> dict[str, Mapping[str, str]]:
        """Return the labels of units, with what is to be explained of them."""
        found = self.labels(data, "units")
        for name, row in self.table(data, "units").items():
            notes = row if isinstance(row, dict) else {}
            found[name] = {**found[name]} | {
                key: str(notes[key]) for key in ("zh_note", "en_note") if key in notes
            }
        return found

    def measures(self, data: dict[str, Any]) -> dict[str, Measure]:
        """Return how measures are written; note a factor that is no positive number."""
        found = {}
        for name, text in self.labels(data, "measures").items():
            factor = self.table(data, "measures")[name].get("factor", 1.0)
            if isinstance(factor, bool) or not isinstance(factor, int | float) or factor <= 0:
                self.problems.add(
                    f"{self.name} [measures] {name!r}",
                    "factor must be above 0, not {factor!r}",
                    factor=factor,
                )
                factor = 1.0
            found[name] = Measure(text, float(factor))
        return found

    def layout(self, row: dict[str, Any]) -> tuple[str, ...]:
        """Return the units of targets beside which the layout by region is shown."""
        self.known_keys("layout", row, {"units"})
        units = row.get("units", [])
        if not isinstance(units, list) or not all(isinstance(unit, str) for unit in units):
            self.problems.add(f"{self.name} [layout]", "units must be a list of texts")
            return ()
        return tuple(units)

    def labels(self, data: dict[str, Any], key: str) -> dict[str, Mapping[str, str]]:
        """Return a table of labels by identifier."""
        return {
            str(name): self.label(f"{self.name} [{key}] {name!r}", row, str(name))
            for name, row in self.table(data, key).items()
        }

    # ── fields ──

    def aggregate(self, where: str, row: dict[str, Any]) -> str:
        """Return how a year becomes one number; note one that is unknown."""
        value = row.get("aggregate", "annual")
        if value not in AGGREGATES:
            self.problems.add(
                where, "aggregate {value!r} is not one of annual, mean, end", value=value
            )
        return str(value)

    def table(self, data: dict[str, Any], key: str, required: bool = False) -> dict[str, Any]:
        """Return a table of the file; empty, with the problem noted, where it is none."""
        value = data.get(key, {})
        if not isinstance(value, dict) or (required and not value):
            self.problems.add(self.name, "needs a table [{key}]", key=key)
            return {}
        return value

    def rows(self, data: dict[str, Any], key: str) -> list[dict[str, Any]]:
        """Return a list of tables; empty, with the problem noted, where it is none."""
        value = data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
            self.problems.add(self.name, "{key} must be a list of tables", key=key)
            return []
        return value

    def known_keys(self, table: str, row: dict[str, Any], known: set[str]) -> str:
        """Return the place of a table as messages name it; note every unknown key."""
        shown = row.get("id") or row.get("variable")
        where = f"{self.name} [{table}]" if table else self.name
        where += f' "{shown}"' if table and shown else ""
        for key in row:
            if key not in known:
                self.problems.add(
                    where, 'no such key "{key}"{hint}', key=key, hint=did_you_mean(key, known)
                )
        return where

    def text(self, where: str, row: dict[str, Any], key: str) -> str:
        """Return a text; note one that is missing."""
        value = row.get(key)
        if not isinstance(value, str) or not value:
            self.problems.add(where, 'needs {key} = "…"', key=key)
            return ""
        return value

    def label(self, where: str, row: Any, fallback: str) -> Mapping[str, str]:
        """Return the label of each language; one stands in for another, the fallback for all."""
        return Section(where, row if isinstance(row, dict) else {}, self.problems).label(fallback)

    def variable(
        self, where: str, row: dict[str, Any], key: str, required: bool = True
    ) -> str | None:
        """Return a variable's own name; note one the model does not have."""
        if key not in row and not required:
            return None
        name = self.text(where, row, key)
        found = self.model.name_of(name)
        if name and found is None:
            known = did_you_mean(name, self.model.variables)
            self.problems.add(
                where,
                '{key}: no variable "{name}" in the model{known}',
                key=key,
                name=name,
                known=known,
            )
        return found or name

    def range(self, where: str, row: dict[str, Any], components: str | None) -> str | None:
        """Return the range of the components; note one that is not theirs."""
        if components is None:
            return None
        name = self.text(where, row, "range")
        dims = self.model[components].dims if components in self.model else (name,)
        if name and dims != (name,):
            shown = ", ".join(dims) or "none"
            self.problems.add(
                where,
                'range "{name}" is not that of "{components}" ({shown})',
                name=name,
                components=components,
                shown=shown,
            )
        return name

    def element(self, where: str, variable: str, element: str | None) -> None:
        """Note an element that is missing or that the variable does not have."""
        if variable not in self.model:
            return
        dims = self.model[variable].dims
        known = self.model.elements(dims[0]) if dims else ()
        if element is None and dims:
            self.problems.add(
                where,
                '"{variable}" is by {dims}: name one element',
                variable=variable,
                dims=dims[0],
            )
        elif element is not None and element not in known:
            hint = did_you_mean(element, known)
            self.problems.add(
                where,
                '"{variable}" has no element "{element}"{hint}',
                variable=variable,
                element=element,
                hint=hint,
            )
