"""The shipped model run for its tests: drawn worlds, its own constants, one change at a time."""

from __future__ import annotations

import numpy as np

from sdensemble.ensemble.draws import draw
from sdensemble.ensemble.worlds import apply, worlds

MEMBERS = 64
QUARTERS = 8  # steps between kept times


def drawn(study, kernel):
    """Return a function running drawn worlds under a scenario, with constants overridden."""
    draws = draw(study.priors(), study.model, MEMBERS, seed=11, method="latin")
    world_of = worlds(study.model, draws, study.forcing, np.arange(MEMBERS))
    named = {one.name: one for one in study.scenarios}

    def go(name, *keep, totals=(), **constants):
        world = world_of(named[name])
        given = {key.replace("_", " "): value for key, value in constants.items()}
        held = {key: h for key, h in world.held.items() if key not in given}
        return kernel.run(
            {**world.constants, **given}, held, report=keep, totals=totals, every=QUARTERS
        )

    return go


def plain(kernel):
    """Return a function running the model's own constants, some overridden."""

    def go(*keep, totals=(), held=None, **constants):
        given = {key.replace("_", " "): value for key, value in constants.items()}
        return kernel.run(given, held, report=keep, totals=totals, every=QUARTERS)

    return go


def one_by_one(study, kernel):
    """Return a function running one member per change of one constant, and the last without any.

    ``changes`` are (constant, cell or ``...`` for all its cells, value); ``fixed`` holds for every
    member. It returns the yearly totals (year, member) and the first step that went wrong.
    """

    def go(scenario, changes, fixed=None):
        model, n = study.model, len(changes) + 1
        given = {name: members_of(model, name, value, n) for name, value in (fixed or {}).items()}
        for i, (constant, cell, value) in enumerate(changes):
            if constant.name not in given:
                own = np.broadcast_to(constant.value, model.shape(constant))
                given[constant.name] = np.repeat(own[..., None], n, axis=-1).astype(float)
            at = given[constant.name]
            at[..., i] = value if cell is ... else at[..., i]
            if cell is not ...:
                at[(*cell, i)] = value
        world = apply(scenario, model, given, n)
        year = round(1 / model.clock.step)
        out = kernel.run(*world, totals=["total nominal output"], every=year, members=n)
        return out.totals["total nominal output"], out.first_bad

    return go


def members_of(model, name, value, n):
    """Return one value of a constant for n members, all its elements alike."""
    return np.full((*model.shape(model[name]), n), float(value))


def annual(run, name):
    """Return yearly integrals, shape (year, …, member), from quarterly ones."""
    quarters = run.totals[name]
    return quarters.reshape(-1, 4, *quarters.shape[1:]).sum(axis=1)
