"""The command line: a verb of the table is called, its answer shown; errors are lines."""

from __future__ import annotations

import atexit
import contextlib
import gc
import json
import logging
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from sdengine.errors import Message, ModelRemark, SDError, did_you_mean
from sdensemble import __version__
from sdensemble.inputs.folder import StudyRemark
from sdensemble.lang import LANGS, Words, message, tell
from sdensemble.verbs.command import Mistyped, Verb, told
from sdensemble.verbs.help import JSON, LANG, VERB, HelpedGroup
from sdensemble.verbs.options import Options
from sdensemble.verbs.result import Tell, VerbResult
from sdensemble.verbs.table import VERBS

SHOWN = warnings.showwarning
FORMAT = 1
"""Of the JSON: goes up when a reader of the one before could not read it."""


class Group(HelpedGroup):
    """The verbs of a table, each made when it is called."""

    def __init__(self, name: str, table: Mapping[str, Any], **how: Any):
        super().__init__(name, **how)
        self.table = table

    def list_commands(self, ctx: click.Context | None) -> list[str]:
        """Return the names of the table, in its order."""
        return list(self.table)

    def get_command(self, ctx: click.Context | None, cmd_name: str) -> click.Command | None:
        """Return a verb, or a group of verbs; None where the table has none."""
        place = self.table.get(cmd_name)
        if place is not None and cmd_name not in self.commands:
            self.commands[cmd_name] = _command(cmd_name, place)
        return self.commands.get(cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the verb called; raise SDError with the nearest where there is none."""
        if args[0][:1] != "-" and args[0] not in self.table:
            hint = did_you_mean(args[0], self.table)
            raise Mistyped(Message("no verb {name}{hint}", name=args[0], hint=hint))
        return super().resolve_command(ctx, args)


def _command(name: str, place: str | Mapping[str, str]) -> click.Command:
    if isinstance(place, Mapping):
        return Group(name, place)
    module, function = place.split(":")
    return Verb(name, getattr(import_module(f"sdensemble.verbs.{module}"), function), called)


class Door(Group):
    """The group of all verbs: an error becomes its lines and a status."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """See in what language to speak, and whether as JSON, before anything can go wrong."""
        ctx.meta[LANG] = LANGS[0]
        for place, word in enumerate(args):
            name, _, value = word.partition("=")
            if name == "--lang":
                value = value or next(iter(args[place + 1 : place + 2]), "")
                ctx.meta[LANG] = value if value in LANGS else LANGS[0]
        ctx.meta[JSON] = "--json" in args
        try:
            return super().parse_args(ctx, args)
        except click.exceptions.NoArgsIsHelpError:
            raise
        except click.UsageError as error:
            self.refuse(ctx, [told(error, {})], 2)
            raise

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb; with --debug let every traceback through."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as stop:
            told = stop.args[0] if stop.args else Message("interrupted; no run was written")
            self.refuse(ctx, [told], 130, "{line}")
        except Exception as error:
            if ctx.params.get("debug"):
                raise
            lines = _lines(error)
            if lines is None:
                raise
            self.refuse(ctx, lines, 2 if isinstance(error, Mistyped) else 1)

    def refuse(
        self, ctx: click.Context, lines: Sequence[str], status: int, told: str = "error: {line}"
    ) -> None:
        """Tell what is wrong, as JSON too where that is asked for, and end."""
        for line in lines:
            click.echo(_said(Message(told, line=line), ctx.meta[LANG]), err=True)
        if ctx.meta[JSON]:
            errors = [_in_all(line) for line in lines]
            with contextlib.suppress(OSError):  # what is wrong may be that nothing can be shown
                _print(ctx.meta.get(VERB, ""), {"ok": False, "status": status, "errors": errors})
        ctx.exit(status)


def _remark(shown: Callable[..., None], warning: Warning | str, *more: Any, **named: Any) -> None:
    """Say what was done to a study's files as a line; show any other warning as ever."""
    ctx = click.get_current_context(silent=True)
    if ctx is None or not (isinstance(warning, Warning) and isinstance(warning.args[0], Message)):
        shown(warning, *more, **named)
        return
    click.echo(_said(warning.args[0], ctx.meta.get(LANG, LANGS[0])), err=True)


def _lines(error: Exception) -> tuple[str, ...] | None:
    """Return what to tell the person, or None for errors that are click's own.

    So is a broken pipe: whoever reads the answer has seen enough, and click ends without a word.
    """
    own = click.ClickException | click.exceptions.Exit | click.Abort | BrokenPipeError
    if isinstance(error, own):
        return None
    if isinstance(error, SDError):
        return error.problems
    if isinstance(error, MemoryError):
        return (Message("not enough memory: ask for fewer --members or fewer variables to keep"),)
    if isinstance(error, ModuleNotFoundError) and not str(error.name).startswith("sde"):
        told = "this Python ({here}) lacks the package {name}: use that of the environment"
        return (Message(told, here=sys.executable, name=error.name),)
    if isinstance(error, OSError) and error.strerror:
        place = error.filename or Message("the answer could not be shown")
        return (Message("{where}: {what}", where=place, what=error.strerror),)
    what = f"{type(error).__name__}: {error}"
    told = "{what} — this is a fault of the program: run again with --debug to see where"
    return (Message(told, what=what),)


def _said(words: Words, lang: str) -> str:
    """Return words in a language; a message in English where it has no other."""
    if isinstance(words, Message):
        return words.said(partial(message, lang=lang))
    return tell(words, lang)


def _in_all(words: Words) -> dict[str, str]:
    return {lang: _said(words, lang) for lang in LANGS}


def _print(verb: str, answer: dict[str, Any]) -> None:
    """Print an answer as JSON, in UTF-8 whatever the terminal is."""
    text = json.dumps({"format": FORMAT, "verb": verb, **answer}, ensure_ascii=False, indent=1)
    click.echo(text.encode() + b"\n", nl=False)


# ── calling a verb ──


def called(verb: Verb, asked: Options, ctx: click.Context) -> None:
    """Call a verb, show its answer, and end with the status that says whether all is well."""
    _require_free(asked, ctx)
    begun = time.perf_counter()
    with Terminal(asked.lang) as terminal:
        done = verb.function(asked, terminal)
    _show(done, asked, ctx, time.perf_counter() - begun)
    ctx.exit(0 if done.ok else 1)


def _show(done: VerbResult, asked: Options, ctx: click.Context, seconds: float) -> None:
    """Show the answer, notes, where it is, and how long what was drawn has taken."""
    if asked.json:
        notes = [_in_all(note) for note in done.notes]
        more = {"status": 0 if done.ok else 1, "seconds": round(seconds, 3), "notes": notes}
        _print(ctx.meta[VERB], {**done.json(), **more})
        return
    from sdensemble.outputs.text import terminal_columns

    text = done.text(asked.lang, terminal_columns())
    if text:
        click.echo(text)
    for note in done.notes:
        click.echo(_said(note, asked.lang), err=True)
    duration = f"({seconds:.0f} s)" if hasattr(asked, "seed") and done.id else ""
    where = [str(done.folder)] if done.folder else [] if text else [str(one) for one in done.files]
    shown = "  ".join(part for part in ("\n".join(where), duration) if part)
    if shown:
        click.echo(f"\n{shown}" if text else shown)


def _require_free(asked: Options, ctx: click.Context) -> None:
    """Ask on a terminal, and refuse elsewhere, to replace what the folder asked for holds."""
    out: Path | None = getattr(asked, "out", None)
    if out is None or getattr(asked, "replace", True) or not out.is_dir():
        return
    if not any(out.iterdir()):
        return
    if sys.stdin.isatty() and sys.stderr.isatty():
        ask = Message("{folder} holds files already. Replace them?", folder=out)
        if click.confirm(_said(ask, asked.lang), err=True):
            return
    told = Message(
        "{folder} holds files already: choose another folder, or add --replace", folder=out
    )
    raise SDError(told)


class Terminal(Tell):
    """Tells on the standard error; a bar of member runs on a terminal only."""

    def __init__(self, lang: str):
        self.lang = lang
        self.shown: Any = None

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *exception: Any) -> None:
        if self.shown is not None:
            self.shown.__exit__(*exception)

    def __call__(self, line: Words) -> None:
        """Tell a line in the language asked for."""
        click.echo(_said(line, self.lang), err=True)

    def bar(self, runs: int) -> Callable[[int], None]:
        """Open the bar for so many member runs; what it returns is safe in any thread."""
        if not sys.stderr.isatty():
            return lambda done: None
        lock = threading.Lock()
        label = _said(Message("members"), self.lang)
        self.shown = click.progressbar(
            length=runs, label=label, file=sys.stderr, update_min_steps=runs // 200
        )
        self.shown.__enter__()

        def advance(done: int) -> None:
            with lock:
                self.shown.update(done)

        return advance


