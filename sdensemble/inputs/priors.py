"""The priors of uncertain constants: ``calibration/priors.toml`` read and checked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from pathlib import Path
from typing import Any

from sdengine.errors import Message, SDError, did_you_mean
from sdengine.syntax import Model, Variable
from sdensemble.inputs.config import (
    Cell,
    Section,
    bounds,
    default_of,
    find_cells,
    find_constant,
    short,
    span,
    taken_twice,
)
from sdensemble.inputs.distributions import DISTRIBUTIONS, Distribution, Truncated
from sdensemble.inputs.evidence import EVIDENCE_KEYS, Evidenced, read_evidence
from sdensemble.inputs.sources import Sources, read_sources
from sdensemble.lang import Words, has, joined, phrase, say

SOLE_SET = "prior"
"""The name of a file's one set where no entry names any."""
PRIOR_KEYS = ("constant", "element", "each", "scale", "sets", "distribution", "group", "effects")
TOLERATED = 0.01
"""The probability that may lie outside the model's limits and be cut off."""


@dataclass(frozen=True)
class Prior:
    """What is believed of one constant before seeing history.

    ``cells`` are the indices of the elements it acts on, ``((),)`` for a scalar; with ``each``
    every one of them is drawn by itself. With ``scale`` the drawn number multiplies the model's
    own value. ``distribution`` is already cut to the model's limits. ``effects`` names the rows of
    collected evidence it rests on.
    """

    constant: str
    element: str | None
    each: bool
    scale: bool
    distribution: Distribution
    unit: str
    basis: str
    known_on: date | None
    kind: str
    assumption: bool
    group: str | None
    sets: tuple[str, ...]
    cells: tuple[Cell, ...] = ((),)
    exempt: str = ""
    effects: tuple[str, ...] = ()

    @property
    def columns(self) -> int:
        """How many numbers a member draws for it."""
        return len(self.cells) if self.each else 1

    @property
    def name(self) -> str:
        """The constant with its element, as messages print it."""
        return f"{self.constant}[{self.element}]" if self.element else self.constant


@dataclass(frozen=True)
class Priors(Evidenced):
    """The priors of one set, in file order, with the correlation within each group."""

    items: tuple[Prior, ...]
    correlations: Mapping[str, float] = field(default_factory=dict)
    name: str = SOLE_SET
    path: Path = Path("priors.toml")
    digest: str = ""
    first: bool = True
    """Whether it is the first set of its file: the one meant where none is named."""

    @property
    def entries(self) -> tuple[Prior, ...]:
        """The priors, as entries with evidence."""
        return self.items


def read_priors(path: Path, model: Model, prior_set: str = "") -> Priors:
    """Return one set of priors of a TOML file, the first where none is named: see below.

    In a file that names no set every entry belongs to any.
    """
    every = read_prior_sets(path, model)
    first = next(iter(every.values()))
    if not prior_set or prior_set in every:
        return every[prior_set] if prior_set else first
    if tuple(every) == (SOLE_SET,):
        return replace(first, name=prior_set)
    hint = did_you_mean(prior_set, every)
    told = '{file}: no prior set "{prior_set}"{hint}; it has {known}'
    known = ", ".join(every)
    raise SDError(told, file=short(path), prior_set=prior_set, hint=hint, known=known)


def read_prior_sets(path: Path, model: Model) -> dict[str, Priors]:
    """Return every set of priors of a TOML file by name, checked against the model.

    Sets are those its entries name, in the order of ``sets`` at its top, else as they come; an
    entry that names none belongs to all. Raise SDError with every problem found.
    """
    path = Path(path)
    top, digest = Section.of_file(path, ("prior", "correlation", "sets"))
    sources = read_sources(path.parent)
    entries = [_read_prior(table, model, sources) for table in top.entries("prior")]
    items = tuple(prior for prior in entries if prior is not None)
    correlations = _read_correlations(top, items)
    named = [*_read_sets(top), *(name for prior in items for name in prior.sets)]
    found: dict[str, Priors] = {}
    for name in dict.fromkeys(named or [SOLE_SET]):
        chosen = tuple(prior for prior in items if not prior.sets or name in prior.sets)
        _check_set(name, chosen, correlations, model, top)
        found[name] = Priors(chosen, correlations, name, path, digest, not found)
    top.found.raise_if_any()
    return found


def _read_prior(table: Section, model: Model, sources: Sources) -> Prior | None:
    """Return one prior, or None with its problems noted."""
    name, element = table.text("constant", needed=True), table.text("element")
    table = table.titled(f"{name}[{element}]" if name and element else name)
    before = len(table.found.lines)
    base = _read_distribution(table)
    evidence = read_evidence(table)
    scale, each = table.flag("scale"), table.flag("each")
    variable = find_constant(model, name, table) if name else None
    cells: tuple[Cell, ...] = ()
    if variable is not None:
        table.unit("Dmnl" if scale else variable.unit)
        cells = find_cells(model, variable, element, table)
        if len(cells) > 1 and not (each or scale):
            table.problem(
                "has {cells} elements — give element = …, each = true (a draw for each), or"
                " scale = true (one factor for all)",
                cells=len(cells),
            )
    sets = _read_sets(table)
    effects = _read_effects(table, sources)
    if variable is None or base is None or not cells or len(table.found.lines) > before:
        return None
    distribution = _within_limits(base, variable, cells, scale, model, table)
    return Prior(
        constant=variable.name,
        element=element or None,
        each=each,
        scale=scale,
        distribution=distribution,
        unit="Dmnl" if scale else variable.unit,
        group=table.text("group") or None,
        sets=sets,
        cells=cells,
        effects=effects,
        **evidence._asdict(),
    )


