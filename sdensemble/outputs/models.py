"""One question asked of several structures: P and effects by variant, their range and mixture."""

from __future__ import annotations

import csv
import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from sdengine.errors import Problems, SDError, did_you_mean
from sdensemble.ensemble.variants import Variant
from sdensemble.inputs.scenarios import Scenario
from sdensemble.inputs.targets import Target
from sdensemble.outputs.columns import CONDITIONS, SCENARIO, UNIT, Columns
from sdensemble.outputs.text import folded, wrap
from sdensemble.outputs.words import LANGS, decimals, points, rounded, rounded_up, target_name
from sdensemble.results.estimate import Array, Estimate, mean_of
from sdensemble.results.probability import Key, Probability, difference, distinguishable
from sdensemble.results.results import Results, outlay_told

Row = dict[str, Any]
Words = Mapping[str, Mapping[str, str]]

RANGE, MIXTURE = "range", "mixture"

COLUMNS: Columns = {
    "kind": (
        "类别：probability 概率，difference 概率之差，effect 产出之差",
        "probability, difference (in probability) or effect (on output)",
    ),
    "target": ("目标或对象标识", "target or outcome identifier"),
    "target_zh": ("目标或对象（中文）", "target or outcome (Chinese)"),
    "target_en": ("目标或对象（英文）", "target or outcome (English)"),
    **SCENARIO,
    "against": ("对照情景；概率行空白", "compared with; blank in rows of probability"),
    "year": ("年份", "year"),
    **UNIT,
    "variant": (
        "结构变体标识；range 为各变体之间的范围，mixture 为加权混合",
        "variant; range: over the variants; mixture: their weighted mean",
    ),
    "variant_zh": ("结构变体（中文）", "variant (Chinese)"),
    "variant_en": ("结构变体（英文）", "variant (English)"),
    "question": ("所涉结构问题", "structural question it answers"),
    "same_as": (
        "与哪一变体相同（没有改变任何设定，权重为零）",
        "the variant it is the same as: it changes nothing and weighs nothing",
    ),
    "weight": ("混合权重", "weight in the mixture"),
    "mean": (
        "概率（缺失成员计为未达标）或同成员配对差的均值；range 行空白",
        "probability (lost members are misses) or mean paired difference; blank in rows of range",
    ),
    "error": ("抽样标准误", "Monte Carlo standard error"),
    "low": ("95%区间下端；range 行为最小值", "lower end of the 95% interval; of range the least"),
    "high": ("95%区间上端；range 行为最大值", "upper end of the 95% interval; of range the most"),
    "per_outlay": ("每单位财政支出的效果", "effect per unit of outlay"),
    "leads": (
        "1：在该变体中每单位支出效果最大的政策组合",
        "1: the package worth most per unit of outlay in this variant",
    ),
    "members": ("成员数", "members"),
    "verdict": (
        "判断：distinguishable、not_distinguishable、no_lever（该模型没有这一工具）",
        "distinguishable, not_distinguishable, or no_lever: the variant's model has no such lever",
    ),
    **CONDITIONS,
}

