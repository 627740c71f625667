"""Rules of rounding: as many digits as an error supports, probabilities in points and in words."""

from __future__ import annotations

import math

from sdensemble.lang import say
from sdensemble.results.probability import Probability


def decimals(se: float, most: int = 1) -> int:
    """Return how many decimals an error of ``se`` supports: its first digit, at most ``most``.

    Negative for tens and hundreds, as ``round`` takes it; at an error of zero, ``most``.
    """
    if not math.isfinite(se) or se <= 0:
        return most
    return min(most, -math.floor(math.log10(se)))


def rounded(value: float, se: float, most: int = 1) -> str:
    """Return a number to the first digit of its error.

    >>> rounded(2843.2, 12.0), rounded(5.43, 0.12), rounded(5.43, 2.1)
    ('2840', '5.4', '5')
    """
    if not math.isfinite(value):
        return "—"
    places = decimals(se, most)
    return f"{round(value, places):.{max(places, 0)}f}"


def measured(value: float, se: float, most: int = 1) -> str:
    """Return a signed number with its error: "+5.4 ±0.1"; "0" where all members agree."""
    if not math.isfinite(value):
        return "—"
    if value == 0.0 and not se > 0.0:
        return "0"
    shown = rounded(value, se, most)
    sign = "+" if float(shown) > 0 else "−" if float(shown) < 0 else ""
    return f"{sign}{shown.lstrip('-')} ±{rounded_up(se, decimals(se, most))}"


def rounded_up(se: float, places: int) -> str:
    """Return an error rounded up, so that none is printed as zero."""
    unit = 10.0**-places
    return f"{math.ceil(se / unit - 1e-9) * unit:.{max(places, 0)}f}"


def percent(p: Probability) -> str:
    """Return a probability in whole points with its Monte Carlo error: "31% ±1".

    Never 0% or 100%; rounded to fives or tens where the error is that large; as bounds
    ("31–33%") where members were lost.
    """
    if p.bounded:
        least, most = points(p.least.mean, p.least.se), points(p.most.mean, p.most.se)
        if least != most:
            return f"{least}–{most}%"
    return with_error(f"{points(p.least.mean, p.least.error)}%", p.se)


def with_error(shown: str, se: float) -> str:
    """Return a probability as shown with its error in whole points, where both are known."""
    return f"{shown} ±{points_up(se)}" if shown[:1].isdigit() and math.isfinite(se) else shown


def points_up(se: float) -> int:
    """Return an error in whole points, rounded up, so that none is printed as zero."""
    return max(1, math.ceil(100 * se - 1e-9))


def points(share: float, se: float = 0.0) -> str:
    """Return a share in points without the sign: "31", "<1" or ">99".

    Near nothing and near all, where members are few, as far off as two errors reach: "<20".
    """
    if not math.isfinite(share):
        return "—"
    if share < 0.005 or share > 0.995:
        bound = 100 * (min(share, 1 - share) + (2 * se if se > 0 else 0))
        off = math.ceil(bound - 1e-9) if bound <= 5 else 5 * math.ceil(bound / 5)
        return f"<{min(max(off, 1), 100)}" if share < 0.5 else f">{max(100 - max(off, 1), 0)}"
    step = 10 if se >= 0.1 else 5 if se >= 0.025 else 1
    found = step * round(100 * share / step)
    return f"<{step}" if found == 0 else f">{100 - step}" if found == 100 else str(found)


def in_ten(low: float, high: float, lang: str, low_se: float = 0.0, high_se: float = 0.0) -> str:
    """Return a range of probabilities in words: "about three to six in ten".

    Each end is taken two standard errors outwards, so that an end near the boundary between two
    words takes the wider one and the words do not hang on the seed.

    >>> in_ten(0.31, 0.58, "en"), in_ten(0.31, 0.33, "zh"), in_ten(0.0, 0.004, "en")
    ('about three to six in ten', '约三成', 'less than one in a hundred')
    >>> in_ten(0.31, 0.54, "en"), in_ten(0.31, 0.54, "en", 0.01, 0.01)
    ('about three to five in ten', 'about three to six in ten')
    """
    low = max(0.0, low - 2 * low_se) if low_se > 0 else low
    high = min(1.0, high + 2 * high_se) if high_se > 0 else high
    first, last = math.floor(10 * low + 0.5), math.floor(10 * high + 0.5)
    if high < 0.01:
        key = "one_in_hundred"
    elif low > 0.99:
        key = "ninety_nine"
    elif last == 0:
        key = "one_in_ten"
    elif first == 10:
        key = "nine_in_ten"
    elif first == last:
        key = "in_ten"
    elif first == 0:
        key = "up_to_ten"
    else:
        key = "from_ten" if last == 10 else "between_ten"
    words = {"low": say(f"number.n{first}", lang), "high": say(f"number.n{last}", lang)}
    return say(f"number.{key}", lang, **words)
