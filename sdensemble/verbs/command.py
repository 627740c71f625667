"""From the words of a command line to an options value, every problem told at once."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import Field, fields
from pathlib import Path
from typing import Any, get_args, get_type_hints

import click
from click.core import ParameterSource, iter_params_for_processing

from sdengine.errors import Message, SDError, did_you_mean, nearest
from sdensemble.lang import LANGS
from sdensemble.verbs.help import LANG, VERB, Helped, path_of
from sdensemble.verbs.options import Options
from sdensemble.verbs.result import Tell, VerbResult

Function = Callable[[Any, Tell], VerbResult]
Call = Callable[["Verb", Options, click.Context], None]


class Mistyped(SDError):
    """Problems of a command line itself; the status is 2, as of every such program."""


class Verb(Helped):
    """A command made of a function ``(options, tell) -> VerbResult``."""

    def __init__(self, name: str, function: Function, call: Call):
        self.function, self.call = function, call
        hint = next(iter(get_type_hints(function).values()))
        self.kinds: tuple[type[Options], ...] = get_args(hint) or (hint,)
        super().__init__(name, params=list(parameters(self.kinds)), help=function.__doc__)

    def invoke(self, ctx: click.Context) -> None:
        """Call the function with the options that were typed."""
        self.call(self, ctx.obj, ctx)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep the options value in ``ctx.obj``; raise Mistyped with every problem."""
        if ctx.resilient_parsing:
            return super().parse_args(ctx, args)
        ctx.meta[VERB] = path_of(ctx).replace("_", " ")
        problems: list[str] = []
        given, rest, order = _parsed(self, ctx, args, problems)
        for param in iter_params_for_processing(order, self.get_params(ctx)):
            try:
                _, rest = param.handle_parse_result(ctx, given, rest)
            except click.UsageError as error:
                problems.append(told(error, given))
        if rest and not problems:
            problems.append(Message("one word too many: {words}", words=" ".join(map(str, rest))))
        ctx.args = rest
        typed = {
            param.name: ctx.params[param.name]
            for param in self.params
            if param.name in ctx.params
            and ctx.get_parameter_source(param.name) is ParameterSource.COMMANDLINE
        }
        kind = next(kind for kind in reversed(self.kinds) if kind.meant(typed))
        own = {one.name for one in fields(kind)}
        text = "{option} does not go with {what}"
        problems += [
            Message(text, option=self.flag(name), what=Message(kind.WHAT))
            for name in typed
            if name not in own
        ]
        problems += [*_together(self, kind, typed), *kind.problems(typed)]
        if problems:
            raise Mistyped(problems)
        typed["lang"] = ctx.meta.get(LANG, LANGS[0])
        ctx.obj = kind(**typed)
        return rest

    def flag(self, name: str) -> str:
        """Return how a field is typed."""
        return next(_shown(param) for param in self.params if param.name == name)


def _together(verb: Verb, kind: type[Options], typed: Mapping[str, Any]) -> Iterator[str]:
    """Yield what was typed without what it needs, or with what it bars."""
    for one in fields(kind):
        needs, bars = one.metadata.get("needs"), one.metadata.get("bars")
        if one.name in typed and needs and needs not in typed:
            text = "{option} goes with {what}"
            yield Message(text, option=verb.flag(one.name), what=verb.flag(needs))
        if one.name in typed and bars and bars in typed:
            text = "{option} does not go with {what}"
            yield Message(text, option=verb.flag(one.name), what=verb.flag(bars))


def parameters(kinds: Sequence[type[Options]]) -> Iterator[click.Parameter]:
    """Yield the parameters of options; own fields of a kind stand before those it shares."""
    done: set[str] = set()
    for kind in kinds:
        declared = {one.name: one for one in fields(kind)}
        for place in kind.__mro__:
            for name in inspect.get_annotations(place):
                if name in declared and name not in done:
                    done.add(name)
                    yield from _parameters(declared[name])


def _parameters(one: Field[Any]) -> Iterator[click.Parameter]:
    how = one.metadata
    if values := how.get("values"):
        yield from (click.Option([f"--{v}", one.name], flag_value=v) for v in values)
    elif how["make"] is click.Argument:
        yield click.Argument([one.name], **how["how"])
    else:
        flags = how["flags"] or ("--" + one.name.replace("_", "-"),)
        yield click.Option([*flags, one.name], **how["how"])


def _parsed(
    command: click.Command, ctx: click.Context, args: list[str], problems: list[str]
) -> tuple[Mapping[str, Any], list[str], list[click.Parameter]]:
    """Return what click's parser makes of the words it knows; note those it does not."""
    left = list(args)
    while True:
        try:
            return command.make_parser(ctx).parse_args(list(left))
        except (click.NoSuchOption, click.BadOptionUsage) as error:
            at = next(
                (i for i, word in enumerate(left) if word.split("=")[0] == error.option_name), None
            )
            problems.append(told(error, {}))
            if at is None:
                return {}, [], []
            after = left[at + 1 : at + 2]
            value = isinstance(error, click.NoSuchOption) and after and after[0][:1] != "-"
            del left[at : at + (2 if value else 1)]


def told(error: click.UsageError, given: Mapping[str, Any]) -> str:
    """Return a problem click found, as a message that other languages have."""
    match error:
        case click.NoSuchOption():
            # Without their dashes, which make any two of them alike.
            known = {one.lstrip("-"): f'"{one}"' for one in error.possibilities or ()}
            near = nearest(error.option_name.lstrip("-"), known)
            hint = Message(" — did you mean {shown}?", shown=known[near]) if near else ""
            return Message("no option {option}{hint}", option=error.option_name, hint=hint)
        case click.BadOptionUsage():
            return Message("{option} needs a value", option=error.option_name)
        case click.MissingParameter():
            return Message("{option} is missing", option=_shown(error.param))
        case click.BadParameter() if error.param is not None:
            value = given.get(error.param.name or "", "")
            shown = ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
            what = _wrong(error.param.type, str(shown), error.message)
            return Message("{where}: {what}", where=_shown(error.param), what=what)
    return error.message


def _shown(param: click.Parameter | None) -> str:
    if param is None:
        return ""
    if isinstance(param, click.Option):
        return param.opts[0]
    return param.human_readable_name.upper().strip("[]")


def _wrong(kind: click.ParamType, value: str, message: str) -> str:
    """Return what is wrong with a value of one of click's own kinds."""
    if isinstance(message, Message):
        return message
    match kind:
        case click.Choice():
            known = [str(one) for one in kind.choices]
            hint, shown = did_you_mean(value, known), ", ".join(known)
            text = '"{value}" is not one of {known}{hint}'
            return Message(text, value=value, known=shown, hint=hint)
        case click.IntRange() if kind.max is not None:
            text = '"{value}" is no whole number from {low} to {high}'
            return Message(text, value=value, low=kind.min, high=kind.max)
        case click.FloatRange() if kind.max is not None:
            text = '"{value}" is no number from {low:g} to {high:g}'
            return Message(text, value=value, low=kind.min, high=kind.max)
        case click.IntRange():
            return Message('"{value}" is no whole number from {low} on', value=value, low=kind.min)
        case click.types.IntParamType():
            return Message('"{value}" is no whole number', value=value)
        case click.types.FloatParamType():
            return Message('"{value}" is no number', value=value)
        case click.Path():
            path = Path(value)
            if not path.exists():
                return Message('there is no "{value}"', value=value)
            text = '"{value}" is a folder' if path.is_dir() else '"{value}" is a file'
            return Message(text, value=value)
    return message
