"""The tables of a run, as rows and as CSV that Excel and WPS open correctly."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sdengine.errors import SDError
from sdensemble.inputs.naming import unit_label
from sdensemble.inputs.report import Outcome, Regime
from sdensemble.inputs.targets import ABOUT, band
from sdensemble.lang import LANGS, in_all, phrase, tell
from sdensemble.outputs.columns import CONDITIONS, write_csv, write_meanings
from sdensemble.outputs.form import InTen, Shown
from sdensemble.outputs.naming import target_label, unit_notes
from sdensemble.outputs.table import by_language
from sdensemble.results.ensemble import quantile
from sdensemble.results.estimate import Array, Estimate, holm, mean_of, p_value
from sdensemble.results.horizon import Ratio, horizons, parts
from sdensemble.results.probability import difference, distinguishable, value_of, year_of
from sdensemble.results.results import Effect, Results, reference

if TYPE_CHECKING:
    from sdensemble.inputs.scenarios import Scenario
    from sdensemble.inputs.targets import Target

Row = dict[str, Any]

PAIRS_TO_CORRECT = 10
"""More pairs than this in one question, and Holm's correction has a say in the verdict."""

Rows = Callable[[Results], Iterable[Row]]


def write_tables(folder: Path, results: Sequence[Results], lang: str) -> tuple[Path, ...]:
    """Write every table of a run, with heads in a language.

    The first results are the run's own, others of further priors.
    """
    tables: Mapping[str, Rows] = {
        "probabilities": probability_rows,
        "differences": difference_rows,
        "gap": gap_rows,
        "progress": progress_rows,
        "bottlenecks": _bottlenecks_asked,
        "horizons": horizon_rows,
        "conditions": condition_rows,
    }
    written = []
    for name, make in tables.items():
        found = (row for one in results for row in make(one))
        written.append(write_csv(folder, name, found, lang))
    notes = unit_notes(results[0].spec, results[0].spec.units)
    behind = in_all(phrase("columns.units", notes=notes))
    more = {f"unit_{one}": behind for one in LANGS if tell(notes, one)}
    return (*written, write_meanings(folder, tables, lang, more))


def _bottlenecks_asked(results: Results) -> Iterator[Row]:
    """Yield what limits at the start, in the question's year and on average: how it moves."""
    return bottleneck_rows(results, years=(int(results.years[0]), results.asked_year, "all"))


# ── shared cells ──


def _scenario(scenario: Scenario) -> Row:
    return {"scenario": scenario.name, **by_language("scenario", scenario.title)}


def _outcome(outcome: Outcome) -> Row:
    return {"outcome": outcome.id, **by_language("outcome", outcome.label)}


def _unit(results: Results, unit: str) -> Row:
    return {"unit": unit, **by_language("unit", unit_label(results.spec, unit))}


def _conditions(results: Results, target: Target) -> Row:
    key = {name: getattr(target, name) for name in ("measure", "scope", "price_basis")}
    return key | _source(results)


def _source(results: Results) -> Row:
    return {
        "as_of": results.as_of,
        "prior_set": results.prior_set,
        "model_digest": str(results.data.attrs["model_digest"]),
        "model_set": str(results.data.attrs["model_set"]),
        "posterior": str(results.data.attrs["posterior"]),
    }


def require_same_key(first: Mapping[str, str], second: Mapping[str, str]) -> None:
    """Raise SDError where two rows of a table, of this run or another, answer other questions.

    All of CONDITIONS must agree, with the event or outcome and the year; the scenario may differ.
    """
    asked = ("target", "outcome", "kind", "event", "year", "unit")
    differing = [
        f"{name}: {first.get(name, '')!r} against {second.get(name, '')!r}"
        for name in (*asked, *CONDITIONS)
        if str(first.get(name, "")) != str(second.get(name, ""))
    ]
    if differing:
        raise SDError(
            "these rows answer different questions and cannot be compared: " + "; ".join(differing)
        )


