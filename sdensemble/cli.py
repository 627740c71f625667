"""The command line. Every verb calls one public function; errors are lines, not tracebacks."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from sdensemble import __version__
from sdensemble.errors import SDError


class Door(click.Group):
    """The group of verbs: an SDError becomes its lines and exit status 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb; with --debug let every traceback through."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("interrupted; no run was written", err=True)
            ctx.exit(130)
        except Exception as error:
            if ctx.params.get("debug"):
                raise
            lines = _lines(error)
            if lines is None:
                raise
            for line in lines:
                click.echo(f"error: {line}", err=True)
            ctx.exit(1)


def _lines(error: Exception) -> tuple[str, ...] | None:
    """Return what to tell the person, or None for errors that are click's own."""
    if isinstance(error, click.ClickException | click.exceptions.Exit | click.Abort):
        return None
    if isinstance(error, SDError):
        return error.problems
    if isinstance(error, MemoryError):
        return ("not enough memory: ask for fewer --members or fewer variables to keep",)
    what = f"{type(error).__name__}: {error}"
    return (f"{what} — this is a fault of the program: run again with --debug to see where",)


@click.group(cls=Door, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show tracebacks.")
@click.version_option(__version__, prog_name="sdensemble")
def main(debug: bool) -> None:
    """System-dynamics ensembles: probabilities of targets under policy levers.

    系统动力学集合模拟：不同政策工具下的达标概率。
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _study(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--study",
        "folder",
        type=click.Path(file_okay=False, path_type=Path),
        default=".",
        show_default="the current folder",
        help="Folder with model/, scenarios/, calibration/, outputs/.  研究文件夹",
    )(command)


def _lang(command: Callable[..., Any]) -> Callable[..., Any]:
    choice = click.Choice(["zh", "en"])
    return click.option(
        "--lang", type=choice, default="zh", show_default=True, help="Language of the output.  语言"
    )(command)


_FILE = click.Path(exists=False, dir_okay=False, path_type=Path)
_OF_A_MODEL = {
    "settings": click.option("--set", "settings", multiple=True, help='"name=3"  设定常数'),
    "changes": click.option("--changes", multiple=True, type=_FILE, help="A .cin file.  改动"),
    "sample": click.option("--sample", type=_FILE, help="Constants, a row a member.  样本"),
    "sensitivity": click.option("--sensitivity", type=_FILE, help="A .vsc file.  抽样设定"),
    "save_list": click.option("--save-list", type=_FILE, help="A .lst file.  保留变量表"),
    "report": click.option("--report", default="", help='Keep and show "a,b".  保留变量'),
}
_OPTION = {"folder": "study", "scenarios": "scenario", "prior_set": "prior"}
_OPTION |= {"settings": "set", "save_list": "save-list"}
_OF_A_STUDY = ("folder", "scenarios", "prior_set", "method", "member")


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
    from sdensemble.single import FileOptions, run_file

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
@click.option("--members", default=2048, show_default=True, help="Members a scenario.  成员数")
@click.option("--seed", default=1, show_default=True, help="Seed of all random numbers.  随机种子")
@click.option("--scenario", "scenarios", multiple=True, help="Name, title or set.  情景")
@click.option("--prior", "prior_set", default="history", show_default=True, help="Prior set. 先验")
@click.option(
    "--method",
    type=click.Choice(["sobol", "latin", "plain"]),
    default="sobol",
    show_default=True,
    help="How constants are drawn.  抽样方法",
)
@click.option("--out", type=click.Path(path_type=Path), help="Folder of this run.  输出文件夹")
@click.option("--threads", type=click.IntRange(1), help="Processor threads.  线程数")
@click.option("--member", type=click.IntRange(0), help="Only replay this member.  重放一个成员")
@click.pass_context
def run(
    ctx: click.Context, target: Path | None, folder: Path, member: int | None, **options: Any
) -> None:
    """Run the scenarios: probabilities, differences, tables and figures.  运行情景

    TARGET is a study's folder, or a model file (.mdl, .xmile, .stmx), which is run by itself:
    one run, or with --sample or --sensitivity an ensemble.  模型文件可单独运行
    """
    from sdensemble.job import Options, replay_member, run_study
    from sdensemble.study import open_study

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
    if member is not None:
        click.echo(replay_member(open_study(folder), Options(**options), member))
        return
    with _Bar() as bar:
        outcome = run_study(open_study(folder), Options(**options), bar.start)
    click.echo(outcome.answer)
    for note in outcome.paths.notes:
        click.echo(note, err=True)
    click.echo(f"\n{outcome.paths.folder}  ({outcome.seconds:.0f} s)")


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


@main.command()
@_study
def check(folder: Path) -> None:
    """Check every file and the model's units, without running.  检查"""
    from sdensemble.study import check_study, open_study

    study = open_study(folder)
    problems = check_study(study)
    if problems:
        raise SDError(problems)
    model = study.model
    sets = ", ".join(f"{len(study.priors(s).items)} priors ({s})" for s in study.prior_sets())
    click.echo(
        f"{model.path.name}: {len(model.variables)} variables, units agree in every equation\n"
        f"{len(study.scenarios)} scenarios, {len(study.targets)} targets, {sets}: no problem"
    )


@main.command()
@_study
@_lang
@click.argument("variable", required=False)
@click.option("--levers", "what", flag_value="levers", help="The levers.  政策工具")
@click.option("--variables", "what", flag_value="variables", help="Every variable.  全部变量")
@click.option(
    "--outlay", "what", flag_value="outlay", help="What scenarios cost at default constants.  支出"
)
def describe(folder: Path, lang: str, variable: str | None, what: str | None) -> None:
    """Say what the model holds, or explain one VARIABLE, by name or label.  说明"""
    from sdensemble.model import describe as words
    from sdensemble.study import open_study

    study = open_study(folder)
    if variable:
        click.echo(words.explain(study.model, study.find(variable)))
    elif what == "levers":
        click.echo(words.lever_table(study.model, lang))
    elif what == "variables":
        click.echo(words.variable_table(study.model, lang))
    elif what == "outlay":
        from sdensemble.outlay import outlay_text

        click.echo(outlay_text(study, lang))
    else:
        click.echo(words.overview(study.model, lang))


@main.command()
@click.argument("model", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--headline", help="The variable the target speaks of (else the first stock).")
def new(model: Path, folder: Path, headline: str | None) -> None:
    """Make a study in FOLDER from a MODEL file.  新建研究"""
    from sdensemble.scaffold import new_study

    for path in new_study(model, folder, headline):
        click.echo(path)


@main.command()
@click.argument("model", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--steps", type=click.IntRange(1), help="Only the first steps.  步数")
@click.option("--all", "every", is_flag=True, help="Every variable.  全部变量")
@click.pass_context
def crosscheck(ctx: click.Context, model: Path, steps: int | None, every: bool) -> None:
    """Run a MODEL file here, in PySD and in pysimlin; show the differences.  对照

    Ends with status 1 where PySD and our kernel disagree, or PySD did not run.
    """
    from sdensemble.crosscheck import crosscheck as check_against

    found = check_against(model, steps)
    click.echo(found.text(every=every))
    ctx.exit(0 if found.agree else 1)


if __name__ == "__main__":
    main()
