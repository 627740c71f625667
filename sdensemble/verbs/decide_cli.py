"""The commands of ``verbs.decide``: options in, an answer printed; the work is done there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

Ask = Callable[..., Any]


def add_commands(
    main: click.Group, study: Callable[..., Any], lang: Callable[..., Any], bar: Callable[[], Any]
) -> None:
    """Add every command on decisions to a group, with its options of study and language."""

    def world_options(command: Callable[..., Any]) -> Callable[..., Any]:
        options = (
            click.option("--target", default=""),
            click.option("--year", type=int),
            click.option("--prior", "prior_sets", multiple=True),
            click.option("--variant", "structures", multiple=True),
            click.option("--base", default="baseline", show_default=True),
            click.option("--members", default=2048, show_default=True),
            click.option("--seed", default=1, show_default=True),
            click.option("--as-of", default=""),
            click.option("--prior-only", is_flag=True),
            click.option("--threads", type=click.IntRange(1)),
            click.option("--out", type=click.Path(path_type=Path)),
        )
        for option in reversed(options):
            command = option(command)
        return study(lang(command))

    def ask(verb: str, folder: Path, given: dict[str, Any], *args: Any, **more: Any) -> None:
        """Call a verb and print its answer."""
        from dataclasses import fields

        from sdensemble.outputs.text import terminal_columns
        from sdensemble.study import open_study
        from sdensemble.verbs import decide

        names = {field.name for field in fields(decide.Asked)}
        asked = decide.Asked(**{key: value for key, value in given.items() if key in names})
        with bar() as shown:
            call = getattr(decide, verb)
            found = call(open_study(folder), asked, *args, progress=shown.start, **more)
        click.echo(found.short(asked.lang, terminal_columns()))
        click.echo(f"\n{found.folder}  ({found.seconds:.0f} s)")

    @main.command()
    @click.argument("scenarios", nargs=-1, required=True)
    @world_options
    @click.option("--through", type=int)
    @click.option(
        "--run",
        "runs",
        multiple=True,
        type=click.Path(exists=True, file_okay=False, path_type=Path),
    )
    def compare(
        scenarios: tuple[str, ...], folder: Path, through: int | None, runs: Any, **given: Any
    ) -> None:
        """Compare SCENARIOS with the baseline and with each other, everywhere."""
        ask("compare_scenarios", folder, given, scenarios, through=through, runs=runs)

    @main.command()
    @click.argument("name", default="land-or-grants")
    @world_options
    def weigh(name: str, folder: Path, **given: Any) -> None:
        """Weigh two levers at equal outlay, as a file of scenarios/questions asks."""
        ask("weigh_levers", folder, given, name)

    @main.command()
    @click.argument("lever")
    @world_options
    @click.option("--p", "probability")
    @click.option("--like", default="")
    @click.option("--from", "low", type=float)
    @click.option("--to", "high", type=float)
    @click.option("--start", type=float)
    def solve(
        lever: str,
        folder: Path,
        probability: str | None,
        like: str,
        low: float | None,
        high: float | None,
        start: float | None,
        **given: Any,
    ) -> None:
        """Say how much of LEVER gives a probability, or another's effect."""
        wanted = _probability(probability) if probability else None
        more = {"like": like, "low": low, "high": high, "start": start}
        ask("solve_lever", folder, given, lever, probability=wanted, **more)

    @main.command()
    @click.argument("levers", nargs=-1, required=True)
    @world_options
    @click.option(
        "--p",
        "wanted",
        default="50%:95%:10",
        show_default=True,
    )
    @click.option(
        "--with-forgone",
        is_flag=True,
    )
    @click.option(
        "--search",
        "searched",
        default=512,
        show_default=True,
    )
    def frontier(levers: tuple[str, ...], folder: Path, wanted: str, **given: Any) -> None:
        """Find the least-cost mix of LEVERS ("name" or "name=low:high")."""
        more = {key: given.pop(key) for key in ("with_forgone", "searched")}
        ask("find_frontier", folder, given, levers, probabilities=_probabilities(wanted), **more)

    @main.command()
    @click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @world_options
    def batch(file: Path, folder: Path, **given: Any) -> None:
        """Run the scenarios of FILE (.xlsx, .csv), a row each."""
        ask("run_batch", folder, given, file)

    @main.command()
    @click.argument("levers", nargs=-1, required=True)
    @world_options
    def grid(levers: tuple[str, ...], folder: Path, **given: Any) -> None:
        """Run all combinations of LEVERS: "name=0:10:6", "name=3%,5%"."""
        ask("run_grid", folder, given, levers)

    @main.command("allocate")
    @click.argument("envelopes", nargs=-1, required=True)
    @world_options
    @click.option(
        "--years",
        "spans",
        multiple=True,
        required=True,
    )
    @click.option(
        "--steps",
        type=click.IntRange(2, 40),
        default=8,
        show_default=True,
    )
    @click.option(
        "--search",
        "searched",
        default=512,
        show_default=True,
    )
    def allocate_(
        envelopes: tuple[str, ...], folder: Path, spans: tuple[str, ...], **given: Any
    ) -> None:
        """Allot ENVELOPES ("lever=amount": level × years) over places and years."""
        more = {key: given.pop(key) for key in ("steps", "searched")}
        ask("allot", folder, given, envelopes, spans=[_span(one) for one in spans], **more)

    @main.command()
    @click.argument("scenarios", nargs=-1, required=True)
    @world_options
    @click.option(
        "--reading",
        "readings",
        multiple=True,
    )
    @click.option("--enough", default="80%", show_default=True)
    def robust(
        scenarios: tuple[str, ...],
        folder: Path,
        readings: tuple[str, ...],
        enough: str,
        **given: Any,
    ) -> None:
        """Say which of SCENARIOS holds in every world: regret, dominance."""
        more = {"readings": readings, "enough": _probability(enough)}
        ask("hold_everywhere", folder, given, scenarios, **more)

    @main.command()
    @click.argument("scenarios", nargs=-1)
    @world_options
    def sensitivity(scenarios: tuple[str, ...], folder: Path, **given: Any) -> None:
        """Say what the outcome, and the effects of SCENARIOS, hang on (Sobol)."""
        ask("what_matters", folder, given, scenarios)

    @main.command()
    @click.argument("scenario")
    @world_options
    @click.option("--chance", is_flag=True)
    def package(scenario: str, folder: Path, chance: bool, **given: Any) -> None:
        """Take the package SCENARIO apart: each lever's share (Shapley)."""
        ask("take_package_apart", folder, given, scenario, chance=chance)

    @main.command()
    @click.argument("scenarios", nargs=-1, required=True)
    @world_options
    @click.option("--chance", is_flag=True)
    def information(scenarios: tuple[str, ...], folder: Path, chance: bool, **given: Any) -> None:
        """Say what to measure before choosing among SCENARIOS (EVPI)."""
        ask("what_to_measure", folder, given, scenarios, chance=chance)

    @main.command()
    @click.argument("scenario", default="")
    @world_options
    @click.option("--meets", is_flag=True)
    def discover(scenario: str, folder: Path, meets: bool, **given: Any) -> None:
        """Say in which members SCENARIO misses the target (PRIM)."""
        ask("where_members_miss", folder, given, scenario, meets=meets)


