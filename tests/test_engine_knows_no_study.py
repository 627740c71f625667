"""The engine knows no study: nothing of Shanxi, and no name of its model, occurs in it."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest

from sdensemble import Model, read_model

TEXT = {".py", ".ll", ".toml", ".csv", ".json", ".md"}
COMMON = {"other", "pass through"}  # English before they are names of the model
PYTHON = {"yield index", "import share"}  # statements of Python that read like names
WORDS = ("3000", "Shanxi", "山西", "Fenjiu", "汾酒", "十大集群", "agro")


@pytest.fixture(scope="module")
def model() -> Model:
    return read_model(Path(__file__).resolve().parent.parent / "model" / "shanxi.mdl")


def _found(words: list[str], root: Path) -> list[str]:
    """Return where any of the words stands as a whole word in the engine, in any case."""
    found = []
    for package in ("sdengine", "sdensemble"):
        for path in sorted((root / package).rglob("*")):
            if path.suffix not in TEXT:
                continue
            lines = path.read_text(encoding="utf-8").splitlines()
            squeezed = re.sub(r"[ _]+", " ", "\n".join(lines)).casefold()
            # A search for hundreds of names is slow: only for those that are there in some form.
            there = [word for word in words if " ".join(word.split()).casefold() in squeezed]
            if not there:
                continue
            parts = [r"[ _]+".join(map(re.escape, word.split())) for word in there]
            parts.sort(key=len, reverse=True)
            whole = rf"(?<![A-Za-z0-9_])(?:{'|'.join(parts)})(?![A-Za-z0-9_])"
            found += [
                f"{path.relative_to(root)}:{number}: {one[0]!r} in {line.strip()}"
                for number, line in enumerate(lines, 1)
                for one in re.finditer(whole, line, re.IGNORECASE)
            ]
    return found


def test_engine_names_no_province_and_no_target(root: Path):
    found = _found(list(WORDS), root)
    assert not found, "\n".join(found)


def test_engine_names_no_element_of_the_model(model: Model, root: Path):
    elements = {e for dim in model.ranges for e in model.elements(dim)} - COMMON
    assert "brewing" in elements
    found = _found(sorted(elements), root)
    assert not found, "\n".join(found)


def test_engine_names_no_variable_of_the_model(model: Model, root: Path):
    """Names of one word are let through: "elapsed" and "inflation" are words."""
    names = [n for n in model.variables if len(n.split()) > 1 and n not in COMMON | PYTHON]
    assert "total nominal output" in names
    found = _found(names, root)
    assert not found, "\n".join(found)


@functools.cache
def _constants(root: Path) -> list[tuple[str, int, object]]:
    """Return (file, line, value) of every constant in the code but docstrings."""
    found = []
    for package in ("sdengine", "sdensemble"):
        for path in sorted((root / package).rglob("*.py")):
            nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
            said = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
            found += [
                (path.relative_to(root).as_posix(), node.lineno, node.value)
                for node in nodes
                if isinstance(node, ast.Constant) and id(node) not in said
            ]
    return found


def _code(root: Path) -> list[tuple[str, int, str]]:
    """Return (file, line, text) of every text constant in the code but docstrings."""
    return [one for one in _constants(root) if isinstance(one[2], str)]


def test_no_year_stands_in_the_code(root: Path):
    """A year in a message is an example of a date; a number is a year of one study."""
    numbers = [
        f"{file}:{line}: {value}"
        for file, line, value in _constants(root)
        if isinstance(value, int | float)
        and not isinstance(value, bool)
        and 2000 < value < 2100
        and value not in (2001, 2048)  # shown lengths and counts of members
    ]
    assert not numbers, "\n".join(numbers)


def test_no_name_of_the_studys_scenarios_and_prior_sets_stands_in_the_code(study, root: Path):
    """Names that are words of the program as well are let through."""
    common = {"baseline", "all", "history", "plan", "default", "instruments"}
    names = {s.name for s in study.scenarios} | {n for s in study.scenarios for n in s.sets}
    names |= set(study.prior_sets())
    assert len(names - common) > 20
    found = [
        f"{file}:{line}: {text!r}"
        for file, line, text in _code(root)
        if text in names - common and not file.startswith("sdensemble/outputs/")
    ]
    assert not found, "\n".join(found)


def test_no_unit_of_time_and_no_kind_of_text_is_taken_for_granted(root: Path):
    found = [
        f"{file}:{line}: {text!r}"
        for file, line, text in _code(root)
        if text.endswith("/Year") or re.search(r"\bopinion\b|意见", text)
    ]
    assert not found, "\n".join(found)


def test_no_prior_set_is_named_as_the_one_meant(root: Path):
    found = [
        f"{path.relative_to(root)}:{number}: {line.strip()}"
        for path in sorted((root / "sdensemble").rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(r"prior_set[^=]*=\s*[\"'](history|plan)[\"']", line)
    ]
    assert not found, "\n".join(found)
