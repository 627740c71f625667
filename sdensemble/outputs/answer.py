"""The answer of a run: conditions, one row per scenario, words, and what it is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sdensemble.inputs.scenarios import Scenario
from sdensemble.inputs.targets import Target, readings
from sdensemble.lang import Capital, Ended, Words, bracketed, joined, phrase
from sdensemble.outputs.document import Block, Document, Paragraph
from sdensemble.outputs.form import (
    TEXT,
    Chance,
    Form,
    InTen,
    Money,
    Paired,
    Ratio,
    Share,
    Shown,
    Spread,
    Starred,
)
from sdensemble.outputs.horizon_tables import answer_tables, money_unit, outcome_unit, rounded_at
from sdensemble.outputs.limit_tables import limits_of
from sdensemble.outputs.naming import (
    conditioned,
    fitted,
    information_date,
    inside,
    label,
    lever_caveats,
    purses,
    reasons,
    statement,
    target_name,
    unequal_costs,
    unit_notes,
    when,
)
from sdensemble.outputs.table import Cell, Column, Heads, Table, table_from
from sdensemble.results.ensemble import quantile
from sdensemble.results.estimate import Array, standard_error
from sdensemble.results.probability import Probability
from sdensemble.results.results import Results, is_stress, per_outlay, purse_charged, reference

cell = Heads("answer.")


def answer(
    results: Results, others: Sequence[Results] = (), more: Sequence[Words] = ()
) -> Document:
    """Return the answer: conditions, one row per scenario, sentences, what it is not.

    ``others`` are the same study under further prior sets, each a column of P; ``more`` are
    notes on the study itself.
    """
    calibrated = "after" if results.posterior else "before" if others else "one_set"
    notes = [
        columns_note(results),
        *rounding([results, *others]),
        headline(results, others),
        *_other_years(results),
        *_readings_notes(results),
        *_limits_note(results),
        *_joint_notes(results),
        *unequal_costs(results),
        *lever_caveats(results),
        phrase(f"answer.{calibrated}"),
        *(
            phrase("answer.lost", prior=label(one.spec, one.prior_set), **_lost(one, found))
            for one in (results, *others)
            for found in one.lost
        ),
        *more,
    ]
    asked = statement(results, results.question)
    units = bracketed([unit_notes(results.spec, _units(results))])
    head = [conditions(results), phrase("answer.asked", target=asked, units=units)]
    blocks: list[Block] = [
        *(Paragraph(text, "line") for text in head),
        comparison(results, others),
        *map(Paragraph, notes),
        *answer_tables(results),
    ]
    return Document("answer", "", tuple(blocks))


def _lost(results: Results, found: dict[str, Any]) -> dict[str, Any]:
    title = next((s.title for s in results.scenarios if s.name == found["scenario"]), "")
    return {**found, "scenario": title or found["scenario"]}


def conditions(results: Results) -> Words:
    """Return measure, scope, price basis, information date, priors and members as one line."""
    target = results.question
    return phrase(
        "answer.conditions",
        measure=label(results.spec, target.measure),
        key=conditioned(results.spec, (target.scope, target.price_basis)),
        date=information_date(results.as_of, results.spec.issued),
        prior=label(results.spec, results.prior_set),
        n=results.members,
        fitted=fitted(results.posterior),
    )


def _units(results: Results) -> list[str]:
    """Return the units the answer is written in."""
    payers = [results.unit(payer.variable) for payer in results.spec.payers]
    return [results.question.unit, results.unit(results.asked_outcome.variable), *payers]


# ── the table ──


def comparison(results: Results, others: Sequence[Results] = ()) -> Table:
    """Return the main table: each scenario's P, median with band, effect and what it costs."""

    def median(scenario: Scenario) -> tuple[float, ...]:
        return band_of(results, results.at(results.asked_outcome, scenario, results.asked_year))

    return table_from(
        "comparison",
        phrase("answer.table", year=when(results, results.asked_year)),
        results.scenarios,
        cell("scenario", "title"),
        *_chances(results, others),
        cell("median", median, Spread(), outcome_unit(results)),
        *_effects(results),
    )


def _chances(results: Results, others: Sequence[Results]) -> Iterator[Cell]:
    """Yield P of the question under each prior set, and of what is told beside it."""
    asked = results.question
    now = [t for t in _headlines(results, now=True) if t is not asked]
    beside = [*now, *(t for t in results.beside() if t not in [asked, *now])]

    def chance(one: Results, target: Target) -> Callable[[Scenario], Probability | None]:
        return lambda s: _p(one, target, one.scenario(s.name)) if one.has(s.name) else None

    yield Column(f"p_{asked.id}", _target_head(results, asked), Chance()), chance(results, asked)
    for other in others:
        head = phrase("answer.p_by", prior=label(other.spec, other.prior_set))
        yield Column(f"p_{other.prior_set}", head, Chance(missing="·")), chance(other, asked)
    for target in beside:
        column = Column(f"p_{target.id}", _target_head(results, target), Chance(error=False))
        yield column, chance(results, target)


