"""sensitivity, package, information, discover: what an answer hangs on."""

from __future__ import annotations

from dataclasses import dataclass

from sdengine.errors import SDError
from sdensemble.verbs.options import WorldOptions, argument, option
from sdensemble.verbs.result import SILENT, Tell, VerbResult


@dataclass(frozen=True, kw_only=True)
class SensitivityOptions(WorldOptions):
    """Whose outcome and effects are shared out among groups of inputs."""

    scenarios: tuple[str, ...] = argument(())


def sensitivity(asked: SensitivityOptions, tell: Tell = SILENT) -> VerbResult:
    """Say what the outcome, and the effects of SCENARIOS, hang on (Sobol)."""
    from sdensemble.decide.variance import shares
    from sdensemble.outputs.decide.variance import shares_document
    from sdensemble.verbs.worlds import Job, groups_of

    job = Job(asked, tell, "sensitivity")
    chosen, groups = job.named(asked.scenarios), groups_of(job.study)
    other = job.world(method="latin", fresh=True)
    world = job.world(method="latin")
    runs = ((len(groups.members) or 8) + 4) * (len(chosen) + 1)
    count = job.bar([world], runs * asked.members)
    found = shares(world, other, job.base, chosen, job.target, groups.members, progress=count)
    return job.done(found, shares_document(found, world, job.study, groups.labels))


@dataclass(frozen=True, kw_only=True)
class PackageOptions(WorldOptions):
    """Which package is taken apart; with ``chance`` by P in place of the outcome."""

    scenario: str = argument("", required=True)
    chance: bool = option(False)


def package(asked: PackageOptions, tell: Tell = SILENT) -> VerbResult:
    """Take the package SCENARIO apart: each lever's share (Shapley)."""
    from sdensemble.decide.package import ORDERS, take_apart
    from sdensemble.decide.shapley import EXACT
    from sdensemble.outputs.decide.package import package_document
    from sdensemble.verbs.worlds import Job

    job = Job(asked, tell, "package")
    chosen = job.study.named((asked.scenario,))[0]
    world = job.world()
    k = len(chosen.settings)
    runs = 2**k if k <= EXACT else (ORDERS + 2) * k
    count = job.bar([world], runs * asked.members)
    found = take_apart(world, chosen, job.base, job.target, chance=asked.chance, progress=count)
    return job.done(found, package_document(found, world, job.study))


@dataclass(frozen=True, kw_only=True)
class InformationOptions(WorldOptions):
    """Among which scenarios is chosen; with ``chance`` by P in place of the outcome."""

    scenarios: tuple[str, ...] = argument((), required=True)
    chance: bool = option(False)


def information(asked: InformationOptions, tell: Tell = SILENT) -> VerbResult:
    """Say what to measure before choosing among SCENARIOS (EVPI)."""
    from sdensemble.decide.knowledge import knowledge
    from sdensemble.outputs.decide.knowledge import knowledge_document
    from sdensemble.verbs.worlds import Job, groups_of

    job = Job(asked, tell, "information")
    chosen, groups = job.named(asked.scenarios), groups_of(job.study)
    if len(chosen) < 2:
        raise SDError("name two scenarios or more to choose among")
    world = job.world(method="latin")
    found = knowledge(
        world,
        job.base,
        chosen,
        job.target,
        groups.members,
        chance=asked.chance,
        progress=job.bar([world], (len(chosen) + 1) * asked.members),
    )
    document = knowledge_document(found, world, job.study, groups.labels, asked.chance)
    return job.done(found, document)


@dataclass(frozen=True, kw_only=True)
class DiscoverOptions(WorldOptions):
    """Whose members are described: those that miss, or with ``meets`` those that do not."""

    scenario: str = argument("")
    meets: bool = option(False)


def discover(asked: DiscoverOptions, tell: Tell = SILENT) -> VerbResult:
    """Say in which members SCENARIO misses the target (PRIM)."""
    from sdensemble.decide.boxes import boxes
    from sdensemble.outputs.decide.boxes import boxes_document
    from sdensemble.verbs.worlds import Job

    job = Job(asked, tell, "discover")
    scenario = job.study.named((asked.scenario or asked.base,))[0]
    world = job.world(method="latin")
    count = job.bar([world], asked.members)
    found = boxes(world, scenario, job.target, meets=asked.meets, progress=count)
    return job.done(found, boxes_document(found, world, job.study, asked.meets))
