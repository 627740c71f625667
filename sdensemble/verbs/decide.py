"""The verbs that ask which lever, how much, at what price: each from a study to an answer."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from sdengine.errors import Message, SDError, did_you_mean
from sdensemble.decide.allocate import Slot, allocate, slots_of
from sdensemble.decide.compare import compare, compare_results
from sdensemble.decide.hold import hold
from sdensemble.decide.levers import Lever, find_lever, start_of, turned
from sdensemble.decide.matter import boxes, knowledge, shares, take_apart
from sdensemble.decide.measures import find_target
from sdensemble.decide.reach import edge, reach
from sdensemble.decide.shapley import EXACT
from sdensemble.decide.weigh import SPARSE, weigh
from sdensemble.decide.worlds import Stored, World, world_of
from sdensemble.ensemble.blocks import Threads
from sdensemble.ensemble.draws import Method
from sdensemble.ensemble.variants import MAIN, Variant, duplicates, main_variant
from sdensemble.evidence.members import choose_draws, chosen_members
from sdensemble.inputs.batch import read_batch
from sdensemble.inputs.folder import check_folder
from sdensemble.inputs.groups import Groups, read_groups
from sdensemble.inputs.questions import Question, read_question
from sdensemble.inputs.scenarios import BASELINE, Scenario
from sdensemble.inputs.targets import Target
from sdensemble.inputs.targets import readings as readings_of
from sdensemble.lang import LANGS, Words, phrase
from sdensemble.outputs.decide.allocate import allocate_document
from sdensemble.outputs.decide.batch import batch_document
from sdensemble.outputs.decide.compare import compare_document
from sdensemble.outputs.decide.hold import hold_document
from sdensemble.outputs.decide.matter import (
    boxes_document,
    knowledge_document,
    package_document,
    shares_document,
)
from sdensemble.outputs.decide.reach import edge_document, solve_document
from sdensemble.outputs.decide.weigh import weigh_document
from sdensemble.outputs.document import Block, Document, Paragraph
from sdensemble.outputs.figure import Figure
from sdensemble.outputs.table import Table
from sdensemble.results.record import RunRecord, stamped, written
from sdensemble.results.results import Results
from sdensemble.results.stored import run_of, stored_results
from sdensemble.study import Study
from sdensemble.verbs.run import Progress

FRESH = 7_919
"""Added to the seed of a sample that an optimum is confirmed on."""
ALL = "all"


@dataclass(frozen=True)
class Asked:
    """What every question of a choice may be asked with.

    ``prior_sets`` and ``structures`` name the worlds; none: the study's prior sets, and for the
    verbs that ask whether an answer holds every structure. ``target`` is an id or title,
    ``year`` asks the same of another year.
    """

    members: int = 2048
    seed: int = 1
    prior_sets: tuple[str, ...] = ()
    structures: tuple[str, ...] = ()
    target: str = ""
    year: int | None = None
    base: str = BASELINE
    as_of: str = ""
    prior_only: bool = False
    threads: int | None = None
    lang: str = "zh"
    out: Path | None = None


@dataclass(frozen=True, eq=False)
class Answer:
    """What a question gives back: labelled findings, the document, and where it was written."""

    found: Any
    document: Document
    folder: Path
    seconds: float

    def short(self, lang: str, columns: int | None = None) -> str:
        """Return the answer as it is printed: the sentences, and the table they rest on."""
        from sdensemble.outputs.write.terminal import document_text

        leads = [b for b in self.document.blocks if isinstance(b, Paragraph) and b.style == "lead"]
        tables = [b for b in self.document.blocks if isinstance(b, Table)]
        few: tuple[Block, ...] = (*leads, *tables[:1])
        return document_text(replace(self.document, blocks=few), lang, columns)


# ── worlds ──


def sound(study: Study, asked: Asked) -> Study:
    """Return the study as of the date asked; raise SDError with all problems of its files."""
    study = study.at(asked.as_of)
    problems = study.check()
    if problems:
        raise SDError(problems)
    return study


def worlds(
    study: Study, asked: Asked, *, every: bool = False, method: Method = "sobol", seed: int = 0
) -> tuple[list[World], list[Words]]:
    """Return the worlds asked for, the chosen prior set in the main model first, and notes.

    ``every``: all structures where none is named. A posterior belongs to one structure, so
    other structures are left out beside it, and that is said.
    """
    seed = seed or asked.seed
    sets = asked.prior_sets or study.prior_sets()
    unknown = [name for name in sets if name not in study.prior_sets()]
    if unknown:
        known = ", ".join(study.prior_sets())
        told = 'no prior set "{name}"{hint} (there are {known})'
        hint = did_you_mean(unknown[0], study.prior_sets())
        raise SDError(Message(told, name=unknown[0], hint=hint, known=known))
    named = asked.structures or ((ALL,) if every else (MAIN,))
    variants = _variants(study, named)
    found: list[World] = []
    notes: list[Words] = []
    for prior_set in sets:
        chosen = choose_draws(study, prior_set, prior_only=asked.prior_only)
        if chosen.posterior is None and found and found[0].posterior != "prior":
            continue  # beside a posterior a prior is the answer to another question
        members = chosen_members(study, chosen, prior_set, asked.members, seed=seed, method=method)
        same = duplicates(variants, members.draws.values)
        for variant in variants:
            if variant.name in same:
                continue
            if chosen.posterior is not None and variant.name != MAIN:
                notes = [phrase("decide.posterior_alone")]
                continue
            found.append(world_of(study, members, variant=variant, by=Threads(asked.threads)))
    return found, notes


def _variants(study: Study, names: Sequence[str]) -> list[Variant]:
    known = {variant.name: variant for variant in (main_variant(study.model), *study.variants)}
    unknown = [name for name in names if name not in (ALL, *known)]
    if unknown:
        told = 'no structure "{name}"{hint} (there are {known})'
        hint = did_you_mean(unknown[0], known)
        raise SDError(Message(told, name=unknown[0], hint=hint, known=", ".join([ALL, *known])))
    wanted = set(known) if ALL in names else set(names)
    return [variant for name, variant in known.items() if name in wanted]


def one_world(study: Study, asked: Asked, *, method: Method = "sobol", seed: int = 0) -> World:
    """Return the first world asked for: the default prior set in the main model."""
    sets = asked.prior_sets[:1] or study.prior_sets()[:1]
    few = replace(asked, prior_sets=sets, structures=asked.structures[:1])
    return worlds(study, few, method=method, seed=seed)[0][0]


def named(study: Study, names: Sequence[str]) -> list[Scenario]:
    """Return scenarios by name, title or set, in the order of their files."""
    chosen = study.named(tuple(names))
    return [s for s in study.scenarios if s in chosen]


def baseline(study: Study, asked: Asked) -> Scenario:
    """Return the scenario everything is held against."""
    return study.named((asked.base,))[0]


def question_of(study: Study, name: str) -> Question:
    """Return a question of ``scenarios/questions``, by name or as a path."""
    path = Path(name)
    folder = study.folder / "scenarios" / "questions"
    if not path.is_file():
        path = folder / f"{name.removesuffix('.toml')}.toml"
    if not path.is_file():
        known = sorted(one.stem for one in folder.glob("*.toml"))
        shown = ", ".join(known) or "—"
        told = 'no question "{name}"{hint} (there are {known})'
        raise SDError(Message(told, name=name, hint=did_you_mean(name, known), known=shown))
    return read_question(path, study.model)


def groups_of(study: Study) -> Groups:
    """Return the groups of inputs of ``calibration/groups.toml``; none where there is no file."""
    path = study.folder / "calibration" / "groups.toml"
    return read_groups(path, study.model) if path.is_file() else Groups({}, {})


# ── the verbs ──


def compare_scenarios(
    study: Study,
    asked: Asked,
    names: Sequence[str],
    *,
    through: int | None = None,
    runs: Sequence[Path] = (),
    progress: Progress | None = None,
) -> Answer:
    """Compare scenarios with the baseline and with each other, in every world.

    With ``runs``, folders of stored runs, nothing is run: the scenarios are taken from there.
    Raises SDError where the runs are of different keys.
    """
    with _answering(study, asked, "compare") as job:
        target = find_target(job.study, asked.target, asked.year)
        base, chosen = baseline(job.study, asked), named(job.study, names)
        if not [s for s in chosen if s.name != base.name]:
            raise SDError(Message("name a scenario to compare with {base}", base=base.name))
        readings = [_at(t, asked.year) for t in scopes(job.study, asked.target)]
        how: dict[str, Any] = {"readings": readings, "through": through}
        if runs:
            kept = stored_world(job.study, runs)
            every = [base, *(s for s in chosen if s.name != base.name)]
            _require_held(kept[1], every)
            found = compare_results([kept], job.study, every, base, target, **how)
            return job.done(found, compare_document(found, job.study), [])
        where, notes = worlds(job.study, asked, every=True)
        count = job.bar(progress, where, (len(chosen) + 1) * asked.members)
        found = compare(where, chosen, base, target, **how, progress=count)
        return job.done(found, compare_document(found, job.study), notes)


def weigh_levers(
    study: Study, asked: Asked, name: str, *, progress: Progress | None = None
) -> Answer:
    """Answer a question file: two levers at equal outlay, over doses, horizons and worlds."""
    with _answering(study, asked, name) as job:
        question = question_of(job.study, name)
        if asked.target:
            question = replace(question, target=asked.target)
        if asked.year:
            question = replace(question, years=(asked.year,))
        where, notes = worlds(job.study, asked, every=True)
        runs = question.levels**2 + 2 * question.levels + len(where) * (SPARSE + 2)
        count = job.bar(progress, where[:1], runs * asked.members)
        found = weigh(where, question, progress=count)
        return job.done(found, weigh_document(found, job.study), notes)


def solve_lever(
    study: Study,
    asked: Asked,
    lever: str,
    *,
    probability: float | None = None,
    like: str = "",
    low: float | None = None,
    high: float | None = None,
    start: float | None = None,
    progress: Progress | None = None,
) -> Answer:
    """Say how much of a lever gives a probability, or another scenario's effect."""
    if (probability is None) == (not like):
        raise SDError(Message("give either a probability or a scenario to be like"))
    if probability is not None and not 0 < probability < 1:
        raise SDError(Message("the probability must lie between 0 and 1 (0.8 or 80%)"))
    with _answering(study, asked, "solve") as job:
        target = find_target(job.study, asked.target, asked.year)
        found_lever = find_lever(job.study, lever, low=low, high=high, start=start)
        other = job.study.named((like,))[0] if like else None
        where, notes = worlds(job.study, asked)
        count = job.bar(progress, where, 12 * asked.members)
        found = reach(
            where,
            found_lever,
            baseline(job.study, asked),
            target,
            probability=probability,
            like=other,
            progress=count,
        )
        return job.done(found, solve_document(found, where[0], job.study), notes)


