"""An XMILE document → its parts: clock, ranges, models with their variables, macros."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from sdengine.errors import Message
from sdengine.limits import at_most, limit
from sdengine.model.items import Item, Piece
from sdengine.model.points import EquationError, number, table_of
from sdengine.model.stella import plain
from sdengine.syntax import Table

_METHODS = {"euler": "euler", "rk2": "rk2", "rk4": "rk4", "": "euler", "cycletime": "euler"}
_VARYING = ("rk45", "gear")  # with steps of their own choice
KINDS = ("aux", "flow", "gf", "stock")  # variables stand in the model by their kind
SPECIAL = ("conveyor", "queue", "oven")
_OF_FLOWS = (
    *("leak", "leak_integers", "overflow", "leak_start", "leak_end"),
    *("spreadflow", "distrib_eq"),  # of isee systems
)
_WAYS = ("discrete", "batch_integrity", "one_at_a_time", "exponential_leak", "fifo")
_MODES = {"continuous": "hold", "extrapolate": "extrapolate", "discrete": "discrete"}


class Document:
    """An XMILE document: every element is asked for by its name in the file's namespace."""

    def __init__(self, root: Any, space: str):
        self.root, self.space = root, space

    def tag(self, kind: str) -> str:
        """Return an element's name in the namespace of the file."""
        return f"{{{self.space}}}{kind}"

    def text(self, node: Any, kind: str) -> str:
        """Return the text of a child, without comments; empty where there is none."""
        child = node.find(self.tag(kind))
        return "" if child is None else "".join(child.itertext())

    def method(self) -> tuple[str, tuple[str, ...]]:
        """Return the method of integration, euler, rk2 or rk4, and remarks on it.

        It is the first that is known of those listed, as the specification says; raise ValueError
        where none is.
        """
        specs = self.root.find(self.tag("sim_specs"))
        said = "" if specs is None else (specs.get("method") or "").lower()
        listed = ["".join(one.split()) for one in said.split(",")]
        known = [_METHODS[one] for one in listed if one in _METHODS]
        if known:
            return known[0], ()
        varying = [one for one in listed if one in _VARYING]
        if varying:
            told = 'method "{said}" has steps of its own choice; run as rk4 with <dt>'
            return "rk4", (Message(told, said=varying[0]),)
        raise ValueError(
            Message('integration method "{said}" is not supported (euler, rk2, rk4)', said=said)
        )

    def included(self) -> tuple[str, ...]:
        """Return a remark on each file the document asks to be read with it: none is."""
        told = (
            '<include resource="{name}"> is not followed: what it defines must stand in this file'
        )
        named = (one.get("resource", "") for one in self.root.iter(self.tag("include")))
        return tuple(Message(told, name=name) for name in named)

    def clock(self) -> tuple[str, str, str, str]:
        """Return start, stop and step as equations, and the unit of time."""
        specs = self.root.find(self.tag("sim_specs"))
        if specs is None:
            raise ValueError(Message("no <sim_specs> element: start, stop and dt are not given"))
        found = []
        for kind in ("start", "stop", "dt"):
            value = self.text(specs, kind).strip() or ("1" if kind == "dt" else "")
            if not value:
                raise ValueError(Message("<sim_specs> has no <{kind}>", kind=kind))
            found.append(value)
        dt = specs.find(self.tag("dt"))
        if dt is not None and (dt.get("reciprocal") or "").lower() == "true":
            found[2] = f"1/({found[2]})"
        return found[0], found[1], found[2], specs.get("time_units") or ""

    def ranges(self) -> list[tuple[str, list[str]]]:
        """Return the subscript ranges; one that says only how long it is has elements 1, 2, 3."""
        found, total = [], 0
        for dim in self.root.iterfind(f"{self.tag('dimensions')}/{self.tag('dim')}"):
            name = dim.get("name", "")
            elements = [e.get("name", "") for e in dim.iter(self.tag("elem"))]
            size = dim.get("size", "")
            if not elements and size.isdecimal() and len(size) < 10:
                total += int(size)
                if total > limit("RANGES"):
                    raise ValueError(
                        Message(
                            'subscript ranges of {n:,} elements, with "{name}"; {most}',
                            n=total,
                            name=name,
                            most=at_most("RANGES"),
                        )
                    )
                elements = [str(number) for number in range(1, int(size) + 1)]
            if elements:
                found.append((name, elements))
        return found

    def says_nan_outside(self) -> bool:
        """Whether a place outside an array holds no number, rather than 0."""
        said = (a.get("invalid_index_value") for a in self.root.iter(self.tag("uses_arrays")))
        return any((one or "").strip().lower() == "nan" for one in said)

    def non_negative(self) -> tuple[bool, bool]:
        """Return whether stocks and flows are non-negative where they do not say."""
        behavior = self.root.find(self.tag("behavior"))
        if behavior is None:
            return False, False
        mark = self.tag("non_negative")
        if any(behavior.find(way) is not None for way in (mark, f"{self.tag('all')}/{mark}")):
            return True, True
        kinds = ("stock", "flow")
        stock, flow = (behavior.find(f"{self.tag(kind)}/{mark}") is not None for kind in kinds)
        return stock, flow

    def models(self) -> list[tuple[str, list[Item], list[Any]]]:
        """Return each model's name, variables, and modules as (name, model, connections)."""
        found = []
        for model in self.root.iterfind(self.tag("model")):
            inside = model.find(self.tag("variables"))
            nodes = [] if inside is None else list(inside)
            nodes += [n for n in model if isinstance(n.tag, str) and n.get("name") is not None]
            items = list(self.items(nodes))
            modules = []
            for node in nodes:
                if node.tag == self.tag("module"):
                    links = [
                        (link.get("to", ""), link.get("from", ""))
                        for link in node.iterfind(self.tag("connect"))
                    ]
                    name = node.get("name", "")
                    ways = {_bare(key): value for key, value in node.attrib.items()}
                    modules.append((name, ways.get("model_name") or name, links))
            found.append((model.get("name", ""), items, modules))
        if not found:
            raise ValueError(Message("no <model> element"))
        return found

    def macros(self) -> Iterator[tuple[str, tuple[str, ...], list[Item]]]:
        """Yield each macro's name, parameters and variables; one it lacks is its equation."""
        for macro in self.root.iterfind(self.tag("macro")):
            name = macro.get("name", "")
            if macro.find(self.tag("sim_specs")) is not None:
                told = 'macro "{name}" has <sim_specs>, a run of its own: not supported'
                raise ValueError(Message(told, name=name))
            parms = macro.findall(self.tag("parm"))
            nodes = [node for group in macro.iter(self.tag("variables")) for node in group]
            items = list(self.items(nodes))
            text = self.text(macro, "eqn")
            if text and plain(name) not in {plain(item.name) for item in items}:
                items.append(Item("aux", name, equations=(_plain_text(text),)))
            for item in items:
                item.macro = True
            yield name, tuple((p.text or "").strip() for p in parms), items

    def defaults(self) -> dict[str, list[str | None]]:
        """Return what each macro takes for arguments that are left out."""
        return {
            plain(macro.get("name", "")): [
                parm.get("default") for parm in macro.findall(self.tag("parm"))
            ]
            for macro in self.root.iterfind(self.tag("macro"))
        }

    # ── variables ──────────────────────────────────────────────────────────────────────────

    def items(self, nodes: Sequence[Any]) -> Iterator[Item]:
        """Yield the variables among these elements, in the file's order."""
        for node in nodes:
            kind = str(node.tag).rpartition("}")[2] if isinstance(node.tag, str) else ""
            if kind in KINDS and node.get("name") is not None:
                yield self._item(kind, node)

    def _item(self, kind: str, node: Any) -> Item:
        name = node.get("name", "")
        where = node.find(self.tag("dimensions"))
        texts = tuple(_plain_text("".join(e.itertext())) for e in node.findall(self.tag("eqn")))
        if any("???" in text for text in texts):
            raise ValueError(Message('"{name}" has no equation ("???")', name=name))
        if self.text(node, "multiplier").strip() not in ("", "1"):
            raise ValueError(
                Message('"{name}" has a <multiplier>, which is not supported', name=name)
            )
        item = Item(
            kind,
            name,
            dims=() if where is None else tuple(d.get("name", "") for d in where),
            equations=texts,
            first=_plain_text(self.text(node, "init_eqn")),
            pieces=tuple(self._piece(name, e) for e in node.findall(self.tag("element"))),
            inflows=tuple((e.text or "").strip() for e in node.findall(self.tag("inflow"))),
            outflows=tuple((e.text or "").strip() for e in node.findall(self.tag("outflow"))),
            unit=self.text(node, "units").strip(),
            text=self.text(node, "doc").strip(),
            limits=self._limits(node, "yscale" if kind == "gf" else "range"),
        )
        table = node if kind == "gf" else node.find(self.tag("gf"))
        if table is not None and not (kind == "gf" and item.pieces):
            item.table = self._table(name, table)
        mark = node.find(self.tag("non_negative"))
        if mark is not None:
            item.non_negative = "false" not in (mark.text or "").lower()
        item.options = self._options(node)
        return item

    def _options(self, node: Any) -> dict[str, str]:
        """Return what a variable says of a special stock or of its flows, as texts by key."""
        found: dict[str, str] = {}
        for special in SPECIAL:
            child = node.find(self.tag(special))
            if child is not None:
                found["special"] = special
                found |= _ways(node.get("name", ""), special, child)
                found |= {
                    _bare(part.tag): _plain_text("".join(part.itertext()))
                    for part in child
                    if isinstance(part.tag, str)
                }
        for child in node:
            if _bare(child.tag) in _OF_FLOWS:
                found[_bare(child.tag)] = _plain_text(child.text or "")
        ways = {_bare(key): value for key, value in node.attrib.items()}
        return found | {key: ways[key] for key in _OF_FLOWS if ways.get(key)}

    def _piece(self, name: str, node: Any) -> Piece:
        subscripts = tuple(_subscripts(node.get("subscript", "")))
        table = node.find(self.tag("gf"))
        if table is None and node.find(self.tag("ypts")) is not None:
            table = node
        text = _plain_text(self.text(node, "eqn"))
        if "???" in text:
            raise ValueError(Message('"{name}" has no equation ("???")', name=name))
        return Piece(
            subscripts,
            text if node.find(self.tag("eqn")) is not None else None,
            None if table is None else self._table(name, table),
            _plain_text(self.text(node, "init_eqn")),
        )

    def _limits(self, node: Any, kind: str) -> tuple[float | None, float | None]:
        found = node.find(self.tag(kind))
        if found is None:
            return None, None
        low, high = (_maybe(found.get(end)) for end in ("min", "max"))
        return low, high

    def _table(self, name: str, node: Any) -> Table:
        """Return a graphical function; raise where it lacks points or has odd ones."""
        where = Message('"{name}": its graphical function', name=name)
        points: dict[str, list[float]] = {}
        for kind in ("xpts", "ypts"):
            child = node.find(self.tag(kind))
            if child is None:
                continue
            sep = child.get("sep") or ","
            try:
                parts = (child.text or "").strip().strip(sep).split(sep)
                points[kind] = [number(part) for part in parts]
            except (ValueError, EquationError):
                raise ValueError(
                    Message(
                        "{where} has something else than numbers in <{kind}>",
                        where=where,
                        kind=kind,
                    )
                ) from None
        scale = node.find(self.tag("xscale"))
        if "ypts" not in points or ("xpts" not in points and scale is None):
            raise ValueError(
                Message("{where} lacks points (<ypts>, and <xpts> or <xscale>)", where=where)
            )
        y = points["ypts"]
        if scale is not None:
            import numpy as np

            ends = [_maybe(scale.get(end)) for end in ("min", "max")]
            if ends[0] is None or ends[1] is None:
                raise ValueError(
                    Message("{where} has no number for the ends of <xscale>", where=where)
                )
            x = np.linspace(ends[0], ends[1], len(y)).tolist()
        else:
            x = points["xpts"]
        if len(x) != len(y):
            raise ValueError(
                Message("{where} has {n} x and {m} y values", where=where, n=len(x), m=len(y))
            )
        mode = node.get("type") or "continuous"
        if mode not in _MODES:
            raise ValueError(
                Message('{where} has the unknown type "{mode}"', where=where, mode=mode)
            )
        return table_of(x, y, _MODES[mode])


