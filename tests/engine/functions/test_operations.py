"""Every function of the kernel against its NumPy definition, through random expressions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sdengine.program.interpreter import run_reference
from sdengine.program.lower import lower
from sdensemble import compile_model, read_model

ONE = ["GAMMA LN", "ABS", "SQRT", "EXP", "LN", "SIN", "COS", "ARCTAN", "TANH"]
LEAVES = ["a", "b", "x[s]", "y[s]", "Time", "S[s]", "2", "0.5", "SUM(x[s!])", "VMAX(y[s!])"]


def expressions():
    leaf = st.sampled_from(LEAVES)

    def grow(inner):
        binary = st.tuples(st.sampled_from("+-*/"), inner, inner).map(
            lambda t: f"({t[1]} {t[0]} {t[2]})"
        )
        call = st.tuples(st.sampled_from(ONE), inner).map(lambda t: f"{t[0]}({t[1]})")
        two = st.tuples(st.sampled_from(["MIN", "MAX", "ZIDZ"]), inner, inner).map(
            lambda t: f"{t[0]}({t[1]},{t[2]})"
        )
        # what jumps stands on leaves only: a last bit before a jump is nobody's fault
        jump = st.tuples(st.sampled_from(["QUANTUM", "MODULO", "STEP", "PULSE"]), leaf, leaf).map(
            lambda t: f"{t[0]}({t[1]},{t[2]})"
        )
        three = st.tuples(
            inner, st.sampled_from(["<", ">", "<=", ">=", "=", "<>"]), inner, inner, inner
        ).map(lambda t: f"IF THEN ELSE({t[0]} {t[1]} {t[2]} :OR: a>b, {t[3]}, {t[4]})")
        power = st.tuples(inner, st.sampled_from(["2", "0.5", "3", "-1", "a", "1.7"])).map(
            lambda t: f"({t[0]})^({t[1]})"
        )
        table = inner.map(lambda e: f"WITH LOOKUP({e}, ((-1,2),(0,1),(0.7,1.5),(2,-1)))")
        return st.one_of(binary, call, two, jump, three, power, table)

    return st.recursive(leaf, grow, max_leaves=8)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(expressions(), min_size=3, max_size=6), st.integers(0, 2**31))
def test_the_kernel_equals_the_reference_on_random_expressions(tmp_path_factory, formulas, seed):
    equations = "".join(f"v{i}[s]={f}~~|\n" for i, f in enumerate(formulas))
    path = tmp_path_factory.mktemp("random") / "random.mdl"
    path.write_text(
        "{UTF-8}\ns: e1,e2,e3~~|\na=1.5~~|\nb=0.3~~|\nx[s]=1,-2,3~~|\ny[s]=0.1,0.2,-0.3~~|\n"
        f"S[s]=INTEG(x[s]-S[s],y[s])~~|\n{equations}"
        "INITIAL TIME=0~~|\nFINAL TIME=1~~|\nTIME STEP=0.25~~|\nSAVEPER=0.25~~|\n",
        encoding="utf-8",
    )
    model = read_model(path)
    kernel = compile_model(model, lanes=8, use_cache=False)  # fewer lanes compile sooner
    rng = np.random.default_rng(seed)
    members = 5
    constants = {
        "a": rng.uniform(-2, 2, members),
        "b": rng.uniform(-2, 2, members),
        "x": rng.uniform(-3, 3, (3, members)),
        "y": rng.uniform(-3, 3, (3, members)),
    }
    names = [f"v{i}" for i in range(len(formulas))]
    found = kernel.run(constants, report=names).values
    program = lower(model)
    expected = run_reference(program, constants, members=members)
    for name in names:
        reference = expected[:, program.where(name)]
        _assert_close(found[name], reference, formulas[int(name[1:])])


def _assert_close(found, expected, what):
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected), what)
    both = np.isfinite(found) & np.isfinite(expected)
    largest = np.abs(expected[both]).max(initial=0.0) + 1.0
    off = np.abs(found[both] - expected[both]).max(initial=0.0)
    assert off <= 1e-9 * largest, what


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("STEP(3, 1)", [0, 0, 3, 3, 3]),
        ("PULSE(0.5, 1)", [0, 1, 1, 0, 0]),
        ("STEP(3, 0.9)", [0, 0, 3, 3, 3]),
        ("PULSE(1, 0)", [0, 0, 1, 0, 0]),
        ("PULSE(0.9, 0.5)", [0, 0, 1, 0, 0]),
        ("PULSE(1, 0.1)", [0, 0, 0, 0, 0]),
        ("PULSE TRAIN(0.5, 0.1, 1, 9)", [0, 1, 0, 1, 0]),
        ("PULSE TRAIN(0.4, 0.5, 1, 9)", [0, 1, 0, 1, 0]),
        ("PULSE TRAIN(0, 2, 1, 1)", [1, 1, 1, 0, 0]),
        ("RAMP(2, 0.5, 1.5)", [0, 0, 1, 2, 2]),
        ("GAMMA LN(5) + Time*0", [np.log(24)] * 5),
        ("DEPRECIATE STRAIGHTLINE(1+Time, 1, 1, 0)", [1, 2.5, 3.5, 4.5, 5.5]),
        (
            "DEPRECIATE STRAIGHTLINE(1+Time, 1.3, 1, 0)",
            [1 / 1.3, 2.5 / 1.3, 4.5 / 1.3, 6 / 1.3, 7.5 / 1.3],
        ),
        ("DEPRECIATE STRAIGHTLINE(1+Time, 0.5, 1, 0)", [2, 3, 4, 5, 6]),
        ("NPV(2, 0.2, 0, 3)", np.cumsum(3 * 2 * 0.5 / 1.1 ** np.arange(5)).tolist()),
        ("MODULO(Time, 1)", [0, 0.5, 0, 0.5, 0]),
        ("QUANTUM(Time, 1)", [0, 0, 1, 1, 2]),
        ("INTEGER(-1.5) + Time*0", [-1] * 5),
        ("ZIDZ(1, 0) + Time*0", [0] * 5),
        ("XIDZ(1, 0, 7) + Time*0", [7] * 5),
        ("INITIAL(Time + 4)", [4] * 5),
        ("TIME STEP + FINAL TIME + Time*0", [2.5] * 5),
    ],
)
def test_time_functions_give_the_values_of_the_manual(write_model, formula, expected):
    model = read_model(write_model(f"v={formula}~~|", step=0.5))
    run = compile_model(model).run(report=["v"])
    np.testing.assert_allclose(run.values["v"][:, 0], expected, atol=1e-12)
