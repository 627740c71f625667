"""The answer as a short table for the terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sdensemble.inputs.report import Outcome
from sdensemble.inputs.targets import readings
from sdensemble.outputs.horizon_tables import answer_tables
from sdensemble.outputs.tables import limits_of
from sdensemble.outputs.text import folded, width, wrap
from sdensemble.outputs.words import (
    beyond,
    bracketed,
    fitted,
    in_ten,
    information_date,
    label,
    measured,
    percent,
    points,
    rounded,
    target_name,
)
from sdensemble.outputs.write.terminal import table_text
from sdensemble.results.estimate import standard_error
from sdensemble.results.horizon import reference
from sdensemble.results.probability import Probability, distinguishable
from sdensemble.results.results import (
    LEAST_OUTLAY,
    Effect,
    Results,
    is_stress,
    outlay_told,
    quantile,
)

if TYPE_CHECKING:
    from sdensemble.inputs.scenarios import Scenario
    from sdensemble.inputs.targets import Target

WORDS: Mapping[str, Mapping[str, str]] = {
    "conditions": {
        "zh": "口径：{measure}{key}；{date}；先验组：{prior}；每情景{n}个成员；{fitted}",
        "en": "Measure: {measure}{key}; {date}; prior set: {prior};"
        " {n} members a scenario; {fitted}",
    },
    "asked": {"zh": "目标：{target}{units}", "en": "Target: {target}{units}"},
    "units": {"zh": "（{notes}）", "en": " ({notes})"},
    "per_outlay": {"zh": "每单位支出", "en": "Per outlay"},
    "scenario": {"zh": "情景", "en": "Scenario"},
    "median": {"zh": "中位数（90%区间）", "en": "Median (90% band)"},
    "effect": {"zh": "比对照", "en": "Effect"},
    "outlay": {"zh": "财政支出", "en": "Outlay"},
    "columns": {
        "zh": "各列：达标概率 ±抽样标准误；{year}{name}中位数及90%区间（{unit}）；"
        "与对照情景（{against}）的同成员配对差 ±标准误（{unit}，≈0 为与零无显著差别；· 为未计算）",
        "en": "Columns: probability of meeting the target ± Monte Carlo standard error; median and"
        " 90% band in {year} ({unit}); paired effect against {against} ± standard error"
        " ({unit}; ≈0: not distinguishable from zero; ·: not run)",
    },
    "outlay_column": {
        "zh": "；新增财政支出，累计至{year}（{unit}）；每单位支出的效果（两列均值之比，"
        "支出或效果与零无显著差别及纯压力情景为—）",
        "en": "; added outlay, cumulative through {year} ({unit}); effect per unit of outlay (ratio"
        " of the two means; —: either is not distinguishable from zero, or no lever is moved)",
    },
    "equal": {
        "zh": "等额支出只在默认常数运行上成立：各成员中同一政策的支出随落实率与世界而变，"
        "{names}之间请比较每单位支出的效果。",
        "en": "Outlay is equal on the default-constant run only; over members it moves with the"
        " world, so compare {names} by the effect per unit of outlay.",
    },
    "against_others": {"zh": "；*对照为{names}", "en": "; *: against {names}"},
    "years": {"zh": "{scenario}情景下，{items}。", "en": "Under {scenario}: {items}."},
    "readings": {
        "zh": "另一口径（参照，非目标）：{items}。{why}",
        "en": "In another scope (references, no targets): {items}. {why}",
    },
    "reading": {"zh": "{target}：{scenario}情景{p}", "en": "{target}: {p} under {scenario}"},
    "reading_span": {"zh": "，各情景{span}", "en": ", {span} over the scenarios"},
    "limits": {
        "zh": "起制约作用的因素（{scenario}情景，{year}，{name}，按产出加权的占比）：{items}。"
        "占比小的因素，放宽它的政策作用也小。",
        "en": "What limits ({scenario}, {year}, {name}, shares weighted by output): {items}."
        " Relaxing a limit with a low share moves little.",
    },
    "limits_of": {"zh": "{set}——{shares}", "en": "{set} — {shares}"},
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
    "after": {
        "zh": "以上结果的参数已由观测值校准：±只含抽样误差；后验仍随先验、误差设定与结构而变。",
        "en": "Constants are calibrated: ± is Monte Carlo error alone; the posterior still hangs on"
        " priors, error sizes and structure.",
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
        "zh": "注意：{prior}下{scenario}情景有{members}个成员出现非数值（{variable}，"
        "最早在{first_year}，例如成员{member}）；相应概率给出上下限。",
        "en": "Note: {members} members under {scenario} ({prior}) are not finite ({variable},"
        " first in {first_year}, e.g. member {member}); such probabilities are given as bounds.",
    },
}


def terminal_summary(
    results: Results,
    lang: str,
    others: Sequence[Results] = (),
    more: Sequence[str] = (),
    columns: int | None = None,
) -> str:
    """Return the answer as text: conditions, one row per scenario, words, what it is not.

    ``others`` are the same study under further prior sets, each a column of P; ``more`` are
    notes on the study itself. A table wider than ``columns`` is folded into several.
    """
    rows = folded(_rows(results, lang, others), columns)
    notes = [
        _columns_note(results, lang),
        _answer(results, lang, others),
        *_other_years(results, lang),
        *_readings_notes(results, lang),
        *_limits_note(results, lang),
        *_joint_notes(results, lang),
        *equal_outlay_note(results, lang),
        WORDS["after"][lang]
        if results.posterior
        else WORDS["before" if others else "one_set"][lang],
        *(
            WORDS["lost"][lang].format(prior=label(one.spec, one.prior_set, lang), **found)
            for one in (results, *others)
            for found in one.lost
        ),
        *more,
    ]
    asked = statement(results, results.question, lang)
    units = results.spec.unit_notes(_units(results), lang)
    units = WORDS["units"][lang].format(notes=units) if units else ""
    head = [
        _conditions(results, lang),
        WORDS["asked"][lang].format(target=asked, units=units),
    ]
    wide = columns or max(80, max(map(width, rows)))
    told = [line for note in notes for line in wrap(note, wide)]
    for table in answer_tables(results):
        told += ["", *table_text(table, lang, columns).splitlines()]
    first = [line for text in head for line in wrap(text, columns)] if columns else head
    return "\n".join([*first, "", *rows, "", *told])


def _conditions(results: Results, lang: str) -> str:
    """Return the first line: measure, scope, price basis, information date, priors, members."""
    target = results.question
    return WORDS["conditions"][lang].format(
        measure=label(results.spec, target.measure, lang),
        key=bracketed(results.spec, (target.scope, target.price_basis), lang),
        date=information_date(results.as_of, lang, results.spec.issued),
        prior=label(results.spec, results.prior_set, lang),
        n=results.members,
        fitted=fitted(results.posterior, lang),
    )


def _units(results: Results) -> list[str]:
    """Return the units the answer is written in."""
    payers = [results.unit(payer.variable) for payer in results.spec.payers]
    return [results.question.unit, results.unit(results.spec.headline.whole.variable), *payers]


def statement(results: Results, target: Target, lang: str) -> str:
    """Return a target in words: "2025年全省产值超过1000亿元"."""
    year, name = results.when(results.year(target), lang), target_name(target, lang)
    if target.joint:
        return f"{year}{name}" if lang == "zh" else f"{name}, {year}"
    words = beyond(target, results.spec, lang)
    return f"{year}{name}{words}" if lang == "zh" else f"{name} {words} in {year}"


# ── the table ──


def _rows(results: Results, lang: str, others: Sequence[Results]) -> list[list[str]]:
    asked = results.question
    now = [t for t in _headlines(results, now=True) if t is not asked]
    targets = [asked, *now, *(t for t in results.beside() if t not in now)]
    head = [WORDS["scenario"][lang]]
    for place, target in enumerate(targets):
        shown = _target_head(results, target, lang)
        dated = results.year(target) != results.asked_year
        head.append(f"{shown} {results.when(results.year(target), lang)}" if dated else shown)
        if place == 0:
            head += [f"({label(o.spec, o.prior_set, lang)})" for o in others]
    head += [WORDS["median"][lang], WORDS["effect"][lang]]
    if results.spec.payers:
        head += [WORDS["outlay"][lang], WORDS["per_outlay"][lang]]
    return [head, *(_row(results, lang, others, targets, s) for s in results.scenarios)]


def _headlines(results: Results, now: bool) -> list[Target]:
    """Return the headline targets of the question's year, or those of other years."""
    year = results.asked_year
    return [t for t in results.headline_targets() if (results.year(t) == year) == now]


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
    cells += [_band(results, scenario), _effect(results, scenario)]
    if results.spec.payers:
        cells += [_outlay(results, scenario), _per_outlay(results, scenario)]
    return cells


