"""The page of evidence: every row a number may rest on, its publication, and who cites it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from sdensemble.inputs.priors import Prior
from sdensemble.inputs.sources import Row, Sources
from sdensemble.lang import joined, tell
from sdensemble.outputs.text import markdown_table
from sdensemble.pages.marks import Marks, anchor, cell, plain, slug

PAGE = "evidence.md"


def evidence_page(
    sources: Sources,
    told: Mapping[str, str],
    priors: Iterable[Prior],
    link: Callable[[str], str],
    marks: Marks,
) -> str:
    """Return every row by table; ``told`` is variable → source, ``link`` makes a variable's."""
    users: dict[str, list[str]] = {}
    for name, text in told.items():
        for *_, row in sources.cited(text):
            users.setdefault(row.id, []).append(name)
    for prior in priors:
        named = [sources.by_id[one] for one in prior.effects]
        for row in [*named, *(row for *_, row in sources.cited(prior.basis))]:
            users.setdefault(row.id, []).append(prior.constant)
    heads = marks.heads("row what figure unit publication seen note cited")
    lines = [*marks.begun(marks.say("evidence")), marks.say("evidence_how"), ""]
    for table, rows in sources.tables.items():
        cited = (marks.listed(map(link, dict.fromkeys(users.get(row.id, ())))) for row in rows)
        cells = [[*_cells(row, marks), by] for row, by in zip(rows, cited, strict=True)]
        lines += [f"## {table}", "", *markdown_table(heads, cells), ""]
    return "\n".join(lines)


def sourced(sources: Sources, text: str) -> str:
    """Return a text as a cell, every row of evidence it names a link to its publication."""
    made, end = "", 0
    for start, stop, row in sources.cited(text):
        made += f"{text[end:start]}[{text[start:stop]}]({PAGE}#{slug(row.id)})"
        end = stop
    return cell(made + text[end:])


def basis(sources: Sources, prior: Prior, marks: Marks) -> str:
    """Return what a prior rests on, with links to the rows it names."""
    told = sourced(sources, prior.basis)
    more = marks.listed(f"[{one}]({PAGE}#{slug(one)})" for one in prior.effects)
    return f"{told} [{more}]" if more else told


def _cells(row: Row, marks: Marks) -> list[str]:
    copy = marks.say("no_copy" if row.copy == "none" else row.copy)
    how = marks.say("no_source" if row.how == "assumed" else row.how)
    return [
        f"{anchor(row.id)}{plain(row.id)}",
        cell(getattr(row, marks.lang, "") or row.en),
        _figure(row),
        cell(row.unit),
        _publication(row),
        tell(joined([copy, how], "clause"), marks.lang),
        cell(row.note),
    ]


def _figure(row: Row) -> str:
    ends = [f"{v:.6g}" for v in (row.low, row.high) if v is not None]
    centre = "" if row.central is None else f"{row.central:.6g}"
    if row.low is None or row.high is None or row.low == row.high:
        return centre or "".join(ends[:1])
    return f"{centre} ({'–'.join(ends)})".strip()


def _publication(row: Row) -> str:
    """Return a row's source, and the original and the address where they say more."""
    told = [row.source] if row.source else []
    if row.original and row.original not in row.source:
        told.append(row.original)
    links = re.findall(r"https?://[^\s;，。)]+", row.url)
    return " · ".join([*map(cell, told), *(f"<{link}>" for link in links)])
