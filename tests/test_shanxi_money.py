"""The shipped model's money, land, firms and parks: what must add up, and what each lever moves.

Conservation is held step by step: a stock changes by the step times its flows, and by nothing else.
"""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pytest

from sdengine.model.describe import levers
from sdensemble.ensemble.draws import draw
from sdensemble.ensemble.run import worlds
from sdensemble.inputs.scenarios import apply

MEMBERS = 16
LAND_SHORT = {"ceiling ratio": 1.0, "ceiling growth": 0.0, "baseline land share": 0.02}
MONEY_SHORT = {"retention": 0.2, "credit availability": 0.4, "owner equity factor": 0.3}


@pytest.fixture(scope="module")
def steps(kernel, study):
    """Return a function running every step of drawn worlds in a scenario, some constants given."""
    draws = draw(study.priors(), study.model, MEMBERS, seed=5, method="latin")
    world_of = worlds(study.model, draws, study.forcing, np.arange(MEMBERS))
    named = {s.name: s for s in study.scenarios}

    def go(name, *keep, **constants):
        world = world_of(named[name])
        given = {key.replace("_", " "): np.full(MEMBERS, v) for key, v in constants.items()}
        held = {key: h for key, h in world.held.items() if key not in given}
        return kernel.run({**world.constants, **given}, held, report=keep, every=1).values

    return go


@pytest.fixture(scope="module")
def one(kernel, study):
    """Return a function running one member of the model's own constants, some given, by year."""

    def go(*keep, scenario=None, held=None, every=32, **constants):
        given = {
            key.replace("_", " "): np.atleast_1d(np.asarray(v, float))
            for key, v in constants.items()
        }
        if scenario is not None:
            found = next(s for s in study.scenarios if s.name == scenario)
            given, held = apply(found, study.model, given, 1)
        return kernel.run(given, held, report=keep, every=every, members=1).values

    return go


def _last(values):
    return values[-1, ..., 0]


def _changes_by(kept, step, stock, *flows):
    """Assert that a stock moves by its signed flows alone; return how far it moves at most."""
    net = sum((-1 if f.startswith("-") else 1) * kept[f.lstrip("-")][:-1] for f in flows)
    moved = np.diff(kept[stock], axis=0)
    scale = np.abs(kept[stock]).max()
    np.testing.assert_allclose(moved, step * net, rtol=0, atol=1e-11 * max(scale, 1.0))
    return np.abs(moved).max()


# ── conservation ───────────────────────────────────────────────────────────────────────────

STOCKS = {
    "Loans": ("new loans", "-repayment", "-defaults"),
    "Loans In Approval": ("credit granted", "-new loans"),
    "Bad Loans": ("defaults", "-recovery", "-bad loan loss"),
    "Working Capital": ("working capital funding",),
    "Listing Proceeds": ("listing equity", "-listing investment"),
    "Fiscal Pool": (
        "appropriation", "guidance returned", "fiscal backing money", "-fiscal spending",
        "-budget lapse",
    ),
    "Ageing Stock": ("ageing laid down", "-ageing taken out"),
    "Greenfield Building": ("greenfield starts", "-greenfield completion"),
    "Renewal Building": ("technical renewal starts", "-renewal completion"),
    "Small Building": ("small project starts", "-small completion"),
    "Area Planted": ("private planting", "policy planting", "-area to growing"),
    "Area Growing": ("area to growing", "-area to near harvest"),
    "Area Near Harvest": ("area to near harvest", "-area maturing"),
    "Orchard Renovating": ("renovation", "-renovation finished"),
    "Orchard Renovated": ("renovation finished", "-renovated area retired"),
    "Soil Recent": ("soil treatment", "-soil taking effect"),
    "Soil Effective": ("soil taking effect", "-soil worn out"),
    "Piglets": ("farrowing", "-pigs to second stage"),
    "Growers": ("pigs to second stage", "-pigs to third stage"),
    "Finishers": ("pigs to third stage", "-pigs ready"),
    "Consortia": ("consortia named", "-consortia ended"),
    "Cold Chain Capital": ("cold chain investment", "-cold chain wear"),
    "Certified Products": ("certificates issued", "-certificates expiring"),
    "Guarantee Fund": ("guarantee injection", "guarantee fees", "-guarantee compensation"),
    "Guidance Invested": ("guidance injection", "-guidance exit"),
    "Special Bonds Outstanding": ("special bond issue in force", "-special bond redemption"),
    "Signed Investment": ("investment signing", "-signed realised", "-signed dropped"),
    "Parks Planned": ("park announcement", "-park start"),
    "Parks Building": ("park start", "-park opening"),
    "Parks Operating": ("park opening",),
    "Small Firms": ("firm entry", "-graduation to mid"),
    "Mid Firms": ("graduation to mid", "-graduation to large"),
    "Large Firms": ("graduation to large", "key firms arriving"),
    "Land Ready": ("approval", "-land use", "-idle land returned"),
    "Land In Use": ("land use", "facility land use", "-land released"),
}  # fmt: skip


