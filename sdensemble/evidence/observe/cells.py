"""One cell: a number, a year, a date, as people write them."""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from datetime import date

from sdensemble.evidence.observe.words import Bad
from sdensemble.inputs.history import last_day


def plain(text: str) -> str:
    """Return text with full-width characters made plain, without outer blanks.

    >>> plain("　２,６２０％ ")
    '2,620%'
    """
    return unicodedata.normalize("NFKC", text).strip()


def folded(text: str) -> str:
    """Return text as names are compared: plain, in one case, with single blanks.

    >>> folded("Sales　Revenue")
    'sales revenue'
    """
    return " ".join(plain(text).casefold().split())


def _written(text: str) -> str:
    """Return what a cell says, made plain; raise Bad where it says nothing."""
    shown = plain(text)
    if not shown:
        raise Bad("blank")
    return shown


NUMBER = re.compile(r"([+-]?[\d,]*\.?\d+(?:[eE][+-]?\d+)?|[+-]?[\d,]+\.)\s*([^\d\s.,+-].*)?")
GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?")


def number(text: str) -> tuple[float, str]:
    """Return a number above 0 and the unit written after it, if any; raise Bad for other text.

    >>> number("2,620"), number("77.4%"), number("２６２０亿元")
    ((2620.0, ''), (77.4, '%'), (2620.0, '亿元'))
    """
    shown = _written(text)
    found = NUMBER.fullmatch(shown)
    if not found:
        raise Bad("no number", text=shown)
    digits = found[1]
    if "," in digits and not GROUPED.fullmatch(digits):
        raise Bad("commas", text=shown)
    try:
        value = float(digits.replace(",", ""))
    except ValueError:
        raise Bad("no number", text=shown) from None
    if not 0 < value < float("inf"):
        raise Bad("not above", text=shown)
    return value, (found[2] or "").strip()


PARTS = {
    "上半年": 6,
    "h1": 6,
    "一季度": 3,
    "第一季度": 3,
    "1季度": 3,
    "q1": 3,
    "前三季度": 9,
    "前3季度": 9,
    "q1-q3": 9,
    "q1q3": 9,
}
"""Parts of a year from its start, by the month they end with."""


def period(text: str) -> tuple[int, date]:
    """Return the year a cell names and the last day of its period; raise Bad for other text.

    >>> period("2023年")
    (2023, datetime.date(2023, 12, 31))
    >>> period("2023年上半年")[1], period("2023年1-8月")[1]
    (datetime.date(2023, 6, 30), datetime.date(2023, 8, 31))
    """
    shown = _written(text)
    found = re.fullmatch(r"((?:19|20)\d\d)(?:\.0+)?\s*年?\s*度?\s*(.*)", shown)
    if not found:
        raise Bad("no year", text=shown)
    year, rest = int(found[1]), found[2].casefold().lstrip("-/. ")
    if not rest or rest in ("全年", "1-12月"):
        return year, date(year, 12, 31)
    months = re.fullmatch(r"0?1月?[-~—至到](\d{1,2})月", rest)
    month = int(months[1]) if months else PARTS.get(rest)
    if month is not None and 1 <= month <= 12:
        return year, date(year, month, monthrange(year, month)[1])
    try:
        return year, last_day(day_text(shown)) or date(year, 12, 31)
    except Bad:
        raise Bad("no year", text=shown) from None


def count(text: str) -> tuple[int, date]:
    """Return the number of a model's own time that a cell names; raise Bad for other text.

    It has no place in the calendar: the date beside it is none.
    """
    shown = _written(text)
    if not re.fullmatch(r"\d+(?:\.0+)?", shown):
        raise Bad("no count", text=shown)
    return int(float(shown)), date.min


UNPUBLISHED = ("未公布", "未发表", "未公开", "内部", "内部资料", "unpublished", "internal")
"""What a person writes where a figure has not been published."""
OWN = "(unpublished)"
"""What stands behind the day an unpublished figure was brought in."""
DATE = re.compile(
    r"(\d{4})(?:\s*[-/.年]\s*(\d{1,2})(?:\s*[-/.月]\s*(\d{1,2})\s*日?|月)?|年)?"
    r"(?:\s+\d{1,2}:\d{2}(?::\d{2})?)?(\s*\(.*\))?"
)


def day_text(text: str) -> str:
    """Return a date, in full or in part, as history.csv writes it; raise Bad for other text.

    >>> day_text("2023年2月1日"), day_text("2023/2"), day_text("2022 (year from text)")
    ('2023-02-01', '2023-02', '2022')
    """
    shown = _written(text)
    if shown.casefold() in UNPUBLISHED:
        return f"{date.today().isoformat()} {OWN}"
    found = DATE.fullmatch(shown)
    if not found:
        raise Bad("no date", text=shown)
    parts = [found[1], *(f"{int(part):02d}" for part in found.group(2, 3) if part)]
    written = "-".join(parts)
    if last_day(written) is None:
        raise Bad("no date", text=shown)
    return written


def day(text: str) -> date:
    """Return a day in full, or the last of a month; raise Bad for other text."""
    try:
        written = day_text(text)
    except Bad as bad:
        raise (bad if bad.key == "blank" else Bad("no day", text=plain(text))) from None
    found = last_day(written)
    if len(written) == 4 or found is None:
        raise Bad("no day", text=plain(text))
    return found
