"""Seconds of a default calibration: python benchmarks/calibrate.py [--particles 4096].

By the clock on the wall, and of the processor, which other work on the machine hardly touches.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from sdengine.kernel import default_threads
from sdensemble.evidence.calibrate import calibrate
from sdensemble.study import open_study

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Time the fit alone, then the fit with profiles, as ``calibrate`` does them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--particles", type=int, default=4096)
    parser.add_argument("--threads", type=int, default=default_threads())
    given = parser.parse_args()
    study = open_study(ROOT)
    for profiles in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            asked = {
                "particles": given.particles,
                "threads": given.threads,
                "profiles": profiles,
                "out": Path(folder) / "posterior.nc",
            }
            begun, used = time.perf_counter(), time.process_time()
            done = calibrate(study, **asked)
            seconds, used = time.perf_counter() - begun, time.process_time() - used
        assert done.diagnosis is not None
        what = "fit, checks and profiles" if profiles else "fit and checks"
        print(
            f"{what}: {seconds:.0f} s, {used:.0f} s of a processor, {given.threads} threads,"
            f" {given.particles} particles, {len(done.diagnosis.learned)} numbers,"
            f" {done.diagnosis.moves} moves"
        )


if __name__ == "__main__":
    main()
