"""A model file without a study: one run, or an ensemble of sampled constants."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sdengine.errors import Problems, SDError, did_you_mean
from sdengine.kernel import Kernel, Trajectories, compile_model
from sdengine.limits import at_most, limit
from sdengine.model.read import read_model
from sdengine.oracle.crosscheck import touched_by_random
from sdengine.program.held import State
from sdengine.syntax import Kind, Model
from sdensemble import __version__
from sdensemble.inputs.config import cell_name, short
from sdensemble.inputs.constants import Given, read_given
from sdensemble.inputs.folder import check_folder
from sdensemble.inputs.settings import Changed, changed
from sdensemble.inputs.state import read_state, write_state
from sdensemble.inputs.vensim import read_save_list
from sdensemble.inputs.vensim.text import split_name, split_outside
from sdensemble.lang import Words, bracketed, joined, phrase
from sdensemble.outputs.document import Block, Document, Paragraph
from sdensemble.outputs.form import Number
from sdensemble.outputs.table import Column, Table
from sdensemble.outputs.write.csv import cell
from sdensemble.results.convert import to_dataset
from sdensemble.results.record import RunRecord, written
from sdensemble.results.store import write_ensemble
from sdensemble.verbs.result import VerbResult
from sdensemble.verbs.run_options import FileOptions

if TYPE_CHECKING:
    import xarray as xr

SIX = Number(digits=6)
SHOWN = 40  # lines of a table on the terminal
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
SIDE_FILES = {".vsc": "--sensitivity", ".cin": "--changes", ".lst": "--save-list"}


@dataclass(frozen=True, eq=False)
class FileRun:
    """The run of a model file with the constants it was given."""

    run: Trajectories
    kernel: Kernel
    given: Given

    def dataset(self) -> xr.Dataset:
        """Return the run with its given constants, labelled."""
        return to_dataset(self.run, self.kernel, self.given.constants)


def run_file(path: str | Path, options: FileOptions | None = None) -> VerbResult:
    """Run a Vensim or XMILE file; write the run where ``options.out`` names a folder.

    ``found`` of what is returned is a ``FileRun``.

    Without a sample it is one run, shown as the stocks at the first, the middle and the last
    saved time; with one it is an ensemble, shown as quantiles. Raises SDError with every
    problem of the model, the names and the side files before anything is computed.

    >>> print(run_file("examples/teacup/model/teacup.mdl").text("en"))  # doctest: +ELLIPSIS
    teacup.mdl: one run, 0 to 30 Minute, step 0.125, euler
    ...
    """
    options = options or FileOptions()
    if options.out:
        check_folder(options.out)
    edited = changed(
        read_model(Path(path)),
        settings=options.settings,
        initial=options.initial,
        series=options.series,
        data=options.data,
    )
    model = edited.model
    given = read_given(
        model,
        settings=edited.settings,
        changes=options.changes,
        sample=options.sample,
        sensitivity=options.sensitivity,
        members=options.members,
        seed=options.seed,
    )
    asked = _asked(model, options)
    _require_members(model, given)
    kernel = compile_model(model)
    kept = asked or _kept(model, everything=bool(options.out) and given.members is None)
    state = read_state(options.from_state) if options.from_state else None
    run = kernel.run(
        given.constants,
        report=kept,
        members=given.members,
        steps=_steps(model, options.until, state),
        threads=options.threads,
        state=state,
        keep_state=options.save_state is not None,
    )
    if options.save_state and run.state is not None:
        write_state(options.save_state, run.state)
    found = FileRun(run, kernel, given)
    document = _document(found, asked)
    notes: tuple[Words, ...] = (*model.remarks, *given.notes, *_lost(found))
    notes += _beside(model, options)
    files: tuple[Path, ...] = ()
    if options.out:
        files = _write(found, options.out, options, edited)
    else:
        notes += (phrase("file.nothing"),)
    return VerbResult(document, found, options.out, files, notes, printed=_shortened(document))


def _steps(model: Model, until: float | None, state: State | None) -> int | None:
    """Return how many steps lead to a time, None to the end of the file's own clock."""
    if until is None:
        return None
    clock = model.clock
    begin = 0 if state is None else state.step
    steps = round((until - clock.start) / clock.step) - begin if math.isfinite(until) else -1
    if steps < 0 or begin + steps > limit("STEPS"):
        now = clock.start + clock.step * begin
        told = "--until {until:g}: must be a time from {now:g} on; {most}"
        raise SDError(told, until=until, now=now, most=at_most("STEPS", "run"))
    return steps


# ── what is asked ──────────────────────────────────────────────────────────────────────────


