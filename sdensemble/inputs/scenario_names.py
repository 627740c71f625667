"""Scenarios by what people call them: a name, a title in either language, a set."""

from __future__ import annotations

from collections.abc import Sequence

from sdengine.errors import Message, Problems, did_you_mean
from sdengine.syntax import fold
from sdensemble.inputs.scenarios import DEFAULT_SET, Scenario

MOST = 20
"""Scenarios named where one asked for is not there."""


def find_scenarios(scenarios: Sequence[Scenario], names: Sequence[str]) -> tuple[Scenario, ...]:
    """Return the scenarios of these names, titles or sets; SDError lists those there are.

    The default set, asked for by name, is every scenario where none is in it.
    """
    problems, found = Problems(), []
    by_name = {fold(s.name): [s] for s in scenarios}
    sets: dict[str, list[Scenario]] = {fold(DEFAULT_SET): []}
    for scenario in scenarios:
        for one in scenario.sets:
            sets.setdefault(fold(one), []).append(scenario)
    if not sets[fold(DEFAULT_SET)]:
        sets[fold(DEFAULT_SET)] = list(scenarios)
    titles: dict[str, list[Scenario]] = {}
    for scenario in scenarios:
        for title in {fold(title) for title in scenario.title.values()}:
            titles.setdefault(title, []).append(scenario)
    for name in names:
        match = by_name.get(fold(name)) or titles.get(fold(name), [])
        if not match and fold(name) in sets:
            found += sets[fold(name)]
            continue
        if len(match) == 1:
            found += match
            continue
        names = [s.name for s in match or scenarios]
        shown = ", ".join(names[:MOST])
        if len(names) > MOST:
            shown = Message("{first} and {n} more", first=shown, n=len(names) - MOST)
        if match:
            told = '"{name}" is the title of more than one: {shown}'
            problems.add("--scenario", told, name=name, shown=shown)
            continue
        spoken = [title for s in scenarios for title in s.title.values()]
        named = [s.name for s in scenarios]
        hint = did_you_mean(name, [*named, *sets]) or did_you_mean(name, dict.fromkeys(spoken))
        told = 'no scenario "{name}"{hint} (there are {shown})'
        problems.add("--scenario", told, name=name, hint=hint, shown=shown)
    problems.raise_if_any()
    return tuple(found)
