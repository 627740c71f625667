"""How fast the cockpit redraws in headless Chromium: 256 members, and all of them.

    python benchmarks/cockpit.py [--study DIR] [--moves 40]

Moves the first slider again and again and waits for each redraw; prints the median and the 95th
percentile of the time from the move to the drawn page. Needs Debian's chromium and
``pip install -e '.[browser]'``.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

import numpy as np

from sdensemble.verbs.cockpit import study_page
from sdensemble.verbs.run import RunOptions

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
]

MOVE = """async (share) => {
  const lever = study.levers.find((one) => one.shown);
  const value = lever.low + (lever.reach - lever.low) * share;
  const begun = performance.now(), times = {};
  await new Promise((resolve) => {
    const listen = ({ detail }) => {
      times[detail.stage] = performance.now() - begun;
      if (detail.stage === 1) { document.removeEventListener("drawn", listen); resolve(); }
    };
    document.addEventListener("drawn", listen);
    change(() => setLever(lever.id, value));
  });
  return [times[0], times[1]];
}"""


def main() -> None:
    """Write the page, move its slider, print the times."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--study", type=Path, default=Path())
    parser.add_argument("--moves", type=int, default=40)
    given = parser.parse_args()
    text = study_page(RunOptions(study=given.study, lang="en"))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        path = Path(folder) / "cockpit.html"
        path.write_text(text, encoding="utf-8")
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=QUIET)
        page = browser.new_page()
        page.goto(path.as_uri())
        page.wait_for_timeout(1000)
        page.evaluate(MOVE, 0.5)  # the browser's own compiler has seen the code once
        times = np.array([page.evaluate(MOVE, (i + 1) / given.moves) for i in range(given.moves)])
        heap = page.evaluate("performance.memory ? performance.memory.usedJSHeapSize : 0")
        members = page.evaluate("[study.sets[0].stages[0], study.members, pool.workers.length]")
        browser.close()
    print(
        f"{path.name}: {len(text.encode()) / 1e6:.1f} MB, {members[2]} workers of {os.cpu_count()}"
    )
    for count, column in zip(members[:2], times.T, strict=True):
        middle, high = np.quantile(column, [0.5, 0.95])
        print(f"{count:5d} members: median {middle:.0f} ms, 95th percentile {high:.0f} ms")
    print(f"script memory of the page: {heap / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
