"""The ledger of a policy's targets as people read it, and its table of files."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sdengine.syntax import Model
from sdensemble.inputs.naming import Amount, model_label
from sdensemble.inputs.published import Statistic
from sdensemble.inputs.report import ReportSpec
from sdensemble.inputs.scenarios import Scenario
from sdensemble.inputs.targets import Target
from sdensemble.lang import Words, bracketed, joined, phrase, quantity, spoken, tell
from sdensemble.outputs.cells import Row, picked
from sdensemble.outputs.document import Block, Heading, Items, Paragraph
from sdensemble.outputs.form import Chance, Shown
from sdensemble.outputs.naming import (
    fitted,
    information_date,
    label,
    last_day_of,
    named_with_year,
    period_of,
    reasons,
    target_label,
    wanted,
)
from sdensemble.outputs.policy.regions import layout_cells
from sdensemble.outputs.rounding import points
from sdensemble.outputs.table import Column, Table, by_language
from sdensemble.policy.ledger import MET, NOT_MET, NOT_PUBLISHED, STATUSES, Entry, pointing
from sdensemble.policy.regions import Layout
from sdensemble.results.results import Results


def _pointed(entry: Entry, spec: ReportSpec, unit: Words) -> Words:
    """Return what a figure says of a target as words; empty where nothing follows."""
    found = pointing(entry, spec)
    if found is None:
        return ""
    if found.way == "needs":
        least, most = found.growth
        if not math.isfinite(most):
            said = phrase("ledger.needs_least", unit=unit, basis=found.basis, least=f"{least:.0f}")
        elif math.isinf(found.high):
            said = phrase("ledger.needs_most", unit=unit, basis=found.basis, most=f"{most:.0f}")
        elif round(least) == round(most):
            said = phrase("ledger.needs_about", unit=unit, basis=found.basis, about=f"{most:.0f}")
        else:
            ends = {"least": f"{least:.0f}", "most": f"{most:.0f}"}
            said = phrase("ledger.needs", unit=unit, basis=found.basis, **ends)
    else:
        said = phrase(f"ledger.way_{found.way}", basis=found.basis)
    return joined([said, phrase("ledger.contrary")], "clause") if found.contrary else said


def ledger_blocks(
    entries: Sequence[Entry],
    spec: ReportSpec,
    as_of: str,
    results: Results | None = None,
    scenario: Scenario | None = None,
    run: str = "",
    model: Model | None = None,
    newer: str = "",
) -> tuple[Block, ...]:
    """Return the ledger as blocks: outcomes, levers, and what is not simulated.

    Levers are named by the labels of ``model`` in languages in which it has some. ``newer`` names
    a later run that P is not read from.
    """
    unit = period_of(model, spec) if model else phrase("period.year")
    scored = [_cells(one, spec, unit) for one in entries if one.target.scored]
    blocks: list[Block] = [Paragraph(_title(entries, as_of)), _table("ledger", HEADS, scored)]
    levers = [
        _lever_cells(one.target, spec, unit, model) for one in entries if one.target.role == "lever"
    ]
    if levers:
        blocks.append(_table("levers", LEVER_HEADS, levers))
    indicators = [_indicator(one, spec, unit) for one in entries if one.target.role == "indicator"]
    if indicators:
        blocks += [Heading(phrase("ledger.indicators"), 2), Items(tuple(indicators))]
    why = reasons(reading for one in entries for reading, _ in one.readings)
    notes: list[Words] = [phrase("ledger.note"), *why]
    if results is not None and scenario is not None:
        values: dict[str, object] = {
            "run": run,
            "scenario": scenario.title,
            "date": information_date(results.as_of, spec.issued),
            "prior": label(spec, results.prior_set),
            "fitted": fitted(results.posterior),
        }
        notes.append(phrase("ledger.p_from", **values))
        if newer:
            notes.append(phrase("ledger.newer", newer=newer))
    else:
        notes.append(phrase("ledger.no_run"))
    return (*blocks, Paragraph(joined(notes, "sentence"), "note"))


HEADS = ("target", "asked", "status", "latest", "published", "bears", "p")
LEVER_HEADS = ("lever_target", "asked", "setting")


def _table(name: str, heads: Sequence[str], rows: Sequence[tuple[Words, ...]]) -> Table:
    columns = tuple(Column(head, phrase(f"ledger.{head}")) for head in heads)
    return Table(name, "", columns, tuple(rows))


def _title(entries: Sequence[Entry], as_of: str) -> Words:
    groups: list[Words] = []
    for role in ("outcome", "lever", "indicator"):
        held = [one for one in entries if one.target.role == role]
        counts: dict[str, object] = {name: sum(e.status == name for e in held) for name in STATUSES}
        judged: Words = ""
        if counts[MET] or counts[NOT_MET]:
            judged = phrase("ledger.judged", **counts)
        if held:
            groups.append(phrase(f"ledger.{role}_count", n=len(held), judged=judged, **counts))
    date = last_day_of(as_of) if as_of else phrase("ledger.no_date")
    return phrase("ledger.title", date=date, groups=joined(groups, "clause"))


def _cells(entry: Entry, spec: ReportSpec, unit: Words) -> tuple[Words, ...]:
    target, p = entry.target, entry.probability
    chance: list[Words] = [Shown(p, Chance())]
    if entry.split is not None and entry.split.mostly_above:
        chance.append(phrase("ledger.above", p=points(entry.split.above)))
    for reading, found in entry.readings:
        scope = label(spec, reading.scope)
        chance.append(phrase("ledger.reading", scope=scope, p=Shown(found, Chance())))
    return (
        named_with_year(target, unit),
        wanted(target, spec),
        phrase(f"ledger.{entry.status}"),
        _statistic(entry, spec),
        _published(entry.latest),
        _pointed(entry, spec, unit),
        joined(chance, "nothing"),
    )


def _published(one: Statistic | None) -> Words:
    """Return when a statistic was published; a person's own figure is told as unpublished."""
    if one is None:
        return ""
    if "unpublished" in one.published_on:
        return joined([one.published_on.split()[0], phrase("ledger.own")], "nothing")
    return one.published_on


