"""An XMILE document → the same document as PySD reads it: equations, arrays, macros.

Equations are written anew (``equation``), with Stella's functions in terms of those the kernel
has. Arrays whose elements have graphical functions or initial values of their own are taken
apart into variables of their own, named after the array.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sdengine.model.entries import Found
from sdengine.model.equation import EquationError, Reader, Tree, Writer, literal_sum, tokens

KINDS = ("stock", "flow", "aux", "gf")
_CLOCK = {"dt": "time_step", "starttime": "initial_time", "stoptime": "final_time"}
_REDUCERS = {"sum": "sum", "arraysum": "sum", "mean": "mean", "arraymean": "mean", "prod": "prod"}
_EXTREMES = ("min", "max", "vmin", "vmax")
_ARITY = {  # of the functions that PySD's own table would stumble on
    **{"delay": (2, 3), "delay1": (2, 3), "delay3": (2, 3), "delayn": (3, 4)},
    **{"smth1": (2, 3), "smth3": (2, 3), "smthn": (3, 4), "trend": (2, 3), "forcst": (3, 4)},
    **{"safediv": (2, 3), "ramp": (2, 3), "pulse": (2, 3), "init": (1,), "int": (1,)},
    "if then else": (3,),
}


def plain(name: str) -> str:
    """Return a name as XMILE compares it."""
    text = name.replace("\\n", " ").replace("_", " ").strip().strip('"')
    return " ".join(text.split()).casefold()


@dataclass
class Names:
    """What a model's names stand for: ranges with their elements, variables' ranges, and what
    macros take for arguments that are left out."""

    ranges: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    arrays: dict[str, tuple[str, ...]] = field(default_factory=dict)
    variables: set[str] = field(default_factory=set)
    looked_up: set[str] = field(default_factory=set)
    macros: dict[str, list[str | None]] = field(default_factory=dict)


def mend(root: Any, space: str, found: Found) -> set[str]:
    """Rewrite a document in place; return the graphical functions equations call by LOOKUP."""
    _check_clock(root, space)
    for table in root.iter(f"{{{space}}}gf"):
        _check_table(table, space)
    _number_ranges(root, space)
    names = _names(root, space)
    names.looked_up |= _without_equation(root, space)
    for variables in root.iter(f"{{{space}}}variables"):
        for variable in list(variables):
            if isinstance(variable.tag, str):
                _take_apart(variable, space)
    for equation in root.iter(*(f"{{{space}}}{tag}" for tag in ("eqn", "init_eqn"))):
        if equation.getparent().tag == f"{{{space}}}unit":
            continue
        _check_count(equation, space, names)
        equation.text = _rewritten(equation, space, names, found)
    for tag in ("inflow", "outflow"):
        for flow in root.iter(f"{{{space}}}{tag}"):
            module = flow.getparent().get(MODULE, "")
            name = _bare(flow.text or "")
            if module:
                name = f'"{module}.{plain(name)}"'
            flow.text = Writer(xmile=True, names=found.names).name(name)
    for variable in root.iter(*(f"{{{space}}}{kind}" for kind in KINDS)):
        variable.attrib.pop(MODULE, None)
    return names.looked_up


def _check_clock(root: Any, space: str) -> None:
    """Raise where the times of the simulation are not all there."""
    specs = [child for child in root if child.tag == f"{{{space}}}sim_specs"]
    if not specs:
        raise ValueError("no <sim_specs> element: start, stop and dt are not given")
    for kind in ("start", "stop", "dt"):
        if not (specs[0].findtext(f"{{{space}}}{kind}") or "").strip():
            raise ValueError(f"<sim_specs> has no <{kind}>")


def _without_equation(root: Any, space: str) -> set[str]:
    """Return the variables that are graphical functions alone; raise for those that lack more."""
    found = set()
    for variable in root.iter(*(f"{{{space}}}{kind}" for kind in ("stock", "flow", "aux"))):
        if variable.getparent().tag != f"{{{space}}}variables":
            continue  # a drawing
        parts = {child.tag for child in variable}
        if parts & {f"{{{space}}}eqn", f"{{{space}}}element"}:
            continue
        name = variable.get("name", "")
        if f"{{{space}}}gf" not in parts or variable.tag != f"{{{space}}}aux":
            raise ValueError(f'"{name}" has no equation')
        found.add(plain(name))
    return found


def _check_count(equation: Any, space: str, names: Names) -> None:
    """Raise where a variable has several equations, and not one for each element of its range."""
    owner = equation.getparent()
    count = len(owner.findall(equation.tag))
    if count == 1:
        return
    dims = [dim.get("name", "") for dim in owner.iter(f"{{{space}}}dim")]
    sizes = [len(names.ranges.get(plain(dim), ("", ()))[1]) for dim in dims]
    if sizes != [count]:
        raise ValueError(f'"{owner.get("name", "")}" has {count} equations')


def _check_table(table: Any, space: str) -> None:
    """Raise where a graphical function lacks points or has odd ones."""
    owner = table
    while owner.get("name") is None and owner.getparent() is not None:
        owner = owner.getparent()
    where = f'"{owner.get("name", "")}": its graphical function'
    counts = {}
    for kind in ("xpts", "ypts"):
        points = table.find(f"{{{space}}}{kind}")
        if points is None:
            continue
        parts = (
            (points.text or "").strip().strip(points.get("sep", ",")).split(points.get("sep", ","))
        )
        try:
            counts[kind] = len([float(part) for part in parts])
        except ValueError:
            raise ValueError(f"{where} has something else than numbers in <{kind}>") from None
    scale = table.find(f"{{{space}}}xscale")
    if "ypts" not in counts or ("xpts" not in counts and scale is None):
        raise ValueError(f"{where} lacks points (<ypts>, and <xpts> or <xscale>)")
    if scale is None and counts["xpts"] != counts["ypts"]:
        raise ValueError(f"{where} has {counts['xpts']} x and {counts['ypts']} y values")
    if table.get("type", "continuous") not in ("continuous", "extrapolate", "discrete"):
        raise ValueError(f'{where} has the unknown type "{table.get("type")}"')


def _bare(name: str) -> str:
    """Return a flow's name as it stands, a quoted one with its quotes."""
    name = name.replace("\\n", "_").strip()
    return name if name.startswith('"') else "_".join(name.split())


