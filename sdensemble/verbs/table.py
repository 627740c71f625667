"""The table of verbs: the command line and its help are made of it.

A verb is a function ``(options, tell) -> VerbResult``; the kind of its first argument is its
command line. Its module is imported when it is called, so that ``--help`` stays quick.
"""

from __future__ import annotations

from collections.abc import Mapping

VERBS: Mapping[str, str | Mapping[str, str]] = {
    "run": "run:run",
    "check": "check:check",
    "describe": "describe:describe",
    "cockpit": "cockpit:cockpit",
    "ledger": "ledger:ledger",
    "scorecard": "scorecard:scorecard",
    "calibrate": "calibrate:calibrate",
    "backtest": "backtest:backtest",
    "forecast": "forecast:forecast",
    "audit": "audit:audit",
    "brief": "brief:brief",
    "figure": "figure:figure",
    "trace": "trace:trace",
    "observe": {"add": "observe:add", "list": "observe:listed", "undo": "observe:undo"},
    "new": "new:new",
    "crosscheck": "crosscheck:crosscheck",
    "compare": "compare:compare",
    "weigh": "weigh:weigh",
    "solve": "reach:solve",
    "frontier": "reach:frontier",
    "batch": "batch:batch",
    "grid": "batch:grid",
    "allocate": "allocate:allocate",
    "robust": "robust:robust",
    "sensitivity": "matter:sensitivity",
    "package": "matter:package",
    "information": "matter:information",
    "discover": "matter:discover",
}
"""Verb → module of this room and function; a group of verbs is a table of its own."""
