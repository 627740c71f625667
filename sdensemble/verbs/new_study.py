"""A new study from a model file: the folder a person then fills with what they know."""

from __future__ import annotations

import csv
import io
import itertools
import json
import math
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sdengine.errors import Message, SDError
from sdengine.kernel import compile_model
from sdengine.model.describe import levers
from sdengine.model.read import read_model
from sdengine.syntax import Call, Kind, Model, Ref, Variable, fold
from sdensemble.ensemble.run import whole_years
from sdensemble.inputs.config import span
from sdensemble.inputs.folder import whole_folder
from sdensemble.inputs.naming import model_label
from sdensemble.inputs.targets import COLUMNS, unit_of
from sdensemble.lang import Words, in_all, phrase
from sdensemble.study import MODEL_KINDS, open_study


@dataclass(frozen=True)
class Headline:
    """What the study's target speaks of: a variable, or one element of it, and its parts."""

    variable: Variable
    element: str
    aggregate: str
    components: Variable | None


def new_study(model_path: Path, folder: Path, headline: str | None = None) -> tuple[Path, ...]:
    """Make a study in ``folder`` around a copy of a model; return the files written.

    ``headline`` names the variable the target speaks of, the first stock where it is left out.
    The folder is written whole or not at all. Raises SDError where something is there already,
    or where the model cannot be run.
    """
    model_path, folder = Path(model_path), Path(folder)
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        told = "{folder}: is not empty; a new study needs a folder of its own"
        raise SDError(told, folder=folder)
    if model_path.suffix.lower() not in MODEL_KINDS:
        kinds = ", ".join(MODEL_KINDS)
        raise SDError("{file}: a model file ends in {kinds}", file=model_path.name, kinds=kinds)
    model = read_model(model_path)
    whole_years(model)
    chosen = _headline(model, headline)
    texts = {
        "scenarios/baseline.toml": _baseline(),
        "scenarios/targets.csv": _targets(model, chosen),
        "calibration/priors.toml": _priors(model),
        "outputs/report.toml": _report(model, chosen),
        "README.md": _readme(model),
    }
    with whole_folder(folder) as partial:
        for name, text in texts.items():
            (partial / name).parent.mkdir(exist_ok=True)
            (partial / name).write_bytes(text.encode())
        copied = _copy_model(model_path, partial / "model")
        problems = open_study(partial).check()
        if problems:
            raise SDError(problems)
    return tuple(folder / name for name in [*copied, *texts])


def _copy_model(path: Path, place: Path) -> list[str]:
    """Copy a model and the labels beside it; return their names in the study."""
    place.mkdir()
    beside = [path, path.with_name("labels.csv")]
    names = [file.name for file in beside if file.is_file()]
    for name in names:
        shutil.copyfile(path.with_name(name), place / name)
    return [f"{place.name}/{name}" for name in names]


# ── the headline ───────────────────────────────────────────────────────────────────────────


def _headline(model: Model, name: str | None) -> Headline:
    """Return the headline: the named variable or the first stock, its sum where one has a range."""
    if name is None:
        stocks = [v for v in model.variables.values() if v.kind is Kind.STOCK]
        if not stocks:
            told = "{file}: has no stock; name a variable with --headline"
            raise SDError(told, file=model.path.name)
        variable = min(stocks, key=lambda v: len(v.dims))
    else:
        variable = model[name]
    if variable.kind in (Kind.CONSTANT, Kind.LOOKUP):
        told = '"{name}": is a {kind}; a headline must move'
        raise SDError(told, name=variable.name, kind=Message(variable.kind.value))
    whole = variable
    if variable.dims:
        whole = next((w for w, part in _sums(model) if part is variable), variable)
    components = next((part for w, part in _sums(model) if w is whole), None)
    if whole.dims and len(whole.dims) > 1:
        told = '"{name}": has {n} ranges; name another --headline'
        raise SDError(told, name=whole.name, n=len(whole.dims))
    if whole.dims:
        components = whole
    element = model.elements(whole.dims[0])[0] if whole.dims else ""
    return Headline(whole, element, _aggregate(model, whole), components)


def _sums(model: Model) -> Iterator[tuple[Variable, Variable]]:
    """Yield each scalar that is the sum of another variable over its one range, with that one."""
    for whole in model.variables.values():
        expr = whole.equations[0].expr if len(whole.equations) == 1 and not whole.dims else None
        if not (isinstance(expr, Call) and expr.function == "sum"):
            continue
        inside = expr.args[0]
        part = model.variables.get(inside.name) if isinstance(inside, Ref) else None
        if part is None or len(part.dims) != 1 or not isinstance(inside, Ref):
            continue
        if fold(inside.subscripts[0].rstrip("!")) == fold(part.dims[0]):
            yield whole, part


