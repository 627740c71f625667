"""Queues and ovens: batches, overflow, cooking, and arrays of them, worked out by hand."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from sdensemble import SDError, read_model
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
