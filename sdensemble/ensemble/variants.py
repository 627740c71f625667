"""Variants: the same question under another structure, from a folder's ``variants/*.toml``."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from sdengine.errors import Problems, SDError
from sdengine.model.read import read_model
from sdengine.syntax import Model
from sdensemble.ensemble.draws import Draws, Method, draw
from sdensemble.ensemble.members import Members
from sdensemble.ensemble.worlds import apply as apply_scenario
from sdensemble.inputs.config import Section, read_toml, short
from sdensemble.inputs.priors import read_priors
from sdensemble.inputs.scenarios import LAST, Scenario, Setting, read_settings
from sdensemble.inputs.units import as_number
from sdensemble.lang import in_all, phrase

MAIN = "main"
"""The name of the study's own model among its variants."""
KEYS = ("order", "title", "purpose", "question", "settings", "model", "priors")
FIELDS = ("value", "unit")


@dataclass(frozen=True)
class Variant:
    """One structure: constants set for every member, or another model of the same targets.

    ``settings`` replace what the priors would draw. ``question`` names what is in doubt, such
    as "land": variants of one question are its answers. ``title`` and ``purpose`` map "zh" and
    "en" to a text. ``priors`` are those of constants that only this model has, by prior set.
    """

    name: str
    order: int
    title: Mapping[str, str]
    purpose: Mapping[str, str]
    question: str
    model: Model
    settings: tuple[Setting, ...] = ()
    own_model: bool = False
    priors: Path | None = None
    path: Path = Path()
    digest: str = ""


@dataclass(frozen=True)
class Applied:
    """What it takes to run a study's scenarios in a variant.

    ``without`` names the scenarios none of whose levers the variant's model has: there they
    are the same as the one they are compared with.
    """

    variant: Variant
    model: Model
    members: Members
    scenarios: tuple[Scenario, ...]
    without: tuple[str, ...]


def main_variant(model: Model) -> Variant:
    """Return the study's own model as a variant among the others."""
    return Variant(
        MAIN,
        -1,
        in_all(phrase("variants.main")),
        in_all(phrase("variants.main_purpose")),
        "",
        model,
    )


def read_variants(folder: Path, model: Model) -> tuple[Variant, ...]:
    """Return the variants of a folder's TOML files, by their order, then by name.

    A study without the folder has none. Raise SDError with the problems of all files together.
    """
    folder = Path(folder)
    paths = [path for path in folder.glob("*.toml") if not path.name.startswith(".")]
    found, variants = Problems(), []
    for path in sorted(paths):
        try:
            variants.append(read_variant(path, model))
        except SDError as error:
            found.take(error)
    found.raise_if_any()
    return tuple(sorted(variants, key=lambda variant: (variant.order, variant.name)))


def read_variant(path: Path, model: Model) -> Variant:
    """Return the variant of one TOML file, named as the file, checked against its model.

    The file gives either ``[settings]``, each ``"constant" = { value = …, unit = "…" }`` (or
    ``"constant[element]"``), or ``model = "variants/other.mdl"``, a path in the study, with
    settings of that model's constants if any. Raise SDError with every problem found.
    """
    path = Path(path)
    content, digest = read_toml(path)
    found = Problems()
    top = Section(short(path), content, found)
    top.only(KEYS)
    if path.stem in (MAIN, "all"):
        top.problem('"{name}" is reserved: name the file otherwise', name=path.stem)
    order = top.number("order") if "order" in content else LAST
    title = top.words("title", path.stem)
    purpose = top.words("purpose")
    other = _read_model(top, path)
    model = other or model
    settings = _settings(top, model)
    if not settings and "model" not in content:
        top.problem('gives neither [settings] nor model = "…": nothing differs from the main model')
    priors = _read_priors_path(top, path, model)
    found.raise_if_any()
    return Variant(
        name=path.stem,
        order=LAST if order is None else int(order),
        title=title,
        purpose=purpose,
        question=top.text("question"),
        model=model,
        settings=settings,
        own_model=other is not None,
        priors=priors,
        path=path,
        digest=digest + (other.digest if other else ""),
    )


def _read_model(top: Section, path: Path) -> Model | None:
    """Return the model a variant names, found from the study's folder, or None."""
    named = top.text("model")
    if not named:
        return None
    place = path.parent.parent / named
    if not place.is_file():
        top.problem('model: no file "{named}" in {folder}', named=named, folder=path.parent.parent)
        return None
    try:
        return read_model(place)
    except SDError as error:
        top.found.take(error)
        return None


def _read_priors_path(top: Section, path: Path, model: Model) -> Path | None:
    named = top.text("priors")
    if not named:
        return None
    place = path.parent.parent / named
    try:
        read_priors(place, model)
    except SDError as error:
        top.found.take(error)
    return place


