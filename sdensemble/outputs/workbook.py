"""A workbook as one frozen value: sheets of texts, tables and charts that redraw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from sdensemble.lang import Words
from sdensemble.outputs.table import Table


@dataclass(frozen=True)
class Sentences:
    """Sentences ready to copy, one a cell; ``heads`` name them."""

    texts: tuple[Words, ...]
    heads: tuple[Words, ...] = ()


@dataclass(frozen=True)
class Fan:
    """A fan chart of whatever a person chooses of a table.

    The rows of ``data`` are every combination of the values of the columns ``by``, the last
    varying fastest, and within each the values of ``x``; ``bands`` are (lower column, upper
    column, name) from the widest to the narrowest, ``middle`` is a line and ``target`` a column of
    single points.
    """

    data: Table
    by: tuple[str, ...]
    x: str
    bands: tuple[tuple[str, str, Words], ...]
    middle: str
    target: str = ""
    unit: Words = ""


Part: TypeAlias = "Sentences | Table | Fan"


@dataclass(frozen=True)
class Sheet:
    """One sheet: a name for its tab and what stands on it, from the top down."""

    id: str
    name: Words
    parts: tuple[Part, ...]
    title: Words = ""


@dataclass(frozen=True)
class Workbook:
    """A workbook; ``date`` is ISO text, ``run`` says where its numbers come from."""

    id: str
    title: Words
    sheets: tuple[Sheet, ...]
    date: str = ""
    run: str = ""
    source: Words = ""