def _asked(model: Model, options: FileOptions) -> tuple[str, ...]:
    """Return the variables asked for by name; an element keeps the whole variable."""
    problems = Problems()
    named = [
        ("--report", split_name(text))
        for text in split_outside(options.report, ",")
        if text.strip()
    ]
    if options.save_list:
        beside = model.path.parent / options.save_list
        there = options.save_list.is_file() or not beside.is_file()
        saved = read_save_list(options.save_list if there else beside)
        named += [(one.where, (one.name, one.element)) for one in saved]
    found = []
    for where, name in named:
        written = model.name_of(name[0]) if name else None
        if name is None or written is None:
            wrong = name[0] if name else options.report
            hint = did_you_mean(wrong, model.variables)
            problems.add(where, 'no variable "{name}"{near}', name=wrong, near=hint)
        elif model[written].kind is Kind.LOOKUP:
            told = '"{name}" is a lookup and has no values through time'
            problems.add(where, told, name=written)
        else:
            found.append(written)
    problems.raise_if_any()
    return tuple(dict.fromkeys(found))


def _kept(model: Model, *, everything: bool) -> tuple[str, ...]:
    """Return what is kept unasked: everything, or the stocks, or what changes if there are none."""
    having = [v for v in model.variables.values() if v.kind is not Kind.LOOKUP]
    moving = [v for v in having if v.kind is not Kind.CONSTANT]
    stocks = [v for v in having if v.kind is Kind.STOCK]
    return tuple(v.name for v in (having if everything else stocks or moving))


def _require_members(model: Model, given: Given) -> None:
    if given.members is not None and not given.drawn and not touched_by_random(model):
        told = (
            "--members: every member would be the same; say what differs with --sample or"
            " --sensitivity"
        )
        raise SDError(told)


def _beside(model: Model, options: FileOptions) -> tuple[Words, ...]:
    """Return a note on side files that nobody asked to read."""
    used = {p.name for p in (*options.changes, options.sensitivity, options.save_list) if p}
    found = [
        f"{SIDE_FILES[path.suffix.lower()]} {path.name}"
        for path in sorted(model.path.parent.iterdir())
        if path.suffix.lower() in SIDE_FILES and path.name not in used
    ]
    return (phrase("file.beside", files=", ".join(found[:8])),) if found else ()


# ── what is shown ──────────────────────────────────────────────────────────────────────────


def _document(one: FileRun, asked: Sequence[str]) -> Document:
    """Return the head line and the table of every variable kept, or asked for."""
    model, given = one.kernel.model, one.given
    size = phrase("file.members", n=len(one.run.first_bad))
    several = joined([size, bracketed([given.how])], "nothing")
    head = phrase(
        "file.head",
        file=model.path.name,
        what=phrase("file.one_run") if given.members is None else several,
        begin=f"{model.clock.start:g}",
        end=f"{model.clock.stop:g}",
        unit=model.clock.unit,
        step=f"{model.clock.step:g}",
        method=model.clock.method,
    )
    names = list(asked) or [n for n in _kept(model, everything=False) if n in one.run.values]
    shown = (_time_table if given.members is None else _quantile_table)(one, names)
    tables = (shown,) if shown.rows else ()
    return Document("file", "", (Paragraph(head, "line"), *tables))


def _shortened(document: Document) -> Document:
    """Return a document with the first rows of its table, and how many more there are."""
    head, *tables = document.blocks
    blocks: list[Block] = [head]
    for one in tables:
        assert isinstance(one, Table)
        blocks.append(replace(one, rows=one.rows[:SHOWN]))
        if len(one.rows) > SHOWN:
            more = phrase("file.more", n=len(one.rows) - SHOWN)
            blocks.append(Paragraph(more, "line"))
    return replace(document, blocks=tuple(blocks))


