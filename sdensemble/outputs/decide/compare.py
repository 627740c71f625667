"""Scenarios compared: the answer, and the paper it stands in."""

from __future__ import annotations

from sdensemble.decide.compare import Comparison, Pair, Row
from sdensemble.lang import Words, joined, phrase
from sdensemble.outputs.decide import common as c
from sdensemble.outputs.decide.compare_figures import compare_figure, worlds_figure
from sdensemble.outputs.decide.compare_tables import (
    MANY,
    binds_table,
    compare_table,
    pair_table,
    scopes_table,
    title_of,
    worlds_table,
)
from sdensemble.outputs.document import Block, Document, Paragraph
from sdensemble.outputs.form import Chance, Number, Share, Shown
from sdensemble.outputs.naming import label, outlay_of
from sdensemble.study import Study


def compare_document(found: Comparison, study: Study) -> Document:
    """Return a comparison as a document."""
    unit = c.target_unit(study, found.target, found.outcome.variable)
    blocks: list[Block] = [Paragraph(words, "lead") for words in answer(found, study)]
    blocks += [compare_table(found, study), pair_table(found, study), worlds_table(found, study)]
    if found.scopes:
        blocks.append(scopes_table(found, study))
    if found.main.rows[0].binds:
        blocks.append(binds_table(found, study))
    blocks.append(compare_figure(found, study))
    if len(found.worlds) > 1:
        blocks.append(worlds_figure(found, study))
    notes = phrase(
        "decide.compare.notes",
        unit=unit,
        money=c.money_unit(study),
        through=c.year_of(study, found.through),
    )
    others = [s.title for s in found.scenarios if s.name != found.baseline.name]
    return Document(
        "compare",
        phrase("decide.compare.title", names=c.listed(others)),
        (*blocks, Paragraph(notes, "note")),
        subtitle=c.conditions(found.main.world, found.main.members, study, found.target),
    )


def answer(found: Comparison, study: Study) -> list[Words]:
    """Return the short answer: P of each, each effect, each pair, and whether orders hold."""
    main = found.main
    chances = [
        phrase(
            "decide.compare.chance",
            name=title_of(found, row.scenario),
            p=Shown(row.probability, Chance()),
        )
        for row in main.rows
    ]
    said: list[Words] = [
        phrase("decide.compare.asked", target=c.asked(study, found.target), items=c.listed(chances))
    ]
    said += [_effect(found, row, study) for row in main.rows if row.effect is not None]
    pairs = [p for p in main.pairs if found.baseline.name not in (p.first, p.second)]
    if len(pairs) > MANY:
        best = max(main.rows, key=lambda row: row.level.mean).scenario
        pairs = [p for p in pairs if best in (p.first, p.second)]
    said += [_pair(found, pair, study) for pair in pairs]
    if main.lost:
        said.append(phrase("decide.lost", n=main.lost))
    return said


def _effect(found: Comparison, row: Row, study: Study) -> Words:
    unit, money = c.target_unit(study, found.target, found.outcome.variable), c.money_unit(study)
    assert row.effect is not None
    name = title_of(found, row.scenario)
    if not c.told_of(row.effect.found):
        first = phrase("decide.compare.no_effect", name=name)
    else:
        first = phrase(
            "decide.compare.effect",
            name=name,
            mean=c.amount(row.effect.found, unit),
            median=Shown(row.effect.median, Number(digits=3, signed=True)),
            helped=Shown(row.effect.helped, Share()),
        )
    paid = phrase(
        "decide.compare.paid",
        outlay=outlay_of(study.report),
        through=c.year_of(study, found.through),
        treasury=c.amount(row.treasury.found, money, c.SPENT) if row.treasury else "",
        forgone=c.and_forgone(study, c.amount(row.forgone.found, money, c.SPENT))
        if row.forgone
        else "",
    )
    return joined([first, paid], "nothing")


def _pair(found: Comparison, pair: Pair, study: Study) -> Words:
    """Return which of two does more, by mean and median, and whether it holds everywhere."""
    unit = c.target_unit(study, found.target, found.outcome.variable)
    one, other = title_of(found, pair.first), title_of(found, pair.second)
    if pair.sign == 0:
        first = phrase("decide.compare.alike", first=one, second=other)
    else:
        better, worse = (one, other) if pair.sign > 0 else (other, one)
        size = abs(pair.effect.found.mean), pair.effect.found.se
        first = phrase(
            "decide.compare.better", first=better, second=worse, gap=c.amount(size, unit, c.SPENT)
        )
    parts: list[Words] = [first]
    if pair.split:
        parts.append(
            phrase(
                "decide.compare.split",
                median=Shown(pair.effect.median, Number(digits=3, signed=True)),
                first=one,
                second=other,
            )
        )
    if len(found.worlds) > 1:
        parts += prior_words(found, pair, study)
        parts.append(holds_words(found, pair, study))
    turned = [
        target
        for target, one in found.scopes
        for other in one.pairs
        if (other.first, other.second) == (pair.first, pair.second) and other.sign * pair.sign < 0
    ]
    if turned:
        names = c.listed(c.asked(study, target) for target in turned)
        parts.append(phrase("decide.compare.turned_scope", names=names))
    return joined(parts, "nothing")


def prior_words(found: Comparison, pair: Pair, study: Study) -> list[Words]:
    """Return whether an order holds under the other prior sets, in the structure told of."""
    said: list[Words] = []
    for one in found.worlds[1:]:
        if pair.sign == 0 or one.world.structure != found.main.world.structure:
            continue
        sign = next(p.sign for p in one.pairs if (p.first, p.second) == (pair.first, pair.second))
        key = "untold" if sign == 0 else "same" if sign == pair.sign else "turned"
        name = label(study.report, one.world.prior_set)
        said.append(phrase(f"decide.compare.prior_{key}", prior=name))
    return said


def holds_words(found: Comparison, pair: Pair, study: Study) -> Words:
    """Return whether an order holds in every world, and where not."""
    main, untold, turned = found.holds(pair.first, pair.second)
    names = {one.world.name: c.world_name(one.world, study.report) for one in found.worlds}
    n = len(found.worlds)
    if main == 0:
        signs = {
            p.sign
            for one in found.worlds
            for p in one.pairs
            if (p.first, p.second) == (pair.first, pair.second)
        }
        return (
            phrase("decide.compare.none_told", n=n)
            if signs == {0}
            else phrase(
                "decide.compare.some_told",
                n=n,
                k=sum(
                    1
                    for one in found.worlds
                    for p in one.pairs
                    if (p.first, p.second) == (pair.first, pair.second) and p.sign
                ),
            )
        )
    if not untold and not turned:
        return phrase("decide.compare.holds", n=n)
    parts = [phrase("decide.compare.holds_some", n=n, k=n - len(untold) - len(turned))]
    if turned:
        parts.append(phrase("decide.compare.turned", names=c.listed(names[w] for w in turned)))
    if untold:
        parts.append(phrase("decide.compare.untold", names=c.listed(names[w] for w in untold)))
    return joined(parts, "nothing")
