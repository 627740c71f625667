"""Texts and bytes broken by chance."""

from __future__ import annotations

import io
import random
import re
import zipfile

JUNK = (
    '"',
    '"' * 7,
    "x" * 200_000,
    "\0",
    "\x1b[31m",
    "=1+1",
    "9" * 400,
    "9" * 5000,
    "1e400",
    "nan",
    "，",
    "；",
    "\r",
    "\n\n",
    ",,,,",
    "\u202e",
    "²",
    "½",
    "{",
    "[" * 3000,
    '"""',
    "'''",
    "\t",
    "#",
    "-",
    ".",
    "\ufeff",
    "亿元/年",
    "%",
    "\ud800",
)
"""What files of a study are broken with."""
PIECES = [
    *('"', "'", "{", "}", "|", "~", "(", ")", "[", "]", "\\", "\n", "\0", "!", ";", ":", "="),
    *(":MACRO:", ":END OF MACRO:", ":EXCEPT:", "INTEG(", "1e999", "-", "^^", "~~|", "\\\\---///"),
    *("中", "\u202e", "<", ">", "&", "]]>", "<!--", "<eqn>", "</eqn>", "=Time~~|", "NaN", ":NA:"),
    *("->", "(s:a)", "[*]", "//", " MOD ", "<module name='M'/>", "<macro>", "M.out", "acc("),
    *("__import__('os')", "(s1-s99999999)", "x[s]", "TIME STEP", "DELAY FIXED(", "%v1", "@run"),
]
MORE = [
    *("<conveyor>", "</conveyor>", "<queue/>", "<oven>", "<len>1e9</len>", "<leak/>", "<gf>"),
    *("v[v[1]]", "[TIME]", "[-1]", "SELF", "HISTORY(", "<eqn/>", 'leak_end="0"', "1e400"),
    *("9" * 400, "&nbsp;", "&#0;", "<inflow>w</inflow>", "<outflow>i</outflow>", "{", "}"),
    *("<non_negative/>", ":MACRO: M(x)\nM=x~~|\n:END OF MACRO:\n", "SUM(GROW(x[s!],1))"),
    *("s: big~~|\n", "SAVEPER=0.3", "(s1-s2)", "TABBED ARRAY(", "WITH LOOKUP(", "-" * 200),
    "GET DIRECT DATA('a','b','c','d')",
]
"""What model files are broken with."""


def model(text: str, chance: random.Random) -> str:
    """Return the text of a model with one to three changes: bytes, tokens or whole branches."""
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(text) + 1)
        kind = chance.randrange(9)
        equations = list(re.finditer(r"<eqn>([^<]*)</eqn>|=([^~]*)~", text))
        if kind > 5 and equations:  # inside an equation, where a file stays well formed
            found = chance.choice(equations)
            start, end = found.span(1 if found[1] is not None else 2)
            tokens = re.findall(r"[\w.]+|\W", text[start:end]) or [""]
            more = re.findall(r"[\w.]+|[-+*/()\[\],!]", text)
            tokens.insert(chance.randrange(len(tokens) + 1), chance.choice(more))
            if chance.random() < 0.5:
                del tokens[chance.randrange(len(tokens))]
            text = text[:start] + "".join(tokens) + text[end:]
        elif kind == 0:
            text = text[:at] + chance.choice(PIECES + MORE) + text[at:]
        elif kind == 1:
            text = text[:at] + text[at + chance.randint(1, 30) :]
        elif kind == 2:
            text = text[:at] + chr(chance.choice((0, 34, 60, 62, 91, 124, 8239, 65279))) + text[at:]
        elif kind == 3:  # a token in the place of another
            tokens = re.findall(r"[\w.]+|\W", text)
            tokens[chance.randrange(len(tokens))] = chance.choice(tokens)
            text = "".join(tokens)
        elif kind == 4:  # an element or entry twice, or gone
            parts = re.split(r"(?<=\|)|(?<=/>)|(?<=</aux>)|(?<=</flow>)|(?<=</stock>)", text)
            place = chance.randrange(len(parts))
            parts[place] = chance.choice(("", parts[place] * 2, chance.choice(parts)))
            text = "".join(parts)
        else:
            other = chance.randrange(len(text) + 1)
            text = text[:at] + text[other : other + 60] + text[at:]
    return text


def file(data: bytes, chance: random.Random) -> bytes:
    """Return a file of text with something put in, taken out or doubled, up to four times."""
    out = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(out) + 1)
        match chance.randrange(5):
            case 0 | 1:
                out[at:at] = chance.choice(JUNK).encode("utf-8", "surrogatepass")
            case 2:
                del out[at : at + chance.randint(1, 40)]
            case 3:
                out[at:at] = chance.randbytes(chance.randint(1, 4))
            case 4:
                out[at:at] = out[at : at + chance.randint(1, 200)]
    return bytes(out)


def stored(data: bytes, chance: random.Random) -> bytes:
    """Return a binary file with bits turned, cut short, overwritten, moved or made longer."""
    out = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(out)) if out else 0
        match chance.randrange(7):
            case 0 if out:
                out[at] ^= 1 << chance.randrange(8)
            case 1 if out:
                out[at] = chance.choice((0, 1, 127, 128, 255))
            case 2:
                end = at + chance.choice((1, 2, 4, 8, 64, 512))
                out[at:end] = chance.randbytes(len(out[at:end]))
            case 3:
                end = at + chance.choice((8, 512, 4096))
                out[at:end] = bytes(len(out[at:end]))
            case 4 if chance.random() < 0.3:
                del out[at:]
            case 5:
                out[at:at] = chance.randbytes(chance.randint(1, 16))
            case 6:
                del out[at : at + chance.randint(1, 16)]
    return bytes(out)


def zipped(data: bytes, chance: random.Random) -> bytes:
    """Return a zip file with one of its parts broken, gone, or another's."""
    with zipfile.ZipFile(io.BytesIO(data)) as read:
        parts = {name: read.read(name) for name in read.namelist()}
    name = chance.choice(list(parts))
    match chance.randrange(4):
        case 0:
            del parts[name]
        case 1:
            parts[name] = parts[chance.choice(list(parts))]
        case _:
            parts[name] = file(parts[name], chance)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as write:
        for name, part in parts.items():
            write.writestr(name, part)
    return made.getvalue()