def _time_table(one: FileRun, names: Sequence[str]) -> Table:
    """Return a row for each element: first, middle and last value."""
    model, times = one.kernel.model, one.run.times
    at = sorted({0, len(times) // 2, len(times) - 1})
    only = all(model[name].kind is Kind.STOCK for name in names)
    columns = [
        Column("variable", phrase("file.stock" if only else "file.variable")),
        Column("unit", phrase("file.unit")),
        *(Column(f"{times[i]:g}", f"{times[i]:g}", SIX) for i in at),
    ]
    rows = tuple(
        (label, unit, *(float(values[i, 0]) for i in at))
        for label, unit, values in _series(one, names)
    )
    return Table("values", "", tuple(columns), rows)


def _quantile_table(one: FileRun, names: Sequence[str]) -> Table:
    """Return two rows for each element: quantiles at the middle and the last time."""
    times = one.run.times
    columns = [
        *(Column(key, phrase(f"file.{key}")) for key in ("variable", "unit")),
        Column("time", phrase("file.time"), SIX),
        *(Column(f"p{round(100 * q):02d}", f"{q:.0%}", SIX) for q in QUANTILES),
    ]
    rows = tuple(
        (label, unit, float(times[i]), *map(float, quantiles(values[i])))
        for label, unit, values in _series(one, names)
        for i in sorted({len(times) // 2, len(times) - 1})
    )
    return Table("quantiles", "", tuple(columns), rows)


def quantiles(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the QUANTILES of the finite values along the last axis; NaN where none is."""
    finite = values[np.isfinite(values)]
    return np.quantile(finite, QUANTILES) if finite.size else np.full(len(QUANTILES), np.nan)


def _series(one: FileRun, names: Sequence[str]) -> Iterator[tuple[str, str, NDArray[np.float64]]]:
    """Yield (name with element, unit, values (time, member))."""
    model = one.kernel.model
    for name in names:
        variable = model[name]
        for place in np.ndindex(model.shape(variable)):
            values = np.moveaxis(np.moveaxis(one.run.values[name], 0, -1), -2, -1)
            yield cell_name(model, variable, place), variable.unit, values[place]


def _lost(one: FileRun) -> tuple[Words, ...]:
    """Return a note where values are not finite: in how many members, first when and where."""
    bad = one.run.first_bad
    lost = np.flatnonzero(bad >= 0)
    if not lost.size:
        return ()
    member = int(lost[np.argmin(bad[lost])])
    step = int(bad[member])
    names = [n for n, v in one.run.values.items() if not np.isfinite(v[step, ..., member]).all()]
    when = f"{one.run.times[min(step, len(one.run.times) - 1)]:g}"
    first = {"what": f'"{names[0]}" ' if names else "", "when": when}
    if one.given.members is None:
        return (phrase("file.not_finite", **first),)
    return (phrase("file.lost", n=lost.size, of=bad.size, member=member, **first),)


# ── what is written ────────────────────────────────────────────────────────────────────────


def run_model(asked: FileOptions) -> VerbResult:
    """Run the model file that was named on the command line."""
    assert asked.place is not None
    return run_file(asked.place, asked)


def _write(one: FileRun, folder: Path, options: FileOptions, edited: Changed) -> tuple[Path, ...]:
    """Write run.nc, a table as CSV, and run.json, which says what the run was."""
    model, given = one.kernel.model, one.given
    dataset = one.dataset()
    dataset.attrs |= {"engine": f"sdensemble {__version__}", "method": given.how}
    if given.seed is not None:
        dataset.attrs["seed"] = given.seed
    name = "run.csv" if given.members is None else "quantiles.csv"
    rows = _csv_run(one) if given.members is None else _csv_quantiles(one)
    files = (options.sample, options.sensitivity, options.save_list, *options.changes)
    record = RunRecord.begin(
        files_read={short(model.path): model.digest},
        model=short(model.path),
        model_digest=model.digest,
        settings=list(options.settings),
        initial=list(options.initial),
        series=edited.files,
        side_files=[path.name for path in files if path],
        members=given.members or 1,
        seed=given.seed,
        constants={n: v.tolist() for n, v in given.constants.items() if n not in given.drawn},
    )
    with written(folder, record) as done:
        write_ensemble(done.partial / "run.nc", dataset, double=True)
        with (done.partial / name).open("w", encoding="utf-8-sig", newline="") as stream:
            csv.writer(stream).writerows(rows)
    return tuple(folder / name for name in done.files)


def _csv_run(one: FileRun) -> Iterator[list[str]]:
    """Yield a head and a row for each saved time, every digit of a number kept."""
    series = list(_series(one, list(one.run.values)))
    yield ["time", *(cell(label) for label, _, _ in series)]
    for i, time in enumerate(one.run.times):
        yield [_digits(time), *(_digits(values[i, 0]) for _, _, values in series)]


def _csv_quantiles(one: FileRun) -> Iterator[list[str]]:
    """Yield a head and a row for each element and saved time."""
    yield ["variable", "unit", "time", "members", *(f"p{round(100 * q):02d}" for q in QUANTILES)]
    for label, unit, values in _series(one, list(one.run.values)):
        for time, row in zip(one.run.times, values, strict=True):
            finite = str(int(np.isfinite(row).sum()))
            yield [cell(label), unit, _digits(time), finite, *map(_digits, quantiles(row))]


def _digits(value: float) -> str:
    return repr(float(value)) if np.isfinite(value) else ""