def find_frontier(
    study: Study,
    asked: Asked,
    levers: Sequence[str],
    *,
    probabilities: Sequence[float] = tuple(np.round(np.arange(0.5, 0.951, 0.05), 2)),
    with_forgone: bool = False,
    searched: int = 512,
    progress: Progress | None = None,
) -> Answer:
    """Find the least-cost mix of levers for each probability, confirmed on fresh members."""
    with _answering(study, asked, "frontier") as job:
        target = find_target(job.study, asked.target, asked.year)
        chosen = [_ranged(job.study, text) for text in levers]
        world = one_world(job.study, replace(asked, members=min(searched, asked.members)))
        fresh = one_world(job.study, asked, seed=asked.seed + FRESH)
        size = max(6 * len(chosen), 8) * 13 * len(probabilities)
        count = job.bar(progress, [world], size * world.draws.members)
        found = edge(
            world,
            fresh,
            chosen,
            baseline(job.study, asked),
            target,
            list(probabilities),
            with_forgone=with_forgone,
            seed=asked.seed,
            progress=count,
        )
        return job.done(found, edge_document(found, fresh, job.study), [])


def run_batch(
    study: Study, asked: Asked, file: Path, *, progress: Progress | None = None
) -> Answer:
    """Run the scenarios of an Excel or CSV file, a row each, against the baseline."""
    with _answering(study, asked, "batch") as job:
        base = baseline(job.study, asked)
        scenarios = read_batch(
            file,
            job.study.model,
            units=job.study.unit_words,
            starts=lambda name: start_of(job.study, name),
            baseline=base.name,
            taken=[s.name for s in job.study.scenarios],
        )
        return _batch(job, asked, base, scenarios, progress)


