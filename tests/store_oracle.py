"""Run the shipped model in PySD from start to end and store it: ``python -m tests.store_oracle``.

The stored file is keyed by a digest of the equations: after any change of them in
``model/shanxi.mdl`` the test that reads it fails with this command. The sketch below them may be
laid out anew.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sdengine.syntax import Model
from tests.oracle import Oracle, Series

STORED = Path(__file__).with_name("golden") / "shanxi-pysd.npz"
EVERY = 32  # steps between stored times
SKETCH = b"\\\\\\---///"
"""What Vensim writes between the equations and the sketch."""


@dataclass(frozen=True)
class Stored:
    """A stored PySD run: values (time, *dims) every so many steps."""

    values: Series
    every: int


def equations_digest(model: Model) -> str:
    """Return a hash of the part of the model's file that holds its equations."""
    equations = model.path.read_bytes().split(SKETCH)[0]
    return hashlib.blake2b(equations, digest_size=16).hexdigest()


def load(model: Model) -> Stored:
    """Return the stored run of a model; fail with the command that renews it."""
    with np.load(STORED) as file:
        facts = json.loads(str(file["facts"]))
        assert facts["digest"] == equations_digest(model), (
            f"{STORED.name} was made for another {model.path.name}: "
            "renew it with `python -m tests.store_oracle`"
        )
        values = {name: file[f"v{i}"] for i, name in enumerate(facts["names"])}
    return Stored(values, facts["every"])


def main() -> None:
    """Run PySD to the end and store what it gives."""
    from sdensemble.study import open_study

    model = open_study(Path(__file__).resolve().parent.parent).model
    run = Oracle(model).run(steps=model.clock.steps)
    names = list(run)
    arrays = {f"v{i}": run[name][::EVERY] for i, name in enumerate(names)}
    import pysd

    facts = {
        "digest": equations_digest(model),
        "every": EVERY,
        "names": names,
        "pysd": pysd.__version__,
    }
    STORED.parent.mkdir(exist_ok=True)
    np.savez_compressed(STORED, facts=json.dumps(facts), **arrays)


if __name__ == "__main__":
    main()
