"""Plan → LLVM assembly: one function per loop, ``lanes`` members side by side in vectors.

The workspace W holds ``lanes`` doubles per slot; a loop walks its points and computes every
statement for all lanes at once. Vectors are written out here, not left to a vectoriser: what
is emitted does not depend on a compiler's mood, compiles in about a second, and gives every
member the same bits in whatever lane it runs. Arithmetic is rounded as IEEE 754 says, in the
order of the equation; no fast-math flag is set, so no NaN hides and no sum is reordered.

Names from the model file never reach this text: slots are numbers here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from sdengine.functions import OPERATIONS
from sdengine.functions.arithmetic import LIBRARY, powers
from sdengine.ir import (
    Const,
    Curve,
    Fold,
    Interp,
    Load,
    Node,
    Op,
    Statement,
    Time,
    Values,
    reshaped,
)
from sdengine.native import narrow
from sdengine.native.driver import driver
from sdengine.native.llvm import Body, Processor, Tables
from sdengine.native.loops import Loop, cost, searched
from sdengine.native.plan import Plan
from sdengine.native.search import Curves

UNROLL = 160  # work up to which a reduction is written out term by term


def emit(plan: Plan, lanes: int, processor: Processor) -> str:
    """Return the module's text: loops, the phases and the driver, for ``lanes`` members in a
    workspace."""
    tables, curves = Tables(), Curves()
    new_body = narrow.NarrowBody if processor.webassembly else Body
    width = new_body(lanes, tables, processor).lanes
    phases = {
        "initial": plan.initial,
        "invariant": plan.invariant,
        "switch": plan.switch,
        "dynamic": plan.dynamic,
    }
    text: list[str] = []
    for phase, loops in phases.items():
        for number, loop in enumerate(loops):
            writer = Writer(new_body(lanes, tables, processor), curves, plan.program.defaults)
            text.append(_loop(f"{phase}_{number}", loop, writer, plan, phase == "dynamic"))
        takes = ", i1 %keep" if phase == "dynamic" else ""
        calls = "".join(
            f"  call void @{phase}_{n}(ptr %W, double %time{takes})\n" for n in range(len(loops))
        )
        head = f"define internal void @{phase}(ptr noalias %W, double %time{takes}) #0"
        text.append(f"{head} {{\n{calls}  ret void\n}}\n")
    text.append(_renewal(len(plan.invariant)))
    vector = f"<{width} x double>"
    declared = "".join(
        f"declare {vector} @llvm.{name}.v{width}f64({', '.join([vector] * count)})\n"
        for name, count in (("fmuladd", 3), ("fma", 3), ("sqrt", 1), ("fabs", 1), ("trunc", 1))
    )
    if processor.webassembly:
        declared += narrow.BITS + narrow.FUSED * (width > 2)
    if processor.permutes and lanes >= 8:
        eight, name = "<8 x double>", "llvm.x86.avx512.vpermi2var.pd.512"
        declared += f"declare {eight} @{name}({eight}, <8 x i64>, {eight})\n"
    declared += "".join(f"declare double @{name}(double)\n" for name in LIBRARY.values())
    vectors = 'nounwind "prefer-vector-width"="512" "min-legal-vector-width"="512"'
    attributes = f"attributes #0 = {{ {vectors} }}\nattributes #1 = {{ noinline cold {vectors} }}\n"
    text += [
        _general_power(new_body(lanes, tables, processor)),
        '!0 = !{!"branch_weights", i32 1000, i32 1}\n',
    ]
    text.append(driver(plan, lanes, tables))
    searches = curves.text(width, tables, processor)
    return "\n".join([declared, tables.text(), *text, searches + attributes])


def _renewal(loops: int) -> str:
    """Return the function that runs those invariant loops whose flags have a bit of a mask."""
    head = "define internal void @renew(ptr noalias %W, double %time, ptr %flags, i64 %mask) #0"
    lines = []
    for n in range(loops):
        lines += [
            f"  %p{n} = getelementptr i64, ptr %flags, i64 {n}",
            f"  %flag{n} = load i64, ptr %p{n}",
            f"  %common{n} = and i64 %flag{n}, %mask",
            f"  %due{n} = icmp ne i64 %common{n}, 0",
            f"  br i1 %due{n}, label %run{n}, label %past{n}",
            f"run{n}:",
            f"  call void @invariant_{n}(ptr %W, double %time)",
            f"  br label %past{n}",
            f"past{n}:",
        ]
    return "\n".join([f"{head} {{\nentry:", *lines, "  ret void\n}\n"])


def _general_power(body: Body) -> str:
    """Return the function that serves the vectors with an unusual base."""
    value = powers(body).general_power(body, "%x", "%y")
    v, lines = body.vector, "\n".join(body.lines)
    return (
        f"define internal {v} @general_power({v} %x, {v} %y) #1 {{\nentry:\n{lines}\n"
        f"  ret {v} {value}\n}}\n"
    )


def _loop(name: str, loop: Loop, writer: Writer, plan: Plan, dynamic: bool) -> str:
    """Return one loop as a function."""
    body = writer.body
    takes = ", i1 %keep" if dynamic else ""
    before, after = body.around()
    head = f"define internal void @{name}(ptr noalias %W, double %time{takes}) #0 {{\n{before}"
    if loop.points == 1:
        _statements(writer, loop, None, plan, dynamic)
        return head + "\n".join(body.lines) + f"\n{after}  ret void\n}}\n"
    first = body.block
    targets = np.concatenate([statement.target for statement in loop.statements])
    body.begin_loop(np.concatenate([targets, targets - plan.program.stocks]))  # rates move stocks
    _statements(writer, loop, "%c", plan, dynamic)
    phi = f"loop:\n  %c = phi i64 [ 0, %{first} ], [ %next, %{body.block} ]"
    lines = [*body.ahead, body.lines[0], phi, *body.lines[1:]]
    tail = (
        "  %next = add nuw nsw i64 %c, 1\n"
        f"  %end = icmp eq i64 %next, {loop.points}\n"
        f"  br i1 %end, label %exit, label %loop\nexit:\n{after}  ret void\n}}\n"
    )
    return head + "\n".join(lines) + "\n" + tail


def _statements(writer: Writer, loop: Loop, index: str | None, plan: Plan, dynamic: bool) -> None:
    b = writer.body
    for statement in loop.statements:
        value = writer.value(statement.expr, index)
        target = statement.target
        write = partial(b.store, target, index, value)
        if dynamic and plan.moves(statement, plan.early):
            _moved(writer, statement, index, plan)()
        elif dynamic and plan.moves(statement, plan.swift):
            b.either("%keep", write, _moved(writer, statement, index, plan))
        elif not dynamic or plan.stored[target].any():
            write()
        elif plan.kept[target].any():  # nobody looks but where a step is saved
            b.either("%keep", write)
        b.known[Load(target).key] = value


def _moved(
    writer: Writer, statement: Statement, index: str | None, plan: Plan
) -> Callable[[], None]:
    """Return what writes the stocks a statement is the rate of, one step on."""
    b, own = writer.body, statement.target - plan.program.stocks
    rate, stock = writer.value(statement.expr, index), writer.value(Load(own), index)

    def write() -> None:
        change = b.exact("fmul", rate, b.number(plan.program.step))
        b.store(own, index, b.exact("fadd", stock, change))

    return write


class Writer:
    """Writes expressions into a body. An equal expression is written once."""

    def __init__(self, body: Body, curves: Curves, defaults: np.ndarray):
        self.body = body
        self.curves = curves
        self.defaults = defaults

    def value(self, node: Node, index: str | None) -> str:
        """Return the name of a node's vector at point ``index``."""
        if isinstance(node, Const):
            return self.body.number(node.value)
        return self.body.cached(
            (node.key, index) if isinstance(node, Fold) else node.key,
            lambda: self._value(node, index),
        )

    def _value(self, node: Node, index: str | None) -> str:
        b = self.body
        if isinstance(node, Load):
            return b.load(node.slots, index)
        if isinstance(node, Time):
            return b.broadcast("%time")
        if isinstance(node, Values):
            if index is None:
                return b.number(float(node.values.flat[0]))
            return b.broadcast(b.entry("double", node.values, index))
        if isinstance(node, Interp):
            return self._looked_up(node, index)
        if isinstance(node, Fold):
            return self._fold(node, index)
        assert isinstance(node, Op)
        operation = OPERATIONS[node.name]
        if operation.mask:
            return b.select(self.truth(node, index), b.number(1.0), b.number(0.0))
        assert operation.emit is not None, node.name
        return operation.emit(self, node, index)

    def truth(self, node: Node, index: str | None) -> str:
        """Return a node as a mask: whether it is not 0."""
        b = self.body
        return b.cached(("truth", node.key), lambda: self._truth(node, index))

    def _truth(self, node: Node, index: str | None) -> str:
        b = self.body
        mask = OPERATIONS[node.name].mask if isinstance(node, Op) else None
        if mask:
            return mask(self, node, index)  # type: ignore[arg-type]
        return b.compare("une", self.value(node, index), b.number(0.0))

    def is_number(self, node: Node) -> bool:
        """Whether a node cannot be NaN: a literal, or a constant (inputs are checked)."""
        if isinstance(node, Load):
            return (
                bool(np.isfinite(self.defaults[node.slots]).all())
                if (node.slots < len(self.defaults)).all()
                else False
            )
        return isinstance(node, Const) and not np.isnan(node.value)

    def _looked_up(self, node: Interp, index: str | None) -> str:
        b, x = self.body, self.value(node.parts[0], index)
        if not searched(node):
            return _interpolate(b, x, node.curves[0])
        shape = self.curves.shape_of(node.curves)
        places = np.array([self.curves.add(curve, shape) for curve in node.curves])
        if node.which is None or index is None:
            place = str(places[0 if node.which is None else node.which.flat[0]])
        else:
            place = b.entry("i64", places[node.which], index)
        at = b.new(f"getelementptr inbounds double, ptr @curves, i64 {place}")
        return b.new(f"call {b.vector} @curve_{shape.name}_{b.lanes}({b.vector} {x}, ptr {at})")

    # ── reductions ─────────────────────────────────────────────────────────────────────────

    def _fold(self, node: Fold, index: str | None) -> str:
        part = node.parts[0]
        if node.width * max(cost(part), 1) <= UNROLL and not _has_fold(part):
            total = self.value(_column(part, 0), index)
            for k in range(1, node.width):
                total = self._combine(node.name, total, self.value(_column(part, k), index))
            return total
        return self._fold_loop(node, index)

    def _combine(self, name: str, a: str, b: str) -> str:
        if name in ("sum", "prod"):
            return self.body.exact("fadd" if name == "sum" else "fmul", a, b)
        how = "olt" if name == "vmin" else "ogt"
        out = self.body.select(self.body.compare(how, a, b), a, b)
        return self.body.select(self.body.compare("uno", a, a), a, out)

    def _fold_loop(self, node: Fold, index: str | None) -> str:
        """Write the reduction as an inner loop over the part's last axis."""
        b, part, width = self.body, node.parts[0], node.width
        first = self.value(_column(part, 0), index)
        outer, label = b.block, b.fresh("fold")
        k, total, done = b.fresh("%k"), b.fresh("%total"), f"{label}.done"
        b.lines.append(f"  br label %{label}")
        at = len(b.lines)
        b.label(label)
        known = dict(b.known)
        flat = k if index is None else b.new(f"add i64 {k}, {b.new(f'mul i64 {index}, {width}')}")
        term = self.value(_flatten(part), flat)
        combined = self._combine(node.name, total, term)
        following = b.new(f"add i64 {k}, 1")
        more = b.new(f"icmp ult i64 {following}, {width}")
        b.lines.append(f"  br i1 {more}, label %{label}, label %{done}")
        b.lines[at + 1 : at + 1] = [
            f"  {k} = phi i64 [ 1, %{outer} ], [ {following}, %{b.block} ]",
            f"  {total} = phi {b.vector} [ {first}, %{outer} ], [ {combined}, %{b.block} ]",
        ]
        b.known = known
        b.label(done)
        return combined


