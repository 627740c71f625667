"""XMILE: Stella's operators and functions, arrays by element, macros and modules."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sdensemble import SDError, compile_model, read_model

NOW = "http://docs.oasis-open.org/xmile/ns/XMILE/v1.0"
RANGES = (
    '<dimensions><dim name="R"><elem name="a"/><elem name="b"/></dim>'
    '<dim name="N" size="3"/><dim name="S"><elem name="x1"/><elem name="x2"/></dim></dimensions>'
)
R, RS, SR, N = (
    "<dimensions>" + "".join(f'<dim name="{name}"/>' for name in names) + "</dimensions>"
    for names in ("R", "RS", "SR", "N")
)


@pytest.fixture
def write(tmp_path):
    def write(body: str, after: str = "", method: str = "Euler"):
        path = tmp_path / "model.xmile"
        path.write_text(
            f'<xmile version="1.0" xmlns="{NOW}"><sim_specs method="{method}"><start>0</start>'
            f"<stop>4</stop><dt>1</dt></sim_specs>{RANGES}<model><variables>{body}</variables>"
            f"</model>{after}</xmile>",
            encoding="utf-8",
        )
        return path

    return write


def aux(name: str, equation: str, dims: str = "") -> str:
    equation = equation.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return f'<aux name="{name}">{dims}<eqn>{equation}</eqn></aux>'


def elements(name: str, dims: str, values: dict[str, str], kind: str = "aux", more: str = ""):
    inside = "".join(
        f'<element subscript="{s}"><eqn>{v}</eqn></element>' for s, v in values.items()
    )
    return f'<{kind} name="{name}">{dims}{inside}{more}</{kind}>'


V = elements("v", R, {"a": "1", "b": "2"})
M = elements("m", RS, {"a,x1": "1", "a, x2": "2", "b,x1": "3", "b,x2": "4"})
C = elements("n", N, {"1": "10", "2": "20", "3": "30"})


def run(path, *names):
    found = compile_model(read_model(path)).run(report=names)
    return [found.values[name][..., 0] for name in names]


def last(path, *names):
    return [values[-1] for values in run(path, *names)]


@pytest.mark.parametrize(
    ("equation", "expected"),
    [
        ("-2^2", -4),
        ("2^3^2", 512),
        ("7 MOD 4", 3),
        ("2*7 mod 4*3", 6),
        ("MOD(7,4)", 3),
        ("10//4", 2.5),
        ("10 // 0", 0),
        ("IF TIME > 2 THEN 1 ELSE 2", 1),
        ("if time > 2 then 1 else 2", 1),
        ("IF TIME>5 THEN 1 ELSE IF TIME>3 THEN 7 ELSE 8", 7),
        ("1 + (IF TIME>5 THEN 1 ELSE 2)", 3),
        ("IF (TIME>2) AND NOT (TIME=3) OR TIME=9 THEN 1 ELSE 0", 1),
        ("IF NOT TIME = 3 THEN 1 ELSE 0", 0),
        ("IF NOT (TIME = 3) AND NOT 0 THEN 1 ELSE 0", 1),
        ("MAX(1,2,3) + MIN(5,4,6)", 7),
        ("INT(3.7) + INT(-3.7)", -1),
        ("ROUND(2.6)", 3),
        ("PERCENT(0.5)", 50),
        ("LOG10(100) + LOGN(EXP(1))", 3),
        ("PI", math.pi),
        ("DT + STARTTIME + STOPTIME", 5),
        ("PREVIOUS(TIME, 9)", 3),
        ("STEP(5)", 5),
        ("RAMP(2)", 8),
        ("PULSE(5)", 5),
        ("SINWAVE(2,16)", 2),
        ("COSWAVE(2,8)", -2),
        ('"my var" + My_Var', 6),
        ("3 {a comment} + 1", 4),
        ('3 {a "comment {in} one} + "my var"', 6),
    ],
)
def test_equations_mean_what_they_mean_in_stella(write, equation, expected):
    (found,) = last(write(aux("q", equation) + aux("my var", "3")), "q")
    assert found == pytest.approx(expected)


def test_previous_begins_with_its_second_argument(write):
    (found,) = run(write(aux("q", "PREVIOUS(TIME, 9)")), "q")
    np.testing.assert_array_equal(found, [9, 0, 1, 2, 3])


@pytest.mark.parametrize("equation", ["RANDOM(2,3)", "UNIFORM(2,3,7)", "NORMAL(2.5,0.01,7)"])
def test_random_numbers_follow_the_distribution(write, equation):
    kernel = compile_model(read_model(write(aux("q", equation))))
    values = kernel.run(report=["q"], members=200).values["q"]
    assert 2 <= values.min() < values.max() <= 3
    assert values.mean() == pytest.approx(2.5, abs=0.05)


@pytest.mark.parametrize(
    ("equation", "dims", "expected"),
    [
        ("v*2", R, [2, 4]),
        ("v[R]*3", R, [3, 6]),
        ("v[a]+v[b]", "", 3),
        ("v[2] + n[2] + v[R.b]", "", 24),
        ("SUM(v[*])", "", 3),
        ("SUM(v)", "", 3),
        ("SUM(v*v)", "", 5),
        ("SUM(v[*]*2)", "", 6),
        ("SUM(m[*,*])", "", 10),
        ("SUM(m[R,*])", R, [3, 7]),
        ("SUM(m[*,x2])", "", 6),
        ("v/SUM(v)", R, [1 / 3, 2 / 3]),
        ("MEAN(v[*]) + MEAN(m)", "", 4),
        ("SIZE(v) + SIZE(m) + SIZE(m[*,x1]) + SIZE(R)", "", 10),
        ("MAX(v) + MIN(m[*,*])", "", 3),
        ("PROD(v[*])", "", 2),
        ("MAX(SUM(v[*]), 2)", "", 3),
        ("m[R,S] + m[R,x1]", RS, [[2, 3], [6, 7]]),
        ("n*2", N, [20, 40, 60]),
        ("VECTOR_RANK(v, 1) + VECTOR SORT ORDER(v, 1)", R, [1, 3]),
        ("m'", SR, [[1, 3], [2, 4]]),
        ("SUM(m[R,S]) + MEAN(m[R,S])", "", 12.5),
    ],
)
def test_arrays_are_read(write, equation, dims, expected):
    (found,) = last(write(V + M + C + aux("q", f"{equation} + TIME*0", dims)), "q")
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize(
    ("equation", "dims", "expected"),
    [
        ("w*2", "RR", [[22, 24], [42, 44]]),
        ("w[R,R]*2", "RR", [[22, 24], [42, 44]]),
        ("w'", "RR", [[11, 21], [12, 22]]),
        ("w*v", "RR", [[11, 12], [42, 44]]),
        ("w[R,R]", "R", [11, 22]),
        ("SUM(w[R,*])", "R", [23, 43]),
        ("SUM(w[*,R])", "R", [32, 34]),
        ("SUM(w) + w[a,b]*100", "", 66 + 1200),
    ],
)
def test_a_variable_may_have_a_range_twice(write, equation, dims, expected):
    """As a matrix of who meets whom, age by age."""
    names = "".join(f'<dim name="{name}"/>' for name in dims)
    over = f"<dimensions>{names}</dimensions>" if dims else ""
    twice = R.replace("</dimensions>", '<dim name="R"/></dimensions>')
    w = elements("w", twice, {"a,a": "11", "a,b": "12", "b,a": "21", "b,b": "22"})
    np.testing.assert_allclose(last(write(V + w + aux("q", equation, over)), "q"), [expected])


def test_an_element_may_hang_on_the_one_before_it(write):
    total = aux("q", "IF R = 1 THEN v ELSE q[R-1] + v", R)
    np.testing.assert_array_equal(last(write(V + total), "q"), [[1, 3]])


def test_stocks_take_initial_values_by_element(write):
    stock = elements("k", R, {"a": "5", "b": "v[b]*10"}, "stock", "<inflow>f</inflow>")
    path = write(V + stock + f'<flow name="f">{R}<eqn>v</eqn></flow>')
    (found,) = last(path, "k")
    np.testing.assert_array_equal(found, [9, 28])


def test_an_equation_stands_for_the_elements_without_one(write):
    one = '<element subscript="b"><eqn>7</eqn></element>'
    stock = f'<stock name="k">{R}<eqn>5</eqn>{one}</stock>'
    found = last(write(f'<aux name="w">{R}<eqn>TIME</eqn>{one}</aux>{stock}'), "w", "k")
    np.testing.assert_array_equal(found, [[4, 7], [5, 7]])


def test_blanks_may_stand_for_the_underlines_of_a_name(write):
    assert last(write(aux("birth rate", "2") + aux("q", "birth rate * 3 + BIRTH  RATE")), "q") == [
        8
    ]


def test_a_supply_is_shared_out_by_type_priority_and_width(write):
    claims = elements("ask", R, {"a": "4", "b": "6"}) + elements("top", R, {"a": "2", "b": "1"})
    body = claims + aux("got", "ALLOCATE(7, R, ask, top, 0.5, 1)", R)
    np.testing.assert_allclose(last(write(body), "got"), [[4, 3]])


@pytest.mark.parametrize("common", [True, False])
def test_graphical_functions_may_differ_by_element(write, common):
    own = "" if common else "<eqn>TIME</eqn>"
    inside = "".join(
        f'<element subscript="{name}">{own}<gf><xscale min="0" max="4"/><ypts>0,{top}</ypts></gf>'
        "</element>"
        for name, top in (("a", 4), ("b", 8))
    )
    whole = "<eqn>TIME</eqn>" if common else ""
    (found,) = run(write(f'<aux name="g">{R}{inside}{whole}</aux>'), "g")
    np.testing.assert_array_equal(found[:3], [[0, 0], [1, 2], [2, 4]])


def test_graphical_functions_are_called_by_name_and_inverted(write):
    table = '<gf name="tab"><xscale min="0" max="4"/><ypts>0,8</ypts></gf>'
    path = write(table + aux("q", "tab(1) + LOOKUP(tab, 2) + LOOKUPINV(tab, 6) + TIME*0"))
    assert last(path, "q") == [2 + 4 + 3]
    alone = table.replace('<gf name="tab">', '<aux name="tab"><gf>').replace("</gf>", "</gf></aux>")
    assert last(write(alone + aux("q", "tab(1) + LOOKUP(tab, 2) + TIME*0")), "q") == [6]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (aux("w", "v[q]"), 'unknown subscript "q"'),
        (aux("w", "v"), '"v" has 1 subscripts, is used with 0'),
        (aux("w", "v[1,2]"), 'uses "v" with 2 subscripts, it has 1'),
        (aux("w", "v[7]"), 'has subscript 7, "R" has 2 elements'),
        (elements("w", R, {"a": "1"}) + aux("z", "w*2", R), r'"z": reads "w"\[b\]'),
        (aux("w", "IF TIME=4 THEN 1"), "ends where ELSE is expected"),
        (aux("w", "TREND(1)"), "TREND with 1 arguments, it takes 2 or 3"),
        ('<aux name="w"/>', '"w" has no equation'),
        (aux("w", ""), '"w" cannot be read: it has no equation'),
        (aux("w", "1") + aux("W", "2"), '"W": is defined twice'),
        ('<aux name="w"><eqn>1</eqn><eqn>2</eqn></aux>', '"w" has 2 equations'),
        ('<aux name="w"><eqn>1</eqn><gf/></aux>', '"w": its graphical function lacks points'),
        (
            '<aux name="w"><eqn>1</eqn><gf><xpts>0,1,2</xpts><ypts>0,1</ypts></gf></aux>',
            '"w": its graphical function has 3 x and 2 y values',
        ),
        ('<module name="Q"/>', r'<module> \("Q"\) has no model of its own'),
    ],
)
def test_what_is_wrong_is_said_with_the_name(write, body, words):
    with pytest.raises(SDError, match=words):
        compile_model(read_model(write(V + body)))


def test_pulses_and_steps_change_between_steps_only(write):
    body = (
        '<stock name="k"><eqn>0</eqn><inflow>f</inflow></stock><flow name="f"><eqn>{}</eqn></flow>'
    )
    for equation, expected in (("PULSE(3,1)", [0, 0, 3, 3, 3]), ("STEP(1,2)", [0, 0, 0, 1, 2])):
        (found,) = run(write(body.format(equation), method="RK4"), "k")
        np.testing.assert_allclose(found, expected)


# ── macros and modules ─────────────────────────────────────────────────────────────────────

SUMMED = (
    '<macro name="summed"><parm>what</parm><parm default="2">start</parm><eqn>S</eqn><variables>'
    '<stock name="S"><eqn>start</eqn><inflow>f</inflow></stock><flow name="f"><eqn>what*DT</eqn>'
    "</flow></variables></macro>"
)
TWICE = '<macro name="twice"><parm>x</parm><eqn>summed(x, 1)*2</eqn></macro>'


def test_macros_have_stocks_of_their_own_defaults_and_call_each_other(write):
    path = write(aux("p", "summed(TIME)") + aux("q", "twice(1) + summed(1, 0)"), SUMMED + TWICE)
    p, q = run(path, "p", "q")
    np.testing.assert_array_equal(p, [2, 2, 3, 5, 8])
    np.testing.assert_array_equal(q, [2, 5, 8, 11, 14])


def test_an_unknown_name_in_a_macro_is_refused(write):
    macro = '<macro name="bad"><parm>x</parm><eqn>x*other</eqn></macro>'
    with pytest.raises(SDError, match='no "other" in macro "bad"'):
        read_model(write(aux("q", "bad(1)") + aux("other", "3"), macro))


def test_modules_are_joined_by_their_connections(write):
    hares = (
        '<model name="Hares"><variables><stock name="Pop"><eqn>100</eqn><inflow>births</inflow>'
        '</stock><flow name="births"><eqn>Pop*0.1/area</eqn></flow><aux name="area">'
        '<eqn>1</eqn></aux><module name="Deep"><connect to="Deep.x" from="Pop"/></module>'
        '<module name="Low"><connect to="Low.y" from="Hares.area"/></module></variables></model>'
        '<model name="Low"><variables><aux name="y"/></variables></model>'
    )
    deep = (
        '<model name="Deep"><variables><aux name="x"><eqn>0</eqn></aux><aux name="out">'
        "<eqn>x*2 + .area*0</eqn></aux></variables></model>"
    )
    body = (
        '<module name="Hares"><connect to="Hares.area" from="area"/></module>'
        + aux("area", "10")
        + aux("q", "Hares.Pop + Hares.Deep.out")
    )
    q, births, area = run(write(body, hares + deep), "q", "Hares.births", "Hares.Low.y")
    np.testing.assert_allclose(q, 300 * 1.01 ** np.arange(5))
    assert (births[0], area[0]) == (1, 10)


def test_a_model_that_no_module_uses_is_refused(write):
    extra = '<model name="M"><variables><aux name="b"><eqn>2</eqn></aux></variables></model>'
    with pytest.raises(SDError, match='model "M" is in no <module>'):
        read_model(write(aux("q", "1"), extra))


@pytest.mark.parametrize("kind", ["start", "stop"])
def test_a_clock_that_lacks_a_part_is_refused(write, kind):
    path = write(aux("q", "1"))
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(f"<{kind}>", "<!--").replace(f"</{kind}>", "-->"), "utf-8")
    with pytest.raises(SDError, match=f"<sim_specs> has no <{kind}>"):
        read_model(path)


def test_a_step_that_is_not_given_is_one(write):
    path = write(aux("q", "TIME"))
    path.write_text(path.read_text("utf-8").replace("<dt>1</dt>", ""), "utf-8")
    assert run(path, "q")[0].tolist() == [0, 1, 2, 3, 4]


def test_modules_may_share_a_model_by_its_name(write):
    model = (
        '<model name="M"><variables><aux name="x"><eqn>0</eqn></aux><stock name="S"><eqn>x</eqn>'
        '<inflow>f</inflow></stock><flow name="f"><eqn>x</eqn></flow></variables></model>'
    )
    body = "".join(
        f'<module name="{name}" s:model_name="M" xmlns:s="s">'
        f'<connect to="{name}.x" from="{name}0"/>'
        f"</module>{aux(f'{name}0', value)}"
        for name, value in (("A", "1"), ("B", "5"))
    )
    a, b = run(write(body, model), "A.S", "B.S")
    assert (a.tolist(), b.tolist()) == ([1, 2, 3, 4, 5], [5, 10, 15, 20, 25])


def test_a_module_that_holds_itself_is_refused(write):
    model = '<model name="M"><variables><module name="M"/></variables></model>'
    with pytest.raises(SDError, match="no model of its own"):
        read_model(write('<module name="M"/>', model))


@pytest.mark.parametrize(
    ("equation", "expected"),
    [
        ("IF THEN ELSE(TIME > 2, 1, 0)", 1),
        ("SMOOTH(5, 2) + SMOOTH3I(5, 2, 5)", 10),
        ("DELAY FIXED(TIME, 2, 7)", 2),
        ("PULSE TRAIN(0, 1, 2, 10) + DELAY1I(3, 2, 3)", 4),
    ],
)
def test_functions_of_vensim_are_read_as_vensim_exports_them(write, equation, expected):
    (value,) = last(write(aux("q", equation)), "q")
    assert value == expected


def test_a_variable_without_an_equation_that_stella_writes_as_nan_is_no_number(write):
    (value,) = last(write(aux("q", "NAN(p)") + aux("p", "1")), "q")
    assert math.isnan(value)


def test_a_variable_called_like_a_time_of_the_clock_must_be_it(write):
    assert last(write(aux("Time Step", "1") + aux("q", "Time_Step*2")), "q")[0] == 2
    with pytest.raises(SDError, match="name of the clock's 1"):
        read_model(write(aux("Time Step", "3")))


def test_a_macro_with_a_run_of_its_own_is_refused(write):
    macro = TWICE.replace("</parm>", "</parm><sim_specs><start>0</start></sim_specs>")
    with pytest.raises(SDError, match="a run of its own"):
        read_model(write(aux("q", "twice(1)"), macro))


def test_a_subscript_that_is_a_number_must_be_a_place(write):
    ages = '<dimensions><dim name="A"><elem name="0-4"/><elem name="5-9"/></dim></dimensions>'
    body = '<aux name="p"><dimensions><dim name="A"/></dimensions><eqn>A</eqn></aux>'
    for equation, right in (('p["5-9"]', True), ("p[4-2]", True), ("p[5-9]", False)):
        path = write(body + aux("q", equation))
        path.write_text(path.read_text("utf-8").replace(RANGES, ages), "utf-8")
        if right:
            assert last(path, "q")[0] == 2
        else:
            with pytest.raises(SDError, match="stands in quotes"):
                read_model(path)


def test_old_files_of_ithink_are_read_and_their_behaviour_may_stand_for_all(write):
    path = write(
        '<stock name="S"><eqn>3</eqn><outflow>f</outflow></stock><flow name="f"><eqn>2</eqn></flow>'
    )
    behaviour = "<behavior><all><non_negative/></all></behavior>"
    old = path.with_suffix(".itmx")
    old.write_text(path.read_text("utf-8").replace(RANGES, behaviour), "utf-8")
    assert run(old, "S")[0].tolist() == [3, 1, 0, 0, 0]


def test_names_of_modules_and_their_variables_may_be_quoted_part_by_part(write):
    models = (
        '<model name="my-mod"><variables>' + aux("in/out", "TIME * 2") + "</variables></model>"
        '<model name="b"><variables>'
        + aux("ghost of in/out", "0")
        + aux("y", '"ghost_of_in/out" + 1')
        + "</variables></model>"
    )
    link = """<connect to='b."ghost_of_in/out"' from='"my-mod"."in/out"'/>"""
    body = f'<module name="my-mod">{link}</module><module name="b">{link}</module>'
    y, q = run(write(body + aux("q", '"my-mod"."in/out" - b.y'), models), "b.y", "q")
    assert (y.tolist(), q.tolist()) == ([1, 3, 5, 7, 9], [-1] * 5)


def test_a_module_may_give_a_variable_of_the_model_it_stands_in_its_value(write):
    model = (
        '<model name="M 1"><variables>' + aux("p", "0") + aux("z", "p*2") + "</variables></model>"
    )
    links = '<connect to=".z_in" from="M_1.z"/><connect to="M_1.p" from=".w"/>'
    body = f'<module name="M 1">{links}</module>' + aux("z in", "M_1") + aux("w", "7")
    assert last(write(body + aux("q", "z_in + 1"), model), "q")[0] == 15


@pytest.mark.parametrize("equation", ["", "<eqn>0+0</eqn>"])
def test_a_graphical_function_reaches_a_module_through_its_connection(write, equation):
    table = '<gf><xscale min="0" max="4"/><ypts>0,8</ypts></gf>'
    model = (
        '<model name="M"><variables>'
        + aux("shape", "0")
        + aux("y", "LOOKUP(shape, TIME) + shape(1)")
        + "</variables></model>"
    )
    body = f'<aux name="shape">{equation}{table}</aux><module name="M">'
    body += '<connect to="M.shape" from=".shape"/></module>'
    assert run(write(body, model), "M.y")[0].tolist() == [2, 4, 6, 8, 10]


def test_a_place_outside_an_array_is_what_the_file_says(write):
    path = write(C + aux("q", "n[TIME]"))
    head = '<header><options><uses_arrays invalid_index_value="NaN"/></options></header>'
    assert run(path, "q")[0].tolist() == [0, 10, 20, 30, 0]
    path.write_text(path.read_text("utf-8").replace("<sim_specs", head + "<sim_specs"), "utf-8")
    np.testing.assert_array_equal(run(path, "q")[0], [np.nan, 10, 20, 30, np.nan])
