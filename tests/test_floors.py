"""Imports go only down, heavy packages stay in their rooms, and ``--help`` loads none of them."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "sdensemble"

# A room may import rooms of lower floors only. Rooms of one floor do not know each other.
FLOORS = {
    0: ("errors", "cache", "rng", "lang"),
    1: ("model", "distributions", "history"),
    2: ("kernel", "section"),
    3: ("draws", "forcing", "scenarios", "vensim_files"),
    4: ("ensemble", "convert", "crosscheck", "given", "loops", "variants"),
    5: ("outputs", "calibration"),
    6: ("study",),
    7: ("job", "outlay", "reference", "scaffold", "single"),
    8: ("standing", "evidence", "modelset", "validation"),
    9: ("cli",),
}
FLOOR = {room: floor for floor, rooms in FLOORS.items() for room in rooms}

# What readers of a study's files may know of the kernel: the shape of what it is given, and
# random numbers made in machine code.
NARROW = {("draws", "kernel"), ("forcing", "kernel"), ("scenarios", "kernel")}
NARROW_DOORS = ("sdensemble.kernel.inputs.", "sdensemble.kernel.uniform.")

# package → the places that may import it
ONLY_IN = {
    "matplotlib": ("outputs/figures/", "outputs/fonts.py", "outputs/write/picture.py"),
    "pysd": ("model/parse.py", "model/oracle.py"),
    "simlin": ("crosscheck.py",),
    "click": ("cli.py",),
    "llvmlite": ("kernel/native.py",),
    "pint": ("model/units.py",),
    "numba": (),
}
NEVER_IN = {"xarray": ("kernel/", "model/")}
HEAVY = ("numpy", "scipy", "pandas", "pysd", "matplotlib", "xarray", "llvmlite", "pint", "netCDF4")

MODULES = sorted(PACKAGE.rglob("*.py"))


def _name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def _room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _imports(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, full dotted name) of every import, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{_name(path)}:{node.lineno}: a relative import"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def _own(path: Path) -> Iterator[tuple[int, str, str]]:
    """Yield (line, room, full name) of what a module imports from other rooms of the package."""
    for line, name in _imports(path):
        parts = name.split(".")
        if parts[0] != "sdensemble" or parts[1] == "__version__" or parts[1] == _room(path):
            continue
        yield line, parts[1], name


def test_every_room_has_a_floor():
    rooms = {_room(path) for path in MODULES} - {"__init__"}
    assert rooms == set(FLOOR)


def test_imports_go_only_down():
    wrong = [
        f"{_name(path)}:{line} (floor {FLOOR[_room(path)]}) imports {name} (floor {FLOOR[room]})"
        for path in MODULES
        if _room(path) != "__init__"  # the package's own page of contents; lazy
        for line, room, name in _own(path)
        if FLOOR[room] >= FLOOR[_room(path)]
    ]
    assert not wrong, "\n".join(wrong)


def test_readers_of_a_study_know_only_what_a_kernel_is_given():
    wrong = [
        f"{_name(path)}:{line} imports {name}"
        for path in MODULES
        for line, room, name in _own(path)
        if (_room(path), room) in NARROW and not name.startswith(NARROW_DOORS)
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
