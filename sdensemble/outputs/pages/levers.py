"""The chapter on levers of a paper: what each does, and at what outlay."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from sdensemble.inputs.scenarios import Scenario, moved_by
from sdensemble.lang import Words, joined, phrase
from sdensemble.outputs.answer import comparison, money_notes
from sdensemble.outputs.document import Block, Heading, Paragraph, Ref
from sdensemble.outputs.figures.parts import run_of, source
from sdensemble.outputs.form import Paired, Shown
from sdensemble.outputs.horizon_tables import money_unit
from sdensemble.outputs.naming import inside, label, lever_caveats, outlay_of, when
from sdensemble.outputs.pages import tables
from sdensemble.outputs.pages.material import Material
from sdensemble.outputs.table import Table
from sdensemble.results.probability import distinguishable
from sdensemble.results.results import Results, is_stress, per_outlay, purse_charged, reference

MOST_LEVERS = 8
"""Rows of the comparison on the first two pages; the annex holds all."""


def levers_chapter(results: Results, material: Material) -> Iterable[Block]:
    pairs = [(s, b) for s, b in results.pairs() if not is_stress(s)]
    if not pairs:
        return
    yield Heading(phrase("brief.part_levers"))
    yield Paragraph(lever_sentences(results))
    yield from (Paragraph(said, "note") for said in lever_caveats(results))
    table = narrow_comparison(results, material.others, "median")
    rows = [
        row
        for row, scenario in zip(table.rows, results.scenarios, strict=True)
        if not is_stress(scenario)
    ]
    few = len(rows) > MOST_LEVERS + 1
    if few:
        rows = _foremost(results, table)
    notes: list[Words] = [levers_note(results), *money_notes(results)]
    if few:
        notes.append(phrase("brief.levers_rest", n=len(results.scenarios), annex=Ref("all")))
    yield replace(
        table,
        id="levers",
        title=phrase("brief.levers"),
        rows=tuple(rows),
        notes=tuple(notes),
        source=source(results),
        run=run_of(results),
    )


def levers_note(results: Results) -> Words:
    """Say what the column of effects is."""
    year = when(results, results.asked_year)
    return phrase("brief.levers_note", against=reference(results).title, year=year)


def narrow_comparison(results: Results, others: Sequence[Results], *without: str) -> Table:
    """Return the comparison as wide as a page: of P only the question's; the workbook has all."""
    table = comparison(results, others)
    kept = {f"p_{results.question.id}", *(f"p_{one.prior_set}" for one in others)}
    names = [column.id for column in table.columns]
    narrow = table.only(
        [name for name in names if name not in without and (name[:2] != "p_" or name in kept)]
    )
    own = phrase("brief.head_p_of", prior=label(results.spec, results.prior_set))
    asked = f"p_{results.question.id}"
    columns = (replace(one, head=own) if one.id == asked else one for one in narrow.columns)
    return replace(narrow, columns=tuple(columns))


def _foremost(results: Results, table: Table) -> list[tuple[Any, ...]]:
    """Return the reference and the levers that move the headline most, in the table's order."""
    base, year = reference(results), results.asked_year
    whole = results.spec.headline.whole
    size: dict[str, float] = {}
    for scenario, against in results.pairs():
        if not is_stress(scenario) and against is base:
            size[scenario.name] = abs(results.effect(whole, scenario, against, year).found.mean)
    packages = [scenario.name for scenario in results.scenarios if scenario.package]
    rest = sorted((name for name in size if name not in packages), key=lambda name: -size[name])
    names = {base.name, *[*packages, *rest][:MOST_LEVERS]}
    return [
        row
        for row, scenario in zip(table.rows, results.scenarios, strict=True)
        if scenario.name in names
    ]


def lever_sentences(results: Results) -> Words:
    """Say which levers raise the headline, which cannot be told from none, what they cost."""
    base, year = reference(results), results.asked_year
    whole = results.spec.headline.whole
    up: list[tuple[Scenario, Any]] = []
    down: list[tuple[Scenario, Any]] = []
    flat: list[Scenario] = []
    prices: list[tuple[Scenario, float]] = []
    left_out: list[Words] = []
    for scenario, against in results.pairs():
        if is_stress(scenario) or against is not base:
            continue
        effect = results.effect(whole, scenario, base, year)
        if not distinguishable(effect.found):
            flat.append(scenario)
            continue
        (up if effect.found.mean > 0 else down).append((scenario, effect))
        ratio = per_outlay(effect, purse_charged(*results.purses(scenario, base, year))[0])
        if ratio is None or ratio <= 0:
            continue
        if results.spec.caveats_of(moved_by([scenario])):  # some of its cost stands in no purse
            left_out.append(scenario.title)
        else:
            prices.append((scenario, ratio))
    unit = tables.unit_of(results, whole.variable)
    said: list[Words] = []
    up.sort(key=lambda one: -one[1].found.mean)
    if up:
        shown = joined([_effect(s, e) for s, e in up[:3]], "list")
        head = {
            "year": when(results, year),
            "name": inside(whole.label, results.spec),
            "unit": unit,
        }
        said.append(phrase("brief.levers_up", n=len(up), shown=shown, **head))
    if down:
        shown = joined([_effect(s, e) for s, e in down[:3]], "list")
        said.append(phrase("brief.levers_down", shown=shown))
    if flat:
        key = "levers_flat" if up or down else "levers_all_flat"
        names = joined([s.title for s in flat[:6]], "list")
        said.append(phrase(f"brief.{key}", n=len(flat), names=names))
    if len(prices) > 1:
        prices.sort(key=lambda one: -one[1])
        (best, ratio), (next_best, other) = prices[:2]
        ends: dict[str, Words] = {"best": best.title, "ratio": f"{ratio:.2g}"}
        ends |= {"next": next_best.title, "other": f"{other:.2g}"}
        names = joined(left_out, "list")
        ends["left_out"] = phrase("brief.levers_left_out", names=names) if left_out else ""
        said.append(
            phrase(
                "brief.levers_price",
                unit=unit,
                year=when(results, year),
                money=money_unit(results),
                outlay=outlay_of(results.spec),
                **ends,
            )
        )
    said += _two_orders(up)
    return joined(said, "sentence")


def _effect(scenario: Scenario, effect: Any) -> Words:
    return phrase("brief.effect", scenario=scenario.title, effect=Shown(effect.found, Paired()))


def _two_orders(up: Sequence[tuple[Scenario, Any]]) -> list[Words]:
    """Say where means and medians put two levers in another order."""
    by_mean = [s for s, _ in up[:3]]
    by_median = [s for s, _ in sorted(up[:3], key=lambda one: -one[1].median)]
    if by_mean == by_median:
        return []
    names = joined([s.title for s in by_median], "list")
    return [phrase("brief.levers_median", names=names)]
