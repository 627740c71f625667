"""Reads the files Vensim keeps beside a model: what they say of constants, ranges and payoffs.

Each reader takes a path and returns frozen values that name variables as the file does; whether
the model has them is the caller's to check. What a reader does not know it refuses by name, and
it tells all problems of a file at once. Sources: the pages "Sensitivity Control", "Distributions",
"Constant Input Files", "Optimization Control" and "Payoff Definitions" of Vensim's manual.
"""

from sdensemble.inputs.vensim.changes import Change, read_changes
from sdensemble.inputs.vensim.lists import Saved, read_save_list
from sdensemble.inputs.vensim.optimise import (
    Optimisation,
    Payoff,
    SearchRange,
    read_optimisation,
    read_payoffs,
)
from sdensemble.inputs.vensim.sample import Sample, read_sample
from sdensemble.inputs.vensim.sensitivity import Factor, Sensitivity, Steps, read_sensitivity

__all__ = [
    "Change",
    "Factor",
    "Optimisation",
    "Payoff",
    "Sample",
    "Saved",
    "SearchRange",
    "Sensitivity",
    "Steps",
    "read_changes",
    "read_optimisation",
    "read_payoffs",
    "read_sample",
    "read_save_list",
    "read_sensitivity",
]
