"""The kernel of models drawn by chance has the values of the reference, whoever is asked for."""

from __future__ import annotations

import random

import numpy as np
import pytest

from sdensemble import read_model
from tests.fuzz.sound import Sound, require_reference_values


@pytest.mark.parametrize("seed", range(20, 40))
def test_a_model_drawn_by_chance_has_the_values_of_the_reference(tmp_path, seed):
    chance, rng = random.Random(seed), np.random.default_rng(seed)
    path = tmp_path / "model.mdl"
    path.write_text(Sound(chance).text(), encoding="utf-8")
    constants = {name: rng.normal(1, 1, 3) for name in ("c0", "c1")}
    kernel = require_reference_values(read_model(path), constants)
    names = [name for name in kernel.model.variables if name.startswith("x")]
    whole = kernel.run(constants, report=names).values
    few = chance.sample(names, 2)
    alone = kernel.run(constants, report=few).values
    for name in few:
        np.testing.assert_array_equal(alone[name], whole[name])
