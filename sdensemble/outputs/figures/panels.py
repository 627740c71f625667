"""Small multiples: the headline's components, and the headline under every scenario."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sdensemble.inputs.report import Outcome
from sdensemble.outputs.figures import style
from sdensemble.outputs.figures.fan import axis_title, note
from sdensemble.outputs.figures.words import say
from sdensemble.outputs.terminal import reference
from sdensemble.outputs.words import label, points, target_name
from sdensemble.results.probability import value_of, year_of
from sdensemble.results.results import Results, quantile

if TYPE_CHECKING:
    from sdensemble.inputs.scenarios import Scenario
    from sdensemble.inputs.targets import Target

COLUMNS = 4
TITLE = 22
"""Narrow characters of a panel's title on one line."""


def sectors(results: Results, scenario: Scenario, lang: str) -> Figure:
    """Return a panel per component, each with its own axis, its targets and P of the next."""
    shown, asked = results.components(), results.question
    measure = label(results.spec, asked.measure, lang)
    names = [style.fold_label(outcome.label[lang], TITLE) for outcome in shown]
    axis = axis_title(results, asked, measure, lang)
    head = say("under", lang, axis=axis, scenario=scenario.title[lang])
    figure, axes = _grid(names, head, note(results, lang), sharey=False)
    for ax, outcome in zip(axes, shown, strict=False):
        _sector(ax, results, outcome, scenario, lang)
    handles = style.fan_handles(say("median", lang), say("band", lang, share="{share}"))
    _legend(axes[len(shown) :], [*handles, style.target_handle(say("target_p", lang))])
    return figure


def _sector(ax: Axes, results: Results, outcome: Outcome, scenario: Scenario, lang: str) -> None:
    found = style.draw_fan(ax, results.years, results.at(outcome, scenario))
    targets = results.targets_of(outcome)
    for target in targets:
        style.draw_target(ax, year_of(target), value_of(target))
    top = max(found[6].max(), *(value_of(t) for t in targets), 0.0)
    ax.set_ylim(0, 1.5 * top)
    asked = next((t for t in targets if t.year == results.asked_year), None)
    if asked is not None:
        _sector_target(ax, results, asked, scenario, lang)
    ax.text(0.04, 0.84 if asked else 0.97, say("no_history", lang), transform=ax.transAxes,
            va="top", fontsize=style.SMALL, color=style.GREY, linespacing=1.0)  # fmt: skip
    _panel_years(ax, results)


def _sector_target(
    ax: Axes, results: Results, target: Target, scenario: Scenario, lang: str
) -> None:
    found = results.event(target, scenario).probability()
    sign, p = style.sign(target.comparator), points(found.middle, found.se)
    colon = "：" if lang == "zh" else ": "
    year = results.when(year_of(target), lang)
    shown = f"{year}{sign}{value_of(target):g}{colon}{p}%"
    ax.text(0.04, 0.97, shown, transform=ax.transAxes, va="top", fontsize=style.SMALL,
            color=style.TARGET)  # fmt: skip


def scenarios(results: Results, lang: str, page: Sequence[int] | None = None) -> Figure:
    """Return the headline's fan under scenarios on one vertical axis.

    ``page`` holds the places of those to draw; None is all. The axis is the same on every page.
    """
    shown = [results.scenarios[i] for i in page or range(len(results.scenarios))]
    asked, base, whole = results.question, reference(results), results.spec.headline.whole
    head = axis_title(results, asked, target_name(asked, lang), lang)
    names = [style.fold_label(scenario.title[lang], TITLE) for scenario in shown]
    figure, axes = _grid(names, head, note(results, lang), sharey=True)
    middle = quantile(results.at(whole, base), 0.5)
    for ax, scenario in zip(axes, shown, strict=False):
        style.draw_fan(ax, results.years, results.at(whole, scenario))
        ax.plot(results.years, middle, color="black", linewidth=0.9, linestyle=":")
        style.draw_target(ax, results.asked_year, value_of(asked), results.years[0] - 0.4)
        p = results.event(asked, scenario).probability()
        ax.text(0.04, 0.97, say("p", lang, p=points(p.middle, p.se)), transform=ax.transAxes,
                va="top", fontsize=style.NORMAL)  # fmt: skip
        _panel_years(ax, results)
    axes[0].set_ylim(*_span(results))
    for index, ax in enumerate(axes):
        ax.tick_params(labelleft=index % COLUMNS == 0)
    handles = style.fan_handles(say("median", lang), say("band", lang, share="{share}"))
    handles += [_dotted(base, lang), style.target_handle(say("target_short", lang))]
    _legend(axes[len(shown) :], handles)
    return figure


def _span(results: Results) -> tuple[float, float]:
    """Return the ends of the axis that holds every scenario's band and the target."""
    whole, ends = results.spec.headline.whole, [style.QUANTILES[0], style.QUANTILES[-1]]
    found = [quantile(results.at(whole, one), ends) for one in results.scenarios]
    low = min(value_of(results.question), *(float(np.nanmin(band)) for band in found))
    high = max(value_of(results.question), *(float(np.nanmax(band)) for band in found))
    room = 0.05 * (high - low)
    return low - room, high + 2 * room


def _dotted(base: Scenario, lang: str) -> Any:
    name = say("baseline", lang, name=base.title[lang])
    return style.Line2D([], [], color="black", linewidth=0.9, linestyle=":", label=name)


# ── shared ──


def _grid(names: Sequence[str], head: str, foot: str, sharey: bool) -> tuple[Figure, list[Axes]]:
    """Return a figure of ``COLUMNS`` titled panels a row and at least one more for the legend."""
    rows = -(-(len(names) + 1) // COLUMNS)
    lines = 1 + max(name.count("\n") for name in names)
    gap, panel = 6.5 + 3.6 * lines, 21.5
    head = style.fold_head(head)
    room = style.margins(rows * panel + (rows - 1) * gap, head, foot, 2.5 + 3.6 * lines)
    figure = style.new_figure(room.height)
    axes = figure.subplots(
        rows, COLUMNS, sharex=True, sharey=sharey,
        gridspec_kw={"left": 0.06, "right": 0.985, "top": room.top, "bottom": room.bottom,
                     "wspace": 0.14 if sharey else 0.26, "hspace": gap / panel},
    )  # fmt: skip
    style.head_and_foot(figure, head, foot)
    found = list(axes.flat)
    for ax, name in zip(found, names, strict=False):
        ax.set_title(name)
    return figure, found


def _panel_years(ax: Axes, results: Results) -> None:
    first, last = int(results.years[0]), int(results.years[-1])
    ax.set_xlim(first - 0.5, last + 0.7)
    ax.set_xticks([first, results.asked_year, last])
    ax.tick_params(labelbottom=True)
    ax.yaxis.set_major_locator(MaxNLocator(4))


def _legend(unused: Sequence[Axes], handles: Sequence[Any]) -> None:
    """Put the legend where the first empty panel would be, and hide the others."""
    for ax in unused:
        ax.axis("off")
    unused[0].legend(handles=handles, loc="center left", frameon=False, borderaxespad=0)
