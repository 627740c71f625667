"""What SECURITY.md promises of files that somebody else wrote."""

from __future__ import annotations

import ast
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from sdengine import SDError, compile_model, read_model
from sdensemble.inputs.config import read_toml
from sdensemble.outputs.checks import filled
from sdensemble.outputs.write.csv import cell

PACKAGES = ("sdengine", "sdensemble")
SOURCES = sorted(p for name in PACKAGES for p in Path(name).rglob("*.py"))
NETWORK = {"socket", "ssl", "http", "urllib", "requests", "httpx", "aiohttp", "ftplib", "smtplib"}
PIPES = {"sdensemble/outputs/apart.py"}
"""Where a process hands values to one it started itself: no file holds them."""
CODE = {"pickle", "marshal", "shelve", "dill", "cloudpickle"}
CLOCK = "".join(
    f"{name} = {value} ~ ~|\n"
    for name, value in {
        "INITIAL TIME": 0,
        "FINAL TIME": 2,
        "TIME STEP": 1,
        "SAVEPER": 1,
    }.items()
)


def test_no_module_of_the_package_reaches_a_network_or_runs_a_file_s_code() -> None:
    wrong = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name.split(".")[0] for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module.split(".")[0]]
            barred = NETWORK | (set() if path.as_posix() in PIPES else CODE)
            wrong += [f"{path}:{node.lineno} {n}" for n in names if n in barred]
            called = getattr(node, "func", None)
            if isinstance(called, ast.Name) and called.id in ("eval", "exec", "compile"):
                wrong.append(f"{path}:{node.lineno} calls {called.id}")
            for one in getattr(node, "keywords", []):
                if one.arg == "allow_pickle" and getattr(one.value, "value", None) is not False:
                    wrong.append(f"{path}:{node.lineno} allows pickles")
    assert wrong == []


@pytest.mark.parametrize("name", ["{here}/secret.csv", "../secret.csv", "inside/../../secret.csv"])
def test_data_outside_the_folder_of_a_model_are_not_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.csv").write_text("Time,x\n0,1\n2,5\n")
    place = tmp_path / "model"
    (place / "inside").mkdir(parents=True)
    path = place / "reads.mdl"
    name = name.format(here=tmp_path)
    path.write_text(f"x := GET DIRECT DATA('{name}', ',', 'A', 'B2') ~ ~|\ny = x ~ ~|\n{CLOCK}")
    with pytest.raises(SDError, match=r"reads\.mdl.*outside the model's folder"):
        compile_model(read_model(path))


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="no links here")
def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("Time,x\n0,1\n2,5\n")
    place = tmp_path / "model"
    place.mkdir()
    (place / "data.csv").symlink_to(tmp_path / "secret.csv")
    path = place / "reads.mdl"
    path.write_text(f"x := GET DIRECT DATA('data.csv', ',', 'A', 'B2') ~ ~|\ny = x ~ ~|\n{CLOCK}")
    with pytest.raises(SDError, match="outside the model's folder"):
        compile_model(read_model(path))


@pytest.mark.parametrize("name", ["http://127.0.0.1:9/data.csv", "https://127.0.0.1:9/d.xlsx"])
def test_an_address_of_the_web_is_no_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / "reads.mdl"
    path.write_text(f"x := GET DIRECT DATA('{name}', ',', 'A', 'B2') ~ ~|\ny = x ~ ~|\n{CLOCK}")
    with pytest.raises(SDError, match=r"reads\.mdl"):
        compile_model(read_model(path))


@pytest.mark.parametrize(
    "declared",
    ['<!ENTITY x SYSTEM "file:///etc/hostname">', '<!ENTITY a "ha"><!ENTITY x "&a;&a;&a;">'],
)
def test_entities_of_xml_are_neither_read_nor_grown(tmp_path: Path, declared: str) -> None:
    path = tmp_path / "entity.xmile"
    path.write_text(
        f'<?xml version="1.0"?><!DOCTYPE xmile [{declared}]>'
        '<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0">'
        "<header><name>&x;</name></header><sim_specs><start>0</start><stop>1</stop><dt>1</dt>"
        '</sim_specs><model><variables><aux name="a"><eqn>1</eqn></aux></variables></model></xmile>'
    )
    with pytest.raises(SDError, match=r"entity\.xmile"):
        read_model(path)


def test_a_control_character_spelled_by_its_number_becomes_a_blank(tmp_path: Path) -> None:
    toml = tmp_path / "a.toml"
    toml.write_text('"x\\u001b" = ["a\\u009b31m", {b = "c\\rd\\u202e"}]', encoding="utf-8")
    assert read_toml(toml)[0] == {"x ": ["a 31m", {"b": "c d "}]}
    xmile = tmp_path / "a.xmile"
    xmile.write_text(
        '<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0"><sim_specs>'
        "<start>0</start><stop>1</stop><dt>1</dt></sim_specs><model><variables>"
        '<aux name="a&#x9b;b"><doc>c&#x202e;d</doc><eqn>1</eqn></aux></variables></model></xmile>'
    )
    model = read_model(xmile)
    assert model["a b"].note.text == "c d"


def test_a_text_of_a_study_asks_for_its_numbers_by_name_alone() -> None:
    words = "{share:.0%} {share.__class__} {0} {x:>999999999} {other}"
    test = SimpleNamespace(why={"en": words}, given={"share": 0.25, "x": 1})
    assert filled(SimpleNamespace(test=test), "why", "en") == "25%" + words[11:]  # type: ignore


@pytest.mark.parametrize("text", ["=1+1", "+1", "-x", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_text_in_a_csv_file_is_a_formula(text: str) -> None:
    assert cell(text)[:1] not in set("=+-@\t\r")


def test_a_number_in_a_csv_file_stays_a_number() -> None:
    assert float(cell(-1.5)) == -1.5


def test_a_caption_holds_no_tag_of_html(results) -> None:
    from dataclasses import replace

    from sdensemble.outputs.figures import captions_of, figures_of

    one = figures_of(results)[0]
    told = captions_of([replace(one, caption="a < b <script>x</script> <!-- c")])
    assert r"a < b \<script>x\</script> \<!-- c" in told