def _number_ranges(root: Any, space: str) -> None:
    """Give ranges that say only how long they are the elements 1, 2, 3 …"""
    from lxml import etree

    for dim in root.iter(f"{{{space}}}dim"):
        size = dim.get("size", "")
        if size.isdigit() and dim.find(f"{{{space}}}elem") is None:
            if int(size) > 100_000:
                raise ValueError(f'a subscript range of {size} elements: "{dim.get("name")}"')
            for number in range(1, int(size) + 1):
                etree.SubElement(dim, f"{{{space}}}elem", name=str(number))


def _names(root: Any, space: str) -> Names:
    names = Names()
    for dim in root.iter(f"{{{space}}}dim"):
        elements = tuple(e.get("name", "") for e in dim.iter(f"{{{space}}}elem"))
        if elements:
            names.ranges[plain(dim.get("name", ""))] = (dim.get("name", ""), elements)
    for macro in root.iter(f"{{{space}}}macro"):
        parms = macro.findall(f"{{{space}}}parm")
        names.macros[plain(macro.get("name", ""))] = [p.get("default") for p in parms]
    for kind in KINDS:
        for variable in root.iter(f"{{{space}}}{kind}"):
            name = plain(variable.get("name", ""))
            names.variables.add(name)
            dims = variable.find(f"{{{space}}}dimensions")
            if dims is not None:
                names.arrays[name] = tuple(d.get("name", "") for d in dims)
    return names


# ── modules and macros ─────────────────────────────────────────────────────────────────────

MODULE = "inside"  # marks the variables of a module while equations are rewritten


