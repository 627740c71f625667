"""Word files, opened with python-docx and as the XML that Word and WPS read."""

import re
import zipfile
from dataclasses import replace

import docx
import pytest
from docx.oxml.ns import qn
from docx.shared import Mm

from sdengine.errors import SDError
from sdensemble.outputs.write.docx import write_docx
from sdensemble.outputs.write.layouts import layout_of
from tests.outputs.write.paper import ANSWER, LONG, PAPER, RUN, TABLE


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("docx")
    made = {}
    for lang in ("zh", "en"):
        for layout in ("office", "gb9704"):
            made[lang, layout] = write_docx(
                PAPER, folder / f"{lang}-{layout}.docx", lang, layout=layout
            )
    return made


def opened(written, lang="zh", layout="office"):
    return docx.Document(str(written[lang, layout]))


def xml(path, part="word/document.xml"):
    with zipfile.ZipFile(path) as packed:
        return packed.read(part).decode("utf-8")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_paper_says_what_the_document_says(written, lang):
    file = opened(written, lang)
    text = [paragraph.text for paragraph in file.paragraphs]
    assert text[0] == PAPER.title[lang]
    assert ANSWER[lang] in text
    assert file.core_properties.comments == RUN
    cells = [[cell.text for cell in row.cells] for row in file.tables[0].rows]
    assert cells == [TABLE.head(lang), *TABLE.texts(lang)]
    assert len(file.tables[1].rows) == 1 + len(LONG.rows)
    assert any(RUN in paragraph.text for paragraph in file.sections[0].footer.paragraphs)


def test_captions_count_by_fields_that_hold_their_number_already(written):
    text = xml(written["zh", "office"])
    for kind, number in (("表", "1"), ("表", "2"), ("图", "1"), ("专栏", "1"), ("附件", "1")):
        found = re.search(
            rf"SEQ {kind} \\\* ARABIC .*?separate.*?<w:t[^>]*>{number}</w:t>.*?fldCharType=\"end\"",
            text,
            re.S,
        )
        assert found, (kind, number)
    captions = [p.text for p in opened(written).paragraphs if p.style.name == "Caption"]
    assert captions == ["表1　对比", "图1　杯温的扇形图", "表2　长表"]


def test_references_point_at_the_bookmark_of_a_caption_and_hold_its_number(written):
    text = xml(written["zh", "office"])
    marks = set(re.findall(r'<w:bookmarkStart w:id="\d+" w:name="(_Ref\d+)"', text))
    wanted = re.findall(r" REF (_Ref\d+) ", text)
    assert len(wanted) == 2
    assert set(wanted) <= marks
    assert "见表1, 图1" in [paragraph.text for paragraph in opened(written).paragraphs]


def test_chinese_letters_have_a_font_that_no_theme_overrides(written):
    styles = xml(written["zh", "gb9704"], "word/styles.xml")
    assert "Theme=" not in "".join(re.findall(r"<w:rFonts[^>]*>", styles))
    file = opened(written, layout="gb9704")
    fonts = file.styles["SD Body"].element.rPr.find(qn("w:rFonts"))
    assert fonts.get(qn("w:eastAsia")) == "仿宋_GB2312"
    assert fonts.get(qn("w:hint")) == "eastAsia"


def test_what_stands_in_for_a_missing_font_is_named_in_the_file(written):
    table = xml(written["zh", "gb9704"], "word/fontTable.xml")
    assert '<w:font w:name="方正小标宋简体"><w:altName w:val="宋体"/>' in table


def test_the_layout_of_official_papers_is_kept(written):
    section = opened(written, layout="gb9704").sections[0]
    sides = (section.top_margin, section.left_margin, section.right_margin, section.bottom_margin)
    assert [round(side / Mm(1)) for side in sides] == [37, 28, 26, 35]
    assert layout_of("gb9704").width == 156
    grid = section._sectPr.find(qn("w:docGrid"))
    # 22 lines of 29 pt fill 225 mm; 28 letters of 16 pt, a quarter point closer, fit 156 mm.
    assert int(grid.get(qn("w:linePitch"))) * 22 / 20 / 72 * 25.4 == pytest.approx(225, abs=0.2)
    assert 28 * (16 - 0.25) / 72 * 25.4 < 156


