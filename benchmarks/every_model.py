"""Every open model of the tests against Simlin and plain C: ``python benchmarks/every_model.py``.

One model of each folder, of twenty steps and more; processor time of one thread, the least of a
few rounds. Against Simlin the first stocks are kept at every saved time; against plain C they are
kept at the last time alone, since C keeps nothing else. The nearest to being slower come first.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import statistics
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from benchmarks.peers import Simlin, busy  # noqa: E402
from benchmarks.plain_c import PlainC  # noqa: E402
from benchmarks.speed import drawn, stocks, table  # noqa: E402
from sdensemble import SDError, compile_model, read_model  # noqa: E402

LEAST_STEPS = 20
MEMBERS = 2048
ENGINES = ("Simlin", "plain C")


def paths(folder: Path) -> Iterator[Path]:
    """Yield a model file of each folder below one."""
    seen: set[Path] = set()
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".mdl", ".xmile", ".stmx") and path.parent not in seen:
            seen.add(path.parent)
            yield path


def compared(path: Path, folder: Path) -> dict[str, Any] | None:
    """Return microseconds a member of each engine and the ratios; None for a short run."""
    model = read_model(path)
    if not model.clock.stop > model.clock.start or model.clock.steps < LEAST_STEPS:
        return None
    kernel, every = compile_model(model), model.clock.steps
    own = [v.name for v in model.variables.values() if v.name in kernel.program.slots]
    kept, constants = stocks(model) or own[:1], drawn(kernel, MEMBERS)

    def ours(**more: int) -> float:
        return least(lambda: kernel.run(constants, report=kept, threads=1, **more)) / MEMBERS

    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        simlin, plain = Simlin.open(path), PlainC.open(kernel.program, folder)
    row: dict[str, Any] = {"model": path.name, "steps": every, "slots": kernel.program.size}
    row |= {"all kept": ours(), "last kept": ours(every=every)}
    if simlin:
        row["Simlin"] = least(simlin.run)
        row["Simlin / all kept"] = row["Simlin"] / row["all kept"]
    if plain:
        row["plain C"] = least(lambda: [plain.run() for _ in range(50)]) / 50
        row["plain C / last kept"] = row["plain C"] / row["last kept"]
    return row


def least(work: Callable[[], Any]) -> float:
    """Return the microseconds one call takes at best."""
    return min(busy(work) for _ in range(5)) * 1e6


def ratios(row: dict[str, Any]) -> list[float]:
    """Return how many times as long the other engines take."""
    return [value for key, value in row.items() if " / " in key]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--models", type=Path, default=HERE.parent / "tests" / "models")
    parser.add_argument("--most", type=int, default=12, help="rows shown")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for path in paths(args.models):
            try:
                row = compared(path, Path(folder))
            except SDError as error:
                print(f"  {path.name} left out: {str(error)[:90]}", file=sys.stderr)
                continue
            if row and ratios(row):
                rows.append(row)
    rows.sort(key=lambda row: min(ratios(row)))
    print(f"load {os.getloadavg()[0]:.1f}; microseconds a member\n\n{table(rows[: args.most])}\n")
    for engine in ENGINES:
        found = [v for row in rows for key, v in row.items() if key.startswith(f"{engine} / ")]
        if found:
            print(
                f"{engine}: {len(found)} models, {min(found):.1f} to {max(found):,.0f} times, "
                f"median {statistics.median(found):.1f}"
            )


if __name__ == "__main__":
    main()
