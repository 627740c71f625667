"""A model while what a person sets is cut out of it."""

from __future__ import annotations

import dataclasses
import hashlib

import numpy as np
from numpy.typing import NDArray

from sdengine.errors import Problems, did_you_mean
from sdengine.syntax import Call, Model, Table, Variable


class Change:
    """A model while it is changed: its variables, ranges and mappings, and the problems met."""

    def __init__(self, model: Model):
        self.old = model
        self.problems = Problems()
        self.variables = dict(model.variables)
        self.ranges = dict(model.ranges)
        self.mappings = dict(model.mappings)
        self.said: list[bytes] = []

    def model(self) -> Model:
        """Return the changed model; raise every problem."""
        self.problems.raise_if_any()
        if not self.said:
            return self.old
        digest = hashlib.blake2b(self.old.digest.encode() + b"".join(self.said), digest_size=16)
        return dataclasses.replace(
            self.old,
            digest=digest.hexdigest(),
            variables=self.variables,
            ranges=self.ranges,
            mappings=self.mappings,
        )

    def note(self, what: str) -> None:
        """Note a problem."""
        self.problems.add(self.old.path.name, what)

    def find(self, name: str) -> Variable | None:
        """Return a variable that may be set; note why another may not."""
        written = self.old.name_of(name)
        if written is None:
            near = did_you_mean(name, self.old.variables)
            self.note(f'no variable "{name}" to set{near}')
            return None
        if written in self.old.bound:
            what = f'"{written}" gives the model its shape: set it in the file'
            self.note(what)
            return None
        return self.variables[written]

    def shaped(self, variable: Variable, value: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """Return a value in a variable's shape; note where it has another."""
        shape = self.old.shape(variable)
        if value.shape not in ((), shape):
            what = f'"{variable.name}" needs shape {shape} {variable.dims}, got {value.shape}'
            self.note(what)
            return None
        return np.broadcast_to(value, shape).astype(float)

    def put(self, variable: Variable, *said: object) -> None:
        """Take a variable in, with what was said of it, which belongs to the model's digest."""
        self.variables[variable.name] = variable
        self.said.append(repr((variable.name, *said)).encode())

    def names(self, variable: Variable, cell: tuple[int, ...]) -> tuple[str, ...]:
        """Return the elements at a place of a variable."""
        return tuple(self.ranges[dim][at] for dim, at in zip(variable.dims, cell, strict=True))

    def table_of(self, name: str) -> tuple[Variable, Table] | None:
        """Return a graphical function, or an auxiliary with one of its own, and its table."""
        variable = self.find(name)
        if variable is None:
            return None
        exprs = [equation.expr for equation in variable.equations]
        if len(exprs) == 1 and isinstance(exprs[0], Table):
            return variable, exprs[0]
        if len(exprs) == 1 and isinstance(exprs[0], Call) and exprs[0].function == "lookup":
            table = exprs[0].args[0]  # an auxiliary with a table of its own
            if isinstance(table, Table):
                return variable, table
        what = f'"{variable.name}" is no graphical function of one table'
        self.note(what)
        return None
