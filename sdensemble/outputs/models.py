"""One question asked of several structures: P and effects by variant, their range and mixture."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from sdengine.errors import SDError
from sdensemble.ensemble.variants import Variant
from sdensemble.inputs.scenarios import Scenario
from sdensemble.inputs.targets import Target
from sdensemble.lang import Words, phrase
from sdensemble.outputs.cells import Row, picked, scenario_cells, target_cells, unit_cells
from sdensemble.outputs.table import by_language
from sdensemble.results.estimate import Array, Estimate, mean_of
from sdensemble.results.probability import difference, distinguishable
from sdensemble.results.results import Effect, Results, outlay_told, purse_charged

RANGE, MIXTURE = "range", "mixture"


@dataclass(frozen=True, eq=False)
class ModelSet:
    """The same members under several structures.

    ``results[i]`` belongs to ``variants[i]``; ``weights`` sum to one; ``without[i]`` names the
    scenarios whose levers the variant's model has not; ``same`` names variants that change
    nothing, with the one they are the same as: they weigh nothing.
    """

    variants: tuple[Variant, ...]
    results: tuple[Results, ...]
    weights: tuple[float, ...]
    without: tuple[tuple[str, ...], ...]
    weighted: bool = False
    same: Mapping[str, str] = field(default_factory=dict)

    @property
    def main(self) -> Results:
        """Results of the first variant, which is the study's own model."""
        return self.results[0]

    @property
    def name(self) -> str:
        """The model set as a probability's key carries it."""
        how = "stacked" if self.weighted else "equal"
        own = [variant.name for variant in self.variants if variant.name not in self.same]
        return f"{how}: {', '.join(own)}"

    def title(self, variant: Variant) -> Words:
        """Return a variant's title, with the one it is the same as where it changes nothing."""
        if variant.name not in self.same:
            return variant.title
        other = next(v for v in self.variants if v.name == self.same[variant.name])
        return phrase("variants.same", title=variant.title, other=other.title)


@dataclass(frozen=True, eq=False)
class Across:
    """One number by variant: None where a variant's model cannot tell it."""

    each: tuple[Estimate | None, ...]
    mixture: Estimate | None

    @property
    def ends(self) -> tuple[Estimate, Estimate] | None:
        """The least and the most over the variants; None where no variant can tell it."""
        held = sorted((one for one in self.each if one is not None), key=lambda one: one.mean)
        return (held[0], held[-1]) if held else None

    @property
    def span(self) -> tuple[float, float]:
        """Least and most of the means over the variants."""
        return (self.ends[0].mean, self.ends[1].mean) if self.ends else (math.nan, math.nan)


def asks(results: Results, target: Target) -> bool:
    """Return whether a variant's model has every variable of a target."""
    return target in results.targets


def probabilities(models: ModelSet, target: Target, scenario: Scenario) -> Across:
    """Return P of a target under a scenario in each variant, and of their mixture.

    The mixture's error counts the pairing: a member is the same world in every variant.
    """

    def told(results: Results) -> tuple[Estimate, Array] | None:
        if not asks(results, target):
            return None
        event = results.event(target, results.scenario(scenario.name))
        return event.probability().least, (event.hit & ~event.lost).astype(float)

    return _across(models, [told(results) for results in models.results])


def effects(models: ModelSet, scenario: Scenario, against: Scenario, year: int) -> Across:
    """Return the paired effect on the headline in each variant that has a lever for it."""

    def told(results: Results, without: Sequence[str]) -> tuple[Estimate, Array] | None:
        if scenario.name in without:
            return None
        first, second = (results.scenario(one.name) for one in (scenario, against))
        found = results.effect(results.spec.headline.whole, first, second, year)
        return found.found, found.moved

    return _across(models, list(map(told, models.results, models.without)))


def _across(models: ModelSet, found: Sequence[tuple[Estimate, Array] | None]) -> Across:
    """Return a number of each variant, found with its members' values, and the mixture of all."""
    values = [None if one is None else one[1] for one in found]
    return Across(tuple(one and one[0] for one in found), _mixed(models, values))


def _mixed(models: ModelSet, parts: Sequence[Array | None]) -> Estimate | None:
    """Return the weighted mean over variants, member by member; weights of the rest are shared."""
    held = [(w, p) for w, p in zip(models.weights, parts, strict=True) if p is not None and w > 0]
    total = sum(weight for weight, _ in held)
    if not held:
        return None
    mixed = np.sum([weight / total * part for weight, part in held], axis=0)
    return mean_of(mixed, models.main.replicate)


def per_outlay(results: Results, scenario: Scenario, against: Scenario, year: int) -> float:
    """Return the effect on the headline per unit of treasury money; NaN where it is unclear."""
    found = _for_outlay(results, scenario, against, year, True)
    return math.nan if found is None else found[0].found.mean / found[1]