def _target_head(results: Results, target: Target, lang: str) -> str:
    head = results.spec.headline
    named = {(o.variable, o.element): o for o in (head.whole, *head.groups)}
    found = named.get((target.variable, target.element or None))
    return found.label[lang] if found else target_name(target, lang)


def _bare(found: Probability) -> str:
    return percent(found).split(" ±")[0]


def _other(other: Results, target: Target, scenario: Scenario) -> str:
    if not other.has(scenario.name):
        return "·"
    return percent(other.event(target, other.scenario(scenario.name)).probability())


def _band(results: Results, scenario: Scenario) -> str:
    values = results.at(results.asked_outcome, scenario, results.asked_year)
    low, median, high = quantile(values, [0.05, 0.5, 0.95])
    se = standard_error(values, results.replicate)[0]
    known = math.isfinite(median) and median != 0
    most = max(0, 1 - math.floor(math.log10(abs(median)))) if known else 0
    cells = (rounded(value, 2 * se, most) for value in (median, low, high))
    return "{} ({}–{})".format(*cells)


def _against(results: Results, scenario: Scenario) -> Scenario | None:
    return next((other for one, other in results.pairs() if one is scenario), None)


def _effect(results: Results, scenario: Scenario) -> str:
    against = _against(results, scenario)
    if against is None:
        return "—"
    whole = results.asked_outcome
    found = results.effect(whole, scenario, against, results.asked_year).found
    text = measured(found.mean, found.se) if distinguishable(found) else "≈0"
    if found.mean == 0.0 and not found.se > 0.0:
        text = "0"
    return text if against is reference(results) else f"{text}*"


