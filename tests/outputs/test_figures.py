import warnings
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.text import Text
from sdensemble.outputs.terminal import pages_of

from sdengine.errors import SDError
from sdensemble.outputs import figures, fonts
from sdensemble.outputs.figures import style
from sdensemble.outputs.figures.effects import effect_pages
from sdensemble.results.results import Results
from tests.outputs import synthetic


@pytest.fixture(scope="module")
def drawn(results, tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = figures.draw_figures(folder, results, "zh", synthetic.history())
    return folder, *found


def test_every_figure_is_written_in_three_forms_with_every_glyph(drawn):
    folder, files, missing = drawn
    assert missing == ""
    for name in ("fan", "sectors", "scenarios", "effects"):
        for form in ("png", "svg", "pdf"):
            assert folder / f"{name}.{form}" in files
            assert (folder / f"{name}.{form}").stat().st_size > 5000


def test_captions_stand_beside_the_figures_in_both_languages(drawn):
    text = (drawn[0] / "captions.md").read_text("utf-8")
    assert "图1　" in text
    assert "Figure 4. " in text
    assert "2012" in text  # an observation before the axis
    assert "{" not in text


def test_vector_files_carry_the_font_as_outlines_or_embedded(drawn):
    assert b"<text" not in (drawn[0] / "fan.svg").read_bytes()
    assert b"NotoSansSC" in (drawn[0] / "fan.pdf").read_bytes()


def test_the_same_run_gives_the_same_bytes(results, tmp_path):
    for name in ("a", "b"):
        with style.settings():
            figure = figures.fan(results, results.scenarios[0], "zh", synthetic.history())
            style.save(figure, tmp_path / name)
    for form in ("png", "svg", "pdf"):
        assert (tmp_path / f"a.{form}").read_bytes() == (tmp_path / f"b.{form}").read_bytes()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_text_is_small_or_leaves_the_page(results, lang):
    base = results.scenarios[0]
    with style.settings():
        for figure in (
            figures.fan(results, base, lang, synthetic.history()),
            figures.sectors(results, base, lang),
            figures.scenarios(results, lang),
            figures.effects(results, lang),
        ):
            figure.draw_without_rendering()
            assert fonts.missing_glyphs(figure) == ""
            page = figure.bbox
            for text in figure.findobj(Text):
                if not text.get_text() or not text.get_visible():
                    continue
                assert text.get_fontsize() >= 7
                box = text.get_window_extent()
                inside = box.x0 >= 0 and box.y0 >= 0 and box.x1 <= page.x1 and box.y1 <= page.y1
                assert inside or not _shown(text), text.get_text()


def _shown(text):
    """Tick labels beyond an axis are made but not drawn."""
    ax = text.axes
    return ax is None or (ax.axison and text not in _unused_ticks(ax))


def _unused_ticks(ax):
    found = []
    for axis in (ax.xaxis, ax.yaxis):
        low, high = sorted(axis.get_view_interval())
        found += [t.label1 for t in axis.get_major_ticks() if not low <= t.get_loc() <= high]
    return found


def test_the_fan_draws_sample_quantiles_and_the_whole_last_bar(results):
    with style.settings():
        figure = figures.fan(results, results.scenarios[0], "zh", synthetic.history())
        main, strip, other = figure.axes
    values = results.data["total nominal output"].sel(scenario="baseline").values
    assert main.lines[1].get_ydata() == pytest.approx(np.median(values, axis=0))
    assert strip.patches[-1].get_bbox().x1 < main.get_xlim()[1]
    assert [line.get_markerfacecolor() for line in other.lines[:2]] == ["white", "white"]
    assert main.get_shared_y_axes().get_siblings(main) == [main]


def test_labels_are_moved_apart_and_keep_their_order():
    placed = style.spread([5.0, 1.0, 1.1, 1.2], 1.0)
    assert np.diff(np.sort(placed)).min() >= 1.0 - 1e-9
    assert list(np.argsort(placed)) == [1, 2, 3, 0]
    assert style.spread([0.0, 10.0], 1.0) == pytest.approx([0.0, 10.0])


def test_the_blues_stay_three_distinct_greys():
    greys = []
    for _, _, colour in style.BANDS:
        red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
        greys.append(0.299 * red + 0.587 * green + 0.114 * blue)
    assert np.all(np.diff(greys) < -40)


def test_figures_can_be_drawn_with_lost_members_and_one_scenario(results, tmp_path):
    data = results.data.sel(scenario=["baseline"]).copy(deep=True)
    data["total nominal output"].values[0, :5, 4:] = np.nan
    one = Results(data, results.scenarios[:1], results.targets, results.spec, results.model)
    with style.settings():
        figure = figures.fan(one, one.scenarios[0], "zh")
        style.save(figure, tmp_path / "fan")


def test_a_character_the_font_lacks_is_reported():
    with style.settings():
        figure = style.new_figure(50)
        figure.text(0.5, 0.5, "镕产值")
        assert fonts.missing_glyphs(figure) == "镕"


def test_a_missing_font_says_how_to_restore_it(tmp_path):
    with pytest.raises(SDError, match="git checkout"):
        fonts.require_font(tmp_path / "none.otf")


def test_beside_the_fan_stand_whole_years_and_the_last_publication_of_each(results):
    from datetime import date

    from sdensemble.outputs.figures.fan import related

    first = related(results, synthetic.history())[0]
    part = replace(first, value=1.0, period_end=date(int(first.time), 6, 30))
    later = replace(first, value=2.0, published_on="2099-01-01")
    rows = (later, *synthetic.history(), part)
    assert [o.value for o in related(results, rows) if o.time == first.time] == [2.0]


def test_many_scenarios_stand_on_pages_that_the_captions_name(results, tmp_path):
    places = [*range(14), *range(1, 14), *range(1, 14)]
    many = [
        replace(results.scenarios[i], name=f"{results.scenarios[i].name}-{n}" if n > 13 else
                results.scenarios[i].name, order=n)
        for n, i in enumerate(places)
    ]  # fmt: skip
    data = results.data.isel(scenario=places).assign_coords(scenario=[s.name for s in many])
    found = Results(data, tuple(many), results.targets, results.spec, results.model)
    with style.settings():
        for page in range(effect_pages(found)):
            assert figures.effects(found, "zh", page).get_figheight() < 11.0
        for page in pages_of(found):
            figure = figures.scenarios(found, "en", page)
            assert figure.get_figheight() < 11.0
            assert sum(bool(ax.get_title(loc="left")) for ax in figure.axes) == len(page)
    names = [line.get_text() for page in range(effect_pages(found))
             for ax in figures.effects(found, "zh", page).axes
             for line in ax.get_yticklabels()]  # fmt: skip
    assert len(names) == len(found.pairs())
    files, _ = figures.draw_figures(tmp_path, found, "zh")
    pages = {p.stem for p in files if p.suffix == ".png"}
    assert {"effects", "effects-2", "scenarios", "scenarios-2", "scenarios-3"} <= pages
    captions = (tmp_path / "captions.md").read_text("utf-8")
    assert all(f"## {name}\n" in captions for name in pages)
    assert "（第2页，共2页）" in captions
    assert "(Page 2 of 2.)" in captions
