"""Write the sketch of a Vensim file from the layout, leaving every other byte as it is.

    python -m sdensemble.pages.sketch model/study.mdl

Views are those the sketch has; new variables join the view of their group heading. The format is
that of the Vensim reference manual, "Files > .mdl Model Files > Objects": lines 10 are words, 11
valves, 12 clouds, 1 arrows.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from sdengine.errors import SDError
from sdengine.model.read import read_model
from sdengine.syntax import Model
from sdensemble.inputs.folder import write_whole
from sdensemble.inputs.vensim.source import MARK, halves, read_source
from sdensemble.pages.blocks import Node
from sdensemble.pages.diagrams import lines_of
from sdensemble.pages.graph import read_graph
from sdensemble.pages.route import curve
from sdensemble.pages.sheets import Sheet, make_sheets

SCALE = 5.2  # picture elements to the mm: 6.5 point on paper, 10 on the screen
LEFT, TOP = 40, 60
HEAD = (
    MARK + " Sketch information - do not modify anything except names\n"
    "V300  Do not put anything below this section - it will be ignored\n"
)
STYLE = "$192-192-192,0,Times New Roman|10||0-0-0|0-0-0|0-0-255|-1--1--1|-1--1--1|96,96,100,0\n"
GREY = "0,3,-1,0,0,0,128-128-128,0-0-0,|10||128-128-128"
PLAIN = "0,0,0,0,0,0"


def sketch_of(model: Model) -> str:
    """Return the sketch section of a model: one view a sheet, every variable in one of them."""
    graph = read_graph(model, read_source(model))
    sheets = make_sheets(model, graph, lines_of(model))
    return "".join(_view(sheet) for sheet in sheets)


def _view(sheet: Sheet) -> str:
    out, ids = [HEAD + f"*{sheet.title}\n" + STYLE], {}
    number = 0
    waiting: list[str] = []
    for i, node in enumerate(sheet.nodes):
        if node.role == "valve":
            continue
        before = i - 1 if i and sheet.nodes[i - 1].role == "valve" else None
        if before is not None:  # a flow's valve stands right before its name
            number += 1
            ids[before] = number
            waiting.append(_words(sheet.nodes[before], number))
        number += 1
        ids[i] = number
        waiting.append(_words(node, number, attached=before is not None))
    out += waiting
    for arrow in sheet.arrows:
        number += 1
        source, target = sheet.nodes[arrow.source], sheet.nodes[arrow.target]
        pair = f"{ids[arrow.source]},{ids[arrow.target]}"
        if arrow.kind == "pipe":
            valve_first = source.role == "valve"
            if not valve_first:  # pipes start at the valve, whichever way the matter flows
                source, target = target, source
                pair = f"{ids[arrow.target]},{ids[arrow.source]}"
            x, y = _spot((source.x + target.x) / 2, source.y)
            shape = 4 if valve_first else 100
            out.append(f"1,{number},{pair},{shape},0,0,22,0,0,0,-1--1--1,,1|({x},{y})|\n")
            continue
        if arrow.kind == "leaf":
            x, y = _spot(source.x + source.w / 2 + 2.2, (source.y + target.y) / 2)
            shape = 1
        else:
            line = curve(source, target, arrow.bend)
            x, y = _spot(*line[len(line) // 2])
            shape = 1 if arrow.bend else 0
        dtype = 65 if arrow.late else 64
        out.append(f"1,{number},{pair},{shape},0,0,0,0,{dtype},0,-1--1--1,,1|({x},{y})|\n")
    return "".join(out)


def _spot(x: float, y: float) -> tuple[int, int]:
    return round(LEFT + SCALE * float(x)), round(TOP + SCALE * float(y))


def _words(node: Node, number: int, *, attached: bool = False) -> str:
    x, y = _spot(node.x, node.y)
    w, h = max(6, round(SCALE * node.w / 2)), max(6, round(SCALE * node.h / 2))
    if node.role == "cloud":
        return f"12,{number},48,{x},{y},10,8,0,3,0,0,-1,0,0,0\n"
    if node.role == "valve":
        return f"11,{number},48,{x},{y},6,8,34,3,0,0,1,0,0,0\n"
    if node.role == "shadow":
        return f"10,{number},{node.name},{x},{y},{w},{h},8,2,{GREY}\n"
    if attached:
        return f"10,{number},{node.name},{x},{y},{w},{h},40,3,0,0,-1,0,0,0\n"
    shape = 3 if node.role == "stock" else 8
    return f"10,{number},{node.name},{x},{y},{w},{h},{shape},3,{PLAIN}\n"


def grafted(path: Path) -> bytes:
    """Return a file's bytes with a new sketch; equations and settings byte for byte the same."""
    if path.suffix.lower() != ".mdl":
        raise SDError("{file}: only a Vensim file (.mdl) has a sketch", file=path.name)
    model = read_model(path)
    raw = path.read_bytes()
    encoding = "utf-8-sig" if raw.startswith(b"\xef\xbb\xbf") else "utf-8"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        told = "{file}: save it as UTF-8 first; its sketch is written so"
        raise SDError(told, file=path.name) from None
    body, _, settings = halves(text)
    ending = "\r\n" if "\r\n" in text else "\n"
    sketch = sketch_of(model).replace("\n", ending)
    gap = "" if body.endswith("\n") else ending
    return (body + gap + sketch + settings).encode(encoding)


def same_equations(before: Model, after: Model) -> bool:
    """Whether two readings hold the same equations, units, limits and comments."""
    return repr(before.variables) == repr(after.variables) and before.clock == after.clock


def write_sketch(path: Path, out: Path | None = None) -> Path:
    """Graft a new sketch into a file; refuse where the file then reads otherwise."""
    path = Path(path)
    before = read_model(path)
    data = grafted(path)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        trial = Path(folder) / path.name
        trial.write_bytes(data)
        after = read_model(trial) if not before.files else before
        if not same_equations(before, after):
            told = "{file}: with the new sketch the equations read otherwise; not written"
            raise SDError(told, file=path.name)
    place = out or path
    write_whole(place, data)
    return place


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m sdensemble.pages.sketch", description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--out", type=Path, help="another file, instead of MODEL itself")
    chosen = parser.parse_args(arguments)
    try:
        print(write_sketch(chosen.model, chosen.out))
    except SDError as error:
        print("\n".join(f"error: {line}" for line in error.problems))
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
