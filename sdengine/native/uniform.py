"""``rng.Stream`` as machine code: the same numbers bit for bit, in a fifth of the time."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sdengine.native.jit import address, aligned, loaded
from sdengine.streams import MULTIPLIERS, ROUNDS, WEYL, Stream

LANES = 8
_V = f"<{LANES} x i64>"
_F = f"<{LANES} x double>"


def uniform(
    stream: Stream,
    members: NDArray[np.int64],
    *,
    steps: int = 1,
    elements: int = 1,
    first: int = 0,
) -> NDArray[np.float64]:
    """Return what ``Stream.uniform`` returns, shape (step, element, member)."""
    start, lead = first // 2, first % 2
    pairs = (first + steps + 1) // 2 - start
    width = -(-members.size // LANES) * LANES
    ids = np.zeros(width, np.int64)
    ids[: members.size] = members
    out = aligned(pairs * 2 * elements * width)
    _code()(address(ids), width, start, pairs, elements, *stream.key, address(out))
    numbers = out.reshape(2 * pairs, elements, width)[lead : lead + steps, :, : members.size]
    return np.ascontiguousarray(numbers)


def normal(
    stream: Stream,
    members: NDArray[np.int64],
    *,
    steps: int = 1,
    elements: int = 1,
    first: int = 0,
) -> NDArray[np.float64]:
    """Return what ``Stream.normal`` returns, shape (step, element, member)."""
    from scipy.special import ndtri  # here, as its import takes a tenth of a second

    numbers = uniform(stream, members, steps=steps, elements=elements, first=first)
    return ndtri(numbers, out=numbers)


@functools.cache
def _code() -> Callable[..., None]:
    """Return run(ids, members, first pair, pairs, elements, key 0, key 1, out)."""
    return loaded(_text(), "piiiiiip")


def _text() -> str:
    """Return Philox4x32-10 of the counters (member, element, pair, 0), eight members at once.

    Both factors of a product are seen to be below 2**32, so that it is one instruction.
    """
    lines: list[str] = []

    def new(text: str) -> str:
        name = f"%v{len(lines)}"
        lines.append(f"  {name} = {text}")
        return name

    def splat(value: int | float | str, kind: str = "i64") -> str:
        return "<" + ", ".join([f"{kind} {value}"] * LANES) + ">"

    def each(scalar: str) -> str:
        first = new(f"insertelement {_V} poison, i64 {scalar}, i64 0")
        return new(f"shufflevector {_V} {first}, {_V} poison, <{LANES} x i32> zeroinitializer")

    low, half = splat(0xFFFFFFFF), splat(32)
    at = new("getelementptr i64, ptr %ids, i64 %m")
    c0 = new(f"and {_V} {new(f'load {_V}, ptr {at}, align 8')}, {low}")
    c1, c2 = each("%element"), new(f"and {_V} {each(new('add i64 %start, %pair'))}, {low}")
    c3 = splat(0)
    keys = [new("and i64 %k0, 4294967295"), new("and i64 %k1, 4294967295")]
    for _ in range(ROUNDS):
        p0 = new(f"mul {_V} {c0}, {splat(int(MULTIPLIERS[0]))}")
        p1 = new(f"mul {_V} {c2}, {splat(int(MULTIPLIERS[1]))}")
        above0, above1 = new(f"lshr {_V} {p0}, {half}"), new(f"lshr {_V} {p1}, {half}")
        c0 = new(f"xor {_V} {new(f'xor {_V} {above1}, {c1}')}, {each(keys[0])}")
        c2 = new(f"xor {_V} {new(f'xor {_V} {above0}, {c3}')}, {each(keys[1])}")
        c1, c3 = new(f"and {_V} {p1}, {low}"), new(f"and {_V} {p0}, {low}")
        keys = [
            new(f"and i64 {new(f'add i64 {key}, {step}')}, 4294967295")
            for key, step in zip(keys, WEYL, strict=True)
        ]
    row = new(f"add i64 {new('mul i64 %pair, %rows')}, %element")
    for offset, high, rest in (("0", c0, c1), ("%elements", c2, c3)):
        upper = new(f"shl {_V} {high}, {splat(20)}")
        bits = new(f"or {_V} {upper}, {new(f'lshr {_V} {rest}, {splat(12)}')}")
        middle = new(f"fadd {_F} {new(f'uitofp {_V} {bits} to {_F}')}, {splat(0.5, 'double')}")
        number = new(f"fmul {_F} {middle}, {splat('0x3CB0000000000000', 'double')}")  # 2**-52
        begin = new(f"mul i64 {new(f'add i64 {row}, {offset}')}, %members")
        to = new(f"getelementptr double, ptr %out, i64 {new(f'add i64 {begin}, %m')}")
        lines.append(f"  store {_F} {number}, ptr {to}, align 64")
    body = "\n".join(lines)
    return f"""define void @run(ptr %ids, i64 %members, i64 %start, i64 %pairs, i64 %elements,
    i64 %k0, i64 %k1, ptr noalias %out) #0 {{
entry:
  %rows = mul i64 %elements, 2
  br label %by_pair
by_pair:
  %pair = phi i64 [ 0, %entry ], [ %pair1, %pair_done ]
  %pair_left = icmp ult i64 %pair, %pairs
  br i1 %pair_left, label %by_element, label %exit
by_element:
  %element = phi i64 [ 0, %by_pair ], [ %element1, %element_done ]
  %element_left = icmp ult i64 %element, %elements
  br i1 %element_left, label %by_member, label %pair_done
by_member:
  %m = phi i64 [ 0, %by_element ], [ %m1, %work ]
  %m_left = icmp ult i64 %m, %members
  br i1 %m_left, label %work, label %element_done
work:
{body}
  %m1 = add i64 %m, {LANES}
  br label %by_member
element_done:
  %element1 = add i64 %element, 1
  br label %by_element
pair_done:
  %pair1 = add i64 %pair, 1
  br label %by_pair
exit:
  ret void
}}
attributes #0 = {{ nounwind "prefer-vector-width"="512" "min-legal-vector-width"="512" }}
"""
