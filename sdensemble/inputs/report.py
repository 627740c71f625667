"""Reads ``outputs/report.toml``: what a run keeps, and what its tables and figures show.

The machine knows no study; this file tells it which variable is the headline, which ranges
and groups it is made of, which variables say what limits production and who pays. The schema
(every table but ``headline`` may be left out; any name may be spelt as Vensim accepts it)::

    as_of = "through-2019"    # information date of every prior; checked against each known_on
    keep = [ {variable = "…", aggregate = "mean"}, … ]
                              # beside what is named below; aggregate = annual | mean | end
    [headline]
    variable = "…"            # scalar; targets speak of it
    element = "…"             # only where the variable has a range: the element meant
    aggregate = "annual"      # annual (integral over the year; the default), mean or end
    zh = "…"  en = "…"        # a few characters: column heads, axis labels
    components = "…"          # the same by element, with…
    range = "…"               # …this range
    real = "…"                # optional: the headline at constant prices
    sales = "…"               # optional: the headline's counterpart in another measure
    groups = [ {id, variable, element (optional), zh, en}, … ]     # parts of the headline
    beside = ["…"]            # optional: targets whose P stands beside the question's
    horizons = [2025, 2030]   # optional: years whose effects are told, one by one and cumulative
    question = "…"            # optional: id of the target the study is about (default: the
                              #   headline's target in the year most headline targets share)
    displaced = "…"           # optional: id of the group whose loss is called displacement
                              #   (default: the group with id "other", where there is one)
    [[regime]]                # shares of what limits: kept as annual mean, one per limit
    id, zh, en, variable
    set = "…"                 # regimes of one set sum to one
    [[payer]]                 # outlay by payer: kept as annual integral
    id, zh, en, variable
    present_value = "…"       # optional: cumulative present value, kept at the year's end
    forgone = false           # true: no money of a treasury but something forgone; never added up
    [[condition]]             # optional: what members are told apart by
    id, zh, en, variable      # a scalar variable, under the scenario others are compared with
    aggregate = "mean"        # annual, mean or end
    years = [2021, 2025]      # the mean over these years
    splits = [0.1, 0.5]       # where members part, rising
    names = [ {zh, en}, … ]   # of the parts, one more than splits
    [history]
    file = "calibration/history.csv"
    measure = "…"             # measure drawn beside the fan, never on its axis
    sector = "…"              # rows of the headline in that file (default "total")
    [units]                   # model unit → label
    "…" = {zh = "…", en = "…"} # zh_note and en_note, optional: said once where the unit is used,
                              #   such as en_note = "1 dozen = 12"
    [measures]                # optional: a measure written in another unit than the model's:
    "…" = {zh = "%", en = "%", factor = 100}
    [labels]                  # any identifier a table prints: scopes, price bases, sets …
    "…" = {zh = "…", en = "…"}
    [[bearing]]               # optional: what a figure of another measure says of a target
    measure = "…"  on = "…"   #   the figure's measure, and the target's
    low = 0.9  high = 1.1     #   the target's measure is the figure times low to high; without
    zh = "…"  en = "…"        #   high: the figure covers a part only. On what that rests
    [[caveat]]                # optional: what has to be said wherever a lever has moved, such as
    lever = "…"               #   a cost that stands in no purse
    zh = "…"  en = "…"
    [policy]                  # optional: the text that sets the targets, in full
    zh = "…"  en = "…"        #   with its number, as papers cite it
    [layout]                  # optional: units of the targets of bases and land, beside which
    units = ["…", …]          #   the places of model/regions.csv are shown
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdengine.errors import Message, Problems, SDError, did_you_mean
from sdengine.syntax import Model
from sdensemble.inputs.config import Section, read_toml
from sdensemble.inputs.targets import leaves
from sdensemble.lang import LANGS, say

if TYPE_CHECKING:
    from sdensemble.inputs.targets import Target

AGGREGATES = ("annual", "mean", "end")


@dataclass(frozen=True)
class Kept:
    """A variable a run keeps, and how a year of it becomes one number."""

    variable: str
    aggregate: str


@dataclass(frozen=True)
class Outcome:
    """A series people read: a scalar variable, or one element of a subscripted one."""

    id: str
    variable: str
    element: str | None
    label: Mapping[str, str]


@dataclass(frozen=True)
class Measure:
    """How numbers of a measure are written: times ``factor``, with the label as their unit."""

    label: Mapping[str, str]
    factor: float = 1.0


@dataclass(frozen=True)
class Headline:
    """The series the targets speak of, and its parts."""

    whole: Outcome
    components: str | None
    range: str | None
    groups: tuple[Outcome, ...]
    real: str | None
    sales: str | None
    displaced: str | None
    question: str | None = None
    aggregate: str = "annual"
    beside: tuple[str, ...] = ()
    horizons: tuple[int, ...] = ()


@dataclass(frozen=True)
class Regime:
    """One limit of a set of limits, and the variable that is its share."""

    id: str
    set: str
    variable: str
    label: Mapping[str, str]


@dataclass(frozen=True)
class Payer:
    """Who pays, and the variable of what they pay.

    Money of the treasury and what somebody forgoes, such as land revenue, are never added up.
    """

    id: str
    variable: str
    present_value: str | None
    label: Mapping[str, str]
    forgone: bool = False


@dataclass(frozen=True)
class Bearing:
    """How far a figure of one measure speaks of another: times ``low`` to ``high``.

    ``high`` is infinite where the figure covers only a part, ``low`` zero where it covers more.
    """

    measure: str
    on: str
    low: float
    high: float
    basis: Mapping[str, str]


@dataclass(frozen=True)
class Caveat:
    """What has to be said wherever a lever has moved, such as a cost that no purse shows."""

    lever: str
    text: Mapping[str, str]


@dataclass(frozen=True)
class Condition:
    """What members are told apart by: where something binds, how far a scope widened.

    It is ``variable`` under the scenario that others are compared with, taken by ``aggregate``,
    mean over the years ``first`` to ``last``; ``splits`` part the members, ``labels`` name the
    parts, one more than there are splits.
    """

    id: str
    variable: str
    aggregate: str
    first: int
    last: int
    splits: tuple[float, ...]
    label: Mapping[str, str]
    labels: tuple[Mapping[str, str], ...]


@dataclass(frozen=True)
class HistorySpec:
    """Which observed series stands beside the fan."""

    file: str
    measure: str
    sector: str


@dataclass(frozen=True)
class ReportSpec:
    """What ``outputs/report.toml`` says."""

    path: Path
    digest: str
    extra_keep: tuple[Kept, ...]
    headline: Headline
    regimes: tuple[Regime, ...] = ()
    payers: tuple[Payer, ...] = ()
    history: HistorySpec | None = None
    units: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    as_of: str = ""
    measures: Mapping[str, Measure] = field(default_factory=dict)
    layout_units: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    issued: str = ""
    """The information date in the file: later ones are not ex ante."""
    bearings: tuple[Bearing, ...] = ()
    caveats: tuple[Caveat, ...] = ()
    policy: Mapping[str, str] = field(default_factory=dict)
    """Full name, with its number, of the text that sets the targets; empty where none is given."""

    def keep(self, targets: Iterable[Target] = (), more: Iterable[Kept] = ()) -> tuple[Kept, ...]:
        """Return all a run must keep for its tables, figures, these targets and ``more``.

        Raises SDError where a variable is wanted in two aggregates.
        """
        wanted = [*self._named(), *self.extra_keep, *more]
        wanted += [Kept(t.variable, t.aggregate) for t in targets if t.variable and t.scored]
        found: dict[str, Kept] = {}
        problems = Problems()
        for kept in wanted:
            first = found.setdefault(kept.variable, kept)
            if first.aggregate != kept.aggregate:
                problems.add(
                    f'{self.path.name} "{kept.variable}"',
                    Message(
                        "wanted both as {aggregate} and as {aggregate2}; a run keeps one — give"
                        " the second a variable of its own in the model",
                        aggregate=first.aggregate,
                        aggregate2=kept.aggregate,
                    ),
                )
        problems.raise_if_any()
        return tuple(found.values())

    def _named(self) -> list[Kept]:
        head = self.headline
        heads = [head.whole.variable, head.components, head.real, head.sales]
        heads += [group.variable for group in head.groups]
        named = [Kept(name, head.aggregate) for name in heads if name]
        named += [Kept(payer.variable, "annual") for payer in self.payers]
        named += [Kept(regime.variable, "mean") for regime in self.regimes]
        named += [Kept(one.variable, one.aggregate) for one in self.conditions]
        return named + [Kept(p.present_value, "end") for p in self.payers if p.present_value]

    def unit_label(self, unit: str, lang: str) -> str:
        """Return a unit as people write it; the model's own where no label is given."""
        return self.units.get(unit, {}).get(lang) or unit

    def unit_words(self, unit: str) -> dict[str, str]:
        """Return a unit as people write it, by language."""
        return {lang: self.unit_label(unit, lang) for lang in LANGS}

    def unit_notes(self, units: Iterable[str], lang: str) -> str:
        """Return what the report explains of the units named, each once: "1 dozen = 12"."""
        notes = (self.units.get(unit, {}).get(f"{lang}_note", "") for unit in units)
        return say("language.clause", lang).join(dict.fromkeys(filter(None, notes)))

    def caveats_of(self, levers: Collection[str]) -> tuple[Mapping[str, str], ...]:
        """Return what has to be said where these levers have moved, in the order of the file."""
        return tuple(one.text for one in self.caveats if one.lever in levers)

    def spoken(self) -> tuple[tuple[str, str], ...]:
        """Return each label of the headline, groups, limits and payers with its variable."""
        head = self.headline
        named = [head.whole, *(g for g in head.groups if g.element is None)]
        pairs = [(one.label, one.variable) for one in named]
        pairs += [(one.label, one.variable) for one in self.regimes]
        pairs += [(one.label, one.variable) for one in self.payers]
        return tuple((text, name) for label, name in pairs for text in label.values())

    def question(self, targets: Sequence[Target]) -> Target:
        """Return the target the study is about: the one the report names.

        Where it names none: the headline's target in the year most headline targets share.
        Raises SDError where there is no such target.
        """
        where = f"{self.path.parent.name}/{self.path.name}"
        single = [t for t in targets if not t.joint]
        named = self.headline.question
        if named is not None:
            found = [t for t in single if t.id == named]
            hint = did_you_mean(named, [t.id for t in single])
            problem = f'{where} [headline] question: no single target "{named}"{hint}'
        else:
            marked = [t for t in single if t.headline]
            found = [t for t in marked if t.variable == self.headline.whole.variable] or marked
            years = [_last_year(t, targets) for t in targets if t.headline]
            found.sort(key=lambda t: -years.count(_last_year(t, targets)))
            problem = f"{where}: the targets: mark at least one single target with headline = 1"
        if not found:
            raise SDError(problem)
        return found[0]

    def check(self, targets: Sequence[Target]) -> tuple[str, ...]:
        """Return every way in which the report and the targets do not fit together."""
        problems = Problems()
        for test in (self.question, self.keep):
            try:
                test(targets)
            except SDError as error:
                problems.take(error)
        return tuple(problems.lines)


