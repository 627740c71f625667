"""Options: what a verb may be asked with, each declared once.

A verb's options are one frozen value. Its fields, made by ``option``, ``argument`` and ``switch``,
are also its command line: flag, type and default stand nowhere else. ``command`` makes the value
from what was typed; a program makes it as any other: ``RunOptions(study="here", members=64)``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sdengine.errors import Problems, SDError
from sdensemble.inputs.folder import put_back
from sdensemble.lang import LANGS

if TYPE_CHECKING:
    from sdensemble.ensemble.kept import Kept
    from sdensemble.results.record import RunRecord
    from sdensemble.study import Study
    from sdensemble.verbs.result import Tell

FILE = click.Path(dir_okay=False, path_type=Path)
THERE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)


class _Run(click.Path):
    """A folder that exists, or did before a run that was to replace it was killed."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return the path."""
        if not Path(value).exists():
            put_back(Path(value).parent)
        return super().convert(value, param, ctx)


RUN = _Run(exists=True, file_okay=False, path_type=Path)
EITHER = click.Path(exists=True, path_type=Path)
COUNT = click.IntRange(1)
SEED = click.IntRange(0, 2**63 - 1)


def option(
    default: Any = None,
    *flags: str,
    aside: bool = False,
    needs: str = "",
    bars: str = "",
    **how: Any,
) -> Any:
    """Return a field typed as ``--name``, or as the flags named.

    A tuple may be given again and again; a truth is a flag. ``aside``: it changes no number, and
    so is no part of a run's. ``needs`` names a field it goes with, ``bars`` one it does not.
    ``how`` is click's: type, show_default …
    """
    how.setdefault("multiple", isinstance(default, tuple) and "type" not in how)
    if isinstance(default, bool):
        how["is_flag"] = True
    elif isinstance(default, str | int | float) and default != "":
        how = {"default": default, "show_default": True, **how}
    made = {"make": click.Option, "flags": flags, "how": how, "aside": aside}
    return field(default=default, metadata={**made, "needs": needs, "bars": bars})


def switch(*values: str, default: str = "") -> Any:
    """Return a field set by one of several flags, each its own value: ``--levers``."""
    return field(default=default, metadata={"values": values, "aside": False})


def argument(default: Any = None, *, aside: bool = False, bars: str = "", **how: Any) -> Any:
    """Return a field given without a flag; a tuple takes all that are left."""
    if isinstance(default, tuple):
        how["nargs"] = -1
    how.setdefault("required", False)
    made = {"make": click.Argument, "flags": (), "how": how, "aside": aside}
    return field(default=default, metadata={**made, "bars": bars})


