"""The smallest study and its kernel, for tests of how members are run."""

from pathlib import Path

import pytest

from sdengine.kernel import Kernel, compile_model
from sdensemble.study import Study, open_study


@pytest.fixture(scope="package")
def cup(root: Path) -> Study:
    """The teacup study, read."""
    return open_study(root / "examples" / "teacup")


@pytest.fixture(scope="package")
def kernel(cup: Study) -> Kernel:
    """Its model, compiled."""
    return compile_model(cup.model)
