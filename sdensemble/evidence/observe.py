"""The verb ``observe add``: a person's own figures in, a new vintage, and what they moved."""

from __future__ import annotations

import csv
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sdensemble.calibration.fitting import make_problem
from sdensemble.calibration.likelihood import Problem
from sdensemble.calibration.posterior import (
    Posterior,
    posterior_draws,
    posterior_path,
    write_posterior,
)
from sdensemble.calibration.smc import Settings
from sdensemble.calibration.stored import choose
from sdensemble.calibration.terms import matches
from sdensemble.draws import Draws, draw
from sdensemble.ensemble import run_ensemble
from sdensemble.errors import Problems, SDError, did_you_mean
from sdensemble.evidence.calibrate import fit_vintage, settings_of
from sdensemble.evidence.words import columns, say
from sdensemble.history import LATEST, Observation, append_history, last_day, vintage
from sdensemble.kernel.compile import Kernel, compile_model
from sdensemble.outputs.results import Results
from sdensemble.outputs.words import target_name
from sdensemble.scenarios import leaves
from sdensemble.study import Study

Ask = Callable[[str], str]
Line = Callable[[str], None]

HEADERS: Mapping[str, tuple[str, ...]] = {
    "time": ("time", "year", "年份", "年度", "年", "时间"),
    "sector": ("sector", "entity", "部门", "行业", "集群", "地区", "范围", "对象"),
    "measure": ("measure", "quantity", "口径", "指标", "指标名称", "统计口径"),
    "value": ("value", "数值", "值", "数据", "金额"),
    "unit": ("unit", "单位", "计量单位"),
    "source": ("source", "来源", "数据来源", "出处", "资料来源"),
    "period_end": ("period_end", "period end", "期末", "截止日", "截至", "时期末", "统计截止日"),
    "published_on": ("published_on", "published on", "published", "公布日期", "发布日期",
                     "公布时间", "发布时间"),
    "note": ("note", "备注", "说明"),
    "url": ("url", "网址", "链接"),
}  # fmt: skip
"""How a column may be headed."""
UNITS: Mapping[str, str] = {
    "亿元": "Yi", "万吨": "Wt", "万头": "Wh", "万亩": "Wmu", "家": "Firm", "个": "Firm",
    "%": "Percent", "百分比": "Percent", "元": "Yuan", "比例": "Dmnl",
}  # fmt: skip
LOG = "observed.log.csv"
LOG_HEAD = ("when", "batch", "file", "time", "sector", "measure", "value", "unit", "replaces",
            "target", "before", "alone", "after")  # fmt: skip


# ── reading a person's file ────────────────────────────────────────────────────────────────


def read_figures(path: Path, ask: Ask | None = None, **given: str) -> tuple[Observation, ...]:
    """Return the figures of an .xlsx or .csv file (UTF-8 or GBK) with English or Chinese headers.

    ``given`` fills columns the file lacks, such as measure="sales_revenue"; what is still missing
    of measure, sector, unit and published_on is asked for. Raises SDError with every bad row.
    """
    table = _xlsx(path) if path.suffix.lower() in (".xlsx", ".xlsm") else _csv(path)
    if len(table) < 2:
        raise SDError(f"{path.name}: no rows below the header")
    places = _places(path, table[0])
    problems = Problems()
    for needed in ("time", "value"):
        if needed not in places:
            shown = ", ".join(HEADERS[needed])
            problems.add(path.name, f'no column "{needed}" (headers understood: {shown})')
    problems.raise_if_any()
    rows = [row for row in table[1:] if any(str(cell or "").strip() for cell in row)]
    filled = _fill(path, rows, places, ask, given)
    found = []
    for number, row in enumerate(rows, start=2):
        try:
            found.append(_figure(row, places, filled, path))
        except ValueError as error:
            problems.add(f"{path.name} line {number}", str(error))
    problems.raise_if_any()
    return tuple(found)


def _csv(path: Path) -> list[list[Any]]:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise SDError(f"{path}: cannot be read — {error.strerror or error}") from None
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        return [list(row) for row in csv.reader(text.splitlines())]
    raise SDError(f"{path.name}: neither UTF-8 nor GBK: save it as one of the two")


