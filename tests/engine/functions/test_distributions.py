"""Whole numbers, gamma and beta drawn at random: their distributions, and the sums behind them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats

from sdengine import SDError, compile_model, read_model
from sdengine.functions.series import reached, summed

CLOCK = {"step": 0.25, "stop": 10.0}

WHOLE = [
    ("POISSON(0,1e9,3,0,1,7)", stats.poisson(3)),
    ("POISSON(0,1e9,30000,0,1,7)", stats.poisson(30000)),
    ("POISSON(2,5,3,0,1,7)", None),
    ("BINOMIAL(0,1e9,0.3,10,0,1,7)", stats.binom(10, 0.3)),
    ("BINOMIAL(0,1e9,0.97,999.6,0,1,7)", stats.binom(1000, 0.97)),
    ("NEGATIVE BINOMIAL(0,1e9,0.3,4,0,1,7)", stats.nbinom(4, 0.3, loc=4)),
]
CONTINUOUS = [
    ("GAMMA(0,1e9,2.5,1,3,7)", stats.gamma(2.5, 1, 3)),
    ("GAMMA(0,1e9,0.2,0,3,7)", stats.gamma(0.2, 0, 3)),
    ("GAMMA(0,1e9,500,0,3,7)", stats.gamma(500, 0, 3)),
    ("BETA(0,1,2,3,0,1,7)", stats.beta(2, 3)),
    ("BETA(0,1,0.5,0.4,0,1,7)", stats.beta(0.5, 0.4)),
]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Return the draws of every formula above, of one model."""
    formulas = [formula for formula, _ in WHOLE + CONTINUOUS]
    path = tmp_path_factory.mktemp("draws") / "draws.mdl"
    body = "".join(f"v{n}=RANDOM {formula}~~|\n" for n, formula in enumerate(formulas))
    clock = "INITIAL TIME=0~~|\nFINAL TIME=40~~|\nTIME STEP=1~~|\nSAVEPER=1~~|\n"
    path.write_text("{UTF-8}\n" + body + clock, encoding="utf-8")
    names = [f"v{n}" for n in range(len(formulas))]
    run = compile_model(read_model(path)).run(report=names, members=500)
    return {f: run.values[name].ravel() for f, name in zip(formulas, names, strict=True)}


@pytest.mark.parametrize(("formula", "expected"), WHOLE)
def test_a_whole_number_has_its_distribution(drawn, formula, expected):
    found = drawn[formula]
    values, counts = np.unique(found, return_counts=True)
    assert (values == np.rint(values)).all()
    if expected is None:  # Poisson of mean 3, cut off at 2 and 5
        share = stats.poisson(3).pmf([2, 3, 4, 5])
        assert list(values) == [2, 3, 4, 5]
        assert stats.chisquare(counts, share / share.sum() * len(found)).pvalue > 0.001
        return
    apart = np.cumsum(counts) / len(found) - expected.cdf(values)
    assert np.abs(apart).max() < 1.95 / np.sqrt(len(found))
    assert found.mean() == pytest.approx(expected.mean(), abs=5 * expected.std() / 143)


@pytest.mark.parametrize(("formula", "expected"), CONTINUOUS)
def test_gamma_and_beta_have_their_distributions(drawn, formula, expected):
    assert stats.kstest(drawn[formula], expected.cdf).pvalue > 0.001


def test_a_lookup_gives_the_shape_of_a_distribution(write_model):
    path = write_model(
        "pdf((0,0),(1,1),(3,1),(4,0))~~|\nv=RANDOM LOOKUP(pdf,-100,100,10,2,7)~~|\n"
        "w=RANDOM LOOKUP(pdf,11,15,10,2,7)~~|",
        **CLOCK,
    )
    run = compile_model(read_model(path)).run(report=["v", "w"], members=300)
    whole = stats.trapezoid(0.25, 0.75, 10, 8)
    assert stats.kstest(run.values["v"].ravel(), whole.cdf).pvalue > 0.001
    cut = (whole.cdf(run.values["w"].ravel()) - whole.cdf(11)) / (whole.cdf(15) - whole.cdf(11))
    assert stats.kstest(cut, "uniform").pvalue > 0.001