def run_grid(
    study: Study, asked: Asked, axes: Sequence[str], *, progress: Progress | None = None
) -> Answer:
    """Run every combination of levels of some levers: ``"lever=0:10:6"`` or ``"lever=1,2,5"``."""
    with _answering(study, asked, "grid") as job:
        base = baseline(job.study, asked)
        levels = [parse_axis(job.study, text) for text in axes]
        size = int(np.prod([len(values) for _, values in levels]))
        if size > 2000:
            raise SDError(Message("{n} scenarios; at most {most} at a time", n=size, most=2000))
        scenarios = []
        for place in np.ndindex(*(len(values) for _, values in levels)):
            chosen = [(lever, values[i]) for (lever, values), i in zip(levels, place, strict=True)]
            name = " ".join(f"{lever.name}={value:g}" for lever, value in chosen)
            made = turned(base, chosen, name)
            scenarios.append(replace(made, title=dict.fromkeys(LANGS, name), compares=base.name))
        return _batch(job, asked, base, tuple(scenarios), progress)


def _batch(
    job: _Job,
    asked: Asked,
    base: Scenario,
    scenarios: tuple[Scenario, ...],
    progress: Progress | None,
) -> Answer:
    target = find_target(job.study, asked.target, asked.year)
    where, notes = worlds(job.study, asked)
    count = job.bar(progress, where, (len(scenarios) + 1) * asked.members)
    found = compare(where, scenarios, base, target, pairs=False, progress=count)
    return job.done(found, batch_document(found, job.study), notes)


