"""P of the question and the effects of policy packages, one row for each structure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sdensemble.inputs.scenarios import Scenario
from sdensemble.outputs.figures import style
from sdensemble.outputs.figures.fan import conditions
from sdensemble.outputs.models import (
    Across,
    Flip,
    ModelSet,
    effects,
    flip_lines,
    flipped,
    how_mixed,
    leader,
    packages,
    probabilities,
    unclear,
)
from sdensemble.outputs.terminal import reference, statement
from sdensemble.outputs.text import wrap
from sdensemble.outputs.words import target_name
from sdensemble.results.estimate import Estimate

MARKS = (("o", "black", "black"), ("s", "#5b9bd0", "#08519c"), ("^", "white", "#595959"))
"""Marker, face and edge of each package: told apart by shape and by grey."""
SIGNS = ("●", "■", "△")
"""The markers as characters."""
ALL_AT, PAIR_AT = 1.065, 1.2
"""Where the two columns of leaders stand, in widths of the panel."""
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
    "leads": {"zh": "全部中\n领先", "en": "first\nof all"},
    "pair": {"zh": "{first}{second}\n之间", "en": "{first} or\n{second}"},
    "leaders": {
        "zh": "右侧两栏：每单位支出的效果，在全部政策组合中谁领先；排序翻转的两种之间谁领先。",
        "en": "Columns on the right: which package is worth most per unit of outlay, of all"
        " and of the two whose ranking flips.",
    },
    "same": {
        "zh": "*：在当前常数下没有改变任何设定，与主模型相同，不重复计入混合。",
        "en": "*: changes nothing at the present constants, the same as the main model, and is not"
        " counted again in the mixture.",
    },
    "leader": {
        "zh": "右侧一栏：每单位支出的效果，在全部政策组合中谁领先。",
        "en": "Column on the right: which package is worth most per unit of outlay.",
    },
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
    turned, several = flipped(models), len(packages(models)) > 1
    notes = [_say("note", lang)]
    notes += [_say("leaders" if turned else "leader", lang)] if several else []
    notes += [_say("same", lang)] if models.same else []
    flips = [line.replace("“", "").replace("”", "") for line in flip_lines(models, lang)]
    notes = [("" if lang == "zh" else " ").join(notes), *flips, conditions(main, lang)]
    foot = "\n".join(line for note in notes for line in wrap(note, FOOT))
    room = style.margins(6.2 * rows + 12, head, foot, above=8.0)
    figure = style.new_figure(room.height)
    grid = figure.add_gridspec(
        1, 2, left=0.235, right=0.87 if turned else 0.9, top=room.top,
        bottom=room.bottom + 0.03, wspace=0.08,
        width_ratios=(1, 1.5),
    )  # fmt: skip
    left = figure.add_subplot(grid[0])
    right = figure.add_subplot(grid[1], sharey=left)
    places = np.arange(rows)[::-1]
    _probability_panel(left, found, places)
    _effect_panel(right, moves, places, lang)
    titles = [
        variant.title[lang] + ("*" if variant.name in models.same else "")
        for variant in models.variants
    ]
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
    if several:
        _leaders(right, models, turned, places, lang)
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


def _leaders(
    ax: Axes, models: ModelSet, turned: Flip | None, places: np.ndarray, lang: str
) -> None:
    """Mark right of each row which package is ahead per outlay, of all and of those that flip."""
    order = [one.name for one, _ in packages(models)][: len(MARKS)]
    heads = [(ALL_AT, _say("leads", lang))]
    if turned:
        signs = {
            key: SIGNS[order.index(one.name)] if one.name in order else one.title[lang]
            for key, one in (("first", turned.one), ("second", turned.two))
        }
        heads.append((PAIR_AT, _say("pair", lang, **signs)))
    for x, text in heads:
        ax.text(x, 1.0, text, transform=ax.transAxes, va="bottom", ha="center",
                fontsize=style.SMALL, linespacing=1.1)  # fmt: skip
    for index, (variant, place) in enumerate(zip(models.variants, places, strict=False)):
        none = unclear(models, index)
        _leader(ax, ALL_AT, place, leader(models, index), none, order, lang)
        if turned:
            lacks = {turned.one.name, turned.two.name} & set(models.without[index])
            _leader(ax, PAIR_AT, place, turned.leads(variant), "—" if lacks else "≈", order, lang)


def _leader(
    ax: Axes, x: float, place: float, best: Scenario | None, none: str, order: Sequence[str],
    lang: str,
) -> None:  # fmt: skip
    """Draw the marker of a leader; its title where it is not drawn, a sign where none leads."""
    if best is not None and best.name in order:
        marker, face, edge = MARKS[order.index(best.name)]
        ax.plot([x], [place], marker, markersize=4.5, markerfacecolor=face, clip_on=False,
                markeredgecolor=edge, transform=ax.get_yaxis_transform())  # fmt: skip
        return
    ax.text(x, place, best.title[lang] if best else none, transform=ax.get_yaxis_transform(),
            va="center", ha="center", fontsize=style.SMALL)  # fmt: skip


def _say(key: str, language: str, **values: object) -> str:
    return WORDS[key][language].format(**values)