def _aggregate(model: Model, variable: Variable) -> str:
    """Return how a year of a variable becomes one number: a rate adds up, a stock ends."""
    if unit_of(variable, "annual", model.clock) is not None:
        return "annual"
    return "end" if variable.kind is Kind.STOCK else "mean"


# ── the files ──────────────────────────────────────────────────────────────────────────────


def _targets(model: Model, headline: Headline) -> str:
    """Return a table of one example: the headline reaches in the last year what it does alone."""
    variable = headline.variable
    year = whole_years(model)[1][-1]
    row = {
        "id": "example",
        **in_all(phrase("new.example", name=model_label(model, variable.name))),
        "variable": variable.name,
        "element": headline.element,
        "aggregate": headline.aggregate,
        "year": year,
        "comparator": ">=",
        "value": f"{float(f'{_default_value(model, headline, year):.3g}'):.12g}",
        "unit": unit_of(variable, headline.aggregate, model.clock),
        "measure": variable.name,
        "headline": 1,
        "note": "EXAMPLE: the model's own value at its default constants; write your own goal",
    }
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", extrasaction="ignore")
    writer.writeheader()
    writer.writerow(row)
    return "\ufeff" + text.getvalue()


def _default_value(model: Model, headline: Headline, year: int) -> float:
    """Return the headline's value in a year at the model's own constants, 0 where it has none."""
    every, years = whole_years(model)
    name = headline.variable.name
    run = compile_model(model).run(report=[name], totals=[name], every=every)
    at = years.index(year)
    kept = run.values[name][at + 1] if headline.aggregate == "end" else run.totals[name][at]
    value = float(kept.ravel()[0])
    return value if math.isfinite(value) else 0.0


def _priors(model: Model) -> str:
    """Return a stub for each constant: uniform over its limits, or a comment that says why not."""
    stubs, left = [], []
    for constant in model.constants():
        low, high = constant.limits
        if constant in levers(model):
            left.append(f"{constant.name}: a lever, set by scenarios")
        elif low is None or high is None or not low < high:
            left.append(f"{constant.name}: its limits leave no range ({span(constant)})")
        else:
            stubs.append(_prior(constant, low, high))
    comments = [f"#   {line}" for line in left]
    if comments:
        comments = ["# Constants without a prior keep the model's own value:", *comments, ""]
    return "\n".join([PRIORS, *comments, *stubs])


def _prior(constant: Variable, low: float, high: float) -> str:
    each = "each = true\n" if constant.dims else ""
    return f"""[[prior]]
constant = {_quoted(constant.name)}
{each}distribution = "uniform"
low = {float(low)!r}
high = {float(high)!r}
unit = {_quoted(constant.unit or "Dmnl")}
basis = "ASSUMPTION: the limits in the model file; replace by what is known"
kind = "structural"
assumption = true
"""


def _report(model: Model, headline: Headline) -> str:
    name = headline.variable.name
    lines = [
        REPORT,
        "[headline]",
        f"variable = {_quoted(name)}",
        *([f"element = {_quoted(headline.element)}"] if headline.element else []),
        f'aggregate = "{headline.aggregate}"',
        *_told(model_label(model, name)),
    ]
    if headline.components is not None:
        lines += [
            f"components = {_quoted(headline.components.name)}",
            f"range = {_quoted(headline.components.dims[0])}",
        ]
    return "\n".join([*lines, ""])


def _baseline() -> str:
    title, purpose = phrase("new.baseline"), phrase("new.baseline_purpose")
    tables = (
        ["", f"[{key}]", *_told(said)] for key, said in (("title", title), ("purpose", purpose))
    )
    return "\n".join([BASELINE, *itertools.chain(*tables), ""])


def _readme(model: Model) -> str:
    return f"# Study of {model.path.name}\n{''.join(in_all(phrase('new.readme')).values())}"


def _told(words: Words) -> list[str]:
    """Return words as TOML writes them, a line for each language."""
    return [f"{lang} = {_quoted(text)}" for lang, text in in_all(words).items()]


def _quoted(text: str) -> str:
    """Return a text as TOML writes it."""
    return json.dumps(text, ensure_ascii=False)


BASELINE = """\
# The world without a policy: nothing is set. Copy this file to make a scenario; its name is the
# file's name. A lever is set under [levers], a stress of the world under [world], for example
#   "name of a constant" = { value = 1.5, start = 2, unit = "Dmnl" }
order = 1
"""

PRIORS = """\
# What is uncertain. Every number here is an ASSUMPTION made from the model's own limits: put a
# distribution you can defend in its place, or delete the entry and the model's value stands.
# Sobol columns follow the order of this file: append new priors at the end.
"""

REPORT = """\
# What a run keeps, and what its tables and figures show. Further tables ([[regime]], [[payer]],
# [history], [units], [labels]) are explained in sdensemble/inputs/report.py.
"""
