"""What of an ensemble is asked for again once its tables and figures are made; the rest goes.

A default run stores the series of the report's headline, groups, components and payers whole, and
of everything else the years its targets speak of: a tenth of all. What is left out is NaN and
takes no room in the file, and the attribute ``keep`` says so; ``Results`` refuses to read it. What
is compared with a target keeps every digit, all else seven.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from sdensemble.inputs.targets import leaves
from sdensemble.results.results import Results

if TYPE_CHECKING:
    import xarray as xr

ASKED, ALL = "asked", "all"
Cell = tuple[str, str, int]
"""A variable, an element of it (empty: all), a year."""


def only_asked(results: Results, more: Iterable[Cell] = ()) -> xr.Dataset:
    """Return the ensemble with only what is asked for again; ``more`` are further cells."""
    whole, cells, judged = _whole(results), {*_cells(results), *more}, _judged(results)
    named = whole | {name for name, _, _ in cells}
    data = results.data[[str(name) for name in results.data.data_vars if str(name) in named]]
    made = {}
    for name in map(str, data.data_vars):
        kept = {cell[1:] for cell in cells if cell[0] == name} if name not in whole else None
        made[name] = _thinned(data[name], kept, {cell[1:] for cell in judged if cell[0] == name})
    return data.assign(made).assign_attrs(keep=ASKED)


def _judged(results: Results) -> set[Cell]:
    """Return what targets are compared with, of which every digit counts: at 0.35 it is met."""
    single = [part for t in results.targets for part in leaves(t, results.targets)]
    years = {int(year) for year in results.years}
    return {(t.variable, t.element or "", int(t.year)) for t in single if t.year in years}


def _whole(results: Results) -> set[str]:
    """Return the variables every year of which is shown."""
    head = results.spec.headline
    found = {head.whole.variable, *(group.variable for group in head.groups)}
    found |= {name for name in (head.components, head.real, head.sales) if name}
    return found | {payer.variable for payer in results.spec.payers}


def _cells(results: Results) -> set[Cell]:
    """Return what targets, horizons, conditions, limits and present values are read at."""
    spec, years = results.spec, {int(year) for year in results.years}
    single = [part for t in results.targets if t.scored for part in leaves(t, results.targets)]
    asked = {int(t.year) for t in single if t.year is not None} | {int(results.asked_year)}
    asked |= {*spec.headline.horizons, min(years)}
    found = {(t.variable, t.element or "", int(t.year)) for t in single if t.year is not None}
    beside = {t.id for t in single} & {*spec.headline.beside, str(spec.headline.question)}
    found |= {(t.variable, t.element or "", y) for t in single if t.id in beside for y in asked}
    for one in spec.conditions:
        found |= {(one.variable, "", year) for year in range(one.first, one.last + 1)}
    found |= {(regime.variable, "", int(results.asked_year)) for regime in spec.regimes}
    ends = {*spec.headline.horizons, int(results.asked_year)}
    found |= {(p.present_value, "", year) for p in spec.payers if p.present_value for year in ends}
    found |= {(kept.variable, "", int(results.asked_year)) for kept in spec.extra_keep}
    return {cell for cell in found if cell[2] in years}


def _thinned(
    array: xr.DataArray, cells: set[tuple[str, int]] | None, judged: set[tuple[str, int]]
) -> xr.DataArray:
    """Return an array with NaN for every element and year that is not among the cells.

    None keeps all. Seven digits are kept, in single precision where no cell is ``judged``; these
    keep all.
    """
    array = array.transpose("scenario", "member", "year", ...)
    years = {int(year): place for place, year in enumerate(array["year"].values)}
    elements = [str(one) for one in array[array.dims[3]].values] if array.ndim == 4 else []
    values = array.values

    def places(of: set[tuple[str, int]]) -> Iterator[tuple[Any, ...]]:
        for element, year in of:
            where = (elements.index(element),) if element in elements else ()
            yield (slice(None), slice(None), years[year], *where)

    if cells is None:
        kept = values.astype(np.float32)
    else:
        kept = np.full(values.shape, np.nan, np.float32)
        for place in places(cells):
            kept[place] = values[place]
    if judged:
        kept = kept.astype(np.float64)
        for place in places(judged if cells is None else judged & cells):
            kept[place] = values[place]
    return array.copy(data=kept)
