"""Reads a run's folder back: its ensemble with all that is needed to ask it further questions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sdengine.errors import SDError
from sdengine.syntax import Model
from sdensemble.inputs.folder import RECORD, put_back
from sdensemble.inputs.headline import only_headline
from sdensemble.inputs.report import ReportSpec
from sdensemble.results.asked import HEADLINE
from sdensemble.results.record import past
from sdensemble.results.results import Results

if TYPE_CHECKING:
    import xarray as xr

    from sdensemble.inputs.scenarios import Scenario
    from sdensemble.inputs.targets import Target

ENSEMBLE = "ensemble.nc"
NO_RUN = (
    "{folder}: holds no {file}: it is no folder that the verb run wrote, as papers, ledger and"
    " scorecard need one"
)
"""What is said of a folder that holds something else, such as the answer of another verb."""


def latest_run(folder: Path) -> Path | None:
    """Return the run in a folder of runs that was written last; None where there is none.

    One of a time to come was written by a clock that has been set back since: it comes last.
    """
    put_back(folder)
    held = [
        path
        for path in folder.glob("*/")
        if not path.name.startswith(".") and (path / ENSEMBLE).is_file()
    ]
    return max(held, key=lambda path: past((path / ENSEMBLE).stat().st_mtime), default=None)


def run_of(folder: Path) -> Path:
    """Return the run a folder holds, or the one its record says it was made from."""
    if (folder / ENSEMBLE).is_file():
        return folder
    try:
        named = json.loads((folder / RECORD).read_text(encoding="utf-8"))["run"]
    except (OSError, ValueError, KeyError, TypeError):
        return folder
    return (folder / str(named)).resolve()


def stored_results(
    folder: Path,
    *,
    scenarios: Sequence[Scenario],
    targets: Sequence[Target],
    spec: ReportSpec,
    model: Model,
    file: str = ENSEMBLE,
) -> Results:
    """Return the results of a stored run, read with today's targets and titles.

    ``file`` is one of its ensembles; further prior sets have their own. Raises SDError where there
    is no ensemble, it is of another model, or the study no longer has one of its scenarios.
    """
    from sdensemble.results.store import read_ensemble

    path = folder / file
    if not path.is_file():
        raise SDError(NO_RUN, folder=folder, file=file)
    data = read_ensemble(path)
    if not _is_whole(data):
        raise SDError("{path}: is damaged: run again", path=path)
    data.attrs = {name: _value(value) for name, value in data.attrs.items()}
    if data.attrs.get("keep") == HEADLINE:
        spec, targets = only_headline(spec, targets)
    written = str(data.attrs.get("model_digest", ""))
    if written != model.digest:
        raise SDError(
            "{folder}: this run is of another state of {path} ({written}, now {digest}): run"
            " the study again",
            folder=folder,
            path=model.path.name,
            written=written[:12],
            digest=model.digest[:12],
        )
    held = [str(name) for name in data["scenario"].values]
    known = {scenario.name: scenario for scenario in scenarios}
    gone = [name for name in held if name not in known]
    if gone:
        raise SDError(
            '{folder}: ran the scenario "{gone}", which the study no longer has: put'
            " scenarios/{gone}.toml back, or run again",
            folder=folder,
            gone=gone[0],
        )
    _require_same_scenarios(folder, [known[name] for name in held])
    run = tuple(scenario for scenario in scenarios if scenario.name in held)
    return Results(data, run, tuple(targets), spec, model)


def _is_whole(data: xr.Dataset) -> bool:
    """Return whether what everything in a run is found by has values that it can have."""
    if not {"scenario", "year", "member"} <= set(data.coords):
        return False
    names = [str(name) for name in data["scenario"].values]
    years = data["year"].values
    replicate = data["replicate"].values if "replicate" in data.coords else np.zeros(1, int)
    return (
        len(names) == len(set(names)) > 0
        and years.dtype.kind == replicate.dtype.kind == "i"
        and bool((np.diff(years) > 0).all())
        and bool(((replicate >= 0) & (replicate < data.sizes["member"])).all())
    )


def _require_same_scenarios(folder: Path, scenarios: Sequence[Scenario]) -> None:
    """Raise SDError where a scenario's file has changed since the run, as its record tells."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        digests = dict(record["scenario_digests"])
    except (OSError, ValueError, KeyError, TypeError):
        return
    for scenario in scenarios:
        if digests.get(scenario.name, scenario.digest) != scenario.digest:
            raise SDError(
                '{folder}: the scenario "{scenario}" has changed since this run: run again',
                folder=folder,
                scenario=scenario.name,
            )


def _value(value: object) -> object:
    """Return an attribute as it was before it was stored: lists and tables out of their JSON."""
    if isinstance(value, str) and value[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
