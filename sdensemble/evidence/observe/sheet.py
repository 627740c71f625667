"""A person's file as a table of texts: .xlsx, or .csv in UTF-8 or GBK; and its header."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sdengine.errors import Problems
from sdensemble.evidence.observe.cells import folded, plain
from sdensemble.evidence.observe.words import sentence
from sdensemble.inputs.spreadsheet import HEAD_ROWS, letters, read_grids
from sdensemble.lang import Worded, Words, joined

HEADERS: Mapping[str, tuple[str, ...]] = {
    "time": ("time", "year", "年份", "年度", "年", "时间", "时期"),
    "sector": ("sector", "entity", "部门", "行业", "集群", "地区", "范围", "对象"),
    "measure": ("measure", "quantity", "口径", "指标", "指标名称", "统计口径"),
    "value": ("value", "数值", "值", "数据", "金额"),
    "unit": ("unit", "单位", "计量单位"),
    "source": ("source", "source_title", "来源", "数据来源", "出处", "资料来源"),
    "period_end": ("period_end", "period end", "期末", "截止日", "截至", "时期末", "统计截止日"),
    "published_on": (
        "published_on",
        "published on",
        "published",
        "source_date",
        "公布日期",
        "发布日期",
        "公布时间",
        "发布时间",
    ),
    "note": ("note", "measure_note", "备注", "说明"),
    "url": ("url", "source_url", "网址", "链接"),
    "role": ("role", "性质"),
}
"""How a column may be headed. A unit may stand in brackets behind it."""
NEEDED = ("time", "value")


@dataclass(frozen=True)
class Sheet:
    """A table: texts of each row by the line it stands on, where each column is, units in heads."""

    file: str
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    header: tuple[str, ...]
    places: Mapping[str, int]
    unit: str = ""
    made: tuple[str, ...] = ()
    """Columns that a wide file does not have: they were made of its heads."""

    def cell(self, row: Sequence[str], name: str) -> str:
        """Return a row's text in a column, empty where the row or the table has none."""
        place = self.places.get(name)
        return row[place].strip() if place is not None and place < len(row) else ""

    def where(self, line: int, name: str = "") -> Words:
        """Return file, line and column in words."""
        said = sentence("line", file=self.file, line=line)
        place = self.places.get(name)
        if place is None or name in self.made:
            return said
        header = plain(self.header[place])
        return joined([said, sentence("column", header=header, letter=letters(place))], "nothing")


def read_sheet(path: Path) -> Sheet:
    """Return a file's first table that has a header; raise SDError where there is none."""
    tables: list[Table] = [grid.rows for grid in read_grids(path)]
    heads = [_header(table) for table in tables]
    if all(score < 100 for _, score in heads):
        heads = [
            max(head, _wide(table), key=lambda one: one[1])
            for head, table in zip(heads, tables, strict=True)
        ]
    best = max(range(len(tables)), key=lambda i: (heads[i][1], -i))
    return _sheet(path, tables[best], heads[best][0])


Table = Sequence[tuple[int, Sequence[str]]]
STATED = re.compile(r"单位\s*:\s*(\S+?)\s*[)\]]?$")
"""The unit of a table, on a line of its own above the header."""
BRACKETS = re.compile(r"\((.*?)\)|[/:](.+)$")


def _named(cell: str) -> tuple[str, str]:
    """Return the name of the column a cell heads, and the unit it states; names may be empty."""
    shown = folded(cell)
    by_word = {word: name for name, words in HEADERS.items() for word in words}
    if shown in by_word:
        return by_word[shown], ""
    found = BRACKETS.search(plain(cell))
    bare = folded(BRACKETS.sub("", plain(cell)))
    if found and bare in by_word:
        return by_word[bare], (found[1] or found[2] or "").strip().removeprefix("单位:").strip()
    return "", ""


def _names(row: Sequence[str]) -> list[str]:
    """Return the name of the column each cell heads; empty where it heads none."""
    return [_named(cell)[0] for cell in row]


def _header(table: Table) -> tuple[int, int]:
    """Return the place of the row that heads a table, and how many of its cells are known."""
    best = (0, 0)
    for i, (_, row) in enumerate(table[:HEAD_ROWS]):
        names = set(_names(row)) - {""}
        score = len(names) + 100 * names.issuperset(NEEDED)
        if score > best[1]:
            best = (i, score)
    return best


def _wide(table: Table) -> tuple[int, int]:
    """Return the place of the row that heads a wide table, scored below a long one's."""
    for place, (_, row) in enumerate(table[:HEAD_ROWS]):
        names = set(_names(row)) - {""}
        years = sum(bool(YEAR.fullmatch(plain(cell))) for cell in row)
        if "time" in names or years > 1:
            return place, 50
    return 0, 0


