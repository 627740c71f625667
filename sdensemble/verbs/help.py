"""Help of the command line from ``[help]`` of the catalogues, in the language asked for.

Keys are ``help.<verb>.text`` and ``help.<verb>.<option>``; an option without a key of its own has
that of ``help.options``. A verb of a group is called by both names, ``observe_add``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import click

from sdensemble.lang import LANGS, catalogue
from sdensemble.outputs.text import width, wrap

LANG, JSON, VERB = "sdensemble.lang", "sdensemble.json", "sdensemble.verb"
"""Under which a context keeps the language, whether JSON is asked for, and the verb called."""


class Helped(click.Command):
    """A command whose help is told when it is asked for."""

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Return the option with its own help told."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = catalogue(ctx.meta.get(LANG, LANGS[0]))["help.options.help"]
        return option

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help in the language asked for."""
        own, shared = f"help.{path_of(ctx)}.", "help.options."
        words = catalogue(ctx.meta.get(LANG, LANGS[0]))
        self.help = words.get(own + "text", self.help)
        self.epilog = words["help.language"]
        for option in self.params:
            if isinstance(option, click.Option):
                key = key_of(option)
                option.help = words.get(own + key, words.get(shared + key, option.help))
        super().format_help(ctx, formatter)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write how the command is called."""
        words = catalogue(ctx.meta.get(LANG, LANGS[0]))
        pieces = " ".join(self.collect_usage_pieces(ctx))
        formatter.write_usage(ctx.command_path, _in_words(pieces, words), words["help.words.usage"])

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, and the verbs of a group."""
        words = catalogue(ctx.meta.get(LANG, LANGS[0]))
        options = [param for param in self.get_params(ctx) if isinstance(param, click.Option)]
        records = filter(None, (option.get_help_record(ctx) for option in options))
        rows = [tuple(_in_words(one, words) for one in record) for record in records]
        _write_section(formatter, words["help.words.options"], rows)
        if isinstance(self, click.Group):
            self.format_commands(ctx, formatter)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the command does, folded by the width of the signs."""
        _write_paragraphs(formatter, (self.help or "").split("\n\n"))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what stands below everything."""
        _write_paragraphs(formatter, [self.epilog or ""])


class HelpedGroup(Helped, click.Group):
    """A group that tells of its verbs without loading one."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each verb with the first sentence of its help."""
        words, names = catalogue(ctx.meta.get(LANG, LANGS[0])), self.list_commands(ctx)
        said = (words[f"help.{path_of(ctx, name)}.text"].split("\n\n")[0] for name in names)
        _write_section(formatter, words["help.words.commands"], zip(names, said, strict=True))


OWN = {
    "[OPTIONS]": "some_options",
    "COMMAND [ARGS]...": "command",
    "INTEGER RANGE": "whole",
    "INTEGER": "whole",
    "FLOAT RANGE": "number",
    "FLOAT": "number",
    "TEXT": "text",
    "FILE": "file",
    "DIRECTORY": "folder",
    "[default: ": "default",
    "(the current folder)": "here",
}
"""What click writes itself, with the words of the catalogue for it."""


def _in_words(text: str, words: Mapping[str, str]) -> str:
    """Return what click writes of a command in the language of the catalogue."""
    for own, key in OWN.items():
        first, last = (r"\b" if sign.isalpha() else "" for sign in (own[0], own[-1]))
        text = re.sub(f"{first}{re.escape(own)}{last}", words[f"help.words.{key}"], text)
    return text


FIRST = 32
"""Columns the first of two may take before the second begins on a line of its own."""


def _write_section(
    formatter: click.HelpFormatter, head: str, rows: Iterable[tuple[str, ...]]
) -> None:
    """Write two columns under a head; unlike click, by the width of the signs."""
    kept = list(rows)
    left = min(FIRST, max((width(row[0]) for row in kept), default=0)) + 2
    formatter.write(f"\n{head}\n")
    for first, second in kept:
        lines = wrap(second, formatter.width - left - 2)
        lead = first + " " * (left - width(first))
        if width(first) + 2 > left:
            formatter.write(f"  {first}\n")
            lead = " " * left
        for line in lines:
            formatter.write(f"  {lead}{line}".rstrip() + "\n")
            lead = " " * left


def _write_paragraphs(formatter: click.HelpFormatter, paragraphs: Iterable[str]) -> None:
    for text in paragraphs:
        lines = wrap(text, formatter.width - 2)
        formatter.write("\n" + "".join(f"  {line}".rstrip() + "\n" for line in lines))


def path_of(ctx: click.Context, name: str = "") -> str:
    """Return how the catalogue calls a verb: ``main``, ``run``, ``observe_add``."""
    names = [name] if name else []
    one: click.Context | None = ctx
    while one is not None and one.parent is not None:
        names.insert(0, str(one.info_name))
        one = one.parent
    return "_".join(names) or "main"


def key_of(option: click.Option) -> str:
    """Return how the catalogue calls an option; one of several that set the same has its value."""
    value = option.flag_value
    return f"{option.name}_{value}" if isinstance(value, str) else str(option.name)
