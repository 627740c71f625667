"""What a validation report is about: digests of the files that were tested."""

from __future__ import annotations

import hashlib
from pathlib import Path

from sdensemble.inputs.vensim.source import MARK
from sdensemble.study import Study

BOUNDARY, LOOPS = "model/boundary.csv", "model/loops.toml"
DRAWN = "calibration/priors.toml", "calibration/forcing.toml"


def digests_tested(study: Study) -> dict[str, str]:
    """Return file → digest of what a report is about: a stored report with others is old.

    Of the model only the equations count: a sketch drawn anew changes no result.
    """
    from sdensemble.checks.run import FILE

    beside = [study.folder / name for name in (FILE, BOUNDARY, LOOPS, *DRAWN)]
    found = {study.model.path.name: equations_digest(study.model.path)}
    for path in beside:
        if path.is_file():
            found[path.name] = _digest(path.read_text(encoding="utf-8-sig"))
    return found


def equations_digest(path: Path) -> str:
    """Return a digest of a model file without its sketch, whatever its line ends."""
    return _digest(path.read_text(encoding="utf-8-sig").split(MARK)[0].rstrip())


def _digest(text: str) -> str:
    plain = text.replace("\r\n", "\n").encode()
    return hashlib.blake2b(plain, digest_size=16).hexdigest()
