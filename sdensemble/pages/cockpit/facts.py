"""What a page says of a study, as one value that JSON can hold: every text in each language."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sdengine.model.describe import levers
from sdengine.syntax import Kind, Model, Variable
from sdensemble.ensemble.members import Members
from sdensemble.inputs.config import bounds, cell_name, default_of
from sdensemble.inputs.history import counts_years
from sdensemble.inputs.naming import model_label
from sdensemble.inputs.report import ReportSpec
from sdensemble.inputs.scenarios import Scenario, Setting
from sdensemble.inputs.targets import Target, unit_of
from sdensemble.lang import LANGS, Words, catalogue, has, in_all, joined, phrase
from sdensemble.outputs import naming
from sdensemble.pages.cockpit.asked import (
    Facts,
    cell_of,
    outcome_facts,
    outcome_of,
    outcomes_of,
    target_facts,
)
from sdensemble.pages.cockpit.carried import Carried, carried, drawn, forced, slider_end
from sdensemble.results.ensemble import components_of
from sdensemble.results.results import ASIDE, FELT, LEAST_OUTLAY, is_stress
from sdensemble.study import Study

FEW = 8  # settings of a scenario whose levers are shown before all others
NO_UNIT = ("", "1", "Dmnl")
FIRST = 256  # members that answer while a slider moves


@dataclass(frozen=True)
class Contents:
    """A page's contents: ``facts`` for JSON, and the bytes that are too large for it, by name."""

    facts: Facts
    blobs: Mapping[str, bytes] = field(default_factory=dict)


def words_of_page() -> dict[str, dict[str, str]]:
    """Return the page's own words, by language."""
    head = "cockpit."
    return {
        lang: {key.removeprefix(head): t for key, t in catalogue(lang).items() if key[:8] == head}
        for lang in LANGS
    }


def study_contents(
    study: Study,
    held: Carried,
    sets: Mapping[str, tuple[Members, Words]],
    *,
    command: str,
    lang: str,
) -> Contents:
    """Return the contents of a study's page.

    ``sets`` maps each prior set to its members and to what is said of where they come from; the
    first is shown first. ``command`` runs the same members outside the page.
    """
    spec, model = study.report, study.model
    first = next(iter(sets.values()))[0]
    question = spec.question(study.targets)
    shown = [s for s in study.choose(()) if 0 < len(s.settings) <= FEW]
    date = naming.information_date(study.information, spec.issued)
    sliders = _sliders(study, held, shown)
    facts = {
        **_frame(model, spec, held, lang, first.size, int(np.unique(first.replicate).size)),
        "sums": held.sums(_regimes(study)),
        "title": in_all(phrase("cockpit.title", name=spec.headline.whole.label)),
        "outcomes": [outcome_facts(study, held, one) for one in outcomes_of(study)],
        "parts": [one.id for one in components_of(spec, model)],
        "targets": [target_facts(study, held, one) for one in study.targets],
        "question": question.id,
        "horizons": _horizons(study, held.years, question),
        "levers": sliders,
        "axes": _axes(study, sliders),
        **_constants(study, held),
        "scenarios": [_scenario(one) for one in study.scenarios if one.settings],
        "limits": limits_facts(study, held),
        "payers": [
            {
                "label": in_all(payer.label),
                "unit": spec.unit_words(
                    unit_of(model[payer.variable], "annual", model.clock) or ""
                ),
                "series": held.index(payer.variable),
                "kind": "forgone" if payer.forgone else "treasury",
            }
            for payer in spec.payers
        ],
        "caveats": [
            *([in_all(phrase("cockpit.main_alone"))] if study.variants else []),
            in_all(naming.unit_notes(spec, _units(study, held))),
            *([in_all(phrase("cockpit.information", date=date))] if study.information else []),
        ],
        "whole": in_all(spec.headline.whole.label),
        "purse": {"least": LEAST_OUTLAY, "aside": ASIDE},
        "felt": FELT,
        "command": command,
        "sets": [],
    }
    blobs = {"wasm": held.wasm.module, "wasm-fused": held.wasm.fused}
    for name, (members, note) in sets.items():
        slots, fixed, blobs[f"draws-{name}"] = drawn(held.kernel, members.draws)
        facts["sets"].append(
            {
                "id": name,
                "name": in_all(naming.label(spec, name)),
                "gloss": in_all(_gloss(spec, name)),
                "says": in_all(note),
                "command": command if len(sets) == 1 else f"{command} --prior {name}",
                "slots": slots,
                "fixed": fixed,
                "forcing": forced(members.forcing, held.kernel, members.seed),
            }
        )
    return Contents(facts, blobs)


