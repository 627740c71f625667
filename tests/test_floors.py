"""Imports go only down, by one table; heavy packages stay in their rooms; ``--help`` loads none."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent


class Room(NamedTuple):
    """What a room holds, and the rooms of its package it may import."""

    holds: str
    imports: tuple[str, ...] = ()


# The one table of what may import what. CONTRIBUTING.md shows it:
# `python -m tests.test_floors` writes the page anew.
ROOMS = {
    "sdengine": {
        "errors": Room("one error type for everything a person can mend"),
        "streams": Room("random numbers by address"),
        "recursion": Room("room for deeply nested equations"),
        "limits": Room("how large a model may be, and how to raise it", ("errors",)),
        "syntax": Room("what a model file says: Model, Variable, Expr", ("errors",)),
        "ir": Room(
            "Program: numbered slots and statements, what lowering makes", ("streams", "syntax")
        ),
        "functions": Room(
            "one record for each function: spelling, arguments, meaning, unit, lowering, code",
            ("errors", "limits", "syntax", "ir"),
        ),
        "model": Room(
            "Vensim and XMILE text → Model; its units; a model said in words",
            ("errors", "recursion", "limits", "syntax", "functions"),
        ),
        "program": Room(
            "Model → Program; a slow run of it in NumPy",
            ("errors", "streams", "recursion", "limits", "syntax", "ir", "functions", "model"),
        ),
        "native": Room(
            "Program → plan → LLVM assembly → machine code; the cache folder",
            ("errors", "streams", "recursion", "syntax", "ir", "functions", "program"),
        ),
        "kernel": Room(
            "`compile_model` → `Kernel.run`",
            ("errors", "syntax", "ir", "functions", "model", "program", "native"),
        ),
        "oracle": Room(
            "PySD and pysimlin on the same file: independent judges",
            ("errors", "syntax", "ir", "functions", "model", "program", "native", "kernel"),
        ),
    },
    "sdensemble": {
        "lang": Room("the words of every language, by key"),
        "inputs": Room("every file of a study → frozen values; Vensim's side files", ("lang",)),
        "ensemble": Room(
            "draws, forcing, variants, and the run of all members", ("lang", "inputs")
        ),
        "study": Room(
            "one folder: its files, each read when needed", ("lang", "inputs", "ensemble")
        ),
        "results": Room(
            "probabilities and effects with their errors, stored and read back",
            ("lang", "inputs", "ensemble"),
        ),
        "decide": Room(
            "which lever gets there", ("lang", "inputs", "ensemble", "study", "results")
        ),
        "evidence": Room(
            "likelihood, sampler, posterior; what was learned, forecast, scored, brought in",
            ("lang", "inputs", "ensemble", "study", "results"),
        ),
        "policy": Room(
            "the reading of a policy text: regions, conflicts, ledger, scorecard",
            ("lang", "inputs", "ensemble", "study", "results"),
        ),
        "checks": Room(
            "the validation tests a study declares, and what they found",
            ("lang", "inputs", "ensemble", "study", "results", "decide", "evidence"),
        ),
        "outputs": Room(
            "tables, figures and answers as people read them",
            (
                *("lang", "inputs", "ensemble", "study", "results", "decide", "evidence"),
                *("policy", "checks"),
            ),
        ),
        "pages": Room(
            "a model's reference: pages, diagrams, sketch",
            ("lang", "inputs", "ensemble", "study", "results", "outputs"),
        ),
        "verbs": Room(
            "the command line, and what each verb does",
            (
                "lang",
                "inputs",
                "ensemble",
                "study",
                "results",
                "decide",
                "outputs",
                "evidence",
                "policy",
                "pages",
                "checks",
            ),
        ),
    },
}
MOST = 12  # rooms at the top of a package
LONGEST = 450  # lines of a file

# What readers of a study's files may know of the engine: what a model says, the shape of what a
# kernel is given, random numbers, and not the kernel.
NARROW = (
    *("errors", "streams", "syntax", "model", "program.held"),
    *("native.uniform", "native.cache"),
)
NARROW_ROOMS = ("inputs/", "ensemble/draws.py", "ensemble/forcing.py", "ensemble/processes.py")

# package → the places that may import it
ONLY_IN = {
    "matplotlib": (
        "sdensemble/outputs/figures/",
        "sdensemble/outputs/fonts.py",
        "sdensemble/outputs/write/picture/",
        "sdensemble/outputs/write/diagram.py",
        "sdensemble/outputs/policy/figures/",
    ),
    "pysd": ("sdengine/oracle/pysd.py",),
    "simlin": ("sdengine/oracle/crosscheck.py",),
    "click": ("sdensemble/verbs/",),
    "llvmlite": ("sdengine/native/jit.py",),
    "pint": ("sdengine/model/units.py",),
    "docx": ("sdensemble/outputs/write/docx/",),
    "xlsxwriter": ("sdensemble/outputs/write/xlsx.py",),
    "typst": ("sdensemble/outputs/write/pdf.py",),
    "dask": ("sdensemble/ensemble/cluster.py",),
    "distributed": ("sdensemble/ensemble/cluster.py",),
    "numba": (),
}
NEVER_IN = {"xarray": ("sdengine/",), "netCDF4": ("sdengine/",), "sdensemble": ("sdengine/",)}
HEAVY = ("numpy", "scipy", "pandas", "pysd", "matplotlib", "xarray", "llvmlite", "pint", "netCDF4")
NOT_OF_THE_ENGINE = ("pandas", "xarray", "matplotlib", "click", "pysd")

MODULES = sorted(path for package in ROOMS for path in (ROOT / package).rglob("*.py"))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _room(path: Path) -> tuple[str, str]:
    package, room, *_ = path.relative_to(ROOT).parts
    return package, room.removesuffix(".py")


@cache
def _imports(path: Path) -> tuple[tuple[int, str], ...]:
    """Return (line, full dotted name) of every import, inside functions too."""
    return tuple(_read_imports(path))


def _read_imports(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{_name(path)}:{node.lineno}: a relative import"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def _own(path: Path) -> Iterator[tuple[int, str, str]]:
    """Yield (line, room, full name) of what a module imports from other rooms of its package."""
    package, here = _room(path)
    for line, name in _imports(path):
        parts = name.split(".")
        if parts[0] == package and parts[1] not in ("__version__", here):
            yield line, parts[1], name


def floors(package: str) -> list[list[str]]:
    """Return the rooms of a package from the ground up: each imports lower ones only."""
    left = dict(ROOMS[package])
    found: list[list[str]] = []
    while left:
        free = [name for name, room in left.items() if not set(room.imports) & set(left)]
        assert free, f"{package}: a circle among {', '.join(left)}"
        found.append(free)
        for name in free:
            del left[name]
    return found


def table() -> str:
    """Return the rooms as CONTRIBUTING.md shows them, the highest first."""
    lines = []
    for package, rooms in ROOMS.items():
        lines += [f"| `{package}` | holds | imports |", "|---|---|---|"]
        for floor in reversed(floors(package)):
            for name in floor:
                there = (ROOT / package / name).is_dir()
                shown = ", ".join(f"`{one}`" for one in rooms[name].imports) or "nothing"
                if shown != "nothing" and set(rooms[name].imports) == {
                    r for r in rooms if _below(package, r, name)
                }:
                    shown = "all below"
                lines.append(f"| `{name}{'/' if there else ''}` | {rooms[name].holds} | {shown} |")
        lines.append("")
    return "\n".join(lines)


def _below(package: str, one: str, other: str) -> bool:
    heights = {name: i for i, floor in enumerate(floors(package)) for name in floor}
    return heights[one] < heights[other]


def shown(text: str) -> str:
    """Return the text of CONTRIBUTING.md with the table as it is now."""
    head, _, rest = text.partition("<!-- rooms -->\n")
    _, _, tail = rest.partition("<!-- end of rooms -->")
    assert tail, "CONTRIBUTING.md must hold <!-- rooms --> and <!-- end of rooms -->"
    return f"{head}<!-- rooms -->\n{table()}<!-- end of rooms -->{tail}"


def test_the_page_shows_the_rooms_as_they_are():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert text == shown(text), "run: python -m tests.test_floors"


@pytest.mark.parametrize("package", ROOMS)
def test_every_room_stands_in_the_table_and_they_are_few(package: str):
    rooms = {_room(path)[1] for path in MODULES if _room(path)[0] == package} - {"__init__"}
    assert rooms == set(ROOMS[package])
    assert len(rooms) <= MOST


@pytest.mark.parametrize("package", ROOMS)
def test_no_room_may_import_in_a_circle(package: str):
    assert sum(map(len, floors(package))) == len(ROOMS[package])


def test_rooms_import_only_what_the_table_allows():
    wrong = [
        f"{_name(path)}:{line} imports {name}"
        for path in MODULES
        if _room(path)[1] != "__init__"  # the package's own page of contents; lazy
        for line, room, name in _own(path)
        if room not in ROOMS[_room(path)[0]][_room(path)[1]].imports
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("package", ROOMS)
def test_no_file_imports_in_a_circle(package: str):
    own = [path for path in MODULES if _room(path)[0] == package and _room(path)[1] != "__init__"]
    files = {_dotted(path): path for path in own}
    graph = {name: _files(path, files) - {name} for name, path in files.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        pytest.fail(" imports ".join(reversed(circle.args[1])))


def _dotted(path: Path) -> str:
    return _name(path.with_suffix("")).replace("/", ".").removesuffix(".__init__")


def _files(path: Path, files: Iterable[str]) -> set[str]:
    """Return the files of the project that one imports, inside functions too."""
    named = ((name, name.rpartition(".")[0]) for _, name in _imports(path))
    return {next((one for one in either if one in files), "") for either in named} - {""}


def test_no_file_is_longer_than_a_person_reads_at_a_sitting():
    every = [path for kind in ("*.py", "*.js") for path in ROOT.rglob(kind)]
    own = [path for path in every if path.relative_to(ROOT).parts[0] in ("tests", *ROOMS)]
    lines = {_name(path): path.read_text(encoding="utf-8").count("\n") for path in own}
    long = {name: count for name, count in lines.items() if count > LONGEST}
    assert len(lines) > 500
    assert not long


def test_readers_of_a_study_know_only_what_a_kernel_is_given():
    doors = tuple(f"sdengine.{one}." for one in NARROW)
    wrong = [
        f"{_name(path)}:{line} imports {name}"
        for path in MODULES
        if _name(path).startswith(tuple(f"sdensemble/{room}" for room in NARROW_ROOMS))
        for line, name in _imports(path)
        if name.startswith("sdengine.") and not name.startswith(doors)
    ]
    assert not wrong, "\n".join(wrong)


def test_heavy_packages_stay_in_their_rooms():
    wrong = []
    for path in MODULES:
        for line, name in _imports(path):
            package, here = name.split(".")[0], _name(path)
            allowed, barred = ONLY_IN.get(package), NEVER_IN.get(package, ())
            if (allowed is not None and not here.startswith(allowed)) or here.startswith(barred):
                wrong.append(f"{here}:{line} imports {package}")
    assert not wrong, "\n".join(wrong)


def test_the_engine_alone_loads_no_package_of_the_study(root: Path):
    code = (
        "import importlib, pkgutil, sys, sdengine; from sdengine import *;"
        "[importlib.import_module(m.name) for m in pkgutil.walk_packages(sdengine.__path__,"
        " 'sdengine.')]; print(*{m.split('.')[0] for m in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    assert "sdengine" in loaded
    assert not loaded & {*NOT_OF_THE_ENGINE, "sdensemble"}


HELP = """
import json, runpy, sys
sys.argv = ["run_sim.py", *sys.argv[1:]]
try:
    runpy.run_path("run_sim.py", run_name="__main__")
except SystemExit as end:
    assert not end.code, end.code
print(json.dumps(sorted(sys.modules)))
"""


@pytest.mark.parametrize(
    "verb",
    [
        "",
        "run",
        "check",
        "describe",
        "new",
        "crosscheck",
        "ledger",
        "scorecard",
        "calibrate",
        "backtest",
        "forecast",
        "audit",
        "observe",
        "compare",
        "sensitivity",
        "brief",
        "cockpit",
    ],
)
def test_help_loads_no_heavy_package(verb: str, root: Path):
    command = [sys.executable, "-c", HELP, *verb.split(), "--help"]
    done = subprocess.run(
        command, cwd=root, capture_output=True, text=True, encoding="utf-8", timeout=60
    )
    assert done.returncode == 0, done.stderr
    loaded = json.loads(done.stdout.splitlines()[-1])
    assert "click" in loaded
    assert not set(HEAVY) & set(loaded)


if __name__ == "__main__":
    page = ROOT / "CONTRIBUTING.md"
    page.write_text(shown(page.read_text(encoding="utf-8")), encoding="utf-8")