@pytest.mark.parametrize("stock", STOCKS)
def test_a_stock_changes_by_its_flows_alone_and_never_below_zero(steps, study, stock):
    flows = STOCKS[stock]
    kept = steps("policy-as-written", stock, *(f.lstrip("-") for f in flows))
    assert _changes_by(kept, study.model.clock.step, stock, *flows) > 0
    assert kept[stock].min() > -1e-6


def test_the_fiscal_pool_pays_what_programmes_get_and_no_more_than_it_holds(steps, study):
    programmes = (
        "bond interest paid", "base outlay", "certificate spending", "guarantee injection",
        "guidance injection", "research money", "training money paid",
    )  # fmt: skip
    cluster_programmes = [
        f"{n} money in force" for n in ("cold chain", "standards", "export", "green")
    ]
    kept = steps(
        "all", "fiscal spending", "fiscal coverage", "fiscal wanted", "Fiscal Pool", "grant paid",
        "interest grant", "park awards", "brand programme budget in force",
        "tourism money in force", "attraction money in force", "listings coached in force",
        "consolidated land delivered", *cluster_programmes, "consortia rate in force", *programmes,
    )  # fmt: skip
    unit_costs = ("listing award", "consolidation cost", "consortia cost")
    award, cost, consortium = (float(study.model[n].value) for n in unit_costs)
    draws = draw(study.priors(), study.model, MEMBERS, seed=5, method="latin")
    cost = draws.values.get("consolidation cost", cost)
    paid = sum(kept[name] for name in programmes)
    paid = paid + sum(kept[n].sum(axis=1) for n in ("grant paid", "interest grant", "park awards"))
    paid = paid + kept["fiscal coverage"] * (
        kept["brand programme budget in force"] + kept["tourism money in force"]
        + kept["attraction money in force"] + award * kept["listings coached in force"]
        + sum(kept[n] for n in cluster_programmes)
        + consortium * kept["consortia rate in force"]
    )  # fmt: skip
    paid = paid + cost * kept["consolidated land delivered"]
    np.testing.assert_allclose(paid, kept["fiscal spending"], rtol=1e-10)
    pool_time = float(study.model["fiscal pool time"].value)
    assert (kept["fiscal spending"] <= kept["Fiscal Pool"] / pool_time * (1 + 1e-9)).all()
    assert (kept["fiscal coverage"] < 1).any()
    assert (kept["fiscal coverage"] == 1).any()


def test_guaranteed_loans_never_pass_the_cap(steps):
    kept = steps("all", "guaranteed loans", "Guarantee Fund", guarantee_multiplier_cap=3.0)
    assert (kept["guaranteed loans"] <= 3 * kept["Guarantee Fund"] * (1 + 1e-12) + 1e-9).all()
    assert kept["guaranteed loans"].max() > 0


def test_guidance_money_is_at_work_returned_or_lost(one, study):
    names = ("guidance injection", "guidance returned", "guidance exit", "Guidance Invested")
    kept = one(*names, scenario="guidance-fund", every=1, guidance_term=3)
    step = study.model.clock.step
    put_in = step * kept["guidance injection"][:-1].sum()
    out = step * kept["guidance exit"][:-1].sum()
    assert kept["Guidance Invested"][-1, 0] == pytest.approx(put_in - out, abs=1e-9)
    lost = float(study.model["guidance loss share"].value)
    np.testing.assert_allclose(kept["guidance returned"], (1 - lost) * kept["guidance exit"])
    early = round(0.5 / step)
    assert (
        kept["guidance exit"][round(1.5 / step) + early, 0] < 0.1
    )  # a year in, hardly any is back
    assert out > 10


# ── firms ──────────────────────────────────────────────────────────────────────────────────


