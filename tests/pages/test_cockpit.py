"""The cockpit's page: whole in itself, in every language, and with the numbers of a run."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sdengine import SDError, compile_model, read_model
from sdensemble.ensemble.forcing import Forcing, Process
from sdensemble.ensemble.members import Members
from sdensemble.ensemble.processes import Ar1, Cycle, Jump, Markov
from sdensemble.evidence.members import choose_members
from sdensemble.inputs.scenarios import read_scenario
from sdensemble.lang import LANGS
from sdensemble.outputs.form import Chance
from sdensemble.pages.cockpit.asked import outcome_facts, target_facts
from sdensemble.pages.cockpit.carried import Series, carried, slider_end
from sdensemble.pages.cockpit.facts import (
    Contents,
    limits_facts,
    study_carried,
    study_contents,
    words_of_page,
)
from sdensemble.pages.cockpit.write import HERE, _finite, page
from sdensemble.results.estimate import mean_of
from sdensemble.results.results import ASIDE, LEAST_OUTLAY
from sdensemble.study import Study, open_study
from sdensemble.verbs.cockpit import model_page, study_page, write_page
from sdensemble.verbs.run_options import RunOptions

NODE = shutil.which("node")
SCRIPTS = "".join(path.read_text(encoding="utf-8") for path in sorted(HERE.glob("*.js")))


@pytest.fixture(scope="module")
def teacup() -> Study:
    return open_study(Path("examples/teacup"))


def in_node(
    contents: Contents, settings: dict, folder: Path, kernel: str = "wasm"
) -> tuple[dict, np.ndarray]:
    """Run a page's members in Node; return (what it says, values (series, year, member))."""
    facts = _finite({**contents.facts, "test": settings})
    (folder / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
    for name, data in contents.blobs.items():
        (folder / name).write_bytes(data)
    script = Path(__file__).with_name("cockpit_run.js")
    words = [str(NODE), str(script), str(folder), kernel]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    values = np.fromfile(folder / "out.bin")
    shape = (facts["series"], len(facts["years"]), facts["members"])
    return json.loads(done.stdout), values.reshape(shape)


def held_against_a_run(
    study: Study, members: Members, settings: dict, folder: Path, kernel_name: str = "wasm"
) -> float:
    """Return the largest difference, as a share of a series' largest value, between the page and
    a run of the scenario file it saves."""
    kernel = compile_model(study.model)
    held = study_carried(study, kernel)
    contents = study_contents(study, held, {"history": (members, "")}, command="run", lang="en")
    told, found = in_node(contents, settings, folder, kernel_name)
    scenario = read_scenario(folder / "cockpit.toml", study.model)
    keep = {series.variable: series.aggregate for series in held.series}
    data = members.run(kernel, [scenario], keep)
    worst = 0.0
    for number, series in enumerate(held.series):
        values = data[series.variable].values[0]
        expected = values.reshape(*values.shape[:2], -1)[..., series.cell].T
        scale = np.nanmax(np.abs(expected), initial=1e-300)
        worst = max(worst, float(np.nanmax(np.abs(found[number] - expected)) / scale))
    own = mean_of(found[0, 0], members.replicate)
    assert told["mean"]["mean"] == pytest.approx(own.mean, rel=1e-12)
    assert told["mean"]["se"] == pytest.approx(own.se, rel=1e-9)
    quantiles = np.quantile(found[0, 0], [0.05, 0.5, 0.95])
    np.testing.assert_allclose(told["quantiles"], quantiles, rtol=1e-12)
    return worst


def test_a_page_asks_for_nothing_from_elsewhere_and_is_the_same_twice(teacup: Study) -> None:
    text = study_page(RunOptions(study=teacup, members=64))
    assert text == study_page(RunOptions(study=teacup, members=64))
    assert set(re.findall(r"https?://[^\"'`\s<]+", text)) == {"http://www.w3.org/2000/svg"}
    assert "src=" not in text.replace("image.src=", "")
    assert "@" not in re.sub(r"<script.*?</script>|<style>.*?</style>", "", text, flags=re.S)


def test_every_word_of_the_page_is_in_the_catalogues_and_every_entry_is_used() -> None:
    made = {
        f"{head}-{tail}"
        for head, tails in {
            "view": re.search(r"const VIEWS = \[(.*?)\]", SCRIPTS)[1].replace('"', "").split(", "),
            "save": ["csv", "svg", "png", "toml"],
            "axis": ["x", "y"],
            "group": ["main", "other", "joint", "reference"],
            "per": ["treasury", "forgone"],
            "beside": ["treasury", "forgone"],
            "compare-per": ["treasury", "forgone"],
            "compare": ["treasury", "forgone"],
        }.items()
        for tail in tails
    }
    used = set(re.findall(r"\bt\(\"([\w-]+)\"", SCRIPTS)) | made
    used |= set(re.findall(r"(?:tell|stop|line)\(\"([\w-]+)\"", SCRIPTS))
    used |= {
        "toml-title",
        "keep-a",
        "drop-a",
        "of-set",
        "of-set-says",
        "sides-apart",
        "sides-alike",
    }
    python = {"code", "no-script", "incomplete", "information", "model_alone", "all_at_once"}
    python |= {"a_share", "question", "question_joint", "main_alone"}
    for lang in LANGS:
        assert set(words_of_page()[lang]) == used | python


class Anywhere:
    """Stands for a kernel where only words are looked at: every series is the first."""

    series = (Series("", 0, "annual"),)

    def index(self, variable: str, cell: int = 0) -> int:
        return 0


def test_each_target_tells_its_own_measure_and_the_same_target_by_others(study: Study) -> None:
    told = {one.id: target_facts(study, Anywhere(), one) for one in study.targets}
    assert told["total_2025"]["measure"]["zh"] == "产值（2019年口径不变，现价）"
    assert "上报口径" in told["total_2025_as_reported"]["measure"]["zh"]
    assert "不变价" in told["dairy_2025_constant_prices"]["measure"]["zh"]
    assert told["dairy_volume_2025"]["measure"]["zh"] == "乳品产量"
    assert "收入" in told["prov_rural_income_2025"]["measure"]["zh"]
    assert [one["id"] for one in told["total_2025"]["readings"]] == ["total_2025_as_reported"]
    assert [told[one]["group"] for one in ("total_2025", "dairy_volume_2025")] == ["main", "dairy"]


def in_a_page(facts: dict, expression: str) -> Any:
    """Return what an expression of the page's scripts gives, without a browser."""
    source = "".join(
        (HERE / f"{one}.js").read_text() for one in ("stats", "charts", "answers", "views")
    )
    script = f"{source};const t=(k)=>k,state={{lang:'en'}},study={json.dumps(facts)};"
    script += "const values=(result,series)=>Float64Array.from(result.rows[series]);"
    script = f"{script}console.log(JSON.stringify({expression}))".replace('"use strict";', "")
    done = subprocess.run([str(NODE), "-e", script], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.skipif(NODE is None, reason="Node is not installed")
def test_a_page_writes_shares_as_a_run_does() -> None:
    cases = [(0.0, 0.0), (0.004, 0.0), (0.387, 0.011), (0.387, 0.03), (0.01, 0.03), (0.998, 0.0)]
    pairs = json.dumps(cases)
    told = in_a_page({}, f"{pairs}.map(([p, se]) => withPoints(percent(p, se), se))")
    assert told == [Chance().text(one, "en") for one in cases]


@pytest.mark.skipif(NODE is None, reason="Node is not installed")
@pytest.mark.parametrize(
    ("treasury", "forgone", "divided"),
    [(19.3, 0.94, "treasury"), (19.3, 1.94, None), (0.0, 5.0, "forgone"), (0.3, 0.04, "treasury")],
)
def test_a_page_divides_by_the_purse_that_a_run_divides_by(
    treasury: float, forgone: float, divided: str | None
) -> None:
    def effect(mean: float) -> dict:
        return {"mean": mean, "se": 0.001, "parts": [mean - 0.001, mean + 0.001]}

    paid = [[{"kind": "treasury"}, effect(treasury)], [{"kind": "forgone"}, effect(forgone)]]
    facts = {"purse": {"least": LEAST_OUTLAY, "aside": ASIDE}}
    told = in_a_page(facts, f"perOutlay({json.dumps(effect(10.0))}, {json.dumps(paid)})")
    assert (told["per"] or {}).get("kind") == divided
    assert told["both"] == (divided is None)


class Named:
    """Stands for a kernel: a series is named by its variable and cell."""

    def index(self, variable: str, cell: int = 0) -> tuple[str, int]:
        return variable, cell


def test_each_cluster_has_limits_of_its_own(study: Study) -> None:
    sectors = study.model.elements("sector")
    for one in limits_facts(study, Named()):
        for part in one["parts"]:
            assert list(part["cells"]) == list(sectors)
            assert [cell for _, cell in part["cells"].values()] == list(range(len(sectors)))
    whole = outcome_facts(study, Anywhere(), study.report.headline.whole)
    assert whole["made"] == list(sectors)


@pytest.mark.skipif(NODE is None, reason="Node is not installed")
def test_the_limits_of_a_sum_are_weighted_by_its_parts_member_by_member() -> None:
    outcomes = [{"id": "a", "series": 0, "made": ["a"]}, {"id": "b", "series": 1, "made": ["b"]}]
    outcomes.append({"id": "both", "series": 4, "made": ["a", "b"]})
    facts = {"years": [2020], "outcomes": outcomes}
    result = {"ids": [0, 1], "rows": [[1, 3], [3, 1], [1, 0], [0, 0.5]]}
    ask = "sharesOf(result, {cells: {a: 2, b: 3}}, outcomeOf(one))[0]"
    told = in_a_page(
        facts,
        f"((result) => ['a', 'b', 'both'].map((one) => {ask}))({json.dumps(result)})",
    )
    assert told == [0.5, 0.25, (1 * 1 / 4 + 0.5 * 1 / 4) / 2]


def test_names_of_a_study_cannot_end_its_script(teacup: Study) -> None:
    contents = Contents({"lang": "en", "title": {"en": "</script><b>"}, "x": "</script>"})
    text = page(contents)
    assert "<b>" not in text
    assert text.count("</script>") == 3


@pytest.mark.skipif(NODE is None, reason="Node is not installed")
@pytest.mark.parametrize("kernel", ["wasm", "wasm-fused"])
def test_a_page_has_the_numbers_of_a_run_of_the_scenario_it_saves(
    teacup: Study, tmp_path: Path, kernel: str
) -> None:
    members = choose_members(teacup, "", 64, seed=3)
    settings = {"lid": {"times": [2.0, 5.5], "values": [0.5, 1.0]}}
    assert held_against_a_run(teacup, members, settings, tmp_path, kernel) < 1e-9


@pytest.mark.skipif(NODE is None, reason="Node is not installed")
def test_every_form_of_random_process_gives_a_page_the_shocks_of_a_run(
    teacup: Study, tmp_path: Path
) -> None:
    forms = {
        "ar1": Ar1((0.2, 0.5), 2.0, 0.0, True),
        "still ar1": Ar1((0.3, 0.3), 3.0, 0.0, False, True),
        "cycle": Cycle((0.1, 0.4), (5.0, 9.0), 4.0, True),
        "still cycle": Cycle((0.1, 0.4), (5.0, 9.0), 4.0, False, True),
        "jump": Jump(0.4, (-1.0, -0.2), 2.0),
        "markov": Markov(0.5, 3.0),
        "still markov": Markov(0.5, 3.0, True),
    }
    room = "room temperature"
    processes = tuple(
        Process(name, room, None, form, "Degree", "test", None, "", True)
        for name, form in forms.items()
    )
    members = choose_members(teacup, "", 32, seed=5)
    drawn = {k: v for k, v in members.draws.values.items() if k != room}
    draws = dataclasses.replace(members.draws, values=drawn)
    for start in (None, 4.3):
        forcing = Forcing(processes, 1.0, from_time=start)
        own = dataclasses.replace(members, draws=draws, forcing=forcing)
        folder = tmp_path / str(start)
        folder.mkdir()
        assert held_against_a_run(teacup, own, {}, folder) < 1e-12


@pytest.mark.full
@pytest.mark.skipif(NODE is None, reason="Node is not installed")
@pytest.mark.parametrize("kernel", ["wasm", "wasm-fused"])
def test_the_study_has_the_numbers_of_a_run_in_its_page(tmp_path: Path, kernel: str) -> None:
    study = open_study(Path())
    members = choose_members(study, "history", 256, seed=1)
    package = next(s for s in study.scenarios if s.package)
    settings = {s.constant: {"times": s.times, "values": s.values} for s in package.settings}
    assert held_against_a_run(study, members, settings, tmp_path, kernel) < 1e-9
    text = study_page(RunOptions(study=study))
    assert len(text.encode()) < 6e6


def test_a_model_alone_gets_a_page_with_a_slider_for_each_constant() -> None:
    text = model_page(Path("examples/teacup/model/teacup.mdl"), "en")
    facts = json.loads(re.search(r'id="study">(.*?)</script>', text)[1])
    assert {"lid", "room temperature"} <= {one["id"] for one in facts["levers"]}
    assert facts["members"] == 1


def test_a_model_with_random_numbers_of_its_own_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "dice.mdl"
    path.write_text(
        "x = RANDOM UNIFORM(0, 1, 7) ~ ~|\nINITIAL TIME = 0 ~ ~|\nFINAL TIME = 3 ~ ~|\n"
        "TIME STEP = 1 ~ ~|\nSAVEPER = 1 ~ ~|\n"
    )
    with pytest.raises(SDError, match=r"dice\.mdl.*random numbers of its own"):
        carried(compile_model(read_model(path)), {"x": "end"})


def test_a_slider_ends_at_three_times_the_most_that_is_set_within_the_limits() -> None:
    assert slider_end(0, 100, 1.5, [4.16]) == 20
    assert slider_end(0, 10, 1.5, [4.16]) == 10
    assert slider_end(0, 0.12, 0, []) == 0.12
    assert slider_end(0, np.inf, 2, []) == 4


def test_a_page_is_not_written_over_what_is_none(tmp_path: Path) -> None:
    other = tmp_path / "notes.html"
    other.write_text("my notes")
    with pytest.raises(SDError, match=r"notes\.html: is there and is no page"):
        write_page("<!doctype html>", other)
    assert other.read_text() == "my notes"
    assert write_page("<!doctype html>", tmp_path / "new.html").read_bytes() == b"<!doctype html>"
