"""The tables of papers and workbooks, made from the results of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from sdensemble.inputs.config import elements_at
from sdensemble.inputs.naming import Amount, cell_label
from sdensemble.inputs.report import Payer, Regime
from sdensemble.inputs.scenarios import Scenario, Setting
from sdensemble.inputs.targets import Target, readings
from sdensemble.lang import Words, phrase
from sdensemble.outputs.answer import band_of, by_set
from sdensemble.outputs.figures.parts import run_of, source
from sdensemble.outputs.form import TEXT, Chance, Form, Measured, Number, Share, Spread, Whole
from sdensemble.outputs.gap_tables import gap_rows, progress_rows
from sdensemble.outputs.limit_tables import bottleneck_rows
from sdensemble.outputs.naming import label, target_label, time_unit, wanted, when
from sdensemble.outputs.table import Cell, Column, Heads, Table, in_languages, table_from
from sdensemble.results.ensemble import quantile
from sdensemble.results.estimate import Estimate, mean_of
from sdensemble.results.probability import Probability, value_of, year_of
from sdensemble.results.results import QUANTILES, Results, is_stress, reference

cell = Heads("brief.head_")
ONE, SIX, MOVED = Number(places=1), Number(digits=6), Number(places=1, signed=True)
LEAST = 8
"""Targets named as least likely."""


def _made(name: str, results: Results, items: Iterable[Any], *cells: Cell, **more: Any) -> Table:
    """Return a table titled by its name, with source and run."""
    more = {"source": source(results), "run": run_of(results), **more}
    return table_from(name, phrase(f"brief.{name}"), items, *cells, **more)


def _time(results: Results, shown: Callable[[Any], Any]) -> Cell:
    """Return the column of times, headed by the model's unit of them, and what it shows."""
    return Column("year", time_unit(results), Whole()), shown


def unit_of(results: Results, variable: str) -> Words:
    """Return the unit of a kept series as people write it."""
    return results.spec.unit_words(results.unit(variable))


# ── the answer in named situations ──


World = tuple[Words, Probability, tuple[float, float, float, float]]
"""What a situation is called, P of the question in it, and the band of the headline."""


def worlds(results: Results, others: Sequence[Results] = ()) -> Table:
    """Return P of the question side by side: by prior set, by scope, under each shock."""
    rows: list[World] = []
    groups: list[tuple[int, Words]] = []
    for name, found in (
        ("by_priors", _by_priors(results, others)),
        ("by_scope", _by_scope(results)),
        ("by_shock", _by_shock(results)),
    ):
        if held := list(found):
            groups.append((len(rows), phrase(f"brief.{name}", scenario=reference(results).title)))
            rows += held
    whole = results.spec.headline.whole
    band = {"year": when(results, results.asked_year), "name": whole.label}
    return _made(
        "worlds",
        results,
        rows,
        cell("world", lambda row: row[0]),
        cell("p", lambda row: row[1], Chance()),
        cell(
            "median", lambda row: row[2], Spread(), unit_of(results, whole.variable), "band", **band
        ),
        groups=tuple(groups),
    )


def _by_priors(results: Results, others: Sequence[Results]) -> Iterator[World]:
    base, year = reference(results).name, results.asked_year
    for one, p in by_set(results, others):
        values = one.at(one.spec.headline.whole, one.scenario(base), year)
        yield label(one.spec, one.prior_set), p, band_of(one, values)


def _by_scope(results: Results) -> Iterator[World]:
    base = reference(results)
    for target in readings(results.question, results.targets):
        if target.variable in results.data:
            p = results.event(target, base).probability()
            band = band_of(results, results.target_values(target, base))
            yield label(results.spec, target.scope), p, band


def _by_shock(results: Results) -> Iterator[World]:
    whole, year = results.spec.headline.whole, results.asked_year
    for scenario in filter(is_stress, results.scenarios):
        p = results.event(results.question, scenario).probability()
        yield scenario.title, p, band_of(results, results.at(whole, scenario, year))


# ── targets ──


def least_likely(results: Results) -> Table:
    """Return the targets of the policy that the reference scenario meets least often."""
    base = reference(results)
    found = []
    for target in results.targets:
        if target.role == "reference" or target.joint:
            continue
        p = results.event(target, base).probability()
        values = results.target_values(target, base)
        found.append((p, target, float(quantile(values, 0.5))))
    found.sort(key=lambda one: one[0].middle)
    return _made(
        "least_likely",
        results,
        found[:LEAST],
        cell("target", lambda one: target_label(one[1])),
        cell("wanted", lambda one: wanted(one[1], results.spec)),
        cell("median", lambda one: _near(results, *one[1:])),
        cell("p", lambda one: one[0], Chance()),
        notes=(phrase("brief.least_note", scenario=base.title),),
    )


