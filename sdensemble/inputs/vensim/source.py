"""A Vensim file as text: each equation as written, its group heading, its views, its two halves.

The layout of the file is that of the Vensim reference manual, "Files > .mdl Model Files":
blocks ended by ``|``, group headings between lines of stars, views after ``\\\\\\---///``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from sdengine.model.describe import equations
from sdengine.model.text import decode
from sdengine.syntax import Model, fold

MARK = "\\\\\\---///"
SETTINGS = "///---\\\\\\"
SHADOW = "2"

_BLOCK = re.compile(r'"(?:\\.|[^"\\])*"|\||[^|"]+|"', re.S)
_HEADING = re.compile(r"\*{4,}\s*\n\s*\.?(.+?)\s*\n\*{4,}", re.S)
_LEFT = re.compile(r'\s*("(?:\\.|[^"\\])*"|[^=(\[~:]+?)\s*(?=[=(\[~:]|$)', re.S)


@dataclass(frozen=True)
class Source:
    """``equations`` maps a variable to its text as written, ``headings`` to its group, ``views``
    to the view it stands in (not as a shadow). All are empty for a file that is not Vensim's."""

    equations: Mapping[str, str] = field(default_factory=dict)
    headings: Mapping[str, str] = field(default_factory=dict)
    views: Mapping[str, str] = field(default_factory=dict)

    def equation(self, model: Model, name: str) -> str:
        """Return a variable's equations as the file writes them, else as they were read."""
        return self.equations.get(name) or "\n".join(equations(model[name]))


def read_source(model: Model) -> Source:
    """Return what the text of a model's file says beside its equations."""
    if model.path.suffix.lower() != ".mdl" or not model.path.is_file():
        return Source()
    body, sketch, _ = halves(decode(model.path.read_bytes()))
    heading = ""
    written: dict[str, str] = {}
    headings: dict[str, str] = {}
    for block in _blocks(body):
        found = _HEADING.search(block)
        if found:
            heading = " ".join(found[1].split())
            continue
        text = block.split("~")[0].strip().removeprefix("{UTF-8}").strip()
        left = _LEFT.match(text)
        name = model.name_of(left[1]) if left else None
        if name is None:
            continue
        before = written.get(name)
        written[name] = f"{before}\n{_tidy(text)}" if before else _tidy(text)
        headings.setdefault(name, heading)
    return Source(written, headings, _views(sketch, model))


def halves(text: str) -> tuple[str, str, str]:
    """Return a file's equations, its sketch and its settings; together they are the text."""
    start = text.find(MARK)
    end = text.find(SETTINGS, max(start, 0))
    if end < 0:
        end = len(text)
    return (
        (text[:end], "", text[end:]) if start < 0 else (text[:start], text[start:end], text[end:])
    )


def _blocks(body: str) -> list[str]:
    """Return what stands between the bars; a bar inside quotes is part of a name."""
    blocks, now = [], ""
    for line in _BLOCK.findall(body):
        if line == "|":
            blocks.append(now)
            now = ""
        else:
            now += line
    return blocks


def _tidy(text: str) -> str:
    return re.sub(r"\s*\\?\n\s*", " ", re.sub(r"=\s*\n\s*", "= ", text)).strip()


def _views(sketch: str, model: Model) -> dict[str, str]:
    found: dict[str, str] = {}
    view = ""
    for line in sketch.splitlines():
        if line.startswith("*"):
            view = line[1:].strip()
        parts = fields(line) if line.startswith("10,") else []
        if len(parts) > 8 and parts[8] != SHADOW:
            name = model.name_of(parts[2])
            if name:
                found.setdefault(name, re.sub(r" \(\d+\)$", "", view))
    return found


def fields(line: str) -> list[str]:
    """Return the fields of a sketch line; a name in quotes may hold commas."""
    return re.findall(r'"(?:\\.|[^"\\])*"|[^,]+|(?<=,)(?=,|$)', line)


def same(left: str, right: str) -> bool:
    """Whether Vensim takes two names for one."""
    return fold(left) == fold(right)