# ── probabilities ──


def probability_rows(results: Results) -> Iterator[Row]:
    """Yield one row per target and scenario: P, its interval and error, shortfall, full key."""
    for target in results.targets:
        for scenario in results.scenarios:
            yield {
                "target": target.id,
                **by_language("target", target_label(target)),
                "role": target.role,
                **_scenario(scenario),
                "year": results.year(target),
                "comparator": "" if target.joint else target.comparator,
                "value": "" if target.joint else value_of(target),
                "band_low": "" if target.low is None else target.low,
                "band_high": "" if target.high is None else target.high,
                **({} if target.joint else _unit(results, target.unit)),
                **_probability(results, target, scenario),
                **_shortfall(results, target, scenario),
                **_conditions(results, target),
            }


def _probability(results: Results, target: Target, scenario: Scenario) -> Row:
    found = results.event(target, scenario).probability()
    low, high = found.interval
    ends = found.least.mean, found.most.mean, found.least.se, found.most.se
    return {
        "event": found.key.event,
        "p": "" if found.bounded else found.least.mean,
        "p_least": found.least.mean,
        "p_most": found.most.mean,
        "low": low,
        "high": high,
        "mc_error": found.se,
        "interval_method": found.least.method,
        "members": found.members,
        "lost_members": found.lost,
        "replicates": found.least.replicates,
        **by_language("in_words", Shown(ends, InTen())),
    }


def _shortfall(results: Results, target: Target, scenario: Scenario) -> Row:
    if target.joint:
        return {}
    values = results.target_values(target, scenario)
    wanted = band(target)[0] if target.comparator == ABOUT else value_of(target)
    found = mean_of(np.maximum(0.0, wanted - values), results.replicate)
    return {"shortfall": found.mean, "shortfall_error": found.se}


# ── differences ──


def difference_rows(results: Results) -> Iterator[Row]:
    """Yield paired differences of each scenario from its comparison.

    In P per target; in output of the headline, its groups and components per target year; in
    outlay per payer, cumulative through the question's year. Holm's correction runs over the
    scenarios within one outcome and year.
    """
    families: dict[tuple[Any, ...], list[Row]] = {}
    for scenario, against in results.pairs():
        for row in _pair_rows(results, scenario, against):
            family = row["kind"], row["outcome"], row["year"]
            families.setdefault(family, []).append(row)
    for rows in families.values():
        _add_verdicts(rows)
        yield from rows


def _pair_rows(results: Results, scenario: Scenario, against: Scenario) -> Iterator[Row]:
    question = results.question
    shared = {**_scenario(scenario), "against": against.name}
    for target in results.targets:
        yield {**shared, **_probability_difference(results, target, scenario, against)}
    for year in target_years(results):
        for outcome in results.outcomes():
            found = results.effect(outcome, scenario, against, year)
            other = outcome.id == results.spec.headline.displaced
            yield {
                **shared,
                "kind": "other_change" if other else "output",
                **_outcome(outcome),
                "year": year,
                **_unit(results, results.unit(outcome.variable)),
                **_effect(found),
                **_conditions(results, question),
            }
    for year in results.horizons:
        for row in _outlay_rows(results, scenario, against, year):
            yield {**shared, **row, **_source(results)}


def target_years(results: Results) -> tuple[int, ...]:
    """Return the years in which the headline has a target and the run has numbers."""
    found = {year_of(target) for target in results.targets_of(results.spec.headline.whole)}
    return tuple(sorted(found | set(results.horizons)))


