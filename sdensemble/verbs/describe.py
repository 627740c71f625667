"""describe: what a model holds, or one variable of it explained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sdengine.errors import Message
from sdensemble.verbs.options import FOLDER, IntoFolder, OfStudy, argument, option, switch
from sdensemble.verbs.result import SILENT, Tell, VerbResult


@dataclass(frozen=True, kw_only=True)
class DescribeOptions(IntoFolder, OfStudy):
    """What is described: a variable, one of the lists of ``what``, a whole reference."""

    variable: str = argument("")
    what: str = switch("levers", "regions", "variables", "outlay")
    reference: Path | None = option(type=FOLDER)
    no_png: bool = option(False)
    grey: bool = option(False)

    @classmethod
    def problems(cls, typed: Mapping[str, Any]) -> Iterator[str]:
        """Yield what does not go together."""
        if "out" in typed and typed.get("what") != "regions":
            yield Message("{option} goes with {what}", option="--out", what="--regions")


def describe(asked: DescribeOptions, tell: Tell = SILENT) -> VerbResult:
    """Say what the model holds, or explain one VARIABLE, by name or label.

    With --out, --regions also writes its table and figure into that folder.
    """
    from sdensemble.decide.equal_outlay import outlay_text
    from sdensemble.lang import phrase
    from sdensemble.outputs.document import verbatim
    from sdensemble.pages import explain

    study = asked.opened()
    lang, unit = asked.lang, study.unit_writer(asked.lang)
    if asked.reference is not None:
        from sdensemble.pages.write import write_reference

        files = write_reference(study, asked.reference, png=not asked.no_png, grey=asked.grey)
        told = phrase("file.reference", folder=str(asked.reference), n=len(files))
        return VerbResult(verbatim(told), files=files)
    if asked.variable:
        name = study.find(asked.variable)
        return VerbResult(verbatim(explain.explain(study.model, name, lang, unit)))
    match asked.what:
        case "levers":
            shown = verbatim(explain.lever_table(study.model, lang, unit))
            if study.instruments:
                from sdensemble.verbs.policy import instruments_document

                shown = replace(shown, blocks=shown.blocks + instruments_document(study).blocks)
            return VerbResult(shown)
        case "regions":
            from sdensemble.verbs.policy import show_regions

            return show_regions(study, lang=lang, out=asked.out)
        case "variables":
            return VerbResult(verbatim(explain.variable_table(study.model, lang, unit)))
        case "outlay":
            return VerbResult(verbatim(outlay_text(study, lang)))
    return VerbResult(verbatim(explain.overview(study.model, lang, unit)))