def _effects(results: Results) -> Iterator[Cell]:
    """Yield what each scenario does and costs, starred where it is not beside the reference."""
    unit, money, purse = outcome_unit(results), money_unit(results), purses(results.spec)
    found = {scenario.name: _compared(results, scenario) for scenario in results.scenarios}

    def starred(name: str, head: Words, each: Form, unit: Words) -> Cell:
        return Column(name, head, Starred(each=each), unit), lambda s: found[s.name][name]

    yield starred("effect", phrase("answer.effect"), Paired(), unit)
    if purse.payers:
        yield starred("outlay", Capital(purse.outlay), Money(), money)
    if purse.forgoers:
        yield starred("forgone", Capital(joined(purse.forgoers)), Money(), money)
    if purse.payers:
        per = phrase("answer.per_outlay", money=money, outlay=purse.outlay)
        yield starred("per_outlay", per, Ratio(), unit)


def _headlines(results: Results, now: bool) -> list[Target]:
    """Return the headline targets of the question's year, or those of other years."""
    year = results.asked_year
    return [t for t in results.headline_targets() if (results.year(t) == year) == now]


def _compared(results: Results, scenario: Scenario) -> dict[str, Any]:
    """Return effect, outlay, income forgone and their ratio against the scenario compared with."""
    against = next((other for one, other in results.pairs() if one is scenario), None)
    names = ("effect", "outlay", "forgone", "per_outlay")
    if against is None:
        return dict.fromkeys(names, (None, False))
    year, star = results.asked_year, against is not reference(results)
    effect = results.effect(results.asked_outcome, scenario, against, year)
    paid, given_up = results.purses(scenario, against, year)
    charged = None if is_stress(scenario) else purse_charged(paid, given_up)[0]
    found = [
        effect.found,
        paid.found.mean if paid else None,
        given_up.found.mean if given_up else None,
        per_outlay(effect, charged),
    ]
    return {name: (value, star) for name, value in zip(names, found, strict=True)}


def _target_head(results: Results, target: Target) -> Words:
    head = results.spec.headline
    named = {(o.variable, o.element): o for o in (head.whole, *head.groups)}
    found = named.get((target.variable, target.element or None))
    shown = found.label if found else target_name(target)
    return phrase(
        "answer.p_of", name=inside(shown, results.spec), year=when(results, results.year(target))
    )


def band_of(results: Results, values: Array) -> tuple[float, float, float, float]:
    """Return median, 5% and 95% of the members' values, and the error of their mean."""
    low, median, high = map(float, quantile(values, [0.05, 0.5, 0.95]))
    return median, low, high, standard_error(values, results.replicate)[0]


def columns_note(results: Results) -> Words:
    """Say what the columns of the main table are, and what is compared with what."""
    said = Ended(phrase("answer.columns", against=reference(results).title))
    return joined([said, *money_notes(results), *pair_notes(results)], "sentence")


def money_notes(results: Results) -> tuple[Words, ...]:
    """Say what the columns of money are, and where there is no effect per unit of it."""
    if not results.spec.payers:
        return ()
    purse, year = purses(results.spec), when(results, results.asked_year)
    key = "both_columns" if purse.forgoers else "outlay_column"
    said = phrase(f"answer.{key}", money=money_unit(results), year=year, **purse.said())
    return (Ended(said),)


def pair_notes(results: Results) -> tuple[Words, ...]:
    """Say of starred scenarios what they are compared with."""
    others = [
        phrase("answer.against_other", scenario=one.title, against=other.title)
        for one, other in results.pairs()
        if other is not reference(results)
    ]
    if not others:
        return ()
    return (Ended(phrase("answer.against_others", names=joined(others, "list"))),)


def rounding(every: Sequence[Results]) -> tuple[Words, ...]:
    """Say that probabilities of the question are rounded, where an error is that large."""
    return rounded_at(
        one.event(one.question, scenario).probability().se
        for one in every
        for scenario in one.scenarios
    )


# ── the answer in words ──


def headline(results: Results, others: Sequence[Results] = ()) -> Words:
    """Return the answer as a sentence: a range in words, with the probability of each prior set."""
    target, scenario = results.question, reference(results)
    asked = {"scenario": scenario.title, "target": statement(results, target)}
    found = by_set(results, others)
    words = Shown(span_of([p for _, p in found]), InTen())
    sets = joined(said_by_set(found), "clause")
    said = [phrase("answer.answer", **asked), phrase("answer.ranges", words=words, sets=sets)]
    return joined(said, "nothing")


