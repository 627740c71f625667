"""The catalogues say the same with the same placeholders, and code asks for what they have."""

from __future__ import annotations

import ast
import re
import shutil
import string
import subprocess
import sys
from pathlib import Path

import pytest

from sdensemble import lang as words
from sdensemble.lang import LANGS, Joined, Phrase, bracketed, catalogue, joined, phrase, say, tell

PACKAGE = Path(words.__file__).parent.parent
FIRST = LANGS[0]


@pytest.mark.parametrize("other", LANGS[1:])
def test_every_language_has_the_keys_of_the_first(other):
    assert set(catalogue(other)) == set(catalogue(FIRST))


@pytest.mark.parametrize("other", LANGS[1:])
def test_every_template_asks_for_the_same_values_in_every_language(other):
    differing = {
        key: (words.names(key, FIRST), words.names(key, other))
        for key in catalogue(FIRST)
        if words.names(key, FIRST) != words.names(key, other)
    }
    assert not differing


@pytest.mark.parametrize("lang", LANGS)
def test_a_translated_error_keeps_the_values_of_its_english_form(lang):
    fields = string.Formatter().parse
    for english, translated in words._read(lang).get("errors", {}).items():
        wanted = {name for _, name, _, _ in fields(english) if name}
        assert {name for _, name, _, _ in fields(translated) if name} == wanted, english


def test_every_key_that_code_names_is_in_the_catalogue():
    known, missing = set(catalogue(FIRST)), []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            key = node.args[0]
            literal = isinstance(key, ast.Constant) and isinstance(key.value, str)
            if name in ("phrase", "Phrase") and literal and key.value not in known:
                missing.append(f"{path.relative_to(PACKAGE)}:{node.lineno} {key.value}")
    assert not missing


def test_a_phrase_tells_the_words_inside_it_in_its_own_language():
    named = phrase("document.source", source={"zh": "统计局", "en": "the statistics office"})
    assert tell(named, "en").endswith("the statistics office")
    assert tell(named, "zh").endswith("统计局")


def test_what_is_joined_uses_the_separator_of_its_language_and_leaves_out_what_is_empty():
    for lang in LANGS:
        gap = say("language.list", lang)
        assert tell(joined(["a", "", "b"]), lang) == f"a{gap}b"


def test_brackets_around_nothing_are_nothing():
    assert bracketed([]) == ""
    assert bracketed(["", ""]) == ""
    assert tell(bracketed(["a", "b"]), "en") == " (a, b)"


def test_a_text_of_a_study_without_the_language_falls_back_to_english_and_then_to_any():
    assert tell({"en": "cup", "zh": "杯"}, "fr") == "cup"
    assert tell({"zh": "杯"}, "fr") == "杯"


def test_a_missing_value_is_an_error_and_not_a_hole_in_a_sentence():
    with pytest.raises(KeyError):
        say("document.figure", FIRST)


def test_phrases_with_the_same_key_and_values_are_equal():
    assert phrase("document.table", n=1) == Phrase("document.table", {"n": 1})
    assert hash(phrase("document.table", n=1)) == hash(phrase("document.table", n=1))
    assert Joined(("a",)) == joined(["a"])


def test_one_new_file_makes_a_new_language(tmp_path, monkeypatch):
    text = (PACKAGE / "lang" / "en.toml").read_text(encoding="utf-8")
    for path in (PACKAGE / "lang").glob("*.toml"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    third = re.sub(r"order = \d+", "order = 9", text).replace(
        'figure = "Figure {n}"', 'figure = "Abbildung {n}"'
    )
    (tmp_path / "qq.toml").write_text(third, encoding="utf-8")
    monkeypatch.setattr(words, "FOLDER", tmp_path)
    for kept in (words._read, words.catalogue):
        kept.cache_clear()
    try:
        assert words._languages() == (*LANGS, "qq")
        assert say("document.figure", "qq", n=2) == "Abbildung 2"
    finally:
        monkeypatch.undo()
        for kept in (words._read, words.catalogue):
            kept.cache_clear()


def test_the_command_line_speaks_a_third_language_from_one_file(tmp_path):
    root = PACKAGE.parent
    for name in ("sdensemble", "sdengine"):
        shutil.copytree(root / name, tmp_path / name, ignore=shutil.ignore_patterns("fonts"))
    english = (PACKAGE / "lang" / "en.toml").read_text(encoding="utf-8")
    third = re.sub(r"order = \d+", "order = 9", english)
    third = third.replace('size = "{file}: {n} variables', 'size = "{file}: {n} Variable')
    third = third.replace('name = "English"', 'name = "Deutsch"')
    third = third.replace('head = "{code}{what:.0}"', 'head = "{what}{code:.0}"')
    (tmp_path / "sdensemble" / "lang" / "de.toml").write_text(third, encoding="utf-8")

    def said(*words: str) -> str:
        code = "from sdensemble.verbs.cli import main; main()"
        done = subprocess.run(
            [sys.executable, "-c", code, *words, "--lang", "de"],
            cwd=tmp_path,
            capture_output=True,
            encoding="utf-8",
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    examples = root / "examples"
    assert "teacup.mdl: 9 Variable" in said("describe", "--study", str(examples / "teacup"))
    said("ledger", "--study", str(examples / "library"), "--out", "out")
    heads, *_ = (tmp_path / "out" / "ledger.csv").read_text("utf-8-sig").splitlines()
    assert "target (Deutsch)" in heads
    assert "Deutsch" in (tmp_path / "out" / "columns.csv").read_text("utf-8-sig").splitlines()[0]
    said("new", str(examples / "library" / "model" / "library.mdl"), "fresh")
    assert 'de = "Baseline"' in (tmp_path / "fresh" / "scenarios" / "baseline.toml").read_text(
        "utf-8"
    )


def test_only_formats_of_files_name_a_language():
    """What people write into files has its languages in fixed columns; elsewhere none is named.

    English alone is named where a text stands in for one that a language lacks.
    """
    formats = ("inputs/", "pages/variables.py", "checks/against.py", "outputs/columns.py")
    named = [
        f"{path.relative_to(PACKAGE)}:{node.lineno} {node.value}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if not path.relative_to(PACKAGE).as_posix().startswith(formats)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if node.value == "zh" or node.value.endswith("_zh")
    ]
    assert not named, "\n".join(named)
