"""The shipped model under test: conservation, allocation, regimes, extremes, step size.

Numbers (V…) are those of the study's validation list. Worlds are prior draws with forcing under
the scenario that moves every lever, so that a test can fail anywhere in the ranges in use.
"""

from __future__ import annotations

import re
import shutil
from datetime import date

import numpy as np
import pytest

from sdengine.model.describe import late_constants, levers
from sdensemble import compile_model, read_model
from sdensemble.ensemble.draws import draw
from sdensemble.ensemble.worlds import worlds
from sdensemble.inputs.priors import read_priors
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


def _members(model, name, value, n):
    """Return one value of a constant for n members, all its elements alike."""
    return np.full((*model.shape(model[name]), n), float(value))


def annual(run, name):
    """Return yearly integrals, shape (year, …, member), from quarterly ones."""
    quarters = run.totals[name]
    return quarters.reshape(-1, 4, *quarters.shape[1:]).sum(axis=1)


# ── conservation ───────────────────────────────────────────────────────────────────────────


def test_no_raw_material_is_used_that_is_not_there(run):
    """V05."""
    kept = run("all", "material audit", "raw use", "raw supply", "import ceiling")
    assert np.abs(kept.values["material audit"]).max() < 1e-9
    there = kept.values["raw supply"] + kept.values["import ceiling"]
    assert (kept.values["raw use"] <= there * (1 + 1e-9)).all()
    assert kept.values["raw use"].min() > 0


# ── allocation ─────────────────────────────────────────────────────────────────────────────


# ── limits and regimes ─────────────────────────────────────────────────────────────────────


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


# ── extreme conditions ─────────────────────────────────────────────────────────────────────


def test_sick_herds_hurt_meat_and_not_medicine(default, study):
    """V15."""
    sectors = list(study.model.elements("sector"))
    base = default("output").values["output"][8, :, 0]
    sick = default("output", disease_shock=0.9).values["output"][8, :, 0]
    change = dict(zip(sectors, sick / base - 1, strict=True))
    assert change["meat"] < -0.3
    assert abs(change["tcm"]) < 0.01


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


@pytest.fixture(scope="module")
def one_by_one(kernel, study):
    """Return a function running one member per change of one constant, and the last without any.

    ``changes`` are (constant, cell or ``...`` for all its cells, value); ``fixed`` holds for every
    member. It returns the yearly totals (year, member) and the first step that went wrong.
    """
    from sdensemble.ensemble.worlds import apply

    def go(scenario, changes, fixed=None):
        model, n = study.model, len(changes) + 1
        given = {name: _members(model, name, value, n) for name, value in (fixed or {}).items()}
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
        ("brewing grain base rate", 18.0, "sorghum"),
        ("herb base rate", 18.0, "herbs"),
        ("medicinal tea base rate", 0.5, "herbs"),
        ("orchard renovation rate", 90.0, "orchard_fruit"),
        ("orchard soil rate", 145.0, "orchard_fruit"),
        ("dairy farm rate", 27.0, "milk"),
        ("forage base rate", 18.0, "milk"),
        ("alfalfa base rate", 3.6, "milk"),
        ("pig farm rate", 36.0, "livestock"),
        ("sheep farm rate", 18.0, "livestock"),
        ("broiler plant rate", 0.7, "livestock"),
        ("beef base rate", 0.7, "livestock"),
    ],
)
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
    names = ("pig slaughter", "fruit volume", "herb area", "medicinal tea nominal output")
    start = {name: value[0, 0] for name, value in default(*names).values.items()}
    for name, known in zip(names, (823, 830, 265, 2.04), strict=True):
        assert start[name] == pytest.approx(known, rel=0.1), name
    kept = default("fruit conversion rate", "herb standardised share", "improved variety gain")
    assert 0 < kept.values["fruit conversion rate"].max() < 1
    assert 0 < kept.values["herb standardised share"].max() < 1
    assert kept.values["improved variety gain"][0, 0] == 0


# ── projects, ageing, demand as a share ────────────────────────────────────────────────────


# ── measures and reporting ─────────────────────────────────────────────────────────────────


def test_medicinal_tea_stays_inside_beverages(run, study):
    kept = run("all", "medicinal tea nominal output", "nominal output").values
    beverages = kept["nominal output"][:, list(study.model.elements("sector")).index("beverages")]
    tea = kept["medicinal tea nominal output"]
    assert (tea > 0).all()
    assert (tea < 0.6 * beverages).all()


