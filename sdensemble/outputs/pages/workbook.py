"""The workbook of a run: what people copy into their own papers, sheet by sheet."""

from __future__ import annotations

from dataclasses import replace

from sdensemble.lang import Words, phrase
from sdensemble.outputs.answer import columns_note, comparison
from sdensemble.outputs.figures.parts import run_of, source
from sdensemble.outputs.pages import tables
from sdensemble.outputs.pages.brief import answer_sentences, caveats, trace_sentence
from sdensemble.outputs.pages.levers import lever_sentences
from sdensemble.outputs.pages.material import Material
from sdensemble.outputs.workbook import Fan, Sentences, Sheet, Workbook
from sdensemble.results.results import Results

BANDS = (("q05", "q95", 90), ("q10", "q90", 80), ("q25", "q75", 50))


def workbook(results: Results, material: Material | None = None) -> Workbook:
    """Return the workbook of a run as a value; a sheet that would be empty is left out."""
    material = material or Material()
    sheets = [
        _answer(results, material),
        _comparison(results, material),
        *_one("levers", tables.scenario_levers(results)),
        Sheet("targets", phrase("brief.sheet_targets"), (tables.targets_by_scenario(results),)),
        _fan(results),
        *_one("gaps", tables.gaps(results)),
        *_one("progress", tables.progress(results)),
        *_one("limits", tables.limits(results)),
        *_one("outlays", tables.outlays(results)),
        _about(results, material),
    ]
    return Workbook(
        "results",
        phrase("brief.book"),
        tuple(sheets),
        date=str(material.record.get("started", ""))[:10],
        run=run_of(results),
        source=source(results),
    )


def _one(name: str, table: object) -> list[Sheet]:
    if not isinstance(table, tables.Table) or not table.rows:
        return []
    return [Sheet(name, phrase(f"brief.sheet_{name}"), (table,))]


def _answer(results: Results, material: Material) -> Sheet:
    heads = [phrase("brief.say_answer")]
    texts = [answer_sentences(results, material.others)]
    if any(True for _ in results.pairs()):
        heads.append(phrase("brief.say_levers"))
        texts.append(lever_sentences(results))
    for caveat in caveats(results, material):
        heads.append(phrase("brief.say_caveat"))
        texts.append(caveat)
    said = Sentences(tuple(texts), tuple(heads))
    worlds = tables.worlds(results, material.others)
    return Sheet("answer", phrase("brief.sheet_answer"), (said, worlds))


def _comparison(results: Results, material: Material) -> Sheet:
    table = comparison(results, material.others)
    table = replace(table, title=phrase("brief.comparison"), notes=(columns_note(results),))
    return Sheet("comparison", phrase("brief.sheet_comparison"), (table,))


def _fan(results: Results) -> Sheet:
    bands = tuple((low, high, phrase("figure.band", share=share)) for low, high, share in BANDS)
    unit = tables.unit_of(results, results.spec.headline.whole.variable)
    data = tables.fan_data(results)
    fan = Fan(data, ("scenario", "outcome"), "year", bands, "q50", "target", unit)
    return Sheet("fan", phrase("brief.sheet_fan"), (fan,))


def _about(results: Results, material: Material) -> Sheet:
    base = {"members": results.members, "seed": results.data.attrs.get("seed", "")}
    texts: list[Words] = [phrase(f"brief.about_{n}", **base) for n in range(1, 7)]
    texts.append(trace_sentence(results, material))
    heads = [phrase("brief.about_head", n=n) for n in range(1, len(texts) + 1)]
    return Sheet("about", phrase("brief.sheet_about"), (Sentences(tuple(texts), tuple(heads)),))
