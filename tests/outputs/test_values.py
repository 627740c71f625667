"""Tables, figures and documents are values: complete, checked, and the same for every writer."""

from __future__ import annotations

import csv as plain
import math

import numpy as np
import pytest

from sdensemble.lang import LANGS, joined, phrase, tell
from sdensemble.outputs.decide.common import Errored
from sdensemble.outputs.document import Annex, Box, Document, Heading, Items, Paragraph, Ref
from sdensemble.outputs.figure import (
    Axis,
    Band,
    Bars,
    Beside,
    Cells,
    Figure,
    Hill,
    Label,
    Line,
    Panel,
    Points,
    Rule,
    Span,
    Target,
    numbers,
)
from sdensemble.outputs.form import Chance, InTen, Measured, Number, Share, Shown, Whole
from sdensemble.outputs.table import Column, Table, table_of
from sdensemble.outputs.write import csv, picture, terminal
from sdensemble.outputs.write.picture import marks
from sdensemble.results.estimate import share_of
from sdensemble.results.probability import Event
from tests.outputs import nothing

YEARS = numbers(range(2020, 2026))


def a_table(**more) -> Table:
    columns = (
        Column("name", {"zh": "名称", "en": "Name"}),
        Column("year", {"zh": "年份", "en": "Year"}, Whole()),
        Column("p", {"zh": "概率", "en": "P"}, Share()),
        Column(
            "cost", {"zh": "支出", "en": "Cost"}, Number(places=1), {"zh": "亿元", "en": "units"}
        ),
    )
    rows = [
        {"name": {"zh": "=甲", "en": "=a"}, "year": 2025, "p": 0.314, "cost": 1234.56},
        {"name": "b", "year": 2025, "p": 0.001},
    ]
    return table_of("t", phrase("document.table", n=1), columns, rows, run="r1", **more)


def a_figure() -> Figure:
    low, high = numbers(range(80, 86)), numbers(range(120, 126))
    fan = Panel(
        (
            Band(YEARS, low, high, 0.9, {"zh": "中间90%区间", "en": "middle 90%"}),
            Line(YEARS, numbers(range(100, 106)), "median", {"zh": "中位数", "en": "median"}),
            Target(2025, 110, {"zh": "目标", "en": "target"}),
            Target(2023, 108, official=False, name={"zh": "示例", "en": "example"}),
            Label(2025, 105, "105"),
            Span(2020, 2021),
            Rule(100, across=True),
        ),
        x=Axis({"zh": "年", "en": "year"}, whole=True),
        y=Axis({"zh": "产值", "en": "output"}, {"zh": "亿元", "en": "100m"}),
    )
    rows = Panel(
        (
            Hill(0, (0.0, 1.0, 2.0), (0.5, 1.0)),
            Points((1.0, 2.0), (0.0, 1.0), (0.5, 1.5), (1.5, 2.5), "estimate", across=True),
        ),
        y=Axis(names=("甲", "乙")),
        beside=(Beside("P", ("31%", "5%")),),
    )
    cells = Panel(
        (Cells(((0.1, 0.9),), (("10", "90"),)),), x=Axis(names=("a", "b")), y=Axis(names=("一",))
    )
    bars = Panel((Bars((0.0, 1.0), (3.0, 4.0), (2.0, 3.5), (4.0, 4.5), marked=(1,)),))
    return Figure(
        "f", {"zh": "图", "en": "a figure"}, (fan, rows, cells, bars), columns=2, run="r1"
    )


def a_document() -> Document:
    blocks = (
        Heading({"zh": "结论", "en": "Answer"}),
        Paragraph(joined(["x ", Ref("f")], "nothing"), "lead"),
        Items(("a", joined(["b ", Ref("t")], "nothing")), ordered=True),
        a_table(),
        Box("b", "box", (Paragraph("inside"),)),
        Annex("x", "annex", (a_figure(),)),
    )
    return Document("d", "title", blocks)


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("make", [a_table, a_figure, a_document])
def test_a_value_is_told_whole_in_every_language(make, lang):
    assert sum(nothing.write(make(), lang).values()) > 0


def test_a_row_that_lacks_a_value_is_refused_when_the_table_is_made():
    with pytest.raises(ValueError, match="row 0 has 1 values"):
        Table("t", "", (Column("a"), Column("b")), ((1,),))


