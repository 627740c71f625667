"""A kernel for few variables: less is computed, and not a bit is another."""

from __future__ import annotations

import numpy as np
import pytest

from sdengine.program.held import Held
from sdengine.program.lower import lower
from sdengine.program.prune import pruned
from sdensemble import SDError, compile_model, read_model

TEXT = """
part: a, b, c ~~|
pace[part] = 0.1, 0.2, 0.3 ~~|
shown = SUM(Level[part!]) ^ 1.3 ~~|
inflow[part] = late[part] * EXP(-Level[part] / scale) ~~|
scale = 5 ~~|
late[part] = DELAY3I(pace[part] * shown, 2, 1) ~~|
fixed = DELAY FIXED(shown, 1, 0) ~~|
Level[part] = INTEG(inflow[part] - pace[part] * Level[part] + 0 * fixed, 1) ~~|
Counter = INTEG(comment only, 0) ~~|
comment only = shown / scale ~~|
nobody reads = Counter * 2 ~~|
"""


@pytest.fixture
def model(write_model):
    return read_model(write_model(TEXT))


def test_only_what_the_kept_variables_hang_on_is_computed(model):
    program = lower(model)
    left = {statement.name for statement in pruned(program, ["shown"]).dynamic}
    assert {"shown", "inflow", "late", "fixed", "Level"} <= left
    assert not left & {"Counter", "comment only", "nobody reads"}
    assert len(pruned(program, ["nobody reads"]).dynamic) == len(program.dynamic)


def test_a_kernel_for_few_variables_has_the_bits_of_the_whole_one(model):
    whole = compile_model(model)
    few = whole.only(["shown", "Level"])
    given = {
        "scale": np.linspace(2, 9, 45),
        "pace": np.random.default_rng(1).uniform(0, 1, (3, 45)),
    }
    for threads in (1, 2):
        one = whole.run(given, report=["shown", "Level"], totals=["shown"], threads=threads)
        other = few.run(given, report=["shown", "Level"], totals=["shown"], threads=threads)
        for name in ("shown", "Level"):
            assert np.array_equal(one.values[name], other.values[name])
        assert np.array_equal(one.totals["shown"], other.totals["shown"])


def test_the_study_keeps_its_bits_without_what_the_headline_does_not_need(study):
    whole, head = compile_model(study.model), study.report.headline.whole.variable
    few = whole.only([head])
    assert len(few.program.dynamic) < len(whole.program.dynamic)
    constants = {"rho output": np.linspace(8, 16, 40)} if "rho output" in study.model else {}
    one = whole.run(constants, totals=[head], every=32)
    other = few.run(constants, totals=[head], every=32)
    assert np.array_equal(one.totals[head], other.totals[head])


def test_what_was_not_asked_for_cannot_be_kept(model):
    few = compile_model(model).only(["shown"])
    for name in ("comment only", "Level"):
        with pytest.raises(SDError, match=name):
            few.run(report=[name])
    with pytest.raises(SDError, match="did you mean"):
        compile_model(model).only(["shwn"])


def test_a_run_of_few_variables_goes_on_from_its_own_state(model):
    few = compile_model(model).only(["shown"])
    given = {"scale": [4.0, 5.0, 6.5]}
    whole = few.run(given, report=["shown"], steps=40, every=10)
    head = few.run(given, steps=10, keep_state=True)
    rest = few.run(given, report=["shown"], steps=30, every=10, state=head.state)
    assert np.array_equal(rest.values["shown"], whole.values["shown"][1:])


def test_what_runs_have_in_common_is_laid_out_once_without_another_bit(model):
    kernel = compile_model(model)
    scale = np.array([4.0, 5.0, 6.5])
    pace = Held(np.array([1.0, 3.0]), np.array([[0.1, 0.2, 0.3], [0.2, 0.2, 0.2]]))
    common = kernel.given({"scale": scale}, {"pace": pace}, 3)
    for own in ({}, {"scale": scale[::-1].copy()}, {"scale": 2.0}):
        told = kernel.run({"scale": scale} | own, {"pace": pace}, report=["shown"], members=3)
        found = kernel.run(own, given=common, report=["shown"])
        assert np.array_equal(found.values["shown"], told.values["shown"])
