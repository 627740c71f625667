"""The leaks of the ex ante reading, pinned by name: a new one needs an edit here."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from sdensemble import open_study
from sdensemble.inputs.history import known_until

STOP = date.fromisoformat(known_until("through-2019"))
ROOT = Path(__file__).resolve().parents[2]
HISTORY = {
    "agricultural growth",
    "annual land quota",
    "base programme capability",
    "cluster weight",
    "farm statistic",
    "guarantee capital execution",
    "guarantee multiplier",
    "inflation",
    "initial rural income",
    "initial utilisation brewing",
    "initial utilisation food",
    "initial utilisation medicine",
    "land unit cost",
    "market nominal growth",
    "medicinal tea 2019",
    "past reported growth",
    "purse limit",
    "reporting scope factor",
    "rural growth",
    "scope drift",
    "tea lead",
    "ten cluster share",
}
EXEMPT = {
    "history": HISTORY,
    "plan": HISTORY
    | {
        "Fenjiu initial nominal growth",
        "growth offset[beverages]",
        "growth offset[brewing]",
        "growth offset[cosmetics]",
        "growth offset[dairy]",
        "growth offset[fruit]",
        "growth offset[functional_food]",
        "growth offset[health_food]",
        "growth offset[meat]",
        "growth offset[other]",
        "growth offset[staples]",
        "growth offset[tcm]",
        "output to sales ratio",
    },
}
LATE = {
    "history": 44,
    "plan": 57,
}
"""How many entries rest on a later figure, those exempt as a kind (structural) among them."""


@pytest.mark.parametrize("prior_set", sorted(EXEMPT))
def test_no_prior_is_exempt_from_the_information_date_but_these(prior_set):
    priors = open_study(ROOT).priors(prior_set)
    late = set(priors.exempt(STOP))
    assert {p.name for p in priors.items if p.exempt and p.name in late} == EXEMPT[prior_set]


@pytest.mark.parametrize("prior_set", sorted(LATE))
def test_the_entries_that_rest_on_a_later_figure_are_as_many_as_stated(prior_set):
    assert len(open_study(ROOT).priors(prior_set).exempt(STOP)) == LATE[prior_set]
