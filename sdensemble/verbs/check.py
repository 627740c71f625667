"""The verb ``check``: what is said of a study whose files hold no problem."""

from __future__ import annotations

from sdensemble.outputs.words import label
from sdensemble.study import Study

SOUND = {
    "zh": "{file}：{n}个变量，所有方程单位一致\n{scenarios}个情景，{targets}项计概率的目标与参照，"
    "{sets}：没有问题",
    "en": "{file}: {n} variables, units agree in every equation\n{scenarios} scenarios,"
    " {targets} targets, {sets}: no problem",
}


SETS = {"zh": "{n}项先验（{set}）", "en": "{n} priors ({set})"}


def sound_text(study: Study, lang: str) -> str:
    """Return what is said of a study without a problem: what was read, and how much of it."""
    named = {one: label(study.report, one, lang) if lang == "zh" else one
             for one in study.prior_sets()}  # fmt: skip
    sets = [
        SETS[lang].format(n=len(study.priors(one).items), set=name) for one, name in named.items()
    ]
    return SOUND[lang].format(
        file=study.model.path.name,
        n=len(study.model.variables),
        scenarios=len(study.scenarios),
        targets=len(study.targets),
        sets=("，" if lang == "zh" else ", ").join(sets),
    )
