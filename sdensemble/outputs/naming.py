"""How things of a study are called: identifiers, targets, dates and amounts, as words.

What a study says of itself (``[labels]``, ``[units]`` and ``[measures]`` of its report) comes
first, then the catalogue, then the identifier itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sdengine.syntax import Model
from sdensemble.inputs.history import FIRST_YEAR, IMPORT, LATEST, counts_years, known_until
from sdensemble.inputs.naming import Amount, element_label
from sdensemble.inputs.report import ReportSpec
from sdensemble.inputs.scenarios import moved_by
from sdensemble.inputs.targets import ABOUT, Target, band
from sdensemble.lang import LANGS, Each, Words, bracketed, has, joined, phrase, spoken, tell
from sdensemble.results.probability import value_of
from sdensemble.results.results import Results, outlay_told

SIGNS = {">": ">", ">=": "≥", "=": "=", ABOUT: "≈"}
"""Comparators as one sign."""


def label(spec: ReportSpec, identifier: str) -> Words:
    """Return an identifier as people write it."""
    if identifier in spec.labels:
        return spec.labels[identifier]
    if "+" in identifier:  # of targets asked for together
        parts = dict.fromkeys(part.strip() for part in identifier.split("+"))
        return joined([label(spec, part) for part in parts if part], "list")
    if has(f"label.{identifier}"):
        return phrase(f"label.{identifier}")
    scope = re.fullmatch(r"constant[_-](?:as[_-]of[_-])?(\d{4})", identifier)
    if scope:
        return phrase("date.constant_as_of", year=scope[1])
    return identifier.replace("_", " ")


def with_element(model: Model, name: Words, constant: str, element: str | None) -> Words:
    """Return a constant's name with its element in brackets, by label where it has one range."""
    if not element:
        return name
    dims = model[constant].dims if constant in model else ()
    told = element_label(model, dims[0], element) if len(dims) == 1 else element
    return joined([name, bracketed([told])], "nothing")


def conditioned(spec: ReportSpec, identifiers: Iterable[str]) -> Words:
    """Return identifiers in brackets; empty where none is given."""
    return bracketed([label(spec, one) for one in identifiers if one])


def measure_of(spec: ReportSpec, target: Target) -> Words:
    """Return measure, price basis and scope of a target as a clause; empty where it has none."""
    named = [target.measure, target.price_basis, target.scope]
    words = joined([label(spec, one) for one in named if one], "within")
    return phrase("document.measured", measure=words) if any(named) else ""


def unit_notes(spec: ReportSpec, units: Iterable[str]) -> Words:
    """Return what the report explains of units, each once: "1 dozen = 12"."""
    kept = tuple(units)
    return Each({lang: spec.unit_notes(kept, lang) for lang in LANGS})


def information_date(as_of: str, issued: str = "") -> Words:
    """Return an information date in words; "through-2019" is the end of that year.

    Ex ante is what was known by ``issued``, the date the policy was made; later is a nowcast by
    its date. Without it every date but the latest is taken as ex ante.
    """
    if as_of == LATEST:
        return phrase("date.nowcast")
    if not as_of:
        return phrase("date.no_date")
    if found := IMPORT.fullmatch(as_of):
        return phrase("date.nowcast_import", date=found[1], batch=found[2])
    day = last_day_of(as_of)
    late = bool(issued) and known_until(as_of) > known_until(issued)
    return phrase("date.known" if late else "date.ex_ante", date=day)


def last_day_of(as_of: str) -> Words:
    """Return an information date without saying what was made at it: "to the end of 2019"."""
    through = re.fullmatch(r"through-(\d{4})", as_of)
    return phrase("date.through", year=through[1]) if through else phrase("date.as_of", date=as_of)


def fitted(posterior: str) -> Words:
    """Return what is said of the draws: before calibration, or the posterior's digest."""
    return phrase("date.calibrated" if posterior else "date.uncalibrated", digest=posterior)


