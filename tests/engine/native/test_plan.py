"""What a plan takes out of the step, puts apart or does early, and that no bit changes by it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sdengine.ir import Load, Op, nodes
from sdengine.native.jit import processor
from sdengine.native.plan import make_plan
from sdengine.program.interpreter import run_reference
from sdengine.program.lower import lower
from sdengine.program.prune import pruned
from sdensemble import Held, compile_model, read_model

TEXT = """
part: a, b, c ~~|
pace[part] = 0.1, 0.2, 0.3 ~~|
base[part] = 1, 2, 3 ~~|
begins = 0.6 ~~|
shock = 0.2 ~~|
scale = 5 ~~|
on = IF THEN ELSE(Time >= begins, 1, 0) ~~|
pushed[part] = EXP(on * shock * base[part]) ~~|
later = STEP(shock, begins + 0.5) * scale ~~|
drive[part] = (Level[part] / scale + base[part]) ^ pace[part] * pushed[part] + later ~~|
share[part] = drive[part] / SUM(drive[part!]) ~~|
Level[part] = INTEG(share[part] - Level[part] / scale, base[part]) ~~|
Behind[part] = INTEG((Level[part] - Behind[part]) / 2, base[part]) ~~|
shown = SUM(Behind[part!]) ~~|
"""


@pytest.fixture
def model(write_model):
    return read_model(write_model(TEXT, step=0.125))


def inputs(members: int = 37) -> tuple[dict, dict]:
    rng = np.random.default_rng(1)
    constants = {
        "begins": rng.uniform(0, 2, members),
        "pace": rng.uniform(-3, 3, (3, members)),
        "scale": rng.uniform(2, 9, members),
    }
    held = {"shock": Held(np.array([0.5, 1.0]), rng.normal(0, 0.5, (2, members)))}
    return constants, held


NAMES = ["on", "pushed", "later", "drive", "Level", "Behind", "shown"]


def test_what_hangs_on_a_switch_is_computed_when_it_turns(model):
    plan = make_plan(lower(model))
    assert len(plan.switches) == 2  # Time >= begins, and the STEP
    at = plan.program.where("pushed")
    assert not any(np.isin(at, s.target).any() for loop in plan.dynamic for s in loop.statements)
    assert plan.layout.waiting(plan.switches[:, 1]).any()


def test_what_hangs_on_a_switch_through_one_element_of_an_array_comes_behind_it(write_model):
    path = write_model(
        "part: a, b, c~~|\nbase=2~~|\nonce[part]=MAX(base - IF THEN ELSE(Time<1, -1, 1), 0)~~|\n"
        "y=Time*(5-once[b])~~|\nz=SUM(once[part!])*Time~~|",
        step=0.5,
    )
    kernel = compile_model(read_model(path))
    found, expected = kernel.run(report=["y", "z"]).values, run_reference(kernel.program)
    for name in ("y", "z"):
        place = int(kernel.program.where(name))
        np.testing.assert_array_equal(found[name][:, 0], expected[:, place, 0])


def test_a_constant_held_through_time_runs_only_what_hangs_on_it_again(model):
    plan = make_plan(lower(model))
    again = plan.layout.waiting(plan.program.where("shock"))
    assert 0 < again.sum() < len(plan.invariant)
    assert not plan.layout.waiting(np.empty(0, np.int64)).any()


@pytest.mark.parametrize("lanes", [8, 16])
@pytest.mark.parametrize("reciprocals", [False, True])
def test_values_are_those_of_the_reference(model, lanes, reciprocals):
    kernel = compile_model(
        model, lanes=lanes, rounds_as=replace(processor(), divides=not reciprocals)
    )
    constants, held = inputs()
    run = kernel.run(constants, held, report=NAMES, every=1)
    slots, shock = kernel.program, held["shock"]
    expected = run_reference(
        slots,
        constants,
        held={
            step: [(slots.where("shock").ravel(), values[None])]
            for step, values in zip((4, 8), shock.values, strict=True)
        },
        members=37,
        every=1,
    )
    for name in NAMES:
        np.testing.assert_allclose(
            run.values[name], expected[:, slots.where(name)], rtol=1e-13, atol=1e-13
        )


def test_quick_division_and_kept_reciprocals_give_the_same_bits(model):
    constants, held = inputs()
    runs = []
    for divides in (True, False):
        kernel = compile_model(model, rounds_as=replace(processor(), divides=divides))
        runs.append(kernel.run(constants, held, report=NAMES, every=1))
    for name in NAMES:
        assert np.array_equal(runs[0].values[name], runs[1].values[name])


def test_a_power_over_points_stands_in_a_loop_behind_its_logarithm(model):
    plan = make_plan(lower(model))
    for loop in plan.dynamic:
        made = np.concatenate([s.target for s in loop.statements])
        for statement in loop.statements:
            for node in nodes(statement.expr):
                if isinstance(node, Op) and node.name == "power_of":
                    logarithm = node.parts[2]
                    assert isinstance(logarithm, Load)
                    assert not np.isin(logarithm.slots, made).any()


def test_a_stock_is_moved_early_only_behind_its_last_reader(model):
    program = pruned(lower(model), ["shown"])
    plan = make_plan(program)
    level, behind = (program.where(name).ravel() for name in ("Level", "Behind"))
    assert plan.early[np.concatenate([level, behind])].any()
    moved = np.zeros(program.stocks, bool)
    for loop in plan.dynamic:
        for statement in loop.statements:
            for node in nodes(statement.expr):
                if isinstance(node, Load):
                    assert not moved[node.slots[node.slots < program.stocks]].any()
        for statement in loop.statements:
            if plan.moves(statement, plan.early):
                moved[statement.target - program.stocks] = True
    assert np.array_equal(moved, plan.early)
    assert not make_plan(pruned(lower(model), ["Behind"])).early[behind].any()
    whole = make_plan(lower(model))
    assert not whole.early.any()
    assert not whole.swift.any()  # every step of it is saved


@pytest.fixture
def sparse(write_model):
    """A model that saves one step in four, and remembers stocks in every way."""
    path = write_model(TEXT + MORE, step=0.125)
    path.write_text(path.read_text("utf-8").replace("SAVEPER=TIME STEP", "SAVEPER=0.5"), "utf-8")
    return read_model(path)


MORE = """
was = SAMPLE IF TRUE(Time < 1, Level[a], 0) ~~|
old[part] = DELAY FIXED(Level[part], 0.375, base[part]) ~~|
Slow[part] = INTEG(Behind[part] - old[part] / scale, 1) ~~|
Idle[part] = INTEG(Level[part], was) ~~|
"""


def test_a_stock_that_may_be_kept_is_moved_early_between_two_saved_steps(sparse):
    plan = make_plan(lower(sparse))
    assert not plan.early.any()
    assert plan.swift[plan.program.where("Idle")].all()


@pytest.mark.parametrize("totals", [(), ("shown", "Idle")])
@pytest.mark.parametrize("lanes", [2, 16])
def test_what_is_kept_at_one_step_hangs_on_no_other_that_is(sparse, totals, lanes):
    kernel = compile_model(sparse, lanes=lanes)
    names = [*NAMES, "was", "old", "Slow", "Idle"]
    constants, held = inputs()
    every = kernel.run(constants, held, report=names, totals=totals, every=1)
    few = kernel.run(
        constants, held, report=names, totals=totals, every=5, steps=9, keep_state=True
    )
    on = kernel.run(constants, held, report=names, every=3, state=few.state)
    for name in names:
        assert np.array_equal(every.values[name][:10:5], few.values[name]), name
        assert np.array_equal(every.values[name][9::3], on.values[name][: 1 + 7 // 3]), name


def test_a_kernel_that_moves_stocks_early_has_the_bits_and_the_losses_of_the_whole_one(model):
    whole = compile_model(model)
    few = whole.only(["shown"])
    constants, held = inputs()
    constants["pace"][0, 5] = 500.0  # overflows on the way
    one = whole.run(constants, held, report=["shown"], totals=["shown"], every=2)
    other = few.run(constants, held, report=["shown"], totals=["shown"], every=2)
    assert np.array_equal(one.values["shown"], other.values["shown"], equal_nan=True)
    assert np.array_equal(one.totals["shown"], other.totals["shown"], equal_nan=True)
    assert np.array_equal(one.first_bad, other.first_bad)


@pytest.mark.parametrize("members", [1, 15, 16, 17, 40])
def test_rows_laid_block_by_block_hold_every_member(model, members):
    kernel = compile_model(model, lanes=16)
    value = np.arange(1.0, members + 1)
    run = kernel.run(
        {"scale": value, "base": value + np.array([[1], [2], [3]])},
        report=["scale", "base"],
        steps=1,
    )
    assert np.array_equal(run.values["scale"][0], value)
    assert np.array_equal(run.values["base"][0], value + np.array([[1], [2], [3]]))


def test_under_runge_kutta_there_are_no_switches(model):
    assert len(make_plan(replace(lower(model), method="rk4")).switches) == 0


def test_a_divisor_that_points_share_is_inverted_once_for_each_of_its_values(write_model):
    text = (
        "i: a,b,c,d ~~|\nj: p,q,r ~~|\nx[i,j]= 1,2,3;4,5,6;7,8,9;10,11,0; ~~|\n"
        "L[j]= INTEG(L[j] / 7 - SUM(by[i!,j]) / 40, 3) ~~|\nby[i,j]= x[i,j] / L[j] ~~|\n"
        "more[i,j]= x[i,j] / (1 + L[j] ^ 2) ~~|\n"
    )
    model = read_model(write_model(text, step=0.125))
    plan = make_plan(lower(model))
    statements = [s for loop in plan.dynamic for s in loop.statements]
    divided = [
        s.points for s in statements for n in nodes(s.expr) if isinstance(n, Op) and n.name == "div"
    ]
    assert divided == [3, 3]
    constants = {"x": np.random.default_rng(2).normal(size=(4, 3, 20))}
    fast, slow = (
        compile_model(model, rounds_as=replace(processor(), divides=divides)).run(
            constants, report=["by", "more", "L"]
        )
        for divides in (True, False)
    )
    for name in fast.values:
        assert np.array_equal(fast.values[name], slow.values[name])
