"""Store the result of simulation-based calibration: python -m tests.store_sbc (minutes)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from sdensemble import compile_model, open_study
from sdensemble.evidence.fitting import make_problem
from sdensemble.evidence.smc import Settings
from sdensemble.inputs.history import vintage
from tests.sbc import ranks, reduced, uniform_p

ROOT = Path(__file__).resolve().parent.parent
STORED = ROOT / "tests" / "golden" / "sbc.json"
COMMAND = "python -m tests.store_sbc"
FITS = 64


def run(root: Path = ROOT, fits: int = FITS) -> dict[str, object]:
    """Return p-values and coverage of the reduced fit's numbers over so many simulated fits."""
    study = open_study(root)
    assert study.fit is not None
    priors = reduced(study.priors(), study.fit.screened)
    figures = vintage(study.history, "latest").fitted()
    problem = make_problem(compile_model(study.model), priors, study.fit, figures, study.lived)
    found, below = ranks(problem, fits, settings=Settings(particles=32))
    return {
        "command": COMMAND,
        "fits": fits,
        "numbers": {
            name: {
                "p": round(uniform_p(found[:, i]), 4),
                "coverage_90": round(float((np.abs(below[:, i] - 0.5) <= 0.45).mean()), 3),
            }
            for i, name in enumerate(problem.names)
        },
    }


if __name__ == "__main__":
    STORED.write_text(json.dumps(run(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(STORED.read_text(encoding="utf-8"))
