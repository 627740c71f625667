"""Read a Vensim or XMILE file into a Model: the table of contents of this room."""

from __future__ import annotations

import dataclasses
import hashlib
import math
import warnings
from pathlib import Path

from sdengine.errors import Message, ModelRemark, Problems, SDError
from sdengine.limits import at_most, limit
from sdengine.model.ages import with_ages
from sdengine.model.clock import bound, clock_of
from sdengine.model.differences import differences
from sdengine.model.external import Outside
from sdengine.model.macros import inline
from sdengine.model.notes import read_labels
from sdengine.model.parse import parse
from sdengine.model.ranges import Ranges
from sdengine.model.sections import CLOCK, Element
from sdengine.model.shifts import written_out
from sdengine.model.simultaneous import gone_round
from sdengine.model.variables import spelled, variable_of
from sdengine.recursion import deeply
from sdengine.syntax import Expr, Model, Variable, fold


def read_model(path: str | Path) -> Model:
    """Return the Model a ``.mdl``, ``.xmile`` or ``.stmx`` file describes.

    Raises SDError naming every variable that cannot be read, and refuses an empty model.

    >>> model = read_model("examples/teacup/model/teacup.mdl")
    >>> model["Teacup_Temperature"].unit, model.clock.steps
    ('Degree', 240)
    """
    path = Path(path)
    if not path.is_file():
        raise SDError(Message("{file}: no such model file", file=path))
    try:
        model = deeply(_read, path)
    except RecursionError:
        raise SDError(
            Message("{file}: an equation is nested too deeply to be read", file=path.name)
        ) from None
    _tell(model)
    return dataclasses.replace(model, labels=read_labels(path.with_name("labels.csv")))


_told: set[str] = set()  # digests of the models whose remarks were given in this process


def _tell(model: Model) -> None:
    """Give a model's remarks as warnings, once."""
    if model.digest not in _told:
        _told.add(model.digest)
        for remark in model.remarks:
            warnings.warn(remark, ModelRemark, stacklevel=3)


def _read(path: Path) -> Model:
    file = parse(path)
    section, *macros = file.sections
    problems = Problems()
    outside = Outside(path.parent)
    ranges = Ranges(section, path.name, problems, outside)
    variables: dict[str, Variable] = {}
    control: dict[str, Expr] = {}
    unit, size = "", 0
    last: Element | None = None
    known: set[str] = set()
    for element in inline(section.elements, macros, path, ranges):
        key = fold(element.name)
        if key in CLOCK:
            unit = element.unit or unit
            if element.equations:
                control[key] = element.equations[0].expr
            last = element if key == "final time" else last
            continue
        if key in known:
            problems.add(f'{path.name} "{element.name}"', Message("is defined twice"))
        known.add(key)
        variable = variable_of(element, ranges, path.name, problems, outside)
        if variable is not None:
            variables[variable.name] = variable
            size += ranges.size(variable.dims)
            if size > limit("ELEMENTS"):
                raise SDError(
                    Message(
                        "{file}: {size:,} elements in all; {most}",
                        file=path.name,
                        size=size,
                        most=at_most("ELEMENTS"),
                    )
                )
    variables = with_ages(variables, path.name, problems)
    variables = gone_round(written_out(variables, ranges, unit, path.name, problems))
    problems.raise_if_any()
    if not variables:
        raise SDError(
            Message("{file}: no variable found — is this a system-dynamics model?", file=path.name)
        )
    clock = dataclasses.replace(clock_of(control, variables, path.name, unit), method=file.method)
    if math.isnan(clock.stop) and last is not None:  # an equation: known when the model runs
        stop = variable_of(last, ranges, path.name, problems, outside)
        problems.raise_if_any()
        variables |= {} if stop is None else {stop.name: stop}
    variables = spelled(variables)
    files = dict(sorted(outside.files.items()))
    parts = [hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()]
    parts += [name + own for name, own in files.items()]
    digest = parts[0]
    if files:
        digest = hashlib.blake2b("".join(parts).encode(), digest_size=16).hexdigest()
    model = Model(
        path=path,
        digest=digest,
        clock=clock,
        ranges=ranges.elements,
        variables=variables,
        mappings=ranges.mappings,
        files=files,
        bound=bound(control.values(), variables, section.bound),
    )
    remarks = (
        Message("{where}: {what}", where=path.name, what=remark)
        for remark in (*file.remarks, *differences(model))
    )
    return dataclasses.replace(model, remarks=tuple(remarks))
