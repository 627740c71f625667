"""scorecard: every target under every scenario, least likely first."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sdensemble.verbs.options import RUN, IntoFolder, OfStudy, option
from sdensemble.verbs.result import SILENT, Tell, VerbResult


@dataclass(frozen=True, kw_only=True)
class ScorecardOptions(IntoFolder, OfStudy):
    """What a scorecard may be asked with: of ``run``, or with ``members`` of one made now."""

    run: Path | None = option(type=RUN, bars="members")
    members: int | None = option(type=int)
    seed: int = option(1, needs="members")
    prior_set: str = option("", "--prior", needs="members")
    scenarios: tuple[str, ...] = option((), "--scenario")


def scorecard(asked: ScorecardOptions, tell: Tell = SILENT) -> VerbResult:
    """Score every target under every scenario, least likely first.

    Of a stored run --scenario picks columns; what they are compared with stays.
    """
    from sdensemble.verbs.policy import show_scorecard

    return show_scorecard(asked, tell)