def _probability_difference(
    results: Results, target: Target, scenario: Scenario, against: Scenario
) -> Row:
    first, second = results.event(target, scenario), results.event(target, against)
    found = difference(first, second)
    kept = ~(first.lost | second.lost)
    return {
        "kind": "probability",
        "outcome": target.id,
        **by_language("outcome", target_label(target)),
        "year": results.year(target),
        "unit": "Dmnl",
        **by_language("unit", phrase("columns.probability_difference")),
        **_estimate(found.found),
        "share_helped": float(np.mean((first.hit & ~second.hit)[kept])) if kept.any() else "",
        "share_hurt": float(np.mean((second.hit & ~first.hit)[kept])) if kept.any() else "",
        **_conditions(results, target),
    }


def _outlay_rows(
    results: Results, scenario: Scenario, against: Scenario, through: int
) -> Iterator[Row]:
    for payer in results.spec.payers:
        for variable, last in ((payer.variable, False), (payer.present_value, True)):
            if variable is None:
                continue
            found = results.outlay(variable, scenario, against, through, last)
            name = phrase("columns.present_value", name=payer.label) if last else payer.label
            yield {
                "kind": "forgone" if payer.forgone else "outlay",
                "outcome": payer.id + ("_present_value" if last else ""),
                **by_language("outcome", name),
                "year": through,
                **_unit(results, results.unit(variable)),
                "measure": "forgone_income" if payer.forgone else "outlay",
                "price_basis": "discounted" if last else "nominal",
                **_effect(found),
            }


def _effect(effect: Effect) -> Row:
    return {
        **_estimate(effect.found),
        "median": effect.median,
        "q05": effect.low,
        "q95": effect.high,
        "share_helped": effect.helped,
        "share_hurt": effect.hurt,
    }


def _estimate(found: Estimate) -> Row:
    return {
        "difference": found.mean,
        "error": found.se,
        "low": found.low,
        "high": found.high,
        "pairs": found.members,
        "p_value": p_value(found),
        "verdict": "distinguishable" if distinguishable(found) else "not_distinguishable",
    }


def _add_verdicts(rows: list[Row]) -> None:
    """Correct the p-values of one family and put the verdicts into words, in place."""
    corrected = holm(np.array([row["p_value"] for row in rows], dtype=float))
    for row, p in zip(rows, corrected, strict=True):
        row["p_value_holm"] = p
        many = len(rows) > PAIRS_TO_CORRECT
        if many and row["verdict"] == "distinguishable" and p >= 0.05:
            row["verdict"] = "not_after_correction"
        if row["difference"] == row["share_helped"] == row["share_hurt"] == 0 and not (
            row["error"] > 0
        ):
            row["verdict"] = "none"
        row |= by_language("verdict", phrase(f"verdict.{row['verdict']}"))


# ── gap and progress ──


def gap_rows(results: Results) -> tuple[Row, ...]:
    """Return each outcome's part in growth from the base year, and its gap to its target."""
    return results.once(("gap_rows",), lambda: tuple(_gap_rows(results)))


def _gap_rows(results: Results) -> Iterator[Row]:
    base = int(results.years[0])
    for scenario in results.scenarios:
        for year in target_years(results):
            for outcome in results.outcomes():
                target = next((t for t in results.targets_of(outcome) if t.year == year), None)
                yield {
                    **_scenario(scenario),
                    **_outcome(outcome),
                    "base_year": base,
                    "year": year,
                    **_unit(results, results.unit(outcome.variable)),
                    **_contribution(results, scenario, outcome, year),
                    **_gap(results, scenario, outcome, target, year),
                    **_conditions(results, target or results.question),
                }


def _contribution(results: Results, scenario: Scenario, outcome: Outcome, year: int) -> Row:
    whole = results.at(results.spec.headline.whole, scenario)
    part = results.at(outcome, scenario)
    index = results.year_index(year)
    grown, grown_whole = part[:, index] - part[:, 0], whole[:, index] - whole[:, 0]
    kept = np.isfinite(grown) & np.isfinite(grown_whole)
    mean = _mean(grown[kept])
    mean_whole = _mean(grown_whole[kept])
    low, high = quantile(grown, [0.05, 0.95])
    return {
        "base_mean": _mean(part[kept, 0]),
        "mean": _mean(part[kept, index]),
        "contribution": mean,
        "contribution_q05": low,
        "contribution_q95": high,
        "contribution_points": 100 * _mean(grown[kept] / whole[kept, 0]),
        "contribution_share_percent": 100 * mean / mean_whole if mean_whole else math.nan,
        "growth_percent": _median_growth(part[:, 0], part[:, index], year - results.years[0]),
    }


