"""What a member of the study costs, part by part: ``python benchmarks/parts.py [--members 1024]``.

Microseconds of processor time a member on one thread, the least of several rounds in which every
part is timed once.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from benchmarks.limit import limit, throughput  # noqa: E402
from benchmarks.peers import busy  # noqa: E402
from sdengine.kernel import Kernel, compile_model  # noqa: E402
from sdensemble.ensemble.draws import draw  # noqa: E402
from sdensemble.ensemble.forcing import sample  # noqa: E402
from sdensemble.ensemble.worlds import worlds  # noqa: E402
from sdensemble.study import open_study  # noqa: E402


def main() -> None:
    """Time the parts and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=8)
    args = parser.parse_args()
    study, ids = open_study(HERE.parent), np.arange(args.members)
    draws = draw(study.priors(), study.model, args.members, seed=1)
    world = worlds(study.model, draws, study.forcing, ids)(study.scenarios[0])
    headline = study.report.headline.whole.variable
    whole = compile_model(study.model)
    few = whole.only([headline])

    def run(kernel: Kernel, steps: int) -> None:
        kernel.run(world.constants, world.held, totals=[headline], every=32, steps=steps, threads=1)

    steps = whole.program.steps
    parts = {
        "constants from their points": lambda: draws.of(ids),
        "forcing": lambda: sample(study.forcing, study.model, ids, seed=1),
        "a run of no steps: inputs checked and laid out": lambda: run(few, 0),
        "the headline's kernel, that included": lambda: run(few, steps),
        "the whole kernel, that included": lambda: run(whole, steps),
    }
    best = dict.fromkeys(parts, np.inf)
    for _ in range(args.rounds):
        for name, part in parts.items():
            best[name] = min(best[name], busy(part) / args.members * 1e6)
    rates = np.max([throughput() for _ in range(3)], axis=0)
    for name, least in best.items():
        print(f"{name}: {least:.1f}")
    for name, kernel in (("the headline's kernel", few), ("the whole kernel", whole)):
        print(f"limit of {name}: {limit(kernel.program, (rates[0], rates[1]))[0]:.0f}")


if __name__ == "__main__":
    main()
