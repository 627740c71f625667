"""Words and numbers as people read them, in Chinese and English: no more digits than known."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sdensemble.inputs.history import IMPORT, LATEST, known_until
from sdensemble.inputs.targets import ABOUT, band
from sdensemble.results.probability import value_of

if TYPE_CHECKING:
    from sdensemble.inputs.report import ReportSpec
    from sdensemble.inputs.targets import Target
    from sdensemble.results.probability import Probability

LANGS = ("zh", "en")

LABELS: Mapping[str, Mapping[str, str]] = {
    "output_value": {"zh": "产值", "en": "output value"},
    "sales_revenue": {"zh": "销售收入", "en": "sales revenue"},
    "nominal": {"zh": "现价", "en": "current prices"},
    "constant": {"zh": "不变价", "en": "constant prices"},
    "constant_prices": {"zh": "不变价", "en": "constant prices"},
    "real": {"zh": "不变价", "en": "constant prices"},
    "as_reported": {"zh": "按上报口径", "en": "as reported"},
    "history": {"zh": "历史先验", "en": "history priors"},
    "plan": {"zh": "规划先验", "en": "plan priors"},
    "output": {"zh": "产出", "en": "output"},
    "investment": {"zh": "投资", "en": "investment"},
}
"""Identifiers every study shares; a study's own ``[labels]`` come first."""

TEXTS: Mapping[str, Mapping[str, str]] = {
    "ex_ante": {"zh": "事前预测（{date}）", "en": "ex ante forecast ({date})"},
    "through": {"zh": "信息截至{year}年末", "en": "information to the end of {year}"},
    "as_of": {"zh": "信息截至{date}", "en": "information as of {date}"},
    "known": {"zh": "现时推算（{date}）", "en": "nowcast ({date})"},
    "nowcast": {"zh": "现时推算（信息截至最新数据）", "en": "nowcast (all data to hand)"},
    "nowcast_import": {
        "zh": "现时推算（所用数据公布至{date}，批次 {batch}）",
        "en": "nowcast (data published to {date}, {batch})",
    },
    "uncalibrated": {"zh": "校准之前", "en": "before calibration"},
    "calibrated": {"zh": "已校准（后验 {digest}）", "en": "calibrated (posterior {digest})"},
    "no_date": {"zh": "未设信息截止日", "en": "no information date"},
    "year": {"zh": "{year}年", "en": "{year}"},
    "constant_as_of": {"zh": "{year}年口径不变", "en": "scope constant as of {year}"},
    "under": {"zh": "不到", "en": "under "},
}


def say(text: str, lang: str, **values: object) -> str:
    """Return one of TEXTS filled in."""
    return TEXTS[text][lang].format(**values)


def label(spec: ReportSpec, identifier: str, lang: str) -> str:
    """Return an identifier as people write it: the study's word, the shared one, or itself."""
    for source in (spec.labels, LABELS):
        if identifier in source:
            return source[identifier][lang]
    scope = re.fullmatch(r"constant[_-](?:as[_-]of[_-])?(\d{4})", identifier)
    if scope:
        return say("constant_as_of", lang, year=scope[1])
    return identifier.replace("_", " ")


def information_date(as_of: str, lang: str, issued: str = "") -> str:
    """Return an information date in words; "through-2019" is the end of that year.

    Ex ante is what was known by ``issued``, the date the policy was made; later is a nowcast by
    its date. Without it every date but the latest is taken as ex ante.

    >>> information_date("2024-03-01 (2026-05-04-import-1)", "en")
    'nowcast (data published to 2024-03-01, 2026-05-04-import-1)'
    """
    if as_of == LATEST:
        return say("nowcast", lang)
    if not as_of:
        return say("no_date", lang)
    if found := IMPORT.fullmatch(as_of):
        return say("nowcast_import", lang, date=found[1], batch=found[2])
    through = re.fullmatch(r"through-(\d{4})", as_of)
    day = say("through", lang, year=through[1]) if through else say("as_of", lang, date=as_of)
    late = bool(issued) and known_until(as_of) > known_until(issued)
    return say("known" if late else "ex_ante", lang, date=day)


def fitted(posterior: str, lang: str) -> str:
    """Return what is said of the draws: before calibration, or the posterior's digest."""
    return say("calibrated" if posterior else "uncalibrated", lang, digest=posterior)


def bracketed(spec: ReportSpec, identifiers: Sequence[str], lang: str) -> str:
    """Return identifiers in brackets, as people write them; empty where none is given."""
    shown = [label(spec, one, lang) for one in identifiers if one]
    if not shown:
        return ""
    return f"（{'，'.join(shown)}）" if lang == "zh" else f" ({', '.join(shown)})"


def target_name(target: Target, lang: str) -> str:
    """Return a target's label without its year, which sentences say elsewhere."""
    text = target.zh if lang == "zh" else target.en
    return re.sub(r"[\s,，]*(?<!\d)(19|20)\d\d年?(?=\s*([(（]|$))", "", text)


def beyond(target: Target, spec: ReportSpec, lang: str) -> str:
    """Return a target's condition in words: "超过1000亿元", "at least 1200 亿元"."""
    strict, value = target.comparator == ">", value_of(target)
    scale = scale_of(spec, target.unit, lang, value, target.measure)
    shown = scale.amount(value)
    if target.comparator == ABOUT:
        low, high = map(scale.number, band(target))
        if lang == "zh":
            return f"约为{shown}（{low}至{high}）"
        return f"about {shown} ({low} to {high})"
    if lang == "zh":
        return f"{'超过' if strict else '不低于'}{shown}"
    return f"{'above' if strict else 'at least'} {shown}"


