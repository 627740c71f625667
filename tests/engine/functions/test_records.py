"""Every function's record is whole: it can be read, has a unit, is lowered, emitted, computed."""

from __future__ import annotations

import re
from collections import defaultdict

import numpy as np
import pytest

from sdengine import check_units, compile_model, read_model
from sdengine.functions import FAMILIES, FUNCTIONS, MEANINGS, OPERATIONS
from sdengine.functions.record import Function, elementwise
from sdengine.functions.unit_rules import rule
from sdengine.program.interpreter import run_reference

RECORDS = [record for family in FAMILIES for record in family.RECORDS]
WITHOUT_EXAMPLE = {"integ_non_negative"}  # a form of XMILE's stocks that no formula writes


@pytest.mark.parametrize("record", RECORDS, ids=lambda r: r.name)
def test_a_record_lacks_nothing(record: Function):
    assert record.spellings
    assert all(isinstance(count, int) and count >= 0 for count in record.arity)
    assert record.unit.__doc__, "a rule says what it asks for"
    assert (record.lower is None) != (record.stands is None)
    assert bool(record.example.formula) != (record.name in WITHOUT_EXAMPLE)
    written = record.emit is not None or record.mask is not None
    if record.lower is elementwise:
        assert written
    assert written == (record.name in OPERATIONS)
    if written:
        assert record.name in MEANINGS
    if record.reduces:
        assert record.arity[0] >= 1


def test_no_name_is_taken_twice():
    assert len(FUNCTIONS) == len(RECORDS)


def test_every_operation_of_lowering_has_its_definition_and_its_code():
    for name, operation in OPERATIONS.items():
        assert operation.emit or operation.mask, name
        assert operation.meaning or name in ("log2_mantissa", "power_of"), name


# ── examples ───────────────────────────────────────────────────────────────────────────────


def _vensim(records: list[Function], given: str) -> str:
    lines = [given.replace("~~|", "~Dmnl~|")] if given else []
    lines += [f"y {r.name}={r.example.formula}~Dmnl~|" for r in records]
    return "\n".join(lines)


def _groups() -> list[list[Function]]:
    """Return records whose examples fit into one file: those with the same givens."""
    groups: dict[str, list[Function]] = defaultdict(list)
    for record in RECORDS:
        if record.example.formula and not record.example.xmile:
            groups[record.example.given].append(record)
    return list(groups.values())


@pytest.mark.parametrize("group", _groups(), ids=lambda g: f"{g[0].name} and {len(g) - 1} more")
def test_an_example_has_its_value_in_the_kernel_and_in_numpy(write_model, tmp_path, group):
    (tmp_path / "d.csv").write_text("time,0,1,3\nx,10,20,40\n", encoding="utf-8")
    path = write_model(_vensim(group, group[0].example.given), step=1.0, stop=4.0)
    path.write_text(path.read_text("utf-8").replace("~Year~", "~Dmnl~"), encoding="utf-8")
    model = read_model(path)
    assert not [line for line in check_units(model) if line.startswith('"y ')]
    _computed(model, group)


def _computed(model, group) -> None:
    kernel = compile_model(model)
    names = [f"y {record.name}" for record in group]
    run = kernel.run(report=names)
    state = run_reference(kernel.program)
    for record, name in zip(group, names, strict=True):
        wanted = record.example.value
        assert run.values[str(model.name_of(name))][-1, 0] == pytest.approx(wanted, rel=1e-6), (
            record.name
        )
        own = str(model.name_of(name))
        reference = state[-1, kernel.program.where(own).flat[0], 0]
        assert reference == pytest.approx(wanted, rel=1e-6), record.name


