"""Every question put to a study whose answers are known by hand."""

from __future__ import annotations

import csv
import json
from dataclasses import fields, replace
from typing import get_type_hints

import numpy as np
import pytest
from scipy.special import ndtr

from sdengine.errors import SDError
from sdensemble.decide.doses import levels_of, run_doses, run_sums
from sdensemble.decide.levers import find_lever, turned
from sdensemble.decide.measures import find_target
from sdensemble.ensemble.blocks import Threads
from sdensemble.lang import LANGS
from sdensemble.outputs.figure import Figure
from sdensemble.verbs.allocate import allocate
from sdensemble.verbs.batch import batch, grid
from sdensemble.verbs.compare import compare
from sdensemble.verbs.matter import discover, information, package, sensitivity
from sdensemble.verbs.new import NewOptions, new_batch
from sdensemble.verbs.options import WorldOptions
from sdensemble.verbs.reach import frontier, solve
from sdensemble.verbs.result import SILENT
from sdensemble.verbs.robust import robust
from sdensemble.verbs.run_options import RunOptions
from sdensemble.verbs.run_study import run_study
from sdensemble.verbs.weigh import weigh
from sdensemble.verbs.worlds import Job, question_of, worlds
from tests.decide.small import make_town
from tests.outputs import nothing

YEARS = 5
"""From the start of 2021 to the end of 2025."""
SHIFT = 4 * (1 - 0.5 ** (2 * 5.75 / 2))
"""About the variance the shocks add by then."""


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    return make_town(tmp_path_factory.mktemp("town"))


@pytest.fixture
def asked(town, tmp_path):
    return WorldOptions(
        study=town,
        members=1024,
        out=tmp_path / "out",
        prior_sets=("history",),
        structures=("main",),
    )


def ask(verb, asked, **more):
    """Call a verb with its own options beside those every question has."""
    common = {one.name: getattr(asked, one.name) for one in fields(asked)}
    return verb(get_type_hints(verb)["asked"](**common, **more))


class Counted(Threads):
    """Threads that count the member runs they are given."""

    def __init__(self, ran: list[int]):
        super().__init__(1)
        object.__setattr__(self, "ran", ran)

    def run(self, kernel, work, indexes, count=None):
        self.ran.append(sum(map(work.runs, indexes)))
        return super().run(kernel, work, indexes, count)


def everything_is_said(answer):
    """Assert that every word of a document is told in every language, and every mark checked."""
    for lang in LANGS:
        nothing.write(answer.document, lang)
    record = json.loads((answer.folder / "run.json").read_text(encoding="utf-8"))
    for block in answer.document.walk():
        if isinstance(block, Figure):
            assert block.source, block.id
            assert block.run == record["id"]
            assert answer.document.subtitle in [note.words.words for note in block.notes[-1:]]
    assert record["files"], "no file written"
    for name in record["files"]:
        assert (answer.folder / name).stat().st_size > 0


def test_effects_outlay_and_order_are_those_worked_by_hand(town, asked):
    answer = ask(compare, replace(asked, structures=()), scenarios=["grants", "land"])
    everything_is_said(answer)
    data = answer.found.dataset()
    main = data.sel(world="history")
    # Grants: mean pull 0.5 × 2 × 5 years; land: 0.02 × E[min(100, U(20, 180))] = 80 × 5 years.
    assert main["effect_mean"].sel(scenario="grants").item() == pytest.approx(5, abs=0.01)
    assert main["effect_mean"].sel(scenario="land").item() == pytest.approx(8, abs=0.01)
    assert main["treasury_mean"].sel(scenario="grants").item() == pytest.approx(10, rel=0.03)
    assert main["treasury_mean"].sel(scenario="land").item() == 0
    assert main["forgone_mean"].sel(scenario="grants").item() == 0
    assert main["forgone_mean"].sel(scenario="land").item() == pytest.approx(4, rel=0.03)
    strong = data.sel(world="history/strong-land")
    assert strong["effect_mean"].sel(scenario="land").item() == pytest.approx(32, abs=0.05)
    assert {one.pair("grants", "land").sign for one in answer.found.worlds} == {-1}
    pair = answer.found.main.pairs[-1]
    assert (pair.first, pair.second) == ("grants", "land")
    assert pair.effect.found.mean == pytest.approx(-3, abs=0.02)
    assert "land" in answer.text("en").casefold()


def test_probabilities_are_those_of_the_normal_distribution(town, asked):
    found = ask(compare, asked, scenarios=["grants"]).found.main.rows
    base = found[0].probability
    exact = 1 - ndtr(10 / np.sqrt(100 + SHIFT))
    assert base.middle == pytest.approx(exact, abs=4 * base.se + 0.003)


