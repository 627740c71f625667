"""The validation report: Markdown in two languages, a table, the details, the figures."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sdengine.errors import SDError
from sdensemble.checks.digests import BOUNDARY, LOOPS, digests_tested, equations_digest
from sdensemble.checks.finding import FAIL, PASS
from sdensemble.checks.read import GROUPS
from sdensemble.checks.run import COUNTED, Checked, counts
from sdensemble.inputs.boundary import read_boundary
from sdensemble.inputs.loops import find_links, read_loops
from sdensemble.inputs.report import ReportSpec
from sdensemble.lang import LANGS, has, joined, phrase, say
from sdensemble.outputs.columns import TABLES
from sdensemble.outputs.document import Block, Document, Paragraph
from sdensemble.outputs.form import Whole
from sdensemble.outputs.table import Column, table_from
from sdensemble.outputs.text import markdown_table
from sdensemble.outputs.write.csv import write_records
from sdensemble.results.record import RunRecord, written
from sdensemble.study import Study

DPI = 130  # of the figures: small enough to be kept beside the text


def write_report(folder: Path, study: Study, checked: Sequence[Checked]) -> tuple[Path, ...]:
    """Write the report of a validation into a folder of its own, whole or not at all.

    ``report.en.md`` and ``report.zh.md``, ``results.csv`` (a row a test), ``details.csv`` (a row
    for each number behind a test), the figures in both languages, and ``run.json`` with the digests
    of what was tested. Nothing in it changes from run to run of the same files.
    """
    facts = {"tested": digests_tested(study), "counts": counts(tuple(checked))}
    with written(folder, RunRecord(facts=facts)) as done:
        made = done.partial
        rows = (_row(one) for one in checked)
        write_records(made / "results.csv", TABLES["validation"], rows)
        write_records(made / "details.csv", TABLES["details"], _details(checked))
        for language in LANGS:
            figures = _figures(made / "figures", checked, language, study.report)
            text = markdown(study, checked, language, figures)
            (made / f"report.{language}.md").write_text(text, encoding="utf-8")
    return tuple(folder / name for name in sorted(done.files))


def _details(checked: Sequence[Checked]) -> Iterator[dict[str, Any]]:
    for one in checked:
        for number, row in enumerate(one.found.rows, start=1):
            for key, value in row.items():
                plain = float(f"{value:.6g}") if isinstance(value, float) else value
                yield {"id": one.test.id, "row": number, "key": key, "value": plain}


def _figures(
    folder: Path, checked: Sequence[Checked], lang: str, spec: ReportSpec
) -> tuple[str, ...]:
    """Draw what the tests have to draw in one language; return the names of the figures."""
    from sdensemble.outputs.figures.validation import bars, panels
    from sdensemble.outputs.write.picture import png_bytes

    folder.mkdir(exist_ok=True)
    unit = spec.unit_words
    made = {}
    shown = [(one.test.id, one.test.title, p) for one in checked for p in one.found.panels]
    if shown:
        made["conditions"] = panels(shown, unit)
    for one in checked:
        if one.found.bars is not None and one.found.bars.labels:
            title = joined([f"{one.test.id} ", one.test.title], "nothing")
            made[one.test.id] = bars(one.found.bars, title, unit)
    for name, figure in made.items():
        (folder / f"{name}.{lang}.png").write_bytes(png_bytes(figure, lang, DPI))
    return tuple(made)


def _row(one: Checked) -> dict[str, Any]:
    test = one.test
    keys = ("title", "asks", "criterion", "note")
    texts = {f"{key}_{lang}": filled(one, key, lang) for key in keys for lang in LANGS}
    return {
        "id": test.id,
        "group": test.group,
        "kind": test.kind,
        **texts,
        **{f"result_{lang}": one.found.shown[lang] for lang in LANGS},
        "number": "" if one.found.number is None else float(f"{one.found.number:.6g}"),
        "status": one.found.status,
    }


def filled(one: Checked, key: str, lang: str) -> str:
    """Return one of a test's texts with its numbers filled in."""
    text: str = getattr(one.test, key)[lang]
    given = one.test.given

    def number(found: re.Match[str]) -> str:
        """Return a number by its name alone: nothing else of it may be asked for."""
        return f"{given[found[1]]:{found[2] or ''}}" if found[1] in given else found[0]

    return re.sub(r"\{(\w+)(?::([.\d]{0,3}[%efgd]?))?\}", number, text)


def markdown(
    study: Study, checked: Sequence[Checked], lang: str, figures: Sequence[str] = ()
) -> str:
    """Return the whole report as Markdown in one language."""
    from sdensemble.checks.run import FILE

    lines = [f"# {say('validation.title', lang)}", ""]
    made = say(
        "validation.made",
        lang,
        model=study.model.path.name,
        digest=equations_digest(study.model.path)[:12],
        file=FILE,
    )
    lines += [made, "", say("validation.sum", lang, n=len(checked), **counts(tuple(checked))), ""]
    failed = [one for one in checked if one.found.status == FAIL]
    if failed:
        lines += [f"## {say('validation.failed', lang)}", ""]
        lines += [
            f"- **{one.test.id} {one.test.title[lang]}** — {one.found.shown[lang]}"
            + (f" {one.test.note[lang]}" if one.test.note[lang] else "")
            for one in failed
        ]
        lines.append("")
    for group in GROUPS:
        members = [one for one in checked if one.test.group == group]
        if members:
            lines += [f"## {_word(group, lang)}", "", *_table(members, lang), ""]
            lines += _pictures(group, members, figures, lang)
    lines += list(_boundary(study, lang))
    lines += list(_loops(study, checked, lang))
    return "\n".join(lines).rstrip() + "\n"