WORDS: Words = {
    "head": {
        "zh": "{n}种结构，每种每情景{members}个相同成员；{date}",
        "en": "{n} structures, the same {members} members in each scenario; {date}",
    },
    "asked": {"zh": "目标：{target}", "en": "Target: {target}"},
    "variant": {"zh": "结构", "en": "Structure"},
    "p": {"zh": "P（{scenario}）", "en": "P ({scenario})"},
    "weight": {"zh": "权重", "en": "Weight"},
    "same": {"zh": "{title}（同{other}）", "en": "{title} (same as {other})"},
    "once": {
        "zh": "标“同{other}”的变体在当前常数下没有改变任何设定，不重复计入混合。",
        "en": 'Variants marked "same as" change nothing at the present constants and are not'
        " counted again in the mixture.",
    },
    "leads": {"zh": "每单位支出领先", "en": "Leads per outlay"},
    "pair_leads": {"zh": "{first}与{second}之间", "en": "{first} or {second}"},
    "leaders": {
        "zh": "“每单位支出领先”在全部政策组合中比较；另一栏只比较排序翻转的两种；"
        "≈：前两名相差不到两倍标准误。",
        "en": '"Leads per outlay" is among all packages; the other column compares the two whose'
        " ranking flips; ≈: the first two are less than two standard errors apart.",
    },
    "range": {"zh": "范围", "en": "Range"},
    "mixture": {"zh": "混合（{how}）", "en": "Mixture ({how})"},
    "equal": {"zh": "等权", "en": "equal weights"},
    "weighted": {"zh": "按权重文件", "en": "weights from a file"},
    "columns": {
        "zh": "P ±抽样标准误；各政策一栏为对{year}{name}的同成员配对差 ±标准误（{unit}），"
        "括号内为每单位财政支出的效果；—：该模型没有这一工具；≈0：与零无显著差别。",
        "en": "P ± Monte Carlo standard error; columns of policies: paired effect on {name} in"
        " {year} ± standard error ({unit}), in brackets per unit of outlay; —: this model has no"
        " such lever; ≈0: not distinguishable from zero.",
    },
    "flip": {
        "zh": "排序翻转：{first}与{second}之间，{ahead}中前者领先，{behind}中后者领先"
        "（按每单位支出）。单一结构不足以比较政策。",
        "en": "The ranking flips: {first} leads {second} per unit of outlay in {ahead};"
        " {second} leads in {behind}. One structure is not enough to compare them.",
    },
    "no_flip": {
        "zh": "{first}与{second}的排序在所试结构中没有翻转。",
        "en": "The ranking of {first} and {second} does not flip among these structures.",
    },
    "answer": {
        "zh": "{scenario}情景下，{target}：各结构之间{low}至{high}，混合{mixture}（{how}）。",
        "en": "Under {scenario}, {target}: {low} to {high} over the structures,"
        " mixture {mixture} ({how}).",
    },
    "caution": {
        "zh": "各变体是对结构的不同设想，不是全部可能；范围和混合都取决于选了哪些变体。",
        "en": "The variants are some of the possible structures, not all: range and mixture depend"
        " on which were chosen.",
    },
    "lost": {
        "zh": "注意：{variant}中有{members}个成员出现非数值，概率中计为未达标。",
        "en": "Note: {members} members are not finite in {variant}; P counts them as misses.",
    },
    "and": {"zh": "、", "en": ", "},
}


@dataclass(frozen=True, eq=False)
class ModelSet:
    """The same members under several structures.

    ``results[i]`` belongs to ``variants[i]``; ``weights`` sum to one; ``without[i]`` names the
    scenarios whose levers the variant's model has not; ``same`` names variants that change
    nothing, with the one they are the same as: they weigh nothing.
    """

    variants: tuple[Variant, ...]
    results: tuple[Results, ...]
    weights: tuple[float, ...]
    without: tuple[tuple[str, ...], ...]
    weighted: bool = False
    same: Mapping[str, str] = field(default_factory=dict)

    @property
    def main(self) -> Results:
        """Results of the first variant, which is the study's own model."""
        return self.results[0]

    @property
    def name(self) -> str:
        """The model set as a probability's key carries it."""
        how = "stacked" if self.weighted else "equal"
        own = [variant.name for variant in self.variants if variant.name not in self.same]
        return f"{how}: {', '.join(own)}"

    def title(self, variant: Variant, lang: str) -> str:
        """Return a variant's title, with the one it is the same as where it changes nothing."""
        title = variant.title[lang]
        if variant.name not in self.same:
            return title
        other = next(v for v in self.variants if v.name == self.same[variant.name])
        return WORDS["same"][lang].format(title=title, other=other.title[lang])


