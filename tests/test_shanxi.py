"""The shipped model under test: conservation, allocation, regimes, extremes, step size.

Numbers (V…) are those of the study's validation list. Worlds are prior draws with forcing under
the scenario that moves every lever, so that a test can fail anywhere in the ranges in use.
"""

from __future__ import annotations

import re

import numpy as np
import pytest

from sdengine.model.describe import late_constants, levers
from sdensemble import compile_model, read_model
from sdensemble.ensemble.draws import draw, read_priors
from sdensemble.ensemble.run import worlds
from sdensemble.inputs.targets import readings
from tests import store_scenarios

MEMBERS = 64
QUARTERS = 8  # steps between kept times


@pytest.fixture(scope="module")
def scenario(study):
    named = {s.name: s for s in study.scenarios}
    return lambda name: named[name]


@pytest.fixture(scope="module")
def world_of(study):
    draws = draw(study.priors(), study.model, MEMBERS, seed=11, method="latin")
    return worlds(study.model, draws, study.forcing, np.arange(MEMBERS))


@pytest.fixture(scope="module")
def run(kernel, world_of, scenario):
    """Return a function running the worlds under a scenario, with constants overridden."""

    def go(name, *keep, totals=(), **constants):
        world = world_of(scenario(name))
        given = {key.replace("_", " "): value for key, value in constants.items()}
        held = {key: h for key, h in world.held.items() if key not in given}
        return kernel.run(
            {**world.constants, **given}, held, report=keep, totals=totals, every=QUARTERS
        )

    return go


@pytest.fixture(scope="module")
def default(kernel):
    """Return a function running the model's own constants, some overridden."""

    def go(*keep, totals=(), held=None, **constants):
        given = {key.replace("_", " "): value for key, value in constants.items()}
        return kernel.run(given, held, report=keep, totals=totals, every=QUARTERS)

    return go


def annual(run, name):
    """Return yearly integrals, shape (year, …, member), from quarterly ones."""
    quarters = run.totals[name]
    return quarters.reshape(-1, 4, *quarters.shape[1:]).sum(axis=1)


# ── conservation ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("audit", "stock", "allowed"),
    [
        ("land audit", "Land In Use", 1e-6),
        ("money audit", "Cash", 1e-9),
        ("loan audit", "Loans", 1e-9),
        ("area audit", "Area Mature", 1e-8),
        ("herd audit", "Herd Mature", 1e-8),
        ("pig audit", "Growers", 1e-8),
        ("project audit", "Projects Signed", 1e-8),
    ],
)
def test_what_flows_in_and_out_adds_up(run, audit, stock, allowed):
    """V03, V04: the audit stays at its start; the stock it watches does move."""
    kept = run("all", audit, stock)
    drift = np.abs(kept.values[audit] - kept.values[audit][0])
    assert drift.max() < allowed
    assert np.ptp(kept.values[stock], axis=0).max() > 1.0


def test_no_raw_material_is_used_that_is_not_there(run):
    """V05."""
    kept = run("all", "material audit", "raw use", "raw supply", "import ceiling")
    assert np.abs(kept.values["material audit"]).max() < 1e-9
    there = kept.values["raw supply"] + kept.values["import ceiling"]
    assert (kept.values["raw use"] <= there * (1 + 1e-9)).all()
    assert kept.values["raw use"].min() > 0


def test_sectors_add_up_to_the_total_and_the_ten_to_their_sum(run, study):
    """V09, with the order of sectors taken from the model."""
    kept = run("all", "nominal output", "total nominal output", "cluster nominal output")
    sectors = list(study.model.elements("sector"))
    parts = kept.values["nominal output"]
    np.testing.assert_allclose(parts.sum(axis=1), kept.values["total nominal output"], rtol=1e-12)
    ten = np.delete(parts, sectors.index("other"), axis=1).sum(axis=1)
    np.testing.assert_allclose(ten, kept.values["cluster nominal output"], rtol=1e-12)


# ── allocation ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("request_name", "granted", "supply", "priority"),
    [
        ("land request", "land allocation", "land available", "land priority"),
        ("credit request", "credit granted", "credit supply", "credit priority"),
    ],
)
@pytest.mark.parametrize("scarcity", [1.0, 0.2, 0.0])
def test_scarce_supply_is_shared_out_whole_and_never_above_a_request(
    run, request_name, granted, supply, priority, scarcity
):
    """V06, on the model's own requests: plenty, scarce, and nothing to share."""
    cut = {"annual_land_quota": 150_000 * scarcity, "credit_shock": scarcity - 1}
    rng = np.random.default_rng(3)
    weights = {priority.replace(" ", "_"): rng.uniform(0.5, 3.0, (11, MEMBERS))}
    kept = run("all", request_name, granted, supply, **cut, **weights).values
    wanted, given, there = kept[request_name], kept[granted], kept[supply]
    assert given.min() >= -1e-9
    assert (given <= wanted * (1 + 1e-9) + 1e-9).all()
    expected = np.minimum(there, wanted.sum(axis=1))
    np.testing.assert_allclose(given.sum(axis=1), expected, rtol=1e-9, atol=1e-6)


