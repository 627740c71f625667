"""Vensim's side files: what is read, and what is refused by name with file and line."""

import contextlib
import random
from pathlib import Path

import numpy as np
import pytest

from sdensemble import SDError
from sdensemble.inputs.distributions import Normal, Triangular, Truncated, Uniform
from sdensemble.inputs.vensim import (
    Steps,
    read_changes,
    read_optimisation,
    read_payoffs,
    read_sample,
    read_save_list,
    read_sensitivity,
)

DATA = Path(__file__).resolve().parents[1] / "data" / "vensim"


@pytest.fixture
def write(tmp_path):
    def write_file(name, text):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write_file


def problems(read, path):
    with pytest.raises(SDError) as caught:
        read(path)
    return [line.split("/", 1)[-1] for line in caught.value.problems]


# ── sensitivity control ────────────────────────────────────────────────────────────────────


def test_a_sensitivity_control_gives_number_method_seed_and_distributions():
    control = read_sensitivity(DATA / "teacup.vsc")
    assert (control.simulations, control.method, control.seed) == (64, "plain", 1234)
    room, time = control.factors
    assert (room.name, room.element) == ("room temperature", "")
    assert room.distribution == Truncated(Normal(20, 3), 10, 30)
    assert time.name == "Characteristic_Time"
    assert time.distribution == Truncated(Triangular(8, 16, 30), 5, 40)


def test_missing_parts_of_the_first_line_are_vensims_defaults(write):
    control = read_sensitivity(write("a.vsc", ",L\nx[a,b]=random_uniform(1,2)\n"))
    assert (control.simulations, control.method, control.seed) == (200, "latin", 1234)
    assert control.factors[0].element == "a,b"
    assert control.factors[0].distribution == Uniform(1, 2)


def test_the_file_method_names_a_sample_beside_the_control(write):
    path = write("a.vsc", "10,F,1,worlds.tab,0\nnot = read\n")
    assert read_sensitivity(path).sample == path.parent / "worlds.tab"


def test_a_vector_runs_from_low_to_high_by_its_increment(write):
    control = read_sensitivity(write("a.vsc", "1,U,1\nx=VECTOR(0,1,0.1)\n"))
    steps = control.factors[0].distribution
    assert isinstance(steps, Steps)
    np.testing.assert_allclose(steps.values(), np.linspace(0, 1, 11))


@pytest.mark.parametrize(
    ("text", "mean"),
    [
        ("RANDOM_EXPONENTIAL(0,1e6,0,3)", 3),
        ("RANDOM_WEIBULL(-1e6,1e6,2,1,3)", 4),
        ("RANDOM_BETA(0,10,2,2,1,4)", 3),
    ],
)
def test_stretched_and_shifted_distributions_have_the_mean_of_the_manual(write, text, mean):
    drawn = read_sensitivity(write("a.vsc", f"1,M,1\nx={text}\n")).factors[0].distribution
    u = (np.arange(200_000) + 0.5) / 200_000
    assert drawn.ppf(u).mean() == pytest.approx(mean, rel=1e-3)
    assert drawn.cdf(float(drawn.ppf(np.array([0.3]))[0])) == pytest.approx(0.3)


def test_a_draw_is_cut_to_min_and_max(write):
    drawn = read_sensitivity(write("a.vsc", "1,M,1\nx=RANDOM NORMAL(0,1,0.5,9)\n")).factors[0]
    values = drawn.distribution.ppf(np.linspace(0.001, 0.999, 99))
    assert values.min() >= 0
    assert values.max() <= 1


