"""A study's scenarios under several structures on the same members, as one written run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sdengine.errors import SDError, did_you_mean
from sdengine.kernel import compile_model
from sdensemble.ensemble.blocks import Runner
from sdensemble.ensemble.members import from_prior
from sdensemble.ensemble.variants import MAIN, Applied, Variant, apply, duplicates, main_variant
from sdensemble.evidence.stored import fitted_rows
from sdensemble.inputs.folder import Whole
from sdensemble.inputs.history import LATEST, vintage
from sdensemble.inputs.targets import Target, leaves
from sdensemble.inputs.weights import read_weights
from sdensemble.outputs.heads import write_csv, write_meanings
from sdensemble.outputs.model_answer import answer
from sdensemble.outputs.models import ModelSet, rows
from sdensemble.outputs.write.terminal import write_texts
from sdensemble.results.record import RunRecord, stamped, written
from sdensemble.results.results import Results
from sdensemble.study import Study
from sdensemble.verbs.result import SILENT, Tell, VerbResult, key_of
from sdensemble.verbs.run_options import RunOptions

ALL = "all"


def choose_variants(study: Study, names: Sequence[str]) -> tuple[Variant, ...]:
    """Return the variants named, "main" among them; "all" names every one of the study.

    Raise SDError for a name that is none of them.
    """
    known = {variant.name: variant for variant in (main_variant(study.model), *study.variants)}
    unknown = [name for name in names if name not in (ALL, *known)]
    if unknown:
        told = 'no structure "{name}"{hint} (there are {known})'
        hint, shown = did_you_mean(unknown[0], known), ", ".join([ALL, *known])
        raise SDError(told, name=unknown[0], hint=hint, known=shown)
    wanted = set(known) if ALL in names else set(names)
    return tuple(variant for name, variant in known.items() if name in wanted)


def run_models(
    study: Study,
    options: RunOptions,
    variants: tuple[Variant, ...],
    tell: Tell = SILENT,
    by: Runner | None = None,
) -> ModelSet:
    """Return the study's scenarios under each variant, on the same draws and shocks.

    ``options.weights`` is a CSV of variant and weight; without it all weigh the same. One
    that is the same as another is not run and has no weight of its own.
    """
    names = [variant.name for variant in variants]
    scenarios = study.choose(options.scenarios)
    members = from_prior(
        study.priors(options.prior_set),
        study.model,
        study.forcing,
        options.members,
        seed=options.seed,
        as_of=study.information,
        method=options.method,
    )
    same = duplicates(variants, members.draws.values)
    given = read_weights(options.weights, names) if options.weights else None
    shares = _weigh_once(names, same, given)
    runs = len(variants) - len(same)
    count = tell.bar(options.members * len(scenarios) * runs)
    found: list[tuple[Results, tuple[str, ...]]] = []
    for variant in variants:
        if variant.name in same:
            other, lacks = found[names.index(same[variant.name])]
            data = other.data.assign_attrs(model_set=variant.name)
            found.append((replace(other, data=data), lacks))
            continue
        applied = apply(variant, members, scenarios)
        found.append((_results(study, applied, by, count), applied.without))
    results, without = zip(*found, strict=True)
    return ModelSet(variants, results, shares, without, options.weights is not None, same)


def _weigh_once(
    names: Sequence[str], same: Mapping[str, str], given: Sequence[float] | None
) -> tuple[float, ...]:
    """Return weights that sum to one; a variant that is the same as another has none."""
    held = [
        0.0 if name in same else w
        for name, w in zip(names, given or [1.0] * len(names), strict=True)
    ]
    if not sum(held) > 0:
        told = "the weights: only variants that are the same as others weigh anything"
        raise SDError(told)
    return tuple(weight / sum(held) for weight in held)


def _results(study: Study, applied: Applied, by: Runner | None, count: Any) -> Results:
    """Run one variant; keep what its model has of what the study keeps."""
    model = applied.model
    targets = tuple(t for t in study.targets if _told(t, study.targets, applied))
    keep = {
        kept.variable: kept.aggregate
        for kept in study.report.keep(study.targets)
        if kept.variable in model and model[kept.variable].dims == study.model[kept.variable].dims
    }
    headline = study.report.headline.whole.variable
    if headline not in keep:
        told = 'variant "{name}": its model has no "{headline}"'
        raise SDError(told, name=applied.variant.name, headline=headline)
    data = applied.members.run(compile_model(model), applied.scenarios, keep, by=by, progress=count)
    return Results(data, applied.scenarios, targets, study.report, model)


def _told(target: Target, targets: tuple[Target, ...], applied: Applied) -> bool:
    """Return whether a variant's model has every variable a target asks of."""
    return all(part.variable in applied.model for part in leaves(target, targets))


def write_models(
    models: ModelSet, folder: Path, record: RunRecord, lang: str, *, free: bool = False
) -> Whole:
    """Write the table, the answer in both languages, the figures and the record of a run."""
    from sdensemble.outputs.figures.variants import variants
    from sdensemble.outputs.write.picture import write_figure

    with written(folder, record.adding(**_facts(models)), free=free) as done:
        partial = done.partial
        write_csv(partial, "variants", rows(models), lang)
        write_meanings(partial, ["variants"], lang)
        write_texts(partial, answer(models), "answer")
        (partial / "figures").mkdir()
        write_figure(variants(models), partial / "figures" / "variants", lang)
    return done


def _facts(models: ModelSet) -> dict[str, Any]:
    """Return what the record says of each structure."""
    every = zip(models.variants, models.weights, models.results, strict=True)
    return {
        "model_set": models.name,
        "variants": {
            variant.name: {
                "weight": weight,
                "digest": variant.digest,
                "same_as": models.same.get(variant.name, ""),
                "lost": results.lost,
                "model_digest": results.data.attrs["model_digest"],
            }
            for variant, weight, results in every
        },
    }


def _require_prior(study: Study, options: RunOptions) -> None:
    """Raise SDError where the run would draw from a posterior: that belongs to one structure."""
    as_of = study.report.as_of or LATEST
    known = vintage(study.history, as_of)
    if options.prior_only or not study.fit or not fitted_rows(study.fit, known, study.model):
        return
    told = (
        "--variant: figures of the vintage {as_of} can be fitted, and a posterior"
        " belongs to one structure. P under every fitted structure: python run_sim.py"
        " calibrate --variants. From the priors all the same: add --prior-only"
    )
    raise SDError(told, as_of=as_of)


def run_variants(options: RunOptions, tell: Tell = SILENT) -> VerbResult:
    """Run variants, write the run and return the answer.

    Raises SDError with all problems of the study's files before anything is computed.
    """
    from sdensemble.outputs.run import check_ready

    study = options.sound()
    chosen = choose_variants(study, (MAIN, *options.variants))
    _require_prior(study, options)
    folder = options.out or stamped(study.folder, "variants")
    check_ready(folder)
    names = [variant.name for variant in chosen]
    record = options.record(study)
    record = replace(record, options={**record.options, "variants": names})
    by = options.runner(folder, record, tell)
    models = run_models(study, options, chosen, tell, by)
    done = write_models(models, folder, record, options.lang, free=options.out is None)
    by.done()
    files = tuple(done.folder / name for name in done.files)
    key = {**key_of(models.main), "model_set": models.name}
    return VerbResult(answer(models), models, done.folder, files, done.notes, id=record.id, key=key)
