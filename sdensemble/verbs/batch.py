"""batch and grid: many scenarios against the baseline, from a table or from levels of levers."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from sdengine.errors import SDError
from sdensemble.verbs.options import THERE, WorldOptions, argument
from sdensemble.verbs.result import SILENT, Tell, VerbResult

if TYPE_CHECKING:
    from sdensemble.decide.levers import Lever
    from sdensemble.inputs.scenarios import Scenario
    from sdensemble.study import Study
    from sdensemble.verbs.worlds import Job

MOST = 2000
"""Scenarios a grid may have."""


@dataclass(frozen=True, kw_only=True)
class BatchOptions(WorldOptions):
    """What a batch may be asked with: its scenarios stand in ``file``, a row each."""

    file: Path = argument(Path(), type=THERE, required=True)


def batch(asked: BatchOptions, tell: Tell = SILENT) -> VerbResult:
    """Run the scenarios of FILE (.xlsx, .csv), a row each."""
    from sdensemble.decide.levers import start_of
    from sdensemble.inputs.batch import read_batch
    from sdensemble.verbs.worlds import Job

    job = Job(asked, tell, "batch")
    scenarios = read_batch(
        asked.file,
        job.study.model,
        units=job.study.unit_words,
        starts=lambda name: start_of(job.study, name),
        baseline=job.base.name,
        taken=[s.name for s in job.study.scenarios],
    )
    return _compared(job, scenarios)


@dataclass(frozen=True, kw_only=True)
class GridOptions(WorldOptions):
    """What a grid may be asked with: ``"lever=0:10:6"`` or ``"lever=1,2,5"`` of each lever."""

    levers: tuple[str, ...] = argument((), required=True)


def grid(asked: GridOptions, tell: Tell = SILENT) -> VerbResult:
    """Run all combinations of LEVERS: "name=0:10:6", "name=3%,5%"."""
    from sdensemble.decide.levers import turned
    from sdensemble.lang import in_all
    from sdensemble.outputs.decide.batch import levels_title
    from sdensemble.verbs.worlds import Job

    job = Job(asked, tell, "grid")
    axes = [parse_axis(job.study, text) for text in asked.levers]
    size = prod(len(values) for _, values in axes)
    if size > MOST:
        raise SDError("{n} scenarios; at most {most} at a time", n=size, most=MOST)
    scenarios = []
    for chosen in itertools.product(*([(lever, v) for v in values] for lever, values in axes)):
        name = " ".join(f"{lever.name}={value:g}" for lever, value in chosen)
        made = turned(job.base, list(chosen), name)
        title = in_all(levels_title(job.study, chosen))
        scenarios.append(replace(made, title=title, compares=job.base.name))
    return _compared(job, tuple(scenarios))


def _compared(job: Job, scenarios: tuple[Scenario, ...]) -> VerbResult:
    from sdensemble.decide.compare import compare
    from sdensemble.outputs.decide.batch import batch_document

    where = job.worlds()
    count = job.bar(where, (len(scenarios) + 1) * job.asked.members)
    found = compare(where, scenarios, job.base, job.target, pairs=False, progress=count)
    return job.done(found, batch_document(found, job.study), scenarios)


def parse_axis(study: Study, text: str) -> tuple[Lever, tuple[float, ...]]:
    """Return a lever and its levels from ``"lever=low:high:count"`` or ``"lever=a,b,c"``."""
    import numpy as np

    from sdensemble.decide.levers import find_lever
    from sdensemble.verbs.worlds import level

    name, mark, given = text.replace("＝", "=").partition("=")
    if not mark or not given.strip():
        raise SDError('"{text}": write "lever=0:10:6" or "lever=0,5,10"', text=text)
    lever = find_lever(study, name.strip())
    try:
        if ":" in given or "：" in given:
            low, high, count = given.replace("：", ":").split(":")
            number = int(count)
            if not 2 <= number <= 200:
                raise ValueError
            values = tuple(float(v) for v in np.linspace(level(low), level(high), number))
        else:
            values = tuple(level(v) for v in given.replace("，", ",").split(",") if v.strip())
    except ValueError:
        told = '"{text}": levels must be numbers: "lever=0:10:6" or "lever=0,5,10"'
        raise SDError(told, text=text) from None
    wrong = [v for v in values if not lever.low <= v <= lever.high]
    if wrong:
        told = '"{name}": {value:g} is outside the limits of the constant ({low:g} to {high:g})'
        words = {"name": lever.name, "value": wrong[0], "low": lever.low, "high": lever.high}
        raise SDError(told, **words)
    return lever, values
