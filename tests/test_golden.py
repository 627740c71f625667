"""What the verbs write for the examples, and the assembly of kernels, byte by byte as it was."""

from __future__ import annotations

import json

import pytest

from tests import store_golden as golden

RENEW = (
    "bytes have changed. If that is meant, run `python -m tests.store_golden` (with --study for the"
    " shipped study) and say in the commit what changed and why; a tidy-up changes none"
)


@pytest.fixture(scope="module")
def stored() -> dict:
    return json.loads(golden.STORED.read_text("utf-8"))


def changed(before: dict[str, str], now: dict[str, str]) -> list[str]:
    return sorted(name for name in {*before, *now} if before.get(name) != now.get(name))


def test_the_assembly_of_twenty_models_is_as_it_was(stored):
    found = golden.assembly()
    assert len(found) == golden.MODELS
    assert not changed(stored["assembly"], found), RENEW


@pytest.mark.parametrize("example", golden.EXAMPLES)
def test_what_the_verbs_write_for_an_example_is_as_it_was(stored, example):
    if stored["machine"] != golden.machine():
        pytest.skip("stored on another processor: the last bits of a run are each processor's own")
    verbs = golden.EXAMPLES[example]
    found = dict(golden.written(golden.ROOT / "examples" / example, verbs))
    assert not changed(stored["examples"][example], found), RENEW


@pytest.mark.full
def test_what_the_verbs_write_for_the_shipped_study_is_as_it_was(stored):
    if stored["machine"] != golden.machine():
        pytest.skip("stored on another processor: the last bits of a run are each processor's own")
    assert not changed(stored["study"], golden.shipped()), RENEW
