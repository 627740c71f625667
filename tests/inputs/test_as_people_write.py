"""Scenario files as people write them, with a Chinese keyboard, in Notepad, in their own words."""

import tomllib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdengine.errors import SDError
from sdengine.syntax import Note
from sdensemble.inputs import scenarios
from sdensemble.inputs.forgiving import tidied
from tests.builders import small_model

SMALL = small_model()
LABELS = {"grant budget": "补助资金", "cold chain share": "冷链比例", "import share": "外购比例"}
MODEL = replace(
    SMALL,
    variables={
        name: replace(
            one,
            note=replace(one.note or Note(), zh=LABELS[name]),
            limits=(0.0, 5000.0) if name == "grant budget" else one.limits,
        )
        if name in LABELS
        else one
        for name, one in SMALL.variables.items()
    },
    labels={("sector", "dairy"): {"zh": "乳品", "en": "Dairy"}},
)
UNITS = {"Yi/Year": ("亿元/年", "亿元 a year"), "1/Year": ("1/年", "1 a year")}


def read(tmp_path, raw, name="a.toml"):
    path = tmp_path / name
    path.write_bytes(raw)
    return scenarios.read_scenario(path, MODEL, units=UNITS)


def settings(scenario):
    return {
        one.constant: dict(zip(one.times, one.values, strict=True)) for one in scenario.settings
    }


WRITTEN = """
［title］
zh ＝ “补助加冷链”
【政策工具】
补助资金 = ｛ 取值 = ３亿元/年， 起始 = 2021 ｝   # 全角标点，未加引号
冷链比例 ＝ 30％
外购比例[乳品] = 0.4
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_a_file_typed_in_notepad_with_a_chinese_keyboard_is_read(tmp_path, encoding):
    found = read(tmp_path, WRITTEN.encode(encoding))
    assert found.title["zh"] == "补助加冷链"
    assert settings(found) == {
        "grant budget": {2021.0: 3.0},
        "cold chain share": {2019.0: 0.3},
        "import share": {2019.0: 0.4},
    }


def test_constants_and_units_go_by_the_names_the_program_prints(tmp_path):
    years = '{ "2021年" = "1,000", "2023" = 9 }'
    text = f'[levers]\n"补助资金" = {{ by_year = {years}, unit = "亿元/年" }}\n'
    assert settings(read(tmp_path, text.encode())) == {
        "grant budget": {2021.0: 1000.0, 2023.0: 9.0}
    }


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("冷链比例 = 30%", 0.3),
        ("冷链比例 = 30%/年", 0.3),
        ('"cold chain share" = { value = 30, unit = "%" }', 0.3),
        ('"cold chain share" = { value = "0.3 1/年" }', 0.3),
        ("cold chain share = .3", 0.3),
    ],
)
def test_a_per_cent_of_a_yearly_rate_is_a_hundredth(tmp_path, line, value):
    found = read(tmp_path, f"[levers]\n{line}\n".encode())
    assert settings(found) == {"cold chain share": {2019.0: value}}


def test_a_thousands_comma_is_no_second_number(tmp_path):
    for text in ("补助资金 = 1,000", "补助资金 = { value = 1,000亿元/年, start = 2019 }"):
        found = read(tmp_path, f"[levers]\n{text}\n".encode())
        assert settings(found) == {"grant budget": {2019.0: 1000.0}}


def test_another_unit_and_a_name_like_one_are_told_with_the_nearest(tmp_path):
    text = "[levers]\n补助资金 = 3万元\n冷链比列 = 30%\n外购比例 = 3亿元\n"
    with pytest.raises(SDError) as caught:
        read(tmp_path, text.encode())
    told = "\n".join(caught.value.problems)
    assert '"补助资金": unit is 万元, but Yi/Year (亿元/年) in the model' in told
    assert 'did you mean "冷链比例" (cold chain share) (1/Year (1/年), 0 to 0.5)?' in told
    assert '"外购比例": unit is 亿元, but Dmnl in the model' in told


def test_a_label_of_two_constants_is_refused_with_both(tmp_path):
    twice = dict(MODEL.variables)
    twice["import share"] = replace(
        twice["import share"], note=replace(twice["import share"].note, zh="冷链比例")
    )
    path = tmp_path / "a.toml"
    path.write_text("[levers]\n冷链比例 = 0.1\n", encoding="utf-8")
    with pytest.raises(SDError, match="is the label of more than one constant"):
        scenarios.read_scenario(path, replace(MODEL, variables=twice), units=UNITS)


def test_a_hidden_txt_behind_the_name_is_pointed_out(tmp_path):
    folder = tmp_path / "scenarios"
    folder.mkdir()
    (folder / "baseline.toml").write_text("", encoding="utf-8")
    (folder / "mine.toml.txt").write_text("", encoding="utf-8")
    with pytest.raises(SDError) as caught:
        scenarios.read_scenarios(folder, MODEL)
    (line,) = caught.value.problems
    assert "scenarios/mine.toml.txt" in line
    assert "rename it to mine.toml" in line


def test_bad_toml_is_told_at_the_place_the_person_wrote_it(tmp_path):
    with pytest.raises(SDError, match=r"line 2 column \d+: is not valid TOML"):
        read(tmp_path, "[levers]\n补助资金 = {{{\n".encode())


KEYS = st.text("abcdefgh_-", min_size=1)
VALUES = st.one_of(
    st.integers(-(10**9), 10**9), st.booleans(), st.text("ab，。“”#=,[]{} 文", max_size=12)
)


@given(st.dictionaries(KEYS, VALUES, max_size=6))
def test_what_is_toml_already_stays_what_it_is(values):
    def written(value):
        if isinstance(value, str):
            return f'"{value}"' if not set("“”") & set(value) else "'x'"
        return str(value).lower()

    text = "\n".join(f"{key} = {written(value)} # “注，释”" for key, value in values.items())
    assert tomllib.loads(tidied(text)) == tomllib.loads(text)