def _for_outlay(
    results: Results, scenario: Scenario, against: Scenario, year: int, charged: bool
) -> tuple[Effect, float] | None:
    """Return the effect on the headline, and the outlay that it is divided by.

    None where money does not rank it: another purse bears the cost, or a structure of a study
    that has payers (``charged``) has none. In a study without payers the outlay counts as 1.
    """
    first, second = results.scenario(scenario.name), results.scenario(against.name)
    try:
        outlay, _ = purse_charged(*results.purses(first, second, year))
    except SDError:  # a model of its own may know no payers
        return None
    if charged if outlay is None else not outlay_told(outlay):
        return None
    effect = results.effect(results.spec.headline.whole, first, second, year)
    return effect, 1.0 if outlay is None else outlay.found.mean


def packages(models: ModelSet) -> tuple[tuple[Scenario, Scenario], ...]:
    """Return the scenarios that are packages, each with the one it is compared with."""
    return tuple(pair for pair in models.main.pairs() if pair[0].package)


def _told(models: ModelSet, index: int) -> list[tuple[float, Scenario, Scenario]]:
    """Return packages whose worth per outlay can be told in a variant, the largest first."""
    results, year = models.results[index], models.main.asked_year
    found = [
        (per_outlay(results, scenario, against, year), scenario, against)
        for scenario, against in packages(models)
        if scenario.name not in models.without[index]
    ]
    told = [one for one in found if math.isfinite(one[0])]
    return sorted(told, key=lambda one: (-one[0], one[1].name))


def leader(models: ModelSet, index: int) -> Scenario | None:
    """Return the package worth most per unit of outlay in one variant.

    None where that cannot be told: fewer than two, or the first two too close.
    """
    told = _told(models, index)
    if len(told) < 2:
        return None
    pairs = [(scenario, against) for _, scenario, against in told[:2]]
    charged = bool(models.main.spec.payers)
    gap = _gap(models.results[index], pairs[0], pairs[1], models.main.asked_year, charged)
    return told[0][1] if gap is not None and distinguishable(gap) else None


def leads(models: ModelSet, index: int) -> Words:
    """Return which package leads in a variant: "≈" where they are too close, "—" without two."""
    best = leader(models, index)
    return best.title if best else "≈" if len(_told(models, index)) > 1 else "—"


@dataclass(frozen=True)
class Flip:
    """Two packages whose ranking per unit of outlay flips, and where each leads."""

    one: Scenario
    two: Scenario
    ahead: tuple[Variant, ...]
    behind: tuple[Variant, ...]

    def leads(self, variant: Variant) -> Scenario | None:
        """Return which of the two leads in a variant; None where neither clearly does."""
        for scenario, side in ((self.one, self.ahead), (self.two, self.behind)):
            if any(one.name == variant.name for one in side):
                return scenario
        return None


def leads_of_two(models: ModelSet, index: int, turned: Flip) -> Words:
    """Return which of two packages leads in a variant, with the same signs as ``leads``."""
    ahead = turned.leads(models.variants[index])
    lacking = {turned.one.name, turned.two.name} & set(models.without[index])
    return ahead.title if ahead else "—" if lacking else "≈"


def flipped(models: ModelSet) -> Flip | None:
    """Return the first two packages whose ranking flips; None where none does."""
    return next((Flip(*found) for found in flips(models) if found[2] and found[3]), None)


def flips(
    models: ModelSet, repeated: bool = True
) -> Iterator[tuple[Scenario, Scenario, tuple[Variant, ...], tuple[Variant, ...]]]:
    """Yield each pair of packages with the variants in which either leads per unit of outlay.

    A variant counts only where the two effects per unit are at least two standard errors apart;
    those that are the same as another only where they are ``repeated``.
    """
    year, charged = models.main.asked_year, bool(models.main.spec.payers)
    for (one, base), (two, other) in itertools.combinations(packages(models), 2):
        ahead: dict[bool, list[Variant]] = {True: [], False: []}
        for variant, results, without in zip(
            models.variants, models.results, models.without, strict=True
        ):
            if {one.name, two.name} & set(without):
                continue
            if variant.name in models.same and not repeated:
                continue
            gap = _gap(results, (one, base), (two, other), year, charged)
            if gap is not None and distinguishable(gap):
                ahead[gap.mean > 0].append(variant)
        yield one, two, tuple(ahead[True]), tuple(ahead[False])


def _gap(
    results: Results,
    one: tuple[Scenario, Scenario],
    two: tuple[Scenario, Scenario],
    year: int,
    charged: bool,
) -> Estimate | None:
    """Return effect per unit of outlay of one package less the other's, paired by member.

    None where money does not rank them. With outlays as given numbers: e1/O1 − e2/O2 has the
    error of its numerators, as the mean outlays are known far better than the effects.
    """
    found = [_for_outlay(results, *pair, year, charged) for pair in (one, two)]
    if None in found:
        return None
    first, second = (effect.moved / outlay for effect, outlay in filter(None, found))
    return mean_of(first - second, results.replicate)


