"""Dimensional analysis: every rule finds its own mistake, and only that."""

from __future__ import annotations

import pytest

from sdengine.model.units import bare_numbers
from sdensemble import check_units, read_model

GIVEN = """
tons=2~Ton~|
more tons=3~Ton~|
years=4~Year~|
share=0.5~Dmnl~|
price=6~Yuan/Ton~|
rate=7~Ton/Year~|
"""


def problems(write_model, equation, unit):
    path = write_model(f"{GIVEN}x={equation}~{unit}~|\n")
    return [line for line in check_units(read_model(path)) if line.startswith('"x"')]


@pytest.mark.parametrize(
    ("equation", "unit"),
    [
        ("tons+more tons", "Ton"),
        ("tons*price", "Yuan"),
        ("tons/years", "Ton/Year"),
        ("tons^2", "Ton*Ton"),
        ("SQRT(tons*more tons)", "Ton"),
        ("EXP(-years/years)", "Dmnl"),
        ("LN(tons/more tons)", "1"),
        ("MAX(tons,0)", "Ton"),
        ("IF THEN ELSE(tons>more tons,rate,0)", "Ton/Year"),
        ("ZIDZ(tons,years)", "Ton/Year"),
        ("XIDZ(tons,years,rate)", "Ton/Year"),
        ("INTEG(rate,tons)", "Ton"),
        ("SMOOTHI(tons,years,more tons)", "Ton"),
        ("DELAY3I(rate,years,rate)", "Ton/Year"),
        ("STEP(tons,years)", "Ton"),
        ("RAMP(rate,years,years)", "Ton"),
        ("PULSE(years,TIME STEP)", "Dmnl"),
        ("TREND(tons,years,0)", "1/Year"),
        ("INITIAL(rate)", "Ton/Year"),
        ("tons*(1-share)", "Ton"),
        ("tons*share^share", "Ton"),
        ("Time-INITIAL TIME", "Year"),
        ("ABS(-tons)", "Ton"),
        ("MODULO(tons,more tons)", "Ton"),
    ],
)
def test_a_consistent_equation_is_left_alone(write_model, equation, unit):
    assert problems(write_model, equation, unit) == []


@pytest.mark.parametrize(
    ("equation", "unit", "word"),
    [
        ("tons+years", "Ton", "Ton against Year"),
        ("tons*price", "Ton", "the equation gives"),
        ("EXP(tons)", "Dmnl", "EXP"),
        ("LN(years)", "Dmnl", "LN"),
        ("MAX(tons,years)", "Ton", "MAX"),
        ("IF THEN ELSE(tons>years,1,0)", "Dmnl", "comparison"),
        ("IF THEN ELSE(tons>more tons,tons,years)", "Ton", "IF_THEN_ELSE"),
        ("INTEG(tons,tons)", "Ton", "net flow"),
        ("INTEG(rate,years)", "Ton", "initial value"),
        ("SMOOTHI(tons,share,tons)", "Ton", "time in SMOOTH"),
        ("SMOOTHI(tons,years,years)", "Ton", "SMOOTH"),
        ("STEP(tons,share)", "Ton", "STEP"),
        ("tons^share", "Ton", "base of a power"),
        ("share^years", "Dmnl", "exponent"),
        ("XIDZ(tons,years,tons)", "Ton/Year", "XIDZ"),
        ("tons*share", "Year", "the equation gives Ton"),
    ],
)
def test_an_inconsistent_equation_is_named(write_model, equation, unit, word):
    (line,) = problems(write_model, equation, unit)
    assert word in line


def test_a_variable_without_a_unit_is_named(write_model):
    path = write_model("a=1~~|\nb=2~Ton~|\n")
    assert check_units(read_model(path)) == ('"a": has no unit',)


def test_area_and_heads_are_different_units(write_model):
    path = write_model("land=1~Wmu~|\nherd=2~Wh~|\nboth=land+herd~Wmu~|\n")
    assert any("Wmu against Wh" in line for line in check_units(read_model(path)))


@pytest.mark.parametrize("unit", ["Persons/Years", "people/year", "Person/Year"])
def test_words_that_vensim_holds_as_one_unit_are_one(write_model, unit):
    path = write_model(f"{GIVEN}crowd=9~People~|\nx=crowd/years~{unit}~|\n")
    assert check_units(read_model(path)) == ()


def test_chinese_units_are_units_like_any_other(write_model):
    path = write_model(
        "面积=1~万亩~|\n产量=2~万吨~|\n单产=产量/面积~万吨/万亩~|\n错=产量+面积~万吨~|\n"
    )
    (line,) = check_units(read_model(path))
    assert line.startswith('"错"')


def test_a_number_without_a_name_is_named_unless_0_1_or_an_exponent(write_model):
    path = write_model(
        f"{GIVEN}a=tons*3~Ton~|\nb=1-share~Dmnl~|\nc=share^2.5~Dmnl~|\n"
        "d=SMOOTH3(tons,years)~Ton~|\ne=MAX(tons,0)~Ton~|\n"
    )
    (line,) = bare_numbers(read_model(path))
    assert line.startswith('"a"')
    assert "3" in line


def test_the_shipped_model_has_no_inconsistent_equation(root):
    model = read_model(root / "model" / "shanxi.mdl")
    assert check_units(model) == ()
    assert bare_numbers(model) == ()


def test_an_error_planted_in_the_shipped_model_is_found(root, tmp_path):
    text = (root / "model" / "shanxi.mdl").read_text(encoding="utf-8")
    before = "total nominal output/output to sales ratio"
    assert before in text
    path = tmp_path / "planted.mdl"
    path.write_text(text.replace(before, before.replace("/", "+")), encoding="utf-8")
    (line,) = check_units(read_model(path))
    assert line.startswith('"total sales revenue"')