def read_weights(path: Path, names: Sequence[str]) -> tuple[float, ...]:
    """Return the weights of variants, in the order of ``names``, scaled to sum to one.

    The CSV has the columns variant and weight; a variant it leaves out weighs nothing. Raise
    SDError with every problem found.
    """
    found, given = Problems(), {}
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SDError(f"{path}: cannot be read — {error.strerror or error}") from None
    for number, row in enumerate(csv.DictReader(text.splitlines()), start=2):
        name, weight = (row.get("variant") or "").strip(), (row.get("weight") or "").strip()
        where = f"{Path(path).name} line {number}"
        try:
            value = float(weight)
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and value >= 0):
            found.add(where, f'weight must be a number from 0, not "{weight}"')
        if name not in names:
            found.add(where, f'no variant "{name}" in this run{did_you_mean(name, names)}')
        given[name] = value
    total = sum(given.get(name, 0.0) for name in names)
    if not found and not total > 0:
        found.add(Path(path).name, "gives no variant of this run a weight above 0")
    found.raise_if_any()
    return tuple(given.get(name, 0.0) / total for name in names)


# ── one number in every variant ────────────────────────────────────────────────────────────


@dataclass(frozen=True, eq=False)
class Across:
    """One number by variant: None where a variant's model cannot tell it."""

    each: tuple[Estimate | None, ...]
    mixture: Estimate | None

    @property
    def span(self) -> tuple[float, float]:
        """Least and most of the means over the variants."""
        means = [found.mean for found in self.each if found is not None]
        return (min(means), max(means)) if means else (math.nan, math.nan)


def asks(results: Results, target: Target) -> bool:
    """Return whether a variant's model has every variable of a target."""
    return target in results.targets


def probabilities(models: ModelSet, target: Target, scenario: Scenario) -> Across:
    """Return P of a target under a scenario in each variant, and of their mixture.

    The mixture's error counts the pairing: a member is the same world in every variant.
    """
    shares: list[Array | None] = []
    each: list[Estimate | None] = []
    for results in models.results:
        if not asks(results, target):
            shares.append(None)
            each.append(None)
            continue
        event = results.event(target, results.scenario(scenario.name))
        each.append(event.probability().least)
        shares.append((event.hit & ~event.lost).astype(float))
    return Across(tuple(each), _mixed(models, shares))


def mixture_probability(models: ModelSet, target: Target, scenario: Scenario) -> Probability:
    """Return P of the mixture with its key, which names the model set."""
    found = probabilities(models, target, scenario).mixture
    if found is None:
        raise SDError(f'no variant has what target "{target.id}" asks of')
    return Probability(mixture_key(models, target, scenario), found, found, 0)


def mixture_key(models: ModelSet, target: Target, scenario: Scenario) -> Key:
    """Return the key of a probability over the mixture."""
    key = models.main.key(target, models.main.scenario(scenario.name))
    digests = "+".join(str(r.data.attrs["model_digest"])[:8] for r in models.results)
    return replace(key, model_set=models.name, model_digest=digests)


def effects(models: ModelSet, scenario: Scenario, against: Scenario, year: int) -> Across:
    """Return the paired effect on the headline in each variant that has a lever for it."""
    moved: list[Array | None] = []
    each: list[Estimate | None] = []
    for results, without in zip(models.results, models.without, strict=True):
        if scenario.name in without:
            moved.append(None)
            each.append(None)
            continue
        whole = results.spec.headline.whole
        first, second = results.scenario(scenario.name), results.scenario(against.name)
        found = results.effect(whole, first, second, year)
        moved.append(found.moved)
        each.append(found.found)
    return Across(tuple(each), _mixed(models, moved))