# ── what has no prior ──────────────────────────────────────────────────────────────────────

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
"""Besides levers and their levels without the policy, which are choices and not beliefs."""

LAND_BINDS = {"land cover": 0.6}

"""Besides levers and their levels without the policy, which are choices and not beliefs."""


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


# ── where numbers come from ────────────────────────────────────────────────────────────────

VINTAGE = date(2019, 12, 31)
LATE_YEAR = re.compile(r"(?<![\d.-])20[2-9]\d(?!\d)")


def _names_a_later_year(text):
    without_links = re.sub(r"https?://\S+|published (in )?\d{4}(-\d{2})*", "", text)
    return LATE_YEAR.search(without_links) is not None


@pytest.mark.parametrize("prior_set", ["history", pytest.param("plan", marks=pytest.mark.full)])
def test_an_entry_whose_exemption_is_taken_away_is_a_leak(study, tmp_path, prior_set):
    """Amendment 3, on the entries of the study themselves, one at a time."""
    text = study.priors(prior_set).path.read_text(encoding="utf-8")
    shutil.copytree(study.folder / "calibration" / "evidence", tmp_path / "evidence")
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
                assert prior.known_on > VINTAGE, prior.name


def test_a_source_that_names_a_later_year_makes_a_late_constant(study):
    late = late_constants(study.model, VINTAGE)
    for constant in study.model.constants():
        if _names_a_later_year(constant.note.source):
            assert constant.name in late
    assert {"raw cost share", "base margin", "capital cost"} <= set(late)
    assert late_constants(study.model, "2026-01-01") == ()


