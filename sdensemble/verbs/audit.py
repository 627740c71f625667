"""audit: the forecast at the policy's issue against what came, and why."""

from __future__ import annotations

from dataclasses import dataclass

from sdensemble.verbs.options import Fitting, option
from sdensemble.verbs.result import SILENT, Tell, VerbResult


@dataclass(frozen=True, kw_only=True)
class AuditOptions(Fitting):
    """What an audit may be asked with; ``scenario`` sets its levers from ``start`` on."""

    scenario: str = option("")
    start: float | None = option(None, "--from", type=float)
    members: int = option(2048)


def audit(asked: AuditOptions, tell: Tell = SILENT) -> VerbResult:
    """The forecast at the policy's issue against what came, and why."""
    from sdensemble.evidence.audit import audit as account
    from sdensemble.evidence.calibrate import going_on
    from sdensemble.outputs.evidence.audit import audit_document

    study = asked.opened()
    with going_on(study.folder / "outputs", "audit", tell) as kept:
        found = account(
            study,
            **asked.picked("prior_set", "scenario", "start", "seed", "members", "threads"),
            tell=tell,
            kept=kept,
        )
    return VerbResult(audit_document(study, found), found, **asked.keyed(study))
