"""Subscript ranges and mappings as a file writes them → the elements they stand for."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from sdengine.errors import Message, Problems, did_you_mean
from sdengine.limits import at_most, limit
from sdengine.model.cells import OutsideError
from sdengine.model.external import Outside
from sdengine.model.sections import Section
from sdengine.syntax import fold

Mappings = dict[tuple[str, str], tuple[str, ...]]


class Ranges:
    """The subscript ranges of a model, found by any spelling of their names.

    ``elements`` maps each range, as written, to its elements in order; ``mappings`` maps (range,
    range it maps to) to the element of the first that belongs to each element of the second.
    """

    def __init__(self, section: Section, file: str, problems: Problems, outside: Outside):
        self.file, self.problems = file, problems
        self.elements: dict[str, tuple[str, ...]] = {}
        self.mappings: Mappings = {}
        self._written: dict[str, str] = {}  # folded → as written
        self._folded: dict[str, dict[str, int]] = {}  # range → folded element → place
        copies: list[tuple[str, str]] = []
        for name, content in section.ranges:
            if isinstance(content, str):
                copies.append((name, content))
                continue
            if isinstance(content, dict):
                try:
                    content = outside.subscript(**content)
                except OutsideError as error:
                    problems.add(
                        Message('{file} range "{name}"', file=file, name=name), error.args[0]
                    )
                    continue
            twice = [e for e, n in Counter(map(fold, content)).items() if n > 1]
            if twice:
                problems.add(
                    file,
                    Message(
                        'range "{name}" has the element "{twice}" twice', name=name, twice=twice[0]
                    ),
                )
            self._note(name, tuple(content))
        self._expand()
        for name, content in copies:
            copied = self.name(content)
            if copied is None:
                near = did_you_mean(content, self.elements)
                problems.add(
                    file,
                    Message(
                        'range "{name}" copies unknown "{content}"{near}',
                        name=name,
                        content=content,
                        near=near,
                    ),
                )
            else:
                self._note(name, self.elements[copied])
        for name, target, parts in section.mappings:
            self._map(name, target, parts)

    def _note(self, name: str, elements: tuple[str, ...]) -> None:
        self.elements[name] = elements
        self._written.setdefault(fold(name), name)

    def alias(self, name: str) -> str:
        """Return a second name for a range, so that an equation may run over it twice."""
        own = self.name(name)
        other = f"{name} · again"
        if own is not None and self.name(other) is None:
            self._note(other, self.elements[own])
        return other

    # ── what a subscript stands for ────────────────────────────────────────────────────────

    def name(self, subscript: str) -> str | None:
        """Return the range a subscript names, as written, or None where it is an element."""
        return self._written.get(fold(subscript))

    def names(self, subscript: str) -> tuple[str, ...]:
        """Return the elements a subscript stands for: a range's, or itself."""
        own = self.name(subscript)
        return (subscript,) if own is None else self.elements[own]

    def places(self, dim: str) -> Mapping[str, int]:
        """Return the place of each element of a range, names folded."""
        if dim not in self._folded:
            self._folded[dim] = {fold(e): place for place, e in enumerate(self.elements[dim])}
        return self._folded[dim]

    def points(self, subscripts: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """Yield the elements that subscripts stand for, as names are compared."""
        yield from itertools.product(*([fold(n) for n in self.names(s)] for s in subscripts))

    def size(self, dims: Sequence[str]) -> int:
        """Return how many elements a variable of these ranges has."""
        return math.prod(len(self.elements[dim]) for dim in dims)

    def covering(self, used: Sequence[str], exact: Sequence[str | None]) -> str | None:
        """Return the smallest range that holds all ``used`` elements: one of ``exact`` where it
        holds no others."""
        wanted = {fold(element) for element in used}
        for name in exact:
            if name and self.places(name).keys() == wanted:
                return name
        fits = [r for r in self.elements if wanted <= self.places(r).keys()]
        return min(fits, key=lambda r: len(self.elements[r])) if fits else None

    # ── ranges of ranges, mappings ─────────────────────────────────────────────────────────

    def _expand(self) -> None:
        """Replace the ranges among a range's elements by their own elements."""
        done: dict[str, tuple[str, ...]] = {}
        total = 0
        for first in self.elements:
            path = [first]
            while path:
                name = path[-1]
                inner = dict.fromkeys(self._written.get(fold(e)) for e in self.elements[name])
                todo = [r for r in inner if r not in (None, name) and r not in done]
                if name in done or not todo:
                    path.pop()
                    if name not in done:
                        done[name] = self._flat(name, done)
                        total += len(done[name])
                        if total > limit("RANGES"):
                            told = "subscript ranges of {n:,} elements; {most}"
                            what = Message(told, n=total, most=at_most("RANGES"))
                            self.problems.add(self.file, what)
                            self.problems.raise_if_any()
                elif todo[0] in path:
                    circle = '", "'.join(path[path.index(str(todo[0])) :][:5])
                    self.problems.add(
                        self.file, Message('the ranges "{circle}" hold each other', circle=circle)
                    )
                    self.problems.raise_if_any()
                else:
                    path.append(str(todo[0]))
        self.elements = {name: done[name] for name in self.elements}

    def _flat(self, name: str, done: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        first: dict[str, str] = {}
        for element in self.elements[name]:
            inner = self._written.get(fold(element))
            for one in (element,) if inner in (None, name) else done[str(inner)]:
                first.setdefault(fold(one), one)
        return tuple(first.values())

    def _map(self, name: str, target: str, parts: tuple[str, ...]) -> None:
        here, there = self.name(name), self.name(target)
        if here is None:
            return
        if there is None:
            near = did_you_mean(target, self.elements)
            told = 'range "{name}" maps to unknown "{target}"{near}'
            what = Message(told, name=name, target=target, near=near)
            self.problems.add(self.file, what)
            return
        try:
            self.mappings[here, there] = self._mapped(here, there, parts)
        except ValueError as error:
            self.problems.add(
                self.file,
                Message(
                    'range "{name}" cannot map to "{target}": {error}',
                    name=name,
                    target=target,
                    error=error.args[0],
                ),
            )

    def _mapped(self, here: str, there: str, parts: tuple[str, ...]) -> tuple[str, ...]:
        """Return, for each element of ``there``, the element of ``here`` it belongs to.

        It is an empty text where there is none. ``parts`` are elements or ranges in ``there``,
        one for each element of ``here``; without them the mapping goes by position.
        """
        own, order = self.elements[here], self.places(there)
        listed = list(parts)
        if listed and len(listed) != len(own):
            listed = [e for part in listed for e in self.names(part)]
        listed = listed or list(self.elements[there])
        if len(listed) != len(own):
            raise ValueError(
                Message(
                    "it has {n} elements, and {m} stand against them", n=len(own), m=len(listed)
                )
            )
        out = [""] * len(order)
        for element, part in zip(own, listed, strict=True):
            for name in self.names(part) if parts else (part,):
                if fold(name) not in order:
                    near = did_you_mean(name, self.elements[there])
                    raise ValueError(
                        Message(
                            '"{name}" is not in "{there}"{near}', name=name, there=there, near=near
                        )
                    )
                out[order[fold(name)]] = element
        return tuple(out)
