"""A document as plain values for scripts: every word in every language, every number with its unit.

A probability is never alone: it carries what it is conditional on, its Monte Carlo error, the
number of members and the number of its run.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sdensemble.lang import Joined, Phrase, Told, Words, in_all
from sdensemble.outputs.document import (
    Annex,
    Block,
    Box,
    Document,
    Heading,
    Items,
    Paragraph,
)
from sdensemble.outputs.figure import Figure
from sdensemble.outputs.form import Form, InTen, Shown, Starred
from sdensemble.outputs.table import Table
from sdensemble.results.estimate import Estimate
from sdensemble.results.probability import Difference, Probability

Json = dict[str, Any]


@dataclass(frozen=True)
class JsonWriter:
    """Writes a document; ``key`` and ``run`` are of each probability without a key of its own.

    Raises ValueError for a probability that has neither: nobody could say what it is of.
    """

    document: Document
    key: Mapping[str, Any]
    run: str

    def blocks(self) -> list[Json]:
        """Return every block, in order; of figures what they show, as their files hold the rest."""
        return [made for block in self.document.walk() if (made := self._block(block))]

    def _words(self, words: Words) -> Json:
        """Return words in every language, with every probability they tell as a value."""
        told = {lang: self.document.text(text, lang) for lang, text in in_all(words).items()}
        said = [self._chance(one.value, one.form) for one in shown_in(words)]
        return {**told, **({"probabilities": said} if said else {})}

    def _block(self, block: Block) -> Json | None:
        match block:
            case Heading():
                return {"kind": "heading", "level": block.level, "text": self._words(block.text)}
            case Paragraph():
                text = self._words(block.text)
                return {"kind": "paragraph", "style": block.style, "text": text}
            case Items():
                return {"kind": "items", "items": [self._words(one) for one in block.items]}
            case Table():
                return self._table(block)
            case Figure():
                caption = self._words(block.caption or block.title)
                return {"kind": "figure", "id": block.id, "caption": caption}
            case Box() | Annex():
                return {"kind": "part", "id": block.id, "title": self._words(block.title)}
        return None

    def _table(self, table: Table) -> Json:
        columns = [
            {"id": one.id, "head": self._words(one.head or one.id), "unit": self._words(one.unit)}
            for one in table.columns
        ]
        return {
            "kind": "table",
            "id": table.id,
            "title": self._words(table.title),
            "columns": columns,
            "rows": [
                {
                    column.id: self.value(cell, column.form)
                    for column, cell in zip(table.columns, row, strict=True)
                }
                for row in table.rows
            ],
            "notes": [self._words(note) for note in table.notes],
        }

    # ── values ──

    def value(self, value: Any, form: Form) -> Any:
        """Return a cell's value as JSON has it; no number is rounded."""
        if isinstance(value, Shown):
            return self.value(value.value, value.form)
        if isinstance(form, Starred):
            return self.value(value[0], form.each)
        value = tuple(value.tolist()) if getattr(value, "ndim", 0) else value
        if value is None:
            return None
        if form.likely or isinstance(value, Probability):
            return self._chance(value, form)
        if isinstance(value, Difference):
            return {**self.value(value.found, form), "key": asdict(value.key)}
        if isinstance(value, Estimate) or (hasattr(value, "se") and hasattr(value, "value")):
            mean = value.mean if isinstance(value, Estimate) else value.value
            return {"value": plain(mean), "error": plain(value.se)}
        if isinstance(value, tuple):
            return dict(zip(form.parts, map(plain, value), strict=False))
        if not isinstance(value, Mapping | Told):
            return plain(value)
        return self._words(value)

    def _chance(self, value: Any, form: Form) -> Json:
        """Return a probability with all that belongs to it."""
        found: Json = {"kind": "probability"}
        if isinstance(value, Probability):
            found |= {"value": plain(value.middle), "error": plain(value.se)}
            if value.bounded:
                found |= {"least": value.least.mean, "most": value.most.mean, "lost": value.lost}
            key = {**plain(self.key), **asdict(value.key), "members": value.members}
        else:
            held = value if isinstance(value, tuple | float) else (value.mean, value.se)
            parts = held if isinstance(held, tuple) else (held,)
            if all(isinstance(part, Estimate) for part in parts):  # the least and the most of some
                parts = (*(part.mean for part in parts), *(part.se for part in parts))
                form = InTen()
            found |= {"error": None, **dict(zip(form.parts, map(plain, parts), strict=False))}
            key = plain(self.key)
        if not key or not self.run:
            raise ValueError(f'document "{self.document.id}": a probability without key or run')
        return {**found, "key": key, "run": self.run}


def shown_in(words: Words) -> Iterator[Shown]:
    """Yield each probability that words tell, however deep it stands in them."""
    match words:
        case Shown():
            if words.form.likely and words.value is not None:
                yield words
        case Phrase():
            for one in words.values.values():
                if isinstance(one, Told):
                    yield from shown_in(one)
        case Joined():
            for part in words.parts:
                yield from shown_in(part)
        case _ if isinstance(inner := getattr(words, "words", None), Told):
            yield from shown_in(inner)


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it: None for what is no finite number."""
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    value = value.tolist() if hasattr(value, "tolist") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value
