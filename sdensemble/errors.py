"""One error type for everything a person can mend, and the collector that fills it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class SDError(Exception):
    """A list of problems, each one line: where, what is wrong, what to do.

    The command line prints the lines without a traceback; ``problems`` keeps them apart.
    """

    def __init__(self, problems: str | Iterable[str]):
        self.problems: tuple[str, ...] = (
            (problems,) if isinstance(problems, str) else tuple(problems)
        )
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
    """Return the known name most like ``name``, or None when nothing is close."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    match = difflib.get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[match[0]] if match else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return " — did you mean …?" for the nearest known name, or an empty string."""
    match = nearest(name, known)
    return f' — did you mean "{match}"?' if match else ""
