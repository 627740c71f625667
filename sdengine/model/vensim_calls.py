"""What names and calls mean in Vensim: its functions in the engine's own forms."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sdengine.errors import Message
from sdengine.model.build import TIME, add, mul, sub
from sdengine.model.equation import MARK, Subscript, Text, counted
from sdengine.model.external import Source
from sdengine.model.forms import Form, same, starting
from sdengine.model.points import EquationError
from sdengine.syntax import Call, Expr, Ref

FORMS: Mapping[str, tuple[int, Form]] = {
    "game": (1, lambda x: x),
    "initial": (1, same("initial")),
    "reinitial": (1, same("initial")),
    "integ": (2, same("integ")),
    **{f"delay{n}": (2, starting("delay", n)) for n in (1, 3)},
    **{f"delay{n}i": (3, starting("delay", n)) for n in (1, 3)},
    "delay_n": (4, same("delay_n")),
    "delay_fixed": (3, same("delay_fixed")),
    **{f"smooth{n or ''}": (2, starting("smooth", n or 1)) for n in (0, 3)},
    **{f"smooth{n or ''}i": (3, starting("smooth", n or 1)) for n in (0, 3)},
    "smooth_n": (4, same("smooth")),
    "trend": (3, same("trend")),
    "forecast": (3, same("forecast", 0.0)),
    "sample_if_true": (3, same("sample_if_true")),
    "allocate_available": (3, same("allocate_available")),
    "allocate_by_priority": (5, same("allocate_by_priority")),
    "time_base": (2, lambda start, slope: add(start, mul(TIME, slope))),
    "tabxl": (2, same("lookup_extrapolate")),
    "pulse_train": (
        4,
        lambda start, width, interval, end: Call("pulse_train", (start, interval, width, end)),
    ),
}
"""Vensim's functions that have another form in the engine: number of arguments and form."""
INSTEAD: Mapping[str, str] = {
    "find_zero": "write the equations as a circle and mark one of them with SIMULTANEOUS",
    "delay_profile": "add up several DELAY FIXED, each with its share of the profile",
    "queue_fifo_attrib": "give QUEUE FIFO a subscript for the attribute",
    "internal_rate_of_return": "compute NPV at several rates and read off where it crosses 0",
    "cumulate": "add up with INTEG",
    "cumulatef": "add up with INTEG",
    **dict.fromkeys(("alloc_p", "marketp"), "use ALLOCATE BY PRIORITY"),
    **dict.fromkeys(
        ("get_123_data", "get_odbc_data", "get_vdf_constants", "get_vdf_data", "get_vdf_lookups"),
        "export the numbers to .csv or .xlsx and read them with GET DIRECT DATA",
    ),
}
"""What to write in the place of functions that are not supported."""
_SOURCES = {"data": 4, "lookups": 4, "constants": 3, "subscript": 5}
_GET = re.compile(r"get_(?:xls|direct)_(data|lookups|constants|subscript)s?")


class Vensim:
    """Names and calls of Vensim's language (an ``equation.Dialect``)."""

    def __init__(self) -> None:
        self._outputs: list[tuple[str, Expr]] = []

    def take_outputs(self) -> list[tuple[str, Expr]]:
        """Return the names of the further results asked for so far, and what they are."""
        out, self._outputs = self._outputs, []
        return out

    def name(self, text: str, subscripts: tuple[Subscript, ...] | None) -> Expr:
        """Return a reference, names as written."""
        return Ref(text, tuple(map(str, subscripts or ())))

    def call(
        self,
        name: str,
        args: tuple[Expr, ...],
        subscripts: tuple[Subscript, ...] | None,
        outputs: tuple[str, ...],
    ) -> Expr:
        """Return a call in the engine's forms: delays and smooths with order and start."""
        if subscripts:
            return Call("lookup", (Ref(name, tuple(map(str, subscripts))), *args))
        word = function_name(name)
        get = _GET.fullmatch(word)
        if get is not None:
            return _source(get[1], name, args)
        if word in INSTEAD:
            told = "has {name}, which is not supported: {instead}"
            raise EquationError(Message(told, name=name, instead=Message(INSTEAD[word])))
        if any(isinstance(argument, Text) for argument in args):
            raise EquationError(
                Message('has the function "{name}" of a text, which is not supported', name=name)
            )
        if word == "delayp":
            return self._pipeline(name, args, outputs)
        form = FORMS.get(word)
        if form is not None:
            counted(name, args, form[0])
            return form[1](*args)
        self._outputs += [
            (output, Call(f"{word}{MARK}{number}", args)) for number, output in enumerate(outputs)
        ]
        return Call(word, args)

    def _pipeline(self, name: str, args: tuple[Expr, ...], outputs: tuple[str, ...]) -> Expr:
        """Return a DELAYP: a third-order delay that also tells what is in it."""
        counted(name, args, 2)
        if len(outputs) != 1:
            raise EquationError(
                Message("has a DELAYP without the name of its pipeline behind a colon")
            )
        value, time = args
        delay = starting("delay", 3)(value, time)
        self._outputs.append((outputs[0], Call("integ", (sub(value, delay), mul(value, time)))))
        return delay


def function_name(name: str) -> str:
    """Return a function's name as the engine knows it.

    >>> function_name("IF THEN ELSE")
    'if_then_else'
    """
    return name.strip().replace(" ", "_").casefold()


def _source(kind: str, name: str, args: tuple[Expr, ...]) -> Source:
    counted(name, args, _SOURCES[kind])
    texts = tuple(a.value if isinstance(a, Text) else "" for a in args)
    if not all(isinstance(a, Text) for a in args):
        raise EquationError(
            Message("has {name} with something else than texts in single quotes", name=name)
        )
    if kind == "subscript":
        return Source(kind, texts[0], texts[1], "", texts[2], texts)
    across = texts[2] if len(texts) > 3 else ""
    return Source(kind, texts[0], texts[1], across, texts[-1])
