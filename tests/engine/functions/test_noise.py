"""Random functions: their distributions, and whose numbers hang on what."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sdengine.functions import MEANINGS
from sdengine.functions.noise import quantile
from sdengine.ir import Const, Load, Op
from sdengine.program.interpreter import run_reference
from sdengine.program.lower import lower
from sdensemble import SDError, compile_model, read_model

CLOCK = {"step": 0.25, "stop": 10.0}


def draws(path, name="v", members=500, **options):
    run = compile_model(read_model(path)).run(report=[name], members=members, **options)
    return run.values[name]


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("RANDOM 0 1()", stats.uniform()),
        ("RANDOM UNIFORM(-1, 3, 7)", stats.uniform(-1, 4)),
        ("RANDOM NORMAL(-100, 100, 2, 0.5, 7)", stats.norm(2, 0.5)),
        ("RANDOM NORMAL(1.5, 2.2, 2, 0.5, 7)", stats.truncnorm(-1, 0.4, 2, 0.5)),
        ("RANDOM NORMAL(8, 99, 0, 1, 7)", stats.truncnorm(8, 99)),
        ("RANDOM EXPONENTIAL(0, 1000, 0, 3, 7)", stats.expon(0, 3)),
        ("RANDOM EXPONENTIAL(2, 5, 1, 3, 7)", stats.truncexpon(1, 2, 3)),
    ],
)
def test_a_random_function_has_its_distribution(write_model, formula, expected):
    found = draws(write_model(f"v={formula}~~|", **CLOCK)).ravel()
    assert stats.kstest(found, expected.cdf).pvalue > 0.001
    assert found.mean() == pytest.approx(expected.mean(), abs=5 * expected.std() / 140)
    assert found.std() == pytest.approx(expected.std(), rel=0.05)


def test_steps_members_elements_and_calls_do_not_hang_together(write_model):
    path = write_model("s: a,b~~|\nv[s]=RANDOM 0 1()~~|\nw=RANDOM 0 1()+RANDOM 0 1()~~|", **CLOCK)
    run = compile_model(read_model(path)).run(report=["v", "w"], members=400)
    v, w = run.values["v"], run.values["w"]
    series = [
        v[:, 0].ravel(),
        v[:, 1].ravel(),
        w.ravel(),
        np.roll(v[:, 0], 1, 0).ravel(),
        np.roll(v[:, 0], 1, 1).ravel(),
    ]
    assert np.abs(np.corrcoef(series) - np.eye(5)).max() < 0.03
    assert w.std() == pytest.approx(np.sqrt(1 / 6), rel=0.05)


def test_a_member_has_the_same_numbers_alone_in_any_split_and_on_any_thread(write_model):
    path = write_model("v=RANDOM NORMAL(-9,9,0,1,3)~~|\nS=INTEG(v,0)~~|", **CLOCK)
    whole = draws(path, "S", 50)
    np.testing.assert_array_equal(draws(path, "S", 50, threads=1), whole)
    np.testing.assert_array_equal(draws(path, "S", 1, ids=[37])[:, 0], whole[:, 37])
    np.testing.assert_array_equal(draws(path, "S", 20, ids=np.arange(30, 50)), whole[:, 30:])


def test_editing_another_equation_leaves_the_numbers_alone(write_model):
    before = draws(write_model("a=RANDOM 0 1()~~|\nv=RANDOM 0 1()~~|", "one.mdl", **CLOCK))
    after = draws(
        write_model(
            "q=SMOOTH(v,2)~~|\na=RANDOM 0 1()*2+RANDOM 0 1()~~|\nv=1*RANDOM 0 1()~~|",
            "two.mdl",
            **CLOCK,
        )
    )
    np.testing.assert_array_equal(before, after)


def test_the_seed_of_the_call_and_of_the_model_are_honoured(write_model):
    one = draws(write_model("v=RANDOM UNIFORM(0,1,1)~~|", "one.mdl", **CLOCK))
    two = draws(write_model("v=RANDOM UNIFORM(0,1,2)~~|", "two.mdl", **CLOCK))
    model = draws(write_model("noise seed=1~~|\nv=RANDOM UNIFORM(0,1,0)~~|", "m.mdl", **CLOCK))
    assert np.abs(np.corrcoef(one.ravel(), two.ravel())[0, 1]) < 0.03
    np.testing.assert_array_equal(one, model)


def test_the_reference_sees_the_same_numbers(write_model):
    model = read_model(write_model("v=RANDOM NORMAL(-9,9,x,1,3)~~|\nx=RANDOM 0 1()~~|", **CLOCK))
    program = lower(model)
    expected = run_reference(program, members=5)[:, int(program.where("v"))]
    np.testing.assert_allclose(draws(model.path, "v", 5), expected, rtol=1e-12, atol=1e-14)


def test_a_seed_that_moves_is_refused(write_model):
    with pytest.raises(SDError, match="seed of a random function"):
        compile_model(read_model(write_model("v=RANDOM UNIFORM(0,1,Time)~~|")))


def test_the_normal_quantile_is_exact():
    class Keeper:
        def keep(self, node, what, scope):
            return node

        statements = property(lambda self: self)

    def value(node):
        if isinstance(node, Op):
            return MEANINGS[node.name](*map(value, node.parts))
        if isinstance(node, Load):
            return value(node.slots)
        return node.value if isinstance(node, Const) else node

    p = np.concatenate([np.geomspace(1e-300, 0.5, 400), 1 - np.geomspace(1e-15, 0.5, 200)])
    with np.errstate(all="ignore"):
        found = value(quantile(Keeper(), Load(p), None))
    np.testing.assert_allclose(found, stats.norm.ppf(p), rtol=1e-12, atol=1e-14)
