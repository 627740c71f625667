"""The conflicts inside a policy's text, with the numbers of the text and of a run."""

from __future__ import annotations

from collections.abc import Sequence

from sdensemble.inputs.conflicts import Conflict, ModelNumber
from sdensemble.inputs.scenarios import Scenario
from sdensemble.lang import Words, bracketed, joined, phrase
from sdensemble.outputs.cells import Row
from sdensemble.outputs.document import Block, Heading, Items, Paragraph
from sdensemble.outputs.form import Rounded, Shown
from sdensemble.outputs.naming import when
from sdensemble.outputs.table import by_language
from sdensemble.policy.conflicts import model_values
from sdensemble.results.ensemble import quantile
from sdensemble.results.estimate import standard_error
from sdensemble.results.results import Results


def conflicts_blocks(
    conflicts: Sequence[Conflict], results: Results | None = None, scenario: Scenario | None = None
) -> tuple[Block, ...]:
    """Return the conflicts as blocks: what does not fit, the text's numbers, the model's."""
    if not conflicts:
        return ()
    blocks: list[Block] = [Heading(phrase("conflicts.head"), 2)]
    for place, one in enumerate(conflicts, start=1):
        kind = bracketed([joined([one.section, phrase(f"conflicts.{one.kind}")], "clause")])
        blocks.append(Paragraph(joined([f"{place}. ", one.title, kind], "nothing")))
        blocks.append(Paragraph(one.text))
        items: list[Words] = [
            phrase("conflicts.number", label=n.label, value=n.value, unit=n.unit)
            for n in one.numbers
        ]
        if results is not None and scenario is not None:
            items += [_shown(results, asked, scenario) for asked in one.model]
        blocks += [Items(tuple(items))] if items else []
    return tuple(blocks)


def _shown(results: Results, number: ModelNumber, scenario: Scenario) -> Words:
    values = model_values(results, number, scenario)
    if values is None:
        return phrase("conflicts.missing", label=number.label)
    low, median, high = quantile(values, [0.05, 0.5, 0.95])
    se = standard_error(values, results.replicate)[0]
    form = Rounded(most=2 if abs(median) < 10 else 0)
    cells = {
        name: Shown((float(value), 2 * se), form)
        for name, value in (("median", median), ("low", low), ("high", high))
    }
    return phrase(
        "conflicts.model",
        label=number.label,
        year=when(results, number.year),
        scenario=scenario.title,
        unit=number.unit,
        **cells,
    )


def conflict_rows(conflicts: Sequence[Conflict], results: Results | None = None) -> list[Row]:
    """Return a row for each number of each conflict, the model's under every scenario."""
    rows: list[Row] = []
    for one in conflicts:
        shared: Row = {
            "conflict": one.id,
            "kind": one.kind,
            "section": one.section,
            **by_language("title", one.title),
            **by_language("text", one.text),
            "targets": "; ".join(one.targets),
        }
        rows += [
            shared
            | _labels(number)
            | {"side": "text", "value": number.value, "source": number.source}
            for number in one.numbers
        ]
        for asked in one.model if results else ():
            rows += _model_rows(shared, asked, results)
        if not one.numbers and not one.model:
            rows.append(shared)
    return rows


def _labels(number: object) -> Row:
    label, unit = number.label, number.unit  # type: ignore[attr-defined]
    return by_language("label", label) | by_language("unit", unit)


def _model_rows(shared: Row, number: ModelNumber, results: Results | None) -> list[Row]:
    rows: list[Row] = []
    for scenario in results.scenarios if results else ():
        values = model_values(results, number, scenario) if results else None
        found = [float("nan")] * 3 if values is None else quantile(values, [0.05, 0.5, 0.95])
        numbers = {"q05": found[0], "value": found[1], "q95": found[2]}
        where = {"side": "model", "scenario": scenario.name, "year": number.year}
        rows.append(shared | _labels(number) | numbers | where)
    return rows