def test_what_a_sensitivity_control_may_not_hold_is_told_line_by_line(write):
    path = write(
        "a.vsc",
        "0,G,one\nx=RANDOM_LOGNORMAL(0,1,2,3)\ny=RANDOM_UNIFORM(2,1)\nz 3\n"
        "w=RANDOM_NORMAL(0,1)\nv=RANDOM_WEIBULL(0,1,-1,0,1)\nu=RANDOM_NORMAL(0,1,99,0.01)\n",
    )
    found = problems(read_sensitivity, path)
    assert found[0].startswith('a.vsc line 1: number of simulations "0"')
    assert 'method "G (Latin grid)" is not supported' in found[1]
    assert 'seed "one"' in found[2]
    assert 'line 2: "x": distribution RANDOM LOGNORMAL is not supported' in found[3]
    assert 'line 3: "y": RANDOM UNIFORM: min must be below max' in found[4]
    assert 'line 4: "z 3" is not understood' in found[5]
    assert "needs the numbers min, max, mean, stdev" in found[6]
    assert "shape and stretch must be above 0" in found[7]
    assert "no probability between 0 and 1" in found[8]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("5,U,1\nx=RANDOM_UNIFORM(0,1)", "method U is supported for VECTOR only"),
        ("5,L,1\nx=VECTOR(0,1,1)", "VECTOR cannot be drawn by method L"),
        ("5,M,1\nx=VECTOR(0,1,1)\ny=RANDOM_UNIFORM(0,1)", "VECTOR beside random distributions"),
        ("5,F,1", "method F names no sample file"),
        ("5,M,1", "no constant is drawn"),
        ("", "is not supported"),
    ],
)
def test_methods_that_are_not_certain_are_refused(write, text, said):
    assert any(said in line for line in problems(read_sensitivity, write("a.vsc", text)))


# ── changes, save lists ────────────────────────────────────────────────────────────────────


def test_changes_are_constants_elements_and_lists_of_numbers(write):
    path = write(
        "a.cin",
        "\ufeffCONSTANT NAME  1= 123.4\nprice[sub]= 3,2,\n7\n{ left\nout } x[a, b]=1\n"
        "0.0<= birth[north] = .015 <= .1 FRAC\n:OPTIMIZER=Powell\ny = 1,2;3,4;\n",
    )
    found = [(one.name, one.element, one.values) for one in read_changes(path)]
    assert found == [
        ("CONSTANT NAME  1", "", (123.4,)),
        ("price", "sub", (3, 2, 7)),
        ("x", "a, b", (1,)),
        ("birth", "north", (0.015,)),
        ("y", "", (1, 2, 3, 4)),
    ]


def test_a_value_may_stand_on_the_line_below():
    cold, lid = read_changes(DATA / "teacup.cin")
    assert cold.where.endswith("teacup.cin line 2")
    assert (lid.name, lid.values) == ("LID", (0.5,))


def test_changes_of_lookups_and_strings_are_refused_by_name(write):
    path = write(
        "a.cin",
        "pollution table (\n (-1,-.03),(0,0))\nx = 1\nother(1,2,3,4)\nlabel :IS: 'words'\n"
        "y = three\nhello\nz = (0,0),(1,1)\n",
    )
    assert problems(read_changes, path) == [
        'a.cin line 1: "pollution table" is a lookup; changes of lookups are not supported',
        'a.cin line 4: "other" is a lookup; changes of lookups are not supported',
        'a.cin line 5: "label" is a string; strings are not supported',
        'a.cin line 6: "y": three is no number',
        'a.cin line 7: "hello" is no change; write name = value',
        'a.cin line 8: "z" is a lookup; changes of lookups are not supported',
    ]


def test_a_save_list_names_one_variable_a_line(write):
    names = [one.name for one in read_save_list(DATA / "teacup.lst")]
    assert names == ["Teacup Temperature", "heat_loss_to_room"]
    path = write("a.lst", 'price[north]\n"a, b"\n')
    saved = [(one.name, one.element) for one in read_save_list(path)]
    assert saved == [("price", "north"), ("a, b", "")]


def test_a_save_list_with_wildcards_or_nothing_is_refused(write):
    assert "is no name of a variable" in problems(read_save_list, write("a.lst", "pop*\n"))[0]
    assert "names no variable" in problems(read_save_list, write("a.lst", "\n"))[0]


# ── optimisation, payoff ───────────────────────────────────────────────────────────────────


def test_an_optimisation_control_gives_options_and_ranges():
    found = read_optimisation(DATA / "teacup.voc")
    assert found.options == {"OPTIMIZER": "Powell", "MULTIPLE_START": "OFF"}
    time, lid = found.ranges
    assert (time.name, time.low, time.start, time.high) == ("characteristic time", 5, 16, 40)
    assert (lid.low, lid.start, lid.high, lid.tolerance) == (0, None, "lid execution", "FRAC=.001")


