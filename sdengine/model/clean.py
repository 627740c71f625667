"""Text of a model file → text its parser accepts, or an error: what real files contain.

Pure functions of text. They take out inline ``{comments}`` and a byte-order mark, give data
variables without an equation a keyword, bring macros to the front and old XMILE files into
today's shape. They refuse what the parser would drop without a word: an entry cut short, one
with a missing or surplus field, XML that is not well formed, and XMILE parts it does not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sdengine.model.entries import Found, macro_head, rewritten
from sdengine.model.xmile import join_modules, mend, plain, taken_macros

_SKETCH = re.compile(r"\\{2,3}---///")
METHODS = {"0": "euler", "1": "rk4", "2": "euler", "3": "rk2", "4": "rk2", "5": "rk4"}
_NAMES = {"euler": "euler", "rk2": "rk2", "rk4": "rk4", "": "euler"}
_XMILE = "http://docs.oasis-open.org/xmile/ns/XMILE/v1.0"
_UNREAD = ("conveyor", "queue", "oven")
LONGEST = 100_000  # elements of a subscript range
_FIELDS = (2, 3)  # "~" in an entry: units and comment, and perhaps :SUPPLEMENTARY


MOST = 16_000_000  # bytes of a model file


def decode(data: bytes) -> str:
    """Return a file's text without a byte-order mark, its lines ended by one newline.

    Raises ValueError for a file that is too large to be a model.

    >>> decode(bytes.fromhex("efbbbf") + b"a=1~~|")
    'a=1~~|'
    """
    if len(data) > MOST:
        raise ValueError(f"a file of {len(data):,} bytes; at most {MOST:,} are read")
    text = data.decode("utf-8-sig", errors="replace")
    bad, high = text.count("\ufffd"), sum(sign > "\x7f" for sign in text)
    if 0 < 20 * bad < high and data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        return _lines(text)  # UTF-8 with a letter cut through here and there
    for encoding in _encodings(data):
        try:
            text = data.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
        return _lines(text)
    return _lines(data.decode("latin-1"))


def _lines(text: str) -> str:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _encodings(data: bytes) -> Iterator[str]:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        yield "utf-16"
    yield "utf-8-sig"
    said = re.match(rb"\s*\{\s*([A-Za-z0-9_-]+)\s*\}", data) or re.match(
        rb"""\s*<\?xml[^>]*encoding\s*=\s*["']([A-Za-z0-9_-]+)["']""", data
    )
    if said:
        yield said[1].decode("ascii")
    yield from ("gb18030", "cp1252") if _looks_chinese(data) else ("cp1252", "gb18030")


