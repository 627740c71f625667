"""Words: one catalogue a language, and values that carry keys until they are told in one.

A language is one file here, ``<code>.toml``: keys to templates with named placeholders. Code never
asks which language it speaks; it makes a ``Phrase`` (key and values) and a writer tells it. Text of
a study, such as a scenario's title, is a mapping from language to text and is told the same way.
"""

from __future__ import annotations

import string
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Protocol, TypeAlias, runtime_checkable

from sdengine.errors import Message

FOLDER = Path(__file__).parent


@runtime_checkable
class Told(Protocol):
    """Anything that becomes text only when a language is named."""

    def told(self, lang: str) -> str:
        """Return the text in a language."""


Words: TypeAlias = "str | Mapping[str, str] | Told"
"""A text as it is, a text by language, or something to be told."""
Tell: TypeAlias = "Callable[[Words], None]"
"""What is told, in words, how far long work is."""


def _text(lang: str) -> str:
    return (FOLDER / f"{lang}.toml").read_text(encoding="utf-8")


@cache
def _read(lang: str) -> Mapping[str, Any]:
    return tomllib.loads(_text(lang))


@cache
def catalogue(lang: str) -> Mapping[str, str]:
    """Return every template of a language by its dotted key."""
    tables = {name: table for name, table in _read(lang).items() if name != "errors"}
    return dict(_flat(tables, ""))


def _flat(table: Mapping[str, Any], above: str) -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{key}.")
        else:
            yield above + key, str(value)


def _languages() -> tuple[str, ...]:
    """Return the languages by what the first table of each file says; the rest is read later."""
    found = sorted(path.stem for path in FOLDER.glob("*.toml"))
    heads = {lang: tomllib.loads("\n[".join(_text(lang).split("\n[", 2)[:2])) for lang in found}
    return tuple(sorted(found, key=lambda lang: int(heads[lang]["language"]["order"])))


LANGS = _languages()
"""Codes of the languages there are, in the order their files ask for; the first is the default."""


def names(key: str, lang: str) -> frozenset[str]:
    """Return the names of the placeholders of a template."""
    return frozenset(name for _, name, _, _ in _parse(catalogue(lang)[key]) if name)


def _parse(template: str) -> Iterable[tuple[str, str | None, str | None, str | None]]:
    return string.Formatter().parse(template)


def say(key: str, lang: str, /, **values: object) -> str:
    """Return a template of the catalogue filled in; values that are words are told first.

    Raises KeyError where the catalogue has no such key or the template asks for another value.

    >>> say("document.figure", "en", n=3), say("document.figure", "zh", n=3)
    ('Figure 3', '图3')
    """
    told = {name: _filled(value, lang) for name, value in values.items()}
    return catalogue(lang)[key].format(**told)


def message(template: str | Told, lang: str) -> str:
    """Return the template of an error in a language: its English form is its key in ``[errors]``.

    An error that has no translation is told in English; one that is words (``Worded``) as such.
    """
    if not isinstance(template, str):
        return tell(template, lang)
    return _read(lang).get("errors", {}).get(template, template)


def has(key: str, lang: str = LANGS[0]) -> bool:
    """Return whether the catalogue has a key."""
    return key in catalogue(lang)


def is_words(value: object) -> bool:
    """Return whether a value is words (quicker than asking whether it is of the protocol)."""
    return isinstance(value, str | dict) or hasattr(value, "told") or isinstance(value, Mapping)


def _filled(value: Any, lang: str) -> object:
    return tell(value, lang) if is_words(value) else value


def tell(words: Words, lang: str) -> str:
    """Return words as text in a language.

    A text of a study that lacks the language is told in English, or the first it has.

    >>> tell({"zh": "杯温", "en": "cup"}, "zh"), tell("as it is", "zh")
    ('杯温', 'as it is')
    """
    if isinstance(words, str):
        return words
    if isinstance(words, dict | Mapping):
        return words.get(lang) or words.get("en") or next(iter(words.values()), "")
    return words.told(lang)


def in_all(words: Words) -> dict[str, str]:
    """Return words told in every language there is, by its code."""
    return {lang: tell(words, lang) for lang in LANGS}


