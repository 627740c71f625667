"""The validation report: Markdown in two languages, a table, the details, the figures."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sdengine.errors import SDError
from sdensemble.checks.finding import FAIL, NO_DATA, NOT_APPLICABLE, NOT_RUN, PASS, READ
from sdensemble.checks.read import GROUPS, LANGUAGES
from sdensemble.checks.run import COUNTED, Checked, counts
from sdensemble.checks.runs import Bench
from sdensemble.checks.structure import read_boundary
from sdensemble.inputs.loops import find_links, read_loops
from sdensemble.outputs.columns import Columns
from sdensemble.outputs.tables import write_csv
from sdensemble.outputs.text import table, width, wrap
from sdensemble.pages.source import MARK
from sdensemble.results.record import RunRecord, written
from sdensemble.study import Study

WORDS: Mapping[str, Mapping[str, str]] = {
    "title": {"zh": "模型检验报告", "en": "Validation report"},
    "made": {
        "zh": "由 `python run_sim.py check --full` 生成。模型 {model}（方程摘要 {digest}）。"
        "顺序按 Barlas（1996）：先结构，后行为。没有通过的检验照样列出；标准见 `{file}`，"
        "运行之后改过的，在该项说明中写明。",
        "en": "Written by `python run_sim.py check --full`. Model {model} (digest of its equations"
        " {digest}). In the order of Barlas (1996): structure first, then behaviour. Those"
        " that fail are listed like the others. The criteria stand in `{file}`; where one was"
        " changed after a run, its note says so.",
    },
    "sum": {
        "zh": "共{n}项：通过{pass}，未通过{fail}，无数据{no_data}，不适用{not_applicable}，"
        "未运行{not_run}，书面评审{read}。",
        "en": "{n} tests: {pass} passed, {fail} failed, {no_data} without data, {not_applicable}"
        " not applicable, {not_run} not run, {read} written reviews.",
    },
    "failed": {"zh": "未通过的检验", "en": "Tests that failed"},
    "structure": {"zh": "一、结构检验", "en": "1. Structure"},
    "conditions": {
        "zh": "二、以行为检验结构：极端条件、敏感性、回路",
        "en": "2. Structure through behaviour: extreme conditions, sensitivity, loops",
    },
    "behaviour": {"zh": "三、行为检验", "en": "3. Behaviour"},
    "construction": {
        "zh": "四、按构造即成立（单元测试，不算证据）",
        "en": "4. True by construction (unit tests, no evidence)",
    },
    "review": {"zh": "五、书面评审", "en": "5. Written reviews"},
    "boundary": {"zh": "边界表", "en": "Boundary table"},
    "loops": {"zh": "回路表", "en": "Named loops"},
    "knocked": {"zh": "断开回路的结果", "en": "Loops opened"},
    "asks": {"zh": "检验", "en": "Test"},
    "criterion": {"zh": "标准", "en": "Criterion"},
    "result": {"zh": "结果", "en": "Result"},
    "status": {"zh": "判断", "en": "Verdict"},
    "concept": {"zh": "内容", "en": "Concept"},
    "inside": {"zh": "位置", "en": "Place"},
    "names": {"zh": "变量", "en": "Variables"},
    "why": {"zh": "说明", "en": "Why"},
    "loop": {"zh": "回路", "en": "Loop"},
    "kind": {"zh": "类型", "en": "Kind"},
    "path": {"zh": "路径", "en": "Path"},
    "cut": {"zh": "断开方式", "en": "Opened by"},
    "none": {"zh": "无", "en": "none"},
    "watched": {"zh": "观测", "en": "Watched"},
    "of_lever": {"zh": "（政策效果）", "en": " (effect of a lever)"},
    "expected": {"zh": "预期", "en": "Expected"},
    "lower": {"zh": "降低", "en": "lower"},
    "higher": {"zh": "升高", "en": "higher"},
    "change": {
        "zh": "断开后的变化，占所观测结果 ±标准误",
        "en": "Change when opened, relative to what is watched ± standard error",
    },
    PASS: {"zh": "通过", "en": "pass"},
    FAIL: {"zh": "**未通过**", "en": "**fail**"},
    NO_DATA: {"zh": "无数据", "en": "no data"},
    NOT_APPLICABLE: {"zh": "不适用", "en": "not applicable"},
    NOT_RUN: {"zh": "未运行", "en": "not run"},
    READ: {"zh": "书面评审", "en": "review"},
    "endogenous": {"zh": "内生", "en": "endogenous"},
    "exogenous": {"zh": "外生", "en": "exogenous"},
    "excluded": {"zh": "不含", "en": "excluded"},
}
COLUMNS: Columns = {
    "id": ("编号", "identifier"),
    "group": ("组别", "group"),
    "kind": ("方法", "kind of test"),
    **{f"{k}_{lang}": (f"{zh}（{lang}）", f"{en} ({lang})") for k, zh, en in (
        ("title", "名称", "name"), ("asks", "检验什么", "what it asks"),
        ("criterion", "标准", "criterion"), ("result", "结果", "result"), ("note", "说明", "note"),
    ) for lang in LANGUAGES},
    "number": ("所判数值；无则空白", "the number judged; blank where there is none"),
    "status": (
        "判断：pass、fail、no_data、not_applicable、not_run、read",
        "pass, fail, no_data, not_applicable, not_run or read",
    ),
}  # fmt: skip
DETAILS: Columns = {
    "id": ("检验编号", "identifier of the test"),
    "row": ("明细行号", "row of its details"),
    "key": ("内容", "what the value is"),
    "value": ("数值", "value"),
}
DPI = 130  # of the figures: small enough to be kept beside the text
BOUNDARY, LOOPS = "model/boundary.csv", "model/loops.toml"
DRAWN = "calibration/priors.toml", "calibration/forcing.toml"


def write_report(folder: Path, study: Study, checked: Sequence[Checked]) -> tuple[Path, ...]:
    """Write the report of a validation into a folder of its own, whole or not at all.

    ``report.en.md`` and ``report.zh.md``, ``results.csv`` (a row a test), ``details.csv`` (a row
    for each number behind a test), the figures in both languages, and ``run.json`` with the digests
    of what was tested. Nothing in it changes from run to run of the same files.
    """
    facts = {"tested": digests_tested(study), "counts": counts(tuple(checked))}
    with written(folder, RunRecord(facts=facts)) as done:
        partial = done.partial
        write_csv(partial / "results.csv", COLUMNS, (_row(one) for one in checked))
        write_csv(partial / "details.csv", DETAILS, _details(checked))
        for language in LANGUAGES:
            units = _units(study, language)
            figures = _figures(partial / "figures", checked, language, units)
            text = markdown(study, checked, language, figures)
            (partial / f"report.{language}.md").write_text(text, encoding="utf-8")
    return tuple(folder / name for name in sorted(done.files))


def digests_tested(study: Study) -> dict[str, str]:
    """Return file → digest of what a report is about: a stored report with others is old.

    Of the model only the equations count: a sketch drawn anew changes no result.
    """
    from sdensemble.checks.run import FILE

    beside = [study.folder / name for name in (FILE, BOUNDARY, LOOPS, *DRAWN)]
    found = {study.model.path.name: equations_digest(study.model.path)}
    for path in beside:
        if path.is_file():
            found[path.name] = _digest(path.read_text(encoding="utf-8-sig"))
    return found


def equations_digest(path: Path) -> str:
    """Return a digest of a model file without its sketch, whatever its line ends."""
    return _digest(path.read_text(encoding="utf-8-sig").split(MARK)[0].rstrip())


def _digest(text: str) -> str:
    plain = text.replace("\r\n", "\n").encode()
    return hashlib.blake2b(plain, digest_size=16).hexdigest()


def _details(checked: Sequence[Checked]) -> Iterator[dict[str, Any]]:
    for one in checked:
        for number, row in enumerate(one.found.rows, start=1):
            for key, value in row.items():
                plain = float(f"{value:.6g}") if isinstance(value, float) else value
                yield {"id": one.test.id, "row": number, "key": key, "value": plain}


def _units(study: Study, lang: str) -> Callable[[str], str]:
    """Return what writes a unit of the model as people do."""
    return lambda unit: study.report.unit_label(unit, lang)


def _figures(
    folder: Path, checked: Sequence[Checked], lang: str, unit: Callable[[str], str]
) -> tuple[str, ...]:
    """Draw what the tests have to draw in one language; return the names of the figures."""
    from sdensemble.outputs.figures import style
    from sdensemble.outputs.figures.validation import bars, panels

    folder.mkdir(exist_ok=True)
    made = {}
    shown = [(one.test.id, one.test.title[lang], p) for one in checked for p in one.found.panels]
    with style.settings():
        if shown:
            made["conditions"] = panels(shown, lang, unit)
        for one in checked:
            if one.found.bars is not None and one.found.bars.labels:
                title = f"{one.test.id} {one.test.title[lang]}"
                made[one.test.id] = bars(one.found.bars, title, lang, unit)
        for name, figure in made.items():
            figure.savefig(folder / f"{name}.{lang}.png", dpi=DPI, metadata={"Software": None})
    return tuple(made)


def _row(one: Checked) -> dict[str, Any]:
    test = one.test
    keys = ("title", "asks", "criterion", "note")
    texts = {f"{key}_{lang}": filled(one, key, lang) for key in keys for lang in LANGUAGES}
    return {
        "id": test.id,
        "group": test.group,
        "kind": test.kind,
        **texts,
        **{f"result_{lang}": one.found.shown[lang] for lang in LANGUAGES},
        "number": "" if one.found.number is None else float(f"{one.found.number:.6g}"),
        "status": one.found.status,
    }


def filled(one: Checked, key: str, lang: str) -> str:
    """Return one of a test's texts with its numbers filled in."""
    text: str = getattr(one.test, key)[lang]
    return text.format(**one.test.given)