def test_a_higher_priority_gets_a_higher_share_of_scarce_land(run, study):
    first = list(study.model.elements("sector")).index("dairy")
    plain = np.ones((11, MEMBERS))
    high = plain.copy()
    high[first] = 3.0
    cut = {"annual_land_quota": 30_000.0}
    before = run("all", "land allocation", land_priority=plain, **cut).values["land allocation"]
    after = run("all", "land allocation", land_priority=high, **cut).values["land allocation"]
    assert (after[1, first] >= before[1, first] - 1e-9).all()
    assert (after[1, first] > before[1, first]).mean() > 0.9


# ── limits and regimes ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "shares",
    [
        ("output regime capacity", "output regime raw", "output regime demand"),
        ("investment regime will", "investment regime finance", "investment regime land"),
    ],
)
def test_regime_shares_are_shares_and_sum_to_one(run, shares):
    """V07."""
    kept = run("all", *shares).values
    assert min(kept[name].min() for name in shares) >= 0
    total = sum(kept[name] for name in shares)
    assert np.abs(total - 1).max() < 1e-12


@pytest.mark.parametrize("exponent", [4.0, 7.0, 10.0])
def test_with_nothing_scarce_starts_equal_the_wish_for_every_exponent(default, exponent):
    """Amendment 12: a CES without a norm would give 0.95 of the wish at exponent 6."""
    kept = default(
        "greenfield starts", "greenfield wish", "renewal starts", "renewal wish",
        rho_invest=exponent, annual_land_quota=3e6, credit_shock=3.0, ceiling_ratio=3.0,
    ).values  # fmt: skip
    later = slice(8, None)  # after two years the new land has become ready
    for kind in ("greenfield", "renewal"):
        made, wished = kept[f"{kind} starts"][later], kept[f"{kind} wish"][later]
        np.testing.assert_allclose(made, wished, rtol=1e-12)


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


def test_capacity_never_outgrows_its_land(run):
    """Amendment 13: capacity and what is on its way stay under land in use × ceiling."""
    kept = run(
        "all", "Capacity", "Capacity Under Construction", "Capacity Ramping Up", "Land In Use",
        "land ceiling", ceiling_ratio=np.full(MEMBERS, 1.05), ceiling_growth=np.zeros(MEMBERS),
    ).values  # fmt: skip
    held = kept["Capacity"] + kept["Capacity Under Construction"] + kept["Capacity Ramping Up"]
    room = kept["Land In Use"] * kept["land ceiling"][:, None]
    assert (held <= room * (1 + 1e-6)).all()
    assert (held > 0.9 * room).any()


def test_the_implied_raw_price_is_near_the_farm_price(default):
    """Cost share over raw intensity, in Yi per Wt, against the farm price of each sector."""
    check = default("implied price check").values["implied price check"][0, :, 0]
    assert np.abs(check - 1).max() < 0.25


def test_the_implied_price_of_herbs_is_what_farmers_were_paid(default, study):
    """Herbs: farm income of 122 亿元 for 71.5万吨 is 17,000 yuan a tonne."""
    herbs = list(study.model.elements("sector")).index("tcm")
    implied = default("implied raw price").values["implied raw price"][0, herbs, 0]
    yuan_a_tonne = implied * 1e8 / 1e4  # Yi per Wt
    assert yuan_a_tonne == pytest.approx(17_000, rel=0.05)


# ── extreme conditions ─────────────────────────────────────────────────────────────────────


def test_without_land_greenfield_stops_and_renewal_goes_on(default):
    """V11: sign and limit."""
    names = ("greenfield starts", "renewal starts", "Capacity")
    base = default(*names, totals=["total nominal output"])
    no_land = {
        "annual_land_quota": 0.0, "consolidated_land": 0.0, "consolidated_land_baseline": 0.0,
        "scrap_land_release": 0.0,
    }  # fmt: skip
    none = default(*names, totals=["total nominal output"], **no_land)
    assert (
        none.values["greenfield starts"][-1].sum()
        < 0.05 * base.values["greenfield starts"][-1].sum()
    )
    assert none.values["renewal starts"][-1].min() > 0
    lost = annual(none, "total nominal output")[6, 0] - annual(base, "total nominal output")[6, 0]
    assert lost < 0