def test_a_range_may_lack_a_bound_and_carry_words_behind_it(write):
    path = write("a.voc", "x = 2 <= 3\n1 <= y = 2\n0<= NORM[CHINA] = .015 <= .1 FRAC\n-1 <= z\n")
    found = [(r.name, r.element, r.low, r.start, r.high) for r in read_optimisation(path).ranges]
    assert found == [
        ("x", "", None, 2, 3),
        ("y", "", 1, 2, None),
        ("NORM", "CHINA", 0, 0.015, 0.1),
        ("z", "", -1, None, None),
    ]


def test_lines_that_are_no_range_are_refused(write):
    path = write("a.voc", "x = 2\n1 <= y = two <= 3\n1 < z < 2\n1 <= <= 3\n")
    assert len(problems(read_optimisation, path)) == 4


def test_a_payoff_gives_kinds_data_and_weights():
    first, last, quoted = read_payoffs(DATA / "teacup.vpd")
    assert (first.kind, first.variable, first.data) == (
        "calibration",
        "teacup temperature",
        "measured temperature",
    )
    assert first.weight == 0.5
    assert (last.kind, last.modifiers, last.data, last.weight) == ("policy", "F", "", -1)
    assert (quoted.variable, quoted.weight) == ('"heat, lost/kept"', "weight of heat")


def test_payoffs_of_unknown_type_or_form_are_refused(write):
    found = problems(read_payoffs, write("a.vpd", "a/1\n*C\na/1\n*Q\nb/1\n*P\na|b/1\n*CQ\n"))
    assert '"a/1" stands before any type' in found[0]
    assert "write variable|data/weight" in found[1]
    assert 'payoff type "*Q" is not known' in found[2]
    assert "write variable/weight" in found[3]
    assert 'payoff type "*CQ" is not known' in found[4]


# ── samples ────────────────────────────────────────────────────────────────────────────────


def test_a_blank_cell_of_a_sample_repeats_the_value_above():
    sample = read_sample(DATA / "teacup-sample.tab")
    assert sample.columns == (("room temperature", ""), ("characteristic time", ""))
    np.testing.assert_array_equal(sample.values, [[10, 16], [20, 16], [30, 8]])


def test_a_sample_may_be_parted_by_commas_and_name_elements(write):
    sample = read_sample(write("a.csv", '\ufeffx,"price[north,a]"\r\n1,2\r\n,3\r\n'))
    assert sample.columns == (("x", ""), ("price", "north,a"))
    np.testing.assert_array_equal(sample.values, [[1, 2], [1, 3]])


def test_what_is_wrong_in_a_sample_is_told_by_line_and_column(write):
    found = problems(read_sample, write("a.csv", "x,2\n1,nan\n1,2,3\n"))
    assert found == [
        'a.csv line 1: "2" is no name of a constant',
        'a.csv line 2: column 2: "nan" is no number',
        "a.csv line 3: has 3 cells under 2 names",
    ]
    assert "needs a header" in problems(read_sample, write("b.csv", "x,y\n"))[0]
    assert len(problems(read_sample, write("c.csv", "x\n" + "a\n" * 1000))) == 20


READERS = [
    read_changes,
    read_optimisation,
    read_payoffs,
    read_sample,
    read_save_list,
    read_sensitivity,
]


@pytest.mark.parametrize("read", READERS)
def test_mangled_files_end_in_a_clear_error_or_an_answer(read, write):
    seeds = [path.read_text(encoding="utf-8") for path in sorted(DATA.iterdir())]
    signs = '{}[]()"<=|*/:,\t\n;\\\0e-9 变'
    chance = random.Random(5)
    for _ in range(300):
        text = list(chance.choice(seeds))
        for _ in range(chance.randrange(1, 8)):
            text.insert(chance.randrange(len(text) + 1), chance.choice(signs))
        with contextlib.suppress(SDError):
            read(write("a.txt", "".join(text)))
    for text in ("a" + " " * 200_000 + "(", '"' * 50_001, "{" * 100_000, "x=1" + ",1" * 100_000):
        with contextlib.suppress(SDError):
            read(write("a.txt", f"9,M,1\n{text}\n"))


@pytest.mark.parametrize("read", [read_changes, read_sensitivity, read_sample, read_payoffs])
def test_a_file_that_is_not_there_is_one_line(read, tmp_path):
    (line,) = problems(read, tmp_path / "none.txt")
    assert "none.txt: cannot be read" in line
