"""Conveyors: transit, leakage, capacity, arrest, and arrays of them, held against slats by hand."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from sdensemble import SDError, compile_model, read_model
from tests.engine.model.xmile_stocks import (
    NON,
    R,
    aux,
    belt,
    each,
    flow,
    flows,
    run,
    stock,
    written,
)


@pytest.fixture
def write(tmp_path):
    return functools.partial(written, tmp_path)


def test_what_is_put_on_comes_off_after_the_transit_time(write):
    body = (
        stock("wip", "0", ("starts",), ("done",), belt())
        + flow("done")
        + flow("starts", "IF TIME < 1 THEN 10 ELSE 0")
    )
    wip, done = run(write(body), "wip", "done")
    assert wip.tolist() == [0, 10, 10, 10, 0, 0, 0, 0, 0]
    assert done.tolist() == [0, 0, 0, 10, 0, 0, 0, 0, 0]


def test_a_first_value_lies_evenly_and_a_list_as_it_stands(write):
    body = stock("w", "12", ("i",), ("o",), belt()) + flow("i", "0") + flow("o")
    w, o = run(write(body, dt=0.5, stop=4), "w", "o")
    np.testing.assert_allclose(o, [4] * 6 + [0] * 3)
    np.testing.assert_allclose(w, [12, 10, 8, 6, 4, 2, 0, 0, 0])
    (o,) = run(write(body.replace("<eqn>12</eqn>", "<eqn>1,2,6</eqn>"), dt=0.5, stop=4), "o")
    np.testing.assert_allclose(o, [1, 1, 2, 2, 6, 6, 0, 0, 0])


def slats(inflow, n, dt, steps, *, leaks=(), exponential=False, capacity=None, limit=None):
    """Simulate a conveyor slat by slat: contents, outflow, leakage and intake at each step.

    ``inflow(t)`` is what is asked for, ``n(t)`` the places at which it is put down; leaks are
    (fraction, start, end)."""
    load, out = [], {"w": [], "o": [], "l": [], "i": []}  # (places to go, amount, base, length)
    for step in range(steps + 1):
        lost = 0.0
        after = []
        off = 0.0
        for togo, amount, base, length in load:
            first = amount
            for fraction, low, high in leaks:
                inside = max(
                    0, min(high, (length - togo + 1) / length) - max(low, (length - togo) / length)
                )
                if exponential:
                    want = first * fraction * dt * inside * length
                else:
                    want = base * fraction * inside / (high - low)
                take = min(max(want, 0), amount)
                amount, lost = amount - take, lost + take
            if togo == 1:
                off += amount
            else:
                after.append((togo - 1, amount, base, length))
        held = sum(a for _, a, _, _ in load)
        asked = max(inflow(step * dt), 0)
        if capacity is not None:
            asked = min(asked, max((capacity - held) / dt + (off + lost) / dt, 0))
        if limit is not None:
            asked = min(asked, limit)
        for key, value in (("w", held), ("o", off / dt), ("l", lost / dt), ("i", asked)):
            out[key].append(value)
        places = n(step * dt)
        load = [*after, (places, asked * dt, asked * dt, places)]
    return {key: np.array(value) for key, value in out.items()}


@pytest.mark.parametrize("exponential", [False, True])
@pytest.mark.parametrize(
    "leaks", [[(0.3, 0, 1)], [(0.2, 0, 0.5)], [(0.2, 0.25, 1), (0.5, 0, 1)], [(0.9, 0.7, 0.8)]]
)
def test_leakages_take_their_share_on_the_way(write, leaks, exponential):
    names = [f"l{k}" for k in range(len(leaks))]
    flows = "".join(
        flow(name, str(f), "<leak/>", f' leak_start="{low}" leak_end="{high}"')
        for name, (f, low, high) in zip(names, leaks, strict=True)
    )
    option = ' exponential_leak="true"' if exponential else ""
    body = (
        stock("w", "0", ("i",), ("o", *names), belt("<len>2</len>", option))
        + flows
        + flow("i", "3 + 2*SIN(TIME)")
        + flow("o")
        + stock("lost", "0", names)
        + stock("came", "0", ("i",))
        + stock("left", "0", ("o",))
    )
    names = ("w", "o", "came", "lost", "left")
    w, o, came, lost, left = run(write(body, dt=0.25), *names)
    expected = slats(
        lambda t: 3 + 2 * np.sin(t), lambda _: 8, 0.25, 32, leaks=leaks, exponential=exponential
    )
    np.testing.assert_allclose(w, expected["w"], atol=1e-12)
    np.testing.assert_allclose(o, expected["o"], atol=1e-12)
    np.testing.assert_allclose(came, w + left + lost, atol=1e-12)


@pytest.mark.parametrize("exponential", [False, True])
def test_a_first_value_stands_as_a_constant_inflow_leaves_it(write, exponential):
    """The equilibrium that the makers of Stella give: for 1 leakage f, inflow i, transit time T,
    i·T − i·f·(T − DT)/2 where it is linear, i·(1 − (1 − f·DT)^(T/DT))/f where it is exponential."""
    i, f, length, dt = 5.0, 0.2, 3.0, 0.5
    whole = i * length - i * f * (length - dt) / 2
    if exponential:
        whole = i * (1 - (1 - f * dt) ** (length / dt)) / f
    option = ' exponential_leak="true"' if exponential else ""
    body = (
        stock("w", str(whole), ("i",), ("o", "l"), belt("<len>3</len>", option))
        + flow("i", "5")
        + flow("o")
        + flow("l", "0.2", "<leak/>")
    )
    w, o, leak = run(write(body, dt=dt), "w", "o", "l")
    np.testing.assert_allclose(w, whole)
    np.testing.assert_allclose(o, i * (1 - f * dt) ** 6 if exponential else i * (1 - f))
    np.testing.assert_allclose(o + leak, i)


def test_capacity_and_inflow_limit_hold_back_what_finds_no_room(write):
    inside = "<len>2</len><capacity>7</capacity><in_limit>4</in_limit>"
    body = (
        stock("yard", "30", (), ("i",), NON)
        + stock("w", "0", ("i",), ("o",), belt(inside))
        + stock("shop", "0", ("o",))
        + flow("i", "6 - TIME/2", NON)
        + flow("o")
    )
    yard, w, shop, i = run(write(body), "yard", "w", "shop", "i")
    expected = slats(lambda t: 6 - t / 2, lambda _: 2, 1, 8, capacity=7, limit=4)
    np.testing.assert_allclose(w, expected["w"])
    np.testing.assert_allclose(i, expected["i"])
    np.testing.assert_allclose(yard + w + shop, 30)
    assert w.max() == 7


def test_two_inflows_share_the_room_in_their_order(write):
    inside = "<len>4</len><capacity>5</capacity>"
    body = (
        stock("w", "0", ("first", "second"), ("o",), belt(inside))
        + flow("first", "2")
        + flow("second", "9")
        + flow("o")
    )
    first, second = run(write(body), "first", "second")
    assert first.tolist()[:4] == [2, 0, 0, 0]
    assert second.tolist()[:4] == [3, 0, 0, 0]


def test_a_transit_time_that_changes_places_what_comes_later(write):
    body = (
        stock("w", "0", ("i",), ("o",), belt("<len>IF TIME < 3 THEN 4 ELSE 2</len>"))
        + flow("i", "1 + TIME")
        + flow("o")
    )
    w, o = run(write(body, dt=0.5), "w", "o")
    expected = slats(lambda t: 1 + t, lambda t: 8 if t < 3 else 4, 0.5, 16)
    np.testing.assert_allclose(w, expected["w"])
    np.testing.assert_allclose(o, expected["o"])


def test_a_sampled_transit_time_changes_only_when_it_is_sampled(write):
    inside = "<len>2 + TIME</len><sample>IF TIME < 1 THEN 1 ELSE 0</sample>"
    body = stock("w", "0", ("i",), ("o",), belt(inside)) + flow("i", "1") + flow("o")
    (o,) = run(write(body), "o")
    assert o.tolist() == [0, 0, 1, 1, 1, 1, 1, 1, 1]


def test_an_arrested_conveyor_stands_still(write):
    inside = "<len>2</len><arrest>IF TIME = 1 OR TIME = 2 THEN 1 ELSE 0</arrest>"
    body = (
        stock("yard", "10", (), ("i",))
        + stock("w", "0", ("i",), ("o",), belt(inside))
        + flow("i", "1")
        + flow("o")
    )
    w, o, yard = run(write(body), "w", "o", "yard")
    assert w.tolist()[:6] == [0, 1, 1, 1, 2, 2]
    assert o.tolist()[:6] == [0, 0, 0, 0, 1, 1]
    assert yard.tolist()[:6] == [10, 9, 9, 9, 8, 7]


def test_conveyors_may_be_arrays_with_times_of_their_own(write):
    body = (
        f'<aux name="t">{R}<element subscript="a"><eqn>2</eqn></element>'
        '<element subscript="b"><eqn>3</eqn></element></aux>'
        f'<stock name="w">{R}<eqn>0</eqn><inflow>i</inflow><outflow>o</outflow><outflow>l</outflow>'
        f'{belt("<len>t</len>")}</stock><flow name="i">{R}<eqn>TIME</eqn></flow>'
        f'<flow name="o">{R}</flow><flow name="l">{R}<eqn>0.1*t</eqn><leak/></flow>'
    )
    w, o = run(write(body), "w", "o")
    for k, n in enumerate((2, 3)):
        expected = slats(lambda t: t, lambda _, n=n: n, 1, 8, leaks=[(0.1 * n, 0, 1)])
        np.testing.assert_allclose(w[:, k], expected["w"], atol=1e-12)
        np.testing.assert_allclose(o[:, k], expected["o"], atol=1e-12)


def test_the_transit_time_gives_the_model_its_shape_and_cannot_be_set(write):
    body = (
        stock("w", "0", ("i",), ("o",), belt("<len>t + 1</len>"))
        + flow("i", "1")
        + flow("o")
        + '<aux name="t"><eqn>2</eqn></aux>'
    )
    model = read_model(write(body))
    assert model.bound == {"t"}
    with pytest.raises(SDError, match='"t"'):
        compile_model(model).run({"t": 3.0}, report=["w"])


@pytest.mark.parametrize("method", ["RK4", "RK2"])
def test_a_conveyor_moves_once_a_step_whatever_the_method(write, method):
    body = (
        stock("w", "0", ("i",), ("o",), belt())
        + flow("o")
        + stock("sum", "0", ("o",))
        + flow("i", "IF TIME < 1 THEN 10 ELSE 0")
    )
    w, total = run(write(body, method=method), "w", "sum")
    assert w.tolist()[:6] == [0, 10, 10, 10, 0, 0]
    assert total[-1] == pytest.approx(10)


@pytest.mark.parametrize(
    ("inside", "words"),
    [
        ("<len></len>", "has no <len>"),
        ("<len>3 +</len>", '<len> of "w" cannot be read'),
        ("<len>1e9</len>", "SDENGINE_SLATS"),
    ],
)
def test_what_is_wrong_with_a_conveyor_is_said_by_name(write, inside, words):
    body = stock("w", "0", ("i",), ("o",), belt(inside)) + flow("i", "1") + flow("o")
    with pytest.raises(SDError, match=words) as caught:
        read_model(write(body))
    assert '"w"' in str(caught.value)


def test_conveyors_of_an_array_leak_and_fill_up_each_by_its_own_numbers(write):
    """Transit times 2 and 1, linear leakages of 20% and 50%, capacities 18 and 8, inflow 10.

    a: a batch of 10 loses 10 × 0.2 / 2 = 1 in each of its two steps, the one it leaves in included.
    time  place 2   place 1   leaks        leaves   room = 18 − held + leaves + leaks   comes
    0     0         0         0            0        18                                  10
    1     10        0         1            0        18 − 10 + 1 = 9                     9
    2     9         9         0.9 + 1      8        18 − 18 + 8 + 1.9 = 9.9             9.9
    3     9.9       8.1       0.99 + 0.9   7.2      18 − 18 + 7.2 + 1.89 = 9.09         9.09
    b: what comes (8, the room) loses half and leaves with the rest one step later.
    """
    body = (
        aux("t", "2", "1")
        + aux("c", "18", "8")
        + stock("w", "0", ("i",), ("o", "l"), belt("<len>t</len><capacity>c</capacity>"), R)
        + f'<flow name="i">{R}<eqn>10</eqn></flow>'
        + flows("o")
        + f'<flow name="l">{R}{each("0.2", "0.5")}<leak/></flow>'
    )
    w, o, leak, i = run(write(body), "w", "o", "l", "i")
    np.testing.assert_allclose(w[:5].T, [[0, 10, 18, 18, 18], [0, 8, 8, 8, 8]])
    np.testing.assert_allclose(i[:4].T, [[10, 9, 9.9, 9.09], [8, 8, 8, 8]])
    np.testing.assert_allclose(leak[:4].T, [[0, 1, 1.9, 1.89], [0, 4, 4, 4]])
    np.testing.assert_allclose(o[:4].T, [[0, 0, 8, 7.2], [0, 4, 4, 4]], atol=1e-12)