def _outlay(results: Results, scenario: Scenario) -> str:
    against = _against(results, scenario)
    found = results.payers_outlay(scenario, against, results.asked_year) if against else None
    if found is None:
        return "—"
    mean = found.found.mean
    text = f"{mean:+.1f}" if abs(mean) < 10 else f"{mean:+.0f}"
    text = "0" if abs(mean) < LEAST_OUTLAY else text.replace("-", "−")
    return text if against is reference(results) else f"{text}*"


def _per_outlay(results: Results, scenario: Scenario) -> str:
    against = _against(results, scenario)
    outlay = results.payers_outlay(scenario, against, results.asked_year) if against else None
    if against is None or outlay is None or is_stress(scenario):
        return "—"
    whole = results.asked_outcome
    text = per_outlay(results.effect(whole, scenario, against, results.asked_year), outlay)
    return text if text == "—" or against is reference(results) else f"{text}*"


def per_outlay(effect: Effect, outlay: Effect) -> str:
    """Return the effect per unit of outlay, the ratio of two means, to two decimals.

    A dash where either is within its error of zero, or the outlay is printed as zero: the ratio
    then says nothing.
    """
    if not (distinguishable(effect.found) and outlay_told(outlay)):
        return "—"
    ratio = effect.found.mean / outlay.found.mean
    places = min(2, max(0, 1 - math.floor(math.log10(abs(ratio)))))
    return f"{ratio:+.{places}f}".replace("-", "−") if round(ratio, places) else "≈0"


def equal_outlay_note(results: Results, lang: str) -> list[str]:
    """Say of packages that cost alike where they do; nothing where fewer than two were run."""
    packages = [
        one.title[lang]
        for one, against in results.pairs()
        if one.package
        and (paid := results.payers_outlay(one, against, results.asked_year))
        and outlay_told(paid)
    ]
    if not results.spec.payers or len(packages) < 2:
        return []
    names = ("、" if lang == "zh" else ", ").join(packages)
    return [WORDS["equal"][lang].format(names=names)]