@dataclass(frozen=True, kw_only=True)
class Options:
    """What every verb may be asked with."""

    WHAT = "this verb"
    lang: str = option(LANGS[0], aside=True, type=click.Choice(LANGS))
    json: bool = option(False, aside=True)

    @classmethod
    def meant(cls, typed: dict[str, Any]) -> bool:
        """Return whether these options are meant, where a verb takes one of several kinds."""
        return True

    @classmethod
    def problems(cls, typed: Mapping[str, Any]) -> Iterator[str]:
        """Yield what is wrong with fields that were typed together."""
        return iter(())

    def picked(self, *names: str) -> dict[str, Any]:
        """Return fields by name, as a function takes them that calls them the same."""
        return {name: getattr(self, name) for name in names}

    def recorded(self) -> dict[str, Any]:
        """Return what makes the numbers, as a record of the run holds it."""
        own = [one for one in fields(self) if not one.metadata["aside"]]
        told = [
            one for one in own if not (needs := one.metadata.get("needs")) or getattr(self, needs)
        ]
        made = {one.name: getattr(self, one.name) for one in told}
        return {name: value for name, value in made.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class OfStudy(Options):
    """What a verb of a study may be asked with: a folder, or a study that is open already."""

    study: Path | Study = option(Path(), aside=True, type=FOLDER, show_default="the current folder")

    def opened(self) -> Study:
        """Return the study as its files say."""
        from sdensemble.study import Study, open_study

        place = getattr(self, "place", None) or self.study
        return place if isinstance(place, Study) else open_study(place)

    def sound(self) -> Study:
        """Return the study as of the date and with the question asked.

        Raises SDError with all problems of its files, and every name it does not have.
        """
        study, problems = self.opened(), Problems()
        with problems.noted():
            study = study.at(getattr(self, "as_of", ""))
        problems.lines += study.check()
        with problems.noted():
            study = study.asking(getattr(self, "question", ""))
        for name in (getattr(self, "prior_set", ""), *getattr(self, "prior_sets", ())):
            with problems.noted():
                study.prior_set(name)
        with problems.noted():
            study.named(tuple(getattr(self, "scenarios", ())))
        if problems:
            raise SDError(dict.fromkeys(problems.lines))
        return study

    def record(self, study: Study, **facts: Any) -> RunRecord:
        """Return the record of a run of the study that starts now."""
        from sdensemble.results.record import RunRecord

        return RunRecord.begin(
            self.recorded(), as_of=study.information, files_read=study.digests(), **facts
        )

    def keyed(self, study: Study, **more: Any) -> dict[str, Any]:
        """Return the number of such a run, and what its probabilities are conditional on."""
        record = self.record(study)
        names = ("prior_set", "members", "particles", "seed")
        asked = {name: record.options[name] for name in names if name in record.options}
        key = {"as_of": study.information, "model_digest": study.model.digest, **asked, **more}
        return {"id": record.id, "key": key}


@dataclass(frozen=True, kw_only=True)
class IntoFolder(Options):
    """What a verb that writes a folder may be asked with."""

    out: Path | None = option(aside=True, type=FOLDER)
    replace: bool = option(False, aside=True)


@dataclass(frozen=True, kw_only=True)
class Seeded(OfStudy):
    """What a verb with chance in it may be asked with."""

    seed: int = option(1, type=SEED)
    threads: int | None = option(aside=True, type=COUNT)


@dataclass(frozen=True, kw_only=True)
class Fitting(Seeded):
    """What a verb that fits the model to what was observed may be asked with."""

    prior_set: str = option("", "--prior")


@dataclass(frozen=True, kw_only=True)
class Drawn(Seeded):
    """What a verb that draws members may be asked with."""

    members: int = option(2048)
    as_of: str = option("")
    prior_only: bool = option(False)


@dataclass(frozen=True, kw_only=True)
class InBlocks(Drawn):
    """What a verb that runs its members in blocks may be asked with: on which machines."""

    cluster: str = option("", aside=True)

    def runner(self, folder: Path, record: RunRecord, tell: Tell) -> Kept:
        """Return who runs the members, and keeps what is finished beside the folder."""
        from sdensemble.ensemble.blocks import Threads
        from sdensemble.ensemble.cluster import Cluster
        from sdensemble.ensemble.kept import Kept

        by = Cluster(self.cluster) if self.cluster else Threads(self.threads)
        return Kept(by, folder.parent, record.id, tell)


@dataclass(frozen=True, kw_only=True)
class Sampled(Drawn):
    """What a verb that draws members from one prior set may be asked with."""

    prior_set: str = option("", "--prior")


@dataclass(frozen=True, kw_only=True)
class WorldOptions(IntoFolder, InBlocks):
    """What a question of a choice may be asked with.

    ``prior_sets`` and ``structures`` name the worlds; none: the study's prior sets, and for the
    verbs that ask whether an answer holds every structure. ``target`` is an id or title,
    ``year`` asks the same of another year. Everything is held against ``base``.
    """

    target: str = option("")
    year: int | None = option(type=int)
    prior_sets: tuple[str, ...] = option((), "--prior")
    structures: tuple[str, ...] = option((), "--variant")
    base: str = option("baseline")


# ── kinds of value ──


class Written(click.ParamType):
    """A value written in a way of its own; a program may give the value itself."""

    def __init__(self, name: str, read: Callable[[str], Any]):
        self.name, self.read = name, read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the value; fail with what is wrong."""
        if not isinstance(value, str):
            return value
        try:
            return self.read(value)
        except SDError as error:
            self.fail(error.problems[0], param, ctx)


def _probability(text: str) -> float:
    plain = text.strip().replace("％", "%")
    try:
        value = float(plain.removesuffix("%"))
    except ValueError:
        value = 0.0
    # "2" may be meant as 2% or as 0.2; "80" can only be 80%.
    value = value / 100 if plain.endswith("%") or value >= 10 else value
    if not 0 < value < 1:
        told = '"{text}": write a probability between 0 and 1, as 0.8 or 80%'
        raise SDError(told, text=text)
    return value


def spread(low: float, high: float, count: int) -> tuple[float, ...]:
    """Return probabilities evenly spread, both ends among them."""
    return tuple(round(low + (high - low) * i / (count - 1), 4) for i in range(count))


def _probabilities(text: str) -> tuple[float, ...]:
    parts = text.replace("：", ":").split(":")
    if len(parts) == 3 and parts[2].isdigit() and 2 <= int(parts[2]) <= 50:
        return spread(_probability(parts[0]), _probability(parts[1]), int(parts[2]))
    return tuple(_probability(one) for one in text.replace("，", ",").split(","))


def _span(text: str) -> tuple[float, float]:
    first, mark, last = text.replace("—", "-").replace("–", "-").partition("-")
    try:
        begin, end = float(first), float(last if mark else first)
    except ValueError:
        raise SDError('"{text}": write a span of years as 2021-2023', text=text) from None
    if end < begin:
        raise SDError('"{text}": the span ends before it begins', text=text)
    return begin, end + 1


PROBABILITY = Written("probability", _probability)
"""``0.8``, ``80%`` or ``80``."""
PROBABILITIES = Written("probabilities", _probabilities)
"""``50%:95%:10`` or ``0.5,0.8``."""
SPAN = Written("years", _span)
"""``2021-2023``, to the end of the last."""
