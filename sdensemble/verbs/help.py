"""Help of the command line from ``[help]`` of the catalogues, in the language asked for.

Keys are ``help.<verb>.text`` and ``help.<verb>.<option>``; an option without a key of its own has
that of ``help.options``. A verb of a group is called by both names, ``observe_add``.
"""

from __future__ import annotations

import click

from sdensemble.lang import LANGS, catalogue

LANG = "sdensemble.lang"
"""Under which a context keeps the language asked for."""


class _Helped(click.Command):
    """A command that tells what ``--help`` does in the language asked for."""

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Return the option with its own help told."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = catalogue(ctx.meta.get(LANG, LANGS[0]))["help.options.help"]
        return option


class Verb(_Helped):
    """A command whose help is told when it is asked for."""

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help in the language asked for."""
        fill(self, ctx)
        super().format_help(ctx, formatter)


class Verbs(_Helped, click.Group):
    """A group whose help, and that of its verbs, is told when it is asked for."""

    command_class = Verb
    group_class = type

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help in the language asked for."""
        fill(self, ctx)
        for name, command in self.commands.items():
            fill(command, ctx, name)
        super().format_help(ctx, formatter)


def fill(command: click.Command, ctx: click.Context, name: str = "") -> None:
    """Put the words of a language into a command and its options."""
    lang = ctx.meta.get(LANG, LANGS[0])
    place = path_of(ctx, name)
    own, shared = f"help.{place}.", "help.options."
    words = catalogue(lang)
    command.help = words.get(own + "text", command.help)
    command.epilog = words["help.language"]
    for option in command.params:
        if isinstance(option, click.Option):
            key = key_of(option)
            option.help = words.get(own + key, words.get(shared + key, option.help))


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
