"""Equations of Vensim: order of operators, names, lists, tables, and what is wrong with them."""

from __future__ import annotations

import numpy as np
import pytest

from sdensemble import SDError, compile_model, read_model


def first(path, *names):
    run = compile_model(read_model(path)).run(report=names)
    return [run.values[name][0, ..., 0] for name in names]


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("-2^2", -4),
        ("(-2)^2", 4),
        ("-x^2", -4),
        ("2^3^2", 512),
        ("x^3^x", 512),
        ("(2^3)^2", 64),
        ("2^-1", 0.5),
        ("x^-x", 0.25),
        ("2*-x^2", -8),
        ("2--3", 5),
        ("- -3", 3),
        ("7-x-1", 4),
        ("24/x/3", 4),
        ("24/x*3", 36),
        ("-x-x-x", -6),
        ("2-(3-4)", 3),
        ("1e3+1.5E-3+.5+5.", 1005.5015),
        ("007", 7),
        ("41+1", 42),
        ("x+1 :IGNORE: y, x", 3),
        ("(x>1)*3", 3),
    ],
)
def test_arithmetic_goes_in_the_usual_order(write_model, formula, expected):
    assert first(write_model(f"x=2+Time*0~~|\ny={formula}~~|"), "y") == [pytest.approx(expected)]


def test_a_time_base_counts_from_its_start_and_a_table_may_go_on(write_model):
    path = write_model("y=TIME BASE(1990,0.5)~~|\nt((0,0),(1,2))~~|\nz=TABXL(t,3)~~|")
    run = compile_model(read_model(path)).run(report=["y", "z"])
    assert run.values["y"][:, 0].tolist() == [1990 + 0.5 * t for t in run.times]
    assert run.values["z"][0, 0] == 6


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("x=1 :AND: x>0", True),
        ("x=1 :and: x>0", True),
        ("x=1:AND::NOT:x>2", True),
        ("x=1 :OR: x=1 :AND: x=2", True),  # AND before OR
        ("(x=1 :OR: x=1) :AND: x=2", False),
        (":NOT: x=1 :OR: x>5", False),
        (":NOT: (x=1 :AND: x=2)", True),
        (":Not: x=2", True),
    ],
)
def test_and_binds_more_tightly_than_or_and_keywords_may_be_small(write_model, condition, holds):
    path = write_model(f"x=1+Time*0~~|\ny=IF THEN ELSE({condition}, 1, 0)~~|")
    assert first(path, "y") == [float(holds)]


@pytest.mark.parametrize(
    "name",
    [
        "it's",
        "$cash",
        "2nd cup",
        "CO₂ emission",
        "GDP（亿元）",
        "人口、总数",
        "人口·总数",
        "人口—总 数",
        "Δt",
        "µ",
        '"a/b"',
        '"q \\"in\\" q"',
        '"GDP（亿元）"',
        '"x+y [z] {w}"',
        "long \\\n\t\tname",
        "tab\tname",
    ],
)
def test_names_are_read_as_vensim_reads_them(write_model, name):
    path = write_model(f"{name}=3~~|\ny={name}*2+Time*0~~|")
    assert first(path, "y") == [6]
    plain = " ".join(name.replace("\\\n", " ").split())
    assert plain in read_model(path).variables


def test_a_line_that_goes_on_may_do_so_anywhere(write_model):
    path = write_model("a = 1 + \\\n\t\t2 + \\\n  x~~|\nx = MAX(1,\\\n\t2)~~|\n")
    assert first(path, "a") == [5]


@pytest.mark.parametrize(
    ("unit", "limits"),
    [
        ("m [0,10,1]", (0, 10)),
        ("m [?,10]", (None, 10)),
        ("m[0,?]", (0, None)),
        ("[0,1]", (0, 1)),
        ("m [0, 10, ]", (0, 10)),
        ("m [0,10,?]", (0, 10)),
        ("m []", (None, None)),
        ("m [a,10]", (None, 10)),
    ],
)
def test_limits_are_read_where_they_are_numbers(write_model, unit, limits):
    path = write_model(f"a=1~{unit}~|\ny=a+Time~~|")
    assert read_model(path)["a"].limits == limits
    assert first(path, "y") == [1]


