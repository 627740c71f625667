"""The limits that `instruments.csv` shows are those that the model enforces."""

import pytest


def test_limits_of_instruments_are_those_of_the_model(study):
    for one in study.instruments:
        if one.lever:
            assert (one.low, one.high) == study.model[one.lever].limits, one.id


@pytest.mark.parametrize("validity", [3.0])
def test_certificates_reach_their_number_at_the_rate_that_all_files_name(study, validity):
    """5000 valid at the end of 2025 from 2000 in mid-2020: the rate that does it is passed."""
    from math import exp

    left = exp(-5.5 / validity)
    least = (5000 - 2000 * left) / (validity * (1 - left))
    assert least == pytest.approx(1857, abs=1)
    assert float(study.model["certificate validity"].value) == validity
    (row,) = (t for t in study.goals if t.id == "certified_products_2025")
    (instrument,) = (i for i in study.instruments if i.lever == "certificate rate")
    assert row.lever_value == instrument.policy_level > least
    for scenario in study.scenarios:
        for setting in scenario.settings:
            if setting.constant == "certificate rate":
                assert setting.values == (row.lever_value,), scenario.name
