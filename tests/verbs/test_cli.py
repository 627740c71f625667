import os
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner

from sdengine.errors import SDError
from sdensemble.inputs import folder as folders
from sdensemble.outputs import fonts
from sdensemble.verbs.cli import _lines, main


def call(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


def in_english(*arguments):
    """Call a verb that has a language, in English."""
    return call(*arguments, "--lang", "en")


def refused(tmp_path, *arguments):
    """Return the one message of a verb that fails, having made sure that it wrote nothing."""
    before = sorted(tmp_path.rglob("*"))
    found = in_english(*arguments)
    assert found.exit_code == 1
    assert "Traceback" not in found.output
    assert found.stdout == ""
    assert sorted(tmp_path.rglob("*")) == before
    lines = found.stderr.splitlines()
    assert all(line.startswith("error: ") for line in lines)
    return "\n".join(lines)


def change(path, old, new):
    text = path.read_text("utf-8-sig")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


# ── verbs ──────────────────────────────────────────────────────────────────────────────────


def test_check_says_what_it_read(teacup):
    found = call("check", "--study", teacup, "--lang", "en")
    assert found.exit_code == 0
    assert "teacup.mdl: 9 variables, units agree in every equation" in found.output
    assert "3 scenarios, 2 targets, 5 priors (priors): no problem" in found.output
    assert "9个变量，所有方程单位一致" in call("check", "--study", teacup).output


def test_describe_explains_the_model_its_levers_and_one_variable(teacup):
    def told(*words):
        return " ".join(call("describe", "--study", teacup, *words).output.split())

    text = told("--lang", "en")
    assert "clock: 0 to 30 minute" in text.replace("Minute", "minute")
    assert "时间：0至30" in told()
    assert "lid Part of the time the cup is covered" in told("--levers", "--lang", "en")
    assert "heat loss to room auxiliary" in told("--variables", "--lang", "en")
    text = told("heat_loss_to_room")
    assert "类型 辅助变量" in text
    assert "heat loss to room = (teacup temperature" in text
    one = told("heat_loss_to_room", "--lang", "en")
    assert "equation heat loss to room = (teacup temperature - room temperature) / " in one
    assert "used by teacup temperature" in one


def test_describe_names_what_is_missing(teacup, tmp_path):
    text = refused(tmp_path, "describe", "--study", teacup, "heat los to room")
    assert text == (
        'error: teacup.mdl: no variable "heat los to room" — did you mean "heat loss to room"?'
    )
    text = refused(tmp_path, "describe", "--study", teacup, "--outlay")
    assert "names no [[payer]]" in text


def test_new_makes_a_study_that_runs(teacup, tmp_path, no_figures):
    made = call("new", teacup / "model" / "teacup.mdl", tmp_path / "new")
    assert made.exit_code == 0
    assert f"{tmp_path / 'new' / 'scenarios' / 'targets.csv'}" in made.output
    assert call("run", "--study", tmp_path / "new", "--members", 32).exit_code == 0
    text = refused(tmp_path, "new", teacup / "model" / "teacup.mdl", tmp_path / "new")
    assert "is not empty" in text


def test_run_prints_the_answer_and_where_its_files_are(teacup, tmp_path, no_figures):
    out = tmp_path / "结果 1"
    found = call("run", "--study", teacup, "--members", 32, "--out", out)
    assert found.exit_code == 0
    assert found.output.startswith("口径：温度")
    assert f"{out}  (" in found.output
    english = call("run", "--study", teacup, "--members", 32, "--out", out, "--lang", "en")
    assert english.exit_code == 1
    assert english.stderr.startswith(f"error: {out} holds files already")
    common = ("run", "--study", teacup, "--members", 32, "--out", out, "--lang", "en", "--replace")
    assert call(*common).output.startswith("Measure: temperature")


def test_run_takes_only_the_scenario_asked_for_and_its_comparison(teacup, tmp_path, no_figures):
    common = ("--study", teacup, "--members", 32, "--lang", "en", "--out", tmp_path / "run")
    answer = call("run", *common, "--scenario", "lid").output
    assert "Open cup" in answer
    assert "Lid" in answer
    assert "Cold room" not in answer


def test_the_same_seed_gives_the_same_bytes(teacup, tmp_path, no_figures):
    for name, more in {"a": ("--threads", 1), "b": ("--threads", 2)}.items():
        out = tmp_path / name
        common = ("--study", teacup, "--members", 32, "--seed", 5, "--out", out)
        assert call("run", *common, *more).exit_code == 0
    first, second = ((tmp_path / n / "probabilities.csv").read_bytes() for n in "ab")
    assert first == second


def test_a_member_is_replayed_to_a_table(teacup, tmp_path):
    common = ("--study", teacup, "--members", 32, "--out", tmp_path / "one")
    found = call("run", *common, "--scenario", "lid", "--member", 17)
    assert found.output.strip() == str(tmp_path / "one" / "lid-member-17.csv")
    assert (tmp_path / "one" / "lid-member-17.csv").read_text("utf-8-sig").startswith("time,")


def test_help_needs_none_of_the_heavy_packages():
    code = (
        "import sys, sdensemble.verbs.cli as cli\n"
        "try: cli.main(['run', '--help'])\n"
        "except SystemExit: pass\n"
        "print([m for m in ('numpy', 'xarray', 'matplotlib', 'pysd', 'scipy', 'llvmlite')"
        " if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
    assert found.stdout.splitlines()[-1] == "[]"


def test_the_door_runs_a_study_in_any_folder_and_locale(root, teacup):
    common = ["run", "--members", "32", "--out", "结果 一"]
    environment = {k: v for k, v in os.environ.items() if k not in ("LANG", "PYTHONIOENCODING")}
    environment["LC_ALL"] = "C"
    teacup = teacup.rename(teacup.with_name("it's a \"茶杯\"; $HOME & 'study'"))
    found = subprocess.run(
        [sys.executable, root / "run_sim.py", *common],
        cwd=teacup,
        env=environment,
        capture_output=True,
        encoding="utf-8",
    )
    assert (found.returncode, found.stderr) == (0, "")
    assert "目标：第9分钟茶温不低于60℃" in found.stdout
    assert (teacup / "结果 一" / "figures" / "fan.svg").is_file()


@pytest.mark.parametrize(
    ("version", "told"),
    [
        ((3, 8), ("太旧，需要 3.11 或更新的版本", "is too old: the program needs 3.11 or later")),
        (None, ("里没有本程序所需的软件包（", "lacks what the program needs (")),
    ],
)
def test_the_wrong_python_says_which_one_to_use(root, version, told):
    code = "import runpy, sys\n" + (f"sys.version_info = {version}\n" if version else "")
    code += "sys.path.insert(0, '.')\nrunpy.run_path('run_sim.py', run_name='__main__')"
    found = subprocess.run(
        [sys.executable, "-I", "-S", "-X", "utf8", "-c", code],
        cwd=root,
        capture_output=True,
        encoding="utf-8",
    )
    assert found.returncode == 1
    assert all(words in found.stderr for words in told)
    assert ".venv/bin/python run_sim.py" in found.stderr


# ── bad input ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (
            "scenarios/lid.toml",
            '"lid" =',
            '"lidd" =',
            'scenarios/lid.toml [levers] "lidd": no such constant in model/teacup.mdl — did you'
            ' mean "lid" (Dmnl, 0 to 1)?',
        ),
        (
            "scenarios/lid.toml",
            "value = 1",
            "value = 2",
            'scenarios/lid.toml [levers] "lid": 2 is outside the limits of the constant'
            " (Dmnl, 0 to 1)",
        ),
        (
            "scenarios/lid.toml",
            "[levers]",
            "[levers",
            "scenarios/lid.toml line 13 column 8: is not valid TOML",
        ),
        (
            "scenarios/lid.toml",
            "start = 2",
            "start = 99",
            "99 is outside the model's time, 0 to 30",
        ),
        (
            "calibration/priors.toml",
            "median = 16",
            "median = 39",
            'calibration/priors.toml [[prior]] "characteristic time": 45.0% of'
            " lognormal(median 39,",
        ),
        ("scenarios/targets.csv", ",9,", ",31,", "the year 31 is not wholly within"),
        ("outputs/report.toml", '"end"', '"ends"', "aggregate must be one of annual, mean, end"),
    ],
)
def test_a_mistake_in_a_file_ends_in_one_clear_message(teacup, tmp_path, file, old, new, message):
    change(teacup / file, old, new)
    for verb in ("run", "check"):
        assert message in refused(tmp_path, verb, "--study", teacup)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "\t16\n",
            "\tcharacteristic time in use / 2\n",
            'teacup.mdl: a loop without a stock: "characteristic time',
        ),
        (
            "(teacup temperature - room temperature)",
            "SHIFT IF TRUE(teacup temperature, 1, 2)",
            '"heat loss to room"',
        ),
        (
            "(teacup temperature - room temperature)",
            "(teacup temperature - rum temperature)",
            'no variable "rum temperature" — did you mean "room temperature"?',
        ),
        ("\t0.125\n", "\t-1\n", "TIME STEP above 0"),
    ],
)
def test_a_model_that_cannot_be_run_is_explained(teacup, tmp_path, old, new, message):
    change(teacup / "model" / "teacup.mdl", old, new)
    priors = teacup / "calibration" / "priors.toml"
    kept = priors.read_text("utf-8").split("[[prior]]")
    priors.write_text("[[prior]]".join([kept[0], *kept[2:]]), "utf-8")
    for verb in ("run", "check"):
        assert message in refused(tmp_path, verb, "--study", teacup)


