"""A person's own figures: added for good, traced to what they move, and taken back."""

from __future__ import annotations

import csv
import os
import shutil
from dataclasses import replace
from datetime import date

import pytest

from sdensemble import SDError
from sdensemble.evidence import observe
from sdensemble.evidence.calibrate import calibrate
from sdensemble.evidence.observe import LOG, observe_add
from sdensemble.evidence.observe.effects import moved
from sdensemble.evidence.posterior import read_posterior
from sdensemble.inputs import together
from sdensemble.inputs.history import read_history, vintage
from sdensemble.lang import tell
from sdensemble.outputs.evidence.calibrate import calibration_document
from sdensemble.outputs.evidence.observe import (
    batches_document,
    observed_document,
    points,
    undone_document,
)
from sdensemble.outputs.write.terminal import document_text
from sdensemble.results.estimate import Estimate
from sdensemble.study import open_study
from sdensemble.verbs.run_options import RunOptions
from sdensemble.verbs.run_study import run_study
from tests.evidence.brought import FEW, HEAD, read

pytestmark = pytest.mark.usefixtures("fits_kept")


def said(study, found, lang="en"):
    study = open_study(study.folder)
    return " ".join(document_text(observed_document(study, found), lang).split())


def listed(study, lang):
    study = open_study(study.folder)
    return document_text(batches_document(study, observe.batches(study)), lang)


def add(study, *rows, particles=FEW, **more):
    study = open_study(study.folder)
    figures = read(study, HEAD + "\n".join(rows))
    return observe_add(study, figures, particles=particles, **more)


# ── what they move ──


def test_a_high_figure_moves_the_probability_up_and_the_log_names_it(small):
    history = small.folder / "calibration" / "history.csv"
    before = history.read_bytes()
    rows = "2023,sales,total,260,Ton,2024,", "2023,volume,total,150,Ton,2024,"
    found = add(small, *rows, each=True)
    high, low = found.moved
    assert high.alone["sales_2025"].mean > 0.02
    assert low.alone["sales_2025"].mean < high.alone["sales_2025"].mean
    assert history.read_bytes().startswith(before)
    with (small.folder / "calibration" / LOG).open(encoding="utf-8-sig") as stream:
        log = list(csv.DictReader(stream))
    assert [row["measure"] for row in log] == ["sales", "volume"]
    assert (log[0]["file"], log[0]["line"], log[0]["fitted"]) == ("mine.csv", "2", "1")
    assert "Sales 2023 = 260 Ton" in said(small, found)
    lines = document_text(observed_document(small, found), "en").splitlines()
    assert "." not in "".join(line for line in lines if "±" in line and "%" in line)


def test_probabilities_carry_keys_and_only_the_information_date_and_draws_differ(small):
    found = add(small, "2023,sales,total,260,Ton,2024,")
    old, new = found.before["sales_2025"], found.after["sales_2025"]
    with pytest.raises(SDError, match=r"as_of.*posterior"):
        _ = old < new
    same = {"as_of": "", "posterior": ""}
    assert replace(old.key, **same) == replace(new.key, **same)
    assert (old.key.as_of, new.key.as_of) == ("latest", f"2024-12-31 ({found.batch})")
    kept = read_posterior(small.folder / "calibration" / "posterior.nc")
    assert new.key.posterior == kept.digest
    assert f"posterior {kept.digest}" in said(small, found)
    assert "sales annual >= 260 Ton" in said(small, found)
    assert "deliberate comparison across information dates" in said(small, found)


def test_moves_of_different_questions_are_not_compared(small):
    from sdensemble.evidence.fitter import Fitter

    fitter = Fitter.of(small, "", FEW, None, 1)
    one = observe.effects.events(fitter, None, "latest")["sales_2025"]
    assert moved(one, one).mean == 0
    with pytest.raises(SDError, match="different questions"):
        moved(one, replace(one, key=replace(one.key, measure="other")))


def test_what_is_not_fitted_is_not_refitted_and_says_why(small, monkeypatch):
    calibration = small.folder / "calibration"
    monkeypatch.setattr(observe.effects, "fit", None)
    known = len(small.history)
    found = add(small, "2023,sales,total,100,Ton,2024,2023-06-30", "2015,sales,total,9,Ton,2016,")
    assert "nothing was refitted" in said(small, found)
    assert "part of a year" in said(small, found)
    assert "do not take 2015" in said(small, found)
    assert not found.before
    assert not (calibration / "posterior.nc").exists()
    assert len(read_history(calibration / "history.csv")) == known + 2


def test_a_stored_posterior_is_what_was_before_and_a_larger_one_stays(small):
    first = add(small, "2023,sales,total,200,Ton,2024,", particles=256)
    stored = (small.folder / "calibration" / "posterior.nc").read_bytes()
    second = add(small, "2024,sales,total,215,Ton,2025,", particles=FEW)
    assert (small.folder / "calibration" / "posterior.nc").read_bytes() == stored
    assert "holds 256 particles" in said(small, second)
    beside = small.folder / "calibration" / f"posterior-{second.batch}-prior.nc"
    assert read_posterior(beside).particles * 16 == FEW
    assert second.before["sales_2025"].members == second.after["sales_2025"].members == FEW
    assert first.after["sales_2025"].members == 256
    assert second.before["sales_2025"].key.posterior == first.after["sales_2025"].key.posterior