def _xlsx(path: Path) -> list[list[Any]]:
    from zipfile import BadZipFile

    from openpyxl import load_workbook

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (OSError, BadZipFile, KeyError) as error:
        raise SDError(f"{path}: cannot be read as an Excel file — {error}") from None
    rows = [list(row) for row in book.worksheets[0].iter_rows(values_only=True)]
    book.close()
    return rows


def _places(path: Path, header: Sequence[Any]) -> dict[str, int]:
    """Return where each column stands, by our name for it; raise SDError for one given twice."""
    by_word = {word: name for name, words in HEADERS.items() for word in words}
    places: dict[str, int] = {}
    for i, cell in enumerate(header):
        word = re.sub(r"[(（].*[)）]", "", str(cell or "")).strip().casefold()
        name = by_word.get(word)
        if name in places:
            raise SDError(f'{path.name}: two columns mean "{name}"')
        if name:
            places[name] = i
    return places


QUESTIONS = {
    "measure": "measure / 口径 (e.g. sales_revenue 销售收入, output_value_as_reported 上报产值)",
    "sector": "sector / 范围 (e.g. total 全省)",
    "unit": "unit / 单位 (e.g. 亿元)",
    "published_on": "published on / 公布日期 (2023-01-29, 2023-01 or 2023)",
    "source": "source / 来源",
}


def _fill(
    path: Path, rows: Sequence[Sequence[Any]], places: Mapping[str, int], ask: Ask | None,
    given: Mapping[str, str],
) -> dict[str, str]:  # fmt: skip
    """Return what stands in where a row says nothing, asked for where it is needed."""
    filled = {name: value for name, value in given.items() if value}
    problems = Problems()
    for name, question in QUESTIONS.items():
        lacks = name not in places or any(not str(row[places[name]] or "").strip() for row in rows)
        if not lacks or name in filled:
            continue
        if name == "source":
            filled[name] = path.name
        elif ask is None:
            problems.add(path.name, f"{name} is missing in some row: add a column, or give"
                         f" --{name.replace('_', '-')}")  # fmt: skip
        else:
            filled[name] = ask(question).strip()
    problems.raise_if_any()
    return filled


def _figure(
    row: Sequence[Any], places: Mapping[str, int], filled: Mapping[str, str], path: Path
) -> Observation:
    def cell(name: str) -> str:
        value = row[places[name]] if name in places and places[name] < len(row) else None
        if isinstance(value, datetime):
            value = value.date().isoformat()
        return str(value if value is not None else "").strip() or filled.get(name, "")

    found = re.match(r"\d{4}", cell("time"))
    if not found:
        raise ValueError(f'"{cell("time")}" is no year')
    year = int(found[0])
    number = cell("value").replace(",", "").replace("，", "")
    value = float(number)
    if not value > 0:
        raise ValueError(f"{number}: a figure must be above 0")
    published = cell("published_on").replace("/", "-").replace(".", "-")
    if last_day(published) is None:
        raise ValueError(f'published_on: "{published}" is no date such as 2023-01-29')
    end = cell("period_end")
    return Observation(
        float(year), cell("sector"), cell("measure"), value, UNITS.get(cell("unit"), cell("unit")),
        cell("source") or path.name, date.fromisoformat(end) if end else date(year, 12, 31),
        published, url=cell("url"), note=cell("note"),
    )  # fmt: skip


def resolve(study: Study, rows: Sequence[Observation]) -> tuple[Observation, ...]:
    """Return the rows with measures and sectors under the study's own names.

    A Chinese or English title of a fitted series stands for its measure and sector; names no
    series of the study has are refused with the nearest, since measures are never mixed.
    """
    titles = {title.casefold(): term for term in (study.fit.terms if study.fit else ())
              for title in term.title.values()}  # fmt: skip
    series = {o.series for o in study.history} | {t.series for t in titles.values()}
    measures = sorted({measure for measure, _ in series})
    problems, found = Problems(), []
    for row in rows:
        term = titles.get(row.measure.casefold())
        if term is not None and row.measure not in measures:
            row = replace(row, measure=term.measure, sector=term.sector)
        if row.measure not in measures:
            problems.add(f"{row.time:g}", f'no measure "{row.measure}" in this study'
                         f"{did_you_mean(row.measure, measures)}")  # fmt: skip
        elif row.series not in series:
            known = ", ".join(sorted(s for m, s in series if m == row.measure))
            problems.add(
                f"{row.time:g}", f'"{row.measure}" is known of {known}, not of "{row.sector}"'
            )
        found.append(row)
    problems.raise_if_any()
    return tuple(found)


