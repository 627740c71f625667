"""Figures of a validation: what tests do to a series, and bars with their spread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sdensemble.lang import Capital, Words, phrase
from sdensemble.outputs.figure import Axis, Bars, Figure, Line, Panel, numbers


def panels(shown: Sequence[tuple[str, Words, Any]], unit: Callable[[str], Words]) -> Figure:
    """Return small multiples: for each (id, title, panel) the series with and without."""
    return Figure(
        "conditions",
        phrase("validation_figure.head"),
        tuple(_panel(*one, unit) for one in shown),
        columns=3,
    )


def _panel(name: str, title: Words, panel: Any, unit: Callable[[str], Words]) -> Panel:
    least = min(float(panel.base.min()), float(panel.moved.min()), 0.0)
    times = numbers(panel.times)
    marks = (
        Line(times, numbers(panel.base), "without", phrase("validation_figure.without")),
        Line(times, numbers(panel.moved), "with", phrase("validation_figure.with")),
    )
    head = phrase("validation_figure.panel", name=name, title=title, what=panel.title)
    y = Axis(unit(panel.unit), low=least)
    return Panel(marks, Axis(whole=True), y, head, height=21.0, id=name)


def bars(found: Any, title: Words, unit: Callable[[str], Words]) -> Figure:
    """Return horizontal bars with their spread, the first on top."""
    lengths, spreads = numbers(found.lengths), numbers(found.spreads)
    mark = Bars(
        numbers(range(len(lengths))),
        lengths,
        tuple(length - spread for length, spread in zip(lengths, spreads, strict=True)),
        tuple(length + spread for length, spread in zip(lengths, spreads, strict=True)),
        across=True,
    )
    axis = Axis(Capital(found.axis), unit(found.unit))
    panel = Panel((mark,), axis, Axis(names=tuple(found.labels)))
    return Figure("bars", title, (panel,), notes=(phrase("validation_figure.spread"),))
