"""ledger: of each target what is published: met, not met, not published."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sdengine.errors import SDError
from sdensemble.verbs.options import RUN, IntoFolder, OfStudy, option
from sdensemble.verbs.result import SILENT, Tell, VerbResult

if TYPE_CHECKING:
    from sdensemble.inputs.scenarios import Scenario
    from sdensemble.results.results import Results
    from sdensemble.study import Study

DEFAULTS = ("scenarios", "as_of", "prior_only", "question")
"""Options that a run of the shipped default leaves empty."""


@dataclass(frozen=True, kw_only=True)
class LedgerOptions(IntoFolder, OfStudy):
    """What a ledger may be asked with.

    ``as_of`` is an information date ("2022-03-31", "through-2021"; empty: all there is). P is
    read from ``run``, under ``scenario``.
    """

    as_of: str = option("")
    run: Path | None = option(type=RUN)
    scenario: str = option("")


def ledger(asked: LedgerOptions, tell: Tell = SILENT) -> VerbResult:
    """Say of each target what is published: met, not met, not published.

    P is read from the run named, else from the latest of the study with default options, else from
    the latest; without one there is none. Raises SDError.
    """
    from sdensemble.inputs.published import known_at
    from sdensemble.outputs.policy.conflicts import conflict_rows, conflicts_blocks
    from sdensemble.outputs.policy.ledger import ledger_blocks, ledger_rows
    from sdensemble.outputs.policy.regions import layout_blocks
    from sdensemble.policy.ledger import ledger as entries_of
    from sdensemble.policy.ledger import own_statistics
    from sdensemble.policy.regions import layout
    from sdensemble.results.stored import latest_run, run_of
    from sdensemble.verbs.policy import keyed, policy_document, regions_table, write_policy
    from sdensemble.verbs.stored import results_of

    study, as_of = asked.opened(), asked.as_of  # the date of what is published, not the study's
    if problems := study.check():
        raise SDError(problems)
    statistics = known_at((*study.published, *own_statistics(study)), as_of)
    folder = run_of(asked.run) if asked.run else _latest(study)
    results = results_of(study, folder) if folder else None
    chosen = _scenario(study, results, asked.scenario) if results else None
    entries = entries_of(study.goals, statistics, results, chosen)
    name = folder.name if folder else ""
    laid = layout(study.goals, study.places, study.report)
    last = None if asked.run else latest_run(study.folder / "outputs")
    newer = last.name if last and last.name != name and _fits(study, last) else ""
    document = policy_document(
        *ledger_blocks(entries, study.report, as_of, results, chosen, name, study.model, newer),
        *layout_blocks(study.goals, laid),
        *conflicts_blocks(study.conflicts, results, chosen),
    )
    concerned: dict[str, list[str]] = {}
    for one in study.conflicts:
        for target in one.targets:
            concerned.setdefault(target, []).append(one.id)
    done = write_policy(
        study,
        asked.out or study.folder / "outputs" / "ledger",
        {
            "ledger": ledger_rows(entries, as_of, concerned, laid, study.report),
            **regions_table(study),
            "conflicts": conflict_rows(study.conflicts, results),
        },
        asked.lang,
    )
    return replace(done, document=document, found=entries, run=folder, **keyed(results))


def _latest(study: Study) -> Path | None:
    """Return the latest run with default options that fits today's study; else the latest."""
    from sdensemble.results.record import records
    from sdensemble.results.stored import latest_run

    first = study.prior_sets()[0]
    for place, record in records(study.folder / "outputs"):
        options = dict(record.get("options", {}))
        plain = options and not any(options.get(name) for name in DEFAULTS)
        if plain and (options.get("prior_set") or first) == first and _fits(study, place):
            return place
    folder = latest_run(study.folder / "outputs")
    return folder if folder and _fits(study, folder) else None


def _fits(study: Study, folder: Path) -> bool:
    """Return whether a folder holds a run of today's model and scenarios."""
    from sdensemble.verbs.stored import results_of

    try:
        results_of(study, folder)
    except SDError:
        return False
    return True


def _scenario(study: Study, results: Results, name: str) -> Scenario:
    """Return the scenario asked for, by name or title; the run's reference where none is."""
    from sdensemble.results.results import reference

    if not name:
        return reference(results)
    return results.scenario(study.named((name,))[0].name)
