"""Comparisons, and, or, not, and the choice between two values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sdengine.functions.record import Doubles, Emission, Example, Function, Writer, of_values
from sdengine.functions.unit_rules import Units, rule
from sdengine.ir import Op
from sdengine.syntax import Call


def truth(condition: Any) -> Doubles:
    """Return 1 where a condition holds and 0 elsewhere."""
    return np.asarray(condition, dtype=float)


def one_where(b: Any, mask: str) -> str:
    """Write 1 in the lanes of a mask and 0 in the others."""
    return b.select(mask, b.number(1.0), b.number(0.0))


def _both(how: str) -> Emission:
    def mask(writer: Writer, node: Op, index: str | None) -> str:
        left, right = (writer.truth(part, index) for part in node.parts)
        return writer.body.new(f"{how} {writer.body.mask} {left}, {right}")

    return mask


def _not(writer: Writer, node: Op, index: str | None) -> str:
    b, inner = writer.body, writer.truth(node.parts[0], index)
    return b.new(f"xor {b.mask} {inner}, {b.splat('i1', 'true')}")


def _choice(writer: Writer, node: Op, index: str | None) -> str:
    condition, yes, no = node.parts
    mask = writer.truth(condition, index)
    return writer.body.select(mask, writer.value(yes, index), writer.value(no, index))


def _compared(units: Units, call: Call) -> Any:
    """Both of one unit; the value has none."""
    units.same([units.of(arg) for arg in call.args], "comparison")
    return units.none


def _comparison(
    name: str, spelling: str, how: str, meaning: Callable[..., Any], example: str, value: float
) -> Function:
    return Function(
        name=name,
        spellings=(spelling,),
        arity=(2,),
        unit=_compared,
        meaning=lambda a, b: truth(meaning(a, b)),
        mask=of_values(lambda b, x, y: b.compare(how, x, y)),
        seldom=True,
        example=Example(f"IF THEN ELSE({example},1,0)", value),
    )


RECORDS = (
    _comparison("eq", "=", "oeq", np.equal, "Time=4", 1),
    _comparison("ne", "<>", "une", np.not_equal, "Time<>4", 0),
    _comparison("lt", "<", "olt", np.less, "Time<4", 0),
    _comparison("le", "<=", "ole", np.less_equal, "Time<=4", 1),
    _comparison("gt", ">", "ogt", np.greater, "Time>4", 0),
    _comparison("ge", ">=", "oge", np.greater_equal, "Time>=4", 1),
    Function(
        name="and",
        spellings=(":AND:", "AND"),
        arity=(2,),
        unit=rule("? ? -> 1"),
        meaning=lambda a, b: truth((a != 0) & (b != 0)),
        mask=_both("and"),
        example=Example("IF THEN ELSE(Time>1 :AND: Time<3,1,0)", 0),
    ),
    Function(
        name="or",
        spellings=(":OR:", "OR"),
        arity=(2,),
        unit=rule("? ? -> 1"),
        meaning=lambda a, b: truth((a != 0) | (b != 0)),
        mask=_both("or"),
        example=Example("IF THEN ELSE(Time>1 :OR: Time<3,1,0)", 1),
    ),
    Function(
        name="not",
        spellings=(":NOT:", "NOT"),
        arity=(1,),
        unit=rule("? -> 1"),
        meaning=lambda a: truth(a == 0),
        mask=_not,
        example=Example("IF THEN ELSE(:NOT: Time>5,1,0)", 1),
    ),
    Function(
        name="if_then_else",
        spellings=("IF THEN ELSE", "IF"),
        arity=(3,),
        unit=rule("? x x -> x"),
        meaning=lambda condition, yes, no: np.where(condition != 0, yes, no),
        emit=_choice,
        example=Example("IF THEN ELSE(Time>3,7,8)", 7),
    ),
)