def test_counts_times_mean_sizes_are_the_sales_of_each_sector(steps):
    """V10."""
    kept = steps("policy-as-written", "firm identity", "unit sales", "Large Firms")
    assert np.abs(kept["firm identity"]).max() < 1e-9 * kept["unit sales"].max()
    assert np.ptp(kept["Large Firms"], axis=0).min() > 0


def test_mean_sizes_stay_inside_their_class(one, study):
    floors = [float(study.model[f"{n} floor"].value) for n in ("small firm", "mid firm")]
    large = float(study.model["large firm floor"].value)
    kept = one("mean small firm", "mean mid firm", "mean large firm")
    for name, low, high in (
        ("mean small firm", floors[0], floors[1]),
        ("mean mid firm", floors[1], large),
        ("mean large firm", large, np.inf),
    ):
        assert (kept[name] > low).all(), name
        assert (kept[name] < high).all(), name


def test_prices_alone_lift_firms_over_the_floor_and_that_part_is_told_apart(one):
    """Nominal growth with no real growth behind it graduates firms."""
    flat = {
        "terminal_real_demand_growth": 0, "initial_nominal_demand_growth": 0.03, "inflation": 0.03,
        "technology_trend": 0, "firm_size_exponent": 1, "Fenjiu_initial_nominal_growth": 0.03,
    }  # fmt: skip
    kept = one("firms over 100m total", "firms over 100m by price", **flat)
    gained = _last(kept["firms over 100m total"]) - kept["firms over 100m total"][0, 0]
    assert gained > 10
    assert _last(kept["firms over 100m by price"]) == pytest.approx(gained, rel=0.1)
    none = one("firms over 100m by price", inflation=0)
    assert np.abs(none["firms over 100m by price"]).max() < 1e-9


def test_fenjiu_is_one_large_firm(one, study):
    kept = one("firms over 100m", "Large Firms", "firms over 50m", "key firms", "firms")
    extra = kept["firms over 100m"] - kept["Large Firms"]
    brewing = list(study.model.elements("sector")).index("brewing")
    assert extra[:, brewing, 0] == pytest.approx(1)
    assert np.abs(np.delete(extra, brewing, axis=1)).max() == 0
    order = ("firms over 100m", "firms over 50m", "key firms", "firms")
    for few, many in pairwise(order):
        assert (kept[few] <= kept[many] * (1 + 1e-12)).all()


# ── land ───────────────────────────────────────────────────────────────────────────────────


def test_the_plan_reserve_is_a_floor_and_never_a_cap(one):
    """Amendment 16: more reserve never means less land; a generous quota is left alone."""
    by_share = [
        one("land release", plan_reserve_share=share)["land release"][5, 0]
        for share in (0.0, 0.05, 0.1, 0.15)
    ]
    assert (np.diff(by_share) >= 0).all()
    assert by_share[-1] > by_share[0]
    quota = one("quota release", plan_reserve_share=0.0)["quota release"][5, 0]
    assert by_share[0] >= quota
    generous = {"land_share_floor": 0.12}
    with_floor, without = (
        one("land release", plan_reserve_share=share, **generous)["land release"][5, 0]
        for share in (0.15, 0.0)
    )
    assert with_floor == without


def test_an_unused_grant_lapses_while_unused_land_stays(one):
    """Money does not wait: what grants cannot use is gone in a budget year; land waits longer."""
    from sdensemble import Held

    def pulse(low, high):
        return Held(np.array([2021.0, 2022.0]), np.array([high, low]))

    names = ("Fiscal Pool", "Land Pool", "budget lapse", "fiscal coverage")
    base = one(*names)
    money = one(*names, held={"appropriation share": pulse(0.35, 0.7)})
    land = one(*names, held={"land share floor": pulse(0.0, 0.12)})
    gone = (money["Fiscal Pool"] - base["Fiscal Pool"])[:, 0]
    kept = (land["Land Pool"] - base["Land Pool"])[:, 0]
    assert gone[3] > 5
    assert kept[3] > 500
    assert gone[6] < 0.1 * gone[3]
    assert kept[6] > 2 * kept[3] * gone[6] / gone[3]
    assert (money["budget lapse"] - base["budget lapse"])[3, 0] > 5


