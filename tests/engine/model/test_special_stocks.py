"""Stella's special stocks against numbers worked out by hand and a slow simulation of slats."""

from __future__ import annotations

import numpy as np
import pytest

from sdensemble import SDError, compile_model, read_model

NOW = "http://docs.oasis-open.org/xmile/ns/XMILE/v1.0"
R = '<dimensions><dim name="R"/></dimensions>'


@pytest.fixture
def write(tmp_path):
    def write(body: str, *, stop: float = 8, dt: float = 1, method: str = "Euler", more: str = ""):
        path = tmp_path / "model.xmile"
        path.write_text(
            f'<xmile version="1.0" xmlns="{NOW}"><sim_specs method="{method}"><start>0</start>'
            f"<stop>{stop}</stop><dt>{dt}</dt></sim_specs><dimensions><dim name='R'>"
            f"<elem name='a'/><elem name='b'/></dim></dimensions>{more}<model><variables>{body}"
            "</variables></model></xmile>",
            encoding="utf-8",
        )
        return path

    return write


def run(path, *names):
    found = compile_model(read_model(path)).run(report=names)
    return [found.values[name][..., 0] for name in names]


def flow(name: str, equation: str | None = None, more: str = "", options: str = "") -> str:
    inside = "" if equation is None else f"<eqn>{equation}</eqn>"
    inside = inside.replace(" < ", " &lt; ")
    return f'<flow name="{name}"{options}>{inside}{more}</flow>'


def stock(name: str, first: str, ins=(), outs=(), more: str = "", dims: str = "") -> str:
    flows = "".join(f"<inflow>{n}</inflow>" for n in ins)
    flows += "".join(f"<outflow>{n}</outflow>" for n in outs)
    return f'<stock name="{name}">{dims}<eqn>{first}</eqn>{flows}{more}</stock>'


# ── stocks that cannot go below zero ───────────────────────────────────────────────────────

NON = "<non_negative/>"


def test_outflows_take_what_there_is_in_their_order_and_nothing_is_made(write):
    body = (
        stock("tank", "10", (), ("out1", "out2"), NON)
        + stock("sink", "0", ("out1", "out2"))
        + flow("out1", "4", NON)
        + flow("out2", "4", NON)
    )
    tank, sink, one, two = run(write(body, stop=4), "tank", "sink", "out1", "out2")
    assert tank.tolist() == [10, 2, 0, 0, 0]
    assert sink.tolist() == [0, 8, 10, 10, 10]
    assert one.tolist() == [4, 2, 0, 0, 0]
    assert two.tolist() == [4, 0, 0, 0, 0]


def test_what_flows_in_within_the_step_may_flow_out_again(write):
    body = (
        stock("tank", "0", ("rain",), ("out",), NON)
        + flow("rain", "3", NON)
        + flow("out", "5", NON)
    )
    tank, out = run(write(body, dt=0.5), "tank", "out")
    assert set(tank) == {0.0}
    assert set(out) == {3.0}


def test_a_chain_passes_on_only_what_it_got(write):
    body = (
        stock("a", "4", (), ("f",), NON)
        + stock("b", "0", ("f",), ("g",), NON)
        + stock("c", "0", ("g",))
        + flow("f", "3", NON)
        + flow("g", "9", NON)
    )
    a, b, c = run(write(body), "a", "b", "c")
    assert a.tolist()[:4] == [4, 1, 0, 0]
    assert b.tolist()[:4] == [0, 0, 0, 0]
    assert c.tolist()[:4] == [0, 3, 4, 4]


def test_a_circle_of_such_stocks_keeps_its_whole(write):
    body = (
        stock("a", "5", ("g",), ("f",), NON)
        + stock("b", "2", ("f",), ("g",), NON)
        + flow("f", "6", NON)
        + flow("g", "1", NON)
    )
    a, b = run(write(body), "a", "b")
    np.testing.assert_allclose(a + b, 7)
    assert min(a.min(), b.min()) >= 0


def test_an_outflow_that_reads_another_comes_behind_it(write):
    body = (
        stock("a", "10", (), ("first", "second"), NON)
        + flow("first", "second / 2", NON)
        + flow("second", "6", NON)
    )
    a, first, second = run(write(body), "a", "first", "second")
    assert a.tolist()[:4] == [10, 1, 0, 0]
    assert first.tolist()[:3] == [3, 0, 0]
    assert second.tolist()[:3] == [6, 1, 0]


