import warnings
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.text import Text
from sdensemble.outputs.terminal import pages_of

from sdengine.errors import SDError
from sdensemble.inputs.targets import readings
from sdensemble.outputs.figures import style
from sdensemble.outputs.fonts import missing_glyphs
from sdensemble.outputs.text import width
from sdensemble.policy.figures.scorecard import SHADES, _figure, _parts, draw_scorecard
from sdensemble.policy.scorecard import (
    SCORECARD_CSV,
    YEARS_CSV,
    asked,
    scorecard,
    scorecard_rows,
    scorecard_text,
    year_rows,
)
from sdensemble.results.results import Results
from tests.outputs import synthetic

NAMES = ("baseline", "brand", "land-quota")


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """Three scenarios with a part of a whole, a band and a reference among the targets."""
    found = synthetic.results(tmp_path_factory.mktemp("scored"), NAMES)
    rows = list(found.targets)
    rows[3] = replace(rows[3], within="total_2025")
    rows[2] = replace(rows[2], role="reference")
    rows.append(
        replace(rows[1], id="about_2025", comparator="about", low=2900.0, high=3100.0,
                headline=False)
    )  # fmt: skip
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
    easy = Results(scored.data, scored.scenarios, (*scored.targets[:5], low), scored.spec,
                   scored.model)  # fmt: skip
    found = scorecard(easy)
    line = next(one for one in found if one.target.id == "about_2025")
    assert (line.middle(0), line.reach(0)) == (0.0, 1.0)
    assert line.splits[0] == easy.split(low, first)
    assert asked(line, easy, "zh").endswith("高于区间")
    rows = [r for r in scorecard_rows(found, easy) if r["target"] == "about_2025"]
    assert (rows[0]["p_below"], rows[0]["p_in"], rows[0]["p_above"]) == (0.0, 0.0, 1.0)
    assert "mostly above" in scorecard_text(found, easy, easy.targets, "en")


def test_a_target_read_in_another_scope_stands_below_it(scored):
    own = replace(scored.targets[1], entity="province", quantity="output_value")
    other = replace(own, id="reported", role="reference", scope="as_reported", headline=False,
                    variable="total real output", reason_zh="依据", reason_en="why")  # fmt: skip
    both = Results(scored.data, scored.scenarios, (own, other), scored.spec, scored.model)
    assert readings(own, both.targets) == (other,)
    found = scorecard(both)
    assert {line.target.id: line.reading_of for line in found} == {
        "total_2025": "",
        "reported": "total_2025",
    }
    text = scorecard_text(found, both, both.targets, "zh").splitlines()
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
    part, whole = (next(t for t in scored.targets if t.id == name)
                   for name in ("ten_2025", "total_2025"))  # fmt: skip
    both = scored.event(part, first).hit & scored.event(whole, first).hit
    assert nested.middle(0) == both.mean()
    assert nested.target.joint == ("ten_2025", "total_2025")


def test_a_path_asks_for_every_target_year_and_leaves_references_out(lines):
    paths = {one.target.joint for one in lines if one.kind == "path"}
    assert ("total_2022", "total_2025", "about_2025") in paths
    assert not any("total_2030" in parts for parts in paths)


def test_what_the_run_did_not_keep_is_named_and_not_scored(lines, scored):
    assert not any(one.target.id == "gone_2025" for one in lines)
    text = scorecard_text(lines, scored, scored.targets, "en")
    assert "did not keep what they need: Agro-processing output value" in text


def test_a_run_that_can_score_nothing_says_so(scored):
    only = Results(scored.data, scored.scenarios, scored.targets[-1:], scored.spec, scored.model)
    with pytest.raises(SDError, match="kept nothing that a target speaks of"):
        scorecard(only)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_text_has_a_column_for_each_scenario_with_its_error(lines, scored, lang):
    text = scorecard_text(lines, scored, scored.targets, lang)
    row = next(line for line in text.splitlines() if line.startswith(("乳品", "Dairy")))
    assert row.count("±") == 3
    assert f"1 {scored.scenarios[0].title[lang]}" in text
    assert ("参照" if lang == "zh" else "References") in text


