"""PySD as the oracle: run a model file with it, slowly and by code that is not ours."""

from __future__ import annotations

import ast
import shutil
import tempfile
import warnings
import weakref
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sdengine.model.vensim_text import vensim_text
from sdengine.syntax import Kind, Model, fold

Series = dict[str, NDArray[np.float64]]


class Through(Protocol):
    """Values of a constant through time, each held until the next."""

    @property
    def times(self) -> NDArray[np.float64]:
        """When each value begins, ascending."""

    @property
    def values(self) -> NDArray[np.float64]:
        """The values, shape (time, *dims)."""


class Oracle:
    """A model loaded by PySD, which integrates by Euler whatever the file asks for.

    PySD writes beside the file it reads, so it is given a copy, with the files of data the
    model names. Where it cannot read a file it is given the model as our reader has read it,
    written out plainly, and ``rewritten`` is true then.
    """

    def __init__(self, model: Model):
        import pysd

        disarm_pysd()
        self.model = model
        self.version = str(pysd.__version__)
        folder = tempfile.mkdtemp()
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)  # runs read data in it
        copy = Path(folder) / f"model{model.path.suffix}"
        shutil.copy(model.path, copy)
        for name in model.files:
            source, to = model.path.parent / name, copy.parent / name
            if source.is_file() and copy.parent in to.resolve().parents:
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, to)
        reader = pysd.read_vensim if copy.suffix.lower() == ".mdl" else pysd.read_xmile
        self.rewritten = False
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                self.pysd = reader(str(copy))
            except Exception:
                text = vensim_text(model)
                if text is None:
                    raise
                copy = copy.with_name("rewritten.mdl")
                copy.write_text(text, encoding="utf-8")
                self.pysd = pysd.read_vensim(str(copy))
                self.rewritten = True
            self.known = {fold(name) for name in self.pysd.doc["Real Name"]}

    def run(
        self,
        *,
        constants: Mapping[str, NDArray[np.float64]] | None = None,
        held: Mapping[str, Through] | None = None,
        steps: int,
        names: Iterable[str] | None = None,
    ) -> Series:
        """Return variables at every step, shape (time, *dims), for one member.

        Without ``names`` all but lookups. What PySD does not have, or not every element of, is
        left out: the inside of macros, for one.
        """
        # PySD keeps a whole number of the file as an integer and then truncates the state of a
        # SMOOTH or DELAY that starts from it, so every constant is handed over as a float.
        params: dict[str, Any] = {
            v.name: self._labelled(v.name, v.value)
            for v in self.model.constants()
            if fold(v.name) in self.known
        }
        for name, value in (constants or {}).items():
            params[name] = self._labelled(name, value)
        for name, series in (held or {}).items():
            params[name] = self._series(name, series)
        clock = self.model.clock
        variables = self.model.variables.values()
        wanted = [v.name for v in variables if v.kind is not Kind.LOOKUP]
        wanted = [n for n in (wanted if names is None else names) if fold(n) in self.known]
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            frame = self.pysd.run(
                params=params,
                final_time=clock.start + steps * clock.step,
                saveper=clock.step,
                return_columns=wanted,
            )
        columns = {
            str(column).replace(", ", ",").replace('"', ""): np.asarray(frame[column], float)
            for column in frame.columns
        }
        gathered = {name: self._gather(name, columns, len(frame)) for name in wanted}
        return {name: values for name, values in gathered.items() if values is not None}

    def _labelled(self, name: str, value: Any) -> Any:
        from pysd.py_backend.utils import rearrange

        variable = self.model[name]
        if not variable.dims:
            return float(np.asarray(value))
        elements = {dim: list(self.model.elements(dim)) for dim in variable.dims}
        full = np.broadcast_to(np.asarray(value, float), self.model.shape(variable))
        return rearrange(full, list(variable.dims), elements)

    def _series(self, name: str, series: Through) -> Any:
        """Return a callable that holds each value until the next."""
        values = [self._labelled(name, value) for value in series.values]
        before = self._labelled(name, self.model[name].value)

        def current() -> Any:
            at = int(np.searchsorted(series.times, self.pysd.time() + 1e-9, side="right")) - 1
            return values[at] if at >= 0 else before

        return current

    def _gather(
        self, name: str, columns: Mapping[str, NDArray[np.float64]], times: int
    ) -> NDArray[np.float64] | None:
        variable = self.model[name]
        shape = self.model.shape(variable)
        out = np.empty((times, *shape))
        for index in np.ndindex(*shape):
            elements = [
                self.model.elements(d)[i] for d, i in zip(variable.dims, index, strict=True)
            ]
            key = f"{name}[{','.join(elements)}]" if elements else name
            if (column := columns.get(key.replace('"', ""))) is None:
                return None
            out[(slice(None), *index)] = column
        return out


def disarm_pysd() -> None:
    """Put ``literal`` in the place of PySD's ``eval``: text of a file is never run as code."""
    from pysd.translators.vensim import vensim_element
    from pysd.translators.xmile import xmile_element

    modules: list[Any] = [vensim_element, xmile_element]
    for module in modules:
        module.eval = literal


def literal(text: str) -> Any:
    """Return the numbers, strings and tuples a text spells; anything else raises ValueError.

    PySD calls ``eval`` on pieces of the file; this stands in its place.

    >>> literal("(1, -2), (3e1, 4)")
    ((1, -2), (30.0, 4))
    """
    return _value(ast.parse(text.strip(), mode="eval").body)


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float | str):
        return node.value
    if isinstance(node, ast.Tuple | ast.List):
        return tuple(map(_value, node.elts))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.UAdd | ast.USub):
        value = _value(node.operand)
        if isinstance(value, int | float):
            return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        left, right = _value(node.left), _value(node.right)  # PySD takes 41+1 for two numbers
        if isinstance(left, int | float) and isinstance(right, int | float):
            return left - right if isinstance(node.op, ast.Sub) else left + right
    raise ValueError("something else than numbers where numbers are expected")
