"""Two runs against each other: what changed in what they read, and what that did to P."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sdensemble.inputs.report import ReportSpec
from sdensemble.lang import Words, joined, phrase
from sdensemble.outputs.document import Document, Heading, Items, Paragraph, Ref
from sdensemble.outputs.form import Number, Share
from sdensemble.outputs.naming import information_date, label
from sdensemble.outputs.table import Heads, Table, table_from

Record = Mapping[str, Any]
cell = Heads("brief.head_")
KINDS = (
    ("model", ("model/",)),
    ("data", ("calibration/history", "calibration/published", "calibration/plans")),
    ("posterior", ("calibration/posterior", "calibration/variant")),
    ("priors", ("calibration/",)),
    ("scenarios", ("scenarios/",)),
    ("structures", ("variants/",)),
    ("report", ("outputs/",)),
)
"""What a file is part of, by how its name begins; the first that fits."""
OPTIONS = ("members", "seed", "prior_set", "method", "prior_only")


def against(spec: ReportSpec, earlier: Record, later: Record) -> Document:
    """Return the comparison of two runs, from their records, as a document."""
    files = changed_files(earlier, later)
    moved = list(_moved(earlier, later))
    blocks = [
        Heading(phrase("brief.part_moved")),
        Paragraph(moved_sentence(moved), "lead"),
        _table(spec, moved, later),
        Heading(phrase("brief.part_changed")),
        *_changes(spec, files, earlier, later),
    ]
    date = str(later.get("started", ""))[:10]
    return Document(
        "against",
        phrase("brief.title_against", first=_name(earlier), last=_name(later)),
        tuple(blocks),
        subtitle=phrase("brief.subtitle", date=date) if date else "",
        date=date,
        run=str(later.get("id", "")),
    )


def _name(record: Record) -> str:
    return str(record.get("id") or str(record.get("started", ""))[:10])


# ── what changed ──


def changed_files(earlier: Record, later: Record) -> dict[str, list[tuple[str, str]]]:
    """Return (file, "changed", "added" or "removed") by what the file is part of."""
    first, last = dict(earlier.get("files_read", {})), dict(later.get("files_read", {}))
    found: dict[str, list[tuple[str, str]]] = {}
    for name in sorted({*first, *last}):
        if first.get(name) == last.get(name):
            continue
        how = "added" if name not in first else "removed" if name not in last else "changed"
        kind = next((k for k, begins in KINDS if name.startswith(begins)), "other")
        found.setdefault(kind, []).append((name, how))
    return found


def _changes(
    spec: ReportSpec, files: Mapping[str, Sequence[tuple[str, str]]], earlier: Record, later: Record
) -> Iterator[Any]:
    items: list[Words] = []
    for kind, changes in files.items():
        shown: list[Words] = [
            phrase("brief.file_change", file=name, how=phrase(f"brief.{how}"))
            for name, how in changes[:8]
        ]
        if len(changes) > len(shown):
            shown.append(phrase("brief.and_more", n=len(changes) - len(shown)))
        items.append(
            phrase("brief.changes", kind=phrase(f"brief.kind_{kind}"), files=joined(shown, "list"))
        )
    first, last = earlier.get("options", {}), later.get("options", {})
    ends = [(name, _option(spec, name, first), _option(spec, name, last)) for name in OPTIONS]
    old_date, new_date = (
        information_date(str(one.get("as_of", "")), spec.issued) for one in (earlier, later)
    )
    old, new = (dict(one.get("versions", {})).get("sdensemble") or "—" for one in (earlier, later))
    ends += [("as_of", old_date, new_date), ("version", old, new)]
    items += [
        phrase("brief.option_change", name=phrase(f"brief.option_{name}"), old=old, new=new)
        for name, old, new in ends
        if old != new
    ]
    if not items:
        yield Paragraph(phrase("brief.changed_none"))
        return
    yield Items(tuple(items))
    yield Paragraph(phrase("brief.changed_note"), "note")


def _option(spec: ReportSpec, name: str, options: Mapping[str, Any]) -> Words:
    value = options.get(name, "")
    if name == "prior_set" and value:
        return label(spec, str(value))
    if isinstance(value, bool):
        return phrase("brief.yes" if value else "brief.no")
    return str(value)


# ── what that did to P ──


def _moved(earlier: Record, later: Record) -> Iterator[dict[str, Any]]:
    """Yield each probability both runs hold, with its change and the error of that."""
    names = ("target", "scenario", "prior_set", "year", "measure", "scope")
    held = {tuple(one.get(name) for name in names): one for one in earlier.get("answers", [])}
    for one in later.get("answers", []):
        old = held.get(tuple(one.get(name) for name in names))
        if old is None:
            continue
        step, se = one["p"] - old["p"], math.hypot(one["se"], old["se"])
        yield {
            **one,
            "old": (old["p"], old["se"]),
            "new": (one["p"], one["se"]),
            "step": step,
            "se": se,
            "apart": abs(step) >= 2 * se and step != 0,
        }


def moved_sentence(moved: Sequence[Mapping[str, Any]]) -> Words:
    """Say which probability moved most, or that none can be seen to have moved."""
    if not moved:
        return phrase("brief.moved_nothing_common")
    apart = [one for one in moved if one["apart"]]
    if not apart:
        return phrase("brief.moved_none", n=len(moved))
    most = max(apart, key=lambda one: abs(one["step"]))
    return phrase(
        "brief.moved_up" if most["step"] > 0 else "brief.moved_down",
        n=len(apart),
        all=len(moved),
        target=most["target_title"],
        scenario=most["scenario_title"],
        points=f"{100 * abs(most['step']):.0f}",
        table=Ref("moved"),
    )


def _table(spec: ReportSpec, moved: Sequence[Mapping[str, Any]], later: Record) -> Table:
    return table_from(
        "moved",
        phrase("brief.moved"),
        moved,
        cell("target", itemgetter("target_title")),
        cell("scenario", itemgetter("scenario_title")),
        cell("prior_set", lambda one: label(spec, str(one["prior_set"])), head="priors"),
        cell("old", itemgetter("old"), Share(), head="earlier"),
        cell("new", itemgetter("new"), Share(), head="later"),
        cell("step", lambda one: 100 * one["step"], Number(places=1, signed=True)),
        cell("se", lambda one: 100 * one["se"], Number(places=1)),
        stub=2,
        notes=(phrase("brief.moved_note"),),
        run=str(later.get("id", "")),
    )
