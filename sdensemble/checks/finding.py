"""What a validation test finds, and what it needs to say so in two languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sdensemble.lang import Words, in_all
from sdensemble.results.estimate import Array

Given = Mapping[str, Any]
"""What a test of ``validation.toml`` is given, by key."""
PASS, FAIL, NO_DATA, NOT_RUN, READ = "pass", "fail", "no_data", "not_run", "read"
NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, eq=False)
class Panel:
    """One small picture: a series with and without what the test does, at ``times``."""

    title: Mapping[str, str]
    unit: str
    times: Array
    base: Array
    moved: Array


@dataclass(frozen=True)
class Bars:
    """Bars of a figure: labels (zh, en) with a length and its spread; ``axis`` says of what."""

    axis: Mapping[str, str]
    labels: tuple[Mapping[str, str], ...]
    lengths: tuple[float, ...]
    spreads: tuple[float, ...]
    unit: str


@dataclass(frozen=True, eq=False)
class Found:
    """What one test found. ``number`` is what the criterion is held against.

    ``shown`` says the result in words by language; ``rows`` are its details, each a flat
    mapping; ``panels`` and ``bars`` are drawn.
    """

    status: str
    shown: Mapping[str, str]
    number: float | None = None
    rows: tuple[Mapping[str, Any], ...] = ()
    panels: tuple[Panel, ...] = ()
    bars: Bars | None = field(default=None)


def told(status: str, said: Words, *more: Any, **named: Any) -> Found:
    """Return a result with what it says in every language."""
    return Found(status, in_all(said), *more, **named)


def judged(passed: bool, said: Words, number: float | None = None, **more: Any) -> Found:
    """Return a result that passes or fails."""
    return told(PASS if passed else FAIL, said, number, **more)