def test_idle_ready_land_goes_back_to_the_pool(one):
    """Demand collapses: plots got ready for plants nobody wants are taken back."""
    from sdensemble import Held

    shock = {"macro shock": Held(np.array([2022.0]), np.array([-0.5]))}
    base, kept = one("idle land returned"), one("idle land returned", held=shock)
    assert base["idle land returned"][0].max() < 1e-9  # none at the balanced start
    assert kept["idle land returned"][4].sum() > 1.5 * base["idle land returned"][4].sum()


def test_facility_land_saves_quota_and_not_ground(one):
    kept = one("land use", "facility land use", "Land In Use", facility_land_share=0.25)
    base = one("land use", "facility land use", "Land In Use")
    assert _last(kept["land use"]).sum() < _last(base["land use"]).sum()
    assert _last(kept["facility land use"]).sum() > 0
    assert _last(kept["Land In Use"]).sum() > 0.99 * _last(base["Land In Use"]).sum()


# ── open and closed pools ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("pool", "granted", "asked", "short"),
    [
        ("credit", "credit granted", "credit request", MONEY_SHORT),
        ("land", "land allocation", "land request", LAND_SHORT | {"annual land quota": 30_000}),
    ],
)
def test_in_an_open_pool_priority_of_the_ten_takes_nothing_from_the_rest(
    one, study, pool, granted, asked, short
):
    """At the first step requests are alike: what `other` gets hangs on the sharing alone."""
    world = {key.replace(" ", "_"): value for key, value in short.items()}
    other = list(study.model.elements("sector")).index("other")
    favoured = np.full((11, 1), 3.0)
    favoured[other] = 1.0
    got = {}
    for openness in (0, 1):
        for weights in (np.ones((11, 1)), favoured):
            moved = {f"{pool}_pool_openness": openness, f"{pool}_priority": weights}
            kept = one(granted, asked, **world, **moved)
            assert (kept[granted] <= kept[asked] * (1 + 1e-9)).all()
            got[openness, weights[0, 0]] = kept[granted][0, other, 0]
    assert got[0, 3.0] < 0.9 * got[0, 1.0]
    assert got[1, 3.0] == pytest.approx(got[1, 1.0], rel=1e-12)
    assert got[1, 3.0] > got[0, 3.0]


# ── bad loans ──────────────────────────────────────────────────────────────────────────────


def test_more_loans_go_bad_when_profit_covers_interest_less(one):
    base = one("nonperforming ratio", "default pressure", "lending mood")
    assert base["nonperforming ratio"][0, 0] == pytest.approx(0.036)
    assert base["default pressure"][:, 0] == pytest.approx(1)
    poor = one("nonperforming ratio", "default pressure", "lending mood", interest_rate=0.12,
               initial_leverage=0.9, pig_price_factor=3)  # fmt: skip
    assert poor["default pressure"].max() > 1.05
    assert poor["lending mood"].min() < 1


# ── what each lever moves ──────────────────────────────────────────────────────────────────

MOVES = {
    "plant grant budget": "grant paid",
    "interest subsidy": "interest grant",
    "guarantee capital": "guaranteed loans",
    "land share floor": "quota release",
    "brewing grain base rate": "Area Mature",
    "medicinal tea base rate": "Tea Base",
    "forage base rate": "Forage Base",
    "alfalfa base rate": "Alfalfa Base",
    "herb base rate": "herb standardised share",
    "orchard renovation rate": "Orchard Renovating",
    "orchard soil rate": "Soil Effective",
    "dairy farm rate": "Herd Growing",
    "pig farm rate": "policy sows",
    "sheep farm rate": "policy breeding",
    "broiler plant rate": "policy breeding",
    "beef base rate": "policy breeding",
    "cold chain money": "Cold Chain Capital",
    "consortia rate": "Consortia",
    "standards money": "Standards Capital",
    "export money": "Export Capital",
    "green money": "Green Capital",
    "brand programme budget": "Brand",
    "research programme budget": "Technology",
    "guidance fund": "guidance money",
    "special bond issue": "Servicing Capital",
    "general bond money": "Servicing Capital",
    "county credit weight": "credit granted",
    "credit growth gap": "Credit Line",
    "collateral widening": "loan need",
    "listings coached": "Listed Firms",
    "plan reserve share": "reserve release",
    "point supply": "land release",
    "consolidated land": "land release",
    "facility land share": "facility land use",
    "key project status": "land approval time",
    "national park rate": "Parks Operating",
    "provincial park rate": "Parks Operating",
    "county park rate": "Parks Operating",
    "attraction money": "Key Firms Coming",
    "certificate rate": "Certified Products",
    "tourism money": "Brand",
    "training money": "Technology",
}
"""A variable that each lever has to move first: a lever left out of this table fails a test."""


