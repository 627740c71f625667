"""sdensemble: system-dynamics ensembles, from a model file to probabilities and fan charts.

>>> from sdensemble import compile_model, read_model
>>> kernel = compile_model(read_model("examples/teacup/model/teacup.mdl"))
>>> run = kernel.run({"room temperature": [10, 20, 30]}, report=["teacup temperature"])
>>> run.values["teacup temperature"][-1].round(2)  # at the end, one value for each member
array([22.18, 30.66, 39.13])
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_PUBLIC = {
    "SDError": "sdengine.errors",
    "Model": "sdengine.syntax",
    "read_model": "sdengine.model.read",
    "check_units": "sdengine.model.units",
    "Held": "sdengine.program.held",
    "Kernel": "sdengine.kernel",
    "Trajectories": "sdengine.kernel",
    "compile_model": "sdengine.kernel",
    "open_study": "sdensemble.study",
    "run_ensemble": "sdensemble.ensemble.run",
    "FileOptions": "sdensemble.verbs.run_options",
    "FileRun": "sdensemble.verbs.run_file",
    "run_file": "sdensemble.verbs.run_file",
    "salib_problem": "sdensemble.results.convert",
    "to_arviz_dict": "sdensemble.results.convert",
    "to_dataset": "sdensemble.results.convert",
    "to_ema": "sdensemble.results.convert",
}
__all__ = [
    "FileOptions",
    "FileRun",
    "Held",
    "Kernel",
    "Model",
    "SDError",
    "Trajectories",
    "check_units",
    "compile_model",
    "open_study",
    "read_model",
    "run_ensemble",
    "run_file",
    "salib_problem",
    "to_arviz_dict",
    "to_dataset",
    "to_ema",
]

if TYPE_CHECKING:
    from sdengine.errors import SDError
    from sdengine.kernel import Kernel, Trajectories, compile_model
    from sdengine.model.read import read_model
    from sdengine.model.units import check_units
    from sdengine.program.held import Held
    from sdengine.syntax import Model
    from sdensemble.ensemble.run import run_ensemble
    from sdensemble.results.convert import salib_problem, to_arviz_dict, to_dataset, to_ema
    from sdensemble.study import open_study
    from sdensemble.verbs.run_file import FileRun, run_file
    from sdensemble.verbs.run_options import FileOptions


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: ``--help`` should not pay for SciPy."""
    import importlib

    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return [*globals(), *_PUBLIC]
