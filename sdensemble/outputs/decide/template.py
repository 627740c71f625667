"""A file to fill in for a batch: a column a lever with its unit, limits on a second sheet."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from sdengine.errors import SDError
from sdensemble.decide.levers import Lever
from sdensemble.lang import bracketed, say, tell
from sdensemble.outputs.decide import common as c
from sdensemble.study import Study


def write_template(path: Path, study: Study, levers: Sequence[Lever], lang: str) -> Path:
    """Write a template in a language: ``.xlsx`` with a sheet of limits, or ``.csv``.

    Row 1 heads the columns; two example rows stand below it, the first with every lever as it
    is now. Raises SDError for another kind of file or without levers.
    """
    if not levers:
        raise SDError("no lever to write a template for: name some")
    head = [
        say("decide.template.scenario", lang),
        say("decide.template.title", lang),
        say("decide.template.start", lang),
    ]
    head += [_head(study, lever, lang) for lever in levers]
    start = levers[0].start
    rows = [
        ["now", say("decide.template.now", lang), start, *(lever.now for lever in levers)],
        [
            "example",
            say("decide.template.example", lang),
            start,
            levers[0].high / 2,
            *("" for _ in levers[1:]),
        ],
    ]
    heads = ("lever", "name", "unit", "now_level", "low", "high", "begins")
    limits: list[list[object]] = [[say(f"decide.template.{key}", lang) for key in heads]]
    for lever in levers:
        unit = tell(c.unit_of(study.report, lever.unit), lang)
        limits.append(
            [
                tell(c.lever_label(study.model, lever), lang),
                lever.name,
                unit,
                *(lever.now, lever.low, lever.high, lever.start),
            ]
        )
    first = study.model.clock.start + 2
    how = say("decide.template.how", lang, first=f"{first:g}", then=f"{first + 2:g}")
    limits += [[], [how]]
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix.lower() == ".csv":
        with path.open("x", encoding="utf-8-sig", newline="") as stream:
            csv.writer(stream).writerows([head, *rows])
        return path
    if path.suffix.lower() != ".xlsx":
        raise SDError("{file}: name it .xlsx or .csv", file=path.name)
    _workbook(path, head, rows, limits, lang)
    return path


def _head(study: Study, lever: Lever, lang: str) -> str:
    """Return a column's head: the label where it is the lever's alone, else the name; the unit."""
    note = study.model[lever.constant].note
    label = note.label(lang)
    same = [v for v in study.model.constants() if label and label in (v.note.zh, v.note.en)]
    name = label if len(same) == 1 and "[" not in label else lever.constant
    element = f"[{lever.element}]" if lever.element else ""
    unit = tell(bracketed([c.unit_of(study.report, lever.unit)]), lang)
    return f"{name}{element}{unit}"


def _workbook(
    path: Path,
    head: Sequence[str],
    rows: Sequence[Sequence[object]],
    limits: Sequence[Sequence[object]],
    lang: str,
) -> None:
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = say("decide.template.sheet", lang)
    for row in (head, *rows):
        sheet.append(list(row))
    more = book.create_sheet(say("decide.template.limits", lang))
    for line in limits:
        more.append(list(line))
    for one in (sheet, more):
        for cell in one[1]:
            cell.font = Font(bold=True)
            cell.alignment = Alignment(wrap_text=True, vertical="top")
        for column in one.columns:
            one.column_dimensions[column[0].column_letter].width = 18
        one.row_dimensions[1].height = 45  # two lines of a label and one of its unit
        one.freeze_panes = "B2"
    book.save(path)
