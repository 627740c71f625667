"""What a run under every structure says: its document."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from sdensemble.inputs.scenarios import Scenario
from sdensemble.lang import Words, joined, phrase
from sdensemble.outputs.document import Block, Document, Paragraph
from sdensemble.outputs.form import Native, Number, Shown
from sdensemble.outputs.models import (
    Across,
    ModelSet,
    effects,
    flipped,
    flips,
    how_mixed,
    leads,
    leads_of_two,
    packages,
    per_outlay,
    probabilities,
)
from sdensemble.outputs.naming import information_date, outlay_of, statement, target_name, when
from sdensemble.outputs.rounding import decimals, points, points_up, rounded, rounded_up
from sdensemble.outputs.table import Column, Table
from sdensemble.results.estimate import Estimate
from sdensemble.results.probability import distinguishable
from sdensemble.results.results import Results, reference


def answer(models: ModelSet) -> Document:
    """Return the answer as a table by variant with the range, the mixture and what flips."""
    main = models.main
    base, asked = reference(main), main.question
    head = phrase(
        "variants.head",
        n=len(models.variants),
        members=main.members,
        date=information_date(main.as_of, main.spec.issued),
    )
    lines = (head, phrase("variants.asked", target=statement(main, asked)))
    found = probabilities(models, asked, base)
    notes = _notes(models, found, base)
    blocks: list[Block] = [
        *map(Paragraph, lines),
        _table(models, found, base),
        *map(Paragraph, notes),
    ]
    return Document("variants", "", tuple(blocks))


def _table(models: ModelSet, found: Across, base: Scenario) -> Table:
    main = models.main
    pairs = packages(models) or main.pairs()[:2]
    moves = [effects(models, one, other, main.asked_year) for one, other in pairs]
    turned = flipped(models)
    columns = [
        Column("variant", phrase("variants.variant")),
        Column("p", phrase("variants.p", scenario=base.title), Likely()),
        *(Column(one.name, one.title, Worth()) for one, _ in pairs),
        Column("leads", phrase("variants.leads", outlay=outlay_of(main.spec))),
    ]
    if turned:
        names: dict[str, Words] = {"first": turned.one.title, "second": turned.two.title}
        columns.append(Column("pair_leads", phrase("variants.pair_leads", **names)))
    lines: list[tuple[Any, ...]] = []
    for i, variant in enumerate(models.variants):
        cells = [
            _moved(move.each[i], models.results[i], pair, main.asked_year)
            for move, pair in zip(moves, pairs, strict=True)
        ]
        pair_leads = [leads_of_two(models, i, turned)] if turned else []
        lead = leads(models, i)
        lines.append((models.title(variant), found.each[i], *cells, lead, *pair_leads))
    empty = [None] * (len(columns) - 2 - len(pairs))
    spans = [Ends(*move.span) for move in moves]
    lines.append((phrase("variants.range"), found.ends, *spans, *empty))
    mixed = [(move.mixture, math.nan) for move in moves]
    how = phrase("variants.mixture", how=how_mixed(models))
    lines.append((how, found.mixture, *mixed, *empty))
    return Table("variants", "", tuple(columns), tuple(lines))


@dataclass(frozen=True)
class Ends:
    """The least and the most over the variants."""

    low: float
    high: float


@dataclass(frozen=True)
class Likely(Number):
    """P as an estimate, or the least and the most likely of several: "31% ±1", "25–40%"."""

    error: bool = True
    likely: bool = field(default=True, kw_only=True)

    def written(self, value: Any, lang: str) -> str:
        """Return the probability in whole points."""
        if isinstance(value, tuple):
            low, high = (points(one.mean, one.error) for one in value)
            return f"{low}–{high}%"
        told = self.error and math.isfinite(value.se)
        error = f" ±{points_up(value.se)}" if told else ""
        return f"{points(value.mean, value.error)}%{error}"

    def number(self, value: Any, lang: str) -> Native:
        """Return the share; nothing for a range."""
        return super().number(getattr(value, "mean", None), lang)


@dataclass(frozen=True)
class Worth(Number):
    """(paired effect, effect per unit of outlay): "5.4 ±0.1 (2.31)"; or the ends of a range."""

    def written(self, value: Any, lang: str) -> str:
        """Return the effect with its error, in brackets per unit of outlay."""
        if isinstance(value, Ends):
            known = math.isfinite(value.low)
            return f"{value.low:.1f}–{value.high:.1f}" if known else self.nothing(lang)
        found, ratio = value
        if found is None:
            return self.nothing(lang)
        if not distinguishable(found):
            return "≈0"
        shown = f"{rounded(found.mean, found.se)} ±{rounded_up(found.se, decimals(found.se, 1))}"
        return f"{shown} ({ratio:.2f})" if math.isfinite(ratio) else shown

    def number(self, value: Any, lang: str) -> Native:
        """Return the effect; nothing for a range."""
        found = None if isinstance(value, Ends) else value[0]
        return super().number(getattr(found, "mean", None), lang)


def _notes(models: ModelSet, found: Across, base: Scenario) -> list[Words]:
    main, asked, mixture = models.main, models.main.question, found.mixture
    low, high = (Shown(end, Likely(error=False)) for end in found.ends or (None, None))
    columns: dict[str, object] = {
        "year": when(main, main.asked_year),
        "name": target_name(asked),
        "unit": main.spec.unit_words(asked.unit),
    }
    answer: dict[str, object] = {
        "scenario": base.title,
        "target": statement(main, asked),
        "how": how_mixed(models),
        "low": low,
        "high": high,
        "mixture": Shown(mixture, Likely(error=False)),
    }
    return [
        phrase("variants.columns", outlay=outlay_of(main.spec), **columns),
        *([phrase("variants.leaders", outlay=outlay_of(main.spec))] if flipped(models) else []),
        *([phrase("variants.once")] if models.same else []),
        phrase("variants.answer", **answer),
        *flip_words(models),
        *(
            phrase("variants.lost", variant=variant.title, members=one["members"])
            for variant, results in zip(models.variants, models.results, strict=True)
            for one in results.lost[:1]
        ),
        phrase("variants.caution"),
    ]


def flip_words(models: ModelSet) -> list[Words]:
    """Return a sentence for each pair of packages: where their ranking flips, if it does."""
    found: list[Words] = []
    for one, two, ahead, behind in flips(models, repeated=False):
        outlay = outlay_of(models.main.spec)
        names: dict[str, object] = {"first": one.title, "second": two.title, "outlay": outlay}
        if ahead and behind:
            sides = [
                joined([phrase("language.quoted", text=v.title) for v in side])
                for side in (ahead, behind)
            ]
            found.append(phrase("variants.flip", **names, ahead=sides[0], behind=sides[1]))
        else:
            found.append(
                phrase(f"variants.{'no_flip' if ahead or behind else 'unranked'}", **names)
            )
    return found


def _moved(
    found: Estimate | None, results: Results, pair: tuple[Scenario, Scenario], year: int
) -> tuple[Estimate | None, float]:
    return found, math.nan if found is None else per_outlay(results, *pair, year)