def test_a_posterior_fitted_alike_is_taken_as_what_was_before(small):
    first = add(small, "2023,sales,total,200,Ton,2024,")
    second = add(small, "2024,sales,total,215,Ton,2025,")
    assert second.before["sales_2025"].key.posterior == first.after["sales_2025"].key.posterior


def step(mean, se):
    return Estimate(mean, se, mean - 2 * se, mean + 2 * se, 100, 16, "t")


def test_a_move_is_printed_with_its_error_and_no_digit_beyond_it():
    assert tell(points(step(0.123, 0.021)), "en") == "+12 ±3"
    assert tell(points(step(-0.31, 0.12)), "en") == "−30 ±12"
    assert tell(points(step(0.031, 0.04)), "zh") == "≈0 ±4（不能与零区分）"
    assert tell(points(step(0.0, 0.0)), "en") == "≈0"
    assert tell(points(step(0.003, 0.001)), "en") == "+under 1"


# ── revisions and vintages ──


def test_a_revision_is_a_new_row_and_the_earlier_vintage_is_still_there(small):
    old = vintage(small.history, "latest").fitted()
    found = add(small, "2022,sales,total,200,Ton,2025-01-01,")
    was = next(o.value for o in old if o.measure == "sales" and o.time == 2022)
    assert found.moved[0].replaces is not None
    assert found.moved[0].replaces.value == was
    assert f"revises {was:g}" in said(small, found)
    assert "the vintage now uses 200" in said(small, found)
    rows = read_history(small.folder / "calibration" / "history.csv")
    assert len(rows) == len(small.history) + 1
    again = open_study(small.folder)
    by_date = vintage(again.history, "2024-12-31").fitted()
    assert [o.value for o in by_date] == [o.value for o in old]
    assert 200 in [o.value for o in vintage(again.history, found.batch).fitted()]


def test_a_value_published_before_the_one_known_says_which_the_vintage_uses(small):
    add(small, "2023,sales,total,200,Ton,2025-01-01,")
    found = add(small, "2023,sales,total,190,Ton,2024-06-01,")
    assert "the vintage uses it: 200 (2025-01-01)" in said(small, found)
    assert "revises" not in said(small, found)
    assert not found.before


def test_an_import_is_a_vintage_with_its_posterior_and_the_date_of_its_latest_publication(
    small, no_figures
):
    first = add(small, "2023,sales,total,200,Ton,2024-03-05,")
    answers = {}
    for name in ("latest", first.batch):
        options = RunOptions(
            study=small.folder,
            members=64,
            as_of=name,
            lang="en",
            out=small.folder / "outputs" / name,
        )
        answers[name] = run_study(options).text("en")
    assert f"nowcast (data published to 2024-03-05, {first.batch})" in answers[first.batch]
    assert "ex ante" not in answers[first.batch]
    assert all("calibrated (posterior" in answer for answer in answers.values())
    second = add(small, "2024,sales,total,215,Ton,2025,", particles=FEW)
    options = RunOptions(
        study=small.folder,
        members=64,
        as_of=second.batch,
        lang="en",
        out=small.folder / "outputs" / "2",
    )
    assert "calibrated (posterior" in run_study(options).text("en")
    fitted = calibrate(open_study(small.folder), as_of=second.batch, particles=FEW, profiles=False)
    text = document_text(calibration_document(open_study(small.folder), fitted), "en")
    assert "Fit: nowcast (data published to 2025-12-31" in text


# ── all or nothing ──


class Stop(BaseException):
    pass


@pytest.mark.parametrize("kind", [OSError, KeyboardInterrupt, Stop])
@pytest.mark.parametrize("at", ["posterior", "log", "history", "copy", 0, 1, 2])
def test_a_failure_at_any_step_leaves_all_files_as_they_were(small, monkeypatch, at, kind):
    calibration = small.folder / "calibration"
    add(small, "2015,sales,total,9,Ton,2016,")  # a log to keep
    shutil.copy(calibration / LOG, calibration / "posterior.nc")  # stands for an earlier one
    monkeypatch.setattr(observe.add, "_stored_size", lambda *_: 0)
    held = {p.name: p.read_bytes() for p in calibration.iterdir()}

    def fails(*_, **__):
        raise kind("injected")

    names = {"posterior": "store_posterior", "log": "logged", "history": "appended"}
    if at == "copy":
        monkeypatch.setattr(together.shutil, "copy2", fails)
    elif at in names:
        real = getattr(observe.add, names[at])
        calls = []

        def late(*args, **more):
            calls.append(args)
            first = at == "history" and len(calls) == 1
            return real(*args, **more) if first else fails()

        monkeypatch.setattr(observe.add, names[at], late)
    else:
        swap, count = os.replace, []

        def replace_then_fail(old, new):
            if str(old).endswith(".new"):
                count.append(new)
                if len(count) == at + 1:
                    fails()
            swap(old, new)

        monkeypatch.setattr(together.os, "replace", replace_then_fail)
    with pytest.raises(SDError if kind is OSError else kind):
        add(small, "2023,sales,total,200,Ton,2024,")
    assert {p.name: p.read_bytes() for p in calibration.iterdir()} == held


