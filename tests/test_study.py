import pytest

from sdengine.errors import SDError
from sdensemble.study import check_study, find_model, open_study


def change(path, old, new):
    text = path.read_text("utf-8-sig")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_the_shipped_studies_have_no_problem(root):
    for folder in (root, root / "examples" / "teacup"):
        assert check_study(open_study(folder)) == ()


def test_every_part_of_a_study_is_read(teacup):
    study = open_study(teacup)
    assert [s.name for s in study.scenarios] == ["baseline", "lid", "world-cold-room"]
    assert [t.id for t in study.targets] == ["warm_at_10", "warm_at_15"]
    assert study.prior_sets() == ("prior",)
    assert len(study.priors().items) == 5
    assert study.report.headline.whole.variable == "teacup temperature"
    assert (study.forcing, study.history) == (None, ())


def test_the_problems_of_all_files_are_told_at_once(teacup):
    change(teacup / "scenarios" / "lid.toml", '"lid" =', '"lidd" =')
    change(teacup / "scenarios" / "targets.csv", "teacup temperature", "tea temperature")
    change(teacup / "calibration" / "priors.toml", "median = 16", "median = 60")
    change(teacup / "outputs" / "report.toml", 'variable = "heat loss', 'variable = "heatloss')
    (teacup / "calibration" / "history.csv").write_text("time,sector\n", "utf-8")
    (teacup / "calibration" / "forcing.toml").write_text("[[process]]\n", "utf-8")
    text = "\n".join(open_study(teacup).check())
    for part in (
        "lidd",
        "tea temperature",
        "outside the limits",
        "heatloss",
        "columns missing",
        "forcing.toml",
    ):
        assert part in text


def test_a_number_known_after_the_information_date_is_a_problem(teacup):
    change(
        teacup / "calibration" / "priors.toml",
        'kind = "structural"\nassumption = true\n\n[[prior]]\nconstant = "initial',
        'known_on = "2021-03-01"\n\n[[prior]]\nconstant = "initial',
    )
    report = teacup / "outputs" / "report.toml"
    assert open_study(teacup).check() == ()
    report.write_text('as_of = "through-2019"\n' + report.read_text("utf-8"), "utf-8")
    (line,) = open_study(teacup).check()
    assert 'priors.toml "characteristic time": known on 2021-03-01, after 2019-12-31' in line


def test_choosing_scenarios_brings_those_they_are_compared_with(teacup):
    study = open_study(teacup)
    assert study.choose(()) == study.scenarios
    assert [s.name for s in study.choose(("lid",))] == ["baseline", "lid"]
    with pytest.raises(SDError) as caught:
        study.choose(("lib", "basline"))
    assert caught.value.problems == (
        '--scenario: no scenario "lib" — did you mean "lid"? (there are baseline, lid,'
        " world-cold-room)",
        '--scenario: no scenario "basline" — did you mean "baseline"? (there are baseline, lid,'
        " world-cold-room)",
    )


def test_a_set_of_scenarios_is_run_by_its_name_and_the_default_set_without_one(teacup):
    change(teacup / "scenarios" / "lid.toml", "[title]", 'set = "one by one"\n\n[title]')
    study = open_study(teacup)
    every = [s.name for s in study.scenarios]
    plain = [name for name in every if name != "lid"]
    assert [s.name for s in study.choose(())] == plain
    assert [s.name for s in study.choose(("One by one",))] == ["baseline", "lid"]
    assert [s.name for s in study.choose(("default", "one by one"))] == every
    change(teacup / "scenarios" / "lid.toml", '"one by one"', '["one by one", "default"]')
    assert [s.name for s in open_study(teacup).choose(())] == every
    change(teacup / "scenarios" / "lid.toml", '["one by one", "default"]', "[]")
    with pytest.raises(SDError, match="set must be a name or a list of names"):
        _ = open_study(teacup).scenarios


def test_a_scenario_named_as_a_set_stands_for_itself(teacup):
    change(teacup / "scenarios" / "lid.toml", "[title]", 'set = ["baseline", "lid"]\n\n[title]')
    study = open_study(teacup)
    assert [s.name for s in study.named(("baseline",))] == ["baseline"]


