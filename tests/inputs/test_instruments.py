import pytest

from sdengine.errors import SDError
from sdengine.syntax import Kind
from sdensemble.inputs.instruments import COLUMNS, delay_of, read_instruments, refusals
from sdensemble.inputs.scenarios import read_scenario
from tests.builders import small_model, variable

MODEL = small_model(
    variable("grant budget delay", 0.5, unit="Year", limits=(0, 5)),
    variable("total", unit="Yi/Year", kind=Kind.AUXILIARY),
)
GRANT = {
    "id": "grant",
    "zh": "补助",
    "en": "Grants",
    "section": "5",
    "lever": "grant budget",
    "unit": "Yi/Year",
    "policy_level": "10",
    "low": "0",
    "high": "40",
    "cost": "1",
    "cost_unit": "Yi per Yi",
    "cost_basis": "by definition",
    "confidence": "low",
    "outside": "1",
}
PUBLICITY = {
    "id": "publicity",
    "zh": "宣传引导",
    "en": "Publicity",
    "section": "5",
    "refused_zh": "没有可引用的效果",
    "refused_en": "no sourced effect",
}


@pytest.fixture
def read(tmp_path):
    def write(*rows):
        path = tmp_path / "instruments.csv"
        lines = [",".join(COLUMNS)]
        lines += [",".join(f'"{row.get(name, "")}"' for name in COLUMNS) for row in rows]
        path.write_text("\n".join(lines), "utf-8-sig")
        return read_instruments(path, MODEL)

    return write


def test_an_instrument_has_a_lever_with_its_delay_or_a_reason(read):
    grant, publicity = read(GRANT, PUBLICITY)
    assert (grant.lever, grant.policy_level, grant.outside) == ("grant budget", 10.0, True)
    assert delay_of(MODEL, grant).name == "grant budget delay"
    assert publicity.refused
    assert publicity.refused_zh == "没有可引用的效果"
    assert delay_of(MODEL, publicity) is None


def test_every_problem_of_the_instruments_is_told(read):
    with pytest.raises(SDError) as caught:
        read(
            GRANT | {"lever": "grant buget"},
            GRANT | {"id": "b", "unit": "Yi", "policy_level": "60", "confidence": "sure"},
            GRANT | {"id": "c", "refused_en": "no"},
            PUBLICITY | {"refused_zh": ""},
            GRANT | {"id": "d", "cost_basis": ""},
        )
    text = "\n".join(caught.value.problems)
    for part in (
        '(grant): no such constant in model/small.mdl — did you mean "grant budget"',
        "(b): unit is Yi, but must be Yi/Year (grant budget)",
        "(b): policy_level 60 is outside the limits",
        '(b): confidence must be one of high, medium, low, not "sure"',
        "(c): a refused instrument has no lever",
        "(publicity): refused_zh is missing: name a lever, or say why there is none",
        "(d): cost_basis is missing",
    ):
        assert part in text, part


def test_a_lever_of_the_model_that_no_instrument_names_is_a_problem(read):
    with pytest.raises(SDError, match='no instrument names the lever "grant budget"'):
        read(PUBLICITY)


@pytest.mark.parametrize("name", ["publicity", "Publicity", "宣传引导"])
def test_setting_a_refused_instrument_by_any_of_its_names_gives_the_reason(read, tmp_path, name):
    refused = refusals(read(GRANT, PUBLICITY))
    path = tmp_path / "try.toml"
    path.write_text(f'[levers]\n"{name}" = 3\n', "utf-8")
    with pytest.raises(SDError, match="is refused: no sourced effect — 没有可引用的效果"):
        read_scenario(path, MODEL, refused)


def test_a_lever_may_still_be_set_under_its_own_name(read, tmp_path):
    refused = refusals(read(GRANT, PUBLICITY))
    path = tmp_path / "try.toml"
    path.write_text('[levers]\n"grant budget" = 3\n', "utf-8")
    (setting,) = read_scenario(path, MODEL, refused).settings
    assert setting.values == (3.0,)