@pytest.mark.parametrize(
    ("table", "at", "expected"),
    [
        ("((0,0),(1,10))", 0.5, 5),
        ("([(0,0)-(10,10)],(0,0),(1,10))", 0.5, 5),
        ("([(0,0)-(10,10),(1,1),(2,2)],(0,0),(1,10))", 0.5, 5),
        ("(\n[(0,0)-(10,10)],\n(0,0),\\\n\t(1,10)\n)", 0.5, 5),
        ("( ( 0 , 0 ) , ( 1 , 10 ) , )", 0.5, 5),
        ("(0,1,2, 0,10,30)", 1.5, 20),
        ("((-1,-2),(1e0,+2),(.5e1,3.))", 0, 0),
        ("((2,3),(0,0),(1,1))", 1.5, 2),
        ("((3,5))", 99, 5),
    ],
)
def test_lookups_are_read_in_every_form_of_the_manual(write_model, table, at, expected):
    path = write_model(f"f{table}~~|\ny=f({at})+Time*0~~|")
    assert first(path, "y") == [expected]


def test_lookups_stand_inside_larger_expressions(write_model):
    path = write_model(
        "x=4+Time*0~~|\ny=2*WITH LOOKUP(x, ([(0,0)-(9,9)],(0,0),(4,8)))+1~~|\n"
        "z=1-with lookup ( MAX(x,1) , ((0,0),(4,8)) )~~|"
    )
    assert first(path, "y", "z") == [17, -7]


@pytest.mark.parametrize(
    ("table", "shape"),
    [
        ("1,2,3;4,5,6;", None),
        ("1,2,3;\n4,5,6;\n", None),
        ("1,2,3;4,5,6", None),
        ("TABBED ARRAY(\n1\t2\t3\n4\t5\t6)", None),
        ("tabbed array(1 2 3\\\n4 5 6)", None),
        ("TABBED ARRAY(1,2,3\n4,5,6)", None),
    ],
)
def test_tables_are_read_in_every_form(write_model, table, shape):
    path = write_model(f"s: a,b~~|\nt: p,q,r~~|\nx[s,t]={table}~~|\ny=SUM(x[b,t!])~~|")
    np.testing.assert_array_equal(read_model(path)["x"].value, [[1, 2, 3], [4, 5, 6]])
    assert first(path, "y") == [15]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("y=1 2", 'has "2" where it should end'),
        ("y=1+", "ends where a value is expected"),
        ("y=(1", "ends where \\) is expected"),
        ("y=1)", 'has "\\)" where it should end'),
        ("s: p,q~~|\nx[s]=1,2~~|\ny=x[]", "without a subscript"),
        ("y=MAX(1 2)", 'has "2" where , is expected'),
        ("y=a%b", "is not understood"),
        ("y=1e400", "too large"),
        ("s: a,b,c~~|\ny[s]=1,2", "2 numbers stand where 3 are needed"),
        ("s: a,b~~|\nt: p,q~~|\ny[s,t]=1,2;3,4;5,6;", "6 numbers stand where 2 × 2 are needed"),
        ("s: a,b~~|\nt: p,q~~|\ny[s,t]=1,2;3;", "rows are not equally long"),
        ("y()", "y"),
        ('a b=1~~|\n"a_b"=2~~|\ny=1~~|\ny=2', "is defined twice"),
    ],
)
def test_what_is_wrong_is_said_with_the_name(write_model, entry, words):
    with pytest.raises(SDError, match=words) as caught:
        read_model(write_model(f"{entry}~~|"))
    assert '"y"' in str(caught.value)


def test_missing_values_compare_as_in_vensim(write_model):
    path = write_model(
        "x=IF THEN ELSE(Time>1,:NA:,Time)~~|\nnone=:NA:~~|\n"
        "a=IF THEN ELSE(x=:NA:,1,0)~~|\nb=IF THEN ELSE(:NA:<>x,x,-1)~~|\n"
        "c=IF THEN ELSE(none=:NA:,1,0)~~|\nd=IF THEN ELSE(x>none,1,0)~~|",
        step=1.0,
    )
    run = compile_model(read_model(path)).run(report=["a", "b", "c", "d"])
    found = {name: values[:, 0].tolist() for name, values in run.values.items()}
    assert found == {"a": [0, 0, 1], "b": [0, 1, -1], "c": [1, 1, 1], "d": [1, 1, 0]}


