"""The tables of papers and workbooks, made from the results of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sdensemble.inputs.config import elements_at
from sdensemble.inputs.naming import Amount, cell_label, unit_label
from sdensemble.inputs.targets import readings
from sdensemble.lang import Words, phrase
from sdensemble.outputs.figures.parts import run_of, source
from sdensemble.outputs.form import Chance, Measured, Number, Share, Spread, Whole
from sdensemble.outputs.gap_tables import gap_rows, progress_rows
from sdensemble.outputs.limit_tables import bottleneck_rows
from sdensemble.outputs.naming import label, target_label, time_unit, wanted, when
from sdensemble.outputs.table import Column, Table, in_languages, table_of
from sdensemble.results.ensemble import quantile
from sdensemble.results.estimate import mean_of, standard_error
from sdensemble.results.probability import value_of, year_of
from sdensemble.results.results import QUANTILES, Results, is_stress, reference

if TYPE_CHECKING:
    from sdensemble.inputs.report import Outcome
    from sdensemble.inputs.scenarios import Scenario
    from sdensemble.inputs.targets import Target

Rows = Iterator[dict[str, Any]]
LEAST = 8
"""Targets named as least likely."""


def _made(name: str, results: Results, columns: Sequence[Column], rows: Rows, **more: Any) -> Table:
    """Return a table titled by its name, with source and run."""
    more = {"source": source(results), "run": run_of(results), **more}
    return table_of(name, phrase(f"brief.{name}"), columns, rows, **more)


def _head(key: str, **values: object) -> Words:
    return phrase(f"brief.head_{key}", **values)


def band_of(results: Results, outcome: Outcome, scenario: Scenario, year: int) -> Any:
    """Return median, 5%, 95% and the standard error of the mean of an outcome in a year."""
    values = results.at(outcome, scenario, year)
    low, median, high = map(float, quantile(values, [0.05, 0.5, 0.95]))
    return median, low, high, standard_error(values, results.replicate)[0]


def unit_of(results: Results, variable: str) -> Words:
    """Return the unit of a kept series as people write it."""
    return unit_label(results.spec, results.unit(variable))


# ── the answer in named situations ──


def worlds(results: Results, others: Sequence[Results] = ()) -> Table:
    """Return P of the question side by side: by prior set, by scope, under each shock."""
    rows: list[dict[str, Any]] = []
    groups: list[tuple[int, Words]] = []
    for name, found in (
        ("by_priors", _by_priors(results, others)),
        ("by_scope", _by_scope(results)),
        ("by_shock", _by_shock(results)),
    ):
        held = list(found)
        if held:
            groups.append((len(rows), phrase(f"brief.{name}", scenario=reference(results).title)))
            rows += held
    whole = results.spec.headline.whole
    head = {"year": when(results, results.asked_year), "name": whole.label}
    columns = (
        Column("world", _head("world")),
        Column("p", _head("p"), Chance()),
        Column("median", _head("band", **head), Spread(), unit_of(results, whole.variable)),
    )
    return _made("worlds", results, columns, iter(rows), groups=tuple(groups))


def _by_priors(results: Results, others: Sequence[Results]) -> Rows:
    base, year = reference(results), results.asked_year
    for one in (results, *others):
        if one.has(base.name):
            scenario = one.scenario(base.name)
            yield {
                "world": label(one.spec, one.prior_set),
                "p": one.event(one.question, scenario).probability(),
                "median": band_of(one, one.spec.headline.whole, scenario, year),
            }


def _by_scope(results: Results) -> Rows:
    base = reference(results)
    for target in readings(results.question, results.targets):
        if target.variable in results.data:
            values = results.target_values(target, base)
            low, median, high = map(float, quantile(values, [0.05, 0.5, 0.95]))
            yield {
                "world": label(results.spec, target.scope),
                "p": results.event(target, base).probability(),
                "median": (median, low, high, standard_error(values, results.replicate)[0]),
            }


def _by_shock(results: Results) -> Rows:
    whole, year = results.spec.headline.whole, results.asked_year
    for scenario in results.scenarios:
        if is_stress(scenario):
            yield {
                "world": scenario.title,
                "p": results.event(results.question, scenario).probability(),
                "median": band_of(results, whole, scenario, year),
            }


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
    columns = (
        Column("target", _head("target")),
        Column("wanted", _head("wanted")),
        Column("median", _head("median")),
        Column("p", _head("p"), Chance()),
    )
    rows: Rows = (
        {
            "target": target_label(target),
            "wanted": wanted(target, results.spec),
            "median": _near(results, target, median),
            "p": p,
        }
        for p, target, median in found[:LEAST]
    )
    notes = (phrase("brief.least_note", scenario=base.title),)
    return _made("least_likely", results, columns, rows, notes=notes)


def _near(results: Results, target: Target, median: float) -> Amount:
    """Return a model value beside a target, to three digits."""
    shown = float(f"{median:.3g}") if np.isfinite(median) else median
    return Amount.of(results.spec, target.unit, shown, target.measure, like=value_of(target))


def targets_by_scenario(results: Results) -> Table:
    """Return P of every target, a column for each scenario."""
    columns = [
        Column("target", _head("target")),
        Column("year", time_unit(results), Whole()),
        Column("measure", _head("measure")),
        *(Column(s.name, s.title, Chance(error=False)) for s in results.scenarios),
    ]
    rows: Rows = (
        {
            "target": target_label(target),
            "year": results.year(target),
            "measure": label(results.spec, target.measure) if target.measure else "",
            **{s.name: results.event(target, s).probability() for s in results.scenarios},
        }
        for target in results.targets
    )
    notes = (phrase("brief.targets_note"),)
    return _made("targets", results, columns, rows, stub=1, notes=notes)


def scenario_levers(results: Results) -> Table:
    """Return what each scenario sets: lever, value, from when, in the model's order."""
    columns = (
        Column("scenario", _head("scenario")),
        Column("lever", _head("lever")),
        Column("start", _head("from"), Number(digits=6)),
        Column("value", _head("value"), Number(digits=6)),
        Column("unit", _head("unit")),
    )

    def rows() -> Rows:
        for scenario in results.scenarios:
            for setting in scenario.settings:
                name = setting.constant
                if name not in results.model:
                    continue  # of a model file that has changed since
                for time, value in zip(setting.times, setting.values, strict=True):
                    yield {
                        "scenario": scenario.title,
                        "lever": cell_label(
                            results.model, name, [setting.element] if setting.element else []
                        ),
                        "start": time,
                        "value": value,
                        "unit": unit_label(results.spec, results.model[name].unit),
                    }

    return _made("scenario_levers", results, columns, rows())


