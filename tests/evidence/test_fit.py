"""Fitting a small study of known truth: recovery, coverage, files, refusals, vintages."""

from __future__ import annotations

from dataclasses import replace

import netCDF4
import numpy as np
import pytest

from sdensemble import SDError, compile_model
from sdensemble.evidence import fitting
from sdensemble.evidence.calibrate import calibrate
from sdensemble.evidence.diagnose import Learned, diagnose, effective_size, theil_shares
from sdensemble.evidence.fitting import fit_posterior, make_problem, mode
from sdensemble.evidence.likelihood import Problem
from sdensemble.evidence.posterior import (
    Posterior,
    bound_of,
    pack,
    posterior_draws,
    read_posterior,
    unpack,
    write_posterior,
)
from sdensemble.evidence.smc import Settings
from sdensemble.evidence.stored import choose
from sdensemble.inputs.history import vintage
from sdensemble.outputs.evidence.calibrate import calibration_document
from sdensemble.outputs.write.terminal import document_text
from sdensemble.results.probability import Key, require_same_question
from sdensemble.study import Study, open_study
from sdensemble.verbs.calibrate import CalibrateOptions
from sdensemble.verbs.calibrate import calibrate as ask
from sdensemble.verbs.run_options import RunOptions
from sdensemble.verbs.run_study import run_study
from tests.evidence.small import HEAD, line, make_study
from tests.sbc import ranks, uniform_p

QUICK = Settings(particles=16)


def problem_of(study: Study, name: str = "latest") -> Problem:
    assert study.fit is not None
    known = vintage(study.history, name)
    return make_problem(
        compile_model(study.model), study.priors(), study.fit, known.fitted(), study.lived
    )


def fitted(study: Study, settings: Settings = QUICK, **more) -> Posterior:
    problem = problem_of(study)
    rows = [datum.observation for datum in problem.data]
    bound = bound_of(problem.model, problem.priors, problem.fit, problem.scenario, rows, "latest")
    return fit_posterior(problem, bound, settings=settings, **more)


@pytest.mark.parametrize(
    ("count", "off"), [(16, 0.08), pytest.param(40, 0.05, marks=pytest.mark.full)]
)
def test_intervals_hold_known_truths_at_their_stated_rate(small, count, off):
    """90% intervals over 40 simulated fits hold three truths 85 to 95% of the time."""
    found, below = ranks(problem_of(small), count, settings=QUICK)
    held = np.abs(below[:, :3] - 0.5) <= 0.45
    assert abs(held.mean() - 0.9) < off
    assert min(uniform_p(found[:, i]) for i in range(4)) > 0.01


def test_the_truth_is_recovered_and_what_no_figure_tells_stays_prior(small):
    posterior = fitted(small, Settings(particles=64))
    told = diagnose(problem_of(small), posterior, profiles=False)
    found = {one.name: one for one in told.learned}
    low, _, high = found["growth"].posterior
    assert low < 0.1 < high
    assert high - low < 0.08
    assert found["growth"].shrinkage > 0.5
    assert found["nuisance"].prior_only
    assert not found["ratio"].prior_only


def test_a_profile_is_flat_for_a_number_no_figure_speaks_of(small):
    problem = problem_of(small)
    told = {one.name: one for one in diagnose(problem, fitted(small)).profiles}
    assert told["nuisance"].flat
    assert not told["growth"].flat


def test_the_mode_is_no_lower_than_any_particle(small):
    from sdensemble.evidence.fitting import log_posterior
    from sdensemble.evidence.smc import temper

    problem = problem_of(small)
    state = temper(problem.loglik, problem.dimensions, seed=1, settings=QUICK)
    assert mode(problem)[1] >= log_posterior(problem, state.z).max()


def test_an_interrupted_calibration_goes_on_to_the_same_bits(small, tmp_path):
    whole = fitted(small)
    kept = tmp_path / "unfinished.npz"
    calls = []

    def stop(share: float, text: str) -> None:
        calls.append(text)
        if len(calls) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fitted(small, checkpoint=kept, progress=stop)
    assert kept.is_file()
    said: list[str] = []
    again = fitted(small, checkpoint=kept, progress=lambda share, text: said.append(text))
    assert said[0].key == "evidence.resumed"
    assert again.digest == whole.digest
    assert not kept.exists()


