"""What a run may be asked with: of a study, or of a model file alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import click

from sdengine.errors import Message
from sdensemble.verbs.options import (
    COUNT,
    EITHER,
    FILE,
    SEED,
    InBlocks,
    IntoFolder,
    Sampled,
    argument,
    option,
)
from sdensemble.verbs.precision import UNTIL, Precision

KEEP = ("asked", "all", "headline")
METHODS = ("sobol", "latin", "plain")
FILES: dict[str, Any] = {"type": FILE, "multiple": True}


@dataclass(frozen=True, kw_only=True)
class RunOptions(IntoFolder, InBlocks, Sampled):
    """What a run of a study may be asked with; ``place`` is its folder, as ``study`` is.

    ``question`` asks of another target; ``until`` adds members, at ``most`` so many, until the
    Monte Carlo error of P is what it says; ``variants`` are structures, ``weights`` a file of their
    weights; ``member`` is replayed alone.
    """

    WHAT = "a study"
    place: Path | None = argument(aside=True, bars="study", type=EITHER, metavar="[TARGET]")
    scenarios: tuple[str, ...] = option((), "--scenario")
    method: Literal["sobol", "latin", "plain"] = option("sobol", type=click.Choice(METHODS))
    question: str = option("", "--target")
    until: Precision | None = option(type=UNTIL, bars="variants")
    most: int = option(2**17, type=COUNT, needs="until")
    keep: str = option("asked", aside=True, type=click.Choice(KEEP))
    member: int | None = option(type=click.IntRange(0))
    variants: tuple[str, ...] = option((), "--variant", aside=True)
    weights: Path | None = option(type=FILE, needs="variants")

    @classmethod
    def problems(cls, typed: Mapping[str, Any]) -> Iterator[str]:
        """Yield what a study cannot be asked."""
        if isinstance(typed.get("until"), float):
            yield Message('--until of a study: write "P ±0.5", in points')


@dataclass(frozen=True, kw_only=True)
class FileOptions(IntoFolder):
    """What a run of a model file may be asked with.

    ``settings`` are texts "name=3", "name[element]=3" or "table=(0,0),(10,20)", ``initial`` are
    "stock=50"; ``series`` and ``data`` are csv or xlsx files. ``until`` is a time to stop at;
    ``save_state`` a file for what the run remembers there, ``from_state`` one to go on from.
    ``report`` names what is shown and kept, parted by commas. Side files are looked
    for here and then in the model's folder.
    """

    WHAT = "a model file"
    place: Path | None = argument(aside=True, type=EITHER, metavar="[TARGET]")
    settings: tuple[str, ...] = option((), "--set")
    initial: tuple[str, ...] = option(())
    series: tuple[Path, ...] = option((), **FILES)
    data: tuple[Path, ...] = option((), **FILES)
    until: float | None = option(type=UNTIL)
    save_state: Path | None = option(type=FILE)
    from_state: Path | None = option(type=FILE)
    changes: tuple[Path, ...] = option((), **FILES)
    sample: Path | None = option(type=FILE)
    sensitivity: Path | None = option(type=FILE)
    save_list: Path | None = option(type=FILE)
    report: str = option("")
    members: int | None = option(type=int)
    seed: int | None = option(type=SEED)
    threads: int | None = option(aside=True, type=COUNT)

    @classmethod
    def meant(cls, typed: dict[str, Any]) -> bool:
        """Return whether what is named is a file."""
        return "place" in typed and typed["place"].is_file()

    @classmethod
    def problems(cls, typed: Mapping[str, Any]) -> Iterator[str]:
        """Yield what a study cannot be asked."""
        if isinstance(typed.get("until"), Precision):
            yield Message("--until of a model file: write the time to stop at")
