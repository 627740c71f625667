import shutil
import tomllib

import pytest

from sdengine.errors import SDError
from sdensemble.study import check_study, open_study
from sdensemble.verbs.new_study import new_study
from sdensemble.verbs.run_options import RunOptions
from sdensemble.verbs.run_study import run_study

TEACUP = "examples/teacup/model/teacup.mdl"
PEOPLE = """
地区: 东, 西, 中 ~~|
人口[地区] = INTEG(出生[地区] - 死亡[地区], 初始人口[地区]) ~ 万人 ~ 中文: 人口; EN: people|
出生[地区] = 人口[地区] * 出生率[地区] ~ 万人/Year ~|
死亡[地区] = 人口[地区] / 寿命 ~ 万人/Year ~|
总人口 = SUM(人口[地区!]) ~ 万人 ~ 中文: 总人口; EN: all people|
初始人口[地区] = 10, 20, 30 ~ 万人 [1,50] ~|
出生率[地区] = 0.01, 0.02, 0.015 ~ 1/Year [0,0.05] ~|
寿命 = 75 ~ Year [50,?] ~|
"""
GROWTH = "x = INTEG(x * rate, 1) ~ Yi ~|\nrate = 0.1 ~ 1/Year [0,0.2] ~|\n"


@pytest.fixture
def people(write_model):
    return write_model(PEOPLE, "人口 模型.mdl")


def run(folder, tmp_path):
    options = RunOptions(study=folder, members=32, out=tmp_path / "a run", lang="en")
    return run_study(options).text("en")


def test_a_new_study_can_be_checked_and_run_at_once(root, tmp_path, no_figures):
    folder = tmp_path / "new"
    files = new_study(root / TEACUP, folder)
    written = {p for p in folder.rglob("*") if p.is_file()}
    assert set(files) == written
    study = open_study(folder)
    assert check_study(study) == ()
    assert study.report.headline.whole.variable == "teacup temperature"
    assert study.report.headline.aggregate == "end"
    assert study.targets[0].zh == "茶温（示例，请修改）"
    assert "temperature of the tea (example: edit this row) at least 30.7" in run(folder, tmp_path)


def test_a_model_with_ranges_and_chinese_names_becomes_a_study(people, tmp_path):
    folder = tmp_path / "新 研究"
    new_study(people, folder)
    study = open_study(folder)
    head = study.report.headline
    assert (head.whole.variable, head.components, head.range) == ("总人口", "人口", "地区")
    assert study.check() == ()
    assert "总人口" in run(folder, tmp_path)
    assert (tmp_path / "a run" / "figures" / "sectors.png").is_file()


def test_each_constant_gets_a_prior_over_its_limits_or_a_comment(root, people, tmp_path):
    new_study(people, tmp_path / "people")
    text = (tmp_path / "people" / "calibration" / "priors.toml").read_text("utf-8")
    (births,) = [p for p in tomllib.loads(text)["prior"] if p["constant"] == "出生率"]
    assert (births["low"], births["high"], births["each"]) == (0, 0.05, True)
    assert births["assumption"] is True
    assert "#   寿命: its limits leave no range (Year, from 50)" in text
    new_study(root / TEACUP, tmp_path / "cup")
    text = (tmp_path / "cup" / "calibration" / "priors.toml").read_text("utf-8")
    assert "#   lid: a lever, set by scenarios" in text
    assert 'constant = "lid execution"' in text


def test_a_named_headline_is_kept_as_its_unit_asks(people, tmp_path):
    new_study(people, tmp_path / "births", "出生")
    study = open_study(tmp_path / "births")
    head = study.report.headline
    assert (head.whole.variable, head.whole.element, head.aggregate) == ("出生", "东", "annual")
    assert head.components == "出生"
    assert (study.targets[0].element, study.targets[0].unit) == ("东", "万人")
    assert study.check() == ()


def test_a_folder_in_use_is_never_touched_but_an_empty_one_is_taken(root, tmp_path):
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "notes.txt").write_text("mine", "utf-8")
    with pytest.raises(SDError, match="is not empty"):
        new_study(root / TEACUP, tmp_path / "used")
    assert [p.name for p in tmp_path.rglob("*")] == ["used", "notes.txt"]
    (tmp_path / "empty").mkdir()
    assert new_study(root / TEACUP, tmp_path / "empty")


def test_labels_beside_the_model_come_along(people, tmp_path):
    people.with_name("labels.csv").write_text("range,element,zh,en\n地区,东,东部,East\n", "utf-8")
    files = new_study(people, tmp_path / "new")
    assert tmp_path / "new" / "model" / "labels.csv" in files
    assert open_study(tmp_path / "new").model.element_label("地区", "东", "en") == "East"


@pytest.mark.parametrize(
    ("equations", "headline", "message"),
    [
        ("a = b ~~|\nb = a ~~|\ns = INTEG(a, 0) ~~|", None, "a loop without a stock"),
        ("s = INTEG(GET DATA BETWEEN TIMES(s, Time, 0), 1) ~~|", None, '"s"'),
        ("a = Time * 2 ~~|", None, "has no stock; name a variable with --headline"),
        (GROWTH, "rat", 'no variable "rat" — did you mean "rate"?'),
        (GROWTH, "rate", '"rate": is a constant; a headline must move'),
    ],
)
def test_a_study_that_cannot_be_made_leaves_nothing(
    write_model, tmp_path, equations, headline, message
):
    path = write_model(equations)
    with pytest.raises(SDError) as caught:
        new_study(path, tmp_path / "new", headline)
    assert message in str(caught.value)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_clock_without_whole_years_is_refused_with_the_reason(write_model, tmp_path):
    with pytest.raises(SDError, match="TIME STEP divide 1"):
        new_study(write_model(GROWTH, step=0.375, stop=3), tmp_path / "new")
    with pytest.raises(SDError, match="shorter than one Year"):
        new_study(write_model(GROWTH, stop=0.5), tmp_path / "new")


def test_a_file_that_is_no_model_is_refused(root, tmp_path):
    shutil.copy(root / TEACUP, tmp_path / "teacup.txt")
    with pytest.raises(SDError, match=r"a model file ends in \.mdl"):
        new_study(tmp_path / "teacup.txt", tmp_path / "new")
