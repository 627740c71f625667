"""Reads ``model/regions.csv``: what a policy lays out where. Shown, used by no equation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from sdengine.errors import Problems, did_you_mean
from sdengine.syntax import Model
from sdensemble.inputs.config import Section
from sdensemble.inputs.rows import need, read_rows, row_as

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
        return {"zh": self.region_zh, "en": self.region_en}

    @property
    def product(self) -> dict[str, str]:
        """The product by language; in the source's own marked where it stands as written there."""
        mark = f"（{AS_WRITTEN}）" if AS_WRITTEN in self.note else ""
        return {"zh": self.product_zh + mark, "en": self.product_en}


COLUMNS = tuple(field.name for field in fields(Place))


def read_places(path: Path, model: Model) -> tuple[Place, ...]:
    """Return the places of a CSV file, in file order; SDError with every problem found."""
    found = Problems()
    rows = read_rows(Path(path), COLUMNS, COLUMNS[:-1], (), found)
    places = tuple(_read(row, model) for row in rows)
    found.raise_if_any()
    return places


def _read(row: Section, model: Model) -> Place:
    need(row, COLUMNS[1:-1])
    place = row_as(row, Place)
    elements = model.ranges.get(place.range)
    if place.range and elements is None:
        hint = did_you_mean(place.range, model.ranges)
        row.problem('no range "{range}"{hint}', range=place.range, hint=hint)
    elif elements is not None and place.element not in elements:
        words = {"element": place.element, "range": place.range}
        hint = did_you_mean(place.element, elements)
        row.problem('no element "{element}" in range {range}{hint}', **words, hint=hint)
    return place


def elements_of(places: Sequence[Place]) -> tuple[tuple[str, str], ...]:
    """Return each (range, element) that occurs, in order."""
    return tuple(dict.fromkeys((one.range, one.element) for one in places))


def regions_of(places: Sequence[Place]) -> tuple[str, ...]:
    """Return the regions, those with most industries first, else in order."""
    order = list(dict.fromkeys(one.region for one in places))
    held = {region: {p.element for p in places if p.region == region} for region in order}
    return tuple(sorted(order, key=lambda region: -len(held[region])))


def products_at(places: Sequence[Place], element: str, region: str) -> tuple[dict[str, str], ...]:
    """Return the products of one element in one region, in order, by language."""
    return tuple(p.product for p in places if (p.element, p.region) == (element, region))