# ── the way there ──


def fan_data(results: Results) -> Table:
    """Return seven quantiles of every outcome by year under every scenario, and its targets."""
    columns = (
        Column("scenario", _head("scenario")),
        Column("outcome", _head("outcome")),
        Column("year", time_unit(results), Whole()),
        *(
            Column(f"q{round(100 * q):02d}", _head("quantile", q=round(100 * q)), Number(places=1))
            for q in QUANTILES
        ),
        Column("target", _head("goal"), Number(digits=6)),
    )

    def rows() -> Rows:
        for scenario in results.scenarios:
            for outcome in results.outcomes():
                found = results.quantiles(outcome)[:, results.place(scenario)]
                goals = {year_of(t): value_of(t) for t in results.targets_of(outcome)}
                for place, year in enumerate(results.years):
                    cells = {
                        f"q{round(100 * q):02d}": float(found[i, place])
                        for i, q in enumerate(QUANTILES)
                    }
                    goal = goals.get(int(year))
                    yield {
                        "scenario": scenario.title,
                        "outcome": outcome.label,
                        "year": int(year),
                        **cells,
                        "target": goal,
                    }

    return _made("fan_data", results, columns, rows(), stub=3)


def gaps(results: Results) -> Table:
    """Return each outcome's part in growth, its gap and the growth it would need."""
    base, year = reference(results), results.asked_year
    percent = Number(places=1)
    first, last = when(results, int(results.years[0])), when(results, year)
    columns = (
        Column("outcome", _head("outcome")),
        Column("base_mean", _head("start", year=first), Number(places=1)),
        Column("mean", _head("mean", year=last), Number(places=1)),
        Column("target_value", _head("goal"), Number(digits=6)),
        Column("gap_mean", _head("gap"), Number(places=1, signed=True)),
        Column("contribution_share_percent", _head("contribution"), percent, "%"),
        Column("growth_percent", _head("growth"), percent, "%"),
        Column("required_growth_percent", _head("required"), percent, "%"),
    )
    rows: Rows = (
        {**row, "outcome": in_languages(row, "outcome")}
        for row in gap_rows(results)
        if row["scenario"] == base.name and row["year"] == year
    )
    notes = (
        phrase(
            "brief.gaps_note",
            scenario=base.title,
            unit=unit_of(results, results.spec.headline.whole.variable),
        ),
    )
    return _made("gaps", results, columns, rows, notes=notes)