def test_a_reversed_order_is_named_with_its_world(town, asked):
    strong = worlds(town, asked, None)[0]
    assert [w.name for w in strong] == ["history"]
    everywhere = replace(asked, structures=("all",), prior_sets=())
    names = [w.name for w in worlds(town, everywhere, None)[0]]
    assert names == ["history", "history/strong-land", "plan", "plan/strong-land"]


def test_a_grant_for_a_probability_is_the_normal_quantile(town, asked):
    answer = ask(solve, asked, lever="grant budget", probability=0.4)
    everything_is_said(answer)
    (found,) = answer.found.found

    # Mean 100 + 2.5 g, variance 100 + shocks + (g × 5)² × 0.03 (pull is uniform on 0.2 to 0.8).
    def chance(level):
        return 1 - ndtr((10 - 2.5 * level) / np.sqrt(100 + SHIFT + (5 * level) ** 2 * 0.03))

    assert found.root.reached
    assert found.root.low < found.root.level < found.root.high
    assert chance(found.root.low) < 0.4 < chance(found.root.high)
    assert found.p_there.mean == pytest.approx(0.4, abs=0.002)
    assert found.treasury.mean == pytest.approx(5.125 * found.root.level, rel=0.01)


def test_what_a_lever_cannot_reach_is_told_with_its_limit(town, asked):
    answer = ask(solve, asked, lever="补助资金", probability=0.999)
    assert not answer.found.found[0].root.reached
    assert "not reachable" in answer.text("en")
    assert "达不到" in answer.text("zh")


def test_what_holds_without_a_lever_is_said_to_need_nothing_more(town, asked):
    answer = ask(solve, asked, lever="grant budget", probability=0.01)
    assert answer.found.found[0].p_now.mean > 0.01
    assert "nothing more is needed" in " ".join(answer.text("en").split())
    assert "不必再加力度" in answer.text("zh").replace("\n", "")


def test_the_grant_that_equals_the_land_programme(town, asked):
    answer = ask(solve, asked, lever="grant budget", like="land")
    assert answer.found.found[0].root.level == pytest.approx(8 / 2.5, abs=0.02)


def test_the_frontier_is_confirmed_on_fresh_members(town, asked):
    answer = ask(
        frontier,
        asked,
        levers=["grant budget", "land release"],
        probabilities=[0.3, 0.7, 0.999],
        searched=256,
    )
    everything_is_said(answer)
    easy, hard, none = answer.found.points
    assert easy.cost_fresh < 0.3  # land alone reaches it, at no treasury outlay
    assert hard.confirmed == pytest.approx(0.7, abs=0.06)
    assert hard.cost_fresh > 5
    assert np.isnan(none.cost)


def test_the_worked_question_gives_prices_and_parts_by_hand(town, asked):
    answer = ask(weigh, asked, name="land-or-grants")
    everything_is_said(answer)
    found = answer.found
    # Land of 8 in 2025 costs 410 mu; grants of 8 cost 3.2 × 5.125: 0.04 a mu.
    assert found.price[0].value == pytest.approx(0.04, rel=0.01)
    free, service, price = found.conventions
    assert free.cost[0].value == 0
    assert service.cost[0].value == pytest.approx(0.82, rel=0.01)
    assert price.level[0].value == pytest.approx(0.8, rel=0.01)
    assert price.gap[0].value == pytest.approx(6, rel=0.01)
    assert all(not i.told for i in found.interaction)
    above = next(part for part in found.parts if part.id == "above")
    assert above.share == pytest.approx(0.5, abs=0.02)
    assert above.second[0].value == pytest.approx(10, abs=0.01)
    assert found.dataset()["effect"].shape == (5, 5)


def test_a_surface_of_doses_is_that_of_every_pair_run_but_runs_fewer(town, asked):
    asked = replace(asked, members=64)
    question = question_of(town, "land-or-grants")
    sides = question.sides
    levers = tuple(
        find_lever(town, one.lever, low=one.low, high=one.high, start=one.start) for one in sides
    )
    world = Job(asked, SILENT, "levers").world()
    target = find_target(town, question.target)
    counted, ran = [], []
    world = replace(world, by=Counted(ran))
    doses = run_doses(world, question, levers, target, progress=counted.append)
    base = next(s for s in town.scenarios if s.name == question.base)
    pairs = [
        turned(base, [(levers[0], one), (levers[1], two)], f"{one}/{two}")
        for one in doses.first
        for two in doses.second
    ]
    whole = run_sums(world, question, target, pairs, (doses.year,), None).at(doses.year)
    whole = np.moveaxis(whole, 1, 0).reshape(4, *doses.hit.shape)
    above = whole[:3] - whole[:3, doses.base[0], doses.base[1]][:, None, None]
    found = np.array([doses.outcome, doses.money, doses.used])
    assert np.allclose(found, above, rtol=0, atol=1e-9 * np.abs(whole[:3]).max())
    assert np.array_equal(doses.hit, whole[3] > 0)
    assert sum(counted) == doses.hit.size
    *few, every = ran
    assert sum(few) < every == doses.hit.size