def _gap(
    results: Results, scenario: Scenario, outcome: Outcome, target: Target | None, year: int
) -> Row:
    if target is None:
        return {}
    part, value = results.at(outcome, scenario), value_of(target)
    gap = value - part[:, results.year_index(year)]
    span = year - int(results.years[0])
    required = _growth(part[:, 0], np.full(part.shape[0], value), span)
    low, median, high = quantile(required, [0.05, 0.5, 0.95])
    return {
        "target": target.id,
        "target_value": value,
        "gap_mean": _mean(gap[np.isfinite(gap)]),
        "shortfall": _mean(np.maximum(0.0, gap[np.isfinite(gap)])),
        "required_growth_percent": median,
        "required_growth_q05_percent": low,
        "required_growth_q95_percent": high,
    }


def _growth(first: Array, last: Array, years: int) -> Array:
    """Return yearly growth in percent that leads from ``first`` to ``last``."""
    with np.errstate(invalid="ignore", divide="ignore"):
        found = 100 * ((last / first) ** (1 / years) - 1) if years > 0 else first * np.nan
    return np.where(np.isfinite(found), found, np.nan)


def _median_growth(first: Array, last: Array, years: int) -> float:
    return float(quantile(_growth(first, last, years), 0.5))


def _mean(values: Array) -> float:
    return float(values.mean()) if values.size else math.nan


def progress_rows(results: Results) -> tuple[Row, ...]:
    """Return progress against the schedule: medians year by year on the way to each target."""
    return results.once(("progress_rows",), lambda: tuple(_progress_rows(results)))


def _progress_rows(results: Results) -> Iterator[Row]:
    for scenario in results.scenarios:
        for outcome in results.outcomes():
            medians = quantile(results.at(outcome, scenario), 0.5)
            for target in results.targets_of(outcome):
                for index in range(1, results.year_index(year_of(target))):
                    yield {
                        **_scenario(scenario),
                        **_outcome(outcome),
                        "target": target.id,
                        "target_year": year_of(target),
                        "target_value": value_of(target),
                        **_unit(results, target.unit),
                        **_progress(results, medians, target, index),
                        **_conditions(results, target),
                    }


def _progress(results: Results, medians: Array, target: Target, index: int) -> Row:
    base, year, last = int(results.years[0]), int(results.years[index]), year_of(target)
    wanted, time = value_of(target) - medians[0], (year - base) / (last - base)
    done = (medians[index] - medians[0]) / wanted if wanted > 0 else math.nan
    left = _growth(medians[index], np.asarray(value_of(target)), last - year)
    return {
        "year": year,
        "median": medians[index],
        "progress_percent": 100 * done,
        "schedule_percent": 100 * time,
        "ahead_points": 100 * (done - time),
        "required_growth_percent": float(left),
    }


# ── by horizon and condition ──