def _mixed(models: ModelSet, parts: Sequence[Array | None]) -> Estimate | None:
    """Return the weighted mean over variants, member by member; weights of the rest are shared."""
    held = [(w, p) for w, p in zip(models.weights, parts, strict=True) if p is not None and w > 0]
    total = sum(weight for weight, _ in held)
    if not held:
        return None
    mixed = np.sum([weight / total * part for weight, part in held], axis=0)
    return mean_of(mixed, models.main.replicate)


def per_outlay(results: Results, scenario: Scenario, against: Scenario, year: int) -> float:
    """Return the effect on the headline per unit of added outlay; NaN where either is unclear."""
    first, second = results.scenario(scenario.name), results.scenario(against.name)
    try:
        outlay = results.payers_outlay(first, second, year)
    except SDError:  # a model of its own may know no payers
        return math.nan
    found = results.effect(results.spec.headline.whole, first, second, year).found
    if outlay is None or not (outlay_told(outlay) and outlay.found.mean > 0):
        return math.nan
    return found.mean / outlay.found.mean


def packages(models: ModelSet) -> tuple[tuple[Scenario, Scenario], ...]:
    """Return the scenarios that are packages, each with the one it is compared with."""
    return tuple(pair for pair in models.main.pairs() if pair[0].package)


def _told(models: ModelSet, index: int) -> list[tuple[float, Scenario, Scenario]]:
    """Return packages whose worth per outlay can be told in a variant, the largest first."""
    results, year = models.results[index], models.main.asked_year
    found = [
        (per_outlay(results, scenario, against, year), scenario, against)
        for scenario, against in packages(models)
        if scenario.name not in models.without[index]
    ]
    told = [one for one in found if math.isfinite(one[0])]
    return sorted(told, key=lambda one: (-one[0], one[1].name))


def leader(models: ModelSet, index: int) -> Scenario | None:
    """Return the package worth most per unit of outlay in one variant.

    None where that cannot be told: fewer than two, or the first two too close.
    """
    told = _told(models, index)
    if len(told) < 2:
        return None
    pairs = [(scenario, against) for _, scenario, against in told[:2]]
    gap = _gap(models.results[index], pairs[0], pairs[1], models.main.asked_year)
    return told[0][1] if gap is not None and distinguishable(gap) else None


def unclear(models: ModelSet, index: int) -> str:
    """Return the sign that stands where no package leads: too close, or nothing to compare."""
    return "≈" if len(_told(models, index)) > 1 else "—"


@dataclass(frozen=True)
class Flip:
    """Two packages whose ranking per unit of outlay flips, and where each leads."""

    one: Scenario
    two: Scenario
    ahead: tuple[Variant, ...]
    behind: tuple[Variant, ...]

    def leads(self, variant: Variant) -> Scenario | None:
        """Return which of the two leads in a variant; None where neither clearly does."""
        for scenario, side in ((self.one, self.ahead), (self.two, self.behind)):
            if any(one.name == variant.name for one in side):
                return scenario
        return None


def flipped(models: ModelSet) -> Flip | None:
    """Return the first two packages whose ranking flips; None where none does."""
    return next((Flip(*found) for found in flips(models) if found[2] and found[3]), None)


def flips(
    models: ModelSet, repeated: bool = True
) -> Iterator[tuple[Scenario, Scenario, tuple[Variant, ...], tuple[Variant, ...]]]:
    """Yield each pair of packages with the variants in which either leads per unit of outlay.

    A variant counts only where the two effects per unit are at least two standard errors apart;
    those that are the same as another only where they are ``repeated``.
    """
    year = models.main.asked_year
    for (one, base), (two, other) in itertools.combinations(packages(models), 2):
        ahead: dict[bool, list[Variant]] = {True: [], False: []}
        for variant, results, without in zip(
            models.variants, models.results, models.without, strict=True
        ):
            if {one.name, two.name} & set(without):
                continue
            if variant.name in models.same and not repeated:
                continue
            gap = _gap(results, (one, base), (two, other), year)
            if gap is not None and distinguishable(gap):
                ahead[gap.mean > 0].append(variant)
        yield one, two, tuple(ahead[True]), tuple(ahead[False])


