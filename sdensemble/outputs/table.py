"""A table as one frozen value: columns with heads, units and formatters, rows of values, notes.

Nothing here is text yet. A writer tells it in a language: a terminal, a CSV, a Word page and a
worksheet show the same cells, because the formatter belongs to the column and not to the writer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sdensemble.lang import LANGS, Words, bracketed, in_all, joined, phrase, tell
from sdensemble.outputs.form import TEXT, Form, Native


@dataclass(frozen=True)
class Column:
    """One column: ``id`` for machines, ``head`` for people, and how its cells are written.

    ``note`` says what the column means. ``unit`` stands behind the head.
    """

    id: str
    head: Words = ""
    form: Form = TEXT
    unit: Words = ""
    note: Words = ""

    def title(self, lang: str) -> str:
        """Return the head with its unit."""
        return "".join(self.parts(lang))

    def parts(self, lang: str) -> tuple[str, str]:
        """Return the head, and its unit in brackets or nothing."""
        return tell(self.head, lang) or self.id, tell(bracketed([self.unit]), lang)


@dataclass(frozen=True)
class Table:
    """A table; ``rows`` hold one value a column, None where there is none.

    The first ``stub`` columns name the row. ``groups`` are (first row, head) of parts of the
    table. ``source`` and ``run`` say where the numbers come from; ``notes`` are one sentence each.
    """

    id: str
    title: Words
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    stub: int = 1
    groups: tuple[tuple[int, Words], ...] = ()
    notes: tuple[Words, ...] = ()
    source: Words = ""
    run: str = ""

    def __post_init__(self) -> None:
        wrong = [place for place, row in enumerate(self.rows) if len(row) != len(self.columns)]
        if wrong:
            raise ValueError(
                f'table "{self.id}": row {wrong[0]} has {len(self.rows[wrong[0]])} values and'
                f" there are {len(self.columns)} columns"
            )

    def column(self, name: str) -> tuple[Any, ...]:
        """Return the values of a column by its id."""
        place = [column.id for column in self.columns].index(name)
        return tuple(row[place] for row in self.rows)

    def records(self) -> list[dict[str, Any]]:
        """Return each row as values by column id."""
        names = [column.id for column in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]

    def head(self, lang: str) -> list[str]:
        """Return the heads with their units."""
        return [column.title(lang) for column in self.columns]

    def texts(self, lang: str) -> list[list[str]]:
        """Return the cells as people read them, without the head."""
        forms = [column.form for column in self.columns]
        return [
            [form.text(value, lang) for form, value in zip(forms, row, strict=True)]
            for row in self.rows
        ]

    def natives(self, lang: str) -> list[list[Native]]:
        """Return the cells as a spreadsheet holds them: numbers unrounded, texts told."""
        forms = [column.form for column in self.columns]
        return [
            [form.number(value, lang) for form, value in zip(forms, row, strict=True)]
            for row in self.rows
        ]

    def only(self, names: Sequence[str]) -> Table:
        """Return the table with these columns, in this order."""
        places = [[column.id for column in self.columns].index(name) for name in names]
        return replace(
            self,
            columns=tuple(self.columns[place] for place in places),
            rows=tuple(tuple(row[place] for place in places) for row in self.rows),
        )

    def all_notes(self) -> Words:
        """Return the notes as one text."""
        return joined(self.notes, "sentence")


def table_of(
    name: str,
    title: Words,
    columns: Iterable[Column],
    rows: Iterable[Mapping[str, Any]],
    **more: Any,
) -> Table:
    """Return a table from rows by column id; a value that is missing is None.

    ``more`` is passed to ``Table``: stub, groups, notes, source, run.
    """
    kept = tuple(columns)
    cells = tuple(tuple(row.get(column.id) for column in kept) for row in rows)
    return Table(name, title, kept, cells, **more)


Cell = tuple[Column, str | Callable[[Any], Any]]
"""A column, and what it shows of a row's item: a function, or the name of a ``part``."""


@dataclass(frozen=True)
class Heads:
    """Makes cells whose heads are keys of one part of the catalogue: ``Heads("decide.head.")``."""

    part: str

    def __call__(
        self,
        name: str,
        shown: str | Callable[[Any], Any],
        /,
        form: Form = TEXT,
        unit: Words = "",
        head: str = "",
        **words: object,
    ) -> Cell:
        """Return a column headed by its name, or by the key ``head``, and what it shows.

        ``words`` fill the head.
        """
        return Column(name, phrase(self.part + (head or name), **words), form, unit), shown


def table_from(name: str, title: Words, items: Iterable[Any], *cells: Cell, **more: Any) -> Table:
    """Return a table with a row for each item; ``more`` is passed to ``Table``."""
    columns = tuple(column for column, _ in cells)
    shown = [part(one) if isinstance(one, str) else one for _, one in cells]
    rows = tuple(tuple(of(item) for of in shown) for item in items)
    return Table(name, title, columns, rows, **more)


def part(path: str) -> Callable[[Any], Any]:
    """Return what picks a part of an item, "effect.found"; None where any part of it is None."""

    def picked(item: Any) -> Any:
        for name in path.split("."):
            item = None if item is None else getattr(item, name)
        return item

    return picked


def in_languages(row: Mapping[str, Any], name: str) -> dict[str, str]:
    """Return the words whose cells ``by_language`` made."""
    return {lang: row[f"{name}_{lang}"] for lang in LANGS}


def by_language(name: str, words: Words) -> dict[str, str]:
    """Return words as a cell for each language: ``name_zh``, ``name_en`` …"""
    return {f"{name}_{lang}": text for lang, text in in_all(words).items()}
