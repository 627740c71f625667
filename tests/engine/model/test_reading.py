"""Kinds of model file that people have: each is read as it is meant, or refused in words."""

from __future__ import annotations

import numpy as np
import pytest

from sdengine.model.read import read_model
from sdensemble import SDError, compile_model

NOW = "http://docs.oasis-open.org/xmile/ns/XMILE/v1.0"
CLOCK = "INITIAL TIME=0~~|\nFINAL TIME=2~~|\nTIME STEP=1~~|\nSAVEPER=1~~|\n"


def run(path, *names):
    found = compile_model(read_model(path)).run(report=names)
    return [found.values[name][..., 0] for name in names]


@pytest.fixture
def case(root):
    return lambda name: root / "tests/data/engine" / name


@pytest.fixture
def xmile(tmp_path):
    def write(body: str, after: str = "", before: str = ""):
        path = tmp_path / "model.xmile"
        path.write_text(
            f'<xmile version="1.0" xmlns="{NOW}"><sim_specs><start>0</start><stop>2</stop>'
            f'<dt>1</dt></sim_specs><dimensions><dim name="D"><elem name="A"/><elem name="B"/>'
            f'<elem name="C"/></dim><dim name="E" size="3"/></dimensions>{before}<model><variables>'
            f"{body}</variables></model>{after}</xmile>",
            encoding="utf-8",
        )
        return path

    return write


def aux(name: str, equation: str, dims: str = "") -> str:
    inside = "".join(f'<dim name="{dim}"/>' for dim in dims)
    inside = f"<dimensions>{inside}</dimensions>" if dims else ""
    return f'<aux name="{name}">{inside}<eqn>{equation}</eqn></aux>'


def array(name: str, values: dict[str, str], dims: str = "D") -> str:
    elements = "".join(
        f'<element subscript="{k}"><eqn>{v}</eqn></element>' for k, v in values.items()
    )
    inside = "".join(f'<dim name="{dim}"/>' for dim in dims)
    return f'<aux name="{name}"><dimensions>{inside}</dimensions>{elements}</aux>'


# ── macros inside sums ─────────────────────────────────────────────────────────────────────


def test_a_macro_inside_a_sum_is_taken_apart_over_what_the_sum_runs_over(case):
    assert run(case("macro_inside_a_sum.mdl"), "total")[0].tolist() == [12, 12]


MACRO = ":MACRO: GROWN(x, r)\nGROWN = INTEG(x*r, x)~~|\n:END OF MACRO:\n"


@pytest.mark.parametrize(
    ("equations", "expected"),
    [
        ("y=SUM(GROWN(v[D!],1))~~|", [6, 12, 18]),
        ("y=SUM(GROWN(v[D!]*2,w[D!]))~~|", [12, 12 + 2 * 14, 12 + 2 * 28]),
        ("y=SUM(GROWN(v[D!],GROWN(1,1)))~~|", [6, 12, 24]),
        ("y=VMAX(GROWN(v[D!],w[D!]))+GROWN(SUM(v[D!]),0)~~|", [9, 18, 27]),
        ("y=SUM(GROWN(SUM(m[D!,E!]),1)*v[D!])~~|", [21 * 6, 2 * 21 * 6, 3 * 21 * 6]),
    ],
)
def test_stocks_of_a_macro_inside_a_sum_are_its_own_for_each_element(
    write_model, equations, expected
):
    path = write_model(
        MACRO + "D: d1,d2,d3~~|\nE: e1,e2~~|\nv[D]=1,2,3~~|\nw[D]=1,2,3~~|\n"
        "m[D,E]=1,2;3,4;5,6;~~|\n" + equations,
        step=1.0,
    )
    np.testing.assert_allclose(run(path, "y")[0][:3], expected)


def test_a_sum_over_the_range_on_the_left_has_a_range_of_its_own(write_model):
    path = write_model(
        MACRO + "D: d1,d2,d3~~|\nv[D]=1,2,3~~|\ny[D]=v[D]*SUM(GROWN(v[D!],1))~~|", step=1.0
    )
    np.testing.assert_allclose(run(path, "y")[0][:2], [[6, 12, 18], [12, 24, 36]])


# ── modules, arrays, tables ────────────────────────────────────────────────────────────────


def test_modules_are_joined_where_each_lists_the_connection(case):
    names = ("upper.water", "upper.spill", "lower.water")
    water, spill, lower = run(case("modules_as_stella_connects_them.stmx"), *names)
    assert water.tolist() == [10, 9, 8.5, 8.25]
    assert spill.tolist() == [5, 4.5, 4.25, 4.125]
    assert lower.tolist() == [0, 5, 9.5, 13.75]