def _gap(
    results: Results,
    one: tuple[Scenario, Scenario],
    two: tuple[Scenario, Scenario],
    year: int,
) -> Estimate | None:
    """Return effect per unit of outlay of one package less the other's, paired by member.

    With outlays as given numbers: e1/O1 − e2/O2 has the error of its numerators, as the mean
    outlays are known far better than the effects.
    """
    parts = []
    for scenario, against in (one, two):
        first, second = results.scenario(scenario.name), results.scenario(against.name)
        try:
            outlay = results.payers_outlay(first, second, year)
        except SDError:
            return None
        if outlay is not None and not outlay_told(outlay):
            return None
        scale = 1.0 if outlay is None else outlay.found.mean
        if not scale > 0:
            return None
        parts.append(results.effect(results.spec.headline.whole, first, second, year).moved / scale)
    return mean_of(parts[0] - parts[1], results.replicate)


# ── the table ──────────────────────────────────────────────────────────────────────────────


def rows(models: ModelSet) -> Iterator[Row]:
    """Yield P, its paired difference and the effect on the headline, by variant."""
    main = models.main
    for target in main.targets:
        for scenario in main.scenarios:
            found = probabilities(models, target, scenario)
            yield from _rows_of(models, found, _of_target(models, "probability", target, scenario))
    for scenario, against in main.pairs():
        for target in main.headline_targets():
            found = _differences(models, target, scenario, against)
            shared = _of_target(models, "difference", target, scenario, against)
            yield from _rows_of(models, found, shared)
        for year in main.horizons:
            yield from _effect_rows(models, scenario, against, year)


def _differences(models: ModelSet, target: Target, scenario: Scenario, against: Scenario) -> Across:
    each: list[Estimate | None] = []
    moved: list[Array | None] = []
    for results, without in zip(models.results, models.without, strict=True):
        if not asks(results, target) or scenario.name in without:
            each.append(None)
            moved.append(None)
            continue
        first = results.event(target, results.scenario(scenario.name))
        second = results.event(target, results.scenario(against.name))
        each.append(difference(first, second).found)
        moved.append(first.hit.astype(float) - second.hit.astype(float))
    return Across(tuple(each), _mixed(models, moved))


def _effect_rows(
    models: ModelSet, scenario: Scenario, against: Scenario, year: int
) -> Iterator[Row]:
    main = models.main
    whole = main.spec.headline.whole
    unit = main.unit(whole.variable)
    shared: Row = {
        "kind": "effect",
        "target": whole.id,
        "target_zh": whole.label["zh"],
        "target_en": whole.label["en"],
        **_scenario(scenario),
        "against": against.name,
        "year": year,
        "unit": unit,
        **{f"unit_{lang}": main.spec.unit_label(unit, lang) for lang in LANGS},
        **_conditions(models, main.question),
    }
    ratios = [
        math.nan if scenario.name in without else per_outlay(results, scenario, against, year)
        for results, without in zip(models.results, models.without, strict=True)
    ]
    best = [leader(models, i) for i in range(len(models.variants))]
    leads = [one is not None and one.name == scenario.name for one in best]
    made = list(_rows_of(models, effects(models, scenario, against, year), shared))
    for row, ratio, lead in zip(made, ratios, leads, strict=False):
        asked = scenario.package and year == main.asked_year
        row |= {"per_outlay": ratio, "leads": lead if asked else ""}
    yield from made