def _near(results: Results, target: Target, median: float) -> Amount:
    """Return a model value beside a target, to three digits."""
    shown = float(f"{median:.3g}") if np.isfinite(median) else median
    return Amount.of(results.spec, target.unit, shown, target.measure, like=value_of(target))


def targets_by_scenario(results: Results) -> Table:
    """Return P of every target, a column for each scenario."""

    def of(scenario: Scenario) -> Cell:
        column = Column(scenario.name, scenario.title, Chance(error=False))
        return column, lambda target: results.event(target, scenario).probability()

    def measure(target: Target) -> Words:
        return label(results.spec, target.measure) if target.measure else ""

    return _made(
        "targets",
        results,
        results.targets,
        cell("target", target_label),
        _time(results, results.year),
        cell("measure", measure),
        *map(of, results.scenarios),
        notes=(phrase("brief.targets_note"),),
    )


def scenario_levers(results: Results) -> Table:
    """Return what each scenario sets: lever, value, from when, in the model's order."""
    model = results.model
    steps = [
        (scenario, setting, time, value)
        for scenario in results.scenarios
        for setting in scenario.settings
        if setting.constant in model  # not of a model file that has changed since
        for time, value in zip(setting.times, setting.values, strict=True)
    ]

    def lever(row: tuple[Scenario, Setting, float, float]) -> Words:
        element = [row[1].element] if row[1].element else []
        return cell_label(model, row[1].constant, element)

    def unit(row: tuple[Scenario, Setting, float, float]) -> Words:
        return results.spec.unit_words(model[row[1].constant].unit)

    return _made(
        "scenario_levers",
        results,
        steps,
        cell("scenario", lambda row: row[0].title),
        cell("lever", lever),
        cell("start", lambda row: row[2], SIX, head="from"),
        cell("value", lambda row: row[3], SIX),
        cell("unit", unit),
    )


# ── the way there ──


def fan_data(results: Results) -> Table:
    """Return seven quantiles of every outcome by year under every scenario, and its targets."""
    cells = [
        (scenario, outcome, place, results.quantiles(outcome)[:, results.place(scenario), place])
        for scenario in results.scenarios
        for outcome in results.outcomes()
        for place in range(len(results.years))
    ]
    goals = {
        (outcome.id, year_of(target)): value_of(target)
        for outcome in results.outcomes()
        for target in results.targets_of(outcome)
    }

    def year(row: Any) -> int:
        return int(results.years[row[2]])

    def share(place: int) -> Cell:
        q = round(100 * QUANTILES[place])
        head = phrase("figure.median") if q == 50 else phrase("brief.head_quantile", q=q)
        return Column(f"q{q:02d}", head, ONE), lambda row: float(row[3][place])

    return _made(
        "fan_data",
        results,
        cells,
        cell("scenario", lambda row: row[0].title),
        cell("outcome", lambda row: row[1].label),
        _time(results, year),
        *map(share, range(len(QUANTILES))),
        cell("target", lambda row: goals.get((row[1].id, year(row))), SIX, head="goal"),
        stub=3,
    )


def _of_row(name: str, form: Form, unit: Words = "", head: str = "", **words: object) -> Cell:
    """Return a column that shows what a row of a CSV holds under the same name."""
    return cell(name, lambda row: row.get(name), form, unit, head, **words)


def _outcome() -> Cell:
    return cell("outcome", lambda row: in_languages(row, "outcome"))


def gaps(results: Results) -> Table:
    """Return each outcome's part in growth, its gap and the growth it would need."""
    base, year = reference(results), results.asked_year
    first, last = when(results, int(results.years[0])), when(results, year)
    unit = unit_of(results, results.spec.headline.whole.variable)
    return _made(
        "gaps",
        results,
        [r for r in gap_rows(results) if r["scenario"] == base.name and r["year"] == year],
        _outcome(),
        _of_row("base_mean", ONE, head="start", year=first),
        _of_row("mean", ONE, head="mean", year=last),
        _of_row("target_value", SIX, head="goal"),
        _of_row("gap_mean", MOVED, head="gap"),
        _of_row("contribution_share_percent", ONE, "%", "contribution"),
        _of_row("growth_percent", ONE, "%", "growth"),
        _of_row("required_growth_percent", ONE, "%", "required"),
        notes=(phrase("brief.gaps_note", scenario=base.title, unit=unit),),
    )