# ── Markdown ───────────────────────────────────────────────────────────────────────────────


def markdown(
    study: Study, checked: Sequence[Checked], lang: str, figures: Sequence[str] = ()
) -> str:
    """Return the whole report as Markdown in one language."""
    from sdensemble.checks.run import FILE

    say = {key: words[lang] for key, words in WORDS.items()}
    lines = [f"# {say['title']}", ""]
    made = say["made"].format(
        model=study.model.path.name, digest=equations_digest(study.model.path)[:12], file=FILE
    )
    lines += [made, "", say["sum"].format(n=len(checked), **counts(tuple(checked))), ""]
    failed = [one for one in checked if one.found.status == FAIL]
    if failed:
        lines += [f"## {say['failed']}", ""]
        lines += [f"- **{one.test.id} {one.test.title[lang]}** — {one.found.shown[lang]}"
                  + (f" {one.test.note[lang]}" if one.test.note[lang] else "")
                  for one in failed]  # fmt: skip
        lines.append("")
    for group in GROUPS:
        members = [one for one in checked if one.test.group == group]
        if members:
            lines += [f"## {say[group]}", "", *_table(members, lang), ""]
            lines += _pictures(group, members, figures, lang)
    lines += list(_boundary(study, lang))
    lines += list(_loops(study, checked, lang))
    return "\n".join(lines).rstrip() + "\n"


