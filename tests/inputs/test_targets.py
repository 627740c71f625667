import numpy as np
import pytest

from sdengine.errors import SDError
from sdengine.syntax import Kind
from sdensemble.inputs import targets as reader
from sdensemble.inputs.targets import COLUMNS, Target, read_targets
from tests.builders import small_model, variable

MODEL = small_model(variable("total", unit="Yi/Year", kind=Kind.AUXILIARY))
HEADER = ",".join(COLUMNS)
TOTAL = {
    "id": "total_2025",
    "zh": "总产值",
    "en": "Total",
    "variable": "total",
    "aggregate": "annual",
    "year": "2025",
    "comparator": ">",
    "value": "3000",
    "unit": "Yi",
    "measure": "output_value",
    "scope": "constant",
    "price_basis": "nominal",
    "headline": "1",
}
BREWING = TOTAL | {"id": "brewing", "variable": "output", "element": "brewing", "headline": ""}
DAIRY = BREWING | {"id": "dairy", "element": "dairy", "comparator": ">="}
BOTH = {"id": "both", "zh": "全部", "joint": "brewing; dairy"}


def row(values):
    return ",".join(f'"{values.get(name, "")}"' for name in COLUMNS)


@pytest.fixture
def read(tmp_path):
    def write(*rows, header=HEADER, encoding="utf-8"):
        path = tmp_path / "目 标" / "scenarios" / "targets.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = "\r\n".join([header, *(row(one) if isinstance(one, dict) else one for one in rows)])
        path.write_bytes((text + "\r\n").encode(encoding))
        return read_targets(path, MODEL)

    return write


def problems(read, *rows, **options):
    with pytest.raises(SDError) as caught:
        read(*rows, **options)
    return caught.value.problems


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
def test_targets_are_read_from_what_excel_and_wps_save(read, encoding):
    total, brewing = read(TOTAL, BREWING, encoding=encoding)
    assert isinstance(total, Target)
    assert (total.zh, total.year, total.value, total.headline) == ("总产值", 2025, 3000.0, True)
    assert (brewing.element, brewing.headline, brewing.joint) == ("brewing", False, ())


def test_blank_rows_and_missing_optional_columns_are_no_matter(read):
    names = [name for name in COLUMNS if name not in ("note", "section", "headline")]
    cells = ",".join(TOTAL.get(name, "") for name in names)
    (target,) = read(cells, ",,,", "", header=",".join(names))
    assert target.note == ""


def test_a_joint_target_has_the_key_of_its_parts(read):
    other = DAIRY | {"measure": "sales_revenue"}
    both = read(BREWING, other, BOTH)[-1]
    assert both.joint == ("brewing", "dairy")
    assert both.value is None
    assert both.year is None
    assert both.measure == "output_value + sales_revenue"
    assert both.scope == "constant"


def test_a_joint_target_comes_down_to_single_ones_each_once(read):
    more = {"id": "more", "joint": "both;total_2025;dairy"}
    targets = read(TOTAL, BREWING, DAIRY, BOTH, more)
    assert [one.id for one in reader.leaves(targets[-1], targets)] == [
        "brewing",
        "dairy",
        "total_2025",
    ]
    assert reader.leaves(targets[0], targets) == (targets[0],)


def test_every_problem_of_a_file_is_told_at_once(read):
    lines = problems(
        read,
        TOTAL | {"variable": "totals"},
        TOTAL | {"id": "b", "comparator": "=>", "aggregate": "anual"},
        TOTAL | {"id": "c", "year": "2026"},
        TOTAL | {"id": "d", "value": "3k", "unit": "Yi/Year", "headline": "yes"},
        TOTAL | {"id": "d", "measure": "", "value": ""},
        BREWING | {"element": ""},
        DAIRY | {"element": "diary"},
        TOTAL | {"id": "e", "variable": "capacity"},
        {"id": "f", "joint": "d; nobody", "value": "1"},
        {"id": "g", "joint": "h"},
        {"id": "h", "joint": "g"},
        TOTAL | {"id": ""},
        TOTAL | {"id": "i", "element": "dairy"},
    )
    text = "\n".join(lines)
    for part in (
        'scenarios/targets.csv line 2 (total_2025): no variable "totals" in model/small.mdl — '
        'did you mean "total" (Yi/Year)?',
        'line 3 (b): comparator must be >, >= or about, not "=>"',
        "line 3 (b): aggregate must be one of annual, mean, end",
        "line 4 (c): the year 2026 is not wholly within the model's time, 2019 to 2026",
        'line 5 (d): value must be a number, not "3k"',
        "line 5 (d): unit is Yi/Year, but must be Yi (annual of total)",
        "line 5 (d): headline must be 1, 0 or empty",
        "line 6 (d): id is given twice",
        "line 6 (d): measure is missing",
        "line 6 (d): value is missing",
        'line 7 (brewing): "output" has 3 elements here',
        'line 8 (dairy): no element "diary" in range sector — did you mean "dairy"?',
        'line 9 (e): "capacity" is in Yi, no rate a year: use aggregate mean or end',
        "line 10 (f): value must be empty in a joint target",
        'line 10 (f): joint: no target "nobody"',
        "line 11 (g): joint: the target is part of itself",
        "line 12 (h): joint: the target is part of itself",
        "line 13 (): id is missing",
        'line 14 (i): element "dairy" does not fit',
    ):
        assert part in text


