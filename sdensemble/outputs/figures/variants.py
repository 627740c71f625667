"""P of the question and the effects of policy packages, one row for each structure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sdensemble.outputs.estimate import Estimate
from sdensemble.outputs.figures import style
from sdensemble.outputs.figures.fan import conditions
from sdensemble.outputs.models import (
    Across,
    ModelSet,
    effects,
    flip_lines,
    flips,
    how_mixed,
    packages,
    probabilities,
)
from sdensemble.outputs.terminal import reference, statement
from sdensemble.outputs.text import wrap
from sdensemble.outputs.words import target_name

MARKS = (("o", "black", "black"), ("s", "#5b9bd0", "#08519c"), ("^", "white", "#595959"))
"""Marker, face and edge of each package: told apart by shape and by grey."""
WIDE, FOOT = 22.0, 108

WORDS: Mapping[str, Mapping[str, str]] = {
    "head": {
        "zh": "{target}：{n}种模型结构下的达标概率和政策效果",
        "en": "{target}: probability and effects of policies under {n} structures",
    },
    "p_axis": {"zh": "达标概率（{scenario}），%", "en": "Probability ({scenario}), %"},
    "effect_axis": {
        "zh": "对{year}{name}的效果，{unit}",
        "en": "Effect on {name} in {year}, {unit}",
    },
    "leads": {"zh": "每单位支出\n谁领先", "en": "ahead per\noutlay"},
    "mixture": {"zh": "混合（{how}）", "en": "Mixture ({how})"},
    "none": {"zh": "模型中没有政策工具", "en": "no lever in this model"},
    "note": {
        "zh": "点为成员均值，横线为95%抽样区间；灰带为各结构的范围；≈为难分先后。"
        "各结构使用相同的成员。",
        "en": "Points: means over members; bars: 95% Monte Carlo intervals; grey band: range over"
        " the structures; ≈: neither is clearly ahead. The members are the same in each.",
    },
}


def variants(models: ModelSet, lang: str) -> Figure:
    """Draw P and the effects of the packages by variant, with the range and the mixture."""
    main = models.main
    base, asked = reference(main), main.question
    pairs = (packages(models) or main.pairs())[: len(MARKS)]
    found = probabilities(models, asked, base)
    moves = [effects(models, one, other, main.asked_year) for one, other in pairs]
    rows = len(models.variants) + 1
    unit = main.spec.unit_label(asked.unit, lang)
    head = style.fold_head(
        _say("head", lang, target=statement(main, asked, lang), n=len(models.variants))
    )
    notes = [_say("note", lang), *flip_lines(models, lang), conditions(main, lang)]
    foot = "\n".join(line for note in notes for line in wrap(note, FOOT))
    room = style.margins(6.2 * rows + 12, head, foot, above=8.0)
    figure = style.new_figure(room.height)
    grid = figure.add_gridspec(
        1, 2, left=0.235, right=0.9, top=room.top, bottom=room.bottom + 0.03, wspace=0.08,
        width_ratios=(1, 1.5),
    )  # fmt: skip
    left = figure.add_subplot(grid[0])
    right = figure.add_subplot(grid[1], sharey=left)
    places = np.arange(rows)[::-1]
    _probability_panel(left, found, places)
    _effect_panel(right, moves, places, lang)
    titles = [variant.title[lang] for variant in models.variants]
    labels = [*titles, _say("mixture", lang, how=how_mixed(models, lang))]
    left.set_yticks(places, [style.fold_label(label, WIDE) for label in labels])
    left.set_ylim(-0.6, rows - 0.4)
    left.set_xlabel(_say("p_axis", lang, scenario=base.title[lang]))
    year, name = main.when(main.asked_year, lang), target_name(asked, lang)
    right.set_xlabel(_say("effect_axis", lang, year=year, name=name, unit=unit))
    for ax in (left, right):
        ax.axhline(0.5, color=style.GREY, linewidth=0.5)
        ax.tick_params(axis="y", length=0)
        ax.margins(x=0.06)
    right.tick_params(axis="y", labelleft=False)
    right.axvline(0, color=style.GREY, linewidth=0.5)
    _leaders(right, models, places, lang)
    handles = [
        Line2D([], [], linestyle="", marker=marker, markerfacecolor=face, markeredgecolor=edge,
               markersize=4.5, label=one.title[lang])
        for (marker, face, edge), (one, _) in zip(MARKS, pairs, strict=False)
    ]  # fmt: skip
    right.legend(
        handles=handles, loc="lower right", bbox_to_anchor=(0.96, 1.0), ncols=len(handles),
        frameon=False, handlelength=1.0, columnspacing=1.2,
    )  # fmt: skip
    style.head_and_foot(figure, head, foot)
    return figure


def _probability_panel(ax: Axes, found: Across, places: np.ndarray) -> None:
    low, high = found.span
    ax.axvspan(100 * low, 100 * high, color="#e6e6e6", linewidth=0)
    for place, one in zip(places, (*found.each, found.mixture), strict=True):
        if one is not None:
            _point(ax, place, one, ("D" if place == 0 else "o", "black", "black"), 100.0)


def _effect_panel(ax: Axes, moves: Sequence[Across], places: np.ndarray, lang: str) -> None:
    shift = 0.5 / max(len(moves), 1)
    for k, (move, mark) in enumerate(zip(moves, MARKS, strict=False)):
        offset = shift * ((len(moves) - 1) / 2 - k)
        for place, one in zip(places, (*move.each, move.mixture), strict=True):
            if one is not None:
                _point(ax, place + offset, one, mark, 1.0)
    for place, *each in zip(places, *(m.each for m in moves), strict=False):
        if all(one is None for one in each):
            ax.text(0.03, place, _say("none", lang), transform=ax.get_yaxis_transform(),
                    va="center", fontsize=style.SMALL, color=style.GREY)  # fmt: skip


def _point(
    ax: Axes, place: float, found: Estimate, mark: tuple[str, str, str], scale: float
) -> None:
    marker, face, edge = mark
    if math.isfinite(found.low):
        ax.plot([scale * found.low, scale * found.high], [place, place], color=edge, linewidth=1.0)
    ax.plot([scale * found.mean], [place], marker, markersize=4.5, markerfacecolor=face,
            markeredgecolor=edge, markeredgewidth=0.8)  # fmt: skip


def _leaders(ax: Axes, models: ModelSet, places: np.ndarray, lang: str) -> None:
    """Mark right of each row which of the packages whose ranking flips is ahead per outlay."""
    marks = {one.name: mark for (one, _), mark in zip(packages(models), MARKS, strict=False)}
    turned = next((found for found in flips(models) if found[2] and found[3]), None)
    if turned is None or not {turned[0].name, turned[1].name} <= set(marks):
        return
    one, two, ahead, behind = turned
    ax.text(1.07, 1.0, _say("leads", lang), transform=ax.transAxes, va="bottom", ha="center",
            fontsize=style.SMALL, linespacing=1.1)  # fmt: skip
    for variant, place in zip(models.variants, places, strict=False):
        best = one if variant in ahead else two if variant in behind else None
        if best is None:
            ax.text(1.07, place, "≈" if variant.model is models.main.model else "—",
                    transform=ax.get_yaxis_transform(), va="center", ha="center",
                    fontsize=style.SMALL)  # fmt: skip
            continue
        marker, face, edge = marks[best.name]
        ax.plot([1.07], [place], marker, markersize=4.5, markerfacecolor=face, clip_on=False,
                markeredgecolor=edge, transform=ax.get_yaxis_transform())  # fmt: skip


def _say(key: str, language: str, **values: object) -> str:
    return WORDS[key][language].format(**values)
