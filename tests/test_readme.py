"""The two READMEs say the same, and what they tell people to type and open exists."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from sdensemble import open_study
from sdensemble.ensemble.draws import column_names
from sdensemble.inputs.scenarios import read_scenario
from sdensemble.verbs.cli import main

ROOT = Path(__file__).resolve().parent.parent
ENGLISH, CHINESE = "README.md", "README.zh.md"
BOTH = pytest.mark.parametrize("name", [ENGLISH, CHINESE])
NUMBER = re.compile(r"\d+(?:\.\d+)*")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _blocks(name: str) -> list[tuple[str, str]]:
    """Return (language, text) of every code block."""
    return FENCE.findall(_text(name))


def _headings(name: str) -> list[str]:
    return [line.split()[0] for line in FENCE.sub("", _text(name)).splitlines() if line[:1] == "#"]


def _commands(name: str) -> set[str]:
    """Return what follows ``run_sim.py`` wherever the page shows it."""
    text = _text(name)
    lines = [line for _, block in _blocks(name) for line in block.splitlines()]
    lines += re.findall(r"`([^`\n]+)`", FENCE.sub("", text))
    found = {m[1].strip() for line in lines for m in re.finditer(r"run_sim\.py([^;&#]*)", line)}
    return found - {""}


def _test_line() -> str:
    part = re.search(r"<!-- test command -->\n```sh\n(.*?)```\n<!-- end -->", _text(ENGLISH), re.S)
    assert part, "the markers around the test command are gone"
    return part[1]


def test_both_languages_have_the_same_headings():
    assert _headings(ENGLISH) == _headings(CHINESE)
    assert len(_headings(ENGLISH)) > 5


def test_both_languages_show_the_same_code():
    assert _blocks(ENGLISH) == _blocks(CHINESE)


def test_both_languages_give_the_same_numbers():
    english, chinese = (Counter(NUMBER.findall(_text(name))) for name in (ENGLISH, CHINESE))
    assert english - chinese == chinese - english == Counter()


@pytest.mark.parametrize("page", ["README", "docs/results"])
def test_tables_of_values_are_the_same_in_both_languages(page: str):
    def cells(name: str) -> list[list[str]]:
        parts = re.findall(r"<!-- values.*?<!-- end of values -->", _text(name), re.DOTALL)
        lines = [line for part in parts for line in part.splitlines() if line.startswith("|")]
        rows = [[cell.strip() for cell in line.strip("|").split("|")[1:]] for line in lines]
        return [row for row in rows if any(re.search(r"\d", cell) for cell in row[:2])]

    assert cells(f"{page}.md") == cells(f"{page}.zh.md")
    assert len(cells(f"{page}.md")) > 5


@BOTH
def test_each_language_links_to_the_other(name: str):
    other = CHINESE if name == ENGLISH else ENGLISH
    assert f"]({other})" in _text(name).splitlines()[0]


@BOTH
def test_linked_files_exist(name: str):
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", _text(name))
    local = [link for link in links if not re.match(r"\w+:", link)]
    assert len(local) > 5
    assert [link for link in local if not (ROOT / link).exists()] == []


@BOTH
def test_commands_are_verbs_and_options_of_the_command_line(name: str):
    commands = _commands(name)
    assert len(commands) > 5
    for command in commands:
        verb, *words = shlex.split(command)
        assert main.get_command(None, verb), command
        known = {
            o for p in main.get_command(None, verb).params for o in (*p.opts, *p.secondary_opts)
        }
        given = {word.split("=")[0] for word in words if word.startswith("-")}
        assert given <= known, command


def test_the_test_command_is_one_line_that_ci_can_run():
    (line,) = _test_line().splitlines()
    assert line.endswith("-m pytest")
    assert "'.[test]'" in line
    if sys.platform == "win32":
        return
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    extract = re.search(r"^command=\$\((sed .*)\)$", script, re.MULTILINE)
    assert extract, ".ci/run no longer takes its command from README.md"
    done = subprocess.run(["bash", "-c", extract[1]], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == line


def test_the_scenario_shown_can_be_read(tmp_path: Path):
    (block,) = [text for language, text in _blocks(ENGLISH) if language == "toml"]
    path = tmp_path / "brands-and-grants.toml"
    path.write_text(block, encoding="utf-8")
    scenario = read_scenario(path, open_study(ROOT).model)
    assert scenario.name == "brands-and-grants"


def test_the_python_shown_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    (block,) = [text for language, text in _blocks(ENGLISH) if language == "python"]
    monkeypatch.chdir(ROOT)
    shown: dict[str, object] = {}
    exec(compile(block, ENGLISH, "exec"), shown)
    assert capsys.readouterr().out
    assert shown["run"].values["total nominal output"].shape == (49, 3)  # type: ignore[attr-defined]


def test_the_numbers_of_every_page_are_those_of_the_shipped_runs():
    """Digests of what they rest on, the table, and each value in its marker."""
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "shipped.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    renew = "python docs/shipped.py --write (--fill if only pages were edited)"
    assert (done.returncode, done.stdout) == (0, ""), renew


def test_counts_of_the_priors_are_those_of_the_file():
    text = (ROOT / "calibration" / "README.md").read_text(encoding="utf-8")
    entries = tomllib.loads((ROOT / "calibration" / "priors.toml").read_text("utf-8"))["prior"]
    study = open_study(ROOT)
    columns = len(column_names(study.priors(), study.model))
    counts = (
        f"{len(entries)} entries on {len({e['constant'] for e in entries})} constants; "
        f"{sum(e.get('assumption', False) for e in entries)} are marked as"
    )
    assert counts in text
    assert f"draws {columns} numbers a member" in text
