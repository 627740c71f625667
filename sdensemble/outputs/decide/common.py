"""Words the documents on decisions share: names of scenarios, levers, worlds, money, verdicts."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sdengine.syntax import Model
from sdensemble.decide.inputs import SHOCKS
from sdensemble.decide.levers import Lever, Moved
from sdensemble.decide.worlds import Named
from sdensemble.inputs.report import ReportSpec
from sdensemble.inputs.targets import Target
from sdensemble.inputs.units import total_unit
from sdensemble.lang import (
    LANGS,
    Capital,
    Ended,
    Words,
    bracketed,
    has,
    joined,
    phrase,
    quantity,
    say,
    tell,
)
from sdensemble.outputs.document import Block, Document, Paragraph
from sdensemble.outputs.figure import Figure
from sdensemble.outputs.form import TEXT, Chance, Form, Number, Shown
from sdensemble.outputs.naming import (
    conditioned,
    information_date,
    inside,
    label,
    made_from,
    measure_of,
    moment,
    named_in,
    period_of,
    purses,
    stated,
    target_label,
    unit_notes,
    with_element,
)
from sdensemble.outputs.rounding import rounded, rounded_up
from sdensemble.outputs.table import Cell, Column, Heads
from sdensemble.results.estimate import Estimate
from sdensemble.study import Study


@dataclass(frozen=True)
class Errored(Number):
    """A number with its error, (value, se) or an estimate: "+5.42 ±0.03"; ``signed`` or not.

    To the first digit of the error that is kept by the number's ``digits`` significant ones.
    """

    signed: bool = True

    def written(self, value: Any, lang: str) -> str:
        """Return the number with its error; a dash where there is none."""
        mean, se = pair(value)
        mean, se = mean * self.factor, se * self.factor
        if not math.isfinite(mean):
            return say("number.missing", lang)
        if mean == 0 and not se > 0:
            return "0"
        most = places_for(mean, se)
        shown = rounded(mean, se, most)
        sign = "−" if float(shown) < 0 else "+" if self.signed and float(shown) > 0 else ""
        number = sign + shown.lstrip("-")
        if not math.isfinite(se) or se <= 10.0 ** -(most + 1):
            return number if float(shown) else "0"
        first = -math.floor(math.log10(se))
        return say("number.with_error", lang, value=number, error=rounded_up(se, min(most, first)))


def pair(value: Any) -> tuple[float, float]:
    """Return (number, standard error) of an estimate, a figure or a pair."""
    if isinstance(value, tuple):
        return float(value[0]), float(value[1])
    if isinstance(value, Estimate):
        return value.mean, value.se
    return float(value.value), float(value.se)


def places_for(mean: float, se: float) -> int:
    """Return as many decimals as leave three digits of the number."""
    size = abs(mean) if mean else se
    three = 2 - math.floor(math.log10(size)) if size > 0 else 1
    return max(0, min(three, 6))


POINTS = Errored(factor=100.0)
"""A change of probability, in points."""
AMOUNT = Errored()
SPENT = Errored(signed=False)
PLAIN = Number(digits=3)
CHANCE = Chance(error=False)
ONE_POINT = phrase("decide.points")
cell = Heads("decide.head.")
Labels = Mapping[str, Mapping[str, str]]
SHOWN = 15
"""How many inputs a table and a figure show."""


# ── parts of an answer ──


def paper(
    name: str,
    said: Iterable[Words],
    /,
    *blocks: Block | None,
    subtitle: Words,
    id: str = "",
    **words: object,
) -> Document:
    """Return an answer: its sentences, its tables and figures; ``words`` fill the title.

    The title is that of ``[decide.name]``; ``id`` is what the answer is called, where not so.
    """
    leads = (Paragraph(one, "lead") for one in said)
    held = (block for block in blocks if block is not None)
    title = phrase(f"decide.{name}.title", **words)
    return Document(id or name, title, (*leads, *held), subtitle=subtitle)


def note(key: str, /, **words: object) -> Paragraph:
    """Return what is said below the figures, by its key of ``[decide]``."""
    return Paragraph(phrase(f"decide.{key}", **words), "note")


def title_of(found: Any, name: str) -> Words:
    """Return what a scenario of an answer is called; nothing where it holds none of the name."""
    return next((s.title for s in found.scenarios if s.name == name), "")


def verdict(told: bool) -> Words:
    """Return whether a difference is told apart from none."""
    return phrase("verdict.distinguishable" if told else "verdict.not_distinguishable")


def told_of(found: Any) -> bool:
    """Return whether a figure is at least two errors from 0."""
    mean, se = pair(found)
    return math.isfinite(mean) and mean != 0 and abs(mean) >= 2 * se


def amount(value: Any, unit: Words, form: Number = AMOUNT) -> Words:
    """Return a number with its error and unit: "+5.4 ±0.1 亿元"."""
    return quantity(Shown(value, form), unit)


def plain(value: float, unit: Words, digits: int = 3) -> Words:
    """Return a number with its unit."""
    return quantity(Shown(value, Number(digits=digits)), unit)


# ── purses ──


def pays(study: Study) -> bool:
    """Return whether the study says who pays: without, no answer speaks of money."""
    return bool(study.report.payers)


def and_forgone(study: Study, amount: Words) -> Words:
    """Return what is forgone beside an outlay; nothing in a study without such a purse."""
    names = purses(study.report).forgoers
    return phrase("decide.and_forgone", amount=amount, names=joined(names)) if names else ""


def paid_of(study: Study, row: Any) -> dict[str, Words]:
    """Return what a scenario costs by purse, in words, each empty where there is none."""
    money = money_unit(study)
    paid, lost = (
        amount(one.found, money, SPENT) if one else "" for one in (row.treasury, row.forgone)
    )
    return {"treasury": paid, "forgone": and_forgone(study, lost) if lost else ""}


def purse_cells(study: Study, form: Number, treasury: Any, forgone: Any) -> tuple[Cell, ...]:
    """Return the columns of outlay and of income forgone, of those there are, with their cells."""
    cells, money = {"treasury": treasury} if pays(study) else {}, money_unit(study)
    if purses(study.report).forgoers:
        cells["forgone"] = forgone
    return tuple(
        (Column(name, purse_head(study, name), form, money), shown) for name, shown in cells.items()
    )


def purse_head(study: Study, name: str) -> Words:
    """Return the head of a column of one purse, "treasury" or "forgone"."""
    said = purses(study.report).said()
    return Capital(phrase(f"decide.head.{name}", outlay=said["outlay"], forgone=said["forgone"]))


def kind_of_cost(study: Study, kind: str) -> Words:
    """Return what a cost of a kind is called."""
    said = purses(study.report).said()
    called = {"forgone": said["forgone"], "treasury": said["outlay"]}
    return called.get(kind) or phrase("decide.kind.none")


def apart(study: Study) -> tuple[Words, ...]:
    """Return the note that outlay and income forgone are not added, with the purses' names."""
    purse = purses(study.report)
    return (phrase("decide.apart", **purse.said()),) if purse.forgoers else ()


