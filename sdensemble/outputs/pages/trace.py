"""What a run was made of, told so that a number of a paper can be followed to its sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sdensemble.lang import Words, phrase
from sdensemble.outputs.document import Document, Paragraph
from sdensemble.outputs.table import Heads, Table, table_from

cell = Heads("brief.head_")


def trace_document(
    folder: Path, record: Mapping[str, Any], today: Mapping[str, str], more: Sequence[Path] = ()
) -> Document:
    """Return a run's command, seed, dates and files; ``today`` are the files' digests now."""
    options = dict(record.get("options", {}))
    facts: list[tuple[str, Words]] = [
        ("id", str(record.get("id", "") or "—")),
        ("folder", str(folder)),
        ("command", str(record.get("command", "—"))),
        ("started", str(record.get("started", "—"))),
        ("as_of", str(record.get("as_of", "") or "—")),
        ("seed", str(options.get("seed", "—"))),
        ("members", str(options.get("members", "—"))),
        ("prior_set", str(options.get("prior_set", "—"))),
        ("posterior", _posteriors(record)),
        ("model", str(record.get("model_digest", "—"))),
        ("versions", _versions(record)),
    ]
    said = [
        phrase("language.headed", head=phrase(f"brief.trace_{name}"), text=text)
        for name, text in facts
    ]
    said += [phrase("brief.trace_also", folder=str(one)) for one in more]
    files = _files(record, today)
    changed = sum(row[2] != phrase("brief.same") for row in files.rows)
    said.append(phrase("brief.trace_changed" if changed else "brief.trace_same", n=changed))
    return Document("trace", "", (*map(Paragraph, said), files))


def _posteriors(record: Mapping[str, Any]) -> Words:
    found = [str(one.get("posterior", "")) for one in record.get("ensembles", [])]
    names = [name for name in dict.fromkeys(found) if name and name != "prior"]
    return ", ".join(names) or phrase("brief.trace_prior")


def _versions(record: Mapping[str, Any]) -> str:
    held = dict(record.get("versions", {}))
    return ", ".join(f"{name} {version}" for name, version in held.items())


def _files(record: Mapping[str, Any], today: Mapping[str, str]) -> Table:
    def how(file: tuple[str, str]) -> Words:
        name, digest = file
        now = today.get(name)
        return phrase(f"brief.{'gone' if now is None else 'same' if now == digest else 'changed'}")

    return table_from(
        "files",
        phrase("brief.trace_files"),
        sorted(dict(record.get("files_read", {})).items()),
        cell("file", lambda file: file[0]),
        cell("digest", lambda file: str(file[1])[:12]),
        cell("now", how),
    )
