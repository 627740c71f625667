"""The models of a document → the variables of one: modules joined by their connections."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from sdengine.errors import Message
from sdengine.limits import at_most, limit
from sdengine.model.items import Item
from sdengine.model.stella import plain

Links = Sequence[tuple[str, str]]
Modules = Sequence[tuple[str, str, Links]]
"""Each module's name, the name of its model, its connections."""


def joined(models: Sequence[tuple[str, Sequence[Item], Modules]]) -> list[Item]:
    """Return all variables, those of a module named "module.variable".

    A module's input is a copy of what it is connected to. Stella lists a connection in both
    modules it joins, and XMILE in the one that takes it: a connection belongs to the module its
    ``to`` names. Several modules may share one model, as Simlin writes it. Raises ValueError for a
    module without a model and a model without a module.
    """
    named = {plain(name): (name, items, modules) for name, items, modules in models[1:]}
    joiner = _Joiner(named)
    _, items, modules = models[0]
    out = joiner.join(items, modules, "")
    _copy_tables(out)
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
        self.made = 0  # variables of modules so far

    def join(
        self, items: Sequence[Item], modules: Modules, prefix: str, outer: tuple[str, ...] = ()
    ) -> list[Item]:
        """Return the variables of a model with those of its modules behind them.

        ``outer`` are the models it stands in, which it must not hold itself.
        """
        out = list(items)
        given, into = self._connections(modules, prefix)
        for item in items:
            source = into.get(plain(item.name))
            if source is not None:
                _connect(item, source)
        for name, model, _ in modules:
            found = self.named.get(plain(model))
            if found is None or plain(model) in outer:
                raise ValueError(Message('<module> ("{name}") has no model of its own', name=name))
            self.used.add(plain(model))
            path = f"{prefix}{name}"
            _, items, inner = found
            own = [dataclasses.replace(item, options=dict(item.options)) for item in items]
            self.made += len(own)
            if self.made > limit("VARIABLES"):
                told = "{n:,} variables; {most}"
                raise ValueError(Message(told, n=self.made, most=at_most("VARIABLES")))
            whole = self.join(own, inner, f"{path}.", (*outer, plain(model)))
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

    def _connections(self, modules: Modules, prefix: str) -> tuple[dict[str, str], dict[str, str]]:
        """Return what each module's input is connected to, and each of the model's own that a
        module gives its value; sources by their names from the whole document's root."""
        given: dict[str, str] = {}
        into: dict[str, str] = {}
        inside = {plain(name) for name, _, _ in modules}
        for name, _, links in modules:
            for to, source in links:
                head, dot, tail = plain(to).rpartition(".")
                if dot and not head:
                    into.setdefault(tail, _root(plain(source), prefix))
                    continue
                module = head.rpartition(".")[2] if dot else plain(name)
                if module not in inside:
                    continue  # an output, listed by its own module for a module elsewhere
                key = plain(f"{prefix}{module}.{tail}")
                given.setdefault(key, _root(plain(source), prefix))
        return given, into


def _copy_tables(items: Sequence[Item]) -> None:
    """Let each input that is connected to a graphical function be one."""
    by_name = {plain(item.name): item for item in items}
    for item in items:
        source, copied = by_name.get(item.source), item.source
        while source is not None and source.source and source.source != copied:
            source = by_name.get(source.source)
        if source is not None and source.table is not None and not any(source.equations):
            item.equations, item.table = (), source.table


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
    item.non_negative, item.source = None, source
