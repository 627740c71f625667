"""sdengine: a Vensim or XMILE model in, a kernel out that runs thousands of members at once.

>>> from sdengine import compile_model, read_model
>>> kernel = compile_model(read_model("examples/teacup/model/teacup.mdl"))
>>> run = kernel.run({"room temperature": [10, 20, 30]}, report=["teacup temperature"])
>>> run.values["teacup temperature"][-1].round(2)  # at the end, one value for each member
array([22.18, 30.66, 39.13])

Constants have shape (*ranges,) or (*ranges, member), values (time, *ranges, member), in the units
of the file. What is wrong with a model or a run is one SDError that lists every problem.
``with_settings`` sets what is no constant; ``check_units`` tells of units that do not agree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

_PUBLIC = {
    "SDError": "sdengine.errors",
    "Model": "sdengine.syntax",
    "read_model": "sdengine.model.read",
    "check_units": "sdengine.model.units",
    "Held": "sdengine.program.held",
    "State": "sdengine.program.held",
    "Kernel": "sdengine.kernel",
    "Trajectories": "sdengine.kernel",
    "compile_model": "sdengine.kernel",
    "Through": "sdengine.model.settings",
    "with_open_tables": "sdengine.model.open_tables",
    "with_settings": "sdengine.model.settings",
}
__all__ = [
    "Held",
    "Kernel",
    "Model",
    "SDError",
    "State",
    "Through",
    "Trajectories",
    "check_units",
    "compile_model",
    "read_model",
    "with_open_tables",
    "with_settings",
]

if TYPE_CHECKING:
    from sdengine.errors import SDError
    from sdengine.kernel import Kernel, Trajectories, compile_model
    from sdengine.model.open_tables import with_open_tables
    from sdengine.model.read import read_model
    from sdengine.model.settings import Through, with_settings
    from sdengine.model.units import check_units
    from sdengine.program.held import Held, State
    from sdengine.syntax import Model


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: ``--help`` should not pay for SciPy."""
    import importlib

    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return [*globals(), *_PUBLIC]