def test_tables_have_three_lines_and_a_head_that_stays_with_what_follows(written):
    file = opened(written)
    table = file.tables[0]._tbl
    borders = table.tblPr.find(qn("w:tblBorders"))
    kinds = {one.tag.split("}")[1]: one.get(qn("w:val")) for one in borders}
    assert kinds == {
        "top": "single",
        "bottom": "single",
        "left": "nil",
        "right": "nil",
        "insideH": "nil",
        "insideV": "nil",
    }
    widths = [int(one.get(qn("w:w"))) for one in table.tblGrid]
    assert sum(widths) == pytest.approx(156 / 25.4 * 1440, abs=5)
    for made in file.tables:
        head = made.rows[0]._tr
        assert head.trPr.find(qn("w:tblHeader")) is not None
        first = [cell.paragraphs[0] for cell in made.rows[0].cells]
        assert all(one.paragraph_format.keep_with_next for one in first)
        assert all(row._tr.trPr.find(qn("w:cantSplit")) is not None for row in made.rows)
        assert {one.style.name for one in first} == {"SD Cell"}
    # a short table stays on one page, a long one may break between rows
    assert file.tables[0].rows[1].cells[0].paragraphs[0].paragraph_format.keep_with_next
    assert not file.tables[1].rows[5].cells[0].paragraphs[0].paragraph_format.keep_with_next


def test_cells_take_no_fixed_line_from_the_text_around_them(written):
    style = opened(written, layout="gb9704").styles["SD Cell"]
    assert style.paragraph_format.line_spacing == 1.0
    assert style.element.pPr.find(qn("w:snapToGrid")).get(qn("w:val")) == "0"


def test_page_numbers_stand_in_five_runs(written):
    footer = xml(written["zh", "office"], "word/footer1.xml")
    for field in ("PAGE", "NUMPAGES"):
        (run,) = re.findall(rf"<w:r>(?:(?!</w:r>).)*> {field} <.*?</w:r>", footer, re.S)
        assert "fldCharType" not in run


def test_the_same_document_gives_the_same_bytes(written, tmp_path):
    again = write_docx(PAPER, tmp_path / "again.docx", "zh", layout="office")
    assert again.read_bytes() == written["zh", "office"].read_bytes()
    with zipfile.ZipFile(again) as packed:
        assert {part.date_time for part in packed.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_template_keeps_its_page_and_styles_and_loses_its_text(tmp_path):
    template = docx.Document()
    template.sections[0].left_margin = Mm(40)
    template.styles["Normal"].font.name = "Arial"
    template.sections[0].header.paragraphs[0].text = "研究院"
    template.add_paragraph("to be replaced")
    template.save(str(tmp_path / "ours.docx"))
    made = write_docx(PAPER, tmp_path / "paper.docx", "zh", template=tmp_path / "ours.docx")
    file = docx.Document(str(made))
    assert round(file.sections[0].left_margin / Mm(1)) == 40
    assert file.sections[0].header.paragraphs[0].text == "研究院"
    assert file.styles["Normal"].font.name == "Arial"
    assert "to be replaced" not in [paragraph.text for paragraph in file.paragraphs]
    assert PAPER.title["zh"] in [paragraph.text for paragraph in file.paragraphs]


def test_what_is_no_template_and_no_layout_is_told(tmp_path):
    (tmp_path / "ours.docx").write_text("no zip", encoding="utf-8")
    with pytest.raises(SDError, match="is no Word document"):
        write_docx(PAPER, tmp_path / "paper.docx", "zh", template=tmp_path / "ours.docx")
    with pytest.raises(SDError, match='no layout "gb9705" — did you mean "gb9704"'):
        layout_of("gb9705")


def test_figures_fit_the_page_and_are_described_for_those_who_cannot_see_them(written):
    file = opened(written)
    (shape,) = file.inline_shapes
    assert shape.width / Mm(1) <= 156
    assert shape._inline.docPr.get("descr") == "杯温的扇形图"


def test_a_document_without_tables_and_figures_is_still_a_paper(tmp_path):
    plain = replace(PAPER, blocks=PAPER.blocks[:2], subtitle="", run="")
    file = docx.Document(str(write_docx(plain, tmp_path / "plain.docx", "en")))
    assert [paragraph.text for paragraph in file.paragraphs] == [
        "Will the cup cool?",
        "Answer",
        ANSWER["en"],
    ]
