"""The lever comparison: paired effects as distributions over members, with what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sdensemble.outputs.figures import style
from sdensemble.outputs.figures.fan import conditions, units
from sdensemble.outputs.figures.words import say
from sdensemble.outputs.terminal import equal_outlay_note, per_outlay, reference
from sdensemble.outputs.text import wrap
from sdensemble.outputs.words import points, rounded, target_name
from sdensemble.results.estimate import Array
from sdensemble.results.probability import distinguishable
from sdensemble.results.results import Effect, Results, is_stress

ROW_MM = 8.2
ROWS = 20
"""Rows on one page."""
FOOT = 112
"""Narrow characters of the small size that fit the width."""


@dataclass(frozen=True, eq=False)
class Line:
    """One row of the figure."""

    name: str
    effect: Effect
    outlay: Effect | None
    stress: bool


def effect_pages(results: Results) -> int:
    """Return on how many pages the rows of the figure stand."""
    return max(1, -(-len(results.pairs()) // ROWS))


def effects(results: Results, lang: str, page: int = 0) -> Figure:
    """Return a row per scenario: members' paired effect on the headline, median, 5-95%.

    Of more than ``ROWS`` those of one page, counted from 0. Scenarios that only stress the world,
    or are compared with another than the others are, have an axis of their own, so that they do
    not press the levers together.
    """
    first, groups = ROWS * page, []
    for title, lines in _groups(results, lang):
        groups.append((title, lines[max(first, 0) : max(first + ROWS, 0)]))
        first -= len(lines)
    groups = [group for group in groups if group[1]]
    rows = [len(lines) + 0.4 for _, lines in groups]
    head, foot = style.fold_head(_axis(results, lang)), _foot(results, lang)
    body, gap = ROW_MM * sum(rows), 12.0
    room = style.margins(body + gap * (len(groups) - 1), head, foot, above=9)
    figure = style.new_figure(room.height)
    axes = figure.subplots(
        len(groups), 1, squeeze=False,
        gridspec_kw={"height_ratios": rows, "left": 0.2, "right": 0.7, "top": room.top,
                     "bottom": room.bottom, "hspace": gap / (body / len(groups))},
    )  # fmt: skip
    style.head_and_foot(figure, head, foot)
    for ax, (title, lines) in zip(axes[:, 0], groups, strict=True):
        _panel(ax, results, lines, lang)
        if len(groups) > 1:
            ax.set_title(title, x=-0.39)
    _heads(axes[0, 0], results, lang)
    return figure


def _groups(results: Results, lang: str) -> list[tuple[str, list[Line]]]:
    year, head = results.asked_year, results.spec.headline.whole
    found: dict[bool, list[Line]] = {False: [], True: []}
    for scenario, against in results.pairs():
        name = scenario.title[lang]
        if against is not reference(results):
            name += f" − {against.title[lang]}"
        effect = results.effect(head, scenario, against, year)
        outlay = results.payers_outlay(scenario, against, year)
        apart = is_stress(scenario) or against is not reference(results)
        found[apart].append(Line(name, effect, outlay, is_stress(scenario)))
    return [(say("levers", lang), found[False]), (say("stresses", lang), found[True])]


def _panel(ax: Axes, results: Results, lines: Sequence[Line], lang: str) -> None:
    ax.axvline(0, color=style.GREY, linewidth=0.6)
    for place, line in enumerate(lines):
        _distribution(ax, -place, line.effect)
        _numbers(ax, -place, line, lang)
    ax.set_ylim(-len(lines) + 0.6, 0.95)
    ax.set_yticks([-place for place in range(len(lines))])
    ax.set_yticklabels([style.fold_label(line.name, 19) for line in lines], fontsize=style.NORMAL)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.margins(x=0.03)


def _distribution(ax: Axes, place: float, effect: Effect) -> None:
    """Draw members as a half violin of counts, 5-95% as a line and the median as a dot."""
    kept = effect.moved[np.isfinite(effect.moved)]
    if kept.size and np.ptp(kept) > 0:
        edges, heights = _counts(kept)
        ax.fill_between(edges, place + 0.06, place + 0.06 + 0.72 * heights, step="post",
                        color="#5b9bd0", edgecolor="white", linewidth=0.3)  # fmt: skip
    ax.plot([effect.low, effect.high], [place - 0.06] * 2, color="black", linewidth=1.0)
    ax.plot([effect.median], [place - 0.06], "o", ms=4, color="black", mec="white", mew=0.4)


def _counts(values: Array) -> tuple[Array, Array]:
    """Return bin edges over the central 99% and counts scaled to 1, closed with a zero."""
    low, high = np.quantile(values, [0.005, 0.995])
    if high <= low:
        low, high = float(values.min()), float(values.max())
    counts, edges = np.histogram(values, bins=36, range=(low, high))
    return edges, np.append(counts, 0) / counts.max()


def _numbers(ax: Axes, place: float, line: Line, lang: str) -> None:
    """Write median, share that rises and outlay to the right of a row."""
    found = line.effect.found
    if distinguishable(found):
        middle = _signed(line.effect.median, found.se)
    else:
        middle = say("not_distinct", lang)
    cells = [(1.11, middle), (1.25, f"{points(line.effect.helped)}%")]
    if line.outlay is not None:
        cells.append((1.38, _signed(line.outlay.found.mean, line.outlay.found.se)))
        cells.append((1.5, "—" if line.stress else per_outlay(line.effect, line.outlay)))
    for x, text in cells:
        ax.text(x, place, text, transform=ax.get_yaxis_transform(), ha="center", va="center",
                fontsize=style.NORMAL if "\n" not in text else style.SMALL,
                linespacing=1.0)  # fmt: skip


def _signed(value: float, se: float) -> str:
    """Return a signed number: one decimal below ten where its error allows, none above."""
    shown = rounded(value, se, 1 if abs(value) < 10 else 0)
    if shown == "—" or float(shown) == 0:
        return "0" if shown != "—" else shown
    return f"+{shown}" if value > 0 else f"−{shown.lstrip('-')}"


def _heads(ax: Axes, results: Results, lang: str) -> None:
    heads = [(1.11, say("median_head", lang)), (1.25, say("helped", lang))]
    if results.spec.payers:
        heads += [(1.38, say("outlay", lang)), (1.5, say("per_outlay", lang))]
    for x, text in heads:
        ax.text(x, 1.02, text, transform=ax.transAxes, ha="center", va="bottom",
                fontsize=style.SMALL, linespacing=1.1)  # fmt: skip


def _axis(results: Results, lang: str) -> str:
    asked = results.question
    return say(
        "effects_axis",
        lang,
        year=results.when(results.asked_year, lang),
        name=target_name(asked, lang),
        against=reference(results).title[lang],
        unit=results.spec.unit_label(asked.unit, lang),
    )


def _foot(results: Results, lang: str) -> str:
    text = say("effects_note", lang) + units(results, lang)
    if results.spec.payers:
        unit = results.unit(results.spec.payers[0].variable)
        shown, year = results.spec.unit_label(unit, lang), results.when(results.asked_year, lang)
        text += say("outlay_note", lang, year=year, unit=shown)
    notes = [text, *equal_outlay_note(results, lang), conditions(results, lang)]
    return "\n".join(line for note in notes for line in wrap(note, FOOT))
