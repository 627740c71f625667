"""The scorecard as tables of shaded cells, readable in grey: probabilities stand in the cells."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from sdensemble.outputs.figures import style
from sdensemble.outputs.figures.fan import conditions
from sdensemble.outputs.terminal import pages_of, reference
from sdensemble.outputs.text import width, wrap
from sdensemble.outputs.words import bracketed, label, points, target_name
from sdensemble.policy.scorecard import JOINT, Line, about_note, asked, reading_name, with_readings
from sdensemble.results.results import Results

SHADES = LinearSegmentedColormap.from_list("shades", ["#ffffff", "#e3eef9", "#b5d4e9", "#6baed6"])
"""Lightness falls with the probability, so that the order survives in grey; all are light enough
for black figures."""

ROW_MM, LINE_MM, CELL_MM, LABEL_MM = 3.75, 3.1, 6.1, 58.0
LABEL = 42
"""Narrow characters of a row's name on one line."""
FOOT = 104

WORDS = {
    "head": {
        "zh": "达标概率（%），每行一项目标，{scenario}情景下最不可能者在上：{what}",
        "en": "Probability of each target in %, least likely under {scenario} on top: {what}",
    },
    "scorecard": {"zh": "{year}年及以后", "en": "{year} and later"},
    "scorecard-earlier": {"zh": "{year}年以前", "en": "before {year}"},
    "scorecard-together": {"zh": "同时达标", "en": "met together"},
    "foot": {
        "zh": "格中为达标概率（百分点），颜色越深概率越高；抽样标准误最大{se}个百分点，"
        "逐格见 csv。{measure}；其余各行的口径与价格基准见 csv。",
        "en": "Cells: probability in points, darker is likelier; Monte Carlo standard error at most"
        " {se} points, by cell in the csv. {measure}; measure and price basis of the other rows are"
        " in the csv. ",
    },
    "of_measure": {"zh": "{measure}各行{key}", "en": "Rows of {measure}{key}"},
    "measures": {
        "zh": "口径（统计范围，价格基准）：{shown}。",
        "en": " Measures (scope, price basis): {shown}.",
    },
    "captions": {
        "zh": "达标概率总表（{what}）。{note}",
        "en": "Scorecard ({what}). {note}",
    },
}


def draw_scorecard(
    folder: Path, lines: Sequence[Line], results: Results, lang: str
) -> tuple[Path, ...]:
    """Write the scorecard as PNG, SVG and PDF, with captions in both languages.

    A figure for the question's year and later, one for the years before, one for what is met
    together; more of each where there are more than ``PAGE`` scenarios. References are left to
    the table.
    """
    written: list[Path] = []
    captions = []
    pages = pages_of(results)
    with style.settings():
        for kind, chosen in _parts(lines, results).items():
            for number, page in enumerate(pages, start=1):
                name = kind if number == 1 else f"{kind}-{number}"
                figure = _figure(chosen, results, lang, kind, page)
                written += style.save(figure, folder / name)
                captions += _captions(name, kind, chosen, results)
    path = folder / "captions.md"
    path.write_text("\n".join(captions), encoding="utf-8")
    return (*written, path)


def _captions(name: str, kind: str, lines: Sequence[Line], results: Results) -> list[str]:
    found = [f"## {name}", ""]
    for lang in ("zh", "en"):
        what = WORDS[kind][lang].format(year=results.asked_year)
        note = _foot(lines, results, lang).replace("\n", "" if lang == "zh" else " ")
        note += WORDS["measures"][lang].format(shown=_measures(lines, results, lang))
        found += [WORDS["captions"][lang].format(what=what, note=note), ""]
    return found


def _parts(lines: Sequence[Line], results: Results) -> dict[str, list[Line]]:
    """Return the lines of each figure by its name."""
    year = results.asked_year
    single = [line for line in lines if line.kind == "single"]
    found = {
        "scorecard": with_readings([ln for ln in single if ln.year >= year], lines),
        "scorecard-earlier": with_readings([ln for ln in single if ln.year < year], lines),
        "scorecard-together": [line for line in lines if line.kind in JOINT],
    }
    return {name: chosen for name, chosen in found.items() if chosen}


