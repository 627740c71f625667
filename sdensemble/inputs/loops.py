"""The named feedback loops of a model, and whether its equations hold every link of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sdengine.model.describe import references
from sdengine.syntax import Call, Expr, Kind, Model
from sdensemble.inputs.config import Section
from sdensemble.inputs.scenarios import Setting, read_settings
from sdensemble.lang import LANGS

KEYS = ("id", *LANGS, "kind", "path", "signs", "cut")
KINDS = ("R", "B")
FROM_START = {"integ": 1, "integ_non_negative": 1, "smooth": 2, "delay": 2, "delay_fixed": 2}
"""How many leading arguments of a stateful function act through time; the rest set its start."""


@dataclass(frozen=True)
class Loop:
    """One feedback loop: ``path`` names variables, each acting on the next, the last on the first.

    ``kind`` is "R" (reinforcing) or "B" (balancing); ``signs`` has "+" or "-" for each link.
    ``cut`` opens the loop; empty where no constant can. ``title`` maps "zh" and "en" to a text.
    """

    id: str
    title: Mapping[str, str]
    kind: str
    path: tuple[str, ...]
    signs: str
    cut: tuple[Setting, ...]

    @property
    def links(self) -> tuple[tuple[str, str, str], ...]:
        """(from, to, sign) of each arrow, the last back to the first."""
        return tuple(zip(self.path, (*self.path[1:], self.path[0]), self.signs, strict=True))

    @property
    def product(self) -> str:
        """The kind that the signs multiply to."""
        return "B" if self.signs.count("-") % 2 else "R"


@dataclass(frozen=True)
class Link:
    """One arrow as found in the equations: ``through`` names the auxiliaries between its ends.

    ``found`` is False where the one variable does not act on the other, or only through a
    further stock.
    """

    source: str
    target: str
    found: bool
    through: tuple[str, ...] = ()


def read_loops(path: Path, model: Model) -> tuple[Loop, ...]:
    """Return the loops of a TOML file in file order, their names as the model writes them.

    Raise SDError with every problem found. Whether the links exist is asked by ``find_links``.
    """
    top, _ = Section.of_file(path, ("loop",))
    loops = [_read_loop(table.titled(table.text("id")), model) for table in top.entries("loop")]
    names = [loop.id for loop in loops]
    for name in dict.fromkeys(n for n in names if names.count(n) > 1):
        top.problem('loop "{name}" is given twice', name=name)
    top.found.raise_if_any()
    return tuple(loops)


def _read_loop(table: Section, model: Model) -> Loop:
    table.only(KEYS)
    kind, signs = table.one_of("kind", KINDS, needed=True), table.text("signs", needed=True)
    path = table.variables("path", model)
    if len(path) < 2:
        table.problem("path must be a list of two or more variables in quotes")
    elif len(signs) != len(path) or set(signs) - {"+", "-"}:
        told = 'signs must be {n} of + and -, one for each link, not "{signs}"'
        table.problem(told, n=len(path), signs=signs)
        signs = "+" * len(path)
    cut = tuple(read_settings(table, "cut", "world", model))
    ident = table.text("id", needed=True)
    return Loop(ident, table.label(ident), kind, path, signs, cut)


# ── the graph ──────────────────────────────────────────────────────────────────────────────


def influences(model: Model) -> Mapping[str, tuple[str, ...]]:
    """Return what each variable reads while the model runs: values at the start left out."""
    return {
        variable.name: tuple(
            dict.fromkeys(
                written
                for equation in variable.equations
                for name in sorted(_acting(equation.expr))
                if (written := model.name_of(name)) is not None
            )
        )
        for variable in model.variables.values()
    }


def _acting(expr: Expr) -> set[str]:
    """Return the folded names that act through time."""
    if not isinstance(expr, Call):
        return references(expr)
    kept = expr.args[: FROM_START.get(expr.function, len(expr.args))]
    own = {name for name in references(Call(expr.function, ())) if name}
    return own.union(*(_acting(arg) for arg in kept))


def find_links(loop: Loop, model: Model) -> tuple[Link, ...]:
    """Return each link of a loop with the auxiliaries it runs through in the equations."""
    reads = influences(model)
    return tuple(_link(source, target, reads, model) for source, target, _ in loop.links)


def _link(source: str, target: str, reads: Mapping[str, tuple[str, ...]], model: Model) -> Link:
    """Search back from the target, nearest first, through variables that are no stocks."""
    before: dict[str, str | None] = {target: None}
    ahead = deque([target])
    while ahead:
        now = ahead.popleft()
        for name in reads[now]:
            if name == source:
                return Link(source, target, True, tuple(_chain(now, before))[:-1])
            if name not in before and model[name].kind is Kind.AUXILIARY:
                before[name] = now
                ahead.append(name)
    return Link(source, target, False)


def _chain(name: str, before: Mapping[str, str | None]) -> list[str]:
    chain = [name]
    while (after := before[chain[-1]]) is not None:
        chain.append(after)
    return chain