def _statistic(entry: Entry, spec: ReportSpec) -> Words:
    one = entry.latest
    if one is None:
        return ""
    values: dict[str, object] = {
        "amount": Amount.of(spec, one.unit, one.value, one.measure),
        "year": one.year,
        "measure": _measure(one, spec),
    }
    shown = phrase("ledger.statistic", **values)
    if one.measure != entry.target.measure:
        return phrase("ledger.other_measure", shown=shown)
    if entry.target.year not in (None, one.year):
        return phrase("ledger.other_year", shown=shown)
    return shown


def _measure(one: Statistic, spec: ReportSpec) -> Words:
    """Return a statistic's measure, and whose it is where that is not the target's own."""
    measure, whose = label(spec, one.measure), spoken(one, "whose")
    return phrase("ledger.whose", whose=whose, measure=measure) if any(whose.values()) else measure


def _lever_cells(
    target: Target, spec: ReportSpec, unit: Words, model: Model | None
) -> tuple[Words, ...]:
    reason = spoken(target, "reason")
    names = joined([model_label(model, n) if model else n for n in target.lever], "clause")
    if not target.lever:
        shown = phrase("ledger.no_lever", why=reason)
    elif target.lever_value is None:
        shown = phrase("ledger.no_level", lever=names, why=reason)
    else:
        plain = target.lever_unit in ("", "1", "Dmnl")
        own = "" if plain else spec.unit_words(target.lever_unit)
        shown = phrase("ledger.set_to", lever=names, value=AsTyped(target.lever_value, own))
    return named_with_year(target, unit), wanted(target, spec), shown


@dataclass(frozen=True)
class AsTyped:
    """A lever's value in the model's own unit, as a scenario file has it."""

    value: float
    unit: Words

    def told(self, lang: str) -> str:
        """Return the text; a unit that begins with a number is multiplied."""
        number, unit = f"{self.value:g}", tell(self.unit, lang)
        if not unit:
            return number
        unit = f"× {unit}" if unit[:1].isdigit() else unit
        return tell(quantity(number, unit), lang)


def _indicator(entry: Entry, spec: ReportSpec, unit: Words) -> Words:
    target = entry.target
    asked, told = wanted(target, spec), _statistic(entry, spec)
    name = joined([named_with_year(target, unit), bracketed([asked])], "nothing")
    said: list[Words] = []
    if entry.status != NOT_PUBLISHED or told:
        status = phrase(f"ledger.{entry.status}")
        said.append(joined([part for part in (status, told) if part], "within"))
    text = joined([*said, spoken(target, "reason")], "clause")
    return phrase("language.headed", head=name, text=text)


def ledger_rows(
    entries: Sequence[Entry],
    as_of: str,
    concerned: Mapping[str, Sequence[str]],
    laid: Layout | None = None,
    spec: ReportSpec | None = None,
) -> Iterator[Row]:
    """Yield the ledger as rows; ``concerned`` names the conflicts each target is part of.

    ``laid`` holds the regions laid out for targets of bases and land.
    """
    for entry in entries:
        target, one, p = entry.target, entry.latest, entry.probability
        row: Row = {
            "target": target.id,
            **by_language("target", target_label(target)),
            **picked(target, "section role year comparator value unit measure"),
            **picked(target, "lever_value lever_unit note"),
            "band_low": target.low,
            "band_high": target.high,
            "status": entry.status,
            "judged_by": "; ".join(s.id for s in entry.judged),
            "lever": "; ".join(target.lever),
            **by_language("reason", spoken(target, "reason")),
            "ledger_as_of": as_of,
            "conflicts": "; ".join(concerned.get(target.id, ())),
            "p_above": entry.split.above if entry.split else "",
            **layout_cells(target, laid or {}),
        }
        found = pointing(entry, spec) if spec else None
        if found is not None:
            row |= {
                "bears": found.way,
                "implied_low": found.low,
                "implied_high": "" if math.isinf(found.high) else found.high,
                "contrary": found.contrary,
            }
        for reading, other in entry.readings[:1]:
            row |= {
                "reading": reading.id,
                "reading_p": "" if other.bounded else other.least.mean,
                "reading_error": other.se,
            }
        if one is not None:
            latest = picked(one, "year value unit measure")
            row |= picked(one, "published_on source")
            row |= {f"latest_{name}": value for name, value in latest.items()}
            row |= {
                "latest": one.id,
                "same_measure": one.measure == target.measure,
                "statistic_note": one.note,
            }
        if p is not None:
            row |= picked(p.key, "event scenario prior_set")
            row |= {
                "p": "" if p.bounded else p.least.mean,
                "mc_error": p.se,
                "run_as_of": p.key.as_of,
            }
        yield row
