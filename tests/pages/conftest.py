"""What the tests of a model's reference share."""

from __future__ import annotations

import pytest

from sdensemble.inputs.vensim.source import read_source
from sdensemble.pages.diagrams import lines_of
from sdensemble.pages.graph import read_graph
from sdensemble.pages.sheets import make_sheets


@pytest.fixture(scope="session")
def drawn(study):
    """The shipped model, its graph and its sheets; laying them out takes many seconds."""
    model = study.model
    graph = read_graph(model, read_source(model))
    return model, graph, make_sheets(model, graph, lines_of(model))
