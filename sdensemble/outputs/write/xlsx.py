"""Workbooks for Excel and WPS, with charts of the program's own that redraw.

Numbers are written as numbers with the format their column shows, unrounded underneath; texts
never as formulas, whatever they begin with. The same workbook gives the same bytes.
"""

from __future__ import annotations

import io
import itertools
import math
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_range_abs, xl_rowcol_to_cell

from sdensemble.lang import say, tell
from sdensemble.outputs.document import source_line
from sdensemble.outputs.form import Native
from sdensemble.outputs.table import Table
from sdensemble.outputs.workbook import Fan, Sentences, Sheet, Workbook
from sdensemble.outputs.write.archive import undated
from sdensemble.outputs.write.sheet_columns import SheetColumn, sheet_columns

BANDS = ("#b9d5ea", "#7fb2dc", "#3b7fbf")
"""From the widest band to the narrowest, light enough to read in grey."""
WIDEST = 46
"""Letters a column is wide at most; longer texts are folded."""
CHART_ROWS = 22
ACROSS = 5
"""Columns a sentence is written across where a table stands on the same sheet."""
PAGE = 190.0
"""Letters on a landscape page that can still be read; a wider table takes several."""


def write_xlsx(workbook: Workbook, path: Path, lang: str) -> Path:
    """Write a workbook and return its path; text stays text, and numbers stay numbers."""
    stream = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "nan_inf_to_errors": False,
    }
    with xlsxwriter.Workbook(stream, options) as book:
        when = workbook.date or "2000-01-01"
        book.set_properties(
            {
                "title": tell(workbook.title, lang),
                "author": "sdensemble",
                "comments": workbook.run,
                "created": datetime.fromisoformat(when).replace(tzinfo=None),
            }
        )
        for sheet in workbook.sheets:
            _Writer(book, workbook, sheet, lang).write()
    path.write_bytes(undated(stream.getvalue()))
    return path


