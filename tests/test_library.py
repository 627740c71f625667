"""What a notebook uses: examples in docstrings and in docs/library.md run; results convert."""

import doctest
import importlib
import re
from pathlib import Path

import numpy as np
import pytest

from sdensemble import (
    SDError,
    compile_model,
    read_model,
    salib_problem,
    to_arviz_dict,
    to_dataset,
    to_ema,
)
from sdensemble.inputs.distributions import Normal, Uniform
from sdensemble.inputs.priors import Prior, Priors
from sdensemble.inputs.vensim import read_optimisation

ROOT = Path(__file__).resolve().parent.parent
MODEL = """
region: north, south ~~|
price[region] = 3, 4 ~ Yuan [0,10] ~|
growth = 0.1 ~ 1/Year [0,1] ~|
free = 1 ~~|
sales[region] = INTEG(growth * sales[region] * free, price[region]) ~ Yuan ~ 中文: 销售; EN: Sales|
member = 3 * growth ~~|
"""


@pytest.fixture
def model(write_model):
    return read_model(write_model(MODEL))


@pytest.fixture
def kernel(model):
    return compile_model(model)


@pytest.mark.parametrize(
    "module",
    [
        "sdensemble",
        "sdengine",
        "sdengine.kernel",
        "sdengine.model.read",
        "sdengine.syntax",
        "sdensemble.verbs.run_file",
        "sdensemble.inputs.vensim.text",
    ],
)
def test_the_examples_in_docstrings_run(module, monkeypatch):
    monkeypatch.chdir(ROOT)
    found = doctest.testmod(importlib.import_module(module))
    assert found.failed == 0


NEEDS = "<!-- needs arviz -->"  # stands before an example that takes a library of its own