def _looks_chinese(data: bytes) -> bool:
    """Whether pairs of high bytes outnumber single ones: in Latin text those stand alone."""
    runs = [len(run) for run in re.findall(rb"[\x80-\xff]+", data)]
    return sum(length // 2 for length in runs) > sum(length % 2 for length in runs)


def method_of(text: str, *, vensim: bool) -> str:
    """Return the integration method a file asks for: "euler", "rk2" or "rk4".

    Raises ValueError where it asks for one that is not known.
    """
    if vensim:
        settings = "".join(_SKETCH.split(text, maxsplit=1)[1:])
        found = re.search(r"^15:\s*\d+,\s*\d+,\s*\d+,\s*(\d+)", settings, re.M)
        said = found[1] if found else "0"
        known = METHODS
    else:
        found = re.search(r"<sim_specs\b[^>]*?\smethod\s*=\s*[\"']([^\"']*)[\"']", text)
        said = found[1].strip().lower() if found else ""
        known = _NAMES
    if said not in known:
        raise ValueError(f'integration method "{said}" is not supported (euler, rk2, rk4)')
    return known[said]


# ── Vensim ─────────────────────────────────────────────────────────────────────────────────


@dataclass
class Entry:
    """One entry of a Vensim file: the fields between "~", without the closing bar."""

    fields: list[str]


def clean_vensim(text: str, found: Found | None = None) -> str:
    """Return the equations of a Vensim file as the parser accepts them, macros first.

    What stands beside them is noted in ``found``.

    >>> clean_vensim("{UTF-8}\\na = b {one} + 2~~{kept}|")
    '{UTF-8}\\na = b + 2~~{kept}|\\n'
    """
    found = Found() if found is None else found
    body = _SKETCH.split(text, maxsplit=1)[0].removeprefix("\ufeff")
    entries, rest = _entries(body)
    macros: list[str] = []
    main: list[str] = []
    here = main
    for entry in entries:
        head = entry.fields[0]
        while True:
            stripped = head.lstrip()
            mark = stripped[:16].upper()
            if mark.startswith(":END OF MACRO:") and here is macros:
                macros.append(":END OF MACRO:")
                here, head = main, stripped[len(":END OF MACRO:") :]
            elif mark.startswith(":MACRO:") and here is main:
                end = stripped.find(")") + 1
                if not end:
                    raise ValueError(f"a macro without parameters: {_start(stripped)}")
                macros.append(":MACRO: " + macro_head(stripped[len(":MACRO:") : end], found))
                here, head = macros, stripped[end:]
            else:
                break
        here.append(_entry(head, entry.fields[1:], found))
        here += [f"{more}~~|" for more in found.extra]
        found.extra.clear()
    rest = rest.strip()
    if here is macros and rest.upper().startswith(":END OF MACRO:"):
        macros.append(":END OF MACRO:")
        here, rest = main, rest[len(":END OF MACRO:") :].strip()
    if here is macros:
        raise ValueError("a macro does not end: :END OF MACRO: is missing")
    if rest:
        raise ValueError(f"the file ends inside an equation: {_start(rest)}")
    if not main:
        raise ValueError("no variable found — is this a system-dynamics model?")
    return "{UTF-8}\n" + "\n".join([*macros, *main]) + "\n"


def _entries(body: str) -> tuple[list[Entry], str]:
    """Return the entries of the equations and what stands behind the last one."""
    entries: list[Entry] = []
    fields: list[str] = [""]
    at, start = 0, 0
    while at < len(body):
        sign = body[at]
        if sign == '"' and len(fields) == 1:
            at = _end_of_quote(body, at)
        elif sign == "{" and len(fields) == 1:
            fields[0] += body[start:at] + " "
            at = start = _end_of_comment(body, at)
        elif sign in "~|":
            fields[-1] += body[start:at]
            at = start = at + 1
            if sign == "~":
                fields.append("")
            else:
                entries.append(Entry(fields))
                fields = [""]
        else:
            at += 1
    fields[-1] += body[start:]
    return entries, "~".join(fields)


def _end_of_quote(text: str, at: int) -> int:
    found = re.compile(r'"(?:\\"|[^"])*"').match(text, at)
    return found.end() if found else at + 1


def _end_of_comment(text: str, at: int) -> int:
    depth = 0
    for place in range(at, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return place + 1
    raise ValueError(f"a comment does not end: {_start(text[at:])}")


def _entry(head: str, fields: list[str], found: Found) -> str:
    """Return one entry, checked and mended."""
    if re.match(r"\s*\*{3,}", head):  # the name of a group
        return "~".join([head, *fields]) + "|"
    if len(fields) not in _FIELDS:
        raise ValueError(
            f'an equation with {len(fields)} "~", which needs two or three: {_start(head)}'
        )
    if _is_long(head):
        raise ValueError(f"a subscript range of more than {LONGEST:,} elements: {_start(head)}")
    if _is_bare(head):
        head = head.rstrip() + " :INTERPOLATE: "
    return "~".join([rewritten(head, found), _unit(fields[0]), *fields[1:]]) + "|"


def _unit(text: str) -> str:
    """Return units without limits that are no numbers, which the parser would stumble on."""
    unit, bracket, limits = text.rstrip().rpartition("[")
    if not bracket or not limits.endswith("]"):
        return text
    ends = [end.strip() for end in limits[:-1].split(",")][:2]
    if len(ends) == 2 and all(_is_limit(end) for end in ends):
        return f"{unit.replace('[', '(')} [{', '.join(ends)}]"
    return (
        unit if len(ends) < 2 else f"{unit} [{', '.join(e if _is_limit(e) else '?' for e in ends)}]"
    )


def _is_limit(text: str) -> bool:
    return re.fullmatch(r"\?|[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", text) is not None


def _is_bare(head: str) -> bool:
    """Whether an entry is a name alone, with or without subscripts: data without a source."""
    bare = re.sub(r'"(?:\\"|[^"])*"', "x", head).strip()
    return re.fullmatch(r"\w[\w\s'$]*(\[[^\]]*\])?", bare) is not None


def _is_long(head: str) -> bool:
    """Whether an entry holds a numbered range (A1-A9) that is too long to be spelled out."""
    for inner in re.findall(r"\(([^()]{1,200})\)", head):
        ends = [re.search(r"(\d+)\s*$", part) for part in inner.split("-")]
        if len(ends) == 2 and ends[0] and ends[1]:
            low, high = ends[0][1], ends[1][1]
            if len(high) > 9 or int(high) - int(low) > LONGEST:
                return ":" in head and "=" not in head
    return False


def _start(text: str) -> str:
    return '"' + " ".join(text.split())[:60] + '"'


# ── XMILE ──────────────────────────────────────────────────────────────────────────────────


def clean_xmile(text: str, found: Found | None = None) -> str:
    """Return an XMILE file in today's shape: variables inside ``<variables>``, a namespace.

    What stands beside them is noted in ``found``.
    """
    from lxml import etree

    found = Found() if found is None else found

    if re.search(r"<!\s*(DOCTYPE|ENTITY)", text, re.I):
        raise ValueError("a document type is not accepted in a model file")
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
    if not re.search(r"<xmile\b[^>]*\sxmlns\s*=", text):
        text = re.sub(r"<xmile\b", f'<xmile xmlns="{_XMILE}"', text, count=1)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, remove_comments=True, recover=True
    )
    root = etree.fromstring(text.encode("utf-8"), parser) if text.strip() else None
    harmless = ("NS_ERR_UNDEFINED_NAMESPACE",)  # a prefix that is not declared
    faults = [
        e for e in parser.error_log if e.level_name != "WARNING" and e.type_name not in harmless
    ]
    if faults:
        raise ValueError(f"the XML is not well formed: line {faults[0].line}: {faults[0].message}")
    space = None if root is None else root.nsmap.get(None)
    if root is None or space is None or etree.QName(root).localname != "xmile":
        raise ValueError("this is not an XMILE file: no <xmile> element")
    _refuse_unread(root, space)
    for model in root.iter(f"{{{space}}}model"):
        _gather(model, space)
    join_modules(root, space)
    for equation in root.iter(f"{{{space}}}eqn"):
        _mend_equation(equation, space)
    _free_tables(root, space, mend(root, space, found))
    found.macros += [
        (name, params, etree.tostring(macro, encoding="unicode"))
        for name, params, macro in taken_macros(root, space)
    ]
    return etree.tostring(root, encoding="unicode")


def _refuse_unread(root: Any, space: str) -> None:
    """Raise where the file holds parts that the parser would leave out without a word."""
    from lxml import etree

    parts = []
    for variables in root.iter(f"{{{space}}}variables"):
        parts += [part for kind in _UNREAD for part in variables.iter(f"{{{space}}}{kind}")]
    for part in parts:
        name = part.get("name") or part.getparent().get("name", "")
        raise ValueError(f'<{etree.QName(part).localname}> ("{name}") is not supported')


def _mend_equation(equation: Any, space: str) -> None:
    """Take comments out of an equation, and put in what PySD does not look at."""
    text = _without_comments(equation.text or "")
    owner = equation.getparent()
    if "???" in text:
        name = owner.get("name") or owner.getparent().get("name", "")
        raise ValueError(f'"{name}" has no equation ("???")')
    start = owner.find(f"{{{space}}}init_eqn")
    if start is not None and (start.text or "").strip():
        text = f"ACTIVE_INITIAL({text.strip()}, {_without_comments(start.text).strip()})"
    equation.text = text


def _free_tables(root: Any, space: str, names: set[str]) -> None:
    """Make graphical functions of their own of those that equations call by LOOKUP."""
    for variable in list(root.iter(f"{{{space}}}aux")):
        table = variable.find(f"{{{space}}}gf")
        if table is not None and plain(variable.get("name", "")) in names:
            table.set("name", variable.get("name"))
            variable.getparent().replace(variable, table)


def _gather(model: Any, space: str) -> None:
    """Put variables that stand beside ``<variables>`` into it, as old files have them."""
    from lxml import etree

    kinds = {f"{{{space}}}{kind}" for kind in ("stock", "flow", "aux", "gf")}
    loose = [child for child in model if child.tag in kinds]
    if loose:
        inside = model.find(f"{{{space}}}variables")
        if inside is None:
            inside = etree.SubElement(model, f"{{{space}}}variables")
        for child in loose:
            inside.append(child)


def _without_comments(text: str) -> str:
    """Return an equation without ``{comments}``, quoted names left alone."""
    parts = re.split(r'("(?:\\"|[^"])*")', text)
    return "".join(p if p.startswith('"') else re.sub(r"\{[^{}]*\}", " ", p) for p in parts)
