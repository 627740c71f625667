"""The shipped model's money, land, firms and parks: what must add up, and what each lever moves.

Conservation is held step by step: a stock changes by the step times its flows, and by nothing else.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from sdengine.model.describe import levers
from sdensemble.ensemble.draws import draw
from sdensemble.ensemble.worlds import apply, worlds

MEMBERS = 16


@pytest.fixture(scope="module")
def steps(kernel, study):
    """Return a function running every step of drawn worlds in a scenario, some constants given."""
    draws = draw(study.priors("history"), study.model, MEMBERS, seed=5, method="latin")
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


# ── firms ──────────────────────────────────────────────────────────────────────────────────


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


def test_facility_land_saves_quota_and_not_ground(one):
    kept = one("land use", "facility land use", "Land In Use", facility_land_share=0.25)
    base = one("land use", "facility land use", "Land In Use")
    assert _last(kept["land use"]).sum() < _last(base["land use"]).sum()
    assert _last(kept["facility land use"]).sum() > 0
    assert _last(kept["Land In Use"]).sum() > 0.99 * _last(base["Land In Use"]).sum()


# ── open and closed pools ──────────────────────────────────────────────────────────────────


# ── bad loans ──────────────────────────────────────────────────────────────────────────────


# ── what each lever moves ──────────────────────────────────────────────────────────────────

"""A variable that each lever has to move first: a lever left out of this table fails a test."""


def _strong(study, lever):
    """Return the end of a lever's limits that is farther from its baseline."""
    low, high = study.model[lever].limits
    base = float(study.model[lever].value)
    return high if high - base >= base - low else low


def test_parks_reach_operation_years_after_they_are_announced(one):
    kept = one("Parks Operating", "Parks Planned", "park effect", scenario="parks-provincial")
    operating = kept["Parks Operating"].sum(axis=1)[:, 0]
    assert operating[2] < 1  # the start of 2021, half a year after
    assert 15 < operating[7] < 100 * 0.61
    effect = kept["park effect"][:, 0]
    assert (np.diff(effect) >= 0).all()
    assert effect[-1] < 1


STOCKS = {
    "Loans": ("lending", "arrears", "-repayment", "-loans leaving"),
    "Cash": (
        "operating cash",
        "arrears",
        "grant paid",
        "investor equity",
        "owner money",
        "listing equity",
        "lending",
        "-repayment",
        "-capex",
        "-working capital funding",
        "-payout",
        "-cash leaving",
    ),
    "Fixed Assets": ("capex", "-depreciation", "-assets leaving"),
    "Working Capital": ("working capital funding", "-working capital leaving"),
    "Investor Funds": (
        "investor inflow",
        "guidance money",
        "attracted money",
        "-investor equity",
        "-investor leaving",
    ),
    "Entry Building": ("entry starts", "-entry completion"),
    "Entry Ramping": ("entry completion", "-entrant lines"),
    "Expansion Building": ("expansion starts", "-expansion completion"),
    "Expansion Ramping": ("expansion completion", "-incumbent lines"),
    "Capacity": ("entrant lines", "incumbent lines", "-scrapping", "-exit"),
    "Line Reach": (
        "entrants reaching market",
        "incumbents reaching market",
        "-market lost by exit",
    ),
    "Projects Signed": ("signing", "-entry starts", "-signed lapse"),
    "Area Young": ("private planting", "policy planting", "-area maturing"),
    "Area Mature": ("area maturing", "-area retirement"),
    "Herd Growing": ("private breeding", "policy breeding", "-herd maturing"),
    "Herd Mature": ("herd maturing", "-herd retirement"),
    "Orchard Renovating": ("renovation", "-renovation finished"),
    "Orchard Renovated": ("renovation finished", "-renovated area retired"),
    "Soil Recent": ("soil treatment", "-soil taking effect"),
    "Soil Effective": ("soil taking effect", "-soil worn out"),
    "Consortia": ("consortia named", "-consortia ended"),
    "Programme Capital": ("programme money", "-programme wear"),
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
    "Land Pool": ("land release", "land coming back", "-sector to zone", "-lapse"),
    "Land Pipeline": ("land allocation", "-approval"),
    "Land Ready": ("approval", "-land use", "-idle land returned"),
    "Land In Use": ("land use", "facility land use", "-land released"),
}


@pytest.mark.parametrize("stock", STOCKS)
def test_a_stock_changes_by_its_flows_alone_and_never_below_zero(steps, study, stock):
    flows = STOCKS[stock]
    kept = steps("policy-as-written", stock, *(f.lstrip("-") for f in flows))
    assert _changes_by(kept, study.model.clock.step, stock, *flows) > 0
    assert kept[stock].min() > -1e-6


def test_equity_changes_by_profit_and_what_owners_put_in_or_take_out(steps, study):
    flows = (
        "profit",
        "-profit tax",
        "grant paid",
        "investor equity",
        "owner money",
        "listing equity",
        "-payout",
        "-equity leaving",
    )
    kept = steps("policy-as-written", "Equity", *(f.lstrip("-") for f in flows))
    assert _changes_by(kept, study.model.clock.step, "Equity", *flows) > 0