def test_files_that_were_not_there_are_gone_again_after_a_failure(small, monkeypatch):
    calibration = small.folder / "calibration"
    held = {p.name: p.read_bytes() for p in calibration.iterdir()}
    swap = os.replace

    def last_fails(old, new):
        if new.name == "history.csv" and old.name.endswith(".new"):
            raise KeyboardInterrupt
        swap(old, new)

    monkeypatch.setattr(together.os, "replace", last_fails)
    with pytest.raises(KeyboardInterrupt):
        add(small, "2023,sales,total,200,Ton,2024,")
    assert {p.name: p.read_bytes() for p in calibration.iterdir()} == held


def test_a_history_changed_meanwhile_is_not_written_over(small):
    study = open_study(small.folder)
    figures = read(study, HEAD + "2015,sales,total,9,Ton,2016,")
    path = small.folder / "calibration" / "history.csv"
    assert study.history
    with path.open("a", encoding="utf-8") as file:
        file.write("2014,total,sales,9,Ton,x,2014-12-31,2020,,,observed,,\n")
    held = path.read_bytes()
    with pytest.raises(SDError, match="changed while"):
        observe_add(study, figures, particles=FEW)
    assert path.read_bytes() == held


# ── unpublished, listed, taken back ──


def test_a_figure_that_nobody_published_is_marked_wherever_it_is_named(small):
    text = "年份,指标,范围,数值,单位,公布日期\n2023,销售额,total,190,Ton,未公布\n"
    (one,) = read(small, text).new
    assert one.row.unpublished
    assert one.row.published_on == f"{date.today()} (unpublished)"
    done = observe_add(small, read(small, text), particles=FEW)
    assert "（自加，未公布）" in said(small, done, "zh")
    kept = [row for row in read_history(small.folder / "calibration" / "history.csv") if row.own]
    assert [row.unpublished for row in kept] == [True]
    assert "（自加，未公布）" in listed(small, "zh")


def test_a_batch_taken_back_leaves_history_and_posterior_as_they_were(small):
    calibration = small.folder / "calibration"
    first = add(small, "2023,sales,total,200,Ton,2024,")
    held = {p.name: p.read_bytes() for p in calibration.iterdir() if p.name != LOG}
    second = add(small, "2024,sales,total,215,Ton,2025,")
    undone = observe.observe_undo(open_study(small.folder))
    assert undone.batch.name == second.batch
    assert second.batch in document_text(undone_document(undone), "en")
    assert {p.name: p.read_bytes() for p in calibration.iterdir() if p.name != LOG} == held
    with (calibration / LOG).open(encoding="utf-8-sig") as stream:
        assert [row["file"] for row in csv.DictReader(stream)] == ["mine.csv", "mine.csv", "undo"]
    again = listed(small, "en")
    assert first.batch in again
    assert second.batch not in again


def test_an_earlier_batch_taken_back_asks_for_a_new_fit_and_an_unknown_one_is_told(small):
    first = add(small, "2023,sales,total,200,Ton,2024,")
    second = add(small, "2024,sales,total,215,Ton,2025,")
    undone = observe.observe_undo(open_study(small.folder), first.batch)
    assert not undone.posteriors
    assert "fit anew" in document_text(undone_document(undone), "en")
    assert [row.batch for row in open_study(small.folder).history if row.own] == [second.batch]
    with pytest.raises(SDError, match=f'no import "x" .there are {second.batch}'):
        observe.observe_undo(open_study(small.folder), "x")


def test_without_an_import_there_is_nothing_to_list_or_take_back(small):
    assert listed(small, "en") == "Nobody has brought in figures."
    with pytest.raises(SDError, match="no import to take back"):
        observe.observe_undo(small)


# ── how long ──


def test_the_time_left_is_told_as_a_range_that_closes_as_powers_grow(monkeypatch):
    from sdensemble.evidence.observe import pace

    clock, lines = [0.0], []
    monkeypatch.setattr(pace.time, "monotonic", lambda: clock[0])
    told = pace.Pace(2, lambda words: lines.append(tell(words, "en")))
    for power in (0.01, 0.1, 1.0):
        clock[0] += 30
        told.stage(power, "")
    told.next_fit()
    for power in (0.01, 0.1):
        clock[0] += 30
        told.stage(power, "")
    assert lines[2] == "about 50% done in 2 min; about 63 s to 2 min left"
    assert lines[4] == "about 83% done in 2 min; about 21 s to 45 s left"


def test_what_moves_is_shown_under_the_baseline(small):
    found = add(small, "2023,sales,total,200,Ton,2024,")
    assert {p.key.scenario for p in found.before.values()} == {"baseline"}
