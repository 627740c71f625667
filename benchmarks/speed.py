"""Time per member against other engines, side by side in one run: ``python benchmarks/speed.py``.

Every engine runs the same file. Before a time is printed the values are compared: with PySD on
the first steps, with the others to the end. PySD, and EMA Workbench driving it, are timed on few
steps and scaled to the whole run. Two threads are timed by the clock on the wall, all else by the
processor's time. Every round times every engine once; a figure is the least of its rounds, and
ratios are of such figures, since other work on the machine only ever adds.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import tracemalloc
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from benchmarks import models  # noqa: E402
from benchmarks.climate import climate  # noqa: E402
from benchmarks.limit import limit, throughput  # noqa: E402
from benchmarks.peers import PySD, Simlin, busy, clock, workbench  # noqa: E402
from benchmarks.plain_c import PlainC  # noqa: E402
from benchmarks.sdeverywhere import SDEverywhere, version  # noqa: E402
from sdengine.kernel import Kernel  # noqa: E402
from sdengine.program.interpreter import run_reference  # noqa: E402
from sdengine.program.lower import lower  # noqa: E402
from sdengine.syntax import Kind, Model  # noqa: E402
from sdensemble import compile_model, read_model  # noqa: E402

COLD = """
import sys, time
begun = time.process_time()
from sdensemble import compile_model, read_model  # noqa: E402
imported = time.process_time()
compile_model(read_model(sys.argv[1])).run(steps=1, threads=1)
print(imported - begun, time.process_time() - imported)
"""


def drawn(kernel: Kernel, members: int, *, most: int | None = None) -> dict[str, np.ndarray]:
    """Return constants per member, within 2% of their own value: every one that can be set, or
    the first few."""
    rng = np.random.default_rng(0)
    settable = (v for v in kernel.model.constants() if v.name in kernel.program.settable)
    constants = [v for v in settable if v.value is not None][:most]
    return {
        v.name: v.value[..., None] * rng.uniform(0.98, 1.02, (*v.value.shape, members))
        for v in constants
        if v.value is not None
    }


def stocks(model: Model) -> list[str]:
    """Return the stocks that every engine keeps."""
    return [v.name for v in model.variables.values() if v.kind is Kind.STOCK][:4]


def measure(path: Path, folder: Path, args: argparse.Namespace, pysd: bool) -> dict[str, Any]:
    """Return one row: what starting costs, microseconds a member of each engine, agreement."""
    model = read_model(path)
    row: dict[str, Any] = {
        "variables": len(model.variables),
        "slots": lower(model).size,
        "steps": model.clock.steps,
        "compile s": busy(lambda: compile_model(model, use_cache=False)),
    }
    kernel = compile_model(model)
    row["cached load s"] = min(busy(lambda: compile_model(model)) for _ in range(3))
    if args.starts:
        row["import s"], row["cold start s"], row["cached start s"] = starts(path, folder)
    engines, off = _engines(model, kernel, path, folder, args, pysd)
    times: dict[str, float] = {}
    for _ in range(args.rounds):
        for name, engine in engines.items():
            times[name] = min(times.get(name, np.inf), engine())
    row |= times
    if "pysimlin" in times:
        for threads in ("1 thread", "2 threads"):
            row[f"pysimlin / {threads}"] = times["pysimlin"] / times[threads]
        # what two processors free of other work would give
        row["pysimlin / 2 free"] = 2 * times["pysimlin"] / times["2 threads, processor time"]
    for name in ("SDEverywhere", "plain C"):
        if name in times:
            row[f"{name} / 1 thread"] = times[name] / times["1 thread"]
    row["KiB a member"] = memory(kernel)
    return row | off()


def _engines(
    model: Model,
    kernel: Kernel,
    path: Path,
    folder: Path,
    args: argparse.Namespace,
    pysd: bool,
) -> tuple[dict[str, Callable[[], float]], Callable[[], dict[str, float]]]:
    """Return what times each engine once, in microseconds a member, and what compares values."""
    kept, members = stocks(model), args.members
    constants = drawn(kernel, members)
    few = min(members, 256)
    some = {n: v[..., :few] for n, v in constants.items()}

    def ours(threads: int, timer: Callable[[Callable[[], Any]], float]) -> float:
        work = lambda: kernel.run(constants, report=kept, threads=threads)  # noqa: E731
        return timer(work) / members * 1e6

    def numpy() -> float:
        last = kernel.program.steps
        work = lambda: run_reference(kernel.program, some, members=few, every=last)  # noqa: E731
        return busy(work) / few * 1e6

    engines: dict[str, Callable[[], float]] = {
        "1 thread": lambda: ours(1, busy),
        "2 threads": lambda: ours(2, clock),
        "2 threads, processor time": lambda: ours(2, busy),
    }
    simlin, plain = Simlin.open(path), PlainC.open(kernel.program, folder)
    theirs = SDEverywhere.open(path, args.sdeverywhere, folder)
    if simlin:
        engines["pysimlin"] = lambda: busy(simlin.run) * 1e6
    if theirs:
        engines["SDEverywhere"] = lambda: busy(theirs.run) * 1e6
    if plain:
        engines["plain C"] = lambda: busy(plain.run) * 1e6
    if args.numpy:
        engines["NumPy"] = _once(numpy)
    slow = PySD(model, args.pysd_steps) if pysd and args.pysd_steps else None
    if slow:
        engines["PySD (scaled)"] = _once(slow.microseconds)
        ema = workbench(model, args.pysd_steps)
        if ema is not None:
            engines["EMA + PySD (scaled)"] = lambda: ema

    def off() -> dict[str, float]:
        found = {"off NumPy": _off(kernel, kept)}
        if simlin:
            found["off pysimlin"] = simlin.difference(model, kernel, kept)
        if theirs:
            found["off SDEverywhere"] = theirs.difference(model, kernel, kept)
        if plain:
            run, end = kernel.run(report=kept), plain.run()
            found["off plain C"] = max(
                _relative(end[kernel.program.where(n)], run.values[n][-1, ..., 0]) for n in kept
            )
        return found | ({"off PySD": slow.difference(kernel)} if slow else {})

    return engines, off


def _once(work: Callable[[], float]) -> Callable[[], float]:
    """Return a timer that measures in the first round only: the slow engines."""
    found: list[float] = []

    def timed() -> float:
        if not found:
            found.append(work())
        return found[0]

    return timed


def _off(kernel: Kernel, kept: list[str]) -> float:
    run = kernel.run(report=kept)
    end = run_reference(kernel.program, every=kernel.program.steps)[-1, :, 0]
    at = kernel.program.where
    return max(_relative(end[at(n)], run.values[n][-1, ..., 0]) for n in kept)


def _relative(found: np.ndarray, expected: np.ndarray) -> float:
    return float(np.abs(found - expected).max() / (np.abs(expected).max() + 1e-300))


def starts(path: Path, folder: Path) -> tuple[float, float, float]:
    """Return seconds of a processor for the imports, and from there to the first step: nothing
    cached, cached."""
    with tempfile.TemporaryDirectory(dir=folder) as empty:
        environment = {
            **os.environ,
            "SDENSEMBLE_CACHE": empty,
            "PYTHONPATH": os.pathsep.join([str(HERE.parent), os.environ.get("PYTHONPATH", "")]),
        }
        command = [sys.executable, "-c", COLD, str(path)]
        said = [
            subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
            for _ in range(4)
        ]
    cold, *cached = ([float(x) for x in one.stdout.split()] for one in said)
    return min(one[0] for one in cached), cold[1], min(one[1] for one in cached)


def memory(kernel: Kernel, members: int = 2048) -> float:
    """Return KiB each further member takes while a run lasts, its drawn constants left out."""
    kept, peaks = stocks(kernel.model), []
    for count in (members, 2 * members):
        constants = drawn(kernel, count)
        tracemalloc.start()
        run = kernel.run(constants, report=kept, threads=2)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        del run
    return (peaks[1] - peaks[0]) / members / 1024


def scaling(path: Path, sizes: list[int]) -> list[dict[str, Any]]:
    """Return microseconds a member and thread count by number of members, eight drawn constants
    and one stock kept."""
    model = read_model(path)
    kernel, kept = compile_model(model), stocks(model)[:1]
    rows = []
    for members in sizes:
        constants = drawn(kernel, members, most=8)
        row: dict[str, Any] = {"members": members}
        for threads in (1, 2):
            work = lambda: kernel.run(constants, report=kept, threads=threads)  # noqa: B023, E731
            rounds = 3 if members <= 10_000 else 1
            timer = busy if threads == 1 else clock
            row[f"{threads} thread{'s' * (threads > 1)}"] = (
                min(timer(work) for _ in range(rounds)) / members * 1e6
            )
        rows.append(row)
    return rows


def table(rows: list[dict[str, Any]]) -> str:
    """Return rows as a Markdown table."""
    heads = list(dict.fromkeys(key for row in rows for key in row))
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for row in rows:
        cells = (row.get(h, "") for h in heads)
        text = (
            f"{c:.3g}"
            if isinstance(c, float) and c < 1000
            else f"{c:,.0f}"
            if isinstance(c, float)
            else str(c)
            for c in cells
        )
        lines.append("| " + " | ".join(text) + " |")
    return "\n".join(lines)


def _paths(folder: Path, workforce: Path) -> Mapping[str, Path]:
    agro = read_model(HERE / "models" / "agro11.mdl")
    return {
        "shanxi": next((HERE.parent / "model").glob("*.mdl")),
        "agro11": HERE / "models" / "agro11.mdl",
        "agro11 × 2": models.repeated(agro, 2, folder / "agro11x2.mdl"),
        "agro11 × 4": models.repeated(agro, 4, folder / "agro11x4.mdl"),
        "tables": models.tables(folder / "tables.mdl"),
        "long tables": models.long_tables(folder / "long.mdl"),
        "climate": climate(folder / "climate.mdl"),
        "workforce": workforce,
        "generated 100": models.generated(100, folder / "g100.mdl"),
        "generated 300": models.generated(300, folder / "g300.mdl"),
        "generated 1000": models.generated(1000, folder / "g1000.mdl"),
        "generated 100 × 110": models.generated(100, folder / "w.mdl", elements=110),
    }


def main() -> None:
    """Run the benchmark and print its tables; ``--json`` keeps the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=2048)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pysd-steps", type=int, default=8, help="0 leaves PySD and EMA out")
    parser.add_argument("--most", type=int, default=10**6, help="largest ensemble of the scaling")
    parser.add_argument(
        "--workforce",
        type=Path,
        default=HERE.parent / "tests/models/sdxorg-test-models/samples/Workforce/workforce.mdl",
        help="the open Workforce model, where it is not among the test models",
    )
    parser.add_argument(
        "--sdeverywhere",
        type=Path,
        help="a folder in which `npm install @sdeverywhere/compile` was run; left out without it",
    )
    parser.add_argument("--json", type=Path)
    for part, what in (("starts", "time whole processes from nothing"), ("numpy", "time NumPy")):
        flag = argparse.BooleanOptionalAction
        parser.add_argument(f"--{part}", action=flag, default=True, help=what)
    parser.add_argument("--only", help="names of models, comma-separated")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    folder = Path(tempfile.mkdtemp())
    paths = _paths(folder, args.workforce)
    rows: list[dict[str, Any]] = []
    rates = np.array(throughput())
    for name in args.only.split(",") if args.only else paths:
        if not paths[name].exists():
            print(f"  no {name}: {paths[name]} is missing", file=sys.stderr)
            continue
        row = measure(paths[name], folder, args, name in ("shanxi", "agro11"))
        rows.append({"model": name, **row})
        rates = np.maximum(rates, throughput())  # what it can do when nothing else runs
        print(f"  {name} done", file=sys.stderr)
        if args.json:
            args.json.write_text(json.dumps({"models": rows}, indent=1))
    for row in rows:
        row["limit"], _ = limit(lower(read_model(paths[row["model"]])), (rates[0], rates[1]))
        row["share of limit"] = f"{row['limit'] / row['1 thread']:.0%}"
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} processors: "
        f"{rates[0] / 1e9:.1f} G multiply-adds, {rates[1] / 1e9:.2f} G divisions a second and "
        f"core; microseconds a member, the least of {args.rounds} rounds; load "
        f"{os.getloadavg()[0]:.1f}\n"
    )
    if args.sdeverywhere:
        print(f"SDEverywhere {version(args.sdeverywhere)}\n")
    print(table(rows))
    sizes = [n for n in (10**3, 10**4, 10**5, 10**6) if n <= args.most]
    scaled = scaling(paths["agro11"], sizes)
    print("\nagro11 by number of members\n\n" + table(scaled))
    if args.json:
        args.json.write_text(json.dumps({"models": rows, "members": scaled}, indent=1))
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
