"""One entry of a Vensim file → the same entry as PySD's parser cannot misread it.

What stands left of the sign is read here too: names, subscripts, exceptions, keywords. Mappings
of subscript ranges are kept aside, since PySD takes their elements for the range's own.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from sdengine.model.equation import (
    MARK,
    EquationError,
    Reader,
    Writer,
    literal_sum,
    table_text,
    tokens,
    walk_tree,
)

_KEYWORDS = (":RAW:", ":INTERPOLATE:", ":HOLD BACKWARD:", ":LOOK FORWARD:")
_CHECKS = re.compile(r":\s*(THE\s+CONDITION|TEST\s+INPUT)\s*:", re.I)


@dataclass
class Found:
    """What the entries of a file hold beside the text PySD is given.

    ``names`` maps names that were put in quotes to themselves without. ``mappings`` are (range,
    range it maps to, elements or ranges in there, none where the mapping goes by position).
    ``faults`` are (name, what is wrong) of entries that could not be read here. ``extra`` are
    equations that the last entry stands for beside its own: a macro's further results. ``macros``
    are (name, parameters, document) of an XMILE file.
    """

    names: dict[str, str] = field(default_factory=dict)
    mappings: list[tuple[str, str, tuple[str, ...]]] = field(default_factory=list)
    faults: list[tuple[str, str]] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    macros: list[tuple[str, tuple[str, ...], str]] = field(default_factory=list)


def rewritten(head: str, found: Found) -> str:
    """Return an entry's equation as PySD reads it; one that is not understood stays as it is.

    >>> rewritten("a [s] : except : [c] = -2^x * 3", Found())
    'a[s] :EXCEPT: [c] = -(2^x) * 3'
    """
    if _CHECKS.search(head) or not head.strip():
        return head
    reader, writer = None, Writer(names=found.names)
    try:
        reader = Reader(tokens(head))
        return _entry(reader, writer, found)
    except EquationError as error:
        name = reader.tokens[0].text if reader and reader.tokens else named(head)
        found.faults.append((name.strip('"'), str(error)))
        return head


def macro_head(text: str, found: Found) -> str:
    """Return "name(parameters : further results)" as PySD reads it.

    >>> macro_head(" 宏（a） ( x,k : low )", Found())
    '"宏（a）"(x, k : low)'
    """
    try:
        reader, writer = Reader(tokens(text)), Writer(names=found.names)
        head = f"{writer.name(reader.take().text)}("
        reader.take("(")
        while not reader.took(")"):
            sign = reader.took(",", ":")
            if not sign and reader.peek() not in ("<name>", "<quoted>"):
                return text.strip()
            head += {",": ", ", ":": " : "}.get(sign) or writer.name(reader.take().text)
        reader.end()
    except EquationError:
        return text.strip()
    return head + ")"


def named(equation: str) -> str:
    """Return what stands left of an equation's sign."""
    return " ".join(re.split(r"[=(:\[]", equation.strip(), maxsplit=1)[0].split())[:60]


def _entry(reader: Reader, writer: Writer, found: Found) -> str:
    first = reader.take()
    if first.kind not in ("name", "quoted"):
        raise EquationError(f'starts with "{first.text}" where a name is expected')
    left = writer.name(first.text)
    own = ""
    if reader.took("<->"):
        other = reader.take()
        reader.end()
        return f"{left} <-> {writer.name(other.text)}"
    if reader.took(":"):
        return f"{left}: {_range(reader, writer, found, first.text)}"
    if reader.peek() == "[":
        own = writer.subscripts(reader.subscripts())
        left += own
    if reader.took(":EXCEPT:"):
        groups = [writer.subscripts(reader.subscripts())]
        while reader.took(","):
            groups.append(writer.subscripts(reader.subscripts()))
        left += " :EXCEPT: " + ", ".join(groups)
    if reader.peek() == "(":
        return f"{left}({_lookup(reader, writer)})"
    keyword = reader.took(*_KEYWORDS)
    left += f" {keyword}" if keyword else ""
    sign = reader.took("=", "==", ":=")
    if not sign:
        reader.end()
        return left
    return f"{left} {sign} {_right(reader, writer, found, own)}"


def _right(reader: Reader, writer: Writer, found: Found, own: str) -> str:
    """Return what stands right of the sign: a list of numbers or an expression.

    ``own`` are the subscripts of the left-hand side.
    """
    numbers = _numbers(reader) or literal_sum(reader.tokens[reader.at :])
    if numbers is not None:
        return numbers
    tree = reader.expression()
    reader.end()
    for call in walk_tree(tree):
        arguments = ", ".join(map(writer.text, call.parts)) if call.outputs else ""
        for number, name in enumerate(call.outputs):
            macro = writer.name(f"{call.text}{MARK}{number}")
            found.extra.append(f"{writer.name(name)}{own} = {macro}({arguments})")
    return writer.text(tree)


def _numbers(reader: Reader) -> str | None:
    """Return a list or matrix of numbers, or None where something else stands there."""
    rest = reader.tokens[reader.at :]
    listed = any(token.text in (",", ";") for token in rest)
    if not listed or not all(t.kind == "number" or t.text in ",;+-" for t in rest):
        return None
    if any(a.kind == b.kind == "number" for a, b in itertools.pairwise(rest)):
        raise EquationError("is a list with two numbers side by side")
    text = "".join(token.text for token in rest).replace("+", "")
    rows = [row.strip(",").split(",") for row in text.strip(";").split(";")]
    if len({len(row) for row in rows}) != 1:
        raise EquationError("is a table whose rows are not equally long")
    if any(not re.fullmatch(r"-?[\d.]+([eE]-?\d+)?", n) for row in rows for n in row):
        raise EquationError("is a list with something else than numbers")
    reader.at = len(reader.tokens)
    return ";".join(map(",".join, rows)) + (";" if len(rows) > 1 else "")


def _lookup(reader: Reader, writer: Writer) -> str:
    reader.take("(")
    outside = reader.peek() == "<name>"
    inner = writer.text(reader.expression()) if outside else table_text(reader)
    reader.take(")")
    reader.end()
    return inner


def _range(reader: Reader, writer: Writer, found: Found, name: str) -> str:
    """Return the elements of a range; note what it maps to."""
    tree = None
    if (
        reader.peek() == "<name>"
        and reader.tokens[reader.at + 1 : reader.at + 2]
        and (reader.tokens[reader.at + 1].text == "(")
    ):
        tree = writer.text(reader.expression())
    out = tree or ", ".join(_listed(reader, writer.name))
    if reader.took("->"):
        _mapping(reader, found, name)
        while reader.took(","):
            _mapping(reader, found, name)
    reader.end()
    return out


def _mapping(reader: Reader, found: Found, name: str) -> None:
    if not reader.took("("):
        found.mappings.append((name, reader.take().text, ()))
        return
    target = reader.take().text
    reader.take(":")
    elements = tuple(_listed(reader, str))
    reader.take(")")
    found.mappings.append((name, target, elements))


def _listed(reader: Reader, spell: Callable[[str], str]) -> list[str]:
    """Return the names of a list, numbered ranges as "(A1-A9)"."""
    out = []
    while True:
        if reader.took("("):
            first = reader.take().text
            reader.take("-")
            out.append(f"({first}-{reader.take().text})")
            reader.take(")")
        else:
            token = reader.take()
            if token.kind not in ("name", "quoted", "number"):
                raise EquationError(f'has "{token.text}" where an element is expected')
            out.append(spell(token.text))
        if not reader.took(","):
            return out
