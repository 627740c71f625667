"""The briefing paper of a run: two pages for whoever decides, and annexes for whoever checks.

Every sentence with a number is a phrase of the catalogue filled from the results; which phrase is
taken depends on what the numbers say. What a run does not hold is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sdensemble.inputs.scenarios import Scenario
from sdensemble.inputs.targets import Target, readings
from sdensemble.lang import Capital, Ended, Words, bracketed, joined, phrase
from sdensemble.outputs.answer import (
    band_of,
    by_set,
    conditions,
    money_notes,
    pair_notes,
    rounding,
    said_by_set,
    span_of,
)
from sdensemble.outputs.document import Annex, Block, Box, Document, Heading, Items, Paragraph, Ref
from sdensemble.outputs.figures.effects import effects
from sdensemble.outputs.figures.fan import fan
from sdensemble.outputs.figures.parts import run_of, source, units
from sdensemble.outputs.form import Chance, InTen, Share, Shown, Spread
from sdensemble.outputs.limit_tables import limits_of
from sdensemble.outputs.naming import inside, is_example, label, statement, when
from sdensemble.outputs.pages import tables
from sdensemble.outputs.pages.levers import levers_chapter, levers_note, narrow_comparison
from sdensemble.outputs.pages.material import Material
from sdensemble.results.probability import difference, distinguishable
from sdensemble.results.results import Results, is_stress, reference

FAN_MM = 52.0
"""Height of the fan, so that what whoever decides reads ends on the second page."""


def brief(results: Results, material: Material | None = None) -> Document:
    """Return the paper of a run as a document."""
    material = material or Material()
    blocks: list[Block] = [
        Heading(phrase("brief.part_answer")),
        Paragraph(answer_sentences(results, material.others), "lead"),
        Items(tuple(caveats(results, material))),
        tables.worlds(results, material.others),
        *levers_chapter(results, material),
        *_way(results, material),
        *_annexes(results, material),
    ]
    date = str(material.record.get("started", ""))[:10]
    return Document(
        "brief",
        phrase("brief.title", target=statement(results, results.question)),
        tuple(blocks),
        subtitle=phrase("brief.subtitle", date=date) if date else "",
        date=date,
        source=source(results),
        run=run_of(results),
        keywords={"model": results.model.digest[:12], "prior_set": results.prior_set},
    )


def answer_sentences(results: Results, others: Sequence[Results] = ()) -> Words:
    """Return the first paragraph: whose target, the answer, and what it is an answer to."""
    said: list[Words] = []
    policy = results.spec.policy
    asked = results.question
    if policy:
        # An example a person may edit is no target of the policy, and must not be called one.
        key = "asked_example" if is_example(asked) else "asked"
        said.append(phrase(f"brief.{key}", policy=policy))
    base = reference(results)
    for target in (asked, *_beside(results)):
        values = {"scenario": base.title, "target": statement(results, target)}
        said.append(phrase("brief.headline", chance=headline(results, others, target), **values))
    moved = _moved(results)
    said += [_what_policy_does(results, moved)] if moved is not None else []
    said.append(Ended(conditions(results)))
    said.append(units(results))
    return joined(said, "sentence")


def _beside(results: Results) -> list[Target]:
    """Return the policy's own targets that the report shows beside the question."""
    names = results.spec.headline.beside
    held = [t for t in results.targets if t.id in names and t is not results.question]
    return [t for t in held if not is_example(t) and not t.joint]


def headline(results: Results, others: Sequence[Results], target: Target) -> Words:
    """Return the range in words, with the probability under each prior set in brackets."""
    found = by_set(results, others, target)
    words = Shown(span_of([p for _, p in found]), InTen())
    return joined([words, bracketed([joined(said_by_set(found), "within")])], "nothing")


def _moved(results: Results) -> list[tuple[Scenario, Any]] | None:
    """Return the change of P under each lever scenario; None where none was run."""
    found = []
    for scenario, against in results.pairs():
        if is_stress(scenario) or against is not reference(results):
            continue
        events = (results.event(results.question, one) for one in (scenario, against))
        found.append((scenario, difference(*events).found))
    return found or None


def _what_policy_does(results: Results, moved: list[tuple[Scenario, Any]]) -> Words:
    """Say how far any lever moves P: most at all, or that none can be told from nothing."""
    apart = [(scenario, found) for scenario, found in moved if distinguishable(found)]
    if not apart:
        return phrase("brief.policy_none", n=len(moved))
    scenario, found = max(apart, key=lambda one: abs(one[1].mean))
    key = "policy_most_up" if found.mean > 0 else "policy_most_down"
    shown = f"{100 * abs(found.mean):.{0 if abs(found.mean) >= 0.1 else 1}f}"
    return phrase(f"brief.{key}", scenario=scenario.title, points=shown, n=len(moved))