def horizon_rows(results: Results) -> Iterator[Row]:
    """Yield what each compared scenario does by each horizon, and for a unit of money."""
    unit = _unit(results, results.unit(results.asked_outcome.variable))
    for one in horizons(results):
        shared = {
            **_scenario(one.scenario),
            "against": one.against.name,
            **_outcome(one.outcome),
            "year": one.year,
            **unit,
            "treasury": math.nan if one.treasury is None else one.treasury.found.mean,
            "treasury_error": math.nan if one.treasury is None else one.treasury.found.se,
            "forgone": math.nan if one.forgone is None else one.forgone.found.mean,
            "forgone_error": math.nan if one.forgone is None else one.forgone.found.se,
            **_conditions(results, results.question),
        }
        for span, effect, paid, forgone in (
            ("year", one.effect, one.per_treasury, one.per_forgone),
            ("cumulative", one.cumulative, one.cumulative_per_treasury, one.cumulative_per_forgone),
        ):
            if effect is None:
                continue
            told = {k: v for k, v in _effect(effect).items() if k not in ("p_value", "verdict")}
            yield {
                **shared,
                "span": span,
                **told,
                **_per("treasury", paid),
                **_per("forgone", forgone),
            }


def _per(name: str, ratio: Ratio | None) -> Row:
    value, error = ratio or (math.nan, math.nan)
    return {f"per_{name}": value, f"per_{name}_error": error}


def condition_rows(results: Results) -> Iterator[Row]:
    """Yield P and effects among the members that each condition tells apart."""
    base = reference(results)
    unit = _unit(results, results.unit(results.asked_outcome.variable))
    for part in parts(results):
        one, label = part.condition, part.condition.labels[part.place]
        ends = (-math.inf, *one.splits, math.inf)[part.place : part.place + 2]
        shared = {
            "condition": one.id,
            **by_language("condition", one.label),
            "part": part.place,
            **by_language("part", label),
            "from": ends[0],
            "to": ends[1],
            "share": part.share,
            "members": part.members,
            **_source(results),
        }
        for target, p, error in part.chances:
            yield {
                **shared,
                **_scenario(base),
                "kind": "probability",
                "outcome": target.id,
                **by_language("outcome", target_label(target)),
                "year": results.year(target),
                "unit": "Dmnl",
                **by_language("unit", phrase("columns.probability")),
                "value": p,
                "error": error,
                **_conditions(results, target),
            }
        for scenario, year, mean, median, paid, forgone in part.effects:
            yield {
                **shared,
                **_scenario(scenario),
                "kind": "effect",
                **_outcome(results.asked_outcome),
                "year": year,
                **unit,
                "value": mean.mean,
                "error": mean.se,
                "median": median,
                **_per("treasury", paid),
                **_per("forgone", forgone),
                **_conditions(results, results.question),
            }


# ── what limits ──


def bottleneck_rows(
    results: Results,
    scenarios: Sequence[Scenario] | None = None,
    years: Sequence[int | str] | None = None,
) -> Iterator[Row]:
    """Yield mean regime shares by element and year, and how often each is the largest.

    Of all scenarios and years and of all years together ("all"), unless some are named.
    Behind the elements come the headline's groups and the headline itself: there a member's
    share is the mean of its elements' shares, weighted by their output in the year.
    """
    sets: dict[str, list[Any]] = {}
    for regime in results.spec.regimes:
        sets.setdefault(regime.set, []).append(regime)
    source = _source(results)
    every_year: tuple[int | str, ...] = (*map(int, results.years), "all")
    wanted = every_year if years is None else years
    for name, regimes in sets.items():
        shares = [_by_element(results, regime.variable) for regime in regimes]
        elements = _elements(results, regimes[0].variable)
        wholes = _wholes(results, elements)
        every = (*elements, *(whole for whole, _ in wholes))
        for scenario in results.scenarios if scenarios is None else scenarios:
            stacked = np.stack([share[results.place(scenario)] for share in shares])
            stacked = _with_wholes(results, scenario, stacked, elements, wholes)
            for row in _limits(stacked, results.years, wanted):
                regime, element = regimes[row.pop("regime")], every[row.pop("element")]
                yield {
                    **_scenario(scenario),
                    "set": name,
                    **_outcome(element),
                    "regime": regime.id,
                    **by_language("regime", regime.label),
                    "unit": "Dmnl",
                    **row,
                    **source,
                }