def _rows_of(models: ModelSet, found: Across, shared: Row) -> Iterator[Row]:
    for variant, weight, results, one in zip(
        models.variants, models.weights, models.results, found.each, strict=True
    ):
        row = {
            **shared,
            "variant": variant.name,
            **{f"variant_{lang}": models.title(variant, lang) for lang in LANGS},
            "same_as": models.same.get(variant.name, ""),
            "question": variant.question,
            "weight": weight,
            "model_set": variant.name,
            "model_digest": str(results.data.attrs["model_digest"]),
        }
        yield row | (_numbers(one, shared["kind"]) if one else {"verdict": "no_lever"})
    low, high = found.span
    shared = {**shared, "model_set": models.name, "model_digest": ""}
    yield {**shared, "variant": RANGE, **_named(RANGE), "low": low, "high": high}
    if found.mixture is not None:
        numbers = _numbers(found.mixture, shared["kind"])
        yield {**shared, "variant": MIXTURE, **_named(MIXTURE, models), "weight": 1.0, **numbers}


def _named(which: str, models: ModelSet | None = None) -> Row:
    how = {lang: how_mixed(models, lang) if models else "" for lang in LANGS}
    return {f"variant_{lang}": WORDS[which][lang].format(how=how[lang]) for lang in LANGS}


def how_mixed(models: ModelSet, lang: str) -> str:
    """Return in words where the weights come from."""
    return WORDS["weighted" if models.weighted else "equal"][lang]


def _numbers(found: Estimate, kind: str) -> Row:
    row: Row = {
        "mean": found.mean,
        "error": found.se,
        "low": max(found.low, 0.0) if kind == "probability" else found.low,
        "high": min(found.high, 1.0) if kind == "probability" else found.high,
        "members": found.members,
    }
    if kind != "probability":
        row["verdict"] = "distinguishable" if distinguishable(found) else "not_distinguishable"
    return row


def _scenario(scenario: Scenario) -> Row:
    titles = {f"scenario_{lang}": scenario.title[lang] for lang in LANGS}
    return {"scenario": scenario.name, **titles}


def _of_target(
    models: ModelSet,
    kind: str,
    target: Target,
    scenario: Scenario,
    against: Scenario | None = None,
) -> Row:
    return {
        "kind": kind,
        "target": target.id,
        "target_zh": target.zh,
        "target_en": target.en,
        **_scenario(scenario),
        "against": against.name if against else "",
        "year": models.main.year(target),
        "unit": "Dmnl",
        **_conditions(models, target),
    }


def _conditions(models: ModelSet, target: Target) -> Row:
    main = models.main
    return {name: getattr(target, name) for name in ("measure", "scope", "price_basis")} | {
        "as_of": main.as_of,
        "prior_set": main.prior_set,
        "posterior": main.posterior or "prior",
    }


# ── the answer ─────────────────────────────────────────────────────────────────────────────


