"""A plan's assembly → a WebAssembly module that a browser or Node runs, and its memory's layout.

LLVM writes a relocatable object, which is a valid module but for two things: it exports nothing,
and its symbols stand in a section that only a linker reads. As a kernel is one object with one
entry, no linker is needed: the entry's number is looked up in that section and exported.

The module's ``run`` takes the arguments of ``driver.SIGNATURE``: an address (i32) for each array
and an i64 for each whole number. It imports its memory and stack pointer from ``env``, and those
functions of the C library that the model uses.
Sources: WebAssembly Core Specification 2.0, section 5.5 (binary format of modules);
WebAssembly/tool-conventions, Linking.md ("linking" section and its symbol table).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdengine.errors import SDError
from sdengine.native.driver import SIGNATURE
from sdengine.native.emit import emit
from sdengine.native.jit import POINTERS, wasm_object
from sdengine.native.llvm import Processor
from sdengine.native.plan import Plan

PLAIN = Processor(fused=False, permutes=False, webassembly=True, doubles=2)
FUSED = replace(PLAIN, fused=True)
HEADER = b"\0asm\1\0\0\0"
CUSTOM, IMPORT, EXPORT, CODE, DATA = 0, 2, 7, 10, 11  # sections
FUNCTION, TABLE, MEMORY, GLOBAL = range(4)  # what is imported
ORDER = (1, 2, 3, 4, 5, 13, 6, EXPORT, 8, 9, 12, CODE, DATA)  # of a module's sections
SCRATCH = ("W", "history", "sums", "out", "out_totals", "bad")  # written before they are read
# i64x2.bitmask, i32.const 3, i32.eq or i32.ne, br_if: where two lanes are looked at that are
# nearly always alike (``narrow.NarrowBody.below``)
SELDOM = re.compile(rb"\xfd\xc4\x01\x41\x03([\x46\x47])\x0d")
HINTS = b"metadata.code.branch_hint"
SYMBOL_TABLE, FUNCTION_SYMBOL, DATA_SYMBOL, SECTION_SYMBOL = 8, 0, 1, 3
UNDEFINED, EXPLICIT_NAME = 0x10, 0x40


@dataclass(frozen=True, eq=False)
class WasmKernel:
    """A kernel for WebAssembly: the module, and how its caller lays out the memory.

    ``fused`` is the same module for a browser that multiplies and adds in one; it is quicker, and
    last bits of powers differ.
    ``layout`` holds what JSON can say:
    ``signature``, the names of ``run``'s arguments in order; ``lanes``, the members of a block;
    ``constants_end``, the first address behind the module's own constants; ``arrays``, for each
    array of the signature its ``kind`` ("f64" or "i64"), ``length`` and ``values`` (None where
    the run writes it before it reads it); ``numbers``, the whole numbers of the signature;
    ``waiting``, for the slot of a constant the invariant loops whose flag needs bit 1 once the
    constant changes on the way; ``remembers``, how many slots at the head of W a run with the
    same start must be given to go on from where another ended (begin, state, state_rows), None
    where that is not enough. A caller with inputs of its own replaces rows, events, event_values,
    n_events and, where a change comes after the start, the flags.
    """

    module: bytes
    fused: bytes
    layout: Mapping[str, Any]

    def keeping(self, report: Sequence[int], totals: Sequence[int]) -> WasmKernel:
        """Return a kernel that keeps these of its reports and these of its totals, by number."""
        arrays, numbers = dict(self.layout["arrays"]), dict(self.layout["numbers"])
        for name, out, chosen in (("report", "out", report), ("totals", "out_totals", totals)):
            before, now = numbers[f"n_{name}"], len(chosen)
            slots = [arrays[name]["values"][number] for number in chosen]
            arrays[name] = {**arrays[name], "length": now, "values": slots}
            if before:
                arrays[out] = {**arrays[out], "length": arrays[out]["length"] // before * now}
            numbers[f"n_{name}"] = now
        return WasmKernel(
            self.module, self.fused, {**self.layout, "arrays": arrays, "numbers": numbers}
        )


def wasm_kernel(
    plan: Plan,
    arrays: Mapping[str, NDArray[Any]],
    numbers: Mapping[str, int],
    *,
    lanes: int,
) -> WasmKernel:
    """Return a plan as a WebAssembly module of ``lanes`` members side by side, with its layout.

    ``arrays`` and ``numbers`` are those of a run of one block. Values agree with the native
    kernel's to rounding: exp, log and powers are made without fused multiply-add. Raises SDError
    where this LLVM has no WebAssembly back end.
    """
    module = _exported(wasm_object(emit(plan, lanes, PLAIN)), "run")
    fused = _exported(wasm_object(emit(plan, lanes, FUSED), fused=True), "run")
    settable = np.unique(np.concatenate([*map(np.ravel, _settable(plan)), np.empty(0, np.int64)]))
    waiting = {
        int(slot): np.flatnonzero(plan.layout.waiting(np.array([slot]))) for slot in settable
    }
    layout = {
        "signature": list(SIGNATURE),
        "lanes": lanes,
        "constants_end": max(constants_end(module), constants_end(fused)),
        "arrays": {
            name: {
                "kind": "i64" if array.dtype == np.int64 else "f64",
                "length": array.size,
                "values": None if name in SCRATCH else array.ravel().tolist(),
            }
            for name, array in arrays.items()
            if name in POINTERS
        },
        "numbers": {name: int(numbers[name]) for name in SIGNATURE if name not in POINTERS},
        "waiting": {slot: loops.tolist() for slot, loops in waiting.items() if loops.size},
        "remembers": None if len(plan.program.fixed) else plan.program.stocks,
    }
    return WasmKernel(module, fused, layout)


def _settable(plan: Plan) -> list[NDArray[np.int64]]:
    return [plan.program.where(name) for name in sorted(plan.program.settable)]


def constants_end(module: bytes) -> int:
    """Return the first address behind the module's own constants: memory is free from there."""
    for section in _sections(module):
        if section.number == DATA:
            return max(_data_ends(section.body), default=0)
    return 0