def test_cells_are_texts_for_people_and_numbers_for_a_spreadsheet():
    table = a_table()
    assert table.texts("en")[0] == ["=a", "2025", "31%", "1234.6"]
    assert table.natives("en")[0] == ["=a", 2025, 0.314, 1234.56]
    assert table.texts("en")[1][2:] == ["<1%", tell(phrase("number.missing"), "en")]
    assert table.natives("en")[1][3] is None
    assert table.head("zh")[3] == "支出（亿元）"
    assert table.head("en")[3] == "Cost (units)"


def test_a_csv_holds_the_values_of_the_table_and_no_formula(tmp_path):
    path = csv.write_table(tmp_path / "t.csv", a_table(), "en")
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(plain.reader(stream))
    assert rows[0] == ["Name", "Year", "P", "Cost (units)"]
    assert rows[1] == ["'=a", "2025", "0.314", "1234.56"]
    assert rows[2][3] == ""
    told = csv.write_table(tmp_path / "zh.csv", a_table(), "zh")
    assert told.read_text(encoding="utf-8-sig").splitlines()[0] == "名称,年份,概率,支出（亿元）"


def test_a_table_on_a_terminal_is_folded_to_its_width():
    wide = terminal.document_text(Document("a", "", (a_table(),)), "en")
    narrow = terminal.document_text(Document("a", "", (a_table(),)), "en", 20)
    assert "1234.6" in wide
    assert "1234.6" in narrow
    assert max(map(len, narrow.splitlines())) <= 20 < max(map(len, wide.splitlines()))


def test_columns_are_chosen_by_name_and_records_carry_them():
    part = a_table().only(["p", "name"])
    assert part.records()[1] == {"p": 0.001, "name": "b"}
    assert a_table().column("year") == (
        2025,
        2025,
    )


def test_references_carry_the_number_of_what_they_point_at():
    document = a_document()
    for lang in LANGS:
        pieces = document.pieces(document.blocks[1].text, lang)
        assert [piece.ref for piece in pieces] == ["", "f"]
        assert pieces[1].text == tell(phrase("document.figure", n=1), lang)
        assert tell(phrase("document.table", n=1), lang) in "".join(nothing.texts(document, lang))


def test_a_reference_to_nothing_and_two_blocks_of_one_id_are_refused():
    with pytest.raises(KeyError):
        Document("d", "", (Paragraph(Ref("nowhere")),)).text(Ref("nowhere"), "en")
    with pytest.raises(ValueError, match='two blocks are called "t"'):
        Document("d", "", (a_table(), a_table())).numbers  # noqa: B018


def test_the_data_of_a_figure_are_the_numbers_of_its_marks():
    rows = a_figure().data().records()
    bands = [row for row in rows if row["mark"] == "band"]
    assert [(row["x"], row["low"], row["high"]) for row in bands] == [
        (year, 80 + i, 120 + i) for i, year in enumerate(YEARS)
    ]
    assert {row["role"] for row in rows if row["mark"] == "target"} == {"target", "example"}
    assert sum(row["mark"] == "cells" for row in rows) == 2


def test_an_interval_turned_round_or_a_role_nobody_knows_is_refused():
    turned = Figure("f", "", (Panel((Points((1.0,), (1.0,), (2.0,), (0.0,)),)),))
    with pytest.raises(ValueError, match=r"from 2\.0 to 0\.0"):
        nothing.write(turned, "en")
    with pytest.raises(ValueError, match='no role "colourful"'):
        nothing.write(Figure("f", "", (Panel((Line((1.0,), (1.0,), "colourful"),)),)), "en")


@pytest.mark.parametrize("lang", LANGS)
def test_a_picture_is_the_same_twice_and_lacks_no_glyph(lang, tmp_path):
    first = picture.write_figure(a_figure(), tmp_path / "one.two", lang)
    again = picture.write_figure(a_figure(), tmp_path / "again", lang)
    assert [path.name for path in first.paths] == ["one.two.png", "one.two.svg", "one.two.pdf"]
    assert [p.read_bytes() for p in first.paths] == [p.read_bytes() for p in again.paths]
    assert first.missing == ""


