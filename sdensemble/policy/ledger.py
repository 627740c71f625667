"""The ledger (达标台账): per target the latest published statistic, and whether it is met.

A statistic judges a target of the same measure and year only. One of another measure, or of
another year, is shown and named, and judges nothing. A probability stands only where nothing of
the same measure is published for the target's year.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sdensemble.inputs.published import Statistic
from sdensemble.inputs.report import ReportSpec
from sdensemble.inputs.targets import ABOUT, Target, holds, readings
from sdensemble.outputs.tables import Row
from sdensemble.outputs.text import folded, wrap
from sdensemble.outputs.words import information_date, label, percent, points, scale_of, target_name
from sdensemble.policy.regions import LAYOUT_CSV, Layout, layout_cells
from sdensemble.results.probability import Probability
from sdensemble.results.results import Results, Split

if TYPE_CHECKING:
    from sdengine.syntax import Model
    from sdensemble.inputs.scenarios import Scenario

STATUSES = MET, NOT_MET, NOT_PUBLISHED = "met", "not_met", "not_published"
COLUMNS = 118
SIGNS = {">": "＞", ">=": "≥", "=": "＝", ABOUT: "约"}
SIGNS_EN = {">": ">", ">=": "≥", "=": "=", ABOUT: "about"}

WORDS: Mapping[str, Mapping[str, str]] = {
    MET: {"zh": "已达标", "en": "met"},
    NOT_MET: {"zh": "未达标", "en": "not met"},
    NOT_PUBLISHED: {"zh": "未公布", "en": "not published"},
    "title": {
        "zh": "达标台账（{date}）：{groups}",
        "en": "Ledger of the targets ({date}): {groups}",
    },
    "outcome_count": {
        "zh": "计概率的目标{n}项，已达标{met}，未达标{not_met}，未公布{not_published}",
        "en": "{n} scored targets, {met} met, {not_met} not met, {not_published} not published",
    },
    "lever_count": {"zh": "由政策工具设定{n}项{judged}", "en": "{n} set by levers{judged}"},
    "indicator_count": {"zh": "不模拟{n}项{judged}", "en": "{n} not simulated{judged}"},
    "judged": {
        "zh": "（其中已达标{met}，未达标{not_met}）",
        "en": " ({met} met, {not_met} not met)",
    },
    "reading": {"zh": "（{scope}：{p}）", "en": " ({scope}: {p})"},
    "above": {"zh": "（高于区间{p}%）", "en": " (above the band: {p}%)"},
    "no_date": {"zh": "全部已收集的统计", "en": "all statistics collected"},
    "heads": {
        "zh": "目标|要求|状态|最近的已公布统计（年份，口径）|公布于|达标概率",
        "en": "Target|Asked|Status|Latest published statistic (year, measure)|Published|P",
    },
    "lever_heads": {
        "zh": "由政策工具设定、不计概率的条目|要求|政策工具与设定值",
        "en": "Set by a lever, given no probability|Asked|Lever and value",
    },
    "indicators": {
        "zh": "不模拟的条目（各附理由）",
        "en": "Not simulated (each with its reason)",
    },
    "other_measure": {"zh": "{shown}，口径不同，不作判断", "en": "{shown}: another measure"},
    "other_year": {"zh": "{shown}，年份不同", "en": "{shown}: another year"},
    "statistic": {"zh": "{amount}（{year}，{measure}）", "en": "{amount} ({year}, {measure})"},
    "whose": {"zh": "{whose}：{measure}", "en": "{measure} of {whose}"},
    "note": {
        "zh": "判断只用同口径、同年份的统计；口径或年份不同的只列出、不判断。"
        "已公布的年份不再给概率。括号内为同一目标按另一口径的概率。",
        "en": "Only a statistic of the same measure and year judges; others are shown and judge"
        " nothing. A year already published needs no probability. In brackets: the same target in"
        " another scope.",
    },
    "p_from": {
        "zh": "概率取自运行 {run}：{scenario}情景；{date}；先验组：{prior}；"
        "±为抽样标准误，校准之前。",
        "en": "P from run {run}: {scenario}; {date}; prior set: {prior}; ± is Monte Carlo error,"
        " before calibration.",
    },
    "no_run": {
        "zh": "没有可用的运行，故不给概率：先用 run 运行，或用 --run 指明文件夹。",
        "en": "No stored run, so no probabilities: use run first, or name a folder with --run.",
    },
    "no_lever": {"zh": "无：{why}", "en": "none: {why}"},
    "no_level": {"zh": "{lever}（{why}）", "en": "{lever} ({why})"},
}  # fmt: skip

LEDGER_CSV = {
    "target": ("目标标识", "target identifier"),
    "target_zh": ("目标（中文）", "target (Chinese)"),
    "target_en": ("目标（英文）", "target (English)"),
    "section": ("原文位置", "section of the text"),
    "role": (
        "类别：outcome 计概率，lever 由政策工具设定，indicator 不模拟",
        "outcome (scored), lever (set), indicator (not simulated)",
    ),
    "year": ("目标年；原文无期限或逐年要求时空白", "year; blank without deadline, or yearly"),
    "comparator": ("比较符", "comparator"),
    "value": ("目标值", "value"),
    "band_low": ("区间下端", "lower end of the band or range"),
    "band_high": ("区间上端", "upper end of the band or range"),
    "unit": ("单位", "unit"),
    "measure": ("目标口径", "measure of the target"),
    "status": (
        "状态：met 已达标，not_met 未达标，not_published 同口径未公布",
        "met, not_met or not_published (of the same measure and year)",
    ),
    "judged_by": ("判断所依据的统计", "statistics that judge"),
    "latest": ("最近的已公布统计", "latest published statistic"),
    "latest_year": ("统计年份", "its year"),
    "latest_value": ("统计值", "its value"),
    "latest_unit": ("统计单位", "its unit"),
    "latest_measure": ("统计口径", "its measure"),
    "same_measure": ("口径是否相同", "whether of the target's measure"),
    "published_on": ("公布日期", "published on"),
    "source": ("来源", "source"),
    "statistic_note": ("统计说明", "note on the statistic"),
    "lever": ("政策工具（模型常数）", "lever (constant of the model)"),
    "lever_value": ("设定值", "value that meets the row"),
    "lever_unit": ("设定值单位", "unit of that value"),
    "reason_zh": ("不模拟或不设定的理由（中文）", "why not simulated or set (Chinese)"),
    "reason_en": ("不模拟或不设定的理由（英文）", "why not simulated or set (English)"),
    "p": ("达标概率；已公布或无运行时空白", "probability; blank where published, or without a run"),
    "mc_error": ("抽样标准误", "Monte Carlo standard error"),
    "p_above": ("“约”类目标：高于区间的概率", "of an about target: probability above the band"),
    "reading": (
        "另一口径的参照（标识）",
        "reference that reads it in another measure (identifier)",
    ),
    "reading_p": ("另一口径下的概率", "probability in that measure"),
    "reading_error": ("其抽样标准误", "its Monte Carlo standard error"),
    **LAYOUT_CSV,
    "event": ("概率的条件", "condition of the probability"),
    "scenario": ("概率的情景", "scenario of the probability"),
    "run_as_of": ("概率的信息截止", "information date of the probability"),
    "prior_set": ("先验组", "prior set"),
    "ledger_as_of": ("台账的信息截止；空白为全部", "information date of the ledger; blank: all"),
    "conflicts": ("涉及的原文矛盾", "conflicts inside the text it is part of"),
    "note": ("说明", "note"),
}


@dataclass(frozen=True)
class Entry:
    """One row of the ledger: ``latest`` is what is shown, ``judged`` what decides, if any."""

    target: Target
    status: str
    judged: tuple[Statistic, ...]
    latest: Statistic | None
    probability: Probability | None
    split: Split | None = None
    readings: tuple[tuple[Target, Probability], ...] = ()


def ledger(
    targets: Sequence[Target],
    statistics: Sequence[Statistic],
    results: Results | None = None,
    scenario: Scenario | None = None,
) -> tuple[Entry, ...]:
    """Return an entry for each row that is no reference, in the order of the targets.

    ``statistics`` are those known at the ledger's date. Probabilities are those of ``results``
    under ``scenario``, where a target is scored, the run kept it, and nothing decides it.
    """
    by_id = {target.id: target for target in targets}
    found = []
    for target in targets:
        if target.role == "reference":
            continue
        judged = _judging(target, statistics, by_id)
        status = _status(target, statistics, by_id)
        p, split = None, None
        others: tuple[tuple[Target, Probability], ...] = ()
        if status == NOT_PUBLISHED and target.scored and results and scenario:
            p = _probability(results, target, scenario)
            split = results.split(target, scenario) if p else None
            others = tuple(
                (one, p)
                for one in readings(target, targets)
                if not _judging(one, statistics, by_id)
                and (p := _probability(results, one, scenario))
            )
        found.append(Entry(target, status, judged, _latest(target, statistics), p, split, others))
    return tuple(found)


def _judging(
    target: Target, statistics: Sequence[Statistic], by_id: Mapping[str, Target]
) -> tuple[Statistic, ...]:
    if target.joint:
        parts = (_judging(by_id[name], statistics, by_id) for name in target.joint)
        return tuple(dict.fromkeys(one for part in parts for one in part))
    if target.value is None:
        return ()
    same = [one for one in _about(target, statistics) if one.measure == target.measure]
    if target.year is not None:
        same = [one for one in same if one.year == target.year]
    return (max(same, key=_recent),) if same else ()


def _status(target: Target, statistics: Sequence[Statistic], by_id: Mapping[str, Target]) -> str:
    """Return whether a target is met; a joint one is not met as soon as one part is not."""
    if target.joint:
        parts = {_status(by_id[name], statistics, by_id) for name in target.joint}
        if NOT_MET in parts:
            return NOT_MET
        return MET if parts == {MET} else NOT_PUBLISHED
    judged = _judging(target, statistics, by_id)
    if not judged:
        return NOT_PUBLISHED
    return MET if _meets(target, judged[0].value) else NOT_MET


def _meets(target: Target, value: float) -> bool:
    if target.comparator == "=":
        return value == target.value
    return bool(holds(target, value))


def _about(target: Target, statistics: Sequence[Statistic]) -> list[Statistic]:
    key = (target.entity, target.quantity)
    return [one for one in statistics if target.quantity and (one.entity, one.quantity) == key]


def _recent(one: Statistic) -> tuple[int, object]:
    return one.year, one.public


def _latest(target: Target, statistics: Sequence[Statistic]) -> Statistic | None:
    """Return the statistic to show: of the same measure and year, of the measure, of the year."""
    about = _about(target, statistics)
    return max(
        about,
        key=lambda one: (
            one.measure == target.measure and target.year in (None, one.year),
            one.measure == target.measure,
            one.year == target.year,
            *_recent(one),
        ),
        default=None,
    )


def _probability(results: Results, target: Target, scenario: Scenario) -> Probability | None:
    if not kept(results, target):
        return None
    return results.event(target, scenario).probability()


def kept(results: Results, target: Target) -> bool:
    """Return whether a run kept what a target, or every part of a joint one, is judged on."""
    parts = results.parts(target) if target.joint else (target,)
    data = results.data
    return all(
        part.variable in data
        and data[part.variable].attrs.get("aggregate", part.aggregate) == part.aggregate
        and part.year in results.years
        for part in parts
    )


# ── text and table ──


def ledger_text(
    entries: Sequence[Entry],
    spec: ReportSpec,
    lang: str,
    as_of: str,
    results: Results | None = None,
    scenario: Scenario | None = None,
    run: str = "",
    model: Model | None = None,
    columns: int | None = None,
) -> str:
    """Return the ledger for the terminal: outcomes, levers, and what is not simulated.

    Levers are named by the labels of ``model`` where the text is Chinese. Tables wider than
    ``columns`` are folded.
    """
    wide = columns or COLUMNS
    words = {name: text[lang] for name, text in WORDS.items()}
    scored = [one for one in entries if one.target.scored]
    rows = [words["heads"].split("|"), *(_line(one, spec, lang) for one in scored)]
    lines = [*wrap(_title(entries, lang, as_of), wide), "", *folded(rows, columns, left=5)]
    levers = [one.target for one in entries if one.target.role == "lever"]
    if levers:
        rows = [words["lever_heads"].split("|")]
        rows += [_lever_line(target, spec, lang, model) for target in levers]
        lines += ["", *folded(rows, columns, left=3)]
    indicators = [one for one in entries if one.target.role == "indicator"]
    if indicators:
        lines += ["", words["indicators"]]
        for one in indicators:
            lines += [f"  {line}" for line in wrap(_indicator(one, spec, lang), wide - 2)]
    note = words["note"]
    shown = [reading for one in entries for reading, _ in one.readings]
    why = dict.fromkeys(one.reason_zh if lang == "zh" else one.reason_en for one in shown)
    note += "".join(f"{'' if lang == 'zh' else ' '}{text}" for text in why if text)
    if results is not None and scenario is not None:
        note += ("" if lang == "zh" else " ") + words["p_from"].format(
            run=run,
            scenario=scenario.title[lang],
            date=information_date(results.as_of, lang, spec.issued),
            prior=label(spec, results.prior_set, lang),
        )
    else:
        note += ("" if lang == "zh" else " ") + words["no_run"]
    return "\n".join([*lines, "", *wrap(note, wide)])


def _title(entries: Sequence[Entry], lang: str, as_of: str) -> str:
    groups = []
    for role in ("outcome", "lever", "indicator"):
        held = [one for one in entries if one.target.role == role]
        counts = {name: sum(e.status == name for e in held) for name in STATUSES}
        judged = WORDS["judged"][lang].format(**counts) if counts[MET] + counts[NOT_MET] else ""
        if held:
            text = WORDS[f"{role}_count"][lang]
            groups.append(text.format(n=len(held), judged=judged, **counts))
    date = information_date(as_of, lang) if as_of else WORDS["no_date"][lang]
    for before in ("事前预测（", "ex ante forecast ("):  # a ledger forecasts nothing
        if date.startswith(before):
            date = date.removeprefix(before)[:-1]
    told = ("；" if lang == "zh" else "; ").join(groups)
    return WORDS["title"][lang].format(date=date, groups=told)


def _line(entry: Entry, spec: ReportSpec, lang: str) -> list[str]:
    target = entry.target
    p = percent(entry.probability) if entry.probability else "—"
    if entry.split is not None and entry.split.mostly_above:
        p += WORDS["above"][lang].format(p=points(entry.split.above))
    for reading, found in entry.readings:
        scope = label(spec, reading.scope, lang)
        p += WORDS["reading"][lang].format(scope=scope, p=percent(found))
    return [
        _name(target, lang),
        wanted(target, spec, lang),
        WORDS[entry.status][lang],
        _statistic(entry, spec, lang),
        entry.latest.published_on if entry.latest else "",
        p,
    ]


def _name(target: Target, lang: str) -> str:
    name = target_name(target, lang)
    return f"{name} {target.year}" if target.year else name


def wanted(target: Target, spec: ReportSpec, lang: str) -> str:
    """Return what a target asks in a few signs: "≥100亿元", "＞80%"; empty for a joint one."""
    if target.value is None:
        return ""
    sign = (SIGNS if lang == "zh" else SIGNS_EN)[target.comparator or ">="]
    scale = scale_of(spec, target.unit, lang, target.value, target.measure)
    shown = f"{sign}{'' if lang == 'zh' else ' '}{scale.amount(target.value)}"
    if target.low is not None and target.high is not None:
        span = f"{scale.number(target.low)}–{scale.number(target.high)}"
        shown += f"（{span}）" if lang == "zh" else f" ({span})"
    return shown


def _statistic(entry: Entry, spec: ReportSpec, lang: str) -> str:
    one = entry.latest
    if one is None:
        return ""
    shown = WORDS["statistic"][lang].format(
        amount=scale_of(spec, one.unit, lang, one.value, one.measure).amount(one.value),
        year=one.year,
        measure=_measure(one, spec, lang),
    )
    if one.measure != entry.target.measure:
        return WORDS["other_measure"][lang].format(shown=shown)
    if entry.target.year not in (None, one.year):
        return WORDS["other_year"][lang].format(shown=shown)
    return shown


def _measure(one: Statistic, spec: ReportSpec, lang: str) -> str:
    """Return a statistic's measure, and whose it is where that is not the target's own."""
    whose = one.whose_zh if lang == "zh" else one.whose_en
    measure = label(spec, one.measure, lang)
    return WORDS["whose"][lang].format(whose=whose, measure=measure) if whose else measure


def _lever_line(target: Target, spec: ReportSpec, lang: str, model: Model | None) -> list[str]:
    reason = target.reason_zh if lang == "zh" else target.reason_en
    told = model is not None and lang == "zh"
    names = "; ".join(model.label(n, lang) if told and model else n for n in target.lever)
    if not target.lever:
        shown = WORDS["no_lever"][lang].format(why=reason)
    elif target.lever_value is None:
        shown = WORDS["no_level"][lang].format(lever=names, why=reason)
    else:
        shown = f"{names} = {_as_typed(target, spec, lang)}"
    return [_name(target, lang), wanted(target, spec, lang), shown]


def _as_typed(target: Target, spec: ReportSpec, lang: str) -> str:
    """Return a lever's value in the model's own unit, as a scenario file has it."""
    unit = spec.unit_label(target.lever_unit, lang)
    if target.lever_unit in ("", "1", "Dmnl"):
        return f"{target.lever_value:g}"
    if lang == "zh":
        return f"{target.lever_value:g}{unit}"
    return f"{target.lever_value:g} {'× ' if unit[:1].isdigit() else ''}{unit}"


def _indicator(entry: Entry, spec: ReportSpec, lang: str) -> str:
    target, zh = entry.target, lang == "zh"
    asked, told = wanted(target, spec, lang), _statistic(entry, spec, lang)
    shown = _name(target, lang)
    shown += (f"（{asked}）" if zh else f" ({asked})") if asked else ""
    shown += "：" if zh else ": "
    if entry.status != NOT_PUBLISHED or told:
        shown += WORDS[entry.status][lang] + (f"，{told}" if zh else f", {told}")
        shown += "；" if zh else "; "
    return shown + (target.reason_zh if zh else target.reason_en)


def ledger_rows(
    entries: Sequence[Entry],
    as_of: str,
    concerned: Mapping[str, Sequence[str]],
    laid: Layout | None = None,
) -> Iterator[Row]:
    """Yield the ledger as rows; ``concerned`` names the conflicts each target is part of.

    ``laid`` holds the regions laid out for targets of bases and land.
    """
    for entry in entries:
        target, one, p = entry.target, entry.latest, entry.probability
        row: Row = {
            "target": target.id, "target_zh": target.zh, "target_en": target.en,
            "section": target.section, "role": target.role, "year": target.year,
            "comparator": target.comparator, "value": target.value, "band_low": target.low,
            "band_high": target.high, "unit": target.unit, "measure": target.measure,
            "status": entry.status, "judged_by": "; ".join(s.id for s in entry.judged),
            "lever": "; ".join(target.lever), "lever_value": target.lever_value,
            "lever_unit": target.lever_unit, "reason_zh": target.reason_zh,
            "reason_en": target.reason_en, "ledger_as_of": as_of,
            "conflicts": "; ".join(concerned.get(target.id, ())), "note": target.note,
            "p_above": entry.split.above if entry.split else "",
            **layout_cells(target, laid or {}),
        }  # fmt: skip
        for reading, other in entry.readings[:1]:
            row |= {
                "reading": reading.id, "reading_p": "" if other.bounded else other.least.mean,
                "reading_error": other.se,
            }  # fmt: skip
        if one is not None:
            row |= {
                "latest": one.id, "latest_year": one.year, "latest_value": one.value,
                "latest_unit": one.unit, "latest_measure": one.measure,
                "same_measure": one.measure == target.measure,
                "published_on": one.published_on, "source": one.source,
                "statistic_note": one.note,
            }  # fmt: skip
        if p is not None:
            row |= {
                "p": "" if p.bounded else p.least.mean, "mc_error": p.se, "event": p.key.event,
                "scenario": p.key.scenario, "run_as_of": p.key.as_of,
                "prior_set": p.key.prior_set,
            }  # fmt: skip
        yield row
