"""Shows the instruments of a policy: lever, level, limits, delay and cost, or why refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sdengine.syntax import Model
from sdensemble.inputs.instruments import Instrument, delay_of
from sdensemble.inputs.report import ReportSpec
from sdensemble.lang import Words, bracketed, joined, phrase, spoken
from sdensemble.outputs.document import Block, Heading, Items, Paragraph
from sdensemble.outputs.naming import label
from sdensemble.outputs.table import Column, Table

HEADS = (
    *("instrument", "section", "lever", "unit", "now", "level"),
    *("limits", "delay", "payer", "cost", "confidence"),
)


def instruments_blocks(
    instruments: Sequence[Instrument], model: Model, spec: ReportSpec
) -> tuple[Block, ...]:
    """Return the instruments that have a lever as a table, and the refused with their reasons."""
    moved = [_row(one, model, spec) for one in instruments if not one.refused]
    refused = [one for one in instruments if one.refused]
    columns = tuple(Column(head, phrase(f"instruments.{head}")) for head in HEADS)
    blocks: list[Block] = [Table("instruments", "", columns, tuple(moved))] if moved else []
    if refused:
        items = [
            phrase("language.headed", head=_with_section(one, spec), text=spoken(one, "refused"))
            for one in refused
        ]
        blocks += [Heading(phrase("instruments.refused"), 2), Items(tuple(items))]
    return (*blocks, Paragraph(phrase("instruments.note"), "note"))


def _with_section(one: Instrument, spec: ReportSpec) -> Words:
    return joined([_name(one, spec), bracketed([one.section])], "nothing")


def _name(one: Instrument, spec: ReportSpec) -> Words:
    mark = bracketed([label(spec, "outside")]) if one.outside else ""
    return joined([spoken(one), mark], "nothing")


def _row(one: Instrument, model: Model, spec: ReportSpec) -> tuple[Any, ...]:
    variable = model[one.lever]
    now = float(np.asarray(variable.value).flat[0])
    delay = delay_of(model, one)
    level: Words = phrase("instruments.no_quantity")
    if one.policy_level is not None:
        level = f"{one.policy_level:g}"
    cost: Words = ""
    if one.cost is not None:
        cost = joined([f"{one.cost:g} ", spec.unit_words(one.cost_unit)], "nothing")
    return (
        _name(one, spec),
        one.section,
        one.lever,
        spec.unit_words(variable.unit),
        f"{now:g}",
        level,
        _limits(one, variable.limits),
        "—" if delay is None else f"{float(np.asarray(delay.value).flat[0]):g}",
        spoken(one, "payer"),
        cost,
        phrase(f"instruments.{one.confidence}") if one.confidence else "",
    )


def _limits(one: Instrument, limits: tuple[float | None, float | None]) -> str:
    """Return the instrument's own limits; the constant's where it has none."""
    own = (one.low, one.high)
    low, high = (limits[i] if own[i] is None else own[i] for i in (0, 1))
    ends = ("-∞" if low is None else f"{low:g}", "∞" if high is None else f"{high:g}")
    return "–".join(ends)
