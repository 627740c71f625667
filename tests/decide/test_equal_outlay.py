from dataclasses import replace

import numpy as np
import pytest

from sdengine.errors import SDError
from sdengine.kernel import compile_model
from sdensemble.decide.equal_outlay import (
    equalising_factor,
    horizon,
    present_values,
    scaled,
)
from sdensemble.ensemble.worlds import World, apply
from sdensemble.inputs.report import Payer
from sdensemble.outputs.decide.outlay import outlay_document
from sdensemble.outputs.write.terminal import document_text
from sdensemble.study import open_study


@pytest.fixture(scope="module")
def shanxi(root):
    study = open_study(root)
    return study, compile_model(study.model)


def test_the_packages_of_the_shipped_study_cost_alike_within_a_hundredth(shanxi):
    """Those of treasury money: land costs revenue forgone, which is another thing."""
    study, kernel = shanxi
    packages = [s for s in study.scenarios if s.package == "subsidy"]
    assert len(packages) >= 2
    for one in packages[:-1]:
        assert equalising_factor(study, kernel, one, packages[-1]) == pytest.approx(1, abs=0.01)


def test_outlay_is_what_all_payers_have_paid_by_then(shanxi):
    study, kernel = shanxi
    scenario = next(s for s in study.scenarios if s.package)
    until = horizon(study)
    found = present_values(kernel, (scenario,), study.report, until=until)[scenario.name]
    world = World(*apply(scenario, study.model, {}, 1))
    plain = replace(
        study.report, payers=tuple(replace(p, present_value=None) for p in study.report.payers)
    )
    undiscounted = present_values(kernel, (scenario,), plain, until=until)[scenario.name]
    names = [payer.variable for payer in study.report.payers if not payer.forgone]
    run = kernel.run(world.constants, world.held, report=names, every=1)
    kept = run.times <= until + 1e-9
    by_hand = sum(np.trapezoid(run.values[n][kept, 0], run.times[kept]) for n in names)
    assert undiscounted == pytest.approx(by_hand, rel=1e-9)
    assert 0.8 * undiscounted < found < undiscounted


def test_levers_scale_about_the_models_own_value(root):
    study = open_study(root / "examples" / "teacup")
    room = study.scenarios[2]
    assert room.settings[0].values == (10.0,)
    assert scaled(room, study, 0.5).settings[0].values == (15.0,)
    assert scaled(room, study, 0.0).settings[0].values == (20.0,)


def test_the_factor_found_makes_two_scenarios_cost_alike(root):
    study = open_study(root / "examples" / "teacup")
    payer = Payer("room", "heat loss to room", None, {"zh": "房间", "en": "Room"})
    study.__dict__["report"] = replace(study.report, payers=(payer,))
    kernel = compile_model(study.model)
    _, lid, room = study.scenarios
    with pytest.raises(SDError, match='no level of "lid" costs what "world-cold-room" costs'):
        equalising_factor(study, kernel, lid, room)
    half = replace(scaled(room, study, 0.5), name="half")
    assert equalising_factor(study, kernel, half, room) == pytest.approx(2, rel=1e-5)


def test_the_text_says_each_outlay_and_the_level_at_which_packages_cost_alike(shanxi):
    study, _ = shanxi
    for lang, words in (("zh", "支出（贴现值）"), ("en", "at present value")):
        text = document_text(outlay_document(study), lang)
        assert words in text.splitlines()[0]
        for scenario in study.scenarios:
            ends = f"（{scenario.name}）" if lang == "zh" else f" ({scenario.name})"
            assert f"{scenario.title[lang]}{ends}" in text
        assert ("支出相同：" if lang == "zh" else " costs what ") in text


def test_a_study_without_payers_is_told_so(root):
    with pytest.raises(SDError, match=r"names no \[\[payer\]\]"):
        outlay_document(open_study(root / "examples" / "teacup"))
