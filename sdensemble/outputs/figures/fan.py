"""The fan of the headline, with its target, P by year, and history of another measure beside."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from sdensemble.inputs.history import Observation, known_until
from sdensemble.outputs.figures import style
from sdensemble.outputs.figures.words import say
from sdensemble.outputs.words import (
    beyond,
    bracketed,
    fitted,
    information_date,
    label,
    points,
    target_name,
)
from sdensemble.results.probability import value_of, year_of
from sdensemble.results.results import Results

if TYPE_CHECKING:
    from sdensemble.inputs.scenarios import Scenario
    from sdensemble.inputs.targets import Target


def fan(
    results: Results, scenario: Scenario, lang: str, history: Sequence[Observation] = ()
) -> Figure:
    """Return the fan chart of the headline under one scenario."""
    shown = drawn_history(results, history)
    heights = [5.6, 1.4, 1.2] if shown else [5.6, 1.4]
    asked = results.question
    name = target_name(asked, lang)
    axis = axis_title(results, asked, name, lang)
    title = style.fold_head(say("under", lang, axis=axis, scenario=scenario.title[lang]))
    below = note(results, lang)
    margins = style.margins(104 if shown else 84, title, below)
    figure = style.new_figure(margins.height)
    axes = figure.subplots(
        len(heights), 1, sharex=True,
        gridspec_kw={"height_ratios": heights, "hspace": 0.36, "left": 0.085, "right": 0.885,
                     "top": margins.top, "bottom": margins.bottom},
    )  # fmt: skip
    style.head_and_foot(figure, title, below)
    _main(axes[0], results, scenario, lang)
    _by_year(axes[1], results, scenario, lang)
    if shown:
        _strip(axes[2], results, shown, lang)
    _years(axes, results)
    return figure


def note(results: Results, lang: str) -> str:
    """Return the small note under a fan: what bands are, and on what they are conditional."""
    between = "" if lang == "zh" else "\n"
    return say("note", lang) + units(results, lang) + between + conditions(results, lang)


def conditions(results: Results, lang: str) -> str:
    """Return the information date, prior set and members of a run as one sentence."""
    text = say(
        "conditions",
        lang,
        date=information_date(results.as_of, lang, results.spec.issued),
        prior=label(results.spec, results.prior_set, lang),
        n=results.members,
        fitted=fitted(results.posterior, lang),
    )
    return style.capital(text)


def units(results: Results, lang: str) -> str:
    """Return what the report explains of the units a figure prints, as a sentence."""
    paid = [results.unit(payer.variable) for payer in results.spec.payers]
    text = results.spec.unit_notes([results.question.unit, *paid], lang)
    return (f"{text}。" if lang == "zh" else f" {text}.") if text else ""


def axis_title(results: Results, target: Target, name: str, lang: str) -> str:
    """Return the title of an axis: name, unit, price basis and scope."""
    text = say(
        "axis",
        lang,
        name=name,
        unit=results.spec.unit_label(target.unit, lang),
        key=bracketed(results.spec, (target.price_basis, target.scope), lang),
    )
    return style.capital(text)


def _main(ax: Axes, results: Results, scenario: Scenario, lang: str) -> None:
    asked, head = results.question, results.spec.headline.whole
    found = style.draw_fan(ax, results.years, results.at(head, scenario))
    low, high = found.min(), found.max()
    ax.set_ylim(low - 0.13 * (high - low), high + 0.04 * (high - low))
    at_end = _targets(ax, results, asked, lang)
    _start(ax, results, found[:, 0], lang)
    names = [f"{100 * q:.0f}%" for q in style.QUANTILES]
    names[3] = say("median", lang)
    ends = [(name, float(at), "black") for name, at in zip(names, found[:, -1], strict=True)]
    style.end_labels(ax, float(results.years[-1]), [*ends, *at_end])
    handles = style.fan_handles(say("median", lang), say("band", lang, share="{share}"))
    falling = found[3, -1] < found[3, 0]
    ax.legend(
        handles=handles,
        loc="upper right" if falling else "upper left",
        frameon=False,
        borderaxespad=0.1,
        labelspacing=0.3,
    )


def _targets(ax: Axes, results: Results, asked: Target, lang: str) -> list[tuple[str, float, str]]:
    """Draw the study's question as a long line with words, other targets as short marks.

    Returns the labels that belong at the right end: those of targets in the last year.
    """
    start, end = results.years[0] - 0.4, results.years[-1] + 0.15
    at_end = []
    for target in results.targets_of(results.spec.headline.whole):
        main = target.id == asked.id
        style.draw_target(ax, year_of(target), value_of(target), start if main else None, end)
        year = results.when(year_of(target), lang) + ("" if lang == "zh" else ": ")
        text = f"{year}{style.sign(target.comparator)}{value_of(target):g}"
        if target.year == results.years[-1]:
            at_end.append((text, value_of(target), style.TARGET))
        elif not main:
            ax.annotate(
                text, (year_of(target), value_of(target)), (0, 5), textcoords="offset points",
                fontsize=style.SMALL, color=style.TARGET, ha="center", va="bottom", **style.CASED,
            )  # fmt: skip
    words = beyond(asked, results.spec, lang)
    year = results.when(results.asked_year, lang)
    text = f"{year}{words}" if lang == "zh" else f"{words}, {year}"
    ax.annotate(
        say("target", lang, text=text), (start, value_of(asked)), (0, 3),
        textcoords="offset points", fontsize=style.NORMAL, color=style.TARGET, va="bottom",
        **style.CASED,
    )  # fmt: skip
    return at_end


def _start(ax: Axes, results: Results, first: style.Array, lang: str) -> None:
    """Mark the ensemble's own first year with its error: no statistic of this measure exists."""
    year = int(results.years[0])
    ax.plot([year, year], [first[0], first[6]], color="black", linewidth=1.0)
    ax.plot([year], [first[3]], marker="o", markersize=4, color="black")
    spec = results.spec.history
    if spec is None:
        return
    measure = label(results.spec, spec.measure, lang)
    text = say("start", lang, year=results.when(year, lang), measure=measure)
    ax.annotate(
        text, (year, first[0]), (14, -3), textcoords="offset points", fontsize=style.SMALL,
        va="top", color="black",
        arrowprops={"arrowstyle": "-", "linewidth": 0.4, "color": style.GREY, "shrinkB": 1,
                    "shrinkA": 1},
    )  # fmt: skip


