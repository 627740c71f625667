"""A model file without a study: runs, ensembles, and what they write."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from sdensemble import FileOptions, SDError, run_file
from sdensemble.lang import tell
from sdensemble.results.store import read_ensemble
from sdensemble.verbs.cli import main

DATA = Path(__file__).resolve().parents[1] / "data" / "vensim"
TEACUP = Path(__file__).resolve().parents[2] / "examples" / "teacup" / "model" / "teacup.mdl"
SHOPS = """
region: north, south ~~|
price[region] = 3, 4 ~ Yuan [0,10] ~|
growth = 0.1 ~ 1/Month ~|
sales[region] = INTEG(growth * sales[region], price[region]) ~ Yuan ~|
total sales = SUM(sales[region!]) ~ Yuan ~|
table((0,0),(1,1)) ~~|
"""


def call(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


def table(path):
    return list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))


def problems(path, **options):
    with pytest.raises(SDError) as caught:
        run_file(path, FileOptions(**options))
    return caught.value.problems


@pytest.fixture
def shops(write_model):
    return write_model(SHOPS)


# ── one run ────────────────────────────────────────────────────────────────────────────────


def test_a_run_shows_stocks_at_the_first_middle_and_last_time(shops):
    found = run_file(shops)
    lines = found.text("en").splitlines()
    assert lines[0] == "model.mdl: one run, 0 to 2 Year, step 0.25, euler"
    assert lines[2].split() == ["stock", "unit", "0", "1", "2"]
    assert lines[4].split()[:3] == ["sales[north]", "Yuan", "3"]
    assert len(lines) == 6
    assert [tell(note, "en") for note in found.notes] == [
        "nothing was written: --out DIR writes the run"
    ]


def test_constants_are_set_whole_or_by_element_and_by_either_kind_of_name(shops):
    options = FileOptions(settings=("PRICE[south]=7", "growth=0"), report="Total_Sales")
    found = run_file(shops, options)
    np.testing.assert_array_equal(found.found.run.values["total sales"][:, 0], 10.0)
    assert "price[south] = 7" not in found.text("en")
    assert found.found.given.constants["price"].tolist() == [3, 7]


def test_names_are_accepted_as_pysd_writes_them(write_model):
    path = write_model('"price (net)" = 3 ~~|\ny = INTEG("price (net)", 0) ~~|\n')
    found = run_file(path, FileOptions(settings=("price_net=5",)))
    assert found.found.run.values["y"][-1, 0] == 10


def test_settings_that_cannot_be_are_told_together(shops):
    found = problems(shops, settings=("prise=1", "price[east]=1", "growth", "TIME STEP=1"))
    assert "no such constant" in found[0]
    assert 'did you mean "price"' in found[0]
    assert 'no element "east" in range region' in found[1]
    assert "write name=3" in found[2]
    assert "belongs to the clock" in found[3]
    assert (
        'no variable "totl sales" — did you mean "total sales"?'
        in problems(shops, report="totl sales")[0]
    )
    assert "is a lookup" in problems(shops, report="table")[0]


def test_a_value_outside_the_models_limits_is_noted(shops):
    found = run_file(shops, FileOptions(settings=("price=11",)))
    assert found.notes[0] == '"price" is 11, outside the model\'s limits (Yuan, 0 to 10)'


def test_changes_come_before_settings_and_give_one_number_or_all(shops):
    file = shops.with_name("a.cin")
    file.write_text("price = 5, 6\ngrowth = 0\n", encoding="utf-8")
    found = run_file(shops, FileOptions(changes=(Path("a.cin"),), settings=("price[north]=1",)))
    assert found.found.given.constants["price"].tolist() == [1, 6]
    file.write_text("price = 5, 6, 7\nnone = 1\n", encoding="utf-8")
    few, none = problems(shops, changes=(file,))
    assert 'a.cin line 1 "price": gives 3 numbers for 2 elements' in few
    assert 'a.cin line 2 "none": no such constant' in none


def test_side_files_beside_the_model_are_named_but_not_read(shops):
    shops.with_name("a.cin").write_text("growth = 9\n", encoding="utf-8")
    found = run_file(shops)
    notes = [tell(note, "en") for note in found.notes]
    assert "beside the model, not read: --changes a.cin" in notes
    assert found.found.given.constants == {}


def test_a_run_is_written_as_csv_netcdf_and_record_and_can_be_written_again(shops, tmp_path):
    out = tmp_path / "结果"
    for _ in range(2):
        run_file(shops, FileOptions(out=out, settings=("growth=0.2",)))
    assert sorted(p.name for p in out.iterdir()) == ["run.csv", "run.json", "run.nc"]
    assert (out / "run.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    rows = table(out / "run.csv")
    data = read_ensemble(out / "run.nc")
    assert data["sales"].dims == ("time", "region", "member")
    assert float(rows[-1]["sales[south]"]) == float(data["sales"][-1, 1, 0])
    record = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert record["constants"] == {"growth": 0.2}
    (out / "mine.txt").write_text("x")
    assert "which no run wrote" in problems(shops, out=out)[0]


def test_values_that_are_not_finite_are_noted_with_time_and_variable(write_model):
    path = write_model("d = 1 ~~|\nx = INTEG(1 / (1 - d * Time), 0) ~~|\n")
    (note, *_) = run_file(path).notes
    assert tell(note, "en").startswith('not finite: "x" first at 1.25')


# ── ensembles ──────────────────────────────────────────────────────────────────────────────


def test_a_sample_file_gives_a_member_for_each_row(tmp_path):
    out = tmp_path / "run"
    found = run_file(TEACUP, FileOptions(sample=DATA / "teacup-sample.tab", out=out))
    data = read_ensemble(out / "run.nc")
    assert data.sizes["member"] == 3
    np.testing.assert_array_equal(data["characteristic time"], [16, 16, 8])
    alone = run_file(TEACUP, FileOptions(settings=("room temperature=30", "characteristic time=8")))
    last = found.found.run.values["teacup temperature"][:, 2]
    np.testing.assert_array_equal(last, alone.found.run.values["teacup temperature"][:, 0])
    rows = table(out / "quantiles.csv")
    assert list(rows[0]) == [
        "variable",
        "unit",
        "time",
        "members",
        "p05",
        "p25",
        "p50",
        "p75",
        "p95",
    ]
    assert float(rows[-1]["p50"]) == np.median(data["teacup temperature"][-1])


def test_a_sensitivity_control_draws_the_same_members_for_the_same_seed():
    options = FileOptions(sensitivity=DATA / "teacup.vsc")
    first, second = run_file(TEACUP, options), run_file(TEACUP, options)
    other = run_file(TEACUP, FileOptions(sensitivity=DATA / "teacup.vsc", seed=2, members=10))
    drawn = [run.found.given.constants["room temperature"] for run in (first, second, other)]
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert drawn[0].shape == (64,)
    assert drawn[2].shape == (10,)
    assert (drawn[0][:10] != drawn[2]).all()
    assert first.text("en").splitlines()[2].split() == [
        "variable",
        "unit",
        "time",
        "5%",
        "25%",
        "50%",
        "75%",
        "95%",
    ]


def test_a_latin_hypercube_has_one_member_in_each_slice(shops):
    file = shops.with_name("a.vsc")
    file.write_text("20,L,3\nprice[north]=RANDOM_UNIFORM(0,20)\n", encoding="utf-8")
    found = run_file(shops, FileOptions(sensitivity=file))
    price = found.found.given.constants["price"]
    np.testing.assert_array_equal(np.sort(np.floor(price[0])), np.arange(20))
    np.testing.assert_array_equal(price[1], 4.0)
    assert "outside the model's limits" in found.notes[0]


def test_vectors_run_one_after_another_or_as_a_grid(shops):
    file = shops.with_name("a.vsc")
    lines = "price[north]=VECTOR(1,3,1)\ngrowth=VECTOR(0,0.2,0.1)\n"
    file.write_text(f"1,U,1\n{lines}", encoding="utf-8")
    each = run_file(shops, FileOptions(sensitivity=file)).found.given.constants
    np.testing.assert_allclose(each["price"][0], [1, 2, 3, 3, 3, 3])
    np.testing.assert_allclose(each["growth"], [0.1, 0.1, 0.1, 0, 0.1, 0.2])
    file.write_text(f"1,M,1\n{lines}", encoding="utf-8")
    grid = run_file(shops, FileOptions(sensitivity=file)).found.given.constants
    assert len(set(zip(grid["price"][0], grid["growth"], strict=True))) == 9


def test_the_file_method_reads_the_sample_it_names(shops):
    shops.with_name("w.tab").write_text("growth\n\n0\n0.5\n", encoding="utf-8")
    file = shops.with_name("a.vsc")
    file.write_text("99,F,1,w.tab,0\n", encoding="utf-8")
    found = run_file(shops, FileOptions(sensitivity=file))
    np.testing.assert_array_equal(found.found.given.constants["growth"], [0, 0.5])


def test_members_that_would_be_alike_or_are_given_twice_are_refused(shops):
    sample = shops.with_name("w.csv")
    sample.write_text("growth,Growth\n1,2\n", encoding="utf-8")
    assert "every member would be the same" in problems(shops, members=9)[0]
    assert any("stands twice" in line for line in problems(shops, sample=sample))
    both = problems(shops, sample=sample, sensitivity=DATA / "teacup.vsc")
    assert "give one of the two" in both[0]
    assert "has 1 rows already" in problems(shops, sample=sample, members=9)[0]
    none = problems(shops, sensitivity=DATA / "teacup.vsc", members=0)
    assert "must be 1 or more" in none[0]
    zero = shops.with_name("z.vsc")
    zero.write_text("9,M,0\ngrowth=RANDOM_UNIFORM(0,1)\n", encoding="utf-8")
    assert "give --seed" in problems(shops, sensitivity=zero)[0]


def test_lost_members_are_counted_and_left_out_of_quantiles(write_model):
    path = write_model("d = 1 ~~|\nx = INTEG(1 / (1 - d * Time), 0) ~~|\n")
    path.with_name("w.csv").write_text("d\n0\n1\n0\n", encoding="utf-8")
    found = run_file(path, FileOptions(sample=Path("w.csv")))
    assert tell(found.notes[0], "en") == (
        "not finite in 1 of 3 members, left out of quantiles from there:"
        ' "x" first at 1.25 in member 1'
    )
    assert found.text("en").splitlines()[-1].split()[-3:] == ["2", "2", "2"]


# ── the command line ───────────────────────────────────────────────────────────────────────


def test_run_takes_a_model_file_or_a_study_folder(teacup, tmp_path, no_figures):
    model = teacup / "model" / "teacup.mdl"
    found = call("run", model, "--set", "lid = 1", "--lang", "en")
    assert found.exit_code == 0
    assert found.stdout.startswith("teacup.mdl: one run")
    assert "nothing was written" in found.stderr
    out = tmp_path / "out"
    both = ("--changes", DATA / "teacup.cin", "--save-list", DATA / "teacup.lst", "--out", out)
    assert call("run", model, *both).stdout.endswith(f"\n{out}\n")
    study = call("run", teacup, "--members", 32, "--out", tmp_path / "study", "--lang", "en")
    assert study.output.startswith("Measure: temperature")


def test_options_of_a_study_and_of_a_model_file_do_not_mix(teacup):
    model = teacup / "model" / "teacup.mdl"
    mixed = call("run", model, "--prior", "plan", "--lang", "en")
    assert mixed.exit_code == 2
    assert "--prior does not go with a model file" in mixed.output
    mixed = call("run", teacup, "--set", "lid=1", "--lang", "en")
    assert "--set does not go with a study" in mixed.output
    wrong = call("run", model, "--set", "lit=1", "--lang", "en")
    assert wrong.exit_code == 1
    assert 'did you mean "lid"' in wrong.stderr
