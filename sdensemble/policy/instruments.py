"""Shows the instruments of a policy: lever, level, limits, delay and cost, or why refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sdengine.syntax import Model
from sdensemble.inputs.instruments import delay_of
from sdensemble.inputs.report import ReportSpec
from sdensemble.outputs.text import folded, wrap

if TYPE_CHECKING:
    from sdensemble.inputs.instruments import Instrument

WORDS: Mapping[str, Mapping[str, str]] = {
    "heads": {
        "zh": "政策工具|位置|模型常数|单位|现值|政策力度|限度|到位时间（年）|出资|单位成本|可信度",
        "en": "Instrument|Section|Lever|Unit|Now|Policy level|Limits|Delay (years)|Payer|Unit cost"
        "|Confidence",
    },
    "outside": {"zh": "文外", "en": "not in the text"},
    "no_quantity": {"zh": "原文无数量", "en": "no quantity"},
    "refused": {"zh": "拒绝设定的政策工具（各附理由）", "en": "Refused (each with its reason)"},
    "confidence": {"zh": "高 中 低", "en": "high medium low"},
    "note": {
        "zh": "力度按模型单位：到2025年的数量除以自2020年年中起的五年半。成本依据见"
        " scenarios/instruments.csv。",
        "en": "Levels are in the model's units; the basis of each level and cost stands in"
        " scenarios/instruments.csv.",
    },
}


def instruments_text(
    instruments: Sequence[Instrument],
    model: Model,
    spec: ReportSpec,
    lang: str,
    columns: int | None = None,
) -> str:
    """Return the instruments that have a lever as a table, and the refused with their reasons.

    A table wider than ``columns`` is folded.
    """
    words = {name: text[lang] for name, text in WORDS.items()}
    wide = columns or 110
    moved = [one for one in instruments if not one.refused]
    rows = [words["heads"].split("|")]
    rows += [_row(one, model, spec, lang) for one in moved]
    lines = folded(rows, columns, left=4) if moved else []
    refused = [one for one in instruments if one.refused]
    if refused:
        lines += ["", words["refused"]]
        colon = "：" if lang == "zh" else ": "
        for one in refused:
            name = f"{_name(one, lang)} ({one.section})"
            lines += [f"  {piece}" for piece in wrap(f"{name}{colon}{one.reason(lang)}", wide - 2)]
    return "\n".join([*lines, "", *wrap(words["note"], wide)])


def _name(one: Instrument, lang: str) -> str:
    name = one.zh if lang == "zh" else one.en
    mark = WORDS["outside"][lang]
    if not one.outside:
        return name
    return f"{name}（{mark}）" if lang == "zh" else f"{name} ({mark})"


def _row(one: Instrument, model: Model, spec: ReportSpec, lang: str) -> list[str]:
    variable = model[one.lever]
    now = float(np.asarray(variable.value).flat[0])
    level = WORDS["no_quantity"][lang] if one.policy_level is None else f"{one.policy_level:g}"
    delay = delay_of(model, one)
    grade = dict(zip(("high", "medium", "low"), WORDS["confidence"][lang].split(), strict=True))
    return [
        _name(one, lang),
        one.section,
        one.lever,
        spec.unit_label(variable.unit, lang),
        f"{now:g}",
        level,
        _limits(one, variable.limits),
        "—" if delay is None else f"{float(np.asarray(delay.value).flat[0]):g}",
        one.payer_zh if lang == "zh" else one.payer_en,
        "" if one.cost is None else f"{one.cost:g} {spec.unit_label(one.cost_unit, lang)}",
        grade.get(one.confidence, ""),
    ]


def _limits(one: Instrument, limits: tuple[float | None, float | None]) -> str:
    """Return the instrument's own limits; the constant's where it has none."""
    own = (one.low, one.high)
    low, high = (limits[i] if own[i] is None else own[i] for i in (0, 1))
    ends = ("-∞" if low is None else f"{low:g}", "∞" if high is None else f"{high:g}")
    return "–".join(ends)
