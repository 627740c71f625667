"""Reads ``scenarios/``: the scenarios, and the targets they are scored against."""

from sdensemble.scenarios.read import (
    DEFAULT_SET,
    Scenario,
    Setting,
    apply,
    read_scenario,
    read_scenarios,
)
from sdensemble.scenarios.targets import Target, leaves, met, read_targets

__all__ = [
    "DEFAULT_SET",
    "Scenario",
    "Setting",
    "Target",
    "apply",
    "leaves",
    "met",
    "read_scenario",
    "read_scenarios",
    "read_targets",
]