def test_without_any_money_investment_stops_and_capacity_decays(default, study):
    """V12: no credit, no retained profit, no depreciation fund, no equity, no grants."""
    none = {
        "credit_shock": -1.0, "retention": 0.0, "plant_grant_budget": 0.0,
        "plant_grant_baseline": 0.0, "depreciation_share": np.zeros(11),
        "owner_equity_factor": 0.0,
    }  # fmt: skip
    kept = default("starts", "Capacity", "Cash", **none).values
    base = default("starts", "Capacity").values
    assert kept["starts"][-1].sum() < 0.01 * base["starts"][-1].sum()
    # each step of the ageing chain only drains: never faster than 1 / life
    life = float(study.model["capacity life"].value)
    shrink = kept["Capacity"][-1].sum() / kept["Capacity"][-5].sum()
    assert np.exp(-1 / life) * 0.99 < shrink < 0.97
    assert kept["Cash"].min() > -1e-3


def test_when_demand_collapses_output_stays_below_it(default):
    """V13."""
    kept = default("output", "market demand", macro_shock=-2.5).values
    assert (kept["output"][5:] <= kept["market demand"][5:] * (1 + 1e-9)).all()
    assert kept["market demand"][8].sum() < 0.4 * kept["market demand"][0].sum()


def test_a_crop_failure_leaves_what_imports_feed(default):
    """V14: outside purchases do not stop with the local crop."""
    kept = default("raw supply", "import ceiling", "output", weather_shock=-4.0).values
    assert kept["raw supply"][8, 0].sum() < 0.2 * kept["raw supply"][0, 0].sum()
    assert kept["import ceiling"][8].min() > 0
    assert (kept["output"][8] > 0).all()
    assert kept["output"][8].sum() < kept["output"][0].sum()


def test_sick_herds_hurt_meat_and_not_medicine(default, study):
    """V15."""
    sectors = list(study.model.elements("sector"))
    base = default("output").values["output"][8, :, 0]
    sick = default("output", disease_shock=0.9).values["output"][8, :, 0]
    change = dict(zip(sectors, sick / base - 1, strict=True))
    assert change["meat"] < -0.3
    assert abs(change["tcm"]) < 0.01


def test_dear_raw_material_cuts_real_output_and_may_raise_its_value(default):
    """V18: both measures are shown, as the nominal target rewards dear raw material."""
    dear = {"raw_price_shock": np.full(11, 1.6)}
    names = ("total nominal output", "total real output")
    base, shocked = default(*names).values, default(*names, **dear).values
    assert shocked["total real output"][8, 0] < 0.95 * base["total real output"][8, 0]
    assert shocked["total nominal output"][8, 0] > shocked["total real output"][8, 0]


def test_no_stock_falls_below_zero_and_nothing_is_nan(run, study):
    """V08, in the worlds of the study; the test below goes to the constants' own limits."""
    stocks = [v.name for v in study.model.variables.values() if v.kind.value == "stock"]
    signed = {"Planning Growth", "Expected Profit Rate", "Large By Price"}
    # net sums of the audits: a herd or an area may shrink
    signed |= {f"Cumulative {what}" for what in ("Planting", "Breeding", "Signing", "Pigs")}
    for name in ("baseline", "all", "world-fenjiu-stagnates"):
        kept = run(name, *stocks)
        assert (kept.first_bad == -1).all()
        for stock in stocks:
            if stock not in signed:
                assert kept.values[stock].min() > -1e-3, stock


@pytest.fixture(scope="module")
def one_by_one(kernel, study):
    """Return a function running one member per change of one constant, and the last without any.

    ``changes`` are (constant, cell or ``...`` for all its cells, value); ``fixed`` holds for every
    member. It returns the yearly totals (year, member) and the first step that went wrong.
    """
    from sdensemble.inputs.scenarios import apply

    def go(scenario, changes, fixed=None):
        model, n = study.model, len(changes) + 1
        given = {name: np.full(n, value) for name, value in (fixed or {}).items()}
        for i, (constant, cell, value) in enumerate(changes):
            if constant.name not in given:
                own = np.broadcast_to(constant.value, model.shape(constant))
                given[constant.name] = np.repeat(own[..., None], n, axis=-1).astype(float)
            at = given[constant.name]
            at[..., i] = value if cell is ... else at[..., i]
            if cell is not ...:
                at[(*cell, i)] = value
        world = apply(scenario, model, given, n)
        year = round(1 / model.clock.step)
        out = kernel.run(*world, totals=["total nominal output"], every=year, members=n)
        return out.totals["total nominal output"], out.first_bad

    return go


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


# ── materials, herds, orchards ─────────────────────────────────────────────────────────────


def _elements(study, of, values):
    return dict(zip(study.model.elements(of), values, strict=True))


