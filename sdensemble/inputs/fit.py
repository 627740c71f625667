"""``calibration/fit.toml``: which observed series the model must match, and with what error."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sdengine.errors import did_you_mean
from sdengine.syntax import Model, fold
from sdensemble.inputs.baselines import Baseline, read_baseline
from sdensemble.inputs.config import Cell, Section, find_cells, find_constant, short
from sdensemble.inputs.groups import matches as fits
from sdensemble.inputs.history import LATEST, Observation, whole_year
from sdensemble.inputs.targets import AGGREGATES

FREEDOM = 4.0
"""Degrees of freedom of the Student-t errors."""


@dataclass(frozen=True)
class Part:
    """A figure of a part of the year, until that of the whole year is known.

    A row of ``measure`` (or of the term's own) whose period ends on ``ends`` (month-day) is the
    year's number times ``share``, give or take ``sd`` in logarithms: how the year goes on.
    """

    measure: str
    sector: str
    ends: str
    share: float
    sd: float
    basis: str


@dataclass(frozen=True)
class Term:
    """One observed series and the number of the model it is compared with, in logarithms.

    The model's number is ``factor`` times the sum over ``cells`` of ``variable``, taken by
    ``aggregate``, times and over the means of other variables. Errors, in logs: ``sd`` of one
    figure (Student-t); ``discrepancy_sd`` of an autoregression that halves in ``half_life``
    years, for the shocks that are off in the fit and for what the model leaves out;
    ``shock_share`` is the part of its variance that stands for the shocks, and goes where shocks
    are drawn instead; ``bias_sd`` of a constant factor between the two scopes. A term that
    ``leads`` says how far the state of the world is known. Figures before the year ``first`` are
    what the model starts from, and not fitted a second time. ``parts`` of a year stand in for it.
    A term that ``informs`` some constants teaches nothing about any other: it is cut from the rest.
    """

    measure: str
    sector: str
    title: Mapping[str, str]
    variable: str
    cells: tuple[Cell, ...]
    aggregate: str
    times: tuple[str, ...]
    over: tuple[str, ...]
    factor: float
    unit: str
    sd: float
    discrepancy_sd: float
    half_life: float
    bias_sd: float
    first: float
    leads: bool
    basis: str
    shock_share: float = 0.0
    parts: tuple[Part, ...] = ()
    informs: tuple[str, ...] = ()
    time_unit: str = "Year"

    def part_of(self, observation: Observation) -> Part | None:
        """Return which part of the year an observation of this term speaks of, None of it all."""
        if self.aggregate == "end" or (
            observation.series == self.series and whole_year(observation, self.time_unit)
        ):
            return None
        return next((part for part in self.parts if _is_part(observation, self, part)), None)

    def sd_of(self, observation: Observation) -> float:
        """Return the error of one figure: greater where it is of a part of the year."""
        part = self.part_of(observation)
        return math.hypot(self.sd, part.sd) if part else self.sd

    @property
    def series(self) -> tuple[str, str]:
        """The measure and sector it is about."""
        return self.measure, self.sector

    @property
    def name(self) -> str:
        """The measure and sector in one word."""
        return f"{self.measure}/{self.sector}"


@dataclass(frozen=True)
class Fit:
    """What ``fit.toml`` says: terms, the policy that was in force, groups of constants.

    ``scenario`` names the scenario under which the observed years went by. ``groups`` share the
    priors' constants out for the account of a miss. ``skipped`` are the terms whose variable
    the model lacks.
    """

    terms: tuple[Term, ...] = ()
    scenario: str = ""
    vintage: str = LATEST
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    titles: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    baselines: tuple[Baseline, ...] = ()
    screened: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    path: Path = Path("fit.toml")
    digest: str = ""


def _is_part(observation: Observation, term: Term, part: Part) -> bool:
    if f"{observation.period_end:%m-%d}" != part.ends:
        return False
    return observation.series in (term.series, (part.measure, part.sector))


def matches(observation: Observation, term: Term, model: Model) -> bool:
    """Tell whether an observation is of a term's series and period, within the model's time.

    Of the whole year, or of a part of it that the term has a share for.
    """
    clock = model.clock
    year = int(observation.time)
    if not max(clock.start, term.first) <= year or year + 1 > clock.stop + 1e-9:
        return False
    if observation.series == term.series and (
        term.aggregate == "end" or whole_year(observation, term.time_unit)
    ):
        return True
    return term.aggregate != "end" and term.part_of(observation) is not None


def pick(
    terms: Sequence[Term], observations: Sequence[Observation], model: Model
) -> dict[int, tuple[Observation, ...]]:
    """Return each term's observations, by the term's index, in order of time.

    One a year: the figure of the whole year, or until there is one that of its longest part.
    """
    found: dict[int, tuple[Observation, ...]] = {}
    for i, term in enumerate(terms):
        own = [o for o in observations if matches(o, term, model)]
        best: dict[object, Observation] = {}
        for one in sorted(own, key=lambda o: (o.time, o.period_end, o.series == term.series)):
            best[one.time if term.aggregate == "end" else int(one.time)] = one
        if best:
            found[i] = tuple(best[when] for when in sorted(best, key=float))  # type: ignore[arg-type]
    return found


def without_term(
    terms: Sequence[Term], observations: Sequence[Observation], model: Model
) -> tuple[Observation, ...]:
    """Return the observations of the model's time that no term of the fit speaks of."""
    start = model.clock.start
    return tuple(
        one
        for one in observations
        if one.time >= start and not any(matches(one, term, model) for term in terms)
    )


def check_units(fit: Fit, observations: Sequence[Observation]) -> tuple[str, ...]:
    """Return a line for each observation whose unit is not that of its term."""
    by_series = {term.series: term for term in fit.terms}
    by_series |= {
        (part.measure, part.sector): term
        for term in fit.terms
        for part in term.parts
        if (part.measure, part.sector) not in by_series
    }
    return tuple(
        f"{short(fit.path)} {term.name}: the row of {o.time:g} ({o.id or o.source}) is in {o.unit},"
        f" the term in {term.unit}"
        for o in observations
        if (term := by_series.get(o.series)) is not None and o.unit != term.unit
    )


def group_of(constant: str, fit: Fit) -> str:
    """Return the first group a constant belongs to, or "other"."""
    return next((name for name, own in fit.groups.items() if fits(constant, own)), "other")


# ── the file ──


KEYS = ("scenario", "vintage", "term", "group", "baseline", "screened")
TERM_KEYS = (
    *("measure", "sector", "title", "variable", "element", "aggregate", "times", "over", "factor"),
    *("unit", "sd", "discrepancy_sd", "shock_share", "half_life", "bias_sd", "first", "leads"),
    *("optional", "informs", "each", "part", "basis"),
)
PART_KEYS = ("measure", "sector", "ends", "share", "sd", "basis")
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
