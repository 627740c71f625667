"""Shows the conflicts inside a policy's text, with the numbers of the text and of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sdensemble.outputs.tables import Row
from sdensemble.outputs.text import wrap
from sdensemble.outputs.words import rounded
from sdensemble.results.estimate import Array, standard_error
from sdensemble.results.results import Results, quantile

if TYPE_CHECKING:
    from sdensemble.inputs.conflicts import Conflict, ModelNumber
    from sdensemble.inputs.scenarios import Scenario

WORDS: Mapping[str, Mapping[str, str]] = {
    "head": {
        "zh": "原文内部的矛盾（不作修饰）",
        "en": "Conflicts inside the text (not smoothed over)",
    },
    "conflict": {"zh": "矛盾", "en": "conflict"},
    "overlap": {"zh": "可能重复计算", "en": "possible double counting"},
    "number": {"zh": "{label}：{value:g}{unit}", "en": "{label}: {value:g} {unit}"},
    "model": {
        "zh": "{label}（{year}，{scenario}情景，中位数与90%区间）：{median}（{low}–{high}）{unit}",
        "en": "{label} ({year}, {scenario}, median and 90% band): {median} ({low}–{high}) {unit}",
    },
    "missing": {
        "zh": "{label}：该次运行没有保留所需变量，请重新运行",
        "en": "{label}: this run kept not all it needs; run again",
    },
}  # fmt: skip

CONFLICTS_CSV = {
    "conflict": ("标识", "identifier"),
    "kind": ("类别：conflict 矛盾，overlap 可能重复计算", "conflict or overlap (double counting)"),
    "section": ("原文位置", "section of the text"),
    "title_zh": ("标题（中文）", "title (Chinese)"),
    "title_en": ("标题（英文）", "title (English)"),
    "text_zh": ("说明（中文）", "explanation (Chinese)"),
    "text_en": ("说明（英文）", "explanation (English)"),
    "side": ("数值出处：text 原文或统计，model 模型", "text (or statistics) or model"),
    "label_zh": ("数值（中文）", "number (Chinese)"),
    "label_en": ("数值（英文）", "number (English)"),
    "scenario": ("情景；原文数值时空白", "scenario; blank for numbers of the text"),
    "year": ("年份；原文数值时空白", "year; blank for numbers of the text"),
    "value": ("数值；模型为中位数", "value; of the model the median"),
    "q05": ("5%分位", "5% quantile"),
    "q95": ("95%分位", "95% quantile"),
    "unit_zh": ("单位（中文）", "unit (Chinese)"),
    "unit_en": ("单位（英文）", "unit (English)"),
    "source": ("来源", "source"),
    "targets": ("涉及的目标", "targets concerned"),
}


def model_values(results: Results, number: ModelNumber, scenario: Scenario) -> Array | None:
    """Return the members' values of a model's number; None where the run kept not all of it."""
    total = np.full(results.members, number.factor)
    for term in number.terms:
        held = results.data.get(term.variable)
        if held is None or held.attrs.get("aggregate", term.aggregate) != term.aggregate:
            return None
        series = results.series(term.variable, term.element or None)[results.place(scenario)]
        with np.errstate(divide="ignore", invalid="ignore"):
            total = total * series[:, results.year_index(number.year)] ** float(term.power)
    return np.where(np.isfinite(total), total, np.nan)


def conflicts_text(
    conflicts: Sequence[Conflict],
    lang: str,
    results: Results | None = None,
    scenario: Scenario | None = None,
    columns: int = 100,
) -> list[str]:
    """Return the conflicts as lines: what does not fit, the text's numbers, the model's."""
    if not conflicts:
        return []
    lines = [WORDS["head"][lang], ""]
    for place, one in enumerate(conflicts, start=1):
        where = f"{one.section}；" if lang == "zh" else f"{one.section}; "
        marks = ("（", "）") if lang == "zh" else (" (", ")")
        kind = f"{marks[0]}{where}{WORDS[one.kind][lang]}{marks[1]}"
        lines += _folded(f"{place}. {one.title[lang]}{kind}", columns, "")
        lines += _folded(one.text[lang], columns, "   ")
        for number in one.numbers:
            shown = WORDS["number"][lang].format(
                label=number.label[lang], value=number.value, unit=number.unit[lang]
            )
            lines += _folded(f"– {shown}", columns, "   ")
        if results is not None and scenario is not None:
            for asked in one.model:
                shown = _shown(results, asked, scenario, lang)
                lines += _folded(f"– {shown}", columns, "   ")
    return lines


def _folded(text: str, columns: int, indent: str) -> list[str]:
    return [indent + line for line in wrap(text, columns - len(indent))]


def _shown(results: Results, number: ModelNumber, scenario: Scenario, lang: str) -> str:
    label = number.label[lang]
    values = model_values(results, number, scenario)
    if values is None:
        return WORDS["missing"][lang].format(label=label)
    low, median, high = quantile(values, [0.05, 0.5, 0.95])
    se = standard_error(values, results.replicate)[0]
    most = 2 if abs(median) < 10 else 0
    return WORDS["model"][lang].format(
        label=label,
        year=results.when(number.year, lang),
        scenario=scenario.title[lang],
        median=rounded(median, 2 * se, most),
        low=rounded(low, 2 * se, most),
        high=rounded(high, 2 * se, most),
        unit=number.unit[lang],
    )


def conflict_rows(conflicts: Sequence[Conflict], results: Results | None = None) -> list[Row]:
    """Return a row for each number of each conflict, the model's under every scenario."""
    rows: list[Row] = []
    for one in conflicts:
        shared: Row = {
            "conflict": one.id, "kind": one.kind, "section": one.section,
            "title_zh": one.title["zh"], "title_en": one.title["en"],
            "text_zh": one.text["zh"], "text_en": one.text["en"],
            "targets": "; ".join(one.targets),
        }  # fmt: skip
        rows += [
            shared | _labels(number) | {"side": "text", "value": number.value,
                                        "source": number.source}
            for number in one.numbers
        ]  # fmt: skip
        for asked in one.model if results else ():
            rows += _model_rows(shared, asked, results)
        if not one.numbers and not one.model:
            rows.append(shared)
    return rows


def _labels(number: object) -> Row:
    label, unit = number.label, number.unit  # type: ignore[attr-defined]
    return {
        "label_zh": label["zh"], "label_en": label["en"],
        "unit_zh": unit["zh"], "unit_en": unit["en"],
    }  # fmt: skip


def _model_rows(shared: Row, number: ModelNumber, results: Results | None) -> list[Row]:
    rows: list[Row] = []
    for scenario in results.scenarios if results else ():
        values = model_values(results, number, scenario) if results else None
        found = [float("nan")] * 3 if values is None else quantile(values, [0.05, 0.5, 0.95])
        numbers = {"q05": found[0], "value": found[1], "q95": found[2]}
        where = {"side": "model", "scenario": scenario.name, "year": number.year}
        rows.append(shared | _labels(number) | numbers | where)
    return rows
