"""Where the shipped model's numbers come from, and the scope in which they are reported."""

from __future__ import annotations

import re
import shutil
from datetime import date

import numpy as np
import pytest

from sdengine.model.describe import late_constants
from sdensemble.inputs.priors import read_priors
from sdensemble.inputs.targets import readings
from tests.shanxi import plain


@pytest.fixture(scope="module")
def default(kernel):
    return plain(kernel)


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
