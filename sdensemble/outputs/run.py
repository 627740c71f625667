"""Writes everything a run leaves behind, whole or not at all."""

from __future__ import annotations

import importlib.metadata
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdengine.syntax import Model
from sdensemble.inputs.folder import RECORD, check_folder, check_space, whole_folder
from sdensemble.inputs.history import Observation
from sdensemble.inputs.report import ReportSpec
from sdensemble.lang import LANGS
from sdensemble.outputs import fonts
from sdensemble.outputs.answer import answer
from sdensemble.outputs.tables import write_tables
from sdensemble.outputs.write.terminal import document_text
from sdensemble.results.results import Results

if TYPE_CHECKING:
    import xarray as xr

    from sdensemble.inputs.scenarios import Scenario
    from sdensemble.inputs.targets import Target

PACKAGES = ("numpy", "scipy", "llvmlite", "xarray", "netCDF4", "matplotlib", "pysd")
"""Whose versions run.json records."""

FIGURES = "figures"


@dataclass(frozen=True)
class RunPaths:
    """Where a run's files are; ``notes`` are things to tell the person who asked for it."""

    folder: Path
    files: tuple[Path, ...]
    notes: tuple[str, ...]


def check_ready(folder: Path) -> None:
    """Raise SDError for all that would stop the writing of a run, before it is computed."""
    check_folder(folder)
    fonts.require_font()


def write_run(
    folder: Path,
    dataset: xr.Dataset,
    *,
    scenarios: Sequence[Scenario],
    targets: Sequence[Target],
    spec: ReportSpec,
    model: Model,
    info: Mapping[str, Any],
    lang: str = "zh",
    extra: Mapping[str, xr.Dataset] | None = None,
    notes: Mapping[str, Sequence[str]] | None = None,
    history: Sequence[Observation] = (),
) -> RunPaths:
    """Write a run's folder: ensemble, tables, figures with captions, answer and record.

    ``extra`` holds ensembles under further prior sets, by name; they add rows to the tables,
    columns to the answer and a NetCDF file each. ``info`` goes into ``run.json`` as it is;
    ``notes``, lines by language, stand at the end of the answer.
    Nothing of the folder exists until all of it does. Raises SDError.
    """
    check_ready(folder)
    every = all_results(dataset, extra, scenarios, targets, spec, model)
    check_space(folder, sum(one.data.nbytes for one in every) + 30_000_000)
    with whole_folder(folder) as partial:
        missing = _write(partial, every, lang, history, notes or {})
        names = sorted(p.relative_to(partial).as_posix() for p in partial.rglob("*") if p.is_file())
        record = _record(info, every, names)
        (partial / RECORD).write_text(
            json.dumps(record, ensure_ascii=False, indent=2, default=str) + "\n", encoding="utf-8"
        )
    told = (f"figures: the font has no glyph for {' '.join(missing)}",) if missing else ()
    return RunPaths(folder, tuple(folder / name for name in [*names, RECORD]), told)


def terminal_summary(
    dataset: xr.Dataset,
    *,
    scenarios: Sequence[Scenario],
    targets: Sequence[Target],
    spec: ReportSpec,
    model: Model,
    lang: str = "zh",
    extra: Mapping[str, xr.Dataset] | None = None,
    notes: Mapping[str, Sequence[str]] | None = None,
    columns: int | None = None,
) -> str:
    """Return the answer as a short table and sentences for the terminal; imports no figures.

    A table wider than ``columns`` is folded.
    """
    first, *others = all_results(dataset, extra, scenarios, targets, spec, model)
    return document_text(answer(first, others, (notes or {}).get(lang, ())), lang, columns)


def all_results(
    dataset: xr.Dataset,
    extra: Mapping[str, xr.Dataset] | None,
    scenarios: Sequence[Scenario],
    targets: Sequence[Target],
    spec: ReportSpec,
    model: Model,
) -> tuple[Results, ...]:
    """Return results of an ensemble and of those under further prior sets, in this order."""
    found = []
    for data in (dataset, *(extra or {}).values()):
        held = {str(name) for name in data["scenario"].values}
        run = tuple(scenario for scenario in scenarios if scenario.name in held)
        found.append(Results(data, run, tuple(targets), spec, model))
    return tuple(found)


def _write(
    folder: Path,
    every: Sequence[Results],
    lang: str,
    history: Sequence[Observation],
    notes: Mapping[str, Sequence[str]],
) -> str:
    """Write all files but the record; return the characters figures could not show."""
    from sdensemble.outputs.figures import draw_figures, figures_of
    from sdensemble.outputs.horizon_tables import answer_figures
    from sdensemble.results.store import label_dataset, write_ensemble

    first, *others = every
    write_ensemble(folder / "ensemble.nc", label_dataset(first))
    for other in others:
        write_ensemble(folder / f"ensemble-{other.prior_set}.nc", label_dataset(other))
    write_tables(folder, every)
    for language in LANGS:
        text = document_text(answer(first, others, notes.get(language, ())), language)
        (folder / f"answer-{language}.txt").write_text(text + "\n", encoding="utf-8")
    (folder / FIGURES).mkdir()
    figures = (*figures_of(first, history, others), *answer_figures(first))
    return draw_figures(folder / FIGURES, figures, lang)[1]


def _record(
    info: Mapping[str, Any], every: Sequence[Results], files: Sequence[str]
) -> dict[str, Any]:
    first = every[0]
    return {
        **info,
        "model_digest": first.model.digest,
        "report_digest": first.spec.digest,
        "scenario_digests": {s.name: s.digest for s in first.scenarios},
        "ensembles": [
            {**one.data.attrs, "members": one.members, "lost": one.lost} for one in every
        ],
        "versions": versions(),
        "files": list(files),
    }


def versions() -> dict[str, str]:
    """Return the versions of Python, the platform and the packages a result depends on."""
    found = {"python": platform.python_version(), "platform": platform.platform()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found