def test_modules_inside_modules_reach_each_other(xmile):
    outer = (
        '<model name="Outer"><variables><module name="Inner"><connect to="Inner.x" from="y"/>'
        '<connect to="Other.z" from="Outer.Inner.out"/></module>'
        f"{aux('y', '5')}{aux('seen', 'Inner.out + 1')}</variables></model>"
        f'<model name="Inner"><variables>{aux("x", "")}{aux("out", "x * 2")}</variables></model>'
        f'<model name="Other"><variables>{aux("z", "0")}{aux("twice", "z * 2")}</variables></model>'
    )
    link = '<connect to="Other.z" from="Outer.Inner.out"/>'
    body = f'<module name="Outer"/><module name="Other">{link}</module>'
    seen, twice = run(xmile(body, outer), "Outer.seen", "Other.twice")
    assert (seen[0], twice[0]) == (11, 20)


def test_a_variable_that_holds_a_place_may_stand_as_subscript(case):
    (b,) = run(case("subscript_by_variable.xmile"), "b")
    assert b[0].tolist() == [10, 20, 30]


def test_tables_may_differ_by_element_and_places_may_be_computed(case):
    r, by_index, by_time = run(case("tables_by_element.xmile"), "r", "by_index", "by_time")
    assert r.tolist() == [[0, 0], [1, 10], [2, 20]]
    assert by_index.tolist() == [20, 20, 20]
    assert by_time.tolist() == [10, 20, 30]


@pytest.mark.parametrize(
    ("equation", "dims", "expected"),
    [
        ("v[TIME + 1]", "", [10, 20, 30]),
        ("v[4 - D]", "D", [[30, 20, 10]] * 3),
        ("m[TIME + 1, B]", "", [2, 5, 8]),
        ("m[B, TIME + 1]", "", [4, 5, 6]),
        ("m[D, TIME + 1]", "D", [[1, 4, 7], [2, 5, 8], [3, 6, 9]]),
        ("m[4 - D, E]", "DE", [[[7, 8, 9], [4, 5, 6], [1, 2, 3]]] * 3),
        ("m[TIME + 1, TIME + 1]", "", [1, 5, 9]),
        ("v[TIME]", "", [0, 10, 20]),
        ("v[TIME + 2]", "", [20, 30, 0]),
        ("v[1.9]", "", [10, 10, 10]),
        ("w[p] + w[P]", "", [40, 40, 40]),
        ("SUM(v[*]) + v[1]", "", [70, 70, 70]),
    ],
)
def test_subscripts_may_be_equations(xmile, equation, dims, expected):
    letters = "ABC"
    m = array(
        "m", {f"{a},{k}": str(3 * i + k) for i, a in enumerate(letters) for k in (1, 2, 3)}, "DE"
    )
    v = array("v", dict(zip(letters, ("10", "20", "30"), strict=True)))
    w = array("w", dict(zip(letters, ("10", "20", "30"), strict=True))) + aux("p", "2")
    body = v + m + w + aux("q", equation.replace("m[B,", "m[B,").replace(", B]", ", 2]"), dims)
    np.testing.assert_allclose(run(xmile(body), "q")[0], expected)


def test_a_variable_with_an_equation_and_a_table_is_both(xmile):
    table = '<gf><xscale min="0" max="2"/><ypts>0,20</ypts></gf>'
    body = f'<aux name="t"><eqn>TIME / 2</eqn>{table}</aux>' + aux("q", "LOOKUP(t, 2) + t")
    np.testing.assert_allclose(run(xmile(body), "q", "t"), [[20, 25, 30], [0, 5, 10]])


# ── XML as it is written ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("body", "line", "what"),
    [
        ('\n<aux name="R&D"><eqn>3</eqn></aux>', 2, 'bare "&"'),
        ('\n\n<aux name="q"><doc>5 < 6 & so on</doc><eqn>3</eqn></aux>', 3, 'bare "<"'),
        ('<aux name="q"><doc>caf&eacute;</doc><eqn>3</eqn></aux>', 1, "eacute"),
        ('<aux name="q"><doc>one <b>two</doc><eqn>3</eqn></aux>', 1, "do not match"),
        ('<aux name="q" name="q"><eqn>3</eqn></aux>', 1, "redefined"),
        ('<aux name="q"><doc>a\x0bb</doc><eqn>3</eqn></aux>', 1, "control character"),
        ('<aux name="q"><eqn>IF 2 < 3 THEN 3 ELSE 4</eqn></aux>', 1, 'bare "<"'),
        ('<aux name="a<b"><eqn>3</eqn></aux>', 1, "attribute"),
    ],
)
def test_xml_that_stella_takes_is_read_with_a_remark_that_names_the_line(xmile, body, line, what):
    model = read_model(xmile(body))
    (name,) = model.variables
    assert float(model[name].value if model[name].value is not None else 3) == 3
    assert any(f"line {line}:" in remark and what in remark for remark in model.remarks)


