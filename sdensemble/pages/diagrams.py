"""Sheets and loops as pictures: stock-flow diagrams, causal loops, the overview of the views."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sdengine.syntax import Kind, Model
from sdensemble.inputs.loops import Loop
from sdensemble.lang import LANGS, say
from sdensemble.outputs.text import width, wrap
from sdensemble.pages.blocks import LABEL, LEAF, LINE, Node
from sdensemble.pages.graph import Graph
from sdensemble.pages.polarity import Sign
from sdensemble.pages.route import curve
from sdensemble.pages.shapes import (
    Area,
    Line,
    Picture,
    Shape,
    Text,
    cloud,
    head,
    points,
    rectangle,
    rounded,
)
from sdensemble.pages.sheets import Sheet

NARROW = 22  # narrow signs in a line of a name; a wide one counts two
TOP, BOTTOM = 9.0, 6.5  # room for the title and the key
SIZE = 6.5


@dataclass(frozen=True)
class Palette:
    """Colours that stay apart in grey: by lightness, and every role also by its shape."""

    stock: str = "#cfe0f1"
    variable: str = "#ffffff"
    edge: str = "#1f3d5c"
    thin: str = "#8aa0b5"
    link: str = "#2f6db3"
    pipe: str = "#1f3d5c"
    shadow: str = "#6b6b6b"
    constant: str = "#7a4b00"
    plus: str = "#1a5fa8"
    minus: str = "#a50f15"
    ink: str = "#111111"


COLOUR = Palette()
GREY = Palette(
    "#dddddd",
    "#ffffff",
    "#222222",
    "#999999",
    "#555555",
    "#222222",
    "#6b6b6b",
    "#333333",
    "#333333",
    "#000000",
    "#111111",
)


def word(key: str, lang: str) -> str:
    """Return a text of the diagrams."""
    return say(f"diagram.{key}", lang)


def caption(model: Model, name: str, lang: str) -> str:
    """Return what a diagram writes for a variable: label or name, as the language has it."""
    return say("diagram.node", lang, label=model.label(name, lang), name=model[name].name)


def lines_of(model: Model) -> Callable[[str], int]:
    """Return how many lines a name needs, in whichever language needs more."""
    known: dict[str, int] = {}

    def count(name: str) -> int:
        if name not in known:
            texts = (caption(model, name, lang) for lang in LANGS)
            known[name] = max(len(wrap(text, NARROW - 3)) for text in texts)
        return known[name]

    return count


# ── stock-flow diagrams ────────────────────────────────────────────────────────────────────


def draw_sheet(
    sheet: Sheet, model: Model, lang: str, title: str, colours: Palette = COLOUR
) -> Picture:
    """Return the stock-flow diagram of a sheet."""
    shapes: list[Shape] = []
    nodes = [n.moved(0, TOP) for n in sheet.nodes]
    for arrow in sheet.arrows:
        source, target = nodes[arrow.source], nodes[arrow.target]
        if arrow.kind == "pipe":
            shapes += _pipe(source, target, colours)
        elif arrow.kind == "link":
            line = points(curve(source, target, arrow.bend))
            shapes += [Line(line, colours.link, 0.28), head(line, 1.7, colours.link)]
            if arrow.late:
                shapes += _bars(line, colours.ink)
    shapes += _buses(nodes, sheet, colours)
    for node in nodes:
        shapes += _node(node, caption(model, node.name, lang) if node.name else "", colours)
    key = wrap(word("key", lang), 190)
    wide = max(sheet.width, 150.0 if len(key) == 1 else 120.0, width(title) * 1.7)
    key = wrap(word("key", lang), int(wide / 1.12))
    high = TOP + sheet.height + 1.5 + 2.7 * len(key)
    shapes.append(Text(3, 4.5, (title,), colours.ink, 9, anchor="start"))
    shapes.append(
        Text(3, high - 1 - 2.7 * len(key) / 2, tuple(key), colours.shadow, 6.3, 2.7, "start")
    )
    return Picture(tuple(shapes), wide, high)


def _pipe(source: Node, target: Node, colours: Palette) -> list[Shape]:
    x0 = source.x + (source.w / 2 if target.x > source.x else -source.w / 2)
    x1 = target.x - (target.w / 2 if target.x > source.x else -target.w / 2)
    y = source.y if source.role == "valve" else target.y
    double: list[Shape] = [
        Line(((x0, y - 0.55), (x1, y - 0.55)), colours.pipe, 0.25),
        Line(((x0, y + 0.55), (x1, y + 0.55)), colours.pipe, 0.25),
    ]
    if source.role == "valve":
        double.append(head(((x0, y), (x1, y)), 2.4, colours.pipe))
    return double


def _buses(nodes: Sequence[Node], sheet: Sheet, colours: Palette) -> list[Shape]:
    """Return one line with one head for all that stands below a name."""
    below: dict[int, list[Node]] = {}
    for arrow in sheet.arrows:
        if arrow.kind == "leaf":
            below.setdefault(arrow.target, []).append(nodes[arrow.source])
    shapes: list[Shape] = []
    for target, leaves in below.items():
        node = nodes[target]
        x = leaves[0].x + leaves[0].w / 2 + 2.2
        line = ((x, leaves[-1].y), (x, node.y + node.h / 2 + 0.4))
        shapes += [Line(line, colours.thin, 0.25), head(line, 1.5, colours.link)]
        for leaf in leaves:
            dash = (0.5, 0.4) if leaf.start else ()
            shapes.append(Line(((x - 1.2, leaf.y), (x, leaf.y)), colours.thin, 0.25, dash))
    return shapes


def _bars(line: Sequence[tuple[float, float]], colour: str) -> list[Shape]:
    """Return the two bars of a delay across the middle of a line."""
    i = len(line) // 2
    a, b = np.array(line[max(i - 1, 0)]), np.array(line[min(i + 1, len(line) - 1)])
    along = (b - a) / max(float(np.hypot(*(b - a))), 1e-9)
    across = np.array([-along[1], along[0]])
    middle = np.array(line[i])
    return [
        Line(
            points([middle + s * along + 1.2 * across, middle + s * along - 1.2 * across]),
            colour,
            0.4,
        )
        for s in (-0.45, 0.45)
    ]


def _node(node: Node, text: str, colours: Palette) -> list[Shape]:
    x, y, w, h = node.x, node.y, node.w, node.h
    if node.role == "cloud":
        return [Area(cloud(x, y, 2.3), "#ffffff", colours.edge, 0.25)]
    if node.role == "valve":
        bow = ((x - 1.7, y - 1.5), (x + 1.7, y + 1.5), (x + 1.7, y - 1.5), (x - 1.7, y + 1.5))
        return [Area(bow, "#ffffff", colours.edge, 0.3)]
    leaf = w < LEAF
    ink = colours.ink
    shapes: list[Shape] = []
    if node.role == "stock":
        shapes.append(Area(rectangle(x, y, w, h), colours.stock, colours.edge, 0.45))
    elif node.role == "shadow":
        ink = colours.shadow
        if not leaf:
            shapes.append(Area(rectangle(x, y, w, h), "#ffffff", colours.shadow, 0.25, (0.8, 0.6)))
    elif node.role in ("constant", "lookup"):
        ink = colours.constant
    if node.role in ("variable", "flow") or (not leaf and node.role in ("constant", "lookup")):
        shapes.append(Area(rounded(x, y, w, h, 1.4), colours.variable, colours.thin, 0.22))
    lines = wrap(text, NARROW - 3)
    if node.role == "shadow":
        lines = [f"<{lines[0]}", *lines[1:-1], f"{lines[-1]}>"] if lines[1:] else [f"<{text}>"]
    shapes.append(Text(x, y, tuple(lines), ink, SIZE))
    if node.role == "lookup":
        low = y + 1.38 * len(lines)
        half = min(w / 2 - 1, 0.6 * max(width(line) for line in lines))
        shapes.append(Line(((x - half, low), (x + half, low)), ink, 0.2))
    return shapes


# ── causal loops ───────────────────────────────────────────────────────────────────────────


def draw_loop(
    loop: Loop,
    signs: Sequence[Sign],
    model: Model,
    graph: Graph,
    lang: str,
    colours: Palette = COLOUR,
) -> Picture:
    """Return the causal-loop diagram of a loop: its variables on a ring, in its own order."""
    names = loop.path
    count = len(names)
    lines = lines_of(model)
    rx, ry = max(34.0, 8.2 * count + 6), max(22.0, 4.3 * count + 10)
    rx, ry = min(rx, 118.0), min(ry, 78.0)
    centre = (rx + LABEL / 2 + 8, ry + TOP + 12)
    nodes: list[Node] = []
    for angle in _angles(count, rx, ry):
        name = names[len(nodes)]
        role = "stock" if model[name].kind is Kind.STOCK else "variable"
        high = lines(name) * LINE + 2.2
        x, y = centre[0] + rx * math.sin(angle), centre[1] - ry * math.cos(angle)
        nodes.append(Node(name, role, x, y, LABEL, high))
    shapes: list[Shape] = []
    for i, sign in enumerate(signs):
        source, target = nodes[i], nodes[(i + 1) % count]
        shapes += _signed(
            source,
            target,
            sign,
            centre,
            target.name in graph.delayed or target.role == "stock",
            colours,
        )
    for node in nodes:
        shapes += _node(node, caption(model, node.name, lang), colours)
    shapes += _turning(centre, loop, lang, colours)
    wide, high = 2 * centre[0], centre[1] + ry + 14
    title = f"{loop.id}  {loop.title[lang]}"
    wide = max(wide, width(title) * 1.7 + 6)
    key = wrap(word("loop", lang), int(wide / 1.12))
    shapes.append(Text(3, 4.5, (title,), colours.ink, 9, anchor="start"))
    shapes.append(Text(3, high + 2, tuple(key), colours.shadow, 6.3, 2.7, "start"))
    return Picture(tuple(shapes), wide, high + 4 + 1.4 * len(key))


def _angles(count: int, rx: float, ry: float) -> list[float]:
    """Return angles at equal distances around an ellipse, from the top, clockwise.

    Distances across count less than those down, as names are wider than they are high.
    """
    t = np.linspace(0, 2 * np.pi, 2001)
    x, y = rx * np.sin(t) / (LABEL + 8), ry * np.cos(t) / 12
    run = np.concatenate([[0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    return np.interp(np.arange(count) / count * run[-1], run, t).tolist()


def _signed(
    source: Node,
    target: Node,
    sign: Sign,
    centre: tuple[float, float],
    late: bool,
    colours: Palette,
) -> list[Shape]:
    """Return an arrow bent outward with its sign near the head."""
    mid = np.array([(source.x + target.x) / 2, (source.y + target.y) / 2])
    normal = np.array([source.y - target.y, target.x - source.x])
    outward = 1.0 if float(normal @ (mid - centre)) >= 0 else -1.0
    line = points(curve(source, target, 0.16 * outward))
    minus = (sign.sign or sign.stated) == "−"
    colour = colours.minus if minus else colours.plus
    dash = (1.2, 0.8) if minus else ()
    shapes: list[Shape] = [Line(line, colour, 0.35, dash), head(line, 2.0, colour)]
    if late:
        shapes += _bars(line, colours.ink)
    at = np.array(line[int(0.68 * (len(line) - 1))])
    side = normal * outward / max(float(np.hypot(*normal)), 1e-9)
    where = at + 2.6 * side
    shapes.append(Text(float(where[0]), float(where[1]), (sign.text,), colour, 9))
    return shapes


def _turning(centre: tuple[float, float], loop: Loop, lang: str, colours: Palette) -> list[Shape]:
    x, y = centre
    t = np.linspace(-2.4, 2.4, 40)
    line = points(np.stack([x + 6.5 * np.sin(t), y - 6.5 * np.cos(t)], 1))
    return [
        Line(line, colours.edge, 0.5),
        head(line, 2.6, colours.edge),
        Text(x, y, (loop.kind,), colours.ink, 14),
        Text(x, y + 9.5, (word(loop.kind, lang),), colours.ink, 7),
    ]
