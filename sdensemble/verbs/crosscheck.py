"""crosscheck: a model file here, in PySD and in pysimlin, and how far they are apart."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sdensemble.verbs.options import COUNT, THERE, Options, argument, option
from sdensemble.verbs.result import SILENT, Tell, VerbResult


@dataclass(frozen=True, kw_only=True)
class CrosscheckOptions(Options):
    """What is to be compared: a model file, over its first steps, telling of every variable."""

    model: Path = argument(Path(), type=THERE, required=True)
    steps: int | None = option(type=COUNT)
    every: bool = option(False, "--all")


def crosscheck(asked: CrosscheckOptions, tell: Tell = SILENT) -> VerbResult:
    """Run a MODEL file here, in PySD and in pysimlin; show the differences.

    Ends with status 1 where PySD and our kernel disagree, or PySD did not run.
    """
    from sdengine.oracle.crosscheck import crosscheck as compare
    from sdensemble.outputs.crosscheck import crosscheck_document

    found = compare(asked.model, asked.steps)
    return VerbResult(crosscheck_document(found, every=asked.every), found, ok=found.agree)