@pytest.mark.parametrize(
    "body",
    ['<aux name="q"><eqn>3</aux>', '<aux name="q"><eqn>3<b></eqn></aux>', "<aux name='q'><eqn>3"],
)
def test_xml_whose_meaning_is_in_doubt_is_refused_with_its_line(xmile, body):
    with pytest.raises(SDError, match="not well formed: line 1"):
        read_model(xmile(body))


# ── unlucky and hostile files ──────────────────────────────────────────────────────────────


def _bomb() -> str:
    text = "".join(
        f":MACRO: M{i}(a)\nM{i}=M{i + 1}(a)+M{i + 1}(a*2)~~|\n:END OF MACRO:\n" for i in range(30)
    )
    return text + ":MACRO: M30(a)\nM30=a~~|\n:END OF MACRO:\ny=M0(1)~~|\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (_bomb(), "SDENGINE_MACROS"),
        (
            ":MACRO: A(x)\nA=B(x)~~|\n:END OF MACRO:\n:MACRO: B(x)\nB=A(x)~~|\n:END OF MACRO:\n"
            "y=A(1)~~|\n",
            "calls itself",
        ),
        ("A: B,C~~|\nB: A,D~~|\nx=1~~|\n", 'the ranges "A", "B" hold each other'),
        ("D: (a1-a999999)~~|\nE: (b1-b999999)~~|\nx[D]=1~~|\n", "SDENGINE_RANGES"),
        ("D: (a1-a99999)~~|\nE: (b1-b999)~~|\nx[D,E]=1~~|\n", "SDENGINE_ELEMENTS"),
        ("y=" + "(" * 100_000 + "~~|\n", '"y" cannot be read: it is nested too deeply'),
        ("".join(f"a{i}=1~~|\n" for i in range(30_001)), "SDENGINE_VARIABLES"),
        ("x=1~~|\nTIME STEP=1e-9~~|\n", "SDENGINE_STEPS"),
        ("d:=GET DIRECT DATA('/etc/passwd.csv', ',', 'A', 'B1')~~|\n", "lies outside|no file"),
        ("d:=GET DIRECT DATA('../far.csv', ',', 'A', 'B1')~~|\n", "lies outside"),
        (f"d:=GET DIRECT DATA('{'n' * 300}.csv', ',', 'A', 'B1')~~|\n", "cannot be read|no file"),
        ("d:=GET DIRECT DATA('near.csv', ',', '²', 'B1')~~|\n", "cell range|named ranges"),
    ],
)
def test_a_hostile_file_ends_in_one_clear_message(tmp_path, monkeypatch, text, words):
    monkeypatch.setenv("SDENGINE_MACROS", "10000")
    (tmp_path / "far.csv").write_text("1,2\n", encoding="utf-8")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "near.csv").write_text("1,2\n", encoding="utf-8")
    path = inside / "m.mdl"
    clock = CLOCK.replace("TIME STEP=1~~|\n", "") if "TIME STEP" in text else CLOCK
    path.write_text("{UTF-8}\n" + text + clock, encoding="utf-8")
    with pytest.raises(SDError, match=words) as caught:
        read_model(path)
    assert "m.mdl" in str(caught.value)


def test_limits_may_be_raised(tmp_path, monkeypatch):
    path = tmp_path / "m.mdl"
    path.write_text("{UTF-8}\n" + "".join(f"a{i}=1~~|\n" for i in range(20)) + CLOCK, "utf-8")
    monkeypatch.setenv("SDENGINE_VARIABLES", "10")
    with pytest.raises(SDError, match="24 equations; at most 10 are read"):
        read_model(path)
    monkeypatch.setenv("SDENGINE_VARIABLES", "100")
    assert len(read_model(path).variables) == 20


def test_a_long_field_and_ragged_rows_of_a_csv_are_read(tmp_path):
    (tmp_path / "d.csv").write_text(f"time,v,{'x' * 200_000}\n0,1\n2,3,,,\n\n", "utf-8")
    path = tmp_path / "m.mdl"
    path.write_text(
        "{UTF-8}\nd:=GET DIRECT DATA('d.csv', ',', 'A', 'B2')~~|\ny=d~~|\n" + CLOCK, "utf-8"
    )
    assert run(path, "y")[0].tolist() == [1, 2, 3]


