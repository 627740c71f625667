"""What papers say follows from the numbers: every branch, in every language."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from sdensemble.lang import LANGS, tell
from sdensemble.outputs.document import Annex, Figure, Paragraph, Table
from sdensemble.outputs.pages import tables
from sdensemble.outputs.pages.against import against, changed_files, moved_sentence
from sdensemble.outputs.pages.brief import (
    answer_sentences,
    brief,
    caveats,
)
from sdensemble.outputs.pages.levers import lever_sentences
from sdensemble.outputs.pages.material import Material
from sdensemble.outputs.pages.workbook import workbook
from sdensemble.outputs.rounding import percent
from sdensemble.outputs.workbook import Fan, Sentences
from sdensemble.results.ensemble import quantile
from sdensemble.results.results import Results, reference
from tests.outputs import nothing


def other(results, data):
    """Return results of other data, with nothing kept of what was read before."""
    return Results(data, results.scenarios, results.targets, results.spec, results.model)


def still(results):
    """Return results in which every scenario is the reference: no lever moves anything."""
    data = results.data.copy(deep=True)
    base = results.place(reference(results))
    for name, held in data.data_vars.items():
        place = held.dims.index("scenario")
        one = np.take(held.values, [base], axis=place)
        data[name] = held.copy(data=np.repeat(one, held.sizes["scenario"], axis=place))
    return other(results, data)


@pytest.mark.parametrize("lang", LANGS)
def test_the_paper_says_the_probability_of_the_run_with_its_error_in_the_first_paragraph(
    results, lang
):
    document = brief(results)
    first = next(b for b in document.blocks if isinstance(b, Paragraph))
    p = results.event(results.question, reference(results)).probability()
    assert first.style == "lead"
    assert percent(p) in tell(first.text, lang)
    nothing.write(document, lang)
    assert any(isinstance(block, Figure) for block in document.walk())
    said = "\n".join(nothing.texts(document, lang))
    assert not re.search(r"\{\w+\}|\bnan\b|\bNone\b", said)


def test_an_example_is_never_called_a_target_of_the_policy(results):
    spec = replace(results.spec, policy={"zh": "《意见》", "en": "the opinion"})
    named = Results(results.data, results.scenarios, results.targets, spec, results.model)
    assert "《意见》提出了这一目标" in tell(answer_sentences(named), "zh")
    edited = tuple(
        replace(one, role="reference") if one.id == results.question.id else one
        for one in results.targets
    )
    example = Results(results.data, results.scenarios, edited, spec, results.model)
    said = tell(answer_sentences(example), "zh")
    assert "《意见》没有提出这一目标，它是可以修改的示例" in said
    assert "提出了这一目标" not in said


def test_every_table_of_the_paper_names_its_run_and_source(results):
    results.data.attrs["run_id"] = "0123abcd"
    try:
        blocks = list(brief(results).walk())
    finally:
        del results.data.attrs["run_id"]
    shown = [one for one in blocks if isinstance(one, Table | Figure)]
    assert len(shown) >= 5
    assert {one.run for one in shown} == {"0123abcd"}
    assert all(one.source for one in shown)


def test_levers_that_move_nothing_are_not_called_better_than_others(results):
    quiet = still(results)
    assert "none of the" in tell(lever_sentences(quiet), "en").casefold()
    assert "没有一项使达标概率发生可与零区分的变化" in tell(answer_sentences(quiet), "zh")


def test_levers_that_move_are_named_in_the_order_of_their_effects(results):
    text = tell(lever_sentences(results), "zh")
    base, year = reference(results), results.asked_year
    whole = results.spec.headline.whole
    found = sorted(
        (
            (-results.effect(whole, s, b, year).found.mean, s.title["zh"])
            for s, b in results.pairs()
            if b is base
        ),
    )
    places = [text.index(name) for _, name in found[:3]]
    assert places == sorted(places)


def test_prior_sets_far_apart_ask_for_the_range_and_near_ones_do_not(results):
    shifted = results.data.copy(deep=True)
    shifted.attrs["prior_set"] = "plan"
    name = results.spec.headline.whole.variable
    near = other(results, shifted)
    told = [tell(one, "zh") for one in caveats(results, Material((near,)))]
    assert any("换一组先验" in one for one in told)
    low = shifted.copy(deep=True)
    low[name] = low[name].copy(data=low[name].values * 0.6)
    told = [tell(one, "zh") for one in caveats(results, Material((other(results, low),)))]
    assert any("不要只引其中一个数" in one for one in told)


def test_the_first_two_pages_show_few_levers_and_the_annex_all(results):
    document = brief(results)
    few = next(b for b in document.blocks if isinstance(b, Table) and b.id == "levers")
    (annex,) = (b for b in document.blocks if isinstance(b, Annex) and b.id == "all")
    full = next(b for b in annex.blocks if isinstance(b, Table))
    assert len(few.rows) <= 10
    assert len(full.rows) == len(results.scenarios)
    assert few.rows[0][0] == reference(results).title


def test_the_fan_data_hold_every_outcome_scenario_and_year_in_seven_quantiles(results):
    table = tables.fan_data(results)
    every = len(results.scenarios) * len(results.outcomes()) * len(results.years)
    assert len(table.rows) == every
    row = table.records()[len(results.years) + 3]
    outcome = results.outcomes()[1]
    values = results.at(outcome, results.scenarios[0], int(results.years[3]))
    wanted = quantile(values, list(tables.QUANTILES))
    held = [row[f"q{round(100 * q):02d}"] for q in tables.QUANTILES]
    assert held == pytest.approx(list(wanted), rel=1e-12)


@pytest.mark.parametrize("lang", LANGS)
def test_the_workbook_has_the_sheets_people_ask_for(results, lang):
    book = workbook(results)
    assert [sheet.id for sheet in book.sheets] == [
        "answer",
        "comparison",
        "targets",
        "fan",
        "gaps",
        "progress",
        "limits",
        "outlays",
        "about",
    ]
    for sheet in book.sheets:
        for part in sheet.parts:
            if isinstance(part, Sentences):
                assert all(tell(text, lang) for text in part.texts)
            else:
                nothing.write(part.data if isinstance(part, Fan) else part, lang)


def test_what_the_answer_hangs_on_is_found_and_noise_is_not(results):
    base = reference(results)
    outcome = results.question
    values = results.target_values(outcome, base)
    rng = np.random.default_rng(1)
    noise = {f"noise {i}": rng.normal(size=values.size) for i in range(40)}
    model = results.model
    known = list(model.variables)[:1]
    draws = {known[0]: values[None, :] if model[known[0]].dims else values}
    table = tables.hangs_on(results, draws)
    assert table is not None
    (low, _), (high, _) = table.rows[0][1:]
    assert (low, high) == (0.0, 1.0)
    quiet = {known[0]: next(iter(noise.values()))}
    shown = [tables.hangs_on(results, {known[0]: one}) for one in noise.values()]
    assert sum(one is not None for one in shown) <= 2
    assert tables.hangs_on(results, {}) is None
    assert quiet


# ── two runs ──


def record(p, **more):
    answer = {
        "target": "t",
        "target_title": {"zh": "甲", "en": "A"},
        "scenario": "s",
        "scenario_title": {"zh": "基准", "en": "Base"},
        "prior_set": "history",
        "year": 2025,
        "measure": "m",
        "scope": "",
        "p": p,
        "se": 0.01,
    }
    files = {"model/a.mdl": "1", "scenarios/x.toml": "2"}
    return {
        "id": "aa",
        "started": "2026-05-04T10:00:00",
        "files_read": files,
        "options": {"seed": 1},
        "answers": [answer],
    } | more


@pytest.mark.parametrize("lang", LANGS)
def test_two_runs_say_what_changed_and_what_that_did_to_p(results, lang):
    later = record(
        0.4,
        files_read={"model/a.mdl": "9", "calibration/history.csv": "3"},
        options={"seed": 2},
        id="bb",
    )
    first = record(0.3)
    assert changed_files(first, later) == {
        "data": [("calibration/history.csv", "added")],
        "model": [("model/a.mdl", "changed")],
        "scenarios": [("scenarios/x.toml", "removed")],
    }
    document = against(results.spec, first, later)
    nothing.write(document, lang)
    said = "\n".join(nothing.texts(document, lang))
    for part in ("10", "model/a.mdl", "scenarios/x.toml", "calibration/history.csv", "1"):
        assert part in said


def test_a_change_within_its_error_is_not_told_as_one(results):
    document = against(results.spec, record(0.30), record(0.31))
    said = "\n".join(nothing.texts(document, "en"))
    assert "none moved by more than sampling error" in said
    assert "read the same files with the same options" in said
    assert "no probability to compare" in tell(moved_sentence([]), "en")
