"""Small models made by hand, for tests that need a model but no model file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sdengine.syntax import Clock, Kind, Model, Note, Variable

ELEMENTS = ("brewing", "dairy", "other")


def variable(
    name: str,
    value: object = None,
    *,
    dims: tuple[str, ...] = (),
    unit: str = "Dmnl",
    limits: tuple[float | None, float | None] = (None, None),
    kind: Kind = Kind.CONSTANT,
) -> Variable:
    """Return a variable without equations; a constant where no other kind is given."""
    array = None if value is None else np.asarray(value, dtype=float)
    return Variable(name, kind, dims, unit, limits, Note(), (), array)


def small_model(*more: Variable, stop: float = 2026.0) -> Model:
    """Return a model of a few constants, scalar and by sector, and two auxiliaries."""
    sector = ("sector",)
    variables = (
        variable("cold chain share", 0.1, unit="1/Year", limits=(0, 0.5)),
        variable("grant budget", 0.0, unit="Yi/Year", limits=(0, 50)),
        variable("grant budget execution", 0.7, limits=(0, 1)),
        variable("capital cost", [0.3, 0.4, 0.5], dims=sector, unit="Yi", limits=(0.05, 2)),
        variable("import share", [0.1, 0.2, 0.0], dims=sector, limits=(0, 0.9)),
        variable("loss", [0.1, 0.2, 0.3], dims=sector, limits=(None, None)),
        variable("macro shock", 0.0, limits=(-1, 1)),
        variable("price shock", [0.0, 0.0, 0.0], dims=sector, limits=(-2, 2)),
        variable("output", dims=sector, unit="Yi/Year", kind=Kind.AUXILIARY),
        variable("capacity", unit="Yi", kind=Kind.STOCK),
        *more,
    )
    return Model(
        path=Path("model/small.mdl"),
        digest="small",
        clock=Clock(2019.0, stop, 1 / 32, 0.25, "Year"),
        ranges={"sector": ELEMENTS, "cluster": ELEMENTS[:2]},
        variables={one.name: one for one in variables},
    )
