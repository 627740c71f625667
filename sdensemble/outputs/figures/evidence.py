"""Figures of the evidence: what shrank, figures against predictions, scores of forecasts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from sdensemble.outputs.figures import style

Triple = tuple[float, float, float]

WORDS = {
    "shrinkage": {"zh": "方差收缩（0＝只有先验，1＝完全由数据决定）",
                  "en": "Shrinkage of variance (0: prior only, 1: the data decide)"},
    "only": {"zh": "虚线 0.1：以下视为“只有先验”；余下 {rest} 个参数均在线下",
             "en": "Dashed at 0.1: prior only below; the other {rest} numbers are all below"},
    "checks": {"zh": "观测值与预测分布（观测值＝100）",
               "en": "Predictive distributions, figure = 100"},
    "prior": {"zh": "先验预测 90%", "en": "prior predictive 90%"},
    "posterior": {"zh": "后验预测 90%", "en": "posterior predictive 90%"},
    "figure": {"zh": "观测值", "en": "figure"},
    "foot": {"zh": "点为中位数；区间含统计误差与模型偏差。",
             "en": "Points are medians; error and discrepancy included."},
    "profiles": {"zh": "剖面似然：对数似然与最大值之差（横轴为先验的标准分）",
                 "en": "Profile likelihood, relative to its greatest (across: prior scores)"},
    "profiles foot": {"zh": "虚线−1.92：落到线下才算可由数据识别。",
                      "en": "Dashed at −1.92: identified only where it falls below."},
    "residuals": {"zh": "残差：观测值与模型数之差（对数×100，后验5/50/95%）",
                  "en": "Residuals: figure less the model's number (log × 100, posterior"
                        " 5/50/95%)"},
    "residuals foot": {"zh": "偏差过程与口径常差之前。Theil 份额（不少于两个数的序列）："
                             "偏差/变动/协动 {theil}",
                       "en": "Before discrepancy and bias. Theil shares (series of two figures or"
                             " more), bias/variation/covariation: {theil}"},
    "scores": {"zh": "滚动起点预测与后来的数（观测值＝100）",
               "en": "Rolling-origin forecasts and what came later, figure = 100"},
    "fans": {"zh": "预测：{date}", "en": "Forecast: {date}"},
    "fans foot": {"zh": "统计数的预测含统计误差与模型偏差；标“模型”者不含。"
                        "圆点为已拟合的观测值，菱形为起点之后公布、预测未用的数。",
                  "en": "Statistics include error and discrepancy, panels marked “model” do not."
                        " Circles: figures fitted; diamonds: published later, unknown to the"
                        " forecast."},
    "model": {"zh": "〔模型〕", "en": " [model]"},
    "median": {"zh": "中位数", "en": "median"},
    "band": {"zh": "{{share}}%", "en": "{{share}}%"},
    "from": {"zh": "{year}年，{origin}年末预测", "en": "{year}, as of end {origin}"},
}  # fmt: skip


def _say(key: str, lang: str, **values: object) -> str:
    return WORDS[key][lang].format(**values)


def shrinkage_figure(shown: Sequence[tuple[str, float]], rest: int, lang: str) -> Figure:
    """Return bars of shrinkage for (name, share), the greatest on top."""
    head = _say("shrinkage", lang)
    foot = _say("only", lang, rest=rest)
    margin = style.margins(5.0 * max(len(shown), 3) + 6, head, foot)
    figure = style.new_figure(margin.height)
    ax = figure.add_axes((0.36, margin.bottom, 0.6, margin.top - margin.bottom))
    places = range(len(shown))[::-1]
    ax.barh(list(places), [max(share, 0.0) for _, share in shown], height=0.62, color="#5b9bd0",
            edgecolor="black", linewidth=0.4)  # fmt: skip
    for place, (_, share) in zip(places, shown, strict=True):
        ax.text(max(share, 0.0) + 0.01, place, f"{share:.2f}", va="center", fontsize=style.SMALL)
    ax.axvline(0.1, color="black", linewidth=0.8, dashes=(4, 2))
    ax.set_yticks(list(places), [style.fold_label(name, 38) for name, _ in shown])
    ax.set_xlim(0, 1)
    style.head_and_foot(figure, head, foot)
    return figure


def checks_figure(rows: Sequence[tuple[str, float, Triple, Triple]], lang: str) -> Figure:
    """Return prior and posterior predictive intervals relative to each figure.

    ``rows`` are (label, figure, prior, posterior), the last two 5, 50 and 95% in its unit.
    """
    head, foot = _say("checks", lang), _say("foot", lang)
    margin = style.margins(8.5 * max(len(rows), 2) + 12, head, foot)
    figure = style.new_figure(margin.height)
    ax = figure.add_axes((0.36, margin.bottom, 0.6, margin.top - margin.bottom))
    for place, (_, value, prior, posterior) in zip(range(len(rows))[::-1], rows, strict=True):
        for up, found, colour, wide, marker in (
            (0.16, prior, "#b9d5ea", 5.0, "o"),
            (-0.16, posterior, "#08519c", 5.0, "s"),
        ):
            low, middle, high = (100 * one / value for one in found)
            ax.plot([low, high], [place + up] * 2, color=colour, linewidth=wide,
                    solid_capstyle="butt")  # fmt: skip
            ax.plot([middle], [place + up], marker=marker, color="white", markeredgecolor="black",
                    markeredgewidth=0.5, markersize=3.4)  # fmt: skip
    ax.plot([100, 100], [-0.6, len(rows) - 0.4], color=style.TARGET, linewidth=0.9, linestyle="-.")
    ax.set_yticks(list(range(len(rows)))[::-1], [style.fold_label(row[0], 38) for row in rows])
    ax.set_ylim(-0.6, len(rows) + 0.4)
    ax.legend(
        handles=[
            Patch(facecolor="#b9d5ea", label=_say("prior", lang)),
            Patch(facecolor="#08519c", label=_say("posterior", lang)),
            Line2D([], [], color=style.TARGET, linestyle="-.", linewidth=0.9,
                   label=_say("figure", lang)),
        ],
        loc="upper center", ncol=3, frameon=False, borderaxespad=0.1,
    )  # fmt: skip
    style.head_and_foot(figure, head, foot)
    return figure


def profiles_figure(
    shown: Sequence[tuple[str, Sequence[float], Sequence[float]]], flat: float, lang: str
) -> Figure:
    """Return a panel for each number: (name, places in prior scores, log-likelihood)."""
    across = 4
    down = -(-len(shown) // across)
    head, foot = _say("profiles", lang), _say("profiles foot", lang)
    margin = style.margins(32.0 * down, head, foot, above=8.0)
    figure = style.new_figure(margin.height)
    body = (margin.top - margin.bottom) / down
    low = min([-flat * 1.3, *(min(heights) for _, _, heights in shown)])
    for place, (name, at, heights) in enumerate(shown):
        row, column = divmod(place, across)
        bottom = margin.top - (row + 1) * body + 0.26 * body
        ax = figure.add_axes((0.06 + 0.24 * column, bottom, 0.195, 0.5 * body))
        ax.axhline(-flat, color=style.TARGET, linewidth=0.8, dashes=(4, 2))
        ax.plot(at, heights, color="#08519c", marker="o", markersize=3, linewidth=1.2)
        ax.set_ylim(low * 1.08, -low * 0.08)
        ax.set_xticks([-2, 0, 2])
        ax.set_title(style.fold_label(name, 26), fontsize=style.SMALL)
    style.head_and_foot(figure, head, foot)
    return figure


def residuals_figure(
    rows: Sequence[tuple[str, int, Triple]], theil: Sequence[tuple[str, str]], lang: str
) -> Figure:
    """Return residuals by series and year: (series, year, 5/50/95% in logs); ``theil`` as text."""
    shown = "; ".join(f"{name} {shares}" for name, shares in theil) or "–"
    head = _say("residuals", lang)
    foot = style.fold_head(_say("residuals foot", lang, theil=shown))
    margin = style.margins(6.0 * max(len(rows), 3) + 6, head, foot)
    figure = style.new_figure(margin.height)
    ax = figure.add_axes((0.36, margin.bottom, 0.6, margin.top - margin.bottom))
    places = list(range(len(rows)))[::-1]
    for place, (_, _, (low, middle, high)) in zip(places, rows, strict=True):
        ax.plot([100 * low, 100 * high], [place] * 2, color="#5b9bd0", linewidth=4.0,
                solid_capstyle="butt")  # fmt: skip
        ax.plot([100 * middle], [place], marker="o", color="white", markeredgecolor="black",
                markeredgewidth=0.5, markersize=3.4)  # fmt: skip
    ax.axvline(0, color=style.TARGET, linewidth=0.9, linestyle="-.")
    ax.set_yticks(places, [style.fold_label(f"{name} {year}", 38) for name, year, _ in rows])
    style.head_and_foot(figure, head, foot)
    return figure


MARKERS = ("s", "o", "^", "v", "D", "P", "X")


def scores_figure(
    rows: Sequence[tuple[str, str, int, int, float, float, float, float]], main: str, lang: str
) -> Figure:
    """Return each forecast's interval relative to the figure that came later, method by method.

    ``rows`` are (series, method, origin, year, figure, low, median, high); ``main`` is the method
    drawn dark.
    """
    groups = list(dict.fromkeys((row[0], row[2], row[3]) for row in rows))
    methods = list(dict.fromkeys(row[1] for row in rows))
    head, foot = _say("scores", lang), _say("foot", lang)
    margin = style.margins(13.0 * max(len(groups), 2) + 12, head, foot)
    figure = style.new_figure(margin.height)
    ax = figure.add_axes((0.36, margin.bottom, 0.6, margin.top - margin.bottom))
    gap = 0.78 / max(len(methods), 1)
    for place, group in zip(range(len(groups))[::-1], groups, strict=True):
        for i, method in enumerate(methods):
            y = place + 0.39 - gap * (i + 0.5)
            for series, who, origin, year, value, low, middle, high in rows:
                if (series, origin, year) != group or who != method:
                    continue
                dark = method == main
                ax.plot([100 * low / value, 100 * high / value], [y, y],
                        color="#08519c" if dark else style.GREY, linewidth=2.2 if dark else 0.9,
                        solid_capstyle="butt")  # fmt: skip
                ax.plot([100 * middle / value], [y], marker=MARKERS[i % len(MARKERS)],
                        color="#08519c" if dark else "white", markeredgecolor="black",
                        markeredgewidth=0.5, markersize=4)  # fmt: skip
    ax.plot([100, 100], [-0.6, len(groups) - 0.45], color=style.TARGET, linewidth=0.9,
            linestyle="-.")  # fmt: skip
    labels = [
        style.fold_label(f"{series} {_say('from', lang, year=year, origin=origin)}", 40)
        for series, origin, year in groups
    ]
    ax.set_yticks(list(range(len(groups)))[::-1], labels)
    ax.set_ylim(-0.6, len(groups) + 0.4)
    handles = [
        Line2D([], [], marker=MARKERS[i % len(MARKERS)], linestyle="-",
               color="#08519c" if method == main else style.GREY,
               linewidth=2.2 if method == main else 0.9, markeredgecolor="black",
               markerfacecolor="#08519c" if method == main else "white", markersize=4,
               markeredgewidth=0.5, label=method)
        for i, method in enumerate(methods)
    ]  # fmt: skip
    ax.legend(handles=handles, loc="upper center", ncol=3, frameon=False, borderaxespad=0.1,
              columnspacing=1.2)  # fmt: skip
    style.head_and_foot(figure, head, foot)
    return figure


Points = Sequence[tuple[int, float]]
Fan = tuple[str, bool, NDArray[np.int64], NDArray[np.float64], Points, Points]


def fans_figure(shown: Sequence[Fan], date: str, lang: str) -> Figure:
    """Return a fan for each series, with the figures known as points.

    ``shown`` are (title, whether it is the model's own, years, draws (member, year), figures known
    and figures published later).
    """
    across, tall = 3, 30.0
    down = -(-len(shown) // across)
    head, foot = _say("fans", lang, date=date), style.fold_head(_say("fans foot", lang))
    margin = style.margins(tall * down, head, foot, above=9.0)
    figure = style.new_figure(margin.height)
    body = (margin.top - margin.bottom) / down
    for place, (title, own, years, draws, known, later) in enumerate(shown):
        row, column = divmod(place, across)
        bottom = margin.top - (row + 1) * body + 0.28 * body
        ax = figure.add_axes((0.065 + 0.325 * column, bottom, 0.265, 0.5 * body))
        style.draw_fan(ax, years, np.where(np.isfinite(draws), draws, np.nan))
        for points, marker, fill in ((known, "o", "white"), (later, "D", style.TARGET)):
            for year, value in points:
                ax.plot([year], [value], marker=marker, color=fill, markeredgecolor="black",
                        markeredgewidth=0.7, markersize=3.4, zorder=5)  # fmt: skip
        first = min([int(years[0]), *(year for year, _ in (*known, *later))])
        ax.set_xlim(first - 0.5, int(years[-1]) + 0.5)
        step = max((int(years[-1]) - first) // 4, 1)
        ax.set_xticks(list(range(first, int(years[-1]) + 1, step)))
        ax.set_ylim(bottom=0)
        name = f"{title}{_say('model', lang) if own else ''}"
        ax.set_title(style.fold_label(name, 34), fontsize=style.SMALL)
    figure.legend(handles=style.fan_handles(_say("median", lang), _say("band", lang)),
                  loc="upper right", ncol=4, frameon=False)  # fmt: skip
    style.head_and_foot(figure, head, foot)
    return figure
