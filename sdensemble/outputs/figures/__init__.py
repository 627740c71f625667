"""Every figure of a run, with captions in both languages. The only place of matplotlib."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from matplotlib.figure import Figure

from sdensemble.inputs.history import Observation
from sdensemble.outputs.figures import style
from sdensemble.outputs.figures.effects import effect_pages, effects
from sdensemble.outputs.figures.fan import conditions, drawn_history, fan, note, related
from sdensemble.outputs.figures.panels import scenarios, sectors
from sdensemble.outputs.figures.words import CAPTIONS
from sdensemble.outputs.fonts import missing_glyphs
from sdensemble.outputs.terminal import pages_of, reference
from sdensemble.outputs.words import target_name
from sdensemble.results.results import Results


def draw_figures(
    folder: Path, results: Results, lang: str, history: Sequence[Observation] = ()
) -> tuple[tuple[Path, ...], str]:
    """Write all figures of a run as PNG, SVG and PDF, and their captions.

    Returns the paths and the characters the font lacks ("" where it has them all). Components
    are drawn where the report names some, comparisons where there is a pair; many scenarios stand
    on several pages, each a figure of its own.
    """
    base = reference(results)
    made: dict[str, Callable[[], Figure]] = {"fan": lambda: fan(results, base, lang, history)}
    if results.components():
        made["sectors"] = lambda: sectors(results, base, lang)
    if len(results.scenarios) > 1:
        for number, places in enumerate(pages_of(results), start=1):
            made[_page("scenarios", number)] = partial(scenarios, results, lang, places)
    if results.pairs():
        for number in range(1, effect_pages(results) + 1):
            made[_page("effects", number)] = partial(effects, results, lang, number - 1)
    written: list[Path] = []
    missing: set[str] = set()
    with style.settings():
        for name, make in made.items():
            figure = make()
            missing |= set(missing_glyphs(figure))
            written += style.save(figure, folder / name)
    captions = folder / "captions.md"
    captions.write_text(_captions(results, tuple(made), history), encoding="utf-8")
    return (*written, captions), "".join(sorted(missing))


def _page(name: str, number: int) -> str:
    """Return the name of a figure's page: the first has the figure's own."""
    return name if number == 1 else f"{name}-{number}"


def _captions(results: Results, names: Sequence[str], history: Sequence[Observation]) -> str:
    lines = []
    kinds = [re.sub(r"-\d+$", "", name) for name in names]
    for number, (page, name) in enumerate(zip(names, kinds, strict=True), start=1):
        lines += [f"## {page}", ""]
        of = {"page": kinds[:number].count(name), "pages": kinds.count(name)}
        for lang, head in (("zh", f"图{number}　"), ("en", f"Figure {number}. ")):
            words = _values(results, lang, history)
            end = (conditions if name == "effects" else note)(results, lang).replace("\n", " ")
            text = CAPTIONS[name][lang].format(**words)
            text += CAPTIONS["page"][lang].format(**of) if of["pages"] > 1 else ""
            lines += [f"{head}{text} {end}", ""]
    return "\n".join(lines)


def _values(results: Results, lang: str, history: Sequence[Observation]) -> dict[str, object]:
    asked = results.question
    drawn = drawn_history(results, history)
    left = [o for o in related(results, history) if o not in drawn]
    years = ("、" if lang == "zh" else ", ").join(f"{o.time:.0f}" for o in left)
    omitted = CAPTIONS["omitted"][lang].format(n=len(left), years=years) if left else ""
    return {
        "name": target_name(asked, lang),
        "scenario": reference(results).title[lang],
        "unit": results.spec.unit_label(asked.unit, lang),
        "year": results.when(results.asked_year, lang),
        "omitted": omitted,
    }
