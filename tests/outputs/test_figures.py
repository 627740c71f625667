"""Figures of a run, tested as values; what the writer draws of them is tested once for all."""

import subprocess
import warnings
from dataclasses import replace
from datetime import date
from shutil import which

import numpy as np
import pytest
from matplotlib.text import Text

from sdengine.errors import SDError
from sdensemble.lang import LANGS, tell
from sdensemble.outputs import figures, fonts
from sdensemble.outputs.figure import Band, Bars, Hill, Label, Line, Points, Rule, Target
from sdensemble.outputs.figures.compare import ROWS, pages, scenarios, sectors
from sdensemble.outputs.figures.effects import effect_pages, effects
from sdensemble.outputs.figures.fan import fan, related
from sdensemble.outputs.write import picture
from sdensemble.outputs.write.picture import looks, marks
from sdensemble.outputs.write.picture.measured import even, fold, text_mm
from sdensemble.results.results import Results
from tests.outputs import nothing, synthetic


@pytest.fixture(scope="module")
def made(results):
    return {one.id: one for one in figures.figures_of(results, synthetic.history())}


def test_every_figure_is_told_whole_in_every_language(made):
    assert list(made) == ["fan", "sectors", "scenarios", "effects"]
    for figure in made.values():
        for lang in LANGS:
            nothing.write(figure, lang)


def test_every_figure_names_its_source_and_says_under_what_it_holds(made):
    for figure in made.values():
        assert "made-up.mdl" in tell(figure.source, "zh")
        for lang, said in (("zh", "历史先验"), ("en", "history priors")):
            assert said in tell(figure.all_notes(), lang)


def test_every_axis_of_numbers_says_what_it_measures(made):
    for figure in made.values():
        for panel in figure.panels:
            named = tell(panel.x.label(), "en") or panel.x.whole or panel.x.names
            assert named, (figure.id, panel.id)
            assert tell(panel.y.label(), "en") or panel.y.names or tell(panel.title, "en")


def test_the_fan_holds_sample_quantiles_and_p_of_every_year(made, results):
    values = results.data["total nominal output"].sel(scenario="baseline").values
    wide, *_ = made["fan"].marks(Band)
    assert wide.share == 0.9
    assert wide.low == pytest.approx(np.quantile(values, 0.05, axis=0))
    line = next(one for one in made["fan"].marks(Line) if one.role == "median")
    assert line.y == pytest.approx(np.median(values, axis=0))
    (bars,) = made["fan"].marks(Bars)
    assert bars.length == pytest.approx(100 * (values > 3000).mean(axis=0))
    assert [bars.at[place] for place in bars.marked] == [2025]


def test_a_target_a_person_may_edit_is_no_official_one(results):
    last = next(t for t in results.targets if t.id == "total_2030")
    own = [replace(t, role="reference") if t is last else t for t in results.targets]
    found = Results(results.data, results.scenarios, tuple(own), results.spec, results.model)
    for source, official in ((results, True), (found, False)):
        marks = fan(source, source.scenarios[0]).marks(Target)
        assert [one.official for one in marks if one.at == 2030] == [official]
    labels = [tell(one.text, "zh") for one in fan(found, found.scenarios[0]).marks(Label)]
    assert any(text.startswith("示例") for text in labels)


def test_the_fan_draws_the_other_scope_and_the_other_prior_sets(results, plan):
    own = next(t for t in results.targets if t.id == "total_2025")
    own = replace(own, entity="province", quantity="output")
    read = replace(
        own,
        id="r",
        role="reference",
        scope="as_reported",
        headline=False,
        variable="total real output",
    )
    targets = (own, *(t for t in results.targets if t.id != "total_2025"), read)
    both = Results(results.data, results.scenarios, targets, results.spec, results.model)
    lines = fan(both, both.scenarios[0], others=[plan]).marks(Line)
    roles = [line.role for line in lines]
    assert (roles.count("as_reported"), roles.count("series")) == (1, 3)
    values = results.data["total real output"].sel(scenario="baseline").values
    middle = next(line for line in lines if line.role == "as_reported")
    assert middle.y == pytest.approx(np.median(values, axis=0))


def test_an_outcome_of_its_own_can_be_drawn_with_a_title_and_without_panels_below(results):
    dairy = next(one for one in results.components() if one.id == "dairy")
    figure = fan(results, results.scenarios[0], outcome=dairy, lower=False, title="own", width=100)
    assert (figure.title, figure.width, len(figure.panels)) == ("own", 100, 1)
    assert {one.value for one in figure.marks(Target) if one.whole} == {100.0}


