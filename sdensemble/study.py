"""A study: one folder with model/, scenarios/, calibration/ and outputs/."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from sdengine.errors import Message, Problems, SDError, did_you_mean
from sdengine.model.describe import documents, late_constants, outside_limits, undocumented
from sdengine.model.read import read_model
from sdengine.model.units import bare_numbers, check_units
from sdengine.program.final_time import settled
from sdengine.program.lower import lower
from sdengine.syntax import Model, fold
from sdensemble.ensemble.forcing import Forcing, read_forcing
from sdensemble.ensemble.variants import Variant, read_variants
from sdensemble.inputs.conflicts import Conflict, read_conflicts
from sdensemble.inputs.find import find_variable
from sdensemble.inputs.fit import Fit, read_fit
from sdensemble.inputs.headline import only_headline
from sdensemble.inputs.history import (
    Observation,
    counts_years,
    information,
    known_until,
    read_history,
    vintage,
)
from sdensemble.inputs.instruments import Instrument, read_instruments, refusals
from sdensemble.inputs.priors import Priors, read_prior_sets
from sdensemble.inputs.published import Statistic, read_published
from sdensemble.inputs.read_report import read_report
from sdensemble.inputs.regions import Place, read_places
from sdensemble.inputs.report import Kept, ReportSpec
from sdensemble.inputs.scenario_names import find_scenarios
from sdensemble.inputs.scenarios import DEFAULT_SET, Scenario, read_scenarios
from sdensemble.inputs.sources import Sources, of_observations, read_sources
from sdensemble.inputs.targets import Target, read_targets, scored
from sdensemble.inputs.together import mend
from sdensemble.lang import Words

T = TypeVar("T")
MODEL_KINDS = (".mdl", ".xmile", ".stmx", ".itmx")


@dataclass(frozen=True)
class Study:
    """What a study's folder holds. Parts are read when first asked for; the model at once."""

    folder: Path
    model: Model

    def _read(self, file: str, read: Callable[..., T], *more: object, without: T) -> T:
        """Return what a file of the study says, or what stands in where there is none."""
        path = self.folder / file
        return read(path, *more) if path.is_file() else without

    def _with(self, **parts: object) -> Study:
        """Return the study with some parts in place of those of its files; the rest unread."""
        other = Study(self.folder, self.model)
        other.__dict__.update(parts)
        return other

    @cached_property
    def scenarios(self) -> tuple[Scenario, ...]:
        """Every scenario file, in its stated order."""
        refused = refusals(self.instruments)
        return read_scenarios(self.folder / "scenarios", self.model, refused, self.unit_words)

    @cached_property
    def unit_words(self) -> dict[str, tuple[str, ...]]:
        """The words the report writes for each unit; none where there is no report to read."""
        try:
            units = self.report.units
        except SDError:  # told where the report is read
            return {}
        return {
            unit: tuple(dict.fromkeys(filter(None, words.values())))
            for unit, words in units.items()
        }

    @cached_property
    def instruments(self) -> tuple[Instrument, ...]:
        """The rows of ``scenarios/instruments.csv``, empty where the study has none."""
        return self._read("scenarios/instruments.csv", read_instruments, self.model, without=())

    @cached_property
    def goals(self) -> tuple[Target, ...]:
        """Every row of ``scenarios/targets.csv``: scored, set as a lever, or not simulated."""
        return read_targets(self.folder / "scenarios" / "targets.csv", self.model)

    @cached_property
    def targets(self) -> tuple[Target, ...]:
        """The rows of ``scenarios/targets.csv`` that a run gives a probability."""
        return scored(self.goals)

    @cached_property
    def conflicts(self) -> tuple[Conflict, ...]:
        """The conflicts inside the policy's text, empty where the study has none."""
        return self._read(
            "model/conflicts.toml", read_conflicts, self.model, self.goals, without=()
        )

    @cached_property
    def published(self) -> tuple[Statistic, ...]:
        """The published statistics the ledger judges by, empty where the study has none."""
        return self._read("calibration/published.csv", read_published, self.goals, without=())

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Where the policy lays out what, empty where the study has no ``model/regions.csv``."""
        return self._read("model/regions.csv", read_places, self.model, without=())

    def kept(self) -> tuple[Kept, ...]:
        """Return all a run keeps: for the report, the targets and the conflicts."""
        terms = [term for one in self.conflicts for number in one.model for term in number.terms]
        return self.report.keep(self.targets, [Kept(t.variable, t.aggregate) for t in terms])

    @cached_property
    def report(self) -> ReportSpec:
        """What a run keeps and shows: ``outputs/report.toml``."""
        return read_report(self.folder / "outputs" / "report.toml", self.model)

    def unit_writer(self) -> Callable[[str], Words]:
        """Return what writes a unit of the model as people do; as it is without a report."""
        try:
            return self.report.unit_words
        except SDError:
            return str

    @cached_property
    def forcing(self) -> Forcing | None:
        """The random processes, or None where the study has no forcing.toml."""
        return self._read("calibration/forcing.toml", read_forcing, self.model, without=None)

    @cached_property
    def variants(self) -> tuple[Variant, ...]:
        """The other structures of ``variants/``, empty where the study has none."""
        return read_variants(self.folder / "variants", self.model)

    @cached_property
    def history(self) -> tuple[Observation, ...]:
        """The observed series, empty where the study has none."""
        return self._read("calibration/history.csv", read_history, without=())

    @cached_property
    def sources(self) -> Sources:
        """Every row of evidence: the tables of ``calibration/evidence`` and the series."""
        found = read_sources(self.folder / "calibration")
        told = (*self.history, *self.plans)
        return replace(found, rows=(*found.rows, *of_observations(told)))

    @cached_property
    def plans(self) -> tuple[Observation, ...]:
        """Figures that were announced, not observed, in the columns of the history."""
        return self._read("calibration/plans.csv", read_history, without=())

    @cached_property
    def fit(self) -> Fit | None:
        """What the model must match: ``calibration/fit.toml``, None where the study has none."""
        return self._read("calibration/fit.toml", read_fit, self.model, without=None)

    def require_fit(self) -> Fit:
        """Return what the model must match; raise SDError where there is no fit.toml."""
        if self.fit is None:
            told = "{file}: no such file: nothing says which series the model must match"
            raise SDError(told, file=self.folder / "calibration" / "fit.toml")
        return self.fit

    @property
    def lived(self) -> Scenario | None:
        """The scenario under which the observed years went by, None where the fit names none."""
        return self.named((self.fit.scenario,))[0] if self.fit and self.fit.scenario else None

    def at(self, as_of: str) -> Study:
        """Return the study as of another information date than its report's.

        Raises SDError for what is no date.
        """
        if not as_of or as_of == self.report.as_of:
            return self
        if counts_years(self.model.clock.unit) and re.fullmatch(r"through-\d{1,3}", as_of):
            told = '"{name}": the model counts years; write four digits, as through-2021'
            raise SDError(told, name=as_of)
        vintage(self.history, as_of)
        return self._with(report=replace(self.report, as_of=as_of))

    def asking(self, target: str) -> Study:
        """Return the study with another question: a single target by its id or its name.

        Raises SDError where there is none of that id or name, with the nearest.
        """
        if not target:
            return self
        single = {t.id: t for t in self.targets if not t.joint}
        named = [t.id for t in single.values() if fold(target) in map(fold, (t.zh, t.en))]
        found = target if target in single else named[0] if len(named) == 1 else ""
        if not found:
            raise SDError(
                '--target: no single target "{target}"{hint}',
                target=target,
                hint=did_you_mean(target, single),
            )
        head = replace(self.report.headline, question=found, beside=self._beside(found))
        return self._with(report=replace(self.report, headline=head))

    def _beside(self, asked: str) -> tuple[str, ...]:
        """Return the targets beside a question: those of the file, and the question it names."""
        head = self.report.headline
        names = [head.question, *head.beside]
        return tuple(name for name in names if name and name != asked)

    def only_headline(self) -> Study:
        """Return the study with its headline alone: what a run of very many members keeps."""
        spec, targets = only_headline(self.report, self.targets)
        return self._with(report=spec, targets=targets, goals=targets, conflicts=())

    @property
    def information(self) -> str:
        """The report's information date; of an import, with the day of its latest publication."""
        return information(self.history, self.report.as_of)

    def prior_sets(self) -> tuple[str, ...]:
        """Return the names of the prior sets the study has."""
        return tuple(self._prior_sets)

    @cached_property
    def _prior_sets(self) -> dict[str, Priors]:
        return read_prior_sets(self.folder / "calibration" / "priors.toml", self.model)

    def prior_set(self, name: str = "") -> str:
        """Return the name of a prior set, the first where none is named; raise SDError for none."""
        known = self.prior_sets()
        if name and name not in known:
            told = 'no prior set "{name}"{hint} (there are {known})'
            hint = did_you_mean(name, known)
            raise SDError(told, name=name, hint=hint, known=", ".join(known))
        return name or known[0]

    def priors(self, prior_set: str = "") -> Priors:
        """Return the priors of one set of ``calibration/priors.toml``, the first where none is."""
        return self._prior_sets[self.prior_set(prior_set)]

    def choose(self, names: tuple[str, ...]) -> tuple[Scenario, ...]:
        """Return the scenarios named and those they are compared with.

        Where none is named these are the scenarios of the default set. A scenario goes by its
        name, by its title in either language, or, with all others of it, by the name of a set.
        """
        chosen = self.named(names or (DEFAULT_SET,))
        wanted = {s.name for s in chosen} | {s.compares for s in chosen}
        return tuple(s for s in self.scenarios if s.name in wanted)

    def named(self, names: tuple[str, ...]) -> tuple[Scenario, ...]:
        """Return the scenarios of these names, titles or sets; SDError lists those there are."""
        return find_scenarios(self.scenarios, names)

    def find(self, name: str) -> str:
        """Return the model's own name of a variable, given that, or a label in either language.

        Labels are those of the model and of the report. Raises SDError where there is none, or
        more than one, with the nearest.
        """
        try:
            spoken = self.report.spoken()
        except SDError:  # the model can be described before the report is right
            spoken = ()
        return find_variable(self.model, name, spoken)

    def check(self) -> tuple[str, ...]:
        """Read every file and return all problems, without running anything."""
        problems = Problems()
        reading: list[Callable[[], object]] = [
            lambda: self.scenarios,
            lambda: self.targets,
            lambda: self.conflicts,
            lambda: self.published,
            lambda: self.places,
            lambda: self.report,
            lambda: self.forcing,
            lambda: self.history,
            lambda: self.sources,
            lambda: self.lived,
            lambda: self.variants,
            lambda: [self.priors(name) for name in self.prior_sets()],
        ]
        for read in reading:
            with problems.noted():
                read()
        if not problems:
            problems.lines += self.report.check(self.targets)
            with problems.noted():
                self.kept()
            problems.lines += self.known_later()
        return tuple(dict.fromkeys(problems.lines))

    def known_later(self) -> tuple[str, ...]:
        """Return a line for each anchored number known only after the report's ``as_of``."""
        if not self.report.as_of:
            return ()
        stop = date.fromisoformat(known_until(self.report.as_of))
        sources = [self.priors(name) for name in self.prior_sets()]
        lines = [line for priors in sources for line in priors.check_vintage(stop)]
        lines += self.forcing.check_vintage(stop) if self.forcing else ()
        return tuple(dict.fromkeys(lines))

    def late_evidence(self) -> tuple[str, ...]:
        """Return a line for each number whose evidence is later than the report's ``as_of``.

        These are the ones declared as such: priors, processes and constants of the model that
        are assumptions for an ex ante reading.
        """
        if not self.report.as_of:
            return ()
        stop = date.fromisoformat(known_until(self.report.as_of))
        sources: list[Any] = [self.priors(name) for name in self.prior_sets()]
        lines = [
            line
            for one in [*sources, self.forcing]
            if hasattr(one, "exempt")
            for line in one.exempt(stop)
        ]
        return tuple(dict.fromkeys([*lines, *late_constants(self.model, stop)]))

    def digests(self) -> dict[str, str]:
        """Return a digest of each input file, by its path in the study."""
        inputs = ("model/*", "scenarios/*", "calibration/*.*", "variants/*", "variants/*/*")
        patterns = (*inputs, "outputs/report.toml")
        files = sorted(p for pattern in patterns for p in self.folder.glob(pattern) if p.is_file())
        return {
            path.relative_to(self.folder).as_posix(): hashlib.blake2b(
                path.read_bytes(), digest_size=16
            ).hexdigest()
            for path in files
        }


