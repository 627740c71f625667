"""A study's validation tests as data: ``model/validation.toml``, checked against the model."""

from __future__ import annotations

import string
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdengine.errors import did_you_mean
from sdensemble.inputs.config import Section
from sdensemble.lang import LANGS

KEYS = ("id", "group", "kind", "quick", "title", "asks", "criterion", "note", "given")
WORLDS = ("world", "common_world")
"""Keys that name a table ``[world.NAME]`` of settings: of the test, and of both its runs."""
GROUPS = ("structure", "conditions", "behaviour", "construction", "review")
"""In the order of Barlas (1996): direct structure, structure-oriented behaviour, behaviour;
then what holds by construction and what is read, not run."""


@dataclass(frozen=True)
class Test:
    """One validation test: what it asks, its criterion, and what its kind needs to run.

    ``given`` are the numbers and names of the test, as the file has them; the texts may quote
    them as ``{name}``. ``quick`` tests belong to the test suite too. Texts map "zh" and
    "en".
    """

    __test__ = False  # not a test case of pytest

    id: str
    group: str
    kind: str
    title: Mapping[str, str]
    asks: Mapping[str, str]
    criterion: Mapping[str, str]
    note: Mapping[str, str]
    given: Mapping[str, Any]
    quick: bool


def read_tests(path: Path, kinds: Collection[str]) -> tuple[Test, ...]:
    """Return the tests of a file in file order; raise SDError with every problem found.

    ``kinds`` are the kinds of test there are. The names of variables inside ``given`` are
    checked when the test runs: one that the model lacks makes that test fail, not the reading.
    """
    top, _ = Section.of_file(path, ("test", "world"))
    worlds = top.table("world").values
    tests = [
        _read_test(table.titled(table.text("id")), kinds, worlds) for table in top.entries("test")
    ]
    names = [test.id for test in tests]
    for name in dict.fromkeys(n for n in names if names.count(n) > 1):
        top.problem('test "{name}" is given twice', name=name)
    top.found.raise_if_any()
    return tuple(sorted(tests, key=lambda test: GROUPS.index(test.group)))


def _read_test(table: Section, kinds: Collection[str], worlds: Mapping[str, Any]) -> Test:
    table.only((*KEYS, *WORLDS))
    group, kind = table.one_of("group", GROUPS, needed=True), table.text("kind", needed=True)
    if kind and kind not in kinds:
        table.problem('no kind of test "{kind}"{hint}', kind=kind, hint=did_you_mean(kind, kinds))
    given = dict(table.table("given").values)
    for key, place in zip(WORLDS, ("settings", "common"), strict=True):
        name = table.text(key)
        if name and name not in worlds:
            told = "{key}: no [world.{name}]{hint}"
            table.problem(told, key=key, name=name, hint=did_you_mean(name, worlds))
        elif name:
            given[place] = {**worlds[name], **given.get(place, {})}
            given["beyond"] = True
    texts = {
        key: dict.fromkeys(LANGS, "") | table.words(key, "" if key == "note" else table.text("id"))
        for key in KEYS[4:8]
    }
    for key, words in texts.items():
        quoted = {n for text in words.values() for _, n, _, _ in string.Formatter().parse(text)}
        for name in sorted(filter(None, quoted)):
            if name not in given:
                table.problem('{key} quotes "{name}", which given lacks', key=key, name=name)
    return Test(
        id=table.text("id", needed=True),
        group=group if group in GROUPS else GROUPS[0],
        kind=kind,
        given=given,
        quick=table.flag("quick"),
        **texts,
    )
