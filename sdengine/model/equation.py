"""The text of an equation → an Expr, read once, in Vensim's language or XMILE's.

``Reader`` knows how expressions are built: operators, brackets, tables, lists. What a name or a
call means is asked of its dialect (``vensim``, ``xmile``), so that no second tree is needed.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sdengine.errors import Message, either
from sdengine.model.points import EquationError, number, table_of
from sdengine.model.tokens import WORDS, Token, wide_signs
from sdengine.syntax import NA, Array, Call, Expr, Number, Ref, Table

MARK = "\u01c3"  # stands between the name of a macro and the number of its result
_LEVELS: tuple[tuple[str, ...], ...] = (
    (":OR:", "OR"),
    (":AND:", "AND"),
    (),  # NOT stands between AND and the comparisons
    ("=", "<>", "<", "<=", ">", ">="),
    ("+", "-"),
    ("*", "/", "//", "MOD"),
)
_LEVEL = {sign: level for level, signs in enumerate(_LEVELS) for sign in signs}
_NOT, _COMPARING = 2, 3
_FUNCTION = {
    **{":OR:": "or", "OR": "or", ":AND:": "and", "AND": "and"},
    **{"=": "eq", "<>": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"},
    **{"+": "add", "-": "sub", "*": "mul", "/": "div"},
}


@dataclass(frozen=True)
class Text(Expr):
    """A text in single quotes, which stands only among the arguments of some functions."""

    value: str


Subscript = str | Expr
"""A subscript as written ("d!" where it is reduced), or an expression that computes it."""


class Dialect(Protocol):
    """What names and calls mean in one of the two languages."""

    def name(self, text: str, subscripts: tuple[Subscript, ...] | None) -> Expr:
        """Return what a name in an expression stands for."""

    def call(
        self,
        name: str,
        args: tuple[Expr, ...],
        subscripts: tuple[Subscript, ...] | None,
        outputs: tuple[str, ...],
    ) -> Expr:
        """Return a function of arguments; ``outputs`` take a macro's further results."""


