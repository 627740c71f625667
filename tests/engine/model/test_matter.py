"""Chains of Stella's stocks drawn by chance: nothing is made or lost, no stock goes below zero."""

from __future__ import annotations

import random

import numpy as np
import pytest

from sdensemble import compile_model, read_model
from tests.engine.model.xmile_stocks import NON, belt, flow, run, stock, written

LENGTHS = ("1", "2", "2.5", "1 + TIME/4", "2 + SIN(TIME)")
ARREST = "<arrest>IF TIME MOD 3 >= 2 THEN 1 ELSE 0</arrest>".replace(">=", "&gt;=")
SPREADS = ("", "", ' isee:spreadflow="even"', ' isee:spreadflow="dest"')


def chain(chance: random.Random) -> tuple[str, list[str]]:
    """Return a yard, one to four stocks behind each other and a shop, and the names of all."""
    kinds = [chance.choice(("plain", "conveyor", "queue", "oven"))]
    for _ in range(chance.randint(0, 3)):  # an oven cannot turn away what is pushed into it
        pushed = kinds[-1] in ("conveyor", "oven")
        kinds.append(chance.choice(("plain", "conveyor", "queue", "oven")[: 3 if pushed else 4]))
    body, lost = "", []
    for k, kind in enumerate(kinds):
        outs = [f"f{k + 1}"]
        if kind == "conveyor":
            inside = f"<len>{chance.choice(LENGTHS)}</len>"
            for part in ("<capacity>8</capacity>", "<in_limit>2.5</in_limit>", ARREST):
                inside += part if chance.random() < 0.3 else ""
            for leak in range(chance.randint(0, 2)):
                lost.append(f"l{k}{leak}")
                outs.append(lost[-1])
                body += flow(lost[-1], "0.3", "<leak/>", ' leak_start="0.2"')
            more = belt(inside, chance.choice(("", ' exponential_leak="true"', ' discrete="true"')))
        elif kind == "queue":
            more = "<queue/>"
        elif kind == "oven":
            more = "<oven><len>2</len><capacity>5</capacity><fill_time>1</fill_time></oven>"
        else:
            more = NON
        body += stock(f"s{k}", chance.choice(("0", "3", "7.5")), (f"f{k}",), outs, more)
    for k, kind in enumerate(["plain", *kinds]):
        into = kinds[k] if k < len(kinds) else ""
        spread = chance.choice(SPREADS) if into == "conveyor" else ""
        asked = chance.choice(("2", "TIME", "4 + 3*SIN(TIME)")) if kind == "plain" else None
        body += flow(f"f{k}", asked, NON if kind == "plain" else "", spread)
    body += stock("yard", "40", (), ("f0",), NON) + stock("shop", "0", (f"f{len(kinds)}",))
    return body + stock("lost", "0", lost), [
        "yard",
        "shop",
        "lost",
        *(f"s{k}" for k in range(len(kinds))),
    ]


@pytest.mark.parametrize("seed", range(16))
def test_nothing_is_made_or_lost(tmp_path, seed):
    chance = random.Random(seed)
    body, names = chain(chance)
    path = written(tmp_path, body, stop=12, dt=chance.choice((1, 0.5, 0.25)))
    found = compile_model(read_model(path)).run(report=names).values
    whole = sum(found[name][:, 0] for name in names)
    np.testing.assert_allclose(whole, whole[0], rtol=1e-12)
    assert min(found[name].min() for name in names) > -1e-12


def test_an_oven_takes_from_a_queue_only_while_it_does_not_cook(tmp_path):
    """4 come at 0 and wait; 3 fit into the oven, which cooks from 2 to 4 and then empties."""
    body = (
        stock("q", "0", ("i",), ("m",), "<queue/>")
        + stock("v", "0", ("m",), ("o",), "<oven><len>2</len><capacity>3</capacity></oven>")
        + flow("i", "IF TIME < 1 THEN 4 ELSE 0")
        + flow("m")
        + flow("o")
    )
    q, v, m = run(written(tmp_path, body), "q", "v", "m")
    assert m.tolist()[:7] == [0, 3, 0, 0, 0, 1, 0]
    assert v.tolist()[:7] == [0, 0, 3, 3, 3, 0, 1]
    assert q.tolist()[:7] == [0, 4, 1, 1, 1, 1, 0]
