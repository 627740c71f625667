"""One error type for everything a person can mend, and the collector that fills it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class SDError(Exception):
    """A list of problems, each one line: where, what is wrong, what to do.

    The command line prints the lines without a traceback; ``problems`` keeps them apart, each
    once.
    """

    def __init__(self, problems: str | Iterable[str]):
        given = (problems,) if isinstance(problems, str) else tuple(problems)
        self.problems: tuple[str, ...] = tuple(dict.fromkeys(given))
        super().__init__("\n".join(self.problems))


class Problems:
    """Collects every problem of one reading, then raises them together.

    >>> found = Problems()
    >>> found.add("scenarios/a.toml [levers]", "no such constant 'x'")
    >>> bool(found)
    True
    """

    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, where: object, what: str) -> None:
        """Note one problem; ``where`` names file and key."""
        self.lines.append(f"{where}: {what}")

    def take(self, error: SDError) -> None:
        """Add the problems of an error raised by a smaller reading."""
        self.lines.extend(error.problems)

    def __bool__(self) -> bool:
        return bool(self.lines)

    def raise_if_any(self) -> None:
        """Raise one SDError with every line, or return."""
        if self.lines:
            raise SDError(self.lines)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name most like ``name``, or None when nothing is close.

    A name that contains the words typed comes before one that is spelt alike.

    >>> nearest("cup size", ["cup sign", "cup and saucer size"])
    'cup and saucer size'
    """
    match = containing(name, known := tuple(known)) or _spelt_alike(name, known)
    return match[0] if match else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return " — did you mean …?" for the nearest known names, or an empty string."""
    match = containing(name, known := tuple(known)) or _spelt_alike(name, known)
    shown = " or ".join(f'"{one}"' for one in match)
    return f" — did you mean {shown}?" if match else ""


def containing(name: str, known: Iterable[str]) -> list[str]:
    """Return up to three known names in which each word typed begins a word, nearest first."""
    words = _words(name)
    if sum(map(len, words)) < (3 if name.isascii() else 2):
        return []
    found = [
        one
        for one in known
        if all(any(_begins(word, own, name) for own in _words(one)) for word in words)
    ]
    alike = difflib.SequenceMatcher(b=name.casefold())

    def likeness(one: str) -> float:
        alike.set_seq1(one.casefold())
        return -alike.ratio()

    return sorted(found, key=likeness)[:3]


def _begins(word: str, own: str, name: str) -> bool:
    return own.startswith(word) if name.isascii() else word in own


def _words(name: str) -> list[str]:
    return name.casefold().replace("_", " ").split()


def _spelt_alike(name: str, known: Iterable[str]) -> list[str]:
    by_folded = {candidate.casefold(): candidate for candidate in known}
    match = difflib.get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return [by_folded[one] for one in match]
