"""What a page says of a study's outcomes and targets, every text in each language."""

from __future__ import annotations

from typing import Any

from sdengine.syntax import Model
from sdensemble.inputs.report import Outcome
from sdensemble.inputs.targets import Target, leaves, readings, unit_of
from sdensemble.lang import Words, in_all, joined, phrase
from sdensemble.outputs import naming
from sdensemble.pages.cockpit.carried import Carried
from sdensemble.results import ensemble
from sdensemble.results.probability import value_of
from sdensemble.study import Study

Facts = dict[str, Any]


def outcomes_of(study: Study) -> tuple[Outcome, ...]:
    """Return what a page shows the course of: as a run does."""
    return ensemble.outcomes_of(study.report, study.model)


def outcome_of(study: Study, element: str) -> str:
    """Return the outcome that is one element of the components; the element where none is."""
    return next((one.id for one in outcomes_of(study) if one.element == element), element)


def cell_of(model: Model, variable: str, element: str | None) -> int:
    """Return the number of a cell of a variable by its element."""
    found = model[variable]
    return list(model.elements(found.dims[0])).index(element) if found.dims and element else 0


def outcome_facts(study: Study, held: Carried, one: Outcome) -> Facts:
    """Return what a page knows of an outcome; ``made`` names the outcomes it is the sum of."""
    spec, model = study.report, study.model
    series = held.series[held.index(one.variable, cell_of(model, one.variable, one.element))]
    unit = unit_of(model[one.variable], series.aggregate, model.clock) or ""
    speaks = [t for t in study.targets if t.variable == one.variable and not t.joint]
    return {
        "id": one.id,
        "label": in_all(one.label),
        "unit": in_all(spec.unit_words(unit)),
        "measure": in_all(naming.measures_of(spec, speaks[:1]) if speaks else ""),
        "series": held.index(one.variable, series.cell),
        "made": [outcome_of(study, element) for element in ensemble.made_of(spec, model, one)],
    }


def target_facts(study: Study, held: Carried, target: Target) -> Facts:
    """Return what a page knows of a target; ``readings`` ask the same by another measure."""
    spec, model = study.report, study.model
    single = not target.joint
    cell = cell_of(model, target.variable, target.element) if single else 0
    key = [target.measure, target.scope, target.price_basis]
    name = naming.target_label(target)
    parts = [t for t in study.targets if t.id in target.joint]
    if single:
        beyond = naming.beyond(target, spec)
        condition: Words = joined([beyond, *(naming.label(spec, k) for k in key if k)], "within")
        when = naming.moment(model, spec, target.year or 0)
        whose = {"name": naming.target_name(target), "beyond": beyond, "year": when}
        question = phrase("cockpit.question", **whose)
    else:
        names = joined([naming.target_label(part) for part in parts])
        condition = phrase("cockpit.all_at_once", names=names)
        question = phrase("cockpit.question_joint", name=name)
    known = {(one.variable, one.element or ""): one.id for one in reversed(outcomes_of(study))}
    measure = naming.measures_of(spec, leaves(target, study.targets))
    return {
        "id": target.id,
        "name": name,
        "bare": in_all(naming.target_name(target)),
        "group": _group(study, target),
        "question": in_all(question),
        "condition": in_all(condition),
        "measure": in_all(measure),
        "readings": [
            {"id": one.id, "measure": in_all(naming.measures_of(spec, [one]))}
            for one in readings(target, study.targets)
        ],
        "series": held.index(target.variable, cell) if single else None,
        "outcome": known.get((target.variable, target.element)) if single else None,
        "year": target.year if single else max((p.year or 0) for p in parts),
        "comparator": target.comparator,
        "value": value_of(target) if single else None,
        "low": target.low,
        "high": target.high,
        "joint": list(target.joint),
        "headline": target.headline,
        "official": not naming.is_example(target),
    }


def _group(study: Study, target: Target) -> str:
    """Return under what a list of targets shows one: a key of the page's words, or an outcome."""
    if target.headline:
        return "main"
    if target.joint:
        return "joint"
    if naming.is_example(target):
        return "reference"
    known = [one.id for one in outcomes_of(study)]
    return next((one for one in (target.element, target.entity) if one in known), "other")
