from dataclasses import replace

import numpy as np
import pytest

from sdengine.errors import SDError
from sdengine.kernel import compile_model
from sdengine.model.read import read_model
from sdensemble.ensemble.blocks import Threads
from sdensemble.ensemble.draws import draw
from sdensemble.ensemble.run import replay, run_ensemble, whole_years
from sdensemble.ensemble.worlds import worlds
from sdensemble.inputs.scenarios import Setting
from sdensemble.study import open_study
from sdensemble.verbs.new_study import new_study

MEMBERS = 64


def ensemble(cup, kernel, scenarios=None, members=MEMBERS, **how):
    draws = draw(cup.priors(), cup.model, members, seed=7)
    keep = {"teacup temperature": "end", "heat loss to room": "annual"}
    return run_ensemble(kernel, scenarios or cup.scenarios, draws, keep=keep, **how)


def same(one, other):
    return all(np.array_equal(one[name], other[name]) for name in one.data_vars)


@pytest.mark.parametrize("size", [16, 2048, 7, 33])
@pytest.mark.parametrize("threads", [1, 2])
def test_numbers_depend_on_neither_block_size_nor_threads(cup, kernel, size, threads):
    whole = ensemble(cup, kernel)
    assert same(whole, ensemble(cup, kernel, size=size, by=Threads(threads)))


def test_forced_numbers_depend_on_neither_block_size_nor_threads(root):
    study = open_study(root)
    draws = draw(study.priors(), study.model, 32, seed=3)
    head = {study.report.headline.whole.variable: "annual"}

    def run(**how):
        kernel = compile_model(study.model)
        return run_ensemble(kernel, study.scenarios[:3], draws, study.forcing, keep=head, **how)

    whole = run()
    assert same(whole, run(size=7, by=Threads(1)))
    assert same(whole.isel(scenario=[0, 2]), run(size=16, by=Threads(2)).isel(scenario=[0, 2]))


def test_a_member_alone_is_the_member_in_its_ensemble(cup, kernel):
    draws = draw(cup.priors(), cup.model, MEMBERS, seed=7)
    whole = ensemble(cup, kernel)
    lid = cup.scenarios[1]
    alone = replay(kernel, lid, draws, None, 41)
    kept = whole["teacup temperature"].sel(scenario=lid.name, member=41).values
    assert np.array_equal(alone.values["teacup temperature"][8::8, 0], kept)
    assert set(alone.values) == set(cup.model.variables)


def test_another_scenario_changes_no_number_of_the_others(cup, kernel):
    few, more = ensemble(cup, kernel, cup.scenarios[:1]), ensemble(cup, kernel)
    assert same(few, more.isel(scenario=[0]))
    assert same(ensemble(cup, kernel, cup.scenarios[::-1]).isel(scenario=[2, 1, 0]), more)


def test_a_scenario_that_sets_nothing_is_the_baseline_bit_for_bit(cup, kernel):
    idle = replace(cup.scenarios[0], name="idle")
    found = ensemble(cup, kernel, (cup.scenarios[0], idle))
    assert same(found.isel(scenario=[0]), found.isel(scenario=[1]))


def test_a_member_meets_the_same_world_under_every_scenario(root):
    study = open_study(root)
    draws = draw(study.priors(), study.model, 16, seed=3)
    world_of = worlds(study.model, draws, study.forcing, np.arange(4))
    base, *others = map(world_of, study.scenarios)
    assert study.forcing is not None
    for scenario, world in zip(study.scenarios[1:], others, strict=True):
        moved = {setting.constant for setting in scenario.settings}
        for name, values in base.constants.items():
            assert name in moved or np.array_equal(values, world.constants[name])
        for name, held in base.held.items():
            assert np.array_equal(held.values, world.held[name].values)


def test_a_scenario_may_not_set_what_the_forcing_drives(root):
    study = open_study(root)
    draws = draw(study.priors(), study.model, 16, seed=3)
    world_of = worlds(study.model, draws, study.forcing, np.arange(4))
    driven = next(iter(world_of(study.scenarios[0]).held))
    own = Setting(driven, None, (2019.0,), (0.0,), "world")
    clash = replace(study.scenarios[0], settings=(own,))
    with pytest.raises(SDError, match="is driven by the forcing and cannot be set as well"):
        world_of(clash)


