"""The text of an equation → a tree, and the tree → text that PySD's parsers cannot misread.

PySD's grammars have gaps that real files meet: names with signs they do not list, keywords in
small letters, a backslash where a line goes on, ``-2^2``, nested IF … THEN … ELSE. The tree is
written out again with every name quoted that needs it and brackets wherever the order of
evaluation would be in doubt. What cannot be read here is left to PySD as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_PIECES = r"""(?P<space>[\s\\]+)
      | (?P<quoted>"(?:\\"|[^"])*")
      | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w$]))
      | (?P<name>NAME)
      | (?P<string>'[^']*')
      | (?P<keyword>:\s*(?:AND|OR|NOT|NA|EXCEPT|RAW|INTERPOLATE|HOLD[ _]BACKWARD|LOOK[ _]FORWARD
                     |TEST[ ]INPUT|THE[ ]CONDITION|IMPLIES)\s*:)
      | (?P<sign><->|->|:=|==|<=|>=|<>|//|[-+*/^=<>()\[\],;:!])
    """


def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(_PIECES.replace("NAME", name), re.X | re.I)


_VENSIM = _pattern(r"""(?:[\w$]|[^\x00-\x7f])(?:[\w'$\s]|[^\x00-\x7f]|\\\s*)*""")
_XMILE = _pattern(r"""(?:[\w$]|[^\x00-\x7f])(?:[\w'$]|[^\x00-\x7f]|\.(?=[^\W\d]))*""")


NO_COMMA = "where , is expected"


class EquationError(Exception):
    """What is wrong with an equation's text, in words."""


@dataclass(frozen=True)
class Token:
    """A piece of an equation: its kind and its text."""

    kind: str
    text: str


@dataclass(frozen=True)
class Tree:
    """An expression. ``kind`` is "number", "name", "call", "string", "table" or an operator.

    ``outputs`` are the names a call of a macro gives its further results.
    """

    kind: str
    text: str = ""
    parts: tuple[Tree, ...] = ()
    subscripts: tuple[str, ...] | None = None
    outputs: tuple[str, ...] = ()


def wide_signs(text: str) -> str:
    """Return a remark where a text holds full-width signs, which Vensim takes for letters."""
    wide = any(sign in text for sign in "，（）；：＋－＊／＝＞＜")
    return " (full-width signs are letters of a name)" if wide else ""


def is_plain(name: str) -> bool:
    """Return whether PySD reads a name without quotes."""
    return all(c.isalpha() or c.isdecimal() or c in " _'$" for c in name) and (
        name[:1].isalpha() or name[:1] == "_"
    )


def tokens(text: str, *, xmile: bool = False) -> list[Token]:
    """Return the tokens of an equation, blanks left out.

    >>> [t.text for t in tokens("a b * 2 :and: c")]
    ['a b', '*', '2', ':AND:', 'c']
    """
    out: list[Token] = []
    at = 0
    while at < len(text):
        found = (_XMILE if xmile else _VENSIM).match(text, at)
        if found is None:
            raise EquationError(
                f'has "{text[at : at + 10].strip()}", which is not understood (a name stands in '
                "quotes where it holds other signs than letters, digits, blanks, _, $ and ')"
            )
        kind = str(found.lastgroup)
        if kind == "keyword":
            word = " ".join(found[0].strip(": \t\n").replace("_", " ").upper().split())
            out.append(Token(kind, f":{word}:"))
        elif kind == "name":
            out.append(Token(kind, " ".join(found[0].replace("\\", " ").split())))
        elif kind != "space":
            out.append(Token(kind, found[0]))
        at = found.end()
    return out


@dataclass
class Reader:
    """Walks along tokens. ``xmile`` says which of the two languages they are in."""

    tokens: list[Token]
    xmile: bool = False
    at: int = 0

    def peek(self) -> str:
        """Return the next token as it is compared: signs and keywords by their text."""
        if self.at >= len(self.tokens):
            return ""
        token = self.tokens[self.at]
        if token.kind in ("sign", "keyword"):
            return token.text
        if self.xmile and token.kind == "name" and token.text.upper() in WORDS:
            return token.text.upper()
        return f"<{token.kind}>"

    def take(self, wanted: str = "") -> Token:
        """Return the next token and go on; raise where it is not the one wanted."""
        if self.at >= len(self.tokens):
            raise EquationError(f"ends where {wanted or 'more'} is expected")
        if wanted and self.peek() != wanted:
            raise EquationError(f"has {self._shown()} where {wanted} is expected")
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
            raise EquationError(f"has {self._shown()} where it should end")

    def _shown(self) -> str:
        text = self.tokens[self.at].text
        return f'"{text}"{wide_signs(text)}'

    # ── expressions ────────────────────────────────────────────────────────────────────────

    def expression(self, level: int = 0) -> Tree:
        """Return an expression of operators that bind at least as tightly as ``level``."""
        if level == len(_LEVELS):
            return self._unary()
        if level == _NOT_LEVEL and self.took(":NOT:", "NOT"):
            return Tree("not", parts=(self.expression(level),))
        if level == 0 and self.took("IF"):
            return self._conditional()
        left = self.expression(level + 1)
        while sign := self.took(*_LEVELS[level]):
            left = Tree(_KINDS.get(sign, sign), parts=(left, self.expression(level + 1)))
        return left

    def _conditional(self) -> Tree:
        parts = [self.expression()]
        for word in ("THEN", "ELSE"):
            self.take(word)
            parts.append(self.expression())
        return Tree("call", "IF_THEN_ELSE", tuple(parts))

    def _unary(self) -> Tree:
        if self.took("-"):
            return Tree("neg", parts=(self._unary(),))
        if self.took("+"):
            return self._unary()
        if self.xmile and self.took("NOT"):
            return Tree("not", parts=(self._unary(),))
        base = self._operand()
        if self.took("^"):  # from the right: 2^3^2 is 2^(3^2)
            return Tree("^", parts=(base, self._unary()))
        return base

    def _operand(self) -> Tree:
        if self.took("("):
            inner = self.expression()
            self.take(")")
            return inner
        if self.took(":NA:"):
            return Tree("na")
        if (
            self.peek() == "MOD"
            and self.tokens[self.at + 1 : self.at + 2]
            and (self.tokens[self.at + 1].text == "(")
        ):
            self.take()
            return self._call("mod", None)
        token = self.take("" if self.peek().startswith("<") and self.peek() != "<" else "a value")
        if token.kind == "number":
            return Tree("number", token.text)
        if token.kind == "string":
            return Tree("string", token.text)
        if token.kind not in ("name", "quoted"):
            raise EquationError(f'has "{token.text}" where a value is expected')
        subscripts = self.subscripts() if self.peek() == "[" else None
        if self.peek() == "!" and not self.xmile:
            self.take()
            return Tree("name", token.text + "!")
        if self.peek() == "(":
            return self._call(token.text, subscripts)
        return Tree("name", token.text, subscripts=subscripts)

    def _call(self, name: str, subscripts: tuple[str, ...] | None) -> Tree:
        self.take("(")
        plain = " ".join(name.upper().replace("_", " ").split())
        if plain == "WITH LOOKUP" and not self.xmile:
            argument = self.expression()
            self.take(",")
            self.take("(")
            table = table_text(self)
            self.take(")")
            self.take(")")
            return Tree("table", table, (argument,))
        if plain == "TABBED ARRAY" and not self.xmile:
            return Tree("tabbed", self._numbers())
        parts: list[Tree] = []
        while self.peek() not in (")", ":"):
            if parts:
                self.take(",")
            parts.append(self.expression())
        outputs = self._outputs() if self.took(":") else ()
        self.take(")")
        return Tree("call", name, tuple(parts), subscripts, outputs)

    def _outputs(self) -> tuple[str, ...]:
        """Return the names after the colon in a call of a macro, without their subscripts."""
        names = [self.take("<name>").text]
        while True:
            if self.peek() == "[":
                self.subscripts()
            if not self.took(","):
                return tuple(names)
            names.append(self.take("<name>").text)

    def _numbers(self) -> str:
        """Return the numbers up to a closing bracket, parted by blanks."""
        out = []
        while not self.took(")"):
            sign = self.took("-", "+")
            if self.took(",", ";"):
                continue
            out.append(sign.strip("+") + self.take("<number>").text)
        return " ".join(out)

    def subscripts(self) -> tuple[str, ...]:
        """Return the names in square brackets, ``!`` kept."""
        self.take("[")
        out: list[str] = []
        while not self.took("]"):
            if out:
                self.take(",")
            out.append(self._subscript())
        if not out:
            raise EquationError("has [] without a subscript")
        return tuple(out)

    def _subscript(self) -> str:
        if self.xmile and self.took("*"):
            return "*"
        token = self.take()
        if token.kind not in ("name", "quoted", "number"):
            raise EquationError(f'has "{token.text}" where a subscript is expected')
        return token.text + ("!" if self.took("!") else "")


def table_text(reader: Reader) -> str:
    """Return the points of a lookup: "[(x,y)-(x,y)],(x,y),…" without blanks."""
    out: list[str] = []
    if reader.took("["):
        depth = 1
        while depth:  # limits and reference points are for drawing only
            token = reader.take()
            if token.kind not in ("number", "sign"):
                raise EquationError(f'has "{token.text}" among the limits of a lookup')
            depth += {"[": 1, "]": -1}.get(token.text, 0)
        reader.took(",")
    pairs: list[tuple[str, str]] = []
    if reader.peek() == "(":
        while reader.took("("):
            x = _signed(reader)
            reader.take(",")
            pairs.append((x, _signed(reader)))
            reader.take(")")
            reader.took(",")
    else:  # all x and then all y
        numbers = [_signed(reader)]
        while reader.took(","):
            numbers.append(_signed(reader))
        half = len(numbers) // 2
        if len(numbers) % 2 or not half:
            raise EquationError("is a lookup with an odd count of numbers")
        pairs = list(zip(numbers[:half], numbers[half:], strict=True))
    if len(pairs) == 1:  # one point holds everywhere; PySD needs two
        pairs.append((repr(float(pairs[0][0]) + 1), pairs[0][1]))
    if not pairs:
        raise EquationError("is a lookup without points")
    out += [f"({x},{y})" for x, y in pairs]
    return ",".join(out)


def _signed(reader: Reader) -> str:
    sign = reader.took("-", "+").strip("+")
    return sign + reader.take("<number>").text


WORDS = {"IF", "THEN", "ELSE", "AND", "OR", "NOT", "MOD"}
_LEVELS: tuple[tuple[str, ...], ...] = (
    (":OR:", "OR"),
    (":AND:", "AND"),
    (),  # NOT stands between AND and the comparisons
    ("=", "<>", "<", "<=", ">", ">="),
    ("+", "-"),
    ("*", "/", "//", "MOD"),
)
_NOT_LEVEL = 2
_KINDS = {":OR:": "or", "OR": "or", ":AND:": "and", "AND": "and", "MOD": "mod"}
_BINDING = {
    **{"or": 0, "and": 1, "not": 2, "+": 4, "-": 4, "*": 5, "/": 5, "neg": 6, "^": 6},
    **dict.fromkeys(("=", "<>", "<", "<=", ">", ">="), 3),
}


@dataclass
class Writer:
    """Writes trees as PySD reads them. ``names`` collects what had to be put in quotes."""

    xmile: bool = False
    names: dict[str, str] = field(default_factory=dict)

    def name(self, text: str) -> str:
        """Return a name as PySD takes it, in quotes where its grammar asks for them."""
        if text.startswith('"') or (is_plain(text) and not (self.xmile and " " in text)):
            return text
        quoted = f'"{text}"'
        self.names[quoted] = text
        return quoted

    def subscripts(self, names: tuple[str, ...] | None) -> str:
        """Return subscripts in square brackets."""
        if not names:
            return ""
        parts = [
            self.name(name.removesuffix("!")) + ("!" if name.endswith("!") else "")
            for name in names
        ]
        return f"[{', '.join(parts)}]"

    def text(self, tree: Tree, level: int = 0) -> str:
        """Return an expression, in brackets where it binds more loosely than ``level``."""
        own = _BINDING.get(tree.kind)
        if own is None:
            return self._leaf(tree)
        out = self._operator(tree, own)
        return f"({out})" if own < level or (own == level == 6) else out

    def _operator(self, tree: Tree, own: int) -> str:
        first, *rest = tree.parts
        if tree.kind == "neg":
            return f"-{self.text(first, 6)}"
        if tree.kind == "not":
            word = "not " if self.xmile else ":NOT: "
            return word + f"({self.text(first)})"
        sign = tree.kind
        if sign in ("and", "or"):
            sign = sign if self.xmile else f":{sign.upper()}:"
            left, right = (self.text(part, 3) for part in tree.parts)  # PySD takes both as one
            if tree.parts[0].kind == tree.kind:
                left = self.text(tree.parts[0], own)
            return f"{left} {sign} {right}"
        if sign == "^":
            return f"{self.text(first, 6)}^{self.text(rest[0], 6)}"
        return self._chain(tree, own)

    def _chain(self, tree: Tree, own: int) -> str:
        """Return operators that go from left to right, however many, without recursion."""
        signs = []
        while _BINDING.get(tree.kind) == own and len(tree.parts) == 2:
            tree, right = tree.parts[0], (tree.kind, tree.parts[1])
            signs.append(right)
        out = [self.text(tree, own)]
        out += [f" {sign} {self.text(part, own + 1)}" for sign, part in reversed(signs)]
        return "".join(out)

    def _leaf(self, tree: Tree) -> str:
        if tree.kind == "number":
            value = float(tree.text)
            if value in (float("inf"), float("-inf")):
                raise EquationError(f"has a number that is too large: {tree.text}")
            return _digits(tree.text)
        if tree.kind == "na":
            return ":NA:"
        if tree.kind == "string":
            return tree.text
        if tree.kind == "table":
            return f"WITH LOOKUP({self.text(tree.parts[0])}, ({tree.text}))"
        if tree.kind == "tabbed":
            return f"TABBED ARRAY({tree.text})"
        if tree.kind == "mod":
            return f"modulo({', '.join(map(self.text, tree.parts))})"
        if tree.kind == "call":
            arguments = ", ".join(map(self.text, tree.parts))
            return f"{self.name(tree.text)}{self.subscripts(tree.subscripts)}({arguments})"
        if tree.text.endswith("!") and not tree.text.startswith('"'):
            return self.name(tree.text.removesuffix("!") + MARK)
        return self.name(tree.text) + self.subscripts(tree.subscripts)


# A letter that stands for "!" where a reduced subscript is used as a number, and between the
# name of a macro and the number of its result.
MARK = "\u01c3"


def _digits(text: str) -> str:
    """Return a number as Python reads it: no leading zeros."""
    return re.sub(r"^0+(?=\d)", "", text)


def literal_sum(parts: list[Token]) -> str | None:
    """Return a sum of numbers alone as one number, as PySD does; None for anything else."""
    if not parts or not all(t.kind == "number" or t.text in ("+", "-") for t in parts):
        return None
    reader = Reader(parts)
    tree = reader.expression()
    reader.end()
    value = _value(tree)
    return repr(value) if abs(value) < float("inf") else None


def _value(tree: Tree) -> float:
    if tree.kind == "number":
        return float(tree.text)
    parts = [_value(part) for part in tree.parts]
    if len(parts) == 1:
        return -parts[0]
    return parts[0] + parts[1] if tree.kind == "+" else parts[0] - parts[1]


def walk_tree(tree: Tree) -> Iterator[Tree]:
    """Yield a tree and all trees inside it."""
    waiting = [tree]
    while waiting:
        tree = waiting.pop()
        yield tree
        waiting.extend(reversed(tree.parts))
