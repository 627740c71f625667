"""What a default run stores: what is asked for again, exactly, in a tenth of the room."""

from dataclasses import replace

import numpy as np
import pytest

from sdengine.errors import SDError
from sdensemble.results.asked import asked
from sdensemble.results.store import label_dataset, read_ensemble, write_ensemble


@pytest.fixture(scope="module")
def thin(results, tmp_path_factory):
    """The synthetic run as a default run stores it, read back."""
    path = tmp_path_factory.mktemp("thin") / "ensemble.nc"
    write_ensemble(path, label_dataset(results), asked=asked(results))
    data = read_ensemble(path)
    return replace(results, data=data.assign_attrs(lost=results.data.attrs.get("lost", [])))


def test_every_target_is_answered_as_before(results, thin):
    scored = [t for t in results.targets if t.scored and t.variable]
    assert scored
    for target in scored:
        for scenario in results.scenarios:
            before = results.event(target, scenario)
            after = thin.event(target, scenario)
            assert np.array_equal(before.hit, after.hit)
            assert before.key == after.key


def test_the_headline_and_its_parts_are_whole(results, thin):
    for outcome in (results.spec.headline.whole, *results.spec.headline.groups):
        for scenario in results.scenarios:
            before, after = results.at(outcome, scenario), thin.at(outcome, scenario)
            assert np.allclose(before, after, rtol=1e-6, equal_nan=True)


def test_what_was_left_out_is_refused_and_not_taken_for_lost(results, thin):
    regime = results.spec.regimes[0].variable
    element = str(results.data["sector"].values[0])
    year = int(results.asked_year)
    of = {"variable": regime, "element": element, "aggregate": "mean", "year": year}
    target = replace(results.question, id="limit", **of)
    assert np.allclose(
        thin.target_values(target, thin.scenarios[0]),
        results.target_values(target, results.scenarios[0]),
    )
    assert thin.stores(target, year)
    with pytest.raises(SDError, match="--keep all"):
        thin.target_values(target, thin.scenarios[0], year=year - 1)
    assert not thin.stores(target, year - 1)
    assert results.stores(target, year - 1)


def test_limits_are_kept_in_the_year_asked_alone(results, thin):
    regime = results.spec.regimes[0].variable
    kept = np.isfinite(thin.data[regime]).any(
        dim=[d for d in thin.data[regime].dims if d != "year"]
    )
    years = set(thin.data["year"].values[kept.values])
    assert years == {int(results.asked_year)}
