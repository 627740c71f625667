"""The clean-up pass: what real files contain, and what the parser would drop without a word."""

from __future__ import annotations

import numpy as np
import pytest

from sdengine.model.repair import document
from sdengine.model.text import decode
from sdengine.model.vensim import method_of, read_vensim
from sdensemble import SDError, compile_model, read_model

XMILE = (
    '<xmile version="1.0"{space}><sim_specs{method}><start>0</start><stop>2</stop><dt>1</dt>'
    "</sim_specs><model>{body}</model></xmile>"
)
NOW = ' xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0"'


def first(path, *names):
    run = compile_model(read_model(path)).run(report=names)
    return [run.values[name][0, ..., 0] for name in names]


def xmile(body: str, *, space: str = NOW, method: str = "") -> str:
    return XMILE.format(body=body, space=space, method=method)


# ── Vensim ─────────────────────────────────────────────────────────────────────────────────


def test_comments_inside_equations_go_and_those_in_comment_fields_stay(write_model):
    path = write_model(
        "{a header}\nx = 1 {one {and more}} + 2 ~ Unit ~ a {kept} comment|\ny=x*2~~|"
    )
    assert first(path, "x", "y") == [3, 6]
    assert read_model(path)["x"].note.text == "a {kept} comment"


def test_quoted_names_keep_their_braces_bars_and_tildes(write_model):
    path = write_model('"a {b} | ~ c" = 4~~|\ny = "a {b} | ~ c" + 1~~|')
    assert first(path, "y") == [5]


def test_chinese_names_pass_unchanged(write_model):
    path = write_model("总产值 = 5 {注释} ~ 亿元 ~ 中文: 产值|\n增长率 = 总产值 * 2~~|")
    assert first(path, "增长率") == [10]
    assert read_model(path)["总产值"].unit == "亿元"


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b""])
@pytest.mark.parametrize("head", [b"{UTF-8}\r\n", b""])
def test_a_byte_order_mark_and_line_ends_do_not_matter(mark, head):
    text = decode(mark + head + b"a = 1 + \\\r\n\t\t2 ~~|")
    assert "\ufeff" not in text
    assert "\r" not in text
    assert [e.name for e in read_vensim(text).sections[0].elements] == ["a"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "gb18030"])
def test_chinese_is_read_in_the_usual_encodings(encoding):
    assert "产值" in decode("产值 = 1 ~~|".encode(encoding))


def test_a_letter_cut_through_does_not_spoil_the_others():
    text = "产值" * 40 + " = 1 ~ 亿元 ~ 说明"
    broken = text.encode() + "说".encode()[:2] + b" ~|"
    assert decode(broken).startswith(text)
    assert decode(("产值" * 40).encode("gbk")) == "产值" * 40


def test_repeated_lookup_points_are_read(write_model):
    path = write_model("t((0,0),(1,1),(1,1),(2,4))~~|\ny=t(1.5)+Time*0~~|\nz=t(1)+Time*0~~|")
    assert first(path, "y", "z") == [2.5, 1]


def test_a_jump_in_a_lookup_takes_the_later_value_after_it(write_model):
    path = write_model("t((0,0),(1,1),(1,3),(2,3))~~|\ny=t(1.001)+Time*0~~|\nz=t(0.5)+Time*0~~|")
    assert first(path, "y", "z") == [3, 0.5]


def test_data_without_an_equation_must_be_given_values(write_model):
    path = write_model("s: a,b~~|\nsales[s] ~ kg~|\ny=SUM(sales[s!])~~|")
    kernel = compile_model(read_model(path))
    with pytest.raises(SDError, match='data "sales" have no source'):
        kernel.run(report=["y"])
    run = kernel.run({"sales": np.array([[1.0, 5.0], [2.0, 6.0]])}, report=["y"])
    assert run.values["y"][0].tolist() == [3, 11]


MACRO = ":MACRO: TWICE(x, k)\nTWICE = x*k + INITIAL(x)~~|\n:END OF MACRO:\n"


