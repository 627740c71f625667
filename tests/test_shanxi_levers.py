"""What land, money and the levers of the shipped model move, and what they cost."""

from __future__ import annotations

import numpy as np
import pytest

from sdengine.model.describe import levers
from tests.shanxi import MEMBERS, annual, drawn, plain


@pytest.fixture(scope="module")
def run(study, kernel):
    return drawn(study, kernel)


@pytest.fixture(scope="module")
def default(kernel):
    return plain(kernel)


@pytest.fixture(scope="module")
def scenario(study):
    return {one.name: one for one in study.scenarios}.__getitem__


BINDS, AMPLE = {"land_cover": np.array([0.6, 1.3])}, {"land_cover": np.array([3.0, 3.0])}


def test_a_lever_whose_execution_is_zero_does_nothing(run, study):
    names = [v.name for v in levers(study.model)]
    assert len(names) > 20
    no = {f"{name}_execution".replace(" ", "_"): np.zeros(MEMBERS) for name in names}
    base = run("baseline", "total nominal output", **no).values["total nominal output"]
    all_levers = run("all", "total nominal output", **no).values["total nominal output"]
    assert np.array_equal(base, all_levers)


def test_investors_money_flows_in_and_out_and_adds_up(run):
    """As V03 and V04 of model/validation.toml: the audit stays at its start, the stock moves."""
    kept = run("all", "investor audit", "Investor Funds")
    drift = np.abs(kept.values["investor audit"] - kept.values["investor audit"][0])
    assert drift.max() < 1e-8
    assert np.ptp(kept.values["Investor Funds"], axis=0).max() > 0.5


def _effect(default, constant, value, name="total nominal output", year=6, **world):
    base, moved = (
        annual(default(totals=[name], **world, **more), name)[year, 0]
        for more in ({}, {constant: value})
    )
    return moved - base


def test_land_moves_output_where_it_binds_and_only_there(default):
    bound = _effect(default, "land_share_floor", 0.05, **BINDS)
    free = _effect(default, "land_share_floor", 0.05, **AMPLE)
    assert bound > 2
    assert abs(free) < 0.01


def test_grants_move_output_less_where_land_binds(default):
    bound = _effect(default, "plant_grant_budget", 10.0, **BINDS)
    free = _effect(default, "plant_grant_budget", 10.0, **AMPLE)
    assert 0 < bound < 0.8 * free


def test_a_quota_nobody_uses_costs_nothing_and_lies_idle(default):
    base, more = (
        default(
            "outlay forgone land revenue", "idle park land", "treasury outlay", **AMPLE, **own
        ).values
        for own in ({}, {"land_share_floor": 0.12})
    )
    cost = more["outlay forgone land revenue"] - base["outlay forgone land revenue"]
    assert np.abs(cost).max() < 0.01
    assert (more["idle park land"] - base["idle park land"])[-1, 0] > 1000
    np.testing.assert_allclose(more["treasury outlay"], base["treasury outlay"], rtol=1e-6)
    charged = default(
        "outlay forgone land revenue", land_charge_on_release=1.0, land_share_floor=0.12, **AMPLE
    )
    released = charged.values["outlay forgone land revenue"]
    assert released[-1, 0] > 2 * more["outlay forgone land revenue"][-1, 0]


def test_parks_of_the_ten_take_no_land_from_the_rest(default, study):
    other = list(study.model.elements("sector")).index("other")
    world = {"land_cover": np.array([0.5, 0.7])}
    base, more = (
        default("land allocation", **world, **own).values["land allocation"][:, other, 0]
        for own in ({}, {"land_share_floor": 0.12})
    )
    np.testing.assert_allclose(more, base, rtol=0.03)


def test_without_new_land_entry_stops_and_renewal_goes_on(default):
    """V11: nought in the end, and between one and ten per cent of output gone in 2025."""
    names = ("entry starts", "expansion starts")
    base = default(*names, totals=["total nominal output"])
    no_land = {
        "annual_land_quota": 0.0,
        "consolidated_land": 0.0,
        "consolidated_land_baseline": 0.0,
        "scrap_land_release": 0.0,
    }
    none = default(*names, totals=["total nominal output"], **no_land)
    assert none.values["entry starts"][-1].sum() < 0.05 * base.values["entry starts"][-1].sum()
    assert none.values["expansion starts"][-1].min() > 0
    ratio = annual(none, "total nominal output")[6, 0] / annual(base, "total nominal output")[6, 0]
    assert 0.9 < ratio < 0.99


def test_without_credit_investment_and_sales_fall_and_firms_live_on(default):
    base, none = (
        default("starts", "total real output", "Cash", "Loans", **own).values
        for own in ({}, {"credit_shock": -1.0})
    )
    assert none["starts"][-1].sum() < 0.8 * base["starts"][-1].sum()
    assert 0.3 < none["total real output"][24, 0] / base["total real output"][24, 0] < 0.95
    assert none["Loans"][-1].sum() < 0.15 * base["Loans"][-1].sum()
    assert none["Cash"].min() >= 0


