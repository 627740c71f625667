"""A file that ends in its own digest is known to be whole, or damaged."""

import netCDF4
import numpy as np
import pytest

from sdengine.errors import SDError
from sdensemble.inputs.sealed import require_whole, seal


@pytest.fixture
def sealed(tmp_path):
    path = tmp_path / "a.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("x", 9)
        file.createVariable("v", "f8", ("x",))[:] = np.arange(9)
    seal(path)
    return path


def test_a_sealed_file_is_read_as_before(sealed):
    require_whole(sealed)
    with netCDF4.Dataset(sealed) as file:
        assert list(file["v"][:]) == list(range(9))


@pytest.mark.parametrize("at", [0, 100, 3000, -40, -1])
def test_one_bit_that_turned_is_told(sealed, at):
    data = bytearray(sealed.read_bytes())
    data[at] ^= 4
    sealed.write_bytes(data)
    with pytest.raises(SDError, match="it is not as it was written"):
        require_whole(sealed)


def test_a_file_of_others_is_read_as_it_is(tmp_path):
    path = tmp_path / "b"
    for data in (b"", b"CDF", bytes(9999)):
        path.write_bytes(data)
        require_whole(path)
