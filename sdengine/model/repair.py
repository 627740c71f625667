"""The text of an XMILE file → its XML tree, with what is commonly malformed put right.

Stella and others write, and read, files that are no well-formed XML: a bare "&" or "<", HTML's
named characters, a control character, an attribute twice, a prefix that is declared nowhere, tags
that do not match inside a comment. Each is read as it is meant and told with its line. What
would make an equation mean something else is refused.
"""

from __future__ import annotations

import html
import re
from typing import Any

from sdengine.errors import Message
from sdengine.model.text import plain

SPACE = "http://docs.oasis-open.org/xmile/ns/XMILE/v1.0"
_HARMLESS = ("NS_ERR_UNDEFINED_NAMESPACE",)  # a prefix that is not declared
_TOLD = ("ERR_ATTRIBUTE_REDEFINED", "NS_ERR_ATTRIBUTE_REDEFINED", "NS_ERR_XML_NAMESPACE")
_OWN = ("amp", "lt", "gt", "quot", "apos")
_ENTITY = re.compile(r"&(?:#\d{1,7};|#x[\da-fA-F]{1,6};|([A-Za-z][A-Za-z\d]*);)?")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_MARKUP = re.compile(r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|<", re.S)
_TAG = re.compile(r"</?[A-Za-z_][\w:.-]*")
_FREE = re.compile(r"<(doc|views|style|isee:prefs|prefs)\b.*?</\1\s*>", re.S)


def document(text: str) -> tuple[Any, str, tuple[str, ...]]:
    """Return (root element, its namespace, remarks on what was put right).

    Raises ValueError where the text is no XMILE, declares a document type or is malformed in a
    way that leaves its meaning in doubt.
    """
    from lxml import etree

    if re.search(r"<!\s*(DOCTYPE|ENTITY)", text, re.I):
        raise ValueError(Message("a document type is not accepted in a model file"))
    text = re.sub(r"^\s*<\?xml[^>]*\?>", lambda head: "\n" * head[0].count("\n"), text)
    if not re.search(r"<xmile\b[^>]*\sxmlns\s*=", text):
        text = re.sub(r"<xmile\b", f'<xmile xmlns="{SPACE}"', text, count=1)
    text, remarks = _mended(text)
    root, faults = _parsed(text)
    if any(e.type_name not in _HARMLESS + _TOLD for e in faults):
        # tags inside comments and drawings do not matter: try without what is wrong there
        plain = _FREE.sub(_without_tags, text)
        again, later = _parsed(plain)
        left = [e for e in later if e.type_name not in _HARMLESS + _TOLD]
        if left:
            raise ValueError(
                Message(
                    "the XML is not well formed: line {line}: {message}",
                    line=left[0].line,
                    message=left[0].message,
                )
            )
        first = next(e for e in faults if e.type_name not in _HARMLESS + _TOLD)
        what = Message("tags in a comment or drawing do not match; left out")
        remarks.append(_at(first.line, what))
        root, faults = again, later
    remarks += [_at(e.line, e.message) for e in faults if e.type_name in _TOLD]
    space = None if root is None else root.nsmap.get(None)
    if root is None or space is None or etree.QName(root).localname != "xmile":
        raise ValueError(Message("this is not an XMILE file: no <xmile> element"))
    return root, space, tuple(remarks)


def _at(line: int, what: str) -> str:
    return Message("line {line}: {what}", line=line, what=what)


def _parsed(text: str) -> tuple[Any, list[Any]]:
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, remove_comments=True, recover=True, huge_tree=True
    )
    root = etree.fromstring(text.encode("utf-8"), parser) if text.strip() else None
    if root is not None and "&#" in text:  # a character by its number may be one of control
        for element in root.iter(etree.Element):
            element.text, element.tail = plain(element.text or ""), plain(element.tail or "")
            for name, value in element.items():
                element.set(name, plain(value))
    return root, [e for e in parser.error_log if e.level_name != "WARNING"]


def _mended(text: str) -> tuple[str, list[str]]:
    """Return a text whose stray signs are written as XML asks, and what was done where."""
    out: list[str] = []
    remarks: list[str] = []
    counted, line = 0, 1

    def say(at: int, what: str) -> None:
        nonlocal counted, line
        line += text.count("\n", counted, at)
        counted = at
        remarks.append(_at(line, what))

    def chars(start: int, end: int) -> str:
        """Return character data with its "&" and control characters mended."""
        part = text[start:end]
        if "&" not in part and not _CONTROL.search(part):
            return part

        def entity(found: re.Match[str]) -> str:
            word = found[1]
            if len(found[0]) > 1 and (word is None or word in _OWN):
                return found[0]
            letter = html.unescape(found[0])
            if word and letter != found[0]:
                told = '"{sign}" is not declared; read as "{letter}"'
                say(start + found.start(), Message(told, sign=found[0], letter=letter))
                return letter
            say(start + found.start(), Message('a bare "&" is read as "&amp;"'))
            return "&amp;" + found[0][1:]

        def control(found: re.Match[str]) -> str:
            say(start + found.start(), Message("a control character is left out"))
            return ""

        return _CONTROL.sub(control, part) if "&" not in part else _ENTITY.sub(entity, part)

    at = 0
    while found := _MARKUP.search(text, at):
        out.append(chars(at, found.start()))
        at = found.start()
        if len(found[0]) > 1:  # a comment, a piece of plain text, an instruction
            out.append(found[0])
            at = found.end()
            continue
        tag = _TAG.match(text, at)
        if tag is None:
            say(at, Message('a bare "<" is read as "&lt;"'))
            out.append("&lt;")
            at += 1
            continue
        end = _end_of_tag(text, tag.end())
        inside = chars(at, end)
        if "<" in inside[1:]:
            say(at, Message('a bare "<" in an attribute is read as "&lt;"'))
            inside = "<" + inside[1:].replace("<", "&lt;")
        out.append(inside)
        at = end
    out.append(chars(at, len(text)))
    return "".join(out), remarks


def _end_of_tag(text: str, at: int) -> int:
    """Return where the tag that begins before ``at`` ends: its ">" outside quotes."""
    start, quote = at, ""
    for found in re.compile(r"[\"'<>]").finditer(text, at):
        sign = found[0]
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "\"'":
            quote = sign
        elif sign == ">":
            return found.end()
        else:
            break
    plain = text.find(">", start) + 1
    return plain or len(text)


def _without_tags(part: re.Match[str]) -> str:
    """Return a comment's or drawing's element without the tags inside it, its lines kept."""
    name, whole = part[1], part[0]
    open_end = _end_of_tag(whole, len(name) + 1)
    inside = whole[open_end : whole.rfind("</")]
    plain = re.sub(r"<[^>]*>", lambda tag: "\n" * tag[0].count("\n"), inside)
    plain = plain if name == "doc" else "\n" * inside.count("\n")
    return whole[:open_end] + plain.replace("<", "&lt;") + f"</{name}>"
