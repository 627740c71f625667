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
            click.option("--target", default="", help="Target asked about (id or title).  目标"),
            click.option("--year", type=int, help="The same target in another year.  年份"),
            click.option("--prior", "prior_sets", multiple=True, help="Prior sets (all).  先验组"),
            click.option("--variant", "structures", multiple=True,
                         help="Structures, main or all.  结构"),
            click.option("--base", default="baseline", show_default=True,
                         help="What everything is held against.  对照情景"),
            click.option("--members", default=2048, show_default=True, help="Members.  样本数"),
            click.option("--seed", default=1, show_default=True, help="Seed.  随机种子"),
            click.option("--as-of", default="", help="through-2019, latest.  信息截止"),
            click.option("--prior-only", is_flag=True, help="Leave a posterior aside.  不用后验"),
            click.option("--threads", type=click.IntRange(1), help="Threads.  线程数"),
            click.option("--out", type=click.Path(path_type=Path), help="Folder.  输出文件夹"),
        )  # fmt: skip
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
    @click.option("--through", type=int, help="Count money to the end of this year.  费用累计至")
    def compare(
        scenarios: tuple[str, ...], folder: Path, through: int | None, **given: Any
    ) -> None:
        """Compare SCENARIOS with the baseline and with each other, everywhere.  情景比较"""
        ask("compare_scenarios", folder, given, scenarios, through=through)

    @main.command()
    @click.argument("name", default="land-or-grants")
    @world_options
    def weigh(name: str, folder: Path, **given: Any) -> None:
        """Weigh two levers at equal outlay, as a file of scenarios/questions asks.  两种工具之比"""
        ask("weigh_levers", folder, given, name)

    @main.command()
    @click.argument("lever")
    @world_options
    @click.option("--p", "probability", help="The probability wanted: 0.8 or 80%.  要求的概率")
    @click.option("--like", default="", help="Or: the effect of this scenario.  与某情景同效")
    @click.option("--from", "low", type=float, help="Search from this level (its limit).  下限")
    @click.option("--to", "high", type=float, help="Search to this level (its limit).  上限")
    @click.option("--start", type=float, help="When the lever is set.  起始年份")
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
        """Say how much of LEVER gives a probability, or another's effect.  需要多大力度"""
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
        help="Probabilities: 50%:95%:10, or 0.5,0.8.  各概率",
    )
    @click.option(
        "--with-forgone",
        is_flag=True,
        help="Count land revenue forgone in the cost.  费用计入让渡土地收益",
    )
    @click.option(
        "--search",
        "searched",
        default=512,
        show_default=True,
        help="Members the search uses.  搜索样本数",
    )
    def frontier(levers: tuple[str, ...], folder: Path, wanted: str, **given: Any) -> None:
        """Find the least-cost mix of LEVERS ("name" or "name=low:high").  最省钱的组合"""
        more = {key: given.pop(key) for key in ("with_forgone", "searched")}
        ask("find_frontier", folder, given, levers, probabilities=_probabilities(wanted), **more)

    @main.command()
    @click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @world_options
    def batch(file: Path, folder: Path, **given: Any) -> None:
        """Run the scenarios of FILE (.xlsx, .csv), a row each.  批量情景"""
        ask("run_batch", folder, given, file)

    @main.command()
    @click.argument("levers", nargs=-1, required=True)
    @world_options
    def grid(levers: tuple[str, ...], folder: Path, **given: Any) -> None:
        """Run all combinations of LEVERS: "name=0:10:6", "name=3%,5%".  网格情景"""
        ask("run_grid", folder, given, levers)

    @main.command("allocate")
    @click.argument("envelopes", nargs=-1, required=True)
    @world_options
    @click.option(
        "--years",
        "spans",
        multiple=True,
        required=True,
        help="A span of years, 2021-2023 (repeat).  时段",
    )
    @click.option(
        "--steps",
        type=click.IntRange(2, 40),
        default=8,
        show_default=True,
        help="Steps an envelope is spent by.  份数",
    )
    @click.option(
        "--search",
        "searched",
        default=512,
        show_default=True,
        help="Members the search uses.  搜索样本数",
    )
    def allocate_(envelopes: tuple[str, ...], folder: Path, spans: tuple[str, ...],
                  **given: Any) -> None:  # fmt: skip
        """Allot ENVELOPES ("lever=amount": level × years) over places and years.  额度分配"""
        more = {key: given.pop(key) for key in ("steps", "searched")}
        ask("allot", folder, given, envelopes, spans=[_span(one) for one in spans], **more)

    @main.command()
    @click.argument("scenarios", nargs=-1, required=True)
    @world_options
    @click.option(
        "--reading",
        "readings",
        multiple=True,
        help="Another target that is the same goal (its scopes).  另一口径",
    )
    @click.option("--enough", default="80%", show_default=True, help="P that suffices.  足够的概率")
    def robust(scenarios: tuple[str, ...], folder: Path, readings: tuple[str, ...], enough: str,
               **given: Any) -> None:  # fmt: skip
        """Say which of SCENARIOS holds in every world: regret, dominance.  稳健性"""
        more = {"readings": readings, "enough": _probability(enough)}
        ask("hold_everywhere", folder, given, scenarios, **more)

    @main.command()
    @click.argument("scenarios", nargs=-1)
    @world_options
    def sensitivity(scenarios: tuple[str, ...], folder: Path, **given: Any) -> None:
        """Say what the outcome, and the effects of SCENARIOS, hang on (Sobol).  结果取决于什么"""
        ask("what_matters", folder, given, scenarios)

    @main.command()
    @click.argument("scenario")
    @world_options
    @click.option("--chance", is_flag=True, help="Of P, not of the outcome.  按概率")
    def package(scenario: str, folder: Path, chance: bool, **given: Any) -> None:
        """Take the package SCENARIO apart: each lever's share (Shapley).  组合拆解"""
        ask("take_package_apart", folder, given, scenario, chance=chance)

    @main.command()
    @click.argument("scenarios", nargs=-1, required=True)
    @world_options
    @click.option("--chance", is_flag=True, help="Of P, not of the outcome.  按概率")
    def information(scenarios: tuple[str, ...], folder: Path, chance: bool, **given: Any) -> None:
        """Say what to measure before choosing among SCENARIOS (EVPI).  先查明什么"""
        ask("what_to_measure", folder, given, scenarios, chance=chance)

    @main.command()
    @click.argument("scenario", default="")
    @world_options
    @click.option("--meets", is_flag=True, help="Members that meet it instead.  改看达标样本")
    def discover(scenario: str, folder: Path, meets: bool, **given: Any) -> None:
        """Say in which members SCENARIO misses the target (PRIM).  什么情况下达不到"""
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
