import errno
import json

import numpy as np
import pytest

from sdengine.errors import SDError
from sdensemble.outputs import run as runs
from sdensemble.outputs.heads import read_csv
from sdensemble.results.store import read_ensemble
from sdensemble.study import open_study
from sdensemble.verbs.new_study import new_study
from sdensemble.verbs.result import Tell
from sdensemble.verbs.run_options import RunOptions
from sdensemble.verbs.run_study import replay_member, run_study

BROKEN = """
level = INTEG(-loss rate, 2) ~ Yi ~ 中文: 水平; EN: level|
loss rate = 0.5 ~ Yi/Year [0,4] ~|
worth = LN(level / unit) ~ Dmnl ~|
unit = 1 ~ Yi [1,1] ~|
total = INTEG(worth / year, 0) ~ Dmnl ~ 中文: 总和; EN: total|
year = 1 ~ Year [1,1] ~|
"""


def options(study, folder, **more):
    return RunOptions(**{"study": study, "members": 32, "out": folder, "lang": "en"} | more)


def rows(path):
    return read_csv(path)


def left(study):
    return sorted(p.name for p in (study / "outputs").iterdir())


def test_a_run_writes_its_folder_and_gives_the_answer(teacup, tmp_path):
    outcome = run_study(options(teacup, tmp_path / "结果 1"))
    assert outcome.text("en").startswith("Measure: temperature; no information date; prior set")
    assert "Target: tea temperature at least 60 °C in minute 9" in outcome.text("en")
    record = json.loads((tmp_path / "结果 1" / "run.json").read_text("utf-8"))
    assert record["options"]["members"] == 32
    assert set(record["files_read"]) >= {"model/teacup.mdl", "calibration/priors.toml"}
    assert record["ensembles"][0]["lost"] == []
    for name in record["files"]:
        assert (tmp_path / "结果 1" / name).stat().st_size > 0
    assert "figures/fan.png" in record["files"]
    assert "第9分钟" in (tmp_path / "结果 1" / "answer-zh.txt").read_text("utf-8")


def test_runs_stand_beside_the_report_where_no_folder_is_given(teacup, no_figures):
    outcome = run_study(options(teacup, None))
    assert outcome.folder.parent == teacup / "outputs"
    assert left(teacup) == sorted([outcome.folder.name, "report.toml"])


def test_the_same_seed_gives_the_same_bytes_whatever_the_threads(teacup, tmp_path, no_figures):
    study = open_study(teacup)
    for name, more in {"a": {"threads": 1}, "b": {"threads": 2}, "c": {"seed": 2}}.items():
        run_study(options(study, tmp_path / name, **more))
    tables = [p.name for p in (tmp_path / "a").glob("*.csv")]
    assert "probabilities.csv" in tables
    for table in tables:
        first = (tmp_path / "a" / table).read_bytes()
        assert first == (tmp_path / "b" / table).read_bytes()
    first, other = (tmp_path / name / "probabilities.csv" for name in "ac")
    assert first.read_bytes() != other.read_bytes()


def test_a_further_prior_set_serves_the_packages_and_what_they_are_compared_with(
    teacup, tmp_path, no_figures
):
    priors = teacup / "calibration" / "priors.toml"
    entry = 'constant = "room temperature"\n'
    text = priors.read_text("utf-8").replace(entry, entry + 'sets = ["history"]\n')
    plan = text.split("[[prior]]")[3].replace('["history"]', '["plan"]').replace("16", "22")
    priors.write_text(f"{text}\n[[prior]]{plan}", "utf-8")
    lid = teacup / "scenarios" / "lid.toml"
    lid.write_text('package = "lid"\n' + lid.read_text("utf-8"), "utf-8")
    outcome = run_study(options(teacup, tmp_path / "run"))
    assert "the same, plan priors" in outcome.text("en")
    found = rows(tmp_path / "run" / "probabilities.csv")
    assert {r["scenario"] for r in found if r["prior_set"] == "plan"} == {"baseline", "lid"}
    warmer = read_ensemble(tmp_path / "run" / "ensemble-plan.nc")["teacup temperature"]
    colder = read_ensemble(tmp_path / "run" / "ensemble.nc")["teacup temperature"]
    assert warmer.sel(scenario="lid").mean() > colder.sel(scenario="lid").mean()


