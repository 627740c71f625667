"""A kernel made before: found where all that made it is the same, and nowhere else."""

from __future__ import annotations

import os
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdengine import compile_model, read_model
from sdengine.functions import OPERATIONS
from sdengine.ir import Statement
from sdengine.native import jit, made
from sdengine.native.jit import processor
from sdengine.native.plan import make_plan
from sdengine.program.lower import lower
from sdengine.program.prune import pruned

TEXT = """
part: a, b, c ~~|
pace[part] = 0.1, 0.2, 0.3 ~~|
begins = 0.6 ~~|
order = 3 ~~|
on = IF THEN ELSE(Time >= begins, 1, 0) ~~|
drive[part] = (Level[part] + 1) ^ pace[part] * on / pace[part] ~~|
late[part] = DELAY N(drive[part], 2, 0, order) ~~|
table((0,0),(1,2),(3,4)) ~~|
Level[part] = INTEG(table(late[part]) - Level[part] / 5, 1) ~~|
shown = SUM(Level[part!]) ~~|
"""


@pytest.fixture
def program(write_model):
    return lower(read_model(write_model(TEXT, step=0.125)))


@pytest.fixture
def place(program):
    return made.place(program, None, processor())


def no_plan(*_, **__):
    raise AssertionError("planned again")


def test_a_kernel_made_before_is_neither_planned_nor_written(write_model, monkeypatch):
    model = read_model(write_model(TEXT, step=0.125))
    first = compile_model(model)
    few = first.only(["shown"])
    for name in ("make_plan", "emit"):
        monkeypatch.setattr(made, name, no_plan)
    again = compile_model(read_model(model.path))
    assert again.from_cache
    assert (again.digest, again.lanes) == (first.digest, first.lanes)
    assert again.only(["shown"]).digest == few.digest != first.digest
    layout, expected = again.made.layout, first.made.layout
    assert layout.size == expected.size
    np.testing.assert_array_equal(layout.switches, expected.switches)
    for slot in range(first.program.size):
        slots = np.array([slot])
        np.testing.assert_array_equal(layout.waiting(slots), expected.waiting(slots))
    constants = {"begins": np.linspace(0, 2, 40), "pace": np.full(3, 0.4)}
    runs = [one.run(constants, report=["Level", "on"]).values for one in (first, again)]
    for name in ("Level", "on"):
        np.testing.assert_array_equal(runs[0][name], runs[1][name])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("/ 5, 1)", "/ 6, 1)"),
        ("/ 5, 1)", "/ 5, 2)"),
        ("Time >= begins", "Time > begins"),
        ("order = 3", "order = 4"),
        ("begins = 0.6", "begins = 0.7"),
        ("(3,4)", "(3,4.000000000000001)"),
        ("late[part] = DELAY N", "late[part] = SMOOTH N"),
        ("c ~~|\npace[part] = 0.1, 0.2, 0.3", "c, d ~~|\npace[part] = 0.1, 0.2, 0.3, 0.4"),
    ],
)
def test_another_equation_or_number_is_another_kernel(program, place, write_model, before, after):
    assert before in TEXT
    changed = TEXT.replace(before, after)
    other = replace(lower(read_model(write_model(changed, step=0.125))), digest=program.digest)
    assert made.place(other, None, processor()) != place


def test_another_step_method_choice_of_variables_or_processor_is_another_kernel(
    program, place, write_model, monkeypatch
):
    model = read_model(write_model(TEXT, step=0.25))
    own = processor()
    others = [
        made.place(replace(lower(model), digest=program.digest), None, own),
        made.place(replace(program, method="rk4"), None, own),
        made.place(pruned(program, ["shown"]), None, own),
        made.place(pruned(program, ["shown", "on"]), None, own),
        made.place(program, 8, own),
    ]
    for field in fields(own):
        value = getattr(own, field.name)
        changed = not value if isinstance(value, bool) else value * 2
        others.append(made.place(program, None, replace(own, **{field.name: changed})))
    for name, other in (("compiler", lambda: "0"), ("host", lambda: ("another", "+avx2"))):
        with monkeypatch.context() as patch:
            patch.setattr(made, name, other)
            others.append(made.place(program, None, own))
    with monkeypatch.context() as patch:
        patch.setattr(made, "_engine", lambda: "another engine")
        others.append(made.place(program, None, own))
    assert len({place, *others}) == len(others) + 1


