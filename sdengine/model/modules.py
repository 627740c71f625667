"""The models of a document → the variables of one: modules joined by their connections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sdengine.errors import Message
from sdengine.model.items import Item
from sdengine.model.stella import plain

Links = Sequence[tuple[str, str]]
Modules = Sequence[tuple[str, Links]]


def joined(models: Sequence[tuple[str, Sequence[Item], Modules]]) -> list[Item]:
    """Return all variables, those of a module named "module.variable".

    A module's input is a copy of what it is connected to. Stella lists a connection in both
    modules it joins, and XMILE in the one that takes it: a connection belongs to the module its
    ``to`` names. Raises ValueError for a module without a model and a model without a module.
    """
    named = {plain(name): (name, items, modules) for name, items, modules in models[1:]}
    joiner = _Joiner(named)
    _, items, modules = models[0]
    out = joiner.join(items, modules, "")
    for key, (name, _, _) in named.items():
        if key not in joiner.used:
            raise ValueError(
                Message(
                    '{n} <model> elements; model "{name}" is in no <module>',
                    n=len(models),
                    name=name,
                )
            )
    return out


class _Joiner:
    def __init__(self, named: Mapping[str, tuple[str, Sequence[Item], Modules]]):
        self.named = named
        self.used: set[str] = set()

    def join(self, items: Sequence[Item], modules: Modules, prefix: str) -> list[Item]:
        """Return the variables of a model with those of its modules behind them."""
        out = list(items)
        given = self._connections(modules, prefix)
        for name, _ in modules:
            found = self.named.get(plain(name))
            if found is None or plain(name) in self.used:
                raise ValueError(Message('<module> ("{name}") has no model of its own', name=name))
            self.used.add(plain(name))
            path = f"{prefix}{name}"
            _, own, inner = found
            whole = self.join(own, inner, f"{path}.")
            out += whole[len(own) :]  # of modules in here: named in full already
            for item in own:
                item.name = f"{path}.{item.name}"
                source = given.get(plain(item.name))
                if source is None:
                    item.module = path
                else:
                    _connect(item, source)
                out.append(item)
        return out

    def _connections(self, modules: Modules, prefix: str) -> dict[str, str]:
        """Return what each input is connected to; names from the whole document's root."""
        given: dict[str, str] = {}
        inside = {plain(name) for name, _ in modules}
        for name, links in modules:
            for to, source in links:
                head, dot, tail = plain(to).rpartition(".")
                module = head.rpartition(".")[2] if dot else plain(name)
                if module not in inside:
                    continue  # an output, listed by its own module for a module elsewhere
                key = plain(f"{prefix}{module}.{tail}")
                given.setdefault(key, _root(plain(source), prefix))
        return given


def _root(source: str, prefix: str) -> str:
    """Return the name of a connection's source: with a dot in front it is the outer model's, and
    one that names that model is whole already."""
    if prefix and source.startswith(plain(prefix)):
        return source
    return plain(f"{prefix}{source.removeprefix('.')}")


def _connect(item: Item, source: str) -> None:
    """Make a module's input a copy of what it is connected to."""
    item.kind, item.equations, item.first = "aux", (f'"{source}"',), ""
    item.pieces, item.table, item.inflows, item.outflows = (), None, (), ()
    item.non_negative = None
