"""Structures weighed by what they forecast: their document and the tables of files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any

from sdensemble.evidence.structures import Mixture, Standing, Structures
from sdensemble.lang import Words, joined, phrase
from sdensemble.outputs.document import Document
from sdensemble.outputs.evidence.common import TWO, cell, document, evidence_table, lines
from sdensemble.outputs.form import Chance, Shown
from sdensemble.outputs.naming import named_with_year, period_of
from sdensemble.outputs.write.csv import write_rows
from sdensemble.results.probability import Key
from sdensemble.study import Study

KEY = tuple(field.name for field in fields(Key))
WEIGHTS = ("variant", "weight")
CHANCES = ("variant", "log_score", "weight", "p", "mc_error", "low", "high", *KEY)


def structures_document(study: Study, found: Structures) -> Document:
    """Return the structures with scores, weights and P, and the range beside the mixture."""
    unit = period_of(study.model, study.report)
    name = named_with_year(study.report.question(study.targets), unit)
    mixture = found.mixture
    standings = sorted(found.standings, key=lambda one: one.probability)
    said = [
        phrase(
            "evidence.range",
            name=name,
            low=_bare(standings[0]),
            high=_bare(standings[-1]),
            mixed=_bare(mixture),
        )
    ]
    if found.same:
        titles = {one.name: one.title for one in study.variants}
        main = phrase("evidence.main")
        pairs = [
            joined([titles.get(one, main), " = ", titles.get(other, main)], "nothing")
            for one, other in found.same.items()
        ]
        said.append(phrase("evidence.same", pairs=joined(pairs, "clause")))
    table = evidence_table(
        "weights",
        found.standings,
        cell("variant", "variant.title"),
        cell("log_score", "log_score", TWO),
        cell("weight", "weight", TWO),
        cell("p", _chance, Chance(), head="chance_of", target=name),
        n=found.figures,
    )
    return document("structures", [table, *lines(said)])


def _chance(one: Standing | Mixture) -> tuple[float, float]:
    return one.probability, one.error


def _bare(one: Standing | Mixture) -> Words:
    return Shown(_chance(one), Chance(error=False))


def _chances(found: Structures) -> Iterator[Sequence[Any]]:
    """Yield P under each structure and mixed, each with its key; probabilities to five digits."""
    for one in found.standings:
        scores = (f"{one.log_score:.4f}", f"{one.weight:.6f}")
        chances = (f"{one.probability:.5f}", f"{one.error:.5f}", "", "")
        yield (one.variant.name, *scores, *chances, *astuple(one.key))
    mixed = found.mixture
    shown = (f"{one:.5f}" for one in (mixed.probability, mixed.error, mixed.low, mixed.high))
    yield ("mixture", "", "", *shown, *astuple(mixed.key))


def write_structures(folder: Path, found: Structures) -> Path:
    """Write the weights and, beside them, P under each structure; return where the weights are."""
    write_rows(folder / "variant-chances.csv", CHANCES, _chances(found))
    weights = ((name, f"{weight:.6f}") for name, weight in found.weights.items())
    return write_rows(folder / "variant-weights.csv", WEIGHTS, weights)