def _settings(top: Section, model: Model) -> tuple[Setting, ...]:
    """Return the settings, each with its unit, holding from the start for every member."""
    given = top.values.get("settings", {})
    if isinstance(given, dict):
        for name, value in given.items():
            table = Section(f'{top.where} [settings] "{name}"', {}, top.found)
            if not isinstance(value, dict) or "unit" not in value:
                told = 'write {{ value = …, unit = "…" }}: the unit is needed'
                table.problem(told)
            elif as_number(value.get("value")) is None:
                table.problem("value must be a number, not {value!r}", value=value.get("value"))
            else:
                Section(table.where, value, top.found).only(FIELDS)
    return tuple(read_settings(top, "settings", "world", model))


def duplicates(variants: Sequence[Variant], drawn: Collection[str]) -> dict[str, str]:
    """Return, for each variant that changes nothing, the one before it that it is the same as.

    A setting changes something where the constant is ``drawn`` from a prior, or has another
    value in the model. A model of its own is never the same as another.
    """
    first: dict[object, str] = {}
    found: dict[str, str] = {}
    for variant in variants:
        key = variant.name if variant.own_model else _changes(variant, drawn)
        if first.setdefault(key, variant.name) != variant.name:
            found[variant.name] = first[key]
    return found


def _changes(variant: Variant, drawn: Collection[str]) -> frozenset[object]:
    """Return the settings of a variant that differ from its model's own constants."""
    kept = []
    for setting in variant.settings:
        own = np.asarray(variant.model[setting.constant].value, dtype=float)
        cells = setting.cells or list(np.ndindex(own.shape))
        same = all(float(own[cell]) == value for cell in cells for value in setting.values)
        if setting.constant in drawn or not same:
            kept.append((setting.constant, setting.cells, setting.values))
    return frozenset(kept)


# ── what a variant makes of a study's run ──────────────────────────────────────────────────


def apply(variant: Variant, members: Members, scenarios: Sequence[Scenario]) -> Applied:
    """Return the members and scenarios of a study as they are in a variant.

    Member i keeps its number, its shocks and every constant that the variant does not set, so
    that variants are paired by member. A variant with a model of its own takes those constants,
    processes and levers that its model has; what only it has is drawn with a seed made
    of the study's.
    Raises SDError where its own priors are wrong.
    """
    model, draws, forcing = variant.model, members.draws, members.forcing
    values: dict[str, Any] = dict(draws.values)
    processes = forcing.processes if forcing else ()
    chosen = tuple(scenarios)
    without: tuple[str, ...] = ()
    if variant.own_model:
        values = {name: array for name, array in values.items() if _has(model, name, array)}
        values |= _own_draws(variant, draws)
        constants = {v.name for v in model.constants()}
        processes = tuple(p for p in processes if p.drives in constants)
        chosen = tuple(within(scenario, model) for scenario in scenarios)
        pairs = zip(chosen, scenarios, strict=True)
        without = tuple(s.name for s, full in pairs if full.settings and not s.settings)
    fixed = Scenario(variant.name, 0, variant.title, variant.purpose, variant.settings)
    constants_of, _ = apply_scenario(fixed, model, values, draws.members)
    made = replace(
        members.named(variant.name),
        draws=replace(draws, values={n: np.asarray(array) for n, array in constants_of.items()}),
        forcing=replace(forcing, processes=processes) if forcing else None,
    )
    return Applied(variant, model, made, chosen, without)


def _has(model: Model, name: str, array: np.ndarray) -> bool:
    """Return whether a model has a constant of this name and shape."""
    own = {v.name: v for v in model.constants()}.get(name)
    return own is not None and model.shape(own) == array.shape[:-1]


def _own_draws(variant: Variant, draws: Draws) -> Mapping[str, np.ndarray]:
    """Return draws of the constants that only a variant's model has."""
    if variant.priors is None:
        return {}
    made = draw(
        read_priors(variant.priors, variant.model, draws.priors.name),
        variant.model,
        draws.members,
        seed=own_seed(draws.seed, variant.name),
        method=_METHODS.get(draws.method, "plain"),
        replicates=int(np.unique(draws.replicate).size),
    )
    return made.values


_METHODS: Mapping[str, Method] = {"sobol": "sobol", "latin": "latin"}
"""How own constants are drawn beside members that came as such points; otherwise plainly."""


def own_seed(seed: int, name: str) -> int:
    """Return the seed of what only one variant draws.

    With the study's own seed its Sobol columns would be those of the study's first priors.
    """
    mixed = hashlib.blake2b(f"{seed}/{name}".encode(), digest_size=6).digest()
    return int.from_bytes(mixed, "big")


def within(scenario: Scenario, model: Model) -> Scenario:
    """Return a scenario with only the settings whose constants a model has."""
    constants = {v.name: v for v in model.constants()}
    settings = [
        setting
        for setting in scenario.settings
        if setting.constant in constants
        and all(len(cell) == len(constants[setting.constant].dims) for cell in setting.cells)
    ]
    return replace(scenario, settings=tuple(settings))
