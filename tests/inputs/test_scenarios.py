import numpy as np
import pytest

from sdengine.errors import SDError
from sdensemble.ensemble import worlds
from sdensemble.inputs import scenarios
from tests.builders import small_model

MODEL = small_model()
N = 4


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "我的 研究" / "scenarios"
    path.mkdir(parents=True)
    return path


@pytest.fixture
def read(folder):
    def write(text, name="a"):
        path = folder / f"{name}.toml"
        path.write_text(text, encoding="utf-8")
        return scenarios.read_scenario(path, MODEL)

    return write


def problems(read, text):
    with pytest.raises(SDError) as caught:
        read(text)
    return caught.value.problems


def test_a_scenario_holds_what_its_file_says(read):
    scenario = read(
        """
        order = 3
        compares = "other-one"
        package = "subsidy"
        [title]
        zh = "冷链"
        en = "Cold chain"
        [purpose]
        zh = "看看"
        [levers]
        "cold chain share" = { value = 0.3, start = 2020.5, unit = "1 / Year" }
        "grant budget" = { by_year = { "2023" = 9.0, "2020.5" = 5 }, execution = 0.6 }
        [world]
        "import share[dairy]" = 0.5
        """,
        "cold-chain",
    )
    assert (scenario.name, scenario.order, scenario.compares) == ("cold-chain", 3, "other-one")
    assert scenario.package == "subsidy"
    assert scenario.title == {"zh": "冷链", "en": "Cold chain"}
    assert scenario.purpose == {"zh": "看看", "en": "看看"}
    share, grant, execution, imports = scenario.settings
    assert (share.times, share.values, share.kind) == ((2020.5,), (0.3,), "lever")
    assert (grant.times, grant.values) == ((2020.5, 2023.0), (5.0, 9.0))
    assert execution.constant == "grant budget execution"
    assert (execution.times, execution.values) == ((2019.0,), (0.6,))
    assert (imports.element, imports.cells, imports.kind) == ("dairy", ((1,),), "world")
    assert imports.times == (2019.0,)


def test_a_scenario_without_a_title_goes_by_its_name(read):
    scenario = read("", "基准 情景")
    assert scenario.title == {"zh": "基准 情景", "en": "基准 情景"}
    assert scenario.purpose == {}
    assert scenario.settings == ()
    assert scenario.compares == "baseline"
    assert read('[title]\nen = "Only"\n').title == {"zh": "Only", "en": "Only"}


def test_every_problem_of_a_file_is_told_at_once(read):
    lines = problems(
        read,
        """
        orders = 1
        [levers]
        "cold chain shrae" = 0.1
        "cold chain share" = 0.9
        "grant budget" = { value = 3, start = 2031, unit = "Yi" }
        "capital cost[brewin]" = 0.3
        "cold chain share[dairy]" = 0.3
        "output" = 3
        "macro shock" = { by_year = { 2020.5 = 0.1, "soon" = 0.2, "2021" = "x" } }
        "grant budget execution" = true
        [world]
        "import share" = { vlaue = 0.1, execution = 0.5 }
        """,
    )
    text = "\n".join(lines)
    for part in (
        'scenarios/a.toml: no such key "orders" — did you mean "order"?',
        'scenarios/a.toml [levers] "cold chain shrae": no such constant in model/small.mdl — '
        'did you mean "cold chain share" (1/Year, 0 to 0.5)?',
        '"cold chain share": 0.9 is outside the limits of the constant (1/Year, 0 to 0.5)',
        '"grant budget": 2031 is outside the model\'s time, 2019 to 2026',
        '"grant budget": unit is Yi, but Yi/Year in the model',
        'no element "brewin" in range sector — did you mean "brewing"?',
        'element "dairy" does not fit — "cold chain share" has no range',
        '"output": is no constant in model/small.mdl but auxiliary',
        'by_year: write the year in quotes, "2020.5"',
        'by_year: "soon" is no year',
        "by_year: the value of \"2021\" must be a number, not 'x'",
        '"grant budget execution": value must be a number, not True',
        '[world] "import share": no such key "vlaue" — did you mean "value"?',
        "give either value or by_year",
        'execution: "import share execution": no such constant',
    ):
        assert part in text


def test_one_constant_set_twice_is_refused_even_by_an_element(read):
    (line,) = problems(
        read, '[levers]\n"import share" = 0.1\n[world]\n"import share[dairy]" = 0.2\n'
    )
    assert '"import share[dairy]" is set twice' in line
    (line,) = problems(
        read,
        '[levers]\n"grant budget" = { value = 1, execution = 0.5 }\n'
        '"grant budget execution" = 0.6\n',
    )
    assert '"grant budget execution" is set twice' in line


