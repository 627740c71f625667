"""The kinds of input, what each is made of, and what is done with one."""

from __future__ import annotations

import io
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from click.testing import CliRunner
from openpyxl import Workbook
from openpyxl.utils.exceptions import IllegalCharacterError

from sdengine.model.read import read_model
from sdengine.native import cache
from sdengine.program.final_time import settled
from sdengine.program.lower import lower
from sdensemble import SDError, compile_model
from sdensemble.ensemble import kept
from sdensemble.evidence import fitting
from sdensemble.evidence.observe import observe_add, read_figures
from sdensemble.evidence.posterior import posterior_draws, read_posterior
from sdensemble.evidence.smc import Moves, Stage, State
from sdensemble.inputs.state import read_state, write_state
from sdensemble.results.stored import stored_results
from sdensemble.study import open_study
from sdensemble.verbs.cli import main
from tests.evidence.small import make_study, truth_figures
from tests.fuzz import grammar, mangle
from tests.fuzz.models import SPECIAL, VENSIM, XMILE
from tests.fuzz.sound import Sound, require_reference_values
from tests.fuzz.watched import Attempt
from tests.kills import prepared_once

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Kind:
    """What is handled, and its share of all inputs."""

    share: float
    prepare: Callable[[int, Path], Attempt]


def _numbered(attempt: Callable[[random.Random, int], bool], seed: int) -> Attempt:
    return lambda number: attempt(random.Random(f"{seed} {number}"), number)


# ── models ──


def model_files(seed: int, place: Path) -> Attempt:
    """Changed model files, read and lowered."""
    texts = (("m.mdl", VENSIM), ("m.xmile", XMILE), ("m.xmile", SPECIAL))

    def attempt(chance: random.Random, number: int) -> bool:
        name, text = texts[number % len(texts)]
        file = place / name
        file.write_text(mangle.model(text, chance), encoding="utf-8", errors="surrogatepass")
        try:
            lower(settled(read_model(file)))
        except SDError:
            return False
        return True

    return _numbered(attempt, seed)


COMPILED = 8
"""Of so many small models that are taken one is compiled and run."""


def small_models(seed: int, place: Path) -> Attempt:
    """Small models written by chance, lowered; some of them compiled and run."""

    def attempt(chance: random.Random, number: int) -> bool:
        file = place / "m.mdl"
        file.write_text(grammar.small(chance), encoding="utf-8")
        try:
            model = settled(read_model(file))
            lower(model)
            if not number % COMPILED:
                kernel = compile_model(model, lanes=4, use_cache=False)
                names = [name for name in kernel.program.slots if name in model.variables]
                kernel.run(report=names, members=3, steps=2, threads=1)
        except SDError:
            return False
        return True

    return _numbered(attempt, seed)


def sound_models(seed: int, place: Path) -> Attempt:
    """Sound models written by chance, compiled, and held against the reference."""

    def attempt(chance: random.Random, number: int) -> bool:
        file = place / "m.mdl"
        file.write_text(Sound(chance).text(), encoding="utf-8")
        values = (np.array([chance.gauss(1, 1) for _ in range(3)]) for _ in "01")
        require_reference_values(read_model(file), dict(zip(("c0", "c1"), values, strict=True)))
        return True

    return _numbered(attempt, seed)


# ── studies ──


def _studied(seed: int, study: Path, verbs: tuple[list[str], ...]) -> Attempt:
    """Break one text of a study and call verbs on it."""
    endings = (".csv", ".toml", ".mdl", ".json")
    files = sorted(
        p for p in study.rglob("*") if p.suffix in endings and "outputs/" not in p.as_posix()[:-12]
    )
    whole = {file: file.read_bytes() for file in files}

    def attempt(chance: random.Random, number: int) -> bool:
        file = chance.choice(files)
        broken = mangle.file(whole[file], chance)
        file.write_bytes(broken)
        lang = ("zh", "en")[number % 2]
        try:
            words = verbs[number % len(verbs)]
            return answered([*words, "--study", str(study), "--lang", lang])
        finally:
            file.write_bytes(whole[file])

    return _numbered(attempt, seed)


