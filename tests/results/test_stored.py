import json
import os
import time
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

from sdengine.errors import SDError
from sdensemble.inputs.conflicts import Conflict, ModelNumber, Number, Term
from sdensemble.outputs.policy.conflicts import conflict_rows, conflicts_blocks
from sdensemble.policy.conflicts import model_values
from sdensemble.results.record import records
from sdensemble.results.store import write_ensemble
from sdensemble.results.stored import latest_run, stored_results
from tests.outputs.told import told

LOST = [{"variable": "x", "scenario": "baseline", "time": 2020.0, "members": 1, "member": 3}]


@pytest.fixture
def stored(results, tmp_path):
    """A run's folder, and what reading it is given."""
    data = results.data.copy()
    data.attrs["lost"] = LOST
    folder = tmp_path / "run"
    folder.mkdir()
    write_ensemble(folder / "ensemble.nc", data)
    return folder, {
        "scenarios": results.scenarios,
        "targets": results.targets,
        "spec": results.spec,
        "model": replace(results.model, digest="abc123"),
    }


def test_a_run_whose_members_belong_nowhere_is_damaged(stored, results):
    folder, given = stored
    data = results.data.assign_coords(replicate=("member", np.full(results.members, -1)))
    write_ensemble(folder / "ensemble.nc", data)
    with pytest.raises(SDError, match="is damaged"):
        stored_results(folder, **given)


def test_a_stored_run_answers_as_it_did(stored, results):
    folder, given = stored
    found = stored_results(folder, **given)
    for target in (results.question, results.targets[-1]):
        for scenario in results.scenarios[:2]:
            now, then = (one.event(target, scenario).probability() for one in (found, results))
            assert repr(now) == repr(then)  # an error that is no number equals itself there
    assert found.lost[0]["member"] == 3  # a list again, not its JSON


def test_a_stored_run_takes_the_targets_of_today(stored, results):
    folder, given = stored
    easier = replace(results.question, value=100.0)
    found = stored_results(folder, **given | {"targets": (easier,)})
    assert found.event(easier, found.scenarios[0]).hit.all()


def test_a_run_of_another_model_or_scenario_is_refused(stored, results):
    folder, given = stored
    with pytest.raises(SDError, match="another state of made-up"):
        stored_results(folder, **given | {"model": replace(results.model, digest="def")})
    with pytest.raises(SDError, match='"one-year-delay", which the study no longer has'):
        stored_results(folder, **given | {"scenarios": results.scenarios[:-1]})
    (folder / "run.json").write_text(json.dumps({"scenario_digests": {"brand": "other"}}))
    with pytest.raises(SDError, match='the scenario "brand" has changed'):
        stored_results(folder, **given)
    with pytest.raises(SDError, match="it is no folder that the verb run wrote"):
        stored_results(folder.parent, **given)


def test_the_latest_run_is_found_and_other_folders_are_not(stored, tmp_path):
    (tmp_path / "notes").mkdir()
    assert latest_run(tmp_path) == stored[0]
    assert latest_run(tmp_path / "notes") is None


# ── conflicts, with the numbers of a run ──


def conflict(*terms: Term) -> Conflict:
    both = {"zh": "数", "en": "number"}
    text = Number(both, 1607.0, both, "180 / 1120")
    asked = ModelNumber(both, both, 2025, 10.0, terms)
    return Conflict("c", "conflict", "3", ("dairy_2025",), both, both, (text,), (asked,))


def test_the_number_of_the_model_is_the_product_of_its_series(results):
    output = Term("nominal output", "dairy", "annual", 1)
    price = Term("price level", "", "mean", -1)
    one = conflict(output, price)
    base = results.scenarios[0]
    values = model_values(results, one.model[0], base)
    expected = (
        10
        * results.data["nominal output"].sel(scenario="baseline", year=2025, sector="dairy")
        / results.data["price level"].sel(scenario="baseline", year=2025)
    )
    assert np.allclose(values, expected)
    lines = told(conflicts_blocks([one], results, base), "en")
    assert "number: 1607 number" in lines
    assert "(2025, Baseline, median and 90% band): " in lines
    rows = conflict_rows([one], results)
    assert len(rows) == 1 + len(results.scenarios)
    assert rows[1]["value"] == pytest.approx(float(np.median(values)))


def test_a_series_the_run_did_not_keep_is_said_to_be_missing(results):
    one = conflict(Term("never kept", "", "annual", 1))
    lines = told(conflicts_blocks([one], results, results.scenarios[0]), "zh")
    assert "没有保留所需变量" in lines


def test_a_run_of_a_time_to_come_is_not_the_latest(tmp_path):
    """Its clock was wrong, and has been set back since."""
    for name, moment in (("older", 1e9), ("newer", 1.1e9), ("to-come", time.time() + 9e5)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "ensemble.nc").write_text("")
        os.utime(tmp_path / name / "ensemble.nc", (moment, moment))
        started = datetime.fromtimestamp(moment).astimezone().isoformat()
        (tmp_path / name / "run.json").write_text(json.dumps({"started": started}))
    assert latest_run(tmp_path) == tmp_path / "newer"
    assert [path.name for path, _ in records(tmp_path)] == ["newer", "older", "to-come"]


def test_a_folder_half_written_is_no_record(tmp_path):
    for name in (".run.abcdefgh.partial", "run"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text("{}")
    assert [path.name for path, _ in records(tmp_path)] == ["run"]
