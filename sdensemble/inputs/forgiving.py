"""TOML as people write it in Notepad with a Chinese keyboard, made into TOML proper."""

from __future__ import annotations

import re
import unicodedata

from sdengine.model.text import plain

QUOTES = {"“": '"', "”": '"', "＂": '"', "‘": "'", "’": "'", "＇": "'"}
SIGNS = {"、": ",", "；": ",", ";": ",", "。": ".", "【": "[", "】": "]", "　": " ", "＃": "#"}
PROPER = re.compile(
    r"[A-Za-z0-9_-]+|[+-]?(?:\d[\d_]*)(?:\.\d+)?(?:[eE][+-]?\d+)?|[+-]?(?:inf|nan)"
    r"|\d{4}-\d\d-\d\d(?:[T ][\d:.]+(?:Z|[+-]\d\d:\d\d)?)?"
)
"""What TOML takes without quotes: a bare key, a number, true and false, a date."""
THOUSANDS = re.compile(r"(=\s*[+-]?\d{1,3})((?:,\d{3})+)(?=\s*(?:\.\d|[^\d\s=]*\s*(?:[,}#]|$)))")


def decoded(raw: bytes) -> str:
    """Return a file's text, whether saved as UTF-8, UTF-16 or GBK, with or without a mark.

    Raises UnicodeDecodeError where it is none of these.
    """
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return plain(raw.decode("utf-16"))
    try:
        return plain(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return plain(raw.decode("gb18030"))


def in_utf8(raw: bytes) -> bytes:
    """Return a file's bytes as they are where they are UTF-8; else its text, marked, in UTF-8."""
    try:
        raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return b"\xef\xbb\xbf" + decoded(raw).encode()
    return raw


def separator(head: str) -> str:
    """Return what parts the cells of a table, seen from its first lines.

    It stands in most of them: a note in one cell may hold more commas than its row has cells.

    >>> separator("id;year"), separator("id，年份"), separator("id")
    (';', '，', ',')
    >>> separator("id,note\\n1,先建，后补，再验收")
    ','
    """
    lines = head.splitlines()
    return max(",\t;，；", key=lambda one: (sum(one in line for line in lines), head.count(one)))


def tidied(text: str) -> str:
    """Return TOML with full-width signs outside texts made plain and bare words quoted.

    Nothing inside quotes or comments is changed, and lines keep their numbers.

    >>> tidied('杯子 ＝ ｛ value = ３亿元/年， start = 2021 ｝')
    '"杯子" = { value = "3亿元/年", start = 2021 }'
    >>> tidied("cup size = 1,000")
    '"cup size" = 1000'
    """
    return "\n".join(_line(line) for line in text.splitlines())


def _line(line: str) -> str:
    """Return one line tidied; a text is kept as it is, with plain quotes around it."""
    pieces: list[str] = []  # alternately what is outside texts and a text
    outside, i = "", 0
    while i < len(line):
        sign = QUOTES.get(line[i], line[i])
        if sign in "\"'":
            end = _closing(line, i + 1, sign)
            pieces += [outside, f"{sign}{line[i + 1 : end]}{sign}"]
            outside, i = "", end + 1
            continue
        plain = SIGNS.get(line[i]) or unicodedata.normalize("NFKC", line[i])
        if plain == "#":
            pieces += [outside, line[i:].replace("＃", "#", 1)]
            outside = ""
            break
        outside += plain
        i += 1
    pieces.append(outside)
    # Texts stand aside while numbers are looked for, so that none inside them is taken apart.
    bare = "\0".join(pieces[::2])
    bare = THOUSANDS.sub(lambda found: found[1] + found[2].replace(",", ""), bare)
    pieces[::2] = [_quoted(piece) for piece in bare.split("\0")]
    return "".join(pieces)


def _closing(line: str, start: int, sign: str) -> int:
    """Return where the text begun before ``start`` ends; the end of the line where it does not."""
    i = start
    while i < len(line):
        if sign == '"' and line[i] == "\\":
            i += 2
            continue
        if QUOTES.get(line[i], line[i]) == sign:
            return i
        i += 1
    return len(line)


def _quoted(outside: str) -> str:
    """Return what stands outside texts with each word that TOML does not take in quotes."""
    parts = re.split(r"([=,{}]|^\s*\[+|\]+\s*$)", outside)
    return "".join(part if i % 2 else _word(part) for i, part in enumerate(parts))


def _word(part: str) -> str:
    word = part.strip()
    if not word or PROPER.fullmatch(word) or set(word) <= set("[]. "):
        return part
    if "[" in word and not re.fullmatch(r"[^\[\]]+\[[^\[\]]+\]", word):
        return part  # an array: left to TOML
    if re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+", word):
        return part  # a dotted key
    before = part[: len(part) - len(part.lstrip())]
    after = part[len(part.rstrip()) :]
    return f'{before}"{word}"{after}'
