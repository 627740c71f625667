"""Shared fixtures. Tests use a cache folder of their own, so that they compile what they test."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

os.environ.setdefault("SDENSEMBLE_CACHE", tempfile.mkdtemp(prefix="sdensemble-test-cache-"))
os.environ.setdefault("MPLBACKEND", "Agg")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository: the Shanxi study."""
    return ROOT


@pytest.fixture
def write_model(tmp_path: Path):
    """Return a function that writes a Vensim file with a short clock and returns its path."""

    def write(equations: str, name: str = "model.mdl", *, step: float = 0.25, stop: float = 2.0):
        clock = (
            f"INITIAL TIME=0~Year~|\nFINAL TIME={stop}~Year~|\n"
            f"TIME STEP={step}~Year~|\nSAVEPER=TIME STEP~Year~|\n"
        )
        path = tmp_path / name
        path.write_text("{UTF-8}\n" + equations + "\n" + clock, encoding="utf-8")
        return path

    return write
