"""Structures fitted side by side, weighted by how each forecast what it had not seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sdengine.kernel import compile_model
from sdensemble.ensemble.blocks import Threads
from sdensemble.ensemble.members import from_prior
from sdensemble.ensemble.variants import Variant, apply, duplicates, main_variant
from sdensemble.evidence.backtest import from_every_origin, score_model, stacking_weights
from sdensemble.evidence.fitter import Fitter
from sdensemble.evidence.fitting import make_problem
from sdensemble.evidence.likelihood import Problem
from sdensemble.evidence.predictive import Source
from sdensemble.inputs.config import default_of
from sdensemble.inputs.fit import Fit, read_fit
from sdensemble.inputs.history import LATEST, Vintage, vintage
from sdensemble.inputs.priors import Priors, read_priors
from sdensemble.inputs.scenarios import Scenario, laid_over
from sdensemble.lang import Tell, phrase
from sdensemble.results.probability import Key, require_same_question
from sdensemble.results.results import Results
from sdensemble.study import Study


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
    """Every structure that was fitted, and the mixture's probability.

    ``figures`` counts those all structures forecast, ``weights`` has one for every variant;
    ``same`` are variants that are the same as another, which was fitted in their place.
    """

    standings: tuple[Standing, ...]
    mixture: Mixture
    figures: int
    weights: Mapping[str, float]
    same: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class _Structure:
    """A variant made ready to be fitted: its priors, terms and scenario, and how."""

    variant: Variant
    fitter: Fitter
    priors: Priors
    fit: Fit
    scenario: Scenario | None
    fixed: Scenario

    def problem(self, known: Vintage) -> Problem:
        """Return what is to be fitted in a vintage."""
        asked = (self.priors, self.fit, known.fitted(), self.scenario, self.fixed)
        return make_problem(self.fitter.kernel, *asked, self.fitter.settings.threads)

    def source(self, known: Vintage) -> Source:
        """Return what this structure forecasts with from a vintage."""
        found = self.fitter.source(known, self.problem(known))
        constants = {v.name for v in self.fitter.kernel.model.constants()}
        forcing = found.members.forcing
        if forcing is not None:
            own = tuple(p for p in forcing.processes if p.drives in constants)
            forcing = replace(forcing, processes=own)
        return replace(found, members=replace(found.members, forcing=forcing))


def _structure(main: Fitter, variant: Variant) -> _Structure:
    """Return a variant ready to be fitted; raise SDError where its priors are wrong."""
    study, priors = main.study, main.priors
    fit, scenario = study.require_fit(), study.lived
    if variant.own_model:
        model = variant.model
        shapes, shared = (
            {v.name: default_of(one, v).shape for v in one.constants()}
            for one in (model, study.model)
        )
        kept = [p for p in priors.items if shapes.get(p.constant) == shared[p.constant]]
        own = read_priors(variant.priors, model, main.prior_set).items if variant.priors else ()
        priors = replace(priors, items=(*kept, *own), digest=priors.digest + variant.digest)
        fit = read_fit(fit.path, model, other=True)
        if scenario is not None:
            few = from_prior(main.priors, study.model, None, 16, seed=1, as_of="")
            (scenario,) = apply(variant, few, (scenario,)).scenarios
    fixed = Scenario(variant.name, 0, variant.title, variant.purpose, variant.settings)
    fitter = replace(main, kernel=compile_model(variant.model))
    return _Structure(variant, fitter, priors, fit, scenario, fixed)


def compare_structures(
    study: Study,
    *,
    prior_set: str = "",
    seed: int = 1,
    particles: int = 2048,
    threads: int | None = None,
    tell: Tell | None = None,
) -> Structures:
    """Fit every structure, weigh it by held-out log scores, and give P under each and mixed.

    A figure's score is that of the forecast one origin before it, the same for all structures;
    only figures that every structure forecasts count. A variant that is the same as another is
    not fitted and weighs nothing.
    """
    study.require_fit()  # before anything is computed
    main = Fitter.of(study, prior_set, particles, threads, seed)
    variants = (main_variant(study.model), *study.variants)
    same = duplicates(variants, {p.constant for p in main.priors.items})
    structures = [_structure(main, v) for v in variants if v.name not in same]
    kernel = structures[0].fitter.kernel
    scores: dict[str, dict[tuple[str, int], float]] = {}
    chances: dict[str, tuple[float, float, Key]] = {}
    for one in structures:
        name = one.variant.name
        own = scores.setdefault(name, {})
        for origin, _, source, later in from_every_origin(study, kernel, one.source):
            rows = score_model(source, later, origin, name)
            own |= {(r.series, r.year): r.score.log_score for r in rows}
        chances[name] = _chance(one, one.source(vintage(study.history, LATEST)))
        if tell:
            words = {"name": one.variant.title, "share": chances[name][0]}
            tell(phrase("evidence.structure_done", **words))
    common = sorted(set.intersection(*(set(one) for one in scores.values())))
    table = {name: [own[figure] for figure in common] for name, own in scores.items()}
    weights = stacking_weights(table, seed)
    every = {variant.name: weights.get(variant.name, 0.0) for variant in variants}
    names = [one.variant.name for one in structures]
    standings = tuple(
        Standing(one.variant, sum(table[name]), weights[name], *chances[name])
        for name, one in zip(names, structures, strict=True)
    )
    return Structures(standings, mix(standings), len(common), every, same)


def _chance(structure: _Structure, source: Source) -> tuple[float, float, Key]:
    """Return P of the study's question under the lived scenario, its error and its key."""
    study, kernel = structure.fitter.study, structure.fitter.kernel
    target = study.report.question(study.targets)
    scenario = structure.scenario or study.scenarios[0]
    both = laid_over(scenario, structure.fixed.settings)
    data = source.members.named(structure.variant.name).run(
        kernel,
        [replace(scenario, settings=both)],
        {target.variable: target.aggregate},
        by=Threads(structure.fitter.settings.threads),
    )
    results = Results(data, (scenario,), study.targets, study.report, kernel.model)
    found = results.event(target, scenario).probability()
    return found.middle, found.error, found.key