class Reader:
    """Walks along tokens. ``xmile`` says which of the two languages they are in."""

    def __init__(self, tokens: list[Token], dialect: Dialect, *, xmile: bool = False):
        self.tokens, self.dialect, self.xmile = tokens, dialect, xmile
        self.at = 0

    def peek(self) -> str:
        """Return the next token as it is compared: signs and keywords by their text."""
        if self.at >= len(self.tokens):
            return ""
        kind, text = self.tokens[self.at]
        if kind in ("sign", "keyword"):
            return text
        if self.xmile and kind == "name" and text.upper() in WORDS:
            return text.upper()
        return f"<{kind}>"

    def next_sign(self) -> str:
        """Return the text of the token after the next, empty where there is none."""
        return self.tokens[self.at + 1].text if self.at + 1 < len(self.tokens) else ""

    def take(self, wanted: str = "") -> Token:
        """Return the next token and go on; raise where it is not the one wanted."""
        if self.at >= len(self.tokens):
            raise EquationError(
                Message("ends where {wanted} is expected", wanted=wanted or Message("more"))
            )
        if wanted and self.peek() != wanted:
            raise EquationError(
                Message("has {text} where {wanted} is expected", text=self._shown(), wanted=wanted)
            )
        self.at += 1
        return self.tokens[self.at - 1]

    def took(self, *signs: str) -> str:
        """Return the next token if it is one of ``signs``, and go on; else an empty text."""
        sign = self.peek()
        if sign not in signs or not sign:
            return ""
        self.at += 1
        return sign

    def end(self) -> None:
        """Raise where tokens are left."""
        if self.at < len(self.tokens):
            raise EquationError(Message("has {text} where it should end", text=self._shown()))

    def _shown(self) -> str:
        text = self.tokens[self.at].text
        return f'"{text}"{wide_signs(text)}'

    # ── expressions ────────────────────────────────────────────────────────────────────────

    def whole(self) -> Expr:
        """Return the expression that all tokens left make up: an equation's right-hand side."""
        listed = self.listed()
        if listed is not None:
            return listed
        summed = self._sum_of_numbers()
        if summed is not None:
            return summed
        if self._function() == "TABBED ARRAY":
            self.at += 2
            return Array(np.array(self._numbers(), dtype=float))
        out = self.expression()
        self.end()
        return out

    def expression(self, level: int = 0) -> Expr:
        """Return an expression of operators that bind at least as tightly as ``level``."""
        if level <= _NOT and self.took(":NOT:"):
            left: Expr = Call("not", (self.expression(_NOT),))
        else:
            left = self._unary()
        while True:
            sign = self.peek()
            own = _LEVEL.get(sign, -1)
            if own < level:
                return left
            self.at += 1
            left = self._operation(sign, left, self.expression(own + 1))
            if own == _COMPARING and _LEVEL.get(self.peek()) == _COMPARING:
                raise EquationError(Message("has two comparisons in a row: set brackets"))

    def _operation(self, sign: str, left: Expr, right: Expr) -> Expr:
        if sign == "MOD":
            return self.dialect.call("mod", (left, right), None, ())
        if sign == "//":
            if not self.xmile:
                raise EquationError(Message('has "//", which Vensim does not know'))
            return self.dialect.call("safediv", (left, right), None, ())
        return Call(_FUNCTION[sign], (left, right))

    def _conditional(self) -> Expr:
        parts = [self.expression()]
        for word in ("THEN", "ELSE"):
            self.take(word)
            parts.append(self.expression())
        return Call("if_then_else", tuple(parts))

    def _unary(self) -> Expr:
        negative = False
        while sign := self.took("-", "+"):
            negative ^= sign == "-"
        if self.xmile and self.took("NOT"):
            return negated(Call("not", (self._unary(),)), negative)
        base = self._operand()
        if self.took("^"):  # from the right: 2^3^2 is 2^(3^2)
            base = Call("pow", (base, self._unary()))
        return negated(base, negative)

    def _operand(self) -> Expr:
        if self.took("("):
            inner = self.expression()
            self.take(")")
            return inner
        if self.took(":NA:"):
            return Number(NA)
        if self.took("IF"):
            if self.took("THEN"):  # Vensim's function in an XMILE file
                self.take("ELSE")
                return self._call("if then else", None)
            return self._conditional()
        sign = self.peek()
        if sign == "MOD" and self.next_sign() == "(":
            self.take()
            return self._call("mod", None)
        kind, text = self.take("" if sign.startswith("<") and sign != "<" else Message("a value"))
        if kind == "number":
            return Number(number(text))
        if kind == "string":
            return Text(text[1:-1])
        if kind not in ("name", "quoted"):
            raise EquationError(Message('has "{text}" where a value is expected', text=text))
        subscripts = self.subscripts() if self.peek() == "[" else None
        if self.peek() == "!" and not self.xmile:
            self.take()
            return Ref(text + "!")
        if self.peek() == "(":
            return self._call(text, subscripts)
        return self.dialect.name(text, subscripts)

    def _function(self) -> str:
        """Return the name of the function that the next tokens call, as Vensim compares names."""
        if self.xmile or self.peek() != "<name>" or self.next_sign() != "(":
            return ""
        return " ".join(self.tokens[self.at].text.upper().replace("_", " ").split())

    def _call(self, name: str, subscripts: tuple[Subscript, ...] | None) -> Expr:
        self.at -= 1
        function = self._function()
        self.at += 1
        self.take("(")
        if function == "WITH LOOKUP":
            argument = self.expression()
            self.take(",")
            self.take("(")
            table = self.table()
            self.take(")")
            self.take(")")
            return Call("lookup", (table, argument))
        if function == "TABBED ARRAY":
            raise EquationError(Message("has a TABBED ARRAY inside an expression"))
        args: list[Expr] = []
        while self.peek() not in (")", ":"):
            if args:
                self.take(",")
            args.append(self.expression())
        outputs = self._outputs() if self.took(":") else ()
        self.take(")")
        return self.dialect.call(name, tuple(args), subscripts, outputs)

    def _outputs(self) -> tuple[str, ...]:
        """Return the names after the colon in a call of a macro, without their subscripts."""
        names = [self.take("<name>").text]
        while True:
            if self.peek() == "[":
                self.subscripts()
            if not self.took(","):
                return tuple(names)
            names.append(self.take("<name>").text)

    def subscripts(self) -> tuple[Subscript, ...]:
        """Return what stands in square brackets, ``!`` kept."""
        self.take("[")
        out: list[Subscript] = []
        while not self.took("]"):
            if out:
                self.take(",")
            out.append(self._subscript())
        if not out:
            raise EquationError(Message("has [] without a subscript"))
        return tuple(out)

    def _subscript(self) -> Subscript:
        if self.xmile:
            if self.took("*"):
                return "*"
            if self.next_sign() not in (",", "]", ":", ""):
                return self.expression()
        first = self._place()
        if self.xmile and self.took(":"):
            return f"{first}:{self._place()}"
        return first + ("!" if self.took("!") else "")

    def _place(self) -> str:
        token = self.take()
        if token.kind not in ("name", "quoted", "number"):
            raise EquationError(
                Message('has "{text}" where a subscript is expected', text=token.text)
            )
        return token.text

    def names(self) -> tuple[str, ...]:
        """Return the names in square brackets, on the left-hand side."""
        found = self.subscripts()
        assert all(isinstance(name, str) for name in found)
        return tuple(str(name) for name in found)

    # ── numbers ────────────────────────────────────────────────────────────────────────────

    def listed(self) -> Expr | None:
        """Return the list or matrix of numbers that is left, None where it is something else."""
        rest = self.tokens[self.at :]
        if not any(token.text in (",", ";") for token in rest):
            return None
        if not all(t.kind == "number" or t.text in (",", ";", "+", "-") for t in rest):
            return None
        if any(a.kind == b.kind == "number" for a, b in itertools.pairwise(rest)):
            raise EquationError(Message("is a list with two numbers side by side"))
        text = "".join(token.text for token in rest)
        rows = [row.strip(",").split(",") for row in text.strip(";").split(";")]
        if len({len(row) for row in rows}) != 1:
            raise EquationError(Message("is a table whose rows are not equally long"))
        if any(not re.fullmatch(r"[-+]?[\d.]+([eE][-+]?\d+)?", n) for row in rows for n in row):
            raise EquationError(Message("is a list with something else than numbers"))
        self.at = len(self.tokens)
        values = np.squeeze(np.array([[number(n) for n in row] for row in rows]))
        return Array(values) if values.ndim else Number(float(values))

    def _sum_of_numbers(self) -> Expr | None:
        """Return a sum of numbers alone as one number; None for anything else."""
        rest = self.tokens[self.at :]
        if not rest or not all(t.kind == "number" or t.text in ("+", "-") for t in rest):
            return None
        total, sign, fresh = 0.0, 1.0, True
        for place, (kind, text) in enumerate(rest):
            if kind == "number" and fresh:
                total, sign, fresh = total + sign * number(text), 1.0, False
            elif kind == "number":
                self.at += place
                self.end()
            else:
                sign, fresh = sign * (1.0 if text == "+" else -1.0), True
        if fresh:
            raise EquationError(Message("ends where a value is expected"))
        self.at = len(self.tokens)
        return Number(total)

    def _numbers(self) -> list[float]:
        """Return the numbers up to a closing bracket, however they are parted."""
        out = []
        while not self.took(")"):
            sign = self.took("-", "+")
            if self.took(",", ";"):
                continue
            out.append(number(sign + self.take("<number>").text))
        self.end()
        return out

    # ── tables ─────────────────────────────────────────────────────────────────────────────

    def table(self) -> Table:
        """Return the points of a graphical function: "[(x,y)-(x,y)],(x,y),…" or x … y …."""
        if self.took("["):
            depth = 1
            while depth:  # limits and reference points are for drawing only
                token = self.take()
                if token.kind not in ("number", "sign"):
                    raise EquationError(
                        Message('has "{text}" among the limits of a lookup', text=token.text)
                    )
                depth += {"[": 1, "]": -1}.get(token.text, 0)
            self.took(",")
        pairs: list[tuple[float, float]] = []
        if self.peek() == "(":
            while self.took("("):
                x = self._signed()
                self.take(",")
                pairs.append((x, self._signed()))
                self.take(")")
                self.took(",")
        else:  # all x and then all y
            numbers = [self._signed()]
            while self.took(","):
                numbers.append(self._signed())
            half = len(numbers) // 2
            if len(numbers) % 2 or not half:
                raise EquationError(Message("is a lookup with an odd count of numbers"))
            pairs = list(zip(numbers[:half], numbers[half:], strict=True))
        if not pairs:
            raise EquationError(Message("is a lookup without points"))
        return table_of([x for x, _ in pairs], [y for _, y in pairs])

    def _signed(self) -> float:
        sign = self.took("-", "+")
        return number(sign + self.take("<number>").text)


def negated(expr: Expr, negative: bool = True) -> Expr:
    """Return an expression with its sign changed, a number as a number."""
    if not negative:
        return expr
    return Number(-expr.value) if isinstance(expr, Number) else Call("neg", (expr,))


def counted(name: str, args: tuple[Expr, ...], *taken: int) -> None:
    """Raise where a function has another number of arguments."""
    if len(args) not in taken:
        counts = either(map(str, taken))
        raise EquationError(
            Message(
                "has {name} with {n} arguments, it takes {counts}",
                name=name,
                n=len(args),
                counts=counts,
            )
        )
