"""The scorecard: every target under every scenario, the least likely first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sdengine.errors import SDError
from sdensemble.inputs.targets import Target, readings
from sdensemble.outputs.columns import CONDITIONS, SCENARIO
from sdensemble.outputs.tables import Row
from sdensemble.outputs.terminal import pages_of, reference
from sdensemble.outputs.text import folded, width, wrap
from sdensemble.outputs.words import fitted, information_date, label, percent, target_name
from sdensemble.policy.ledger import kept, wanted
from sdensemble.policy.regions import LAYOUT_CSV, Layout, layout_cells
from sdensemble.results.probability import Probability
from sdensemble.results.results import Results, Split

if TYPE_CHECKING:
    from sdensemble.inputs.scenarios import Scenario

COLUMNS = 110
"""Columns of notes where no width is asked for."""
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
    "reading": {"zh": "  – {scope}", "en": "  – {scope}"},
    "above": {"zh": "高于区间", "en": "mostly above"},
    "about": {
        "zh": "“约”类目标按达到区间下端的概率排序；“高于区间”指未落入区间者多数高于上端，"
        "三段概率见 csv。",
        "en": "Rows of \"about\" are ranked by the probability of reaching the lower end of their"
        " band; \"mostly above\": most of what misses the band exceeds it (shares in the csv).",
    },
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
    "reading_of": (
        "按另一口径所读的目标（标识）",
        "the target it reads in another measure or scope (identifier)",
    ),
    **LAYOUT_CSV,
    **SCENARIO,
    "event": ("条件", "condition"),
    "p": ("达标概率；有缺失成员时空白", "probability; blank where members were lost"),
    "p_least": ("概率下限：缺失计为未达标", "lower bound: lost members counted as misses"),
    "p_most": ("概率上限：缺失计为达标", "upper bound: lost members counted as hits"),
    "low": ("95%区间下端", "lower end of the 95% interval"),
    "high": ("95%区间上端", "upper end of the 95% interval"),
    "mc_error": ("抽样标准误；无法估计时空白", "Monte Carlo standard error; blank where unknown"),
    "p_below": ("“约”类目标：低于区间的成员占比", "of an about target: share below the band"),
    "p_in": ("“约”类目标：区间内的成员占比", "of an about target: share inside the band"),
    "p_above": ("“约”类目标：高于区间的成员占比", "of an about target: share above the band"),
    "members": ("成员数", "members"),
    "lost_members": ("缺失成员数", "lost members"),
    **CONDITIONS,
}
OF_LINES = ("rank", "parts", "reading_of", *LAYOUT_CSV)
YEARS_CSV = {name: words for name, words in SCORECARD_CSV.items() if name not in OF_LINES}


@dataclass(frozen=True)
class Line:
    """One row of the scorecard: its kind, its target, and P under each scenario.

    ``splits`` says where the members of an "about" target lie; ``reading_of`` names the target
    that a reference reads in another measure or scope.
    """

    kind: str
    target: Target
    year: int
    found: tuple[Probability, ...]
    splits: tuple[Split | None, ...]
    reading_of: str = ""

    def middle(self, place: int) -> float:
        """Return the probability under one scenario, or the middle of its bounds."""
        return self.found[place].middle

    def reach(self, place: int) -> float:
        """Return the probability that ranks the row: of "about", of reaching the lower end."""
        split = self.splits[place]
        return self.middle(place) if split is None else 1 - split.below


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
    other = {one.id: target.id for target in held for one in readings(target, held)}
    lines = [replace(line, reading_of=other.get(line.target.id, "")) for line in lines]

    def likeness(line: Line) -> tuple[float, float, str]:
        every = float(np.mean([line.reach(i) for i in range(len(line.found))]))
        return line.reach(place), every, line.target.id

    return tuple(sorted(lines, key=likeness))


def _kind(target: Target) -> str:
    if target.role == "reference":
        return "reference"
    return "joint" if target.joint else "single"


def _line(results: Results, kind: str, target: Target) -> Line:
    found = tuple(results.event(target, scenario).probability() for scenario in results.scenarios)
    splits = tuple(results.split(target, scenario) for scenario in results.scenarios)
    return Line(kind, target, results.year(target), found, splits)


def with_readings(lines: Sequence[Line], every: Sequence[Line]) -> list[Line]:
    """Return lines, each with those behind it that read it in another measure or scope."""
    held: dict[str, list[Line]] = {}
    for line in every:
        held.setdefault(line.reading_of, []).append(line)
    return [one for line in lines for one in (line, *held.get(line.target.id, ()))]


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
    lines: Sequence[Line],
    results: Results,
    goals: Sequence[Target],
    lang: str,
    columns: int | None = None,
) -> str:
    """Return the scorecard for the terminal: single rows, then those met together, references.

    Tables wider than ``columns`` are folded.
    """
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
        (say["target"], say["asked"], with_readings(single, lines)),
        (say["joint"], "", [line for line in lines if line.kind in JOINT]),
        (say["reference"], "", _references(lines)),
    ]
    out = [title, conditions]
    if columns:
        out = [line for text in out for line in wrap(text, columns)]
    for page in pages_of(results):
        heads = [str(place + 1) for place in page]
        for name, asked, chosen in blocks:
            rows = [[*_names(ln, results, lang), *_cells(ln, page)] for ln in chosen]
            out += ["", *folded([[name, asked, *heads], *rows], columns, left=2)] if rows else []
    notes = _notes(lines, results, goals, lang)
    told = [piece for note in notes for piece in wrap(note, columns or COLUMNS)]
    return "\n".join([*out, "", *told])


def _references(lines: Sequence[Line]) -> list[Line]:
    """Return the references that do not stand beside a target they read otherwise."""
    return [line for line in lines if line.kind == "reference" and not line.reading_of]


JOINT = ("joint", "nested", "path")


def reading_name(line: Line, results: Results, lang: str) -> str:
    """Return how a line that reads another's target otherwise is named below it."""
    return WORDS["reading"][lang].format(scope=label(results.spec, line.target.scope, lang))


