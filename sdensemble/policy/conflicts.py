"""What a run says of the numbers inside a policy's text that do not fit."""

from __future__ import annotations

import numpy as np

from sdensemble.inputs.conflicts import ModelNumber
from sdensemble.inputs.scenarios import Scenario
from sdensemble.results.estimate import Array
from sdensemble.results.results import Results


def model_values(results: Results, number: ModelNumber, scenario: Scenario) -> Array | None:
    """Return the members' values of a model's number; None where the run kept not all of it."""
    total = np.full(results.members, number.factor)
    for term in number.terms:
        held = results.data.get(term.variable)
        if held is None or held.attrs.get("aggregate", term.aggregate) != term.aggregate:
            return None
        series = results.series(term.variable, term.element or None)[results.place(scenario)]
        with np.errstate(divide="ignore", invalid="ignore"):
            total = total * series[:, results.year_index(number.year)] ** float(term.power)
    return np.where(np.isfinite(total), total, np.nan)
