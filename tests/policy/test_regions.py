from dataclasses import replace

import pytest

from sdengine.errors import SDError
from sdensemble.inputs.regions import COLUMNS, read_places, regions_of
from sdensemble.outputs.figure import Cells
from sdensemble.outputs.policy.figures.regions import ACROSS, region_matrix
from sdensemble.outputs.policy.regions import layout_blocks, layout_cells, place_rows, places_blocks
from sdensemble.policy.regions import layout
from tests.outputs import nothing, synthetic
from tests.outputs.told import told

MODEL = synthetic.model()
ROWS = [
    "1,sector,dairy,north,北部,North,奶粉,milk powder,牛奶,made up,",
    "2,sector,dairy,north,北部,North,酸奶,yoghurt,牛奶,made up,",
    "3,sector,meat,north,北部,North,牛肉,beef,牛,made up,",
    "4,sector,meat,south,南部,South,猪肉,pork,猪,made up,",
]


def read(tmp_path, rows=ROWS):
    path = tmp_path / "regions.csv"
    path.write_text("\n".join([",".join(COLUMNS), *rows]), "utf-8-sig")
    return read_places(path, MODEL)


def test_places_are_shown_by_industry_and_region_in_both_languages(tmp_path):
    places = read(tmp_path)
    zh, en = (told(places_blocks(places, MODEL), lang) for lang in ("zh", "en"))
    assert "奶粉、酸奶" in zh
    assert "milk powder, yoghurt" in en
    assert "no equation uses them" in en
    assert regions_of(places) == ("north", "south")


def test_the_table_has_the_labels_of_the_model(tmp_path):
    row = place_rows(read(tmp_path), MODEL)[0]
    assert (row["element_zh"], row["element_en"]) == ("乳品", "Dairy")


def test_an_unknown_range_or_element_is_told(tmp_path):
    bad = [ROWS[0].replace("sector", "sectr"), ROWS[1].replace("dairy", "diary"), ROWS[2][:-8]]
    with pytest.raises(SDError) as caught:
        read(tmp_path, bad)
    text = "\n".join(caught.value.problems)
    assert 'no range "sectr" — did you mean "sector"?' in text
    assert 'no element "diary" in range sector — did you mean "dairy"?' in text
    assert "source is missing" in text


def test_the_matrix_holds_every_product_in_the_cell_of_its_industry_and_region(study):
    figure = region_matrix(study.places, study.model)
    assert all(len(panel.x.names) <= ACROSS for panel in figure.panels)
    held = [text for cells in figure.marks(Cells) for row in cells.texts for text in row]
    shown = "".join(text.told("zh") for text in held)
    assert all(place.product["zh"] in shown for place in study.places)
    for lang in ("zh", "en"):
        assert nothing.write(figure, lang)["cells"] == len(figure.panels)


def test_the_shipped_layout_is_whole_and_no_equation_reads_it(study):
    places = study.places
    assert len(places) == 96
    assert len({p.region for p in places}) == 16
    assert {p.element for p in places} == set(study.model.ranges["cluster"])
    assert not any(p.region in study.model for p in places)


def test_a_product_quoted_as_written_is_marked_in_chinese(study):
    places = [p for p in study.places if "原文如此" in p.note]
    assert places
    text = told(places_blocks(study.places, study.model), "zh")
    for place in places:
        assert f"{place.product_zh}（原文如此）" in text
    rows = {row["id"]: row for row in place_rows(study.places, study.model)}
    assert rows[places[0].id]["product_zh"].endswith("（原文如此）")


def test_targets_of_bases_and_land_name_the_regions_of_their_industry(tmp_path, results):
    places = read(tmp_path)
    spec = replace(results.spec, layout_units=("Yi",))
    dairy = next(t for t in results.targets if t.id == "dairy_2025")
    targets = (replace(dairy, entity="dairy"), replace(dairy, id="x", entity="dairy", unit="Wt"))
    laid = layout(targets, places, spec)
    assert {name: [p.region for p in held] for name, held in laid.items()} == {
        "dairy_2025": ["north"]
    }
    assert layout_cells(targets[0], laid) == {"regions_zh": "北部", "regions_en": "North"}
    assert told(layout_blocks(targets, laid), "zh").endswith("乳品：北部")
    assert layout_blocks(targets, {}) == ()
