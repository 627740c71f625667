"""Named loops: read with their problems, found in equations, not found where cut."""

from __future__ import annotations

import pytest

from sdengine.errors import SDError
from sdensemble import read_model
from sdensemble.inputs.loops import find_links, influences, read_loops

MODEL = """
birth rate= 0.1 ~ 1/Year [0,1] ~ 中文: 出生率; EN: birth rate; ASSUMPTION |
births= People * birth rate ~ Person/Year ~ 中文: 出生; EN: births |
crowding= People / room ~ Dmnl ~ 中文: 拥挤; EN: crowding |
room= 10 ~ Person [1,100] ~ 中文: 容量; EN: room; ASSUMPTION |
deaths= People * crowding * birth rate ~ Person/Year ~ 中文: 死亡; EN: deaths |
start= 1 ~ Person [0,10] ~ 中文: 起点; EN: start; ASSUMPTION |
People= INTEG(births - deaths, start) ~ Person ~ 中文: 人口; EN: people |
Memory= INTEG(births - Memory / one year, People) ~ Person ~ 中文: 记忆; EN: memory |
one year= 1 ~ Year [1,1] ~ 中文: 一年; EN: one year; ASSUMPTION |
"""


@pytest.fixture
def loops_of(write_model, tmp_path):
    model = read_model(write_model(MODEL))

    def read(path, signs, kind="R", more=""):
        names = ", ".join(f'"{name}"' for name in path)
        file = tmp_path / "loops.toml"
        file.write_text(
            f'[[loop]]\nid = "L"\nzh = "环"\nen = "loop"\nkind = "{kind}"\n'
            f'path = [{names}]\nsigns = "{signs}"\n{more}',
            encoding="utf-8",
        )
        return model, read_loops(file, model)[0]

    return read


def test_a_direct_loop_is_found(loops_of):
    model, loop = loops_of(["People", "births"], "++")
    assert all(link.found for link in find_links(loop, model))
    assert loop.product == "R"


def test_a_link_may_run_through_auxiliaries_and_names_them(loops_of):
    model, loop = loops_of(["People", "deaths"], "+-", "B")
    assert [link.found for link in find_links(loop, model)] == [True, True]
    model, loop = loops_of(["crowding", "People"], "-+", "B")
    assert [link.through for link in find_links(loop, model)] == [("deaths",), ()]


def test_a_value_at_the_start_is_no_link(loops_of):
    model, loop = loops_of(["People", "Memory"], "++")
    assert "People" not in influences(model)["Memory"]
    assert [link.found for link in find_links(loop, model)] == [True, False]  # through births


def test_signs_say_the_kind(loops_of):
    _, loop = loops_of(["People", "deaths"], "++", "B")
    assert loop.product == "R" != loop.kind


def test_every_problem_of_a_loop_is_told(loops_of):
    with pytest.raises(SDError) as caught:
        loops_of(["People", "birhts"], "+", "X", 'cut = { "rom" = 3 }\n')
    told = "\n".join(caught.value.problems)
    assert 'no variable "birhts"' in told
    assert "signs must be 2" in told
    assert 'kind must be one of R, B, not "X"' in told
    assert "no such constant" in told
