"""Help is told from the catalogues, whole in every language."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from sdensemble.lang import LANGS, catalogue
from sdensemble.outputs.text import width
from sdensemble.verbs.cli import main
from sdensemble.verbs.help import key_of


def _commands(command: click.Command, place: str = "") -> dict[str, click.Command]:
    found = {place or "main": command}
    for name in getattr(command, "table", {}):
        found |= _commands(command.get_command(None, name), f"{place}_{name}" if place else name)
    return found


COMMANDS = _commands(main)


@pytest.mark.parametrize("place", COMMANDS)
def test_every_verb_and_option_has_its_help_in_the_catalogue(place):
    words = catalogue(LANGS[0])
    assert f"help.{place}.text" in words
    for option in COMMANDS[place].params:
        if isinstance(option, click.Option):
            keys = (f"help.{place}.{key_of(option)}", f"help.options.{key_of(option)}")
            assert any(key in words for key in keys), keys


def test_the_catalogue_helps_with_nothing_that_is_gone():
    every = [
        key_of(o) for one in COMMANDS.values() for o in one.params if isinstance(o, click.Option)
    ]
    for key in catalogue(LANGS[0]):
        parts = key.split(".")
        own = parts[1:2] != ["words"] and parts[2:] not in (["text"], ["help"])
        if parts[0] == "help" and len(parts) == 3 and own:
            assert parts[1] == "options" or parts[1] in COMMANDS, key
            assert parts[2] in every, key


def test_chinese_help_has_none_of_clicks_english_words_and_fits_the_width():
    for name in COMMANDS:
        verb = [] if name == "main" else name.split("_")
        shown = CliRunner().invoke(main, [*verb, "--help"]).output
        assert "用法：" in shown
        for word in ("Usage", "Options", "Commands", "default", "TEXT", "INTEGER", "DIRECTORY"):
            assert word not in shown, (name, word)
        assert max(map(width, shown.splitlines())) <= 82, name  # closing signs may hang


def test_a_hint_for_an_option_is_near_or_none():
    for typed, hint in (("--priors", "--prior"), ("--sceanrio", "--scenario"), ("--year", "")):
        said = CliRunner().invoke(main, ["run", "--lang", "en", typed, "x"]).output
        assert (f'did you mean "{hint}"' in said) if hint else ("did you mean" not in said)


def test_help_comes_in_the_language_asked_before_or_after_the_verb():
    run = CliRunner().invoke
    for args in (["--lang", "en", "run", "--help"], ["run", "--lang", "en", "--help"]):
        assert "Run the scenarios" in run(main, args).output
    assert "运行情景" in run(main, ["run", "--help"]).output
    assert "observe" in run(main, ["--lang", "en", "--help"]).output
    assert "加入" in run(main, ["observe", "add", "--help"]).output
