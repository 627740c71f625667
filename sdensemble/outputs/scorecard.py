"""The scorecard: every target under every scenario, the least likely first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sdensemble.errors import SDError
from sdensemble.outputs.columns import CONDITIONS, SCENARIO
from sdensemble.outputs.ledger import kept, wanted
from sdensemble.outputs.probability import Probability
from sdensemble.outputs.results import Results
from sdensemble.outputs.tables import Row
from sdensemble.outputs.terminal import reference
from sdensemble.outputs.text import table, width, wrap
from sdensemble.outputs.words import fitted, information_date, label, percent, target_name
from sdensemble.scenarios import Target

if TYPE_CHECKING:
    from sdensemble.scenarios import Scenario

PAGE = 14
"""Scenarios side by side on a terminal or in a figure; more stand below, or in another figure."""
NAME = 52
"""Columns a target's name may take on a terminal before it is cut."""

WORDS: Mapping[str, Mapping[str, str]] = {
    "title": {
        "zh": "达标概率总表（%，±抽样标准误）：{n}项目标 × {m}个情景，按{scenario}情景下"
        "最不可能者在前",
        "en": "Scorecard: probabilities in %, ± Monte Carlo error, {n} targets x {m} scenarios,"
        " least likely under {scenario} first",
    },
    "conditions": {
        "zh": "{date}；先验组：{prior}；每情景{members}个成员；{fitted}；"
        "口径与价格基准逐项见 csv。",
        "en": "{date}; prior set: {prior}; {members} members a scenario; {fitted};"
        " measure and price basis of each row are in the csv.",
    },
    "target": {"zh": "目标", "en": "Target"},
    "asked": {"zh": "要求", "en": "Asked"},
    "joint": {"zh": "同时达标", "en": "Met together"},
    "reference": {"zh": "参照（并非政策目标）", "en": "References (no targets of the policy)"},
    "path": {"zh": "{name}：{years}各年均达标", "en": "{name}, every year ({years})"},
    "nested": {"zh": "{name}，连同{whole}（{year}年）", "en": "{name}, with {whole} ({year})"},
    "legend": {"zh": "情景：{names}。", "en": "Scenarios: {names}."},
    "not_kept": {
        "zh": "该次运行没有保留所需变量，未计分：{names}。",
        "en": "Not scored, since this run did not keep what they need: {names}.",
    },
    "not_scored": {
        "zh": "另有{levers}项由政策工具设定、{indicators}项不模拟，理由见 ledger。",
        "en": "A further {levers} rows are set by levers and {indicators} not simulated: see the"
        " reasons in `ledger`.",
    },
}  # fmt: skip

SCORECARD_CSV = {
    "rank": ("序号：对照情景下最不可能者为1", "rank: 1 is least likely under the reference"),
    "kind": (
        "类别：single 单项，joint 所列各项同时，nested 连同其所属整体，path 各目标年均达标，"
        "reference 参照",
        "single, joint (all parts), nested (with the whole it is part of), path (every target"
        " year) or reference",
    ),
    "target": ("目标标识", "target identifier"),
    "target_zh": ("目标（中文）", "target (Chinese)"),
    "target_en": ("目标（英文）", "target (English)"),
    "parts": ("同时达标的各项", "parts of a joint row"),
    "section": ("原文位置", "section of the text"),
    "year": ("年份", "year"),
    **SCENARIO,
    "event": ("条件", "condition"),
    "p": ("达标概率；有缺失成员时空白", "probability; blank where members were lost"),
    "p_least": ("概率下限：缺失计为未达标", "lower bound: lost members counted as misses"),
    "p_most": ("概率上限：缺失计为达标", "upper bound: lost members counted as hits"),
    "low": ("95%区间下端", "lower end of the 95% interval"),
    "high": ("95%区间上端", "upper end of the 95% interval"),
    "mc_error": ("抽样标准误；无法估计时空白", "Monte Carlo standard error; blank where unknown"),
    "members": ("成员数", "members"),
    "lost_members": ("缺失成员数", "lost members"),
    **CONDITIONS,
}
YEARS_CSV = {name: words for name, words in SCORECARD_CSV.items() if name not in ("rank", "parts")}