def test_every_material_is_shared_out_once_and_whole(run):
    """The shared-material matrix: a row and its fresh share sum to one, in every world."""
    names = ("material share", "fresh share", "raw supply", "farm supply", "recipe")
    kept = run("all", *names).values
    rows = kept["material share"].sum(axis=2) + kept["fresh share"]
    assert np.abs(rows - 1).max() < 1e-12
    assert min(kept[name].min() for name in names) >= 0
    given = kept["raw supply"].sum(axis=1) + (kept["fresh share"] * kept["farm supply"]).sum(axis=1)
    np.testing.assert_allclose(given, kept["farm supply"].sum(axis=1), rtol=1e-12)
    np.testing.assert_allclose(kept["recipe"].sum(axis=1), 1, rtol=1e-12)


def test_a_sector_that_grows_takes_material_from_the_others(default, study):
    """Beverages and fruit share orchard fruit; dairy shares nothing with them."""
    sectors, materials = (list(study.model.elements(r)) for r in ("sector", "material"))
    fast = np.zeros(11)
    fast[sectors.index("fruit")] = 0.1
    base, grown = (
        default("material share", "raw supply", growth_offset=offset).values
        for offset in (np.zeros(11), fast)
    )
    row = materials.index("orchard_fruit")
    for sector, sign in (("fruit", 1), ("beverages", -1)):
        change = (grown["material share"] - base["material share"])[
            -1, row, sectors.index(sector), 0
        ]
        assert np.sign(change) == sign, sector
    dairy = sectors.index("dairy")
    supply = grown["raw supply"][-1, dairy, 0] / base["raw supply"][-1, dairy, 0]
    assert supply == pytest.approx(1, abs=0.01)


def test_orchards_under_both_programmes_are_counted_once(run, study):
    """The 500 to be renovated and the 800 of the soil programme are more than the orchards."""
    names = (
        "Orchard Renovating", "Orchard Renovated", "Soil Recent", "Soil Effective",
        "orchard overlap", "orchard improved", "Area Mature", "orchard gain",
    )  # fmt: skip
    kept = run("bases", *names).values
    area = kept["Area Mature"][:, list(study.model.elements("crop")).index("orchard_fruit")]
    renovated, soil = kept["Orchard Renovated"], kept["Soil Effective"]
    np.testing.assert_allclose(kept["orchard overlap"], renovated * soil / area, atol=1e-9)
    either = renovated + soil - kept["orchard overlap"]
    np.testing.assert_allclose(kept["orchard improved"], either, atol=1e-9)
    assert (kept["orchard improved"] <= area * (1 + 1e-9)).all()
    assert (kept["Orchard Renovating"] + renovated <= area * (1 + 1e-9)).all()
    assert (kept["Soil Recent"] + soil <= area * (1 + 1e-9)).all()
    assert kept["orchard overlap"][-1].min() > 1
    assert kept["orchard gain"][6 * 4 :].max() > 1.01


@pytest.mark.parametrize(("shock", "size"), [("disease shock", 0.3), ("pig price shock", 0.3)])
def test_a_pulse_sets_off_a_pig_cycle_of_three_to_four_years(kernel, shock, size):
    """Half a year of disease or of dear pigs; no cycle is put in from outside."""
    from sdensemble import Held

    pulse = {shock: Held(np.array([2021.0, 2021.5]), np.array([size, 0.0]))}
    moved, base = (
        kernel.run({}, held, report=["pig price", "pig slaughter"], every=2)
        for held in (pulse, None)
    )
    after = moved.times > 2022.0
    for name in ("pig price", "pig slaughter"):
        wave = (moved.values[name] / base.values[name] - 1)[after, 0]
        inner = wave[1:-1]
        turns = np.flatnonzero((inner - wave[:-2]) * (wave[2:] - inner) < 0) + 1
        assert len(turns) >= 4, name
        half = np.diff(moved.times[after][turns])
        assert 3 <= 2 * half.mean() <= 4, name
        swings = np.abs(wave[turns])
        assert (np.diff(swings) < 0).all(), name  # it dies away: nothing is sustained by itself


def test_calves_become_cows_years_after_the_farms_are_built(default, study):
    """Heifers: the dairy farms of 2020 give milk two years on, not at once."""
    milk = list(study.model.elements("material")).index("milk")
    kept, base = (
        default("farm output", dairy_farm_rate=rate).values["farm output"][:, milk, 0]
        for rate in (30.0, 0.0)
    )
    gain = kept / base - 1
    assert 0 <= gain[2] < 0.2 * gain[16]
    assert gain[16] > 0.01


