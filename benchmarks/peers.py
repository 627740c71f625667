"""Other engines as the benchmark drives them; one that is not installed is left out, aloud."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from sdengine.oracle.crosscheck import run_kernel
from sdengine.oracle.pysd import Oracle
from sdengine.syntax import Model


def clock(work: Callable[[], Any]) -> float:
    """Return the seconds one call takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def busy(work: Callable[[], Any]) -> float:
    """Return the seconds of processor time one call takes: what other work on the machine, which
    makes it wait, hardly touches."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


class Simlin:
    """Simlin's engine through its Python package: one run, one thread."""

    def __init__(self, path: Path):
        import simlin

        self.sim = simlin.load(path).simulate()
        self.sim.run_to_end()

    @classmethod
    def open(cls, path: Path) -> Simlin | None:
        """Return the model loaded, or None where pysimlin is missing or cannot run it."""
        try:
            return cls(path)
        except Exception as error:
            print(f"  pysimlin not used for {path.name}: {str(error)[:90]}", file=sys.stderr)
            return None

    def run(self) -> None:
        """Run once from the start: the engine alone, without building a table of results."""
        self.sim.reset()
        self.sim.run_to_end()

    def difference(self, model: Model, kernel: Any, names: list[str]) -> float:
        """Return the largest relative difference of some stocks at the end of the run."""
        run = kernel.run(report=names)
        worst = 0.0
        for name in names:
            variable = model[name]
            for index in np.ndindex(*model.shape(variable)):
                elements = [model.elements(d)[i] for d, i in zip(variable.dims, index, strict=True)]
                key = "_".join(name.lower().split())
                key += f"[{','.join(e.lower() for e in elements)}]" if elements else ""
                theirs = float(self.sim.get_series(key)[-1])
                own = float(run.values[name][(-1, *index, 0)])
                worst = max(worst, abs(theirs - own) / max(abs(theirs), 1e-12))
        return worst


class PySD:
    """PySD on a few steps; times are scaled to the whole run."""

    def __init__(self, model: Model, steps: int):
        self.model, self.steps = model, steps
        self.oracle = Oracle(model)
        self.values: dict[str, Any] = {}

    def microseconds(self) -> float:
        """Return the time of a whole run, from ``steps`` of it."""
        taken = busy(lambda: self.values.update(self.oracle.run(steps=self.steps)))
        return taken / self.steps * self.model.clock.steps * 1e6

    def difference(self, kernel: Any) -> float:
        """Return the largest difference of any variable, against its greatest size."""
        found = run_kernel(kernel, steps=self.steps)
        return max(
            float(np.abs(found[n] - e).max() / np.abs(e).max())
            for n, e in self.values.items()
            if np.abs(e).max() > 1e-9
        )


def workbench(model: Model, steps: int, experiments: int = 2) -> float | None:
    """Return microseconds an experiment of EMA Workbench driving PySD, scaled from ``steps``.

    None where ema_workbench is not installed. The sequential evaluator; one constant varies.
    """
    try:
        from ema_workbench import Model as Workbench
        from ema_workbench import RealParameter, SequentialEvaluator, TimeSeriesOutcome
    except ImportError as error:
        print(f"  EMA Workbench not used: {error}", file=sys.stderr)
        return None
    oracle = Oracle(model)
    scalar = next(v for v in model.constants() if v.value is not None and not v.dims and v.value)
    kept = next(v.name for v in model.variables.values() if v.kind.value == "stock" and not v.dims)

    def one(x: float) -> dict[str, Any]:
        constants = {scalar.name: np.asarray(x)}
        return {"y": oracle.run(constants=constants, steps=steps, names=[kept])[kept]}

    bench = Workbench("benchmark", function=one)
    own = float(scalar.value)  # type: ignore[arg-type]
    low, high = sorted((own * 0.98, own * 1.02))
    bench.uncertainties = [RealParameter("x", low, high)]
    bench.outcomes = [TimeSeriesOutcome("y")]

    def work() -> None:
        with warnings.catch_warnings(), SequentialEvaluator(bench) as evaluator:
            warnings.simplefilter("ignore")
            evaluator.perform_experiments(scenarios=experiments)

    return busy(work) / experiments / steps * model.clock.steps * 1e6
