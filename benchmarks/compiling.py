"""What reading and compiling take by the size of a model: ``python benchmarks/compiling.py``.

Processor seconds of one run each, nothing cached. The largest models take half a minute.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from benchmarks import models  # noqa: E402
from benchmarks.climate import climate  # noqa: E402
from benchmarks.peers import busy  # noqa: E402
from benchmarks.speed import table  # noqa: E402
from sdengine import read_model  # noqa: E402
from sdengine.native.emit import emit  # noqa: E402
from sdengine.native.jit import compile_text, processor  # noqa: E402
from sdengine.native.made import lanes_for  # noqa: E402
from sdengine.native.plan import make_plan  # noqa: E402
from sdengine.program.lower import lower  # noqa: E402

SIZES = (100, 300, 1000, 3000, 10_000)


def stages(path: Path) -> dict[str, Any]:
    """Return the seconds of each stage from a file to machine code."""
    found: dict[str, Any] = {}

    def timed(name: str, work: Any) -> Any:
        kept: list[Any] = []
        found[name] = busy(lambda: kept.append(work()))
        return kept[0]

    model = timed("read s", lambda: read_model(path))
    program = timed("lower s", lambda: lower(model))
    plan = timed("plan s", lambda: make_plan(program, reciprocals=not processor().divides))
    lanes = lanes_for(plan.size, processor().doubles)
    text = timed("emit s", lambda: emit(plan, lanes, processor()))
    timed("machine code s", lambda: compile_text(text))
    whole = sum(found.values())
    own = sum(name in model for name in program.slots)
    return {
        "variables": own,
        "slots": program.size,
        **found,
        "in all s": whole,
        "ms a variable": whole / own * 1e3,
        "assembly MB": len(text) / 1e6,
    }


def main() -> None:
    """Print the tables."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stages(models.generated(SIZES[0], folder / "warm.mdl"))  # imports are not counted
        rows = [stages(models.generated(n, folder / f"{n}.mdl")) for n in SIZES]
        others = {
            "climate": climate(folder / "climate.mdl"),
            "long tables": models.long_tables(folder / "long.mdl"),
        }
        more = [{"model": name, **stages(path)} for name, path in others.items()]
    print(f"load {os.getloadavg()[0]:.1f}\n\n" + table(rows) + "\n\n" + table(more))


if __name__ == "__main__":
    main()