@dataclass(frozen=True)
class Each:
    """A text for each language as it is: none stands in where one has nothing to say."""

    texts: Mapping[str, str]

    def told(self, lang: str) -> str:
        """Return the text in a language, empty where there is none."""
        return self.texts.get(lang, "")


@dataclass(frozen=True)
class Phrase:
    """A key of the catalogue with what its placeholders stand for; compared as data."""

    key: str
    values: Mapping[str, object] = field(default_factory=dict)

    def told(self, lang: str) -> str:
        """Return the text in a language."""
        return say(self.key, lang, **self.values)

    def __hash__(self) -> int:
        return hash((self.key, tuple(self.values)))


def phrase(key: str, /, **values: object) -> Phrase:
    """Return a phrase: ``phrase("document.figure", n=3)``."""
    return Phrase(key, values)


@dataclass(frozen=True)
class Joined:
    """Several words in a row; ``by`` is a separator of ``[language]``: list, clause, sentence.

    ``nothing`` sets them side by side. Words that come out empty are left out.
    """

    parts: tuple[Words, ...]
    by: str = "list"

    def told(self, lang: str) -> str:
        """Return the text in a language."""
        between = "" if self.by == "nothing" else say(f"language.{self.by}", lang)
        return between.join(filter(None, (tell(part, lang) for part in self.parts)))


def joined(parts: Iterable[Words], by: str = "list") -> Joined:
    """Return words joined: ``joined(names)`` reads "甲、乙" or "a, b"."""
    return Joined(tuple(parts), by)


@dataclass(frozen=True)
class Capital:
    """Words that begin with a capital letter where the script has them."""

    words: Words

    def told(self, lang: str) -> str:
        """Return the text in a language."""
        text = tell(self.words, lang)
        return text[:1].upper() + text[1:]


@dataclass(frozen=True)
class Ended:
    """Words that end with the stop of their language; nothing where they say nothing."""

    words: Words

    def told(self, lang: str) -> str:
        """Return the text in a language."""
        text = tell(self.words, lang)
        done = not text or text.endswith(say("language.stop", lang).strip())
        return text if done else say("language.ended", lang, text=text)


@dataclass(frozen=True)
class Quantity:
    """A number with its unit; a unit in Latin letters keeps its distance in every language."""

    number: Words
    unit: Words

    def told(self, lang: str) -> str:
        """Return the text in a language."""
        number, unit = tell(self.number, lang), tell(self.unit, lang)
        latin = unit[:1].isascii() and unit[:1].isalpha()
        key = "language.amount_latin" if latin else "language.amount"
        return say(key, lang, number=number, unit=unit)


def quantity(number: Words, unit: Words) -> Words:
    """Return a number with its unit: "30亿元", "30 people"; without one the number."""
    return Quantity(number, unit) if unit else number


@dataclass(frozen=True)
class Bracketed:
    """Words in the brackets of their language; nothing where they say nothing."""

    words: Words

    def told(self, lang: str) -> str:
        """Return the text in a language."""
        text = tell(self.words, lang)
        return say("language.brackets", lang, text=text) if text else ""


def bracketed(parts: Iterable[Words]) -> Words:
    """Return words in brackets; nothing where there are none."""
    kept = tuple(part for part in parts if part)
    return Bracketed(joined(kept, "within")) if kept else ""


class Worded(Message):
    """Words as the message of an error: English until it is said in another language."""

    words: Words

    def __new__(cls, words: Words) -> Worded:
        """Return the message."""
        made = str.__new__(cls, tell(words, "en"))
        made.words, made.values = words, {}
        made.template = str(made).replace("{", "{{").replace("}", "}}")
        return made

    def __getnewargs_ex__(self) -> tuple[tuple[Words], dict[str, object]]:  # type: ignore[override]
        """Return what makes a copy, as pickling and copying ask."""
        return (self.words,), {}

    def said(self, translate: Callable[[Any], str | None]) -> str:
        """Return the words by what tells them."""
        return translate(self.words) or str(self)


def spoken(one: object, name: str = "") -> dict[str, str]:
    """Return what a value says in fields such as ``reason_zh`` and ``reason_en``, by language.

    Without a name, of fields that are called by the language alone.
    """
    fields = {lang: f"{name}_{lang}" if name else lang for lang in LANGS}
    return {lang: getattr(one, field) for lang, field in fields.items() if hasattr(one, field)}
