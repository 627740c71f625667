"""The text of an equation → its tokens, in Vensim's language or XMILE's."""

from __future__ import annotations

import re
from typing import NamedTuple

from sdengine.errors import Message
from sdengine.model.points import EquationError

_PIECES = r"""(?P<space>[\s\\]+)
      | (?P<quoted>"(?:\\"|[^"])*"QUOTED)
      | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w$]))
      | (?P<name>NAME)
      | (?P<string>'[^']*')
      | (?P<keyword>:\s*(?:AND|OR|NOT|NA|EXCEPT|RAW|INTERPOLATE|HOLD[ _]BACKWARD|LOOK[ _]FORWARD
                     |IGNORE|TEST[ ]INPUT|THE[ ]CONDITION|IMPLIES)\s*:)
      | (?P<sign><->|->|:=|==|<=|>=|<>|//|[-+*/^=<>()\[\],;:!])
    """


def _pattern(name: str, quoted: str = "") -> re.Pattern[str]:
    """Return the pattern of a language; ``quoted`` may follow a name in quotes."""
    pieces = _PIECES.replace("NAME", name).replace("QUOTED", quoted)
    return re.compile(pieces, re.X | re.I)


_VENSIM = _pattern(r"""(?:[\w$]|[^\x00-\x7f])(?:[\w'$\s]|[^\x00-\x7f]|\\\s*)*""")
_XMILE = _pattern(
    r"""(?:\.(?=[^\W\d]))?(?:[\w$]|[^\x00-\x7f])(?:[\w'$]|[^\x00-\x7f]|\.(?=[^\W\d])
        |\."[^"]*")*""",
    r"""(?:\.(?:"[^"]*"|[^\W\d][\w'$]*))*""",  # of a module
)


WORDS = {"IF", "THEN", "ELSE", "AND", "OR", "NOT", "MOD"}
"""Names of XMILE that are signs."""


class Token(NamedTuple):
    """A piece of an equation: its kind and its text."""

    kind: str
    text: str


def wide_signs(text: str) -> str:
    """Return a remark where a text holds full-width signs, which Vensim takes for letters."""
    wide = any(sign in text for sign in "，（）；：＋－＊／＝＞＜")
    return Message(" (full-width signs are letters of a name)") if wide else ""


def tokens(text: str, *, xmile: bool = False) -> list[Token]:
    """Return the tokens of an equation, blanks left out.

    >>> [t.text for t in tokens("a b * 2 :and: c")]
    ['a b', '*', '2', ':AND:', 'c']
    """
    out: list[Token] = []
    match = (_XMILE if xmile else _VENSIM).match
    at, end, last = 0, len(text), ""
    while at < end:
        found = match(text, at)
        if found is None:
            raise EquationError(
                Message(
                    'has "{text}", which is not understood (a name stands in quotes where it '
                    "holds other signs than letters, digits, blanks, _, $ and ')",
                    text=text[at : at + 10].strip(),
                )
            )
        kind = str(found.lastgroup)
        if kind == "keyword":
            word = " ".join(found[0].strip(": \t\n").replace("_", " ").upper().split())
            out.append(Token(kind, f":{word}:"))
        elif kind == "name":
            name = " ".join(found[0].replace("\\", " ").split())
            if (
                xmile
                and out
                and out[-1].kind == "name"
                and not {name.upper(), last.upper()} & WORDS
            ):
                out[-1] = Token(kind, f"{last} {name}")  # blanks for the underlines of a name
            else:
                out.append(Token(kind, name))
            last = out[-1].text
        elif kind == "quoted":
            out.append(Token(kind, re.sub(r"\\\n\s*", "", found[0])))
        elif kind != "space":
            out.append(Token(kind, found[0]))
        at = found.end()
    return out
