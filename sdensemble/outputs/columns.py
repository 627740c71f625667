"""The columns of every CSV, in their order, and their heads; what they mean is in the catalogues.

A column's code is the same in every language: rows are made and read by it (``read_csv``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sdensemble.lang import LANGS

SHARED = {
    "+conditions": "measure scope price_basis as_of prior_set model_digest model_set posterior",
    "+money": "per_treasury per_treasury_error per_forgone per_forgone_error",
}
"""What a number is conditional on, beside its event and year; effects for a unit of money."""


def _columns(words: str) -> Iterator[str]:
    """Yield the columns words stand for.

    "title_*" is a column for each language, "unit*" the identifier and one for each behind it.
    """
    for word in words.split():
        if word in SHARED:
            yield from _columns(SHARED[word])
        elif not word.endswith("*"):
            yield word
        else:
            name = word.rstrip("_*")
            if word == f"{name}*":
                yield name
            yield from (f"{name}_{lang}" for lang in LANGS)


_WORDS = {
    "columns": f"file column head {' '.join(LANGS)}",
    "probabilities": """
        target* role scenario* year event comparator value band_low band_high unit* p p_least
        p_most low high mc_error interval_method members lost_members replicates in_words_*
        shortfall shortfall_error +conditions
    """,
    "differences": """
        kind scenario* against outcome* year unit* difference error low high median q05 q95
        share_helped share_hurt p_value p_value_holm verdict* pairs +conditions
    """,
    "gap": """
        scenario* outcome* target base_year year unit* base_mean mean contribution
        contribution_q05 contribution_q95 contribution_points contribution_share_percent
        target_value gap_mean shortfall required_growth_percent required_growth_q05_percent
        required_growth_q95_percent growth_percent +conditions
    """,
    "progress": """
        scenario* outcome* target target_year target_value unit* year median progress_percent
        schedule_percent ahead_points required_growth_percent +conditions
    """,
    "bottlenecks": """
        scenario* set outcome* year regime* unit mean_share share_largest member_years +conditions
    """,
    "variants": """
        kind target* scenario* against year unit* variant* question same_as weight mean error low
        high per_outlay leads members verdict +conditions
    """,
    "backtest": """
        series origin year horizon method value low median high crps_log crps_error log_score pit
        inside_50 inside_80 inside_95
    """,
    "forecast": """
        kind series measure sector title_* unit* year as_of origin horizon fitted mean sd mean_log
        sd_log q025 q050 q100 q250 q500 q750 q900 q950 q975 members lost_members replicates
        mc_error mc_error_median scenario prior_set posterior model_set model_digest fit_digest
        seed
    """,
    "ledger": """
        target* section role year comparator value band_low band_high unit measure status
        judged_by latest latest_year latest_value latest_unit latest_measure same_measure
        published_on source statistic_note lever lever_value lever_unit reason_* p mc_error
        p_above bears implied_low implied_high contrary reading reading_p reading_error regions_*
        event scenario run_as_of prior_set ledger_as_of conflicts note
    """,
    "scorecard": """
        rank kind target* parts section year reading_of regions_* scenario* event p p_least p_most
        low high mc_error p_below p_in p_above members lost_members +conditions
    """,
    "scorecard-years": """
        kind target* section year scenario* event p p_least p_most low high mc_error p_below p_in
        p_above members lost_members +conditions
    """,
    "conflicts": """
        conflict kind section title_* text_* side label_* scenario year value q05 q95 unit_*
        source targets
    """,
    "regions": "id range element* region* product_* materials_zh source note",
    "validation": "id group kind title_* asks_* criterion_* result_* note_* number status",
    "details": "id row key value",
    "horizons": """
        scenario* against outcome* year span unit* difference error low high median q05 q95
        share_helped share_hurt pairs treasury treasury_error forgone forgone_error +money
        +conditions
    """,
    "conditions": """
        condition* part* from to share members kind scenario* outcome* year unit* value error
        median +money +conditions
    """,
}
TABLES: Mapping[str, tuple[str, ...]] = {
    name: tuple(_columns(words)) for name, words in _WORDS.items()
}
"""Columns by table."""
