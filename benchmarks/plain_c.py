"""A plain C program of a lowered model, one member at a time: a stand-in for SDEverywhere.

SDEverywhere's command line could not be installed where these figures were made. Its generated C
is of this kind: static arrays, a loop over the elements of each equation, libm, Euler, ``cc -O3
-march=native`` without fast-math. This one starts from our lowered program, which has fewer
equations left to compute than a model file (constants are gathered once), so it flatters C.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from sdengine.ir import (
    Const,
    Fold,
    Interp,
    Load,
    Node,
    Op,
    Program,
    Statement,
    Time,
    Values,
)

INFIX = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "div": "/",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
    "eq": "==",
    "ne": "!=",
    "and": "&&",
    "or": "||",
}
CALLS = {
    "pow": "pow",
    "exp": "exp",
    "ln": "log",
    "sqrt": "sqrt",
    "abs": "fabs",
    "min": "fmin",
    "max": "fmax",
    "integer": "trunc",
}

HEAD = """#include <math.h>
#include <string.h>
static double W[SIZE];
static double zidz(double a, double b, double x) { return fabs(b) < 1e-6 ? x : a / b; }
static double interp(const double *xs, const double *ys, int n, double x) {
  if (x <= xs[0]) return ys[0];
  if (x >= xs[n - 1]) return ys[n - 1];
  int j = 1;
  while (xs[j] < x) j++;
  return ys[j - 1] + (x - xs[j - 1]) * (ys[j] - ys[j - 1]) / (xs[j] - xs[j - 1]);
}
"""


class Unsupported(Exception):
    """The program holds what this translation leaves out."""


class PlainC:
    """A program compiled by the C compiler of this machine."""

    def __init__(self, program: Program, folder: Path):
        self.program = program
        own = Path(tempfile.mkdtemp(dir=folder))  # a library in use must not be written over
        source, library = own / "plain.c", own / "plain.so"
        source.write_text(_source(program), encoding="utf-8")
        # gcc 12.2's straight-line vectoriser got one element of shanxi.mdl wrong on Zen 5: a
        # speed without a test of values would have been printed.
        flags = ["-O3", "-march=native", "-fno-tree-slp-vectorize", "-shared", "-fPIC"]
        subprocess.run(
            ["cc", *flags, str(source), "-o", str(library), "-lm"], check=True, capture_output=True
        )
        self._run = ctypes.CDLL(str(library)).run
        self._run.argtypes = [ctypes.c_void_p] * 2

    @classmethod
    def open(cls, program: Program, folder: Path) -> PlainC | None:
        """Return the program compiled, or None where there is no compiler or it does not fit."""
        if shutil.which("cc") is None:
            return None
        try:
            return cls(program, folder)
        except (Unsupported, subprocess.CalledProcessError) as error:
            told = getattr(error, "stderr", b"") or str(error).encode()
            print(f"  no plain C of {program.name}: {told.decode()[:200]}")
            return None

    def run(self) -> np.ndarray:
        """Run the model with the file's constants; return its slots at the end."""
        out = np.empty(self.program.size)
        self._run(self.program.defaults.ctypes.data, out.ctypes.data)
        return out


def _source(program: Program) -> str:
    if program.method != "euler" or program.feeds or program.noises or len(program.fixed):
        raise Unsupported("data, random functions, fixed delays or Runge-Kutta")
    tables: dict[bytes, str] = {}
    initial = "".join(_statement(s, tables) for s in program.initial)
    dynamic = "".join(_statement(s, tables) for s in program.dynamic)
    raised = "".join(f"    if (W[{s}] < 0) W[{s}] = 0;\n" for s in program.non_negative)
    copies = "".join(f"    W[{to}] = W[{source}];\n" for to, source in program.copies)
    n = program.stocks
    return (
        HEAD.replace("SIZE", str(program.size))
        + "\n".join(f"static const {text}" for text in tables.values())
        + f"\nstatic void initial(double t) {{\n{initial}}}\n"
        + f"static void dynamic(double t) {{\n{dynamic}}}\n"
        + "void run(const double *defaults, double *out) {\n"
        + f"  memcpy(W, defaults, sizeof W);\n  initial({program.start!r});\n"
        + f"  for (int k = 0; k <= {program.steps}; k++) {{\n"
        + f"    dynamic({program.start!r} + k * {program.step!r});\n"
        + f"    if (k == {program.steps}) break;\n"
        + f"    for (int s = 0; s < {n}; s++) W[s] += {program.step!r} * W[s + {n}];\n"
        + raised
        + copies
        + "  }\n  memcpy(out, W, sizeof W);\n}\n"
    )


