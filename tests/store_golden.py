"""Store digests of what the verbs write, of kernels and of runs: ``python -m tests.store_golden``.

With ``--study`` the shipped study's are stored anew as well (two minutes). A commit that changes
one says why: a tidy-up changes none.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from click.testing import CliRunner

from sdengine.kernel import Kernel, compile_model
from sdengine.model.read import read_model
from sdengine.native.emit import emit
from sdengine.native.jit import host
from sdengine.native.llvm import Processor
from sdengine.native.plan import make_plan
from sdengine.program.lower import lower
from sdensemble.verbs.cli import main
from tests.open_models import euler, rows

ROOT = Path(__file__).resolve().parent.parent
STORED = Path(__file__).with_name("golden") / "bytes.json"
MODELS = 20
KINDS = (".csv", ".txt")
EXAMPLES = {
    "teacup": (("run", "--members", "64"), ("scorecard",)),
    "library": (
        ("calibrate", "--particles", "128", "--no-profiles"),
        ("run", "--members", "64"),
        ("scorecard",),
        ("ledger",),
        ("forecast", "--members", "128", "--to", "12"),
        ("backtest", "--particles", "128"),
    ),
}
STUDY = (
    ("run", "--members", "64", "--prior-only"),
    ("scorecard",),
    ("ledger",),
)


def digest(text: bytes) -> str:
    """Return a short digest of bytes."""
    return hashlib.blake2b(text, digest_size=8).hexdigest()


def machine() -> str:
    """Return what the last bits of a run hang on: the processor's name and features."""
    return digest("\n".join(host()).encode())


def assembly() -> dict[str, str]:
    """Return model → digest of its kernel's text, for a processor of no machine's own."""
    found = {}
    chosen = [row for row in rows() if row.path.suffix == ".mdl"]
    for row in chosen[:: max(1, len(chosen) // MODELS)][:MODELS]:
        plan = make_plan(lower(read_model(row.path)))
        text = emit(plan, 8, Processor(fused=True, permutes=False))
        found[row.name] = digest(text.encode())
    return found


def trajectory(kernel: Kernel) -> str:
    """Return a digest of every saved value of a model's own run; NaN counts as one value."""
    names = sorted(name for name in kernel.program.slots if name in kernel.model)
    run = kernel.run(report=names, members=1)
    own = hashlib.blake2b(digest_size=8)
    for name in names:
        values = run.values[name]
        own.update(np.ascontiguousarray(np.where(np.isnan(values), np.nan, values)).tobytes())
    return own.hexdigest()


def trajectories() -> dict[str, str]:
    """Return open model → digest of its run."""
    models = ((row.name, euler(read_model(row.path))) for row in rows())
    return {name: trajectory(compile_model(model)) for name, model in models}


def written(study: Path, verbs: tuple[tuple[str, ...], ...]) -> Iterator[tuple[str, str]]:
    """Yield ("verb/file", digest) of every table and text the verbs write for a study."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "study"
        parts = ("model", "calibration", "scenarios", "variants")
        for part in parts:
            if (study / part).is_dir():
                shutil.copytree(study / part, folder / part)
        (folder / "outputs").mkdir(parents=True)
        shutil.copy(study / "outputs" / "report.toml", folder / "outputs")
        for verb, *more in verbs:
            out = folder / "outputs" / ("run" if verb == "run" else f"of-{verb}")
            words = [verb, *more, "--study", str(folder), "--lang", "en"]
            words += [] if verb == "calibrate" else ["--out", str(out)]
            done = CliRunner().invoke(main, words, catch_exceptions=False)
            assert done.exit_code == 0, done.output
            for path in sorted(out.rglob("*")) if out.is_dir() else ():
                if path.suffix in KINDS:
                    name = f"{verb}/{path.relative_to(out).as_posix()}"
                    yield name, digest(path.read_bytes().replace(str(folder).encode(), b""))


def examples() -> dict[str, dict[str, str]]:
    """Return example → file → digest."""
    return {name: dict(written(ROOT / "examples" / name, v)) for name, v in EXAMPLES.items()}


def shipped() -> dict[str, str]:
    """Return file → digest for the shipped study, with few members."""
    return dict(written(ROOT, STUDY))


def store() -> None:
    """Store the digests anew; those of the shipped study where asked for."""
    held = json.loads(STORED.read_text("utf-8")) if STORED.is_file() else {}
    found = {"machine": machine(), "assembly": assembly(), "examples": examples()}
    found["trajectories"] = trajectories()
    found["study"] = shipped() if "--study" in sys.argv else held.get("study", {})
    STORED.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    store()
