"""What the names of a model mean in its equations: variables, ranges, elements, mappings."""

from __future__ import annotations

import numpy as np

from sdengine.errors import Message, did_you_mean
from sdengine.functions.scope import LoweringError, Scope
from sdengine.syntax import Model, Variable, fold


class Names:
    """The names of a model, folded: ``element`` numbers every element of any range, ``position``
    gives an element's place in a range, -1 where it has none."""

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
            raise LoweringError(
                Message(
                    'no variable "{name}"{hint}',
                    name=name,
                    hint=did_you_mean(name, self.model.variables),
                )
            )
        return self.variables[fold(name)]

    def elements(self, subscript: str) -> np.ndarray:
        """Return the numbers of the elements a range or element means; LoweringError else."""
        name = fold(subscript)
        if name in self.ranges:
            return np.array([self.element[fold(e)] for e in self.ranges[name]], np.int64)
        if name in self.element:
            return np.array([self.element[name]], np.int64)
        known = [*self.ranges, *self.element]
        raise LoweringError(
            Message(
                'unknown subscript "{subscript}"{hint}',
                subscript=subscript,
                hint=did_you_mean(subscript, known),
            )
        )

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
            raise LoweringError(Message('unknown subscript "{subscript}"', subscript=subscript))
        return self.follow(subscript, scope)[1]

    def follow(self, subscript: str, scope: Scope) -> tuple[str, np.ndarray]:
        """Return the range of the left-hand side that a range stands for, itself or by a
        mapping, and its element at each point."""
        name = fold(subscript)
        if name in scope.axes:
            return name, scope.axes[name]
        if name not in self.ranges:
            raise LoweringError(
                Message('"{subscript}" is not a subscript range', subscript=subscript)
            )
        found = self._by_mapping(name, scope)
        if found is not None:
            return found
        for axis_name, axis in scope.axes.items():  # a range whose elements are all in ``name``
            if np.isin(axis, self.elements(name)).all() and not axis_name.endswith("!"):
                return axis_name, axis
        raise LoweringError(
            Message(
                'subscript "{subscript}" is used without "!" but is not on the left-hand side',
                subscript=subscript,
            )
        )

    def _by_mapping(self, name: str, scope: Scope) -> tuple[str, np.ndarray] | None:
        """Return the range of the left-hand side that maps to ``name`` or is mapped by it."""
        refused = ""
        for (source, target), owners in self.model.mappings.items():
            if fold(source) == name:
                place = self.position[fold(target)]
                table = np.array([self.element[fold(e)] if e else -1 for e in owners], np.int64)
            elif fold(target) == name:
                place = self.position[fold(source)]
                table = self._turned(source, target, owners)
            else:
                continue
            around = fold(target) if fold(source) == name else fold(source)
            for axis_name, axis in scope.axes.items():
                at = place[axis]
                if axis_name.endswith("!") or (at < 0).any():
                    continue
                if axis_name == around or np.isin(axis, self.elements(around)).all():
                    elements = table[at]
                    if (elements >= 0).all():
                        return axis_name, elements
                    refused = Message(
                        'the mapping of "{source}" to "{target}" gives no single element for '
                        "every element of the equation",
                        source=source,
                        target=target,
                    )
        if refused:
            raise LoweringError(refused)
        return None

    def _turned(self, source: str, target: str, owners: tuple[str, ...]) -> np.ndarray:
        """Return the one element of ``target`` for each of ``source``, -1 where it is not one."""
        folded = [fold(owner) for owner in owners]
        elements = self.elements(target)
        out = [
            elements[folded.index(fold(e))] if folded.count(fold(e)) == 1 else -1
            for e in self.model.ranges[source]
        ]
        return np.array(out, np.int64)