def test_a_sheet_with_too_many_cells_is_refused_by_its_name(tmp_path, monkeypatch):
    monkeypatch.setenv("SDENGINE_CELLS", "1000")
    (tmp_path / "d.csv").write_text("0,1\n" * 900 + "," * 900 + "1\n", "utf-8")
    path = tmp_path / "m.mdl"
    path.write_text("{UTF-8}\nd:=GET DIRECT DATA('d.csv', ',', 'A', 'B1')~~|\n" + CLOCK, "utf-8")
    with pytest.raises(SDError, match=r'"d\.csv" has too many cells; at most 1,000'):
        read_model(path)


def test_a_table_of_many_points_is_read_in_one_go(tmp_path):
    points = ",".join(f"({i},{i * 0.5})" for i in range(20_000))
    path = tmp_path / "m.mdl"
    path.write_text("{UTF-8}\n" + f"t({points})~~|\ny=t(Time)~~|\n" + CLOCK, "utf-8")
    (equation,) = read_model(path)["t"].equations
    assert len(equation.expr.x) == 20_000


# ── clocks, :NA:, Stella's functions ───────────────────────────────────────────────────────


def test_clocks_may_be_equations_and_save_at_the_nearest_step(case):
    model = read_model(case("clock_from_equations.mdl"))
    times = compile_model(model).run(report=["s"]).times
    step = 0.0078125
    np.testing.assert_array_equal(times, 2010 + np.floor(np.arange(31) * 0.1 / step + 0.5) * step)
    assert "start year" in model.bound


def test_na_is_a_number(case):
    x, y, z, w = run(case("na_is_a_number.mdl"), "x", "y", "z", "w")
    assert x.tolist() == [-(2.0**109)] * 2 + [3, 3, 3]
    assert y.tolist() == [0, 0, 3, 3, 3]
    assert set(z) == {2.0**110}
    assert w.tolist() == [1, 1, 3, 3, 3]


def test_functions_of_stella_that_look_back(case):
    s, p, mx, h, c, e = run(case("stella_functions.xmile"), "s", "p", "mx", "h", "c", "e")
    np.testing.assert_allclose(s, 1.05 ** np.arange(9))
    np.testing.assert_array_equal(p, [-1, *s[:-1]])
    assert mx.tolist() == list(range(1, 10))
    np.testing.assert_array_equal(h, [1, 1, *s[:7]])
    assert c.tolist() == [0, 0.5, 1, 1.5, 2, 2.5, 0, 0.5, 1]
    assert set(e) == {0.0}


def test_a_name_in_quotes_goes_on_behind_a_line_that_ends_in_a_backslash(write_model):
    text = 'y="one \\\n\t\tname"+"an\\\n\tother"~~|\n"one name"=3~~|\n"another"=4~~|'
    run = compile_model(read_model(write_model(text))).run(report=["y"])
    assert run.values["y"][-1, 0] == 7


def test_texts_are_passed_over(write_model):
    model = read_model(write_model("file:IS:'a.xlsx'~~|\n\"what :IS: x\"=3~~|"))
    assert list(model.variables) == ['"what :IS: x"']


def test_a_delay_that_tells_what_is_in_it_conserves_it(write_model):
    path = write_model("y=DELAYP(x,3:in it)~~|\nx=STEP(2,0)~~|\nz=INTEG(x-y,6)~~|")
    run = compile_model(read_model(path)).run(report=["y", "in it", "z"])
    np.testing.assert_array_equal(run.values["in it"], run.values["z"])


@pytest.mark.parametrize(
    ("said", "method", "remark"),
    [
        ("RK4, Euler", "rk4", ""),
        ("gear, rk2", "rk2", ""),
        ("CycleTime", "euler", ""),
        ("rk45", "rk4", "rk45"),
        ("gear", "rk4", "gear"),
    ],
)
def test_the_first_method_that_is_known_is_taken(xmile, said, method, remark):
    path = xmile('<aux name="x"><eqn>3</eqn></aux>')
    text = path.read_text("utf-8").replace("<sim_specs", f'<sim_specs method="{said}"', 1)
    path.write_text(text, "utf-8")
    model = read_model(path)
    assert model.clock.method == method
    assert [remark in line for line in model.remarks] == [True] * bool(remark)


def test_a_file_to_be_included_is_not_followed_and_told(xmile):
    path = xmile('<aux name="x"><eqn>3</eqn></aux>')
    text = path.read_text("utf-8")
    head = '<header><includes><include resource="http://x.org/more.xml"/></includes></header>'
    path.write_text(text.replace("<sim_specs", head + "<sim_specs", 1), "utf-8")
    (remark,) = read_model(path).remarks
    assert '<include resource="http://x.org/more.xml"> is not followed' in remark


def test_a_flow_with_a_multiplier_is_refused(xmile):
    body = '<flow name="f"><eqn>1</eqn><multiplier>2</multiplier></flow>'
    with pytest.raises(SDError, match='"f" has a <multiplier>'):
        read_model(xmile(body))
