"""The answer as a short table for the terminal."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sdensemble.outputs.estimate import standard_error
from sdensemble.outputs.probability import Probability, distinguishable
from sdensemble.outputs.report import Outcome
from sdensemble.outputs.results import Results, quantile
from sdensemble.outputs.words import (
    beyond,
    in_ten,
    information_date,
    label,
    measured,
    percent,
    points,
    rounded,
)

if TYPE_CHECKING:
    from sdensemble.scenarios import Scenario, Target

WORDS: Mapping[str, Mapping[str, str]] = {
    "conditions": {
        "zh": "口径：{measure}（{scope}，{price}）；{date}；先验组：{prior}；每情景{n}个成员；校准之前",
        "en": "Measure: {measure} ({scope}, {price}); {date}; prior set: {prior};"
        " {n} members a scenario; before calibration",
    },
    "asked": {"zh": "目标：", "en": "Target: "},
    "scenario": {"zh": "情景", "en": "Scenario"},
    "median": {"zh": "中位数（90%区间）", "en": "Median (90% band)"},
    "effect": {"zh": "比对照", "en": "Effect"},
    "outlay": {"zh": "财政支出", "en": "Outlay"},
    "columns": {
        "zh": "各列：达标概率 ±抽样标准误；{year}年产出中位数及90%区间（{unit}）；与对照情景（{against}）"
        "的同成员配对差 ±标准误（{unit}，≈0 为与零无显著差别）",
        "en": "Columns: probability of meeting the target ± Monte Carlo standard error; median and"
        " 90% band in {year} ({unit}); paired effect against {against} ± standard error"
        " ({unit}; ≈0: not distinguishable from zero)",
    },
    "outlay_column": {
        "zh": "；新增财政支出，累计至{year}年（{unit}）",
        "en": "; added outlay, cumulative through {year} ({unit})",
    },
    "answer": {
        "zh": "回答：{scenario}情景下，{target}，",
        "en": "Answer: under {scenario}, {target}: ",
    },
    "ranges": {"zh": "{words}（{sets}）。", "en": "{words} ({sets})."},
    "before": {
        "zh": "以上为校准之前的结果：±只含抽样误差，不含先验、结构与口径的不确定性；"
        "不同先验组之间的差距也属于不确定性。",
        "en": "This is before calibration: ± is Monte Carlo error alone, without the uncertainty of"
        " priors, structure and measure; the distance between prior sets is part of it too.",
    },
    "one_set": {
        "zh": "以上为校准之前的结果：±只含抽样误差，不含先验、结构与口径的不确定性。",
        "en": "This is before calibration: ± is Monte Carlo error alone, without the uncertainty of"
        " priors, structure and measure.",
    },
    "fails": {
        "zh": "{joint}：{scenario}情景下{p}；单项概率不足1%的：{names}。",
        "en": "{joint}: {p} under {scenario}; alone below 1%: {names}.",
    },
    "lost": {
        "zh": "注意：{scenario}情景有{members}个成员出现非数值（{variable}，最早{first_year}年，"
        "例如成员{member}）；相应概率给出上下限。",
        "en": "Note: {members} members under {scenario} are not finite ({variable}, first in"
        " {first_year}, e.g. member {member}); such probabilities are given as bounds.",
    },
}


def terminal_summary(results: Results, lang: str, others: Sequence[Results] = ()) -> str:
    """Return the answer as text: conditions, one row per scenario, words, what it is not.

    ``others`` are the same study under further prior sets, each a column of P.
    """
    rows = table(_rows(results, lang, others))
    notes = [
        _columns_note(results, lang),
        _answer(results, lang, others),
        *_joint_notes(results, lang),
        WORDS["before" if others else "one_set"][lang],
        *(WORDS["lost"][lang].format(**found) for found in results.lost()),
    ]
    head = [
        _conditions(results, lang),
        WORDS["asked"][lang] + statement(results, results.question(), lang),
    ]
    columns = max(80, max(map(width, rows)))
    folded = [line for note in notes for line in wrap(note, columns)]
    return "\n".join([*head, "", *rows, "", *folded])


def _conditions(results: Results, lang: str) -> str:
    """Return the first line: measure, scope, price basis, information date, priors, members."""
    target = results.question()
    return WORDS["conditions"][lang].format(
        measure=label(results.spec, target.measure, lang),
        scope=label(results.spec, target.scope, lang),
        price=label(results.spec, target.price_basis, lang),
        date=information_date(results.as_of, lang),
        prior=label(results.spec, results.prior_set, lang),
        n=results.members,
    )


def statement(results: Results, target: Target, lang: str) -> str:
    """Return a target in words: "2025年全省产值超过3000亿元"."""
    if target.joint:
        return f"{target.year}年{target.zh}" if lang == "zh" else f"{target.en}, {target.year}"
    words = beyond(target, results.spec, lang)
    if lang == "zh":
        return f"{target.year}年{target.zh}{words}"
    return f"{target.en} {words} in {target.year}"


# ── the table ──


def _rows(results: Results, lang: str, others: Sequence[Results]) -> list[list[str]]:
    asked = results.question()
    targets = [asked, *(t for t in results.headline_targets() if t is not asked)]
    several = len({target.year for target in targets}) > 1
    head = [WORDS["scenario"][lang]]
    for place, target in enumerate(targets):
        head.append(_target_head(results, target, lang, several))
        if place == 0:
            head += [f"({label(o.spec, o.prior_set, lang)})" for o in others]
    head += [WORDS["median"][lang], WORDS["effect"][lang]]
    if results.spec.payers:
        head.append(WORDS["outlay"][lang])
    return [head, *(_row(results, lang, others, targets, s) for s in results.scenarios)]


def _row(
    results: Results,
    lang: str,
    others: Sequence[Results],
    targets: Sequence[Target],
    scenario: Scenario,
) -> list[str]:
    cells = [scenario.title[lang]]
    for place, target in enumerate(targets):
        found = results.event(target, scenario).probability()
        cells.append(percent(found) if place == 0 else _bare(found))
        if place == 0:
            cells += [_other(other, target, scenario) for other in others]
    cells += [_band(results, scenario, targets[0]), _effect(results, scenario, targets[0].year)]
    if results.spec.payers:
        cells.append(_outlay(results, scenario, targets[0].year))
    return cells


def _target_head(results: Results, target: Target, lang: str, several: bool) -> str:
    head = results.spec.headline
    named = {(o.variable, o.element): o for o in (head.whole, *head.groups)}
    found = named.get((target.variable, target.element or None))
    name = found.label[lang] if found else (target.zh if lang == "zh" else target.en)
    return f"{name} {target.year}" if several else name


def _bare(found: Probability) -> str:
    return percent(found).split(" ±")[0]


def _other(other: Results, target: Target, scenario: Scenario) -> str:
    if not other.has(scenario.name):
        return "·"
    return percent(other.event(target, other.scenario(scenario.name)).probability())


def _band(results: Results, scenario: Scenario, target: Target) -> str:
    values = results.at(results.spec.headline.whole, scenario, target.year)
    low, median, high = quantile(values, [0.05, 0.5, 0.95])
    se = standard_error(values, results.replicate)[0]
    return f"{rounded(median, se, 0)} ({rounded(low, 2 * se, 0)}–{rounded(high, 2 * se, 0)})"


def _effect(results: Results, scenario: Scenario, year: int) -> str:
    against = next((b for a, b in results.pairs() if a is scenario), None)
    if against is None:
        return "—"
    found = results.effect(results.spec.headline.whole, scenario, against, year).found
    if found.mean == 0.0 and not found.se > 0.0:
        return "0"
    return measured(found.mean, found.se) if distinguishable(found) else "≈0"


def _outlay(results: Results, scenario: Scenario, through: int) -> str:
    against = next((b for a, b in results.pairs() if a is scenario), None)
    found = results.payers_outlay(scenario, against, through) if against else None
    if found is None:
        return "—"
    if abs(found.found.mean) < 0.05:
        return "0"
    return f"{found.found.mean:+.1f}" if abs(found.found.mean) < 10 else f"{found.found.mean:+.0f}"


def _columns_note(results: Results, lang: str) -> str:
    target = results.question()
    unit = results.spec.unit_label(results.unit(results.spec.headline.whole.variable), lang)
    against = sorted({b.title[lang] for _, b in results.pairs()}) or ["—"]
    note = WORDS["columns"][lang].format(year=target.year, unit=unit, against="/".join(against))
    if results.spec.payers:
        payer_unit = results.unit(results.spec.payers[0].variable)
        shown = results.spec.unit_label(payer_unit, lang)
        note += WORDS["outlay_column"][lang].format(year=target.year, unit=shown)
    return note + ("。" if lang == "zh" else ".")


# ── the answer in words ──


def _answer(results: Results, lang: str, others: Sequence[Results]) -> str:
    target, scenario = results.question(), reference(results)
    found = [results.event(target, scenario).probability()]
    sets = [f"{label(results.spec, results.prior_set, lang)} {percent(found[0])}"]
    for other in others:
        if other.has(scenario.name):
            found.append(other.event(target, other.scenario(scenario.name)).probability())
            sets.append(f"{label(other.spec, other.prior_set, lang)} {percent(found[-1])}")
    low, high = min(p.least.mean for p in found), max(p.most.mean for p in found)
    shown = ("；" if lang == "zh" else "; ").join(sets)
    answer = WORDS["answer"][lang].format(
        scenario=scenario.title[lang], target=statement(results, target, lang)
    )
    return answer + WORDS["ranges"][lang].format(words=in_ten(low, high, lang), sets=shown)


def reference(results: Results) -> Scenario:
    """Return the scenario most others are compared with; the first where there is none."""
    against = [b for _, b in results.pairs()]
    return max(results.scenarios, key=against.count) if against else results.scenarios[0]


def _joint_notes(results: Results, lang: str) -> list[str]:
    """Say of each joint headline target which of its parts fail alone."""
    scenario, notes = reference(results), []
    for target in results.headline_targets():
        if not target.joint:
            continue
        whole = results.event(target, scenario).probability()
        failing = [
            part
            for part in results.parts(target)
            if results.event(part, scenario).probability().most.mean < 0.01
        ]
        if not failing:
            continue
        names = ("、" if lang == "zh" else ", ").join(_part_name(results, p, lang) for p in failing)
        shown = f"{points(whole.most.mean)}%"
        notes.append(
            WORDS["fails"][lang].format(
                joint=statement(results, target, lang),
                scenario=scenario.title[lang],
                p=shown,
                names=names,
            )
        )
    return notes


def _part_name(results: Results, target: Target, lang: str) -> str:
    spoken: Outcome | None = next(
        (o for o in results.outcomes() if target in results.targets_of(o)), None
    )
    return spoken.label[lang] if spoken else (target.zh if lang == "zh" else target.en)


# ── alignment ──


def width(text: str) -> int:
    """Return how many columns a text takes on a terminal: two for each wide character."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def wrap(text: str, columns: int) -> list[str]:
    """Return a text as lines of at most ``columns``, broken at blanks or between wide signs."""
    lines, line = [], ""
    for piece in re.findall(r"[ -~–—±−≈]+?(?:\s+|$|(?=[^ -~–—±−≈]))|.", text):
        closing = piece[0] in "，。；：、）"
        if line and width(line + piece.rstrip()) > columns and not closing:
            lines.append(line.rstrip())
            line = ""
        line += piece
    return [*lines, line.rstrip()]


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return lines of aligned cells with a rule under the head; the first column to the left."""
    widths = [max(width(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  ".join(_pad(c, w, i == 0) for i, (c, w) in enumerate(zip(row, widths, strict=True)))
        for row in rows
    ]
    rule = "─" * (sum(widths) + 2 * (len(widths) - 1))
    return [line.rstrip() for line in (lines[0], rule, *lines[1:])]


def _pad(text: str, size: int, left: bool) -> str:
    space = " " * (size - width(text))
    return text + space if left else space + text