def test_svg_for_a_page_keeps_its_text():
    text = picture.svg_text(a_figure(), "zh")
    assert "中间90%区间" in text
    assert "<text" in text


def test_rows_of_panels_side_by_side_stand_on_one_height():
    names = ("one", "two")
    left = Panel((Points((1.0, 2.0), (0.0, 1.0), across=True),), y=Axis(names=names))
    many = tuple(Points((1.0, 2.0), (0.0, 1.0), name=f"{i}", across=True) for i in range(4))
    right = Panel(many, y=Axis(names=("", "")))
    with picture.settings():
        first, second = picture.draw(Figure("f", "", (left, right), columns=2), "en").axes
    assert first.get_ylim() == second.get_ylim()
    assert first.get_position().height == pytest.approx(second.get_position().height)


def test_labels_pushed_apart_keep_their_order_and_distance():
    placed = marks.spread([1.0, 1.1, 5.0], 1.0)
    assert placed[1] - placed[0] == pytest.approx(1.0)
    assert placed[2] == pytest.approx(5.0)


# ── formatters ──


def test_numbers_are_written_with_a_minus_and_only_the_decimals_asked_for():
    assert Number(places=1, signed=True).text(-2.04, "en") == "−2.0"
    assert Number(places=0, signed=True).text(-0.2, "en") == "0"
    assert Number(places=0, grouped=True).text(12345.6, "en") == "12,346"
    assert Number(places=1, factor=100, suffix="%").text(0.0312, "en") == "3.1%"
    assert Number(places=1, factor=100, suffix="%").number(0.0312, "en") == pytest.approx(0.0312)
    assert Number().number(math.nan, "en") is None


def test_an_error_travels_with_its_number():
    assert Measured().text((5.43, 0.12), "en") == "+5.4 ±0.2"
    assert Measured().number((5.43, 0.12), "en") == 5.43


def test_the_same_formatter_serves_a_cell_and_a_sentence():
    form = Share()
    sentence = phrase("number.with_error", value=Shown((0.314, 0.003), form), error="1")
    assert tell(sentence, "en") == f"{form.text((0.314, 0.003), 'en')} ±1"


def test_a_range_in_words_does_not_hang_on_which_side_of_a_boundary_a_seed_falls():
    form = InTen()
    for lang in LANGS:
        below = form.text((0.31, 0.549, 0.01, 0.01), lang)
        above = form.text((0.31, 0.551, 0.01, 0.01), lang)
        assert below == above != form.text((0.31, 0.5, 0.01, 0.01), lang)


def test_a_probability_is_never_zero_or_certain():
    assert (Share().text(0.0, "en"), Share().text(1.0, "en")) == ("<1%", ">99%")
    assert Chance().text(None, "zh") == tell(phrase("number.missing"), "zh")
    least, most, _ = Chance().excel.split(";")[1], *Chance().excel.split(";")[::2]
    assert ('"<1%"' in least, '">99%"' in most) == (True, True)  # nor in a spreadsheet


@pytest.mark.parametrize(
    ("n", "none", "every", "words"),
    [
        (16, "<20%", ">80%", "at most about two in ten"),
        (64, "<5%", ">95%", "less than one in ten"),
        (2048, "<1%", ">99%", "less than one in a hundred"),
    ],
)
def test_few_members_do_not_show_that_something_is_nearly_impossible(n, none, every, words):
    def chance(hit):
        return Event(None, np.full(n, hit), np.zeros(n, bool), np.arange(n) % 16).probability()

    never = chance(False)
    assert (Chance().text(never, "en"), Chance().text(chance(True), "en")) == (none, every)
    assert InTen().text((0.0, 0.0, never.error, never.error), "en") == words


def test_an_estimate_of_a_chance_is_told_like_the_chance_itself():
    hit, replicate = np.arange(64) < 0, np.arange(64) % 16
    estimate = share_of(hit, replicate)
    assert Chance(error=False).text(estimate, "en") == "<5%"
    assert Chance(error=False).number(estimate, "en") == 0.0


def test_an_amount_that_rounds_to_nothing_is_nothing():
    assert Errored(signed=False).text((1e-17, 1e-18), "en") == "0"
