"""Sums of terms, each the one before times a ratio of two straight lines: distributions' shares.

Term n is term n - 1 times (a + b n) / (c + n). That is how the probabilities of a Poisson, binomial
or negative binomial number follow each other, and the terms of the series of the incomplete gamma
and beta functions. ``summed`` adds up so many of them, ``reached`` counts the steps until their
sum is as large as a share. Both end where nothing of size is still to come.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sdengine.functions.record import Doubles, Operation, of_values

NOTHING = 2.0**-60  # a term is left out where it is this small a part of the sum
LONGEST = 2.0**27  # terms


def _counted(first: Doubles, a: Doubles, b: Doubles, c: Doubles, going: Callable[..., Any]) -> Any:
    """Return (steps, sum) of a series, each member going on while ``going(steps, sum)`` holds."""
    first, a, b, c = np.broadcast_arrays(*(np.asarray(v, float) for v in (first, a, b, c)))
    number, term, total = np.zeros(first.shape), first.copy(), first.copy()
    with np.errstate(all="ignore"):
        while True:
            more = (a + b * number >= c + number) | (term > NOTHING * total)
            go = going(number, total) & more & (number < LONGEST)
            if not go.any():
                return number, total
            number = np.where(go, number + 1.0, number)
            term = np.where(go, term * ((a + b * number) / (c + number)), term)
            total = np.where(go, total + term, total)


def summed(first: Doubles, a: Doubles, b: Doubles, c: Doubles, count: Doubles) -> Doubles:
    """Return the sum of so many terms, of all that matter where the count is endless."""
    _, total = _counted(first, a, b, c, lambda number, _: number < np.asarray(count) - 1.0)
    return np.where(np.asarray(count) >= 1.0, total, 0.0)


def reached(first: Doubles, a: Doubles, b: Doubles, c: Doubles, share: Doubles) -> Doubles:
    """Return how many terms after the first it takes for the sum to be a share."""
    return _counted(first, a, b, c, lambda _, total: total < np.asarray(share))[0]


def _written(
    body: Any, first: str, a: str, b: str, c: str, going: Callable[[str, str], str]
) -> tuple[str, str]:
    """Write the same as a loop that ends when no lane goes on."""
    stem, before, known = body.fresh("series"), body.block, dict(body.known)
    number, term, total = (body.fresh(f"%{name}") for name in ("number", "term", "total"))
    body.lines.append(f"  br label %{stem}")
    at = len(body.lines)
    body.label(stem)
    nearer = body.exact("fadd", a, body.exact("fmul", b, number))
    rising = body.compare("oge", nearer, body.exact("fadd", c, number))
    of_size = body.compare("ogt", term, body.exact("fmul", total, body.number(NOTHING)))
    more = body.new(f"or {body.mask} {rising}, {of_size}")
    go = body.both(going(number, total), more)
    go = body.both(go, body.compare("olt", number, body.number(LONGEST)))
    further = body.exact("fadd", number, body.number(1.0))
    upper = body.exact("fadd", a, body.exact("fmul", b, further))
    ratio = body.exact("fdiv", upper, body.exact("fadd", c, further))
    grown = body.exact("fmul", term, ratio)
    following = (
        body.select(go, further, number),
        body.select(go, grown, term),
        body.select(go, body.exact("fadd", total, grown), total),
    )
    none = body.every(body.new(f"xor {body.mask} {go}, {body.splat('i1', 'true')}"))
    body.lines.append(f"  br i1 {none}, label %{stem}.done, label %{stem}")
    body.lines[at + 1 : at + 1] = [
        f"  {name} = phi {body.vector} [ {start}, %{before} ], [ {new}, %{body.block} ]"
        for name, start, new in zip(
            (number, term, total), (body.number(0.0), first, first), following, strict=True
        )
    ]
    body.known = known
    body.label(f"{stem}.done")
    return number, total


def _write_summed(body: Any, first: str, a: str, b: str, c: str, count: str) -> str:
    last = body.exact("fsub", count, body.number(1.0))
    _, total = _written(body, first, a, b, c, lambda number, _: body.compare("olt", number, last))
    return body.select(body.compare("oge", count, body.number(1.0)), total, body.number(0.0))


def _write_reached(body: Any, first: str, a: str, b: str, c: str, share: str) -> str:
    return _written(body, first, a, b, c, lambda _, total: body.compare("olt", total, share))[0]


INNER = (
    Operation(name="summed", meaning=summed, emit=of_values(_write_summed), cost=400),
    Operation(name="reached", meaning=reached, emit=of_values(_write_reached), cost=400),
)
