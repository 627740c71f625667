"""check: every file of a study and its model's units; with --full the validation tests too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sdengine.errors import SDError
from sdensemble.verbs.options import IntoFolder, OfStudy, option
from sdensemble.verbs.result import SILENT, Tell, VerbResult

if TYPE_CHECKING:
    from sdensemble.lang import Words
    from sdensemble.study import Study


@dataclass(frozen=True, kw_only=True)
class CheckOptions(IntoFolder, OfStudy):
    """What is checked: with ``full`` the study's validation tests as well."""

    full: bool = option(False)


def check(asked: CheckOptions, tell: Tell = SILENT) -> VerbResult:
    """Check every file and the model's units, without running.

    With --full the validation tests of model/validation.toml run too and write a report; the
    status is 1 where one of them fails.
    """
    from sdengine.model.describe import documents
    from sdensemble.lang import phrase
    from sdensemble.outputs.document import verbatim
    from sdensemble.study import check_study

    study = asked.opened()
    if asked.full:
        return _validated(study, asked, tell)
    if problems := check_study(study):
        raise SDError(problems)
    plain = () if documents(study.model) else (phrase("check.plain", file=study.model.path.name),)
    return VerbResult(verbatim(_sound(study)), notes=plain)


def _validated(study: Study, asked: CheckOptions, tell: Tell) -> VerbResult:
    """Run the validation tests, telling each as it ends."""
    from sdensemble.checks.run import FULL, validate
    from sdensemble.outputs.checks import line, summary, write_report

    checked = validate(study, members=FULL, progress=lambda one: tell(line(one)))
    folder = asked.out or study.folder / "outputs" / "validation"
    write_report(folder, study, checked)
    failed = any(one.found.status == "fail" for one in checked)
    printed = summary(checked, every=False)
    return VerbResult(summary(checked), checked, folder, ok=not failed, printed=printed)


def _sound(study: Study) -> Words:
    """Return what is said of a study without a problem: what was read, and how much of it."""
    from sdensemble.lang import joined, phrase
    from sdensemble.outputs.naming import label

    sets = [
        phrase("check.sets", n=len(study.priors(name).items), set=label(study.report, name))
        for name in study.prior_sets()
    ]
    return phrase(
        "check.sound",
        file=study.model.path.name,
        n=len(study.model.variables),
        scenarios=len(study.scenarios),
        targets=len(study.targets),
        sets=joined(sets, "within"),
    )