def test_an_unknown_scenario_or_prior_set_is_named_with_the_nearest(teacup, tmp_path):
    text = refused(tmp_path, "run", "--study", teacup, "--scenario", "lit")
    assert text == (
        'error: --scenario: no scenario "lit" — did you mean "lid"?'
        " (there are baseline, lid, world-cold-room)"
    )
    text = refused(tmp_path, "run", "--study", teacup, "--prior", "none")
    assert 'no prior set "none" (there are prior)' in text
    text = refused(tmp_path, "run", "--study", teacup, "--members", 100)
    assert "take 64 or 128" in text


def test_every_name_a_study_does_not_have_is_told_at_once(teacup, tmp_path):
    asked = ["--scenario", "lit", "--prior", "none", "--target", "cold", "--as-of", "2022-13-45"]
    lines = refused(tmp_path, "run", "--study", teacup, *asked).splitlines()
    for name in ("lit", "none", "cold", "2022-13-45"):
        assert any(f'"{name}"' in line for line in lines), name
    assert len(lines) == 4


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_a_seed_no_file_could_hold_is_told_before_anything_is_run(teacup, seed):
    found = in_english("run", "--study", teacup, "--seed", seed)
    assert (found.exit_code, found.stdout) == (2, "")
    assert f'--seed: "{seed}" is no whole number from 0 to {2**63 - 1}' in found.stderr


