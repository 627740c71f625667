"""What is said of a model and of one variable, in words."""

from __future__ import annotations

import pytest

from sdensemble import SDError, read_model
from sdensemble.outputs.write.terminal import document_text
from sdensemble.pages import explain as words
from tests.engine.model.test_describe import MODEL


def told(document, lang):
    """Return a document as one line of text."""
    return " ".join(document_text(document, lang).split())


@pytest.fixture
def model(write_model):
    return read_model(write_model(MODEL))


def test_a_variable_is_explained_with_equation_unit_source_and_users(model):
    text = told(words.explain(model, "birth_rate"), "en")
    for part in ("Birth rate", "1/Year", "[0, 2]", "survey 2018", "2018-12-31", "births"):
        assert part in text
    assert "出生率" not in text
    text = told(words.explain(model, "births"), "en")
    assert "births[region] = birth rate * birth rate execution * Fish[region]" in text
    assert "used by Fish" in text


def test_chinese_says_all_but_equations_and_names_in_chinese(model):
    text = told(words.explain(model, "births", {"Ton/Year": "吨/年"}.get), "zh")
    for part in ("类型 辅助变量", "单位 吨/年", "方程 births[region] = birth rate *"):
        assert part in text
    assert "用于 Fish（鱼）" in text
    text = told(words.overview(model, lambda unit: {"1/Year": "1/年"}.get(unit, unit)), "zh")
    assert "存量" in text
    assert "下标 region（2个）：north、south" in text
    assert "birth rate 出生率 0.4 [0, 2] 1/年" in text


def test_an_unknown_variable_is_refused_with_the_nearest_name(model):
    with pytest.raises(SDError, match="birth rate"):
        words.explain(model, "brith rate")
