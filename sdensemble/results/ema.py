"""EMA Workbench: a model class that runs on our kernel, and all experiments in one call of it.

Works with EMA Workbench 2.5 and 3; needs it only when used.

    from ema_workbench import RealParameter, TimeSeriesOutcome
    from sdensemble.results.ema import KernelEvaluator, SDModel

    model = SDModel("teacup.mdl")
    model.uncertainties = [RealParameter("room_temperature", 10, 30)]
    model.outcomes = [TimeSeriesOutcome("TIME"), TimeSeriesOutcome("teacup_temperature")]
    with KernelEvaluator(model) as evaluator:
        experiments, outcomes = evaluator.perform_experiments(scenarios=10_000)
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ema_workbench.em_framework import points
from ema_workbench.em_framework.evaluators import SequentialEvaluator
from ema_workbench.em_framework.experiment_runner import ExperimentRunner
from ema_workbench.em_framework.model import AbstractModel, SingleReplication
from ema_workbench.em_framework.util import NamedObjectMap
from numpy.typing import NDArray

from sdengine.errors import Problems, SDError, did_you_mean
from sdengine.kernel import compile_model
from sdengine.model.read import read_model
from sdengine.syntax import Model, Variable, fold
from sdensemble.inputs.config import Section, find_cells
from sdensemble.inputs.vensim.text import split_name

Outputs = dict[str, NDArray[np.float64]]


class SDModel(SingleReplication):
    """A Vensim or XMILE model as EMA Workbench knows models.

    ``source`` is a file, or a Model, for instance one of ``with_settings``, in which anything can
    be varied. Parameters are constants by any spelling of their names, or elements of them
    ("price[north]" as ``variable_name``); outcomes are variables, their elements, and "TIME". The
    name is the file's without ``name``, letters and digits only, as EMA asks.
    """

    def __init__(self, source: str | Path | Model, name: str = "", threads: int | None = None):
        model = source if isinstance(source, Model) else read_model(source)
        super().__init__(name or re.sub(r"\W|_", "", model.path.stem) or "model")
        self.kernel = compile_model(model)
        self.threads = threads
        self.replay: Outputs | None = None  # what the next experiment gives, run already
        self.collecting = False  # whether experiments are only asked for their values

    def run_experiment(self, experiment: Mapping[str, Any]) -> Outputs:
        """Return the outputs of one experiment."""
        if self.collecting:
            raise _CollectedError(dict(experiment))
        if self.replay is not None:
            return self.replay
        return self.run_all([experiment])[0]

    def run_all(self, experiments: Sequence[Mapping[str, Any]]) -> list[Outputs]:
        """Return the outputs of many experiments, run in one call of the kernel."""
        constants = self._given(experiments)
        wanted = {name: self._place(name) for name in self.output_variables if fold(name) != "time"}
        run = self.kernel.run(
            constants,
            report=dict.fromkeys(variable.name for variable, _ in wanted.values()),
            members=len(experiments),
            threads=self.threads,
        )
        out: list[Outputs] = []
        for member in range(len(experiments)):
            one: Outputs = {}
            for name in self.output_variables:
                if fold(name) == "time":
                    one[name] = run.times
                    continue
                variable, cells = wanted[name]
                values = np.moveaxis(run.values[variable.name][..., member], 0, -1)
                one[name] = values[cells[0]] if len(cells) == 1 else values
            out.append(one)
        return out

    def _given(self, experiments: Sequence[Mapping[str, Any]]) -> dict[str, NDArray[Any]]:
        model, problems = self.kernel.model, Problems()
        constants: dict[str, NDArray[Any]] = {}
        for key in dict.fromkeys(key for one in experiments for key in one):
            try:
                variable, cells = self._place(key)
            except SDError as error:
                problems.take(error)
                continue
            if variable.value is None:
                what = f'"{variable.name}" is no constant: cut its equation with with_settings'
                problems.add(model.path.name, what)
                continue
            full = constants.setdefault(
                variable.name,
                np.repeat(np.asarray(variable.value)[..., None], len(experiments), axis=-1),
            )
            values = np.array([float(one[key]) for one in experiments])
            for cell in cells:
                full[cell] = values
        problems.raise_if_any()
        return constants

    def _place(self, key: str) -> tuple[Variable, tuple[Any, ...]]:
        """Return the variable a name means and the cells of it."""
        model, problems = self.kernel.model, Problems()
        name = split_name(key) or (key, "")
        written = model.name_of(name[0])
        if written is None:
            near = did_you_mean(name[0], model.variables)
            raise SDError(
                '{file}: no variable "{name}"{near}', file=model.path.name, name=name[0], near=near
            )
        section = Section(f'"{key}"', {}, problems)
        cells = find_cells(model, model[written], name[1], section)
        problems.raise_if_any()
        return model[written], cells


class _CollectedError(Exception):
    """Takes an experiment's values out of EMA's way to a model."""

    def __init__(self, values: dict[str, Any]):
        super().__init__()
        self.values = values


class KernelEvaluator(SequentialEvaluator):
    """Runs all experiments of a design in one call of the kernel for each model."""

    def evaluate_experiments(self, *args: Any, **kwargs: Any) -> None:
        """Run experiments and give each outcome to the callback (used by EMA Workbench)."""
        experiments, callback = self._asked(*args, **kwargs)
        models = {model.name: model for model in self._msis}
        values: dict[str, list[dict[str, Any]]] = {name: [] for name in models}
        for one in experiments:
            values[one.model_name].append(_values(models[one.model_name], one))
        waiting = {
            name: iter(models[name].run_all(asked) if asked else [])
            for name, asked in values.items()
        }
        known = NamedObjectMap(AbstractModel)
        known.extend(list(self._msis))
        runner = ExperimentRunner(known)
        for one in experiments:
            model = models[one.model_name]
            model.replay = next(waiting[one.model_name])
            try:
                callback(one, runner.run_experiment(one))
            finally:
                model.replay = None
        runner.cleanup()

    def _asked(self, *args: Any, **kwargs: Any) -> tuple[list[Any], Callable[..., Any]]:
        """Return the experiments and the callback, as either version of EMA gives them."""
        modern = (
            "experiments" in inspect.signature(SequentialEvaluator.evaluate_experiments).parameters
        )
        if modern:
            experiments, callback = (*args, *kwargs.values())[:2]
            return list(experiments), callback
        scenarios, policies, callback = args[:3]
        how = kwargs.get("combine", args[3] if len(args) > 3 else "factorial")
        made: Iterable[Any] = points.experiment_generator(
            scenarios, self._msis, policies, combine=how
        )
        return list(made), callback


def _values(model: SDModel, experiment: Any) -> dict[str, Any]:
    """Return what EMA would give a model for an experiment, by the names of its variables."""

    rest: tuple[Any, ...] = ()
    if len(inspect.signature(SingleReplication.run_model).parameters) > 3:  # EMA 3
        rest = (points.Sample(**{c.name: c.value for c in model.constants}),)
    model.collecting = True
    try:
        model.run_model(experiment.scenario.copy(), experiment.policy.copy(), *rest)
    except _CollectedError as found:
        return found.values
    finally:
        model.collecting = False
        model.reset_model()
    raise SDError("{model}: EMA Workbench runs no experiment", model=model.name)
