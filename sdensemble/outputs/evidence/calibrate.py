"""What a calibration learned: its document and its figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sdensemble.evidence.calibrate import Calibrated
from sdensemble.evidence.diagnose import FLAT, Check, Diagnosis
from sdensemble.evidence.posterior import Posterior
from sdensemble.evidence.pull import FEW, Pull
from sdensemble.inputs.history import Vintage, information
from sdensemble.lang import Words, phrase
from sdensemble.outputs.document import Block, Document
from sdensemble.outputs.evidence.common import (
    QUANTILES,
    THREE,
    TWO,
    Besides,
    amount,
    cell,
    document,
    evidence_table,
    label_of,
    lines,
    no_term,
    series_cells,
    series_title,
)
from sdensemble.outputs.form import Chance, Number, Shown
from sdensemble.outputs.naming import information_date, label, moment, named_with_year, period_of
from sdensemble.outputs.table import Cell, Column, Table
from sdensemble.study import Study

SIGNED = Number(places=3, signed=True)
STUCK = 0.25
"""Moves at a power that leave more memory than this have not mixed."""


def calibration_document(study: Study, found: Calibrated) -> Document:
    """Return what a calibration learned; without a figure to fit, that."""
    posterior, diagnosis = found.posterior, found.diagnosis
    if posterior is None or diagnosis is None:
        none = phrase("posterior.no_figure", vintage=found.known.name)
        return document("calibration", lines([none]))
    blocks: list[Block] = lines(_said(study, posterior, diagnosis, found.known))
    blocks += [_learned(study, diagnosis), _checks(study, diagnosis)]
    blocks += [_profiles(study, diagnosis)] if diagnosis.profiles else []
    blocks += [_theil(study, diagnosis)] if diagnosis.theil else []
    blocks += [_pulls(study, found.pulls)] if any(found.pulls.values()) else []
    return document("calibration", blocks)


def fitted_from(study: Study, posterior: Posterior, known: Vintage) -> Words:
    """Return what was fitted to what."""
    dated = information(study.history, known.name)
    return phrase(
        "evidence.fitted",
        date=information_date(dated, study.report.issued),
        n=len(posterior.figures),
        priors=label(study.report, posterior.bound.prior_set),
        scenario=study.lived.title if study.lived else "-",
        digest=posterior.digest,
    )


def _said(
    study: Study, posterior: Posterior, diagnosis: Diagnosis, known: Vintage
) -> Iterator[Words]:
    """Yield what was fitted, how the sampler went, and what was left out."""
    yield fitted_from(study, posterior, known)
    yield phrase(
        "evidence.sampler",
        chains=posterior.replicates,
        particles=posterior.particles,
        stages=len(posterior.stages),
        moves=diagnosis.moves,
        distinct=diagnosis.distinct,
        effective=diagnosis.effective,
        evidence=diagnosis.evidence,
        error=diagnosis.evidence_error,
    )
    when = moment(study.model, study.report, posterior.forecast_from)
    yield phrase("evidence.shocks", when=when)
    late = [stage for stage in posterior.stages if stage.memory > STUCK]
    if late:
        yield phrase("evidence.stuck", n=len(late), memory=diagnosis.worst_memory)
    if study.fit and study.fit.skipped:
        yield phrase("evidence.skipped", rows=", ".join(study.fit.skipped))
    if known.lacks:
        shown = ", ".join(f"{row.id or row.measure} ({why})" for row, why in known.lacks)
        yield phrase("evidence.lacks", rows=shown)
    yield from no_term(study, known)


def _learned(study: Study, diagnosis: Diagnosis) -> Table:
    informed = [one for one in diagnosis.learned if not one.prior_only]
    informed.sort(key=lambda one: -one.shrinkage)
    return evidence_table(
        "shrinkage",
        informed,
        cell("number", lambda one: label_of(study, one.name)),
        cell("prior", "prior", QUANTILES),
        cell("posterior", "posterior", QUANTILES),
        cell(
            "shrink", lambda one: (one.shrinkage, f"±{one.error:.2f}"), Besides(TWO, brackets=False)
        ),
        cell("effective", "effective", Number(places=0)),
        some=len(informed),
        rest=len(diagnosis.learned) - len(informed),
    )


def _value(study: Study) -> Cell:
    return cell("value", lambda one: amount(study, one.value, one.unit))


def _checks(study: Study, diagnosis: Diagnosis) -> Table:
    def loo_pit(one: Check) -> tuple[float, str]:
        """Return the PIT, with what its weights are worth where that is few draws."""
        return one.posterior_pit, f"{one.effective:.0f}" if one.effective < FEW else ""

    return evidence_table(
        "checks",
        diagnosis.checks,
        *series_cells(study),
        _value(study),
        cell("prior", "prior", QUANTILES),
        cell("posterior", "posterior", QUANTILES),
        cell("pit", "pit", TWO),
        cell("loo_pit", loo_pit, Besides(TWO)),
        cell("residual", "residual", SIGNED),
        cell("discrepancy", "discrepancy", SIGNED),
        notes=[phrase("evidence.loo")],
    )


def _profiles(study: Study, diagnosis: Diagnosis) -> Table:
    return evidence_table(
        "profiles",
        diagnosis.profiles,
        cell("number", lambda one: label_of(study, one.name)),
        cell("fall", lambda one: max(one.likelihood) - min(one.likelihood), TWO),
        cell("verdict", lambda one: phrase(f"evidence.{'flat' if one.flat else 'identified'}")),
        notes=[phrase("evidence.flat_below", limit=FLAT)],
    )


def _theil(study: Study, diagnosis: Diagnosis) -> Table:
    return evidence_table(
        "theil",
        diagnosis.theil,
        cell("series", lambda one: series_title(study, one.series)),
        cell("rmse", lambda one: one.error**0.5, THREE),
        *(cell(name, name, TWO) for name in ("bias", "variation", "covariation")),
    )


def _pulls(study: Study, pulled: Mapping[str, Sequence[Pull]]) -> Table:
    """Return what each figure does to P of each target, a row a figure."""
    targets = {target.id: target for target in study.targets}
    unit = period_of(study.model, study.report)

    def moved(name: str, own: Sequence[Pull]) -> Cell:
        p = Shown((own[0].given, own[0].given_error), Chance(error=False))
        head = phrase("evidence.given", target=named_with_year(targets[name], unit), p=p)
        at = {(one.series, one.year): one for one in own}
        return Column(name, head), lambda one: _pull(at[one.series, one.year])

    return evidence_table(
        "pull",
        next(iter(pulled.values())),
        *series_cells(study),
        _value(study),
        *(moved(name, own) for name, own in pulled.items()),
        notes=[phrase("evidence.pull_note", few=FEW)],
    )


def _pull(one: Pull) -> Words:
    if one.cut:
        return phrase("evidence.cut")
    moved = f"{100 * one.pull:+.1f}".replace("-", "−")
    return f"{moved} ±{100 * one.error:.1f} ({one.effective:.0f})"