def period_cell(study: Study, shown: Callable[[Any], Any], form: Form = TEXT) -> Cell:
    """Return the column of years, headed by the model's unit of time, and what it shows."""
    return Column("year", period_of(study.model, study.report), form), shown


def year_of(study: Study, time: float) -> Words:
    """Return a time in words: "2025", "month 36"."""
    return moment(study.model, study.report, time)


# ── names ──


def variable_label(model: Model, name: str) -> Words:
    """Return a variable's label in short: what stands before a bracket or a colon."""
    note = model[name].note
    return {lang: re.split(r"（| \(|: |; ", note.label(lang))[0] or name for lang in LANGS}


def lever_inside(study: Study, lever: Lever | Moved) -> Words:
    """Return a lever's label as it stands inside a sentence."""
    return inside(lever_label(study.model, lever), study.report)


def input_label(model: Model, constant: str, element: str | None) -> Words:
    """Return a constant's label in short, with its element."""
    return with_element(model, variable_label(model, constant), constant, element)


def lever_label(model: Model, lever: Lever | Moved) -> Words:
    """Return a lever's label, with its element."""
    return input_label(model, lever.constant, lever.element)


def input_name(study: Study, name: str) -> Words:
    """Return an input's label: of a constant the model's, of a process its name."""
    constant, _, element = name.removesuffix("]").partition("[")
    known = constant in study.model.variables
    return input_label(study.model, constant, element) if known else name


def group_name(study: Study, labels: Labels, name: str) -> Words:
    """Return a group's label, of joined groups all."""
    parts: list[Words] = []
    for one in name.split(" + "):
        if one in labels:
            parts.append(labels[one])
        elif one == SHOCKS or has(f"decide.group.{one}"):
            parts.append(phrase(f"decide.group.{one}"))
        else:
            parts.append(input_name(study, one))
    return joined(parts, "list")


def unit_of(spec: ReportSpec, unit: str) -> Words:
    """Return a unit as people write it; nothing for a pure number."""
    return "" if unit in ("", "1", "Dmnl") else spec.unit_words(unit)


