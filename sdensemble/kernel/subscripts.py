"""Subscript ranges, elements and mappings of a model, as numbers."""

from __future__ import annotations

import numpy as np

from sdensemble.errors import did_you_mean
from sdensemble.kernel.scope import LoweringError, Scope
from sdensemble.model.types import Model, Variable, fold


class Subscripts:
    """The ranges of a model: ``element`` numbers every element of any range, ``position`` gives
    an element's place in a range, -1 where it has none. Names are folded."""

    def __init__(self, model: Model):
        self.model = model
        self.ranges = {fold(name): elements for name, elements in model.ranges.items()}
        names = dict.fromkeys(fold(e) for es in model.ranges.values() for e in es)
        self.element = {name: number for number, name in enumerate(names)}
        self.variables = {fold(name): v for name, v in model.variables.items()}
        self.position = {name: self._positions(elements) for name, elements in self.ranges.items()}

    def _positions(self, elements: tuple[str, ...]) -> np.ndarray:
        out = np.full(len(self.element), -1, np.int64)
        for position, name in enumerate(elements):
            out[self.element[fold(name)]] = position
        return out

    def key(self, name: str) -> str:
        """Return a name of a range or element as scopes know it."""
        return fold(name)

    def variable(self, name: str) -> Variable:
        """Return a variable of the model by its name in an equation."""
        if fold(name) not in self.variables:
            raise LoweringError(f'no variable "{name}"{did_you_mean(name, self.model.variables)}')
        return self.variables[fold(name)]

    def elements(self, subscript: str) -> np.ndarray:
        """Return the numbers of the elements a range or element means; LoweringError else."""
        name = fold(subscript)
        if name in self.ranges:
            return np.array([self.element[fold(e)] for e in self.ranges[name]], np.int64)
        if name in self.element:
            return np.array([self.element[name]], np.int64)
        known = [*self.ranges, *self.element]
        raise LoweringError(f'unknown subscript "{subscript}"{did_you_mean(subscript, known)}')

    def numbers(self, name: str) -> np.ndarray:
        """Return the number of each element of a range: 1, 2, 3 … in the widest range around it."""
        inside = self.position[name] >= 0
        around = [p for p in self.position.values() if (p[inside] >= 0).all()]
        return max(around, key=lambda p: int((p >= 0).sum())) + 1

    def axis(self, subscript: str, scope: Scope) -> np.ndarray:
        """Return the element a subscript stands for at each point."""
        name = fold(subscript)
        if name in scope.axes:
            return scope.axes[name]
        if name in self.element and name not in self.ranges:
            return np.array(self.element[name])
        if name not in self.ranges:
            raise LoweringError(f'unknown subscript "{subscript}"')
        return self.follow(subscript, scope)[1]

    def follow(self, subscript: str, scope: Scope) -> tuple[str, np.ndarray]:
        """Return the range of the left-hand side that a range stands for, itself or by a
        mapping, and its element at each point."""
        name = fold(subscript)
        if name in scope.axes:
            return name, scope.axes[name]
        if name not in self.ranges:
            raise LoweringError(f'"{subscript}" is not a subscript range')
        for source, target in self.model.mappings:
            for here, there in ((source, target), (target, source)):
                if fold(here) != name or fold(there) not in scope.axes:
                    continue
                elements = self.elements(here)
                return fold(there), elements[self.position[fold(there)][scope.axes[fold(there)]]]
        for axis_name, axis in scope.axes.items():  # a range whose elements are all in ``name``
            if np.isin(axis, self.elements(name)).all() and not axis_name.endswith("!"):
                return axis_name, axis
        raise LoweringError(
            f'subscript "{subscript}" is used without "!" but is not on the left-hand side'
        )