def _strong(study, lever):
    """Return the end of a lever's limits that is farther from its baseline."""
    low, high = study.model[lever].limits
    base = float(study.model[lever].value)
    return high if high - base >= base - low else low


@pytest.mark.parametrize("lever", MOVES)
def test_a_lever_moves_what_it_is_for_and_in_the_end_output(one, study, lever):
    """In a world short of land and money, where no limit hides it."""
    world = {k.replace(" ", "_"): v for k, v in (LAND_SHORT | MONEY_SHORT).items()}
    key = lever.replace(" ", "_")
    if lever == "county credit weight":
        world["other_rural_land_share"] = 0.0
    names = (MOVES[lever], "total nominal output", "cluster nominal output")
    base = one(*names, **world)
    moved = one(*names, **world, **{key: _strong(study, lever)})
    first = moved[MOVES[lever]][6] - base[MOVES[lever]][6]
    assert np.abs(first).max() > 1e-6
    up = np.abs(first[..., 0]).sum() if lever == "county credit weight" else first[..., 0].sum()
    assert (up > 0) == (lever != "key project status")
    gain = (moved["cluster nominal output"] - base["cluster nominal output"])[:, 0]
    assert np.abs(gain).max() > 1e-3, "inert"


def test_every_lever_is_looked_at_and_assessment_moves_reporting_alone(one, study):
    assert {v.name for v in levers(study.model)} - set(MOVES) == {"assessment effort"}
    names = ("total nominal output", "treasury outlay", "Reporting Scope")
    base, moved = one(*names), one(*names, assessment_effort=1.0)
    for name in names[:2]:
        np.testing.assert_array_equal(base[name], moved[name])
    assert _last(base["Reporting Scope"]) == 1.0
    assert _last(moved["Reporting Scope"]) > 1.05


@pytest.mark.parametrize("lever", MOVES)
def test_a_lever_at_its_baseline_leaves_the_start_in_balance(one, study, lever):
    """The first year does not jump when the baseline itself is another."""
    value = _strong(study, lever)
    stem = re.sub(" (budget|capital|rate|money)$", "", lever)
    names = (f"{lever} baseline", f"{stem} baseline", "baseline land share")
    name = next(n for n in names if n in study.model)
    value = 0.5 * (value + float(study.model[lever].value))
    both = {lever.replace(" ", "_"): value, name.replace(" ", "_"): value}
    kept = one("total nominal output", every=1, **both)["total nominal output"][:, 0]
    growth = np.diff(np.log(kept))
    assert np.abs(np.diff(growth))[1:32].max() < 2e-3


def test_parks_reach_operation_years_after_they_are_announced(one):
    kept = one("Parks Operating", "Parks Planned", "park effect", scenario="parks-provincial")
    operating = kept["Parks Operating"].sum(axis=1)[:, 0]
    assert operating[2] < 1  # the start of 2021, half a year after
    assert 15 < operating[7] < 100 * 0.61
    effect = kept["park effect"][:, 0]
    assert (np.diff(effect) >= 0).all()
    assert effect[-1] < 1


def test_certificates_and_tourism_build_brand_only_through_spending(one, study):
    """A certificate that costs nothing does nothing, however many there are."""
    free = {"certificate_cost": 0.0}
    base = one("Brand", "Certified Products", **free)
    many = one("Brand", "Certified Products", certificate_rate=3000, **free)
    assert _last(many["Certified Products"]) > _last(base["Certified Products"]) + 1000
    np.testing.assert_array_equal(many["Brand"], base["Brand"])
    none = one("Brand", tourism_money=5, tourism_brand_share=0)
    same = one("Brand", tourism_brand_share=0)
    np.testing.assert_array_equal(none["Brand"][:3], same["Brand"][:3])


def test_programmes_cannot_lead_technology_beyond_the_limit(one):
    kept = one("Technology", "trend technology", research_programme_budget=10, training_money=3,
               technology_lead_limit=0.05, research_effectiveness=0.1)  # fmt: skip
    lead = kept["Technology"] / kept["trend technology"][:, None] - 1
    assert 0.02 < lead.max() <= 0.05 + 1e-9
