"""The reference's page of evidence, and the links from any cited number to its publication."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import chain

from sdengine.syntax import Model
from sdensemble.ensemble.draws import Prior
from sdensemble.inputs.sources import Row, Sources

PAGE = "evidence.md"
HEAD = ("row", "what", "figure", "unit", "publication", "seen", "note", "cited")

Say = Callable[[str], str]
"""A word of the reference in the page's language."""


def slug(name: str) -> str:
    """Return a name as part of a file's name or as an anchor."""
    return re.sub(r"\W+", "-", name.casefold()).strip("-") or "view"


def anchor(name: str) -> str:
    """Return a place that a link of this name leads to."""
    return f'<a id="{slug(name)}"></a>'


def escaped(name: str) -> str:
    """Return a name that Markdown shows as it is."""
    return re.sub(r"([\\`*_\[\]<>|])", r"\\\1", name)


def cell(text: str) -> str:
    """Return a text for a cell of a table."""
    return " ".join(text.replace("|", "\\|").split())


def sourced(sources: Sources, text: str) -> str:
    """Return a text as a cell, every row of evidence it names a link to its publication."""
    made, end = "", 0
    for start, stop, row in sources.cited(text):
        made += f"{text[end:start]}[{text[start:stop]}]({PAGE}#{slug(row.id)})"
        end = stop
    return cell(made + text[end:])


def basis(sources: Sources, prior: Prior) -> str:
    """Return what a prior rests on, with links to the rows it names."""
    told = sourced(sources, prior.basis)
    more = ", ".join(f"[{one}]({PAGE}#{slug(one)})" for one in prior.effects)
    return f"{told} [{more}]" if more else told


def evidence_page(
    sources: Sources,
    model: Model,
    priors: Iterable[Prior],
    link: Callable[[str], str],
    say: Say,
    lang: str,
) -> str:
    """Return every row of evidence by table: what, figure, publication, and who cites it.

    ``link`` gives the link to a variable of the model.
    """
    users = _users(sources, model, priors)
    lines = [f"# {say('evidence')}", "", f"[{say('index')}](README.md)", "", say("evidence_how")]
    for table, rows in sources.tables.items():
        lines += ["", f"## {table}", "", f"| {' | '.join(map(say, HEAD))} |"]
        lines.append("|---" * len(HEAD) + "|")
        for row in rows:
            named = {"zh": row.zh, "en": row.en}.get(lang) or row.en or row.zh
            seen = say("copy_none" if row.copy == "none" else row.copy)
            cells = (
                f"{anchor(row.id)}{escaped(row.id)}",
                cell(named),
                _figure(row),
                cell(row.unit),
                _publication(row),
                f"{seen}; {say('how_assumed' if row.how == 'assumed' else row.how)}",
                cell(row.note),
                ", ".join(link(name) for name in dict.fromkeys(users.get(row.id, ()))),
            )
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _users(sources: Sources, model: Model, priors: Iterable[Prior]) -> Mapping[str, list[str]]:
    """Return the variables that cite each row, themselves or through their prior."""
    users: dict[str, list[str]] = {}
    for name, variable in model.variables.items():
        for *_, row in sources.cited(variable.note.source):
            users.setdefault(row.id, []).append(name)
    for prior in priors:
        named = (sources.by_id[one] for one in prior.effects)
        for row in chain(named, (row for *_, row in sources.cited(prior.basis))):
            users.setdefault(row.id, []).append(prior.constant)
    return users


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