def join_modules(root: Any, space: str) -> None:
    """Put the variables of modules into the main model, as "module.variable"."""
    models = [child for child in root if child.tag == f"{{{space}}}model"]
    if not models:
        raise ValueError("no <model> element")
    named = {plain(model.get("name", "")): model for model in models[1:]}
    main = models[0].find(f"{{{space}}}variables")
    used: set[str] = set()
    if main is not None:
        _join(main, models[0], "", named, space, used)
    for name, model in named.items():
        if name not in used:
            own = model.get("name", "")
            raise ValueError(f'{len(models)} <model> elements; model "{own}" is in no <module>')
        root.remove(model)


def _join(
    main: Any, model: Any, prefix: str, named: Mapping[str, Any], space: str, used: set[str]
) -> None:
    for module in list(model.iter(f"{{{space}}}module")):
        if module.getparent().tag != f"{{{space}}}variables":
            continue  # a drawing
        name = module.get("name", "")
        inner = named.get(plain(name))
        if inner is None or plain(name) in used:
            raise ValueError(f'<module> ("{name}") has no model of its own')
        used.add(plain(name))
        module.getparent().remove(module)
        path = f"{prefix}{name}"
        _join(main, inner, f"{path}.", named, space, used)
        given = {}
        for connect in module.iter(f"{{{space}}}connect"):
            to = plain(connect.get("to", "")).rpartition(".")[2]
            given[to] = prefix + plain(connect.get("from", "")).removeprefix(".")
        inside = inner.find(f"{{{space}}}variables")
        for variable in list(inside if inside is not None else ()):
            if not isinstance(variable.tag, str):
                continue
            if MODULE in variable.attrib:  # of a module in here
                main.append(variable)
                continue
            source = given.get(plain(variable.get("name", "")))
            if source is not None:
                _connect(variable, source, space)
            else:
                variable.set(MODULE, path)
            variable.set("name", f"{path}.{variable.get('name', '')}")
            main.append(variable)


def _connect(variable: Any, source: str, space: str) -> None:
    """Make a module's input a copy of what it is connected to."""
    from lxml import etree

    for child in list(variable):
        if child.tag in {f"{{{space}}}{kind}" for kind in ("eqn", "element", "gf", "init_eqn")}:
            variable.remove(child)
    variable.tag = f"{{{space}}}aux"
    etree.SubElement(variable, f"{{{space}}}eqn").text = f'"{source}"'


def taken_macros(root: Any, space: str) -> Iterator[tuple[str, tuple[str, ...], Any]]:
    """Take the macros out of a document; yield name, parameters and a document for each."""
    from lxml import etree

    def tag(kind: str) -> str:
        return f"{{{space}}}{kind}"

    for macro in [child for child in root if child.tag == tag("macro")]:
        root.remove(macro)
        name = macro.get("name", "")
        params = tuple((parm.text or "").strip() for parm in macro.findall(tag("parm")))
        out = etree.Element(tag("xmile"), nsmap={None: space})
        clock = etree.SubElement(out, tag("sim_specs"))
        for kind, value in (("start", "0"), ("stop", "1"), ("dt", "1")):
            etree.SubElement(clock, tag(kind)).text = value
        for dimensions in root.findall(tag("dimensions")):
            out.append(copy.deepcopy(dimensions))
        variables = etree.SubElement(etree.SubElement(out, tag("model")), tag("variables"))
        for group in macro.iter(tag("variables")):
            variables.extend(list(group))
        equation = macro.find(tag("eqn"))
        known = {plain(v.get("name", "")) for v in variables if isinstance(v.tag, str)}
        if equation is not None and plain(name) not in known:
            etree.SubElement(variables, tag("aux"), name=name).append(equation)
        yield name, params, out


# ── arrays by element ──────────────────────────────────────────────────────────────────────


