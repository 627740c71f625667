from dataclasses import replace

import numpy as np
import pytest

from sdengine.errors import SDError
from sdensemble.inputs.targets import readings
from sdensemble.lang import tell
from sdensemble.outputs.columns import TABLES
from sdensemble.outputs.figure import Cells
from sdensemble.outputs.policy.figures.scorecard import NAMED, scorecard_figures
from sdensemble.outputs.policy.scorecard import (
    asked,
    pages_of,
    scorecard_blocks,
    scorecard_rows,
    year_rows,
)
from sdensemble.outputs.text import width
from sdensemble.outputs.write.picture import looks
from sdensemble.policy.scorecard import scorecard
from sdensemble.results.results import Results
from tests.outputs import nothing, synthetic
from tests.outputs.told import told

NAMES = ("baseline", "brand", "land-quota")


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """Three scenarios with a part of a whole, a band and a reference among the targets."""
    found = synthetic.results(tmp_path_factory.mktemp("scored"), NAMES)
    rows = list(found.targets)
    rows[3] = replace(rows[3], within="total_2025")
    rows[2] = replace(rows[2], role="reference")
    rows.append(
        replace(
            rows[1], id="about_2025", comparator="about", low=2900.0, high=3100.0, headline=False
        )
    )
    rows.append(replace(rows[1], id="gone_2025", variable="not kept", headline=False))
    return Results(found.data, found.scenarios, tuple(rows), found.spec, found.model)


@pytest.fixture(scope="module")
def lines(scored):
    return scorecard(scored)


def test_the_least_likely_under_the_reference_comes_first(lines):
    reached = [line.reach(0) for line in lines]
    assert reached == sorted(reached)
    assert len(set(reached)) > 3


def test_about_ranks_by_its_lower_end_and_says_where_most_of_the_miss_lies(scored):
    first = scored.scenarios[0]
    low = next(t for t in scored.targets if t.id == "about_2025")
    low = replace(low, low=100.0, value=150.0, high=200.0)
    easy = Results(
        scored.data, scored.scenarios, (*scored.targets[:5], low), scored.spec, scored.model
    )
    found = scorecard(easy)
    line = next(one for one in found if one.target.id == "about_2025")
    assert (line.middle(0), line.reach(0)) == (0.0, 1.0)
    assert line.splits[0] == easy.split(low, first)
    assert tell(asked(line, easy), "zh").endswith("高于区间")
    rows = [r for r in scorecard_rows(found, easy) if r["target"] == "about_2025"]
    assert (rows[0]["p_below"], rows[0]["p_in"], rows[0]["p_above"]) == (0.0, 0.0, 1.0)
    assert "mostly above" in told(scorecard_blocks(found, easy, easy.targets), "en")


def test_a_target_read_in_another_scope_stands_below_it(scored):
    own = replace(scored.targets[1], entity="province", quantity="output_value")
    other = replace(
        own,
        id="reported",
        role="reference",
        scope="as_reported",
        headline=False,
        variable="total real output",
        reason_zh="依据",
        reason_en="why",
    )
    both = Results(scored.data, scored.scenarios, (own, other), scored.spec, scored.model)
    assert readings(own, both.targets) == (other,)
    found = scorecard(both)
    assert {line.target.id: line.reading_of for line in found} == {
        "total_2025": "",
        "reported": "total_2025",
    }
    text = told(scorecard_blocks(found, both, both.targets), "zh").splitlines()
    place = next(i for i, line in enumerate(text) if line.startswith("全省农产品加工业产值 2025"))
    assert "按上报口径" in text[place + 1]
    assert "依据" in text
    assert not any(line.startswith("参照") for line in text)


def test_every_probability_is_that_of_its_own_event(lines, scored):
    line = next(one for one in lines if one.target.id == "total_2025")
    for place, scenario in enumerate(scored.scenarios):
        assert line.found[place] == scored.event(line.target, scenario).probability()


def test_about_is_scored_inside_its_band(lines, scored):
    line = next(one for one in lines if one.target.id == "about_2025")
    values = scored.target_values(line.target, scored.scenarios[0])
    assert line.middle(0) == np.mean((values >= 2900) & (values <= 3100))
    assert "about 3000 (2900 to 3100) Yi" in line.found[0].key.event


def test_a_part_and_its_whole_are_scored_in_the_same_members(lines, scored):
    nested = next(one for one in lines if one.kind == "nested")
    first = scored.scenarios[0]
    part, whole = (
        next(t for t in scored.targets if t.id == name) for name in ("ten_2025", "total_2025")
    )
    both = scored.event(part, first).hit & scored.event(whole, first).hit
    assert nested.middle(0) == both.mean()
    assert nested.target.joint == ("ten_2025", "total_2025")