def test_sectors_stand_on_one_axis_in_percent_of_their_targets(results):
    figure = sectors(results, results.scenarios[0])
    (points,) = [one for one in figure.marks(Points) if one.role == "estimate"]
    data = results.data["nominal output"].sel(scenario="baseline", year=2025)
    wanted = [
        100 * float(np.median(data.sel(sector=name))) / value[2]
        for name, value in synthetic.SECTORS.items()
    ]
    assert points.x == pytest.approx(wanted)
    assert [one.at for one in figure.marks(Rule)] == [100.0]


def test_scenarios_are_rows_beside_the_target_and_the_median_of_the_first(results):
    figure = scenarios(results, results.scenarios[0])
    target, base = figure.marks(Rule)
    data = results.data["total nominal output"].sel(year=2025)
    assert (target.at, base.at) == (3000.0, float(np.median(data.sel(scenario="baseline"))))
    (points,) = figure.marks(Points)
    assert points.x == pytest.approx(np.median(data.values, axis=1))


def test_effects_show_the_same_mean_as_the_text(results):
    figure = effects(results)
    moved = results.data["total nominal output"].sel(year=2025)
    brand = float((moved.sel(scenario="brand") - moved.sel(scenario="baseline")).mean())
    means = {
        tell(name, "en"): x
        for panel in figure.panels
        for points in panel.marks
        if isinstance(points, Points)
        for name, x in zip(panel.y.names, points.x, strict=True)
    }
    assert means["Brand programme"] == pytest.approx(brand)
    assert figure.marks(Hill)