def _last_year(target: Target, targets: Sequence[Target]) -> int:
    """Return a target's year; of a joint one the last of its parts'."""
    return max(part.year or 0 for part in leaves(target, targets))


def read_report(path: Path, model: Model) -> ReportSpec:
    """Read ``report.toml`` against a model; raise one SDError with every problem found."""
    if not path.exists():
        raise SDError(
            Message("{path}: no such file; a study needs one, see the one of teacup", path=path)
        )
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
        where = self.known_keys("bearing", row, {"measure", "on", "low", "high", "zh", "en"})
        ends = [row.get("low", 0.0), row.get("high", math.inf)]
        numbers = all(isinstance(end, int | float) and not isinstance(end, bool) for end in ends)
        if not numbers or not 0 <= ends[0] <= ends[1]:
            self.problems.add(where, Message("low and high must be numbers from 0, in order"))
            ends = [0.0, math.inf]
        names = self.text(where, row, "measure"), self.text(where, row, "on")
        return Bearing(*names, float(ends[0]), float(ends[1]), self.label(where, row, ""))

    def caveat(self, row: dict[str, Any]) -> Caveat:
        """Return what has to be said of a lever."""
        where = self.known_keys("caveat", row, {"lever", "zh", "en"})
        lever = self.variable(where, row, "lever") or ""
        return Caveat(lever, self.label(where, row, lever))

    def policy(self, row: dict[str, Any]) -> Mapping[str, str]:
        """Return the name of the text that sets the targets; empty where there is none."""
        where = self.known_keys("policy", row, {"zh", "en"})
        return self.label(where, row, "") if row else {}

    def headline(self, row: dict[str, Any]) -> Headline:
        """Return the headline and its parts."""
        keys = {"variable", "zh", "en", "components", "range", "real", "sales", "groups"}
        keys |= {"displaced", "question", "aggregate", "element", "beside", "horizons"}
        where = self.known_keys("headline", row, keys)
        groups = tuple(self.outcome(group) for group in self.rows(row, "groups"))
        displaced = row.get("displaced", "other")
        if displaced not in {group.id for group in groups}:
            if "displaced" in row:
                self.problems.add(
                    where,
                    Message("displaced {displaced!r} is the id of no group", displaced=displaced),
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
        self.problems.add(where, Message("{key} must be a list of {what}", key=key, what=what))
        return []

    def condition(self, row: dict[str, Any]) -> Condition:
        """Return one condition; note splits that do not rise, and names that do not fit them."""
        keys = {"id", "zh", "en", "variable", "aggregate", "years", "splits", "names"}
        where = self.known_keys("condition", row, keys)
        name = self.variable(where, row, "variable") or ""
        self.element(where, name, None)
        years = self.listed(where, row, "years", int) or [0]
        splits = row.get("splits", [])
        numbers = isinstance(splits, list) and all(
            isinstance(one, int | float) and not isinstance(one, bool) for one in splits
        )
        if not numbers or not splits or sorted(set(splits)) != splits:
            self.problems.add(where, Message("splits must be numbers that rise"))
            splits = []
        names = self.rows(row, "names")
        if len(names) != len(splits) + 1:
            self.problems.add(where, Message("names must be one more than splits"))
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
        where = self.known_keys("headline groups", row, {"id", "variable", "element", "zh", "en"})
        name = self.variable(where, row, "variable") or ""
        element = row.get("element") or None
        self.element(where, name, element)
        return Outcome(self.text(where, row, "id"), name, element, self.label(where, row, name))

    def regime(self, row: dict[str, Any]) -> Regime:
        """Return one limit."""
        where = self.known_keys("regime", row, {"id", "zh", "en", "set", "variable"})
        name = self.variable(where, row, "variable") or ""
        ids = self.text(where, row, "id"), self.text(where, row, "set")
        return Regime(*ids, name, self.label(where, row, ids[0]))

    def payer(self, row: dict[str, Any]) -> Payer:
        """Return one payer."""
        keys = {"id", "zh", "en", "variable", "present_value", "forgone"}
        where = self.known_keys("payer", row, keys)
        name = self.variable(where, row, "variable") or ""
        value = self.variable(where, row, "present_value", required=False)
        forgone = row.get("forgone", False)
        if not isinstance(forgone, bool):
            self.problems.add(where, Message("forgone must be true or false"))
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
                    Message("factor must be above 0, not {factor!r}", factor=factor),
                )
                factor = 1.0
            found[name] = Measure(text, float(factor))
        return found

    def layout(self, row: dict[str, Any]) -> tuple[str, ...]:
        """Return the units of targets beside which the layout by region is shown."""
        self.known_keys("layout", row, {"units"})
        units = row.get("units", [])
        if not isinstance(units, list) or not all(isinstance(unit, str) for unit in units):
            self.problems.add(f"{self.name} [layout]", Message("units must be a list of texts"))
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
                where, Message("aggregate {value!r} is not one of annual, mean, end", value=value)
            )
        return str(value)

    def table(self, data: dict[str, Any], key: str, required: bool = False) -> dict[str, Any]:
        """Return a table of the file; empty, with the problem noted, where it is none."""
        value = data.get(key, {})
        if not isinstance(value, dict) or (required and not value):
            self.problems.add(self.name, Message("needs a table [{key}]", key=key))
            return {}
        return value

    def rows(self, data: dict[str, Any], key: str) -> list[dict[str, Any]]:
        """Return a list of tables; empty, with the problem noted, where it is none."""
        value = data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
            self.problems.add(self.name, Message("{key} must be a list of tables", key=key))
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
                    where,
                    Message('no such key "{key}"{hint}', key=key, hint=did_you_mean(key, known)),
                )
        return where

    def text(self, where: str, row: dict[str, Any], key: str) -> str:
        """Return a text; note one that is missing."""
        value = row.get(key)
        if not isinstance(value, str) or not value:
            self.problems.add(where, Message('needs {key} = "…"', key=key))
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
                Message(
                    '{key}: no variable "{name}" in the model{known}',
                    key=key,
                    name=name,
                    known=known,
                ),
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
                Message(
                    'range "{name}" is not that of "{components}" ({shown})',
                    name=name,
                    components=components,
                    shown=shown,
                ),
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
                Message(
                    '"{variable}" is by {dims}: name one element', variable=variable, dims=dims[0]
                ),
            )
        elif element is not None and element not in known:
            hint = did_you_mean(element, known)
            self.problems.add(
                where,
                Message(
                    '"{variable}" has no element "{element}"{hint}',
                    variable=variable,
                    element=element,
                    hint=hint,
                ),
            )