@pytest.mark.parametrize(
    ("clock", "times"),
    [
        ("TIME STEP=1/4~~|\nFINAL TIME=INITIAL TIME+span~~|\nSAVEPER=TIME STEP*2~~|", [0, 0.5, 1]),
        ("TIME STEP=IF THEN ELSE(span<2,0.5,1)~~|\nFINAL TIME=MAX(span,1)~~|", [0, 0.5, 1]),
        ("time_step=2^-1~~|\nFinal Time=span~~|\nsaveper=time step~~|", [0, 0.5, 1]),
    ],
)
def test_a_clock_may_be_computed_and_what_it_hangs_on_stays(tmp_path, clock, times):
    path = tmp_path / "clock.mdl"
    path.write_text("{UTF-8}\nINITIAL TIME=0~~|\nspan=1~~|\nx=Time~~|\n" + clock, encoding="utf-8")
    kernel = compile_model(read_model(path))
    np.testing.assert_array_equal(kernel.run(report=["x"]).times, times)
    with pytest.raises(SDError, match="span"):
        kernel.run({"span": 2.0}, report=["x"])


# ── encodings ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "encoding"),
    [("人口", "gbk"), ("人口", "utf-16"), ("Température", "cp1252"), ("Größe für Öl", "cp1252")],
)
def test_names_are_read_without_a_word_on_the_encoding(tmp_path, name, encoding):
    path = tmp_path / "model.mdl"
    text = f"{name}=3~~|\ny={name}*2+Time*0~~|\nINITIAL TIME=0~~|\nFINAL TIME=1~~|\n"
    path.write_bytes((text + "TIME STEP=1~~|\nSAVEPER=1~~|\n").encode(encoding))
    assert name in read_model(path).variables
    assert first(path, "y") == [6]


# ── macros ─────────────────────────────────────────────────────────────────────────────────

TWO = ":MACRO: SPAN(a,b:low,high)\nSPAN=high-low~~|\nlow=MIN(a,b)~~|\nhigh=MAX(a,b)~~|\n"


def test_a_macro_may_have_several_results(write_model):
    path = write_model(
        TWO + ":END OF MACRO:\ns: p,q~~|\nx[s]=5,1~~|\n"
        "y[s]=1+SPAN(x[s],2:least[s],most[s])~~|\nz=SUM(least[s!])+10*SUM(most[s!])~~|"
    )
    y, z = first(path, "y", "z")
    np.testing.assert_array_equal(y, [4, 2])
    assert z == 3 + 70


@pytest.mark.parametrize("name", ["平滑", "宏（a）x", '"m/x"'])
def test_macros_and_their_parameters_may_have_any_name(write_model, name):
    path = write_model(
        f":MACRO: {name}(输入（x）)\n{name}=输入（x）*2~~|\n:END OF MACRO:\ny={name}(3)~~|"
    )
    assert first(path, "y") == [6]


@pytest.mark.parametrize("formula", ["IF THEN ELSE(x>1，1，0)", "2*（x+1）"])
def test_full_width_signs_are_pointed_out(write_model, formula):
    with pytest.raises(SDError, match="full-width signs are letters of a name"):
        compile_model(read_model(write_model(f"x=Time~~|\ny={formula}~~|")))


def test_more_results_than_a_macro_has_are_refused(write_model):
    path = write_model(TWO + ":END OF MACRO:\ny=SPAN(Time,2:a,b,c)~~|")
    with pytest.raises(SDError, match="has 2 further results"):
        read_model(path)


def test_a_range_with_an_element_twice_is_refused(write_model):
    with pytest.raises(SDError, match='range "s" has the element "a" twice'):
        read_model(write_model("s: a,b,A~~|\nx[s]=1,2,3~~|"))


def test_data_files_are_found_however_their_name_is_written(write_model, tmp_path):
    (tmp_path / "Data").mkdir()
    (tmp_path / "Data" / "数据 A.csv").write_text("t,0,9\nv,5,5\n", encoding="utf-8")
    path = write_model("d:=GET DIRECT DATA('.\\data\\数据 a.CSV',',','1','B2')~~|")
    assert first(path, "d") == [5]


def test_a_sum_of_very_many_terms_is_read(write_model):
    terms = " + ".join(["Time"] * 600)
    run = compile_model(read_model(write_model(f"x={terms}-1~~|"))).run(report=["x"])
    assert run.values["x"][-1, 0] == 1199


@pytest.mark.parametrize(
    ("formula", "instead"),
    [
        ("FIND ZERO(1,2,3,4,5,6,7,8,9)", "SIMULTANEOUS"),
        ("INTERNAL RATE OF RETURN(1,1,0,0)", "NPV"),
        ("GET VDF DATA('a.vdf','x',1)", "GET DIRECT DATA"),
    ],
)
def test_a_function_that_is_not_supported_says_what_to_write_instead(write_model, formula, instead):
    with pytest.raises(SDError, match=instead):
        read_model(write_model(f"x={formula}~~|"))
