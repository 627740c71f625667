"""Any function with any arguments is refused in words, or computed as its definition says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sdengine import SDError, compile_model, read_model
from sdengine.functions import FUNCTIONS
from sdengine.program.interpreter import run_reference
from sdengine.program.lower import lower

GIVEN = (
    "e: e1,e2,e3~~|\nf: f1,f2~~|\nv[e]=2,5,3~~|\nm[e,f]=1,2;3,4;5,6;~~|\n"
    "look((0,1),(1,3),(4,2))~~|\na=1.5~~|\nb=-0.25~~|\ns=INTEG(a-s,b)~~|\n"
)
POOL = (
    *("a", "b", "s", "Time", "-1", "0", "2", "1e300", ":NA:"),
    *("v[e!]", "v[e1]", "v[e]", "m[e!,f!]", "look", "e", "a*s", "nothing"),
)
LONELY = ("integ", "integ_non_negative", "sinteg", "active_initial")
SPELT = sorted(
    record.spellings[0]
    for name, record in FUNCTIONS.items()
    if record.spellings[0][0].isalpha() and name not in LONELY and "random" not in name
)


def formulas(rng: np.random.Generator) -> list[str]:
    """Return each function with arguments that mostly fit their number and nothing else."""
    counts = {r.spellings[0]: r.arity for r in FUNCTIONS.values()}
    out = []
    for spelling in SPELT:
        for _ in range(4):
            count = int(rng.choice(counts[spelling])) + int(rng.integers(8) == 0)
            out.append(f"{spelling}({','.join(rng.choice(POOL, count))})")
    return out


def _refusal(path: Path) -> str:
    """Return what is said of a model that is not taken, nothing of one that is."""
    try:
        lower(read_model(path))
    except SDError as error:
        return str(error) or "refused without a word: Error:"
    return ""


@pytest.mark.parametrize("seed", [1, 2])
def test_a_function_of_strange_arguments_is_refused_or_computed(write_model, seed):
    taken = []
    for formula in formulas(np.random.default_rng(seed)):
        path = write_model(f"{GIVEN}y={formula}~~|", step=1.0, stop=3.0)
        told = _refusal(path)
        assert "Error:" not in told, f"{formula}: {told}"  # a fault of ours, named
        if not told:
            taken.append(formula)
    assert len(taken) > 60
    lines = "".join(f"y{i}={formula}~~|\n" for i, formula in enumerate(taken))
    kernel = compile_model(read_model(write_model(GIVEN + lines, step=1.0, stop=3.0)))
    names = [f"y{i}" for i in range(len(taken))]
    # a time on a belt, or an order, may have made a constant one that no run can set
    free = {name: [1.5, 0.5] for name in ("a", "b") if name in kernel.program.settable}
    run = kernel.run(free, report=names, members=2)
    given = {name: np.array(values) for name, values in free.items()}
    state = run_reference(kernel.program, given, members=2)
    for name, formula in zip(names, taken, strict=True):
        wanted = state[:, kernel.program.where(name)]
        np.testing.assert_allclose(run.values[name], wanted, rtol=1e-9, atol=1e-12, err_msg=formula)
