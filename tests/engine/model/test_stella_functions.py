"""Stella's functions: what they are in the engine's own forms, and their distributions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from sdengine import compile_model, read_model

HEAD = (
    '<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0">'
    "<sim_specs><start>0</start><stop>{stop}</stop><dt>0.5</dt></sim_specs>"
    '<dimensions><dim name="R"><elem name="a"/><elem name="b"/><elem name="c"/></dim>'
    "</dimensions><model><variables>"
)
ARRAY = '<aux name="v"><dimensions><dim name="R"/></dimensions><eqn>4 - 2*R*(R-2)</eqn></aux>'


@pytest.fixture
def write(tmp_path):
    def write(equations: dict[str, str], more: str = "", stop: int = 4):
        body = "".join(
            f'<aux name="{name}"><eqn>{text.replace("<", "&lt;")}</eqn></aux>'
            for name, text in equations.items()
        )
        path = tmp_path / "model.xmile"
        text = HEAD.format(stop=stop) + body + more + "</variables></model></xmile>"
        path.write_text(text, encoding="utf-8")
        return path

    return write


VALUES = {
    "-7 MOD 3": 2,
    "7 MOD -3": -2,
    "MOD(-7.5, 2)": 0.5,
    "MIN(INF, TIME)": 4,
    "TIME()": 4,
    "ROOTN(8, 3)": 2,
    "GAMMALN(5)": math.log(24),
    "INVNORM(0.975)": stats.norm.ppf(0.975),
    "INVNORM(1e-9, 5, 2)": stats.norm.ppf(1e-9, 5, 2),
    "NORMALCDF(-1, 2)": stats.norm.cdf(2) - stats.norm.cdf(-1),
    "NORMALCDF(7, 12, 0, 1)": stats.norm.sf(7),
    "NORMALCDF(1, 3, 2, 4)": stats.norm.cdf(3, 2, 4) - stats.norm.cdf(1, 2, 4),
    "STDDEV(v)": np.std([6, 4, -2]),
    "STDDEV(v[*]*2)": np.std([12, 8, -4]),
    "MEAN(1, 2, 6)": 3,
    "RANK(v, 1)": 3,
    "RANK(v[*], 3)": 1,
    "SUM(v[2:3])": 2,
    "MEAN(v[a:b]) + MAX(v[b:c])": 9,
    "NORMAL(5, 0) + UNIFORM(2, 2, 1)": 7,
    "SIGN(-3) + SIGN(0) + 2*SIGN(0.1)": 1,
    "NPV(1, 0, 0, 2) + NORMALPINK(3, 0, 2)": 2 * 0.5 * 9 + 3,
    "LOOKUP_EXTRAPOLATE(g, 6) + LOOKUP FORWARD(g, 1.5)": 8,
    "RUNCOUNT + SENSIRUNCOUNT() + 2": 2,
    "FACTORIAL(20)": math.factorial(20),
    "COMBINATIONS(5, 3)": 10,
    "COMBINATIONS(300, 2)": math.comb(300, 2),
    "PERMUTATIONS(7, 3)": math.perm(7, 3),
    "PMT(0.01, 36, 10000, 0)": -10000 * 0.01 / (1 - 1.01**-36),
    "FV(0.01, 36, PMT(0.01, 36, 10000, 500), 10000)": 500,
    "PV(0.01, 36, PMT(0.01, 36, 10000, 500), 500)": 10000,
    "FV(0, 12, -10, 100) + PMT(0, 10, 50, 50) + PV(0, 3, 1, 1)": 20 - 10 - 4,
    "(1 + DT*CGROWTH(21))^2": 1.21,
    "DERIVN(TIME*TIME, 1)": (16 - 3.5**2) / 0.5,
    "DERIVN(TIME*TIME, 2) + DERIVN(7, 0)": 9,
    "LOOKUPAREA(g, 1, 3)": 4,
    "LOOKUPAREA(g, 3, 1) + LOOKUPAREA(g, 2) + LOOKUPAREA(g) + LOOKUPAREA(g, 3, 9)": 4 + 2 + 8 + 3.5,
    "LOOKUPMEAN(g, 1, 3) + LOOKUPINV(g, 3)": 26 / 12 + 3,
    "LOOKUPMEAN(g, 1) + LOOKUPMEAN(g)": 2 / 3 + 8 / 3,
    "MAX(v, 7) + MIN(v, 0) + MAX(v, 2*v)": 7 - 2 + 12,
    "POISSON(0) + BINOMIAL(4, 1) + NEGBINOMIAL(3, 1) + GEOMETRIC(1, 5)": 4,
    "GAMMA(1e-9, 1)*0 + LOGISTIC(4, 0) + BETA(2, 3)*0": 4,
}


def test_functions_have_their_values(write):
    names = {f"y{number}": formula for number, formula in enumerate(VALUES)}
    more = ARRAY + '<gf name="g"><xscale min="0" max="4"/><ypts>0,1,2,3,4</ypts></gf>'
    run = compile_model(read_model(write(names, more))).run(report=names)
    for name, formula in names.items():
        wanted = pytest.approx(VALUES[formula], rel=1e-12)
        assert run.values[name][-1, 0] == wanted, formula


def test_a_variable_may_bear_the_name_of_a_function(write):
    more = ARRAY + '<gf name="pareto"><xscale min="0" max="4"/><ypts>0,8</ypts></gf>'
    names = {"rank": "7", "y": "rank + RANK(v, 1)", "z": "pareto(1)"}
    run = compile_model(read_model(write(names, more))).run(report=["y", "z"])
    assert (run.values["y"][-1, 0], run.values["z"][-1, 0]) == (10, 2)


SPREAD = math.sqrt(math.log(1 + 0.25))


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("EXPRND(3, 7)", stats.expon(0, 3)),
        ("LOGNORMAL(2, 1, 7)", stats.lognorm(SPREAD, scale=2 / math.sqrt(1.25))),
        ("TRIANGULAR(1, 2, 5, 7)", stats.triang(0.25, 1, 4)),
        ("WEIBULL(2, 3, 7)", stats.weibull_min(2, scale=3)),
        ("PARETO(5, 2, 7)", stats.pareto(5, scale=2)),
    ],
)
def test_numbers_drawn_have_their_distribution(write, formula, expected):
    kernel = compile_model(read_model(write({"y": formula}, stop=10)))
    found = kernel.run(report=["y"], members=400).values["y"].ravel()
    assert stats.kstest(found, expected.cdf).pvalue > 0.001
    assert found.mean() == pytest.approx(expected.mean(), abs=5 * expected.std() / 90)


def test_what_may_happen_does_by_its_probability_a_unit_of_time(write):
    kernel = compile_model(read_model(write({"y": "MONTECARLO(40, 3)"}, stop=10)))
    found = kernel.run(report=["y"], members=400).values["y"]
    assert set(np.unique(found)) == {0.0, 1.0}
    assert found.mean() == pytest.approx(0.4 * 0.5, abs=0.02)