# ── what goes wrong ────────────────────────────────────────────────────────────────────────


def test_an_interruption_while_members_run_leaves_no_folder(teacup, tmp_path):
    class Interrupted(Tell):
        def bar(self, runs):
            def advance(done):
                raise KeyboardInterrupt

            return advance

    for threads in (1, 2):
        with pytest.raises(KeyboardInterrupt):
            run_study(options(teacup, tmp_path / "run", threads=threads), Interrupted())
    assert not (tmp_path / "run").exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["山西 研究"]


def test_a_disk_that_fills_up_while_writing_leaves_nothing(teacup, tmp_path, monkeypatch):
    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(runs, "write_tables", full)
    with pytest.raises(SDError, match="the disk is full; nothing was written"):
        run_study(options(teacup, tmp_path / "run"))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["山西 研究"]


def test_what_would_stop_the_writing_is_told_before_anything_is_run(teacup, tmp_path, monkeypatch):
    monkeypatch.setattr("sdensemble.ensemble.members.run_ensemble", lambda *args, **named: 1 / 0)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine.txt").write_text("mine", "utf-8")
    with pytest.raises(SDError, match=r"holds mine\.txt, which no run wrote"):
        run_study(options(teacup, tmp_path / "taken"))
    with pytest.raises(SDError, match='no prior set "plans"'):
        run_study(options(teacup, tmp_path / "run", prior_set="plans"))
    with pytest.raises(SDError, match="33 members: Sobol points need"):
        run_study(options(teacup, tmp_path / "run", members=33))


@pytest.fixture
def broken(write_model, tmp_path):
    new_study(write_model(BROKEN, stop=4.0), tmp_path / "study", "total")
    return open_study(tmp_path / "study")


def test_lost_members_are_counted_named_and_leave_bounds(broken, tmp_path, no_figures):
    outcome = run_study(options(broken, tmp_path / "run"))
    data = read_ensemble(tmp_path / "run" / "ensemble.nc")
    bad = int((~np.isfinite(data["total"].values[0])).any(axis=1).sum())
    assert 0 < bad < 32
    words = " ".join(outcome.text("en").split())
    said = f"Note: {bad} members under Baseline (priors) are not finite (worth, first in"
    assert said in words
    (row,) = rows(tmp_path / "run" / "probabilities.csv")
    assert (row["p"], row["lost_members"]) == ("", str(bad))
    assert float(row["p_most"]) - float(row["p_least"]) == pytest.approx(bad / 32)
    (lost,) = json.loads((tmp_path / "run" / "run.json").read_text("utf-8"))["ensembles"][0]["lost"]
    assert (lost["variable"], lost["members"]) == ("worth", bad)


def test_a_lost_member_can_be_replayed_as_the_answer_says(broken, tmp_path, no_figures):
    answer = run_study(options(broken, tmp_path / "run")).text("en")
    line = answer.splitlines()[-1]
    assert line.startswith(f"python run_sim.py run --study {broken.folder} --scenario baseline ")
    assert " --seed=1 --members=32 --method=sobol --prior prior --member " in line
    member = int(line.rsplit(" ", 1)[1])
    chosen = options(broken, tmp_path / "one", scenarios=("baseline",), member=member)
    (path,) = replay_member(chosen).files
    assert path == tmp_path / "one" / f"baseline-member-{member}.csv"
    table = rows(path)
    assert set(table[0]) == {"time", *broken.model.variables}
    blank = [row["time"] for row in table if row["worth"] == ""]
    assert blank
    assert float(table[0]["level"]) == 2.0