@pytest.mark.parametrize(
    ("rate", "value", "material"),
    [
        ("brewing grain base rate", 18.0, "sorghum"), ("herb base rate", 18.0, "herbs"),
        ("medicinal tea base rate", 0.5, "herbs"),
        ("orchard renovation rate", 90.0, "orchard_fruit"),
        ("orchard soil rate", 145.0, "orchard_fruit"), ("dairy farm rate", 27.0, "milk"),
        ("forage base rate", 18.0, "milk"), ("alfalfa base rate", 3.6, "milk"),
        ("pig farm rate", 36.0, "livestock"), ("sheep farm rate", 18.0, "livestock"),
        ("broiler plant rate", 0.7, "livestock"), ("beef base rate", 0.7, "livestock"),
    ],
)  # fmt: skip
def test_each_base_programme_raises_its_own_material_and_is_paid_for(
    default, study, rate, value, material
):
    row = list(study.model.elements("material")).index(material)
    kept, base = (
        default("farm output", "base outlay", **{rate.replace(" ", "_"): level}).values
        for level in (value, 0.0)
    )
    gain = (kept["farm output"] - base["farm output"])[:, row, 0]
    assert gain[24:].mean() > 0
    assert kept["base outlay"][8, 0] > 0
    assert base["base outlay"].max() == 0


def test_what_targets_ask_of_the_farm_starts_at_its_statistic(default):
    """Defaults at 2019.0 against figures of 2017 to 2020, within a tenth."""
    names = ("pig slaughter", "fruit volume", "herb area", "milk volume")
    start = {name: value[0, 0] for name, value in default(*names).values.items()}
    for name, known in zip(names, (823, 830, 265, 85), strict=True):
        assert start[name] == pytest.approx(known, rel=0.1), name
    kept = default("fruit conversion rate", "herb standardised share", "improved variety gain")
    assert 0 < kept.values["fruit conversion rate"].max() < 1
    assert 0 < kept.values["herb standardised share"].max() < 1
    assert kept.values["improved variety gain"][0, 0] == 0


# ── projects, ageing, demand as a share ────────────────────────────────────────────────────


def test_of_what_is_signed_the_realisation_rate_is_started(default, study):
    """With land and money to spare; the rest lapses, nothing is lost on the way."""
    kept = default(
        "signing", "greenfield starts", "signed lapse", "Projects Signed",
        annual_land_quota=3e6, credit_shock=3.0,
    ).values  # fmt: skip
    started, lapsed = kept["greenfield starts"], kept["signed lapse"]
    share = float(study.model["realisation rate"].value)
    np.testing.assert_allclose(started[8:] / (started + lapsed)[8:], share, rtol=1e-9)
    assert (kept["signing"].sum(axis=0) > 2 * started.sum(axis=0)).all()


def test_each_type_of_project_has_its_own_time_to_build(default, study):
    kept = default("mean construction time", "Greenfield Building", "Renewal Building").values
    times = [
        float(study.model[f"{kind} construction time"].value) for kind in ("renewal", "greenfield")
    ]
    assert times[0] < kept["mean construction time"].min()
    assert kept["mean construction time"].max() < times[1]
    slow = default("mean construction time", greenfield_construction_time=3.0).values
    assert (slow["mean construction time"] > kept["mean construction time"]).all()


def test_the_ageing_store_brings_brewing_to_its_capital_ratio(default, study):
    """priors.csv: 0.9 of capital per unit of capacity, plant and store together."""
    kept = default(
        "capital value", "price level", "Capacity", "Ageing Stock", "ageing laid down"
    ).values
    value = _elements(study, "sector", kept["capital value"][0, :, 0])
    plants = _elements(study, "sector", kept["Capacity"][0, :, 0])
    price = kept["price level"][0, 0]
    cost = float(study.model["capital cost"].value)
    # what has grown since it was laid down stands at today's output: a little less than 0.9
    assert value["brewing"] / (price * plants["brewing"]) == pytest.approx(0.9, rel=0.15)
    assert value["meat"] / (price * plants["meat"]) == pytest.approx(cost)
    years = kept["Ageing Stock"] / kept["ageing laid down"]
    assert 3 < years.min() <= years.max() < float(study.model["ageing time"].value)


def test_growth_of_the_ageing_store_claims_cash_before_projects(default, run):
    """What is laid down beyond what is taken out is paid from cash; without cash none is."""
    names = ("Cash", "ageing funding", "ageing need", "ageing laid down", "ageing taken out")
    kept = default(*names).values
    growth = kept["ageing laid down"] - kept["ageing taken out"]
    assert (growth > 0).all()
    assert kept["ageing funding"].sum(axis=1) == pytest.approx(kept["ageing need"].sum(axis=1))
    poor = default(
        *names, credit_shock=-1.0, retention=0.0, depreciation_share=0.0, owner_equity_factor=0.0
    ).values
    short = poor["ageing funding"].sum(axis=1) < poor["ageing need"].sum(axis=1) - 1e-9
    assert short.any()
    assert poor["Cash"].min() >= -1e-3
    without = default("starts", ageing_share=0.0).values["starts"]
    assert not np.allclose(without, default("starts").values["starts"])


