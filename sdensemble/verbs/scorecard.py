"""scorecard: every target under every scenario, least likely first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdengine.errors import Message
from sdensemble.verbs.options import RUN, IntoFolder, OfStudy, option
from sdensemble.verbs.result import SILENT, Tell, VerbResult


@dataclass(frozen=True, kw_only=True)
class ScorecardOptions(IntoFolder, OfStudy):
    """What a scorecard may be asked with: of ``run``, or with ``members`` of one made now."""

    run: Path | None = option(type=RUN)
    members: int | None = option(type=int)
    seed: int = option(1)
    prior_set: str = option("", "--prior")
    scenarios: tuple[str, ...] = option((), "--scenario")

    @classmethod
    def problems(cls, typed: Mapping[str, Any]) -> Iterator[str]:
        """Yield what does not go together."""
        if {"run", "members"} <= set(typed):
            yield Message("--members does not go with --run: a stored run has its own")
        for name, flag in (("seed", "--seed"), ("prior_set", "--prior")):
            if name in typed and "members" not in typed:
                told = "{option} goes with --members: a stored run has its own"
                yield Message(told, option=flag)


def scorecard(asked: ScorecardOptions, tell: Tell = SILENT) -> VerbResult:
    """Score every target under every scenario, least likely first.

    Of a stored run --scenario picks columns; what they are compared with stays.
    """
    from sdensemble.verbs.policy import show_scorecard

    return show_scorecard(asked, tell)
