import pytest

from sdensemble.errors import SDError
from sdensemble.history import read_history

HEAD = "time,sector,measure,value,unit,source,period_end,published_on\n"


def test_observations_are_read_from_a_file_with_a_byte_order_mark(tmp_path):
    path = tmp_path / "历史 数据.csv"
    path.write_text(HEAD + "2019,total,sales_revenue,1935.5,Yi,x,2019-12-31,2020-09-21\n",
                    encoding="utf-8-sig")  # fmt: skip
    (found,) = read_history(path)
    assert (found.time, found.value, found.period_end.year) == (2019.0, 1935.5, 2019)


def test_every_bad_row_is_told_with_its_line(tmp_path):
    path = tmp_path / "history.csv"
    path.write_text(HEAD + "2019,t,m,many,Yi,x,2019-12-31,\n2020,t,m,1,Yi,x,someday,\n", "utf-8")
    with pytest.raises(SDError) as caught:
        read_history(path)
    assert [p.split(":")[0].split()[-1] for p in caught.value.problems] == ["2", "3"]


def test_a_file_without_the_columns_is_refused(tmp_path):
    path = tmp_path / "history.csv"
    path.write_text("time,value\n", "utf-8")
    with pytest.raises(SDError, match="columns missing: sector"):
        read_history(path)


def test_the_shipped_history_is_readable(root):
    assert read_history(root / "calibration" / "history.csv")