def test_the_tables_have_their_columns_and_a_row_a_target_scenario_and_year(lines, scored):
    rows = list(scorecard_rows(lines, scored))
    assert len(rows) == 3 * len(lines)
    assert {name for row in rows for name in row} == set(SCORECARD_CSV)
    years = list(year_rows(scored))
    single = [one for one in lines if not one.target.joint]
    assert len(years) == len(single) * 3 * len(synthetic.YEARS)
    assert {name for row in years for name in row} == set(YEARS_CSV)
    asked = next(r for r in years if (r["target"], r["year"], r["scenario"])
                 == ("total_2025", 2025, "baseline"))  # fmt: skip
    assert asked["p"] == next(r["p"] for r in rows if r["target"] == "total_2025")


def test_the_figures_split_at_the_year_of_the_question(lines, scored, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        files = draw_scorecard(tmp_path, lines, scored, "zh")
    assert {p.name for p in files} >= {"scorecard.png", "scorecard-earlier.pdf", "captions.md"}
    parts = _parts(lines, scored)
    assert {line.year for line in parts["scorecard-earlier"]} == {2022}
    assert "{" not in (tmp_path / "captions.md").read_text("utf-8")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_text_of_the_figure_leaves_the_page_or_lacks_a_glyph(lines, scored, lang):
    with style.settings():
        for name, chosen in _parts(lines, scored).items():
            figure = _figure(chosen, scored, lang, name, (0, 1, 2))
            assert missing_glyphs(figure) == ""
            assert figure.get_figheight() < 11.0  # a page of A4
            canvas = figure.canvas.get_renderer()
            page = figure.bbox
            for text in figure.findobj(Text):
                box = text.get_window_extent(canvas)
                if text.get_text().strip() and text.get_visible() and box.width > 0:
                    assert box.x0 >= page.x0 - 1, text.get_text()
                    assert box.x1 <= page.x1 + 1, text.get_text()
                    assert box.y1 <= page.y1 + 1, text.get_text()


def test_many_scenarios_stand_on_pages_each_with_the_reference(results):
    pages = pages_of(results)
    assert [len(page) for page in pages] == [14]
    many = Results(results.data, results.scenarios * 3, results.targets, results.spec,
                   results.model)  # fmt: skip
    pages = pages_of(many)
    assert all(0 in page and len(page) <= 14 for page in pages)
    assert set().union(*map(set, pages)) == set(range(42))


def test_shades_darken_with_the_probability_so_that_grey_tells_them_apart():
    grey = [np.dot(SHADES(p)[:3], [0.299, 0.587, 0.114]) for p in np.linspace(0, 1, 21)]
    assert np.all(np.diff(grey) < -0.01)


def test_black_figures_stand_out_in_every_cell():
    for p in np.linspace(0, 1, 21):
        rgb = np.asarray(SHADES(p)[:3])
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        assert (linear @ [0.2126, 0.7152, 0.0722] + 0.05) / 0.05 > 7  # WCAG AAA


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_names_of_rows_do_not_overlap_and_no_line_ends_in_a_sign(lines, scored, lang):
    with style.settings():
        for name, chosen in _parts(lines, scored).items():
            figure = _figure(chosen, scored, lang, name, (0, 1, 2))
            canvas = figure.canvas.get_renderer()
            names = [t for t in figure.axes[0].texts if t.get_ha() == "right"]
            boxes = [t.get_window_extent(canvas) for t in names]
            assert len(boxes) == len(chosen)
            for above, below in pairwise(boxes):
                assert above.y0 >= below.y1 - 0.5
            for text in names:
                for line in text.get_text().split("\n"):
                    assert line[-1] not in "≥>＞约"


def test_a_narrow_terminal_gets_every_cell_in_tables_that_fit(lines, scored):
    text = scorecard_text(lines, scored, scored.targets, "en", 60).splitlines()
    assert max(map(width, text)) <= 72  # a name and what it asks may be wider than that
    single = [line for line in text if line.startswith("Dairy 2025")]
    assert sum(line.count("±") for line in single) == 3