def _statement(statement: Statement, tables: dict[bytes, str]) -> str:
    target = f"W[{_place(statement.target, 'i', tables)}]"
    loop = f"for (int i = 0; i < {statement.points}; i++)"
    return f"  {loop} {target} = {_value(statement.expr, tables)};\n"


def _place(slots: np.ndarray, index: str, tables: dict[bytes, str]) -> str:
    """Return the slot at an index: an affine expression where there is one, else a table."""
    flat = slots.reshape(-1)
    if len(flat) == 1 or (flat == flat[0]).all():
        return str(flat[0])
    stride = int(flat[1] - flat[0])
    if (np.diff(flat) == stride).all():
        return f"{flat[0]} + {stride} * ({index})"
    return f"{_table('int', flat, tables)}[{index}]"


def _table(kind: str, values: np.ndarray, tables: dict[bytes, str]) -> str:
    key = kind.encode() + values.tobytes()
    cells = ", ".join(repr(v.item()) for v in values)
    tables.setdefault(key, f"{kind} c{len(tables)}[] = {{{cells}}};")
    return tables[key].split()[1].split("[")[0]


def _value(node: Node, tables: dict[bytes, str], index: str = "i") -> str:
    if isinstance(node, Const):
        return {"nan": "NAN", "inf": "INFINITY", "-inf": "-INFINITY"}.get(
            repr(float(node.value)), f"({node.value!r})"
        )
    if isinstance(node, Time):
        return "t"
    if isinstance(node, Load):
        return f"W[{_place(node.slots, index, tables)}]"
    if isinstance(node, Values):
        flat = np.ascontiguousarray(node.values).reshape(-1)
        return f"{_table('double', flat, tables)}[{index}]"
    if isinstance(node, Fold):
        return _fold(node, tables, index)
    parts = [_value(p, tables, index) for p in node.parts]
    if isinstance(node, Interp):
        if any(curve.mode != "hold" for curve in node.curves):
            raise Unsupported("a graphical function that is not held")
        where = (
            "0" if node.which is None else f"{_table('int', node.which.ravel(), tables)}[{index}]"
        )
        first = np.cumsum([0, *(len(curve.x) for curve in node.curves)])
        xs, ys = (
            _table("double", np.concatenate([getattr(c, axis) for c in node.curves]), tables)
            for axis in "xy"
        )
        at = f"{_table('int', first, tables)}[{where}"
        return f"interp({xs} + {at}], {ys} + {at}], {at} + 1] - {at}], {parts[0]})"
    assert isinstance(node, Op)
    if node.name in INFIX:
        return f"({parts[0]} {INFIX[node.name]} {parts[1]})"
    if node.name in CALLS:
        return f"{CALLS[node.name]}({', '.join(parts)})"
    if node.name in ("zidz", "xidz"):
        return f"zidz({', '.join([*parts, '0'][:3])})"
    if node.name in ("neg", "not"):
        return f"({'-' if node.name == 'neg' else '!'}{parts[0]})"
    if node.name == "if_then_else":
        return f"({parts[0]} ? {parts[1]} : {parts[2]})"
    if node.name == "step":
        return f"({parts[2]} * ({parts[0]} + {parts[1]} / 2 > {parts[3]}))"
    raise Unsupported(node.name)


def _fold(node: Fold, tables: dict[bytes, str], index: str) -> str:
    join = {
        "sum": "total += x",
        "prod": "total *= x",
        "vmin": "if (x < total) total = x",
        "vmax": "if (x > total) total = x",
    }[node.name]
    start = {"sum": "0", "prod": "1", "vmin": "INFINITY", "vmax": "-INFINITY"}[node.name]
    inner = f"({index}) * {node.width} + k{len(index)}"
    term = _value(node.parts[0], tables, inner)
    k = f"k{len(index)}"
    loop = f"for (int {k} = 0; {k} < {node.width}; {k}++) {{ double x = {term}; {join}; }}"
    return f"({{ double total = {start}; {loop} total; }})"
