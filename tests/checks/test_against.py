"""What a model is held against: the machinery, on cases whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from sdengine.errors import SDError
from sdengine.kernel import compile_model
from sdensemble.checks.against import explained, fit_line, formula, line, refused, screened, studies
from sdensemble.checks.finding import FAIL, PASS
from sdensemble.checks.read import read_tests
from sdensemble.checks.run import KINDS
from sdensemble.checks.runs import Bench
from sdensemble.checks.variance import shares
from sdensemble.study import open_study
from tests.evidence.small import make_study


@pytest.fixture(scope="module")
def bench(tmp_path_factory) -> Bench:
    study = open_study(make_study(tmp_path_factory.mktemp("trade")))
    return Bench(study, compile_model(study.model), 256)


def test_a_line_finds_known_coefficients_and_the_share_it_explains():
    rng = np.random.default_rng(3)
    known = rng.normal(size=(4000, 3))
    clean = 2 + known @ np.array([1.0, -0.5, 0.0])
    wanted = clean + rng.normal(scale=0.5, size=4000)
    found = fit_line(known[:2000], wanted[:2000])
    assert found == pytest.approx([2, 1, -0.5, 0], abs=0.05)
    # 1.25 of 1.5 of the variance is there to be explained.
    share = explained(wanted[2000:], line(known[2000:], found))
    assert share == pytest.approx(1.25 / 1.5, abs=0.02)
    assert list(screened(known, wanted, 2)) == [0, 1]


def given(**more):
    return {"years": [2022, 2025], "most_r2": 0.9, "most_agreement": 0.95, **more}


def test_a_model_that_is_a_formula_is_told_to_be_one(bench):
    """Sales are trade times price over ratio: the formula has all of it, the model is no better."""
    found = formula(bench, given(products=[["trade"], ["Price"], ["ratio"]]))
    assert found.status == FAIL
    assert found.number == pytest.approx(1, abs=1e-3)
    assert found.rows[0]["same hits"] > 0.98


def test_a_formula_that_lacks_what_decides_does_not_stand_in(bench):
    found = formula(bench, given(products=[["Price"]]))
    plain = [row for row in found.rows if row["drawn numbers added"] == 0]
    assert all(row["R2"] < 0.05 for row in plain)
    lever = {"levers": {"dear": {"price growth": {"value": 0.05, "start": 2020}}}}
    rows = formula(bench, given(products=[["trade"], ["ratio"]], **lever)).rows
    assert rows[-1]["of"] == "dear"
    assert rows[-1]["mean effect"] > 0


def study_case(low: float, high: float, **more):
    name = {"zh": "涨价", "en": "dear"}
    return {
        "name": name,
        "row": "E001",
        "low": low,
        "high": high,
        "settings": {"price growth": {"value": 0.12, "start": 2020}},
        "watch": {"variable": "sales", "year": 2021},
        **more,
    }


def test_a_treatment_is_held_against_its_interval(bench):
    """Ten points more price growth for 1.5 years on average: sales 15 to 17% higher."""
    found = studies(bench, {"cases": [study_case(14, 18)]})
    assert found.status == PASS
    assert studies(bench, {"cases": [study_case(0, 5)]}).status == FAIL
    assert found.rows[0]["median"] == pytest.approx(15.9, abs=1)


def test_each_treatment_is_told_by_its_own_name(bench):
    other = {**study_case(0, 50), "name": {"zh": "减产", "en": "scarce"}}
    told = studies(bench, {"cases": [study_case(0, 50), other]}).shown["en"]
    assert [part.split()[0] for part in told.split("; ")] == ["dear", "scarce"]


def test_an_effect_is_told_for_a_dose(bench):
    whole = studies(bench, {"cases": [study_case(0, 50)]}).rows[0]["median"]
    per = {"variable": "Price", "at": 2022, "relative": True, "factor": 10}
    told = studies(bench, {"cases": [study_case(0, 50, per=per)]}).rows[0]
    assert told["dose"] == pytest.approx(2.2, abs=0.1)
    assert told["median"] == pytest.approx(whole / told["dose"])


def test_settings_that_make_no_sense_must_be_refused(bench):
    cases = [{"growth": 9}, {"growth": {"value": 0.1, "start": 2099}}]
    assert refused(bench, {"cases": cases}).status == PASS
    found = refused(bench, {"cases": [*cases, {"growth": 0.2}]})
    assert found.status == FAIL
    assert found.rows[-1]["settings"] == "{'growth': 0.2}"


def test_an_extreme_may_lie_beyond_the_limits_and_scale_each_element(bench):
    with pytest.raises(SDError):
        bench.case({"growth": 9})
    (setting,) = bench.case({"growth": 9}, beyond=True).settings
    assert setting.values == (9.0,)
    (setting,) = bench.case({"start level": {"scale": 3, "start": 2020}}, beyond=True).settings
    assert setting.values[-1] == 300.0


def test_a_test_that_names_no_world_is_refused(tmp_path):
    words = '{ zh = "甲", en = "a" }'
    text = (
        f'[[test]]\nid = "X"\ngroup = "conditions"\nkind = "condition"\nworld = "famine"\n'
        f"title = {words}\nasks = {words}\ncriterion = {words}\n"
    )
    path = tmp_path / "extremes.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(SDError, match=r"extremes\.toml .*X\W+world: no \[world\.famine\]"):
        read_tests(path, KINDS)
    path.write_text(text + '[world.famine]\n"growth" = 0\n', "utf-8")
    (test,) = read_tests(path, KINDS)
    assert test.given == {"settings": {"growth": 0}, "beyond": True}


def test_shares_of_variance_are_those_of_a_product_of_known_spreads(bench):
    """Log sales are a sum of independent parts: shares add up to one, an idle number has none."""
    groups = {"start": ["start level"], "growth": ["growth"], "k": ["ratio"], "idle": ["nuisance"]}
    found = shares(bench, {"members": 1024, "years": [2025], "groups": groups})
    total = {row["group"]: row["total"] for row in found.rows}
    assert total["idle"] == pytest.approx(0, abs=1e-12)
    assert sum(total.values()) == pytest.approx(1, abs=0.15)
    assert total["growth"] > total["start"] > total["k"] > total["idle"]
    low = {"members": 64, "years": [2025], "groups": groups, "least": {"idle": 0.01}}
    assert shares(bench, low).status == FAIL


def test_a_group_that_names_no_drawn_constant_is_refused(bench):
    with pytest.raises(SDError, match='groups scope: no drawn constant is called "scoop"'):
        shares(bench, {"members": 64, "years": [2025], "groups": {"scope": ["scoop"]}})
