"""The cache of machine code: whole, the user's own, or compiled again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sdengine import compile_model, read_model
from sdengine.native import cache

TEACUP = "examples/teacup/model/teacup.mdl"


def stored(folder: Path) -> Path:
    (found,) = folder.glob("*.o")
    return found


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SDENSEMBLE_CACHE", str(tmp_path / "own cache"))
    compile_model(read_model(TEACUP))
    return tmp_path / "own cache"


def test_a_second_kernel_comes_from_the_cache(folder: Path) -> None:
    assert compile_model(read_model(TEACUP)).from_cache


@pytest.mark.parametrize("keep", [0, 10, 31, 32, 200])
def test_a_file_cut_short_is_compiled_again(folder: Path, keep: int) -> None:
    path = stored(folder)
    path.write_bytes(path.read_bytes()[:keep])
    kernel = compile_model(read_model(TEACUP))
    assert not kernel.from_cache
    assert kernel.run(report=["teacup temperature"]).values["teacup temperature"][-1, 0] > 0


def test_a_changed_byte_is_never_run(folder: Path) -> None:
    path = stored(folder)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert cache.load(path) is None
    assert not compile_model(read_model(TEACUP)).from_cache
    assert compile_model(read_model(TEACUP)).from_cache


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps a folder for each account")
def test_code_that_others_could_have_written_is_not_run(folder: Path) -> None:
    folder.chmod(0o777)
    assert not compile_model(read_model(TEACUP)).from_cache
    folder.chmod(0o700)
    assert compile_model(read_model(TEACUP)).from_cache


def test_a_cache_that_cannot_be_written_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("SDENSEMBLE_CACHE", str(tmp_path / "a file" / "below"))
    assert not compile_model(read_model(TEACUP)).from_cache