def test_guaranteed_loans_never_pass_the_cap(steps):
    kept = steps("all", "guaranteed loans", "Guarantee Fund", guarantee_multiplier_cap=3.0)
    assert (kept["guaranteed loans"] <= 3 * kept["Guarantee Fund"] * (1 + 1e-12) + 1e-9).all()
    assert kept["guaranteed loans"].max() > 0


def test_loans_stay_within_what_banks_give_and_firms_want(steps):
    names = ("loans available", "loans wanted", "bank limit", "guaranteed part")
    kept = steps("all", *names)
    assert (kept["loans available"] <= kept["loans wanted"] * (1 + 1e-12)).all()
    most = kept["bank limit"] + kept["guaranteed part"]
    assert (kept["loans available"] <= most * (1 + 1e-12)).all()


def test_priority_for_the_ten_moves_credit_and_makes_none(one, study):
    other = list(study.model.elements("sector")).index("other")
    base, moved = (
        one("bank limit", county_credit_weight=w, every=1)["bank limit"][20, :, 0] for w in (1, 2)
    )
    assert moved[other] < base[other]
    assert (np.delete(moved, other) > np.delete(base, other)).all()
    assert moved.sum() == pytest.approx(base.sum(), rel=1e-3)


def test_a_purse_pays_no_more_than_its_limit_unless_the_treasury_backs_it(one):
    names = ("outlay province", "purse coverage", "purse wanted")
    rich = {"plant_grant_budget": 40.0, "brand_programme_budget": 10.0}
    held = one(*names, **rich)
    assert held["outlay province"].max() <= 30 * (1 + 1e-6)
    assert held["purse coverage"][-1, 1, 0] < 1
    backed = one(*names, **rich, fiscal_backing=1.0)
    assert (backed["purse coverage"] == 1).all()
    assert backed["outlay province"].max() > held["outlay province"].max()


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
    "pig farm rate": "policy breeding",
    "sheep farm rate": "policy breeding",
    "broiler plant rate": "policy breeding",
    "beef base rate": "policy breeding",
    "cold chain money": "Programme Capital",
    "consortia rate": "Consortia",
    "standards money": "Programme Capital",
    "export money": "Programme Capital",
    "green money": "Programme Capital",
    "brand programme budget": "Promotion Remembered",
    "research programme budget": "Research Remembered",
    "guidance fund": "guidance money",
    "special bond issue": "Servicing Capital",
    "general bond money": "Servicing Capital",
    "county credit weight": "bank limit",
    "credit growth gap": "Credit Ease",
    "collateral widening": "bank limit",
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
    "tourism money": "Promotion Remembered",
    "training money": "Research Remembered",
}
"""A variable that each lever has to move first: a lever left out of this table fails a test."""


def _strong(study, lever):
    """Return the end of a lever's limits that is farther from its baseline."""
    low, high = study.model[lever].limits
    base = float(study.model[lever].value)
    return high if high - base >= base - low else low


@pytest.mark.parametrize("lever", MOVES)
def test_a_lever_moves_what_it_is_for_and_in_the_end_output(one, study, lever):
    """In a world whose parks are full, where no limit of land hides it."""
    world = {"land_cover": np.array([[0.6], [0.9]])}
    names = (MOVES[lever], "total nominal output", "cluster nominal output")
    base = one(*names, **world)
    moved = one(*names, **world, **{lever.replace(" ", "_"): _strong(study, lever)})
    first = moved[MOVES[lever]][6] - base[MOVES[lever]][6]
    assert np.abs(first).max() > 1e-6
    up = np.abs(first[..., 0]).sum() if lever == "county credit weight" else first[..., 0].sum()
    assert (up > 0) == (lever != "key project status")
    gain = (moved["cluster nominal output"] - base["cluster nominal output"])[:, 0]
    assert np.abs(gain).max() > 1e-3, "inert"


def test_every_lever_is_looked_at_and_assessment_moves_reporting_alone(one, study):
    assert {v.name for v in levers(study.model)} - set(MOVES) == {"assessment effort"}
    names = ("total nominal output", "treasury outlay", "Reporting Scope", "Total Scope")
    base, moved = one(*names), one(*names, assessment_effort=1.0)
    for name in names[:2]:
        np.testing.assert_array_equal(base[name], moved[name])
    assert _last(base["Reporting Scope"]) == 1.0
    assert _last(moved["Reporting Scope"]) > 1.05
    assert _last(moved["Total Scope"]) > _last(base["Total Scope"])


def test_more_brand_money_buys_less_the_more_there_is(one):
    at = [
        _last(one("total nominal output", brand_programme_budget=b)["total nominal output"])
        for b in (0.5, 3.0, 5.5, 8.0)
    ]
    steps = np.diff(at)
    assert (steps > 0).all()
    assert (np.diff(steps) < 0).all()


def test_certificates_and_tourism_promote_only_through_spending(one, study):
    """A certificate that costs nothing does nothing, however many there are."""
    free = {"certificate_cost": 0.0}
    base = one("Promotion Remembered", "Certified Products", **free)
    many = one("Promotion Remembered", "Certified Products", certificate_rate=3000, **free)
    assert _last(many["Certified Products"]) > _last(base["Certified Products"]) + 1000
    np.testing.assert_allclose(
        many["Promotion Remembered"], base["Promotion Remembered"], rtol=1e-12
    )