def test_no_target_rests_on_the_reporting_of_2021_and_its_references_say_so(study):
    reported = [t for t in study.targets if "reported" in (t.variable or "")]
    assert {t.role for t in reported} == {"reference"}
    assert all("2021" in t.reason_zh and "2021" in t.reason_en for t in reported)
    read = {t.id: [r.id for r in readings(t, study.targets)] for t in study.targets}
    shown = {name: found for name, found in read.items() if found}
    years = ("ten_2020", "ten_2022", "ten_2025", "total_2025", "total_2030")
    # the example of 2030 is a reference itself, so each of its two scopes is the other's reading
    assert shown == {name: [f"{name}_as_reported"] for name in years} | {
        "total_2030_as_reported": ["total_2030"]
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
    from sdensemble.ensemble.worlds import apply

    given = {name: _members(model, name, value, 1) for name, value in own.items()}
    return apply(scenario, model, given, 1)


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


def test_a_lever_whose_execution_is_zero_does_nothing(run, study):
    names = [v.name for v in levers(study.model)]
    assert len(names) > 20
    no = {f"{name}_execution".replace(" ", "_"): np.zeros(MEMBERS) for name in names}
    base = run("baseline", "total nominal output", **no).values["total nominal output"]
    all_levers = run("all", "total nominal output", **no).values["total nominal output"]
    assert np.array_equal(base, all_levers)


# ── the second edition: what must hold of a model whose stocks decide ──────────────────────


def test_investors_money_flows_in_and_out_and_adds_up(run):
    """As V03 and V04 of model/validation.toml: the audit stays at its start, the stock moves."""
    kept = run("all", "investor audit", "Investor Funds")
    drift = np.abs(kept.values["investor audit"] - kept.values["investor audit"][0])
    assert drift.max() < 1e-8
    assert np.ptp(kept.values["Investor Funds"], axis=0).max() > 0.5


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


# ── land ───────────────────────────────────────────────────────────────────────────────────

BINDS, AMPLE = {"land_cover": np.array([0.6, 1.3])}, {"land_cover": np.array([3.0, 3.0])}


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


# ── money ──────────────────────────────────────────────────────────────────────────────────


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


# ── raw material ───────────────────────────────────────────────────────────────────────────


def test_crops_stay_on_the_farmland_there_is(run):
    """No world sows more than the ceiling, or than it had at the start; the bound is felt."""
    kept = run("all", "farmland use", "farmland room")
    use, ceiling = kept.values["farmland use"], np.asarray(6000.0)
    start = use[0]
    assert (use <= np.maximum(1.35 * ceiling, start * 1.02)).all()
    assert (kept.values["farmland room"][-1] < 0.5).any()
    low = run("all", "farmland use", farmland_ceiling=np.full(MEMBERS, 4500.0)).values[
        "farmland use"
    ]
    assert (low <= np.maximum(4500.0, low[0] * 1.02) * 1.01).all()


@pytest.mark.parametrize(("left", "low", "high"), [(0.1, 0.3, 0.8), (0.001, 0.2, 0.7)])
def test_a_famine_is_not_made_up_by_sowing_more(default, left, low, high):
    """Yields at a tenth and a thousandth for ever: the first edition lost 1% by 2030."""
    names = ("total real output", "import ceiling", "output", "farmland use", "scarcity price")
    base, gone = (default(*names, **own).values for own in ({}, {"weather_shock": np.log(left)}))
    assert low < gone["total real output"][24, 0] / base["total real output"][24, 0] < high
    assert gone["total real output"][-1, 0] < 1.1 * gone["total real output"][24, 0]
    assert gone["import ceiling"][8].min() > 0
    assert (gone["output"] > 0).all()
    assert gone["farmland use"].max() <= 6000 * 1.001
    assert gone["scarcity price"].max() > 1.5


def test_more_animals_than_feed_do_not_produce_more(default, study):
    rows = list(study.model.elements("material"))
    milk = rows.index("milk")
    free, short = (
        default("farm output", "feed room", feed_purchase_limit=limit, dairy_farm_rate=60.0).values
        for limit in (6.0, 1.0)
    )
    assert short["feed room"][-1, 0] < free["feed room"][-1, 0] == 1
    assert short["farm output"][-1, milk, 0] < free["farm output"][-1, milk, 0]


def test_a_sector_that_grows_takes_material_from_the_others(default, study):
    """Beverages and fruit share orchard fruit; dairy shares nothing with them."""
    sectors, materials = (list(study.model.elements(r)) for r in ("sector", "material"))
    fast = np.zeros(11)
    fast[sectors.index("fruit")] = 0.1
    base, grown = (
        default("material share", growth_offset=offset).values["material share"][-1, :, :, 0]
        for offset in (np.zeros(11), fast)
    )
    row = materials.index("orchard_fruit")
    for sector, sign in (("fruit", 1), ("beverages", -1)):
        assert np.sign((grown - base)[row, sectors.index(sector)]) == sign, sector


# ── measure and scope ──────────────────────────────────────────────────────────────────────


def test_scope_is_a_walk_that_makes_no_output(default):
    names = ("total real output", "total sales revenue", "reported total sales", "Total Scope")
    step = np.zeros(11)
    step[2] = 0.2  # 2022
    base, moved = (default(*names, **own).values for own in ({}, {"scope_step": step}))
    np.testing.assert_array_equal(base["total real output"], moved["total real output"])
    np.testing.assert_array_equal(base["total sales revenue"], moved["total sales revenue"])
    ratio = moved["Total Scope"][:, 0] / base["Total Scope"][:, 0]
    assert ratio[:13] == pytest.approx(1)  # up to the start of 2022
    assert ratio[16:] == pytest.approx(np.exp(0.2), rel=1e-2)
    assert base["Total Scope"][:5, 0] == pytest.approx(1)  # the year 2019 is the base
    drift = np.log(base["Total Scope"][24, 0]) / 5
    assert drift == pytest.approx(0.03, rel=1e-2)


def test_the_scope_of_the_ten_reaches_their_reported_figure_alone(default, study):
    names = [v for v in study.model.variables if study.model[v].kind.value in ("stock", "aux")]
    watched = (
        "total nominal output",
        "reported total sales",
        "reported total output",
        "treasury outlay",
    )
    base, wide = (
        default(
            *watched,
            "cluster nominal output as reported",
            reporting_scope_factor=factor,
            assessment_effort=1.0,
        ).values
        for factor in (1.2, 2.2)
    )
    assert names is not None
    for name in watched:
        np.testing.assert_array_equal(base[name], wide[name])
    reported = [x["cluster nominal output as reported"][-1, 0] for x in (base, wide)]
    assert reported[1] > 1.3 * reported[0]


def test_k_drifts_in_sales_alone(default):
    base, moved = (
        default("total nominal output", "total sales revenue", output_to_sales_drift=d).values
        for d in (0.0, 0.01)
    )
    np.testing.assert_array_equal(base["total nominal output"], moved["total nominal output"])
    assert moved["total sales revenue"][-1, 0] < base["total sales revenue"][-1, 0]


# ── what has no prior ──────────────────────────────────────────────────────────────────────


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
