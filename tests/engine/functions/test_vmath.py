"""The vector exp, log, pow and erfc against NumPy's and C's, edges included."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from sdengine import kernel as compiling
from sdengine.native import jit as native
from sdengine.native.llvm import Processor
from sdensemble import compile_model, read_model

EDGES = np.array([0.0, 1.0, -1.0, 0.5, 2.0, 1e-300, 1e300, -3.0, 5e-5, 700.0, -700.0])


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    path = tmp_path_factory.mktemp("vmath") / "vmath.mdl"
    path.write_text(
        "{UTF-8}\nx=1~~|\ny=1~~|\ne=EXP(x)~~|\nl=LN(x)~~|\np=POWER(x,y)~~|\nq=x^3.5~~|\n"
        "c=x^5~~|\nINITIAL TIME=0~~|\nFINAL TIME=1~~|\nTIME STEP=1~~|\nSAVEPER=1~~|\n",
        encoding="utf-8",
    )
    return compile_model(read_model(path))


def values(kernel, name, x, y=1.0):
    y = np.broadcast_to(y, np.shape(x)).copy()
    return kernel.run({"x": x, "y": y}, report=[name], steps=0).values[name][0]


def relative(found, expected):
    with np.errstate(all="ignore"):
        return np.abs(found - expected) / np.maximum(np.abs(expected), 1e-300)


def test_exp_is_exact_to_a_few_units_in_the_last_place(kernel):
    x = np.random.default_rng(1).uniform(-700, 700, 20_000)
    assert relative(values(kernel, "e", x), np.exp(x)).max() < 1e-15


def test_exp_overflows_to_infinity_and_underflows_to_zero(kernel):
    x = np.array([709.0, 720.0, 1e9, -720.0, -1e9])
    found = values(kernel, "e", x)
    assert found[0] == pytest.approx(np.exp(709.0), rel=1e-14)
    assert np.isinf(found[1:3]).all()
    assert (found[3:] == 0).all()


def test_log_is_exact_to_a_few_units_in_the_last_place(kernel):
    rng = np.random.default_rng(2)
    x = np.concatenate([np.exp(rng.uniform(-700, 700, 20_000)), rng.uniform(0.5, 2.0, 20_000)])
    assert relative(values(kernel, "l", x), np.log(x)).max() < 1e-15


def test_log_of_zero_is_minus_infinity_and_of_a_negative_number_nan(kernel):
    found = values(kernel, "l", np.array([0.0, -1.0, -1e300]))
    assert found[0] == -np.inf
    assert np.isnan(found[1:]).all()


def test_pow_agrees_with_numpy_over_wide_ranges(kernel):
    rng = np.random.default_rng(3)
    x, y = np.exp(rng.uniform(-20, 20, 20_000)), rng.uniform(-16, 16, 20_000)
    assert relative(values(kernel, "p", x, y), np.power(x, y)).max() < 3e-15


def test_the_error_of_pow_grows_with_the_exponent_and_not_with_the_base(kernel):
    x = np.exp(np.random.default_rng(4).uniform(-600, 600, 20_000))
    y = np.random.default_rng(5).uniform(-1, 1, 20_000)
    assert relative(values(kernel, "p", x, y), np.power(x, y)).max() < 5e-16


@pytest.mark.parametrize("x", [1.0, 0.98046875, 1.0234375, np.nextafter(1, 0), np.nextafter(1, 2)])
def test_log_and_pow_hold_at_one_and_where_its_table_interval_ends(kernel, x):
    around = x * (1 + np.arange(-3, 4) * 2.0**-52)
    assert relative(values(kernel, "l", around), np.log(around)).max() < 1e-15
    assert relative(values(kernel, "p", around, 1e3), np.power(around, 1e3)).max() < 1e-13


def test_pow_overflows_to_infinity_and_underflows_to_zero(kernel):
    x = np.array([10.0, 10.0, 0.1, 0.1, 10.0])
    found = values(kernel, "p", x, np.array([308.0, 309.0, 307.0, 309.0, -400.0]))
    np.testing.assert_allclose(found, [1e308, np.inf, 1e-307, 0.0, 0.0], rtol=1e-13)


def test_a_vector_with_one_unusual_base_keeps_the_bits_of_the_others(kernel):
    x = np.exp(np.random.default_rng(6).uniform(-3, 3, 64))
    alone = values(kernel, "p", x, 1.7)
    mixed = np.where(np.arange(64) % 5 == 0, -2.0, x)
    found = values(kernel, "p", mixed, 1.7)
    assert np.isnan(found[mixed < 0]).all()
    assert np.array_equal(found[mixed > 0], alone[mixed > 0])


def test_a_processor_without_table_lookups_gives_the_same_bits(kernel, monkeypatch):
    own = native.processor()
    plain = Processor(fused=own.fused, permutes=False)
    monkeypatch.setattr(compiling, "processor", lambda: plain)
    other = compile_model(kernel.model, use_cache=False)
    x = np.exp(np.random.default_rng(7).uniform(-5, 5, 1_000))
    for name in ("e", "l", "p", "q"):
        assert np.array_equal(values(other, name, x, 0.7), values(kernel, name, x, 0.7))


@pytest.mark.parametrize("y", [0.0, 1.0, 2.0, 3.0, -1.0, -2.0, 0.5, -0.5, 7.0])
def test_pow_follows_numpy_at_the_edges(kernel, y):
    with np.errstate(all="ignore"):
        expected = np.power(EDGES, y)
    found = values(kernel, "p", EDGES, y)
    # below the smallest normal number this power gives 0: say so by an absolute floor
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-305)


def test_a_literal_exponent_gives_what_a_computed_one_gives(kernel):
    x = EDGES[np.abs(EDGES) < 1e50]
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(values(kernel, "q", x), np.power(x, 3.5), rtol=1e-13)
        np.testing.assert_allclose(values(kernel, "c", x), np.power(x, 5.0), rtol=1e-13)


@pytest.fixture(scope="module")
def share(tmp_path_factory):
    path = tmp_path_factory.mktemp("erfc") / "share.xmile"
    path.write_text(
        '<xmile xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0"><sim_specs><start>0</start>'
        '<stop>1</stop><dt>1</dt></sim_specs><model><variables><aux name="x"><eqn>1</eqn></aux>'
        '<aux name="p"><eqn>NORMALCDF(-1000000, x)</eqn></aux></variables></model></xmile>',
        encoding="utf-8",
    )
    return read_model(path)


@pytest.mark.parametrize("fused", [True, False])
def test_erfc_is_exact_to_a_few_units_in_the_last_place(share, fused):
    rng = np.random.default_rng(8)
    x = np.concatenate([rng.uniform(-37, 9, 4000), rng.normal(0, 1, 2000), rng.normal(0, 1e-6, 99)])
    kernel = compile_model(share, rounds_as=replace(native.processor(), fused=fused))
    found = kernel.run({"x": x}, report=["p"], steps=0).values["p"][0]
    expected = [0.5 * math.erfc(z) for z in x * -np.sqrt(0.5)]
    assert relative(found, np.array(expected)).max() < 1e-15


def test_erfc_ends_at_zero_and_two(share):
    x = np.array([0.0, 9.0, 40.0, 1e300, -39.0, -1e300])
    found = compile_model(share).run({"x": x}, report=["p"], steps=0).values["p"][0]
    assert found.tolist() == [0.5, 1.0, 1.0, 1.0, 0.0, 0.0]
