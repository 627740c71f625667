import numpy as np
import pytest
import xarray as xr

from sdengine.errors import SDError
from sdensemble.results.store import label_dataset, read_ensemble, safe_names, write_ensemble


def test_an_ensemble_comes_back_as_it_was_written(tmp_path, results):
    path = tmp_path / "结果 一.nc"
    written = label_dataset(results).rename({"total real output": "实际产值", "sector": "产业"})
    write_ensemble(path, written)
    found = read_ensemble(path)
    xr.testing.assert_allclose(found, written, rtol=1e-6)
    for name in written.data_vars:
        assert found[name].attrs == written[name].attrs
    assert found.attrs == written.attrs
    np.testing.assert_array_equal(
        found["total nominal output"].values, written["total nominal output"].values
    )


def test_a_file_has_plain_names_units_and_chinese_labels(tmp_path, results):
    write_ensemble(tmp_path / "e.nc", label_dataset(results))
    with xr.open_dataset(tmp_path / "e.nc") as raw:
        assert all(str(name).isascii() and " " not in str(name) for name in raw.variables)
        total = raw["total_nominal_output"]
        assert total.attrs["long_name"] == "total nominal output"
        assert (total.attrs["units"], total.attrs["zh"]) == ("Yi", "虚构序列")
        assert list(raw["sector_zh"].values[:2]) == ["酿品", "饮品"]
        assert raw["scenario_zh"].values[0] == "基准"


def test_lost_members_stay_lost(tmp_path, results):
    data = results.data[["price level"]].copy(deep=True)
    data["price level"][0, 3, 2] = np.nan
    write_ensemble(tmp_path / "e.nc", data)
    assert int(read_ensemble(tmp_path / "e.nc")["price level"].isnull().sum()) == 1


def test_safe_names_never_collide():
    assert list(safe_names(["a b", "a_b", "产值", "产能", "1x"]).values()) == [
        "a_b",
        "a_b_2",
        "v",
        "v_2",
        "v_1x",
    ]


def test_a_file_that_is_no_ensemble_is_named(tmp_path):
    (tmp_path / "e.nc").write_text("no", "utf-8")
    with pytest.raises(SDError, match=r"e\.nc: not readable"):
        read_ensemble(tmp_path / "e.nc")