def _foot(lines: Sequence[Line], results: Results, lang: str) -> str:
    errors = [p.se for line in lines for p in line.found if p.se == p.se]
    worst = -(-100 * max(errors, default=0.0) // 1)
    own = results.question
    measure = WORDS["of_measure"][lang].format(
        measure=label(results.spec, own.measure, lang),
        key=bracketed(results.spec, (own.scope, own.price_basis), lang),
    )
    text = WORDS["foot"][lang].format(se=f"{worst:.0f}", measure=measure)
    text += "".join(f"{note}{'' if lang == 'zh' else ' '}" for note in about_note(lines, lang))
    return "\n".join(wrap(text + conditions(results, lang), FOOT))


def _measures(lines: Sequence[Line], results: Results, lang: str) -> str:
    """Return each measure of the lines with its scope and price basis, once."""
    parts = [results.parts(line.target) if line.target.joint else (line.target,) for line in lines]
    shown = dict.fromkeys(
        label(results.spec, one.measure, lang)
        + bracketed(results.spec, (one.scope, one.price_basis), lang)
        for part in parts
        for one in part
    )
    return ("；" if lang == "zh" else "; ").join(shown)


def _figure(
    lines: Sequence[Line], results: Results, lang: str, kind: str, page: Sequence[int]
) -> Figure:
    """Return the cells of ``lines`` under the scenarios at the places ``page``."""
    scenario = reference(results).title[lang]
    what = WORDS[kind][lang].format(year=results.asked_year)
    head = style.fold_head(WORDS["head"][lang].format(scenario=scenario, what=what))
    foot = _foot(lines, results, lang)
    labels = [_label(line, results, lang) for line in lines]
    heights = [ROW_MM + LINE_MM * text.count("\n") for text in labels]
    titles = [style.fold_label(results.scenarios[place].title[lang], 24) for place in page]
    longest = max(width(part) for title in titles for part in title.split("\n"))
    room = style.margins(sum(heights), head, foot, above=4 + 1.24 * longest)
    figure = style.new_figure(room.height)
    style.head_and_foot(figure, head, foot)
    wide, cells = style.WIDTH * 25.4, CELL_MM * len(page)
    left = (LABEL_MM + 1) / wide
    ax = figure.add_axes((left, room.bottom, cells / wide, room.top - room.bottom))
    ax.set_xlim(0, len(page))
    ax.set_ylim(sum(heights), 0)
    ax.axis("off")
    y = 0.0
    for line, text, height in zip(lines, labels, heights, strict=True):
        _row(ax, line, text, y, height, page)
        y += height
    for column, title in enumerate(titles):
        ax.text(column + 0.5, -1.0, title, rotation=90, ha="center", va="bottom",
                fontsize=style.SMALL, linespacing=0.95)  # fmt: skip
    return figure


def _row(ax: Axes, line: Line, text: str, y: float, height: float, page: Sequence[int]) -> None:
    ax.text(-0.15, y + height / 2, text, ha="right", va="center", fontsize=style.SMALL,
            linespacing=1.15)  # fmt: skip
    for column, place in enumerate(page):
        found = line.found[place]
        p = found.middle
        ax.add_patch(
            Rectangle((column, y), 1, height, facecolor=SHADES(p if p == p else 0.0),
                      edgecolor="#8c8c8c", linewidth=0.3)
        )  # fmt: skip
        ax.text(column + 0.5, y + height / 2, points(p, found.se), ha="center", va="center",
                fontsize=style.SMALL)  # fmt: skip


def _label(line: Line, results: Results, lang: str) -> str:
    """Return a row's name with its year and what it asks, folded where it is long."""
    if line.reading_of:
        return style.fold_label(reading_name(line, results, lang).strip(), LABEL)
    name = target_name(line.target, lang)
    if line.kind in JOINT:
        return style.fold_label(name, LABEL)
    several = {one.year for one in results.targets if one.scored and not one.joint}
    year = f" {line.year}" if len(several) > 1 else ""
    wanted = asked(line, results, lang)
    if width(f"{name}{year}  {wanted}") <= LABEL:
        return f"{name}{year}  {wanted}"
    lines = style.fold_label(f"{name}{year}", LABEL).split("\n")
    if len(lines) > 1 and width(f"{lines[-1]}  {wanted}") <= LABEL:
        return "\n".join([*lines[:-1], f"{lines[-1]}  {wanted}"])
    return "\n".join([*lines, *style.fold_label(wanted, LABEL).split("\n")])
