import math
from datetime import date

import numpy as np
import pytest

from sdengine.errors import SDError
from sdensemble.ensemble import forcing
from tests.builders import small_model, variable

MODEL = small_model()
LONG = small_model(stop=2119.0)
EVIDENCE = 'basis = "b"\nknown_on = "2019-06-30"\n'
MACRO = (
    '[[process]]\nname = "macro demand"\ndrives = "macro shock"\nform = "ar1"\n'
    'sd = 0.05\nhalf_life = 1.5\nunit = "Dmnl"\n' + EVIDENCE
)
PRICE = (
    '[[process]]\nname = "raw price"\ndrives = "price shock"\nform = "ar1"\n'
    'sd = 0.12\nhalf_life = 1.0\ncommon = 0.4\nunit = "Dmnl"\n' + EVIDENCE
)
PIGS = (
    '[[process]]\nname = "pig cycle"\ndrives = "price shock"\nelement = "dairy"\nform = "cycle"\n'
    'sd = 0.2\nperiod = [3.5, 4.5]\nhalf_life = 3\nunit = "Dmnl"\n' + EVIDENCE
)
DISEASE = (
    '[[process]]\nname = "herd disease"\ndrives = "macro shock"\nform = "jump"\nrate = 0.12\n'
    'size = [0.1, 0.4]\nrecovery_half_life = 0.8\nunit = "Dmnl"\n' + EVIDENCE
)
CREDIT = (
    '[[process]]\nname = "credit regime"\ndrives = "macro shock"\nform = "markov"\nsize = 0.15\n'
    'stay = 2.0\nunit = "Dmnl"\n' + EVIDENCE
)
STATIONARY = "stationary = true\n"
MEMBERS = np.arange(4000)


@pytest.fixture
def read(tmp_path):
    def write(*parts, model=MODEL):
        path = tmp_path / "calibration" / "forcing.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(parts), encoding="utf-8")
        return forcing.read_forcing(path, model)

    return write


@pytest.fixture
def shock(read):
    """Return the values of the one constant that processes drive, (time, …, member)."""

    def sample(*parts, model=MODEL, members=MEMBERS, seed=1):
        (held,) = forcing.sample(read(*parts, model=model), model, members, seed=seed).values()
        return held.values

    return sample


def problems(read, *parts, **options):
    with pytest.raises(SDError) as caught:
        read(*parts, **options)
    return "\n".join(caught.value.problems)


# ── the grid and the numbers ──


def test_values_are_held_quarterly_from_start_to_stop(read):
    held = forcing.sample(read(MACRO, PRICE), MODEL, [5, 9], seed=1)
    assert list(held) == ["macro shock", "price shock"]
    assert np.array_equal(held["macro shock"].times, 2019 + 0.25 * np.arange(29))
    assert held["macro shock"].values.shape == (29, 2)
    assert held["price shock"].values.shape == (29, 3, 2)


def test_the_grid_can_be_stated_in_the_file(read):
    held = forcing.sample(read("hold = 0.5", MACRO), MODEL, [0], seed=1)["macro shock"]
    assert np.array_equal(held.times, 2019 + 0.5 * np.arange(15))
    assert "hold 0.3 must be a whole number" in problems(read, "hold = 0.3", MACRO)


@pytest.mark.parametrize(
    "process", [MACRO, PRICE, PIGS, DISEASE, CREDIT, MACRO + STATIONARY, PIGS + STATIONARY]
)
def test_a_member_meets_the_same_world_in_any_chunk_to_the_last_bit(shock, process):
    whole = shock(process, members=np.arange(200))
    some = np.array([199, 0, 77])
    assert np.array_equal(shock(process, members=some), whole[..., some])
    assert np.array_equal(shock(process, members=[77])[..., 0], whole[..., 77])
    assert not np.array_equal(shock(process, members=np.arange(200), seed=2), whole)


def test_adding_a_process_changes_no_other_number(read):
    members = np.arange(50)
    alone = forcing.sample(read(PRICE), MODEL, members, seed=1)["price shock"].values
    more = forcing.sample(read(MACRO, PIGS, DISEASE, PRICE), MODEL, members, seed=1)
    assert np.array_equal(more["price shock"].values[:, 0], alone[:, 0])
    assert not np.any(more["price shock"].values[1:, 1] == alone[1:, 1])


def test_processes_that_drive_one_constant_add_up_on_its_own_value(read):
    model = small_model(variable("level", 1.0, limits=(0, 3)))
    one, two = (part.replace("macro shock", "level") for part in (MACRO, DISEASE))
    values = [
        forcing.sample(read(*parts, model=model), model, MEMBERS, seed=1)["level"].values - 1
        for parts in ((one,), (two,), (one, two))
    ]
    assert np.allclose(values[0] + values[1], values[2], atol=1e-14)