def _take_apart(variable: Any, space: str) -> None:
    """Give elements with a graphical function or an initial value of their own a variable."""
    from lxml import etree

    def tag(kind: str) -> str:
        return f"{{{space}}}{kind}"

    elements = variable.findall(tag("element"))
    name = variable.get("name", "")
    if not elements:
        return
    for element in elements:
        element.set("subscript", ",".join(_clean_subscripts(element.get("subscript", ""))))
        table = element.find(tag("gf"))
        if table is None:
            continue
        equation = element.find(tag("eqn"))
        if equation is None and variable.find(tag("eqn")) is not None:
            equation = copy.deepcopy(variable.find(tag("eqn")))
            element.append(equation)
        own = f"{name} · {element.get('subscript', '').replace(',', ' ')}"
        table.set("name", own)
        element.remove(table)
        variable.addprevious(table)
        if equation is None or not (equation.text or "").strip():
            raise ValueError(f'"{name}" has a graphical function without an equation')
        equation.text = f'"{own}"({equation.text})'
    if variable.tag == tag("stock"):
        dims = variable.find(tag("dimensions"))
        if dims is None:
            raise ValueError(f'"{name}" has elements but no dimensions')
        start = etree.Element(tag("aux"), name=f"{name} · initial")
        start.append(copy.deepcopy(dims))
        for element in elements:
            variable.remove(element)
            start.append(element)
        inside = ", ".join(f'"{dim.get("name")}"' for dim in dims)
        etree.SubElement(variable, tag("eqn")).text = f'"{name} · initial"[{inside}]'
        variable.addprevious(start)


def _clean_subscripts(text: str) -> Iterator[str]:
    for part in text.split(","):
        yield part.strip().strip('"').rpartition(".")[2]


# ── equations ──────────────────────────────────────────────────────────────────────────────


def _rewritten(equation: Any, space: str, names: Names, found: Found) -> str:
    """Return an equation as PySD's parser takes it; one that is not understood as it stands."""
    text = equation.text or ""
    owner = equation.getparent()
    while owner.get("name") is None and owner.getparent() is not None:
        owner = owner.getparent()
    name = owner.get("name", "")
    writer = Writer(xmile=True, names=found.names)
    module = owner.get(MODULE, "")
    if not text.strip():
        found.faults.append((name, "has no equation"))
        return text
    try:
        reader = Reader(tokens(text.replace("\\n", "_"), xmile=True), xmile=True)
        numbers = _listed(reader) or literal_sum(reader.tokens)
        if numbers is not None:
            return numbers
        tree = reader.expression()
        reader.end()
        return writer.text(Translator(names, module).tree(tree))
    except EquationError as error:
        found.faults.append((name.replace("\\n", " "), str(error)))
        return text


def _listed(reader: Reader) -> str | None:
    """Return a list of numbers, or None where the equation is something else."""
    if any(t.text in (",", ";") for t in reader.tokens) and all(
        t.kind == "number" or t.text in (",", ";", "-") for t in reader.tokens
    ):
        return "".join(t.text for t in reader.tokens)
    return None


def _call(name: str, *parts: Tree) -> Tree:
    return Tree("call", name, parts)


def _number(value: float) -> Tree:
    return Tree("number", repr(value))