def parse_axis(study: Study, text: str) -> tuple[Lever, tuple[float, ...]]:
    """Return a lever and its levels from ``"lever=low:high:count"`` or ``"lever=a,b,c"``."""
    name, mark, given = text.replace("＝", "=").partition("=")
    if not mark or not given.strip():
        raise SDError(Message('"{text}": write "lever=0:10:6" or "lever=0,5,10"', text=text))
    lever = find_lever(study, name.strip())
    try:
        if ":" in given or "：" in given:
            low, high, count = given.replace("：", ":").split(":")
            number = int(count)
            if not 2 <= number <= 200:
                raise ValueError
            values = tuple(float(v) for v in np.linspace(_level(low), _level(high), number))
        else:
            values = tuple(_level(v) for v in given.replace("，", ",").split(",") if v.strip())
    except ValueError:
        told = '"{text}": levels must be numbers: "lever=0:10:6" or "lever=0,5,10"'
        raise SDError(Message(told, text=text)) from None
    wrong = [v for v in values if not lever.low <= v <= lever.high]
    if wrong:
        told = '"{name}": {value:g} is outside the limits of the constant ({low:g} to {high:g})'
        words = {"name": lever.name, "value": wrong[0], "low": lever.low, "high": lever.high}
        raise SDError(Message(told, **words))
    return lever, values


def _level(text: str) -> float:
    text = text.strip().replace("％", "%")
    return float(text[:-1]) / 100 if text.endswith("%") else float(text)


def _ranged(study: Study, text: str) -> Lever:
    """Return a lever with its range: ``"lever"``, or ``"lever=low:high"``."""
    name, mark, given = text.replace("＝", "=").partition("=")
    if not mark:
        return find_lever(study, text)
    try:
        low, high = (_level(v) for v in given.replace("：", ":").split(":"))
    except ValueError:
        raise SDError(Message('"{text}": write "lever=low:high"', text=text)) from None
    return find_lever(study, name.strip(), low=low, high=high)


def hold_everywhere(
    study: Study,
    asked: Asked,
    names: Sequence[str],
    *,
    readings: Sequence[str] = (),
    enough: float = 0.8,
    progress: Progress | None = None,
) -> Answer:
    """Say which of some scenarios holds in every structure, prior set and scope."""
    with _answering(study, asked, "robust") as job:
        targets = [find_target(job.study, asked.target, asked.year)]
        targets += [find_target(job.study, name) for name in readings]
        if not readings:
            targets += [_at(t, asked.year) for t in scopes(job.study, asked.target)]
        base, chosen = baseline(job.study, asked), named(job.study, names)
        every = [base, *(s for s in chosen if s.name != base.name)]
        if len(every) < 2:
            raise SDError(Message("name a scenario to compare with {base}", base=base.name))
        where, notes = worlds(job.study, asked, every=True)
        count = job.bar(progress, where, len(every) * asked.members)
        found = hold(where, every, targets, enough=enough, progress=count)
        return job.done(found, hold_document(found, where[0], job.study), notes)


def scopes(study: Study, name: str) -> tuple[Target, ...]:
    """Return the same question of other scopes, as the targets file lists them."""
    asked = readings_of(find_target(study, name), study.targets)
    return tuple(one for one in asked if one.scored)