def test_a_digest_changes_with_its_file_alone(teacup):
    before = open_study(teacup).digests()
    assert {"model/teacup.mdl", "scenarios/lid.toml", "outputs/report.toml"} <= set(before)
    change(teacup / "scenarios" / "lid.toml", "start = 2", "start = 3")
    after = open_study(teacup).digests()
    assert {name for name in before if before[name] != after[name]} == {"scenarios/lid.toml"}


def test_a_folder_that_is_no_study_is_named(tmp_path, teacup):
    with pytest.raises(SDError, match="no study here: it has no folder model/"):
        find_model(tmp_path)
    model = teacup / "model" / "teacup.mdl"
    model.with_name("more.mdl").write_bytes(model.read_bytes())
    with pytest.raises(SDError, match=r"needs exactly one model file .* has more.mdl, teacup.mdl"):
        open_study(teacup)
    model.unlink()
    model.with_name("more.mdl").unlink()
    with pytest.raises(SDError, match=r"needs exactly one model file .* has none"):
        open_study(teacup)


def test_check_reports_what_is_wrong_with_the_model_itself(teacup):
    model = teacup / "model" / "teacup.mdl"
    change(model, "Degree/Minute", "Degree")
    change(model, "lid gain * lid *", "0.5 * lid *")
    change(model, "\t90\n", "\t120\n")
    change(model, "中文: 杯盖增益; ", "")
    text = "\n".join(check_study(open_study(teacup)))
    for part in (
        '"heat loss to room": the equation gives',
        '"characteristic time in use": bare number 0.5',
        '"initial temperature": 120 is outside [60, 100]',
        '"lid gain": has no label',
    ):
        assert part in text


# ── names, references, fit of the files ──


def test_scenarios_go_by_their_titles_as_well(teacup):
    study = open_study(teacup)
    titles = {s.name: s.title for s in study.scenarios}
    for lang in ("zh", "en"):
        assert [s.name for s in study.named((titles["lid"][lang],))] == ["lid"]
    change(
        teacup / "scenarios" / "world-cold-room.toml",
        titles["world-cold-room"]["en"],
        titles["baseline"]["en"],
    )
    with pytest.raises(SDError, match="is the title of more than one: baseline, world-cold-room"):
        open_study(teacup).choose((titles["baseline"]["en"],))


def test_a_variable_is_found_by_a_label_of_the_model_or_the_report(teacup, root):
    study = open_study(teacup)
    variable = study.model["lid gain"]
    for label in ("Lid_Gain", variable.note.zh, variable.note.en.upper()):
        assert study.find(label) == "lid gain"
    shanxi = open_study(root)
    assert shanxi.find(shanxi.report.regimes[0].label["en"])
    with pytest.raises(SDError, match=r'did you mean .*"land share floor"'):
        shanxi.find("land share")
    with pytest.raises(SDError, match=r'did you mean "plant grant budget \(工厂投资补助\)"'):
        shanxi.find("补助")  # a lever before the variables inside


def test_a_year_of_one_digit_is_refused_where_the_model_counts_years(root):
    with pytest.raises(SDError, match="write four digits, as through-2021"):
        open_study(root).at("through-9")


def test_a_missing_baseline_is_a_problem_told_once_with_the_others(teacup):
    (teacup / "scenarios" / "baseline.toml").unlink()
    change(teacup / "scenarios" / "targets.csv", "teacup temperature", "tea temperature")
    lines = open_study(teacup).check()
    (line,) = [one for one in lines if "baseline" in one]
    assert 'no such scenario "baseline" (baseline.toml), with which lid and 1 more' in line
    assert any("tea temperature" in one for one in lines)
    (teacup / "scenarios" / "lid.toml").unlink()
    assert not any("baseline" in one for one in open_study(teacup).check())


def test_check_reads_the_report_against_the_targets(teacup):
    report = teacup / "outputs" / "report.toml"
    change(report, 'question = "warm_at_10"', 'question = "warm_at_9"')
    (line,) = open_study(teacup).check()
    assert line.startswith("outputs/report.toml [headline] question: no single target")
    assert 'did you mean "warm_at_1' in line


def test_evidence_later_than_the_information_date_is_listed(root):
    study = open_study(root)
    assert len(study.late_evidence()) == len(set(study.late_evidence())) > 0