def _table(members: Sequence[Checked], lang: str) -> list[str]:
    head = ["", *(WORDS[key][lang] for key in ("asks", "criterion", "result", "status"))]
    rows = [
        [
            one.test.id,
            f"**{one.test.title[lang]}** {filled(one, 'asks', lang)}",
            filled(one, "criterion", lang),
            one.found.shown[lang] + (f" *{one.test.note[lang]}*" if one.test.note[lang] else ""),
            WORDS[one.found.status][lang],
        ]
        for one in members
    ]
    return _markdown_table([head, *rows])


def _relative(row: Mapping[str, Any]) -> str:
    """Return what opening a loop changed, in per cent of what is watched."""
    change, error = (100 * row[key] / row["level"] for key in ("change", "error"))
    return f"{change:+.2g}% ± {error:.1g}%"


def _markdown_table(rows: Sequence[Sequence[str]]) -> list[str]:
    cells = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    lines = ["| " + " | ".join(row) + " |" for row in cells]
    return [lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]]


def _pictures(
    group: str, members: Sequence[Checked], figures: Sequence[str], lang: str
) -> list[str]:
    names = [name for name in figures if name in {one.test.id for one in members}]
    if "conditions" in figures and group == "conditions":
        names.insert(0, "conditions")
    return [line for name in names for line in (f"![{name}](figures/{name}.{lang}.png)", "")]


