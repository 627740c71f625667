"""describe: what a model holds, or one variable of it explained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdengine.errors import Message, SDError
from sdensemble.verbs.options import FOLDER, IntoFolder, OfStudy, argument, option, switch
from sdensemble.verbs.result import SILENT, Tell, VerbResult

if TYPE_CHECKING:
    from sdensemble.study import Study


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
    from sdensemble.lang import phrase
    from sdensemble.outputs.document import Block, Document, verbatim
    from sdensemble.pages import explain

    study = asked.opened()
    model, unit = study.model, study.unit_writer()
    if asked.reference is not None:
        from sdensemble.pages.write import write_reference

        files = write_reference(study, asked.reference, png=not asked.no_png, grey=asked.grey)
        told = phrase("file.reference", folder=str(asked.reference), n=len(files))
        return VerbResult(verbatim(told), files=files)
    if asked.variable:
        name = study.find(asked.variable)
        return VerbResult(explain.explain(model, name, unit))
    match asked.what:
        case "levers":
            blocks: tuple[Block, ...] = (explain.lever_table(model, unit),)
            if study.instruments:
                from sdensemble.outputs.policy.instruments import instruments_blocks

                blocks += instruments_blocks(study.instruments, model, study.report)
            return VerbResult(Document("levers", "", blocks))
        case "regions":
            return _regions(study, asked)
        case "variables":
            return VerbResult(Document("variables", "", (explain.variable_table(model, unit),)))
        case "outlay":
            from sdensemble.outputs.decide.outlay import outlay_document

            return VerbResult(outlay_document(study))
    return VerbResult(explain.overview(model, unit))


def _regions(study: Study, asked: DescribeOptions) -> VerbResult:
    """Return what the policy lays out where; with ``out`` write table and figure there."""
    from sdensemble.outputs.policy.figures.regions import region_matrix
    from sdensemble.outputs.policy.regions import places_blocks
    from sdensemble.verbs.policy import policy_document, regions_table, write_policy

    if not study.places:
        raise SDError("{folder}: the study has no model/regions.csv", folder=study.folder)
    document = policy_document(*places_blocks(study.places, study.model))
    if asked.out is None:
        return VerbResult(document)
    drawn = [region_matrix(study.places, study.model)]
    done = write_policy(study, asked.out, regions_table(study), asked.lang, figures=drawn)
    return replace(done, document=document)