def _cited(study: Study) -> list[str]:
    """Return a line for each row of evidence that the model's sources name and no table has."""
    try:
        sources = study.sources
    except SDError:  # told by the study's own check
        return []
    name = study.model.path.name
    return [
        f'{name} "{variable.name}": source names {code}, which no table of evidence has'
        for variable in study.model.variables.values()
        for code in sources.unknown(variable.note.source)
    ]


def find_model(folder: Path) -> Path:
    """Return the one model file in a study's ``model/``; raise SDError where there is not one."""
    place = folder / "model"
    found = sorted(p for p in place.glob("*") if p.suffix.lower() in MODEL_KINDS)
    if len(found) == 1:
        return found[0]
    if not place.is_dir():
        raise SDError(
            "{folder}: no study here: it has no folder model/ (see --study)", folder=folder
        )
    what = ", ".join(p.name for p in found) or Message("none")
    raise SDError(
        "{place}: needs exactly one model file (.mdl, .xmile, .stmx, .itmx), has {what}",
        place=place,
        what=what,
    )


def open_study(folder: str | Path) -> Study:
    """Return the Study in a folder; its model is read, the rest when it is needed."""
    folder = Path(folder)
    mend(folder / "calibration")
    return Study(folder, read_model(find_model(folder)))


def check_study(study: Study) -> tuple[str, ...]:
    """Return every problem of a study's files and of its model, one line each.

    The model's part: equations the kernel cannot run, units that do not agree, numbers without
    a name, constants outside their limits, variables without label, limits or source. A file
    that has none of these anywhere does not follow the conventions, and is not held to them.
    """
    model = study.model
    found: list[str] = []
    try:
        lower(settled(model))
    except SDError as error:
        found += error.problems
    conventions = (bare_numbers, undocumented) if documents(model) else ()
    for test in (check_units, outside_limits, *conventions):
        found += [f"{model.path.name} {line}" for line in test(model)]
    found += _cited(study)
    return (*found, *study.check())