def test_a_guarantee_helps_as_far_as_firms_are_constrained(default):
    few = _effect(default, "guarantee_capital", 30.0, constrained_share=0.0)
    some = _effect(default, "guarantee_capital", 30.0, constrained_share=0.15)
    many = _effect(default, "guarantee_capital", 30.0, constrained_share=0.45)
    assert abs(few) < 0.5
    assert few < some < many


def test_a_lower_margin_never_raises_investment_whatever_its_sign(default, study):
    """The first edition divided by the signed margin: dearer raw material raised starts."""
    dear = np.full(11, 0.2)
    for margin in (-0.05, 0.0, 0.05):
        base, moved = (
            default("starts", base_margin=np.full(11, margin), **own).values["starts"][24].sum()
            for own in ({}, {"raw_price_shock": dear})
        )
        assert moved < base, margin


def test_losses_lower_the_chance_of_a_nominal_target(run):
    """Raw prices times three: the first edition raised P, as losses reached no stock."""
    dear = {"raw_price_shock": np.full((11, MEMBERS), np.log(3.0))}
    base, shocked = (
        annual(run("baseline", totals=["total nominal output"], **own), "total nominal output")[6]
        for own in ({}, dear)
    )
    assert (shocked > 3000).mean() < (base > 3000).mean()


def test_a_programme_draws_on_its_own_purse(default):
    """Guarantee capital comes from central transfers: it takes nothing from grants or brands."""
    names = ("purse coverage", "grant paid")
    base, more = (default(*names, **own).values for own in ({}, {"guarantee_capital": 50.0}))
    np.testing.assert_allclose(
        more["purse coverage"][:, 1:], base["purse coverage"][:, 1:], atol=1e-9
    )
    strained = default("purse coverage", plant_grant_budget=40.0).values["purse coverage"][-1, :, 0]
    assert strained[1] < 1
    assert strained[0] == strained[2] == 1


def test_outlay_is_what_the_purses_pay_and_land_stands_apart(run):
    payers = ("outlay central", "outlay province", "outlay county")
    kept = run("all", "treasury outlay", "outlay forgone land revenue", *payers).values
    np.testing.assert_allclose(sum(kept[n] for n in payers), kept["treasury outlay"], rtol=1e-12)
    assert kept["treasury outlay"].min() > 0
    assert kept["outlay forgone land revenue"].min() > 0


@pytest.mark.parametrize(
    ("scenario_name", "least_helped"),
    [
        ("brand", 0.95),
        ("research", 0.95),
        ("plant-grants", 0.95),
        ("guarantee", 0.95),
        ("land-quota", 0.9),
    ],
)
def test_a_lever_does_not_lower_the_ten_it_is_meant_for(run, scenario_name, least_helped):
    """V25 for levers of one sign: the ten clusters together in 2025, by member."""
    name = "cluster nominal output"
    base, moved = (
        annual(run(which, totals=[name]), name)[6] for which in ("baseline", scenario_name)
    )
    assert (moved >= base - 1e-6).mean() > least_helped


def test_the_policy_as_executed_announces_the_quantities_of_the_text(scenario, study):
    """What the rates add up to, against the table of instruments; then they stop."""
    quantities = {
        "national park rate": 8,
        "provincial park rate": 100,
        "county park rate": 150,
        "brewing grain base rate": 100,
        "medicinal tea base rate": 3,
        "forage base rate": 100,
        "alfalfa base rate": 20,
        "herb base rate": 100,
        "orchard renovation rate": 500,
        "orchard soil rate": 800,
        "dairy farm rate": 150,
        "pig farm rate": 200,
        "sheep farm rate": 100,
        "broiler plant rate": 4,
        "beef base rate": 4,
    }
    written = {s.constant: s for s in scenario("policy-executed").settings}
    for name, quantity in quantities.items():
        one = written.pop(name)
        assert one.times == (2020.5, 2026.0), name
        assert one.values[0] * (2026 - 2020.5) == pytest.approx(quantity, rel=2e-3), name
        assert one.values[1] == 0.0, name
    assert set(written) < {v.name for v in levers(study.model)}


@pytest.mark.parametrize("name", ["plan15-2030", "plan15-land", "plan15-grants"])
def test_a_15th_plan_scenario_starts_in_2026_costs_and_does_something(run, scenario, name):
    other = scenario(name).compares
    until = 7 * 4 + 1  # quarters from 2019.0 to 2026.0
    keep = ("total nominal output", "treasury outlay", "outlay forgone land revenue")
    before, after = (run(which, *keep).values for which in (other, name))
    for kept in keep:
        np.testing.assert_array_equal(before[kept][:until], after[kept][:until])
    spent = sum((after[kept] - before[kept])[until + 4 :].mean() for kept in keep[1:])
    assert spent > 0.2
    gain = (after[keep[0]] - before[keep[0]])[-1].mean()
    assert gain > 0.5