ABSENT = ("", "-", "—", "–", "…", "...", "/", "..")
"""Cells of a wide table in which no figure stands."""
YEAR = re.compile(r"(?:19|20)\d\d(?:\.0+)?\s*年?\s*度?(?:\s*(?:上半年|第?一季度|前三季度))?")


def _unpivoted(table: Table, head: int) -> tuple[Table, int]:
    """Return a wide table as a long one, with the place of its header; a long one as it is.

    Wide is one with a column of years and a column for each indicator, or with a column of
    indicators and a column for each year. A unit may stand in brackets behind an indicator.
    """
    names = _names(table[head][1]) if table else []
    if "value" in names:
        return table, head
    if "time" in names:
        return _by_indicator(table, head, names), 0
    for place, (_, row) in enumerate(table[:HEAD_ROWS]):
        years = [i for i, cell in enumerate(row) if YEAR.fullmatch(plain(cell))]
        if len(years) > 1:
            return _by_year(table, place, years), 0
    return table, head


def _by_indicator(table: Table, head: int, names: Sequence[str]) -> Table:
    """Return a table with a column for each indicator as one with a row for each figure."""
    line, row = table[head]
    own = [i for i, name in enumerate(names) if name]
    indicators = [i for i, name in enumerate(names) if not name and plain(row[i])]
    made: list[tuple[int, list[str]]] = [
        (line, [*(row[i] for i in own), "measure", "value", "unit"])
    ]
    for line, cells in table[head + 1 :]:
        for i in indicators:
            if i < len(cells) and plain(cells[i]) not in ABSENT:
                measure, unit = _split(row[i])
                kept = [cells[k] if k < len(cells) else "" for k in own]
                made.append((line, [*kept, measure, cells[i], unit]))
    return made


def _by_year(table: Table, head: int, years: Sequence[int]) -> Table:
    """Return a table with a column for each year as one with a row for each figure."""
    line, row = table[head]
    names = _names(row)
    first = names.index("measure") if "measure" in names else 0
    own = [i for i, name in enumerate(names) if name and i != first and i not in years]
    made: list[tuple[int, list[str]]] = [
        (line, [*(row[i] for i in own), "time", "measure", "value", "unit of"])
    ]
    with_unit = "unit" in names
    if not with_unit:
        made[0][1][-1] = "unit"
    for line, cells in table[head + 1 :]:
        measure, unit = _split(cells[first] if first < len(cells) else "")
        for i in years:
            if measure and i < len(cells) and plain(cells[i]) not in ABSENT:
                kept = [cells[k] if k < len(cells) else "" for k in own]
                made.append((line, [*kept, row[i], measure, cells[i], unit]))
    return made


def _split(cell: str) -> tuple[str, str]:
    """Return an indicator and the unit in brackets behind it."""
    text = plain(cell)
    found = re.fullmatch(r"(.*?)\s*[(\[](.*?)[)\]]", text)
    if not found:
        return text, ""
    return found[1].strip(), found[2].strip().removeprefix("单位:").strip()


def _sheet(path: Path, table: Table, head: int) -> Sheet:
    long = set(_names(table[head][1])) - {""} if table else set()
    table, head = _unpivoted(table, head)
    header = tuple(table[head][1]) if table else ()
    problems = Problems()
    places: dict[str, int] = {}
    above = [STATED.search(plain(cell)) for _, row in table[:head] for cell in row]
    unit = next((found[1] for found in above if found), "")
    for i, cell in enumerate(header):
        name, stated = _named(cell)
        if name in places:
            both = f"{letters(places[name])}, {letters(i)}"
            problems.add(path.name, Worded(sentence("two columns", name=name, columns=both)))
        elif name:
            places[name] = i
            unit = stated if name == "value" and stated else unit
    for needed in NEEDED:
        if needed not in places:
            shown = ", ".join(HEADERS[needed])
            said = sentence("no column", name=needed, n=HEAD_ROWS, shown=shown)
            problems.add(path.name, Worded(said))
    rows = tuple(
        (line, tuple(row)) for line, row in table[head + 1 :] if any(cell.strip() for cell in row)
    )
    if not rows and not problems:
        problems.add(path.name, Worded(sentence("no rows")))
    problems.raise_if_any()
    made = tuple(name for name in places if name not in long) if "value" not in long else ()
    return Sheet(path.name, rows, header, places, unit, made)