@dataclass
class Translator:
    """Puts Stella's functions and arrays in terms of what the kernel has.

    ``module`` is the module the equation stands in, if any.
    """

    names: Names
    module: str = ""

    def tree(self, tree: Tree, *, reducing: bool = False) -> Tree:
        """Return a tree of this language's functions; ``reducing`` inside a SUM and the like."""
        if tree.kind == "name":
            return self._name(tree, reducing)
        if tree.kind == "call":
            return self._function(tree, reducing)
        parts = tuple(self.tree(part, reducing=reducing) for part in tree.parts)
        if tree.kind == "//":
            return _call("safediv", *parts)
        return Tree(tree.kind, tree.text, parts, tree.subscripts)

    def _inside(self, tree: Tree) -> Tree:
        """Return a name as the whole document knows it: those of a module come first."""
        own = f"{self.module}.{plain(tree.text)}"
        if self.module and plain(own) in self.names.variables:
            return Tree(tree.kind, f'"{own}"', tree.parts, tree.subscripts)
        return tree

    def _name(self, tree: Tree, reducing: bool) -> Tree:
        tree = self._inside(tree)
        name = plain(tree.text)
        if name in self.names.variables:
            return self._array(tree, reducing)
        if tree.subscripts is None:
            if name in _CLOCK:
                return Tree("name", _CLOCK[name])
            if name == "pi":
                return _number(math.pi)
        if "." in tree.text and not tree.text.startswith('"'):
            head, _, element = tree.text.partition(".")
            if plain(head) in self.names.ranges:  # an element by its range
                return Tree("name", element)
        return self._array(tree, reducing)

    def _array(self, tree: Tree, reducing: bool) -> Tree:
        """Return a reference with every subscript by name, open ones marked as reduced."""
        dims = self.names.arrays.get(plain(tree.text), ())
        if tree.subscripts is None:
            if not reducing or not dims:
                return tree
            return Tree("name", tree.text, (), tuple(f"{dim}!" for dim in dims))
        if dims and len(dims) != len(tree.subscripts):
            raise EquationError(
                f'uses "{tree.text}" with {len(tree.subscripts)} subscripts, it has {len(dims)}'
            )
        out = []
        for number, subscript in enumerate(tree.subscripts):
            dim = dims[number] if dims else ""
            out.append(self._subscript(subscript, dim))
        return Tree("name", tree.text, (), tuple(out))

    def _subscript(self, subscript: str, dim: str) -> str:
        if subscript == "*":
            if not dim:
                raise EquationError("has [*] on something that is no array")
            return f"{dim}!"
        bare = subscript.strip('"')
        elements = self.names.ranges.get(plain(dim), ("", ()))[1]
        if bare.isdigit() and elements and bare not in elements:
            if not 1 <= int(bare) <= len(elements):
                raise EquationError(f'has subscript {bare}, "{dim}" has {len(elements)} elements')
            return elements[int(bare) - 1]
        head, dot, element = bare.partition(".")
        return element if dot and plain(head) in self.names.ranges else subscript

    # ── functions ──────────────────────────────────────────────────────────────────────────

    def _function(self, tree: Tree, reducing: bool) -> Tree:
        tree = self._inside(tree)
        name = plain(tree.text)
        if name in self.names.macros:
            return self._macro(tree, self.names.macros[name])
        if name in self.names.variables or name.startswith(("lookup", "gf")):
            return self._lookup(tree, name, reducing)
        whole = name in _REDUCERS or (name in _EXTREMES and len(tree.parts) == 1)
        if name == "size":
            return self._size(tree)
        parts = [self.tree(part, reducing=reducing or whole) for part in tree.parts]
        if name in _REDUCERS and len(parts) == 1:
            return self._reduce(_REDUCERS[name], parts[0])
        if name in ("min", "max") and len(parts) > 2:
            out = parts[0]
            for part in parts[1:]:
                out = _call(name, out, part)
            return out
        made = _FUNCTIONS.get((name, len(parts)))
        if made is not None:
            return made(*parts)
        if name in _ARITY and len(parts) not in _ARITY[name]:
            counts = " or ".join(map(str, _ARITY[name]))
            raise EquationError(f"has {tree.text} with {len(parts)} arguments, it takes {counts}")
        return Tree("call", tree.text, tuple(parts), tree.subscripts)

    def _macro(self, tree: Tree, defaults: list[str | None]) -> Tree:
        """Return a call of a macro, arguments that are left out by their defaults."""
        parts = [self.tree(part) for part in tree.parts]
        for default in defaults[len(parts) :]:
            if default is None:
                break
            reader = Reader(tokens(default, xmile=True), xmile=True)
            parts.append(self.tree(reader.expression()))
        return Tree("call", tree.text, tuple(parts))

    def _lookup(self, tree: Tree, name: str, reducing: bool) -> Tree:
        parts = list(tree.parts)
        if name == "lookup" and len(parts) == 2 and parts[0].kind == "name":
            table = parts.pop(0)
            self.names.looked_up.add(plain(table.text))
            tree = Tree("call", table.text, (), table.subscripts)
        elif name in ("lookupinv", "lookupmean", "lookuparea") and parts[0].kind == "name":
            self.names.looked_up.add(plain(parts[0].text))
            tree = Tree("call", "lookup_invert" if name == "lookupinv" else tree.text)
            rest = [self.tree(part, reducing=reducing) for part in parts[1:]]
            return Tree("call", tree.text, (parts[0], *rest))
        done = tuple(self.tree(part, reducing=reducing) for part in parts)
        return Tree("call", tree.text, done, tree.subscripts)

    def _size(self, tree: Tree) -> Tree:
        if len(tree.parts) == 1 and tree.parts[0].kind == "name":
            (part,) = tree.parts
            name = plain(part.text)
            if name in self.names.ranges and name not in self.names.variables:
                return _number(float(len(self.names.ranges[name][1])))
            marked = self._array(part, True)
            return _number(float(math.prod(self._widths(marked))))
        raise EquationError("has SIZE of something that is no array")

    def _reduce(self, name: str, part: Tree) -> Tree:
        if name != "mean":
            return _call(name, part)
        widths = self._widths(part)
        if not widths:
            raise EquationError("has MEAN of something that is no array")
        return Tree("/", "", (_call("sum", part), _number(float(math.prod(widths)))))

    def _widths(self, tree: Tree) -> list[int]:
        """Return the lengths of the ranges marked as reduced in a tree."""
        marked: dict[str, None] = {}
        todo = [tree]
        while todo:
            one = todo.pop()
            marked |= dict.fromkeys(s for s in one.subscripts or () if s.endswith("!"))
            todo += one.parts
        return [len(self.names.ranges[plain(s[:-1])][1]) for s in marked]


