"""Structures fitted side by side, weighted by how each forecast what it had not seen."""

from __future__ import annotations

import csv
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path

from sdengine.errors import SDError
from sdengine.kernel import Kernel, compile_model
from sdensemble.ensemble.members import from_prior
from sdensemble.ensemble.variants import Variant, apply, duplicates, main_variant
from sdensemble.evidence.backtest import held_out, origins, score_model, source_of, stacking_weights
from sdensemble.evidence.calibrate import settings_of
from sdensemble.evidence.fitting import make_problem
from sdensemble.evidence.likelihood import Problem
from sdensemble.evidence.predictive import Source
from sdensemble.evidence.smc import Settings
from sdensemble.evidence.words import columns, say
from sdensemble.inputs.config import default_of
from sdensemble.inputs.fit import Fit, read_fit
from sdensemble.inputs.history import LATEST, Vintage, vintage
from sdensemble.inputs.priors import Priors, read_priors
from sdensemble.inputs.scenarios import Scenario
from sdensemble.lang import joined
from sdensemble.lang import tell as told
from sdensemble.outputs.naming import target_name
from sdensemble.results.probability import Key, Probability, require_same_question
from sdensemble.results.results import Results
from sdensemble.study import Study

Line = Callable[[str], None]
NAME = "variant-weights.csv"
CHANCES = "variant-chances.csv"


@dataclass(frozen=True)
class Standing:
    """One structure: its held-out log score (a sum over figures), weight, and P of the question."""

    variant: Variant
    log_score: float
    weight: float
    probability: float
    error: float
    key: Key


@dataclass(frozen=True)
class Mixture:
    """P over the structures, weighted, with its key; ``low`` and ``high`` are the range."""

    key: Key
    probability: float
    error: float
    low: float
    high: float

    def __lt__(self, other: Mixture) -> bool:
        require_same_question(self.key, other.key)
        return self.probability < other.probability

    def __gt__(self, other: Mixture) -> bool:
        return other < self


def mix(standings: Sequence[Standing]) -> Mixture:
    """Return the mixture of the structures by their weights."""
    chances = [one.probability for one in standings]
    # One seed serves all structures, so their errors may go together: the bound adds them up.
    return Mixture(
        replace(
            standings[0].key,
            model_set="stacked: "
            + "+".join(f"{s.key.model_set} {s.weight:.4f}" for s in standings),
            model_digest="+".join(s.key.model_digest[:8] for s in standings),
            posterior="+".join(s.key.posterior[:8] for s in standings),
        ),
        sum(one.weight * one.probability for one in standings),
        sum(one.weight * one.error for one in standings),
        min(chances),
        max(chances),
    )


@dataclass(frozen=True)
class Structures:
    """Every structure, the mixture's probability, and where the weights are kept."""

    standings: tuple[Standing, ...]
    mixture: Mixture
    figures: int
    text: str
    path: Path | None
    seconds: float


@dataclass(frozen=True, eq=False)
class _Fitter:
    """A variant made ready to be fitted: its kernel, priors, terms and scenario."""

    variant: Variant
    kernel: Kernel
    priors: Priors
    fit: Fit
    scenario: Scenario | None
    fixed: Scenario
    study: Study

    def problem(self, known: Vintage, threads: int) -> Problem:
        """Return what is to be fitted in a vintage."""
        return make_problem(
            self.kernel, self.priors, self.fit, known.fitted(), self.scenario, self.fixed, threads
        )

    def source(self, known: Vintage, settings: Settings, prior_set: str, seed: int) -> Source:
        """Return what this structure forecasts with from a vintage."""
        problem = self.problem(known, settings.threads)
        found = source_of(
            self.study, self.kernel, prior_set, known, settings, seed=seed, problem=problem
        )
        constants = {v.name for v in self.kernel.model.constants()}
        forcing = found.members.forcing
        if forcing is not None:
            own = tuple(p for p in forcing.processes if p.drives in constants)
            forcing = replace(forcing, processes=own)
        return replace(found, members=replace(found.members, forcing=forcing))


def _fitter(study: Study, variant: Variant, prior_set: str) -> _Fitter:
    """Return a variant ready to be fitted; raise SDError where its priors are wrong."""
    assert study.fit is not None
    priors, fit, scenario = study.priors(prior_set), study.fit, study.lived
    if variant.own_model:
        model = variant.model
        shapes = {v.name: default_of(model, v).shape for v in model.constants()}
        main = study.model
        kept = [
            p
            for p in priors.items
            if shapes.get(p.constant) == default_of(main, main[p.constant]).shape
        ]
        own = read_priors(variant.priors, model, prior_set).items if variant.priors else ()
        priors = replace(priors, items=(*kept, *own), digest=priors.digest + variant.digest)
        fit = read_fit(study.fit.path, model, other=True)
        if scenario is not None:
            few = from_prior(study.priors(prior_set), study.model, None, 16, seed=1, as_of="")
            (scenario,) = apply(variant, few, (scenario,)).scenarios
    fixed = Scenario(variant.name, 0, variant.title, variant.purpose, variant.settings)
    kernel = compile_model(variant.model)
    return _Fitter(variant, kernel, priors, fit, scenario, fixed, study)