# ── what they move ─────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Moved:
    """One new figure, and the probability of each target before it and with it alone."""

    row: Observation
    replaces: float | None
    fitted: bool
    alone: Mapping[str, float]


@dataclass(frozen=True)
class Observed:
    """What an import did."""

    batch: str
    rows: tuple[Observation, ...]
    moved: tuple[Moved, ...]
    before: Mapping[str, float]
    after: Mapping[str, float]
    text: str
    seconds: float


def observe_add(
    study: Study,
    rows: Sequence[Observation],
    *,
    file: str = "",
    prior_set: str = "history",
    seed: int = 1,
    particles: int = 4096,
    threads: int | None = None,
    lang: str = "zh",
    tell: Line | None = None,
) -> Observed:
    """Add figures to a study's history as a new batch, refit, and say what each one moved.

    Rows are appended, none is changed; a figure of a period already known is a revision and the
    vintage takes the last published. Nothing is written where the refit fails. Each figure alone
    is judged by its own fit from the same seed.
    """
    begun = time.perf_counter()
    if study.fit is None:
        raise SDError(f"{study.folder / 'calibration' / 'fit.toml'}: no such file: no series is"
                      " fitted, so no figure can move a probability")  # fmt: skip
    batch = _batch(study)
    added = tuple(replace(row, batch=batch) for row in resolve(study, rows))
    kernel = compile_model(study.model)
    settings = settings_of(particles, threads)
    before = _chances(study, kernel, _stored(study, kernel, prior_set, settings, seed), settings)
    moved = []
    for row in added:
        fitted = any(matches(row, term, study.model) for term in study.fit.terms)
        old = _revised(study, row)
        alone = before
        if fitted:
            made, _ = _refit(study, kernel, prior_set, settings, seed, (row,))
            alone = _chances(study, kernel, made, settings)
        moved.append(Moved(row, old.value if old else None, fitted, alone))
        if tell:
            tell(f"{row.measure}/{row.sector} {row.time:g} = {row.value:g}")
    made, posterior = _refit(study, kernel, prior_set, settings, seed, added)
    after = _chances(study, kernel, made, settings)
    history = study.folder / "calibration" / "history.csv"
    append_history(history, added)
    if posterior is not None:
        default = study.fit.vintage
        write_posterior(posterior_path(study.folder, LATEST, prior_set, default), posterior)
    found = Observed(batch, added, tuple(moved), before, after, "", time.perf_counter() - begun)
    log = _log(study, found, file)
    text = observed_text(study, found, history, log, lang)
    return replace(found, text=text, seconds=time.perf_counter() - begun)


def _batch(study: Study) -> str:
    """Return the name of a new batch: the day, numbered."""
    day = date.today().isoformat()
    known = {row.batch for row in study.history}
    return next(name for i in range(1, 10_000) if (name := f"{day}-import-{i}") not in known)


def _revised(study: Study, row: Observation) -> Observation | None:
    """Return the figure of the same series and period a row revises, or None."""
    same = [
        o
        for o in vintage(study.history, LATEST).fitted()
        if (o.series, o.time, o.period_end) == (row.series, row.time, row.period_end)
    ]
    return same[0] if same else None


@dataclass(frozen=True, eq=False)
class _Made:
    """Draws, and the time from which shocks are drawn."""

    draws: Draws
    forecast_from: float | None


def _stored(study: Study, kernel: Kernel, prior_set: str, settings: Settings, seed: int) -> _Made:
    chosen = choose(study.folder, study.model, study.priors(prior_set), study.fit, study.history,
                    study.lived, LATEST)  # fmt: skip
    if chosen.posterior is None:
        return _refit(study, kernel, prior_set, settings, seed, ())[0]
    return _made(study, chosen.posterior, prior_set, settings, seed)