def test_a_calibration_interrupted_amid_the_moves_goes_on_from_there(small, tmp_path, monkeypatch):
    monkeypatch.setattr(fitting, "PATIENCE", 0.0)
    whole, kept, states = fitted(small), tmp_path / "unfinished.npz", []
    keep = fitting._keep

    def stop(path, key, state):
        keep(path, key, state)
        states.append(state)
        if state.moves is not None and len(states) > 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(fitting, "_keep", stop)
    with pytest.raises(KeyboardInterrupt) as interruption:
        fitted(small, checkpoint=kept)
    assert "goes on from where it was" in str(interruption.value.args[0])
    monkeypatch.setattr(fitting, "_keep", keep)
    again = fitted(small, checkpoint=kept)
    assert again.digest == whole.digest
    assert again.stages == whole.stages


def test_a_posterior_is_read_as_it_was_written_and_draws_the_same_members(small, tmp_path):
    posterior = fitted(small)
    path = tmp_path / "后验 1.nc"
    write_posterior(path, posterior)
    again = read_posterior(path)
    assert again.digest == posterior.digest
    with netCDF4.Dataset(path, "a") as file:
        file["posterior"]["offset"][0] += 1e-9
    with pytest.raises(SDError, match="its numbers are not those it was written with"):
        read_posterior(path)
    assert np.array_equal(again.discrepancy, posterior.discrepancy)
    assert again.stages == posterior.stages
    priors = small.priors()
    one = posterior_draws(posterior, priors, small.model, 128, 1)
    two = posterior_draws(again, priors, small.model, 128, 9)
    assert all(np.array_equal(one.values[name], two.values[name]) for name in one.values)
    assert np.unique(one.replicate).size == posterior.replicates
    assert posterior_draws(again, priors, small.model, 1024, 1).members == 1024
    more = posterior_draws(again, priors, small.model, 256, 1, rounds=2)
    for name, values in one.values.items():
        assert np.array_equal(values, more.values[name][..., :128])
        assert not np.array_equal(values, more.values[name][..., 128:])
    assert np.array_equal(more.replicate, np.tile(one.replicate, 2))
    with pytest.raises(SDError, match="take"):
        posterior_draws(again, priors, small.model, 100, 1)


def test_sixteen_bits_keep_numbers_within_their_ends():
    numbers = np.random.default_rng(1).normal(size=(3, 50))
    numbers[2] = 4.0
    found = unpack(*pack(numbers))
    assert np.abs(found - numbers).max() < 1e-4
    assert np.array_equal(pack(found)[0], pack(numbers)[0])
    assert found.max() <= numbers.max()
    assert (found[2] == 4.0).all()


def chosen(study: Study, name: str = "latest", **more):
    return choose(study, study.priors(), name, **more)


def test_calibrate_keeps_the_posterior_a_run_then_uses(small, no_figures, tmp_path):
    done = calibrate(small, particles=256, profiles=False)
    assert done.path == small.folder / "calibration" / "posterior.nc"
    assert "growth" in document_text(calibration_document(small, done), "en")
    found = chosen(small)
    assert found.posterior is not None
    options = {"members": 128, "lang": "en"}
    after = run_study(RunOptions(study=small, **options, as_of="latest", out=tmp_path / "a"))
    said = " ".join(after.text("en").split())
    assert f"posterior (vintage latest, 8 figures, {found.posterior.digest})" in said
    assert "calibrated" in after.text("en")
    aside = run_study(
        RunOptions(study=small, **options, as_of="latest", prior_only=True, out=tmp_path / "b")
    )
    assert "drawn from the prior, as asked for" in " ".join(aside.text("en").split())
    assert "before calibration" in aside.text("en")


def test_a_posterior_made_for_another_model_is_refused_with_the_command_that_renews_it(small):
    calibrate(small, particles=256, profiles=False)
    path = small.folder / "model" / "trade.mdl"
    path.write_text(path.read_text("utf-8").replace("growth=0.08", "growth=0.07"), "utf-8")
    with pytest.raises(SDError, match=r"the model changed since.*calibrate --study"):
        chosen(open_study(small.folder))


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("priors.toml", "high = 0.2", "high = 0.25", "the priors"),
        ("fit.toml", "sd = 0.02\n", "sd = 0.04\n", "fit.toml"),
        ("history.csv", "2022,total,sales,", "2022,total,sales,1", "the observations"),
    ],
)
def test_a_posterior_made_from_other_inputs_is_refused(small, file, old, new, told):
    calibrate(small, particles=256, profiles=False)
    path = small.folder / "calibration" / file
    path.write_text(path.read_text("utf-8").replace(old, new, 1), "utf-8")
    with pytest.raises(SDError, match=told):
        chosen(open_study(small.folder))