def answered(words: list[str]) -> bool:
    """Call a verb; return whether all went well. Assert that it ends in words for people."""
    done = CliRunner().invoke(main, words)
    assert done.exception is None or isinstance(done.exception, SystemExit), repr(done.exception)
    for fault in ("fault of the program", "程序错误", "Traceback"):
        assert fault not in done.output, done.output[-300:]
    signs = {sign for sign in done.output if ord(sign) < 32} - {"\n", "\t"}
    assert not signs, f"control characters reach the terminal: {signs}"
    return done.exit_code == 0


def teacup_files(seed: int, place: Path) -> Attempt:
    """Files of the smallest study, checked."""
    study = place / "study"
    shutil.copytree(ROOT / "examples" / "teacup", study)
    return _studied(seed, study, (["check"],))


def small_files(seed: int, place: Path) -> Attempt:
    """Files of a study with figures and a fit, checked, and its figures listed."""
    return _studied(seed, _small(place), (["check"], ["observe", "list"]))


def shanxi_files(seed: int, place: Path) -> Attempt:
    """Files of the shipped study, checked."""
    study = place / "study"
    for name in ("model", "calibration", "scenarios"):
        shutil.copytree(ROOT / name, study / name)
    (study / "outputs").mkdir()
    shutil.copy(ROOT / "outputs" / "report.toml", study / "outputs")
    return _studied(seed, study, (["check"],))


def _small(place: Path) -> Path:
    truth = {"growth": 0.1, "start": 105.0, "ratio": 0.9}
    return make_study(place, truth_figures(truth, range(2019, 2023), 1))


# ── sheets ──

TABLES = (
    (
        ("年份", "指标", "范围", "数值", "单位", "公布日期"),
        ("2023", "销售额", "total", "190", "Ton", "2024-03-01"),
        ("2024", "volume", "total", "180", "Ton", "2025-03-01"),
    ),
    (
        ("year", "measure", "sector", "value", "unit", "published_on", "period_end", "role"),
        ("2023", "sales", "total", "190", "Ton", "2024-03-01", "2023-12-31", "observed"),
        ("2024", "sales", "total", "199", "Ton", "2025-03-01", "2024-12-31", "observed"),
    ),
    (("年份", "销售额(Ton)", "volume (Ton)"), ("2023", "190", "170"), ("2024年", "200", "180")),
    (("指标", "单位", "2023", "2024年", "2025"), ("销售额", "Ton", "190", "—", "210")),
)
CELLS = (
    *("", "-", "…", "0", "-5", "1e400", "9" * 400, "1,000", "１９０", "190亿", "12%", "nan", "inf"),
    *("2023年上半年", "2023Q1", "2023-02-30", "前三季度", "9999", "10000", "0000", "=1+1", "@x"),
    *("\x1b[31m", "\u202e", "x" * 5000, "吨", "Ton/Year", "亿元", "未公布", "total", "total\n",),
    *("sales", "销售额", "目标", "年份", "数值", "2024-03-01", "20240301", "45000", "true", "#N/A"),
)  # fmt: skip
VALUES = (
    *(None, True, 0, -1, 1e308, 10**20, 0.1, 45000, float("nan"), date(2023, 2, 1)),
    *(datetime(1900, 1, 1), "=1/0", "#DIV/0!", "2023", "＝"),
)
SHAPES = ("0%", "yyyy", 'yyyy"年"', "General", "0.00E+00", "[Red]0", "@", "y" * 300, "m/d")


