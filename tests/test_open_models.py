"""Every open test model against PySD's stored runs, and against Vensim's published output.

The norm: each value within 1e-9 of its column's largest and 1e-12 of the largest of all columns.
"""

from __future__ import annotations

import functools
import json
import warnings
from collections import Counter
from collections.abc import Mapping

import numpy as np
import pytest

from sdengine.kernel import Kernel
from sdengine.program.interpreter import run_reference
from sdengine.program.lower import lower
from sdensemble import SDError, compile_model, read_model
from tests import store_golden as golden
from tests.open_models import (
    CLOCK,
    FOLDER,
    Columns,
    Row,
    Run,
    column,
    euler,
    load,
    published,
    rows,
    spread,
)

ROWS = {row.name: row for row in rows()}

# Where PySD is not the measure: the reason, and whether Vensim's or Stella's output is instead.
VENSIM = {
    "sde/pulsetrain/pulsetrain.mdl": "PySD leaves out the pulse that begins at the end time",
    "sde/subscript/subscript.mdl": "PySD spreads d[A1] over DimA and s[DimA] over DimB",
    "tm/na/test_na.mdl": "PySD's :NA: is NaN; Vensim's the number -2^109, blank in its output",
    "tm/arguments/test_arguments.mdl": "PySD lowers a DELAY3 with stages shorter than a step",
    "tm/lookups/test_lookups_no-indirect.stmx": "PySD reads an old namespace as an empty model",
}
# Where PySD's own solver stops early: the relative tolerance, and why.
LOOSE = {
    "sde/allocate/allocate.mdl": 1e-7,  # PySD's least squares stop at 1e-8
    "tm/allocate_available/test_allocate_available.mdl": 1e-7,
}
# Vensim's output that nobody matches, PySD included: the reason.
NOT_PUBLISHED = {
    "sde/allocate/allocate.mdl": "Vensim takes the normal curve from a table: 5e-5 of a request",
    "sde/directlookups_invalidcell/directlookups_invalidcell.mdl": "a fault of Vensim's, see file",
    "tms/Roessler_Chaos/roessler_chaos.mdl": "chaotic, and published in single precision",
}
SHORT = 200  # steps of the reference evaluator, which is slow
LARGE = 200  # slots from which on it takes the first run only


@functools.cache
def kernel_of(row: Row) -> Kernel:
    return compile_model(euler(read_model(row.path)))


def from_kernel(kernel: Kernel, constants: Mapping[str, np.ndarray], saves: int) -> Columns:
    names = [name for name in kernel.program.slots if name in kernel.model]
    every = kernel.program.save_every
    run = kernel.run(constants, report=names, steps=(saves - 1) * every, every=every)
    return spread(kernel.model, {name: v[..., 0] for name, v in run.values.items()})


