"""The engine knows no study: nothing of Shanxi, and no name of its model, occurs in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sdensemble import Model, read_model

TEXT = {".py", ".ll", ".toml", ".csv", ".json", ".md"}
COMMON = {"other", "pass through"}  # English before they are names of the model
WORDS = ("3000", "Shanxi", "山西", "Fenjiu", "汾酒", "十大集群", "agro")


@pytest.fixture(scope="module")
def model() -> Model:
    return read_model(Path(__file__).resolve().parent.parent / "model" / "shanxi.mdl")


def _found(words: list[str], root: Path) -> list[str]:
    """Return where any of the words stands as a whole word in the engine, in any case."""
    parts = [r"[ _]+".join(map(re.escape, word.split())) for word in words]
    parts.sort(key=len, reverse=True)
    pattern = re.compile(rf"(?<![A-Za-z0-9_])(?:{'|'.join(parts)})(?![A-Za-z0-9_])", re.IGNORECASE)
    return [
        f"{path.relative_to(root)}:{number}: {found[0]!r} in {line.strip()}"
        for package in ("sdengine", "sdensemble")
        for path in sorted((root / package).rglob("*"))
        if path.suffix in TEXT
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for found in pattern.finditer(line)
    ]


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
    names = [n for n in model.variables if len(n.split()) > 1 and n not in COMMON]
    assert "total nominal output" in names
    found = _found(names, root)
    assert not found, "\n".join(found)