class _Writer:
    """The writing of one sheet, from the top down."""

    def __init__(self, book: Any, workbook: Workbook, sheet: Sheet, lang: str):
        self.book, self.workbook, self.content, self.lang = book, workbook, sheet, lang
        self.sheet = book.add_worksheet(_tab_name(tell(sheet.name, lang)))
        self.row = self.start = 0
        self.widths: dict[int, float] = {}
        self.alone = len(sheet.parts) == 1

    def form(self, **more: Any) -> Any:
        """Return a cell format with the font of the language."""
        look = {"font_name": say("xlsx.font", self.lang), "font_size": 10.5, "valign": "vcenter"}
        return self.book.add_format({**look, **more})

    def write(self) -> None:
        """Write title, parts and what they rest on."""
        sheet, lang = self.sheet, self.lang
        title = tell(self.content.title or self.content.name, lang)
        sheet.write_string(0, 0, title, self.form(bold=True, font_size=13))
        self.row = 1
        for part in self.content.parts:
            match part:
                case Sentences():
                    self._sentences(part)
                case Table():
                    self._table(part)
                case Fan():
                    self._fan(part)
        said = source_line(self.workbook.source, self.workbook.run, lang)
        sheet.write_string(self.row, self.start, said, self.form(font_color="#595959"))
        for column, width in self.widths.items():
            sheet.set_column(column, column, width)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(math.ceil(sum(self.widths.values()) / PAGE), 0)
        sheet.set_footer(f"&C&P / &N&R{self.workbook.run}")
        sheet.hide_gridlines(2)

    def _sentences(self, part: Sentences) -> None:
        heads = [tell(head, self.lang) for head in part.heads] or [""] * len(part.texts)
        for head, text in zip(heads, (tell(one, self.lang) for one in part.texts), strict=True):
            self.sheet.write_string(self.row, 0, head, self.form(bold=True, valign="top"))
            self._folded(text, 1, 1 if self.alone else ACROSS, 100)
        self.widths[0] = max(self.widths.get(0, 0), 4 + max(map(_letters, heads), default=0))
        for column in range(1, 2 if self.alone else ACROSS + 1):
            self.widths[column] = 100 if self.alone else 100 / ACROSS
        self.row += 1

    def _folded(self, text: str, first: int, last: int, letters: float, **look: Any) -> None:
        """Write a text in a row of its own, folded to the width of some columns."""
        form = self.form(text_wrap=True, valign="top", **look)
        if last > first:
            self.sheet.merge_range(self.row, first, self.row, last, "", form)
        self.sheet.write_string(self.row, first, text, form)
        self.sheet.set_row(self.row, 15.5 * max(1, -(-int(1.05 * _letters(text)) // int(letters))))
        self.row += 1

    def _table(self, table: Table, frozen: bool = True) -> tuple[int, int]:
        """Write a table; return its first row of cells and the row behind its last.

        Its head stays in sight and on every page where it stands on a sheet alone: above another
        table it would name the wrong columns.
        """
        lang, sheet = self.lang, self.sheet
        if tell(table.title, lang) != tell(self.content.title, lang):
            sheet.write_string(self.row, 0, tell(table.title, lang), self.form(bold=True))
            self.row += 1
        columns = sheet_columns(table, lang)
        for place, column in enumerate(columns):
            self._widen(place, min(_letters(column.head), 10.0))
        self._heads([column.head for column in columns])
        if self.alone and frozen:
            sheet.freeze_panes(self.row, table.stub)
            sheet.repeat_rows(self.row - 1)
            sheet.repeat_columns(0, table.stub - 1)
        first, groups = self.row, dict(table.groups)
        forms = [self._forms(column) for column in columns]
        for place in range(len(table.rows)):
            if place in groups:
                sheet.write_string(self.row, 0, tell(groups[place], lang), self.form(bold=True))
                self.row += 1
            end = place + 1 == len(table.rows)
            for at, column in enumerate(columns):
                form = forms[at][end, place in column.starred]
                self._cell(self.row, at, column.cells[place], form)
            self.row += 1
        last = self.row
        wide = list(itertools.accumulate(self.widths[place] for place in range(len(columns))))
        # beside the columns that every page repeats, or each page would repeat a part of them
        self.start = table.stub if wide[-1] > PAGE and self.alone else 0
        reach = max(sum(one <= PAGE for one in wide) - 1, self.start)
        letters = wide[reach] - (wide[self.start - 1] if self.start else 0.0)
        for note in (tell(one, lang) for one in table.notes):
            self._folded(note, self.start, reach, letters, font_color="#404040")
        self.row += 1
        return first, last

    def _heads(self, heads: Sequence[str]) -> None:
        """Write a row of heads, as high as the longest of them needs."""
        look = self.form(bold=True, text_wrap=True, top=2, bottom=1, align="center")
        for column, head in enumerate(heads):
            self.sheet.write_string(self.row, column, head, look)
        lines = [
            -(-_letters(head) // max(1.0, self.widths.get(column, 12.7) - 3))
            for column, head in enumerate(heads)
        ]
        self.sheet.set_row(self.row, 15.5 * min(max(lines, default=1), 5))
        self.row += 1

    def _forms(self, column: SheetColumn) -> dict[tuple[bool, bool], Any]:
        """Return the formats of a cell: by whether it is of the last row, and bears a star."""
        look: dict[str, Any] = {"align": "right"} if column.right else {"text_wrap": True}
        starred = ";".join(f'{part}"*"' for part in column.excel.split(";"))
        return {
            (last, star): self.form(
                num_format=starred if star else column.excel, bottom=2 * last, **look
            )
            for last in (False, True)
            for star in (False, True)
        }

    def _cell(self, row: int, column: int, value: Native, form: Any) -> None:
        self._widen(column, _letters(value) if isinstance(value, str) else 10.0)
        if value is None:
            self.sheet.write_blank(row, column, None, form)
        elif isinstance(value, str):
            self.sheet.write_string(row, column, value, form)
        else:
            self.sheet.write_number(row, column, float(value), form)

    def _widen(self, column: int, letters: float) -> None:
        wanted = min(letters + 2.0, WIDEST)
        self.widths[column] = max(self.widths.get(column, 8.0), wanted)

    # ── a chart of what is chosen ──

    def _fan(self, fan: Fan) -> None:
        """Write the choices, the numbers of what is chosen, the chart, and the whole table."""
        data, lang = fan.data, self.lang
        texts = [
            dict(zip((c.id for c in data.columns), row, strict=True)) for row in data.texts(lang)
        ]
        choices = {name: list(dict.fromkeys(row[name] for row in texts)) for name in fan.by}
        years = len({row[fan.x] for row in texts})
        if len(texts) != years * _product([len(held) for held in choices.values()]):
            raise ValueError(f'fan "{data.id}": its rows are not every combination of {fan.by}')
        top = self.row
        block = top + len(fan.by) + CHART_ROWS + 3
        self.row = block + years + 2
        self.sheet.print_area(0, 0, self.row - 2, 2 * len(fan.bands) + 2)
        first, last = self._table(data, frozen=False)
        self._block(fan, top, block, first, last, choices, years)

    def _block(
        self,
        fan: Fan,
        top: int,
        block: int,
        first: int,
        last: int,
        choices: dict[str, list[str]],
        years: int,
    ) -> None:
        sheet, lang, data = self.sheet, self.lang, fan.data
        places = {column.id: place for place, column in enumerate(data.columns)}
        heads = {column.id: column.title(lang) for column in data.columns}
        spare = len(data.columns) + 14  # where the lists to choose from stand
        chosen, hint = self.form(bg_color="#fff2cc", border=1), self.form(font_color="#595959")
        index = []
        for place, (name, offered) in enumerate(choices.items()):
            sheet.write_string(top + place, 0, heads[name], self.form(bold=True))
            sheet.write_string(top + place, 1, offered[0], chosen)
            for row, text in enumerate(offered):
                sheet.write_string(row, spare + place, text, hint)
            listed = xl_range_abs(0, spare + place, len(offered) - 1, spare + place)
            cell = xl_rowcol_to_cell(top + place, 1, True, True)
            options = {"validate": "list", "source": f"={listed}"}
            sheet.data_validation(top + place, 1, top + place, 1, options)
            sheet.set_column(spare + place, spare + place, None, None, {"hidden": 1})
            index.append(f"MATCH({cell},{listed},0)-1")
        said = say("xlsx.choose", lang, unit=tell(fan.unit, lang))
        sheet.write_string(top + len(choices), 0, said, hint)
        offset = "0"
        for offered, one in zip(choices.values(), index, strict=True):
            offset = f"({offset})*{len(offered)}+{one}"
        # one column each: x, the lowest edge, the widths of the strips above it, middle, target
        edges = [low for low, _, _ in fan.bands] + [high for _, high, _ in reversed(fan.bands)]
        natives = data.natives(lang)

        def value(name: str, row: int) -> Native:
            return natives[row][places[name]]

        def formula(name: str, row: int) -> str:
            held = xl_range_abs(first, places[name], last - 1, places[name])
            return f"INDEX({held},({offset})*{years}+{row + 1})"

        number, grey = self.form(num_format="0"), self.form(num_format="0", font_color="#7f7f7f")
        titles = [heads[fan.x], heads[fan.middle], heads[fan.target] if fan.target else ""]
        names = [
            say("xlsx.strip", lang, low=heads[low], high=heads[high])
            for low, high in itertools.pairwise(edges)
        ]
        shown = [titles[0], titles[1], titles[2], heads[edges[0]], *names]
        self.row, after = block - 1, self.row
        self._heads(shown)
        self.row = after
        for row in range(years):
            at = block + row
            x, middle = (value(name, row) for name in (fan.x, fan.middle))
            sheet.write_formula(at, 0, f"={formula(fan.x, row)}", number, x)
            sheet.write_formula(at, 1, f"={formula(fan.middle, row)}", number, middle)
            if fan.target:
                held, goal = formula(fan.target, row), value(fan.target, row)
                text = f'=IF({held}="",NA(),{held})'
                sheet.write_formula(at, 2, text, number, "#N/A" if goal is None else goal)
            low = value(edges[0], row)
            sheet.write_formula(at, 3, f"={formula(edges[0], row)}", grey, low)
            for column, (one, other) in enumerate(itertools.pairwise(edges), start=4):
                width = _less(value(other, row), value(one, row))
                text = f"={formula(other, row)}-{formula(one, row)}"
                sheet.write_formula(at, column, text, grey, width)
        if fan.target:
            white = self.form(font_color="#ffffff")
            sheet.conditional_format(
                block, 2, block + years - 1, 2, {"type": "errors", "format": white}
            )
        bands = [tell(name, lang) for _, _, name in fan.bands]
        goals = [value(fan.target, row) for row in range(years)] if fan.target else []
        named = [*shown[:4], *bands, *shown[4 + len(bands) :]]
        self._chart(fan, block, years, named, goals)

    def _chart(
        self, fan: Fan, block: int, years: int, heads: Sequence[str], goals: Sequence[Native]
    ) -> None:
        """Insert the chart: strips on an invisible floor, a line, and a mark for the target.

        Of two strips of a band the lower one has the band's name in the legend.
        """
        name, end = self.sheet.get_name(), block + years - 1
        quoted = "'" + name.replace("'", "''") + "'"

        def held(column: int) -> str:
            return f"={quoted}!{xl_range_abs(block, column, end, column)}"

        chart = self.book.add_chart({"type": "area", "subtype": "stacked"})
        half, strips = len(fan.bands), len(heads) - 4
        for strip in range(-1, strips):
            inner = min(strip, strips - 1 - strip)
            fill = {"none": True} if strip < 0 else {"color": BANDS[min(inner, half - 1)]}
            chart.add_series(
                {
                    "name": heads[4 + strip],
                    "categories": held(0),
                    "values": held(4 + strip),
                    "fill": fill,
                    "border": {"none": True},
                }
            )
        line = self.book.add_chart({"type": "line"})
        line.add_series(
            {
                "name": heads[1],
                "categories": held(0),
                "values": held(1),
                "line": {"color": "black", "width": 1.75, "dash_type": "dash"},
            }
        )
        hidden = [0, *range(1 + half, 1 + strips)]
        if fan.target:
            mark = {
                "type": "diamond",
                "size": 9,
                "fill": {"color": "#a50f15"},
                "border": {"color": "#a50f15"},
            }
            line.add_series(
                {
                    "name": heads[2],
                    "categories": held(0),
                    "values": held(2),
                    "line": {"none": True},
                    "marker": mark,
                    "values_data": goals,
                }
            )
        chart.combine(line)
        chart.set_x_axis({"position_axis": "on_tick", "num_format": "0"})
        unit = tell(fan.unit, self.lang)
        chart.set_y_axis(
            {
                "name": unit,
                "num_format": "0",
                "major_gridlines": {"visible": True, "line": {"color": "#d9d9d9"}},
            }
        )
        chart.set_legend({"position": "bottom", "delete_series": hidden})
        chart.set_title({"none": True})
        chart.show_na_as_empty_cell()
        chart.set_size({"width": 640, "height": 20 * CHART_ROWS})
        self.sheet.insert_chart(block - CHART_ROWS - 2, 0, chart, {"object_position": 3})


def _product(counts: Sequence[int]) -> int:
    total = 1
    for count in counts:
        total *= count
    return total


def _less(one: Native, other: Native) -> Any:
    if isinstance(one, str) or isinstance(other, str) or one is None or other is None:
        return 0
    return one - other


def _tab_name(text: str) -> str:
    """Return a name a tab may have: at most 31 letters, none of those Excel refuses."""
    return re.sub(r"[\[\]:*?/\\']", " ", text)[:31].strip() or "Sheet"


def _letters(text: str) -> float:
    """Return the width of a text in letters of the Latin alphabet."""
    return sum(2.0 if ord(letter) > 0x2E7F else 1.0 for letter in text)