def test_a_vintage_without_a_figure_to_fit_is_the_prior_and_says_so(tmp_path):
    study = open_study(make_study(tmp_path, line(2021, "sales", 130)))
    found = chosen(study, "through-2019")
    assert found.posterior is None
    assert found.key == "prior"
    assert "the posterior is the prior" in found.said.told("en")
    assert "calibrate" in chosen(study).said.told("en")  # nothing stored: the command that makes it


def test_nothing_later_than_its_vintage_reaches_a_fit(small):
    """Whatever is added for later periods, the fit of a vintage keeps its rows and its bits."""
    path = small.folder / "calibration" / "history.csv"
    before = problem_of(small, "through-2020")
    with path.open("a", encoding="utf-8") as stream:
        stream.write(line(2023, "sales", 900) + line(2021, "volume", 900, "2029-01-01"))
        stream.write(line(2020, "sales", 900, role="target"))
    after = problem_of(open_study(small.folder), "through-2020")
    assert [d.observation for d in before.data] == [d.observation for d in after.data]
    assert max(d.year for d in after.data) == 2020
    z = np.zeros((after.dimensions, 1))
    assert np.array_equal(before.loglik(z), after.loglik(z))


def test_forcing_before_the_last_observation_changes_nothing_after_it_does(small):
    from sdensemble.ensemble.run import run_ensemble

    posterior = fitted(small)
    assert posterior.forecast_from == 2023
    draws = posterior_draws(posterior, small.priors(), small.model, 32, 1)
    kernel, keep = compile_model(small.model), {"sales": "annual"}
    late = replace(small.forcing, from_time=posterior.forecast_from)
    quiet = run_ensemble(kernel, small.scenarios[:1], draws, None, keep=keep)["sales"].values[0]
    forced = run_ensemble(kernel, small.scenarios[:1], draws, late, keep=keep)["sales"].values[0]
    assert np.array_equal(quiet[:, :4], forced[:, :4])
    assert not np.array_equal(quiet[:, 5], forced[:, 5])


def test_probabilities_with_and_without_a_posterior_are_not_compared():
    key = Key("sales", 2025, "sales", "", "", "latest", "history", "m", "baseline")
    with pytest.raises(SDError, match="posterior: 'prior' against 'abc'"):
        require_same_question(key, replace(key, posterior="abc"))
    with pytest.raises(SDError, match="as_of"):
        require_same_question(key, replace(key, as_of="through-2019"))


def test_a_unit_that_is_not_the_terms_is_refused(small):
    path = small.folder / "calibration" / "history.csv"
    path.write_text(HEAD + line(2021, "sales", 5).replace(",Ton,", ",Kilo,"), "utf-8")
    with pytest.raises(SDError, match="in Kilo, the term in Ton"):
        problem_of(open_study(small.folder))


def test_every_fault_of_a_fit_file_is_told(small):
    path = small.folder / "calibration" / "fit.toml"
    text = path.read_text("utf-8").replace('variable = "trade"', 'variable = "trad"')
    path.write_text(text.replace("sd = 0.03", "sd = -1", 1), "utf-8")
    with pytest.raises(SDError) as caught:
        _ = open_study(small.folder).fit
    told = "\n".join(caught.value.problems)
    assert 'no variable "trad"' in told
    assert 'did you mean "trade"' in told
    assert "sd must be above 0" in told


def test_the_effective_size_counts_repeats_once():
    rng = np.random.default_rng(1)
    free = rng.normal(size=16 * 64)
    assert 300 < effective_size(free, 16) <= 1024
    clumped = np.repeat(rng.normal(size=16 * 4), 16)
    assert effective_size(clumped, 16) < 300


