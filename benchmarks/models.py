"""Model files for the benchmarks: repeated, generated and table-heavy ones, made as text."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from sdengine.model.describe import equations
from sdengine.syntax import Model, Variable


def repeated(model: Model, times: int, path: Path) -> Path:
    """Write a model whose every equation stands ``times`` times, each copy on its own names."""
    names = sorted((v.name for v in model.variables.values()), key=len, reverse=True)
    pattern = re.compile(rf"(?<![\w])({'|'.join(map(re.escape, names))})(?![\w])", re.IGNORECASE)
    text = [_ranges(model)]
    for copy in range(times):
        suffix = rf"\g<1> copy {copy}" if copy else r"\g<1>"
        rename = partial(pattern.sub, suffix)
        text += [_equation(variable, rename) for variable in model.variables.values()]
    path.write_text("{UTF-8}\n" + "".join(text) + _clock(model), encoding="utf-8")
    return path


def _ranges(model: Model) -> str:
    return "".join(f"{name}: {','.join(e)}~~|\n" for name, e in model.ranges.items())


def _equation(variable: Variable, rename: Callable[[str], str]) -> str:
    out = []
    for line in equations(variable):
        left, right = line.split(" = ", 1)
        right = re.sub(r"(SMOOTH|DELAY)\((.*), (\d)\)$", _stateful, right)
        if variable.kind.value == "lookup":
            out.append(f"{rename(left)}({right})~~|\n")
        else:
            out.append(f"{rename(left)} = {rename(right)}~~|\n")
    return "".join(out)


def _stateful(match: re.Match) -> str:
    name, order = match.group(1), match.group(3)
    return f"{name}{'' if order == '1' and name == 'SMOOTH' else order}I({match.group(2)})"


def _clock(model: Model) -> str:
    c = model.clock
    return (
        f"INITIAL TIME={c.start}~~|\nFINAL TIME={c.stop}~~|\n"
        f"TIME STEP={c.step}~~|\nSAVEPER={c.save}~~|\n"
    )


def generated(variables: int, path: Path, *, elements: int = 11, seed: int = 1) -> Path:
    """Write a random model of so many variables, a fifth of them stocks, over one range."""
    rng = np.random.default_rng(seed)
    stocks = max(variables // 5, 2)
    constants = max(variables // 4, 4)
    lines = [f"part: {','.join(f'p{i}' for i in range(elements))}~~|\n"]
    for i in range(constants):
        lines.append(f"constant {i}={rng.uniform(0.5, 2.0):.4f}~~|\n")
    made: list[str] = []
    for i in range(variables - stocks - constants):
        lines.append(f"aux {i}[part]={_formula(rng, stocks, constants, made)}~~|\n")
        made.append(f"aux {i}")
    for i in range(stocks):
        flow = made[int(rng.integers(len(made)))] if made else "constant 0"
        inflow = f"{flow}[part]" if made else flow
        lines.append(f"Stock {i}[part]=INTEG({inflow}-Stock {i}[part]/constant 1, constant 2)~~|\n")
    lines.append("INITIAL TIME=0~~|\nFINAL TIME=10~~|\nTIME STEP=0.03125~~|\nSAVEPER=1~~|\n")
    path.write_text("{UTF-8}\n" + "".join(lines), encoding="utf-8")
    return path


def _formula(rng: np.random.Generator, stocks: int, constants: int, made: list[str]) -> str:
    """Return a bounded expression of a stock, a constant and up to two earlier auxiliaries."""
    stock = f"Stock {rng.integers(stocks)}[part]"
    constant = f"constant {rng.integers(constants)}"
    other = f"{made[int(rng.integers(len(made)))]}[part]" if made else constant
    forms = (
        f"{constant}*{stock}/({stock}+{constant})",
        f"MIN({other},{constant})*EXP(-{stock}/({constant}+{stock}))",
        f"({stock}/({constant}+{stock}))^{constant}+{other}/(1+{other})",
        f"MAX({other}-{constant},0)/(1+{stock})",
        f"IF THEN ELSE({stock}>{constant},{other},{constant})/(1+{other})",
    )
    return forms[int(rng.integers(len(forms)))]


def tables(path: Path, *, count: int = 50, points: int = 12, seed: int = 2) -> Path:
    """Write a World3-like model: a ring of scalar stocks, each driven by graphical functions."""
    rng = np.random.default_rng(seed)
    lines = []
    for i in range(count):
        x = np.linspace(0, 4, points)
        y = np.clip(np.cumsum(rng.normal(0, 0.15, points)) + 1, 0.1, 3)
        pairs = ",".join(f"({a:.4f},{b:.4f})" for a, b in zip(x, y, strict=True))
        lines.append(f"table {i}([(0,0)-(4,4)],{pairs})~~|\n")
        lines.append(f"life {i}={rng.uniform(5, 40):.3f}~~|\n")
        lines.append(f"effect {i}=table {i}(Level {(i + 1) % count}/reference {i})~~|\n")
        lines.append(f"reference {i}={rng.uniform(0.8, 1.2):.3f}~~|\n")
        lines.append(f"inflow {i}=effect {i}*Level {i}^0.5/life {i}~~|\n")
        lines.append(f"Level {i}=INTEG(inflow {i}-Level {i}/life {i}, 1)~~|\n")
    lines.append("INITIAL TIME=1900~~|\nFINAL TIME=2100~~|\nTIME STEP=0.5~~|\nSAVEPER=1~~|\n")
    path.write_text("{UTF-8}\n" + "".join(lines), encoding="utf-8")
    return path


def long_tables(path: Path, *, count: int = 40, points: int = 400, elements: int = 7) -> Path:
    """Write a model that spends its time in tables of hundreds of points, each read at another
    place by every element and member."""
    lines = [f"part: {','.join(f'p{i}' for i in range(elements))}~~|\n"]
    x = np.arange(points)
    for i in range(count):
        y = 10 + 0.3 * i + 5 * np.sin(x / (7 + 0.1 * i) + i)
        pairs = ",".join(f"({a},{b:.4f})" for a, b in zip(x, y, strict=True))
        lines.append(f"table {i}({pairs})~~|\n")
        lines.append(f"read {i}[part]=table {i}(Time*0.8+level[part]/reach)~~|\n")
    total = "+".join(f"read {i}[part]" for i in range(count))
    lines.append(f"level[part]=INTEG(({total})/{points}-level[part]*drain, begin)~~|\n")
    lines.append("drain=0.1~~|\nreach=100~~|\nbegin=10~~|\n")
    lines.append("INITIAL TIME=0~~|\nFINAL TIME=400~~|\nTIME STEP=0.5~~|\nSAVEPER=10~~|\n")
    path.write_text("{UTF-8}\n" + "".join(lines), encoding="utf-8")
    return path