def _probability(text: str) -> float:
    """Return a probability from ``0.8``, ``80%`` or ``80``."""
    plain = text.strip().replace("％", "%")
    try:
        value = float(plain.removesuffix("%"))
    except ValueError:
        raise click.UsageError(f"{text}: write a probability as 0.8 or 80%") from None
    return value / 100 if plain.endswith("%") or value > 1 else value


def _probabilities(text: str) -> list[float]:
    """Return probabilities from ``50%:95%:10`` or ``0.5,0.8``."""
    import numpy as np

    parts = text.replace("：", ":").split(":")
    if len(parts) == 3 and parts[2].isdigit() and 2 <= int(parts[2]) <= 50:
        spread = np.linspace(_probability(parts[0]), _probability(parts[1]), int(parts[2]))
        return [float(np.round(p, 4)) for p in spread]
    found = [_probability(one) for one in text.replace("，", ",").split(",")]
    if not all(0 < p < 1 for p in found):
        raise click.UsageError(f"{text}: probabilities must lie between 0 and 1")
    return found


def _span(text: str) -> tuple[float, float]:
    """Return a span of years from ``2021-2023``, to the end of the last."""
    first, mark, last = text.replace("—", "-").replace("–", "-").partition("-")
    try:
        begin, end = float(first), float(last if mark else first)
    except ValueError:
        raise click.UsageError(f"{text}: write a span of years as 2021-2023") from None
    if end < begin:
        raise click.UsageError(f"{text}: the span ends before it begins")
    return begin, end + 1