def test_a_fault_of_disk_or_installation_is_no_fault_of_the_program():
    full = _lines(OSError(28, "No space left on device"))
    assert full == ("the answer could not be shown: No space left on device",)
    assert _lines(OSError(36, "File name too long", "n")) == ("n: File name too long",)
    (lacking,) = _lines(ModuleNotFoundError("none", name="llvmlite"))
    assert "lacks the package llvmlite" in lacking
    (ours,) = _lines(ModuleNotFoundError("none", name="sdengine.nowhere"))
    assert "a fault of the program" in ours


def test_a_folder_that_is_no_study_is_explained(tmp_path):
    text = refused(tmp_path, "run", "--study", tmp_path)
    assert "no study here: it has no folder model/ (see --study)" in text


def test_a_missing_font_stops_a_run_at_once(teacup, tmp_path, monkeypatch):
    monkeypatch.setattr(fonts.require_font, "__defaults__", (tmp_path / "none.otf",))
    monkeypatch.setattr("sdensemble.ensemble.members.run_ensemble", lambda *args, **named: 1 / 0)
    text = refused(tmp_path, "run", "--study", teacup, "--members", 32)
    assert "the font for figures is missing. Restore it" in text


def test_a_full_disk_is_told_with_what_is_needed(teacup, tmp_path, monkeypatch):
    usage = type("Usage", (), {"free": 1_000_000})
    monkeypatch.setattr(folders.shutil, "disk_usage", lambda path: usage)
    text = refused(tmp_path, "run", "--study", teacup, "--members", 32)
    assert "the disk has 1 MB left and the run needs about" in text


