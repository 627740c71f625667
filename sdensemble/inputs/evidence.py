"""What numbers rest on: the evidence of a prior or a process, and when it became known."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple, Protocol

from sdengine.errors import Message
from sdensemble.inputs.config import Section, short


class Evidence(NamedTuple):
    """Where numbers come from.

    ``known_on`` is the end of the period of the latest figure they rest on; ``exempt`` is the
    reason why that may lie after the information date, empty where it may not.
    """

    basis: str
    known_on: date | None
    kind: str
    assumption: bool
    exempt: str = ""


class Dated(Protocol):
    """An entry with evidence: a prior or a process."""

    @property
    def name(self) -> str: ...
    @property
    def known_on(self) -> date | None: ...
    @property
    def kind(self) -> str: ...
    @property
    def exempt(self) -> str: ...


EVIDENCE_KEYS = ("unit", "basis", "known_on", "kind", "assumption", "exempt")
KINDS = ("anchored", "structural")


def read_evidence(table: Section) -> Evidence:
    """Return the evidence of one entry; an entry with a date is anchored unless it says other."""
    known_on = table.values.get("known_on")
    if isinstance(known_on, str):
        try:
            known_on = date.fromisoformat(known_on)
        except ValueError:
            told = 'known_on must be a date such as "2019-12-31", not "{value}"'
            table.problem(told, value=known_on)
    elif known_on is not None and type(known_on) is not date:
        table.problem("known_on must be a date, not {value}", value=known_on)
    kind = table.text("kind")
    if kind and kind not in KINDS:
        table.problem('kind must be anchored or structural, not "{kind}"', kind=kind)
    if known_on is None and kind != "structural":
        told = 'known_on is missing — give the date, or kind = "structural"'
        table.problem(told)
    return Evidence(
        basis=table.text("basis", needed=True),
        known_on=known_on if type(known_on) is date else None,
        kind=kind or "anchored",
        assumption=table.flag("assumption"),
        exempt=_read_exempt(table, known_on, kind),
    )


def _read_exempt(table: Section, known_on: object, kind: str) -> str:
    """Return the reason of an exemption; note one that is empty or that exempts nothing."""
    if "exempt" not in table.values:
        return ""
    if kind == "structural":
        table.problem("exempt is not needed: structural entries are exempt")
    elif known_on is None:
        table.problem("exempt needs known_on: the date that is exempted")
    reason = table.text("exempt")
    if not reason and isinstance(table.values["exempt"], str):
        table.problem("exempt must give the reason")
    return reason


class Evidenced(ABC):
    """A file of entries with evidence, which can tell what was not known at a date."""

    path: Path

    @property
    @abstractmethod
    def entries(self) -> Sequence[Dated]:
        """The entries, in file order."""

    def check_vintage(self, day: date) -> tuple[str, ...]:
        """Return a line for each anchored entry known only after a day and not exempt."""
        told = '{file} "{name}": known on {known}, after {day}'
        return tuple(
            Message(told, file=short(self.path), name=item.name, known=item.known_on, day=day)
            for item in self._later(day)
            if item.kind == "anchored" and not item.exempt
        )

    def exempt(self, day: date) -> tuple[str, ...]:
        """Return the names of those known only after a day and exempt, or structural."""
        return tuple(one.name for one in self._later(day) if one.kind != "anchored" or one.exempt)

    def _later(self, day: date) -> list[Dated]:
        return [one for one in self.entries if one.known_on is not None and one.known_on > day]
