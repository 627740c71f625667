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

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sdengine.errors import Problems, SDError, did_you_mean
from sdensemble.inputs.targets import last_year
from sdensemble.lang import LANGS, say, spoken

if TYPE_CHECKING:
    from sdensemble.inputs.targets import Target


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
    capitals: tuple[str, ...] = ()
    """First words of labels that keep their capital letter inside a sentence."""

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
                    "wanted both as {aggregate} and as {aggregate2}; a run keeps one — give"
                    " the second a variable of its own in the model",
                    aggregate=first.aggregate,
                    aggregate2=kept.aggregate,
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
            told = '{where} [headline] question: no single target "{named}"{hint}'
            problem = SDError(told, where=where, named=named, hint=hint)
        else:
            marked = [t for t in single if t.headline]
            found = [t for t in marked if t.variable == self.headline.whole.variable] or marked
            years = [last_year(t, targets) for t in targets if t.headline]
            found.sort(key=lambda t: -years.count(last_year(t, targets)))
            told = "{where}: the targets: mark at least one single target with headline = 1"
            problem = SDError(told, where=where)
        if not found:
            raise problem
        return found[0]

    def outcome_of(self, target: Target) -> Outcome:
        """Return the series a single target speaks of; of a joint one the headline."""
        if target.joint:
            return self.headline.whole
        for known in (self.headline.whole, *self.headline.groups):
            if (known.variable, known.element) == (target.variable, target.element or None):
                return known
        return Outcome(target.id, target.variable, target.element or None, spoken(target))

    def check(self, targets: Sequence[Target]) -> tuple[str, ...]:
        """Return every way in which the report and the targets do not fit together."""
        problems = Problems()
        for test in (self.question, self.keep):
            with problems.noted():
                test(targets)
        return tuple(problems.lines)
