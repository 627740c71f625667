"""The columns of every CSV, in their order, and their heads; what they mean is in the catalogues.

A column's code is the same in every language: rows are made and read by it (``read_csv``).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sdensemble.lang import LANGS, Phrase, Words, has, phrase, say, tell
from sdensemble.outputs.write.csv import write_rows


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
    "columns": ("file", "column", "head", *LANGS),
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
                language=_language(lang),
            )
    return phrase(_key(table, column) or f"columns.shared.{column}")


def _language(lang: str) -> Phrase:
    """Return what a language is called in others."""
    return phrase(f"columns.language_{lang}")


def _key(table: str, column: str) -> str:
    """Return the key of a column in the catalogue, empty where there is none."""
    keys = (f"columns.{table.partition('-')[0]}.{column}", f"columns.shared.{column}")
    return next((key for key in keys if has(key)), "")


def head(table: str, column: str, lang: str) -> str:
    """Return a short head for people: the meaning without what is added behind a stop."""
    for other in LANGS:
        base = column.removesuffix(f"_{other}")
        if base != column:
            named = f"{base}_text" if _key(table, f"{base}_text") else base
            what = head(table, named, lang)
            return say("columns.in_language", lang, what=what, language=_language(other).told(lang))
    text = tell(meaning(table, column), lang)
    for mark in ("clause", "colon", "open"):
        text = text.split(say(f"language.{mark}", lang).rstrip())[0]
    return text


def heads(table: str, lang: str) -> dict[str, str]:
    """Return the head of each column of a CSV in a language, by the column's code.

    A language whose ``columns.head`` shows the code has codes for heads (English), so that a
    script reads them as they are. Heads that would be alike have their code behind them.
    """
    shown = {
        one: say("columns.head", lang, what=head(table, one, lang), code=one)
        for one in TABLES[table]
    }
    made = list(shown.values())
    return {
        code: text if made.count(text) == 1 else f"{text} {code}" for code, text in shown.items()
    }


def write_csv(
    folder: Path, table: str, rows: Iterable[Mapping[str, Any]], lang: str, file: str = ""
) -> Path:
    """Write a table by the columns' codes as ``<table>.csv``, with heads in a language."""
    named = heads(table, lang)
    cells = ([row.get(code, "") for code in named] for row in rows)
    return write_rows(folder / (file or f"{table}.csv"), list(named.values()), cells)


def read_csv(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV that a verb wrote, by the columns' codes, whatever its language."""
    text = path.read_text(encoding="utf-8-sig")
    found, *rows = csv.reader(io.StringIO(text, newline=""))
    known = {
        head: code
        for lang in LANGS
        for code, head in (heads(path.stem, lang).items() if path.stem in TABLES else ())
    }
    codes = [known.get(head, head) for head in found]
    return [dict(zip(codes, row, strict=True)) for row in rows]


def write_meanings(
    folder: Path,
    tables: Iterable[str],
    lang: str,
    more: Mapping[str, Mapping[str, str]] | None = None,
) -> Path:
    """Write ``columns.csv``: of each column its code, its head in the files, and what it means.

    ``more`` adds to the meaning of columns, by language.
    """
    rows = (
        {"file": f"{table}.csv", "column": code, "head": named}
        | {
            one: tell(meaning(table, code), one) + (more or {}).get(code, {}).get(one, "")
            for one in LANGS
        }
        for table in tables
        for code, named in heads(table, lang).items()
    )
    return write_csv(folder, "columns", rows, lang)
