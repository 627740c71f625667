"""Conveyors that send to each other, and inflows spread over one, held against slats by hand."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from sdensemble import SDError, read_model
from tests.engine.model.xmile_stocks import NON, R, belt, each, flow, run, stock, written


@pytest.fixture
def write(tmp_path):
    return functools.partial(written, tmp_path)


FLOWS = flow("m") + flow("o")


def chain(second: str, *, leak: bool = False, method: str = "Euler") -> str:
    """Return a stock, two conveyors and a sink; half of the first conveyor may leak into the
    second, the rest into the sink."""
    links = ("end", "m") if leak else ("m",)
    gone = ("o", "end") if leak else ("o",)
    leaks = flow("m", "0.5", "<leak/>") + flow("end") + flow("o") if leak else FLOWS
    return (
        stock("yard", "20", (), ("i",))
        + stock("a", "10", ("i",), links, belt("<len>2</len>"))
        + stock("b", "0", ("m",), ("o",), belt(f"<len>2</len>{second}"))
        + stock("z", "0", gone)
        + flow("i", "yard/2")
        + leaks
        + '<aux name="all"><eqn>yard + a + b + z</eqn></aux>'
    )


ARREST = "<arrest>IF TIME = 2 THEN 1 ELSE 0</arrest>"


@pytest.mark.parametrize("method", ["Euler", "RK4"])
@pytest.mark.parametrize("leak", [False, True])
@pytest.mark.parametrize("second", ["<capacity>3</capacity>", "<in_limit>0.1</in_limit>", ARREST])
def test_what_a_conveyor_sends_is_never_lost(write, second, leak, method):
    (whole,) = run(write(chain(second, leak=leak), method=method), "all")
    np.testing.assert_allclose(whole, 30, atol=1e-12)


def test_what_a_conveyor_sends_waits_while_the_next_one_stands_still(write):
    """10 on two places: 5 leave at 0 and at 1; 10 from the yard at 0, 5 at 1, 2.5 at 2, ..."""
    a, b, m = run(write(chain(ARREST)), "a", "b", "m")
    assert m.tolist()[:5] == [5, 5, 0, 15, 2.5]  # at 3 what waited and what came behind it
    assert a.tolist()[:4] == [10, 15, 15, 17.5]
    assert b.tolist()[:4] == [0, 5, 10, 10]


def test_only_what_others_bring_is_limited_by_the_room_that_is_left(write):
    """Capacity 7: what conveyor a sends, 5 and 5 and nothing, comes in any case, and first."""
    body = (
        stock("a", "10", (), ("m",), belt("<len>2</len>"))
        + stock("b", "0", ("i", "m"), ("o",), belt("<len>3</len><capacity>7</capacity>"))
        + flow("i", "4")
        + FLOWS
    )
    b, i, m = run(write(body), "b", "i", "m")
    assert m.tolist()[:4] == [5, 5, 0, 0]
    assert i.tolist()[:4] == [2, 0, 0, 2]  # 7 - 5, nothing, 7 - 12, 7 - 12 + 7
    assert b.tolist()[:5] == [0, 7, 12, 12, 7]


@pytest.mark.parametrize(
    ("spread", "inside", "off"),
    [
        ("beginning", "", [2.5, 2.5, 2.5, 2.5, 6]),
        ("even", "", [2.5, 3.5, 4.5, 5.5, 6]),
        ("dest", "", [2.5, 2.5 + 4 / 3]),
        ("dist", "<isee:distrib_eq>shape</isee:distrib_eq>", [2.5, 2.5 + 1.75]),
    ],
)
def test_an_inflow_may_be_spread_over_a_conveyor(write, spread, inside, off):
    """2.5 on each of four places; 2 a step come at the beginning, and 4 spread.

    The profile rises from 0 at the beginning to 1 at the end: 7/16 of it at the first to leave.
    """
    body = (
        stock("w", "10", ("i", "j"), ("o",), belt("<len>4</len>"))
        + flow("i", "2")
        + flow("j", "4", inside, f' isee:spreadflow="{spread}"')
        + flow("o")
        + '<gf name="shape"><xscale min="0" max="1"/><ypts>0,1</ypts></gf>'
    )
    w, o = run(write(body), "w", "o")
    np.testing.assert_allclose(o[: len(off)], off)
    np.testing.assert_allclose(np.diff(w), 6 - o[:-1], atol=1e-12)


def test_an_empty_conveyor_takes_what_is_spread_like_its_contents_at_the_beginning(write):
    body = stock("w", "0", ("i",), ("o",), belt()) + flow("o")
    body += flow("i", "IF TIME = 0 THEN 3 ELSE 0", "", ' isee:spreadflow="dest"')
    (o,) = run(write(body), "o")
    assert o.tolist()[:5] == [0, 0, 0, 3, 0]


SOURCE = (
    stock("w", "0", ("i",), ("o", "l"), belt("<len>3</len>", ' exponential_leak="true"'))
    + flow("i", "IF TIME = 0 THEN 8 ELSE 0")
    + flow("o")
    + flow("l", "0.5", "<leak/>", ' isee:spreadflow="source"')
)


def test_what_leaks_onto_another_conveyor_may_keep_its_place(write):
    """Half of what is left leaks at each place: 4, 2 and 1, which leave together at 4."""
    body = SOURCE + stock("v", "0", ("l",), ("p",), belt()) + flow("p")
    leak, p = run(write(body), "l", "p")
    assert leak.tolist()[:5] == [0, 4, 2, 1, 0]
    assert p.tolist()[:6] == [0, 0, 0, 0, 7, 0]


def test_the_place_on_a_conveyor_of_another_length_is_not_guessed(write):
    body = SOURCE + stock("v", "0", ("l",), ("p",), belt("<len>2</len>")) + flow("p")
    with pytest.raises(SDError, match="another transit time"):
        read_model(write(body))


def test_what_leaks_may_hang_on_what_stands_on_an_empty_conveyor(write):
    """Of 8 leak 8/40 a step, of 6.4 then 6.4/40, and 5.376 leaves with what leaks of it."""
    body = stock("w", "0", ("i",), ("o", "l"), belt(options=' exponential_leak="true"'))
    body += flow("i", "IF TIME = 0 THEN 8 ELSE 0") + flow("o") + flow("l", "w/40", "<leak/>")
    w, leak = run(write(body), "w", "l")
    np.testing.assert_allclose(w[:5], [0, 8, 6.4, 5.376, 0])
    np.testing.assert_allclose(leak[:4], [0, 1.6, 1.024, 5.376**2 / 40])


def test_a_flow_over_an_array_leaves_a_stock_that_is_none_as_its_sum(write):
    body = stock("u", "100", (), ("f",), NON) + stock("v", "0", ("f",))
    body += f'<flow name="f">{R}{each("10", "5")}</flow>'
    u, v = run(write(body), "u", "v")
    assert (u.tolist()[:3], v.tolist()[:3]) == ([100, 85, 70], [0, 15, 30])


def test_a_discrete_conveyor_may_take_the_limit_of_a_unit_of_time_at_once(write):
    inside = "<len>2</len><in_limit>3</in_limit>"
    body = stock("w", "0", ("i",), ("o",), belt(inside, ' discrete="true"'))
    i, w = run(write(body + flow("i", "4") + flow("o"), dt=0.5, stop=2), "i", "w")
    assert i.tolist()[:4] == [4, 2, 4, 2]
    assert w.tolist()[:4] == [0, 2, 3, 5]


def test_a_model_with_conveyors_says_that_it_runs_by_euler(write):
    model = read_model(write(chain(""), method="RK4"))
    assert model.clock.method == "euler"
    assert any("Euler" in remark for remark in model.remarks)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            stock("w", "0", ("i",), ("o",), belt())
            + flow("i", "1", "", ' isee:spreadflow="sideways"')
            + flow("o"),
            '"i" is spread over its conveyor as "sideways"',
        ),
        (
            stock("w", "0", ("i",), ("o",), belt(options=' isee:turns="true"'))
            + flow("i", "1")
            + flow("o"),
            'turns="true"',
        ),
        (
            stock("w", "0", ("i",), ("o",), belt("<len>1 + TIME</len>", ' isee:fifo="true"'))
            + flow("i", "1")
            + flow("o"),
            "fifo",
        ),
        (
            stock("w", "0", ("i",), ("o",), belt())
            + stock("v", "0", ("o",), ("e",), "<oven><len>1</len><capacity>2</capacity></oven>")
            + flow("i", "1")
            + flow("o")
            + flow("e"),
            "put a queue between them",
        ),
    ],
)
def test_what_is_not_known_of_a_conveyor_is_refused_by_name(write, body, words):
    with pytest.raises(SDError, match=words):
        read_model(write(body))
