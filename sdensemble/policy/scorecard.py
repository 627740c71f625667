"""The scorecard: every target under every scenario, the least likely first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sdengine.errors import SDError
from sdensemble.inputs.targets import Target, key_of, readings
from sdensemble.policy.ledger import kept
from sdensemble.results.probability import Probability
from sdensemble.results.results import Results, Split, reference


@dataclass(frozen=True)
class Line:
    """One row of the scorecard: its kind, its target, and P under each scenario.

    ``splits`` says where the members of an "about" target lie; ``reading_of`` names the target
    that a reference reads in another measure or scope. ``parts`` are what rows together join:
    such a target has no name of its own.
    """

    kind: str
    target: Target
    year: int
    found: tuple[Probability, ...]
    splits: tuple[Split | None, ...]
    reading_of: str = ""
    parts: tuple[Target, ...] = ()

    def middle(self, place: int) -> float:
        """Return the probability under one scenario, or the middle of its bounds."""
        return self.found[place].middle

    def reach(self, place: int) -> float:
        """Return the probability that ranks the row: of "about", of reaching the lower end."""
        split = self.splits[place]
        return self.middle(place) if split is None else 1 - split.below


def scorecard(results: Results) -> tuple[Line, ...]:
    """Return every row the run can score, the least likely under the reference first.

    Behind the study's own rows come, for each target that is part of a scored whole, the two
    together; for each quantity with targets in several years, all its years. Raises SDError
    where the run can score none.
    """
    held = [target for target in results.targets if target.scored and kept(results, target)]
    if not held:
        raise SDError("the run kept nothing that a target speaks of: run the study again")
    own = [(kind_of(target), target) for target in held]
    place = results.scenarios.index(reference(results))
    lines = [_line(results, *one) for one in own]
    lines += [_line(results, *one) for one in (*_nested(held), *_paths(held))]
    other = {one.id: target.id for target in held for one in readings(target, held)}
    lines = [replace(line, reading_of=other.get(line.target.id, "")) for line in lines]

    def likeness(line: Line) -> tuple[float, float, str]:
        every = float(np.mean([line.reach(i) for i in range(len(line.found))]))
        return line.reach(place), every, line.target.id

    return tuple(sorted(lines, key=likeness))


def kind_of(target: Target) -> str:
    if target.role == "reference":
        return "reference"
    return "joint" if target.joint else "single"


def _line(results: Results, kind: str, target: Target, parts: tuple[Target, ...] = ()) -> Line:
    found = tuple(results.event(target, scenario).probability() for scenario in results.scenarios)
    splits = tuple(results.split(target, scenario) for scenario in results.scenarios)
    return Line(kind, target, results.year(target), found, splits, parts=parts)


def with_readings(lines: Sequence[Line], every: Sequence[Line]) -> list[Line]:
    """Return lines, each with those behind it that read it in another measure or scope."""
    held: dict[str, list[Line]] = {}
    for line in every:
        held.setdefault(line.reading_of, []).append(line)
    return [one for line in lines for one in (line, *held.get(line.target.id, ()))]


def _nested(held: Sequence[Target]) -> Iterator[tuple[str, Target, tuple[Target, ...]]]:
    by_id = {target.id: target for target in held}
    for part in held:
        whole = by_id.get(part.within)
        if whole is None or part.role == "reference":
            continue
        both = (part, whole)
        yield "nested", _together(f"{part.id}+{whole.id}", both), both


def _paths(held: Sequence[Target]) -> Iterator[tuple[str, Target, tuple[Target, ...]]]:
    groups: dict[tuple[str, str, str], list[Target]] = {}
    for target in held:
        if target.role == "outcome" and not target.joint:
            key = target.variable, target.element, target.aggregate
            groups.setdefault(key, []).append(target)
    for group in groups.values():
        if len({target.year for target in group}) > 1:
            yield "path", _together("+".join(t.id for t in group), group), tuple(group)


def _together(name: str, parts: Sequence[Target]) -> Target:
    """Return a joint target of parts, with the key they share."""
    names = tuple(part.id for part in parts)
    return Target(name, section=parts[0].section, joint=names, **key_of(parts))


JOINT = ("joint", "nested", "path")