def test_from_a_later_time_the_shocks_are_those_of_the_whole_run(read):
    read_one = read(MACRO)
    whole = forcing.sample(read_one, MODEL, [3], seed=1)["macro shock"]
    later = forcing.sample(read_one, MODEL, [3], seed=1, from_time=2021.1)["macro shock"]
    assert later.times[0] == 2021.25
    assert later.values[0, 0] == 0
    phi = 0.5 ** (0.25 / 1.5)
    pushes = [np.diff(h.values[:, 0]) + (1 - phi) * h.values[:-1, 0] for h in (whole, later)]
    assert np.allclose(pushes[0][9:], pushes[1], atol=1e-15)


# ── the forms ──


def test_an_autoregression_starts_at_its_known_state_and_grows_to_its_spread(shock):
    x = shock(MACRO)
    phi = 0.5 ** (0.25 / 1.5)
    assert np.all(x[0] == 0)
    for step in (1, 4, 28):
        assert x[step].std() == pytest.approx(0.05 * math.sqrt(1 - phi ** (2 * step)), rel=0.04)


def test_a_stationary_autoregression_has_its_moments_and_correlation_from_the_start(shock):
    x = shock(MACRO + STATIONARY)
    phi = 0.5 ** (0.25 / 1.5)
    assert np.allclose(x.std(axis=1), 0.05, rtol=0.05)
    assert np.allclose(x.mean(axis=1), 0, atol=0.003)
    assert np.corrcoef(x[3], x[4])[0, 1] == pytest.approx(phi, abs=0.02)
    assert np.corrcoef(x[3], x[9])[0, 1] == pytest.approx(0.5, abs=0.05)  # a half-life later


@pytest.mark.parametrize("start", ["", STATIONARY])
@pytest.mark.parametrize("process", [PRICE, PIGS])
def test_mean_correction_keeps_the_mean_of_the_exponential_at_one(shock, process, start):
    x = shock(process + "mean_corrected = true\n" + start)[:, 1]
    assert np.allclose(np.exp(x).mean(axis=1), 1, atol=0.015)
    if not start:
        assert np.all(x[0] == 0)


def test_the_common_share_is_the_correlation_between_elements(shock):
    x = shock(PRICE + STATIONARY)
    assert np.allclose(x.std(axis=2), 0.12, rtol=0.06)
    for a, b in ((0, 1), (0, 2), (1, 2)):
        found = np.mean([np.corrcoef(step[a], step[b])[0, 1] for step in x])
        assert found == pytest.approx(0.4, abs=0.02)
    alone = shock(PRICE.replace("common = 0.4\n", ""))
    assert abs(np.corrcoef(alone[-1])[0, 1]) < 0.06


def test_a_standard_deviation_may_be_drawn_per_member(shock):
    drawn = MACRO.replace("sd = 0.05", "sd_low = 0.02\nsd_high = 0.08") + STATIONARY
    x = shock(drawn, model=LONG, members=np.arange(300))
    spread = x.std(axis=0)
    assert spread.min() < 0.03
    assert spread.max() > 0.07
    assert spread.mean() == pytest.approx(0.05, rel=0.1)


def test_a_cycle_has_its_spread_and_comes_back_after_its_period(shock):
    x = shock(PIGS.replace("[3.5, 4.5]", "[4, 4]") + STATIONARY)[:, 1]
    assert np.allclose(x.std(axis=1), 0.2, rtol=0.06)
    lags = [np.mean(x[0] * x[lag]) / 0.04 for lag in range(28)]
    first, second = 2 * 0.5 ** (1 / 12) * math.cos(math.pi / 8), -(0.5 ** (1 / 6))
    expected = [1, first / (1 - second)]
    for _ in range(26):
        expected.append(first * expected[-1] + second * expected[-2])
    assert np.allclose(lags, expected, atol=0.07)
    assert np.argmin(lags) in (7, 8, 9)
    assert np.argmax(lags[9:]) + 9 in (15, 16, 17)


def test_a_cycle_from_its_known_state_grows_to_its_spread(shock):
    x = shock(PIGS, model=LONG, members=np.arange(400))[:, 1]
    assert np.all(x[0] == 0)
    assert x[200:].std() == pytest.approx(0.2, rel=0.05)
    untouched = shock(PIGS)[:, [0, 2]]
    assert np.all(untouched == 0)


def test_jumps_arrive_at_their_rate_with_their_sizes_and_halve(shock):
    x = shock(DISEASE, model=LONG, members=np.arange(300))
    fading = 0.5 ** (0.25 / 0.8)
    arrived = x[1:] > fading * x[:-1] + 1e-12
    # An event smaller than what is left of the last one goes unseen: a few in a hundred.
    assert arrived.mean() == pytest.approx(1 - math.exp(-0.12 / 4), rel=0.06)
    assert x[0].max() == 0
    assert x.max() <= 0.4
    assert np.allclose(x[1:][~arrived], fading * x[:-1][~arrived])
    fresh = x[1:][arrived & (x[:-1] == 0)]
    assert fresh.min() >= 0.1
    assert fresh.mean() == pytest.approx(0.25, abs=0.02)