@dataclass(frozen=True)
class _Section:
    number: int
    whole: bytes
    body: bytes


def _sections(module: bytes) -> Iterator[_Section]:
    at = len(HEADER)
    while at < len(module):
        size, body = _number(module, at + 1)
        yield _Section(module[at], module[at : body + size], module[body : body + size])
        at = body + size


def _exported(module: bytes, name: str) -> bytes:
    """Return the module with one function exported, and without sections for a linker."""
    sections = list(_sections(module))
    customs = [section.body for section in sections if section.number == CUSTOM]
    linking = next(found for found in (_custom(body, "linking") for body in customs) if found)
    index = _function(linking, name)
    label = name.encode()
    body = b"\1" + _leb(len(label)) + label + b"\0" + _leb(index)
    export = _Section(EXPORT, bytes([EXPORT]) + _leb(len(body)) + body, body)
    kept = [section for section in sections if section.number != CUSTOM]
    ordered = sorted([*kept, export], key=lambda section: ORDER.index(section.number))
    hints = _hints(next(section.body for section in kept if section.number == CODE), sections)
    whole = [hints * (section.number == CODE) + section.whole for section in ordered]
    return HEADER + b"".join(whole)


def _hints(code: bytes, sections: Sequence[_Section]) -> bytes:
    """Return a section that tells which way branches go as a rule: what lies on the other way
    then costs the usual one no registers. An engine that does not know the section skips it.
    """
    before, found = _imported(sections), []
    count, at = _number(code, 0)
    for number in range(count):
        size, start = _number(code, at)
        at = start + size
        hints = [
            _leb(match.end() - 1) + bytes([1, match[1] == b"\x46"])
            for match in SELDOM.finditer(code[start:at])
        ]
        if hints:
            found.append(_leb(before + number) + _leb(len(hints)) + b"".join(hints))
    body = _leb(len(HINTS)) + HINTS + _leb(len(found)) + b"".join(found)
    return bytes([CUSTOM]) + _leb(len(body)) + body


def _imported(sections: Sequence[_Section]) -> int:
    """Return how many functions a module imports, which are counted before its own."""
    body = next((section.body for section in sections if section.number == IMPORT), b"\0")
    count, at = _number(body, 0)
    functions = 0
    for _ in range(count):
        for _ in range(2):
            _, at = _text(body, at)
        kind = body[at]
        functions += kind == FUNCTION
        at = _past_type(body, at + 1, kind)
    return functions


def _past_type(body: bytes, at: int, kind: int) -> int:
    """Return the place behind what is imported: a function's type, a table, a memory, a global."""
    if kind == FUNCTION:
        return _number(body, at)[1]
    if kind == GLOBAL:
        return at + 2
    at += kind == TABLE  # the kind of its entries
    limits, at = _number(body, at)
    for _ in range(1 + limits % 2):
        _, at = _number(body, at)
    return at


def _custom(body: bytes, name: str) -> bytes:
    """Return what a custom section of this name holds; empty for any other section."""
    label = _leb(len(name)) + name.encode()
    return body[len(label) :] if body.startswith(label) else b""


def _function(linking: bytes, name: str) -> int:
    """Return the number of a function by its name in the symbol table."""
    _, at = _number(linking, 0)  # version
    while at < len(linking):
        kind = linking[at]
        size, start = _number(linking, at + 1)
        if kind == SYMBOL_TABLE:
            for symbol, index in _symbols(linking[start : start + size]):
                if symbol == name:
                    return index
        at = start + size
    raise SDError(f'the compiled module has no function "{name}"')


def _symbols(table: bytes) -> Iterator[tuple[str, int]]:
    """Yield (name, number) of each function of a symbol table that has a name of its own."""
    count, at = _number(table, 0)
    for _ in range(count):
        kind = table[at]
        flags, at = _number(table, at + 1)
        if kind == DATA_SYMBOL:
            _, at = _text(table, at)
            if not flags & UNDEFINED:
                for _ in range(3):  # segment, offset, size
                    _, at = _number(table, at)
            continue
        index, at = _number(table, at)
        if kind == SECTION_SYMBOL:
            continue
        name = ""
        if not flags & UNDEFINED or flags & EXPLICIT_NAME:
            name, at = _text(table, at)
        if kind == FUNCTION_SYMBOL:
            yield name, index


def _data_ends(body: bytes) -> Iterator[int]:
    """Yield where each data segment ends; each is active, in memory 0, at a constant address."""
    count, at = _number(body, 0)
    for _ in range(count):
        flag, at = _number(body, at)
        if flag or body[at] != 0x41:  # i32.const
            raise SDError("the compiled module holds constants without an address")
        start, at = _signed(body, at + 1)
        size, at = _number(body, at + 1)  # past the end of the expression
        yield start + size
        at += size


def _text(data: bytes, at: int) -> tuple[str, int]:
    size, at = _number(data, at)
    return data[at : at + size].decode(), at + size


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Return an unsigned LEB128 number and the place behind it."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def _signed(data: bytes, at: int) -> tuple[int, int]:
    """Return a signed LEB128 number and the place behind it."""
    value, end = _number(data, at)
    bits = 7 * (end - at)
    return (value - (1 << bits) if data[end - 1] & 64 else value), end


def _leb(value: int) -> bytes:
    """Return a number as unsigned LEB128."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])