def _below(x: Tree) -> Tree:
    """Return the largest whole number that is not above ``x``."""
    whole = _call("int", x)
    return Tree("-", "", (whole, Tree("<", "", (x, whole))))


def _spread(mean: Tree, spread: Tree, seed: Tree) -> Tree:
    reach = Tree("*", "", (_number(12.0), spread))
    low, high = (Tree(sign, "", (mean, reach)) for sign in "-+")
    return _call("random_normal", low, high, mean, spread, seed)


def _wave(function: str) -> Callable[[Tree, Tree], Tree]:
    def made(size: Tree, period: Tree) -> Tree:
        turn = Tree("*", "", (_number(2 * math.pi), Tree("name", "time")))
        return Tree("*", "", (size, _call(function, Tree("/", "", (turn, period)))))

    return made


_ZERO, _START = _number(0.0), Tree("name", "initial_time")
_FUNCTIONS: Mapping[tuple[str, int], Callable[..., Tree]] = {
    ("int", 1): _below,
    ("mod", 2): lambda a, b: _call("modulo", a, b),
    ("round", 1): lambda x: _below(Tree("+", "", (x, _number(0.5)))),
    ("percent", 1): lambda x: Tree("*", "", (x, _number(100.0))),
    ("log10", 1): lambda x: _call("log", x, _number(10.0)),
    ("logn", 1): lambda x: _call("ln", x),
    ("step", 1): lambda height: _call("step", height, _START),
    ("ramp", 1): lambda slope: _call("ramp", slope, _START),
    ("pulse", 1): lambda size: Tree("/", "", (size, Tree("name", "time_step"))),
    ("previous", 2): lambda x, first: _call("delay", x, Tree("name", "time_step"), first),
    ("random", 2): lambda a, b: _call("random_uniform", a, b, _ZERO),
    ("random", 3): lambda a, b, seed: _call("random_uniform", a, b, seed),
    ("uniform", 2): lambda a, b: _call("random_uniform", a, b, _ZERO),
    ("uniform", 3): lambda a, b, seed: _call("random_uniform", a, b, seed),
    ("normal", 2): lambda mean, spread: _spread(mean, spread, _ZERO),
    ("normal", 3): _spread,
    ("npv", 2): lambda stream, rate: _call("npv", stream, rate, _ZERO, _number(1.0)),
    ("npv", 3): lambda stream, rate, first: _call("npv", stream, rate, first, _number(1.0)),
    ("sinwave", 2): _wave("sin"),
    ("coswave", 2): _wave("cos"),
}