def caveats(results: Results, material: Material) -> list[Words]:
    """Return two or three things that must be said with the answer."""
    found: list[Words] = []
    sets = by_set(results, material.others)
    if len(sets) > 1:
        ps = [p for _, p in sets]
        middles = [p.middle for p in ps]
        key = "caveat_sets_far" if max(middles) - min(middles) >= 0.1 else "caveat_sets_near"
        names = joined([label(one.spec, one.prior_set) for one, _ in sets], "list")
        found.append(phrase(f"brief.{key}", names=names, words=Shown(span_of(ps), InTen())))
    scopes = [label(results.spec, t.scope) for t in readings(results.question, results.targets)]
    rows = tables.worlds(results, material.others).records()
    if held := [row for row in rows if row["world"] in scopes]:
        items = [
            phrase("brief.in_scope", scope=row["world"], p=Shown(row["p"], Chance()))
            for row in held
        ]
        own = label(results.spec, results.question.scope)
        found.append(phrase("brief.caveat_scope", own=own, items=joined(items, "within")))
    found.append(phrase("brief.caveat_error" if results.posterior else "brief.caveat_prior"))
    found += rounding([results, *material.others])
    found += list(material.notes)
    return found


def _way(results: Results, material: Material) -> Iterable[Block]:
    base = reference(results)
    yield Heading(phrase("brief.part_way"))
    found = limits_of(results, base, results.asked_year)
    said = [_way_sentence(results)]
    said += [_limits_sentence(results, *found)] if found is not None else []
    yield Paragraph(joined(said, "sentence"))
    drawn = fan(results, base, material.history, material.others, lower=False)
    yield replace(
        drawn,
        panels=tuple(replace(panel, height=FAN_MM) for panel in drawn.panels),
        caption=phrase(
            "brief.fan_caption", name=results.spec.headline.whole.label, scenario=base.title
        ),
    )


def _way_sentence(results: Results) -> Words:
    base, whole = reference(results), results.spec.headline.whole
    year = results.asked_year
    band = band_of(results, results.at(whole, base, year))
    values = {
        "figure": Ref("fan"),
        "scenario": base.title,
        "year": when(results, year),
        "name": inside(whole.label, results.spec),
        "band": Shown(band, Spread()),
        "unit": tables.unit_of(results, whole.variable),
    }
    return phrase("brief.way", **values)


def _limits_sentence(results: Results, outcome: Any, sets: Mapping[str, Any]) -> Words:
    items = []
    for name, held in sets.items():
        (first, share), *rest = held
        words = {"set": label(results.spec, name), "first": first.label}
        words["share"] = Shown(share, Share())
        if rest:
            words |= {"second": rest[0][0].label, "other": Shown(rest[0][1], Share())}
        items.append(phrase("brief.limit" if rest else "brief.limit_only", **words))
    return phrase(
        "brief.limits_said",
        year=when(results, results.asked_year),
        name=inside(outcome.label, results.spec),
        items=joined(items, "clause"),
        annex=Ref("binds"),
    )


def _annexes(results: Results, material: Material) -> Iterable[Block]:
    base = reference(results)
    binds = [one for one in (tables.limits(results),) if one is not None]
    targets: list[Block] = [Paragraph(_least_sentence(results)), tables.least_likely(results)]
    targets += binds
    yield Annex("binds", phrase("brief.annex_binds"), tuple(targets))
    hangs = tables.hangs_on(results, material.draws)
    if hangs is not None:
        text = Paragraph(phrase("brief.hangs_said", scenario=base.title))
        yield Annex("hangs", phrase("brief.annex_hangs"), (text, hangs))
    if results.pairs():
        table = narrow_comparison(results, material.others)
        full = replace(
            table,
            id="comparison",
            title=phrase("brief.comparison"),
            notes=(levers_note(results), *money_notes(results), *pair_notes(results)),
            source=source(results),
            run=run_of(results),
        )
        blocks: list[Block] = [full, effects(results)]
        yield Annex("all", phrase("brief.annex_all"), tuple(blocks))
    yield Annex("method", phrase("brief.annex_method"), tuple(_method(results, material)))


def _least_sentence(results: Results) -> Words:
    table = tables.least_likely(results)
    if not table.rows:
        return phrase("brief.least_none")
    ps = table.column("p")
    never = sum(p.most.mean < 0.05 for p in ps)
    key = "least_some" if never else "least_all"
    first = table.rows[0]
    return phrase(
        f"brief.{key}",
        n=never,
        target=first[0],
        p=Shown(ps[0], Chance(error=False)),
        table=Ref(table.id),
    )


def _method(results: Results, material: Material) -> Iterable[Block]:
    data = results.data.attrs
    values: dict[str, object] = {
        "model": results.model.path.name,
        "digest": results.model.digest[:12],
        "constants": len(results.model.constants()),
        "members": results.members,
        "scenarios": len(results.scenarios),
        "seed": data.get("seed", ""),
        "sets": joined(
            [label(one.spec, one.prior_set) for one in (results, *material.others)], "list"
        ),
    }
    yield Box(
        "method_box",
        phrase("brief.method"),
        tuple(Paragraph(phrase(f"brief.method_{n}", **values)) for n in range(1, 5)),
    )
    yield Heading(phrase("brief.part_sources"), 2)
    sources: list[Words] = []
    if results.spec.policy:
        sources.append(Capital(results.spec.policy))
    sources += list(material.sources)
    sources.append(phrase("brief.source_model", **values))
    yield Items(tuple(sources), ordered=True)
    yield Paragraph(trace_sentence(results, material), "note")


def trace_sentence(results: Results, material: Material) -> Words:
    """Say how any number of the paper is traced back."""
    run = run_of(results)
    command = str(material.record.get("command", ""))
    key = "trace" if run and command else "trace_run" if run else "trace_none"
    return phrase(f"brief.{key}", run=run, command=command)
