"""The command line. Every verb calls one public function; errors are lines, not tracebacks."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click

from sdengine.errors import Message, ModelRemark, SDError
from sdensemble import __version__
from sdensemble.lang import LANGS
from sdensemble.verbs.decide_cli import add_commands
from sdensemble.verbs.help import LANG, Verbs


class Door(Verbs):
    """The group of verbs: an SDError becomes its lines and exit status 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb; with --debug let every traceback through."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo(_said(Message("interrupted; no run was written"), ctx), err=True)
            ctx.exit(130)
        except Exception as error:
            if ctx.params.get("debug"):
                raise
            lines = _lines(error)
            if lines is None:
                raise
            for line in lines:
                click.echo(_said(Message("error: {line}", line=line), ctx), err=True)
            ctx.exit(1)


def _said(line: Message, ctx: click.Context) -> str:
    """Return a message in the language asked for; in English where the catalogue lacks it."""
    from sdensemble.lang import message

    return line.said(partial(message, lang=ctx.meta.get(LANG, LANGS[0])))


def _remark(shown: Callable[..., None], warning: Warning | str, *more: Any, **named: Any) -> None:
    """Say what was done to a study's files as a line; show any other warning as ever."""
    ctx = click.get_current_context(silent=True)
    if ctx is None or not (isinstance(warning, Warning) and isinstance(warning.args[0], Message)):
        shown(warning, *more, **named)
        return
    click.echo(_said(warning.args[0], ctx), err=True)


def _lines(error: Exception) -> tuple[str, ...] | None:
    """Return what to tell the person, or None for errors that are click's own."""
    if isinstance(error, click.ClickException | click.exceptions.Exit | click.Abort):
        return None
    if isinstance(error, SDError):
        return error.problems
    if isinstance(error, MemoryError):
        return (Message("not enough memory: ask for fewer --members or fewer variables to keep"),)
    what = f"{type(error).__name__}: {error}"
    told = "{what} — this is a fault of the program: run again with --debug to see where"
    return (Message(told, what=what),)


def _show(done: Any, ctx: click.Context) -> None:
    """Show what a verb gives back: the answer, notes, where it is, and how long it took."""
    click.echo(done.text)
    for note in done.notes:
        click.echo(_said(note, ctx) if isinstance(note, Message) else note, err=True)
    seconds = f"({done.seconds:.0f} s)" if done.seconds else ""
    where = "  ".join(part for part in (str(done.folder or ""), seconds) if part)
    if where:
        click.echo(f"\n{where}")


def _study(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--study",
        "folder",
        type=click.Path(file_okay=False, path_type=Path),
        default=".",
        show_default="the current folder",
    )(command)


def _lang(command: Callable[..., Any], expose: bool = True) -> Callable[..., Any]:
    """Give a verb its language; not exposed, it is only that of its messages."""
    choice = click.Choice(LANGS)

    def keep(ctx: click.Context, param: click.Parameter, lang: str) -> str:
        typed = ctx.get_parameter_source(str(param.name)) is not click.core.ParameterSource.DEFAULT
        ctx.meta[LANG] = lang if typed else ctx.meta.get(LANG, lang)
        return str(ctx.meta[LANG])

    return click.option(
        "--lang",
        type=choice,
        default=LANGS[0],
        show_default=True,
        callback=keep,
        is_eager=True,
        expose_value=expose,
    )(command)


@click.group(cls=Door, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True)
@click.version_option(__version__, prog_name="sdensemble")
@partial(_lang, expose=False)
def main(debug: bool) -> None:
    """System-dynamics ensembles: probabilities of targets under policy levers."""
    warnings.simplefilter("ignore", ModelRemark)  # a run of a file shows them as notes
    warnings.showwarning = partial(_remark, warnings.showwarning)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


REPLACE = "sdensemble.replace"


class NewFolder(click.Path):
    """A folder to write into: one that holds something is asked about, or refused."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path; ask on a terminal, and fail elsewhere, where it is not free."""
        path = Path(str(super().convert(value, param, ctx)))
        if ctx is None or ctx.meta.get(REPLACE) or not path.is_dir() or not any(path.iterdir()):
            return path
        told = "{folder} holds files already: choose another folder, or add --replace"
        if sys.stdin.isatty() and sys.stderr.isatty():
            asked = _said(Message("{folder} holds files already. Replace them?", folder=path), ctx)
            if click.confirm(asked, err=True):
                return path
        raise SDError(Message(told, folder=path))


