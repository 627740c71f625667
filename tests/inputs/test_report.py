import pytest

from sdengine.errors import SDError
from sdengine.model.read import read_model
from sdensemble.inputs.read_report import read_report
from sdensemble.inputs.report import Kept
from sdensemble.inputs.targets import read_targets
from tests.outputs import synthetic


def test_a_report_names_all_a_run_must_keep(results):
    kept = results.spec.keep(results.targets)
    assert Kept("nominal output", "annual") in kept
    assert Kept("output regime raw", "mean") in kept
    assert Kept("price level", "mean") in kept
    assert len({k.variable for k in kept}) == len(kept)


def test_a_variable_wanted_in_two_aggregates_is_refused(results):
    twice = synthetic.target("x", "x", "x", "price level", 2025, 1.0, aggregate="end")
    with pytest.raises(SDError, match=r"price level.*both as mean and as end"):
        results.spec.keep([*results.targets, twice])


def test_names_are_found_in_any_spelling_vensim_accepts(tmp_path):
    text = synthetic.REPORT.replace('"outlay county"', '"Outlay_County"')
    assert synthetic.spec(tmp_path, text).payers[1].variable == "outlay county"


def test_all_problems_of_a_report_are_told_at_once(tmp_path):
    text = (
        synthetic.REPORT.replace('"output regime raw"', '"output regime rwa"')
        .replace('element = "other"', 'element = "othr"')
        .replace('aggregate = "mean"', 'aggregate = "average"')
        .replace("[history]", "[history]\ncolour = 1")
    )
    with pytest.raises(SDError) as caught:
        synthetic.spec(tmp_path, text)
    message = str(caught.value)
    assert len(caught.value.problems) == 4
    for part in (
        'did you mean "output regime raw"',
        'did you mean "other"',
        'not "average"',
        'no such key "colour"',
    ):
        assert part in message


@pytest.mark.parametrize(("text", "words"), [("= 1", "TOML"), ("x = 1", "headline")])
def test_an_unreadable_report_ends_in_one_clear_message(tmp_path, text, words):
    with pytest.raises(SDError, match=words):
        synthetic.spec(tmp_path, text)


def test_a_missing_report_is_named(tmp_path):
    with pytest.raises(SDError, match=r"report\.toml: no such file"):
        read_report(tmp_path / "report.toml", synthetic.model())


def test_the_shipped_report_fits_the_shipped_model_and_targets(root):
    model = read_model(root / "model" / "shanxi.mdl")
    spec = read_report(root / "outputs" / "report.toml", model)
    targets = read_targets(root / "scenarios" / "targets.csv", model)
    assert spec.headline.question in {target.id for target in targets}
    assert all(kept.variable in model for kept in spec.keep(targets))


def test_what_is_to_be_said_of_a_lever_is_said_where_it_has_moved(tmp_path):
    text = synthetic.REPORT + '[[caveat]]\nlever = "land_floor"\nen = "told"\n'
    spec = synthetic.spec(tmp_path, text.replace("land_floor", "price level"))
    assert spec.caveats_of(["Price Level", "price level"]) == ({"zh": "told", "en": "told"},)
    assert spec.caveats_of(["another"]) == ()
    with pytest.raises(SDError, match=r'caveat.*"land_floor"'):
        synthetic.spec(tmp_path, text)
