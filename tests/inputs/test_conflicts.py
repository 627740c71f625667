import pytest

from sdengine.errors import SDError
from sdensemble.inputs.conflicts import read_conflicts
from tests.builders import small_model
from tests.outputs import synthetic

GOOD = """
[[conflict]]
id = "value"
kind = "conflict"
section = "3"
targets = ["dairy_2025"]
title = { zh = "对不上", en = "Does not fit" }
text = { zh = "说明", en = "Why" }
[[conflict.number]]
label = { zh = "折合", en = "Comes to" }
value = 1607
unit = { zh = "元", en = "yuan" }
source = "180 / 1120"
[[conflict.model]]
label = { zh = "模型", en = "Model" }
unit = { zh = "元", en = "yuan" }
year = 2025
factor = 10
terms = [ { variable = "Output", element = "dairy", aggregate = "annual" },
          { variable = "capacity", aggregate = "end", power = -1 } ]
"""


def read(tmp_path, text):
    path = tmp_path / "conflicts.toml"
    path.write_text(text, "utf-8")
    return read_conflicts(path, small_model(), synthetic.targets())


def test_a_conflict_holds_the_numbers_of_the_text_and_of_the_model(tmp_path):
    (one,) = read(tmp_path, GOOD)
    assert one.numbers[0].value == 1607
    (asked,) = one.model
    assert [(t.variable, t.power) for t in asked.terms] == [("output", 1), ("capacity", -1)]
    assert (asked.year, asked.factor) == (2025, 10)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"dairy_2025"', '"diary_2025"', 'no target "diary_2025" — did you mean "dairy_2025"?'),
        ('kind = "conflict"', 'kind = "fight"', 'kind must be conflict or overlap, not "fight"'),
        (', en = "Why"', "", "text needs both languages"),
        ('element = "dairy", ', "", '"output" has more than one element: name one'),
        ("power = -1", "power = 2", "power must be 1 or -1, not 2"),
        ("year = 2025", "year = 2040", "the year 2040 is not wholly within"),
        ('source = "180 / 1120"', "", "source is missing"),
        ('"capacity"', '"capacty"', 'no variable "capacty" in the model — did you mean "capacity"'),
    ],
)
def test_what_is_wrong_in_a_conflict_is_told(tmp_path, old, new, told):
    assert old in GOOD
    with pytest.raises(SDError) as caught:
        read(tmp_path, GOOD.replace(old, new))
    assert told in "\n".join(caught.value.problems)
