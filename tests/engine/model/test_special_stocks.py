"""Stocks that cannot go below zero: outflows take what there is, in their order."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from tests.engine.model.xmile_stocks import (
    NON,
    R,
    aux,
    belt,
    each,
    flow,
    run,
    stock,
    written,
)


@pytest.fixture
def write(tmp_path):
    return functools.partial(written, tmp_path)


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
