"""Files changed at random, with a fixed seed: an SDError in words or a whole program, in time."""

from __future__ import annotations

import random
import re
import time
import warnings

import pytest

from sdengine.model.read import read_model
from sdengine.program.final_time import settled
from sdengine.program.lower import lower
from sdensemble import SDError
from tests.engine.test_fuzz import PIECES, VENSIM, XMILE

SPECIAL = (
    '<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0">'
    "<sim_specs><start>0</start><stop>4</stop><dt>0.5</dt></sim_specs>"
    '<dimensions><dim name="D"><elem name="A"/><elem name="B"/></dim><dim name="E" size="3"/>'
    "</dimensions><behavior><non_negative/></behavior><model><variables>"
    '<gf name="t"><dimensions><dim name="D"/></dimensions><element subscript="A">'
    '<xscale min="0" max="4"/><ypts>0,9</ypts></element><element subscript="B">'
    '<xpts>0,1,2</xpts><ypts>0,4,1</ypts></element></gf><stock name="yard"><eqn>50</eqn>'
    "<outflow>i</outflow><outflow>lost</outflow></stock>"
    '<flow name="i"><eqn>IF TIME &lt; 3 THEN 2 + HISTORY(yard, TIME - 1) * 0 ELSE 0</eqn></flow>'
    '<flow name="lost"><eqn>LOOKUP(t[A], TIME)</eqn></flow>'
    '<stock name="q"><eqn>0</eqn><inflow>i</inflow><outflow>take</outflow><outflow>over</outflow>'
    '<queue/></stock><flow name="take"/><flow name="over"><overflow/></flow>'
    '<stock name="w"><eqn>3</eqn><inflow>take</inflow><outflow>o</outflow><outflow>l</outflow>'
    '<conveyor exponential_leak="true"><len>k + 1</len><capacity>9</capacity><in_limit>4</in_limit>'
    "<sample>1</sample><arrest>IF TIME = 2 THEN 1 ELSE 0</arrest></conveyor></stock>"
    '<flow name="o"/><flow name="l" leak_start="0.1" leak_end="0.9"><eqn>0.2</eqn><leak/></flow>'
    '<stock name="oven"><eqn>0</eqn><inflow>o</inflow><outflow>baked</outflow>'
    "<oven><len>1</len><capacity>2</capacity><fill_time>1</fill_time></oven></stock>"
    '<flow name="baked"/><aux name="k"><eqn>1</eqn></aux><aux name="v"><dimensions><dim name="E"/>'
    '</dimensions><eqn>E * 2</eqn></aux><aux name="p"><eqn>PREVIOUS(SELF, 0) + v[INT(TIME) + 1]'
    " + COUNTER(0, 3) + SUM(v[*])</eqn></aux></variables></model></xmile>"
)
MORE = [
    *("<conveyor>", "</conveyor>", "<queue/>", "<oven>", "<len>1e9</len>", "<leak/>", "<gf>"),
    *("v[v[1]]", "[TIME]", "[-1]", "SELF", "HISTORY(", "<eqn/>", 'leak_end="0"', "1e400"),
    *("9" * 400, "&nbsp;", "&#0;", "<inflow>w</inflow>", "<outflow>i</outflow>", "{", "}"),
    *("<non_negative/>", ":MACRO: M(x)\nM=x~~|\n:END OF MACRO:\n", "SUM(GROW(x[s!],1))"),
    *("s: big~~|\n", "SAVEPER=0.3", "(s1-s2)", "TABBED ARRAY(", "WITH LOOKUP(", "-" * 200),
    "GET DIRECT DATA('a','b','c','d')",
]
TEXTS = (("m.mdl", VENSIM), ("m.xmile", XMILE), ("m.xmile", SPECIAL))


def changed(text: str, chance: random.Random) -> str:
    """Return a text with one to three changes: bytes, tokens or whole branches."""
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


def attempt(path, seed: int) -> bool:
    """Read and lower one changed file; return whether it was taken. Only an SDError may come."""
    chance = random.Random(seed)
    name, text = TEXTS[seed % len(TEXTS)]
    file = path / name
    file.write_text(changed(text, chance), encoding="utf-8", errors="surrogatepass")
    begin = time.perf_counter()
    try:
        lower(settled(read_model(file)))
    except SDError:
        return False
    finally:
        assert time.perf_counter() - begin < 60, f"seed {seed} takes too long"
    return True


def attempts(path, count: int) -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return sum(attempt(path, seed) for seed in range(count))


def test_the_special_stocks_whole_are_taken(tmp_path):
    (tmp_path / "m.xmile").write_text(SPECIAL, encoding="utf-8")
    assert lower(read_model(tmp_path / "m.xmile")).stocks


def test_a_thousand_changed_files_end_in_words_or_a_program(tmp_path):
    taken = attempts(tmp_path, 1000)
    assert 20 < taken < 800  # neither refuses all nor takes all


@pytest.mark.full
def test_a_hundred_thousand_changed_files_end_in_words_or_a_program(tmp_path):
    assert attempts(tmp_path, 100_000)
