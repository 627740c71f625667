"""Pages a Chinese reader comes to have a Chinese twin, and what its example shows can be typed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sdensemble import open_study
from sdensemble.inputs.scenarios import read_scenario

ROOT = Path(__file__).resolve().parent.parent
TWINS = (
    "README",
    "scenarios/README",
    "model/README",
    "calibration/README",
    "outputs/README",
    "docs/install",
    "docs/papers",
    "docs/json",
    "docs/library",
    "docs/trust",
    "docs/briefing",
    "docs/results",
    "docs/levers",
    "docs/cockpit",
    "docs/differences",
)


@pytest.mark.parametrize("page", TWINS)
def test_a_page_and_its_twin_lead_to_each_other(page):
    name = page.rsplit("/", 1)[-1]
    english = (ROOT / f"{page}.md").read_text(encoding="utf-8")
    chinese = (ROOT / f"{page}.zh.md").read_text(encoding="utf-8")
    assert f"]({name}.zh.md)" in english
    assert f"]({name}.md)" in chinese
    letters = re.sub(r"[`\[(].*?[`\])]|\s", "", chinese)
    assert sum("\u4e00" <= letter <= "\u9fff" for letter in letters) > len(letters) / 5


@pytest.mark.parametrize("page", [f"{page}.zh.md" for page in TWINS])
def test_what_a_chinese_page_links_to_is_there(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!http)([^)#\s]+)", text):
        assert ((ROOT / page).parent / target).exists(), target


def test_the_example_of_the_chinese_scenario_page_is_read(tmp_path):
    text = (ROOT / "scenarios" / "README.zh.md").read_text(encoding="utf-8")
    lines = re.findall(r"^    (.*)$", text, re.MULTILINE)
    path = tmp_path / "示例.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    study = open_study(ROOT)
    found = read_scenario(path, study.model, units=study.unit_words)
    assert [(one.constant, one.values[0]) for one in found.settings][:2] == [
        ("plant grant budget", 4.16),
        ("brand programme budget", 2.0),
    ]
