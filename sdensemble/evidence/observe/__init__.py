"""The verb ``observe add``: a person's own figures in, a new vintage, and what they moved.

``sheet`` reads a file as a table, ``cells`` one cell, ``names`` the words of a study; ``figures``
makes observations of the rows and refuses what cannot be history; ``effects`` says what each one
moves, ``keep`` writes all or nothing, ``add`` is the verb.
"""

from sdensemble.evidence.observe.add import Observed, observe_add
from sdensemble.evidence.observe.figures import Figure, Figures, read_figures
from sdensemble.evidence.observe.keep import LOG

__all__ = ["LOG", "Figure", "Figures", "Observed", "observe_add", "read_figures"]