def sheets(seed: int, place: Path) -> Attempt:
    """Sheets in CSV and Excel, handed to observe; some of what is taken is fitted."""
    study = open_study(_small(place))
    calibration = study.folder / "calibration"
    shutil.copytree(calibration, place / "whole")

    def attempt(chance: random.Random, number: int) -> bool:
        excel = number % 3 == 0
        file = place / f"mine.{'xlsx' if excel else 'csv'}"
        rows = _rows(chance)
        file.write_bytes(_book(rows, chance) if excel else _csv(rows, chance))
        more = {"published_on": "2026-03-01"} if chance.random() < 0.8 else {}
        try:
            figures = read_figures(file, study, **more)
            if not number % 40:
                observe_add(study, figures, particles=32, threads=1)
        except SDError:
            return False
        finally:
            if not number % 40:
                shutil.rmtree(calibration)
                shutil.copytree(place / "whole", calibration)
        return True

    return _numbered(attempt, seed)


def _rows(chance: random.Random) -> list[list[str]]:
    """Return a table with up to three cells, rows or columns changed."""
    rows = [list(row) for row in chance.choice(TABLES)]
    for _ in range(chance.randint(0, 3)):
        at = chance.randrange(len(rows))
        match chance.randrange(6):
            case 0 | 1 | 2 if rows[at]:
                rows[at][chance.randrange(len(rows[at]))] = chance.choice(CELLS)
            case 3:
                rows.insert(at, list(chance.choice(rows)))
            case 4:
                rows.insert(at, [chance.choice(CELLS) for _ in range(chance.randint(0, 3))])
            case 5:
                rows[at] = rows[at][: chance.randrange(len(rows[at]) + 1)]
    return rows


def _csv(rows: list[list[str]], chance: random.Random) -> bytes:
    apart = chance.choice((",", ",", "\t", ";"))
    text = "\n".join(apart.join(row) for row in rows) + "\n"
    encoding = chance.choice(("utf-8", "utf-8-sig", "gb18030", "utf-16"))
    data = text.encode(encoding, "replace")
    return mangle.file(data, chance) if chance.random() < 0.3 else data


def _book(rows: list[list[str]], chance: random.Random) -> bytes:
    book = Workbook()
    sheet = book.active
    for i, row in enumerate(rows, 1):
        for k, text in enumerate(row, 1):
            number = text.replace(".", "", 1).isdigit() and len(text) < 16
            value = float(text) if number and chance.random() < 0.7 else text
            value = chance.choice(VALUES) if chance.random() < 0.05 else value
            try:
                sheet.cell(i, k, value)
            except (ValueError, IllegalCharacterError):  # openpyxl takes no control characters
                continue
            if chance.random() < 0.1:
                sheet.cell(i, k).number_format = chance.choice(SHAPES)
    match chance.randrange(20):
        case 0:  # by the list of ranges: the sheet's own way makes an object of each cell
            sheet.merged_cells.add(chance.choice(("A1:C1", "A1:C9", "A2:XFD3", "A2:XFD1048576")))
        case 1:
            sheet.cell(chance.choice((99, 1_048_576)), chance.choice((30, 16_384)), "far")
        case 2:
            book.create_chartsheet()
    made = io.BytesIO()
    book.save(made)
    data = made.getvalue()
    match chance.randrange(4):
        case 0:
            return mangle.zipped(data, chance)
        case 1 if chance.random() < 0.5:
            return mangle.stored(data, chance)
    return data


# ── stored files ──


def _ran(place: Path) -> Path:
    """Return a study with a posterior and a run."""
    return Path(shutil.copytree(prepared_once(), place / "study"))


def posteriors(seed: int, place: Path) -> Attempt:
    """Stored posteriors, read and drawn from."""
    study = open_study(_ran(place))
    file = study.folder / "calibration" / "posterior.nc"
    whole = file.read_bytes()

    def attempt(chance: random.Random, number: int) -> bool:
        file.write_bytes(mangle.stored(whole, chance))
        try:
            found = read_posterior(file)
            posterior_draws(found, study.priors(""), study.model, 64, 1).values.of(np.arange(64))
        except SDError:
            return False
        return True

    return _numbered(attempt, seed)