def _columns_note(results: Results, lang: str) -> str:
    year, whole = results.when(results.asked_year, lang), results.asked_outcome
    unit = results.spec.unit_label(results.unit(whole.variable), lang)
    base = reference(results)
    name = whole.label[lang]
    note = WORDS["columns"][lang].format(year=year, name=name, unit=unit, against=base.title[lang])
    if results.spec.payers:
        payer_unit = results.unit(results.spec.payers[0].variable)
        shown = results.spec.unit_label(payer_unit, lang)
        note += WORDS["outlay_column"][lang].format(year=year, unit=shown)
    others = {b.title[lang] for _, b in results.pairs() if b is not base}
    if others:
        note += WORDS["against_others"][lang].format(names=" / ".join(sorted(others)))
    return note + ("。" if lang == "zh" else ".")


# ── the answer in words ──


def _answer(results: Results, lang: str, others: Sequence[Results]) -> str:
    target, scenario = results.question, reference(results)
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


def _other_years(results: Results, lang: str) -> list[str]:
    """Say P of the headline targets of other years under the reference scenario."""
    scenario = reference(results)
    items = [
        f"{statement(results, target, lang)}{'：' if lang == 'zh' else ': '}"
        f"{_bare(results.event(target, scenario).probability())}"
        for target in _headlines(results, now=False)
    ]
    if not items:
        return []
    joined = ("；" if lang == "zh" else "; ").join(items)
    return [WORDS["years"][lang].format(scenario=scenario.title[lang], items=joined)]


def _readings_notes(results: Results, lang: str) -> list[str]:
    """Say P of the question and its year's headlines where they are read in another scope."""
    base, zh = reference(results), lang == "zh"
    read = [
        one
        for target in dict.fromkeys((*_headlines(results, now=True), *results.beside()))
        for one in readings(target, results.targets)
        if one.variable in results.data
    ]
    items = []
    for target in read:
        found = [results.event(target, s).probability().middle for s in results.scenarios]
        own = _bare(results.event(target, base).probability())
        item = WORDS["reading"][lang].format(
            target=statement(results, target, lang), scenario=base.title[lang], p=own
        )
        if len(found) > 1:
            low, high = points(min(found)), points(max(found))
            span = f"{low}%" if low == high else f"{low}%{'至' if zh else ' to '}{high}%"
            item += WORDS["reading_span"][lang].format(span=span)
        items.append(item)
    if not items:
        return []
    why = dict.fromkeys(one.reason_zh if zh else one.reason_en for one in read)
    told = ("；" if zh else "; ").join(items)
    return [WORDS["readings"][lang].format(items=told, why=("" if zh else " ").join(why)).rstrip()]


def _limits_note(results: Results, lang: str) -> list[str]:
    """Say which limits bind the first group in the question's year, under the reference."""
    scenario = reference(results)
    found = limits_of(results, scenario, results.asked_year)
    if found is None:
        return []
    outcome, sets = found
    comma = "、" if lang == "zh" else ", "
    items = [
        WORDS["limits_of"][lang].format(
            set=label(results.spec, name, lang),
            shares=comma.join(
                f"{regime.label[lang]}{'' if lang == 'zh' else ' '}{points(share)}%"
                for regime, share in held
            ),
        )
        for name, held in sets.items()
    ]
    return [
        WORDS["limits"][lang].format(
            scenario=scenario.title[lang],
            year=results.when(results.asked_year, lang),
            name=outcome.label[lang],
            items=("；" if lang == "zh" else "; ").join(items),
        )
    ]


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
    return spoken.label[lang] if spoken else target_name(target, lang)


PAGE = 14
"""Scenarios side by side on a terminal or in a figure; more stand below, or in another figure."""


def pages_of(results: Results) -> tuple[tuple[int, ...], ...]:
    """Return the places of the scenarios that stand side by side, the reference first in each."""
    base = results.scenarios.index(reference(results))
    others = [place for place in range(len(results.scenarios)) if place != base]
    step = PAGE - 1
    return tuple(
        tuple(sorted((base, *others[i : i + step]))) for i in range(0, max(len(others), 1), step)
    )
