"""The text of a Vensim file → its sections: entries between bars, their equations, macros.

What would be dropped without a word is refused: an entry cut short, one with a missing or
surplus field. Reality checks, texts (``:IS:``) and the names of groups are passed over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from sdengine.errors import Message
from sdengine.limits import at_most, limit
from sdengine.model.equation import Reader
from sdengine.model.external import Source
from sdengine.model.points import EquationError, plain_table
from sdengine.model.sections import RULES, Element, File, Section
from sdengine.model.tokens import Token, tokens
from sdengine.model.vensim_calls import Vensim
from sdengine.syntax import Equation, Expr, Series, fold

_SKETCH = re.compile(r"\\{2,3}---///")
METHODS = {"0": "euler", "1": "rk4", "2": "euler", "3": "rk2", "4": "rk2", "5": "rk4"}
_FIELDS = (2, 3)  # "~" in an entry: units and comment, and perhaps :SUPPLEMENTARY
_KEYWORDS = (":RAW:", ":INTERPOLATE:", ":HOLD BACKWARD:", ":LOOK FORWARD:")
_CHECKS = re.compile(r":\s*(THE\s+CONDITION|TEST\s+INPUT|IS)\s*:", re.I)
_QUOTED = re.compile(r'"(?:\\"|[^"])*"')
_LIMIT = re.compile(r"\?|[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_TABLE_HEAD = re.compile(
    r"""\s*((?:[^\W\d]|[$])[\w\s$']*?|"(?:\\"|[^"])*")\s*(\[[^\]"]*\])?\s*\(
        \s*(?:\[[-\d\s.eE+,()]*\]\s*,?)?\s*(\(.*)\)\s*""",
    re.X | re.S,
)


def read_vensim(text: str) -> File:
    """Return the sections of a Vensim file: the model itself, then its macros.

    Raises ValueError saying what is wrong with the file as a whole, and with each equation by
    its name, one argument each.
    """
    method = method_of(text)
    body = _SKETCH.split(text, maxsplit=1)[0].removeprefix("\ufeff")
    entries, rest = _entries(body)
    if len(entries) > limit("VARIABLES"):
        raise ValueError(
            Message("{n:,} equations; {most}", n=len(entries), most=at_most("VARIABLES"))
        )
    faults: list[tuple[str, str]] = []
    main = _Part("__main__", dialect=Vensim())
    parts, here = [main], main
    for head, *fields in entries:
        while True:
            stripped = head.lstrip()
            mark = stripped[:16].upper()
            if mark.startswith(":END OF MACRO:") and here is not main:
                here, head = main, stripped[len(":END OF MACRO:") :]
            elif mark.startswith(":MACRO:") and here is main:
                here = _macro(stripped, faults, main.dialect)
                parts.append(here)
                head = stripped[stripped.find(")") + 1 :]
            else:
                break
        _entry(head, fields, here, faults)
    rest = rest.strip()
    if here is not main and rest.upper().startswith(":END OF MACRO:"):
        here, rest = main, rest[len(":END OF MACRO:") :].strip()
    if here is not main:
        raise ValueError(Message("a macro does not end: :END OF MACRO: is missing"))
    if rest:
        raise ValueError(Message("the file ends inside an equation: {text}", text=_start(rest)))
    if not entries:
        raise ValueError(Message("no variable found — is this a system-dynamics model?"))
    if faults:
        told = '"{name}" cannot be read: it {what}'
        raise ValueError(*(Message(told, name=name, what=what) for name, what in faults[:10]))
    return File(tuple(part.section() for part in parts), method)


def method_of(text: str) -> str:
    """Return the integration method a file's settings ask for: "euler", "rk2" or "rk4".

    Raises ValueError where it asks for one that is not known.
    """
    settings = "".join(_SKETCH.split(text, maxsplit=1)[1:])
    found = re.search(r"^15:\s*\d+,\s*\d+,\s*\d+,\s*(\d+)", settings, re.M)
    said = found[1] if found else "0"
    if said not in METHODS:
        raise ValueError(
            Message('integration method "{said}" is not supported (euler, rk2, rk4)', said=said)
        )
    return METHODS[said]


# ── the file as entries ────────────────────────────────────────────────────────────────────


def _entries(body: str) -> tuple[list[list[str]], str]:
    """Return the fields of each entry, and what stands behind the last one."""
    entries: list[list[str]] = []
    fields: list[str] = [""]
    at, start = 0, 0
    marks, marks_behind = re.compile(r'["{~|]'), re.compile(r"[~|]")
    while found := (marks if len(fields) == 1 else marks_behind).search(body, at):
        at, sign = found.start(), found[0]
        if sign == '"':
            at = _end_of_quote(body, at)
        elif sign == "{":
            fields[0] += body[start:at] + " "
            at = start = _end_of_comment(body, at)
        else:
            fields[-1] += body[start:at]
            at = start = at + 1
            if sign == "~":
                fields.append("")
            else:
                entries.append(fields)
                fields = [""]
    fields[-1] += body[start:]
    return entries, "~".join(fields)


def _end_of_quote(text: str, at: int) -> int:
    found = re.compile(r'"(?:\\"|[^"])*"').match(text, at)
    return found.end() if found else at + 1


def _end_of_comment(text: str, at: int) -> int:
    depth = 0
    for found in re.compile(r"[{}]").finditer(text, at):
        depth += 1 if found[0] == "{" else -1
        if depth == 0:
            return found.end()
    raise ValueError(Message("a comment does not end: {text}", text=_start(text[at:])))


def _start(text: str) -> str:
    return '"' + " ".join(text[:400].split())[:60] + '"'


def named(equation: str) -> str:
    """Return what stands left of an equation's sign."""
    return " ".join(re.split(r"[=(:\[]", equation[:1000].strip(), maxsplit=1)[0].split())[:60]


@dataclass
class _Part:
    """The model or one macro while its entries are read; names are merged as Vensim does."""

    name: str
    dialect: Vensim
    params: tuple[str, ...] = ()
    returns: tuple[str, ...] = ()
    elements: dict[str, Element] = field(default_factory=dict)
    ranges: list[tuple[str, Any]] = field(default_factory=list)
    mappings: list[tuple[str, str, tuple[str, ...]]] = field(default_factory=list)
    listed: int = 0  # elements of ranges so far

    def section(self) -> Section:
        elements, ranges = tuple(self.elements.values()), tuple(self.ranges)
        mappings = tuple(self.mappings)
        return Section(self.name, self.params, elements, ranges, mappings, self.returns)

    def add(self, name: str, equation: Equation, rule: str, fields: list[str]) -> None:
        """Add an equation to its variable; later units, limits and comments take over."""
        key = fold(name)
        known = self.elements.get(key, Element(name, ()))
        unit, limits = _unit(fields[0]) if fields else ("", None)
        text = " ".join(fields[1].replace("\\\n\t", " ").split()) if len(fields) > 1 else ""
        self.elements[key] = replace(
            known,
            equations=(*known.equations, equation),
            unit=unit or known.unit,
            limits=limits or known.limits,
            text=text or known.text,
            rule=rule or known.rule,
        )


def _macro(text: str, faults: list[tuple[str, str]], dialect: Vensim) -> _Part:
    """Return the empty macro that ":MACRO: name(parameters : further results)" begins."""
    end = text.find(")") + 1
    if not end:
        raise ValueError(Message("a macro without parameters: {text}", text=_start(text)))
    head = text[len(":MACRO:") : end]
    names: list[list[str]] = [[], []]
    name = named(head)
    try:
        reader = Reader(tokens(head), dialect)
        name = reader.take().text
        reader.take("(")
        side = 0
        while not reader.took(")"):
            sign = reader.took(",", ":")
            side |= sign == ":"
            if not sign:
                if reader.peek() not in ("<name>", "<quoted>"):
                    raise EquationError(Message("is a macro whose parameters are not names"))
                names[side].append(reader.take().text)
        reader.end()
    except EquationError as error:
        faults.append((name, error.args[0]))
    return _Part(name, dialect, tuple(names[0]), tuple(names[1]))


# ── one entry ──────────────────────────────────────────────────────────────────────────────


def _entry(head: str, fields: list[str], part: _Part, faults: list[tuple[str, str]]) -> None:
    """Read one entry into the part it stands in; note what is wrong with it."""
    if re.match(r"\s*\*{3,}", head) or _CHECKS.search(
        _QUOTED.sub("", head)
    ):  # a group's name, a check, a text
        return
    if len(fields) not in _FIELDS:
        raise ValueError(
            Message(
                'an equation with {n} "~", which needs two or three: {text}',
                n=len(fields),
                text=_start(head),
            )
        )
    reader = None
    try:
        if _read_table(head, fields, part):
            return
        reader = Reader(_heeded(tokens(head)), part.dialect)
        _read_entry(reader, fields, part)
    except (EquationError, RecursionError) as error:
        name = reader.tokens[0].text if reader and reader.tokens else named(head)
        deep = isinstance(error, RecursionError)
        faults.append((name.strip('"'), Message("is nested too deeply") if deep else error.args[0]))


def _heeded(read: list[Token]) -> list[Token]:
    """Return the tokens before :IGNORE:, behind which stand causes that do not count yet."""
    kinds = [token.kind == "keyword" and token.text == ":IGNORE:" for token in read]
    return read[: kinds.index(True)] if True in kinds else read


def _read_table(head: str, fields: list[str], part: _Part) -> bool:
    """Read "name[subscripts]( points )", the quick way for tables of thousands of points."""
    found = _TABLE_HEAD.fullmatch(head) if "(" in head and "=" not in head else None
    table = plain_table(found[3]) if found else None
    if found is None or table is None:
        return False
    name = tokens(found[1])[0].text
    own = Reader(tokens(found[2]), part.dialect).names() if found[2] else ()
    part.add(name, Equation(own, table), "", fields)
    return True


def _read_entry(reader: Reader, fields: list[str], part: _Part) -> None:
    if not reader.tokens:
        raise EquationError(Message("is empty: an entry needs a name"))
    first = reader.take()
    if first.kind not in ("name", "quoted"):
        raise EquationError(
            Message('starts with "{text}" where a name is expected', text=first.text)
        )
    if reader.took("<->"):
        part.ranges.append((first.text, reader.take().text))
        reader.end()
        return
    if reader.took(":"):
        _range(reader, part, first.text)
        return
    own = reader.names() if reader.peek() == "[" else ()
    excepts: list[tuple[str, ...]] = []
    if reader.took(":EXCEPT:"):
        excepts.append(reader.names())
        while reader.took(","):
            excepts.append(reader.names())
    rule = ""
    if reader.peek() == "(":
        expr = _lookup(reader)
    else:
        keyword = reader.took(*_KEYWORDS).strip(":").lower().replace(" ", "_")
        sign = reader.took("=", "==", ":=")
        if not sign:  # data without a source
            reader.end()
            expr, rule = Series(np.empty(0), np.empty(0)), keyword or "interpolate"
        else:
            expr = reader.whole()
            rule = (keyword or "interpolate") if sign == ":=" else keyword
    if rule and rule not in RULES:
        raise EquationError(
            Message('has the keyword ":{rule}:", which is not supported', rule=rule)
        )
    part.add(first.text, Equation(own, expr, tuple(excepts)), rule, fields)
    for name, expr in part.dialect.take_outputs():
        part.add(name, Equation(own, expr), "", [])


def _lookup(reader: Reader) -> Expr:
    reader.take("(")
    expr = reader.expression() if reader.peek() == "<name>" else reader.table()
    reader.take(")")
    reader.end()
    return expr


def _unit(text: str) -> tuple[str, tuple[float | None, float | None] | None]:
    """Return a unit and the limits behind it; a limit that is no number counts as none."""
    text = " ".join(text.replace("\\\n\t", " ").split())
    unit, bracket, limits = text.rpartition("[")
    if not bracket or not limits.endswith("]"):
        return text, None
    ends = [end.strip() for end in limits[:-1].split(",")][:2]
    if len(ends) < 2:
        return unit.strip(), None
    low, high = (float(end) if _LIMIT.fullmatch(end) and end != "?" else None for end in ends)
    return unit.replace("[", "(").strip(), (low, high)


# ── subscript ranges ───────────────────────────────────────────────────────────────────────


def _range(reader: Reader, part: _Part, name: str) -> None:
    """Read the elements of a range, and what it maps to."""
    content: Any
    if reader.peek() == "<name>" and reader.next_sign() == "(":
        source = reader.expression()
        if not isinstance(source, Source) or source.kind != "subscript":
            raise EquationError(Message("is a range that is read in a way that is not supported"))
        keys = ("file", "tab", "firstcell", "lastcell", "prefix")
        content = dict(zip(keys, source.texts, strict=True))
    else:
        content = [e for listed in _listed(reader) for e in _numbered(listed)]
        part.listed += len(content)
        if part.listed > limit("RANGES"):
            raise ValueError(
                Message(
                    "subscript ranges of {n:,} elements; {most}",
                    n=part.listed,
                    most=at_most("RANGES"),
                )
            )
    part.ranges.append((name, content))
    if reader.took("->"):
        _mapping(reader, part, name)
        while reader.took(","):
            _mapping(reader, part, name)
    reader.end()


def _mapping(reader: Reader, part: _Part, name: str) -> None:
    if not reader.took("("):
        part.mappings.append((name, reader.take().text, ()))
        return
    target = reader.take().text
    reader.take(":")
    elements = tuple(e for listed in _listed(reader) for e in _numbered(listed))
    reader.take(")")
    part.mappings.append((name, target, elements))


def _listed(reader: Reader) -> list[str]:
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
                raise EquationError(
                    Message('has "{text}" where an element is expected', text=token.text)
                )
            out.append(token.text)
        if not reader.took(","):
            return out


def _numbered(listed: str) -> list[str]:
    """Return the elements of a numbered range "(A1-A9)", or the name itself."""
    if not listed.startswith("("):
        return [listed]
    ends = [re.fullmatch(r"(.*?)(\d+)", end) for end in listed[1:-1].split("-")]
    if len(ends) != 2 or ends[0] is None or ends[1] is None:
        raise EquationError(
            Message('has the range "{listed}", whose ends need a number each', listed=listed)
        )
    (letters, low), (others, high) = ends[0].groups(), ends[1].groups()
    if not letters or letters != others:
        raise EquationError(
            Message('has the range "{listed}", whose ends need the same letters', listed=listed)
        )
    if len(high) > 15 or int(high) - int(low) > limit("RANGES"):
        raise EquationError(
            Message("is a subscript range that is too long; {most}", most=at_most("RANGES"))
        )
    if int(low) >= int(high):
        raise EquationError(
            Message('has the range "{listed}", which does not ascend', listed=listed)
        )
    return [f"{letters}{number}" for number in range(int(low), int(high) + 1)]