def test_all_members_lost_is_an_error_and_writes_nothing(broken, tmp_path):
    priors = broken.folder / "calibration" / "priors.toml"
    text = priors.read_text("utf-8").replace("low = 0.0", "low = 3.0")
    priors.write_text(text, "utf-8")
    study = open_study(broken.folder)
    with pytest.raises(SDError, match=r'"worth" first, at 0\.75') as caught:
        run_study(options(study, tmp_path / "run"))
    assert "nothing was written" in str(caught.value)
    assert "--scenario baseline" in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_a_scenario_that_loses_all_its_members_leaves_the_others_their_answer(
    broken, tmp_path, no_figures
):
    (broken.folder / "scenarios" / "flood.toml").write_text(
        'title = "Flood"\n[world]\n"loss rate" = 4\n', "utf-8"
    )
    answer = run_study(options(broken.folder, tmp_path / "run")).text("en")
    said = "Note: 32 members under Flood (priors) are not finite"
    assert said in " ".join(answer.split())
    assert "<1–>99%" in answer


def test_a_member_to_replay_must_be_one_of_one_scenario(teacup, tmp_path):
    study = open_study(teacup)
    for more in ({"member": 0}, {"member": 32, "scenarios": ("lid",)}):
        with pytest.raises(SDError, match="name one --scenario and a member from 0 to 31"):
            replay_member(options(study, None, **more))
    assert left(teacup) == ["report.toml"]


def test_two_runs_of_the_same_second_have_a_folder_each(teacup, no_figures, monkeypatch):
    monkeypatch.setattr(
        "sdensemble.verbs.run_study.stamped", lambda study, *_: study / "outputs" / "t"
    )
    study = open_study(teacup)
    folders = [run_study(options(study, None)).folder.name for _ in range(3)]
    assert folders == ["t", "t-2", "t-3"]
    for name in folders:
        assert (teacup / "outputs" / name / "run.json").is_file()

    def fail(*args, **named):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(runs, "write_tables", fail)
    with pytest.raises(SDError, match="disk is full"):
        run_study(options(study, None))
    assert left(teacup) == ["report.toml", "t", "t-2", "t-3"]


def test_units_that_disagree_are_a_note_and_stop_no_run(teacup, tmp_path, no_figures):
    model = teacup / "model" / "teacup.mdl"
    model.write_text(model.read_text("utf-8").replace("Degree/Minute", "Degree"), "utf-8")
    outcome = run_study(options(teacup, tmp_path / "run", lang="zh"))
    record = json.loads((tmp_path / "run" / "run.json").read_text("utf-8"))
    assert record["unit_problems"]
    note = f"注意：模型有{len(record['unit_problems'])}处单位不一致（首处："
    for text in (outcome.text("zh"), (tmp_path / "run" / "answer-zh.txt").read_text("utf-8")):
        assert note in text.replace("\n", "")
    english = (tmp_path / "run" / "answer-en.txt").read_text("utf-8")
    assert "Note: units disagree in" in english


def test_members_lost_under_a_further_prior_set_alone_are_named(broken, tmp_path, no_figures):
    priors = broken.folder / "calibration" / "priors.toml"
    head, *entries = priors.read_text("utf-8").split("[[prior]]")
    lossy = next(e for e in entries if '"loss rate"' in e)
    bad = lossy.replace("distribution", 'sets = ["plan"]\ndistribution', 1)
    good = lossy.replace("distribution", 'sets = ["history"]\ndistribution', 1)
    good = good.replace("high = 4.0", "high = 0.2")
    rest = [e for e in entries if e is not lossy]
    priors.write_text("[[prior]]".join([head, *rest, good, bad]), "utf-8")
    answer = run_study(options(broken.folder, tmp_path / "run")).text("en")
    words = " ".join(answer.split())
    assert "members under Baseline (plan priors) are not finite (worth, first in" in words
    assert "(history priors) are not finite" not in words
    assert "--prior plan" in answer
