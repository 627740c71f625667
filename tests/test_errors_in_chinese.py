"""Every message of a mistake that knows its template has a Chinese sentence with the same gaps."""

from __future__ import annotations

import ast
import string
import tomllib
from collections.abc import Iterator
from pathlib import Path

from sdengine.errors import Message, Problems

PACKAGE = Path(__file__).resolve().parent.parent / "sdensemble"
ENGINE = PACKAGE.parent / "sdengine"
CATALOGUE = tomllib.loads((PACKAGE / "lang" / "zh.toml").read_text(encoding="utf-8"))["errors"]


def _texts(node: ast.AST) -> Iterator[str]:
    """Yield the literal texts a template may be: a literal, or either side of a choice."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    if isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)


def _told(node: ast.AST) -> ast.expr | None:
    """Return what a call tells as a template: ``Message(…)``, ``SDError(…)``, ``add(where, …)``."""
    match node:
        case ast.Call(func=ast.Name("Message"), args=[what, *_]):
            return what
        case ast.Call(func=ast.Name("SDError"), args=[what]):
            return what
        case ast.Call(func=ast.Attribute(attr="problem"), args=[what]):
            return what
        case ast.Call(func=ast.Attribute(attr="add"), args=[_, what]):
            return what
    return None


def _templates() -> Iterator[tuple[str, str]]:
    """Yield (place, template) of every message; a name stands for its texts.

    A text without gaps of the engine's is told in English only where no ``Message`` is made of it.
    """
    for path in sorted((*PACKAGE.rglob("*.py"), *ENGINE.rglob("*.py"))):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(function, ast.FunctionDef):
                continue
            named: dict[str, list[str]] = {}
            for node in ast.walk(function):
                if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                    named.setdefault(node.targets[0].id, []).extend(_texts(node.value))
            for node in ast.walk(function):
                first = _told(node)
                if first is None or not isinstance(node, ast.Call):
                    continue
                own = getattr(node.func, "id", "") == "Message" or PACKAGE in path.parents
                if own or node.keywords:
                    texts = named.get(first.id, []) if isinstance(first, ast.Name) else ()
                    for text in (*texts, *_texts(first)):
                        yield f"{path.name}:{node.lineno}", text


def _bare() -> Iterator[str]:
    """Yield where a problem is told as a text filled in already, which no language could mend."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            what = _told(node)
            if what and any(isinstance(part, ast.JoinedStr) for part in ast.walk(what)):
                yield f"{path.relative_to(PACKAGE)}:{node.lineno}: {ast.unparse(what)}"


def _gaps(template: str) -> list[tuple[str, str, str]]:
    return sorted(
        (name, spec or "", conversion or "")
        for _, name, spec, conversion in string.Formatter().parse(template)
        if name is not None
    )


def test_every_template_has_a_chinese_sentence():
    missing = [f"{place}: {text}" for place, text in _templates() if text not in CATALOGUE]
    assert not missing, "\n".join(missing)


def test_no_problem_is_told_as_a_text_filled_in_already():
    bare = [*_bare()]
    assert not bare, "\n".join(bare)


def test_no_sentence_is_left_that_nobody_says():
    texts = {
        node.value
        for folder in (PACKAGE, ENGINE)
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
    }
    left = [template for template in CATALOGUE if template not in texts]
    assert not left, "\n".join(left)


def test_both_languages_have_the_same_gaps():
    wrong = [english for english, chinese in CATALOGUE.items() if _gaps(english) != _gaps(chinese)]
    assert not wrong, "\n".join(wrong)


def test_a_nested_message_is_said_in_chinese_throughout():
    found = Problems()
    hint = Message(
        " — did you mean {shown}?", shown=Message("{one} or {other}", one="a", other="b")
    )
    found.add("x.toml", Message('no such key "{key}"{hint}', key="{odd}", hint=hint))
    (line,) = found.lines
    assert line == 'x.toml: no such key "{odd}" — did you mean a or b?'
    assert line.said(CATALOGUE.get) == "x.toml：没有“{odd}”这个键——是否指 a 或 b？"
