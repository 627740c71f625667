"""The kernel equals PySD on every variable of the shipped model.

The whole horizon is held against a stored PySD run, made anew by ``python -m tests.store_oracle``
(some minutes). PySD itself, which takes half a second for a step of this model, runs behind the
marker: to the end by default and in six random worlds.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from sdengine.syntax import Kind
from sdensemble import Held
from sdensemble.ensemble.draws import draw
from sdensemble.ensemble.worlds import worlds
from tests.oracle import Oracle, disagreements, run_kernel
from tests.store_oracle import EVERY, SKETCH, load

WORLDS = 6


@pytest.fixture(scope="module")
def oracle(study):
    return Oracle(study.model)


def one_world(study, member):
    """A random member under the scenario that moves most levers, moved from the first step on.

    Not from the very start: PySD keeps for its first step what a function of time was before.
    """
    draws = draw(study.priors(), study.model, 16 * 16, seed=7)
    scenario = next(s for s in study.scenarios if s.name == "all")
    world = worlds(study.model, draws, study.forcing, np.array([member]))(scenario)
    start = study.model.clock.start
    constants = {name: value[..., 0] for name, value in world.constants.items()}
    held = {}
    for name, series in world.held.items():
        values = series.values
        if values.ndim > 1 + len(study.model[name].dims):
            values = values[..., 0]
        first = series.times[0] > start
        times = np.where(series.times > start, series.times - 1.5 * first, series.times)
        held[name] = Held(np.maximum(times, start + study.model.clock.step), values)
    return constants, held


def test_the_kernel_equals_the_stored_pysd_run_to_the_end(study, kernel):
    stored = load(study.model)
    clock = study.model.clock
    found = run_kernel(kernel, steps=clock.steps, every=stored.every)
    assert disagreements(study.model, found, stored.values) == []


@pytest.mark.full
def test_the_kernel_equals_a_live_pysd_run_to_the_end(study, kernel, oracle):
    clock = study.model.clock
    expected = oracle.run(steps=clock.steps)
    found = run_kernel(kernel, steps=clock.steps)
    graphs = {name for name, v in study.model.variables.items() if v.kind is Kind.LOOKUP}
    assert set(expected) == set(study.model.variables) - graphs
    assert disagreements(study.model, found, expected) == []


@pytest.mark.full
@pytest.mark.parametrize("member", range(0, 16 * WORLDS, 16))
def test_the_kernel_equals_pysd_in_random_worlds_to_the_end(study, kernel, oracle, member):
    constants, held = one_world(study, member)
    steps = study.model.clock.steps
    expected = oracle.run(constants=constants, held=held, steps=steps)
    found = run_kernel(kernel, constants=constants, held=held, steps=steps)
    assert disagreements(study.model, found, expected) == []


def test_the_stored_run_says_how_to_renew_it_when_an_equation_changes(study, tmp_path):
    text = study.model.path.read_bytes()
    moved = tmp_path / "moved.mdl"
    moved.write_bytes(text.split(SKETCH)[0] + SKETCH + b" laid out anew")
    assert load(dataclasses.replace(study.model, path=moved)).every == EVERY
    changed = tmp_path / "changed.mdl"
    changed.write_bytes(text.replace(b"1935.5", b"1935.6"))
    with pytest.raises(AssertionError, match=r"python -m tests\.store_oracle"):
        load(dataclasses.replace(study.model, path=changed))
