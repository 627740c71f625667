"""scorecard: every target under every scenario, least likely first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sdengine.errors import SDError
from sdensemble.verbs.options import RUN, SEED, IntoFolder, OfStudy, option
from sdensemble.verbs.result import SILENT, Tell, VerbResult

if TYPE_CHECKING:
    from sdensemble.results.results import Results
    from sdensemble.study import Study


@dataclass(frozen=True, kw_only=True)
class ScorecardOptions(IntoFolder, OfStudy):
    """What a scorecard may be asked with: of ``run``, or with ``members`` of one made now."""

    run: Path | None = option(type=RUN, bars="members")
    members: int | None = option(type=int)
    seed: int = option(1, needs="members", type=SEED)
    prior_set: str = option("", "--prior", needs="members")
    scenarios: tuple[str, ...] = option((), "--scenario")


def scorecard(asked: ScorecardOptions, tell: Tell = SILENT) -> VerbResult:
    """Score every target under every scenario, least likely first.

    The run named, else one made now where members are asked for, else the study's latest. Of a
    stored run --scenario picks columns; what they are compared with stays. Raises SDError where
    there is no run.
    """
    from sdensemble.lang import phrase
    from sdensemble.outputs.policy.conflicts import conflict_rows, conflicts_blocks
    from sdensemble.outputs.policy.figures.scorecard import scorecard_figures
    from sdensemble.outputs.policy.regions import layout_blocks
    from sdensemble.outputs.policy.scorecard import scorecard_blocks, scorecard_rows, year_rows
    from sdensemble.policy.regions import layout
    from sdensemble.policy.scorecard import scorecard as lines_of
    from sdensemble.results.results import reference
    from sdensemble.results.stored import latest_run, run_of
    from sdensemble.verbs.policy import keyed, policy_document, regions_table, write_policy
    from sdensemble.verbs.run_options import RunOptions
    from sdensemble.verbs.run_study import run_study
    from sdensemble.verbs.stored import results_of

    study, run = asked.sound(), asked.run
    if run is None and asked.members is not None:
        names = ("study", "members", "seed", "prior_set", "scenarios", "lang")
        run = run_study(RunOptions(**asked.picked(*names)), tell).folder
    folder = run or latest_run(study.folder / "outputs")
    if folder is None:
        told = "no stored run in outputs/: use the verb run first, or --members to run now"
        raise SDError(told)
    folder = run_of(folder)
    results = _few(study, results_of(study, folder), asked.scenarios)
    lines = lines_of(results)
    laid = layout(study.goals, study.places, study.report)
    document = policy_document(
        *scorecard_blocks(lines, results, study.goals),
        *layout_blocks(study.goals, laid),
        *conflicts_blocks(study.conflicts, results, reference(results)),
    )
    done = write_policy(
        study,
        asked.out or folder.with_name(f"{folder.name}-scorecard"),
        {
            "scorecard": scorecard_rows(lines, results, laid),
            **regions_table(study),
            "scorecard-years": year_rows(results),
            "conflicts": conflict_rows(study.conflicts, results),
        },
        asked.lang,
        run=folder,
        figures=scorecard_figures(lines, results),
    )
    if asked.members is not None:
        done = replace(done, notes=(*done.notes, phrase("run.written", folder=str(folder))))
    return replace(done, document=document, found=lines, **keyed(results))


def _few(study: Study, results: Results, names: Sequence[str]) -> Results:
    """Return results with only the scenarios named and those they are compared with."""
    if not names:
        return results
    wanted = [one.name for one in study.named(tuple(names))]
    wanted += [results.scenario(name).compares for name in wanted]
    return replace(results, scenarios=tuple(s for s in results.scenarios if s.name in wanted))