def period_of(model: Model, spec: ReportSpec | None) -> Words:
    """Return a model's unit of time: "year", "month" …, or what a report calls another."""
    unit = model.clock.unit
    shared = f"period.{unit.casefold().removesuffix('s') or 'year'}"
    if has(shared):
        return phrase(shared)
    return {lang: spec.unit_label(unit, lang).lower() for lang in LANGS} if spec else unit


def moment(model: Model, spec: ReportSpec | None, time: float) -> Words:
    """Return a time in words: "2025"; where the model's unit is another, "month 9"."""
    if counts_years(model.clock.unit):
        half = time % 1 == 0.5
        year = f"{time - 0.5 if half else time:g}"
        return phrase("date.half_way" if half else "date.year", year=year)
    return phrase("date.step", n=f"{time:g}", unit=period_of(model, spec))


def time_unit(results: Results) -> Words:
    """Return the unit of time of a run's model."""
    return period_of(results.model, results.spec)


def when(results: Results, year: int) -> Words:
    """Return a time of a run's model in words."""
    return moment(results.model, results.spec, year)


def made_from(model: Model, file: str = "") -> Words:
    """Return where numbers come from: a model and, where some are drawn, a file of statistics."""
    key = "figure.source_with" if file else "figure.source"
    return phrase(key, model=model.path.name, digest=model.digest[:8], file=file)


def target_label(target: Target) -> dict[str, str]:
    """Return a target's name with its year, by language."""
    return spoken(target)


def named_with_year(target: Target, unit: Words) -> Words:
    """Return a target's name with its year behind it: "Grain 2025"; "Members, month 36".

    ``unit`` is the model's unit of time, said where times are no years of the calendar.
    """
    name = target_name(target)
    if not target.year:
        return name
    if target.year >= FIRST_YEAR:
        return joined([name, f" {target.year}"], "nothing")
    return joined([name, phrase("date.step", n=f"{target.year:g}", unit=unit)], "within")


ASKED = {">": "more", ">=": "least", "=": "equal", ABOUT: "about"}
"""Keys of the signs in which a table says what a target asks."""


def wanted(target: Target, spec: ReportSpec) -> Words:
    """Return what a target asks in a few signs: "≥100亿元", "＞80%"; empty for a joint one."""
    if target.value is None:
        return ""
    amount = Amount.of(spec, target.unit, target.value, target.measure)
    asked = phrase(f"sign.{ASKED[target.comparator or '>=']}", amount=amount)
    if target.low is None or target.high is None:
        return asked
    low, high = (
        Amount.of(spec, target.unit, end, target.measure, like=target.value).bare()
        for end in (target.low, target.high)
    )
    return phrase("sign.between", asked=asked, low=low, high=high)


def target_name(target: Target) -> Words:
    """Return a target's name without its year, which sentences say elsewhere."""
    year = r"[\s,，]*(?<!\d)(19|20)\d\d年?(?=\s*([(（]|$))"
    return {lang: re.sub(year, "", text) for lang, text in target_label(target).items()}


def inside(label: Words, spec: ReportSpec) -> Words:
    """Return a label as it stands inside a sentence: "total output", "Chinese medicine"."""

    def small(text: str) -> str:
        first = text.partition(" ")[0].rstrip(",")
        plain = first[1:].islower() and first not in spec.capitals
        return text[:1].lower() + text[1:] if plain else text

    return {lang: small(tell(label, lang)) for lang in LANGS}


def is_example(target: Target) -> bool:
    """Return whether a target is none of the policy's own, such as one a person may edit."""
    return target.role == "reference"


def beyond(target: Target, spec: ReportSpec) -> Words:
    """Return a target's condition in words: "超过1000亿元", "at least 1200 亿元"."""
    value = value_of(target)
    shown = Amount.of(spec, target.unit, value, target.measure)
    if target.comparator == ABOUT:
        low, high = (
            Amount.of(spec, target.unit, end, target.measure, like=value).bare()
            for end in band(target)
        )
        return phrase("number.about", amount=shown, low=low, high=high)
    return phrase("number.above" if target.comparator == ">" else "number.at_least", amount=shown)