def test_levels_hold_the_lever_as_it_is_and_as_asked(town):
    from sdensemble.decide.levers import find_lever

    lever = find_lever(town, "grant budget", high=8)
    levels = levels_of(lever, 3.3, 15)
    assert levels.size == 15
    assert lever.now in levels
    assert 3.3 in levels
    assert (np.diff(levels) > 0).all()


def test_regret_and_dominance_name_the_package(town, asked):
    everywhere = replace(asked, structures=("all",), prior_sets=())
    answer = ask(robust, everywhere, scenarios=["grants", "land", "both"], readings=["low"])
    everything_is_said(answer)
    assert len(answer.found.worlds) == 8
    assert answer.found.chance.attrs["choice"] == "both"
    assert answer.found.everywhere["both", "grants"] == 1
    assert answer.found.everywhere["grants", "both"] == 0


def test_shares_of_variance_fall_to_the_inputs_that_have_them(town, asked):
    answer = ask(sensitivity, asked, scenarios=["grants", "land"])
    everything_is_said(answer)
    outcome = answer.found.by["outcome"]
    base = outcome.sel(group="base output")
    exact = 100 / (100 + SHIFT)
    assert base["total"].item() == pytest.approx(exact, abs=4 * base["total_se"].item())
    assert answer.found.by["land"].sel(group="land wanted")["total"].item() > 0.9
    assert answer.found.by["land"].sel(group="grant pull")["total"].item() == 0


def test_shares_of_a_package_add_up(town, asked):
    answer = ask(package, asked, scenario="both")
    everything_is_said(answer)
    found = answer.found.shares
    np.testing.assert_allclose(found["share"], [5, 8], atol=0.02)
    assert found.attrs["excess"] == pytest.approx(0, abs=1e-9)


def test_what_is_worth_measuring_is_the_input_that_turns_the_choice(town, asked):
    answer = ask(information, asked, scenarios=["grants", "land"])
    everything_is_said(answer)
    # Land gives 0.1 × min(100, w) with w uniform on 20 to 180, grants 5 in the mean: land is the
    # worse below w = 50, which has a chance of 30/160 and costs 1.5 there in the mean.
    name, worth = answer.found.partial[0]
    assert name == "land wanted"
    assert worth.value == pytest.approx(30 / 160 * 1.5, abs=4 * worth.se)
    assert answer.found.perfect.value > worth.value


def test_members_that_miss_are_those_of_a_low_base(town, asked):
    answer = ask(discover, asked, scenario="")
    everything_is_said(answer)
    assert answer.found.inputs == ("base output",)
    assert answer.found.box.density > 0.9


def test_an_envelope_goes_to_the_years_that_still_count(town, asked):
    answer = ask(
        allocate,
        asked,
        envelopes=["grant budget=6"],
        spans=[(2021, 2023), (2027, 2029)],
        steps=3,
        searched=128,
    )
    everything_is_said(answer)
    assert answer.found.steps == (3, 0)  # money after 2025 does nothing for 2025
    assert answer.found.better.mean == pytest.approx(1.5, abs=0.05)


# ── batches ──


