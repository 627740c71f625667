"""What a policy lays out where, as a table and beside the targets it concerns."""

from __future__ import annotations

from collections.abc import Sequence

from sdengine.syntax import Model
from sdensemble.inputs.naming import element_label
from sdensemble.inputs.regions import COLUMNS, Place, elements_of, products_at
from sdensemble.inputs.targets import Target
from sdensemble.lang import Words, joined, phrase
from sdensemble.outputs.cells import Row
from sdensemble.outputs.document import Block, Items, Paragraph
from sdensemble.outputs.naming import target_name
from sdensemble.outputs.table import Column, Table, by_language
from sdensemble.policy.regions import Layout


def layout_cells(target: Target, laid: Layout) -> Row:
    """Return the cells of a table that name a target's regions; none where it has none."""
    return by_language("regions", joined([p.name for p in laid.get(target.id, ())]))


def layout_blocks(targets: Sequence[Target], laid: Layout) -> tuple[Block, ...]:
    """Return the regions of each industry's targets of bases and land."""
    groups: dict[tuple[str, ...], list[Target]] = {}
    for target in targets:
        if target.id in laid:
            regions = tuple(p.region for p in laid[target.id])
            groups.setdefault(regions, []).append(target)
    if not groups:
        return ()
    items = tuple(
        phrase(
            "language.headed",
            head=joined([target_name(target) for target in held]),
            text=joined([p.name for p in laid[held[0].id]]),
        )
        for held in groups.values()
    )
    return Paragraph(phrase("regions.layout")), Items(items)


def places_blocks(places: Sequence[Place], model: Model) -> tuple[Block, ...]:
    """Return the places as a table, and what they are."""
    rows: list[tuple[Words, ...]] = []
    for range_name, element in elements_of(places):
        first: Words = element_label(model, range_name, element)
        for region in dict.fromkeys(p.region for p in places if p.element == element):
            name = next(p.name for p in places if p.region == region)
            rows.append((first, name, joined(products_at(places, element, region))))
            first = ""
    columns = tuple(
        Column(name, phrase(f"regions.{name}")) for name in ("industry", "region", "products")
    )
    return Table("regions", "", columns, tuple(rows), stub=2), Paragraph(sources(places), "note")


def sources(places: Sequence[Place]) -> Words:
    """Return how many places there are, what they are not, and where they come from."""
    shown = "; ".join(dict.fromkeys(p.source for p in places))
    return phrase("regions.places", n=len(places), source=shown)


def place_rows(places: Sequence[Place], model: Model) -> list[Row]:
    """Return the places as rows of a CSV, with the labels of the model."""
    return [
        {name: getattr(one, name) for name in COLUMNS}
        | by_language("product", one.product)
        | by_language("element", element_label(model, one.range, one.element))
        for one in places
    ]
