"""Effects by year, in all and for the money; treasury and forgone apart; members told apart."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from sdensemble import SDError
from sdensemble.lang import tell
from sdensemble.outputs.answer import answer
from sdensemble.outputs.figure import Points
from sdensemble.outputs.figures.horizons import answer_figures
from sdensemble.outputs.horizon_tables import answer_tables
from sdensemble.outputs.tables import condition_rows, horizon_rows
from sdensemble.outputs.write.terminal import document_text
from sdensemble.results.estimate import ratio_of
from sdensemble.results.horizon import horizons, parts, values_of
from sdensemble.results.results import per_outlay, purse_charged
from tests.outputs import nothing, synthetic

SPLIT = """
[[condition]]
id = "wide"
zh = "2021至2022年是否高"
en = "Whether high in 2021 and 2022"
variable = "total nominal output"
aggregate = "annual"
years = [2021, 2022]
splits = [2300, 2500]
names = [{zh = "低", en = "low"}, {zh = "中", en = "middle"}, {zh = "高", en = "high"}]
"""
NAMES = ("baseline", "plant-grants", "land-quota")


def asked(folder, more: str = "", report: str = SPLIT):
    text = synthetic.REPORT.replace(
        'question = "total_2025"',
        'question = "total_2030"\nbeside = ["total_2025"]\nhorizons = [2025, 2028]' + more,
    )
    text = text.replace('variable = "outlay county"', 'variable = "outlay county"\nforgone = true')
    found = synthetic.results(folder, NAMES)
    spec = synthetic.spec(folder, text + report)
    return type(found)(found.data, found.scenarios, found.targets, spec, found.model)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return asked(tmp_path_factory.mktemp("asked"))


def test_the_horizons_are_those_of_the_file_and_the_questions_year(results):
    assert results.horizons == (2025, 2028, 2030)
    assert [target.id for target in results.beside()] == ["total_2025"]


def test_effects_are_of_the_year_and_of_all_years_to_it(results):
    grants, base = results.scenario("plant-grants"), results.scenario("baseline")
    total = results.series("total nominal output")
    moved = total[results.place(grants)] - total[results.place(base)]
    found = {(one.scenario.name, one.year): one for one in horizons(results)}
    one = found["plant-grants", 2028]
    assert one.effect.found.mean == pytest.approx(moved[:, 9].mean())
    assert one.effect.median == pytest.approx(np.median(moved[:, 9]))
    assert one.cumulative.found.mean == pytest.approx(moved[:, :10].sum(axis=1).mean())


def test_treasury_money_and_what_is_forgone_are_never_added_up(results):
    """The county's outlay is declared forgone: 0.6 of the whole, beside 0.4 of the province."""
    one = next(h for h in horizons(results) if h.scenario.name == "plant-grants")
    assert one.treasury.found.mean / one.forgone.found.mean == pytest.approx(0.4 / 0.6)
    assert one.per_treasury is None
    assert one.per_forgone is None


def of_mean(mean):
    return SimpleNamespace(found=SimpleNamespace(mean=mean))


@pytest.mark.parametrize(
    ("treasury", "forgone", "charged"),
    [
        (19.4, 1.0, "treasury"),
        (19.4, 4.1, None),
        (0.0, 2.8, "forgone"),
        (0.3, 2.8, None),
        (0.04, 0.2, "forgone"),
        (-15.0, -1.4, "treasury"),
        (16.0, None, "treasury"),
    ],
)
def test_an_effect_is_divided_by_a_purse_only_where_the_other_bears_little(
    treasury, forgone, charged
):
    """At most a tenth, or less than is printed: else the one takes credit for the other."""
    both = [None if mean is None else of_mean(mean) for mean in (treasury, forgone)]
    found = purse_charged(*both)
    wanted = {"treasury": (both[0], None), "forgone": (None, both[1]), None: (None, None)}
    assert found == wanted[charged]


def test_nothing_is_divided_by_money_that_is_saved(results):
    """Two negatives would read as a gain for each unit spent."""
    less, more = (results.scenario(name) for name in ("baseline", "plant-grants"))
    effect = results.effect(results.asked_outcome, less, more, 2028)
    saved = results.payers_outlay(less, more, 2028)
    assert effect.found.mean < 0 > saved.found.mean
    assert per_outlay(effect, saved) is None