def test_as_a_share_of_a_national_market_demand_meets_a_ceiling(default, study):
    names = ("market demand", "National Index", "national share")
    own, share = (default(*names, demand_share_switch=on).values for on in (0.0, 1.0))
    np.testing.assert_allclose(share["market demand"][0], own["market demand"][0], rtol=1e-9)
    rich = default(*names, demand_share_switch=1.0, growth_offset=np.full(11, 0.4)).values
    top = 1 + np.broadcast_to(study.model["share room"].value, (11,))
    assert (rich["national share"] < top[None, :, None]).all()
    assert (rich["national share"][-1, :, 0] > 0.85 * top).all()
    assert share["market demand"][-1].sum() < own["market demand"][-1].sum()


# ── measures and reporting ─────────────────────────────────────────────────────────────────


def test_value_added_and_final_output_are_less_than_output_value(run):
    names = (
        "value added", "nominal output", "total value added", "final output",
        "total nominal output", "sold to processors", "processed purchases", "supplier mix",
    )  # fmt: skip
    kept = run("all", *names).values
    assert (kept["total value added"] < kept["final output"]).all()
    assert (kept["final output"] < kept["total nominal output"]).all()
    assert kept["total value added"].min() > 0
    np.testing.assert_allclose(kept["supplier mix"].sum(axis=2), 1, rtol=1e-9)
    twice = kept["sold to processors"].sum(axis=1)
    np.testing.assert_allclose(twice, kept["processed purchases"].sum(axis=1), rtol=1e-9)
    np.testing.assert_allclose(kept["total nominal output"] - twice, kept["final output"])


def test_medicinal_tea_stays_inside_beverages(run, study):
    kept = run("all", "medicinal tea nominal output", "nominal output").values
    beverages = kept["nominal output"][:, list(study.model.elements("sector")).index("beverages")]
    tea = kept["medicinal tea nominal output"]
    assert (tea > 0).all()
    assert (tea < 0.6 * beverages).all()


def test_without_assessment_what_is_reported_is_what_there_is(run):
    names = ("reported total output", "total nominal output", "Reporting Scope")
    off = run("baseline", *names).values
    on = run("assessment", *names).values
    np.testing.assert_allclose(off["reported total output"], off["total nominal output"])
    assert np.array_equal(off["total nominal output"], on["total nominal output"])
    assert (on["reported total output"][-1] > 1.02 * on["total nominal output"][-1]).all()


def test_reporting_reaches_no_further_than_its_prior_and_ratchets_up(run, world_of, scenario):
    reach = np.asarray(world_of(scenario("assessment")).constants["reporting scope factor"])
    scope = run("assessment", "Reporting Scope").values["Reporting Scope"]
    assert (scope >= 1).all()
    assert (scope <= reach + 1e-9).all()
    assert np.all(scope[:5] == 1)  # nobody is assessed before 2020
    slack = run("assessment", "Reporting Scope", ratchet=0.0).values["Reporting Scope"]
    assert (slack <= scope + 1e-9).all()
    assert slack[-1].mean() < scope[-1].mean() - 0.01


# ── what has no prior ──────────────────────────────────────────────────────────────────────

NO_PRIOR_NEEDED = {
    "eligible": "a flag: which sectors the opinion names",
    "Fenjiu in sector": "a flag: where the firm stands",
    "pig price factor": "a stress that scenarios set",
    "fiscal backing": "a setting of the world that scenarios set",
    "Fenjiu growth factor": "a stress that scenarios set",
    "grain base crop": "a flag: what the programme plants",
    "herb base crop": "a flag: what the programme plants",
    "export weight": "a flag: what the three platforms of the opinion sell; export gain is drawn",
    "credit endogeneity": "a structural choice, run as a variant",
    "credit pool openness": "a structural choice, run as a variant",
    "land pool openness": "a structural choice, run as a variant",
}
"""Besides levers and their levels without the policy, which are choices and not beliefs."""

LAND_BINDS = {"ceiling ratio": 1.05, "ceiling growth": 0.0, "baseline land share": 0.02}


