"""Kernels as WebAssembly, run in Node: the values of the native kernel, to rounding."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from scipy.special import gammaln

from sdengine import compile_model, read_model
from sdengine.kernel import Kernel
from sdengine.native.wasm import HEADER, constants_end
from tests.open_models import Row, euler, rows

NODE = shutil.which("node")
LANES = 8  # two strips of four
ROWS = rows()
BESIDE_ONE = np.nextafter(1, [0, 2])
EDGES = np.array([0.0, 1.0, -1.0, -3.0, 1e300, 1e-300, 5e-5, *BESIDE_ONE])
EXPONENTS = np.array([0.0, 3.0, -2.0, 0.5])


def stored(folder: Path, kernel: Kernel) -> np.ndarray:
    """Write a kernel for Node; return the native values of a member, (time, number)."""
    names = [name for name in kernel.program.slots if name in kernel.model]
    made = kernel.wasm(report=names, lanes=LANES)
    folder.mkdir()
    (folder / "kernel.wasm").write_bytes(made.module)
    (folder / "layout.json").write_text(json.dumps(made.layout).replace("NaN", "null"))
    run = kernel.run(report=names)
    native = [run.values[name][..., 0].reshape(len(run.times), -1) for name in names]
    return np.concatenate(native, axis=1)


def in_node(folders: list[Path]) -> None:
    script = Path(__file__).with_name("wasm_run.js")
    done = subprocess.run(
        [str(NODE), str(script), *map(str, folders)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]


def worst(folder: Path, native: np.ndarray) -> float:
    """Return the largest difference, as a share of the largest value of its variable."""
    found = np.fromfile(folder / "out.bin").reshape(len(native), -1, LANES)
    out = found[..., 0]
    same = (out == native) | ~np.isfinite(native)
    scale = np.abs(np.where(np.isfinite(native), native, 0.0)).max(axis=0)
    with np.errstate(all="ignore"):
        away = np.where(same, 0.0, np.abs(out - native) / scale)
    return float(np.nanmax(away, initial=0.0))


def test_a_module_has_a_header_and_says_where_its_constants_end() -> None:
    kernel = compile_model(read_model("examples/teacup/model/teacup.mdl"))
    module = kernel.wasm(report=["teacup temperature"]).module
    assert module.startswith(HEADER)
    assert 0 < constants_end(module) < 2**16


def differing(chosen: list[Row], place: Path) -> dict[str, float]:
    """Return by how much each row differs in Node, those that do by more than rounding."""
    natives = {}
    for number, row in enumerate(chosen):
        kernel = compile_model(euler(read_model(row.path)))
        natives[row.name] = place / str(number), stored(place / str(number), kernel)
    in_node([folder for folder, _ in natives.values()])
    found = {name: worst(folder, native) for name, (folder, native) in natives.items()}
    return {name: apart for name, apart in found.items() if apart > 1e-12}


@pytest.mark.skipif(NODE is None, reason="Node is not installed")
def test_open_models_run_in_node_as_they_do_natively(tmp_path: Path) -> None:
    assert not differing(ROWS[::40], tmp_path)


@pytest.mark.full
@pytest.mark.skipif(NODE is None, reason="Node is not installed")
def test_every_open_model_runs_in_node_as_it_does_natively(tmp_path: Path) -> None:
    assert len(ROWS) > 160
    assert not differing(ROWS, tmp_path)


@pytest.mark.skipif(NODE is None, reason="Node is not installed")
@pytest.mark.parametrize("lanes", [2, 8])
def test_powers_are_exact_to_a_few_units_and_follow_numpy_at_the_edges(tmp_path, lanes):
    path = tmp_path / "powers.mdl"
    path.write_text(
        "{UTF-8}\ne: (e1-e1000)~~|\nx[e]=1~~|\ny[e]=1~~|\np[e]=POWER(x[e]+0*Time,y[e])~~|\n"
        "INITIAL TIME=0~~|\nFINAL TIME=1~~|\nTIME STEP=1~~|\nSAVEPER=1~~|\n",
        encoding="utf-8",
    )
    rng = np.random.default_rng(8)
    x = np.where(rng.random((1000, lanes)) < 0.5, *np.exp(rng.uniform(-300, 300, (2, 1000, lanes))))
    y = rng.uniform(-2, 2, x.shape)
    x[:300], y[:300] = rng.uniform(0.5, 2.0, (300, lanes)), rng.uniform(-9, 9, (300, lanes))
    x[0, :2], y[0, :2] = [0.0, -3.0], [0.7, 3.0]  # beside ordinary ones
    x[1:37], y[1:37] = np.repeat(EDGES, 4)[:, None], np.tile(EXPONENTS, 9)[:, None]
    made = compile_model(read_model(path)).wasm({"x": x, "y": y}, report=["p"], lanes=lanes)
    with np.errstate(all="ignore"):
        true = np.power(x, y)
        size = 4 + np.abs(y) + np.abs(np.where(np.isfinite(true) & (true > 0), np.log2(true), 0))
    for name, module in (("plain", made.module), ("fused", made.fused)):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "kernel.wasm").write_bytes(module)
        (folder / "layout.json").write_text(json.dumps(made.layout).replace("NaN", "null"))
    in_node([tmp_path / "plain", tmp_path / "fused"])
    for name in ("plain", "fused"):
        found = np.fromfile(tmp_path / name / "out.bin").reshape(2, 1000, lanes)[0]
        ordinary = np.isfinite(true) & (np.abs(true) > 1e-300)
        away = np.abs(found[ordinary] / true[ordinary] - 1) / size[ordinary]
        assert away.max() < 2e-16
        np.testing.assert_allclose(found[~ordinary], true[~ordinary], atol=1e-300)


@pytest.mark.skipif(NODE is None, reason="Node is not installed")
def test_the_log_of_gamma_is_that_of_scipy() -> None:
    x = [*np.linspace(-4.99, 12.01, 60), 26.01]
    script = Path(__file__).parents[3] / "sdensemble/pages/cockpit/kernel.js"
    code = f"console.log(JSON.stringify({json.dumps(x)}.map(require({str(script)!r}).logGamma)))"
    done = subprocess.run([str(NODE), "-e", code], capture_output=True, text=True, check=True)
    np.testing.assert_allclose(json.loads(done.stdout), gammaln(x), rtol=1e-12, atol=1e-13)
