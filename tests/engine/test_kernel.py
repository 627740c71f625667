"""Kernel.run: members are independent, nothing depends on how the work is split."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest

from sdengine import with_settings
from sdengine.native.blocks import Buffers
from sdensemble import Held, SDError, compile_model, read_model

FISHERY = """
region: north,south,east~~|
coast: north,south~~|
birth rate=0.4~1/Year~|
effort[region]=0.1,0.2,0.3~1/Year~|
capacity[region]=100,200,300~Ton~|
total=SUM(Fish[region!])~Ton~|
births[region]=birth rate*Fish[region]*(1-Fish[region]/capacity[region])~Ton/Year~|
catch[region]=effort[region]*Fish[region]~Ton/Year~|
landed[region]=SMOOTHI(catch[region], 0.5, 1)~Ton/Year~|
price=EXP(-total/1000)+LN(total)~Dmnl~|
coastal=SUM(Fish[coast!])~Ton~|
Fish[region]=INTEG(births[region]-catch[region], capacity[region]/2)~Ton~|
"""
KEEP = ["Fish", "landed", "total", "price", "coastal"]


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    path = tmp_path_factory.mktemp("fishery") / "fishery.mdl"
    clock = "INITIAL TIME=0~Year~|\nFINAL TIME=4~Year~|\nTIME STEP=0.125~Year~|\nSAVEPER=0.5~Year~|"
    path.write_text("{UTF-8}" + FISHERY + clock, encoding="utf-8")
    return compile_model(read_model(path))


@pytest.fixture(scope="module")
def inputs():
    rng = np.random.default_rng(5)
    members = 37
    constants = {
        "birth rate": rng.uniform(0.3, 0.5, members),
        "effort": rng.uniform(0.1, 0.3, (3, members)),
    }
    held = {"capacity": Held(np.array([1.0, 2.5]), rng.uniform(90, 300, (2, 3, members)))}
    return constants, held


def assert_same_bits(one, other, pick=slice(None)):
    for name in KEEP:
        assert np.array_equal(one.values[name][..., pick], other.values[name]), name
        assert np.array_equal(one.totals[name][..., pick], other.totals[name]), name


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_thread_count_changes_no_bit(kernel, inputs, threads):
    one = kernel.run(*inputs, report=KEEP, totals=KEEP, threads=1)
    assert_same_bits(one, kernel.run(*inputs, report=KEEP, totals=KEEP, threads=threads))


@pytest.mark.parametrize("member", [0, 15, 16, 36])
def test_a_member_alone_equals_the_member_in_the_ensemble(kernel, inputs, member):
    constants, held = inputs
    whole = kernel.run(constants, held, report=KEEP, totals=KEEP)
    pick = slice(member, member + 1)
    alone = kernel.run(
        {name: value[..., pick] for name, value in constants.items()},
        {name: Held(h.times, h.values[..., pick]) for name, h in held.items()},
        report=KEEP,
        totals=KEEP,
    )
    assert_same_bits(whole, alone, pick)


def test_permuting_members_permutes_the_results(kernel, inputs):
    constants, held = inputs
    order = np.random.default_rng(6).permutation(37)
    whole = kernel.run(constants, held, report=KEEP, totals=KEEP)
    shuffled = kernel.run(
        {name: value[..., order] for name, value in constants.items()},
        {name: Held(h.times, h.values[..., order]) for name, h in held.items()},
        report=KEEP,
        totals=KEEP,
    )
    assert_same_bits(whole, shuffled, order)


def test_lanes_change_no_bit(kernel, inputs):
    narrow = compile_model(kernel.model, lanes=8)
    one = kernel.run(*inputs, report=KEEP, totals=KEEP)
    assert_same_bits(one, narrow.run(*inputs, report=KEEP, totals=KEEP))


def test_a_held_value_acts_from_its_time_on_and_not_before(kernel):
    held = {"effort": Held(np.array([2.0]), np.array([[0.0, 0.0, 0.0]]))}
    run = kernel.run(held=held, report=["catch"])
    before, after = run.times < 2.0, run.times >= 2.0
    assert (run.values["catch"][before] > 0).all()
    assert (run.values["catch"][after] == 0).all()


def test_a_value_held_from_the_start_is_seen_by_initial_values(kernel):
    held = {"capacity": Held(np.array([0.0]), np.array([[10.0, 20.0, 30.0]]))}
    run = kernel.run(held=held, report=["Fish"])
    np.testing.assert_array_equal(run.values["Fish"][0, :, 0], [5.0, 10.0, 15.0])


def test_totals_follow_the_trapezium_rule_exactly(kernel):
    fine = kernel.run(report=["total"], every=1)
    coarse = kernel.run(totals=["total"], every=8)
    y = fine.values["total"][:, 0]
    step = kernel.program.step
    for i, found in enumerate(coarse.totals["total"][:, 0]):
        part = y[8 * i : 8 * i + 9]
        expected = step * (part.sum() - 0.5 * (part[0] + part[-1]))
        assert found == pytest.approx(expected, rel=1e-14)


def test_only_what_is_asked_for_is_kept(kernel):
    run = kernel.run(report=["total"], members=3)
    assert set(run.values) == {"total"}
    assert not run.totals
    assert run.values["total"].shape == (9, 3)


def test_what_is_kept_is_written_into_parts_of_larger_arrays(kernel, inputs):
    constants, held = inputs
    asked = {"report": ["total"], "totals": ["total"], "every": 4}
    alone = kernel.run(constants, held, **asked)
    size = alone.totals["total"].shape[-1]
    padded = -(-size // 64) * 64
    every = Buffers.of((2, len(alone.times)), 1, 1, 3 * padded)
    every.values[...] = every.totals[...] = 7.0
    part = every[1, :, :, padded : padded + size]
    found = kernel.run(constants, held, into=part, **asked)
    assert np.array_equal(part.values[:, 0], alone.values["total"])
    assert np.array_equal(part.totals[1:, 0], alone.totals["total"])
    assert np.shares_memory(found.values["total"], every.values)
    for array in (every.values, every.totals):
        assert (array[0] == 7.0).all()
        assert (array[1, ..., :padded] == 7.0).all()
        assert (array[1, ..., 2 * padded :] == 7.0).all()


def test_a_member_that_is_not_finite_is_told_apart_and_dated(kernel):
    constants = {"capacity": np.array([[100.0, 0.0], [200.0, 1.0], [300.0, 1.0]])}
    run = kernel.run(constants, report=["Fish"])
    assert run.first_bad[0] == -1
    assert run.first_bad[1] in (0, 1)
    assert np.isfinite(run.values["Fish"][..., 0]).all()


def test_names_are_taken_as_vensim_takes_them(kernel):
    run = kernel.run({"BIRTH_RATE": 0.4}, report=["TOTAL"])
    assert set(run.values) == {"total"}


def test_every_wrong_input_is_named_in_one_message(kernel):
    with pytest.raises(SDError) as caught:
        kernel.run(
            {"birth rte": 1.0, "total": 1.0, "effort": np.ones((2, 4)), "capacity": np.nan},
            report=["fihs"],
        )
    text = str(caught.value)
    for word in (
        '"birth rte" is not in the model',
        "birth rate",
        '"total" is not a constant',
        "effort",
        "not finite",
        "fihs",
    ):
        assert word in text


def test_one_name_alone_is_no_row_of_letters(kernel):
    assert list(kernel.run(report="total").values) == ["total"]
    assert list(kernel.only("total").run(report=["total"]).values) == ["total"]


def test_a_table_of_a_sample_is_taken_as_it_is_and_what_is_no_number_refused(kernel):
    assert kernel.run(pd.DataFrame({"birth rate": [0.3, 0.4]})).first_bad.shape == (2,)
    with pytest.raises(SDError, match="is given no number"):
        kernel.run({"birth rate": []})
    with pytest.raises(SDError, match="is given what is not a number"):
        kernel.run({"birth rate": 10**400})
    with pytest.raises(SDError, match="is given what is not a number"):
        with_settings(kernel.model, {"birth rate": "high"})


def test_a_kernel_goes_through_a_pickle_and_gives_the_same_bits(kernel, inputs):
    again = pickle.loads(pickle.dumps(kernel))
    assert (again.digest, again.lanes) == (kernel.digest, kernel.lanes)
    one, other = (k.run(*inputs, report=KEEP, totals=KEEP) for k in (kernel, again))
    assert_same_bits(one, other)
    with pytest.raises(TypeError, match="pickle the whole one"):
        pickle.dumps(kernel.only(["total"]))


def test_a_second_compilation_comes_from_the_cache(kernel):
    assert compile_model(kernel.model).from_cache


def test_a_changed_number_in_the_file_is_not_served_from_the_cache(write_model):
    first = compile_model(read_model(write_model("a=2~~|\nv=a*3~~|")))
    second = compile_model(read_model(write_model("a=2~~|\nv=a*4~~|")))
    assert first.run(report=["v"]).values["v"][0, 0] == 6
    assert second.run(report=["v"]).values["v"][0, 0] == 8


def test_a_cache_folder_that_cannot_be_written_does_not_matter(write_model, monkeypatch, tmp_path):
    blocked = tmp_path / "blocked"
    blocked.write_text("a file, not a folder", encoding="utf-8")
    monkeypatch.setenv("SDENSEMBLE_CACHE", str(blocked / "cache"))
    kernel = compile_model(read_model(write_model("v=1+Time~~|")))
    assert kernel.run(report=["v"]).values["v"][0, 0] == 1