@pytest.mark.parametrize("fixed", [{}, LAND_BINDS], ids=["defaults", "land binds"])
def test_no_constant_without_a_prior_moves_a_lever_by_more_than_a_fifth(one_by_one, study, fixed):
    """Amendment 19, one constant at a time by 30% either way, levers worth 0.5 亿元 or more.

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
        if abs(effect[-1]) < 0.5:
            continue
        looked_at += 1
        change = effect[:-1] / effect[-1] - 1
        moved += [
            (scenario.name, changes[i][0].name, round(float(change[i]), 2))
            for i in np.flatnonzero(np.abs(change) > 0.2)
        ]
    assert moved == [], moved
    assert looked_at >= 5


# ── where numbers come from ────────────────────────────────────────────────────────────────

VINTAGE = "2019-12-31"
LATE_YEAR = re.compile(r"(?<![\d.-])20[2-9]\d(?!\d)")


def _names_a_later_year(text):
    without_links = re.sub(r"https?://\S+|published (in )?\d{4}(-\d{2})*", "", text)
    return LATE_YEAR.search(without_links) is not None


@pytest.mark.parametrize("prior_set", ["history", "plan"])
def test_an_entry_whose_exemption_is_taken_away_is_a_leak(study, tmp_path, prior_set):
    """Amendment 3, on the entries of the study themselves, one at a time."""
    text = study.priors(prior_set).path.read_text(encoding="utf-8")
    reasons = [m.span() for m in re.finditer(r"^exempt = .*\n", text, re.MULTILINE)]
    assert study.priors(prior_set).check_vintage(VINTAGE) == ()
    exempt = study.priors(prior_set).exempt(VINTAGE)
    planted = tmp_path / "priors.toml"
    found = set()
    for start, end in reasons:
        planted.write_text(text[:start] + text[end:], encoding="utf-8")
        found |= set(read_priors(planted, study.model, prior_set).check_vintage(VINTAGE))
    names = {line.split('"')[1] for line in found}
    structural = {p.name for p in study.priors(prior_set).items if p.kind == "structural"}
    assert names == set(exempt) - structural
    assert len(names) > 10


def test_a_basis_that_names_a_later_year_has_a_later_date(study):
    for prior_set in study.prior_sets():
        for prior in study.priors(prior_set).items:
            if _names_a_later_year(prior.basis):
                assert prior.known_on is not None, prior.name
                assert prior.known_on.isoformat() > VINTAGE, prior.name


def test_a_source_that_names_a_later_year_makes_a_late_constant(study):
    late = late_constants(study.model, VINTAGE)
    for constant in study.model.constants():
        if _names_a_later_year(constant.note.source):
            assert constant.name in late
    assert {"raw cost share", "base margin", "depreciation share"} <= set(late)
    assert late_constants(study.model, "2026-01-01") == ()


def test_no_target_rests_on_the_reporting_of_2021_and_its_references_say_so(study):
    reported = [t for t in study.targets if "reported" in (t.variable or "")]
    assert {t.role for t in reported} == {"reference"}
    assert all("2021" in t.reason_zh and "2021" in t.reason_en for t in reported)
    read = {t.id: [r.id for r in readings(t, study.targets)] for t in study.targets}
    shown = {name: found for name, found in read.items() if found}
    assert shown == {
        name: [f"{name}_as_reported"] for name in ("ten_2020", "ten_2022", "ten_2025", "total_2025")
    }


# ── reference summaries ────────────────────────────────────────────────────────────────────


def test_every_scenario_gives_what_it_gave(study):
    stored, found = store_scenarios.load(), store_scenarios.summaries(study)
    renew = "if the change is meant, renew it with `python -m tests.store_scenarios`"
    assert list(stored) == list(found), renew
    for name, values in found.items():
        np.testing.assert_allclose(values, stored[name], rtol=1e-9, err_msg=f"{name}: {renew}")


# ── step size and steady state ─────────────────────────────────────────────────────────────


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
    from sdensemble.inputs.scenarios import apply

    return apply(scenario, model, {name: np.full(1, value) for name, value in own.items()}, 1)


def test_without_growth_and_shocks_nothing_drifts(default):
    """V22: 12 years, within 0.5%."""
    still = {
        "initial_nominal_demand_growth": 0.0, "terminal_real_demand_growth": 0.0,
        "inflation": 0.0, "growth_offset": np.zeros(11), "technology_trend": 0.0,
        "yield_trend": 0.0, "Fenjiu_initial_nominal_growth": 0.0, "Fenjiu_growth_factor": 0.0,
        "credit_growth": 0.0, "ceiling_growth": 0.0,
    }  # fmt: skip
    total = default("total real output", **still).values["total real output"][:, 0]
    assert np.abs(total / total[0] - 1).max() < 5e-3


def test_the_stocks_of_farms_and_projects_start_in_balance(run, default):
    """In the observed year no shock acts: nothing jumps, whatever the member's own growth."""
    kept = run("baseline", "raw plenty", "material plenty", "pig price").values
    for name in ("raw plenty", "material plenty", "pig price"):
        assert np.abs(kept[name][:4] - 1).max() < 0.02, name
    still = {
        "initial_nominal_demand_growth": 0.0, "terminal_real_demand_growth": 0.0,
        "inflation": 0.0, "growth_offset": np.zeros(11), "technology_trend": 0.0,
        "yield_trend": 0.0, "fresh_growth": 0.0, "improved_variety_reach": 0.6,
        "credit_growth": 0.0, "ceiling_growth": 0.0, "value_gap": 0.0,
    }  # fmt: skip
    stocks = (
        "Area Mature", "Area Growing", "Herd Mature", "Herd Growing", "Sows", "Finishers",
        "Capacity Under Construction", "Renewal Building", "Ageing Stock", "Consortia",
        "Cold Chain Capital",
    )  # fmt: skip
    values = default(*stocks, **still).values
    for name in stocks:
        drift = np.abs(values[name] - values[name][0])
        assert (drift[:9].max(axis=0) <= 0.01 * values[name][0] + 1e-5).all(), name  # two years
        assert (drift.max(axis=0) <= 0.1 * values[name][0] + 1e-5).all(), name