def _read_distribution(table: Section) -> Distribution | None:
    """Return the distribution of one entry, and note the keys that belong to none."""
    name = table.text("distribution", needed=True)
    if name not in DISTRIBUTIONS:
        if name:
            known = Message(": there are {known}", known=", ".join(DISTRIBUTIONS))
            hint = did_you_mean(name, DISTRIBUTIONS) or known
            table.problem('no distribution "{name}"{hint}', name=name, hint=hint)
        return None
    kind = DISTRIBUTIONS[name]
    keys = [parameter.name for parameter in fields(kind)]
    table.only((*PRIOR_KEYS, *EVIDENCE_KEYS, *keys))
    numbers = [table.number(key) for key in keys]
    if None in numbers:
        return None
    made = kind(*numbers)
    if made.valid():
        return made
    table.problem("{rule} in {made}", rule=Message(kind.rule), made=describe(made))
    return None


def _read_sets(table: Section) -> tuple[str, ...]:
    """Return the names of the sets an entry belongs to; none where it belongs to all."""
    sets: tuple[str, ...] = table.listed(
        "sets", str, 'sets must be a list of names such as ["low", "high"]'
    )
    return sets


def _read_effects(table: Section, sources: Sources) -> tuple[str, ...]:
    """Return the rows of evidence an entry names; note those that no table has."""
    told = 'effects must be a list of rows such as ["E004", "E079"]'
    names: tuple[str, ...] = table.listed("effects", str, told)
    for name in names:
        if name not in sources.by_id:
            hint = did_you_mean(name, sources.by_id)
            told = 'effects: no row "{name}" in the tables of evidence{hint}'
            table.problem(told, name=name, hint=hint)
    return names


def _within_limits(
    base: Distribution,
    variable: Variable,
    cells: Sequence[Cell],
    scale: bool,
    model: Model,
    table: Section,
) -> Distribution:
    """Return the distribution cut to the limits; note a problem if that cuts off too much."""
    low, high = bounds(variable)
    if scale:
        own = default_of(model, variable)
        low, high = _factor_bounds([float(own[cell]) for cell in cells], low, high)
    cut = Truncated(base, low, high)
    if low > high or cut.outside > TOLERATED:
        share = 1.0 if low > high else cut.outside
        factor = f" as a factor, {low:.4g} to {high:.4g}" if scale else ""
        table.problem(
            "{share:.1%} of {base} lies outside the limits in {file} ({variable}{factor});"
            " at most {tolerated:.0%} may",
            share=share,
            base=describe(base),
            file=short(model.path),
            variable=span(variable),
            factor=factor,
            tolerated=TOLERATED,
        )
    return cut if cut.outside > 0 else base


def _factor_bounds(own: Sequence[float], low: float, high: float) -> tuple[float, float]:
    """Return the factors that keep every value within low and high."""
    ends = [sorted((low / value, high / value)) for value in own if value]
    return max((e[0] for e in ends), default=-math.inf), min((e[1] for e in ends), default=math.inf)


def describe(distribution: Any, lang: str = "en") -> str:
    """Return a distribution in words: ``lognormal(median 0.36, log_sd 0.4)``."""
    if isinstance(distribution, Truncated):
        return describe(distribution.base, lang)
    parts = [
        phrase(
            "distribution.part", key=_word(part.name), value=f"{getattr(distribution, part.name):g}"
        )
        for part in fields(distribution)
    ]
    name = _word(type(distribution).__name__.lower())
    return say("distribution.described", lang, name=name, parts=joined(parts, "within"))


def _word(key: str) -> Words:
    return phrase(f"distribution.{key}") if has(f"distribution.{key}") else key


def _read_correlations(top: Section, items: Sequence[Prior]) -> dict[str, float]:
    """Return the correlation within each group."""
    groups = {prior.group for prior in items if prior.group}
    correlations: dict[str, float] = {}
    for table in top.entries("correlation"):
        table.only(("group", "rho"))
        group, rho = table.text("group", needed=True), table.number("rho")
        if group and group not in groups:
            told = 'no prior has group "{group}"{hint}'
            table.problem(told, group=group, hint=did_you_mean(group, groups))
        if group in correlations:
            table.problem('group "{group}" is given twice', group=group)
        if group and rho is not None:
            correlations[group] = rho
    return correlations


def _check_set(
    name: str, items: Sequence[Prior], correlations: Mapping[str, float], model: Model, top: Section
) -> None:
    """Note elements that one set draws twice, and correlations that cannot be."""
    for where in taken_twice(((prior.constant, prior.cells) for prior in items), model):
        told = '[[prior]] "{where}" is drawn twice in the set "{name}"'
        top.problem(told, where=where, name=name)
    for group, rho in correlations.items():
        size = sum(prior.columns for prior in items if prior.group == group)
        # An equicorrelated matrix is positive definite between -1/(size - 1) and 1.
        if size > 1 and not -1 / (size - 1) < rho < 1:
            top.problem(
                '[[correlation]] "{group}": rho {rho:g} is impossible for {size} numbers —'
                " it must lie between {size2:.3g} and 1",
                group=group,
                rho=rho,
                size=size,
                size2=-1 / (size - 1),
            )
