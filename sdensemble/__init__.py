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
    "SDError": "sdensemble.errors",
    "Model": "sdensemble.model.types",
    "read_model": "sdensemble.model.read",
    "check_units": "sdensemble.model.units",
    "Held": "sdensemble.kernel.inputs",
    "Kernel": "sdensemble.kernel.compile",
    "Trajectories": "sdensemble.kernel.compile",
    "compile_model": "sdensemble.kernel.compile",
    "open_study": "sdensemble.study",
    "run_ensemble": "sdensemble.ensemble",
    "FileOptions": "sdensemble.single",
    "FileRun": "sdensemble.single",
    "run_file": "sdensemble.single",
    "salib_problem": "sdensemble.convert",
    "to_arviz_dict": "sdensemble.convert",
    "to_dataset": "sdensemble.convert",
    "to_ema": "sdensemble.convert",
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
    from sdensemble.convert import salib_problem, to_arviz_dict, to_dataset, to_ema
    from sdensemble.ensemble import run_ensemble
    from sdensemble.errors import SDError
    from sdensemble.kernel.compile import Kernel, Trajectories, compile_model
    from sdensemble.kernel.inputs import Held
    from sdensemble.model.read import read_model
    from sdensemble.model.types import Model
    from sdensemble.model.units import check_units
    from sdensemble.single import FileOptions, FileRun, run_file
    from sdensemble.study import open_study


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: ``--help`` should not pay for SciPy."""
    import importlib

    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return [*globals(), *_PUBLIC]