def model_contents(held: Carried, *, lang: str) -> Contents:
    """Return the contents of the page of a model file alone: one member, a slider a constant."""
    model = held.kernel.model
    sliders = [
        _slider(held, model[name], number, unit=str, used=(), start=model.clock.start, shown=True)
        for number, name in enumerate(_constants_with_a_range(model))
    ]
    outcomes = []
    for number, series in enumerate(held.series):
        variable = model[series.variable]
        index = np.unravel_index(series.cell, model.shape(variable)) if variable.dims else ()
        element = cell_name(model, variable, tuple(map(int, index))).removeprefix(variable.name)
        name = joined([model_label(model, variable.name), element], "nothing")
        outcomes.append(
            {
                "id": variable.name + element,
                "label": in_all(name),
                "unit": in_all(variable.unit),
                "measure": in_all(""),
                "series": number,
                "made": [],
            }
        )
    facts = {
        **_frame(model, None, held, lang, 1, 1),
        "sums": held.sums(()),
        "title": in_all(model.path.stem),
        "outcomes": outcomes,
        "parts": [],
        "targets": [],
        "question": "",
        "horizons": [held.years[-1]],
        "levers": sliders,
        "axes": [one["id"] for one in (sliders * 2)[:2]],
        "constants": {},
        "settable": {one["id"]: one.pop("slots") for one in sliders},
        "kinds": {one["id"]: "world" for one in sliders},
        "units": {one["id"]: model[one["id"]].unit for one in sliders},
        "scenarios": [],
        "limits": [],
        "payers": [],
        "caveats": [in_all(phrase("cockpit.model_alone"))],
        "whole": in_all(model.path.stem),
        "purse": {"least": LEAST_OUTLAY, "aside": ASIDE},
        "felt": FELT,
        "command": f"python run_sim.py run {model.path.name}",
        "sets": [
            {
                "id": "model",
                "name": in_all(model.path.stem),
                "gloss": in_all(""),
                "says": in_all(""),
                "command": f"python run_sim.py run {model.path.name}",
                "slots": [],
                "fixed": [],
                "forcing": forced(None, held.kernel, 1),
            }
        ],
    }
    return Contents(
        facts, {"wasm": held.wasm.module, "wasm-fused": held.wasm.fused, "draws-model": b""}
    )


def kept_of(model: Model, most: int = 200) -> dict[str, str]:
    """Return what the page of a model alone keeps: stocks, then what else varies, at year's end."""
    varying = [v for v in model.variables.values() if v.kind in (Kind.STOCK, Kind.AUXILIARY)]
    ordered = sorted(varying, key=lambda v: v.kind is not Kind.STOCK)
    kept: dict[str, str] = {}
    cells = 0
    for variable in ordered:
        cells += int(np.prod(model.shape(variable), dtype=int))
        if cells > most and kept:
            break
        kept[variable.name] = "end"
    return kept


def _frame(
    model: Model, spec: ReportSpec | None, held: Carried, lang: str, members: int, replicates: int
) -> Facts:
    """Return what the page of every kind of content needs."""
    clock = model.clock
    return {
        "lang": lang,
        "words": words_of_page(),
        "model": model.path.name,
        "digest": model.digest,
        "clock": {"start": clock.start, "stop": clock.stop, "step": clock.step},
        "years": list(held.years),
        "moments": [in_all(naming.moment(model, spec, year)) for year in held.years],
        "period": in_all(naming.period_of(model, spec)),
        "yearly": counts_years(model.clock.unit),
        "members": members,
        "replicates": replicates,
        "first": FIRST,
        "program": held.wasm.layout,
        "series": len(held.series),
    }