def compare_structures(
    study: Study,
    *,
    prior_set: str = "",
    seed: int = 1,
    particles: int = 2048,
    threads: int | None = None,
    lang: str = "zh",
    keep: bool = True,
    tell: Line | None = None,
) -> Structures:
    """Fit every structure, weigh it by held-out log scores, and give P under each and mixed.

    A figure's score is that of the forecast one origin before it, the same for all structures;
    only figures that every structure forecasts count. A variant that is the same as another is
    not fitted and weighs nothing. Writes the weights for ``run --weights``.
    """
    begun = time.perf_counter()
    if study.fit is None:
        raise SDError(f"{study.folder / 'calibration' / 'fit.toml'}: no such file")
    settings = settings_of(particles, threads)
    variants = (main_variant(study.model), *study.variants)
    same = duplicates(variants, {p.constant for p in study.priors(prior_set).items})
    fitters = [_fitter(study, v, prior_set) for v in variants if v.name not in same]
    everything = vintage(study.history, LATEST).fitted()
    scores: dict[str, dict[tuple[str, int], float]] = {}
    chances: dict[str, tuple[float, float, Key]] = {}
    for fitter in fitters:
        own = scores.setdefault(fitter.variant.name, {})
        for origin in origins(study, fitters[0].kernel):
            known = vintage(study.history, f"through-{origin}")
            source = fitter.source(known, settings, prior_set, seed)
            later = held_out(source.problem, everything, origin)
            rows = score_model(source, later, origin, fitter.variant.name)
            own |= {(r.series, r.year): r.score.log_score for r in rows}
        latest = fitter.source(vintage(study.history, LATEST), settings, prior_set, seed)
        chances[fitter.variant.name] = _chance(study, fitter, latest, settings)
        if tell:
            tell(f"{fitter.variant.name}: P {chances[fitter.variant.name][0]:.0%}")
    common = sorted(set.intersection(*(set(one) for one in scores.values())))
    table = {name: [own[figure] for figure in common] for name, own in scores.items()}
    weights = stacking_weights(table, seed)
    every = {variant.name: weights.get(variant.name, 0.0) for variant in variants}
    standings = tuple(
        Standing(
            f.variant, sum(table[f.variant.name]), weights[f.variant.name], *chances[f.variant.name]
        )
        for f in fitters
    )
    mixture = mix(standings)
    path = _write(study, every, standings, mixture) if keep else None
    text = structures_text(study, standings, mixture, len(common), lang)
    if same:
        titles = {variant.name: told(variant.title, lang) for variant in variants}
        shown = [f"{titles[name]} = {titles[other]}" for name, other in same.items()]
        text += f"\n{say('same', lang)}{told(joined(shown, 'clause'), lang)}"
    return Structures(standings, mixture, len(common), text, path, time.perf_counter() - begun)


def _chance(
    study: Study, fitter: _Fitter, source: Source, settings: Settings
) -> tuple[float, float, Key]:
    """Return P of the study's question under the lived scenario, its error and its key."""
    target = study.report.question(study.targets)
    scenario = fitter.scenario or study.scenarios[0]
    fixed = fitter.fixed.settings
    held = {(s.constant, s.cells) for s in fixed}
    both = (*fixed, *(s for s in scenario.settings if (s.constant, s.cells) not in held))
    data = source.members.named(fitter.variant.name).run(
        fitter.kernel,
        [replace(scenario, settings=both)],
        {target.variable: target.aggregate},
        threads=settings.threads,
    )
    results = Results(data, (scenario,), study.targets, study.report, fitter.kernel.model)
    found = results.event(target, scenario).probability()
    return found.middle, error_of(found), found.key


def error_of(found: Probability) -> float:
    """Return a probability's standard error; where all members hit or none, half its interval."""
    return found.se if math.isfinite(found.se) else (found.most.high - found.least.low) / 2


def _write(
    study: Study, weights: Mapping[str, float], standings: Sequence[Standing], mixture: Mixture
) -> Path:
    """Write the weights, and beside them P under each structure and mixed, each with its key."""
    path = study.folder / "calibration" / NAME
    _table(path, ("variant", "weight"), [(n, f"{w:.6f}") for n, w in weights.items()])
    rows = [
        (
            one.variant.name,
            f"{one.log_score:.4f}",
            f"{one.weight:.6f}",
            one.probability,
            one.error,
            "",
            "",
            *astuple(one.key),
        )
        for one in standings
    ]
    rows.append(
        (
            "mixture",
            "",
            "",
            mixture.probability,
            mixture.error,
            mixture.low,
            mixture.high,
            *astuple(mixture.key),
        )
    )
    head = ("variant", "log_score", "weight", "p", "mc_error", "low", "high")
    _table(path.with_name(CHANCES), (*head, *(f.name for f in fields(Key))), rows)
    return path


def _table(path: Path, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Write a table as Excel opens it; probabilities to five digits."""
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(
            [f"{cell:.5f}" if isinstance(cell, float) else cell for cell in row] for row in rows
        )


def structures_text(
    study: Study, standings: tuple[Standing, ...], mixture: Mixture, figures: int, lang: str
) -> str:
    """Return the structures with their scores, weights and P, and the range beside the mixture."""
    target = study.report.question(study.targets)
    name = told(target_name(target), lang)
    rows = [[say("variant", lang), say("log_score", lang), say("weight", lang), f"P({name})"]]
    for one in standings:
        rows.append(
            [
                told(one.variant.title, lang),
                f"{one.log_score:.2f}",
                f"{one.weight:.2f}",
                f"{one.probability:.0%} ±{max(1, math.ceil(100 * one.error))}",
            ]
        )
    return "\n".join(
        [
            f"{say('weights', lang)} {figures} {say('figures', lang)}",
            *columns(rows),
            say(
                "range",
                lang,
                name=name,
                low=mixture.low,
                high=mixture.high,
                mixed=mixture.probability,
            ),
        ]
    )
