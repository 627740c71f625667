"""The variables of an XMILE document as values, before their equations are read."""

from __future__ import annotations

from dataclasses import dataclass, field

from sdengine.syntax import Table


@dataclass
class Piece:
    """What an ``<element>`` gives: its own equation and table, None where the variable's hold."""

    subscripts: tuple[str, ...]
    equation: str | None
    table: Table | None = None
    first: str = ""


@dataclass
class Item:
    """One variable of a document. Equations are texts; ``first`` is that of its first value.

    ``kind`` is "stock", "flow", "aux" or "gf"; ``module`` the module it stands in, as part of
    its name already; ``non_negative`` None where the document's behaviour decides; ``source`` what
    an input of a module is connected to.
    """

    kind: str
    name: str
    module: str = ""
    macro: bool = False
    dims: tuple[str, ...] = ()
    equations: tuple[str, ...] = ()
    first: str = ""
    pieces: tuple[Piece, ...] = ()
    table: Table | None = None
    inflows: tuple[str, ...] = ()
    outflows: tuple[str, ...] = ()
    non_negative: bool | None = None
    unit: str = ""
    text: str = ""
    limits: tuple[float | None, float | None] = (None, None)
    source: str = ""
    options: dict[str, str] = field(default_factory=dict)
