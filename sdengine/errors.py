"""One error type for everything a person can mend, and the collector that fills it."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping


class Message(str):
    """A message in English that remembers how it was made, so that it can be said otherwise.

    It is a plain text for whoever knows nothing of languages. ``template`` is the English
    sentence with its gaps, ``values`` fill them; a value may itself be Message.

    >>> line = Message("no such key {key}", key="zz")
    >>> line, line.said({"no such key {key}": "没有 {key} 这个键"}.get)
    ('no such key zz', '没有 zz 这个键')
    """

    template: str
    values: Mapping[str, object]

    def __new__(cls, template: str, **values: object) -> Message:
        """Return the message filled in."""
        made = super().__new__(cls, template.format(**values))
        made.template, made.values = template, values
        return made

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, object]]:
        """Return what makes a copy, as pickling and copying ask."""
        return (self.template,), dict(self.values)

    def said(self, translate: Callable[[str], str | None]) -> str:
        """Return the message by what translates a template; in English where it gives none."""
        values = {
            name: value.said(translate) if isinstance(value, Message) else value
            for name, value in self.values.items()
        }
        return (translate(self.template) or self.template).format(**values)


def filled(template: str, values: Mapping[str, object]) -> str:
    """Return a template with its gaps filled in; without values, a text with braces as it is."""
    if isinstance(template, Message) or ("{" in template and not values):
        return template
    return Message(template, **values)


class SDError(Exception):
    """A list of problems, each one line: where, what is wrong, what to do.

    The command line prints the lines without a traceback; ``problems`` keeps them apart, each
    once. One problem may be a template with the ``values`` of its gaps.
    """

    def __init__(self, problems: str | Iterable[str], /, **values: object):
        given = (filled(problems, values),) if isinstance(problems, str) else tuple(problems)
        self.problems: tuple[str, ...] = tuple(dict.fromkeys(given))
        super().__init__("\n".join(self.problems))


class ModelRemark(UserWarning):
    """Something a person should know about how a model file was read."""


class Problems:
    """Collects every problem of one reading, then raises them together.

    >>> found = Problems()
    >>> found.add("scenarios/a.toml [levers]", "no such constant 'x'")
    >>> bool(found)
    True
    """

    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, where: object, what: str, /, **values: object) -> None:
        """Note one problem, a template with its ``values``; ``where`` names file and key."""
        self.lines.append(Message("{where}: {what}", where=where, what=filled(what, values)))

    def take(self, error: SDError) -> None:
        """Add the problems of an error raised by a smaller reading."""
        self.lines.extend(error.problems)

    @contextlib.contextmanager
    def noted(self) -> Iterator[None]:
        """Add the problems of an error raised inside, and go on behind."""
        try:
            yield
        except SDError as error:
            self.take(error)

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
    shown = either(f'"{one}"' for one in match)
    return Message(" — did you mean {shown}?", shown=shown) if match else ""


def either(names: Iterable[str]) -> str:
    """Return names with "or" between them."""
    return _joined("{one} or {other}", names)


def listed(names: Iterable[str]) -> str:
    """Return names with commas between them."""
    return _joined("{one}, {other}", names)


def _joined(template: str, names: Iterable[str]) -> str:
    found = ""
    for name in names:
        found = Message(template, one=found, other=name) if found else name
    return found


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
