"""A figure as one frozen value: panels of marks with values and units, axes, notes, source.

A mark says what is shown, never how it looks: the writers choose colours, line styles and markers
by its ``role``. Numbers are tuples in the unit of the axis they lie on, so a figure compares,
prints and exports as data (``Figure.data``), and a figure that nobody drew can still be tested.

In a panel of rows (``y.names`` is set) the vertical place of a mark is the row, 0 on top.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sdensemble.lang import Words, joined, phrase
from sdensemble.outputs.form import Number, Whole
from sdensemble.outputs.table import Column, Table, table_of

Numbers: TypeAlias = "tuple[float, ...]"

ROLES = (
    "median",
    "mean",
    "model",
    "baseline",
    "with",
    "without",
    "prior",
    "posterior",
    "known",
    "later",
    "observed",
    "imported",
    "target",
    "example",
    "as_reported",
    "constant",
    "limit",
    "estimate",
    "highlight",
    "mixture",
    "naive",
    "series",
)
"""What a mark stands for. "series" takes the next free look; its ``name`` tells them apart."""


@dataclass(frozen=True)
class Band:
    """The region from ``low`` to ``high`` over ``x``, holding ``share`` of the members."""

    x: Numbers
    low: Numbers
    high: Numbers
    share: float
    name: Words = ""
    role: str = "median"


@dataclass(frozen=True)
class Line:
    """A line through points (x, y); ``thin`` where it is the end of an interval."""

    x: Numbers
    y: Numbers
    role: str = "series"
    name: Words = ""
    thin: bool = False


@dataclass(frozen=True)
class Points:
    """Points, each with an interval where ``low`` and ``high`` are given, and with a text.

    The interval is vertical; ``across`` makes it horizontal, as in a panel of rows.
    """

    x: Numbers
    y: Numbers
    low: Numbers = ()
    high: Numbers = ()
    role: str = "series"
    name: Words = ""
    texts: tuple[Words, ...] = ()
    across: bool = False


@dataclass(frozen=True)
class Bars:
    """Bars from zero, at ``at``, as long as ``length``, with an interval and a text each."""

    at: Numbers
    length: Numbers
    low: Numbers = ()
    high: Numbers = ()
    role: str = "series"
    name: Words = ""
    texts: tuple[Words, ...] = ()
    across: bool = False
    marked: tuple[int, ...] = ()
    """Places of the bars that answer the question, drawn darker."""


@dataclass(frozen=True)
class Hill:
    """How members are spread along x, as a hill upon row ``at``: bin edges, counts to 1."""

    at: float
    edges: Numbers
    heights: Numbers
    role: str = "estimate"


@dataclass(frozen=True)
class Label:
    """A text at a point of the panel."""

    x: float
    y: float
    text: Words
    role: str = "series"


@dataclass(frozen=True)
class Target:
    """A value somebody set for a time: ``official``, or an example a person may edit.

    ``whole`` draws it through the panel, otherwise around ``at`` only.
    """

    at: float
    value: float
    text: Words = ""
    official: bool = True
    whole: bool = False
    name: Words = ""


@dataclass(frozen=True)
class Rule:
    """A line through the whole panel at a value; ``across`` makes it horizontal."""

    at: float
    role: str = "limit"
    name: Words = ""
    across: bool = False


@dataclass(frozen=True)
class Span:
    """A shaded strip between two values of x through the whole panel."""

    low: float
    high: float
    name: Words = ""


@dataclass(frozen=True)
class Cells:
    """Shaded cells by row and column, each with a share in [0, 1] and its text."""

    shares: tuple[Numbers, ...]
    texts: tuple[tuple[Words, ...], ...]


Mark: TypeAlias = (
    "Band | Line | Points | Bars | Hill | Label | Target | Rule | Span | Cells"  # one of these
)


@dataclass(frozen=True)
class Axis:
    """An axis: what it measures and its unit, its ends and ticks where they are fixed.

    ``names`` makes it one of rows or columns by name.
    """

    title: Words = ""
    unit: Words = ""
    low: float | None = None
    high: float | None = None
    ticks: Numbers = ()
    names: tuple[Words, ...] = ()
    whole: bool = False
    """True where only whole numbers make sense, as of years."""

    def label(self) -> Words:
        """Return the title with its unit."""
        return joined([part for part in (self.title, self.unit) if part], "within")


@dataclass(frozen=True)
class Beside:
    """A column of texts right of a panel of rows: a head and one text a row."""

    head: Words
    texts: tuple[Words, ...]


@dataclass(frozen=True)
class Panel:
    """One pair of axes with its marks; ``height`` in mm, ``note`` a text inside, top left."""

    marks: tuple[Mark, ...]
    x: Axis = Axis()
    y: Axis = Axis()
    title: Words = ""
    note: Words = ""
    height: float = 40.0
    beside: tuple[Beside, ...] = ()
    id: str = ""


@dataclass(frozen=True)
class Figure:
    """Panels in ``columns``, row by row, with what is said above and below them.

    ``caption`` is the text under a figure in a paper; ``title`` stands on the figure itself.
    ``source`` and ``run`` say where the numbers come from. ``width`` in mm.
    """

    id: str
    title: Words
    panels: tuple[Panel, ...]
    columns: int = 1
    notes: tuple[Words, ...] = ()
    caption: Words = ""
    source: Words = ""
    run: str = ""
    share_y: bool = False
    width: float = 146.0

    def all_notes(self) -> Words:
        """Return the notes as one text."""
        return joined(self.notes, "sentence")

    def marks(self, kind: type) -> list[Any]:
        """Return every mark of a kind, panel by panel."""
        return [mark for panel in self.panels for mark in panel.marks if isinstance(mark, kind)]

    def data(self) -> Table:
        """Return every number drawn, a row each: panel, mark, role, name, x, value, low, high."""
        number = Number()
        columns = (
            Column("panel", phrase("figure.data_panel"), Whole()),
            Column("mark", phrase("figure.data_mark")),
            Column("role", phrase("figure.data_role")),
            Column("name", phrase("figure.data_name")),
            *(
                Column(name, phrase(f"figure.data_{name}"), number)
                for name in ("x", "value", "low", "high")
            ),
        )
        rows = (
            {"panel": place, "mark": type(mark).__name__.lower(), **row}
            for place, panel in enumerate(self.panels)
            for mark in panel.marks
            for row in _numbers(mark)
        )
        return table_of(self.id, self.title, columns, rows, run=self.run, source=self.source)


def _numbers(mark: Mark) -> Iterable[dict[str, Any]]:
    """Yield the numbers of a mark as rows of ``Figure.data``."""
    shared = {"role": getattr(mark, "role", ""), "name": getattr(mark, "name", "")}
    match mark:
        case Band():
            for x, low, high in zip(mark.x, mark.low, mark.high, strict=True):
                yield {**shared, "x": x, "value": mark.share, "low": low, "high": high}
        case Line():
            for x, y in zip(mark.x, mark.y, strict=True):
                yield {**shared, "x": x, "value": y}
        case Points() | Bars():
            places = mark.x if isinstance(mark, Points) else mark.at
            values = mark.y if isinstance(mark, Points) else mark.length
            ends = [end or (None,) * len(places) for end in (mark.low, mark.high)]
            for x, value, least, most in zip(places, values, *ends, strict=True):
                yield {**shared, "x": x, "value": value, "low": least, "high": most}
        case Hill():
            for edge, end, height in zip(
                mark.edges[:-1], mark.edges[1:], mark.heights, strict=True
            ):
                yield {**shared, "x": mark.at, "value": height, "low": edge, "high": end}
        case Label():
            yield {**shared, "name": mark.text, "x": mark.x, "value": mark.y}
        case Target():
            kind = "target" if mark.official else "example"
            yield {"role": kind, "name": mark.text, "x": mark.at, "value": mark.value}
        case Rule():
            yield {**shared, "value": mark.at}
        case Span():
            yield {**shared, "low": mark.low, "high": mark.high}
        case Cells():
            for place, shares in enumerate(mark.shares):
                for column, share in enumerate(shares):
                    yield {**shared, "x": column, "value": share, "low": place}


def row_panel(
    names: Iterable[Words], *marks: Mark, x: Axis, frame: float = 10.0, each: float, **more: Any
) -> Panel:
    """Return a panel of rows, the first on top: each so high, and ``frame`` for all around (mm).

    ``more`` is passed to ``Panel``.
    """
    rows = tuple(names)
    return Panel(marks, x, Axis(names=rows), height=frame + each * len(rows), **more)


def intervals(
    rows: Sequence[Sequence[float]], at: Iterable[float], role: str = "series", name: Words = ""
) -> Points:
    """Return a point with its interval for each (low, middle, high), in a panel of rows."""
    low, middle, high = (numbers(row[place] for row in rows) for place in range(3))
    return Points(middle, numbers(at), low, high, role, name, across=True)


def with_errors(
    kind: type[Points] | type[Bars],
    values: Iterable[tuple[float, float]],
    rows: Iterable[float],
    role: str = "estimate",
    name: Words = "",
    least: float = -math.inf,
) -> Points | Bars:
    """Return a mark a row of (number, standard error), with two errors to either side.

    A number below ``least`` is drawn there, with its own errors.
    """
    found = list(values)
    means = numbers(max(mean, least) for mean, _ in found)
    low, high = (numbers(mean + way * se for mean, se in found) for way in (-2, 2))
    first = (means, numbers(rows)) if kind is Points else (numbers(rows), means)
    return kind(*first, low, high, role, name, across=True)


def numbers(values: Iterable[Any]) -> Numbers:
    """Return any row of numbers, such as an array, as the tuple a mark holds."""
    return tuple(float(value) for value in values)