def _boundary(study: Study, lang: str) -> Iterator[str]:
    """Yield the boundary table of the study, where a test names its file."""
    rows = read_boundary(Bench(study, None), BOUNDARY)  # type: ignore[arg-type]
    if not rows:
        return
    say = {key: words[lang] for key, words in WORDS.items()}
    head = [say[key] for key in ("concept", "inside", "names", "why")]
    body = [
        [
            row[lang],
            say.get(row["status"], row["status"]),
            "; ".join(f"`{n.strip()}`" for n in row["variables"].split(";") if n.strip()),
            row[f"why_{lang}"],
        ]
        for row in rows
    ]
    yield from (f"## {say['boundary']}", "", *_markdown_table([head, *body]), "")


def _loops(study: Study, checked: Sequence[Checked], lang: str) -> Iterator[str]:
    """Yield the table of the named loops, and what opening them did."""
    path = study.folder / LOOPS
    if not path.is_file():
        return
    say = {key: words[lang] for key, words in WORDS.items()}
    try:
        loops = read_loops(path, study.model)
    except SDError:
        return
    head = [say[key] for key in ("loop", "kind", "path", "cut")]
    rows = []
    for loop in loops:
        missing = {(one.source, one.target) for one in find_links(loop, study.model)
                   if not one.found}  # fmt: skip
        steps = [
            f"{study.model.label(source, lang)} {'✗' if (source, target) in missing else sign}→"
            for source, target, sign in loop.links
        ]
        cut = ", ".join(f"`{s.constant}` = {s.values[0]:g}" for s in loop.cut) or say["none"]
        rows.append([f"**{loop.id}** {loop.title[lang]}", loop.kind, " ".join(steps), cut])
    yield from (f"## {say['loops']}", "", *_markdown_table([head, *rows]), "")
    for one in checked:
        if one.test.kind == "knockout" and one.found.rows:
            yield from (f"### {say['knocked']}", "", *_knocked(study, one, lang), "")


def _knocked(study: Study, one: Checked, lang: str) -> list[str]:
    say = {key: words[lang] for key, words in WORDS.items()}
    head = [say[key] for key in ("loop", "watched", "expected", "change", "status")]
    rows = [
        [
            f"{row['loop']} {row[lang]}",
            study.model.label(str(row["watched"]), lang)
            + (say["of_lever"] if row["of a lever"] else ""),
            say[str(row["expected"])],
            _relative(row),
            say[PASS if row["holds"] else FAIL],
        ]
        for row in one.found.rows
    ]
    return _markdown_table([head, *rows])


# ── terminal ───────────────────────────────────────────────────────────────────────────────


def line(one: Checked, lang: str) -> str:
    """Return a test in one line, as it is told while they run."""
    verdict = WORDS[one.found.status][lang].strip("*")
    return f"{one.test.id:<5} {verdict:<8} {one.test.title[lang]} — {one.found.shown[lang]}"


def text(checked: Sequence[Checked], lang: str) -> str:
    """Return the count by group and every test that failed, for the terminal."""
    head = ["", *(WORDS[s][lang].strip("*") for s in COUNTED)]
    rows = [head]
    for group in GROUPS:
        members = tuple(one for one in checked if one.test.group == group)
        if members:
            rows.append([WORDS[group][lang], *(str(n) for n in counts(members).values())])
    failed = [one for one in checked if one.found.status == FAIL]
    told = [f"✗ {line(one, lang)}" for one in failed]
    lines = [piece for one in told for piece in (wrap(one, 100) if width(one) > 100 else [one])]
    total = WORDS["sum"][lang].format(n=len(checked), **counts(tuple(checked)))
    return "\n".join([*table(rows), "", *lines, total])