def text(models: ModelSet, lang: str, columns: int | None = None) -> str:
    """Return the answer as a table by variant with the range, the mixture and what flips.

    A table wider than ``columns`` is folded.
    """
    from sdensemble.outputs.terminal import reference, statement
    from sdensemble.outputs.words import information_date

    main, say = models.main, _sayer(lang)
    base, asked = reference(main), main.question
    pairs = packages(models) or main.pairs()[:2]
    found = probabilities(models, asked, base)
    moves = [effects(models, one, other, main.asked_year) for one, other in pairs]
    head = [
        say("variant"),
        say("p", scenario=base.title[lang]),
        *(one.title[lang] for one, _ in pairs),
        say("leads"),
    ]
    turned = flipped(models)
    if turned:
        first, second = turned.one.title[lang], turned.two.title[lang]
        head.append(say("pair_leads", first=first, second=second))
    lines = [head]
    for i, variant in enumerate(models.variants):
        best = leader(models, i)
        cells = [
            _moved(move.each[i], models.results[i], pair, main.asked_year)
            for move, pair in zip(moves, pairs, strict=True)
        ]
        p, lead = _p(found.each[i]), best.title[lang] if best else unclear(models, i)
        row = [models.title(variant, lang), p, *cells, lead]
        if turned:
            ahead = turned.leads(variant)
            none = {turned.one.name, turned.two.name} & set(models.without[i])
            row.append(ahead.title[lang] if ahead else "—" if none else "≈")
        lines.append(row)
    empty = [""] * (len(head) - 2 - len(pairs))
    low, high = _ends(found)
    spans = [_span(move.span) for move in moves]
    lines.append([say("range"), f"{low}–{high}%", *spans, *empty])
    mixed = [_plain(move.mixture) for move in moves]
    how = how_mixed(models, lang)
    lines.append([say("mixture", how=how), _p(found.mixture), *mixed, *empty])
    unit = main.spec.unit_label(asked.unit, lang)
    year, name = main.when(main.asked_year, lang), target_name(asked, lang)
    mixture = found.mixture
    notes = [
        say("columns", year=year, name=name, unit=unit),
        *([say("leaders")] if turned else []),
        *([say("once", other=models.variants[0].title[lang])] if models.same else []),
        say(
            "answer", scenario=base.title[lang], target=statement(main, asked, lang), how=how,
            low=f"{low}%", high=f"{high}%",
            mixture=f"{points(mixture.mean, mixture.se)}%" if mixture else "—",
        ),
        *flip_lines(models, lang),
        *(
            say("lost", variant=variant.title[lang], members=one["members"])
            for variant, results in zip(models.variants, models.results, strict=True)
            for one in results.lost[:1]
        ),
        say("caution"),
    ]  # fmt: skip
    first = say(
        "head",
        n=len(models.variants),
        members=main.members,
        date=information_date(main.as_of, lang, main.spec.issued),
    )
    shown = [
        first,
        say("asked", target=statement(main, asked, lang)),
        "",
        *folded(lines, columns),
        "",
    ]
    return "\n".join([*shown, *(line for note in notes for line in wrap(note, columns or 100))])


def flip_lines(models: ModelSet, lang: str) -> list[str]:
    """Return a sentence for each pair of packages: where their ranking flips, if it does."""
    say, join = _sayer(lang), WORDS["and"][lang].join
    lines = []
    for one, two, ahead, behind in flips(models, repeated=False):
        names = {"first": one.title[lang], "second": two.title[lang]}
        if ahead and behind:
            mark = "“{}”" if lang == "zh" else '"{}"'
            shown = [join(mark.format(v.title[lang]) for v in side) for side in (ahead, behind)]
            lines.append(say("flip", **names, ahead=shown[0], behind=shown[1]))
        else:
            lines.append(say("no_flip", **names))
    return lines


def _sayer(lang: str) -> Callable[..., str]:
    return lambda key, /, **values: WORDS[key][lang].format(**values)


def _ends(found: Across) -> tuple[str, str]:
    """Return the least and the most of a probability over variants, rounded as in their rows."""
    held = sorted((one for one in found.each if one is not None), key=lambda one: one.mean)
    if not held:
        return "—", "—"
    return points(held[0].mean, held[0].se), points(held[-1].mean, held[-1].se)


def _p(found: Estimate | None) -> str:
    if found is None:
        return "—"
    error = f" ±{max(1, math.ceil(100 * found.se - 1e-9))}" if math.isfinite(found.se) else ""
    return f"{points(found.mean, found.se)}%{error}"


def _plain(found: Estimate | None) -> str:
    if found is None:
        return "—"
    if not distinguishable(found):
        return "≈0"
    return f"{rounded(found.mean, found.se)} ±{rounded_up(found.se, decimals(found.se, 1))}"


def _moved(
    found: Estimate | None, results: Results, pair: tuple[Scenario, Scenario], year: int
) -> str:
    shown = _plain(found)
    if found is None or shown == "≈0":
        return shown
    ratio = per_outlay(results, *pair, year)
    return f"{shown} ({ratio:.2f})" if math.isfinite(ratio) else shown


def _span(span: tuple[float, float]) -> str:
    low, high = span
    return f"{low:.1f}–{high:.1f}" if math.isfinite(low) else "—"