def test_a_flow_that_runs_back_takes_no_more_than_there_is(write):
    body = stock("a", "5", ("f",), (), NON) + stock("b", "0", (), ("f",)) + flow("f", "-2")
    a, b = run(write(body), "a", "b")
    assert a.tolist()[:5] == [5, 3, 1, 0, 0]
    np.testing.assert_allclose(a + b, 5)


def test_arrays_and_models_without_limits_are_limited_element_by_element(write):
    one = '<element subscript="{}"><eqn>{{}}</eqn></element>'
    own = one.format("a") + one.format("b")
    body = (
        f'<stock name="s">{R}{own.format(4, 9)}<outflow>f</outflow>{NON}</stock>'
        f'<flow name="f">{R}{own.format(3, 2)}{NON}</flow>'
    )
    (s,) = run(write(body), "s")
    assert s[:6].tolist() == [[4, 9], [1, 7], [0, 5], [0, 3], [0, 1], [0, 0]]


# ── conveyors ──────────────────────────────────────────────────────────────────────────────


def belt(inside: str = "<len>3</len>", options: str = "") -> str:
    return f"<conveyor{options}>{inside}</conveyor>"


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


# ── queues and ovens ───────────────────────────────────────────────────────────────────────


def line(options: str, capacity: int = 4) -> str:
    inside = f"<len>2</len><capacity>{capacity}</capacity>"
    return (
        stock("q", "0", ("i",), ("take",), "<queue/>")
        + flow("take")
        + stock("w", "0", ("take",), ("o",), belt(inside, options))
        + flow("o")
        + flow("i", "IF TIME < 3 THEN 3 ELSE 0")
    )


def test_a_queue_gives_one_batch_a_step_and_splits_it_where_there_is_no_room(write):
    q, take, w = run(write(line("")), "q", "take", "w")
    # in: 3 3 3. taken: at 1 the front 3; at 2 room 1 of the second batch; at 3 what is left of it
    assert take.tolist()[:7] == [0, 3, 1, 2, 2, 1, 0]
    assert q.tolist()[:7] == [0, 3, 3, 5, 3, 1, 0]
    assert w.max() == 4


def test_a_queue_of_whole_batches_waits_until_one_fits(write):
    q, take = run(write(line(' batch_integrity="true"')), "q", "take")
    assert take.tolist()[:8] == [0, 3, 0, 3, 0, 3, 0, 0]
    assert q.tolist()[:7] == [0, 3, 3, 6, 3, 3, 0]


def test_a_queue_gives_several_batches_where_the_next_stock_takes_them(write):
    q, take = run(write(line(' one_at_a_time="false"', 8)), "q", "take")
    assert take.tolist()[:5] == [0, 3, 3, 3, 0]
    assert q.tolist()[:5] == [0, 3, 3, 3, 0]


def test_an_overflow_takes_what_finds_no_room(write):
    body = line("").replace("<queue/>", "<outflow>over</outflow><queue/>")
    q, take, over = run(write(body + flow("over", None, "<overflow/>")), "q", "take", "over")
    assert take.tolist()[:5] == [0, 3, 1, 3, 0]
    assert over.tolist()[:5] == [0, 0, 2, 0, 0]
    assert q.tolist()[:5] == [0, 3, 3, 3, 0]


def test_an_oven_fills_cooks_and_empties(write):
    body = (
        stock("yard", "20", (), ("i",), NON)
        + stock("oven", "0", ("i",), ("o",), "<oven><len>2</len><capacity>3</capacity></oven>")
        + stock("shop", "0", ("o",))
        + flow("i", "2", NON)
        + flow("o")
    )
    oven, i, o, yard, shop = run(write(body), "oven", "i", "o", "yard", "shop")
    assert i.tolist()[:7] == [2, 1, 0, 0, 0, 2, 1]
    assert oven.tolist()[:7] == [0, 2, 3, 3, 3, 0, 2]
    assert o.tolist()[:7] == [0, 0, 0, 0, 3, 0, 0]
    np.testing.assert_allclose(yard + oven + shop, 20)


