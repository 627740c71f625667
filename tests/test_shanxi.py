"""The shipped model under test: conservation, limits, extremes, steady state and step size.

Numbers (V…) are those of the study's validation list. Worlds are prior draws with forcing under
the scenario that moves every lever, so that a test can fail anywhere in the ranges in use.
"""

from __future__ import annotations

import numpy as np
import pytest

from sdengine.model.describe import levers
from sdensemble import compile_model, read_model
from sdensemble.ensemble.worlds import apply
from tests import shanxi, store_scenarios
from tests.shanxi import MEMBERS, annual, drawn, members_of, plain


@pytest.fixture(scope="module")
def run(study, kernel):
    return drawn(study, kernel)


@pytest.fixture(scope="module")
def default(kernel):
    return plain(kernel)


@pytest.fixture(scope="module")
def scenario(study):
    return {one.name: one for one in study.scenarios}.__getitem__


@pytest.fixture(scope="module")
def one_by_one(study, kernel):
    return shanxi.one_by_one(study, kernel)


@pytest.mark.parametrize("exponent", [8.0, 12.0, 16.0])
def test_the_start_is_the_observed_one_for_every_exponent(default, study, exponent):
    """V09: the integral over 2019 is k times sales, and utilisation is what the data say."""
    model = study.model
    kept = default("utilisation", totals=["total nominal output"], rho_output=exponent)
    expected = float(model["output to sales ratio"].value * model["sales revenue 2019"].value)
    assert annual(kept, "total nominal output")[0, 0] == pytest.approx(expected, rel=5e-3)
    sectors = list(model.elements("sector"))
    start = dict(zip(sectors, kept.values["utilisation"][0, :, 0], strict=True))
    food, medicine = (
        float(model[f"initial utilisation {kind}"].value) for kind in ("food", "medicine")
    )
    assert start["dairy"] == pytest.approx(food, rel=1e-6)
    assert start["tcm"] == pytest.approx(medicine, rel=1e-6)


def test_no_stock_falls_below_zero_and_nothing_is_nan(run, study):
    """V08, in the worlds of the study; the test below goes to the constants' own limits."""
    stocks = [v.name for v in study.model.variables.values() if v.kind.value == "stock"]
    signed = {"Expected Growth", "Expected Profit Rate", "Equity"}
    # net sums of the audits: what went out may be more than what came
    signed |= {"Cumulative Lending", "Cumulative Investor Money", "Cumulative Quota"}
    for name in ("baseline", "all", "world-fenjiu-stagnates"):
        kept = run(name, *stocks)
        assert (kept.first_bad == -1).all()
        for stock in stocks:
            if stock not in signed:
                assert kept.values[stock].min() > -1e-3, stock


@pytest.mark.parametrize("name", ["baseline", "all"])
def test_every_constant_may_stand_at_either_of_its_limits(one_by_one, scenario, study, name):
    """V08: all elements of a constant at once, then each element by itself."""
    changes = [
        (constant, cell, end)
        for constant in study.model.constants()
        for cell in (..., *(np.ndindex(study.model.shape(constant)) if constant.dims else ()))
        for end in constant.limits
    ]
    total, first_bad = one_by_one(scenario(name), changes)
    wrong = (first_bad != -1) | ~np.isfinite(total).all(axis=0)
    assert len(changes) > 2 * len(study.model.constants())
    assert [(changes[i][0].name, *changes[i][1:]) for i in np.flatnonzero(wrong)] == []


def test_constants_drawn_over_all_of_their_limits_at_once_lose_no_member(kernel, study):
    """What `new` would draw from this model, flags and guards too: absurd worlds, yet finite."""
    rng, n = np.random.default_rng(8), 512
    drawn = {}
    for constant in study.model.constants():
        low, high = constant.limits
        drawn[constant.name] = rng.uniform(low, high, (*study.model.shape(constant), n))
    out = kernel.run(drawn, totals=["total nominal output"], every=32, members=n)
    assert (out.first_bad == -1).all()
    assert np.isfinite(out.totals["total nominal output"]).all()