def test_bad_toml_is_told_with_its_line(read):
    (line,) = problems(read, 'order = 1\n[levers]\n"cold chain share" 0.1\n')
    assert line.startswith("scenarios/a.toml line 3 column ")


def test_a_folder_gives_its_scenarios_in_order_and_all_problems_of_all_files(folder):
    for name, text in (
        ("b", "order = 2"),
        ("baseline", "order = 1"),
        ("最后", ""),
        ("a", 'order = 2\ncompares = "b"'),
        (".hidden", "not toml"),
    ):
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    found = scenarios.read_scenarios(folder, MODEL)
    assert [scenario.name for scenario in found] == ["baseline", "a", "b", "最后"]
    assert len({scenario.digest for scenario in found}) == 4
    for name, text in (("c", "["), ("d", "[levers]\nx = 1"), ("e", 'compares = "basline"')):
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SDError) as caught:
        scenarios.read_scenarios(folder, MODEL)
    assert len(caught.value.problems) == 3
    assert 'no such scenario "basline" — did you mean "baseline"?' in str(caught.value)


def test_a_folder_without_scenarios_is_an_error(folder):
    with pytest.raises(SDError, match="scenarios: holds no scenario"):
        scenarios.read_scenarios(folder, MODEL)


# ── what a scenario makes of the members' constants ──

DRAWN = {
    "cold chain share": np.array([0.1, 0.2, 0.3, 0.4]),
    "capital cost": np.arange(12.0).reshape(3, N) / 10,
    "grant budget execution": np.array([0.5, 0.6, 0.7, 0.8]),
}


def apply(read, text):
    return worlds.apply(read(text), MODEL, DRAWN, N)


def test_constants_that_are_not_set_pass_through(read):
    constants, held = apply(read, "")
    assert held == {}
    assert list(constants) == list(DRAWN)
    assert all(constants[name] is DRAWN[name] for name in DRAWN)


def test_a_constant_set_from_the_start_replaces_every_members_own(read):
    constants, held = apply(read, '[levers]\n"grant budget" = { value = 3, execution = 0.6 }')
    assert held == {}
    assert np.array_equal(constants["grant budget"], np.full(N, 3.0))
    assert np.array_equal(constants["grant budget execution"], np.full(N, 0.6))
    assert DRAWN["grant budget execution"][0] == 0.5


def test_a_constant_set_later_keeps_its_own_until_then(read):
    constants, held = apply(read, '[levers]\n"cold chain share" = { value = 0.3, start = 2020.5 }')
    assert constants["cold chain share"] is DRAWN["cold chain share"]
    schedule = held["cold chain share"]
    assert np.array_equal(schedule.times, [2020.5])
    assert np.array_equal(schedule.values, [0.3])


def test_a_schedule_from_the_start_is_a_constant_and_then_a_schedule(read):
    constants, held = apply(
        read, '[levers]\n"grant budget" = { by_year = { "2019" = 1, "2021" = 2, "2022" = 0 } }'
    )
    assert np.array_equal(constants["grant budget"], np.ones(N))
    assert np.array_equal(held["grant budget"].times, [2021, 2022])
    assert np.array_equal(held["grant budget"].values, [2, 0])


def test_other_elements_keep_each_members_own_value_throughout(read):
    constants, held = apply(
        read,
        '[levers]\n"capital cost[dairy]" = { value = 0.4, start = 2021 }\n'
        '"capital cost[other]" = { by_year = { "2019" = 0.9, "2020" = 0.8 } }\n',
    )
    own = DRAWN["capital cost"]
    assert np.array_equal(constants["capital cost"], [own[0], own[1], np.full(N, 0.9)])
    schedule = held["capital cost"]
    assert np.array_equal(schedule.times, [2020, 2021])
    assert np.array_equal(schedule.values[0], [own[0], own[1], np.full(N, 0.8)])
    assert np.array_equal(schedule.values[1], [own[0], np.full(N, 0.4), np.full(N, 0.8)])
    assert own[2, 0] == 0.8
    assert own[1, 0] == 0.4


def test_elements_of_a_constant_that_is_not_drawn_come_from_the_model(read):
    constants, held = apply(read, '[world]\n"import share[cluster]" = 0.5')
    assert np.array_equal(constants["import share"], np.repeat([[0.5], [0.5], [0.0]], N, axis=1))
    assert held == {}


def test_a_schedule_for_every_element_needs_no_member_axis(read):
    _, held = apply(read, '[world]\n"import share" = { value = 0.5, start = 2020 }')
    assert np.array_equal(held["import share"].values, [[0.5, 0.5, 0.5]])
