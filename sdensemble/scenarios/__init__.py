"""Reads ``scenarios/``: scenarios, the targets they are scored against, the instruments."""

from sdensemble.scenarios.conflicts import Conflict, read_conflicts
from sdensemble.scenarios.instruments import Instrument, read_instruments, refusals
from sdensemble.scenarios.read import (
    DEFAULT_SET,
    Scenario,
    Setting,
    apply,
    read_scenario,
    read_scenarios,
)
from sdensemble.scenarios.targets import Target, holds, leaves, met, read_targets, scored

__all__ = [
    "DEFAULT_SET",
    "Conflict",
    "Instrument",
    "Scenario",
    "Setting",
    "Target",
    "apply",
    "holds",
    "leaves",
    "met",
    "read_conflicts",
    "read_instruments",
    "read_scenario",
    "read_scenarios",
    "read_targets",
    "refusals",
    "scored",
]
