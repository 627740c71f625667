"""What a policy lays out where, as a matrix: industries down, regions across, products inside."""

from __future__ import annotations

from collections.abc import Sequence

from sdengine.syntax import Model
from sdensemble.inputs.naming import element_label
from sdensemble.inputs.regions import Place, elements_of, products_at, regions_of
from sdensemble.lang import Words, joined, phrase
from sdensemble.outputs.figure import Axis, Cells, Figure, Panel
from sdensemble.outputs.policy.regions import sources

ACROSS = 4
"""Regions in one strip."""
FILLED = 0.35
"""Shade of a cell that holds something."""


def region_matrix(places: Sequence[Place], model: Model) -> Figure:
    """Return the matrix of products; strips of regions stand one below the other."""
    regions = regions_of(places)
    strips = [regions[i : i + ACROSS] for i in range(0, len(regions), ACROSS)]
    return Figure(
        "regions",
        phrase("regions.title"),
        tuple(_strip(places, strip, model) for strip in strips),
        notes=(sources(places),),
        caption=phrase("regions.title"),
    )


def _strip(places: Sequence[Place], regions: Sequence[str], model: Model) -> Panel:
    """Return the industries that have a place in a strip, with their products by region."""
    names: list[Words] = []
    shares: list[tuple[float, ...]] = []
    texts: list[tuple[Words, ...]] = []
    for range_name, element in elements_of(places):
        held = [products_at(places, element, region) for region in regions]
        if any(held):
            names.append(element_label(model, range_name, element))
            shares.append(tuple(FILLED if one else 0.0 for one in held))
            texts.append(tuple(joined(one) for one in held))
    heads = tuple(next(p.name for p in places if p.region == region) for region in regions)
    cells = Cells(tuple(shares), tuple(texts))
    return Panel((cells,), Axis(names=heads), Axis(names=tuple(names)))
