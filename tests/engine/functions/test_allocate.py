"""Markets: the price at which both sides meet, against a root found by SciPy."""

from __future__ import annotations

import math

import pytest
from scipy.optimize import brentq
from scipy.stats import norm

from sdengine import compile_model, read_model
from sdensemble import SDError

MARKET = """
region: x,y~~|
buyer: b1,b2,b3~~|
seller: s1,s2~~|
profile: ptype,ppriority,pwidth,pextra~~|
wanted[region,buyer]=500,300,7;10,20,30;~~|
demand[buyer,profile]=3,5,2,0;3,7,4,0;4,6,1,0;~~|
room[region,seller]=200,300;40,50;~~|
supply[seller,profile]=3,1,2,0;1,3,4,0;~~|
price[region]=FIND MARKET PRICE(wanted[region,b1],demand[b1,ptype],room[region,s1],
    supply[s1,ptype])~~|
bought[region]=SUM(DEMAND AT PRICE(wanted[region,buyer!],demand[buyer!,ptype],price[region]))~~|
sold[region]=SUM(SUPPLY AT PRICE(room[region,seller!],supply[seller!,ptype],price[region]))~~|
"""


def excess(price: float, wanted: tuple[float, ...], room: tuple[float, ...]) -> float:
    """Return what is asked for beyond what is offered."""
    away = price - 6
    falling = 0.5 * math.exp(-abs(away))
    shares = (norm.sf(price, 5, 2), norm.sf(price, 7, 4), falling if away > 0 else 1 - falling)
    offered = (norm.cdf(price, 1, 2), min(max((price - 3) / 4 + 0.5, 0), 1))
    asked = sum(a * b for a, b in zip(wanted, shares, strict=True))
    return asked - sum(a * b for a, b in zip(room, offered, strict=True))


def test_the_price_of_a_market_is_where_both_sides_meet(write_model):
    kernel = compile_model(read_model(write_model(MARKET)))
    run = kernel.run(report=["price", "bought", "sold"])
    for place, sides in enumerate((((500, 300, 7), (200, 300)), ((10, 20, 30), (40, 50)))):
        wanted = brentq(excess, -50, 50, args=sides, xtol=1e-14)
        assert run.values["price"][-1, place, 0] == pytest.approx(wanted, rel=1e-12)
    assert run.values["bought"] == pytest.approx(run.values["sold"], rel=1e-12)


def test_a_profile_of_another_type_is_refused(write_model):
    path = write_model(MARKET.replace("3,1,2,0;1,3,4,0;", "5,1,2,1;1,3,4,0;"))
    with pytest.raises(SDError, match=r"profiles of type \[1, 5\] are not supported"):
        compile_model(read_model(path))