def settle() -> None:
    """Set what is the program's to choose, and no library's: before NumPy is loaded.

    Objects in circles are few, so they are looked for seldom. Threads hand the interpreter on soon:
    those that run a kernel or pack a file want it often and for a moment. Memory comes in small
    pages: that of an ensemble is written once and read a few times, and where a machine is shared a
    large page can cost five times as much to get as the small ones in its place.
    """
    gc.set_threshold(100_000)
    atexit.register(gc.disable)  # what a process leaves behind need not be sorted
    sys.setswitchinterval(0.0005)
    os.environ.setdefault("NUMPY_MADVISE_HUGEPAGE", "0")
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # where HOME takes no cache it says so
    for name in ("stdin", "stdout", "stderr"):  # None where who started it has closed them
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r+", encoding="utf-8"))  # noqa: SIM115


@click.command(
    "sdensemble", cls=Door, table=VERBS, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.option("--debug", is_flag=True)
@click.option("--lang", type=click.Choice(LANGS), expose_value=False)
@click.version_option(__version__, prog_name="sdensemble")
def main(debug: bool) -> None:
    """System-dynamics ensembles: probabilities of targets under policy levers."""
    settle()
    warnings.simplefilter("ignore", ModelRemark)  # a run of a file shows them as notes
    warnings.simplefilter("always", StudyRemark)
    warnings.showwarning = partial(_remark, SHOWN)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


if __name__ == "__main__":
    main()