def test_no_part_of_a_program_is_left_out(program, place):
    for field in fields(program):
        value = getattr(program, field.name)
        if isinstance(value, np.ndarray):
            other = np.append(value.ravel(), 1)
        elif isinstance(value, frozenset):
            other = value | {"another"}
        elif isinstance(value, dict):
            other = value | {"another": (0, ())}
        elif isinstance(value, tuple):
            other = (*value, Statement("another", np.array([0]), program.dynamic[0].expr))
        elif value is None:
            other = np.array([0])
        else:
            other = value + (" more" if isinstance(value, str) else 1)
        changed = made.place(replace(program, **{field.name: other}), None, processor())
        assert changed != place, field.name


LEAVES = st.none() | st.booleans() | st.integers() | st.text() | st.floats()
SHAPES = st.sampled_from([(0,), (1,), (2,), (1, 2), (2, 1)])
ARRAYS = st.builds(lambda shape, n: np.full(shape, n), SHAPES, st.integers(0, 2) | st.floats(0, 2))
VALUES = st.recursive(LEAVES | ARRAYS, lambda part: st.lists(part, max_size=3).map(tuple))


def alike(a, b) -> bool:
    """Whether two values are the same to the last bit."""
    if type(a) is not type(b):
        return False
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(alike, a, b))
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    return np.float64(a).tobytes() == np.float64(b).tobytes() if isinstance(a, float) else a == b


@given(VALUES, VALUES)
def test_values_say_the_same_bytes_exactly_where_they_are_alike(a, b):
    same = b"".join(made.said(a)) == b"".join(made.said(b))
    assert same == alike(a, b)


def test_numbers_that_print_alike_are_told_apart():
    pairs = [(0.0, -0.0), (np.nan, -np.nan), (1, True), (1, 1.0), (1.0, np.float64(1)), ("1", 1)]
    for a, b in pairs:
        assert b"".join(made.said((a,))) != b"".join(made.said((b,)))


def test_what_cannot_be_said_is_refused():
    with pytest.raises(TypeError):
        list(made.said((1, OPERATIONS["add"])))


def test_another_byte_or_name_of_the_source_is_another_engine(tmp_path):
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "b.ll").write_text("y\n")
    later = os.stat(tmp_path / "b.ll").st_mtime + 1
    own = made.source_digest(tmp_path, later)
    (tmp_path / "a.py").write_text("x = 2\n")
    changed = made.source_digest(tmp_path, later)
    (tmp_path / "a.py").rename(tmp_path / "c.py")
    assert len({own, changed, made.source_digest(tmp_path, later), ""}) == 4
    assert made.source_digest(tmp_path, later - 10) == ""  # changed since it was loaded
    assert made.source_digest(tmp_path / "nothing", later) == ""


def test_without_known_source_a_kernel_is_planned_every_time(program, monkeypatch):
    monkeypatch.setattr(made, "_engine", lambda: "")
    assert made.place(program, None, processor()) is None
    monkeypatch.setattr(made, "make_plan", lambda *a, **k: called.append(1) or make_plan(*a, **k))
    called: list[int] = []
    for _ in range(2):
        made.made(program, None, processor(), use_cache=True)
    assert len(called) == 2


def test_a_layout_whose_code_is_gone_is_made_anew(program, tmp_path, monkeypatch):
    monkeypatch.setenv("SDENSEMBLE_CACHE", str(tmp_path / "cache"))
    made.made(program, None, processor(), use_cache=True)
    next((tmp_path / "cache").glob("*.o")).unlink()
    assert not made.made(program, None, processor(), use_cache=True).from_cache
    assert made.made(program, None, processor(), use_cache=True).from_cache
    assert jit.load("no such digest") is None
