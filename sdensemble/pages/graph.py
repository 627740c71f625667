"""Who reads whom, which auxiliaries are flows between which stocks, and the view of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sdengine.model.describe import reads
from sdengine.syntax import Call, Expr, Kind, Model, Ref, walk
from sdensemble.inputs.loops import influences
from sdensemble.inputs.vensim.source import Source

DELAYS = frozenset(
    ("smooth", "delay", "delay_n", "delay_fixed", "delay_conveyor", "trend", "forecast")
)
STOCKS = ("integ", "integ_non_negative")
REST = "Model"
LEAVES = (Kind.CONSTANT, Kind.LOOKUP, Kind.DATA)


@dataclass(frozen=True)
class Flow:
    """A rate that moves from one stock to another; None stands for a cloud."""

    name: str
    source: str | None
    target: str | None


@dataclass(frozen=True)
class Graph:
    """``acts`` has what each variable reads while the model runs, ``starts`` what it reads for
    its value at the start only. ``delayed`` names variables that follow what they read late.
    ``view`` maps every variable to a view, ``views`` has them in order."""

    acts: Mapping[str, tuple[str, ...]]
    starts: Mapping[str, tuple[str, ...]]
    flows: Mapping[str, Flow]
    delayed: frozenset[str]
    view: Mapping[str, str]
    views: tuple[str, ...]

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Yield (source, target) of every dependency."""
        for target in self.acts:
            for source in (*self.acts[target], *self.starts[target]):
                yield source, target

    def members(self, view: str) -> tuple[str, ...]:
        """Return the variables of a view, in file order."""
        return tuple(name for name in self.acts if self.view[name] == view)


def read_graph(model: Model, source: Source) -> Graph:
    """Return the graph of a model, with its views from the file's sketch and headings."""
    acts = influences(model)
    starts = {}
    for name, variable in model.variables.items():
        every = (model.name_of(read) for read in reads(variable))
        starts[name] = tuple(r for r in every if r and r not in acts[name])
    flows = find_flows(model)
    view = _homes(model, acts, starts, flows, source)
    order = dict.fromkeys(source.views.values()) | dict.fromkeys(source.headings.values())
    views = tuple(v for v in dict.fromkeys([*order, *view.values()]) if v in set(view.values()))
    delayed = frozenset(n for n, v in model.variables.items() if _late(v.equations))
    return Graph(acts, starts, flows, delayed, view, views)


def _late(equations: Sequence) -> bool:
    return any(
        isinstance(part, Call) and part.function in DELAYS
        for equation in equations
        for part in walk(equation.expr)
    )


def find_flows(model: Model) -> dict[str, Flow]:
    """Return the flows by name: what stands by itself, added or taken away, in a net flow.

    A variable that fills two stocks is drawn at the first and read by the other.
    """
    ends: dict[str, tuple[str | None, str | None]] = {}
    for stock in model.variables.values():
        if stock.kind is not Kind.STOCK:
            continue
        for name, sign in _net(stock.equations, model):
            source, target = ends.get(name, (None, None))
            if sign > 0 and target is None:
                ends[name] = (source, stock.name)
            elif sign < 0 and source is None:
                ends[name] = (stock.name, target)
    return {name: Flow(name, *pair) for name, pair in ends.items()}


def _net(equations: Sequence, model: Model) -> dict[tuple[str, int], None]:
    found: dict[tuple[str, int], None] = {}
    for equation in equations:
        expr = equation.expr
        if isinstance(expr, Call) and expr.function in STOCKS:
            for part, sign in _terms(expr.args[0], 1):
                name = model.name_of(part.name)
                if name and model[name].kind is Kind.AUXILIARY:
                    found[name, sign] = None
    return found


def _terms(expr: Expr, sign: int) -> Iterator[tuple[Ref, int]]:
    if isinstance(expr, Ref):
        yield expr, sign
    elif isinstance(expr, Call) and expr.function in ("add", "sub"):
        yield from _terms(expr.args[0], sign)
        yield from _terms(expr.args[1], sign if expr.function == "add" else -sign)
    elif isinstance(expr, Call) and expr.function == "neg":
        yield from _terms(expr.args[0], -sign)
    elif isinstance(expr, Call) and expr.function == "sum" and sign < 0:
        yield from _terms(expr.args[0], sign)  # a sum that fills a stock is a tally, no flow


# ── views ──────────────────────────────────────────────────────────────────────────────────


def _homes(
    model: Model,
    acts: Mapping[str, tuple[str, ...]],
    starts: Mapping[str, tuple[str, ...]],
    flows: Mapping[str, Flow],
    source: Source,
) -> dict[str, str]:
    """Return the view of each variable.

    It stays where the sketch has it. One that the sketch does not have goes to the view of its
    heading that it shares most links with, else to a view named as the heading. Stocks go with
    what flows between them, and constants to where they are read.
    """
    home = dict(source.views)
    near: dict[str, list[str]] = {name: [] for name in model.variables}
    for target in acts:
        for read in (*acts[target], *starts[target]):
            near[target].append(read)
            near[read].append(target)
    of_heading: dict[str, set[str]] = {}
    for name, view in source.views.items():
        of_heading.setdefault(source.headings.get(name, ""), set()).add(view)
    for name in model.variables:
        if name in home:
            continue
        heading = source.headings.get(name, "") or REST
        votes = Counter(home[n] for n in near[name] if home.get(n) in of_heading.get(heading, ()))
        home[name] = votes.most_common(1)[0][0] if votes else heading
    for component in components(model, flows):
        for name in component:
            home[name] = home[component[0]]
    for name, variable in model.variables.items():
        users = Counter(home[n] for n in near[name] if name in (*acts[n], *starts[n]))
        if variable.kind in LEAVES and users and home[name] not in users:
            home[name] = users.most_common(1)[0][0]
    return home


def components(model: Model, flows: Mapping[str, Flow]) -> list[list[str]]:
    """Return stocks with the flows that join them, the first stock first, in file order."""
    group: dict[str, str] = {n: n for n, v in model.variables.items() if v.kind is Kind.STOCK}

    def root(name: str) -> str:
        while group[name] != name:
            name = group[name]
        return name

    for flow in flows.values():
        if flow.source and flow.target:
            group[root(flow.target)] = root(flow.source)
    found: dict[str, list[str]] = {}
    for stock in group:
        found.setdefault(root(stock), []).append(stock)
    for flow in flows.values():
        end = flow.source or flow.target
        assert end is not None
        found[root(end)].append(flow.name)
    return list(found.values())