def test_unknown_and_missing_columns_are_named(read):
    lines = problems(read, header=HEADER.replace("measure", "mesure"))
    assert lines == (
        'scenarios/targets.csv line 1: no such column "mesure" — did you mean "measure"?',
        "scenarios/targets.csv line 1: columns missing: measure",
    )


def test_a_stock_is_scored_at_the_end_of_a_year_in_its_own_unit(read):
    (target,) = read(TOTAL | {"variable": "Capacity", "aggregate": "end"})
    assert target.aggregate == "end"


def test_over_and_at_least_differ_at_the_threshold_and_nan_meets_nothing():
    values = [2999.9, 3000.0, 3000.1, np.nan]
    assert reader.met(values, ">", 3000).tolist() == [False, False, True, False]
    assert reader.met(values, ">=", 3000).tolist() == [False, True, True, False]
    with pytest.raises(SDError, match='comparator "=>"'):
        reader.met(values, "=>", 3000)


def test_signs_and_digits_of_full_width_and_thousands_are_read(read):
    written = {"＞": "3,000", "≥": "３０００", "＞＝": "3 000.0"}
    rows = [
        TOTAL | {"id": sign, "comparator": sign, "value": value, "year": "２０２５"}
        for sign, value in written.items()
    ]
    found = read(*rows)
    assert [t.comparator for t in found] == [">", ">=", ">="]
    assert {(t.value, t.year) for t in found} == {(3000.0, 2025)}
    assert any('not "3,00"' in line for line in problems(read, TOTAL | {"value": "3,00"}))


# ── roles, bands and wholes ────────────────────────────────────────────────────────────────

ABOUT = TOTAL | {
    "id": "income",
    "comparator": "about",
    "value": "1.8",
    "low": "1.75",
    "high": "1.85",
}
LEVER = {
    "id": "quota",
    "zh": "指标",
    "role": "lever",
    "lever": "grant budget",
    "lever_value": "5",
    "lever_unit": "Yi/Year",
    "value": "30",
    "unit": "brands",
}
RANK = {
    "id": "rank",
    "zh": "名次",
    "role": "indicator",
    "comparator": "=",
    "value": "7",
    "reason_zh": "没有统计",
    "reason_en": "no statistics",
}


def test_about_is_met_inside_its_band_and_not_above_it(read):
    (target,) = read(ABOUT)
    values = [1.74, 1.75, 1.8, 1.85, 1.86, np.nan]
    assert reader.holds(target, values).tolist() == [False, True, True, True, False, False]
    (at_least,) = read(ABOUT | {"comparator": ">=", "low": "", "high": ""})
    assert reader.holds(at_least, values).tolist() == [False, False, True, True, True, False]


def test_a_range_is_met_at_its_lower_end(read):
    (target,) = read(TOTAL | {"comparator": ">=", "value": "3", "low": "3", "high": "5"})
    assert reader.holds(target, [2.9, 3.0, 6.0]).tolist() == [False, True, True]
    (line,) = problems(read, TOTAL | {"value": "5", "low": "3", "high": "5"})
    assert "value must be the lower end of the range, 3, not 5" in line


def test_levers_and_indicators_are_read_and_never_scored(read):
    rows = read(TOTAL, LEVER, RANK, TOTAL | {"id": "example", "role": "reference", "headline": ""})
    assert [row.role for row in rows] == ["outcome", "lever", "indicator", "reference"]
    assert [row.id for row in reader.scored(rows)] == ["total_2025", "example"]
    assert (rows[1].lever, rows[1].lever_value) == (("grant budget",), 5.0)
    assert rows[2].year is None


def test_what_a_row_of_a_role_must_say_is_told(read):
    lines = problems(
        read,
        TOTAL | {"role": "outcom"},
        RANK | {"reason_en": ""},
        RANK | {"id": "b", "variable": "total"},
        LEVER | {"id": "c", "lever": "grant buget"},
        LEVER | {"id": "d", "lever_value": "51"},
        LEVER | {"id": "e", "lever_unit": "Yi"},
        LEVER | {"id": "f", "lever": "", "lever_value": ""},
        ABOUT | {"id": "g", "high": ""},
        ABOUT | {"id": "h", "value": "2"},
        ABOUT | {"id": "i", "low": "1.9"},
        {"id": "j", "joint": "rank; total_2025"},
        TOTAL | {"id": "k", "within": "totl_2025"},
        TOTAL | {"id": "l", "within": "m"},
        TOTAL | {"id": "m", "within": "l"},
    )
    text = "\n".join(lines)
    for part in (
        "line 2 (total_2025): role must be one of outcome, reference, lever, indicator",
        "line 3 (rank): reason_en is missing: say why the row is not simulated",
        "line 4 (b): variable must be empty in a row that is not scored (role indicator)",
        'line 5 (c): no such constant in model/small.mdl — did you mean "grant budget"',
        "line 6 (d): lever_value 51 is outside the limits (Yi/Year, 0 to 50)",
        "line 7 (e): lever_unit is Yi, but must be Yi/Year",
        "line 8 (f): reason_zh is missing: say why the row has no lever of its own",
        "line 9 (g): about needs low and high",
        "line 10 (h): value (2) is outside its band, 1.75 to 1.85",
        "line 11 (i): low (1.9) must be below high (1.85)",
        'line 12 (j): joint: "rank" is not scored (role indicator)',
        'line 13 (k): within: no target "totl_2025" — did you mean "total_2025"?',
        "line 14 (l): within: the target is part of itself",
    ):
        assert part in text, part
