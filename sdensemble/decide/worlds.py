"""The worlds a choice is judged in: one structure under one prior set each, on common members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from sdengine.errors import SDError
from sdengine.kernel import Kernel, compile_model
from sdensemble.ensemble.blocks import Count, Runner
from sdensemble.ensemble.draws import Draws
from sdensemble.ensemble.forcing import Forcing
from sdensemble.ensemble.members import Members
from sdensemble.ensemble.variants import MAIN, Variant, apply, within
from sdensemble.inputs.scenarios import Scenario
from sdensemble.inputs.targets import Target, leaves
from sdensemble.results.results import Results
from sdensemble.study import Study

NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, eq=False)
class _World:
    """A structure, with its title, under a prior set of a study."""

    structure: str
    prior_set: str
    title: Mapping[str, str]
    study: Study

    @property
    def name(self) -> str:
        """Prior set and structure; the prior set alone in the main model."""
        return self.prior_set if self.structure == MAIN else f"{self.prior_set}/{self.structure}"


@dataclass(frozen=True, eq=False)
class Stored(_World):
    """The members of a stored run, by what it says of them; ``seed`` is of draws and shocks."""

    seed: int


@dataclass(frozen=True, eq=False)
class World(_World):
    """One structure under one prior set: members that every scenario meets alike.

    Worlds made together share draws and shocks member by member, structure by structure.
    """

    kernel: Kernel
    members: Members
    own_model: bool = False
    by: Runner | None = None

    @property
    def seed(self) -> int:
        """The seed of draws and shocks."""
        return self.members.seed

    @property
    def draws(self) -> Draws:
        """The constants of the members."""
        return self.members.draws

    @property
    def forcing(self) -> Forcing | None:
        """The shocks the members meet."""
        return self.members.forcing

    @property
    def posterior(self) -> str:
        """Digest of the posterior the members are drawn from; "prior" of a prior."""
        return self.members.key.posterior

    @property
    def replicate(self) -> NDArray[np.int64]:
        """The independent scramble of each member, shape (member,)."""
        return self.draws.replicate

    def has(self, target: Target) -> bool:
        """Return whether the world's model has every variable a target asks of."""
        asked = leaves(target, self.study.targets)
        return all(part.variable in self.kernel.model for part in asked)

    def run(
        self,
        scenarios: Sequence[Scenario],
        keep: Mapping[str, str],
        *,
        until: int | None = None,
        only: NDArray[np.int64] | None = None,
        progress: Count | None = None,
    ) -> Results:
        """Return the results of scenarios on this world's members.

        ``keep`` maps variables to aggregates (as ``run_ensemble``); what the world's model has
        not is left out. Only what those hang on is computed, to the year ``until``; of the members,
        where some are named, ``only`` those.
        """
        model = self.kernel.model
        held = {name: how for name, how in keep.items() if name in model}
        chosen = [within(s, model) for s in scenarios] if self.own_model else list(scenarios)
        few = self.kernel.only(held)
        data = self.members.run(
            few, chosen, held, until=until, only=only, by=self.by, progress=progress
        )
        targets = tuple(t for t in self.study.targets if self.has(t))
        return Results(data, tuple(chosen), targets, self.study.report, model)

    def on(self, draws: Draws) -> World:
        """Return the same world with other members."""
        return replace(self, members=replace(self.members, draws=draws))


Named = World | Stored
"""What an answer says of the members it rests on."""


def world_of(
    study: Study, members: Members, *, variant: Variant | None = None, by: Runner | None = None
) -> World:
    """Return the world of a prior set's members in the main model, or in a variant."""
    prior_set = members.priors.name
    if variant is None or variant.name == MAIN:
        kernel = compile_model(study.model)
        return World(MAIN, prior_set, {}, study, kernel, members, by=by)
    applied = apply(variant, members, ())
    return World(
        variant.name,
        prior_set,
        variant.title,
        study,
        compile_model(applied.model),
        applied.members.named(variant.name),
        own_model=variant.own_model,
        by=by,
    )


def keep_for(
    study: Study, targets: Sequence[Target], more: Mapping[str, str] = NOTHING
) -> dict[str, str]:
    """Return what judging scenarios by some targets needs: the targets' series and the payers'.

    ``more`` adds variables with their aggregates. Raises SDError where a variable is wanted in
    two.
    """
    wanted = [(t.variable, t.aggregate) for one in targets for t in leaves(one, study.targets)]
    wanted += [(payer.variable, "annual") for payer in study.report.payers]
    found: dict[str, str] = {}
    for name, how in [*wanted, *more.items()]:
        if found.setdefault(name, how) != how:
            told = '"{name}" is wanted both as {one} and as {other}'
            raise SDError(told, name=name, one=found[name], other=how)
    return found
