"""What --json prints is whole for every verb: by the schema, and no probability alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from sdensemble.verbs.cli import main
from sdensemble.verbs.table import VERBS
from tests.decide.small import make_town

FEW = ("--members", "64")
CASES: dict[str, tuple[tuple[str, ...], ...]] = {
    "run": (("town", *FEW), ("teacup", "--scenario", "lid", "--member", "3", *FEW)),
    "check": (("teacup",),),
    "describe": (("teacup",), ("teacup", "lid"), ("teacup", "--levers"), ("teacup", "--variables")),
    "cockpit": (("teacup", *FEW),),
    "ledger": (("town",),),
    "scorecard": (("town",),),
    "calibrate": (("library", "--particles", "128", "--no-profiles"),),
    "backtest": (("library", "--particles", "128"),),
    "forecast": (("library", "--members", "128", "--to", "12"),),
    "audit": (("library", "--members", "128"),),
    "brief": (("town",),),
    "figure": (("town",),),
    "trace": (("town", "{run}"),),
    "observe list": (("library",),),
    "compare": (("town", "grants", "land", *FEW),),
    "weigh": (("town", *FEW),),
    "solve": (("town", "grant budget", "--p", "40%", *FEW),),
    "frontier": (("town", "grant budget", "land release", "--p", "0.3,0.4", *FEW),),
    "batch": (("town", "{batch}", *FEW),),
    "grid": (("town", "grant budget=0,2", *FEW),),
    "allocate": (("town", "grant budget=6", "--years", "2021-2022", "--steps", "2", *FEW),),
    "robust": (("town", "grants", "land", *FEW),),
    "sensitivity": (("town", "grants", *FEW),),
    "package": (("town", "both", *FEW),),
    "information": (("town", "grants", "land", *FEW),),
    "discover": (("town", *FEW),),
}
"""Verb → calls of it: the study, then what is typed."""
ALONE = ("new", "crosscheck", "observe add", "observe undo")
"""Verbs with a test of their own, at the end."""


@pytest.fixture(scope="module")
def schema(root) -> Draft202012Validator:
    text = (root / "docs" / "answer.schema.json").read_text(encoding="utf-8")
    Draft202012Validator.check_schema(json.loads(text))
    return Draft202012Validator(json.loads(text))


@pytest.fixture(scope="module")
def places(root, tmp_path_factory):
    """The studies the verbs are asked of, and a batch file."""
    folder = tmp_path_factory.mktemp("json")
    for name in ("teacup", "library"):
        shutil.copytree(root / "examples" / name, folder / name)
    found = {name: folder / name for name in ("teacup", "library")}
    found["town"] = make_town(folder / "town").folder
    found["batch"] = folder / "many.csv"
    found["batch"].write_text("scenario,grant budget,start\na,2,2021\n", encoding="utf-8")
    return found


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch, no_figures):
    from sdensemble.outputs.write import picture

    monkeypatch.setattr(picture, "write_figure", lambda *args, **named: None)


def answered(schema, *words) -> dict[str, Any]:
    """Return what a call prints, having made sure that it is JSON alone and as the schema says."""
    done = CliRunner().invoke(main, [str(word) for word in (*words, "--json")])
    answer = json.loads(done.stdout)
    schema.validate(answer)
    assert answer["status"] == done.exit_code, done.stderr
    return answer


def inside(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        yield value
        for one in value.values():
            yield from inside(one)
    elif isinstance(value, list):
        for one in value:
            yield from inside(one)


def every_verb() -> Iterator[str]:
    for name, place in VERBS.items():
        yield from (f"{name} {one}" for one in place) if isinstance(place, Mapping) else (name,)


def test_every_verb_has_a_case_here():
    assert set(every_verb()) == {*CASES, *ALONE}


@pytest.mark.parametrize(
    ("verb", "case"),
    [
        pytest.param(verb, case, marks=[pytest.mark.full] if verb == "backtest" else [])
        for verb, cases in CASES.items()
        for case in cases
    ],
)
def test_an_answer_is_whole(schema, places, verb, case):
    study, *rest = case
    folder = places[study]
    number = ""
    for path in sorted((folder / "outputs").glob("*/run.json")):
        number = json.loads(path.read_text(encoding="utf-8")).get("id") or number
    words = [word.format(run=number, batch=places["batch"]) for word in rest]
    answer = answered(schema, *verb.split(), *words, "--study", folder)
    assert answer["ok"], answer.get("errors")
    assert answer["verb"] == verb
    assert answer["blocks"] or answer["files"] or answer["written"]
    for block in answer["blocks"]:
        for row in block.get("rows", ()):
            for name, cell in row.items():
                likely = name.split("_")[0] == "p" and name not in ("p_se", "p_change", "p_effect")
                if likely and cell is not None and (verb, name) != ("frontier", "p"):  # asked for
                    assert cell.get("kind") == "probability" or cell["probabilities"], name
    for one in inside(answer["blocks"]):
        if one.get("kind") == "probability":
            assert one["run"] == answer["run"]["id"]
            assert one["error"] is not None or one.get("value") in (0.0, 1.0)


def test_a_mistake_is_json_too_in_every_language(schema, places):
    answer = answered(schema, "run", "--study", places["teacup"], "--scenario", "lit")
    assert not answer["ok"]
    assert "did you mean" in answer["errors"][0]["en"]
    assert "是否指" in answer["errors"][0]["zh"]
    answer = answered(schema, "run", "--members", "x", "--sead", "3")
    assert (answer["status"], len(answer["errors"])) == (2, 2)


def test_a_model_file_and_a_new_study_answer_in_json(schema, places, tmp_path):
    model = places["teacup"] / "model" / "teacup.mdl"
    answer = answered(schema, "run", model, "--set", "lid=1")
    (table,) = (block for block in answer["blocks"] if block["kind"] == "table")
    assert table["rows"][0]["variable"] == "teacup temperature"
    assert answered(schema, "new", model, tmp_path / "made")["files"]
    assert answered(schema, "crosscheck", model, "--steps", "8")["ok"]


def test_figures_added_and_taken_back_are_told_in_json(schema, places, tmp_path):
    shutil.copytree(places["library"], tmp_path / "own")
    file = tmp_path / "own.csv"
    file.write_text(
        "time,measure,sector,value,unit,published_on\n9,members,town,2800,person,2024-11-20\n",
        encoding="utf-8",
    )
    study = ("--study", tmp_path / "own")
    added = answered(schema, "observe", "add", file, *study, "--particles", "128")
    assert added["ok"], added.get("errors")
    assert answered(schema, "observe", "undo", *study)["ok"]