def test_an_interruption_ends_with_its_own_status(teacup, tmp_path, monkeypatch):
    def interrupt(*args, **named):
        raise KeyboardInterrupt

    monkeypatch.setattr("sdensemble.ensemble.members.run_ensemble", interrupt)
    found = call("run", "--study", teacup, "--members", 32, "--out", tmp_path / "run")
    assert (found.exit_code, found.stderr) == (130, "已中断；没有写出运行结果\n")
    assert not (tmp_path / "run").exists()


def test_what_waits_for_the_first_members_is_let_go_where_none_come(teacup, tmp_path, monkeypatch):
    waited = []
    monkeypatch.setattr(
        "sdensemble.verbs.run_study._findings",
        lambda study, running: waited.append(running.wait(timeout=60)),
    )
    refused(tmp_path, "run", "--study", teacup, "--members", 100)
    assert waited == [True]


@pytest.mark.skipif(sys.platform == "win32", reason="a console event there, not a signal")
def test_a_real_interruption_leaves_no_folder(teacup):
    # The members' threads wait for the signal, so that no run is over before it comes.
    code = (
        "import signal, threading\n"
        "import sdensemble.verbs.cli as cli\n"
        "come, said = threading.Event(), []\n"
        "def interrupted(number, frame):\n"
        "    come.set()\n"
        "    raise KeyboardInterrupt\n"
        "signal.signal(signal.SIGINT, interrupted)\n"
        "def advance(done):\n"
        "    if not said: said.append(print('running\\n', end='', flush=True))\n"
        "    come.wait()\n"
        "cli.Terminal.bar = lambda self, runs: advance\n"
        "cli.main()"
    )
    more = ["run", "--members", "256", "--out", "结果"]
    before = sorted(path.name for path in teacup.iterdir())
    with subprocess.Popen(
        [sys.executable, "-c", code, *more],
        cwd=teacup,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as job:
        assert job.stdout is not None
        assert job.stdout.readline().startswith("running")
        job.send_signal(signal.SIGINT)
        _, errors = job.communicate(timeout=600)
    assert (job.returncode, errors) == (130, "已中断；没有写出运行结果\n")
    assert sorted(path.name for path in teacup.iterdir()) == before
    assert [p.name for p in (teacup / "outputs").iterdir()] == ["report.toml"]


def test_a_fault_of_the_program_is_one_line_and_debug_shows_where(teacup, monkeypatch):
    monkeypatch.setattr("sdensemble.ensemble.members.run_ensemble", lambda *args, **named: 1 / 0)
    found = in_english("run", "--study", teacup, "--members", 32)
    assert found.exit_code == 1
    assert found.stderr.startswith("error: ZeroDivisionError: division by zero — this is a fault")
    shown = in_english("--debug", "run", "--study", teacup, "--members", 32)
    assert isinstance(shown.exception, ZeroDivisionError)


def test_too_little_memory_is_told_with_what_to_do(teacup, monkeypatch):
    def full(*args, **named):
        raise MemoryError

    monkeypatch.setattr("sdensemble.ensemble.members.run_ensemble", full)
    found = in_english("run", "--study", teacup, "--members", 32)
    assert (found.exit_code, "ask for fewer --members" in found.stderr) == (1, True)


def test_the_same_problem_is_told_once():
    assert SDError(["a", "b", "a"]).problems == ("a", "b")


def test_what_was_done_to_a_studys_files_is_said_in_the_language_asked(teacup):
    journal = teacup / "calibration" / ".together.json"
    journal.write_text('{"history.csv": false}', encoding="utf-8")
    found = call("check", "--study", teacup)
    assert (found.exit_code, found.stderr) == (
        0,
        "history.csv：上次改动中途被强行中止，已恢复为改动之前的内容\n",
    )
    assert not journal.exists()