def _units(study: Study, held: Carried) -> list[str]:
    """Return the units of what the page shows, as the model writes them."""
    return [
        unit_of(study.model[one.variable], one.aggregate, study.model.clock) or ""
        for one in held.series
    ]


def _gloss(spec: ReportSpec, prior_set: str) -> Words:
    """Return what a prior set takes its numbers from; empty where nobody says."""
    key = f"{prior_set}_says"
    return naming.label(spec, key) if key in spec.labels or has(f"label.{key}") else ""


def _horizons(study: Study, years: range, question: Target) -> list[int]:
    named = getattr(study.report.headline, "horizons", ()) or (question.year or years[-1],)
    return sorted(year for year in named if year in years)


def key_of(setting: Setting) -> str:
    """Return the name under which a scenario file sets a constant or one element of it."""
    return setting.constant + (f"[{setting.element}]" if setting.element else "")


def _sliders(study: Study, held: Carried, shown: Sequence[Scenario]) -> list[Facts]:
    """Return the levers, those of the scenarios that are shown first in front."""
    used: dict[str, list[Setting]] = {}
    for scenario in study.scenarios:
        for setting in scenario.settings:
            used.setdefault(key_of(setting), []).append(setting)
    front = {key_of(setting) for scenario in shown for setting in scenario.settings}
    out = []
    for number, variable in enumerate(v for v in levers(study.model) if not v.dims):
        settings = used.get(variable.name, [])
        out.append(
            _slider(
                held,
                variable,
                number,
                unit=study.report.unit_words,
                used=[value for setting in settings for value in setting.values],
                start=min((s.times[0] for s in settings), default=study.model.clock.start),
                shown=variable.name in front or not front,
            )
        )
    for one in out:
        one.pop("slots")
    for lang in LANGS:
        labels = without_what_all_say([one["label"][lang] for one in out])
        for one, label in zip(out, labels, strict=True):
            one["label"][lang] = label
    return out


def without_what_all_say(labels: Sequence[str]) -> list[str]:
    """Return labels without the bracket at their end that most of them share: it tells nothing.

    >>> without_what_all_say(["land (a lever)", "grants (a lever)", "price"])
    ['land', 'grants', 'price']
    """
    ends = [re.search(r"\s*[(（][^()（）]*[)）]$", label) for label in labels]
    said = Counter(found[0] for found in ends if found)
    end, count = said.most_common(1)[0] if said else ("", 0)
    return [label.removesuffix(end) for label in labels] if 2 * count > len(labels) else [*labels]


def _slider(
    held: Carried,
    variable: Variable,
    number: int,
    *,
    unit: Any,
    used: Iterable[float],
    start: float,
    shown: bool,
) -> Facts:
    model = held.kernel.model
    own = float(np.ravel(default_of(model, variable))[0])
    low, high = bounds(variable)
    low = low if np.isfinite(low) else min(0.0, 2 * own)
    return {
        "id": variable.name,
        "n": number,
        "label": model_label(model, variable.name),
        "unit": in_all(
            phrase("cockpit.a_share")
            if _is_share(variable) and variable.unit in NO_UNIT
            else unit(variable.unit or "Dmnl")
        ),
        "share": _is_share(variable),
        "low": low,
        "high": high,
        "reach": slider_end(low, high, own, list(used)),
        "value": own,
        "start": start,
        "shown": shown,
        "slots": held.slots(variable.name),
    }


def _is_share(variable: Variable) -> bool:
    """Return whether a constant is a share of something, or one a year: people write those in %."""
    low, high = bounds(variable)
    pure = variable.unit in NO_UNIT or variable.unit.startswith("1/")
    return pure and low >= 0 and high <= 1


def _constants_with_a_range(model: Model) -> list[str]:
    """Return the scalar constants that can be slid, those with limits of their own first."""
    scalars = [v for v in model.constants() if not v.dims and v.name in model.variables]
    return [v.name for v in sorted(scalars, key=lambda v: not np.isfinite(bounds(v)).all())]


