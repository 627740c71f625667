"""Scenarios compared: the answer, and the paper it stands in."""

from __future__ import annotations

from collections.abc import Iterator

from sdensemble.decide.compare import Comparison, Pair, Row
from sdensemble.lang import Ended, Words, joined, phrase
from sdensemble.outputs.decide import common as c
from sdensemble.outputs.decide.compare_figures import compare_figure, worlds_figure
from sdensemble.outputs.decide.compare_tables import (
    GAIN,
    MANY,
    binds_table,
    compare_table,
    pair_table,
    scopes_table,
    worlds_table,
)
from sdensemble.outputs.document import Document
from sdensemble.outputs.form import Chance, Share, Shown
from sdensemble.outputs.naming import label, outlay_of
from sdensemble.results.results import Effect
from sdensemble.study import Study


def compare_document(found: Comparison, study: Study) -> Document:
    """Return a comparison as a document."""
    note = c.note(
        "compare.notes" if c.pays(study) else "compare.notes_unpaid",
        unit=c.target_unit(study, found.target, found.outcome.variable),
        money=c.money_unit(study),
        through=c.year_of(study, found.through),
    )
    return c.paper(
        "compare",
        answer(found, study),
        compare_table(found, study),
        pair_table(found, study),
        worlds_table(found, study),
        scopes_table(found, study) if found.scopes else None,
        binds_table(found, study) if found.main.rows[0].binds else None,
        compare_figure(found, study),
        worlds_figure(found, study) if len(found.worlds) > 1 else None,
        note,
        subtitle=c.conditions(found.main.world, found.main.members, study, found.target),
        names=c.listed(s.title for s in found.scenarios if s.name != found.baseline.name),
    )


def answer(found: Comparison, study: Study) -> Iterator[Words]:
    """Yield the short answer: P of each, each effect, each pair, and whether orders hold."""
    main = found.main
    chances = [
        phrase(
            "decide.compare.chance",
            name=c.title_of(found, row.scenario),
            p=Shown(row.probability, Chance()),
        )
        for row in main.rows
    ]
    target = c.asked(study, found.target)
    yield phrase("decide.compare.asked", target=target, items=c.listed(chances))
    for row in main.rows:
        if row.effect is not None:
            yield _effect(found, row, row.effect, study)
    pairs = [p for p in main.pairs if found.baseline.name not in (p.first, p.second)]
    if len(pairs) > MANY:
        best = max(main.rows, key=lambda row: row.level.mean).scenario
        pairs = [p for p in pairs if best in (p.first, p.second)]
    for pair in pairs:
        yield _pair(found, pair, study)
    if main.lost:
        yield phrase("decide.lost", n=main.lost)


def _effect(found: Comparison, row: Row, effect: Effect, study: Study) -> Words:
    name = c.title_of(found, row.scenario)
    first = phrase("decide.compare.no_effect", name=name)
    if c.told_of(effect.found):
        unit = c.target_unit(study, found.target, found.outcome.variable)
        first = phrase(
            "decide.compare.effect",
            name=name,
            mean=c.amount(effect.found, unit),
            median=Shown(effect.median, GAIN),
            helped=Shown(effect.helped, Share()),
        )
    if not c.pays(study):
        return Ended(first)
    paid = phrase(
        "decide.compare.paid",
        outlay=outlay_of(study.report),
        through=c.year_of(study, found.through),
        **c.paid_of(study, row),
    )
    return joined([first, paid], "nothing")


def _pair(found: Comparison, pair: Pair, study: Study) -> Words:
    """Return which of two does more, by mean and median, and whether it holds everywhere."""
    one, other = c.title_of(found, pair.first), c.title_of(found, pair.second)
    parts: list[Words]
    if pair.sign == 0:
        parts = [phrase("decide.compare.alike", first=one, second=other)]
    else:
        better, worse = (one, other) if pair.sign > 0 else (other, one)
        unit = c.target_unit(study, found.target, found.outcome.variable)
        gap = c.amount((abs(pair.effect.found.mean), pair.effect.found.se), unit, c.SPENT)
        parts = [phrase("decide.compare.better", first=better, second=worse, gap=gap)]
    if pair.split:
        median = Shown(pair.effect.median, GAIN)
        parts.append(phrase("decide.compare.split", median=median, first=one, second=other))
    if len(found.worlds) > 1:
        parts += prior_words(found, pair, study)
        parts.append(holds_words(found, pair, study))
    turned = [
        target
        for target, within in found.scopes
        if within.pair(pair.first, pair.second).sign * pair.sign < 0
    ]
    if turned:
        names = c.listed(c.asked(study, target) for target in turned)
        parts.append(phrase("decide.compare.turned_scope", names=names))
    return joined(parts, "nothing")


def prior_words(found: Comparison, pair: Pair, study: Study) -> Iterator[Words]:
    """Yield whether an order holds under the other prior sets, in the structure told of."""
    for one in found.worlds[1:]:
        if pair.sign == 0 or one.world.structure != found.main.world.structure:
            continue
        sign = one.pair(pair.first, pair.second).sign
        key = "untold" if sign == 0 else "same" if sign == pair.sign else "turned"
        prior = label(study.report, one.world.prior_set)
        yield phrase(f"decide.compare.prior_{key}", prior=prior)


def holds_words(found: Comparison, pair: Pair, study: Study) -> Words:
    """Return whether an order holds in every world, and where not."""
    signs = [(one.world, one.pair(pair.first, pair.second).sign) for one in found.worlds]
    n, main = len(signs), signs[0][1]
    if main == 0:
        told = sum(1 for _, sign in signs if sign)
        if not told:
            return phrase("decide.compare.none_told", n=n)
        return phrase("decide.compare.some_told", n=n, k=told)
    turned = [world for world, sign in signs if sign == -main]
    untold = [world for world, sign in signs if sign == 0]
    if not untold and not turned:
        return phrase("decide.compare.holds", n=n)
    parts = [phrase("decide.compare.holds_some", n=n, k=n - len(untold) - len(turned))]
    for key, worlds in (("turned", turned), ("untold", untold)):
        if worlds:
            names = c.listed(c.world_name(study, world) for world in worlds)
            parts.append(phrase(f"decide.compare.{key}", names=names))
    return joined(parts, "nothing")