def _by_year(ax: Axes, results: Results, scenario: Scenario, lang: str) -> None:
    """Draw the probability of passing the question's value in each year, with its error."""
    asked = results.question
    for year in results.years:
        found = results.event(asked, scenario, year=int(year)).probability()
        low, high = found.interval
        middle = 100 * found.middle
        colour = "#08519c" if year == results.asked_year else "#5b9bd0"
        ax.bar(year, middle, width=0.62, color=colour)
        ax.plot([year, year], [100 * low, 100 * high], color="black", linewidth=0.8)
        ax.annotate(
            points(found.middle, found.se), (year, 100 * high), (0, 1.5),
            textcoords="offset points", ha="center", va="bottom", fontsize=style.SMALL,
        )  # fmt: skip
    ax.set_ylim(0, 125)
    ax.set_yticks([0, 50, 100])
    words, unit = beyond(asked, results.spec, lang), results.time_unit(lang)
    ax.set_title(say("p_strip", lang, beyond=words, unit=unit), fontsize=style.SMALL + 0.5)


def drawn_history(results: Results, history: Sequence[Observation]) -> tuple[Observation, ...]:
    """Return the observations of the headline's other measure that the years of a run cover."""
    first, last = results.years[0], results.years[-1]
    return tuple(o for o in related(results, history) if first <= o.time <= last)


def related(results: Results, history: Sequence[Observation]) -> tuple[Observation, ...]:
    """Return the observations the report asks to show beside the headline.

    Whole years only, of each the last publication; what was observed comes before what is derived.
    """
    spec = results.spec.history
    best: dict[float, Observation] = {}
    for row in history if spec else ():
        whole = (row.period_end.month, row.period_end.day) == (12, 31)
        if spec is None or row.series != (spec.measure, spec.sector) or not whole:
            continue
        if row.time not in best or _rank(row) >= _rank(best[row.time]):
            best[row.time] = row
    return tuple(best[time] for time in sorted(best))


def _rank(row: Observation) -> tuple[bool, date]:
    return row.role == "observed", row.known or date.min


def _strip(ax: Axes, results: Results, shown: Sequence[Observation], lang: str) -> None:
    """Draw another measure as hollow points on an axis of its own."""
    stop = known_until(results.as_of)
    groups = {
        "known": [o for o in shown if o.period_end.isoformat() <= stop],
        "later": [o for o in shown if o.period_end.isoformat() > stop],
    }
    for name, marker in (("known", "o"), ("later", "^")):
        ax.plot([o.time for o in groups[name]], [o.value for o in groups[name]], marker, ms=4.5,
                mfc="white", mec="black", mew=0.8, label=say(name, lang))  # fmt: skip
    for observation in shown:
        ax.annotate(f"{observation.value:.0f}", (observation.time, observation.value), (5, 0),
                    textcoords="offset points", fontsize=style.SMALL, va="center")  # fmt: skip
    low, high = min(o.value for o in shown), max(o.value for o in shown)
    ax.set_ylim(low - 0.35 * (high - low) - 1, high + 0.35 * (high - low) + 1)
    ax.legend(loc="center right", frameon=False, borderaxespad=0)
    measure = label(results.spec, shown[0].measure, lang)
    unit = results.spec.unit_label(shown[0].unit, lang)
    title = style.capital(say("history", lang, measure=measure, unit=unit))
    ax.set_title(title, fontsize=style.SMALL + 0.5)


def _years(axes: Sequence[Axes], results: Results) -> None:
    axes[0].set_xlim(results.years[0] - 0.5, results.years[-1] + 0.5)
    axes[-1].xaxis.set_major_locator(MultipleLocator(1))
    axes[0].tick_params(axis="x", labelbottom=True)