def run_batch(town, asked, folder, text, name="many.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return ask(batch, asked, file=path)


def test_a_batch_of_rows_is_run_with_units_labels_and_schedules(town, asked, tmp_path):
    text = (
        "我的情景表,,,\n情景,补助资金（亿元/年）,land release,起始\n"
        "甲,2,,2021\n乙,,100,2021\n丙,2021: 1; 2023: 3,,\n"
    )
    answer = run_batch(town, asked, tmp_path, text)
    everything_is_said(answer)
    effects = answer.found.dataset()["effect_mean"].sel(world="history")
    assert effects.sel(scenario="甲").item() == pytest.approx(5, abs=0.01)
    assert effects.sel(scenario="乙").item() == pytest.approx(8, abs=0.01)
    assert effects.sel(scenario="丙").item() == pytest.approx(0.5 * (2 + 9), abs=0.01)
    with (answer.folder / "tables" / "batch-en.csv").open(encoding="utf-8-sig") as stream:
        rows = list(csv.reader(stream))
    assert len(rows) >= 5
    assert any("mu a year" in cell for cell in rows[0])


def test_a_bad_cell_is_told_by_row_and_column_and_nothing_is_written(town, asked, tmp_path):
    text = "scenario,grant budget,no such lever\na,99,\nb,many,1\n"
    with pytest.raises(SDError) as error:
        run_batch(town, asked, tmp_path, text)
    lines = "\n".join(error.value.problems)
    assert "row 2, column B" in lines
    assert "outside the limits" in lines
    assert "row 3, column B" in lines
    assert "column C" in lines
    assert "no such constant" in lines
    assert not asked.out.exists()


def test_a_workbook_is_told_by_sheet_and_per_cents_are_read(town, asked, tmp_path):
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    sheet.title = "方案"
    sheet.append(["情景", "补助资金"])
    sheet.append(["a", 0.02])
    sheet["B2"].number_format = "0%"
    sheet.append(["a", 3])
    book.save(tmp_path / "b.xlsx")
    with pytest.raises(SDError) as error:
        ask(batch, asked, file=tmp_path / "b.xlsx")
    lines = "\n".join(error.value.problems)
    assert 'b.xlsx sheet "方案" row 2, column B' in lines  # a per cent is no amount of money


def test_the_template_can_be_filled_and_run(town, asked, tmp_path):
    path = new_batch(NewOptions(study=town), tmp_path / "t.xlsx")
    answer = ask(batch, asked, file=path)
    effects = answer.found.dataset()["effect_mean"].sel(world="history")
    assert effects.sel(scenario="now").item() == 0
    assert effects.sel(scenario="example").item() == pytest.approx(12.5, abs=0.05)
    with pytest.raises(SDError, match="exists"):
        new_batch(NewOptions(study=town), path)


def test_a_grid_runs_every_combination(town, asked):
    answer = ask(grid, asked, levers=["grant budget=0:4:3", "land release=0,100"])
    assert len(answer.found.scenarios) == 7
    effects = answer.found.dataset()["effect_mean"].sel(world="history")
    most = effects.sel(scenario="grant budget=4 land release=100").item()
    assert most == pytest.approx(18, abs=0.03)


# ── bad questions ──


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda t, a: ask(solve, a, lever="grand budget", probability=0.5), "grant budget"),
        (lambda t, a: ask(solve, a, lever="land taken", probability=0.5), "no lever"),
        (lambda t, a: ask(solve, a, lever="grant budget", probability=0.5, high=99), "limits"),
        (lambda t, a: ask(solve, a, lever="grant budget", probability=1.5), "between 0 and 1"),
        (lambda t, a: ask(compare, a, scenarios=["gransts"]), "grants"),
        (lambda t, a: ask(compare, replace(a, target="goall"), scenarios=["land"]), "goal"),
        (lambda t, a: ask(compare, replace(a, year=2090), scenarios=["land"]), "2090"),
        (lambda t, a: ask(weigh, a, name="land-or-grant"), "land-or-grants"),
        (lambda t, a: ask(grid, a, levers=["grant budget=0:99:3"]), "limits"),
        (lambda t, a: ask(grid, a, levers=["grant budget"]), "write"),
        (lambda t, a: ask(allocate, a, envelopes=["grant budget"], spans=[(2021, 2023)]), "write"),
        (lambda t, a: ask(robust, replace(a, structures=("mian",)), scenarios=["land"]), "main"),
    ],
)
def test_a_bad_question_ends_in_one_message_and_no_folder(town, asked, call, told):
    with pytest.raises(SDError) as error:
        call(town, asked)
    assert told in "\n".join(error.value.problems)
    assert not asked.out.exists()


def test_the_question_of_another_year_is_another_target(town):
    assert find_target(town, "goal", 2029).year == 2029
    assert find_target(town, "").id == "goal"


# ── stored runs ──


def stored(town, folder, seed=1, scenarios=("grants", "land")):
    names = {"prior_set": "history", "scenarios": scenarios}
    run_study(RunOptions(study=town, members=256, seed=seed, out=folder, **names))
    return folder


def test_stored_runs_are_compared_without_running(town, asked, tmp_path, no_figures):
    one = stored(town, tmp_path / "one", scenarios=("grants",))
    two = stored(town, tmp_path / "two", scenarios=("land",))
    answer = ask(compare, asked, scenarios=["grants", "land"], runs=[one, two])
    everything_is_said(answer)
    effects = answer.found.dataset()["effect_mean"].sel(world="history")
    assert effects.sel(scenario="land").item() == pytest.approx(8, abs=0.05)
    assert answer.found.main.pairs[-1].effect.found.mean == pytest.approx(-3, abs=0.1)


def test_stored_runs_of_different_keys_are_refused(town, asked, tmp_path, no_figures):
    one = stored(town, tmp_path / "one", scenarios=("grants",))
    two = stored(town, tmp_path / "two", seed=2, scenarios=("land",))
    with pytest.raises(SDError, match="different keys and cannot be compared: seed"):
        ask(compare, asked, scenarios=["grants", "land"], runs=[one, two])
    with pytest.raises(SDError, match="hold no land"):
        ask(compare, asked, scenarios=["grants", "land"], runs=[one])
    assert not asked.out.exists()
