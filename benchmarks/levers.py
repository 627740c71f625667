"""How long the questions on levers take: the dose surface, and the whole lever study.

    python benchmarks/levers.py [--study FOLDER] [--members 2048] [--only dose]

Every line is one verb of ``docs/levers.md`` as it is called there, on all the processor's threads:
seconds by the clock on the wall, processor seconds, member runs and runs a second. The dose surface
is 15 × 15 levels of two levers on the same members, to the target's year.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sdensemble.decide.doses import run_doses
from sdensemble.decide.levers import find_lever
from sdensemble.decide.measures import find_target
from sdensemble.study import Study, open_study
from sdensemble.verbs.compare import CompareOptions, compare
from sdensemble.verbs.matter import (
    DiscoverOptions,
    InformationOptions,
    PackageOptions,
    SensitivityOptions,
    discover,
    information,
    package,
    sensitivity,
)
from sdensemble.verbs.options import WorldOptions
from sdensemble.verbs.reach import FrontierOptions, SolveOptions, frontier, solve
from sdensemble.verbs.result import (
    SILENT,
    Tell,
)
from sdensemble.verbs.robust import RobustOptions, robust
from sdensemble.verbs.weigh import WeighOptions, weigh
from sdensemble.verbs.worlds import Job, question_of

QUESTION = "land-or-grants"


class Counter(Tell):
    """Counts the member runs a verb does."""

    def __init__(self) -> None:
        self.runs = 0

    def bar(self, runs: int) -> Callable[[int], None]:
        """Return what is called with the runs just finished."""

        def add(done: int) -> None:
            self.runs += done

        return add


def timed(name: str, work: Callable[[Counter], Any]) -> float:
    """Run one piece of work, print its line and return its seconds."""
    counter = Counter()
    wall, processor = time.perf_counter(), time.process_time()
    work(counter)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    rate = counter.runs / wall if wall else 0.0
    print(f"| {name} | {wall:.1f} | {processor:.1f} | {counter.runs:,} | {rate:,.0f} |", flush=True)
    return wall


def dose_surface(study: Study, asked: WorldOptions) -> Callable[[Counter], Any]:
    """Return the dose surface alone: every pair of levels on the same members."""
    question = question_of(study, QUESTION)
    world = Job(replace(asked, study=study), SILENT, "levers").world()
    sides = question.sides
    first, second = (
        find_lever(study, one.lever, low=one.low, high=one.high, start=one.start) for one in sides
    )
    target = find_target(study, question.target)
    single = replace(question, years=(int(target.year or question.years[0]),))

    def work(counter: Counter) -> Any:
        return run_doses(world, single, (first, second), target, progress=counter.bar(0))

    return work


def lever_study(
    study: Study, asked: WorldOptions
) -> Iterator[tuple[str, Callable[[Counter], Any]]]:
    """Yield the verbs that make a whole lever study, by name."""
    question = question_of(study, QUESTION)
    first, second = (one.lever for one in question.sides)
    packages = [s.name for s in study.scenarios if s.package]
    packages = packages or [s.name for s in study.scenarios if s.name != asked.base][:3]
    several = max(study.scenarios, key=lambda s: 2 <= len(s.settings) <= 6)

    def ask(verb: Any, kind: type[WorldOptions], **more: Any) -> Callable[[Counter], Any]:
        def work(counter: Counter) -> Any:
            with TemporaryDirectory() as folder:
                more["out"] = Path(folder) / "out"
                return verb(kind(study=study, members=asked.members, **more), counter)

        return work

    these = {"scenarios": tuple(packages)}
    yield "compare", ask(compare, CompareOptions, **these)
    yield "weigh", ask(weigh, WeighOptions, name=QUESTION)
    yield "solve", ask(solve, SolveOptions, lever=first, probability=0.7)
    yield "frontier", ask(frontier, FrontierOptions, levers=(first, second))
    yield "robust", ask(robust, RobustOptions, **these)
    yield "sensitivity", ask(sensitivity, SensitivityOptions, **these)
    yield "package", ask(package, PackageOptions, scenario=several.name)
    yield "information", ask(information, InformationOptions, **these)
    yield "discover", ask(discover, DiscoverOptions)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--study", type=Path, default=Path())
    parser.add_argument("--members", type=int, default=2048)
    parser.add_argument("--only", default="")
    given = parser.parse_args()
    study = open_study(given.study)
    asked = WorldOptions(study=study, members=given.members)
    print("| question | seconds | processor s | member runs | runs a second |")
    print("|---|---|---|---|---|")
    if given.only in ("", "dose"):
        timed("dose surface, 15 × 15", dose_surface(study, asked))
    if given.only == "dose":
        return
    whole = 0.0
    for name, work in lever_study(study, asked):
        if given.only in ("", name):
            whole += timed(name, work)
    print(f"| the whole lever study | {whole:.0f} | | | |")


if __name__ == "__main__":
    main()