def rows(models: ModelSet) -> Iterator[Row]:
    """Yield P, its paired difference and the effect on the headline, by variant."""
    main = models.main
    for target in main.targets:
        for scenario in main.scenarios:
            found = probabilities(models, target, scenario)
            yield from _rows_of(models, found, _of_target(models, "probability", target, scenario))
    for scenario, against in main.pairs():
        for target in main.headline_targets():
            found = _differences(models, target, scenario, against)
            shared = _of_target(models, "difference", target, scenario, against)
            yield from _rows_of(models, found, shared)
        for year in main.horizons:
            yield from _effect_rows(models, scenario, against, year)


def _differences(models: ModelSet, target: Target, scenario: Scenario, against: Scenario) -> Across:
    def told(results: Results, without: Sequence[str]) -> tuple[Estimate, Array] | None:
        if not asks(results, target) or scenario.name in without:
            return None
        first, second = (
            results.event(target, results.scenario(one.name)) for one in (scenario, against)
        )
        gap = first.hit.astype(float) - second.hit.astype(float)
        return difference(first, second).found, gap

    return _across(models, list(map(told, models.results, models.without)))


def _effect_rows(
    models: ModelSet, scenario: Scenario, against: Scenario, year: int
) -> Iterator[Row]:
    main = models.main
    whole = main.spec.headline.whole
    shared: Row = {
        "kind": "effect",
        "target": whole.id,
        **by_language("target", whole.label),
        **scenario_cells(main, scenario),
        "against": against.name,
        "year": year,
        **unit_cells(main, main.unit(whole.variable)),
        **_conditions(models, main.question),
    }
    ratios = [
        math.nan if scenario.name in without else per_outlay(results, scenario, against, year)
        for results, without in zip(models.results, models.without, strict=True)
    ]
    best = [leader(models, i) for i in range(len(models.variants))]
    leads = [one is not None and one.name == scenario.name for one in best]
    made = list(_rows_of(models, effects(models, scenario, against, year), shared))
    for row, ratio, lead in zip(made, ratios, leads, strict=False):
        asked = scenario.package and year == main.asked_year
        row |= {"per_outlay": ratio, "leads": lead if asked else ""}
    yield from made


def _rows_of(models: ModelSet, found: Across, shared: Row) -> Iterator[Row]:
    for variant, weight, results, one in zip(
        models.variants, models.weights, models.results, found.each, strict=True
    ):
        row = {
            **shared,
            "variant": variant.name,
            **by_language("variant", models.title(variant)),
            "same_as": models.same.get(variant.name, ""),
            "question": variant.question,
            "weight": weight,
            "model_set": variant.name,
            "model_digest": str(results.data.attrs["model_digest"]),
        }
        yield row | (_numbers(one, shared["kind"]) if one else {"verdict": "no_lever"})
    low, high = found.span
    shared = {**shared, "model_set": models.name, "model_digest": ""}
    yield {**shared, "variant": RANGE, **_named(RANGE), "low": low, "high": high}
    if found.mixture is not None:
        numbers = _numbers(found.mixture, shared["kind"])
        yield {**shared, "variant": MIXTURE, **_named(MIXTURE, models), "weight": 1.0, **numbers}


def _named(which: str, models: ModelSet | None = None) -> Row:
    how = how_mixed(models) if models else ""
    return by_language("variant", phrase(f"variants.{which}", how=how))


def how_mixed(models: ModelSet) -> Words:
    """Return in words where the weights come from."""
    return phrase("variants.weighted" if models.weighted else "variants.equal")


def _numbers(found: Estimate, kind: str) -> Row:
    row: Row = {
        "mean": found.mean,
        "error": found.se,
        "low": max(found.low, 0.0) if kind == "probability" else found.low,
        "high": min(found.high, 1.0) if kind == "probability" else found.high,
        "members": found.members,
    }
    if kind != "probability":
        row["verdict"] = "distinguishable" if distinguishable(found) else "not_distinguishable"
    return row


def _of_target(
    models: ModelSet, kind: str, target: Target, scenario: Scenario, against: Scenario | None = None
) -> Row:
    return {
        "kind": kind,
        **target_cells(models.main, "target", target),
        **scenario_cells(models.main, scenario),
        "against": against.name if against else "",
        "year": models.main.year(target),
        "unit": "Dmnl",
        **_conditions(models, target),
    }


def _conditions(models: ModelSet, target: Target) -> Row:
    main = models.main
    posterior = {"posterior": main.posterior or "prior"}
    key = picked(target, "measure scope price_basis") | picked(main, "as_of prior_set")
    return key | posterior