def test_an_oven_that_is_not_full_cooks_when_its_fill_time_is_over(write):
    inside = "<oven><len>1</len><capacity>9</capacity><fill_time>2</fill_time></oven>"
    body = stock("oven", "0", ("i",), ("o",), inside) + flow("i", "1") + flow("o")
    i, o = run(write(body), "i", "o")
    assert i.tolist()[:6] == [1, 1, 0, 0, 1, 1]
    assert o.tolist()[:6] == [0, 0, 0, 2, 0, 0]


# ── arrays of them, worked out by hand ─────────────────────────────────────────────────────


def each(a: str, b: str, tag: str = "eqn") -> str:
    return "".join(
        f'<element subscript="{name}"><{tag}>{value}</{tag}></element>'
        for name, value in (("a", a), ("b", b))
    )


def aux(name: str, a: str, b: str) -> str:
    return f'<aux name="{name}">{R}{each(a, b)}</aux>'


def flows(*names: str) -> str:
    return "".join(f'<flow name="{name}">{R}</flow>' for name in names)


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


def test_ovens_of_an_array_cook_each_for_its_own_time(write):
    """Inflow 4; capacities 10 and 6; cook times 2 and 1. a: 4 + 4 + 2 fill it at time 3, it cooks
    until 5, empties within that step and begins again at 6. b: full at 2, empties at 3."""
    body = (
        aux("t", "2", "1")
        + aux("c", "10", "6")
        + stock("w", "0", ("i",), ("o",), "<oven><len>t</len><capacity>c</capacity></oven>", R)
        + f'<flow name="i">{R}<eqn>4</eqn></flow>'
        + flows("o")
    )
    w, o = run(write(body), "w", "o")
    assert w.T.tolist() == [[0, 4, 8, 10, 10, 10, 0, 4, 8], [0, 4, 6, 6, 0, 4, 6, 6, 0]]
    assert o.T.tolist() == [[0, 0, 0, 0, 0, 10, 0, 0, 0], [0, 0, 0, 6, 0, 0, 0, 6, 0]]


def test_queues_of_an_array_keep_each_its_own_order(write):
    """3 and 1 come a step; the conveyor takes 2 a step, of one batch at a time. a: of the first 3
    the conveyor takes 2, then the 1 that is left, then 2 of the second 3: the queue grows by 1
    and by 2 in turn. b: each 1 leaves a step after it came."""
    inside = "<len>1</len><in_limit>2</in_limit>"
    body = (
        stock("q", "0", ("i",), ("take",), "<queue/>", R)
        + stock("w", "0", ("take",), ("o",), belt(inside), R)
        + f'<flow name="i">{R}{each("3", "1")}</flow>'
        + flows("take", "o")
    )
    q, take, o = run(write(body), "q", "take", "o")
    assert take[:6].T.tolist() == [[0, 2, 1, 2, 1, 2], [0, 1, 1, 1, 1, 1]]
    assert q[:6].T.tolist() == [[0, 3, 4, 6, 7, 9], [0, 1, 1, 1, 1, 1]]
    assert o[1:7].tolist() == take[:6].tolist()


@pytest.mark.parametrize("option", ["arrest", "sample", "clean_time"])
def test_what_an_oven_cannot_do_yet_is_said_by_name(write, option):
    inside = f"<oven><len>1</len><{option}>1</{option}></oven>"
    body = stock("oven", "0", ("i",), ("o",), inside) + flow("i", "1") + flow("o")
    with pytest.raises(SDError, match=f'<{option}> of the oven "oven" is not supported'):
        read_model(write(body))


def test_flows_written_element_by_element_are_limited_and_driven_like_others(write):
    """Room for 3 and 2 a step; what comes leaves one step later."""
    inside = "<len>1</len><capacity>c</capacity>"
    body = (
        aux("c", "3", "2")
        + stock("w", "0", ("i",), ("o",), belt(inside), R)
        + f'<flow name="i">{R}{each("5", "1")}</flow><flow name="o">{R}{each("0", "0")}</flow>'
    )
    w, i, o = run(write(body), "w", "i", "o")
    assert w[:3].tolist() == [[0, 0], [3, 1], [3, 1]]
    assert i[:3].tolist() == [[3, 1], [3, 1], [3, 1]]
    assert o[:3].tolist() == [[0, 0], [3, 1], [3, 1]]
