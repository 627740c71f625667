"""Runs of scenarios in one world, judged by one target and the outcome it speaks of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sdensemble.decide.measures import Array, margin
from sdensemble.decide.worlds import Count, World, keep_for
from sdensemble.inputs.report import Outcome
from sdensemble.inputs.scenarios import Scenario
from sdensemble.inputs.targets import Target, last_year
from sdensemble.results.results import Results


@dataclass(frozen=True, eq=False)
class TargetRuns:
    """Runs to the year of a target (of a joint one, the last of its parts) in a world.

    They hold what the target and its outcome need, and what is paid.
    """

    world: World
    target: Target
    progress: Count | None = None

    @cached_property
    def outcome(self) -> Outcome:
        """The series the target speaks of; of a joint one the headline."""
        return self.world.study.report.outcome_of(self.target)

    @cached_property
    def last(self) -> int:
        """The year of the target."""
        return last_year(self.target, self.world.study.targets)

    def run(self, scenarios: Sequence[Scenario]) -> Results:
        """Return the results of scenarios."""
        study = self.world.study
        more = {self.outcome.variable: study.report.headline.aggregate}
        keep = keep_for(study, [self.target], more if self.target.joint else {})
        return self.world.run(scenarios, keep, until=self.last, progress=self.progress)

    def margins(self, results: Results) -> Array:
        """Return what each member has beyond the target, shape (scenario, member)."""
        return np.array([margin(results, self.target, s) for s in results.scenarios])

    def outcomes(self, results: Results) -> Array:
        """Return the outcome in the target's year, shape (scenario, member)."""
        return np.array([results.at(self.outcome, s, self.last) for s in results.scenarios])

    def utility(self, results: Results, chance: bool) -> Array:
        """Return the outcome, or with ``chance`` whether the target is met, (scenario, member)."""
        return (self.margins(results) > 0).astype(float) if chance else self.outcomes(results)


def beside(baseline: Scenario, scenarios: Sequence[Scenario]) -> list[Scenario]:
    """Return the baseline, and the scenarios that are not it."""
    return [baseline, *(s for s in scenarios if s.name != baseline.name)]
