"""What is said of a model and of one variable."""

from __future__ import annotations

import pytest

from sdengine.model import describe
from sdensemble import read_model
from sdensemble.pages import explain as words

MODEL = """
region: north,south~~|
birth rate=0.4~1/Year [0,2]~中文: 出生率; EN: Birth rate; source: survey 2018; known_on: 2018-12-31|
birth rate execution=1~Dmnl [0,1]~中文: 执行率; EN: Execution; ASSUMPTION|
Fish[region]=INTEG(births[region]-Fish[region]/life, 100)~Ton~中文: 鱼; EN: Fish|
births[region]=birth rate*birth rate execution*Fish[region]~Ton/Year~中文: 出生; EN: Births|
life=5~Year [20,30]~|
"""


@pytest.fixture
def model(write_model):
    return read_model(write_model(MODEL))


def test_levers_are_the_constants_with_an_execution(model):
    assert [v.name for v in describe.levers(model)] == ["birth rate"]
    assert "出生率" in words.lever_table(model).texts("zh")[0]


def test_what_lacks_label_limits_or_source_is_named(model):
    lines = describe.undocumented(model)
    assert len(lines) == 1
    assert lines[0].startswith('"life"')
    assert "no label" in lines[0]
    assert "no source" in lines[0]


def test_a_constant_outside_its_own_limits_is_named(model):
    assert describe.outside_limits(model) == ('"life": 5 is outside [20, 30]',)


@pytest.mark.parametrize(
    "formula",
    ["a - (b - c)", "a / (b * c)", "(a + b) * c", "a ^ (b + c)", "-(a + b)", "a - b - c"],
)
def test_an_equation_is_written_so_that_it_means_the_same(write_model, formula):
    path = write_model(f"a=5~~|\nb=3~~|\nc=2~~|\nx={formula}~~|\n")
    first = read_model(path)
    (line,) = describe.equations(first["x"])
    again = read_model(write_model(f"a=5~~|\nb=3~~|\nc=2~~|\n{line}~~|\n", "again.mdl"))
    assert again["x"].equations == first["x"].equations


@pytest.mark.parametrize(
    ("equation", "shown"),
    [
        ("(-2)^x", "(-2) ^ x"),
        ("-2^x", "-2 ^ x"),
        ("2^3^x", "2 ^ (3 ^ x)"),
        ("(x-1)-(2-x)", "x - 1 - (2 - x)"),
    ],
)
def test_an_equation_is_shown_as_it_is_computed(write_model, equation, shown):
    model = read_model(write_model(f"x=Time~~|\ny={equation}~~|\nd~~|"))
    assert f"y = {shown}" in words.explain(model, "y").blocks[0].column("says")
    assert any("data to be given" in str(one) for one in words.explain(model, "d").walk())
