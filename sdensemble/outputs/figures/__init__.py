"""Every figure of a run, with captions in both languages. The only place of matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sdensemble.history import Observation
from sdensemble.outputs.figures import style
from sdensemble.outputs.figures.effects import effects
from sdensemble.outputs.figures.fan import conditions, drawn_history, fan, note, related
from sdensemble.outputs.figures.panels import scenarios, sectors
from sdensemble.outputs.figures.words import CAPTIONS
from sdensemble.outputs.fonts import missing_glyphs
from sdensemble.outputs.results import Results
from sdensemble.outputs.terminal import reference
from sdensemble.outputs.words import target_name


def draw_figures(
    folder: Path, results: Results, lang: str, history: Sequence[Observation] = ()
) -> tuple[tuple[Path, ...], str]:
    """Write all figures of a run as PNG, SVG and PDF, and their captions.

    Returns the paths and the characters the font lacks ("" where it has them all). Components
    are drawn where the report names some, comparisons where there is a pair.
    """
    base = reference(results)
    made = {"fan": lambda: fan(results, base, lang, history)}
    if results.components():
        made["sectors"] = lambda: sectors(results, base, lang)
    if len(results.scenarios) > 1:
        made["scenarios"] = lambda: scenarios(results, lang)
    if results.pairs():
        made["effects"] = lambda: effects(results, lang)
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


def _captions(results: Results, names: Sequence[str], history: Sequence[Observation]) -> str:
    lines = []
    for number, name in enumerate(names, start=1):
        lines += [f"## {name}", ""]
        for lang, head in (("zh", f"图{number}　"), ("en", f"Figure {number}. ")):
            words = _values(results, lang, history)
            end = (conditions if name == "effects" else note)(results, lang).replace("\n", " ")
            lines += [head + CAPTIONS[name][lang].format(**words) + " " + end, ""]
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
