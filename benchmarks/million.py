"""Many members of one scenario of the study, keeping the headline alone.

``python benchmarks/million.py [--members 1048576]`` prints time, processor time (which other work
on the machine hardly touches), peak memory and the answer.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from sdengine.kernel import compile_model  # noqa: E402
from sdensemble.ensemble.blocks import Threads  # noqa: E402
from sdensemble.ensemble.draws import draw  # noqa: E402
from sdensemble.ensemble.run import run_ensemble  # noqa: E402
from sdensemble.study import open_study  # noqa: E402


def main() -> None:
    """Run the ensemble and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=2**20)
    parser.add_argument("--threads", type=int)
    args = parser.parse_args()
    study = open_study(HERE.parent)
    kernel = compile_model(study.model)
    begun, used = time.perf_counter(), time.process_time()
    draws = draw(study.priors(), study.model, args.members, seed=1)
    drawn = time.perf_counter()
    headline = study.report.headline.whole.variable
    dataset = run_ensemble(
        kernel,
        study.scenarios[:1],
        draws,
        study.forcing,
        keep={headline: "annual"},
        by=Threads(args.threads),
    )
    ended, used = time.perf_counter(), time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    values = dataset[headline].sel(year=2025).values
    print(
        f"{args.members} members: {ended - begun:.1f} s, of it {drawn - begun:.1f} s drawing "
        f"({(ended - begun) / args.members * 1e6:.0f} µs a member); {used:.1f} s of processor time "
        f"({used / args.members * 1e6:.0f} µs a member); peak {peak:.2f} GiB; "
        f"share above 3000 in 2025: {(values > 3000).mean():.4f}"
    )


if __name__ == "__main__":
    main()