def test_a_jump_has_the_sign_that_is_written(shock):
    up = shock(DISEASE)
    down = shock(DISEASE.replace("[0.1, 0.4]", "[-0.4, -0.1]"))
    assert down.min() >= -0.4
    assert down.max() == 0
    assert np.array_equal(up > 0, down < 0)


def test_a_regime_stays_as_long_as_stated_and_knows_two_states(shock):
    x = shock(CREDIT + STATIONARY, model=LONG, members=np.arange(300))
    assert np.array_equal(np.unique(x), [-0.15, 0.15])
    assert np.mean(x > 0) == pytest.approx(0.5, abs=0.03)
    assert 0.25 / np.mean(x[1:] != x[:-1]) == pytest.approx(2.0, rel=0.05)
    known = shock(CREDIT)
    assert np.all(known[0] == 0)
    assert np.array_equal(np.unique(known), [-0.15, 0, 0.15])
    assert abs(np.mean(np.sign(known[-1]))) < 0.06


# ── reading ──


def test_every_problem_of_a_file_is_told_at_once(read):
    text = problems(
        read,
        MACRO.replace('"macro shock"', '"macro shok"'),
        PRICE.replace('"ar1"', '"ar2"'),
        PIGS.replace("period", "perod").replace("dairy", "dary"),
        DISEASE.replace("[0.1, 0.4]", "[-0.1, 0.4]"),
        CREDIT.replace("stay = 2.0\n", "").replace('"Dmnl"', '"1/Year"'),
        '[[process]]\nname = "x"\ndrives = "macro shock"\nform = "ar1"\nhalf_life = 1\n',
        "[[proces]]\n",
    )
    for part in (
        'calibration/forcing.toml [[process]] "macro demand" drives "macro shok": no such '
        'constant in model/small.mdl — did you mean "macro shock" (Dmnl, -1 to 1)?',
        'no form "ar2" — did you mean "ar1"?',
        'no such key "perod" — did you mean "period"?',
        "period is missing",
        'no element "dary" in range sector — did you mean "dairy"?',
        "size ascend without passing 0",
        "stay is missing",
        "unit is 1/Year, but must be Dmnl",
        '"x": sd is missing',
        '"x": basis is missing',
        '"x": known_on is missing',
        '"x": unit is missing',
        'no such key "proces" — did you mean "process"?',
    ):
        assert part in text


def test_two_processes_of_one_name_are_refused(read):
    assert '"macro demand" is given twice' in problems(read, MACRO, MACRO)


def test_a_process_that_may_leave_the_limits_is_refused_when_read(read):
    text = problems(read, MACRO.replace("sd = 0.05", "sd = 0.2"))
    assert "macro shock may reach -1.2 to 1.2 (6 standard deviations)" in text
    assert "(Dmnl, -1 to 1)" in text
    together = problems(read, MACRO.replace("sd = 0.05", "sd = 0.15"), DISEASE)
    assert '"macro demand", "herd disease": macro shock may reach -0.9 to 1.3' in together


def test_parameters_that_make_no_process_are_refused(read):
    for old, new, what in (
        ("sd = 0.05", "sd = 0", "sd and half_life must be above 0"),
        ("sd = 0.05", "sd = 0.05\nsd_low = 0.1", "not both"),
        ("sd = 0.05", "sd_low = 0.1", "sd_high is missing"),
        ("sd = 0.05", "sd = 0.05\ncommon = 2", "common from 0 to 1"),
        ("half_life = 1.5", "half_life = true", "half_life must be a number"),
    ):
        assert what in problems(read, MACRO.replace(old, new))
    assert "at least four steps" in problems(read, PIGS.replace("[3.5, 4.5]", "[0.5, 4.5]"))
    assert "at least one step" in problems(read, CREDIT.replace("stay = 2.0", "stay = 0.1"))


def test_a_process_known_after_the_information_date_is_found(read):
    late = DISEASE.replace("2019-06-30", "2020-02-01")
    (line,) = read(MACRO, late).check_vintage(date(2019, 12, 31))
    assert '"herd disease": known on 2020-02-01' in line
    excused = read(MACRO, late + 'exempt = "no other record"\n')
    assert excused.check_vintage(date(2019, 12, 31)) == ()
    assert excused.exempt(date(2019, 12, 31)) == ("herd disease",)


def test_a_file_without_processes_drives_nothing(read):
    assert forcing.sample(read(""), MODEL, MEMBERS, seed=1) == {}