def test_what_is_cut_off_keeps_its_shape(write_model):
    path = write_model("v=RANDOM BETA(2,4,2,3,1,4,7)~~|\nw=RANDOM GAMMA(1,2,3,0,1,7)~~|", **CLOCK)
    run = compile_model(read_model(path)).run(report=["v", "w"], members=300)
    for name, whole, low, high in (
        ("v", stats.beta(2, 3, 1, 4), 2, 4),
        ("w", stats.gamma(3), 1, 2),
    ):
        share = (whole.cdf(run.values[name].ravel()) - whole.cdf(low)) / (
            whole.cdf(high) - whole.cdf(low)
        )
        assert stats.kstest(share, "uniform").pvalue > 0.001


def test_chances_of_nothing_and_of_all_leave_no_choice(write_model):
    path = write_model(
        "a=RANDOM POISSON(0,9,0,0,1,1)~~|\nb=RANDOM BINOMIAL(0,99,0,5,0,1,1)~~|\n"
        "c=RANDOM BINOMIAL(0,99,1,5,0,2,1)~~|\nd=RANDOM BINOMIAL(0,99,0.5,0,0,1,1)~~|",
        **CLOCK,
    )
    run = compile_model(read_model(path)).run(report=list("abcd"), members=20)
    assert [set(run.values[name].ravel()) for name in "abcd"] == [{0}, {0}, {10}, {0}]


def test_pink_noise_has_its_deviation_and_forgets_at_its_pace(write_model):
    path = write_model("v=RANDOM PINK NOISE(5,2,4,3)~~|", step=0.5, stop=100.0)
    found = compile_model(read_model(path)).run(report=["v"], members=800).values["v"]
    assert found.mean() == pytest.approx(5, abs=0.1)
    assert found.std() == pytest.approx(2, rel=0.03)
    later = np.corrcoef(found[100], found[108])[0, 1]  # 4 units of time, 8 steps later
    assert later == pytest.approx((1 - 0.5 / 4) ** 8, abs=0.1)


def test_the_sums_are_those_of_the_incomplete_gamma_and_beta_functions():
    shape, x = np.array([0.3, 2.0, 50.0]), np.array([0.1, 3.0, 40.0])
    first = np.exp(shape * np.log(x) - x - special.gammaln(shape + 1))
    found = summed(first, x, np.zeros(3), shape, np.full(3, np.inf))
    np.testing.assert_allclose(found, special.gammainc(shape, x), rtol=1e-13)
    p, q, y = 2.5, 3.5, 0.4
    first = y**p * (1 - y) ** q / (p * special.beta(p, q))
    found = summed(first, y * (p + q - 1), y, p, np.inf)
    assert found == pytest.approx(special.betainc(p, q, y), rel=1e-13)
    assert reached(np.exp(-3.0), 3.0, 0.0, 0.0, 0.9) == stats.poisson(3).ppf(0.9)


@pytest.mark.parametrize("formula", ["BETA(0,1,1e9,3,0,1,1)", "GAMMA(0,9,1e9,0,1,1)"])
def test_a_shape_that_would_take_minutes_is_refused(write_model, formula):
    with pytest.raises(SDError, match="shapes up to 10,000,000"):
        compile_model(read_model(write_model(f"x=RANDOM {formula}~~|")))


def test_a_gamma_number_of_a_large_order_lies_about_it(write_model):
    path = write_model("x=RANDOM GAMMA(0,1e9,40000,0,1,1)~~|")
    x = compile_model(read_model(path)).run(report=["x"], members=50).values["x"]
    assert np.abs(x - 40000).max() < 6 * 200
    assert np.abs(x - 40000).min() > 0