def statement(results: Results, target: Target) -> Words:
    """Return a target in words: "2025年全省产值超过1000亿元"."""
    year = when(results, results.year(target))
    if target.joint:
        return named_in(results.spec, target, year)
    return stated(results.spec, target, year)


def stated(spec: ReportSpec, target: Target, year: Words) -> Words:
    """Return a target of one variable in words, with a year."""
    name = inside(target_name(target), spec)
    return phrase("date.condition", year=year, name=name, words=beyond(target, spec))


def named_in(spec: ReportSpec, target: Target, year: Words) -> Words:
    """Return what a target is about, with a year: "2025年全省产值"."""
    return phrase("date.together", year=year, name=inside(target_name(target), spec))


@dataclass(frozen=True)
class Purses:
    """Who pays and who forgoes income, and what the money paid is called, such as 财政支出."""

    payers: tuple[Words, ...]
    forgoers: tuple[Words, ...]
    outlay: Words

    def said(self) -> dict[str, Words]:
        """Return the names as a phrase fills them in: paid, forgone, outlay."""
        paid, forgone = joined(self.payers), joined(self.forgoers)
        return {"paid": paid, "forgone": forgone, "outlay": self.outlay}


def purses(spec: ReportSpec) -> Purses:
    """Return the purses of a report; its label of ``outlay`` names the money paid."""
    forgoers = tuple(one.label for one in spec.payers if one.forgone)
    payers = tuple(one.label for one in spec.payers if not one.forgone)
    return Purses(payers, forgoers, outlay_of(spec))


def outlay_of(spec: ReportSpec) -> Words:
    """Return what the money paid is called."""
    return label(spec, "outlay")


def lever_caveats(results: Results) -> tuple[Words, ...]:
    """Return what the report has to say of the levers that the scenarios of a run move."""
    return results.spec.caveats_of(moved_by(results.scenarios))


def unequal_costs(results: Results) -> tuple[Words, ...]:
    """Say of packages what they cost where that differs by more than a hundredth.

    Their costs on default constants may be equal and still differ over members, with the world
    and with how fully a policy is carried out.
    """
    pairs = [(one, against) for one, against in results.pairs() if one.package]
    costs = [results.payers_outlay(*pair, results.asked_year) for pair in pairs]
    means = [cost.found.mean for cost in costs if cost is not None and outlay_told(cost)]
    if len(means) < 2 or max(means) - min(means) <= 0.01 * abs(max(means)):
        return ()
    unit = results.unit(next(p for p in results.spec.payers if not p.forgone).variable)
    return (
        phrase(
            "answer.unequal",
            outlay=outlay_of(results.spec),
            names=joined(
                [
                    one.title
                    for (one, _), cost in zip(pairs, costs, strict=True)
                    if cost is not None and outlay_told(cost)
                ]
            ),
            low=f"{float(f'{min(means):.3g}'):g}",
            high=Amount.of(results.spec, unit, float(f"{max(means):.3g}")),
        ),
    )


def reasons(targets: Iterable[Target]) -> list[Words]:
    """Return why targets are read as they are, each reason once."""
    every = [spoken(one, "reason") for one in targets]
    return [one for place, one in enumerate(every) if one not in every[:place]]


def measures_of(spec: ReportSpec, targets: Sequence[Target]) -> Words:
    """Return each measure of targets with its scope and price basis, once."""
    keys = dict.fromkeys((t.measure, t.scope, t.price_basis) for t in targets)
    # a measure that is called by its scope does not say it twice
    named = [(m, ("" if s and m.endswith(s) else s, p)) for m, s, p in keys]
    said = [joined([label(spec, m), conditioned(spec, by)], "nothing") for m, by in named]
    return joined(said, "clause")
