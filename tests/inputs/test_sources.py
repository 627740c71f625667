"""Tables of evidence: read whole, refused by file and line; rows named by priors and the model."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdensemble import SDError, open_study
from sdensemble.inputs.priors import read_priors
from sdensemble.inputs.sources import COLUMNS, read_sources
from sdensemble.pages.write import write_reference
from sdensemble.study import check_study
from tests.evidence.small import make_study

HEAD = ",".join(COLUMNS) + "\n"
GOOD = "E001,补助,grant,1,2,3,%,2020,A study,J,https://a.b,original,abstract,A,\n"


def evidence(folder: Path, text: str, name: str = "effects") -> Path:
    place = folder / "evidence"
    place.mkdir(exist_ok=True)
    (place / f"{name}.csv").write_text(HEAD + text, "utf-8-sig")
    return folder


def test_rows_are_read_with_their_publication(tmp_path):
    (row,) = read_sources(evidence(tmp_path, GOOD)).rows
    assert (row.id, row.low, row.central, row.high, row.unit) == ("E001", 1, 2, 3, "%")
    assert row.original == "J"
    assert not row.recalled


def test_a_study_without_evidence_has_none(tmp_path):
    assert read_sources(tmp_path).rows == ()
    assert read_sources(tmp_path).cited("E001") == []
    assert read_sources(tmp_path).unknown("E001") == []


def test_every_bad_row_is_told_by_file_and_line(tmp_path):
    bad = (
        "E001,,grant,3,2,1,%,2020,A,J,,original,read,A,\n"
        "E001,,grant,x,,,%,2020,A,J,,repost,red,A,\n"
    )
    with pytest.raises(SDError) as told:
        read_sources(evidence(tmp_path, bad))
    lines = "\n".join(told.value.problems)
    assert "effects.csv line 2: low, central and high must rise: 3, 2, 1" in lines
    assert 'line 3: low must be a number, not "x"' in lines
    assert 'not "red" — did you mean "read"?' in lines
    assert 'the id "E001" stands at' in lines


def test_a_table_without_its_columns_is_refused(tmp_path):
    place = tmp_path / "evidence"
    place.mkdir()
    (place / "effects.csv").write_text("id,zh\nE001,x\n", "utf-8")
    with pytest.raises(SDError, match=r"effects\.csv line 1: columns missing: en, low"):
        read_sources(tmp_path)


def test_a_text_names_rows_by_code_and_words_behind_their_table(tmp_path):
    evidence(tmp_path, GOOD)
    word = "parks,园区,parks,,1,,个,2020,A,J,,none,assumed,,\n"
    sources = read_sources(evidence(tmp_path, word, "levers"))
    text = "E001; levers.csv parks of 3; parks alone is a word; E002 is unknown"
    assert [row.id for *_, row in sources.cited(text)] == ["E001", "parks"]
    start, end, _ = sources.cited(text)[1]
    assert text[start:end] == "parks"
    assert sources.unknown(text) == ["E002"]


def test_a_prior_that_names_a_row_that_is_not_there_is_refused_by_file_and_key(tmp_path):
    place = make_study(tmp_path)
    priors = place / "calibration" / "priors.toml"
    evidence(place / "calibration", GOOD)
    text = priors.read_text("utf-8")
    priors.write_text(text.replace("sd = 1\n", 'sd = 1\neffects = ["E001"]\n'), "utf-8")
    model = open_study(place).model
    kept = {p.constant: p.effects for p in read_priors(priors, model).items}
    assert kept["nuisance"] == ("E001",)
    priors.write_text(text.replace("sd = 1\n", 'sd = 1\neffects = ["E0O1"]\n'), "utf-8")
    with pytest.raises(
        SDError, match=r'priors\.toml \[\[prior\]\] "nuisance": effects: no row "E0O1"'
    ):
        read_priors(priors, model)


def test_a_prior_outside_its_limits_is_refused_by_file_and_key(tmp_path):
    place = make_study(tmp_path)
    priors = place / "calibration" / "priors.toml"
    priors.write_text(priors.read_text("utf-8").replace("high = 0.2", "high = 0.9"), "utf-8")
    with pytest.raises(SDError, match=r'priors\.toml \[\[prior\]\] "growth": .*outside the limits'):
        read_priors(priors, open_study(place).model)


def test_a_row_the_model_cites_and_no_table_has_is_told(tmp_path):
    place = make_study(tmp_path)
    evidence(place / "calibration", GOOD)
    model = place / "model" / "trade.mdl"
    text = model.read_text("utf-8")
    model.write_text(text.replace("EN: growth; source: test", "EN: growth; source: E002"), "utf-8")
    found = [line for line in check_study(open_study(place)) if "E002" in line]
    assert found == ['trade.mdl "growth": source names E002, which no table of evidence has']


def test_the_shipped_tables_hold_what_the_priors_and_the_model_name(study):
    assert not study.sources.unknown(
        " ".join(v.note.source for v in study.model.variables.values())
    )
    recalled = [row for row in study.sources.rows if row.recalled]
    assert recalled
    assert all(row.quality for row in recalled)
    assert {row.copy for row in study.sources.rows} >= {"original", "repost", "none"}


def test_the_reference_leads_from_a_number_to_its_row_and_publication(tmp_path):
    place = make_study(tmp_path)
    evidence(place / "calibration", GOOD)
    model = place / "model" / "trade.mdl"
    text = model.read_text("utf-8")
    model.write_text(text.replace("EN: growth; source: test", "EN: growth; source: E001"), "utf-8")
    write_reference(open_study(place), tmp_path / "pages", png=False)
    said = (tmp_path / "pages" / "en" / "assumptions.md").read_text("utf-8")
    assert "[E001](evidence.md#e001)" in said
    page = (tmp_path / "pages" / "en" / "evidence.md").read_text("utf-8")
    (row,) = [line for line in page.splitlines() if '<a id="e001"></a>E001' in line]
    assert "https://" in row
    assert "growth" in row.split("|")[-2]
    no = open_study(make_study(tmp_path / "without"))
    write_reference(no, tmp_path / "none", png=False)
    assert not (tmp_path / "none" / "en" / "evidence.md").exists()
