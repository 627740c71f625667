"""EMA Workbench runs a model file through the kernel, one experiment or all at once."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from sdengine.errors import SDError
from sdengine.model.read import read_model
from sdengine.model.settings import with_settings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    ema = pytest.importorskip("ema_workbench")
    from sdensemble.results.ema import KernelEvaluator, SDModel

pytestmark = pytest.mark.filterwarnings("ignore")
EQUATIONS = (
    "r: north,south~~|\nprice[r]=1,2~~|\nbirths=0.1~~|\nfactor=1/2~~|\n"
    "s[r]=INTEG(s[r]*births*factor, price[r])~~|\ntotal=SUM(s[r!])~~|"
)


def run(model, evaluator, scenarios):
    with evaluator(model) as one:
        return one.perform_experiments(scenarios=scenarios)


@pytest.fixture
def model(write_model):
    model = SDModel(with_settings(read_model(write_model(EQUATIONS)), {"factor": 0.5}), "shops")
    model.uncertainties = [
        ema.RealParameter("births", 0, 1),
        ema.RealParameter("factor", 0, 1),
        ema.RealParameter("north", 1, 3, variable_name="price[north]"),
    ]
    model.outcomes = [
        ema.TimeSeriesOutcome("TIME"),
        ema.TimeSeriesOutcome("total"),
        ema.ScalarOutcome("last", variable_name="s[south]", function=lambda values: values[-1]),
    ]
    return model


def test_all_experiments_in_one_call_give_what_one_by_one_gives(model):
    experiments, outcomes = run(model, KernelEvaluator, 40)
    step, count = model.kernel.model.clock.step, model.kernel.model.clock.steps
    growth = (1 + step * experiments["births"] * experiments["factor"]).to_numpy(float) ** count
    np.testing.assert_allclose(outcomes["last"], 2 * growth)
    np.testing.assert_allclose(
        outcomes["total"][:, -1], (experiments["north"].to_numpy(float) + 2) * growth
    )
    for row in range(3):
        names = (("births", "births"), ("factor", "factor"), ("price[north]", "north"))
        given = {name: float(experiments[column][row]) for name, column in names}
        (one,) = model.run_all([given])
        np.testing.assert_array_equal(one["total"], outcomes["total"][row])


def test_experiments_are_run_one_by_one_too(model):
    _, outcomes = run(model, ema.SequentialEvaluator, 3)
    assert outcomes["total"].shape == (3, len(model.kernel.model.clock.times()))


def test_levers_and_policies_are_run_too(model):
    model.levers = [ema.RealParameter("south", 2, 3, variable_name="price[south]")]
    with KernelEvaluator(model) as one:
        experiments, outcomes = one.perform_experiments(scenarios=3, policies=2)
    assert len(experiments) == len(outcomes["last"]) == 6
    assert (outcomes["last"] >= experiments["south"].to_numpy(float)).all()


def test_what_cannot_be_varied_is_said_by_name(write_model):
    model = SDModel(write_model(EQUATIONS), "shops")
    for name, words in (("factor", "with_settings"), ("brths", "births"), ("total", "no constant")):
        with pytest.raises(SDError, match=words):
            model.run_all([{name: 1.0}])