def _out(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb ``--out``, and ``--replace`` beside it."""

    def keep(ctx: click.Context, _: click.Parameter, replace: bool) -> None:
        ctx.meta[REPLACE] = replace

    command = click.option("--out", type=NewFolder(path_type=Path))(command)
    replace = click.option(
        "--replace", is_flag=True, is_eager=True, expose_value=False, callback=keep
    )
    return replace(command)


_FILE = click.Path(exists=False, dir_okay=False, path_type=Path)
_DIR = click.Path(file_okay=False, path_type=Path)
_OF_A_MODEL = {
    "settings": click.option("--set", "settings", multiple=True),
    "initial": click.option("--initial", multiple=True),
    "series": click.option("--series", multiple=True, type=_FILE),
    "data": click.option("--data", multiple=True, type=_FILE),
    "until": click.option("--until", type=float),
    "save_state": click.option("--save-state", type=_FILE),
    "from_state": click.option("--from-state", type=_FILE),
    "changes": click.option("--changes", multiple=True, type=_FILE),
    "sample": click.option("--sample", type=_FILE),
    "sensitivity": click.option("--sensitivity", type=_FILE),
    "save_list": click.option("--save-list", type=_FILE),
    "report": click.option("--report", default=""),
}
_OPTION = {"folder": "study", "scenarios": "scenario", "prior_set": "prior", "variants": "variant"}
_OPTION |= {"as_of": "as-of", "prior_only": "prior-only", "question": "target"}
_OPTION |= {"settings": "set", "save_list": "save-list", "save_state": "save-state"}
_OPTION |= {"from_state": "from-state"}
_OF_A_STUDY = (
    *("folder", "scenarios", "prior_set", "method", "member"),
    *("variants", "weights", "as_of", "prior_only", "question", "keep"),
)


def _model_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_OF_A_MODEL.values()):
        command = option(command)
    return click.argument("target", required=False, type=click.Path(exists=True, path_type=Path))(
        command
    )


def _given(ctx: click.Context, name: str) -> bool:
    return ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE


def _run_model(ctx: click.Context, target: Path, lang: str, options: dict[str, Any]) -> None:
    """Run a model file by itself; members and seed count only where they were typed."""
    from sdensemble.verbs.run_file import FileOptions, run_file

    chosen = {name: options[name] for name in (*_OF_A_MODEL, "out", "threads")}
    chosen |= {name: options[name] for name in ("members", "seed") if _given(ctx, name)}
    found = run_file(target, FileOptions(**chosen, lang=lang))
    click.echo(found.text)
    for note in found.notes:
        click.echo(note, err=True)
    if found.folder:
        click.echo(f"\n{found.folder}")


@main.command()
@_model_options
@_study
@_lang
@click.option("--members", default=2048, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--scenario", "scenarios", multiple=True)
@click.option("--prior", "prior_set", default="")
@click.option(
    "--method",
    type=click.Choice(["sobol", "latin", "plain"]),
    default="sobol",
    show_default=True,
)
@_out
@click.option("--threads", type=click.IntRange(1))
@click.option("--member", type=click.IntRange(0))
@click.option("--as-of", default="")
@click.option("--prior-only", is_flag=True)
@click.option("--target", "question", default="")
@click.option("--keep", type=click.Choice(["asked", "all"]), default="asked", show_default=True)
@click.option("--variant", "variants", multiple=True)
@click.option("--weights", type=_FILE)
@click.pass_context
def run(
    ctx: click.Context, target: Path | None, folder: Path, member: int | None, **options: Any
) -> None:
    """Run the scenarios: probabilities, differences, tables and figures.

    TARGET is a study's folder, or a model file (.mdl, .xmile, .stmx), which is run by itself:
    one run, or with --sample or --sensitivity an ensemble.
    """
    from sdensemble.study import open_study
    from sdensemble.verbs.run import Options, replay_member, run_study

    alone = target is not None and target.is_file()
    for name in _OF_A_STUDY if alone else (*_OF_A_MODEL, *(["folder"] if target else [])):
        if _given(ctx, name):
            what = "a model file" if alone else "a study"
            raise click.UsageError(f"--{_OPTION.get(name, name)} does not go with {what}")
    if target is not None and alone:
        _run_model(ctx, target, options["lang"], options)
        return
    folder = target or folder
    for name in _OF_A_MODEL:
        del options[name]
    variants, weights = options.pop("variants"), options.pop("weights")
    if weights and not variants:
        raise click.UsageError("--weights goes with --variant")
    if variants:
        _run_variants(ctx, folder, Options(**options), variants, weights)
        return
    if member is not None:
        click.echo(replay_member(open_study(folder), Options(**options), member).text)
        return
    with _Bar() as bar:
        _show(run_study(open_study(folder), Options(**options), bar.start), ctx)


def _run_variants(
    ctx: click.Context, folder: Path, options: Any, names: tuple[str, ...], weights: Any
) -> None:
    """Run a study under several structures."""
    from sdensemble.study import open_study
    from sdensemble.verbs.run_variants import run_variants

    with _Bar() as bar:
        _show(run_variants(open_study(folder), options, names, weights, bar.start), ctx)


class _Bar:
    """A progress bar of member runs, on a terminal only; safe to advance from any thread."""

    def __init__(self) -> None:
        self.bar: Any = None

    def __enter__(self) -> _Bar:
        return self

    def start(self, length: int) -> Callable[[int], None]:
        """Open the bar for so many member runs; return what advances it."""
        import threading

        if not sys.stderr.isatty():
            return lambda done: None
        lock = threading.Lock()
        self.bar = click.progressbar(
            length=length, label="members", file=sys.stderr, update_min_steps=length // 200
        )
        self.bar.__enter__()

        def advance(done: int) -> None:
            with lock:
                self.bar.update(done)

        return advance

    def __exit__(self, *exception: Any) -> None:
        if self.bar is not None:
            self.bar.__exit__(*exception)


def _validate(study: Any, out: Path | None, lang: str) -> int:
    """Run the validation tests, telling each as it ends; return the exit status."""
    from sdensemble.checks.full import full_check
    from sdensemble.checks.report import line, text

    def tell(done: Any) -> None:
        click.echo(line(done, lang), err=True)

    checked, folder = full_check(study, out, tell)
    click.echo(f"{text(checked, lang)}\n\n{folder}")
    return int(any(one.found.status == "fail" for one in checked))


@main.command()
@_study
@_lang
@click.option("--full", is_flag=True)
@_out
@click.pass_context
def check(ctx: click.Context, folder: Path, lang: str, full: bool, out: Path | None) -> None:
    """Check every file and the model's units, without running.

    With --full the validation tests of model/validation.toml run too and write a report; the
    status is 1 where one of them fails.
    """
    from sdensemble.lang import tell
    from sdensemble.study import check_study, open_study
    from sdensemble.verbs.check import sound

    study = open_study(folder)
    if full:
        ctx.exit(_validate(study, out, lang))
    problems = check_study(study)
    if problems:
        raise SDError(problems)
    click.echo(tell(sound(study), lang))


@main.command()
@_study
@_lang
@click.argument("variable", required=False)
@click.option("--levers", "what", flag_value="levers")
@click.option("--regions", "what", flag_value="regions")
@click.option("--variables", "what", flag_value="variables")
@click.option("--outlay", "what", flag_value="outlay")
@click.option("--reference", type=_DIR)
@_out
@click.option("--no-png", is_flag=True)
@click.option("--grey", is_flag=True)
def describe(
    folder: Path,
    lang: str,
    variable: str | None,
    what: str | None,
    reference: Path | None,
    out: Path | None,
    no_png: bool,
    grey: bool,
) -> None:
    """Say what the model holds, or explain one VARIABLE, by name or label.

    With --out, --regions also writes its table and figure into that folder.
    """
    from sdensemble.pages import explain as words
    from sdensemble.study import open_study

    if out is not None and what != "regions":
        raise click.UsageError("--out goes with --regions")
    study = open_study(folder)
    unit = study.unit_writer(lang)
    if reference is not None:
        from sdensemble.pages.write import write_reference

        files = write_reference(study, reference, png=not no_png, grey=grey)
        click.echo(f"{reference}: {len(files)} files")
        return
    if variable:
        click.echo(words.explain(study.model, study.find(variable), lang, unit))
    elif what == "levers":
        click.echo(words.lever_table(study.model, lang, unit))
        if study.instruments:
            from sdensemble.verbs.policy import instruments_text

            click.echo(f"\n{instruments_text(study, lang)}")
    elif what == "regions":
        from sdensemble.verbs.policy import show_regions

        shown = show_regions(study, lang=lang, out=out)
        click.echo(shown.text + (f"\n\n{shown.folder}" if shown.folder else ""))
    elif what == "variables":
        click.echo(words.variable_table(study.model, lang, unit))
    elif what == "outlay":
        from sdensemble.decide.equal_outlay import outlay_text

        click.echo(outlay_text(study, lang))
    else:
        click.echo(words.overview(study.model, lang, unit))


_RUN = click.Path(exists=True, file_okay=False, path_type=Path)


@main.command()
@click.argument("target", required=False, type=click.Path(exists=True, path_type=Path))
@_study
@_lang
@click.option("--members", default=2048, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--prior", "prior_set", default="")
@click.option("--as-of", default="")
@click.option("--prior-only", is_flag=True)
@click.option("--target", "question", default="")
@click.option("--out", type=_FILE)
@click.option("--open", "show", is_flag=True)
def cockpit(
    target: Path | None, folder: Path, out: Path | None, show: bool, lang: str, **options: Any
) -> None:
    """Write one HTML file in which the whole ensemble runs, offline.

    TARGET is a study's folder, or a model file by itself: one run, a slider for each constant.
    """
    from sdensemble.study import open_study
    from sdensemble.verbs.cockpit import model_page, study_page, write_page
    from sdensemble.verbs.run import Options

    if target is not None and target.is_file():
        text, place = model_page(target, lang), Path(f"{target.stem}.html")
    else:
        study = open_study(target or folder)
        text = study_page(study, Options(**options, lang=lang))
        place = study.folder / "outputs" / "cockpit.html"
    written = write_page(text, out or place)
    click.echo(f"{written}  ({written.stat().st_size / 1e6:.1f} MB)")
    if show:
        click.launch(str(written))


@main.command()
@_study
@_lang
@click.option("--as-of", default="")
@click.option("--run", type=_RUN)
@click.option("--scenario", default="")
@_out
def ledger(folder: Path, **options: Any) -> None:
    """Say of each target what is published: met, not met, not published."""
    from sdensemble.study import open_study
    from sdensemble.verbs.policy import show_ledger

    shown = show_ledger(open_study(folder), **options)
    click.echo(f"{shown.text}\n\n{shown.folder}")


@main.command()
@_study
@_lang
@click.option("--run", type=_RUN)
@click.option("--members", type=click.IntRange(1))
@click.option("--seed", default=1, show_default=True)
@click.option("--prior", "prior_set", default="")
@click.option("--scenario", "scenarios", multiple=True)
@_out
@click.pass_context
def scorecard(
    ctx: click.Context,
    folder: Path,
    lang: str,
    run: Path | None,
    members: int | None,
    out: Path | None,
    **options: Any,
) -> None:
    """Score every target under every scenario, least likely first.

    Of a stored run --scenario picks columns; what they are compared with stays.
    """
    from sdensemble.study import open_study
    from sdensemble.verbs.policy import show_scorecard
    from sdensemble.verbs.run import Options

    if run is not None and members is not None:
        raise click.UsageError("--members does not go with --run: a stored run has its own")
    for name in ("seed", "prior_set"):
        if members is None and _given(ctx, name):
            option = _OPTION.get(name, name)
            raise click.UsageError(f"--{option} goes with --members: a stored run has its own")
    asked = None if members is None else Options(members=members, lang=lang, **options)
    with _Bar() as bar:
        shown = show_scorecard(
            open_study(folder),
            run=run,
            options=asked,
            scenarios=options["scenarios"],
            lang=lang,
            out=out,
            progress=bar.start,
        )
    click.echo(f"{shown.text}\n\n{shown.folder}")
    if shown.run and members is not None:
        from sdensemble.lang import say

        click.echo(say("run.written", lang, folder=shown.run))


@main.command()
@_study
@_lang
@click.option("--as-of", default="")
@click.option("--prior", "prior_set", default="")
@click.option("--seed", default=1, show_default=True)
@click.option("--particles", default=4096, show_default=True)
@click.option("--threads", type=click.IntRange(1))
@click.option("--no-profiles", is_flag=True)
@click.option("--variants", is_flag=True)
@click.option("--figures", type=click.Path(path_type=Path))
@click.option("--out", type=_FILE)
def calibrate(folder: Path, no_profiles: bool, variants: bool, **options: Any) -> None:
    """Fit the model to what was observed; keep the posterior.

    Interrupted, it goes on where it was when called again.
    """
    if variants:
        _compare_structures(folder, options)
        return
    from sdensemble.evidence.calibrate import Asked
    from sdensemble.evidence.calibrate import calibrate as fit
    from sdensemble.study import open_study

    asked = Asked(**options, profiles=not no_profiles)
    done = fit(open_study(folder), asked, lambda line: click.echo(line, err=True))
    click.echo(done.text)
    if done.path:
        click.echo(f"\n{done.path}  ({done.seconds:.0f} s)")


def _compare_structures(folder: Path, options: dict[str, Any]) -> None:
    """Fit every structure of a study and weigh it."""
    from sdensemble.evidence.structures import compare_structures
    from sdensemble.study import open_study

    asked = {name: options[name] for name in ("prior_set", "seed", "particles", "threads", "lang")}
    found = compare_structures(
        open_study(folder), **asked, tell=lambda line: click.echo(line, err=True)
    )
    click.echo(f"{found.text}\n\n{found.path}  ({found.seconds:.0f} s)")


@main.command()
@_study
@_lang
@click.option("--prior", "prior_set", default="")
@click.option("--seed", default=1, show_default=True)
@click.option("--particles", default=2048, show_default=True)
@click.option("--threads", type=click.IntRange(1))
@_out
def backtest(folder: Path, **options: Any) -> None:
    """Forecast from every origin and score it against naive forecasts."""
    from sdensemble.evidence.backtest import backtest as test
    from sdensemble.study import open_study

    found = test(open_study(folder), **options, tell=lambda line: click.echo(line, err=True))
    click.echo(f"{found.text}\n\n{found.folder or ''}  ({found.seconds:.0f} s)")


@main.command()
@_study
@_lang
@click.option("--as-of", default="")
@click.option("--to", type=int)
@click.option("--scenario", default="")
@click.option("--prior", "prior_set", default="")
@click.option("--prior-only", is_flag=True)
@click.option("--members", default=2048, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--threads", type=click.IntRange(1))
@_out
def forecast(folder: Path, **options: Any) -> None:
    """Forecast every series still to be published, blind, from what was known.

    With --out: forecast.csv, the draws (forecast.nc), texts and figures.
    """
    from sdensemble.evidence.forecast import forecast as ahead
    from sdensemble.study import open_study

    found = ahead(open_study(folder), **options, tell=lambda line: click.echo(line, err=True))
    click.echo(f"{found.text}\n\n{found.folder or ''}  ({found.seconds:.0f} s)")


@main.command()
@_study
@_lang
@click.option("--scenario", default="")
@click.option("--from", "start", type=float)
@click.option("--prior", "prior_set", default="")
@click.option("--members", default=2048, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--threads", type=click.IntRange(1))
def audit(folder: Path, **options: Any) -> None:
    """The forecast at the policy's issue against what came, and why."""
    from sdensemble.evidence.audit import audit as account
    from sdensemble.study import open_study

    found = account(open_study(folder), **options)
    click.echo(f"{found.text}\n\n({found.seconds:.0f} s)")


@main.command()
@click.argument("run", required=False, type=_RUN)
@_study
@_lang
@click.option("--layout", default="office", show_default=True)
@click.option("--template", type=_FILE)
@click.option("--against", type=_RUN)
@click.option("--pdf", is_flag=True)
@_out
def brief(folder: Path, **options: Any) -> None:
    """Write the paper of a RUN (the latest) as Word, Excel and HTML."""
    from sdensemble.study import open_study
    from sdensemble.verbs.brief import Asked, write_brief

    shown = write_brief(open_study(folder), Asked(**options))
    click.echo(f"{shown.text}\n\n{shown.folder}" if shown.text else f"{shown.folder}")


@main.command()
@click.argument("run", required=False, type=_RUN)
@_study
@_lang
@click.option("--outcome", default="")
@click.option("--scenario", "scenarios", multiple=True)
@click.option("--title", default="")
@click.option("--width", type=click.FloatRange(60, 400), default=146.0)
@click.option("--no-lower", "lower", flag_value=False, default=True)
@click.option("--grey", is_flag=True)
@_out
def figure(folder: Path, **options: Any) -> None:
    """Draw one outcome of a RUN, under one scenario or several."""
    from sdensemble.study import open_study
    from sdensemble.verbs.brief import write_figure_of

    shown = write_figure_of(open_study(folder), **options)
    click.echo(f"{shown.text}\n\n{shown.folder}")


@main.command()
@click.argument("number")
@_study
@_lang
def trace(number: str, folder: Path, lang: str) -> None:
    """Say what the run of a NUMBER under a figure or table was made of."""
    from sdensemble.outputs.text import terminal_columns
    from sdensemble.study import open_study
    from sdensemble.verbs.brief import trace as traced

    click.echo(traced(open_study(folder), number, lang, terminal_columns()))


@main.group()
def observe() -> None:
    """Figures of one's own: add them, see what they move."""


@observe.command("add")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_study
@_lang
@click.option("--measure", default="")
@click.option("--sector", default="")
@click.option("--unit", default="")
@click.option("--published-on", default="")
@click.option("--prior", "prior_set", default="")
@click.option("--particles", default=1024, show_default=True)
@click.option("--each", is_flag=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--threads", type=click.IntRange(1))
def observe_add(
    file: Path,
    folder: Path,
    measure: str,
    sector: str,
    unit: str,
    published_on: str,
    **options: Any,
) -> None:
    """Add the figures of FILE (.xlsx, or .csv in UTF-8 or GBK) and refit."""
    from sdensemble.evidence.observe import observe_add as add
    from sdensemble.evidence.observe import read_figures
    from sdensemble.study import open_study

    ask = click.prompt if sys.stdin.isatty() else None
    given = {"measure": measure, "sector": sector, "unit": unit, "published_on": published_on}
    study = open_study(folder)
    figures = read_figures(file, study, ask, lang=options["lang"], **given)
    done = add(study, figures, tell_line=lambda line: click.echo(line, err=True), **options)
    click.echo(f"{done.text}\n\n({done.seconds:.0f} s)")


@observe.command("list")
@_study
@_lang
def observe_list(folder: Path, lang: str) -> None:
    """List the figures people brought in."""
    from sdensemble.evidence.observe import observe_list as listed
    from sdensemble.study import open_study

    click.echo(listed(open_study(folder), lang))


@observe.command("undo")
@click.argument("batch", required=False, default="")
@_study
@_lang
def observe_undo(batch: str, folder: Path, lang: str) -> None:
    """Take back an import: BATCH, or the latest."""
    from sdensemble.evidence.observe import observe_undo as undo
    from sdensemble.study import open_study

    click.echo(undo(open_study(folder), batch, lang))


@main.command()
@click.argument(
    "model", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--headline")
@click.option("--batch", type=_FILE)
@click.option("--lever", "levers", multiple=True)
@click.option("--study", "of", default=".", type=_DIR)
@_lang
def new(
    model: Path | None,
    folder: Path | None,
    headline: str | None,
    batch: Path | None,
    levers: tuple[str, ...],
    of: Path,
    lang: str,
) -> None:
    """Make a study in FOLDER from a MODEL file; or with --batch a table to fill in."""
    if batch is not None:
        from sdensemble.study import open_study
        from sdensemble.verbs.decide import new_batch

        click.echo(new_batch(open_study(of), batch, levers, lang))
        return
    if model is None or folder is None:
        raise click.UsageError("give a MODEL file and a FOLDER, or --batch FILE")
    from sdensemble.verbs.new import new_study

    for path in new_study(model, folder, headline):
        click.echo(path)


@main.command()
@click.argument("model", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--steps", type=click.IntRange(1))
@click.option("--all", "every", is_flag=True)
@partial(_lang, expose=False)
@click.pass_context
def crosscheck(ctx: click.Context, model: Path, steps: int | None, every: bool) -> None:
    """Run a MODEL file here, in PySD and in pysimlin; show the differences.

    Ends with status 1 where PySD and our kernel disagree, or PySD did not run.
    """
    from sdengine.oracle.crosscheck import crosscheck as check_against

    found = check_against(model, steps)
    click.echo(found.text(every=every))
    ctx.exit(0 if found.agree else 1)


add_commands(main, _study, _lang, _Bar)


if __name__ == "__main__":
    main()
