"""How what a mark stands for is drawn: colours that differ in lightness, lines and signs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from matplotlib.colors import to_hex, to_rgb

from sdensemble.lang import tell
from sdensemble.outputs.figure import Band, Figure, Mark, Target

RED, GREY, BLUE, DARK = "#a50f15", "#595959", "#5b9bd0", "#08519c"
BANDS = ("#b9d5ea", "#5b9bd0", "#08519c")
"""Bands from the widest share to the narrowest."""
SHADES = ["#ffffff", "#e3eef9", "#b5d4e9", "#6baed6"]
"""Cells from 0 to 1; all light enough for black text."""


@dataclass(frozen=True)
class Look:
    """How a role is drawn."""

    colour: str
    dashes: Any = "-"
    width: float = 1.2
    marker: str = "o"
    face: str = ""


LOOKS = {
    "median": Look("black", (0, (4, 2)), 1.0),
    "mean": Look("black", "-", 1.0, "o", "white"),
    "model": Look(DARK, "-", 2.0, "o"),
    "baseline": Look("black", (0, (6, 3)), 0.9),
    "with": Look("black", "-", 1.4),
    "without": Look(GREY, (0, (4, 2)), 1.0, "o", "white"),
    "prior": Look("#9cc3e0", "-", 4.5, "o", "white"),
    "posterior": Look(DARK, "-", 4.5, "s", "white"),
    "known": Look("black", "-", 0.8, "o", "white"),
    "later": Look("black", "-", 0.8, "^", "white"),
    "observed": Look("black", "-", 0.8, "o", "white"),
    "imported": Look(RED, "-", 0.8, "s", "white"),
    "target": Look(RED, "-.", 0.9, "D", RED),
    "example": Look(GREY, ":", 0.9, "D", "white"),
    "as_reported": Look("black", (0, (1, 1)), 1.1, "v", "white"),
    "constant": Look("black", "-", 1.2),
    "limit": Look(GREY, (0, (4, 2)), 0.8),
    "estimate": Look("black", "-", 1.0, "o", "black"),
    "highlight": Look(DARK, "-", 2.0, "o", DARK),
    "mixture": Look("black", "-", 1.0, "D", "black"),
    "naive": Look(GREY, "-", 0.9, "^", "white"),
}
SERIES = (
    Look("black", "-", 1.2, "o", "black"),
    Look(DARK, (0, (5, 1.5)), 1.4, "s", BLUE),
    Look(GREY, (0, (1.5, 1.5)), 1.4, "^", "white"),
    Look("#6a3d9a", "-.", 1.3, "v", "#cab2d6"),
    Look("#b15928", (0, (6, 1, 1, 1, 1, 1)), 1.3, "P", "#fdbf6f"),
    Look("#33a02c", (0, (3, 3)), 1.3, "X", "#b2df8a"),
)
"""Looks of what has no role of its own, in the order of their names."""


def looks_of(figure: Figure, lang: str) -> dict[tuple[str, str], Look]:
    """Return the look of each (role, name): series take theirs in the order they appear."""
    found: dict[tuple[str, str], Look] = {}
    names: list[str] = []
    for panel in figure.panels:
        for mark in panel.marks:
            role = role_of(mark)
            name = tell(getattr(mark, "name", ""), lang)
            if role == "series" and name not in names:
                names.append(name)
            look = SERIES[names.index(name) % len(SERIES)] if role == "series" else LOOKS[role]
            found[role, name] = look
    return found


def role_of(mark: Mark) -> str:
    if isinstance(mark, Target):
        return "target" if mark.official else "example"
    return getattr(mark, "role", "series")


def look_of(mark: Mark, looks: dict[tuple[str, str], Look], lang: str, grey: bool) -> Look:
    look = looks[role_of(mark), tell(getattr(mark, "name", ""), lang)]
    return (
        replace(look, colour=tone(look.colour, grey), face=tone(look.face, grey)) if grey else look
    )


def tone(colour: str, grey: bool) -> str:
    """Return a colour, or the grey of its lightness."""
    if not grey or not colour:
        return colour
    r, g, b = to_rgb(colour)
    light = 0.2126 * r + 0.7152 * g + 0.0722 * b
    return to_hex((light, light, light))


def band_colour(mark: Band, grey: bool) -> str:
    place = 0 if mark.share > 0.75 else 1 if mark.share > 0.45 else 2
    if mark.role in ("prior", "without"):
        return tone("#d9d9d9", grey)
    return tone(BANDS[place], grey)
