"""calibrate: the model fitted to what was observed; with --variants every structure of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from sdensemble.verbs.options import COUNT, FILE, OfStudy, option
from sdensemble.verbs.result import SILENT, Tell, VerbResult


@dataclass(frozen=True, kw_only=True)
class CalibrateOptions(OfStudy):
    """What a calibration may be asked with."""

    as_of: str = option("")
    prior_set: str = option("", "--prior")
    seed: int = option(1)
    particles: int = option(4096)
    threads: int | None = option(aside=True, type=COUNT)
    no_profiles: bool = option(False)
    variants: bool = option(False)
    figures: Path | None = option(aside=True, type=click.Path(path_type=Path))
    out: Path | None = option(aside=True, type=FILE)


def calibrate(asked: CalibrateOptions, tell: Tell = SILENT) -> VerbResult:
    """Fit the model to what was observed; keep the posterior.

    Interrupted, it goes on where it was when called again.
    """
    from sdensemble.evidence.calibrate import Asked
    from sdensemble.evidence.calibrate import calibrate as fit
    from sdensemble.evidence.structures import compare_structures
    from sdensemble.outputs.document import verbatim

    study = asked.opened()
    common = {name: getattr(asked, name) for name in COMMON}
    if asked.variants:
        weighed = compare_structures(study, **common, tell=tell)
        return VerbResult(verbatim(weighed.text), weighed, weighed.path, id=asked.record(study).id)
    more = {name: getattr(asked, name) for name in ("as_of", "out", "figures")}
    found = fit(study, Asked(**common, **more, profiles=not asked.no_profiles), tell)
    return VerbResult(
        verbatim(found.text), found, found.path, found.figures, id=asked.record(study).id
    )


COMMON = ("prior_set", "seed", "particles", "threads", "lang")
