"""Small models written by chance: every function, with arguments that mostly suit it."""

from __future__ import annotations

import random
import re

from sdengine.functions import FUNCTIONS

CLOCK = "INITIAL TIME=0~~|\nFINAL TIME=2~~|\nTIME STEP=0.5~~|\nSAVEPER=TIME STEP~~|\n"
HEAD = (
    "{UTF-8}\ne: e1,e2,e3~~|\nt: p,q~~|\nv[e]=2,5,3~~|\nc[e]=1,0,1~~|\nk=0.5~~|\n"
    "s=INTEG(s*k,1)~~|\nlook((0,1),(1,1),(2,2),(4,4))~~|\ndown((0,9),(4,1))~~|\n"
)
NUMBERS = ("0", "1", "2", "-1", "0.5", "1e-9", "1e9", "3", "7", "0.1", "40", "1e300")
SCOPES = ("", "", "", "[e]", "[e]", "[t]", "[e,t]", "[e1]")


def _calls() -> list[tuple[str, list[str]]]:
    """Return name and arguments of a call of every function that Vensim has, from its example."""
    found = [("INTEG", ["k", "1"])]
    for record in FUNCTIONS.values():
        for text in (record.example.formula, record.example.given):
            call = re.search(r"(?:^|=)([A-Z][A-Z0-9 ]*)\(((?:[^()]|\([^()]*\))*)\)(?:$|~)", text)
            if call and not record.example.xmile and "DATA" not in call[1]:
                found.append((call[1], _apart(call[2])))
    return found


def _apart(text: str) -> list[str]:
    """Return the arguments of a call."""
    parts, depth = [""], 0
    for sign in text:
        depth += (sign in "([") - (sign in ")]")
        if sign == "," and not depth:
            parts.append("")
        else:
            parts[-1] += sign
    return parts if text else []


CALLS = _calls()


def small(chance: random.Random) -> str:
    """Return a model of two to five variables beside those that examples of functions need."""
    heads: list[tuple[str, str]] = []
    lines = [HEAD]
    for number in range(chance.randint(2, 5)):
        name, scope = f"x{number}", chance.choice(SCOPES)
        right = _expression(chance, heads, scope, 2)
        if chance.random() < 0.2:
            right = f"INTEG({right}, {_expression(chance, heads, scope, 1)})"
        lines.append(f"{name}{scope}={right}~~|\n")
        heads.append((name, scope))
    return "".join(lines) + CLOCK


Heads = list[tuple[str, str]]


def _expression(chance: random.Random, heads: Heads, scope: str, depth: int) -> str:
    """Return an expression: a number, a name, an operation, or a call."""
    kind = chance.random()
    if not depth or kind < 0.25:
        return _leaf(chance, heads, scope)
    if kind < 0.5:
        left, right = (_expression(chance, heads, scope, depth - 1) for _ in range(2))
        return f"({left}{chance.choice('+-*/^')}{right})"
    name, arguments = chance.choice(CALLS)
    given = [
        _expression(chance, heads, scope, depth - 1) if chance.random() < 0.25 else argument
        for argument in arguments
    ]
    if chance.random() < 0.05:
        chance.shuffle(given)
    if "look" in given and chance.random() < 0.3:
        given[given.index("look")] = "flat"
    if chance.random() < 0.03:
        given = given[:-1] if chance.random() < 0.5 else [*given, "1"]
    return f"{name}({','.join(given)})"


def _leaf(chance: random.Random, heads: Heads, scope: str) -> str:
    """Return a number, the time, or an earlier variable in a scope where it mostly has a value."""
    kind = chance.random()
    if kind < 0.35 or (kind > 0.6 and not heads):
        return chance.choice(NUMBERS)
    if kind < 0.6:
        return chance.choice(("Time", "k", "s", "v[e1]", "look(Time)", "SUM(v[e!])"))
    name, own = chance.choice(heads)
    fits = own == scope or own in ("", "[e1]")
    return name + (
        own if fits or chance.random() < 0.1 else own.replace("e", "e2").replace("t", "p")
    )