NO_PRIOR_NEEDED = {
    "eligible": "a flag: which sectors the opinion names",
    "Fenjiu in sector": "a flag: where the firm stands",
    "zone member": "a flag: whose land comes from where",
    "sales revenue 2019": "observed; a third either way is no question",
    "pig price factor": "a stress that scenarios set",
    "fiscal backing": "a setting of the world that scenarios set",
    "land charge on release": "a convention of cost, both shown",
    "Fenjiu growth factor": "a stress that scenarios set",
    "grain base crop": "a flag: what the programme plants",
    "herb base crop": "a flag: what the programme plants",
    "farmland crop": "a flag: what stands on farmland",
    "feed crop": "a flag: what is fed",
    "export weight": "a flag: what the three platforms of the opinion sell; export gain is drawn",
}


LAND_BINDS = {"land cover": 0.6}


@pytest.mark.full
@pytest.mark.parametrize("fixed", [{}, LAND_BINDS], ids=["defaults", "land binds"])
def test_no_constant_without_a_prior_moves_a_lever_by_more_than_a_fifth(one_by_one, study, fixed):
    """Amendment 19, one constant at a time by 30% either way, levers worth 2 亿元 or more.

    The worlds are the model's own constants; how the levers' effects add up is not looked at.
    """
    model = study.model
    drawn = {p.constant for name in study.prior_sets() for p in study.priors(name).items}
    left_out = drawn | set(NO_PRIOR_NEEDED) | {v.name for v in levers(model)}
    left_out |= {name for name in model.variables if name.endswith(" baseline")}
    constants = [v for v in model.constants() if v.name not in left_out]
    changes = [
        (v, ..., np.clip(v.value * factor, *v.limits)) for v in constants for factor in (0.7, 1.3)
    ]
    changes = [(v, cell, np.reshape(value, model.shape(v))) for v, cell, value in changes]
    assert len(constants) > 50
    totals = {}
    moved, looked_at = [], 0
    for scenario in study.scenarios:
        totals[scenario.name] = one_by_one(scenario, changes, fixed)[0][6]
        if scenario.name == scenario.compares or scenario.name.startswith("world-"):
            continue
        effect = totals[scenario.name] - totals[scenario.compares]
        if abs(effect[-1]) < 2:
            continue
        looked_at += 1
        change = effect[:-1] / effect[-1] - 1
        moved += [
            (scenario.name, changes[i][0].name, round(float(change[i]), 2))
            for i in np.flatnonzero(np.abs(change) > 0.2)
        ]
    assert moved == [], moved
    assert looked_at >= 5


def test_every_scenario_gives_what_it_gave(study):
    stored, found = store_scenarios.load(), store_scenarios.summaries(study)
    renew = "if the change is meant, renew it with `python -m tests.store_scenarios`"
    assert list(stored) == list(found), renew
    for name, values in found.items():
        np.testing.assert_allclose(values, stored[name], rtol=1e-9, err_msg=f"{name}: {renew}")


def test_halving_the_step_changes_totals_and_lever_differences_little(study, scenario, tmp_path):
    """V20: the total by less than 0.2%, a lever's difference by less than 10%.

    Land adds nothing on the defaults, so its lever is tried where the ceiling binds.
    """
    text = study.model.path.read_text(encoding="utf-8")
    step = study.model.clock.step
    fine = tmp_path / "fine.mdl"
    fine.write_text(text.replace(f"{step:g}", f"{step / 2:g}"), encoding="utf-8")
    results = []
    for model in (study.model, read_model(fine)):
        kernel = compile_model(model)
        year = round(1 / model.clock.step)
        found = {}
        for name in ("baseline", "all", "plant-grants", "land-quota", "research"):
            for place, own in (("defaults", {}), ("land binds", LAND_BINDS)):
                world = _world(scenario(name), model, own)
                out = kernel.run(*world, totals=["total nominal output"], every=year)
                found[name, place] = float(out.totals["total nominal output"][6, 0])
        results.append(found)
    coarse, halved = results
    assert model.clock.step == step / 2
    for place in ("defaults", "land binds"):
        base = ("baseline", place)
        assert coarse[base] == pytest.approx(halved[base], rel=2e-3)
    compared = [("all", "defaults"), ("plant-grants", "defaults"), ("research", "defaults")]
    for name, place in [*compared, ("land-quota", "land binds"), ("all", "land binds")]:
        one, two = (found[name, place] - found["baseline", place] for found in results)
        assert abs(two) > 0.5, (name, place)
        assert one == pytest.approx(two, rel=0.1), (name, place)


