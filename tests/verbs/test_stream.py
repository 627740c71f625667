"""Runs of very many members: the headline alone, and samples that grow until P is exact."""

import csv
import json

import numpy as np
import pytest

from sdengine.errors import SDError
from sdensemble.results.ensemble import quantile
from sdensemble.results.store import read_ensemble
from sdensemble.results.stored import stored_results
from sdensemble.study import open_study
from sdensemble.verbs.grow import following, grown
from sdensemble.verbs.precision import Precision, read_precision
from sdensemble.verbs.run_options import RunOptions
from sdensemble.verbs.run_study import run_study


def options(study, folder, **more):
    return RunOptions(**{"study": study, "members": 256, "out": folder, "lang": "en"} | more)


def rows(path):
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def wide(teacup):
    """The teacup, of whose kept variables some are not the headline."""
    targets = teacup / "scenarios" / "targets.csv"
    lines = targets.read_text("utf-8-sig").splitlines()
    head = lines[0].split(",")
    row = dict(zip(head, next(csv.reader([lines[1]])), strict=True))
    row |= {"id": "lost", "variable": "heat loss to room", "aggregate": "mean"}
    row |= {"unit": "Degree/Minute", "headline": ""}
    lines.append(",".join(row.values()))
    targets.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return teacup


def test_a_run_of_the_headline_has_the_numbers_of_one_that_keeps_all(wide, tmp_path, no_figures):
    every = run_study(options(wide, tmp_path / "all"))
    few = run_study(options(wide, tmp_path / "few", keep="headline"))
    data, whole = (read_ensemble(tmp_path / name / "ensemble.nc") for name in ("few", "all"))
    assert list(data.data_vars) == ["teacup temperature"]
    assert data["teacup temperature"].dtype == np.float64
    assert np.array_equal(data["teacup temperature"], whole["teacup temperature"])
    kept = [row for row in rows(tmp_path / "all" / "probabilities.csv") if row["target"] != "lost"]
    assert rows(tmp_path / "few" / "probabilities.csv") == kept
    told = few.text("en")
    assert 'This run kept the years of "Tea temperature" alone' in told
    assert "1 targets were not kept" in told
    assert "kept the years" not in every.text("en")


def test_a_stored_run_of_the_headline_is_read_back_and_says_what_it_lacks(
    wide, tmp_path, no_figures
):
    run_study(options(wide, tmp_path / "few", keep="headline"))
    study = open_study(wide)
    results = stored_results(
        tmp_path / "few",
        scenarios=study.scenarios,
        targets=study.targets,
        spec=study.report,
        model=study.model,
    )
    assert "lost" not in {target.id for target in results.targets}
    base = results.scenarios[0]
    values = results.at(results.asked_outcome, base, results.asked_year)
    assert quantile(values, 0.5) == np.sort(values)[127:129].mean()
    with pytest.raises(SDError, match='kept no "heat loss to room"'):
        results.series("heat loss to room")


def test_members_are_added_until_p_is_as_exact_as_asked_and_the_first_stay(
    teacup, tmp_path, no_figures
):
    short = run_study(options(teacup, tmp_path / "short"))
    long = run_study(options(teacup, tmp_path / "long", until=Precision("", 0.012)))
    first, grew = short.found[0].data, long.found[0].data
    assert 256 < grew.sizes["member"] <= 8192
    assert np.array_equal(
        grew["teacup temperature"].values[:, :256], first["teacup temperature"].values
    )
    target = long.found[0].question
    errors = [long.found[0].event(target, s).probability().se for s in long.found[0].scenarios]
    assert max(errors) <= 0.012
    assert f"{grew.sizes['member']:,} members, greatest error" in long.text("en")
    assert np.unique(grew["replicate"]).size == 16 * grew.sizes["member"] // 256
    record = json.loads((tmp_path / "long" / "run.json").read_text("utf-8"))
    assert record["options"]["until"] == "P ±1.2"
    assert record["ensembles"][0]["members"] == grew.sizes["member"]


def test_the_most_members_end_a_sample_that_does_not_get_there(teacup, tmp_path, no_figures):
    asked = options(teacup, tmp_path / "run", until=Precision("", 0.0001), most=1024)
    found = run_study(asked)
    assert found.found[0].members == 1024
    assert "Note: with 1,024 members, the most allowed" in found.text("en")


def test_a_target_that_is_none_is_told_before_anything_is_run(teacup, tmp_path):
    with pytest.raises(SDError, match='no target "warm"'):
        run_study(options(teacup, tmp_path / "run", until=Precision("warm", 0.01)))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("P ±0.5", Precision("", 0.005)),
        ("±1", Precision("", 0.01)),
        ("total_2025 +-0.25", Precision("total_2025", 0.0025)),
        ("全省产值 2025 ± 0.5个百分点", Precision("全省产值 2025", 0.005)),
        ("2030", 2030.0),
    ],
)
def test_a_precision_is_read_as_people_type_it(text, found):
    assert read_precision(text) == found


@pytest.mark.parametrize("text", ["P", "P ±", "P ±0", "P ±1.2.3", "P ±60"])
def test_what_is_no_precision_is_told(text):
    with pytest.raises(SDError, match="in points of P"):
        read_precision(text)


def test_the_next_rounds_are_what_the_error_says_but_at_most_twice_as_many():
    assert [following(n, r, 100) for n, r in ((1, 1.01), (4, 1.1), (4, 9), (80, 2))] == [
        2,
        5,
        8,
        100,
    ]


def test_a_sample_that_is_exact_at_once_is_not_enlarged():
    asked = []
    found = grown(
        lambda rounds, first: asked.append((rounds, first)),
        lambda data: 0.01,
        0.01,
        size=16,
        most=64,
        say=asked.append,
    )
    assert (found.rounds, found.met, asked) == (1, True, [(1, 0)])
