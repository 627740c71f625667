"""Papers as HTML and PDF, read by a parser and by a PDF text extractor."""

import re
import xml.etree.ElementTree as ET

import pytest

from sdensemble.outputs.write.html import html_text
from tests.outputs.write.paper import ANSWER, PAPER, RUN, TABLE


def parsed(lang):
    """Return the page as a tree; what HTML leaves open is closed, and nothing else is mended."""
    text = html_text(PAPER, lang).replace("<!DOCTYPE html>", "")
    text = re.sub(r"<meta ([^>]*)>", r"<meta \1/>", text)
    return ET.fromstring(text)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_is_well_formed_and_says_what_the_document_says(lang):
    page = parsed(lang)
    said = "".join(page.itertext())
    assert ANSWER[lang] in said
    assert '#let <x> & "y" \\ [z]' in said
    table = page.find(".//table")
    cells = [["".join(cell.itertext()) for cell in row] for row in table.iter("tr")]
    assert cells == [TABLE.head(lang), *TABLE.texts(lang)]


def test_the_page_needs_nothing_outside_itself():
    text = html_text(PAPER, "zh")
    assert not re.findall(r'(?:src|href)="(?!#)', text)
    assert "@import" not in text
    assert "url(http" not in text


def test_a_reference_leads_to_what_it_names():
    page = parsed("zh")
    ids = {node.get("id") for node in page.iter()} - {None}
    links = [node.get("href")[1:] for node in page.iter("a") if node.get("href")]
    assert links == ["levers", "fan"]
    assert set(links) <= ids


def test_figures_are_drawings_with_text_and_a_name():
    page = parsed("zh")
    figure = next(node for node in page.iter("figure"))
    drawing = next(node for node in figure if node.tag.endswith("svg"))
    assert drawing.get("aria-label") == "图1　杯温的扇形图"
    texts = ["".join(node.itertext()) for node in drawing.iter() if node.tag.endswith("}text")]
    assert "中位数" in texts
    assert page.get("lang") == "zh-CN"


def test_the_same_document_gives_the_same_page():
    assert html_text(PAPER, "en") == html_text(PAPER, "en")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_text_of_a_pdf_can_be_copied_and_is_the_same_twice(lang, tmp_path):
    pytest.importorskip("typst")
    pypdf = pytest.importorskip("pypdf")
    from sdensemble.outputs.write.pdf import write_pdf

    one, other = (write_pdf(PAPER, tmp_path / f"{name}.pdf", lang) for name in "ab")
    assert one.read_bytes() == other.read_bytes()
    file = pypdf.PdfReader(str(one))
    text = "".join(page.extract_text() for page in file.pages)
    squeezed = re.sub(r"\s", "", text)
    assert re.sub(r"\s", "", ANSWER[lang]) in squeezed
    assert re.sub(r"\s", "", '#let <x> & "y" \\ [z]') in squeezed
    assert RUN in squeezed
    assert {"zh": "中位数", "en": "median"}[lang] in squeezed  # inside the figure
    assert file.metadata.title == PAPER.title[lang]