def _world(scenario, model, own):
    given = {name: members_of(model, name, value, 1) for name, value in own.items()}
    return apply(scenario, model, given, 1)


def test_assets_less_loans_are_equity_when_everything_goes_wrong(run):
    """Losses, arrears and exit: no money is made or lost on the way, and cash stays above zero."""
    kept = run(
        "all",
        "money audit",
        "Cash",
        "Equity",
        "exit rate",
        raw_price_shock=np.full((11, MEMBERS), 1.1),
    ).values
    assert np.abs(kept["money audit"]).max() < 1e-8
    assert kept["Cash"].min() > -1e-6
    assert kept["exit rate"][-1].max() > 0.05
    lost = kept["Equity"][-1].sum(axis=0) < kept["Equity"][0].sum(axis=0)
    assert lost.mean() > 0.8


STILL = {
    "past_reported_growth": 0.0,
    "scope_drift": 0.0,
    "market_nominal_growth": 0.0,
    "inflation": 0.0,
    "growth_offset": np.zeros(11),
    "productivity_trend": 0.0,
    "yield_trend": 0.0,
    "Fenjiu_initial_nominal_growth": 0.0,
    "fresh_growth": 0.0,
    "improved_variety_reach": 0.6,
    "land_saving": 0.0,
}


def test_without_growth_every_stock_stays_where_it_is(default):
    """V22: twelve years, to nine digits."""
    stocks = (
        "total real output",
        "Capacity",
        "Line Reach",
        "Cash",
        "Equity",
        "Loans",
        "Fixed Assets",
        "Investor Funds",
        "Working Capital",
        "Land In Use",
        "Land Ready",
        "Area Mature",
        "Area Young",
        "Herd Mature",
        "Projects Signed",
        "Entry Building",
        "Expansion Building",
    )
    values = default(*stocks, **STILL).values
    for name in stocks:
        np.testing.assert_allclose(
            values[name],
            np.broadcast_to(values[name][0], values[name].shape),
            rtol=1e-9,
            err_msg=name,
        )


def test_output_never_leaves_its_limits(run):
    """V13: usable capacity, raw material and demand each bound output, in every world."""
    limits = ("market demand", "raw limited output", "capacity output")
    kept = run("all", "output", *limits).values
    for limit in limits:
        assert (kept["output"] <= kept[limit] * (1 + 1e-9)).all(), limit


@pytest.mark.parametrize("shock", [-2.5, -0.7])
def test_when_demand_collapses_output_follows(default, shock):
    base, kept = (
        default("output", "market demand", macro_shock=size).values for size in (0.0, shock)
    )
    there = kept["output"][12].sum() / base["output"][12].sum()
    loading = np.exp(0.5 * shock)  # the least any sector answers
    assert there < loading + 0.02
    assert (kept["output"] <= kept["market demand"] * (1 + 1e-9)).all()


def test_the_past_is_split_without_a_remainder(default):
    """Reported growth is scope, price, market, lines and what is left: the parts add up."""
    names = (
        "initial real growth",
        "market real growth",
        "initial line growth",
        "initial upgrading rate",
        "initial nominal growth",
    )
    kept = {name: value[0, :, 0] for name, value in default(*names, inflation=0.02).values.items()}
    parts = (
        kept["market real growth"] + kept["initial line growth"] + kept["initial upgrading rate"]
    )
    np.testing.assert_allclose(parts, kept["initial real growth"], atol=1e-12)
    np.testing.assert_allclose(kept["initial real growth"] + 0.02, kept["initial nominal growth"])


def test_utilisation_starts_level_and_sales_grow_as_they_did(default, study):
    """The balanced start: in 2019 nothing jumps, and growth is what history was read to be."""
    kept = default("utilisation", "total real output").values
    assert np.abs(kept["utilisation"][4] / kept["utilisation"][0] - 1).max() < 0.01
    growth = np.log(kept["total real output"][4, 0] / kept["total real output"][0, 0])
    model = study.model
    past = [float(model[n].value) for n in ("past reported growth", "scope drift", "inflation")]
    assert growth == pytest.approx(past[0] - past[1] - past[2], abs=0.005)
