"""Help of the command line from ``[help]`` of the catalogues, in the language asked for.

Keys are ``help.<verb>.text`` and ``help.<verb>.<option>``; an option without a key of its own has
that of ``help.options``. A verb of a group is called by both names, ``observe_add``.
"""

from __future__ import annotations

import click

from sdensemble.lang import LANGS, catalogue

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


class HelpedGroup(Helped, click.Group):
    """A group that tells of its verbs without loading one."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each verb with the first sentence of its help."""
        words, names = catalogue(ctx.meta.get(LANG, LANGS[0])), self.list_commands(ctx)
        limit = formatter.width - 6 - max(map(len, names))
        rows = [
            (name, click.Command(name, help=words[f"help.{path_of(ctx, name)}.text"]))
            for name in names
        ]
        with formatter.section("Commands"):
            formatter.write_dl([(name, one.get_short_help_str(limit)) for name, one in rows])


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
