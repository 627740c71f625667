"""Which regions a policy lays out for the industry of each target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sdensemble.inputs.regions import Place
from sdensemble.inputs.report import ReportSpec
from sdensemble.inputs.targets import Target

Layout = Mapping[str, tuple[Place, ...]]
"""Target → one place of each region laid out for its industry."""


def layout(targets: Sequence[Target], places: Sequence[Place], spec: ReportSpec) -> Layout:
    """Return, for each target of bases or land, the regions laid out for its industry.

    Which units are of bases and land is said in the report's ``[layout]``.
    """
    found: dict[str, tuple[Place, ...]] = {}
    for target in targets:
        if target.unit not in spec.layout_units or target.joint:
            continue
        first = {p.region: p for p in reversed(places) if p.element == target.entity}
        if first:
            found[target.id] = tuple(sorted(first.values(), key=places.index))
    return found