def test_a_path_asks_for_every_target_year_and_leaves_references_out(lines):
    paths = {one.target.joint for one in lines if one.kind == "path"}
    assert ("total_2022", "total_2025", "about_2025") in paths
    assert not any("total_2030" in parts for parts in paths)


def test_what_the_run_did_not_keep_is_named_and_not_scored(lines, scored):
    assert not any(one.target.id == "gone_2025" for one in lines)
    text = told(scorecard_blocks(lines, scored, scored.targets), "en")
    assert "did not keep what they need: Agro-processing output value" in text


def test_a_run_that_can_score_nothing_says_so(scored):
    only = Results(scored.data, scored.scenarios, scored.targets[-1:], scored.spec, scored.model)
    with pytest.raises(SDError, match="kept nothing that a target speaks of"):
        scorecard(only)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_text_has_a_column_for_each_scenario_with_its_error(lines, scored, lang):
    text = told(scorecard_blocks(lines, scored, scored.targets), lang)
    row = next(line for line in text.splitlines() if line.startswith(("乳品", "Dairy")))
    assert row.count("±") == 3
    assert f"1 {scored.scenarios[0].title[lang]}" in text
    assert ("参照" if lang == "zh" else "References") in text


def test_the_tables_have_their_columns_and_a_row_a_target_scenario_and_year(lines, scored):
    rows = list(scorecard_rows(lines, scored))
    assert len(rows) == 3 * len(lines)
    assert {name for row in rows for name in row} == set(TABLES["scorecard"])
    years = list(year_rows(scored))
    single = [one for one in lines if not one.target.joint]
    assert len(years) == len(single) * 3 * len(synthetic.YEARS)
    assert {name for row in years for name in row} == set(TABLES["scorecard-years"])
    asked = next(
        r
        for r in years
        if (r["target"], r["year"], r["scenario"]) == ("total_2025", 2025, "baseline")
    )
    assert asked["p"] == next(r["p"] for r in rows if r["target"] == "total_2025")


def test_the_figures_split_at_the_year_of_the_question_and_hold_every_probability(lines, scored):
    figures = {figure.id: figure for figure in scorecard_figures(lines, scored)}
    assert list(figures) == ["scorecard", "scorecard-earlier", "scorecard-together"]
    held = [
        share
        for figure in figures.values()
        for cells in figure.marks(Cells)
        for row in cells.shares
        for share in row
    ]
    kinds = ("single", "joint", "nested", "path")
    wanted = [p.middle for line in lines if line.kind in kinds for p in line.found]
    assert sorted(held) == sorted(wanted)
    for figure in figures.values():
        for lang in ("zh", "en"):
            nothing.write(figure, lang)


def test_heads_of_columns_are_names_or_numbers_that_a_note_explains(lines, scored, results):
    (few, *_) = scorecard_figures(lines, scored)
    assert [tell(name, "en") for name in few.panels[0].x.names] == [
        scenario.title["en"] for scenario in scored.scenarios
    ]
    (many, *_) = scorecard_figures(scorecard(results), results)
    names = [tell(name, "en") for name in many.panels[0].x.names]
    assert len(names) > NAMED
    assert names == [str(place + 1) for place in range(len(names))]
    notes = tell(many.all_notes(), "en")
    assert all(
        f"{place} {one.title['en']}" in notes
        for place, one in enumerate(results.scenarios, start=1)
    )


def test_many_scenarios_stand_on_pages_each_with_the_reference(results):
    pages = pages_of(results)
    assert [len(page) for page in pages] == [14]
    many = Results(
        results.data, results.scenarios * 3, results.targets, results.spec, results.model
    )
    pages = pages_of(many)
    assert all(0 in page and len(page) <= 14 for page in pages)
    assert set().union(*map(set, pages)) == set(range(42))


def _shade(share):
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("shades", looks.SHADES)(share)[:3]


def test_shades_darken_with_the_probability_so_that_grey_tells_them_apart():
    grey = [np.dot(_shade(p), [0.299, 0.587, 0.114]) for p in np.linspace(0, 1, 21)]
    assert np.all(np.diff(grey) < -0.01)


def test_black_figures_stand_out_in_every_cell():
    for p in np.linspace(0, 1, 21):
        rgb = np.asarray(_shade(p))
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        assert (linear @ [0.2126, 0.7152, 0.0722] + 0.05) / 0.05 > 7  # WCAG AAA


def test_a_narrow_terminal_gets_every_cell_in_tables_that_fit(lines, scored):
    text = told(scorecard_blocks(lines, scored, scored.targets), "en", 60).splitlines()
    assert max(map(width, text)) <= 72  # a name and what it asks may be wider than that
    single = [line for line in text if line.startswith("Dairy 2025")]
    assert sum(line.count("±") for line in single) == 3