def _made(
    study: Study, posterior: Posterior, prior_set: str, settings: Settings, seed: int
) -> _Made:
    draws = posterior_draws(posterior, study.priors(prior_set), study.model, settings.size, seed)
    return _Made(draws, posterior.forecast_from)


def _refit(
    study: Study, kernel: Kernel, prior_set: str, settings: Settings, seed: int,
    more: Sequence[Observation],
) -> tuple[_Made, Posterior | None]:  # fmt: skip
    assert study.fit is not None
    known = vintage((*study.history, *more), LATEST)
    problem: Problem = make_problem(kernel, study.priors(prior_set), study.fit, known.fitted(),
                                    study.lived, threads=settings.threads)  # fmt: skip
    if not problem.data:
        draws = draw(problem.priors, problem.model, settings.size, seed=seed,
                     replicates=settings.replicates)  # fmt: skip
        return _Made(draws, None), None
    posterior = fit_vintage(study, problem, known, settings, seed)
    return _made(study, posterior, prior_set, settings, seed), posterior


def _chances(study: Study, kernel: Kernel, made: _Made, settings: Settings) -> dict[str, float]:
    """Return P of the targets shown on the terminal under the lived scenario, same shocks."""
    scenario = study.lived or study.scenarios[0]
    targets = [t for t in study.targets if t.headline] or list(study.targets[:1])
    parts = [part for t in targets for part in leaves(t, study.targets)]
    keep = {part.variable: part.aggregate for part in parts}
    forcing = study.forcing
    if forcing is not None and made.forecast_from is not None:
        forcing = replace(forcing, from_time=made.forecast_from)
    data = run_ensemble(kernel, [scenario], made.draws, forcing, keep=keep,
                        threads=settings.threads)  # fmt: skip
    data.attrs |= {"as_of": LATEST, "posterior": "observe"}
    results = Results(data, (scenario,), study.targets, study.report, study.model)
    return {t.id: results.event(t, scenario).probability().middle for t in targets}


def _log(study: Study, found: Observed, file: str) -> Path:
    """Append what was added and moved to the study's log; return its path."""
    path = study.folder / "calibration" / LOG
    new = not path.is_file()
    with path.open("a", encoding="utf-8-sig" if new else "utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        if new:
            writer.writerow(LOG_HEAD)
        when = datetime.now().astimezone().isoformat(timespec="seconds")
        for one in found.moved:
            row = one.row
            for target in found.before:
                writer.writerow(
                    [when, found.batch, file, f"{row.time:g}", row.sector, row.measure,
                     f"{row.value:.12g}", row.unit,
                     "" if one.replaces is None else f"{one.replaces:.12g}", target,
                     f"{found.before[target]:.4f}", f"{one.alone[target]:.4f}",
                     f"{found.after[target]:.4f}"]
                )  # fmt: skip
    return path


def observed_text(study: Study, found: Observed, history: Path, log: Path, lang: str) -> str:
    """Return which number moved which probability, as lines for the terminal."""
    by_id = {target.id: target for target in study.targets}
    names = [target_name(by_id[key], lang) + (f" {by_id[key].year}" if by_id[key].year else "")
             for key in found.before]  # fmt: skip
    table = [["", *names]]
    table.append([say("before", lang), *(f"{p:.1%}" for p in found.before.values())])
    for one in found.moved:
        row = one.row
        title = f"{row.measure}/{row.sector} {row.time:g} = {row.value:g} {row.unit}"
        if one.replaces is not None:
            title += "  " + say("revises", lang, old=one.replaces, new=row.value)
        if not one.fitted:
            title += "  " + say("not fitted", lang)
        cells = [f"{one.alone[key]:.1%} ({100 * (one.alone[key] - found.before[key]):+.1f})"
                 for key in found.before]  # fmt: skip
        table.append([title, *cells])
    table.append([say("after", lang), *(
        f"{found.after[key]:.1%} ({100 * (found.after[key] - found.before[key]):+.1f})"
        for key in found.before)])  # fmt: skip
    kept = say("kept", lang, path=history.name, n=len(found.rows), batch=found.batch, log=log.name)
    return "\n".join([say("moved", lang), *columns(table), "", kept])
