"""LLVM assembly → machine code, kept in the user's cache folder, and the call into it."""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import platform
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdengine.errors import SDError
from sdengine.functions.arithmetic import LIBRARY
from sdengine.native import cache
from sdengine.native.driver import SIGNATURE
from sdengine.native.llvm import Processor

POINTERS = {
    "W",
    "history",
    "defaults",
    "rows",
    "events",
    "event_values",
    "feeds",
    "feed_values",
    "feed_rows",
    "saves",
    "state",
    "state_rows",
    "flags",
    "report",
    "totals",
    "sums",
    "out",
    "out_totals",
    "bad",
}

# Processors of which it was measured that dividing takes less than getting the quotient back
# from a kept reciprocal.
QUICK_DIVISION = ("znver5",)

PROCESSOR = "SDENGINE_PROCESSOR"
"""Names, in the environment, another processor than this one: a level, and features behind it that
it has or lacks, as in ``x86-64-v3,-fma``. Kernels then make no use of what lies beyond, so that
machines of several makes compute the same bits."""
LEVELS = {"x86-64-v2": "", "x86-64-v3": "+avx2,+fma", "x86-64-v4": "+avx2,+fma,+avx512f"}


class Native:
    """Machine code of one kernel, loaded. Keeps the engine alive that owns the code.

    ``digest`` is of what it was compiled from: kernels of one digest give the same bits, whatever
    their processors.
    """

    def __init__(self, code: bytes, digest: str = ""):
        self.digest = digest
        kinds = ["p" if name in POINTERS else "i" for name in SIGNATURE]
        self._engine, self._call = _linked(code, kinds)

    def run(self, arguments: Mapping[str, int]) -> None:
        """Call the kernel on one block, arrays by their ``address``; the GIL is released."""
        self._call(*(arguments[name] for name in SIGNATURE))


def _linked(code: bytes, kinds: Iterable[str]) -> tuple[Any, Callable[..., None]]:
    """Return the engine that owns an object file's code, and its function "run"."""
    import llvmlite.binding as llvm

    engine = llvm.create_mcjit_compiler(_empty_module(), _machine())
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    entry = engine.get_function_address("run")
    if not entry:
        raise SDError("the compiled kernel holds no entry point: clear the kernel cache")
    types = {"p": ctypes.c_void_p, "i": ctypes.c_int64}
    return engine, ctypes.CFUNCTYPE(None, *(types[kind] for kind in kinds))(entry)


def loaded(text: str, kinds: Iterable[str]) -> Callable[..., None]:
    """Return the function "run" of a module, taking an address for each "p" and a whole number
    for each "i"; as long as somebody holds it its code stays."""
    engine, call = _linked(_code_of(text, _text_digest(text), True)[0], kinds)

    def run(*arguments: int, _owner: Any = engine) -> None:
        call(*arguments)

    return run


def address(value: NDArray[Any] | int) -> int:
    """Return where an array begins, which the caller keeps alive; a number stays what it is."""
    return value.ctypes.data if isinstance(value, np.ndarray) else int(value)


def aligned(doubles: int) -> NDArray[np.float64]:
    """Return an array of doubles that starts on a 64-byte boundary."""
    raw = np.empty(doubles + 8)
    skip = (-raw.ctypes.data // 8) % 8
    return raw[skip : skip + doubles]


def load_or_compile(text: str, *, use_cache: bool = True) -> tuple[Native, bool]:
    """Return (machine code of a module, whether it came from the cache)."""
    digest = _text_digest(text)
    code, cached = _code_of(text, digest, use_cache)
    return Native(code, digest), cached


def load(digest: str) -> Native | None:
    """Return the machine code kept for the text of a digest, if there is any."""
    code = cache.load(_path(digest))
    return None if code is None else Native(code, digest)


def _code_of(text: str, digest: str, use_cache: bool) -> tuple[bytes, bool]:
    path = _path(digest)
    code = cache.load(path) if use_cache else None
    if code is not None:
        return code, True
    code = compile_text(text)
    if use_cache:
        cache.store(path, code)
    return code, False


def _path(digest: str) -> Path:
    """Return where the code of a text is kept, by what it was compiled for."""
    made = hashlib.blake2b("\n".join([*host(), digest]).encode(), digest_size=16)
    return cache.cache_folder() / f"{made.hexdigest()}.o"


def compiler() -> str:
    """Return the version of the compiler."""
    import llvmlite

    return str(llvmlite.__version__)


def _text_digest(text: str) -> str:
    """Return a digest of what is computed and by whose compiler: the same, the same bits."""
    told = "\n".join([compiler(), platform.machine(), text])
    return hashlib.blake2b(told.encode(), digest_size=16).hexdigest()


def processor() -> Processor:
    """Return what this processor can do that the text may make use of."""
    name, features = host()
    said = features.split(",")
    has = {one[1:] for one in said if one[:1] == "+"} - {one[1:] for one in said if one[:1] == "-"}
    arm = platform.machine().lower() in ("arm64", "aarch64")
    return Processor(
        fused="fma" in has or arm,
        permutes="avx512f" in has,
        divides=name in QUICK_DIVISION,
        doubles=8 if "avx512f" in has else 4 if "avx2" in has or arm else 2,
    )


@functools.cache
def host() -> tuple[str, str]:
    """Return the name and features of the processor that code is made for."""
    import llvmlite.binding as llvm

    _add_library(llvm)
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    if said := os.environ.get(PROCESSOR):
        name, _, more = said.partition(",")
        if name not in LEVELS:
            raise SDError(f"{PROCESSOR}={said}: the first word must be one of {', '.join(LEVELS)}")
        return name, ",".join(one for one in (LEVELS[name], more) if one)
    try:
        features = llvm.get_host_cpu_features().flatten()
    except RuntimeError:
        features = ""
    return llvm.get_host_cpu_name(), features


def _add_library(llvm: Any) -> None:
    """Tell the linker where the C library's functions are (Windows does not find them itself)."""
    library = ctypes.CDLL("ucrtbase" if sys.platform == "win32" else None)
    for name in LIBRARY.values():
        address = ctypes.cast(getattr(library, name), ctypes.c_void_p).value
        llvm.add_symbol(name, address)


def _machine() -> Any:
    import llvmlite.binding as llvm

    name, features = host()
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(cpu=name, features=features, opt=2, jit=True)


def _empty_module() -> Any:
    import llvmlite.binding as llvm

    host()
    return llvm.parse_assembly("")


def compile_text(text: str) -> bytes:
    """Return the object file of a module."""
    import llvmlite.binding as llvm

    machine = _machine()
    module = llvm.parse_assembly(text)
    module.verify()
    return machine.emit_object(module)


WASM = "wasm32-unknown-unknown"
WASM_FEATURES = "+simd128,+bulk-memory,+nontrapping-fptoint"


def wasm_object(text: str, *, fused: bool = False) -> bytes:
    """Return a module's relocatable object for WebAssembly; SDError where LLVM cannot.

    With ``fused`` it needs a browser that multiplies and adds in one (relaxed SIMD, 2023).
    """
    import llvmlite.binding as llvm

    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    try:
        target = llvm.Target.from_triple(WASM)
    except RuntimeError as error:
        raise SDError(f"this LLVM writes no WebAssembly: {error}") from None
    features = WASM_FEATURES + ",+relaxed-simd" * fused
    machine = target.create_target_machine(features=features, opt=2)
    module = llvm.parse_assembly(text)
    module.triple, module.data_layout = WASM, str(machine.target_data)
    return machine.emit_object(module)
