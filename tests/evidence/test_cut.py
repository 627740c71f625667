"""A scope that walks is recovered; a figure that is cut informs what it names and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import cumulative_trapezoid
from scipy.stats import kstest

from sdensemble import SDError
from sdensemble.evidence.calibrate import pulls_of
from sdensemble.evidence.cut import draw_cut
from sdensemble.evidence.diagnose import diagnose
from sdensemble.evidence.fitting import fit_posterior
from sdensemble.evidence.likelihood import student
from sdensemble.evidence.posterior import Posterior, bound_of, posterior_draws
from sdensemble.evidence.pull import pulls
from sdensemble.evidence.smc import Settings
from sdensemble.study import Study, open_study
from tests.evidence.small import FIT, HEAD, MODEL, PRIOR, line, make_study
from tests.evidence.test_fit import problem_of

STEPS = {2019: 0.0, 2020: 0.12, 2021: 0.2, 2022: 0.05}
WALK = """{UTF-8}
scope year: y2019, y2020, y2021, y2022 ~~|
scope step[scope year]=0 ~1/Year [-0.9,0.9]~ 中文: 口径变动; EN: scope step; source: test|
scope starts[scope year]=2019,2020,2021,2022 ~Year~ 中文: 年; EN: year; source: test|
scope rate=SUM(IF THEN ELSE(Time>=scope starts[scope year!]:AND:
 Time<scope starts[scope year!]+1,scope step[scope year!],0)) ~1/Year~ 中文: 率; EN: rate|
Scope=INTEG(Scope*scope rate, 1) ~Dmnl ~ 中文: 口径; EN: scope|
reported=sales*Scope ~Ton/Year ~ 中文: 上报; EN: reported|
part scope=1 ~Dmnl [0.1,10]~ 中文: 部分口径; EN: scope of the part; source: test|
part reported=0.4*trade*part scope ~Ton/Year ~ 中文: 部分上报; EN: part as reported|
"""
EACH = '[[prior]]\nconstant = "scope step"\neach = true\ndistribution = "normal"\nmean = 0\n'
EACH += "sd = 0.15\n"
EACH += 'unit = "1/Year"\nbasis = "ASSUMPTION: test"\nkind = "structural"\nassumption = true\n'
CUT = """
[[term]]
measure = "part"
sector = "total"
variable = "part reported"
unit = "Ton"
sd = 0.05
discrepancy_sd = 0.08
basis = "test"
informs = ["part scope"]
"""
GROWTH, START, RATIO, PART = 0.1, 105.0, 0.9, 1.7
QUICK = Settings(particles=32)


def rows(part: float = PART) -> str:
    """Figures without error of a known truth: volume, sales as reported, and one of the part."""
    text, scope = "", 1.0
    for year, step in STEPS.items():
        level = (
            START
            * np.cumprod(np.full(16, 1 + GROWTH / 4))[4 * (year - 2019) :][:4]
            / (1 + GROWTH / 4)
        )
        price = np.cumprod(np.full(16, 1.005))[4 * (year - 2019) :][:4] / 1.005
        grown = scope * np.cumprod(np.full(4, 1 + step / 4)) / (1 + step / 4)
        scope *= (1 + step / 4) ** 4
        text += line(year, "volume", level.mean())
        text += line(year, "sales", (level * price * grown).mean() / RATIO)
        if year == 2021:
            text += line(year, "part", 0.4 * level.mean() * part)
    return text


def walking(folder: Path, history: str, informs: str = "part scope") -> Study:
    place = make_study(folder)
    (place / "model" / "trade.mdl").write_text(WALK + MODEL.removeprefix("{UTF-8}"), "utf-8")
    fit = FIT.replace('variable = "sales"', 'variable = "reported"')
    fit = fit.replace("discrepancy_sd = 0.03", "discrepancy_sd = 0.01")
    (place / "calibration" / "fit.toml").write_text(
        fit + CUT.replace('"part scope"', f'"{informs}"'), "utf-8"
    )
    priors = place / "calibration" / "priors.toml"
    part = PRIOR.format(
        name="part scope", kind="lognormal", unit="Dmnl", keys="median = 1.3\nlog_sd = 0.4"
    )
    text = priors.read_text("utf-8").replace("low = 0.7\nhigh = 1.1", "low = 0.85\nhigh = 0.95")
    priors.write_text(text + EACH + part, "utf-8")
    (place / "calibration" / "history.csv").write_text(HEAD + history, "utf-8-sig")
    return open_study(place)


def fitted(study: Study, settings: Settings = QUICK) -> Posterior:
    problem = problem_of(study)
    found = [datum.observation for datum in problem.data]
    bound = bound_of(problem.model, problem.priors, problem.fit, problem.scenario, found, "latest")
    return fit_posterior(problem, bound, settings=settings)


@pytest.fixture
def walk(tmp_path) -> Study:
    return walking(tmp_path, rows())


def test_a_scope_that_walks_is_recovered(walk):
    told = diagnose(problem_of(walk), fitted(walk), profiles=False)
    found = {one.name: one for one in told.learned}
    for year, step in STEPS.items():
        low, _, high = found[f"scope step[y{year}]"].posterior
        if year > 2019:  # before, it cannot be told from the ratio
            assert low < step < high, year
            assert found[f"scope step[y{year}]"].shrinkage > 0.5


def test_a_cut_figure_changes_no_bit_of_anything_else(walk, tmp_path):
    one, other = fitted(walk), fitted(walking(tmp_path / "other", rows(part=0.9)))
    part = one.names.index("part scope")
    rest = [i for i in range(len(one.names)) if i != part]
    assert np.array_equal(one.packed[rest], other.packed[rest])
    assert np.array_equal(one.evidence, other.evidence)
    assert abs(np.log(one.numbers[part]).mean() - np.log(PART)) < 0.08
    assert abs(np.log(other.numbers[part]).mean() - np.log(0.9)) < 0.08


def test_what_is_drawn_behind_the_cut_is_its_exact_conditional(walk):
    """Each particle's own conditional by quadrature; the shares below the draws are uniform."""
    problem = problem_of(walk)
    z = np.random.default_rng(3).standard_normal((problem.dimensions, 1024))
    drawn = draw_cut(problem, z, seed=5)
    where = list(problem.cut_coordinates)
    part, noise = where
    assert problem.names[part] == "part scope"
    assert np.array_equal(np.delete(drawn, where, 0), np.delete(z, where, 0))
    own = z.copy()
    own[where] = 0
    base = problem.predicted(problem.numbers(own), problem.cut)[0]
    seen = np.log(problem.data[problem.cut[0]].observation.value)
    grid, nodes = np.linspace(-5, 5, 801), np.linspace(-5, 5, 101)
    weights = np.exp(-(nodes**2) / 2) / np.exp(-(nodes**2) / 2).sum()
    below = []
    for i in range(z.shape[1]):
        miss = seen - base[i] - 0.4 * grid[:, None] - 0.08 * nodes[None, :]
        density = (np.exp(student(miss, np.array(0.05))) * weights).sum(axis=1)
        mass = cumulative_trapezoid(density * np.exp(-(grid**2) / 2), grid, initial=0)
        below.append(np.interp(drawn[part, i], grid, mass / mass[-1]))
    assert kstest(below, "uniform").pvalue > 0.01
    assert noise == problem.dimensions - 1