@dataclass(frozen=True)
class Line:
    """One row of the scorecard: its kind, its target, and P under each scenario."""

    kind: str
    target: Target
    year: int
    found: tuple[Probability, ...]

    def middle(self, place: int) -> float:
        """Return the probability under one scenario, or the middle of its bounds."""
        return self.found[place].middle


def scorecard(results: Results) -> tuple[Line, ...]:
    """Return every row the run can score, the least likely under the reference first.

    Behind the study's own rows come, for each target that is part of a scored whole, the two
    together; for each quantity with targets in several years, all its years. Raises SDError
    where the run can score none.
    """
    held = [target for target in results.targets if target.scored and kept(results, target)]
    if not held:
        raise SDError("the run kept nothing that a target speaks of: run the study again")
    own = [(_kind(target), target) for target in held]
    place = results.scenarios.index(reference(results))
    lines = [_line(results, *one) for one in (*own, *_nested(results, held), *_paths(held))]

    def likeness(line: Line) -> tuple[float, float, str]:
        every = float(np.mean([p.middle for p in line.found]))
        return line.middle(place), every, line.target.id

    return tuple(sorted(lines, key=likeness))


def _kind(target: Target) -> str:
    if target.role == "reference":
        return "reference"
    return "joint" if target.joint else "single"


def _line(results: Results, kind: str, target: Target) -> Line:
    found = tuple(results.event(target, scenario).probability() for scenario in results.scenarios)
    return Line(kind, target, results.year(target), found)


def _nested(results: Results, held: Sequence[Target]) -> Iterator[tuple[str, Target]]:
    by_id = {target.id: target for target in held}
    for part in held:
        whole = by_id.get(part.within)
        if whole is None or part.role == "reference":
            continue
        names = {
            lang: WORDS["nested"][lang].format(
                name=target_name(part, lang),
                whole=target_name(whole, lang),
                year=results.year(whole),
            )
            for lang in ("zh", "en")
        }
        yield "nested", _together(f"{part.id}+{whole.id}", names, (part, whole))


def _paths(held: Sequence[Target]) -> Iterator[tuple[str, Target]]:
    groups: dict[tuple[str, str, str], list[Target]] = {}
    for target in held:
        if target.role == "outcome" and not target.joint:
            key = target.variable, target.element, target.aggregate
            groups.setdefault(key, []).append(target)
    for group in groups.values():
        years = sorted({target.year or 0 for target in group})
        if len(years) < 2:
            continue
        names = {
            "zh": WORDS["path"]["zh"].format(
                name=target_name(group[0], "zh"), years="、".join(map(str, years))
            ),
            "en": WORDS["path"]["en"].format(
                name=target_name(group[0], "en"), years=", ".join(map(str, years))
            ),
        }
        yield "path", _together("+".join(t.id for t in group), names, group)


def _together(name: str, names: Mapping[str, str], parts: Sequence[Target]) -> Target:
    """Return a joint target of parts, with the key they share."""
    shared: dict[str, Any] = {
        key: " + ".join(dict.fromkeys(getattr(part, key) for part in parts))
        for key in ("measure", "scope", "price_basis")
    }
    return replace(
        parts[0], id=name, zh=names["zh"], en=names["en"], variable="", element="",
        aggregate="", year=None, comparator="", value=None, low=None, high=None, unit="",
        joint=tuple(part.id for part in parts), within="", headline=False, note="", **shared,
    )  # fmt: skip


# ── text ──


def scorecard_text(
    lines: Sequence[Line], results: Results, goals: Sequence[Target], lang: str
) -> str:
    """Return the scorecard for the terminal: single rows, then those met together, references."""
    say = {name: words[lang] for name, words in WORDS.items()}
    single = [line for line in lines if line.kind == "single"]
    title = say["title"].format(
        n=len(single), m=len(results.scenarios), scenario=reference(results).title[lang]
    )
    conditions = say["conditions"].format(
        date=information_date(results.as_of, lang, results.spec.issued),
        prior=label(results.spec, results.prior_set, lang),
        members=results.members,
        fitted=fitted(results.posterior, lang),
    )
    blocks = [
        (say["target"], say["asked"], single),
        (say["joint"], "", [line for line in lines if line.kind in JOINT]),
        (say["reference"], "", [line for line in lines if line.kind == "reference"]),
    ]
    out = [title, conditions]
    for page in pages_of(results):
        heads = [str(place + 1) for place in page]
        for name, asked, chosen in blocks:
            rows = [[*_names(ln, results, lang), *_cells(ln, page)] for ln in chosen]
            out += ["", *table([[name, asked, *heads], *rows], left=2)] if rows else []
    return "\n".join([*out, "", *_notes(lines, results, goals, lang)])