def about_note(lines: Sequence[Line], lang: str) -> list[str]:
    """Return how rows of "about" are ranked, where there are some."""
    told = any(split is not None for line in lines for split in line.splits)
    return [WORDS["about"][lang]] if told else []


def asked(line: Line, results: Results, lang: str) -> str:
    """Return what a line asks, and where "about" is mostly missed above its band, that."""
    shown, split = wanted(line.target, results.spec, lang), line.splits[_base(results)]
    if split is None or not split.mostly_above:
        return shown
    return f"{shown}{'；' if lang == 'zh' else '; '}{WORDS['above'][lang]}"


def _base(results: Results) -> int:
    return results.scenarios.index(reference(results))


def _names(line: Line, results: Results, lang: str) -> tuple[str, str]:
    if line.reading_of:
        return reading_name(line, results, lang), ""
    name = target_name(line.target, lang)
    if line.kind in ("single", "reference"):
        name = f"{name} {line.year}"
    while width(name) > NAME:
        name = name[:-2] + "…"
    return name, asked(line, results, lang)


def _cells(line: Line, page: Sequence[int]) -> list[str]:
    """Return probabilities in points with their errors: "31±1"."""
    return [percent(line.found[i]).replace("% ±", "±").removesuffix("%") for i in page]


def _notes(
    lines: Sequence[Line], results: Results, goals: Sequence[Target], lang: str
) -> list[str]:
    join, stop = ("；", "、") if lang == "zh" else ("; ", ", ")
    names = join.join(f"{i} {s.title[lang]}" for i, s in enumerate(results.scenarios, start=1))
    notes = [WORDS["legend"][lang].format(names=names)]
    notes += about_note(lines, lang)
    read = [line.target for line in lines if line.reading_of]
    notes += dict.fromkeys(t.reason_zh if lang == "zh" else t.reason_en for t in read)
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
    return notes


# ── tables ──


def scorecard_rows(
    lines: Sequence[Line], results: Results, laid: Layout | None = None
) -> Iterator[Row]:
    """Yield a row for each target and scenario, in the order of the scorecard.

    ``laid`` holds the regions laid out for targets of bases and land.
    """
    for rank, line in enumerate(lines, start=1):
        shared = {
            "rank": rank, "parts": "; ".join(line.target.joint), "reading_of": line.reading_of,
            **layout_cells(line.target, laid or {}),
        }  # fmt: skip
        for scenario, found, split in zip(results.scenarios, line.found, line.splits, strict=True):
            yield shared | _row(line.kind, line.target, line.year, scenario, found, split)


def year_rows(results: Results) -> Iterator[Row]:
    """Yield P of reaching each single target's value in every year, under every scenario."""
    for target in results.targets:
        if target.joint or not target.scored or not kept(results, target):
            continue
        for scenario in results.scenarios:
            for year in map(int, results.years):
                found = results.event(target, scenario, year=year).probability()
                split = results.split(target, scenario, year=year)
                yield _row(_kind(target), target, year, scenario, found, split)


def _row(
    kind: str,
    target: Target,
    year: int,
    scenario: Scenario,
    p: Probability,
    split: Split | None = None,
) -> Row:
    low, high = p.interval
    shares = ("", "", "") if split is None else (split.below, split.inside, split.above)
    return {
        "kind": kind, "target": target.id, "target_zh": target.zh, "target_en": target.en,
        "section": target.section, "year": year, "scenario": scenario.name,
        "scenario_zh": scenario.title["zh"], "scenario_en": scenario.title["en"],
        "event": p.key.event, "p": "" if p.bounded else p.least.mean, "p_least": p.least.mean,
        "p_most": p.most.mean, "low": low, "high": high, "mc_error": p.se,
        **dict(zip(("p_below", "p_in", "p_above"), shares, strict=True)),
        "members": p.members, "lost_members": p.lost, "measure": p.key.measure,
        "scope": p.key.scope, "price_basis": p.key.price_basis, "as_of": p.key.as_of,
        "prior_set": p.key.prior_set, "model_digest": p.key.model_digest,
        "model_set": p.key.model_set, "posterior": p.key.posterior,
    }  # fmt: skip
