"""A study cut down to its headline: what a run of very many members keeps, and can tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sdensemble.inputs.report import ReportSpec
from sdensemble.inputs.targets import Target, leaves


def only_headline(
    spec: ReportSpec, targets: Sequence[Target]
) -> tuple[ReportSpec, tuple[Target, ...]]:
    """Return the report and targets of a study of which only the headline is kept.

    Beside the headline that is the series of its question. Targets of other series, and joint ones
    of which a part is, are left out, as are components, limits, payers and conditions.
    """
    asked = spec.question(targets)
    head = spec.headline
    kept = {(head.whole.variable, head.aggregate), (asked.variable, asked.aggregate)}

    def told(target: Target) -> bool:
        return all((one.variable, one.aggregate) in kept for one in leaves(target, targets))

    few = tuple(target for target in targets if told(target))
    names = {target.id for target in few}
    bare = replace(
        head,
        components=None,
        range=None,
        groups=tuple(one for one in head.groups if (one.variable, head.aggregate) in kept),
        real=None,
        sales=None,
        displaced=None,
        question=asked.id,
        beside=tuple(name for name in head.beside if name in names),
    )
    small = replace(spec, headline=bare, regimes=(), payers=(), conditions=(), extra_keep=())
    return small, few
