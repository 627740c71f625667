"""Program → Made: its machine code, loaded where it was made before.

A kernel made before is found without planning and writing it anew. Its key is a digest of all
that these two read: the program, to the last bit; the members side by side; the processor; the
engine's own source; and NumPy, which works out what literals alone decide. Under the key lies the
layout and the digest of the kernel's text, under which lies the code.
"""

from __future__ import annotations

import functools
import hashlib
import json
import platform
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sdengine.errors import Message, SDError
from sdengine.ir import Program, Slots
from sdengine.native import cache
from sdengine.native.emit import emit
from sdengine.native.jit import Native, compiler, host, load, load_or_compile
from sdengine.native.layout import Layout
from sdengine.native.llvm import Processor
from sdengine.native.plan import make_plan
from sdengine.recursion import deeply

CACHE = 2**20  # bytes of workspace that stay in a processor's second-level cache
SMALL_CACHE = 2**15  # and in its first
TINY = 3 * 2**12  # and leave most of that free
LOADED = time.time()


@dataclass(frozen=True, eq=False)
class Made:
    """A program's machine code, for ``lanes`` members side by side, and its layout."""

    native: Native
    layout: Layout
    lanes: int
    from_cache: bool


def made(program: Program, lanes: int | None, processor: Processor, *, use_cache: bool) -> Made:
    """Return a program's machine code; ``lanes`` are chosen where None are asked for.

    Raises SDError where an equation is nested too deeply.
    """
    path = place(program, lanes, processor) if use_cache else None
    if path and (found := _recalled(path)):
        return found
    try:
        layout, lanes, text = deeply(_written, program, lanes, processor)
    except RecursionError:
        raise SDError(
            Message("{file}: an equation is nested too deeply", file=program.name)
        ) from None
    native, cached = load_or_compile(text, use_cache=use_cache)
    out = Made(native, layout, lanes, cached)
    if path:
        _remember(path, out)
    return out


def _written(program: Program, lanes: int | None, processor: Processor) -> tuple[Layout, int, str]:
    """Return (layout, lanes, assembly) of a program."""
    plan = make_plan(program, reciprocals=not processor.divides)
    lanes = lanes or lanes_for(plan.size, processor.doubles)
    return plan.layout, lanes, emit(plan, lanes, processor)


def lanes_for(size: int, doubles: int = 8) -> int:
    """Return how many members run side by side on a processor with so many doubles in a register.

    Two registers of them where the cache holds them, else one; more make longer code, which takes
    longer to compile and runs no sooner. A small model has 32: it spends its time on what it
    keeps. The smallest have 64 with AVX-512: a step waits for the one before, and many members
    wait no longer than few. No result depends on it; speed does (benchmarks/speed.py).
    """
    if size * doubles * 64 <= TINY and doubles > 4:
        return doubles * 8
    if size * 32 * 8 * (8 // doubles) <= SMALL_CACHE:
        return 32
    return doubles * 2 if size * doubles * 2 * 8 <= CACHE else doubles


def _recalled(path: Path) -> Made | None:
    """Return what was made before, where both the layout and the code are there."""
    data = cache.load(path)
    if data is None:
        return None
    said = json.loads(data)
    native = load(said["text"])
    if native is None:
        return None
    loops = (tuple((_slots(w), _slots(r)) for w, r in loop) for loop in said["invariant"])
    layout = Layout(said["size"], _slots(said["switches"]).reshape(-1, 2), tuple(loops))
    return Made(native, layout, said["lanes"], True)


def _slots(numbers: list[int]) -> Slots:
    return np.array(numbers, np.int64)


def _remember(path: Path, made: Made) -> None:
    said = {"text": made.native.digest, "lanes": made.lanes, **vars(made.layout)}
    cache.store(path, json.dumps(said, default=np.ndarray.tolist).encode())


def place(program: Program, lanes: int | None, processor: Processor) -> Path | None:
    """Return where a kernel's layout is kept, or None where the engine's source is not known."""
    engine = _engine()
    if not engine:
        return None
    tools = (sys.version, np.__version__, compiler(), platform.machine(), *host())
    digest = hashlib.blake2b(digest_size=16)
    for part in said((engine, tools, processor, lanes, program)):
        digest.update(part)
    return cache.cache_folder() / f"{digest.hexdigest()}.layout"


def said(value: Any) -> Iterator[bytes]:
    """Yield all that a frozen value says: two values that differ anywhere say different bytes."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        kind = type(value).__name__
        if isinstance(value, float | np.generic | np.ndarray):
            bits = np.asarray(value)
            yield f"{kind} {bits.dtype.str} {bits.shape} ".encode() + bits.tobytes()
        elif value is None or isinstance(value, str | int):
            text = repr(value).encode()
            yield f"{kind} {len(text)} ".encode() + text
        else:
            parts = _parts(value)
            yield f"{kind} {len(parts)} ".encode()
            waiting.extend(reversed(parts))


def _parts(value: Any) -> list[Any]:
    if is_dataclass(value) and not isinstance(value, type):
        return [getattr(value, name) for name in _names(type(value))]
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return list(value)
    raise TypeError(f"{type(value).__name__} is not said byte by byte")


@functools.cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


@functools.cache
def _engine() -> str:
    return source_digest(Path(__file__).resolve().parents[1], LOADED)


def source_digest(root: Path, loaded: float) -> str:
    """Return a digest of the source in a folder; empty where there is none, or where a file was
    changed after it was loaded."""
    sources = sorted(path for path in root.rglob("*") if path.suffix in (".py", ".ll"))
    if not sources or max(path.stat().st_mtime for path in sources) > loaded:
        return ""
    digest = hashlib.blake2b(digest_size=16)
    for path in sources:
        source = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()} {len(source)} ".encode() + source)
    return digest.hexdigest()
