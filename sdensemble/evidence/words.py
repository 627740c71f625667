"""What calibrate, backtest, audit and observe print, in Chinese and English."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from sdengine.syntax import Model
from sdensemble.evidence.diagnose import Check, Diagnosis
from sdensemble.evidence.posterior import Posterior
from sdensemble.evidence.pull import Pull
from sdensemble.inputs.fit import without_term
from sdensemble.inputs.history import Vintage, information
from sdensemble.lang import LANGS, Words, bracketed, joined, tell
from sdensemble.lang import say as from_catalogue
from sdensemble.outputs.naming import element_label, information_date, label, target_name
from sdensemble.outputs.text import width, wrap
from sdensemble.study import Study

LABEL = 60
"""Columns a label may take in a table."""


def say(key: str, lang: str, **values: object) -> str:
    """Return a text of ``[evidence]`` filled in; blanks in a key stand for underscores."""
    return from_catalogue(f"evidence.{key.replace(' ', '_')}", lang, **values)


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as lines with aligned columns; wide characters count two."""
    widths = [max(width(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  "
        + "  ".join(
            cell + " " * (wide - width(cell)) for cell, wide in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def three(values: Sequence[float]) -> str:
    """Return three quantiles with as many digits as are worth reading.

    >>> three([0.12345, 999.7, 12345.6])
    '0.123 / 1000 / 12346'
    """
    return " / ".join(f"{v:.3g}" if abs(v) < 999.5 else f"{v:.0f}" for v in values)


def calibration_text(
    study: Study, posterior: Posterior, diagnosis: Diagnosis, known: Vintage, lang: str
) -> str:
    """Return what a calibration learned, as lines for the terminal."""
    informed = [one for one in diagnosis.learned if not one.prior_only]
    informed.sort(key=lambda one: -one.shrinkage)
    fit, dated = study.fit, information(study.history, known.name)
    scenario = tell(study.lived.title, lang) if study.lived else "-"
    date = tell(information_date(dated, study.report.issued), lang)
    lines = [
        say(
            "fitted",
            lang,
            date=date,
            n=len(posterior.figures),
            priors=posterior.bound.prior_set,
            scenario=scenario,
            digest=posterior.digest,
        ),
        say(
            "sampler",
            lang,
            chains=posterior.replicates,
            particles=posterior.particles,
            stages=len(posterior.stages),
            moves=diagnosis.moves,
            distinct=diagnosis.distinct,
            effective=diagnosis.effective,
            evidence=diagnosis.evidence,
            error=diagnosis.evidence_error,
        ),
        say("shocks", lang, when=posterior.forecast_from),
    ]
    late = [stage for stage in posterior.stages if stage.memory > 0.25]
    if late:
        lines.append(say("stuck", lang, n=len(late), memory=diagnosis.worst_memory))
    if fit and fit.skipped:
        lines.append(say("skipped", lang, rows=", ".join(fit.skipped)))
    if known.lacks:
        shown = ", ".join(f"{row.id or row.measure} ({why})" for row, why in known.lacks)
        lines.append(say("lacks", lang, rows=shown))
    lines += no_term_line(study, known, lang)
    rest = len(diagnosis.learned) - len(informed)
    lines += ["", say("shrinkage", lang, some=len(informed), rest=rest)]
    head = [say(key, lang) for key in ("number", "prior", "posterior", "shrink", "effective")]
    lines += columns(
        [head]
        + [
            [
                tell(label_of(study, one.name), lang),
                three(one.prior),
                three(one.posterior),
                f"{one.shrinkage:.2f} ±{one.error:.2f}",
                f"{one.effective:.0f}",
            ]
            for one in informed
        ]
    )
    lines += ["", say("checks", lang), *_check_lines(study, diagnosis, lang), say("loo", lang)]
    if diagnosis.profiles:
        lines += ["", say("profiles", lang), *_profile_lines(study, diagnosis, lang)]
    if diagnosis.theil:
        lines += ["", say("theil", lang), *_theil_lines(study, diagnosis, lang)]
    return "\n".join(lines)


def pull_text(study: Study, pulled: Mapping[str, Sequence[Pull]], lang: str) -> str:
    """Return what each figure does to P of each target, a row a figure."""
    named = {t.id: tell(target_name(t), lang) for t in study.targets}
    targets = {t.id: f"{named[t.id]} {t.year}" if t.year else named[t.id] for t in study.targets}
    first = next(iter(pulled.values()), ())
    head = [say(key, lang) for key in ("series", "year", "value")]
    rows = [[*head, *(f"{targets[name]} {own[0].given:.0%}" for name, own in pulled.items())]]
    for i, one in enumerate(first):
        value = f"{one.value:g} {study.report.unit_label(one.unit, lang)}"
        cells = [_pulled(own[i], lang) for own in pulled.values()]
        rows.append([tell(series_title(study, one.series), lang), str(one.year), value, *cells])
    return "\n".join([say("pull", lang), *columns(rows)]) if first else ""


def _pulled(one: Pull, lang: str) -> str:
    if one.cut:
        return say("cut", lang)
    shown = f"{100 * one.pull:+.1f} ±{100 * one.error:.1f}".replace("-", "−")
    return f"{shown} ({one.effective:.0f})"


def label_of(study: Study, name: str) -> Words:
    """Return a number of the priors as people write it: the constant's label with its element.

    Of a label that explains, the part before the colon, cut at a word to LABEL columns.
    """
    constant, _, element = name.partition("[")
    variable = study.model.variables.get(constant)
    label = {lang: _short(study.model, constant, lang) for lang in LANGS}
    if not element:
        return label
    inside: Words = element.removesuffix("]")
    if variable is not None and len(variable.dims) == 1:
        inside = element_label(study.model, variable.dims[0], element.removesuffix("]"))
    return joined([label, bracketed([inside])], "nothing")


def _short(model: Model, name: str, lang: str) -> str:
    """Return the label of a variable up to its first colon."""
    variable = model.variables.get(name)
    label = model.label(name, lang) if variable is not None and variable.note else ""
    label = label.split(from_catalogue("language.colon", lang))[0] or name
    return wrap(label, LABEL)[0] + "…" if width(label) > LABEL else label


def series_title(study: Study, name: str) -> Words:
    """Return a series as people write it, from its name ``measure/sector``."""
    for term in study.fit.terms if study.fit else ():
        if term.name == name:
            return term.title
    return name


def no_term_line(study: Study, known: Vintage, lang: str, most: int = 6) -> list[str]:
    """Return a line that names, by measure, the rows of a vintage no term speaks of, if any."""
    if study.fit is None:
        return []
    rows = without_term(study.fit.terms, known.fitted(), study.model)
    if not rows:
        return []
    counts = Counter(row.measure for row in rows).most_common()
    shown = [
        tell(label(study.report, name), lang) + (f" ×{n}" if n > 1 else "")
        for name, n in counts[:most]
    ]
    if len(counts) > most:
        shown.append(say("more_measures", lang, n=len(counts) - most))
    return [say("no_term", lang, n=len(rows), rows=tell(joined(shown), lang))]


def _check_lines(study: Study, diagnosis: Diagnosis, lang: str) -> list[str]:
    head = [
        say(key, lang)
        for key in (
            "series",
            "year",
            "value",
            "prior",
            "posterior",
            "pit",
            "loo_pit",
            "residual",
            "discrepancy",
        )
    ]
    return columns(
        [head]
        + [
            [
                tell(series_title(study, one.series), lang),
                str(one.year),
                f"{one.value:g} {study.report.unit_label(one.unit, lang)}",
                three(one.prior),
                three(one.posterior),
                f"{one.pit:.2f}",
                _loo(one),
                f"{one.residual:+.3f}",
                f"{one.discrepancy:+.3f}",
            ]
            for one in diagnosis.checks
        ]
    )


def _loo(one: Check) -> str:
    few = f" ({one.effective:.0f})" if one.effective < 100 else ""
    return f"{one.posterior_pit:.2f}{few}"


def _profile_lines(study: Study, diagnosis: Diagnosis, lang: str) -> list[str]:
    rows = [[say(key, lang) for key in ("number", "fall", "verdict")]]
    for one in diagnosis.profiles:
        fall = max(one.likelihood) - min(one.likelihood)
        rows.append(
            [
                tell(label_of(study, one.name), lang),
                f"{fall:.2f}",
                say("flat" if one.flat else "identified", lang),
            ]
        )
    return columns(rows)


def _theil_lines(study: Study, diagnosis: Diagnosis, lang: str) -> list[str]:
    rows = [[say(key, lang) for key in ("series", "rmse", "bias", "variation", "covariation")]]
    for one in diagnosis.theil:
        rows.append(
            [
                tell(series_title(study, one.series), lang),
                f"{one.error**0.5:.3f}",
                f"{one.bias:.2f}",
                f"{one.variation:.2f}",
                f"{one.covariation:.2f}",
            ]
        )
    return columns(rows)