def _has_fold(node: Node) -> bool:
    return isinstance(node, Fold) or any(_has_fold(p) for p in node.parts)


def _column(node: Node, k: int) -> Node:
    """Return a node over (points, width, …) at one place of the width."""
    return reshaped(node, lambda cells: cells[:, k] if cells.ndim > 1 else cells)


def _flatten(node: Node) -> Node:
    """Return a node over (points, width, …) as one over points × width."""
    return reshaped(node, lambda cells: cells.reshape(-1, *cells.shape[2:]))


# ── graphical functions ────────────────────────────────────────────────────────────────────


def _interpolate(b: Body, x: str, curve: Curve) -> str:
    """Return a curve's value at x, every piece written out."""
    xs, ys, mode = curve.x, curve.y, curve.mode
    if mode == "hold":  # NaN passes both comparisons
        low, high = b.number(xs[0]), b.number(xs[-1])
        x = b.select(b.compare("olt", high, x), high, x)
        x = b.select(b.compare("ogt", low, x), low, x)
    if len(xs) == 1:
        return b.exact("fadd", b.number(ys[0]), b.exact("fsub", x, x))
    if mode == "discrete":
        out = b.number(ys[0])
        for j in range(1, len(xs)):
            out = b.select(b.compare("oge", x, b.number(xs[j])), b.number(ys[j]), out)
        return b.select(b.compare("uno", x, x), x, out)
    steep = np.diff(xs) <= 0
    slopes = np.diff(ys) / np.where(steep, 1.0, np.diff(xs))
    segments = [j for j in range(len(slopes)) if not steep[j]]
    out = ""
    for j in segments:  # rounded as NumPy's interp does it
        offset = b.exact("fsub", x, b.number(xs[j]))
        line = b.exact("fmul", b.number(slopes[j]), offset)
        line = b.exact("fadd", line, b.number(ys[j]))
        out = line if not out else b.select(b.compare("olt", x, b.number(xs[j])), out, line)
    if mode == "hold":
        out = b.select(b.compare("oge", x, b.number(xs[-1])), b.number(ys[-1]), out)
    return out