def run_blocks(page: str, without: str) -> None:
    """Run the Python of a page, but for what stands behind a mark, or in a section of a title."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    shown: dict[str, object] = {}
    for section in re.split(r"^## ", text, flags=re.M):
        if not section.lower().startswith(without):
            for mark, block in re.findall(
                r"^(<!-- needs \w+ -->\n)?```python\n(.*?)^```$", section, re.M | re.S
            ):
                if mark.strip() != without:
                    exec(compile(block, page, "exec"), shown)


@pytest.mark.parametrize("page", ["library.md", "library.zh.md"])
def test_the_examples_of_the_page_run(page, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    run_blocks(page, without=NEEDS)
    printed = capsys.readouterr().out
    assert "(500, 31)" in printed
    assert "teacup.mdl: 64 members" in printed


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_the_example_with_arviz_runs(monkeypatch, capsys):
    pytest.importorskip("arviz")
    monkeypatch.chdir(ROOT)
    run_blocks("library.md", without="set anything")
    line = next(x for x in capsys.readouterr().out.splitlines() if x.startswith("room temp"))
    mean, spread = map(float, line.split()[2:4])
    assert mean == pytest.approx(20, abs=0.5)
    assert spread == pytest.approx(3, abs=0.4)


def test_both_languages_of_the_page_show_the_same_code():
    code = [
        re.findall(r"^```\w+\n.*?^```$", (ROOT / "docs" / page).read_text("utf-8"), re.M | re.S)
        for page in ("library.md", "library.zh.md")
    ]
    assert code[0] == code[1]
    assert len(code[0]) == 7


def test_a_kernel_takes_names_as_pysd_writes_them():
    kernel = compile_model(read_model(ROOT / "examples" / "teacup" / "model" / "teacup.mdl"))
    run = kernel.run({"Room_Temperature": 10}, report=["teacup_temperature"])
    assert list(run.values) == ["teacup temperature"]


def test_a_python_name_two_variables_share_is_not_accepted(write_model):
    model = read_model(write_model('"a (b)" = 1 ~~|\n"a b?" = 2 ~~|\n"c %" = 3 ~~|\n'))
    assert model.name_of("a_b") is None
    assert model.name_of("c_") == '"c %"'


def test_a_dataset_has_labelled_time_ranges_and_members(kernel):
    constants = {"growth": [0.0, 0.1], "price": [5, 6]}
    run = kernel.run(constants, report=["sales", "member"], totals=["sales"])
    data = to_dataset(run, kernel, constants)
    assert data["sales"].dims == ("time", "region", "member")
    assert list(data.region.values) == ["north", "south"]
    assert data["sales"].sel(time=2, region="south", member=0) == 6
    assert data["sales"].attrs == {"unit": "Yuan", "zh": "销售", "en": "Sales"}
    assert data["growth"].dims == ("member",)
    assert data["price"].dims == ("region",)
    total = data["integral of sales"]
    assert total.sel(region="south", member=0).sum() == 12
    assert total.attrs["unit"] == "Yuan*Year"
    assert data["member (variable)"].dims == ("time", "member")


def test_ema_gets_experiments_and_outcomes_by_experiment_and_time(kernel):
    constants = {"growth": [0.0, 0.1, 0.2], "price": [5, 6]}
    run = kernel.run(constants, report=["sales"])
    experiments, outcomes = to_ema(run, kernel, constants)
    assert list(experiments.columns) == [
        "growth",
        "price[north]",
        "price[south]",
        "scenario",
        "policy",
        "model",
    ]
    assert experiments["price[south]"].tolist() == [6, 6, 6]
    assert experiments["scenario"].dtype == "category"
    assert set(outcomes) == {"TIME", "sales[north]", "sales[south]"}
    assert outcomes["sales[south]"].shape == outcomes["TIME"].shape == (3, 9)
    np.testing.assert_array_equal(outcomes["sales[south]"][1], run.values["sales"][:, 1, 1])


def prior(constant, distribution, cells=((),), each=False):
    return Prior(
        constant,
        None,
        each,
        False,
        distribution,
        "",
        "",
        None,
        "structural",
        False,
        None,
        ("history",),
        cells,
    )


def test_salib_gets_names_and_bounds_from_limits_priors_and_search_ranges(model):
    assert salib_problem(model) == {
        "num_vars": 2,
        "names": ["price", "growth"],
        "bounds": [[0, 10], [0, 1]],
    }
    priors = Priors((prior("growth", Uniform(0.1, 0.2)), prior("free", Normal(0, 1))))
    found = salib_problem(priors, mass=0.9)
    assert found["bounds"][0] == pytest.approx([0.1, 0.2])
    assert found["bounds"][1] == pytest.approx([-1.645, 1.645], abs=1e-3)
    control = read_optimisation(ROOT / "tests" / "data" / "vensim" / "teacup.voc")
    assert salib_problem(control.ranges[:1])["names"] == ["characteristic time"]


def test_salib_gets_a_name_for_each_element_drawn_by_itself(model):
    priors = Priors((prior("price", Uniform(1, 2), ((0,), (1,)), each=True),))
    assert salib_problem(priors, model)["names"] == ["price[north]", "price[south]"]
    with pytest.raises(SDError, match="give the model"):
        salib_problem(priors)


def test_salib_is_refused_bounds_that_are_open_or_empty():
    control = read_optimisation(ROOT / "tests" / "data" / "vensim" / "teacup.voc")
    with pytest.raises(SDError, match='"lid" has no two finite bounds'):
        salib_problem(control.ranges)
    with pytest.raises(SDError, match='"x": the lower bound'):
        salib_problem({"x": (2, 2)})
    with pytest.raises(SDError, match="no factor"):
        salib_problem({})


def test_arviz_gets_chain_draw_and_shape():
    values = {"a": np.arange(6), "b": np.arange(12).reshape(2, 6)}
    found = to_arviz_dict(values, chains=2)
    np.testing.assert_array_equal(found["a"], [[0, 1, 2], [3, 4, 5]])
    assert found["b"].shape == (2, 3, 2)
    np.testing.assert_array_equal(found["b"][1, 0], [3, 9])
    with pytest.raises(SDError, match="6 members are not 4 chains"):
        to_arviz_dict(values, chains=4)