def stored_world(study: Study, runs: Sequence[Path]) -> tuple[Stored, Results]:
    """Return the scenarios of stored runs as one, with what they say of their members.

    Raises SDError naming every key in which the runs differ: prior set, information date,
    structure, posterior, seed, sampling, digests, or the number of members.
    """
    import xarray as xr

    found = [
        stored_results(
            run_of(folder),
            scenarios=study.scenarios,
            targets=study.targets,
            spec=study.report,
            model=study.model,
        )
        for folder in runs
    ]
    first = found[0]
    for folder, other in zip(runs[1:], found[1:], strict=True):
        differ = [key for key in KEYS if first.data.attrs.get(key) != other.data.attrs.get(key)]
        differ += ["members"] if first.members != other.members else []
        if differ:
            told = "{one} and {other} are of different keys and cannot be compared: {keys}"
            keys = ", ".join(differ)
            raise SDError(Message(told, one=runs[0], other=folder, keys=keys))
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


def _require_held(results: Results, scenarios: Sequence[Scenario]) -> None:
    """Raise SDError naming the scenarios that no stored run holds."""
    lacking = [s.name for s in scenarios if not results.has(s.name)]
    if lacking:
        known = ", ".join(s.name for s in results.scenarios)
        told = "the stored runs hold no {names} (they hold {known})"
        raise SDError(Message(told, names=", ".join(lacking), known=known))


def _at(target: Target, year: int | None) -> Target:
    return target if year is None else replace(target, year=year)


def what_matters(
    study: Study,
    asked: Asked,
    names: Sequence[str],
    *,
    progress: Progress | None = None,
) -> Answer:
    """Share out the variance of the outcome, and of each scenario's effect, by group of inputs."""
    with _answering(study, asked, "sensitivity") as job:
        target = find_target(job.study, asked.target, asked.year)
        base, chosen = baseline(job.study, asked), named(job.study, names)
        groups = groups_of(job.study)
        world = one_world(job.study, asked, method="latin")
        other = one_world(job.study, asked, method="latin", seed=asked.seed + FRESH)
        runs = (len(groups.members) or 8) + 4
        count = job.bar(progress, [world], runs * (len(chosen) + 1) * asked.members)
        found = shares(world, other, base, chosen, target, groups.members, progress=count)
        return job.done(found, shares_document(found, world, job.study, groups.labels), [])


def take_package_apart(
    study: Study,
    asked: Asked,
    name: str,
    *,
    chance: bool = False,
    progress: Progress | None = None,
) -> Answer:
    """Share out a package's effect among its levers (Shapley), with their interactions."""
    with _answering(study, asked, "package") as job:
        target = find_target(job.study, asked.target, asked.year)
        (package,) = job.study.named((name,))[:1]
        world = one_world(job.study, asked)
        k = len(package.settings)
        runs = 2**k if k <= EXACT else (12 + 2) * k
        count = job.bar(progress, [world], runs * asked.members)
        base = baseline(job.study, asked)
        found = take_apart(world, package, base, target, chance=chance, progress=count)
        return job.done(found, package_document(found, world, job.study), [])


def what_to_measure(
    study: Study,
    asked: Asked,
    names: Sequence[str],
    *,
    chance: bool = False,
    progress: Progress | None = None,
) -> Answer:
    """Rank what it is worth to know before choosing among scenarios (EVPI and EVPPI)."""
    with _answering(study, asked, "information") as job:
        target = find_target(job.study, asked.target, asked.year)
        chosen = named(job.study, names)
        if len(chosen) < 2:
            raise SDError(Message("name two scenarios or more to choose among"))
        groups = groups_of(job.study)
        world = one_world(job.study, asked, method="latin")
        count = job.bar(progress, [world], (len(chosen) + 1) * asked.members)
        base = baseline(job.study, asked)
        found = knowledge(
            world, base, chosen, target, groups.members, chance=chance, progress=count
        )
        document = knowledge_document(found, world, job.study, groups.labels, chance)
        return job.done(found, document, [])


def where_members_miss(
    study: Study,
    asked: Asked,
    name: str,
    *,
    meets: bool = False,
    progress: Progress | None = None,
) -> Answer:
    """Describe the members that miss a target by ranges of a few inputs (PRIM)."""
    with _answering(study, asked, "discover") as job:
        target = find_target(job.study, asked.target, asked.year)
        scenario = job.study.named((name or asked.base,))[0]
        world = one_world(job.study, asked, method="latin")
        count = job.bar(progress, [world], asked.members)
        found = boxes(world, scenario, target, meets=meets, progress=count)
        return job.done(found, boxes_document(found, world, job.study, meets), [])