def test_series_carry_unit_labels_and_aggregate(cup, kernel):
    found = ensemble(cup, kernel)
    assert found["heat loss to room"].attrs == {
        "unit": "Degree",
        "zh": "向房间散热",
        "en": "Heat loss to the room (Newton's law of cooling)",
        "aggregate": "annual",
    }
    assert found["teacup temperature"].attrs["unit"] == "Degree"
    assert found["teacup temperature"].dims == ("scenario", "member", "year")
    assert list(found["year"].values) == list(range(30))
    assert found.attrs["lost"] == []


def test_heat_lost_each_minute_is_the_fall_in_temperature(cup, kernel):
    found = ensemble(cup, kernel, cup.scenarios[:1])
    fall = -found["teacup temperature"].diff("year").values
    assert np.allclose(fall, found["heat loss to room"].values[:, :, 1:], rtol=0.02)


def test_progress_counts_every_member_of_every_scenario_once(cup, kernel):
    done = []
    ensemble(cup, kernel, progress=done.append, size=20)
    assert sum(done) == 3 * MEMBERS


# ── members that are lost ──────────────────────────────────────────────────────────────────

BROKEN = """
level = INTEG(-loss, 2) ~ Yi ~|
loss = 1 * loss rate ~ Yi/Year ~|
loss rate = 0.5 ~ Dmnl [0,4] ~|
worth = LN(level) ~ Dmnl ~|
memory = SMOOTH(worth, 1) ~ Dmnl ~|
total = INTEG(memory, 0) ~ Dmnl ~|
"""


@pytest.fixture
def broken(write_model, tmp_path):
    new_study(write_model(BROKEN, stop=4.0), tmp_path / "study", "total")
    study = open_study(tmp_path / "study")
    kernel = compile_model(study.model)
    draws = draw(study.priors(), study.model, MEMBERS, seed=1)
    return study, kernel, draws


def test_lost_members_are_counted_and_the_first_bad_variable_is_named(broken):
    study, kernel, draws = broken
    found = run_ensemble(kernel, study.scenarios, draws, keep={"total": "end"})
    (lost,) = found.attrs["lost"]
    bad = ~np.isfinite(found["total"].values[0]).all(axis=1)
    assert 0 < bad.sum() < MEMBERS
    assert (lost["scenario"], lost["members"]) == ("baseline", bad.sum())
    assert lost["variable"] == "worth"
    rate = float(draws.values["loss rate"][lost["member"]])
    assert lost["time"] == pytest.approx(np.floor(2 / rate / 0.25 + 1) * 0.25)


def test_members_are_lost_alone(broken):
    study, kernel, draws = broken
    found = run_ensemble(kernel, study.scenarios, draws, keep={"level": "end"})
    assert found.attrs["lost"] == []
    assert np.isfinite(found["level"]).all()


def test_whole_years_refuses_a_clock_that_has_none(write_model):
    text = "x = INTEG(1, 0) ~~|"
    assert whole_years(read_model(write_model(text)))[1] == range(0, 2)
    with pytest.raises(SDError, match="INITIAL TIME must be whole"):
        whole_years(read_model(write_model(text, step=0.375, stop=3)))


def test_scenarios_that_part_later_have_the_bits_of_runs_of_their_own(cup, kernel):
    def opened(time):
        setting = replace(cup.scenarios[1].settings[0], times=(time,), values=(0.5,))
        return replace(cup.scenarios[1], name=f"at {time}", settings=(setting,))

    for times in ((9.5, 12.0, 20.25), (9.0, 9.0, 10.0), (0.5, 29.0, 29.5)):
        late = tuple(replace(opened(t), name=f"{n}") for n, t in enumerate(times))
        together = ensemble(cup, kernel, late)
        for place, scenario in enumerate(late):
            assert same(together.isel(scenario=[place]), ensemble(cup, kernel, (scenario,)))
