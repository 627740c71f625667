"""Plan → LLVM assembly: one function per loop, ``lanes`` members side by side in vectors.

The workspace W holds ``lanes`` doubles per slot; a loop walks its points and computes every
statement for all lanes at once. Vectors are written out here, not left to a vectoriser: what
is emitted does not depend on a compiler's mood, compiles in about a second, and gives every
member the same bits in whatever lane it runs. Arithmetic is rounded as IEEE 754 says, in the
order of the equation; no fast-math flag is set, so no NaN hides and no sum is reordered.

Names from the model file never reach this text: slots are numbers here.
"""

from __future__ import annotations

import numpy as np

from sdengine.functions.table import SMALL
from sdengine.native import vmath
from sdengine.native.driver import driver
from sdengine.native.llvm import Body, Processor, Tables
from sdengine.native.plan import WRITTEN_OUT, Loop, Plan, cost, searched
from sdengine.native.search import Curves
from sdengine.program.ir import Const, Curve, Fold, Interp, Load, Node, Op, Time, Values, reshaped

LIBRARY = {
    **{name: name for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    **{"arcsin": "asin", "arccos": "acos", "arctan": "atan", "erfc": "erfc"},
    "gamma_ln": "lgamma",
}  # called once a lane: rare in ensembles, so not worth vector code
UNROLL = 160  # work up to which a reduction is written out term by term
_COMPARE = {"eq": "oeq", "ne": "une", "lt": "olt", "le": "ole", "gt": "ogt", "ge": "oge"}
_TRUTH = {*_COMPARE, "and", "or", "not"}


def emit(plan: Plan, lanes: int, processor: Processor) -> str:
    """Return the module's text: loops, the three phases and the driver."""
    tables, curves = Tables(), Curves()
    phases = {
        "initial": plan.initial,
        "invariant": plan.invariant,
        "switch": plan.switch,
        "dynamic": plan.dynamic,
    }
    text: list[str] = []
    for phase, loops in phases.items():
        for number, loop in enumerate(loops):
            writer = Writer(Body(lanes, tables, processor), curves, plan.program.defaults)
            text.append(_loop(f"{phase}_{number}", loop, writer, plan, phase == "dynamic"))
        calls = "".join(
            f"  call void @{phase}_{n}(ptr %W, double %time)\n" for n in range(len(loops))
        )
        head = f"define internal void @{phase}(ptr noalias %W, double %time) #0"
        text.append(f"{head} {{\n{calls}  ret void\n}}\n")
    text.append(_renewal(len(plan.invariant)))
    vector = f"<{lanes} x double>"
    declared = "".join(
        f"declare {vector} @llvm.{name}.v{lanes}f64({', '.join([vector] * count)})\n"
        for name, count in (("fmuladd", 3), ("fma", 3), ("sqrt", 1), ("fabs", 1), ("trunc", 1))
    )
    if processor.permutes and lanes >= 8:
        eight, name = "<8 x double>", "llvm.x86.avx512.vpermi2var.pd.512"
        declared += f"declare {eight} @{name}({eight}, <8 x i64>, {eight})\n"
    declared += "".join(f"declare double @{name}(double)\n" for name in LIBRARY.values())
    vectors = 'nounwind "prefer-vector-width"="512" "min-legal-vector-width"="512"'
    attributes = f"attributes #0 = {{ {vectors} }}\nattributes #1 = {{ noinline cold {vectors} }}\n"
    text += [
        _general_power(Body(lanes, tables, processor)),
        '!0 = !{!"branch_weights", i32 1000, i32 1}\n',
    ]
    text.append(driver(plan, lanes, tables))
    searches = curves.text(lanes, tables, processor)
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
    value = vmath.general_power(body, "%x", "%y")
    v, lines = body.vector, "\n".join(body.lines)
    return (
        f"define internal {v} @general_power({v} %x, {v} %y) #1 {{\nentry:\n{lines}\n"
        f"  ret {v} {value}\n}}\n"
    )


def _loop(name: str, loop: Loop, writer: Writer, plan: Plan, dynamic: bool) -> str:
    """Return one loop as a function."""
    body = writer.body
    head = f"define internal void @{name}(ptr noalias %W, double %time) #0 {{\nentry:\n"
    if loop.points == 1:
        _statements(writer, loop, None, plan, dynamic)
        return head + "\n".join(body.lines) + "\n  ret void\n}\n"
    body.lines.append("  br label %loop")
    body.block = "loop"
    _statements(writer, loop, "%c", plan, dynamic)
    phi = f"loop:\n  %c = phi i64 [ 0, %entry ], [ %next, %{body.block} ]"
    lines = [body.lines[0], phi, *body.lines[1:]]
    tail = (
        "  %next = add nuw nsw i64 %c, 1\n"
        f"  %end = icmp eq i64 %next, {loop.points}\n"
        "  br i1 %end, label %exit, label %loop\nexit:\n  ret void\n}\n"
    )
    return head + "\n".join(lines) + "\n" + tail


def _statements(writer: Writer, loop: Loop, index: str | None, plan: Plan, dynamic: bool) -> None:
    b, stocks = writer.body, plan.program.stocks
    for statement in loop.statements:
        value = writer.value(statement.expr, index)
        target = statement.target
        if dynamic and plan.moves(statement):
            stock = writer.value(Load(target - stocks), index)
            change = b.exact("fmul", value, b.number(plan.program.step))
            b.store(target - stocks, index, b.exact("fadd", stock, change))
        elif not dynamic or plan.stored[target].any():
            b.store(target, index, value)
        b.known[Load(target).key] = value


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
        if node.name in _TRUTH:
            one, zero = b.number(1.0), b.number(0.0)
            return b.select(self.truth(node, index), one, zero)
        if node.name in LIBRARY:
            return b.library(LIBRARY[node.name], self.value(node.parts[0], index))
        return getattr(self, f"_{node.name}", self._plain)(node, index)

    def truth(self, node: Node, index: str | None) -> str:
        """Return a node as a mask: whether it is not 0."""
        b = self.body
        return b.cached(("truth", node.key), lambda: self._truth(node, index))

    def _truth(self, node: Node, index: str | None) -> str:
        b = self.body
        if isinstance(node, Op) and node.name in _COMPARE:
            left, right = (self.value(p, index) for p in node.parts)
            return b.compare(_COMPARE[node.name], left, right)
        if isinstance(node, Op) and node.name in ("and", "or"):
            left, right = (self.truth(p, index) for p in node.parts)
            return b.new(f"{node.name} {b.mask} {left}, {right}")
        if isinstance(node, Op) and node.name == "not":
            inner = self.truth(node.parts[0], index)
            return b.new(f"xor {b.mask} {inner}, {b.splat('i1', 'true')}")
        return b.compare("une", self.value(node, index), b.number(0.0))

    # ── functions ──────────────────────────────────────────────────────────────────────────

    def _plain(self, node: Op, index: str | None) -> str:
        op = {"add": "fadd", "sub": "fsub", "mul": "fmul", "neg": "fneg"}[node.name]
        return self.body.exact(op, *(self.value(p, index) for p in node.parts))

    def _div(self, node: Op, index: str | None) -> str:
        return self.body.exact("fdiv", *(self.value(p, index) for p in node.parts))

    def _quotient(self, node: Op, index: str | None) -> str:
        return self.body.quotient(*(self.value(p, index) for p in node.parts))

    def _abs(self, node: Op, index: str | None) -> str:
        return self.body.unary("fabs", self.value(node.parts[0], index))

    def _sqrt(self, node: Op, index: str | None) -> str:
        return self.body.unary("sqrt", self.value(node.parts[0], index))

    def _integer(self, node: Op, index: str | None) -> str:
        return self.body.unary("trunc", self.value(node.parts[0], index))

    def _exp(self, node: Op, index: str | None) -> str:
        return vmath.exp(self.body, self.value(node.parts[0], index))

    def _ln(self, node: Op, index: str | None) -> str:
        return vmath.log(self.body, self.value(node.parts[0], index))

    def _pow(self, node: Op, index: str | None) -> str:
        base, exponent = node.parts
        b, x = self.body, self.value(base, index)
        if not isinstance(exponent, Const):
            return vmath.power(b, x, self.value(exponent, index))
        y = exponent.value
        if y not in WRITTEN_OUT:
            return vmath.power(b, x, b.number(y))
        if y in (2.0, 3.0, 4.0):
            square = b.exact("fmul", x, x)
            return {2.0: square}.get(y) or b.exact("fmul", square, x if y == 3.0 else square)
        if y == 0.5:
            return b.unary("sqrt", x)
        return b.number(1.0)

    def _log2_mantissa(self, node: Op, index: str | None) -> str:
        return vmath.log2_mantissa(self.body, self.value(node.parts[0], index))

    def _power_of(self, node: Op, index: str | None) -> str:
        return vmath.power_of(self.body, *(self.value(p, index) for p in node.parts))

    def _min(self, node: Op, index: str | None) -> str:
        return self._extreme("olt", node, index)

    def _max(self, node: Op, index: str | None) -> str:
        return self._extreme("ogt", node, index)

    def _extreme(self, how: str, node: Op, index: str | None) -> str:
        """Return the smaller or larger part, and NaN where either is NaN."""
        first, second = node.parts
        if self._is_number(second):
            first, second = second, first
        b, x, y = self.body, self.value(first, index), self.value(second, index)
        out = b.select(b.compare(how, x, y), x, y)  # y where either is NaN
        return out if self._is_number(first) else b.select(b.compare("uno", x, x), x, out)

    def _is_number(self, node: Node) -> bool:
        """Whether a node cannot be NaN: a literal, or a constant (inputs are checked)."""
        if isinstance(node, Load):
            return (
                bool(np.isfinite(self.defaults[node.slots]).all())
                if (node.slots < len(self.defaults)).all()
                else False
            )
        return isinstance(node, Const) and not np.isnan(node.value)

    def _if_then_else(self, node: Op, index: str | None) -> str:
        condition, yes, no = node.parts
        mask = self.truth(condition, index)
        return self.body.select(mask, self.value(yes, index), self.value(no, index))

    def _zidz(self, node: Op, index: str | None) -> str:
        a, d = (self.value(p, index) for p in node.parts)
        return self._guarded(a, d, self.body.number(0.0))

    def _xidz(self, node: Op, index: str | None) -> str:
        return self._guarded(*(self.value(p, index) for p in node.parts))

    def _guarded(self, a: str, d: str, otherwise: str) -> str:
        b = self.body
        small = b.compare("olt", b.unary("fabs", d), b.number(SMALL))
        return b.select(small, otherwise, b.exact("fdiv", a, d))

    def _quantum(self, node: Op, index: str | None) -> str:
        a, q = (self.value(p, index) for p in node.parts)
        return self._quantised(a, q)

    def _quantised(self, a: str, q: str) -> str:
        b = self.body
        whole = b.exact("fmul", q, b.unary("trunc", b.exact("fdiv", a, q)))
        return b.select(b.compare("olt", q, b.number(SMALL)), a, whole)

    def _modulo(self, node: Op, index: str | None) -> str:
        a, q = (self.value(p, index) for p in node.parts)
        return self.body.exact("fsub", a, self._quantised(a, q))

    def _step(self, node: Op, index: str | None) -> str:
        t, dt, height, start = (self.value(p, index) for p in node.parts)
        b = self.body
        late = b.exact("fadd", t, b.exact("fmul", dt, b.number(0.5)))
        # 0 times an infinite height would be NaN, as it is in the definition
        return b.exact("fmul", height, self._one_where(b.compare("ogt", late, start)))

    def _ramp(self, node: Op, index: str | None) -> str:
        t, slope, start, *finish = (self.value(p, index) for p in node.parts)
        b, end = self.body, t
        if finish:
            end = b.select(b.compare("olt", t, finish[0]), t, finish[0])
        begun = b.compare("ogt", b.exact("fadd", t, b.number(SMALL)), start)
        on = self._one_where(begun)
        return b.exact("fmul", b.exact("fmul", on, slope), b.exact("fsub", end, start))

    def _pulse(self, node: Op, index: str | None) -> str:
        t, dt, start, width = (self.value(p, index) for p in node.parts)
        b = self.body
        late = b.exact("fadd", t, b.exact("fmul", dt, b.number(0.5)))
        wide = b.select(b.compare("oeq", width, b.number(0.0)), dt, width)
        inside = b.compare("olt", late, b.exact("fadd", start, wide))
        return self._one_where(b.both(b.compare("ogt", late, start), inside))

    def _one_where(self, mask: str) -> str:
        return self.body.select(mask, self.body.number(1.0), self.body.number(0.0))

    def _during(self, t: str, start: str, width: str) -> str:
        b = self.body
        after = b.compare("oge", t, b.exact("fsub", start, b.number(SMALL)))
        return b.both(after, b.compare("olt", t, b.exact("fadd", start, width)))

    def _repeated(self, t: str, start: str, every: str, width: str) -> str:
        b = self.body
        since = b.exact("fadd", b.exact("fsub", t, start), b.number(SMALL))
        phase = b.exact("fsub", since, self._quantised(since, every))
        return b.both(b.compare("oge", t, start), b.compare("olt", phase, width))

    def _pulse_train(self, node: Op, index: str | None) -> str:
        t, dt, start, every, width, end = (self.value(p, index) for p in node.parts)
        b = self.body
        late = b.exact("fadd", t, b.exact("fmul", dt, b.number(0.5)))
        since = b.exact("fsub", late, start)
        phase = b.exact("fsub", since, self._quantised(since, every))
        wide = b.select(b.compare("ogt", dt, width), dt, width)
        begun = b.both(b.compare("ogt", since, b.number(0.0)), b.compare("olt", phase, wide))
        going = b.compare("ole", t, b.exact("fadd", end, b.number(SMALL)))
        return self._one_where(b.both(begun, going))

    def _xpulse(self, node: Op, index: str | None) -> str:
        t, dt, start, magnitude = (self.value(p, index) for p in node.parts)
        b = self.body
        on = self._during(t, start, b.exact("fmul", dt, b.number(0.5)))
        return b.exact("fmul", b.exact("fdiv", magnitude, dt), self._one_where(on))

    def _xpulse_train(self, node: Op, index: str | None) -> str:
        t, dt, start, every, magnitude = (self.value(p, index) for p in node.parts)
        b = self.body
        half = b.exact("fmul", dt, b.number(0.5))
        once = self._one_where(self._during(t, start, half))
        again = self._one_where(self._repeated(t, start, every, half))
        on = b.select(b.compare("oeq", every, b.number(0.0)), once, again)
        return b.exact("fmul", b.exact("fdiv", magnitude, dt), on)

    def _log(self, node: Op, index: str | None) -> str:
        a, base = (self.value(p, index) for p in node.parts)
        b = self.body
        return b.exact("fdiv", vmath.log(b, a), vmath.log(b, base))

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
