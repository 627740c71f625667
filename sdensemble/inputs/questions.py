"""Question files: two levers to weigh against each other, and how the cost of one is counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sdengine.syntax import Model
from sdensemble.inputs.config import Section, find_constant
from sdensemble.inputs.scenarios import split_name
from sdensemble.inputs.units import same_unit, total_unit
from sdensemble.lang import LANGS

KEYS = (
    *("title", "purpose", "target", "base", "years", "levels", "discount", "from_year"),
    *("side", "used", "cost", "condition"),
)
KINDS = ("none", "treasury", "forgone")


@dataclass(frozen=True)
class Side:
    """One of two levers: the level asked about, the range of doses, and when it starts."""

    id: str
    lever: str
    label: Mapping[str, str]
    level: float
    low: float | None
    high: float | None
    start: float | None


@dataclass(frozen=True)
class Cost:
    """A price charged for each unit of what the second lever uses; ``kind`` says whose money.

    "none": nobody pays; "treasury": the treasury pays (财政支出); "forgone": revenue forgone
    (让渡土地收益). ``main`` is the one that counts where one is needed.
    """

    id: str
    label: Mapping[str, str]
    price: float
    kind: str
    main: bool


@dataclass(frozen=True)
class Question:
    """What a file asks: two sides, a target, horizons, and the ways to count the second's cost.

    ``used`` is the variable the prices are charged on, ``used_unit`` what is counted.
    ``condition`` splits the members by the mean of a variable under the baseline over ``span``,
    at the two ``bounds``. ``discount`` (for each unit of the
    model's time) and ``from_year`` make money present value.
    """

    name: str
    title: Mapping[str, str]
    purpose: Mapping[str, str]
    target: str
    base: str
    years: tuple[int, ...]
    levels: int
    discount: float
    from_year: float
    sides: tuple[Side, ...]
    used: str
    used_label: Mapping[str, str]
    used_unit: str
    costs: tuple[Cost, ...]
    condition: str
    condition_label: Mapping[str, str]
    span: tuple[int, int]
    bounds: tuple[float, float]
    path: Path = Path()
    digest: str = ""


def read_question(path: Path, model: Model) -> Question:
    """Return the question of a TOML file, named as the file, checked against the model.

    Raise SDError with every problem found.
    """
    top, digest = Section.of_file(path, KEYS)
    years = _years(top, model)
    sides = tuple(_side(table, model) for table in top.entries("side"))
    if len(sides) != 2:
        top.problem("needs two [[side]], has {n}", n=len(sides))
    used = top.table("used")
    used.only(("variable", *LANGS))
    used_name = _variable(used, model)
    costs = tuple(_cost(table, model, used_name) for table in top.entries("cost"))
    if not costs:
        top.problem("needs a [[cost]]: how the second side's cost is counted")
    elif sum(cost.main for cost in costs) != 1:
        top.problem("needs main = true in just one [[cost]]")
    condition = top.table("condition")
    condition.only(("variable", *LANGS, "from", "to", "low", "high"))
    ends = ("from", "to", "low", "high") if condition.values else ()
    numbers = {key: condition.number(key) for key in ends}
    levels = top.number("levels", 15.0)
    if levels is not None and not 3 <= levels <= 60:
        top.problem("levels must be a whole number from 3 to 60, not {levels:g}", levels=levels)
    found = Question(
        name=path.stem,
        title=top.words("title", path.stem),
        purpose=top.words("purpose"),
        target=top.text("target"),
        base=top.text("base") or "baseline",
        years=years,
        levels=int(levels or 15),
        discount=top.number("discount", 0.0) or 0.0,
        from_year=top.number("from_year", model.clock.start) or 0.0,
        sides=sides,
        used=used_name,
        used_label=used.label(),
        used_unit=total_unit(model, used_name) if used_name else "",
        costs=costs,
        condition=_variable(condition, model),
        condition_label=condition.label(),
        span=(int(numbers.get("from") or 0), int(numbers.get("to") or 0)),
        bounds=(numbers.get("low") or 0.0, numbers.get("high") or 0.0),
        path=path,
        digest=digest,
    )
    top.found.raise_if_any()
    return found


def _variable(table: Section, model: Model) -> str:
    """Return a variable's name as the model writes it; empty where none is named or known."""
    written = table.variable("variable", model)
    if written not in model:
        return ""
    if dims := model[written].dims:
        told = '"{written}" is by {range}: name one without elements'
        table.problem(told, written=written, range=dims[0])
    return written


def _years(top: Section, model: Model) -> tuple[int, ...]:
    years, clock = top.listed("years", int), model.clock
    if not years:
        top.problem("years must be a list of years such as [2025, 2030]")
        return (int(clock.stop) - 1,)
    for year in years:
        if not clock.start <= year < clock.stop:
            words = {"year": year, "start": clock.start, "stop": clock.stop - 1}
            top.problem("years: {year} is outside the model's time, {start:g} to {stop:g}", **words)
    return years


def _side(table: Section, model: Model) -> Side:
    table.only(("lever", "unit", *LANGS, "level", "low", "high", "start"))
    name = table.text("lever", needed=True)
    table = table.titled(name)
    variable = find_constant(model, split_name(name)[0], table) if name else None
    if variable is not None and "unit" in table.values:
        given = table.text("unit")
        if not same_unit(given, variable.unit):
            unit = variable.unit or "Dmnl"
            table.problem("unit is {given}, but {unit} in the model", given=given, unit=unit)
    return Side(
        name,
        name,
        table.label(name),
        table.number("level") or 0.0,
        table.optional("low"),
        table.optional("high"),
        table.optional("start"),
    )


def _cost(table: Section, model: Model, used: str) -> Cost:
    table.only(("id", *LANGS, "price", "unit", "kind", "main"))
    name = table.text("id", needed=True)
    table = table.titled(name)
    kind = table.one_of("kind", KINDS, "treasury")
    return Cost(name, table.label(), table.number("price") or 0.0, kind, table.flag("main"))
