"""Reads ``model/regions.csv``: what a policy lays out where. Shown, used by no equation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from sdensemble.errors import Message, Problems, did_you_mean
from sdensemble.lang import Words, joined, phrase
from sdensemble.model.types import Model
from sdensemble.outputs.document import Block, Items, Paragraph
from sdensemble.outputs.naming import element_label, spoken, target_name
from sdensemble.outputs.report import ReportSpec
from sdensemble.outputs.table import Column, Table, by_language
from sdensemble.outputs.tables import Row
from sdensemble.scenarios import Target
from sdensemble.scenarios.rows import read_rows
from sdensemble.section import Section

AS_WRITTEN = "原文如此"
"""Said behind a product whose note holds these words: it stands as the source has it."""


@dataclass(frozen=True)
class Place:
    """One product of one element of a range of the model, laid out in one region."""

    id: str
    range: str
    element: str
    region: str
    region_zh: str
    region_en: str
    product_zh: str
    product_en: str
    materials_zh: str
    source: str
    note: str

    @property
    def name(self) -> dict[str, str]:
        """The region by language."""
        return spoken(self, "region")

    @property
    def product(self) -> Words:
        """The product, in the language it is quoted from marked where it stands as written."""
        shown = spoken(self, "product")
        if AS_WRITTEN in self.note:
            shown["zh"] += f"（{AS_WRITTEN}）"
        return shown


COLUMNS = tuple(field.name for field in fields(Place))
Layout = Mapping[str, tuple[Place, ...]]
"""Target → one place of each region laid out for its industry."""


def read_places(path: Path, model: Model) -> tuple[Place, ...]:
    """Return the places of a CSV file, in file order; SDError with every problem found."""
    found = Problems()
    rows = read_rows(Path(path), COLUMNS, COLUMNS[:-1], (), found)
    places = tuple(_read(row, model) for row in rows)
    found.raise_if_any()
    return places


def _read(row: Section, model: Model) -> Place:
    text = {name: row.text(name, needed=name not in ("note", "id")) for name in COLUMNS}
    elements = model.ranges.get(text["range"])
    if text["range"] and elements is None:
        row.problem(
            Message(
                'no range "{range}"{hint}',
                range=text["range"],
                hint=did_you_mean(text["range"], model.ranges),
            )
        )
    elif elements is not None and text["element"] not in elements:
        hint = did_you_mean(text["element"], elements)
        row.problem(
            Message(
                'no element "{element}" in range {range}{hint}',
                element=text["element"],
                range=text["range"],
                hint=hint,
            )
        )
    return Place(**text)


def elements_of(places: Sequence[Place]) -> tuple[tuple[str, str], ...]:
    """Return each (range, element) that occurs, in order."""
    return tuple(dict.fromkeys((one.range, one.element) for one in places))


def regions_of(places: Sequence[Place]) -> tuple[str, ...]:
    """Return the regions, those with most industries first, else in order."""
    order = list(dict.fromkeys(one.region for one in places))
    held = {region: {p.element for p in places if p.region == region} for region in order}
    return tuple(sorted(order, key=lambda region: -len(held[region])))


def products_at(places: Sequence[Place], element: str, region: str) -> tuple[Words, ...]:
    """Return the products of one element in one region, in order."""
    return tuple(p.product for p in places if (p.element, p.region) == (element, region))


def layout(targets: Sequence[Target], places: Sequence[Place], spec: ReportSpec) -> Layout:
    """Return, for each target of bases or land, the regions laid out for its industry.

    Which units are of bases and land is said in the report's ``[layout]``.
    """
    found: dict[str, tuple[Place, ...]] = {}
    for target in targets:
        if target.unit not in spec.layout_units or target.joint:
            continue
        first = {p.region: p for p in reversed(places) if p.element == target.entity}
        if first:
            found[target.id] = tuple(sorted(first.values(), key=places.index))
    return found


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