def from_reference(kernel: Kernel, constants: Mapping[str, np.ndarray], saves: int) -> Columns:
    program = lower(kernel.model)
    every = program.save_every
    steps = min(saves - 1, SHORT // every) * every
    state = run_reference(program, constants, steps=steps, every=every)[..., 0]
    names = [name for name in program.slots if name in kernel.model]
    return spread(kernel.model, {name: state[:, program.where(name)] for name in names})


def disagreements(found: Columns, expected: Columns, relative: float) -> list[str]:
    """Return one line for each column outside the norm or missing."""
    finite = [np.abs(v[np.isfinite(v)]).max(initial=0.0) for v in expected.values()]
    largest = max(finite, default=0.0)
    lines = []
    for name, values in expected.items():
        if name not in found:
            lines.append(f"{name}: missing")
            continue
        count = min(len(values), len(found[name]))
        mine, theirs = found[name][:count], values[:count]
        scale = np.abs(theirs[np.isfinite(theirs)]).max(initial=0.0)
        with np.errstate(invalid="ignore"):
            near = np.abs(mine - theirs) <= relative * scale + 1e-12 * largest
        same = near | (mine == theirs) | (np.isnan(mine) & np.isnan(theirs))
        if not same.all():
            at = int(np.flatnonzero(~same)[0])
            lines.append(f"{name}: {mine[at]!r} at {at}, should be {theirs[at]!r}")
    return lines


def thinned(columns: Columns, run: Run) -> Columns:
    return {name: values[:: run.every] for name, values in columns.items()}


def saves(run: Run) -> int:
    return (run.steps - 1) * run.every + 1


SLOW = {"tm/allocate_available/test_allocate_available.mdl"}


def marked(names):
    """Return names of models, those that take long to compile behind the marker."""
    return [pytest.param(n, marks=[pytest.mark.full] if n in SLOW else []) for n in names]


@pytest.mark.parametrize("name", marked(n for n in ROWS if n not in {*VENSIM}))
def test_every_run_of_pysd_is_matched(name):
    row = ROWS[name]
    kernel = kernel_of(row)
    for number, run in enumerate(load(row)):
        slow = number and kernel.program.size > LARGE
        for evaluate in (from_kernel,) if slow else (from_kernel, from_reference):
            found = thinned(evaluate(kernel, run.constants, saves(run)), run)
            lines = disagreements(found, run.columns, LOOSE.get(name, 1e-9))
            assert not lines, f"{evaluate.__name__}, run {number}: " + "; ".join(lines[:5])


def test_every_run_has_the_bits_it_had():
    stored = json.loads(golden.STORED.read_text("utf-8"))
    if stored["machine"] != golden.machine():
        pytest.skip("stored on another processor: the last bits of a run are each processor's own")
    found = {name: golden.trajectory(kernel_of(row)) for name, row in ROWS.items()}
    changed = [name for name, bits in found.items() if bits != stored["trajectories"].get(name)]
    assert not changed, "if that is meant: `python -m tests.store_golden`, and say why"


@pytest.mark.parametrize(
    "name", marked(n for n, r in ROWS.items() if r.canonical and n not in {*NOT_PUBLISHED})
)
def test_the_published_output_is_matched(name):
    row = ROWS[name]
    assert assert_published(row, kernel_of(row))


def assert_published(row: Row, kernel: Kernel) -> int:
    """Hold a model's defaults against the published output; return how many columns there are."""
    expected = published(row)
    found = from_kernel(kernel, {}, kernel.model.clock.steps // kernel.program.save_every + 1)
    times = kernel.model.clock.times()
    axis = next(expected[key] for key in ("time", "months", "days", *expected) if key in expected)
    compared = 0
    for key, values in expected.items():
        if key in CLOCK or key not in found:
            continue
        mine = np.interp(axis, times, found[key])
        known = np.isfinite(values) & np.isin(np.round(axis, 6), np.round(times, 6))
        scale = np.abs(values[known]).max(initial=0.0)
        off = np.abs(mine - values)[known].max(initial=0.0)
        assert off <= row.atol + row.rtol * scale, f"{key}: off by {off:.3g} of {scale:.3g}"
        compared += bool(known.any())
    return compared


def test_count_of_what_is_supported():
    count: Counter[int] = Counter()
    for row in ROWS.values():
        try:
            lower(euler(read_model(row.path))) if row.name in SLOW else kernel_of(row)
        except SDError as error:
            print(f"{row.name}: {error}")
        else:
            count[row.tier] += 1
    assert count == {1: 147, 2: 21}


# ── files PySD cannot read ─────────────────────────────────────────────────────────────────

SPECIAL = "sdxorg-test-models/tests/special_characters_xmile"
SIBLINGS = {
    "sdeverywhere/models/active_initial/active_initial.stmx": "output_vensim.csv",
    "sdeverywhere/models/elmcount/elmcount.stmx": "output_vensim.csv",
    "sdxorg-test-models/samples/SIR/SIR_legacy.stmx": "output.csv",
    "sdxorg-test-models/samples/teacup/teacup_legacy.stmx": "output.csv",
    "sdxorg-test-models/tests/comparisons/comparisons.stmx": "output.csv",
    "sdxorg-test-models/tests/eval_order/eval_order.stmx": "output.csv",
    "sdxorg-test-models/tests/lookups/test_lookups.stmx": "output.tab",
    f"{SPECIAL}/test_special_variable_names.stmx": "output.tab",
}


@pytest.mark.parametrize("name", SIBLINGS)
def test_files_that_pysd_cannot_read_give_the_published_output(name):
    path = FOLDER / name
    row = Row(name, path, path.with_name(SIBLINGS[name]), 1, 1e-5, 1e-5, "")
    kernel = compile_model(euler(read_model(path)))
    compared = assert_published(row, kernel)
    assert compared


def test_every_other_file_of_the_set_is_refused_in_words():
    known = {row.path for row in ROWS.values()} | {FOLDER / name for name in SIBLINGS}
    refused = []
    for path in sorted(FOLDER.rglob("*")):
        if path.suffix.lower() in (".mdl", ".stmx", ".xmile") and path not in known:
            try:
                compile_model(read_model(path))
            except SDError as error:
                refused.append((path.name, str(error)))
    assert all(name in words for name, words in refused)
    assert len(refused) == 17  # most hold "???" for an equation


@pytest.mark.full
@pytest.mark.parametrize("name", [n for n in ROWS if n not in VENSIM])
def test_pysd_as_installed_gives_what_is_stored(name, tmp_path):
    import shutil

    from tests.store_open_models import _reader, _run

    row = ROWS[name]
    shutil.copytree(row.path.parent, tmp_path / "model")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, every, frame = _run(_reader(tmp_path / "model" / row.path.name), {}, None)
    stored = load(row)[0]
    assert every == stored.every
    live = {column(key): np.asarray(frame[key], float) for key in frame.columns}
    assert not disagreements(live, stored.columns, 1e-12)
