from dataclasses import replace
from datetime import date

import pytest

from sdengine.errors import SDError
from sdensemble.evidence.observe.batches import _without
from sdensemble.inputs.history import appended, information, read_history, vintage

HEAD = "time,sector,measure,value,unit,source,period_end,published_on\n"


def test_observations_are_read_from_a_file_with_a_byte_order_mark(tmp_path):
    path = tmp_path / "历史 数据.csv"
    path.write_text(
        HEAD + "2019,total,sales_revenue,1935.5,Yi,x,2019-12-31,2020-09-21\n", encoding="utf-8-sig"
    )
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


ROWS = (
    "2019,total,sales,100,Yi,a,2019-12-31,2020-03-01\n"
    "2019,total,sales,104,Yi,a,2019-12-31,2021-03-01\n"
    "2020,total,sales,110,Yi,a,2020-12-31,2021\n"
    "2021,total,sales,120,Yi,a,2021-12-31,undated\n"
)


def test_a_vintage_holds_what_its_name_says(tmp_path):
    path = tmp_path / "history.csv"
    path.write_text(HEAD + ROWS, "utf-8")
    rows = read_history(path)
    assert [o.value for o in vintage(rows, "latest").fitted()] == [104, 110, 120]
    assert [o.value for o in vintage(rows, "through-2019").fitted()] == [104]
    dated = vintage(rows, "2021-06-30")
    assert [o.value for o in dated.fitted()] == [104]
    assert [(o.value, why) for o, why in dated.lacks] == [(110, "2021")]
    assert [o.value for o in vintage(rows, "2020-06-30").fitted()] == [100]
    with pytest.raises(SDError, match="no vintage"):
        vintage(rows, "yesterday")


def test_a_revision_is_a_new_row_and_the_old_one_stays(tmp_path):
    path = tmp_path / "history.csv"
    path.write_text(
        HEAD.strip() + ",id,url,role,note,batch\n" + ROWS.replace("\n", ",,,,,\n"), "utf-8"
    )
    before = path.read_bytes()
    new = replace(read_history(path)[2], value=111.0, published_on="2022-01-01", batch="b1")
    path.write_bytes(appended(path, [new]))
    assert path.read_bytes().startswith(before)
    rows = read_history(path)
    assert len(rows) == 5
    assert [o.value for o in vintage(rows, "latest").fitted()] == [104, 111, 120]
    assert [o.value for o in vintage(rows, "b1").fitted()] == [104, 111, 120]
    assert information(rows, "b1") == "2022-01-01 (b1)"
    assert information(rows, "latest") == "latest"


@pytest.mark.parametrize(("end", "last"), [("\n", True), ("\r\n", True), ("\n", False)])
def test_rows_are_put_behind_a_file_in_its_own_line_ends(tmp_path, end, last):
    path = tmp_path / "history.csv"
    text = (HEAD.strip() + ",id,url,role,note,batch\n" + ROWS.replace("\n", ",,,,,\n")).replace(
        "\n", end
    )
    path.write_bytes(text.encode() if last else text.removesuffix(end).encode())
    rows = read_history(path)
    path.write_bytes(made := appended(path, rows[:1]))
    assert read_history(path) == (*rows, rows[0])
    assert made.count(b"\r\n") in (0, made.count(b"\n"))
    new = tmp_path / "new.csv"
    new.write_bytes(appended(new, rows))
    assert read_history(new) == rows
    path.write_text(HEAD, "utf-8")
    with pytest.raises(SDError, match="columns missing: id"):
        appended(path, rows)


def test_a_role_that_is_none_is_refused(tmp_path):
    path = tmp_path / "history.csv"
    row = "2019,total,sales,1,Yi,a,2019-12-31,2020,guess\n"
    path.write_text(HEAD.strip() + ",role\n" + row, "utf-8")
    with pytest.raises(SDError, match="guess"):
        read_history(path)


def test_shipped_rows_keep_measures_apart_and_fit_no_target_and_nothing_derived(root, study):
    rows = read_history(root / "calibration" / "history.csv")
    assert len({o.id for o in rows}) == len(rows)
    assert all(o.unit and o.source for o in rows)
    for row in rows:
        if "DERIVED" in row.note:
            assert row.role != "observed", row.id
        assert row.role != "target", row.id
        assert row.known is None or row.period_end <= row.known, row.id
    fitted = vintage(rows, "latest").fitted()
    assert {o.role for o in fitted} == {"observed"}
    assert {o.unit for o in rows if o.measure == "sales_revenue"} == {"Yi"}
    assert study.fit is not None
    assert len({term.series for term in study.fit.terms}) == len(study.fit.terms)
    plans = read_history(root / "calibration" / "plans.csv")
    assert {o.role for o in plans} == {"target"}
    assert not {o.series for o in plans} & {o.series for o in rows}
    assert len({o.id for o in (*rows, *plans)}) == len(rows) + len(plans)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
@pytest.mark.parametrize("mark", [",", ";", "\t", "，"])
def test_a_history_saved_by_a_spreadsheet_is_added_to_and_taken_back(tmp_path, encoding, mark):
    path = tmp_path / "history.csv"
    head, *rows = (HEAD[:-1] + ",id,url,role,note,batch\n" + ROWS[:48]).splitlines()
    lines = [head, *(row + ",,,observed,来源 省局," for row in rows)]
    path.write_bytes("\r\n".join(lines).replace(",", mark).encode(encoding))
    (first,) = read_history(path)
    mine = replace(first, time=2020.0, period_end=date(2020, 12, 31), note="a, b; c，d", batch="b")
    path.write_bytes(appended(path, [mine]))
    assert read_history(path) == (first, mine)
    path.write_bytes(_without(path, "b"))
    assert read_history(path) == (first,)
