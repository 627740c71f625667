"""Lines, areas and texts of a picture in mm, and the same picture as SVG."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

POINT = 25.4 / 72  # mm
FONTS = "'Noto Sans SC','Source Han Sans SC','Microsoft YaHei','PingFang SC',sans-serif"


@dataclass(frozen=True)
class Line:
    """A line through points in mm, y downward; ``dash`` in mm, empty for a solid one."""

    points: tuple[tuple[float, float], ...]
    colour: str
    width: float = 0.25
    dash: tuple[float, ...] = ()


@dataclass(frozen=True)
class Area:
    """A filled outline; ``edge`` empty for none."""

    points: tuple[tuple[float, float], ...]
    fill: str
    edge: str = ""
    width: float = 0.25
    dash: tuple[float, ...] = ()


@dataclass(frozen=True)
class Text:
    """Lines of text centred at (x, y); ``size`` in points."""

    x: float
    y: float
    lines: tuple[str, ...]
    colour: str
    size: float = 6.5
    step: float = 2.75
    anchor: str = "middle"


Shape = Line | Area | Text


@dataclass(frozen=True)
class Picture:
    """Shapes on a sheet of so many mm."""

    shapes: tuple[Shape, ...]
    width: float
    height: float


def rectangle(x: float, y: float, w: float, h: float) -> tuple[tuple[float, float], ...]:
    """Return the corners of a rectangle by its centre."""
    return (
        (x - w / 2, y - h / 2), (x + w / 2, y - h / 2),
        (x + w / 2, y + h / 2), (x - w / 2, y + h / 2),
    )  # fmt: skip


def rounded(x: float, y: float, w: float, h: float, r: float) -> tuple[tuple[float, float], ...]:
    """Return a rectangle with round corners of radius ``r``."""
    r = min(r, w / 2, h / 2)
    out = []
    for (cx, cy), start in zip(
        rectangle(x, y, w - 2 * r, h - 2 * r), (180, 270, 0, 90), strict=True
    ):
        for angle in np.radians(np.linspace(start, start + 90, 5)):
            out.append((float(cx + r * np.cos(angle)), float(cy + r * np.sin(angle))))
    return tuple(out)


def cloud(x: float, y: float, r: float) -> tuple[tuple[float, float], ...]:
    """Return the outline of a cloud about (x, y)."""
    t = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    radius = r * (0.82 + 0.18 * np.abs(np.sin(3 * t)))
    return tuple(
        zip((x + radius * np.cos(t)).tolist(), (y + radius * np.sin(t)).tolist(), strict=True)
    )


def points(line: Iterable[Any]) -> tuple[tuple[float, float], ...]:
    """Return points as plain numbers."""
    return tuple((float(p[0]), float(p[1])) for p in line)


def head(line: Sequence[Sequence[float]], size: float, colour: str) -> Area:
    """Return the arrow head at the end of a line."""
    end = np.array(line[-1])
    back = next((np.array(p) for p in reversed(line[:-1]) if np.hypot(*(end - p)) >= size), line[0])
    along = end - back
    along = along / max(float(np.hypot(*along)), 1e-9)
    across = np.array([-along[1], along[0]])
    base = end - size * along
    return Area(points([end, base + 0.4 * size * across, base - 0.4 * size * across]), colour)


def svg(picture: Picture) -> str:
    """Return a picture as SVG, 1 unit to the mm, texts as texts (searchable)."""
    w, h = picture.width, picture.height
    body = "\n".join(_svg(shape) for shape in picture.shapes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{w:.1f}mm" height="{h:.1f}mm"'
        f' viewBox="0 0 {w:.1f} {h:.1f}" font-family="{FONTS}">\n'
        f'<rect width="{w:.1f}" height="{h:.1f}" fill="#ffffff"/>\n{body}\n</svg>\n'
    )


def _svg(shape: Shape) -> str:
    if isinstance(shape, Text):
        first = shape.y - shape.step * (len(shape.lines) - 1) / 2 + 0.36 * shape.size * POINT
        spans = "".join(
            f'<tspan x="{shape.x:.2f}" y="{first + i * shape.step:.2f}">{escape(line)}</tspan>'
            for i, line in enumerate(shape.lines)
        )
        return (
            f'<text font-size="{shape.size * POINT:.2f}" text-anchor="{shape.anchor}"'
            f' fill="{shape.colour}">{spans}</text>'
        )
    path = _path(shape.points)
    dash = f' stroke-dasharray="{" ".join(f"{d:g}" for d in shape.dash)}"' if shape.dash else ""
    if isinstance(shape, Line):
        stroke = f'stroke="{shape.colour}" stroke-width="{shape.width:g}"{dash}'
        return f'<path d="{path}" fill="none" {stroke}/>'
    edge = f' stroke="{shape.edge}" stroke-width="{shape.width:g}"{dash}' if shape.edge else ""
    return f'<path d="{path}Z" fill="{shape.fill}"{edge}/>'


def _path(where: Iterable[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in where)
