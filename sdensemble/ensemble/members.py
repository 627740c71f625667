"""Members: their constants, the shocks they meet, and what every probability of them rests on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sdengine.kernel import Kernel, Trajectories
from sdengine.syntax import Model
from sdensemble.ensemble.blocks import Count, Runner
from sdensemble.ensemble.draws import Draws, Method, draw, replicates_of
from sdensemble.ensemble.forcing import Forcing
from sdensemble.ensemble.run import replay, run_ensemble
from sdensemble.ensemble.worlds import World, worlds
from sdensemble.inputs.priors import Priors
from sdensemble.inputs.scenarios import Scenario

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class MemberKey:
    """What every probability of these members is conditional on, beside their priors' name.

    ``as_of`` is the information date; ``posterior`` the digest of the draws given observations,
    "prior" where constants are drawn from the prior; ``model_set`` the structure.
    """

    as_of: str
    posterior: str = "prior"
    model_set: str = "main"


@dataclass(frozen=True, eq=False)
class Members:
    """The members of an ensemble: the same worlds for every scenario and every question."""

    draws: Draws
    forcing: Forcing | None
    key: MemberKey

    @property
    def size(self) -> int:
        """How many members there are."""
        return self.draws.members

    @property
    def seed(self) -> int:
        """The seed of draws and shocks."""
        return self.draws.seed

    @property
    def replicate(self) -> NDArray[np.int64]:
        """Of each member, the number of its independent repetition, shape (member,)."""
        return self.draws.replicate

    @property
    def priors(self) -> Priors:
        """The priors the constants are drawn from, or were before observations."""
        return self.draws.priors

    def named(self, model_set: str) -> Members:
        """Return the same members under another structure."""
        return replace(self, key=replace(self.key, model_set=model_set))

    def run(
        self,
        kernel: Kernel,
        scenarios: Sequence[Scenario],
        keep: Mapping[str, str],
        *,
        until: int | None = None,
        only: NDArray[np.int64] | None = None,
        by: Runner | None = None,
        progress: Count | None = None,
    ) -> xr.Dataset:
        """Return the Dataset of ``run_ensemble``, with the members' key among its attributes."""
        data = run_ensemble(
            kernel,
            scenarios,
            self.draws,
            self.forcing,
            keep=keep,
            until=until,
            only=only,
            by=by,
            progress=progress,
        )
        data.attrs |= asdict(self.key)
        return data

    def replay(self, kernel: Kernel, scenario: Scenario, member: int) -> Trajectories:
        """Return one member's run once more, alone, with every variable at every step."""
        return replay(kernel, scenario, self.draws, self.forcing, member)

    def worlds(self, model: Model, ids: NDArray[np.int64]) -> Callable[[Scenario], World]:
        """Return a function from a scenario to the World of some members."""
        return worlds(model, self.draws, self.forcing, ids)


def from_prior(
    priors: Priors,
    model: Model,
    forcing: Forcing | None,
    size: int,
    *,
    seed: int,
    as_of: str,
    method: Method = "sobol",
    replicates: int | None = None,
    rounds: int = 1,
) -> Members:
    """Return members drawn from the priors; raise SDError for an impossible ``size``.

    A sample of several ``rounds`` has as many times the replicates, and begins with the members of
    one.
    """
    replicates = rounds * (replicates or replicates_of(size // rounds))
    draws = draw(priors, model, size, seed=seed, method=method, replicates=replicates)
    return Members(draws, forcing, MemberKey(as_of))
