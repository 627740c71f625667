"""Runs validation tests one by one; a test that cannot run says why and counts as failed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sdengine.errors import SDError
from sdengine.kernel import compile_model
from sdensemble.checks import against, conditions, levers, statistics, structure, variance
from sdensemble.checks.finding import (
    FAIL,
    NO_DATA,
    NOT_APPLICABLE,
    NOT_RUN,
    PASS,
    READ,
    Found,
    told,
)
from sdensemble.checks.read import GROUPS, Test, read_tests
from sdensemble.checks.runs import Bench
from sdensemble.lang import phrase
from sdensemble.study import Study

KINDS: Mapping[str, Callable[[Bench, Mapping[str, Any]], Found]] = {
    "units": structure.units,
    "named numbers": structure.named_numbers,
    "balance": structure.balance,
    "ledger": structure.ledger,
    "at most": structure.at_most,
    "sums to one": structure.sums_to_one,
    "adds up": structure.adds_up,
    "bounds": structure.bounds,
    "boundary": structure.boundary,
    "loops": structure.named_loops,
    "alone": structure.alone,
    "independent": structure.independent,
    "condition": conditions.condition,
    "refused": against.refused,
    "formula": against.formula,
    "studies": against.studies,
    "shares": variance.shares,
    "scores": against.scores,
    "step size": conditions.step_size,
    "integrator": conditions.integrator,
    "response": conditions.response,
    "pulse": conditions.pulse,
    "monotone": levers.monotone,
    "diminishing": levers.diminishing,
    "knockout": levers.knockout,
    "morris": statistics.morris,
    "seeds": statistics.seeds,
    "coverage": statistics.coverage,
    "band": statistics.band,
    "naive": statistics.naive,
    "family": statistics.family,
    "variants": statistics.variant_runs,
    "stored": statistics.stored,
    "no data": statistics.no_data,
    "review": statistics.review,
}
FILE = "model/validation.toml"
MORE = ("model/extremes.toml", "model/against.toml")
"""Further tests in the same form, where a study has them: extreme conditions, and what the model
is held against."""
FULL = 1024
"""Members of the worlds that `check --full` looks at."""
COUNTED = (PASS, FAIL, NO_DATA, NOT_APPLICABLE, NOT_RUN, READ)
Progress = Callable[["Checked"], None]


@dataclass(frozen=True, eq=False)
class Checked:
    """A test with what it found and how long it took."""

    test: Test
    found: Found
    seconds: float


def run_test(bench: Bench, test: Test) -> Checked:
    """Run one test. What it needs and the model lacks is a failure that names it."""
    begun = time.perf_counter()
    try:
        found = KINDS[test.kind](bench, test.given)
    except SDError as error:
        lines = tuple({"problem": line} for line in error.problems)
        said = phrase("result.cannot_run", why=error.problems[0])
        found = told(FAIL, said, None, lines)
    except KeyError as error:
        found = told(FAIL, phrase("result.cannot_run", why=f"given lacks {error}"))
    return Checked(test, found, time.perf_counter() - begun)


def validate(
    study: Study, *, members: int = 256, quick: bool = False, progress: Progress | None = None
) -> tuple[Checked, ...]:
    """Run a study's validation tests, or only the quick ones, in Barlas's order.

    Raises SDError where the study declares none, or its file does not read.
    """
    path = study.folder / FILE
    if not path.is_file():
        told = "{folder}: has no {file}, so there is nothing to validate"
        raise SDError(told, folder=study.folder, file=FILE)
    files = [path, *(study.folder / name for name in MORE if (study.folder / name).is_file())]
    every = [test for file in files for test in read_tests(file, KINDS)]
    every.sort(key=lambda test: GROUPS.index(test.group))
    tests = [test for test in every if test.quick or not quick]
    bench = Bench(study, compile_model(study.model), members, prior_set=study.prior_sets()[0])
    done = []
    for test in tests:
        done.append(run_test(bench, test))
        if progress:
            progress(done[-1])
    return tuple(done)


def counts(checked: tuple[Checked, ...]) -> dict[str, int]:
    """Return how many tests ended in each status."""
    return {name: sum(one.found.status == name for one in checked) for name in COUNTED}


__all__ = ["FULL", "GROUPS", "KINDS", "Checked", "counts", "run_test", "validate"]