def test_a_cut_from_what_the_constant_moves_too_is_refused(tmp_path):
    with pytest.raises(SDError, match=r"part/total: what it informs moves .*volume/total too"):
        fitted(walking(tmp_path, rows(), informs="growth"))


def test_a_cut_that_names_no_constant_is_refused_by_file_and_key(tmp_path):
    study = walking(tmp_path, rows(), informs="part scoop")
    with pytest.raises(SDError, match=r'fit\.toml .*part/total.*no such constant.*"part scope"'):
        _ = study.fit


def test_the_pull_of_a_figure_agrees_with_a_fit_without_it(walk, tmp_path):
    """Weights of stored draws against a second fit: the same P within their errors."""
    more = Settings(particles=128)
    posterior, problem = fitted(walk, more), problem_of(walk)
    column = posterior.names.index("growth")
    hit = (posterior.numbers[column] > 0.1).astype(float)
    found = {(one.series, one.year): one for one in pulls(problem, posterior, hit)}
    one = found["volume/total", 2022]
    history = "".join(
        row for row in rows().splitlines(True) if not row.startswith("2022,total,vol")
    )
    other = fitted(walking(tmp_path / "other", history), more)
    direct = float((other.numbers[column] > 0.1).mean())
    assert abs(one.without - direct) < 4 * max(one.error, 0.02)
    assert found["part/total", 2021].pull == 0.0
    assert found["part/total", 2021].cut


def test_pulls_are_told_of_the_headline_targets(walk):
    posterior = fitted(walk)
    found = pulls_of(walk, problem_of(walk), posterior)
    assert list(found) == ["sales_2025"]
    members = posterior_draws(posterior, problem_of(walk).priors, walk.model, 16 * 32, 1).members
    assert 0 < found["sales_2025"][0].given <= 1
    assert members == 512