def progress(results: Results) -> Table:
    """Return progress against time year by year on the way to each target of an outcome."""
    base = reference(results)
    return _made(
        "progress",
        results,
        [row for row in progress_rows(results) if row["scenario"] == base.name],
        _outcome(),
        _of_row("target_year", Whole()),
        _of_row("target_value", SIX, head="goal"),
        _time(results, lambda row: row["year"]),
        _of_row("median", ONE),
        _of_row("progress_percent", ONE, "%", "progress"),
        _of_row("schedule_percent", ONE, "%", "schedule"),
        _of_row("ahead_points", MOVED, head="ahead"),
        _of_row("required_growth_percent", ONE, "%", "required"),
        notes=(phrase("brief.progress_note", scenario=base.title),),
    )


# ── what binds, what it costs ──


def limits(results: Results) -> Table | None:
    """Return what limits each outcome in the question's year; None where the report names none."""
    if not results.spec.regimes:
        return None
    base, year = reference(results), results.asked_year
    shares: dict[str, dict[str, Any]] = {}
    for row in bottleneck_rows(results, (base,), (year,)):
        named = {"outcome": in_languages(row, "outcome")}
        shares.setdefault(row["outcome"], named)[row["regime"]] = row["mean_share"]

    def of(regime: Regime) -> Cell:
        named = {"set": label(results.spec, regime.set), "regime": regime.label}
        head = phrase("brief.of_set", **named)
        return Column(regime.id, head, Share()), lambda row: row.get(regime.id)

    return _made(
        "limits",
        results,
        shares.values(),
        _of_row("outcome", TEXT),
        *map(of, results.spec.regimes),
        notes=(phrase("brief.limits_note", scenario=base.title, year=when(results, year)),),
    )


def outlays(results: Results) -> Table | None:
    """Return what each scenario adds to what each purse pays, by year; None without payers."""
    payers = results.spec.payers
    if not payers or not results.pairs():
        return None

    def paid(payer: Payer) -> Cell:
        held = results.series(payer.variable)

        def shown(row: tuple[Scenario, Scenario, int]) -> Estimate:
            first, second = (held[results.place(s)][:, row[2]] for s in row[:2])
            return mean_of(first - second, results.replicate)

        return Column(payer.id, payer.label, Measured(), unit_of(results, payer.variable)), shown

    return _made(
        "outlays",
        results,
        [
            (*pair, place)
            for pair in results.pairs()
            if not is_stress(pair[0])
            for place in range(len(results.years))
        ],
        cell("scenario", lambda row: row[0].title),
        _time(results, lambda row: int(results.years[row[2]])),
        *map(paid, payers),
        stub=2,
        notes=(phrase("brief.outlays_note"),),
    )


# ── what the answer hangs on ──


def hangs_on(
    results: Results, draws: Mapping[str, np.ndarray[Any, Any]], count: int = 6
) -> Table | None:
    """Return P in the lowest and highest third of the constants that part it most.

    ``draws`` are the constants of the run's members, (*ranges, member). Differences within three
    standard errors are left out; an interaction of constants is not taken apart.
    """
    base = reference(results)
    event = results.event(results.question, base)
    hit, kept = event.hit, ~event.lost
    found = []
    for name, values in draws.items():
        for at in np.ndindex(values.shape[:-1]):
            drawn = values[at]
            if drawn.shape != hit.shape or np.ptp(drawn) == 0:
                continue
            low, high = np.quantile(drawn[kept], [1 / 3, 2 / 3])
            thirds = hit[kept & (drawn <= low)], hit[kept & (drawn >= high)]
            if min(map(len, thirds)) < 30:
                continue
            below, above = (float(one.mean()) for one in thirds)
            error = [
                np.sqrt(max(p * (1 - p), 1e-4) / len(one))
                for p, one in zip((below, above), thirds, strict=True)
            ]
            if abs(above - below) >= 3 * float(np.hypot(*error)):
                found.append((name, at, (below, error[0]), (above, error[1])))
    found.sort(key=lambda one: -abs(one[3][0] - one[2][0]))
    if not found:
        return None
    model = results.model
    return _made(
        "hangs_on",
        results,
        found[:count],
        cell(
            "constant",
            lambda row: cell_label(model, row[0], elements_at(model, model[row[0]], row[1])),
        ),
        cell("low", lambda row: row[2], Chance(), head="low_third"),
        cell("high", lambda row: row[3], Chance(), head="high_third"),
        notes=(phrase("brief.hangs_note", scenario=base.title),),
    )
