"""A person's own figures in, a new vintage, what they moved, and out again.

``sheet`` reads a file as a table, ``cells`` one cell, ``names`` the words of a study; ``figures``
makes observations of the rows and refuses what cannot be history; ``effects`` says what each one
moves, ``keep`` writes all or nothing, ``pace`` tells how long it still takes; ``add`` adds a
batch, ``batches`` lists them and takes one back.
"""

from sdensemble.evidence.observe.add import Observed, observe_add
from sdensemble.evidence.observe.batches import Batch, Undone, batches, observe_undo
from sdensemble.evidence.observe.figures import Figure, Figures, read_figures
from sdensemble.evidence.observe.keep import LOG

__all__ = [
    "LOG",
    "Batch",
    "Figure",
    "Figures",
    "Observed",
    "Undone",
    "batches",
    "observe_add",
    "observe_undo",
    "read_figures",
]