def level(value: float, unit: str, spec: ReportSpec, digits: int = 4) -> Words:
    """Return a level with its unit: "4.16亿元/年"; a rate in %; a pure number as it is."""
    period = f"period.{unit.casefold().removeprefix('1/')}"
    if unit.startswith("1/") and has(period):
        percent = Shown(100 * value, Number(digits=digits))
        return phrase("decide.rate", percent=percent, period=phrase(period))
    number = Shown(value, Number(digits=digits))
    words = unit_of(spec, unit)
    if not words:
        return number
    # A unit such as "1 a year" would run into the number.
    if any(tell(words, lang)[:1].isdigit() for lang in LANGS):
        return joined([number, " × ", words], "nothing")
    return quantity(number, words)


def moved_words(model: Model, spec: ReportSpec, levers: Sequence[Moved]) -> Words:
    """Return all levers that differ, from what to what and when; a dash where none does."""
    if not levers:
        return phrase("number.missing")
    parts = []
    for one in levers:
        steps = joined([Shown(value, Number(digits=4)) for value in one.values], "list")
        unit = unit_of(spec, one.unit)
        parts.append(
            phrase(
                "decide.moved",
                lever=lever_label(model, one),
                before=Shown(one.baseline, Number(digits=4)),
                after=quantity(steps, unit),
                start=moment(model, spec, one.times[0]),
            )
        )
    return joined(parts, "clause")


def titles(study: Study) -> dict[str, Words]:
    """Return the titles of a study's structures by name."""
    return {variant.name: variant.title for variant in study.variants}


def world_called(study: Study, structure: str, prior_set: str) -> Words:
    """Return a world's name from its structure and prior set."""
    prior = label(study.report, prior_set)
    if structure == "main":
        return phrase("decide.world_main", prior=prior)
    return phrase("decide.world", prior=prior, structure=titles(study).get(structure, structure))


def world_name(study: Study, world: Any) -> Words:
    """Return the name of a world, or of what was found in one."""
    return world_called(study, world.structure, world.prior_set)


def asked(study: Study, target: Target) -> Words:
    """Return a target in words with its year and its key: measure, scope and price basis."""
    key = conditioned(study.report, (target.measure, target.scope, target.price_basis))
    year = year_of(study, target.year or 0)
    words = target_label(target) if target.joint else stated(study.report, target, year)
    return joined([words, key], "nothing")


def conditions(world: Named, members: int, study: Study, target: Target | None) -> Words:
    """Return what the numbers are conditional on: measure, vintage, prior set, members, seed.

    Without a ``target``, as where several scopes of it are held side by side, no measure.
    """
    said = phrase(
        "decide.conditions",
        measure=measure_of(study.report, target) if target else "",
        date=information_date(study.information, study.report.issued),
        prior=label(study.report, world.prior_set),
        n=members,
        seed=world.seed,
    )
    head, payers = study.report.headline.whole.variable, study.report.payers
    units = [study.model[name].unit for name in (head, *(one.variable for one in payers))]
    return joined([said, bracketed([unit_notes(study.report, units)])], "nothing")


def sourced(document: Document, study: Study, run: str) -> Document:
    """Return an answer whose figures say what they are conditional on, and their source and run."""
    source, said = made_from(study.model), Ended(Capital(document.subtitle))

    def with_source(block: Block) -> Block:
        if not isinstance(block, Figure) or block.source:
            return block
        return replace(block, notes=(*block.notes, said), source=source, run=run)

    return replace(document, blocks=tuple(map(with_source, document.blocks)))


def money_unit(study: Study) -> Words:
    """Return the unit of outlay summed over years."""
    payers = study.report.payers
    return unit_of(study.report, total_unit(study.model, payers[0].variable)) if payers else ""


def outcome_unit(study: Study, variable: str, aggregate: str) -> Words:
    """Return the unit of an outcome as a run keeps it."""
    model, annual = study.model, aggregate == "annual"
    return unit_of(study.report, total_unit(model, variable) if annual else model[variable].unit)


def target_unit(study: Study, target: Target, variable: str = "") -> Words:
    """Return the unit of the series a target is about: of a joint one the headline's."""
    head = study.report.headline
    how = head.aggregate if target.joint else target.aggregate
    return outcome_unit(study, variable or target.variable or head.whole.variable, how)


def listed(names: Iterable[Words]) -> Words:
    """Return names as a list."""
    return joined(tuple(names), "list")


def chance(found: Any) -> Words:
    """Return a probability, an estimate or (P, error), in points: "74%"."""
    return Shown(found if isinstance(found, Estimate) else pair(found), CHANCE)


def asked_outcome(study: Study, target: Target) -> Words:
    """Return an outcome with its year: "2025年全省产值"."""
    if target.joint:
        return target_label(target)
    return named_in(study.report, target, year_of(study, target.year or 0))
