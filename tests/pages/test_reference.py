"""The reference lists what the model holds, and the committed one is not older than the model."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

from sdengine.model.read import read_model
from sdensemble.inputs.vensim.source import read_source
from sdensemble.pages import overview
from sdensemble.pages.content import reference_digest
from sdensemble.pages.diagrams import GREY, draw_sheet, lines_of
from sdensemble.pages.graph import read_graph
from sdensemble.pages.polarity import link_signs
from sdensemble.pages.route import curve
from sdensemble.pages.shapes import Text, svg
from sdensemble.pages.sheets import HIGH, WIDE, make_sheets
from sdensemble.pages.write import write_reference
from sdensemble.study import open_study

TEACUP = Path(__file__).resolve().parents[2] / "examples" / "teacup"

STOCKS = """
Young= INTEG (births-growing up, 10) ~Wh~ 中文: 幼畜; EN: Young ~|
Old= INTEG (growing up-deaths, 5) ~Wh~ 中文: 成畜; EN: Grown ~|
births= Old*birth rate ~Wh/Year~~|
growing up= Young/time to grow ~Wh/Year~~|
deaths= MAX(0, Old/life - crowding) ~Wh/Year~~|
crowding= SMOOTH(0.1*Old, 2) ~Wh/Year~~|
birth rate= 0.3 ~1/Year~~|
time to grow= 2 ~Year~~|
life= 5 ~Year~~|
"""


def test_the_committed_reference_is_as_new_as_the_model(study, root: Path):
    stored = json.loads((root / "docs" / "model" / "run.json").read_text(encoding="utf-8"))
    assert stored["made_from"] == reference_digest(study), (
        "renew it: python run_sim.py describe --reference docs/model --no-png"
    )


def test_every_variable_is_in_the_table_with_its_equation_as_written(tmp_path: Path):
    study = open_study(TEACUP)
    write_reference(study, tmp_path, png=False)
    with (tmp_path / "variables.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {row["variable"]: row for row in csv.DictReader(file)}
    assert set(rows) == set(study.model.variables)
    text = study.model.path.read_text(encoding="utf-8")
    squeezed = re.sub(r"[\s\\]+", "", text)
    for row in rows.values():
        assert re.sub(r"[\s\\]+", "", row["equation"]) in squeezed
    pages = "".join(p.read_text(encoding="utf-8") for p in (tmp_path / "en").glob("*.md"))
    links = set(re.findall(r"\((\w[\w-]*\.md)#([\w-]+)\)", pages))
    assert links
    for page, anchor in links:
        assert f'<a id="{anchor}">' in (tmp_path / "en" / page).read_text(encoding="utf-8")


# Points at which names are printed on A4: cash, debt, plant and equity are one chain of stocks,
# which no sheet can part.
LEAST = {"Profit, cash and equity (1)": 5.3}


def test_every_variable_stands_in_one_view_and_every_sheet_fits_a_page(drawn):
    model, _, sheets = drawn
    own = [n.name for s in sheets for n in s.nodes if n.name and n.role != "shadow"]
    assert sorted(own) == sorted(model.variables)
    for sheet in sheets:
        across = min(WIDE / sheet.width, (HIGH + 14) / (sheet.height + 14))
        upright = min(190 / sheet.width, 277 / (sheet.height + 14))
        shrink = min(1.0, max(across, upright))
        assert 6.5 * shrink >= LEAST.get(sheet.title, 6), sheet.title


def test_no_name_lies_on_another_and_no_arrow_on_a_name(drawn):
    _, _, sheets = drawn
    for sheet in sheets:
        boxes = [n for n in sheet.nodes if n.role not in ("valve", "cloud")]
        for i, a in enumerate(boxes):
            for b in boxes[:i]:
                apart = (
                    abs(a.x - b.x) >= (a.w + b.w) / 2 - 1e-6
                    or abs(a.y - b.y) >= (a.h + b.h) / 2 - 1e-6
                )
                assert apart, (sheet.title, a.name, b.name)
        for arrow in sheet.arrows:
            if arrow.kind != "link":
                continue
            ends = (sheet.nodes[arrow.source], sheet.nodes[arrow.target])
            for x, y in curve(*ends, arrow.bend):
                for n in boxes:
                    inside = abs(x - n.x) < n.w / 2 and abs(y - n.y) < n.h / 2
                    assert not inside or n in ends, (sheet.title, n.name)


def test_every_arrow_and_pipe_is_a_dependency_of_the_equations(drawn):
    _, graph, sheets = drawn
    pairs = set(graph.pairs())
    for sheet in sheets:
        for arrow in sheet.arrows:
            source, target = sheet.nodes[arrow.source].name, sheet.nodes[arrow.target].name
            if arrow.kind != "pipe":
                assert (source, target) in pairs, (sheet.title, source, target)


def test_flows_lead_from_stock_to_stock(write_model):
    model = read_model(write_model(STOCKS))
    flows = read_graph(model, read_source(model)).flows
    assert (flows["growing up"].source, flows["growing up"].target) == ("Young", "Old")
    assert (flows["births"].source, flows["births"].target) == (None, "Young")
    assert (flows["deaths"].source, flows["deaths"].target) == ("Old", None)


def test_an_inflow_comes_from_the_left_and_an_outflow_leaves_to_the_right(write_model):
    model = read_model(write_model(STOCKS))
    graph = read_graph(model, read_source(model))
    (sheet,) = make_sheets(model, graph, lines_of(model))
    pipes = [
        (sheet.nodes[a.source], sheet.nodes[a.target]) for a in sheet.arrows if a.kind == "pipe"
    ]
    assert len(pipes) == 6
    assert all(a.x < b.x for a, b in pipes)
    assert [b.name for a, b in pipes if b.role == "stock"] == ["Young", "Old"]


def test_signs_come_from_the_equations_in_the_default_run(write_model):
    model = read_model(write_model(STOCKS))
    pairs = [
        ("births", "Young"),
        ("growing up", "Young"),
        ("Old", "crowding"),
        ("crowding", "deaths"),
        ("life", "deaths"),
    ]
    found = link_signs(model, pairs)
    assert [found[p] for p in pairs] == ["+", "−", "+", "−", "−"]


def test_a_picture_holds_every_name_in_both_languages_and_in_greys(write_model):
    model = read_model(write_model(STOCKS))
    graph = read_graph(model, read_source(model))
    (sheet,) = make_sheets(model, graph, lines_of(model))
    picture = draw_sheet(sheet, model, "zh", "视图", GREY)
    written = {"".join(s.lines) for s in picture.shapes if isinstance(s, Text)}
    assert {"幼畜", "成畜"} <= written
    assert all(s.size >= 6 for s in picture.shapes if isinstance(s, Text))
    colours = set(re.findall(r"#(..)(..)(..)", svg(picture)))
    assert all(r == g == b for r, g, b in colours)


def test_numbers_on_the_links_of_the_overview_keep_off_each_other():
    across = [(float(i), 0.0) for i in range(40)]
    down = [(20.0, float(i) - 20) for i in range(40)]
    back = [(x, 0.3) for x, _ in reversed(across)]
    places = overview._apart([across, down, back])
    wide, high = overview.NUMBER
    for i, (x, y) in enumerate(places):
        for x2, y2 in places[:i]:
            assert abs(x - x2) >= wide or abs(y - y2) >= high


def test_no_name_or_comment_of_a_model_is_a_tag_in_its_reference(tmp_path: Path, teacup: Path):
    path = teacup / "model" / "teacup.mdl"
    text = path.read_text(encoding="utf-8")
    more = '"<script>x</script>"=1 ~<b>Kg</b>~ 中文: <img src=x>; source: <i>me</i>|\n'
    path.write_text(text.replace("}\n", "}\n" + more, 1), encoding="utf-8")
    write_reference(open_study(teacup), tmp_path / "made", png=False)
    for page in (tmp_path / "made").rglob("*.md"):
        shown = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
        tags = set(re.findall(r"(?<!\\)<[^> ]*", shown))
        assert tags <= {"<a", "</a"}, (page, tags)
