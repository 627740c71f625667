"""Many members of one scenario of the study, keeping the headline alone.

``python benchmarks/million.py [--members 1048576]`` prints time, processor time (which other work
on the machine hardly touches), peak memory and the answer. ``--run`` then has the verb do the same,
``run --keep headline``, and prints its processor time and memory as a ratio, and what it wrote.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from sdengine.kernel import compile_model  # noqa: E402
from sdensemble.ensemble.blocks import Threads  # noqa: E402
from sdensemble.ensemble.draws import draw  # noqa: E402
from sdensemble.ensemble.run import run_ensemble  # noqa: E402
from sdensemble.study import Study, open_study  # noqa: E402


def main() -> None:
    """Run the ensemble and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=2**20)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--run", action="store_true")
    args = parser.parse_args()
    study = open_study(HERE.parent)
    kernel = compile_model(study.model)
    begun, used = time.perf_counter(), time.process_time()
    draws = draw(study.priors(), study.model, args.members, seed=1)
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
    values = dataset[headline].sel(year=2025).values
    print(
        f"{args.members} members: {ended - begun:.1f} s; {used:.1f} s of processor time "
        f"({used / args.members * 1e6:.0f} µs a member); peak {_peak():.2f} GiB; "
        f"share above 3000 in 2025: {(values > 3000).mean():.4f}"
    )
    if args.run:
        _run(study, args.members, args.threads, used / args.members)


def _run(study: Study, members: int, threads: int | None, alone: float) -> None:
    from sdensemble.verbs.run_options import RunOptions
    from sdensemble.verbs.run_study import run_study

    used = time.process_time()
    with tempfile.TemporaryDirectory() as place:
        asked = RunOptions(
            study=study,
            members=members,
            threads=threads,
            scenarios=(study.scenarios[0].name,),
            keep="headline",
            prior_only=True,
            out=Path(place) / "run",
        )
        done = run_study(asked)
        written = sum(path.stat().st_size for path in done.files)
    runs = members * sum(len(one.scenarios) for one in done.found)
    each = (time.process_time() - used) / runs
    print(
        f"run --keep headline, {len(done.found)} prior sets: {each * 1e6:.0f} µs a member, "
        f"{each / alone:.2f} times the above; {written / runs:.0f} bytes a member; "
        f"peak {_peak():.2f} GiB"
    )


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    main()
