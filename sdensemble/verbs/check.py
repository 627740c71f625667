"""The verb ``check``: what is said of a study whose files hold no problem."""

from __future__ import annotations

from sdensemble.lang import Words, joined, phrase
from sdensemble.outputs.naming import label
from sdensemble.study import Study


def sound(study: Study) -> Words:
    """Return what is said of a study without a problem: what was read, and how much of it."""
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
