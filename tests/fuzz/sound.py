"""Sound models written by chance: arrays, subranges, sums, stocks, delays and switches of time.

Nearly all of them compile, so that what they compute can be held against the reference.
"""

from __future__ import annotations

import random
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from sdengine import Kernel, Model, compile_model
from sdengine.program.interpreter import run_reference
from sdengine.syntax import Kind

Members = NDArray[np.float64]
HEAD = (
    "{UTF-8}\nR: r1,r2,r3~~|\nS: r2,r3~~|\nT: t1,t2~~|\nlk((0,0.5),(2,1.5),(5,2),(9,0.2))~~|\n"
    "c0=0.3~~|\nc1=1.7~~|\ncR[R]=0.5,1.5,2.5~~|\ncT[T]=3,0.25~~|\ncRT[R,T]=1,2;3,4;0.5,0.25~~|\n"
)
CLOCK = "INITIAL TIME=0~~|\nFINAL TIME=6~~|\nTIME STEP=0.5~~|\nSAVEPER=TIME STEP~~|\n"
ELEMENTS = {"R": ("r1", "r2", "r3"), "S": ("r2", "r3"), "T": ("t1", "t2")}
SWITCHES = ("Time>2", "Time>=c1", "Time<c0*9 :AND: Time>1", "Time<1 :OR: Time>=4")
CALLS = (
    *("ZIDZ({},{})", "MIN({},{})", "MAX({},{})", "ABS({})", "lk({})", "SIN({})", "INTEGER({})"),
    *("STEP({},2)", "RAMP({},1,4)", "PULSE(1,2.5)", "EXP(MIN({},3))", "SQRT(ABS({}))"),
    *("MODULO(ABS({}),2)", "XIDZ({},{},{})", "-{}^2", "LN(1+ABS({}))", "QUANTUM(ABS({}),0.75)"),
)
MEMORIES = (
    *("SMOOTH({},4)", "SMOOTH3I({},6,c1)", "DELAY1({},4)", "DELAY FIXED({},2,c0)"),
    *("SAMPLE IF TRUE(Time>2,{},1)", "TREND(2+ABS({}),5,0.1)", "DELAY3I({},6,1)"),
)


class Sound:
    """A model while it is written: the variables so far, with the ranges they stand over."""

    def __init__(self, chance: random.Random):
        self.chance = chance
        self.known = [("c0", ""), ("c1", ""), ("cR", "R"), ("cT", "T"), ("cRT", "RT")]

    def text(self) -> str:
        """Return the text of a model of four to nine variables."""
        lines = [self._variable(f"x{k}") for k in range(self.chance.randint(4, 9))]
        return HEAD + "".join(lines) + CLOCK

    def _variable(self, name: str) -> str:
        chance = self.chance
        dims = chance.choice(("", "", "R", "T", "RT"))
        left = _at(name, dims)
        kind = chance.random()
        if kind < 0.3:
            first = chance.choice((self._name(dims), "1"))
            right = f"{left}=INTEG({self._value(dims, 2)}-0.1*{left},{first})~~|\n"
        elif kind < 0.4:
            right = f"{left}={chance.choice(MEMORIES).format(self._value(dims, 1))}~~|\n"
        elif kind < 0.55 and "R" in dims:
            one, rest = dims.replace("R", "1"), dims.replace("R", "S")
            right = f"{_at(name, one)}={self._value(dims.strip('R'), 2)}~~|\n"
            right += f"{_at(name, rest)}={self._value(rest, 2)}~~|\n"
        else:
            right = f"{left}={self._value(dims, 3)}~~|\n"
        self.known.append((name, dims))
        return right

    def _value(self, dims: str, depth: int) -> str:
        chance, kind = self.chance, self.chance.random()
        if not depth or kind < 0.25:
            return chance.choice((self._name(dims), self._name(dims), "2", "0.5", "-1", "Time"))
        parts = [self._value(dims, depth - 1) for _ in range(3)]
        if kind < 0.5:
            return f"({parts[0]}{chance.choice('+-*')}{parts[1]})"
        if kind < 0.6:
            return self._sum(dims)
        if kind < 0.72:
            return f"IF THEN ELSE({chance.choice(SWITCHES)},{parts[0]},{parts[1]})"
        if kind < 0.78:
            return f"IF THEN ELSE({parts[0]}<{parts[1]},{parts[1]},{parts[2]})"
        return chance.choice(CALLS).format(*parts)

    def _name(self, dims: str) -> str:
        """Return a variable at subscripts that stand on the left, or at elements."""
        name, own = self.chance.choice(self.known)
        subscripts = []
        for dim in own:
            here = "S" if dim == "R" and "S" in dims else dim
            stands = here in dims and self.chance.random() < 0.75
            subscripts.append(here if stands else self.chance.choice(ELEMENTS[dim]))
        return f"{name}[{','.join(subscripts)}]" if subscripts else name

    def _sum(self, dims: str) -> str:
        name, own = self.chance.choice([one for one in self.known if one[1]])
        marks = [f"{dim}!" for dim in own]
        if len(own) == 2 and self.chance.random() < 0.5:
            marks[0] = "R" if "R" in dims else "r1"
        function = self.chance.choice(("SUM", "VMIN", "VMAX", "PROD"))
        factor = "*c0" if function == "SUM" and self.chance.random() < 0.4 else ""
        return f"{function}({name}[{','.join(marks)}]{factor})"


def require_reference_values(model: Model, constants: Mapping[str, Members]) -> Kernel:
    """Run a model as compiled and as interpreted; raise AssertionError where the two differ.

    ``constants`` map to a value for each member. Return the kernel.
    """
    kernel = compile_model(model)
    names = [n for n, v in model.variables.items() if v.kind is not Kind.LOOKUP]
    found = kernel.run(constants, report=names).values
    members = len(next(iter(constants.values())))
    expected = run_reference(kernel.program, constants, members=members)
    for name in names:
        place = np.asarray(kernel.program.where(name))
        wanted = expected[:, place.ravel()].reshape(len(expected), *place.shape, members)
        np.testing.assert_allclose(found[name], wanted, rtol=1e-11, atol=1e-11, err_msg=name)
    return kernel


def _at(name: str, dims: str) -> str:
    """Return a left-hand side; the "range" 1 is the first element of R."""
    subscripts = ["r1" if dim == "1" else dim for dim in dims]
    return f"{name}[{','.join(subscripts)}]" if subscripts else name
