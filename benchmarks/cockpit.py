"""How fast the cockpit redraws in headless Chromium: the first 256 members, and all of them.

    python benchmarks/cockpit.py [--study DIR] [--moves 40]

Moves the first slider again and again and waits for each redraw, once where the lever acts from
its own year on and once from the last year but four; prints the median and the 95th percentile
of the time from the move until the page is written and laid out, and until the frame after that
has been made, for which a browser waits up to a sixtieth of a second. No move leads back to the
lever's own value, whose result is at hand. Beside other work on the machine a clock says little:
moves during which other programs took more than a twentieth of the processors are left out and
counted, and the processor time of the browser's processes is counted as well, over runs of the
members alone, and divided by the processors. Needs Debian's chromium and
``pip install -e '.[browser]'``.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from sdensemble.study import open_study
from sdensemble.verbs.cockpit import study_page
from sdensemble.verbs.run_options import RunOptions

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
]

OTHERS = 0.05  # the share of the processors that other programs may take during a move
MOST = 4  # times as many moves are tried as are wanted

MOVE = """async ([share, from]) => {
  const lever = study.levers.find((one) => one.shown);
  const value = lever.low + (lever.reach - lever.low) * share;
  const began = performance.now(), times = {};
  await new Promise((resolve) => {
    const listen = ({ detail: { stage } }) => {
      document.body.getBoundingClientRect(); // lays the page out
      times[stage] = performance.now() - began;
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel(); // answers when the frame is made
        port1.onmessage = () => {
          times[stage + 2] = performance.now() - began;
          if (stage === 1) { document.removeEventListener("drawn", listen); resolve(); }
        };
        port2.postMessage(0);
      });
    };
    document.addEventListener("drawn", listen);
    change(() => setLever(lever.id, value, from ?? lever.start));
  });
  return [times[0], times[1], times[2], times[3]];
}"""

RUNS = """async ([count, stage, from]) => {
  const lever = study.levers.find((one) => one.shown);
  for (let i = 1; i <= count; i++) {
    const value = lever.low + (lever.reach - lever.low) * (i / (count + 1));
    const settings = { [lever.id]: { times: [from ?? lever.start], values: [value] } };
    await run(state.set, settings, stage, "benchmark", 0);
  }
}"""


def processor_ms() -> float:
    """Return the processor time so far of all processes that this one started."""
    parents, spent = {}, {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            parents[int(folder.name)] = int(fields[1])
            spent[int(folder.name)] = int(fields[11]) + int(fields[12])
    own = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in own} - own:
        own |= more
    return sum(spent.get(pid, 0) for pid in own) * 1000 / os.sysconf("SC_CLK_TCK")


def all_ms() -> float:
    """Return the processor time so far of everything that runs on this machine."""
    user, nice, system = map(int, Path("/proc/stat").read_text().split()[1:4])
    return (user + nice + system) * 1000 / os.sysconf("SC_CLK_TCK")


def moves(page: Any, count: int, start: float | None) -> tuple[np.ndarray, int]:
    """Return the times of so many moves in milliseconds, (move, [first members laid out, all laid
    out, first members' frame, frame of all]), and how many others were left out."""
    page.evaluate(MOVE, [0.99, start])  # the browser's own compiler has seen the code once
    found: list[list[float]] = []
    for i in range(MOST * count):
        others = all_ms() - processor_ms()
        times = page.evaluate(MOVE, [(i % count + 0.4) / count, start])
        if all_ms() - processor_ms() - others < max(times) * OTHERS * (os.cpu_count() or 1):
            found.append(times)
        if len(found) == count:
            break
        page.wait_for_function("pool.pending.size === 0")  # the other prior sets are through
    return np.array(found), i + 1 - len(found)


def processor_time(page: Any, stage: int, start: float | None, count: int) -> float:
    """Return the processor time of one run of a stage's members, the least of four, in ms."""
    page.evaluate(RUNS, [2, stage, start])
    least = np.inf
    for _ in range(4):
        before = processor_ms()
        page.evaluate(RUNS, [count, stage, start])
        least = min(least, (processor_ms() - before) / count)
    return float(least)


def main() -> None:
    """Write the page, move its slider, print the times."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--study", type=Path, default=Path())
    parser.add_argument("--moves", type=int, default=40)
    given = parser.parse_args()
    text = study_page(RunOptions(study=open_study(given.study), lang="en"))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        path = Path(folder) / "cockpit.html"
        path.write_text(text, encoding="utf-8")
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=QUIET)
        page = browser.new_context(bypass_csp=True).new_page()
        page.goto(path.as_uri())
        page.wait_for_function("[...found.values()].some((r) => r.ids.length === study.members)")
        page.wait_for_function("pool.pending.size === 0")
        first, every, workers = page.evaluate(
            "[study.sets[0].stages[0], study.members, pool.workers.length]"
        )
        print(f"{path.name}: {len(text.encode()) / 1e6:.1f} MB, {workers} workers")
        for start in (None, page.evaluate("study.years[study.years.length - 1] - 4")):
            year = page.evaluate("(y) => y ?? study.levers.find((one) => one.shown).start", start)
            times, disturbed = moves(page, given.moves, start)
            print(f"{len(times)} moves; {disturbed} beside other work, left out")
            if not len(times):
                continue
            spent = [processor_time(page, stage, start, 8 >> 2 * stage) for stage in (0, 1)]
            for stage, count in enumerate((first, every)):
                work = sum(spent[: stage + 1])
                middle, high = np.quantile(times[:, [stage, stage + 2]], [0.5, 0.95], axis=0)
                print(
                    f"a lever from {year}, {count:5d} members: median {middle[0]:.0f} ms, 95th"
                    f" percentile {high[0]:.0f} ms by the clock, with the next frame"
                    f" {middle[1]:.0f} and {high[1]:.0f} ms; {work:.0f} ms of processor time,"
                    f" {work / workers:.0f} ms on {workers} free processors"
                )
        heap = page.evaluate("performance.memory ? performance.memory.usedJSHeapSize : 0")
        print(f"script memory of the page: {heap / 1e6:.0f} MB; load {os.getloadavg()[0]:.1f}")
        browser.close()


if __name__ == "__main__":
    main()
