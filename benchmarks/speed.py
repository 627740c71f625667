"""Time per member against other engines, side by side in one run: ``python benchmarks/speed.py``.

Every engine runs the same file. Before a time is printed the values are compared: with PySD on
the first steps, with pysimlin (if installed) to the end. PySD is timed on few steps and scaled
to the whole run, which is said in the table. Figures are medians; ratios are taken within one
round, so a machine that slows down slows both sides.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from benchmarks import models  # noqa: E402
from sdensemble import compile_model, read_model  # noqa: E402
from sdensemble.kernel.lower import lower  # noqa: E402
from sdensemble.kernel.reference import run_reference  # noqa: E402
from sdensemble.model.types import Kind, Model  # noqa: E402

ROUNDS = 5


def clock(work: Callable[[], Any]) -> float:
    """Return the seconds one call takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def drawn(model: Model, members: int) -> dict[str, np.ndarray]:
    """Return every constant per member, within 2% of its own value."""
    rng = np.random.default_rng(0)
    return {
        v.name: v.value[..., None] * rng.uniform(0.98, 1.02, (*v.value.shape, members))
        for v in model.constants()
        if v.value is not None
    }


def measure(name: str, path: Path, *, members: int, pysd_steps: int) -> dict[str, Any]:
    """Return one row: compile and load times, microseconds a member of each engine, agreement."""
    model = read_model(path)
    read = clock(lambda: read_model(path, use_cache=False))
    compile_seconds = clock(lambda: compile_model(model, use_cache=False))
    kernel = compile_model(model)
    load = clock(lambda: compile_model(model))
    constants = drawn(model, members)
    stocks = [v.name for v in model.variables.values() if v.kind is Kind.STOCK][:4]
    every = model.clock.save_every

    def ours(threads: int) -> float:
        work = lambda: kernel.run(constants, report=stocks, every=every, threads=threads)  # noqa: E731
        return clock(work) / members * 1e6

    simlin = Simlin.open(path)
    times: dict[str, list[float]] = {"1 thread": [], "2 threads": [], "pysimlin": []}
    ours(2)
    for _ in range(ROUNDS):
        times["1 thread"].append(ours(1))
        times["2 threads"].append(ours(2))
        if simlin:
            times["pysimlin"].append(simlin.microseconds())
    row: dict[str, Any] = {
        "model": name,
        "variables": len(model.variables),
        "slots": kernel.program.size,
        "steps": model.clock.steps,
        "read s": read,
        "compile s": compile_seconds,
        "load s": load,
        **{key: statistics.median(t) for key, t in times.items() if t},
    }
    if simlin:
        for threads in ("1 thread", "2 threads"):
            ratios = [a / b for a, b in zip(times["pysimlin"], times[threads], strict=True)]
            row[f"pysimlin / {threads}"] = statistics.median(ratios)
        row["off pysimlin"] = simlin.difference(model, kernel, stocks)
    chunk = min(members, 256)
    program = lower(model)
    few = {n: v[..., :chunk] for n, v in constants.items()}
    numpy_time = clock(lambda: run_reference(program, few, members=chunk, every=program.steps))
    row["NumPy"] = numpy_time / chunk * 1e6
    if pysd_steps:
        row |= against_pysd(model, kernel, pysd_steps)
    return row


def against_pysd(model: Model, kernel: Any, steps: int) -> dict[str, Any]:
    """Return PySD's microseconds for a whole run, scaled from ``steps``, and the difference."""
    from tests.oracle import Oracle, run_kernel

    oracle = Oracle(model)
    expected: dict[str, Any] = {}

    def work() -> None:
        expected.update(oracle.run(steps=steps))

    taken = clock(work)
    found = run_kernel(kernel, steps=steps)
    off = max(
        float(np.abs(found[n] - e).max() / (np.abs(e).max() + 1e-300))
        for n, e in expected.items()
        if np.abs(e).max() > 1e-9
    )
    return {"PySD (scaled)": taken / steps * model.clock.steps * 1e6, "off PySD": off}


class Simlin:
    """Simlin's engine through its Python package, where it is installed."""

    def __init__(self, model: Any):
        self.sim = model.simulate()
        self.sim.run_to_end()

    @classmethod
    def open(cls, path: Path) -> Simlin | None:
        """Return the model loaded, or None where pysimlin is missing or cannot run it."""
        try:
            import simlin

            return cls(simlin.load(path))
        except Exception as error:
            print(f"  pysimlin not used for {path.name}: {str(error)[:90]}", file=sys.stderr)
            return None

    def run(self) -> None:
        """Run once from the start: the engine alone, without building a table of results."""
        self.sim.reset()
        self.sim.run_to_end()

    def microseconds(self) -> float:
        return clock(self.run) * 1e6

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


def study_seconds(members: int) -> float:
    """Return the seconds of one scenario of the study in the repository, compiled before."""
    from sdensemble.draws import draw
    from sdensemble.ensemble import run_ensemble
    from sdensemble.study import open_study

    study = open_study(HERE.parent)
    kernel = compile_model(study.model)
    draws = draw(study.priors("history"), study.model, members, seed=1)
    keep = {k.variable: k.aggregate for k in study.report.keep(study.targets)}
    return clock(lambda: run_ensemble(kernel, study.scenarios[:1], draws, study.forcing, keep=keep))


def table(rows: list[dict[str, Any]]) -> str:
    """Return rows as a Markdown table."""
    heads = list(dict.fromkeys(key for row in rows for key in row))
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for row in rows:
        cells = (row.get(h, "") for h in heads)
        text = (f"{c:.3g}" if isinstance(c, float) and c < 1000 else
                f"{c:,.0f}" if isinstance(c, float) else str(c) for c in cells)  # fmt: skip
        lines.append("| " + " | ".join(text) + " |")
    return "\n".join(lines)


def main() -> None:
    """Run the benchmark and print its table; ``--json`` keeps the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=2048)
    parser.add_argument("--pysd-steps", type=int, default=8, help="0 leaves PySD out")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--only", help="names of models, comma-separated")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    folder = Path(tempfile.mkdtemp())
    agro = read_model(HERE / "models" / "agro11.mdl")
    shanxi = next((HERE.parent / "model").glob("*.mdl"))
    paths = {
        "shanxi": shanxi,
        "agro11": HERE / "models" / "agro11.mdl",
        "agro11 × 2": models.repeated(agro, 2, folder / "agro11x2.mdl"),
        "agro11 × 4": models.repeated(agro, 4, folder / "agro11x4.mdl"),
        "tables": models.tables(folder / "tables.mdl"),
        "workforce": HERE.parent
        / "tests/models/sdxorg-test-models/samples/Workforce/workforce.mdl",
        "generated 100": models.generated(100, folder / "g100.mdl"),
        "generated 300": models.generated(300, folder / "g300.mdl"),
        "generated 1000": models.generated(1000, folder / "g1000.mdl"),
        "generated 100, 110 elements": models.generated(100, folder / "w.mdl", elements=110),
    }
    wanted = args.only.split(",") if args.only else list(paths)
    rows = []
    for name in wanted:
        steps = args.pysd_steps if name in ("shanxi", "agro11") else 0
        rows.append(measure(name, paths[name], members=args.members, pysd_steps=steps))
        print(f"  {name} done", file=sys.stderr)
    print(
        f"microseconds a member; {platform.processor() or platform.machine()}, median of {ROUNDS}"
    )
    print(table(rows))
    study_seconds(1024)
    for members in (1024, 4096):
        print(f"one scenario of the study, {members} members: {study_seconds(members):.2f} s")
    if args.json:
        args.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
