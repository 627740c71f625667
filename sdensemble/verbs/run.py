"""run: a study's scenarios, several structures of it, one member again; or a model file alone."""

from __future__ import annotations

from sdensemble.verbs.result import SILENT, Tell, VerbResult
from sdensemble.verbs.run_options import FileOptions, RunOptions


def run(asked: RunOptions | FileOptions, tell: Tell = SILENT) -> VerbResult:
    """Run the scenarios: probabilities, differences, tables and figures."""
    if isinstance(asked, FileOptions):
        from sdensemble.verbs.run_file import run_model

        return run_model(asked)
    if asked.variants:
        from sdensemble.verbs.run_variants import run_variants

        return run_variants(asked, tell)
    from sdensemble.verbs.run_study import replay_member, run_study

    return run_study(asked, tell) if asked.member is None else replay_member(asked)
