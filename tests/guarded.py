"""Run random models with every array of the kernel against a page that may not be touched.

``python -m tests.guarded 1 2 4`` prints a digest of each model's run by width. Before the pages
stands nothing else of ours: an access past either end kills the process.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import mmap
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.models import generated
from sdengine.native import blocks as natively
from sdensemble import compile_model, read_model

PAGE = mmap.PAGESIZE
KINDS = """
k=0.5~~|
table(({pairs}))~~|
uneven((0,1),(0.1,3),(0.7,2),(2,2.5){more},(90,1))~~|
own[part]=1,2,3~~|
each[p0]((0,0),(1,1))~~|
each[p1]((0,0),(1,2),(3,4))~~|
each[p2]((0,0),(2,1))~~|
look[part]=each[part](Stock 0[part])+table(Stock 0[part]*9)+uneven(Stock 0[part]*40)~~|
late[part]=DELAY FIXED(Stock 0[part],k,own[part])+DELAY N(Stock 0[part],k+1,1,3)~~|
drawn[part]=RANDOM NORMAL(-1,1,0,k,3)~~|
kept=SAMPLE IF TRUE(Time>3,Time,0)+STEP(k,4)+PULSE TRAIN(1,k,2,8)~~|
order[part]=VECTOR SORT ORDER(Stock 0[part],1)+VECTOR RANK(Stock 0[part],1)~~|
far=VECTOR ELM MAP(own[p0],INTEGER(Stock 0[p0]*9)-3)~~|
best=VMAX(look[part!])+SUM(drawn[part!])+VECTOR SELECT(own[part!],late[part!],0,0,0)~~|
far curve=SIN(Stock 0[p0])+LN(Stock 0[p1])^k+Stock 0[p2]^(k*3)~~|
"""


def models(folder: Path) -> list[Path]:
    """Write some models: random equations with one of everything that reads by place."""
    x = np.arange(60)
    pairs = "),(".join(f"{a},{np.sin(a):.4f}" for a in x)
    more = "".join(f",({3 + a * a / 9:.4f},{np.cos(a):.4f})" for a in range(24))
    out = []
    for seed in (1, 2):
        path = generated(24, folder / f"{seed}.mdl", elements=3, seed=seed)
        text = path.read_text(encoding="utf-8")
        extra = KINDS.replace("{pairs}", pairs).replace("{more}", more)
        path.write_text(text + extra, encoding="utf-8")
        out.append(path)
    return out


class Guarded:
    """Copies of arrays, each ending at a page that may not be touched; kept until the end."""

    def __init__(self) -> None:
        self.kept: list[tuple[np.ndarray, np.ndarray]] = []
        self.maps: list[mmap.mmap] = []
        self.protect = ctypes.CDLL(None, use_errno=True).mprotect
        self.protect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]

    def place(self, size: int) -> np.ndarray:
        """Return so many bytes that end at a forbidden page, with another before them."""
        pages = -(-max(size, 1) // PAGE)
        memory = mmap.mmap(-1, (pages + 2) * PAGE)
        raw = np.frombuffer(memory, np.uint8)
        self.maps.append(memory)
        start = raw.ctypes.data
        for forbidden in (start, start + (pages + 1) * PAGE):
            assert self.protect(forbidden, PAGE, 0) == 0
        end = (pages + 1) * PAGE
        return raw[end - size : end]

    def address(self, value: Any) -> int:
        """Return where a guarded copy of an array begins; a number stays what it is."""
        if not isinstance(value, np.ndarray):
            return int(value)
        copy = self.place(value.nbytes).view(value.dtype).reshape(value.shape)
        copy[...] = value
        self.kept.append((value, copy))
        return copy.ctypes.data

    def back(self) -> None:
        """Write the copies back to the arrays they are of."""
        for array, copy in self.kept:
            array[...] = copy


def digest(path: Path, lanes: int) -> str:
    """Return a hash of a model's run with guarded arrays."""
    model = read_model(path)
    kernel = compile_model(model, lanes=lanes)
    guarded = Guarded()
    natively.address = guarded.address  # type: ignore[assignment]
    blocks = natively.Blocks.run

    def run(self: natively.Blocks, *arguments: Any, **named: Any) -> None:
        blocks(self, *arguments, **named)
        guarded.back()

    natively.Blocks.run = run  # type: ignore[method-assign]
    names = sorted(name for name in kernel.program.slots if name in model)
    try:
        given = {"k": np.linspace(0.2, 0.9, 11)}
        found = kernel.run(given, report=names, totals=names[:3], threads=1, every=7)
    finally:
        natively.Blocks.run = blocks  # type: ignore[method-assign]
    own = hashlib.blake2b(digest_size=8)
    for values in (*found.values.values(), *found.totals.values()):
        own.update(np.ascontiguousarray(np.where(np.isnan(values), np.nan, values)).tobytes())
    return own.hexdigest()


def main() -> None:
    """Print digests by width; with ``--beyond`` read past an array, which must kill."""
    if sys.argv[1:] == ["--beyond"]:
        place = Guarded().place(8)
        ctypes.string_at(place.ctypes.data, 9)
        return
    with tempfile.TemporaryDirectory() as folder:
        paths = models(Path(folder))
        found = {lanes: [digest(p, int(lanes)) for p in paths] for lanes in sys.argv[1:]}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
