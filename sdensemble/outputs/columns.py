"""The columns of every CSV, in their order; what they mean stands in the catalogues."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from sdensemble.lang import LANGS, Words, has, phrase, say, tell
from sdensemble.outputs.write.csv import write_records


def each(name: str) -> tuple[str, ...]:
    """Return a column for each language: the text behind an identifier."""
    return tuple(f"{name}_{lang}" for lang in LANGS)


SCENARIO = ("scenario", *each("scenario"))
OUTCOME = ("outcome", *each("outcome"))
UNIT = ("unit", *each("unit"))
LAYOUT = each("regions")
CONDITIONS = (
    *("measure", "scope", "price_basis", "as_of", "prior_set"),
    *("model_digest", "model_set", "posterior"),
)
"""What a number is conditional on, beside its event and year."""

MONEY = ("per_treasury", "per_treasury_error", "per_forgone", "per_forgone_error")

TABLES: Mapping[str, tuple[str, ...]] = {
    "probabilities": (
        "target",
        *each("target"),
        "role",
        *SCENARIO,
        "year",
        "event",
        "comparator",
        "value",
        "band_low",
        "band_high",
        *UNIT,
        "p",
        "p_least",
        "p_most",
        "low",
        "high",
        "mc_error",
        "interval_method",
        "members",
        "lost_members",
        "replicates",
        *each("in_words"),
        "shortfall",
        "shortfall_error",
        *CONDITIONS,
    ),
    "differences": (
        "kind",
        *SCENARIO,
        "against",
        *OUTCOME,
        "year",
        *UNIT,
        "difference",
        "error",
        "low",
        "high",
        "median",
        "q05",
        "q95",
        "share_helped",
        "share_hurt",
        "p_value",
        "p_value_holm",
        "verdict",
        *each("verdict"),
        "pairs",
        *CONDITIONS,
    ),
    "gap": (
        *SCENARIO,
        *OUTCOME,
        "target",
        "base_year",
        "year",
        *UNIT,
        "base_mean",
        "mean",
        "contribution",
        "contribution_q05",
        "contribution_q95",
        "contribution_points",
        "contribution_share_percent",
        "target_value",
        "gap_mean",
        "shortfall",
        "required_growth_percent",
        "required_growth_q05_percent",
        "required_growth_q95_percent",
        "growth_percent",
        *CONDITIONS,
    ),
    "progress": (
        *SCENARIO,
        *OUTCOME,
        "target",
        "target_year",
        "target_value",
        *UNIT,
        "year",
        "median",
        "progress_percent",
        "schedule_percent",
        "ahead_points",
        "required_growth_percent",
        *CONDITIONS,
    ),
    "bottlenecks": (
        *SCENARIO,
        "set",
        *OUTCOME,
        "year",
        "regime",
        *each("regime"),
        "unit",
        "mean_share",
        "share_largest",
        "member_years",
        *CONDITIONS,
    ),
    "variants": (
        "kind",
        "target",
        *each("target"),
        *SCENARIO,
        "against",
        "year",
        *UNIT,
        "variant",
        *each("variant"),
        "question",
        "same_as",
        "weight",
        "mean",
        "error",
        "low",
        "high",
        "per_outlay",
        "leads",
        "members",
        "verdict",
        *CONDITIONS,
    ),
    "backtest": (
        *("series", "origin", "year", "horizon", "method", "value", "low", "median", "high"),
        *("crps_log", "crps_error", "log_score", "pit", "inside_50", "inside_80", "inside_95"),
    ),
    "forecast": (
        "kind",
        "series",
        "measure",
        "sector",
        *each("title"),
        *UNIT,
        "year",
        "as_of",
        "origin",
        "horizon",
        "fitted",
        "mean",
        "sd",
        "mean_log",
        "sd_log",
        "q025",
        "q050",
        "q100",
        "q250",
        "q500",
        "q750",
        "q900",
        "q950",
        "q975",
        "members",
        "lost_members",
        "replicates",
        "mc_error",
        "mc_error_median",
        "scenario",
        "prior_set",
        "posterior",
        "model_set",
        "model_digest",
        "fit_digest",
        "seed",
    ),
    "ledger": (
        "target",
        *each("target"),
        "section",
        "role",
        "year",
        "comparator",
        "value",
        "band_low",
        "band_high",
        "unit",
        "measure",
        "status",
        "judged_by",
        "latest",
        "latest_year",
        "latest_value",
        "latest_unit",
        "latest_measure",
        "same_measure",
        "published_on",
        "source",
        "statistic_note",
        "lever",
        "lever_value",
        "lever_unit",
        *each("reason"),
        "p",
        "mc_error",
        "p_above",
        "bears",
        "implied_low",
        "implied_high",
        "contrary",
        "reading",
        "reading_p",
        "reading_error",
        *LAYOUT,
        "event",
        "scenario",
        "run_as_of",
        "prior_set",
        "ledger_as_of",
        "conflicts",
        "note",
    ),
    "scorecard": (
        "rank",
        "kind",
        "target",
        *each("target"),
        "parts",
        "section",
        "year",
        "reading_of",
        *LAYOUT,
        *SCENARIO,
        "event",
        "p",
        "p_least",
        "p_most",
        "low",
        "high",
        "mc_error",
        "p_below",
        "p_in",
        "p_above",
        "members",
        "lost_members",
        *CONDITIONS,
    ),
    "scorecard-years": (
        "kind",
        "target",
        *each("target"),
        "section",
        "year",
        *SCENARIO,
        "event",
        "p",
        "p_least",
        "p_most",
        "low",
        "high",
        "mc_error",
        "p_below",
        "p_in",
        "p_above",
        "members",
        "lost_members",
        *CONDITIONS,
    ),
    "conflicts": (
        "conflict",
        "kind",
        "section",
        *each("title"),
        *each("text"),
        "side",
        *each("label"),
        "scenario",
        "year",
        "value",
        "q05",
        "q95",
        *each("unit"),
        "source",
        "targets",
    ),
    "regions": (
        "id",
        "range",
        "element",
        *each("element"),
        "region",
        *each("region"),
        *each("product"),
        "materials_zh",
        "source",
        "note",
    ),
    "validation": (
        "id",
        "group",
        "kind",
        *each("title"),
        *each("asks"),
        *each("criterion"),
        *each("result"),
        *each("note"),
        "number",
        "status",
    ),
    "details": (
        "id",
        "row",
        "key",
        "value",
    ),
    "horizons": (
        *SCENARIO,
        "against",
        *OUTCOME,
        "year",
        "span",
        *UNIT,
        "difference",
        "error",
        "low",
        "high",
        "median",
        "q05",
        "q95",
        "share_helped",
        "share_hurt",
        "pairs",
        "treasury",
        "treasury_error",
        "forgone",
        "forgone_error",
        *MONEY,
        *CONDITIONS,
    ),
    "conditions": (
        "condition",
        *each("condition"),
        "part",
        *each("part"),
        "from",
        "to",
        "share",
        "members",
        "kind",
        *SCENARIO,
        *OUTCOME,
        "year",
        *UNIT,
        "value",
        "error",
        "median",
        *MONEY,
        *CONDITIONS,
    ),
}
"""Columns by table."""


def meaning(table: str, column: str) -> Words:
    """Return what a column means; of a text in one language that of the text, with its language."""
    for lang in LANGS:
        base = column.removesuffix(f"_{lang}")
        if base != column:
            named = f"{base}_text" if _key(table, f"{base}_text") else base
            return phrase(
                "columns.in_language",
                what=meaning(table, named),
                language=say("language.name", lang),
            )
    return phrase(_key(table, column) or f"columns.shared.{column}")


def _key(table: str, column: str) -> str:
    """Return the key of a column in the catalogue, empty where there is none."""
    keys = (f"columns.{table.partition('-')[0]}.{column}", f"columns.shared.{column}")
    return next((key for key in keys if has(key)), "")


def head(table: str, column: str, lang: str) -> str:
    """Return a short head for people: the meaning up to its first clause."""
    return tell(meaning(table, column), lang).split(say("language.clause", lang))[0]


def write_meanings(
    path: Path, tables: Iterable[str], more: Mapping[str, Mapping[str, str]] | None = None
) -> Path:
    """Write what each column of each table means; ``more`` adds to columns, by language."""
    rows = (
        {"file": f"{table}.csv", "column": column}
        | {
            lang: tell(meaning(table, column), lang) + (more or {}).get(column, {}).get(lang, "")
            for lang in LANGS
        }
        for table in tables
        for column in TABLES[table]
    )
    return write_records(path, ("file", "column", *LANGS), rows)
