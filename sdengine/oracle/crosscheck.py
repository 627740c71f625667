"""The same model file in our kernel, in PySD and in pysimlin: the largest difference of each."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sdengine.errors import SDError
from sdengine.kernel import Kernel, compile_model
from sdengine.model.describe import reads
from sdengine.model.read import read_model
from sdengine.oracle.pysd import Oracle, Series
from sdengine.program.held import Held
from sdengine.syntax import Kind, Model, fold

RELATIVE = 1e-9  # of the largest value in a column
OF_UNIT = 1e-12  # of the largest value of any stock or flow with the same unit


@dataclass(frozen=True)
class Difference:
    """How far a variable of ours is from another engine's.

    ``largest`` is the largest difference at any time in any element, ``of`` the largest value
    of that element's column, ``share`` the difference as a part of what the norm allows.
    """

    name: str
    largest: float
    of: float
    share: float

    @property
    def outside(self) -> bool:
        """Whether the norm does not allow it."""
        return not self.share <= 1


@dataclass(frozen=True)
class Comparison:
    """Our kernel held against one engine; ``differences`` are sorted, worst first.

    ``absent`` are variables of ours that the engine does not give. ``failure`` says why the
    engine did not run, and is empty where it did.
    """

    engine: str
    differences: tuple[Difference, ...] = ()
    absent: tuple[str, ...] = ()
    failure: str = ""
    note: str = ""


@dataclass(frozen=True)
class CrossCheck:
    """A model held against PySD and, where it is installed, pysimlin."""

    model: Model
    steps: int
    comparisons: tuple[Comparison, ...]
    random: tuple[str, ...]

    @property
    def agree(self) -> bool:
        """Whether PySD ran and every variable it gives is within the norm of ours."""
        pysd = self.comparisons[0]
        return not pysd.failure and not any(d.outside for d in pysd.differences)


def crosscheck(path: Path, steps: int | None = None) -> CrossCheck:
    """Run a model file's own constants in each engine and compare every variable.

    PySD knows Euler only: a model that asks for another method is held against our kernel under
    Euler. With ``steps`` our kernel and PySD stop there; pysimlin gives nothing before its end,
    so it runs to it and is compared at the saved times up to that step. Variables that random
    functions reach are left out.
    """
    model = read_model(path)
    clock = model.clock
    steps = clock.steps if steps is None else steps
    if not 1 <= steps <= clock.steps:
        raise SDError(f"--steps: {model.path.name} has 1 to {clock.steps} steps")
    random = touched_by_random(model)
    own = compile_model(model)
    euler = own
    if clock.method != "euler":
        changed = dataclasses.replace(clock, method="euler")
        euler = compile_model(dataclasses.replace(model, clock=changed))
    comparisons = [_with_pysd(euler, model, steps, random)]
    simlin = _with_simlin(own, steps, random)
    comparisons += [simlin] if simlin else []
    return CrossCheck(model, steps, tuple(comparisons), random)


# ── the norm ───────────────────────────────────────────────────────────────────────────────


def compare(
    model: Model, found: Mapping[str, NDArray[np.float64]], expected: Series
) -> tuple[Difference, ...]:
    """Return each variable's difference from what is expected, worst first; (time, *dims).

    Allowed are 1e-9 of the largest value of a column and 1e-12 of the largest value of a
    variable of the same unit. Where both are the same infinity or no number, they agree.
    """
    largest: dict[str, float] = {}
    for name, values in expected.items():
        unit = model[name].unit
        largest[unit] = max(largest.get(unit, 0.0), float(_size(values).max(initial=0.0)))
    out = []
    for name, values in expected.items():
        with np.errstate(invalid="ignore", over="ignore"):
            off = np.abs(found[name] - values)
        alike = (found[name] == values) | (np.isnan(found[name]) & np.isnan(values))
        off = np.where(alike, 0.0, off)
        column = _size(values).max(axis=0, initial=0.0)
        allowed = np.broadcast_to(
            RELATIVE * column + OF_UNIT * largest[model[name].unit], off.shape
        )
        share = np.divide(off, allowed, out=np.where(off > 0, np.inf, off), where=allowed > 0)
        share = np.where(np.isnan(off), np.inf, share)
        worst = np.unravel_index(int(np.argmax(share)), share.shape) if share.size else ()
        if share.size:
            of = float(np.broadcast_to(column, off.shape)[worst])
            out.append(Difference(name, float(off[worst]), of, float(share[worst])))
    return tuple(sorted(out, key=lambda one: -one.share))


def _size(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.isfinite(values), np.abs(values), 0.0)


def disagreements(
    model: Model, found: Mapping[str, NDArray[np.float64]], expected: Series
) -> list[str]:
    """Return one line for each variable outside the norm; shapes (time, *dims)."""
    return [
        f"{one.name}: off by {one.largest:.3g} of {one.of:.3g}"
        for one in compare(model, found, expected)
        if one.outside
    ]


# ── the engines ────────────────────────────────────────────────────────────────────────────


def run_kernel(
    kernel: Kernel,
    *,
    constants: Mapping[str, NDArray[np.float64]] | None = None,
    held: Mapping[str, Held] | None = None,
    steps: int,
    every: int = 1,
) -> Series:
    """Return every variable, shape (time, *dims), for one member, from a kernel."""
    names = [n for n, v in kernel.model.variables.items() if v.kind is not Kind.LOOKUP]
    run = kernel.run(constants, held, report=names, steps=steps, every=every)
    return {name: values[..., 0] for name, values in run.values.items()}


def touched_by_random(model: Model) -> tuple[str, ...]:
    """Return the variables whose values random functions reach, in file order."""
    used = {name: {model.name_of(read) for read in reads(v)} for name, v in model.variables.items()}
    reached = {
        name
        for name, variable in model.variables.items()
        if any(call.function.startswith("random") for call in variable.calls)
    }
    while more := {n for n, names in used.items() if names & reached} - reached:
        reached |= more
    return tuple(name for name in model.variables if name in reached)


def _with_pysd(kernel: Kernel, model: Model, steps: int, random: Iterable[str]) -> Comparison:
    method = model.clock.method
    note = f"the file asks for {method}; held against Euler" if method != "euler" else ""
    found = {n: v for n, v in run_kernel(kernel, steps=steps).items() if n not in random}
    try:
        oracle = Oracle(model)
        expected = oracle.run(steps=steps, names=found)
    except Exception as error:
        return Comparison("PySD", failure=_reason(error))
    absent = tuple(name for name in found if name not in expected)
    if oracle.rewritten:
        note = "; ".join([*([note] if note else []), "given the model as our reader writes it out"])
    differences = compare(model, found, expected)
    return Comparison(f"PySD {oracle.version}", differences, absent, note=note)


def _with_simlin(kernel: Kernel, steps: int, random: Iterable[str]) -> Comparison | None:
    """Return the comparison at the saved times, or None where pysimlin is not installed."""
    if importlib.util.find_spec("simlin") is None:
        return None
    model = kernel.model
    every = model.clock.save_every
    own = run_kernel(kernel, steps=steps, every=every)
    found = {name: values for name, values in own.items() if name not in random}
    engine = f"pysimlin {_simlin_version()}".strip()
    try:
        run = _simlin_series(model.path)
        series = {_key(name): name for name in run}
        expected = {
            name: values
            for name in found
            if (values := _from_simlin(run, series, model, name, len(found[name]))) is not None
        }
    except Exception as error:
        return Comparison(engine, failure=_reason(error))
    absent = tuple(name for name in found if name not in expected)
    return Comparison(engine, compare(model, found, expected), absent)


def _simlin_version() -> str:
    try:
        return importlib.metadata.version("pysimlin")
    except importlib.metadata.PackageNotFoundError:
        return ""


# Runs in a process of its own: where the library gives up, it takes its process with it.
_SIMLIN = """
import sys, numpy, simlin
run = simlin.load(sys.argv[1]).simulate()
run.run_to_end()
names = list(run.get_var_names())
series = [numpy.asarray(run.get_series(name), float) for name in names]
numpy.savez(sys.argv[2], numpy.array(names, dtype=str), *series)
"""
PATIENCE = 300  # seconds


def _simlin_series(path: Path) -> dict[str, NDArray[np.float64]]:
    """Return the series of every variable and element pysimlin gives."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "series.npz"
        command = [sys.executable, "-W", "ignore", "-c", _SIMLIN, str(path), str(out)]
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
                encoding="utf-8",
                errors="replace",
            )
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"not done after {PATIENCE} seconds") from None
        if done.returncode or not out.is_file():
            lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
            told = [line for line in lines if "panicked" in line] or lines[-1:]
            raise RuntimeError(" ".join(told[:1]) or f"ended with code {done.returncode}")
        with np.load(out, allow_pickle=False) as stored:
            names, *series = (stored[key] for key in stored.files)
        return dict(zip(names.tolist(), series, strict=True))


def _from_simlin(
    run: Mapping[str, NDArray[np.float64]],
    series: Mapping[str, str],
    model: Model,
    name: str,
    times: int,
) -> NDArray[np.float64] | None:
    """Return (time, *dims) of a variable, or None where pysimlin lacks an element of it."""
    variable = model[name]
    out = np.empty((times, *model.shape(variable)))
    for cell in np.ndindex(out.shape[1:]):
        inside = [model.elements(d)[i] for d, i in zip(variable.dims, cell, strict=True)]
        key = _key(f"{name}[{','.join(inside)}]" if inside else name)
        if key not in series:
            return None
        values = run[series[key]]
        if len(values) < times:
            return None
        out[(slice(None), *cell)] = values[:times]
    return out


def _key(name: str) -> str:
    name, _, inside = name.removesuffix("]").partition("[")
    parts = [fold(part) for part in (name, *inside.split(","))]
    return "|".join(parts).replace("·", ".").replace('"', "")


def _reason(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {' … '.join(lines[:1] + lines[1:][-1:])}"[:300]


# ── words ──────────────────────────────────────────────────────────────────────────────────
