"""calibrate: the model fitted to what was observed; with --variants every structure of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import click

from sdensemble.verbs.options import FILE, Fitting, option
from sdensemble.verbs.result import SILENT, Tell, VerbResult


@dataclass(frozen=True, kw_only=True)
class CalibrateOptions(Fitting):
    """What a calibration may be asked with."""

    as_of: str = option("")
    particles: int = option(4096)
    no_profiles: bool = option(False)
    variants: bool = option(False)
    figures: Path | None = option(aside=True, type=click.Path(path_type=Path))
    out: Path | None = option(aside=True, type=FILE)


def calibrate(asked: CalibrateOptions, tell: Tell = SILENT) -> VerbResult:
    """Fit the model to what was observed; keep the posterior.

    Interrupted, it goes on where it was when called again.
    """
    if asked.variants:
        return _weigh_structures(asked, tell)
    from sdensemble.evidence.calibrate import calibrate as fit
    from sdensemble.outputs.evidence.calibrate import calibration_document, fitted_from
    from sdensemble.outputs.evidence.common import draw
    from sdensemble.outputs.evidence.figures import calibration_figures
    from sdensemble.results.record import written

    study = asked.opened()
    found = fit(
        study,
        **asked.picked("as_of", "prior_set", "seed", "particles", "threads"),
        profiles=not asked.no_profiles,
        out=asked.out,
        tell=tell,
    )
    record = asked.record(study)
    drawn: tuple[Path, ...] = ()
    if asked.figures is not None and found.diagnosis is not None and found.posterior is not None:
        figures = calibration_figures(study, found.diagnosis)
        with written(asked.figures, record) as writing:
            of = fitted_from(study, found.posterior, found.known)
            draw(writing.partial, figures, study, of)
        drawn = tuple(asked.figures / name for name in writing.files)
    said = calibration_document(study, found)
    posterior = found.posterior.digest if found.posterior else "prior"
    return VerbResult(said, found, found.path, drawn, **asked.keyed(study, posterior=posterior))


def _weigh_structures(asked: CalibrateOptions, tell: Tell) -> VerbResult:
    """Fit every structure, and write the weights for ``run --weights``."""
    from sdensemble.evidence.structures import compare_structures
    from sdensemble.outputs.evidence.structures import structures_document, write_structures

    study = asked.opened()
    found = compare_structures(
        study, **asked.picked("prior_set", "seed", "particles", "threads"), tell=tell
    )
    path = write_structures(study.folder / "calibration", found)
    said = structures_document(study, found)
    return VerbResult(said, found, path, **asked.keyed(study, **asdict(found.mixture.key)))
