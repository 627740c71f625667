"""Heads of columns and what they mean; CSV files written and read by the columns' codes."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sdensemble.lang import LANGS, Words, has, phrase, say, tell
from sdensemble.outputs.columns import TABLES
from sdensemble.outputs.write.csv import write_rows


def meaning(table: str, column: str) -> Words:
    """Return what a column means; of a text in one language that of the text, with its language."""
    if own := _in_one(table, column):
        text, lang = own
        return phrase("columns.in_language", what=meaning(table, text), language=_language(lang))
    key = _key(table, column)
    return _language(column) if column in LANGS and not key else phrase(key)


def _in_one(table: str, column: str) -> tuple[str, str] | None:
    """Return what a column holds in one language, and the language; None of other columns."""
    for lang in LANGS:
        base = column.removesuffix(f"_{lang}")
        if base != column:
            return f"{base}_text" if _key(table, f"{base}_text") else base, lang
    return None


def _language(lang: str) -> Words:
    """Return what a language is called in others; in itself where they do not name it."""
    key = f"columns.language_{lang}"
    return phrase(key) if has(key) else say("language.name", lang)


def _key(table: str, column: str) -> str:
    """Return the key of a column in the catalogue, empty where there is none."""
    keys = (f"columns.{table.partition('-')[0]}.{column}", f"columns.shared.{column}")
    return next((key for key in keys if has(key)), "")


def head(table: str, column: str, lang: str) -> str:
    """Return a short head for people: the meaning without what is added behind a stop."""
    if own := _in_one(table, column):
        what, language = head(table, own[0], lang), _language(own[1])
        return say("columns.in_language", lang, what=what, language=language)
    text = tell(meaning(table, column), lang)
    for mark in ("clause", "colon", "open"):
        text = text.split(say(f"language.{mark}", lang).rstrip())[0]
    return text


def heads(table: str, lang: str) -> dict[str, str]:
    """Return the head of each column of a CSV in a language, by the column's code.

    A language whose ``columns.head`` shows the code has codes for heads (English), so that a
    script reads them as they are. Heads that would be alike have their code behind them.
    """
    shown = {
        one: say("columns.head", lang, what=head(table, one, lang), code=one)
        for one in TABLES[table]
    }
    made = list(shown.values())
    return {
        code: text if made.count(text) == 1 else f"{text} {code}" for code, text in shown.items()
    }


def write_csv(folder: Path, table: str, rows: Iterable[Mapping[str, Any]], lang: str) -> Path:
    """Write a table by the columns' codes as ``<table>.csv``, with heads in a language."""
    named = heads(table, lang)
    cells = ([row.get(code, "") for code in named] for row in rows)
    return write_rows(folder / f"{table}.csv", list(named.values()), cells)


def read_csv(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV that a verb wrote, by the columns' codes, whatever its language."""
    text = path.read_text(encoding="utf-8-sig")
    found, *rows = csv.reader(io.StringIO(text, newline=""))
    known = {
        head: code
        for lang in LANGS
        for code, head in (heads(path.stem, lang).items() if path.stem in TABLES else ())
    }
    codes = [known.get(head, head) for head in found]
    return [dict(zip(codes, row, strict=True)) for row in rows]


def write_meanings(
    folder: Path,
    tables: Iterable[str],
    lang: str,
    more: Mapping[str, Mapping[str, str]] | None = None,
) -> Path:
    """Write ``columns.csv``: of each column its code, its head in the files, and what it means.

    ``more`` adds to the meaning of columns, by language.
    """
    rows = (
        {"file": f"{table}.csv", "column": code, "head": named}
        | {
            one: tell(meaning(table, code), one) + (more or {}).get(code, {}).get(one, "")
            for one in LANGS
        }
        for table in tables
        for code, named in heads(table, lang).items()
    )
    return write_csv(folder, "columns", rows, lang)