@pytest.mark.parametrize(
    "text",
    [
        MACRO + "a=1~~|\nb=TWICE(a,3)~~|\n",
        "a=1~~|\n" + MACRO + "b=TWICE(a,3)~~|\n",
        "a=1~~|\nb=TWICE(a,3)~~|\n" + MACRO,
        "a=1~~|\n:MACRO: OTHER(y)\nOTHER=y~~|\n:END OF MACRO:\nb=TWICE(OTHER(a),3)~~|\n" + MACRO,
        "{UTF-8}\n{note}\n" + MACRO.replace("=", " = {c} ") + "a=1~~|\nb=TWICE(a,3)~~|\n",
    ],
)
def test_macros_may_stand_anywhere(write_model, text):
    assert first(write_model(text), "b") == [4]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a=1~~|\nb=2~~", "ends inside an equation"),
        ("a=1~~|\nb=2", "ends inside an equation"),
        ("a=1~|\nb=2~~|", 'an equation with 1 "~"'),
        ("a=1|\nb=2~~|", 'an equation with 0 "~"'),
        ("a=1~u~c~d~e|", 'an equation with 4 "~"'),
        ("a=1{never closed~~|", "a comment does not end"),
        (":MACRO: M(x)\nM=x~~|\na=M(1)~~|", "a macro does not end"),
        ("s: (A1-A9999999)~~|\nx[s]=1~~|", "a subscript range that is too long"),
        ("a=1~~|\nA=2~~|", "is defined twice"),
        ("s: p,q~~|\na[s]=1~~|\na[p]=2~~|", "is defined twice"),
    ],
)
def test_what_would_be_dropped_without_a_word_is_refused(write_model, text, words):
    path = write_model("")
    path.write_text("{UTF-8}\n" + text, encoding="utf-8")
    if "twice" in words:
        path = write_model(text, "twice.mdl")
    with pytest.raises(SDError, match=words):
        read_model(path)


def test_an_equation_that_cannot_be_parsed_is_named(write_model):
    with pytest.raises(SDError) as caught:
        read_model(write_model("good=1~~|\nbad one = 3 + ~~|\nanother[s = 4 ~~|"))
    assert '"bad one" cannot be read' in str(caught.value)
    assert "good" not in str(caught.value)


@pytest.mark.parametrize(
    ("code", "method"), [("0", "euler"), ("1", "rk4"), ("3", "rk2"), ("5", "rk4")]
)
def test_vensim_says_its_integration_method_in_its_settings(code, method):
    text = f"a=1~~|\n\\\\\\---/// Sketch\n///---\\\\\\\n:L<%^E!@\n1:Current\n15:0,0,0,{code},0,0\n"
    assert method_of(text) == method


# ── XMILE ──────────────────────────────────────────────────────────────────────────────────

OLD = '<stock name="S"><eqn>1</eqn><inflow>f</inflow></stock><flow name="f"><eqn>S*2</eqn></flow>'


@pytest.mark.parametrize("space", [NOW, ' xmlns="http://www.systemdynamics.org/XMILE"', ""])
def test_old_files_with_loose_variables_are_read(tmp_path, space):
    path = tmp_path / "old.stmx"
    path.write_text(xmile(OLD, space=space), encoding="utf-8")
    run = compile_model(read_model(path)).run(report=["S"])
    assert run.values["S"][:, 0].tolist() == [1, 3, 9]


def test_an_initial_equation_beside_the_running_one_is_honoured(tmp_path):
    body = (
        '<variables><stock name="S"><eqn>a</eqn><inflow>a</inflow></stock>'
        '<aux name="a"><eqn>S*2</eqn><init_eqn>7</init_eqn></aux></variables>'
    )
    path = tmp_path / "init.xmile"
    path.write_text(xmile(body), encoding="utf-8")
    run = compile_model(read_model(path)).run(report=["S"])
    assert run.values["S"][:2, 0].tolist() == [7, 21]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('<variables><module name="m"/></variables>', '<module> \\("m"\\)'),
        (
            '<variables><stock name="s"><eqn>1</eqn><conveyor/></stock></variables>',
            '<conveyor> \\("s"\\) has no outflow',
        ),
        ('<variables><aux name="a"><eqn>???</eqn></aux></variables>', '"a" has no equation'),
        ('<variables><aux name="a"><eqn>1</eqn></variables>', "not well formed"),
        ('<variables><aux name="a"><eqn>1 + </eqn></aux></variables>', '"a" cannot be read'),
        ("", "no variable found"),
        ("</model><model>", "2 <model> elements"),
    ],
)
def test_what_is_not_read_of_xmile_is_refused_by_name(tmp_path, body, words):
    path = tmp_path / "model.xmile"
    path.write_text(xmile(body), encoding="utf-8")
    with pytest.raises(SDError, match=words):
        read_model(path)


def test_a_document_type_is_refused():
    with pytest.raises(ValueError, match="document type"):
        document('<!DOCTYPE x [<!ENTITY a "b">]>' + xmile(OLD))


@pytest.mark.parametrize(
    ("said", "method"), [("RK4", "rk4"), ("Euler", "euler"), ("rk2", "rk2"), (None, "euler")]
)
def test_xmile_says_its_integration_method(tmp_path, said, method):
    path = tmp_path / "model.xmile"
    attribute = f' method="{said}"' if said else ""
    path.write_text(xmile(OLD, method=attribute), encoding="utf-8")
    assert read_model(path).clock.method == method


def test_an_unknown_integration_method_is_refused(tmp_path):
    path = tmp_path / "model.xmile"
    path.write_text(xmile(OLD, method=' method="leapfrog"'), encoding="utf-8")
    with pytest.raises(SDError, match='method "leapfrog" is not supported'):
        read_model(path)