def test_no_effective_size_exceeds_the_distinct_particles():
    few = np.tile(np.random.default_rng(1).normal(size=8), 128)
    assert effective_size(few, 16) <= 8
    assert effective_size(np.random.default_rng(2).normal(size=64), 16, distinct=5) <= 5


def test_a_number_is_informed_only_above_a_tenth_by_two_errors():
    def learned(shrinkage: float, error: float) -> Learned:
        return Learned("a", shrinkage, error, 0.0, 1.0, (0, 0, 0), (0, 0, 0))

    assert learned(0.14, 0.03).prior_only
    assert not learned(0.17, 0.03).prior_only


@pytest.mark.full
def test_the_error_of_a_shrinkage_is_about_its_spread_over_seeds(small):
    told = [
        diagnose(problem_of(small), fitted(small, seed=seed), profiles=False)
        for seed in range(1, 9)
    ]
    found = [{one.name: one for one in t.learned}["nuisance"] for t in told]
    spread = float(np.std([one.shrinkage for one in found], ddof=1))
    assert 0.3 < float(np.mean([one.error for one in found])) / spread < 3


def test_a_figure_that_misses_is_seen_to_miss_by_the_check_that_leaves_it_out(tmp_path):
    """With its own fitted discrepancy the check could not fail: the discrepancy takes the miss."""
    rows = "".join(line(2019 + i, "sales", 112 * 1.1**i) for i in range(4))
    wild = rows + line(2023, "sales", 112 * 1.1**4 * 1.5)
    told = {}
    for name, text in (("tame", rows + line(2023, "sales", 112 * 1.1**4)), ("wild", wild)):
        study = open_study(make_study(tmp_path / name, text))
        found = diagnose(problem_of(study), fitted(study, Settings(particles=64)), profiles=False)
        told[name] = found.checks[-1]
    assert told["wild"].posterior_pit > 0.99
    assert 0.05 < told["tame"].posterior_pit < 0.95
    low, _, high = told["wild"].posterior
    assert not low < told["wild"].value < high


def test_leaving_a_figure_out_agrees_with_a_fit_without_it(tmp_path):
    rows = [line(2019 + i, "sales", v) for i, v in enumerate((118, 125, 146, 152))]
    study = open_study(make_study(tmp_path / "a", "".join(rows)))
    settings = Settings(particles=256)
    check = diagnose(problem_of(study), fitted(study, settings), profiles=False).checks[-1]
    fewer = open_study(make_study(tmp_path / "b", "".join(rows[:-1])))
    posterior = fitted(fewer, settings)
    problem = problem_of(study)
    predicted = problem.predicted(posterior.numbers)[-1]
    near = posterior.discrepancy[-1] * 0.5 ** (1 / 2.0)
    rng = np.random.default_rng(1)
    spread = 0.03 * np.sqrt(1 - 0.5 ** (2 / 2.0))
    noise = 0.03 * np.sqrt(0.5) * rng.standard_t(4, predicted.size)
    ahead = predicted + near + spread * rng.standard_normal(predicted.size) + noise
    assert check.posterior_pit == pytest.approx((ahead < np.log(152)).mean(), abs=0.06)
    assert check.effective > 100


def test_the_mode_is_told_before_the_sampler_starts_and_kept(small):
    said: list[str] = []
    posterior = fitted(small, progress=lambda share, text: said.append(text))
    assert said[0].key == "evidence.mode"
    problem = problem_of(small)
    top, height = mode(problem)
    assert said[0].values["height"] == pytest.approx(height)
    assert np.allclose(posterior.best, problem.numbers(top[:, None])[:, 0])


def test_a_calibration_draws_every_diagnosis_in_both_languages(small, tmp_path):
    done = ask(CalibrateOptions(study=small, particles=256, figures=tmp_path / "f"))
    names = {path.name for path in done.files}
    for what in ("shrinkage", "predictive", "residuals", "profiles"):
        assert {f"{what}-zh.png", f"{what}-en.png"} <= names
    assert all(path.is_file() for path in done.files)
    assert "leave-one-out PIT" in done.text("en")
    assert "distinct" in done.text("en")


def test_theils_shares_sum_to_one():
    seen = np.array([1.0, 2.0, 4.0])
    error, *shares = theil_shares(seen, seen + 0.5)
    assert error == pytest.approx(0.25)
    assert shares == pytest.approx([1, 0, 0])