def progress(results: Results) -> Table:
    """Return progress against time year by year on the way to each target of an outcome."""
    base = reference(results)
    percent = Number(places=1)
    columns = (
        Column("outcome", _head("outcome")),
        Column("target_year", _head("target_year"), Whole()),
        Column("target_value", _head("goal"), Number(digits=6)),
        Column("year", time_unit(results), Whole()),
        Column("median", _head("median"), Number(places=1)),
        Column("progress_percent", _head("progress"), percent, "%"),
        Column("schedule_percent", _head("schedule"), percent, "%"),
        Column("ahead_points", _head("ahead"), Number(places=1, signed=True)),
        Column("required_growth_percent", _head("required"), percent, "%"),
    )
    rows: Rows = (
        {**row, "outcome": in_languages(row, "outcome")}
        for row in progress_rows(results)
        if row["scenario"] == base.name
    )
    notes = (phrase("brief.progress_note", scenario=base.title),)
    return _made("progress", results, columns, rows, notes=notes)


# ── what binds, what it costs ──


def limits(results: Results, short: bool = False) -> Table | None:
    """Return what limits each outcome in the question's year; None where the report names none.

    ``short`` keeps the headline and its groups.
    """
    if not results.spec.regimes:
        return None
    base, year = reference(results), results.asked_year
    head = results.spec.headline
    wanted = {one.id for one in (head.whole, *head.groups)} if short else None
    shares: dict[str, dict[str, Any]] = {}
    for row in bottleneck_rows(results, (base,), (year,)):
        if wanted and row["outcome"] not in wanted:
            continue
        named = {"outcome": in_languages(row, "outcome")}
        held = shares.setdefault(row["outcome"], named)
        held[row["regime"]] = row["mean_share"]
    columns = [Column("outcome", _head("outcome"))]
    columns += [
        Column(
            regime.id,
            phrase("brief.of_set", set=label(results.spec, regime.set), regime=regime.label),
            Share(),
        )
        for regime in results.spec.regimes
    ]
    said = {"scenario": base.title, "year": when(results, year)}
    notes = (phrase("brief.limits_note", **said),)
    rows: Rows = iter(shares.values())
    return _made("limits_short" if short else "limits", results, columns, rows, notes=notes)


def outlays(results: Results) -> Table | None:
    """Return what each scenario adds to what each purse pays, by year; None without payers."""
    payers = results.spec.payers
    if not payers or not results.pairs():
        return None
    columns = [
        Column("scenario", _head("scenario")),
        Column("year", time_unit(results), Whole()),
        *(Column(p.id, p.label, Measured(), unit_of(results, p.variable)) for p in payers),
    ]

    def rows() -> Rows:
        for scenario, against in results.pairs():
            if is_stress(scenario):
                continue
            for place, year in enumerate(results.years):
                row: dict[str, Any] = {"scenario": scenario.title, "year": int(year)}
                for payer in payers:
                    held = results.series(payer.variable)
                    first, second = (held[results.place(s)] for s in (scenario, against))
                    moved = first[:, place] - second[:, place]
                    row[payer.id] = mean_of(moved, results.replicate)
                yield row

    notes = (phrase("brief.outlays_note"),)
    return _made("outlays", results, columns, rows(), stub=2, notes=notes)


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
    columns = (
        Column("constant", _head("constant")),
        Column("low", _head("low_third"), Chance()),
        Column("high", _head("high_third"), Chance()),
    )
    model = results.model
    rows: Rows = (
        {
            "constant": cell_label(model, name, elements_at(model, model[name], at)),
            "low": low,
            "high": high,
        }
        for name, at, low, high in found[:count]
    )
    notes = (phrase("brief.hangs_note", scenario=base.title),)
    return _made("hangs_on", results, columns, rows, notes=notes)