def _ways(name: str, special: str, node: Any) -> dict[str, str]:
    """Return how a special stock works, as its attributes say; raise where one is not known."""
    found = {_bare(key): value.strip().lower() for key, value in node.attrib.items()}
    for key, value in found.items():
        if key not in _WAYS and value not in ("", "0", "false"):
            told = '<{special}> ("{name}") asks for {key}="{value}", which is not supported'
            raise ValueError(Message(told, special=special, name=name, key=key, value=value))
    return found


def _bare(name: object) -> str:
    """Return the name of an element or attribute without its namespace or prefix."""
    return re.split("[}:]", name)[-1] if isinstance(name, str) else ""


def _maybe(text: str | None) -> float | None:
    try:
        return None if text is None else number(text)
    except (ValueError, EquationError):
        return None


def _plain_text(text: str) -> str:
    """Return an equation without ``{comments}``, quoted names left alone."""
    if "{" not in text:
        return text
    outside: list[str] = []
    depth, quoted, before = 0, False, ""
    for sign in text:
        if sign == '"' and not depth and before != "\\":
            quoted = not quoted
        depth += sign == "{" and not quoted
        if not depth:
            outside.append(sign)
        elif sign == "}":
            depth -= 1
            outside.append("" if depth else " ")
        before = sign
    if depth:
        raise ValueError(Message("a comment does not end: {text}", text=text[:60]))
    return "".join(outside)


def _subscripts(text: str) -> Iterator[str]:
    for part in text.split(","):
        yield part.strip().strip('"').rpartition(".")[2]
