"""Raw material of the shipped model: herds, orchards, fields, feed, and who gets what of it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.shanxi import MEMBERS, drawn, plain


@pytest.fixture(scope="module")
def run(study, kernel):
    return drawn(study, kernel)


@pytest.fixture(scope="module")
def default(kernel):
    return plain(kernel)


def test_no_raw_material_is_used_that_is_not_there(run):
    """V05."""
    kept = run("all", "material audit", "raw use", "raw supply", "import ceiling")
    assert np.abs(kept.values["material audit"]).max() < 1e-9
    there = kept.values["raw supply"] + kept.values["import ceiling"]
    assert (kept.values["raw use"] <= there * (1 + 1e-9)).all()
    assert kept.values["raw use"].min() > 0


def test_sick_herds_hurt_meat_and_not_medicine(default, study):
    """V15."""
    sectors = list(study.model.elements("sector"))
    base = default("output").values["output"][8, :, 0]
    sick = default("output", disease_shock=0.9).values["output"][8, :, 0]
    change = dict(zip(sectors, sick / base - 1, strict=True))
    assert change["meat"] < -0.3
    assert abs(change["tcm"]) < 0.01


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


def test_medicinal_tea_stays_inside_beverages(run, study):
    kept = run("all", "medicinal tea nominal output", "nominal output").values
    beverages = kept["nominal output"][:, list(study.model.elements("sector")).index("beverages")]
    tea = kept["medicinal tea nominal output"]
    assert (tea > 0).all()
    assert (tea < 0.6 * beverages).all()


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