def _constants(study: Study, held: Carried) -> Facts:
    """Return what can be set: by key its slots, kind, unit, and the limits a link is held to."""
    model, spec = study.model, study.report
    settable = {v.name: held.slots(v.name) for v in levers(model) if not v.dims}
    kinds = dict.fromkeys(settable, "lever")
    facts: dict[str, Facts] = {}
    for setting in (s for scenario in study.scenarios for s in scenario.settings):
        key, variable = key_of(setting), model[setting.constant]
        where = held.kernel.program.where(setting.constant)
        settable[key] = [int(where[cell]) for cell in setting.cells]
        kinds.setdefault(key, setting.kind)
        element = f"[{setting.element}]" if setting.element else ""
        facts[key] = {
            "label": in_all(joined([model_label(model, variable.name), element], "nothing")),
            "unit": in_all(spec.unit_words(variable.unit or "Dmnl")),
            "low": bounds(variable)[0],
            "high": bounds(variable)[1],
            "value": float(np.ravel(default_of(model, variable))[0]),
        }
    units = {key: model[key.partition("[")[0]].unit or "Dmnl" for key in settable}
    return {"constants": facts, "settable": settable, "kinds": kinds, "units": units}


def _axes(study: Study, sliders: Sequence[Facts]) -> list[str]:
    """Return the two levers of the surface: of the scenarios that move one lever alone, and
    those compared by default first, the first two; else the first two sliders."""
    alone = [s.settings[0].constant for s in study.choose(()) if len(s.settings) == 1]
    known = [one["id"] for one in sliders]
    wanted = [name for name in dict.fromkeys(alone) if name in known]
    return (wanted + [name for name in known if name not in wanted] + known)[:2]


def _scenario(scenario: Scenario) -> Facts:
    return {
        "id": scenario.name,
        "title": dict(scenario.title),
        "stress": is_stress(scenario),
        "settings": [
            {"id": key_of(s), "times": list(s.times), "values": list(s.values)}
            for s in scenario.settings
        ],
    }


def limits_facts(study: Study, held: Carried) -> list[Facts]:
    """Return the shares of what limits, set by set: where each outcome's own stand."""
    sets: dict[str, list[Facts]] = {}
    for regime in study.report.regimes:
        cells = {
            outcome_of(study, element) or study.report.headline.whole.id: held.index(
                regime.variable, cell
            )
            for cell, element in enumerate(_elements(study.model, regime.variable))
        }
        part = {"label": in_all(regime.label), "cells": cells}
        sets.setdefault(regime.set, []).append(part)
    return [
        {"label": in_all(naming.label(study.report, name)), "parts": parts}
        for name, parts in sets.items()
    ]


def _elements(model: Model, variable: str) -> tuple[str, ...]:
    """Return the elements of a variable of one range; one without a name where it has none."""
    dims = model[variable].dims
    return model.elements(dims[0]) if dims else ("",)


def study_carried(study: Study, kernel: Any) -> Carried:
    """Return the study's kernel as a page carries it: of what a run keeps, what the page shows."""
    report, model = study.report, study.model
    cells = {
        (model[o.variable].name, cell_of(model, o.variable, o.element)) for o in outcomes_of(study)
    }
    single = [target for target in study.targets if not target.joint]
    cells |= {(model[t.variable].name, cell_of(model, t.variable, t.element)) for t in single}
    cells |= {(model[payer.variable].name, 0) for payer in report.payers}
    cells |= {
        (model[regime.variable].name, cell)
        for regime in report.regimes
        for cell, _ in enumerate(_elements(model, regime.variable))
    }
    names = {name for name, _ in cells}
    kept = {model[one.variable].name: one.aggregate for one in study.kept()}
    aside = _regimes(study)
    ordered = sorted((name for name in kept if name in names), key=aside.__contains__)
    return carried(kernel, {name: kept[name] for name in ordered}, cells)


def _regimes(study: Study) -> set[str]:
    """Return the variables that tell what limits: the page has them computed when it shows them."""
    return {study.model[one.variable].name for one in study.report.regimes}