# ── amounts ──


@dataclass(frozen=True)
class Scale:
    """How numbers of one unit are written: times ``factor``, with ``unit`` behind them."""

    factor: float
    unit: str
    gap: str

    def number(self, value: float) -> str:
        """Return a number without its unit."""
        return f"{value * self.factor:{',' if self.factor >= 1000 else ''}g}"

    def amount(self, value: float) -> str:
        """Return a number with its unit: "80%", "1400万吨", "14 million tonnes"."""
        return f"{self.number(value)}{self.gap}{self.unit}"


def scale_of(
    spec: ReportSpec, unit: str, lang: str, value: float = 0.0, measure: str = ""
) -> Scale:
    """Return how amounts in a unit of the model read, at about the size of ``value``.

    A measure of the report's own ``[measures]`` is written as it says. English has no 万: units
    of "10,000 tonnes" become tonnes, or millions of them.
    """
    factor, shown = 1.0, spec.unit_label(unit, lang)
    if measure in spec.measures:
        factor, shown = spec.measures[measure].factor, spec.measures[measure].label[lang]
    elif unit in ("", "1", "Dmnl"):
        shown = ""
    myriad = re.fullmatch(r"(?:[x×] )?10,000 (.+)", shown)
    if myriad and lang == "en":
        many = abs(value) >= 100
        factor, shown = (0.01, f"million {myriad[1]}") if many else (1e4, myriad[1])
    gap = "" if lang == "zh" or not shown or shown[0] == "%" else " "
    return Scale(factor, shown, gap)


# ── numbers ──


def decimals(se: float, most: int = 1) -> int:
    """Return how many decimals an error of ``se`` supports: its first digit, at most ``most``.

    Negative for tens and hundreds, as ``round`` takes it; at an error of zero, ``most``.
    """
    if not math.isfinite(se) or se <= 0:
        return most
    return min(most, -math.floor(math.log10(se)))


def rounded(value: float, se: float, most: int = 1) -> str:
    """Return a number to the first digit of its error.

    >>> rounded(2843.2, 12.0), rounded(5.43, 0.12), rounded(5.43, 2.1)
    ('2840', '5.4', '5')
    """
    if not math.isfinite(value):
        return "—"
    places = decimals(se, most)
    return f"{round(value, places):.{max(places, 0)}f}"


def measured(value: float, se: float) -> str:
    """Return a signed number with its error: "+5.4 ±0.1"; "0" where all members agree."""
    if not math.isfinite(value):
        return "—"
    if value == 0.0 and not se > 0.0:
        return "0"
    shown = rounded(value, se)
    sign = "+" if float(shown) > 0 else "−" if float(shown) < 0 else ""
    return f"{sign}{shown.lstrip('-')} ±{rounded_up(se, decimals(se))}"


def rounded_up(se: float, places: int) -> str:
    """Return an error rounded up, so that none is printed as zero."""
    unit = 10.0**-places
    return f"{math.ceil(se / unit - 1e-9) * unit:.{max(places, 0)}f}"


def percent(p: Probability) -> str:
    """Return a probability in whole points with its Monte Carlo error: "31% ±1".

    Never 0% or 100%; rounded to fives or tens where the error is that large; as bounds
    ("31–33%") where members were lost.
    """
    least, most = points(p.least.mean, p.least.se), points(p.most.mean, p.most.se)
    if p.bounded and least != most:
        return f"{least}–{most}%"
    if not least.isdigit() or not math.isfinite(p.se):
        return f"{least}%"
    return f"{least}% ±{max(1, math.ceil(100 * p.se - 1e-9))}"


def points(share: float, se: float = 0.0) -> str:
    """Return a share in points without the sign: "31", "<1" or ">99"."""
    if not math.isfinite(share):
        return "—"
    if share < 0.005:
        return "<1"
    if share > 0.995:
        return ">99"
    step = 10 if se >= 0.1 else 5 if se >= 0.025 else 1
    found = step * round(100 * share / step)
    return f"<{step}" if found == 0 else f">{100 - step}" if found == 100 else str(found)


CHINESE = ("零", "一", "两", "三", "四", "五", "六", "七", "八", "九", "十")
ENGLISH = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def in_ten(low: float, high: float, lang: str) -> str:
    """Return a range of probabilities in words: "about three to six in ten".

    >>> in_ten(0.31, 0.58, "en"), in_ten(0.31, 0.33, "zh"), in_ten(0.0, 0.004, "en")
    ('about three to six in ten', '十次中约三次', 'less than one in a hundred')
    """
    zh = lang == "zh"
    if high < 0.01:
        return "百次中不到一次" if zh else "less than one in a hundred"
    if low > 0.99:
        return "百次中九十九次以上" if zh else "more than ninety-nine in a hundred"
    first, last = round(10 * low), round(10 * high)
    if last == 0:
        return "十次中不到一次" if zh else "less than one in ten"
    if first == 10:
        return "十次中九次以上" if zh else "more than nine in ten"
    if first == last:
        return f"十次中约{CHINESE[first]}次" if zh else f"about {ENGLISH[first]} in ten"
    if first == 0:
        shown = f"十次中至多约{CHINESE[last]}次", f"at most about {ENGLISH[last]} in ten"
    elif last == 10:
        shown = f"十次中至少约{CHINESE[first]}次", f"at least about {ENGLISH[first]} in ten"
    else:
        shown = (
            f"十次中约{CHINESE[first]}至{CHINESE[last]}次",
            f"about {ENGLISH[first]} to {ENGLISH[last]} in ten",
        )
    return shown[0 if zh else 1]
