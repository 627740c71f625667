"""What is emitted, as hashes: a change that only tidies up changes no kernel's text.

``python -m tests.engine.native.test_assembly`` writes the hashes anew; whoever does says why in
the commit.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from sdengine import read_model
from sdengine.native.emit import emit
from sdengine.native.llvm import Processor
from sdengine.native.plan import make_plan
from sdengine.program.lower import lower
from tests.open_models import Row, euler, rows

STORED = Path(__file__).with_name("assembly.json")
DRIVER = "; The driver around the generated loops"
PROCESSORS = {
    "avx512": Processor(fused=True, permutes=True),
    "plain": Processor(fused=False, permutes=False, divides=True),
}


def chosen() -> list[Row]:
    """Return some twenty open models, of every folder."""
    return rows()[::8]


def hashes(row: Row) -> dict[str, str]:
    """Return a hash of a model's text for each processor, the driver behind it left out."""
    program = lower(euler(read_model(row.path)))
    found = {}
    for name, processor in PROCESSORS.items():
        plan = make_plan(program, reciprocals=not processor.divides)
        text = emit(plan, 16, processor)
        own, found_driver, _ = text.partition(DRIVER)
        assert found_driver
        found[name] = hashlib.blake2b(own.encode(), digest_size=8).hexdigest()
    return found


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(row, marks=[pytest.mark.full] if "allocate_available" in row.name else [])
        for row in chosen()
    ],
    ids=lambda row: row.name,
)
def test_the_text_of_a_kernel_is_what_it_was(row: Row):
    stored = json.loads(STORED.read_text(encoding="utf-8"))
    assert hashes(row) == stored[row.name]


def main() -> None:
    """Write the hashes anew."""
    found = {row.name: hashes(row) for row in chosen()}
    STORED.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
