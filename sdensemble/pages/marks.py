"""The marks a page is made of: words of the reference, names in links, cells of tables."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sdensemble.lang import say
from sdensemble.outputs.text import untagged


def slug(name: str) -> str:
    """Return a name as part of a file's name."""
    return re.sub(r"\W+", "-", name.casefold()).strip("-") or "view"


def anchor(name: str) -> str:
    """Return the place a link to a name leads to."""
    return f'<a id="{slug(name)}"></a>'


def plain(name: str) -> str:
    """Return a name with nothing in it that Markdown would read as a mark."""
    return re.sub(r"([\\`*_\[\]<>|])", r"\\\1", name)


def cell(text: str) -> str:
    """Return a text as it may stand in a table: one line, no bar, no tag."""
    return " ".join(untagged(text).replace("|", "\\|").split())


@dataclass(frozen=True)
class Marks:
    """The words and marks of a language."""

    lang: str

    def say(self, key: str) -> str:
        """Return a word of the reference."""
        return say(f"reference.{key}", self.lang)

    def heads(self, keys: str) -> list[str]:
        """Return words of the reference, as the heads of a table."""
        return [self.say(key) for key in keys.split()]

    def headed(self, head: str, text: str) -> str:
        """Return a text behind what it is of, with the colon of the language."""
        return say("language.headed", self.lang, head=head, text=text)

    def listed(self, parts: Iterable[str]) -> str:
        """Return texts with the commas of the language between them."""
        return say("language.list", self.lang).join(parts)

    def noted(self, text: str) -> str:
        """Return a text in the brackets of the language, to stand behind another."""
        return say("language.brackets", self.lang, text=text)

    def begun(self, title: str) -> list[str]:
        """Return how a page begins: its title, and the way back to the index."""
        return [f"# {title}", "", f"[{self.say('index')}](README.md)", ""]
