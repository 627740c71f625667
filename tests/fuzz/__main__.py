"""Handle as many inputs as asked, all kinds side by side, and count them in a file."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import matplotlib

from tests.fuzz.kinds import KINDS
from tests.fuzz.watched import Count, handled, read_counts, write_counts

ROUNDS = 10
"""In so many parts the inputs of all kinds go through, so that an early end has some of each."""


def counted(inputs: int, seed: int, file: Path) -> dict[str, Count]:
    """Handle what is missing of so many inputs; return the counts by kind."""
    counts = read_counts(file)
    for part in range(1, ROUNDS + 1):
        for name, kind in KINDS.items():
            count = counts.setdefault(name, Count())
            until = round(inputs * kind.share * part / ROUNDS)
            if count.done < until:
                handled(partial(kind.prepare, seed), count.done, until, count)
                write_counts(file, counts)
                faults = f", {len(count.faults)} faults" if count.faults else ""
                print(f"{name}: {count.done}, {count.taken} taken{faults}", flush=True)
    return counts


def main() -> None:
    """Count inputs, seed and file from the command line."""
    matplotlib.use("Agg")
    counts = counted(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
    faults = [(name, *fault) for name, count in counts.items() for fault in count.faults]
    for fault in faults:
        print(*fault)
    print(f"{sum(count.done for count in counts.values())} inputs, {len(faults)} faults")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