def test_what_is_forgone_alone_has_a_ratio_of_its_own(tmp_path):
    text = synthetic.REPORT.replace("[[payer]]", "[[payer]]\nforgone = true")
    plain = synthetic.results(tmp_path, NAMES)
    results = type(plain)(
        plain.data, plain.scenarios, plain.targets, synthetic.spec(tmp_path, text), plain.model
    )
    one = next(h for h in horizons(results) if h.scenario.name == "plant-grants")
    assert one.treasury is None
    assert one.per_forgone[0] == pytest.approx(one.effect.found.mean / one.forgone.found.mean)


def test_the_parts_of_a_condition_share_out_the_members_and_their_effects(results):
    found = list(parts(results))
    assert sum(part.share for part in found) == pytest.approx(1)
    values = values_of(results, results.spec.conditions[0])
    assert found[0].members == (values < 2300).sum()
    (at, *_) = [i for i, row in enumerate(found[0].effects) if row[0].name == "land-quota"]
    whole = next(h for h in horizons(results) if h.scenario.name == "land-quota")
    mean = sum(part.share * part.effects[at][2].mean for part in found)
    assert mean == pytest.approx(whole.effect.found.mean)
    chance = sum(part.share * part.chances[0][1] for part in found)
    base = results.scenario("baseline")
    assert chance == pytest.approx(results.event(results.question, base).probability().middle)
    assert found[0].chances[1][1] < found[-1].chances[1][1]


def test_the_tables_and_the_answer_tell_them_in_both_languages(results):
    titles = {lang: [tell(t.title, lang) for t in answer_tables(results)] for lang in ("zh", "en")}
    assert titles["zh"] == ["分年份的效果", "按“2021至2022年是否高”分组"]
    text = document_text(answer(results), "en")
    assert "Effects by year" in text
    assert "no outlay: the two stand apart" in " ".join(text.split())
    assert "2025" in "".join(text.splitlines()[3:6])
    spans = {(row["scenario"], row["year"], row["span"]) for row in horizon_rows(results)}
    assert len(spans) == 2 * 3 * 2
    kinds = {row["kind"] for row in condition_rows(results)}
    assert kinds == {"probability", "effect"}


def test_the_figures_show_every_scenarios_effect_and_every_parts_probability(results):
    effects, chances = list(answer_figures(results))
    assert len(effects.marks(Points)) == 2 * 2
    asked = results.event(results.question, results.scenario("baseline")).probability()
    drawn = chances.panels[0].marks[0]
    assert drawn.x[0] == pytest.approx(100 * asked.middle)
    assert len(drawn.x) == 1 + 3
    assert len(chances.panels) == 2
    for lang in ("zh", "en"):
        assert nothing.write(effects, lang)
        assert nothing.write(chances, lang)


def test_a_study_that_names_neither_has_neither(tmp_path):
    plain = synthetic.results(tmp_path, NAMES)
    assert list(answer_tables(plain)) == []
    assert "Effects by year" not in document_text(answer(plain), "en")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("splits = [2300, 2500]", "splits = [2500, 2300]", "splits must be numbers that rise"),
        ('{zh = "中", en = "middle"}, ', "", "names must be one more than splits"),
        ("total nominal output", "total nominal outputs", "no variable"),
        ("years = [2021, 2022]", 'years = ["2021"]', "years must be a list of years"),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused_by_file_and_table(tmp_path, old, new, told):
    with pytest.raises(SDError, match=rf"report\.toml.*condition.*{told}"):
        asked(tmp_path, report=SPLIT.replace(old, new))


def test_the_error_of_a_ratio_is_that_of_repeated_samples():
    """Jackknife over 16 replicates against the spread of 400 repetitions."""
    rng = np.random.default_rng(7)
    replicate = np.repeat(np.arange(16), 8)
    found = []
    for _ in range(400):
        shared = rng.normal(size=16)[replicate]
        above = 3 + shared + rng.normal(size=128)
        below = 6 + shared + rng.normal(size=128)
        found.append(ratio_of(above, below, replicate))
    ratios, errors = np.array(found).T
    assert ratios.mean() == pytest.approx(0.5, abs=0.01)
    assert np.sqrt((errors**2).mean()) == pytest.approx(ratios.std(), rel=0.1)
