"""The notebook in examples/ runs from top to bottom and shows what its text says."""

from __future__ import annotations

import json

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest


@pytest.fixture
def cells(root):
    path = root / "examples/notebook/from_mdl_to_sobol.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert all(not cell.get("outputs") for cell in notebook["cells"])
    return ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code"]


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
def test_the_notebook_runs_from_a_vensim_file_to_a_sobol_plot(cells, root, monkeypatch, capsys):
    pytest.importorskip("SALib")
    monkeypatch.chdir(root / "examples/notebook")
    mpl.use("Agg")
    shown: dict = {}
    try:
        for number, cell in enumerate(cells):
            exec(compile(cell, f"cell {number}", "exec"), shown)
        assert len(plt.get_fignums()) == 3
    finally:
        plt.close("all")
    assert shown["answer"].shape == (len(shown["points"]),)
    first, total = shown["indices"]["S1"], shown["indices"]["ST"]
    assert first.sum() == pytest.approx(1, abs=0.1)
    np.testing.assert_array_less(first - 0.05, total)
    assert first[1] > first[0]  # the cup matters more than the room
    assert "characteristic time" in capsys.readouterr().out
