"""ledger: of each target what is published: met, not met, not published."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sdensemble.verbs.options import RUN, IntoFolder, OfStudy, option
from sdensemble.verbs.result import SILENT, Tell, VerbResult


@dataclass(frozen=True, kw_only=True)
class LedgerOptions(IntoFolder, OfStudy):
    """What a ledger may be asked with.

    ``as_of`` is an information date ("2022-03-31", "through-2021"; empty: all there is). P is
    read from ``run``, under ``scenario``.
    """

    as_of: str = option("")
    run: Path | None = option(type=RUN)
    scenario: str = option("")


def ledger(asked: LedgerOptions, tell: Tell = SILENT) -> VerbResult:
    """Say of each target what is published: met, not met, not published."""
    from sdensemble.verbs.policy import show_ledger

    return show_ledger(asked)