def test_many_scenarios_stand_on_pages_that_the_captions_name(results):
    places = [*range(14), *range(1, 14), *range(1, 14)]
    many = [
        replace(
            results.scenarios[i],
            name=f"{results.scenarios[i].name}-{n}" if n > 13 else results.scenarios[i].name,
            order=n,
        )
        for n, i in enumerate(places)
    ]
    data = results.data.isel(scenario=places).assign_coords(scenario=[s.name for s in many])
    found = Results(data, tuple(many), results.targets, results.spec, results.model)
    assert pages(found) == -(-40 // ROWS)
    rows = [
        len(panel.y.names)
        for page in range(effect_pages(found))
        for panel in effects(found, page).panels
    ]
    assert sum(rows) == len(found.pairs())
    every = figures.figures_of(found)
    assert {"effects", "effects-2", "scenarios", "scenarios-2"} <= {one.id for one in every}
    captions = figures.captions_of(every)
    assert all(f"## {one.id}\n" in captions for one in every)
    assert "（第2页，共2页）" in captions
    assert "(Page 2 of 2.)" in captions


def test_figures_can_be_made_with_lost_members_and_one_scenario(results):
    data = results.data.sel(scenario=["baseline"]).copy(deep=True)
    data["total nominal output"].values[0, :5, 4:] = np.nan
    one = Results(data, results.scenarios[:1], results.targets, results.spec, results.model)
    assert [figure.id for figure in figures.figures_of(one)] == ["fan", "sectors"]


def test_beside_the_fan_stand_whole_years_and_the_last_publication_of_each(results):
    first = related(results, synthetic.history())[0]
    part = replace(first, value=1.0, period_end=date(int(first.time), 6, 30))
    later = replace(first, value=2.0, published_on="2099-01-01")
    rows = (later, *synthetic.history(), part)
    assert [o.value for o in related(results, rows) if o.time == first.time] == [2.0]


def test_a_figure_somebody_entered_is_told_from_a_published_one(results):
    rows = [replace(row, batch="own") for row in synthetic.history()]
    roles = {one.role for one in fan(results, results.scenarios[0], rows).marks(Points)}
    assert "imported" in roles
    assert not {"known", "later"} & roles


# ── what is drawn ──


@pytest.fixture(scope="module")
def drawn(made, tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = figures.draw_figures(folder, [made["fan"], made["effects"]], "zh")
    return folder, *found


def test_figures_are_written_in_three_forms_with_every_glyph(drawn):
    folder, files, missing = drawn
    assert missing == ""
    for name in ("fan", "effects"):
        for form in ("png", "svg", "pdf"):
            assert folder / f"{name}.{form}" in files
            assert (folder / f"{name}.{form}").stat().st_size > 5000


def test_captions_stand_beside_the_figures_in_both_languages(drawn):
    text = (drawn[0] / "captions.md").read_text("utf-8")
    assert "图1　" in text
    assert "Figure 2. " in text
    assert "2012" in text  # an observation before the axis
    assert "{" not in text


def test_the_caption_of_a_figure_ends_before_its_notes_begin(made):
    for one in made.values() if isinstance(made, dict) else made:
        for lang, stop in (("zh", "。"), ("en", ".")):
            title = tell(one.caption or one.title, lang).rstrip(stop)
            line = next(x for x in figures.captions_of([one]).splitlines() if title in x)
            assert line.split(title)[1].startswith(stop), (one.id, lang)


def test_components_without_a_target_have_a_caption_of_their_own(results):
    told = replace(
        results, targets=tuple(t for t in results.targets if t.variable != "nominal output")
    )
    plain = sectors(told, results.scenarios[0])
    assert "相当于2019年的百分比" in tell(plain.caption, "zh")
    assert "目标" not in tell(plain.caption, "zh")


def test_fonts_in_a_pdf_are_of_the_type_that_every_renderer_shows(drawn):
    assert b"/Type3" in (drawn[0] / "fan.pdf").read_bytes()
    assert b"/CIDFontType2" not in (drawn[0] / "fan.pdf").read_bytes()


@pytest.mark.skipif(which("gs") is None, reason="Ghostscript is not installed")
def test_ghostscript_draws_the_text_of_a_pdf(drawn, tmp_path):
    import matplotlib.image as images

    path = tmp_path / "fan.png"
    command = ["gs", "-q", "-dNOPAUSE", "-dBATCH", "-sDEVICE=pnggray", "-r60"]
    subprocess.run([*command, f"-sOutputFile={path}", drawn[0] / "fan.pdf"], check=True)
    ink = images.imread(path)
    head = ink[: ink.shape[0] // 40]  # the title: nothing but text stands there
    assert (head < 0.5).sum() > 50


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("name", ["fan", "sectors", "effects"])
def test_no_text_is_small_or_leaves_the_page(made, name, lang):
    with picture.settings():
        canvas = picture.draw(made[name], lang)
        canvas.draw_without_rendering()
        assert fonts.missing_glyphs(canvas) == ""
        page = canvas.bbox
        for text in canvas.findobj(Text):
            if not text.get_text().strip() or not text.get_visible() or not _shown(text):
                continue
            assert text.get_fontsize() >= 7
            box = text.get_window_extent()
            inside = box.x0 >= 0 and box.y0 >= 0 and box.x1 <= page.x1 and box.y1 <= page.y1
            assert inside, text.get_text()


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


def test_labels_are_moved_apart_and_keep_their_order():
    placed = marks.spread([5.0, 1.0, 1.1, 1.2], 1.0)
    assert np.diff(np.sort(placed)).min() >= 1.0 - 1e-9
    assert list(np.argsort(placed)) == [1, 2, 3, 0]
    assert marks.spread([0.0, 10.0], 1.0) == pytest.approx([0.0, 10.0])


def test_the_blues_stay_three_distinct_greys():
    greys = []
    for colour in looks.BANDS:
        red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
        greys.append(0.299 * red + 0.587 * green + 0.114 * blue)
    assert np.all(np.diff(greys) < -40)


def test_looks_of_series_differ_in_more_than_colour():
    series = looks.SERIES
    assert len({look.marker for look in series}) == len({str(look.dashes) for look in series})
    assert looks.tone("#ff0000", True) == looks.tone(looks.tone("#ff0000", True), True)


def test_a_character_the_font_lacks_is_reported(made, tmp_path):
    figure = replace(made["scenarios"], title="镕产值")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert picture.write_figure(figure, tmp_path / "x", "zh", forms=("png",)).missing == "镕"


def test_a_missing_font_says_how_to_restore_it(tmp_path):
    with pytest.raises(SDError, match="git checkout"):
        fonts.require_font(tmp_path / "none.otf")


def test_one_word_far_too_long_for_its_room_is_cut_and_no_other():
    word = "x" * 300
    pieces = fold(word, 50.0).split("\n")
    assert "".join(pieces) == word
    assert max(map(text_mm, pieces)) <= 50.0
    assert fold("characteristic", 15.0) == "characteristic"
    assert even(word, 50.0).count("\n") >= 5
