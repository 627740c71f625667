"""What each scenario costs at default constants, and what would make packages cost alike."""

from __future__ import annotations

from sdengine.kernel import compile_model
from sdensemble.decide.equal_outlay import (
    NOTHING,
    above,
    equalising_factor,
    horizon,
    present_values,
    scaled,
    unit_of,
)
from sdensemble.inputs.scenarios import Scenario
from sdensemble.lang import Words, bracketed, joined, phrase
from sdensemble.outputs.document import Document, Paragraph
from sdensemble.outputs.form import Number
from sdensemble.outputs.naming import moment, outlay_of, unit_notes
from sdensemble.outputs.table import Heads, Table, table_from
from sdensemble.study import Study

cell = Heads("outlay.")
THREE = Number(places=3)


def outlay_document(study: Study) -> Document:
    """Return each scenario's outlay, and the factor that would make the packages cost alike.

    What is forgone stands in a table of its own. A package that costs the treasury nothing has no
    factor.
    """
    kernel = compile_model(study.model)
    until = horizon(study)
    values = present_values(kernel, study.scenarios, study.report, until=until)
    unit = unit_of(study)
    words: dict[str, object] = {
        "outlay": outlay_of(study.report),
        "year": moment(study.model, study.report, until - 1),
        "unit": joined([study.report.unit_words(unit), unit_notes(study.report, [unit])], "clause"),
    }
    tables = [_table("title", study, values, words)]
    if any(payer.forgone for payer in study.report.payers):
        lost = present_values(kernel, study.scenarios, study.report, until=until, forgone=True)
        tables.append(_table("forgone", study, lost, words))
    packages = [s for s in study.scenarios if s.package and abs(above(s, values)) > NOTHING]
    said = []
    for one in packages[:-1]:
        factor = equalising_factor(study, kernel, one, packages[-1])
        levels = joined(
            f"{s.constant} = {max(s.values, key=abs):.4g}"
            for s in scaled(one, study, factor).settings
        )
        names = {"one": _titled(one), "other": _titled(packages[-1])}
        said.append(phrase("outlay.equal", **names, factor=factor, levels=levels))
    return Document("outlay", "", (*tables, *map(Paragraph, said)))


def _table(key: str, study: Study, values: dict[str, float], words: dict[str, object]) -> Table:
    return table_from(
        f"outlay-{key}",
        phrase(f"outlay.{key}", **words),
        study.scenarios,
        cell("scenario", _titled),
        cell("outlay", lambda s: values[s.name], THREE, head="amount"),
        cell("above", lambda s: above(s, values), Number(places=3, signed=True)),
    )


def _titled(scenario: Scenario) -> Words:
    """Return a scenario's title with its name, by which it is called."""
    return joined([scenario.title, bracketed([scenario.name])], "nothing")