def _word(key: str, lang: str) -> str:
    """Return a word of the report; an identifier it does not know as it is."""
    return say(f"validation.{key}", lang) if has(f"validation.{key}") else key


def _table(members: Sequence[Checked], lang: str) -> list[str]:
    rows = [
        [
            one.test.id,
            f"**{one.test.title[lang]}** {filled(one, 'asks', lang)}",
            filled(one, "criterion", lang),
            one.found.shown[lang] + (f" *{one.test.note[lang]}*" if one.test.note[lang] else ""),
            _word(one.found.status, lang),
        ]
        for one in members
    ]
    return _markdown_table("- asks criterion result status", rows, lang)


def _relative(row: Mapping[str, Any]) -> str:
    """Return what opening a loop changed, in per cent of what is watched."""
    change, error = (100 * row[key] / row["level"] for key in ("change", "error"))
    return f"{change:+.2g}% ± {error:.1g}%"


def _markdown_table(heads: str, rows: Iterable[Sequence[str]], lang: str) -> list[str]:
    """Return a table headed by words of the report; a dash is no word."""
    told = [_word(key, lang) if key != "-" else "" for key in heads.split()]
    cells = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    return markdown_table(told, cells, rule=" --- ")


def _pictures(
    group: str, members: Sequence[Checked], figures: Sequence[str], lang: str
) -> list[str]:
    names = [name for name in figures if name in {one.test.id for one in members}]
    if "conditions" in figures and group == "conditions":
        names.insert(0, "conditions")
    return [line for name in names for line in (f"![{name}](figures/{name}.{lang}.png)", "")]


def _boundary(study: Study, lang: str) -> Iterator[str]:
    """Yield the boundary table of the study, where a test names its file."""
    rows = read_boundary(study.folder / BOUNDARY)
    if not rows:
        return
    body = [
        [
            row.get(lang) or row["en"],
            _word(row["status"], lang),
            "; ".join(f"`{n.strip()}`" for n in row["variables"].split(";") if n.strip()),
            row.get(f"why_{lang}") or row["why_en"],
        ]
        for row in rows
    ]
    table = _markdown_table("concept inside names why", body, lang)
    yield from (f"## {say('validation.boundary', lang)}", "", *table, "")


def _loops(study: Study, checked: Sequence[Checked], lang: str) -> Iterator[str]:
    """Yield the table of the named loops, and what opening them did."""
    path = study.folder / LOOPS
    if not path.is_file():
        return
    try:
        loops = read_loops(path, study.model)
    except SDError:
        return
    rows = []
    for loop in loops:
        missing = {
            (one.source, one.target) for one in find_links(loop, study.model) if not one.found
        }
        steps = [
            f"{study.model.label(source, lang)} {'✗' if (source, target) in missing else sign}→"
            for source, target, sign in loop.links
        ]
        cut = ", ".join(f"`{s.constant}` = {s.values[0]:g}" for s in loop.cut) or say(
            "validation.none", lang
        )
        rows.append([f"**{loop.id}** {loop.title[lang]}", loop.kind, " ".join(steps), cut])
    table = _markdown_table("loop kind path cut", rows, lang)
    yield from (f"## {say('validation.loops', lang)}", "", *table, "")
    for one in checked:
        if one.test.kind == "knockout" and one.found.rows:
            table = _knocked(study, one, lang)
            yield from (f"### {say('validation.knocked', lang)}", "", *table, "")


def _knocked(study: Study, one: Checked, lang: str) -> list[str]:
    rows = [
        [
            f"{row['loop']} {row.get(lang, row['en'])}",
            study.model.label(str(row["watched"]), lang)
            + (say("validation.of_lever", lang) if row["of a lever"] else ""),
            _word(str(row["expected"]), lang),
            _relative(row),
            _word(PASS if row["holds"] else FAIL, lang),
        ]
        for row in one.found.rows
    ]
    return _markdown_table("loop watched expected change status", rows, lang)


def line(one: Checked) -> dict[str, str]:
    """Return a test in one line, as it is told while they run."""
    told = _plain(one.found.status)
    title, shown = one.test.title, one.found.shown
    return {
        lang: f"{one.test.id:<5} {told[lang]:<8} {title[lang]} — {shown[lang]}" for lang in LANGS
    }


def _plain(key: str) -> dict[str, str]:
    """Return a word of the report without its marks of print."""
    return {lang: _word(key, lang).strip("*") for lang in LANGS}


def summary(checked: Sequence[Checked], *, every: bool = True) -> Document:
    """Return the count by group, every test (or those that failed), and their number."""
    by_group = [(group, [one for one in checked if one.test.group == group]) for group in GROUPS]
    held = [(group, counts(tuple(own))) for group, own in by_group if own]
    number = [(Column(n, _plain(n), Whole()), lambda row, n=n: row[1][n]) for n in COUNTED]
    group = Column("group", " "), lambda row: _plain(row[0])
    blocks: list[Block] = [table_from("groups", "", held, group, *number)]
    if every:
        status = Column("status"), lambda one: _plain(one.found.status)
        title, found = (Column("title"), "test.title"), (Column("found"), "found.shown")
        cells = ((Column("id"), "test.id"), title, status, found)
        blocks.append(table_from("tests", "", checked, *cells))
    else:
        failed = [one for one in checked if one.found.status == FAIL]
        blocks += [Paragraph(joined(["✗", line(one)], "blank")) for one in failed]
    blocks.append(Paragraph(phrase("validation.sum", n=len(checked), **counts(tuple(checked)))))
    return Document("check", "", tuple(blocks))
