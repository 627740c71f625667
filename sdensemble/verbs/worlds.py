"""What the verbs that ask of levers share: the worlds asked for, and the way to an answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sdengine.errors import SDError, did_you_mean
from sdensemble.decide.measures import find_target
from sdensemble.decide.worlds import Stored, World, world_of
from sdensemble.ensemble.blocks import Runner
from sdensemble.ensemble.draws import Method
from sdensemble.ensemble.variants import MAIN, duplicates
from sdensemble.evidence.members import choose_draws, chosen_members
from sdensemble.inputs.folder import check_folder
from sdensemble.inputs.groups import Groups, read_groups
from sdensemble.inputs.questions import Question, read_question
from sdensemble.inputs.scenarios import Scenario, moved_by
from sdensemble.inputs.targets import Target
from sdensemble.inputs.targets import readings as readings_of
from sdensemble.lang import LANGS, Words, phrase
from sdensemble.outputs.decide.common import sourced
from sdensemble.outputs.document import Block, Document, Paragraph
from sdensemble.outputs.figure import Figure
from sdensemble.outputs.table import Table
from sdensemble.results.record import stamped, written
from sdensemble.results.results import Results
from sdensemble.study import Study
from sdensemble.verbs.options import WorldOptions
from sdensemble.verbs.result import Tell, VerbResult, key_of
from sdensemble.verbs.run_variants import ALL, choose_variants
from sdensemble.verbs.stored import results_of

FRESH = 7_919
"""Added to the seed of a sample that an optimum is confirmed on."""


class Job:
    """One question on its way: the sound study, when it began, and the folder to be written."""

    def __init__(self, asked: WorldOptions, tell: Tell, name: str):
        from sdensemble.outputs import fonts

        self.begun = time.perf_counter()
        self.asked, self.tell = asked, tell
        self.study = asked.sound()
        self.folder = asked.out or stamped(self.study.folder, name)
        self.record = asked.record(self.study, verb=name)
        self.notes: list[Words] = []
        self.key: dict[str, Any] = {}
        self.by = asked.runner(self.folder, self.record, tell)
        check_folder(self.folder)
        fonts.require_font()

    @property
    def target(self) -> Target:
        """The target asked about, in the year asked."""
        return find_target(self.study, self.asked.target, self.asked.year)

    @property
    def base(self) -> Scenario:
        """The scenario everything is held against."""
        return self.study.named((self.asked.base,))[0]

    def named(self, names: Sequence[str]) -> list[Scenario]:
        """Return scenarios by name, title or set, in the order of their files."""
        chosen = self.study.named(tuple(names))
        return [s for s in self.study.scenarios if s in chosen]

    def against(self, names: Sequence[str]) -> list[Scenario]:
        """Return the baseline and the scenarios named; raise SDError where there is no other."""
        others = [s for s in self.named(names) if s.name != self.base.name]
        if not others:
            raise SDError("name a scenario to compare with {base}", base=self.base.name)
        return [self.base, *others]

    def readings(self) -> list[Target]:
        """Return the same question of other scopes, as the targets file lists them."""
        asked = find_target(self.study, self.asked.target)
        found = [one for one in readings_of(asked, self.study.targets) if one.scored]
        year = self.asked.year
        return found if year is None else [replace(one, year=year) for one in found]

    def bar(self, where: Sequence[World], runs: int) -> Callable[[int], None]:
        """Return what counts member runs."""
        return self.tell.bar(max(runs, 1) * len(where))

    def worlds(self, *, every: bool = False) -> list[World]:
        """Return the worlds asked for; with ``every``, all structures where none is named."""
        found, self.notes = worlds(self.study, self.asked, self.by, every=every)
        self._rests_on(found, self.asked.members)
        return found

    def world(
        self, *, members: int | None = None, method: Method = "sobol", fresh: bool = False
    ) -> World:
        """Return the first world asked for, of some members or of all; ``fresh``: of new ones."""
        few = replace(
            self.asked,
            members=members or self.asked.members,
            seed=self.asked.seed + FRESH * fresh,
            prior_sets=self.asked.prior_sets[:1] or self.study.prior_sets()[:1],
            structures=self.asked.structures[:1],
        )
        found = worlds(self.study, few, self.by, method=method)[0][0]
        self._rests_on([found], few.members)
        return found

    def stored(self, runs: Sequence[Path]) -> tuple[Stored, Results]:
        """Return the scenarios of stored runs as one, with what they say of their members."""
        world, results = stored_world(self.study, runs)
        self._rests_on([], results.members)
        self.key |= key_of(results)
        return world, results

    def _rests_on(self, found: Sequence[World], members: int) -> None:
        """Keep what the probabilities of the answer are conditional on."""
        target = self.target
        self.key = {
            "target": target.id,
            "year": target.year,
            "measure": target.measure,
            "scope": target.scope,
            "price_basis": target.price_basis,
            "as_of": self.study.information,
            "base": self.asked.base,
            "prior_set": list(dict.fromkeys(one.prior_set for one in found)),
            "model_set": list(dict.fromkeys(one.structure for one in found)),
            "posterior": list(dict.fromkeys(one.posterior for one in found)),
            "model_digest": self.study.model.digest,
            "seed": self.asked.seed,
            "members": members,
        }

    def done(
        self,
        found: Any,
        document: Document,
        scenarios: Iterable[Scenario] = (),
        levers: Iterable[str] = (),
    ) -> VerbResult:
        """Write the answer whole and return it.

        What the report has to say of the levers, named or moved by the scenarios, is added.
        """
        said = tuple(Paragraph(note, "note") for note in self.notes)
        caveats = self.study.report.caveats_of({*levers, *moved_by(scenarios)})
        said = (*(Paragraph(text, "lead") for text in caveats), *said)
        record = self.record.adding(seconds=round(time.perf_counter() - self.begun, 2))
        document = replace(document, blocks=(*document.blocks, *said))
        document = sourced(document, self.study, record.id)
        with written(self.folder, record, free=self.asked.out is None) as done:
            _write_answer(done.partial, document, found, self.asked.lang)
        self.by.done()
        files = tuple(done.folder / name for name in done.files)
        return VerbResult(
            document,
            found,
            done.folder,
            files,
            done.notes,
            id=record.id,
            key=self.key,
            printed=_short(document),
        )


def _short(document: Document) -> Document:
    """Return what a terminal shows: the sentences, and the table they rest on."""
    leads = [b for b in document.blocks if isinstance(b, Paragraph) and b.style == "lead"]
    tables = [b for b in document.blocks if isinstance(b, Table)]
    few: tuple[Block, ...] = (*leads, *tables[:1])
    return replace(document, blocks=few)


# ── worlds ──


def worlds(
    study: Study,
    asked: WorldOptions,
    by: Runner | None,
    *,
    every: bool = False,
    method: Method = "sobol",
) -> tuple[list[World], list[Words]]:
    """Return the worlds asked for, the chosen prior set in the main model first, and notes.

    ``every``: all structures where none is named. A posterior belongs to one structure, so
    other structures are left out beside it, and that is said.
    """
    size, seed = asked.members, asked.seed
    sets = [study.prior_set(name) for name in asked.prior_sets] or study.prior_sets()
    named = asked.structures or ((ALL,) if every else (MAIN,))
    variants = choose_variants(study, named)
    found: list[World] = []
    notes: list[Words] = []
    for prior_set in sets:
        chosen = choose_draws(study, prior_set, prior_only=asked.prior_only)
        if chosen.posterior is None and found and found[0].posterior != "prior":
            continue  # beside a posterior a prior is the answer to another question
        members = chosen_members(study, chosen, prior_set, size, seed=seed, method=method)
        same = duplicates(variants, members.draws.values)
        for variant in variants:
            if variant.name in same:
                continue
            if chosen.posterior is not None and variant.name != MAIN:
                notes = [phrase("decide.posterior_alone")]
                continue
            found.append(world_of(study, members, variant=variant, by=by))
    return found, notes


def question_of(study: Study, name: str) -> Question:
    """Return a question of ``scenarios/questions``, by name or as a path; the first without one."""
    folder = study.folder / "scenarios" / "questions"
    known = sorted(one.stem for one in folder.glob("*.toml"))
    if not name and not known:
        told = "{folder}: holds no question; docs/levers.md shows how one is written"
        raise SDError(told, folder=folder)
    path = Path(name or known[0])
    if not path.is_file():
        path = folder / f"{path.as_posix().removesuffix('.toml')}.toml"
    if not path.is_file():
        shown = ", ".join(known) or "—"
        told = 'no question "{name}"{hint} (there are {known})'
        raise SDError(told, name=name, hint=did_you_mean(name, known), known=shown)
    return read_question(path, study.model)


def groups_of(study: Study) -> Groups:
    """Return the groups of inputs of ``calibration/groups.toml``; none where there is no file."""
    path = study.folder / "calibration" / "groups.toml"
    return read_groups(path, study.model) if path.is_file() else Groups({}, {})


def stored_world(study: Study, runs: Sequence[Path]) -> tuple[Stored, Results]:
    """Return the scenarios of stored runs as one, with what they say of their members.

    Raises SDError naming every key in which the runs differ: prior set, information date,
    structure, posterior, seed, sampling, digests, or the number of members.
    """
    import xarray as xr

    found = [results_of(study, folder) for folder in runs]
    first = found[0]
    for folder, other in zip(runs[1:], found[1:], strict=True):
        differ = [key for key in KEYS if first.data.attrs.get(key) != other.data.attrs.get(key)]
        differ += ["members"] if first.members != other.members else []
        if differ:
            told = "{one} and {other} are of different keys and cannot be compared: {keys}"
            keys = ", ".join(differ)
            raise SDError(told, one=runs[0], other=folder, keys=keys)
    data, names = [first.data], {s.name for s in first.scenarios}
    for other in found[1:]:
        new = [s.name for s in other.scenarios if s.name not in names]
        common = [name for name in first.data.data_vars if name in other.data]
        data = [one[common] for one in data] + (
            [other.data[common].sel(scenario=new)] if new else []
        )
        names |= set(new)
    joined = xr.concat(data, "scenario", combine_attrs="override", coords="minimal")
    chosen = tuple(s for s in study.scenarios if s.name in names)
    results = Results(joined, chosen, first.targets, first.spec, first.model)
    attrs = first.data.attrs
    world = Stored(
        str(attrs.get("model_set", MAIN)), first.prior_set, {}, study, int(attrs.get("seed", 0))
    )
    return world, results


KEYS = (
    *("prior_set", "as_of", "model_set", "posterior", "seed", "method"),
    *("priors_digest", "forcing_digest", "model_digest"),
)
"""What must agree before scenarios of two runs are members of the same worlds."""


def require_held(results: Results, scenarios: Sequence[Scenario]) -> None:
    """Raise SDError naming the scenarios that no stored run holds."""
    lacking = [s.name for s in scenarios if not results.has(s.name)]
    if lacking:
        known = ", ".join(s.name for s in results.scenarios)
        told = "the stored runs hold no {names} (they hold {known})"
        raise SDError(told, names=", ".join(lacking), known=known)


def level(text: str) -> float:
    """Return a level from ``"5"`` or ``"30%"``."""
    text = text.strip().replace("％", "%")
    return float(text[:-1]) / 100 if text.endswith("%") else float(text)


def _write_answer(folder: Path, document: Document, found: Any, lang: str) -> None:
    """Write a document's texts, tables, figures and labelled data."""
    from sdensemble.outputs.write import csv, picture, terminal

    terminal.write_texts(folder, document, "answer")
    (folder / "tables").mkdir()
    (folder / "figures").mkdir()
    for block in document.walk():
        if isinstance(block, Table):
            for language in LANGS:
                csv.write_table(folder / "tables" / f"{block.id}-{language}.csv", block, language)
        elif isinstance(block, Figure):
            picture.write_figure(block, folder / "figures" / block.id, lang)
    if hasattr(found, "dataset"):
        found.dataset().to_netcdf(folder / "data.nc")