def by_set(
    results: Results, others: Sequence[Results] = (), target: Target | None = None
) -> list[tuple[Results, Probability]]:
    """Return P of a target, or of the question, under the reference, by prior set."""
    base = reference(results).name
    return [
        (one, one.event(target or one.question, one.scenario(base)).probability())
        for one in (results, *others)
        if one.has(base)
    ]


def said_by_set(found: Sequence[tuple[Results, Probability]]) -> list[Words]:
    """Return each probability with the name of its prior set."""
    return [
        phrase("answer.of_set", prior=label(one.spec, one.prior_set), p=Shown(p, Chance()))
        for one, p in found
    ]


def span_of(found: Sequence[Probability]) -> tuple[float, float, float, float]:
    """Return the least and the most of probabilities, each with its Monte Carlo error."""
    low = min(found, key=lambda p: p.least.mean)
    high = max(found, key=lambda p: p.most.mean)
    return low.least.mean, high.most.mean, low.least.error, high.most.error


def _bare(found: Probability) -> Words:
    return Shown(found, Chance(error=False))


def _p(results: Results, target: Target, scenario: Scenario) -> Probability:
    return results.event(target, scenario).probability()


def _other_years(results: Results) -> Iterator[Words]:
    """Say P of the headline targets of other years under the reference scenario."""
    scenario = reference(results)
    items = [
        phrase(
            "language.headed",
            head=statement(results, target),
            text=_bare(_p(results, target, scenario)),
        )
        for target in _headlines(results, now=False)
    ]
    if items:
        yield phrase("answer.years", scenario=scenario.title, items=joined(items, "clause"))


def _readings_notes(results: Results) -> Iterator[Words]:
    """Say P of the question and its year's headlines where they are read in another scope."""
    base = reference(results)
    read = [
        one
        for target in _with_beside(results)
        for one in readings(target, results.targets)
        if one.variable in results.data
    ]
    items: list[Words] = []
    for target in read:
        said = {"target": statement(results, target), "p": _bare(_p(results, target, base))}
        item: list[Words] = [phrase("answer.reading", scenario=base.title, **said)]
        if len(results.scenarios) > 1:
            span = _span([_p(results, target, s) for s in results.scenarios])
            item.append(phrase("answer.reading_span", span=span))
        items.append(joined(item, "nothing"))
    if items:
        told = phrase("answer.readings", items=joined(items, "clause"))
        yield joined([told, *reasons(read)], "sentence")


def _with_beside(results: Results) -> list[Target]:
    """Return the headline targets of the question's year and those told beside them, once."""
    headlines = _headlines(results, now=True)
    return [*headlines, *(one for one in results.beside() if one not in headlines)]


def _span(found: Sequence[Probability]) -> Words:
    """Return the least and the most of probabilities of one target."""
    ends = [_bare(one(found, key=lambda p: p.middle)) for one in (min, max)]
    if TEXT.text(ends[0], "") == TEXT.text(ends[1], ""):
        return ends[0]
    return phrase("language.range", low=ends[0], high=ends[1])


def _limits_note(results: Results) -> Iterator[Words]:
    """Say which limits bind the first group in the question's year, under the reference."""
    scenario = reference(results)
    found = limits_of(results, scenario, results.asked_year)
    if found is None:
        return
    outcome, sets = found
    items = []
    for name, held in sets.items():
        shares = [joined([regime.label, Shown(share, Share())], "gap") for regime, share in held]
        set_of = label(results.spec, name)
        items.append(phrase("answer.limits_of", set=set_of, shares=joined(shares)))
    yield phrase(
        "answer.limits",
        scenario=scenario.title,
        year=when(results, results.asked_year),
        name=inside(outcome.label, results.spec),
        items=joined(items, "clause"),
    )


def _joint_notes(results: Results) -> Iterator[Words]:
    """Say of each joint headline target which of its parts fail alone."""
    scenario = reference(results)
    for target in (one for one in results.headline_targets() if one.joint):
        parts = results.parts(target)
        failing = [part for part in parts if _p(results, part, scenario).most.mean < 0.01]
        if failing:
            yield phrase(
                "answer.fails",
                joint=Capital(statement(results, target)),
                scenario=scenario.title,
                p=_bare(_p(results, target, scenario)),
                names=joined([_part_name(results, part) for part in failing]),
            )


def _part_name(results: Results, target: Target) -> Words:
    outcomes = (one for one in results.outcomes() if target in results.targets_of(one))
    spoken = next(outcomes, None)
    return spoken.label if spoken else target_name(target)