def _xmile(records: list[Function]) -> str:
    given = dict.fromkeys(line for r in records for line in r.example.given.splitlines())
    variables = []
    for line in given:
        name, right = re.fullmatch(r"(\w+)\[e\]=(.*)", line).groups()  # type: ignore[union-attr]
        body = f"<eqn>{right}</eqn>"
        if re.fullmatch(r"[\d.,]+", right):
            body = "".join(
                f'<element subscript="e{i + 1}"><eqn>{value}</eqn></element>'
                for i, value in enumerate(right.split(","))
            )
        dims = '<dimensions><dim name="e"/></dimensions>'
        variables.append(f'<aux name="{name}">{dims}{body}</aux>')
    variables += [f'<aux name="y_{r.name}"><eqn>{r.example.formula}</eqn></aux>' for r in records]
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0">'
        "<header><vendor>isee systems</vendor><product>Stella</product><name>t</name></header>"
        "<sim_specs><start>0</start><stop>4</stop><dt>1</dt></sim_specs>"
        '<dimensions><dim name="e"><elem name="e1"/><elem name="e2"/><elem name="e3"/></dim>'
        f"</dimensions><model><variables>{''.join(variables)}</variables></model></xmile>"
    )


def test_an_example_of_xmile_has_its_value(tmp_path):
    group = [record for record in RECORDS if record.example.xmile]
    path = tmp_path / "x.xmile"
    path.write_text(_xmile(group), encoding="utf-8")
    _computed(read_model(path), group)


# ── units ──────────────────────────────────────────────────────────────────────────────────


def test_a_sound_model_of_functions_that_had_no_rule_has_no_fault(write_model):
    path = write_model(
        "flow=2~Widget/Year~|\ntau=3~Year~|\n"
        "a=DELAY FIXED(flow,tau,flow)~Widget/Year~|\n"
        "b=SAMPLE IF TRUE(Time>2,flow,0)~Widget/Year~|\n"
        "c=SIN(Time/tau)~Dmnl~|\nd=DELAY N(flow,tau,flow,3)~Widget/Year~|\n"
        "e=LOG(flow/flow,10)~Dmnl~|\nf=RANDOM UNIFORM(0,flow,1)~Widget/Year~|"
    )
    assert check_units(read_model(path)) == ()


@pytest.mark.parametrize(
    ("formula", "unit", "word"),
    [
        ("DELAY FIXED(flow,flow,flow)", "Widget/Year", "time in DELAY_FIXED"),
        ("SIN(tau)", "Dmnl", "SIN"),
        ("NPV(flow,rate,stuff,1)", "Widget/Year", "gives"),
        ("RANDOM NORMAL(0,flow,stuff,0,1)", "Widget/Year", "RANDOM_NORMAL"),
        ("FORECAST(flow,tau,flow)", "Widget/Year", "time in FORECAST"),
        ("PULSE TRAIN(tau,stuff,tau,tau)", "Dmnl", "PULSE_TRAIN"),
    ],
)
def test_a_wrong_unit_inside_a_function_is_named(write_model, formula, unit, word):
    path = write_model(
        "flow=2~Widget/Year~|\ntau=3~Year~|\nrate=.1~1/Year~|\nstuff=1~Widget~|\n"
        f"x={formula}~{unit}~|"
    )
    (line,) = [line for line in check_units(read_model(path)) if line.startswith('"x"')]
    assert word in line


@pytest.mark.parametrize("text", ["x, x -> x", "x x -> x x", "y -> 1", "x x"])
def test_a_rule_that_cannot_be_read_is_refused_where_it_is_written(text):
    with pytest.raises(ValueError, match=re.escape(repr(text))):
        rule(text)


def test_the_unit_of_an_inverted_matrix_is_turned_over(write_model):
    path = write_model(
        "r: a,b~~|\nq: x,y~~|\nm[r,q]=4,3;2,4;~Ton~|\nw[r,q]=INVERT MATRIX(m[r,q],2)~1/Ton~|"
    )
    assert check_units(read_model(path)) == ()
    run = compile_model(read_model(path)).run(report=["w"])
    np.testing.assert_allclose(run.values["w"][0, ..., 0], [[0.4, -0.3], [-0.2, 0.4]])