def test_a_step_in_demand_settles_without_much_overshoot(default):
    """V23: overshoot below 30%, settled within 8 years."""
    from sdensemble import Held

    held = {"macro shock": Held(np.array([2021.0]), np.array([0.1]))}
    moved = default("total real output", held=held).values["total real output"][:, 0]
    base = default("total real output").values["total real output"][:, 0]
    response = moved / base - 1
    final = response[-4:].mean()
    assert final > 0.02
    assert response.max() < 1.3 * final
    assert np.abs(response[-8:] - final).max() < 0.1 * final


# ── levers ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("scenario_name", "least_helped"),
    [("brand", 0.95), ("research", 0.95), ("plant-grants", 0.9), ("bases", 0.9)],
)
def test_a_lever_does_not_lower_the_ten_it_is_meant_for(run, scenario_name, least_helped):
    """V25 for levers of one sign: the ten clusters together in 2025, by member.

    In worlds whose fiscal pool pays for all: what a programme crowds out is another matter.
    """
    name, rich = "cluster nominal output", {"appropriation_share": np.ones(MEMBERS)}
    base, moved = (
        annual(run(which, totals=[name], **rich), name)[6] for which in ("baseline", scenario_name)
    )
    assert (moved >= base - 1e-6).mean() > least_helped


def test_the_policy_as_executed_announces_the_quantities_of_the_text(scenario, study):
    """What the rates add up to, against the table of instruments; then they stop, or halve."""
    quantities = {
        "national park rate": 8, "provincial park rate": 100, "county park rate": 150,
        "brewing grain base rate": 100, "medicinal tea base rate": 3, "forage base rate": 100,
        "alfalfa base rate": 20, "herb base rate": 100, "orchard renovation rate": 500,
        "orchard soil rate": 800, "dairy farm rate": 150, "pig farm rate": 200,
        "sheep farm rate": 100, "broiler plant rate": 4, "beef base rate": 4,
    }  # fmt: skip
    written, longer = (
        {s.constant: s for s in scenario(name).settings}
        for name in ("policy-executed", "plan15-2030")
    )
    for name, quantity in quantities.items():
        one, two = written.pop(name), longer.pop(name)
        assert one.times == two.times == (2020.5, 2026.0), name
        assert one.values[0] * (2026 - 2020.5) == pytest.approx(quantity, rel=2e-3), name
        assert one.values == (two.values[0], 0.0), name
        assert two.values[1] == pytest.approx(two.values[0] / 2, rel=2e-3), name
    assert written == longer
    assert set(written) < {v.name for v in levers(study.model)}


def test_the_15th_plan_parts_from_the_policy_as_executed_after_2025_alone(run):
    written, longer = (
        run(name, "total nominal output", "treasury outlay").values
        for name in ("policy-executed", "plan15-2030")
    )
    until = 7 * 4 + 1  # quarters from 2019.0 to 2026.0
    for name in written:
        np.testing.assert_array_equal(written[name][:until], longer[name][:until])
    later = longer["treasury outlay"][until + 4 :] - written["treasury outlay"][until + 4 :]
    assert later.mean() > 1


def test_a_lever_whose_execution_is_zero_does_nothing(run, study):
    names = [v.name for v in levers(study.model)]
    assert len(names) > 20
    no = {f"{name}_execution".replace(" ", "_"): np.zeros(MEMBERS) for name in names}
    base = run("baseline", "total nominal output", **no).values["total nominal output"]
    all_levers = run("all", "total nominal output", **no).values["total nominal output"]
    assert np.array_equal(base, all_levers)


def test_outlay_is_what_the_payers_pay(run):
    kept = run("all", "treasury outlay", "outlay province", "outlay county",
               "outlay forgone land revenue").values  # fmt: skip
    payers = ("outlay province", "outlay county", "outlay forgone land revenue")
    paid = sum(kept[name] for name in payers)
    np.testing.assert_allclose(paid, kept["treasury outlay"], rtol=1e-12)
    assert kept["treasury outlay"].min() > 0