def ensembles(seed: int, place: Path) -> Attempt:
    """Stored runs with their record, read and asked for probabilities; some in a briefing."""
    study = open_study(_ran(place))
    folder = study.folder / "outputs" / "first"
    files = [folder / "ensemble.nc", folder / "ensemble.nc", folder / "run.json"]
    whole = {file: file.read_bytes() for file in files}

    def attempt(chance: random.Random, number: int) -> bool:
        file = files[number % len(files)]
        breaks = mangle.stored if file.suffix == ".nc" else mangle.file
        file.write_bytes(breaks(whole[file], chance))
        try:
            if not number % 25:
                out = place / "paper"
                shutil.rmtree(out, ignore_errors=True)
                words = ["brief", str(folder), "--out", str(out), "--study", str(study.folder)]
                return answered(words)
            more = {"scenarios": study.scenarios, "targets": study.targets}
            results = stored_results(folder, **more, spec=study.report, model=study.model)
            for target in study.targets:
                for scenario in results.scenarios:
                    results.event(target, scenario).probability()
        except SDError:
            return False
        finally:
            file.write_bytes(whole[file])
        return True

    return _numbered(attempt, seed)


def _halfway() -> State:
    """Return the state of a fit between two moves."""
    z, loglik = np.zeros((3, 8)), np.linspace(-9, -1, 8)
    moves = Moves(z + 1, loglik + 1, 5, (0.3, 0.4))
    return State(z, loglik, 0.5, np.zeros(2), (0.1, 1.0), (Stage(0.5, 3, 0.3, 0.2, 6),), moves)


def caches(seed: int, place: Path) -> Attempt:
    """Machine code, finished blocks, an interrupted fit, a state, the journal of an import."""
    study = open_study(_small(place))
    kernel = compile_model(study.model)
    journal = study.folder / "calibration" / ".together.json"
    work = SimpleNamespace(
        keep=("a",), members=lambda index: np.arange(64), shape=lambda name, n: (13, n)
    )
    block, code, state, fit = (place / name for name in ("block", "code", "state", "fit.npz"))
    values = {"a": np.linspace(0, 1, 13 * 64).reshape(13, 64)}
    kept.store(block, values)
    cache.store(code, bytes(range(256)))
    write_state(state, kernel.run(members=8, steps=4, keep_state=True).state)
    fitting._keep(fit, "key", _halfway())
    journal.write_text('{"history.csv": true, "posterior.nc": false}', encoding="utf-8")
    whole = {file: file.read_bytes() for file in (block, code, state, fit, journal)}
    journal.unlink()
    held = {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}

    def attempt(chance: random.Random, number: int) -> bool:
        file = list(whole)[number % len(whole)]
        breaks = mangle.file if file is journal else mangle.stored
        data = breaks(whole[file], chance)
        file.write_bytes(data)
        same = data == whole[file]
        try:
            if file is block:
                found = kept.load(block, work, 0)
                assert same or found is None
                return found is not None
            if file is code:
                found_code = cache.load(code)
                assert same or found_code is None
                return found_code is not None
            if file is fit:
                return fitting._resume(fit, "key") is not None
            if file is state:
                kernel.run(members=8, state=read_state(state), steps=1)
                return True
            return answered(["check", "--study", str(study.folder)])
        except SDError:
            return False
        finally:
            journal.unlink(missing_ok=True)
            for path, data in held.items() if file is journal else ():
                path.write_bytes(data)

    return _numbered(attempt, seed)


KINDS = {
    "model files": Kind(0.40, model_files),
    "small models": Kind(0.18, small_models),
    "sound models": Kind(0.02, sound_models),
    "files of the smallest study": Kind(0.08, teacup_files),
    "files of a fitted study": Kind(0.08, small_files),
    "files of the shipped study": Kind(0.01, shanxi_files),
    "sheets": Kind(0.11, sheets),
    "posteriors": Kind(0.04, posteriors),
    "ensembles": Kind(0.04, ensembles),
    "caches": Kind(0.04, caches),
}