def limits_of(
    results: Results, scenario: Scenario, year: int
) -> tuple[Outcome, dict[str, list[tuple[Regime, float]]]] | None:
    """Return what limits the first group of several elements (else the headline) in a year.

    For each set of limits their mean shares, the largest first; None where the report names no
    limits by element.
    """
    head = results.spec.headline
    several = [one for one in (*head.groups, head.whole) if len(results.made_of(one)) > 1]
    chosen = several[0] if several else head.whole
    regimes = {(one.set, one.id): one for one in results.spec.regimes}
    found: dict[str, list[tuple[Regime, float]]] = {}
    for row in bottleneck_rows(results, (scenario,), (year,)):
        if row["outcome"] == chosen.id:
            regime = regimes[row["set"], row["regime"]]
            found.setdefault(row["set"], []).append((regime, row["mean_share"]))
    if not found:
        return None
    return chosen, {name: sorted(held, key=lambda one: -one[1]) for name, held in found.items()}


def _by_element(results: Results, variable: str) -> Array:
    """Return a share as (scenario, member, year, element); one element where it has no range."""
    values = results.data[variable].transpose("scenario", "member", "year", ...).values
    return values.reshape(*values.shape[:3], -1)


def _elements(results: Results, variable: str) -> tuple[Outcome, ...]:
    dims = [str(d) for d in results.data[variable].dims if d not in ("scenario", "member", "year")]
    if not dims:
        return (results.spec.headline.whole,)
    names = map(str, results.data[dims[0]].values)
    labels = results.model.element_label
    return tuple(
        Outcome(name, variable, name, {lang: labels(dims[0], name, lang) for lang in LANGS})
        for name in names
    )


def _wholes(results: Results, elements: Sequence[Outcome]) -> list[tuple[Outcome, list[int]]]:
    """Return the groups and the headline with the places of the elements they are made of."""
    head = results.spec.headline
    if len(elements) < 2:
        return []
    places = {element.id: place for place, element in enumerate(elements)}
    found = []
    for whole in (*head.groups, head.whole):
        parts = results.made_of(whole)
        if len(parts) > 1 and all(part in places for part in parts):
            found.append((whole, [places[part] for part in parts]))
    return found


def _with_wholes(
    results: Results,
    scenario: Scenario,
    shares: Array,
    elements: Sequence[Outcome],
    wholes: Sequence[tuple[Outcome, list[int]]],
) -> Array:
    """Return (regime, member, year, element) shares with those of the wholes behind them."""
    variable = results.spec.headline.components
    added = [shares]
    for _, places in wholes:
        weights = np.stack(
            [
                results.series(str(variable), elements[place].id)[results.place(scenario)]
                for place in places
            ],
            axis=-1,
        )
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = (shares[..., places] * weights).sum(axis=-1) / weights.sum(axis=-1)
        added.append(mean[..., None])
    return np.concatenate(added, axis=-1)


def _limits(shares: Array, years: Array | Any, wanted: Sequence[int | str]) -> Iterator[Row]:
    """Yield mean share and share of member-years for (regime, member, year, element) shares."""
    spans: dict[int | str, slice] = {int(y): slice(i, i + 1) for i, y in enumerate(years)}
    spans["all"] = slice(None)
    known = np.isfinite(shares).all(axis=0)
    count = known.sum(axis=0)
    filled = np.where(known, shares, 0.0)
    largest = np.argmax(filled, axis=0)
    for regime in range(shares.shape[0]):
        total = filled[regime].sum(axis=0)
        most = ((largest == regime) & known).sum(axis=0)
        for element in range(shares.shape[3]):
            for year in dict.fromkeys(wanted):
                span = spans[year]
                n = int(count[span, element].sum())
                yield {
                    "regime": regime,
                    "element": element,
                    "year": year,
                    "mean_share": total[span, element].sum() / n if n else math.nan,
                    "share_largest": most[span, element].sum() / n if n else math.nan,
                    "member_years": n,
                }