def allot(
    study: Study,
    asked: Asked,
    envelopes: Sequence[str],
    *,
    spans: Sequence[tuple[float, float]],
    steps: int = 8,
    searched: int = 512,
    progress: Progress | None = None,
) -> Answer:
    """Allot fixed envelopes over the elements of their levers and spans of years.

    ``envelopes`` are ``"lever=amount"``, or ``"lever+lever=amount"`` where several share one: the
    amount is level × years, summed over all places.
    """
    with _answering(study, asked, "allocate") as job:
        target = find_target(job.study, asked.target, asked.year)
        world = one_world(job.study, replace(asked, members=min(searched, asked.members)))
        fresh = one_world(job.study, asked, seed=asked.seed + FRESH)
        slots: list[Slot] = []
        for text in envelopes:
            name, mark, given = text.replace("＝", "=").partition("=")
            try:
                amount = float(given)
            except ValueError:
                mark = ""
            if not mark or not amount > 0:
                raise SDError(Message('"{text}": write "lever=amount"', text=text))
            for part in name.split("+"):
                lever = find_lever(job.study, part.strip())
                slots += slots_of(
                    world, lever.constant, amount, spans, steps, most=lever.high, name=name
                )
        runs = len(slots) * steps * len(envelopes)
        count = job.bar(progress, [world], runs * world.draws.members)
        base = baseline(job.study, asked)
        found = allocate(world, fresh, slots, steps, base, target, progress=count)
        return job.done(found, allocate_document(found, fresh, job.study), [])


def new_batch(study: Study, file: Path, levers: Sequence[str] = (), lang: str = "zh") -> Path:
    """Write a template for a batch: a workbook or CSV with a column for each lever.

    Columns carry the lever's label and unit; a second sheet lists limits and levels now. Raises
    SDError where the file is there already.
    """
    from sdensemble.outputs.decide.template import write_template

    if file.exists():
        raise SDError(Message("{file} exists: name another", file=file))
    chosen = [find_lever(study, name) for name in levers] or _usual(study)
    return write_template(file, study, chosen, lang)


def _usual(study: Study) -> list[Lever]:
    """Return the levers the study's scenarios set, in the order they are first set."""
    names = dict.fromkeys(
        setting.constant
        for scenario in study.scenarios
        for setting in scenario.settings
        if setting.kind == "lever" and not setting.constant.endswith(" execution")
    )
    found = []
    for name in names:
        with contextlib.suppress(SDError):
            found.append(find_lever(study, name))
    return found


# ── writing ──


class _Job:
    """One question on its way: the sound study, when it began, and the folder to be written."""

    def __init__(self, study: Study, asked: Asked, name: str):
        self.begun = time.perf_counter()
        self.asked, self.name = asked, name
        self.study = sound(study, asked)
        self.folder = asked.out or stamped(study.folder, name)
        self.record = RunRecord.begin(
            asked, as_of=self.study.information, files_read=self.study.digests(), verb=name
        )
        check_folder(self.folder)
        from sdensemble.outputs import fonts

        fonts.require_font()

    def bar(
        self, progress: Progress | None, where: Sequence[World], runs: int
    ) -> Callable[[int], None] | None:
        """Return what counts member runs, where somebody wants to see them."""
        return progress(max(runs, 1) * len(where)) if progress else None

    def done(self, found: Any, document: Document, notes: Sequence[Words]) -> Answer:
        """Write the answer whole and return it."""
        blocks: tuple[Block, ...] = (
            *document.blocks,
            *(Paragraph(note, "note") for note in notes),
        )
        document = replace(document, blocks=blocks)
        seconds = time.perf_counter() - self.begun
        record = self.record.adding(seconds=round(seconds, 2))
        with written(self.folder, record, free=self.asked.out is None) as done:
            _write_answer(done.partial, document, found, self.asked.lang)
        return Answer(found, document, done.folder, time.perf_counter() - self.begun)


@contextlib.contextmanager
def _answering(study: Study, asked: Asked, name: str) -> Iterator[_Job]:
    yield _Job(study, asked, name)


def _write_answer(folder: Path, document: Document, found: Any, lang: str) -> None:
    """Write a document's texts, tables, figures and labelled data."""
    from sdensemble.outputs.write import csv, picture, terminal

    for language in LANGS:
        text = terminal.document_text(document, language)
        (folder / f"answer-{language}.txt").write_text(text + "\n", encoding="utf-8")
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