JOINT = ("joint", "nested", "path")


def _names(line: Line, results: Results, lang: str) -> tuple[str, str]:
    name = target_name(line.target, lang)
    if line.kind in ("single", "reference"):
        name = f"{name} {line.year}"
    while width(name) > NAME:
        name = name[:-2] + "…"
    return name, wanted(line.target, results.spec, lang)


def pages_of(results: Results) -> tuple[tuple[int, ...], ...]:
    """Return the places of the scenarios that stand side by side, the reference first in each."""
    base = results.scenarios.index(reference(results))
    others = [place for place in range(len(results.scenarios)) if place != base]
    step = PAGE - 1
    return tuple(
        tuple(sorted((base, *others[i : i + step]))) for i in range(0, max(len(others), 1), step)
    )


def _cells(line: Line, page: Sequence[int]) -> list[str]:
    """Return probabilities in points with their errors: "31±1"."""
    return [percent(line.found[i]).replace("% ±", "±").removesuffix("%") for i in page]


def _notes(
    lines: Sequence[Line], results: Results, goals: Sequence[Target], lang: str
) -> list[str]:
    join, stop = ("；", "、") if lang == "zh" else ("; ", ", ")
    names = join.join(f"{i} {s.title[lang]}" for i, s in enumerate(results.scenarios, start=1))
    notes = [WORDS["legend"][lang].format(names=names)]
    left = [t for t in results.targets if t.scored and not kept(results, t)]
    if left:
        shown = stop.join(target_name(t, lang) for t in left)
        notes.append(WORDS["not_kept"][lang].format(names=shown))
    counts = {
        "levers": sum(t.role == "lever" for t in goals),
        "indicators": sum(t.role == "indicator" for t in goals),
    }
    if any(counts.values()):
        notes.append(WORDS["not_scored"][lang].format(**counts))
    return [piece for note in notes for piece in wrap(note, 110)]


# ── tables ──


def scorecard_rows(lines: Sequence[Line], results: Results) -> Iterator[Row]:
    """Yield a row for each target and scenario, in the order of the scorecard."""
    for rank, line in enumerate(lines, start=1):
        for scenario, found in zip(results.scenarios, line.found, strict=True):
            yield {
                "rank": rank,
                "parts": "; ".join(line.target.joint),
                **_row(line.kind, line.target, line.year, scenario, found),
            }


def year_rows(results: Results) -> Iterator[Row]:
    """Yield P of reaching each single target's value in every year, under every scenario."""
    for target in results.targets:
        if target.joint or not target.scored or not kept(results, target):
            continue
        for scenario in results.scenarios:
            for year in map(int, results.years):
                found = results.event(target, scenario, year=year).probability()
                yield _row(_kind(target), target, year, scenario, found)


def _row(kind: str, target: Target, year: int, scenario: Scenario, p: Probability) -> Row:
    low, high = p.interval
    return {
        "kind": kind, "target": target.id, "target_zh": target.zh, "target_en": target.en,
        "section": target.section, "year": year, "scenario": scenario.name,
        "scenario_zh": scenario.title["zh"], "scenario_en": scenario.title["en"],
        "event": p.key.event, "p": "" if p.bounded else p.least.mean, "p_least": p.least.mean,
        "p_most": p.most.mean, "low": low, "high": high, "mc_error": p.se,
        "members": p.members, "lost_members": p.lost, "measure": p.key.measure,
        "scope": p.key.scope, "price_basis": p.key.price_basis, "as_of": p.key.as_of,
        "prior_set": p.key.prior_set, "model_digest": p.key.model_digest,
        "model_set": p.key.model_set, "posterior": p.key.posterior,
    }  # fmt: skip
