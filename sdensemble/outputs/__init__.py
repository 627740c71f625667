"""Writes ``outputs/``: the ensemble, its tables, figures and the answer in words.

Figures, and with them matplotlib, are imported only when a run is written.
"""

from sdensemble.history import Observation, read_history
from sdensemble.outputs.report import Kept, ReportSpec, read_report
from sdensemble.outputs.run import RunPaths, check_ready, terminal_summary, write_run
from sdensemble.outputs.store import read_ensemble, write_ensemble

__all__ = [
    "Kept",
    "Observation",
    "ReportSpec",
    "RunPaths",
    "check_ready",
    "read_ensemble",
    "read_history",
    "read_report",
    "terminal_summary",
    "write_ensemble",
    "write_run",
]
