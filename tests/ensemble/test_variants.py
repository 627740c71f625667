"""Variants: read with every problem told, applied to the same members, run as a set of models."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from sdengine.errors import SDError
from sdensemble.ensemble.members import from_prior
from sdensemble.ensemble.variants import (
    apply,
    duplicates,
    main_variant,
    own_seed,
    read_variant,
    read_variants,
)
from sdensemble.inputs.weights import read_weights
from sdensemble.lang import LANGS, tell
from sdensemble.outputs.figures.variants import variants as figure_of
from sdensemble.outputs.heads import read_csv
from sdensemble.outputs.model_answer import answer
from sdensemble.outputs.models import (
    effects,
    flipped,
    flips,
    leader,
    packages,
    probabilities,
    rows,
)
from sdensemble.outputs.write.terminal import document_text
from sdensemble.results.record import RunRecord
from sdensemble.verbs.run_options import RunOptions
from sdensemble.verbs.run_variants import choose_variants, run_models, run_variants, write_models
from tests.outputs import nothing


@pytest.fixture
def variant_of(study, tmp_path):
    """Return a function reading a variant from text, with the shipped model."""

    def read(content, name="mine"):
        place = tmp_path / "variants" / f"{name}.toml"
        place.parent.mkdir(exist_ok=True)
        place.write_text(content, encoding="utf-8")
        return read_variant(place, study.model)

    return read


@pytest.fixture(scope="module")
def members(study):
    priors = study.priors()
    return from_prior(priors, study.model, study.forcing, 32, seed=3, as_of="", method="latin")


def test_the_study_has_at_least_six_structures_and_one_without_any(study):
    assert len(study.variants) >= 6
    assert [v.name for v in study.variants if v.own_model] == ["demand-trend", "logistic"]
    assert all(v.title["zh"] and v.title["en"] and v.purpose["zh"] for v in study.variants)


def test_every_problem_of_a_variant_is_told_at_once(variant_of):
    with pytest.raises(SDError) as caught:
        variant_of(
            '[settings]\n"rho outptu" = { value = 3, unit = "Dmnl" }\n'
            '"rho invest" = { value = 300, unit = "Dmnl" }\n'
            '"inflation" = { value = 0.02, unit = "Yi" }\n'
            '"interest rate" = 0.03\n'
        )
    told = "\n".join(caught.value.problems)
    assert 'did you mean "rho output"' in told
    assert "300 is outside the limits" in told
    assert "unit is Yi" in told
    assert "the unit is needed" in told


def test_a_variant_that_changes_nothing_is_refused(variant_of):
    with pytest.raises(SDError, match="nothing differs"):
        variant_of("order = 1\n")


def test_a_variant_may_not_take_a_reserved_name(variant_of):
    with pytest.raises(SDError, match="reserved"):
        variant_of('[settings]\n"inflation" = { value = 0.02, unit = "1/Year" }\n', "main")


def test_a_model_that_is_not_there_is_told(variant_of):
    with pytest.raises(SDError, match="no file"):
        variant_of('model = "variants/none.mdl"\n')


def test_settings_take_the_place_of_draws_and_leave_the_rest(study, members):
    chosen = next(v for v in study.variants if v.name == "land-first")
    draws, applied = members.draws, apply(chosen, members, study.scenarios[:1])
    assert (np.asarray(applied.members.draws.values["expansion land share"]) == 1.0).all()
    assert np.ptp(draws.values["expansion land share"]) > 0.1
    same = [name for name in draws.values if name not in {s.constant for s in chosen.settings}]
    assert len(same) > 50
    assert all(np.array_equal(applied.members.draws.values[n], draws.values[n]) for n in same)


def test_a_model_of_its_own_shares_members_and_has_no_lever(study, members):
    logistic = next(v for v in study.variants if v.name == "logistic")
    draws, applied = members.draws, apply(logistic, members, study.scenarios)
    growth = "past reported growth"
    assert np.array_equal(applied.members.draws.values[growth], draws.values[growth])
    assert "capital cost" not in applied.members.draws.values
    own = applied.members.draws.values["saturation ratio"]
    first = next(iter(draws.values.values())).reshape(-1, draws.members)[0]
    assert abs(np.corrcoef(own, first)[0, 1]) < 0.6  # not the columns of the study's first prior
    moved = {s.name for s in study.scenarios if any(x.kind == "lever" for x in s.settings)}
    assert moved & set(applied.without)


def test_what_only_one_variant_draws_has_a_seed_of_its_own():
    assert own_seed(1, "a") not in (1, own_seed(2, "a"), own_seed(1, "b"))


def test_a_folder_without_variants_has_none(tmp_path, study):
    assert read_variants(tmp_path / "variants", study.model) == ()


# ── as a set of models ─────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def models(study):
    packs = tuple(s.name for s in study.scenarios if s.package in ("land", "subsidy"))
    names = ("land-first", "logistic")
    options = RunOptions(members=64, scenarios=packs)
    return run_models(study, options, choose_variants(study, ("main", *names)))


def test_an_unknown_variant_is_told_with_the_nearest(study):
    with pytest.raises(SDError, match='did you mean "logistic"'):
        choose_variants(study, ("logistics",))


def test_all_means_the_main_model_and_every_variant(study):
    chosen = choose_variants(study, ("all",))
    assert [v.name for v in chosen] == ["main", *(v.name for v in study.variants)]


def test_the_mixture_lies_inside_the_range_and_its_name_names_the_models(models):
    target, scenario = models.main.question, models.main.scenarios[0]
    found = probabilities(models, target, scenario)
    low, high = found.span
    assert low <= found.mixture.mean <= high
    assert found.mixture.mean == pytest.approx(np.mean([one.mean for one in found.each]))
    assert models.name == "equal: main, land-first, logistic"
    assert models.results[1].key(target, scenario).model_set == "land-first"


def test_probabilities_of_two_structures_are_not_compared(models):
    target = models.main.question
    first, second = (
        one.event(target, one.scenarios[0]).probability() for one in models.results[:2]
    )
    with pytest.raises(SDError, match="model_set"):
        _ = first < second


def test_a_model_without_levers_has_no_effect_to_tell(models):
    scenario, against = packages(models)[0]
    found = effects(models, scenario, against, models.main.asked_year)
    assert found.each[2] is None
    assert found.each[0] is not None
    held = [found.each[0].mean, found.each[1].mean]
    assert found.mixture.mean == pytest.approx(np.mean(held))


def test_every_pair_of_packages_is_ranked_in_structures_that_have_both(models):
    found = list(flips(models))
    assert {"land", "subsidy"} in [{one.package, two.package} for one, two, *_ in found]
    for *_, ahead, behind in found:
        assert {v.name for v in (*ahead, *behind)} <= {"main", "land-first"}


def test_the_table_has_range_and_mixture_for_every_question(models):
    made = list(rows(models))
    asked = [r for r in made if r["kind"] == "probability" and r["target"] == "total_2025"]
    names = {r["variant"] for r in asked}
    assert names == {"main", "land-first", "logistic", "range", "mixture"}
    assert {r["verdict"] for r in made if r["kind"] == "effect" and r["variant"] == "logistic"} == {
        "no_lever"
    }


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_answer_names_every_structure(models, lang):
    told = document_text(answer(models), lang)
    assert all(variant.title[lang] in told for variant in models.variants)


def test_weights_are_scaled_and_checked(tmp_path):
    path = tmp_path / "weights.csv"
    path.write_text("variant,weight\nmain,3\nb,1\n", encoding="utf-8-sig")
    assert read_weights(path, ["main", "b", "c"]) == (0.75, 0.25, 0.0)
    path.write_text("variant,weight\nmian,3\nb,-1\n", encoding="utf-8")
    with pytest.raises(SDError) as caught:
        read_weights(path, ["main", "b"])
    assert len(caught.value.problems) == 2


def test_a_run_is_written_whole(models, tmp_path):
    folder = tmp_path / "变体 run"
    write_models(models, folder, RunRecord(facts={"seed": 1}), "zh")
    assert len(read_csv(folder / "variants.csv")) > 10
    names = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert {"answer-zh.txt", "answer-en.txt", "run.json", "figures/variants.png"} <= names
    shutil.rmtree(folder)


# ── variants that change nothing ───────────────────────────────────────────────────────────


def test_a_variant_at_the_models_own_values_is_the_same_as_the_main_model(study, variant_of):
    drawn = {p.constant for p in study.priors().items}
    name, constant = next(
        (v.name, v) for v in study.model.constants() if v.name not in drawn and not v.dims
    )
    value, unit = float(constant.value), constant.unit or "Dmnl"
    setting = '[settings]\n"{}" = {{ value = {}, unit = "{}" }}\n'
    nothing = variant_of(setting.format(name, value, unit), "nothing")
    other = next(v for v in study.variants if v.name == "land-first")
    main = main_variant(study.model)
    assert duplicates((main, nothing, other), drawn) == {"nothing": "main"}
    assert duplicates((main, nothing), {name}) == {}  # a draw is taken from it
    again = replace(other, name="again")
    assert duplicates((main, other, again), drawn) == {"again": "land-first"}


def test_what_is_the_same_is_run_once_and_weighs_nothing(study, tmp_path):
    same = replace(study.variants[0], name="same", settings=())
    logistic = next(v for v in study.variants if v.name == "logistic")
    chosen = (main_variant(study.model), same, logistic)
    weights = tmp_path / "weights.csv"
    weights.write_text("variant,weight\nmain,1\nsame,5\nlogistic,3\n", "utf-8")
    options = RunOptions(members=32, scenarios=("baseline",))
    plain, given = (
        run_models(study, replace(options, weights=one), chosen) for one in (None, weights)
    )
    assert plain.weights == (0.5, 0.0, 0.5)
    assert given.weights == (0.25, 0.0, 0.75)
    assert plain.same == {"same": "main"}
    target, scenario = plain.main.question, plain.main.scenarios[0]
    found = probabilities(plain, target, scenario)
    assert found.each[0] == found.each[1]
    assert found.mixture.mean == pytest.approx((found.each[0].mean + found.each[2].mean) / 2)
    assert plain.results[1].key(target, scenario).model_set == "same"
    assert plain.name == "equal: main, logistic"
    assert "（同主模型）" in document_text(answer(plain), "zh")
    (row,) = [
        r
        for r in rows(plain)
        if (r["kind"], r["variant"], r["target"]) == ("probability", "same", target.id)
    ]
    assert (row["same_as"], row["weight"]) == ("main", 0.0)


def _one_line(text):
    return tell(text, "zh").replace("\n", "")


def test_figure_and_table_name_the_same_leaders(models):
    figure = figure_of(models)
    for lang in LANGS:
        nothing.write(figure, lang)
    of_all, *of_two = figure.panels[1].beside
    turned = flipped(models)
    assert bool(of_two) == bool(turned)
    lines = document_text(answer(models), "zh").splitlines()
    for index, variant in enumerate(models.variants):
        best = leader(models, index)
        if best:
            assert _one_line(of_all.texts[index]) == best.title["zh"]
            row = next(line for line in lines if line.startswith(variant.title["zh"]))
            assert best.title["zh"] in row
        ahead = turned.leads(variant) if turned else None
        if ahead:
            assert _one_line(of_two[0].texts[index]) == ahead.title["zh"]
    titles = [tell(name, "en") for name in figure.panels[0].y.names]
    assert titles[:-1] == [variant.title["en"] for variant in models.variants]


def test_a_run_of_variants_does_not_pass_priors_off_as_a_posterior(study, tmp_path):
    asked = RunOptions(
        study=study,
        members=64,
        as_of="latest",
        scenarios=("baseline",),
        variants=("min",),
        out=tmp_path / "run",
    )
    with pytest.raises(SDError, match="calibrate --variants"):
        run_variants(asked)
    run_variants(replace(asked, prior_only=True))
    record = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))
    assert record["as_of"] == "latest"
