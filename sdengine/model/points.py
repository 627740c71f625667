"""Numbers and the points of graphical functions, as text spells them."""

from __future__ import annotations

import itertools
import math
import operator
import re
from collections.abc import Sequence

from sdengine.errors import Message
from sdengine.syntax import Table

_TABLE = re.compile(r"[\s\d.eE+\-,()\\]*")
_PAIR = re.compile(
    r"\(\s*([-+]?\s*(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*,"
    r"\s*([-+]?\s*(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*\)\s*,?\s*"
)


class EquationError(Exception):
    """What is wrong with an equation's text, in words."""


def plain_table(text: str) -> Table | None:
    """Return a table written as "(x,y),(x,y),…" and nothing else, read in one go; else None.

    >>> plain_table("(0, 1), (2,-3e1)").y
    (1.0, -30.0)
    """
    if _TABLE.fullmatch(text) is None:
        return None
    text = text.replace("\\", " ").strip()
    pairs = _PAIR.findall(text)
    if not pairs or _PAIR.sub("", text):
        return None
    return table_of([number(x) for x, _ in pairs], [number(y) for _, y in pairs])


def table_of(x: Sequence[float], y: Sequence[float], mode: str = "hold") -> Table:
    """Return a graphical function of points in any order.

    One point holds everywhere. Of several points at one x the first and the last are kept, which
    make a step; of points that are alike one is kept.
    """
    if len(x) == 1:
        x, y = [x[0], x[0] + 1], [y[0], y[0]]
    if all(map(operator.lt, x, itertools.islice(x, 1, None))):  # as nearly all are written
        return Table(tuple(x), tuple(y), mode)
    order = sorted(range(len(x)), key=x.__getitem__)
    kept: list[tuple[float, float]] = []
    for x_value, group in itertools.groupby(order, key=x.__getitem__):
        places = list(group)
        kept += dict.fromkeys((x_value, y[place]) for place in (places[0], places[-1]))
    if len(kept) == 1 or kept[0][0] == kept[-1][0]:
        kept = [kept[-1], (kept[-1][0] + 1, kept[-1][1])]
    return Table(tuple(x for x, _ in kept), tuple(y for _, y in kept), mode)


def number(text: str) -> float:
    """Return the number a text spells; raise EquationError where it is too large.

    >>> number("- 1e3"), number("007")
    (-1000.0, 7.0)
    """
    try:
        value = float(text)
    except ValueError:
        value = float(re.sub(r"\s", "", text))  # a sign may stand apart
    if math.isinf(value):
        raise EquationError(Message("has a number that is too large: {text}", text=text[:40]))
    return value
