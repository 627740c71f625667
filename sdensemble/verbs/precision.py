"""How exact P is to be: ``--until "P ±0.5"`` adds members until its Monte Carlo error is that."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sdengine.errors import SDError
from sdensemble.verbs.options import Written

FORM = re.compile(
    r"(?P<target>.*?)\s*(?:±|\+/-|\+-)\s*(?P<points>[0-9.]+)\s*(?:%|pp|points?|个百分点)?\s*"
)


@dataclass(frozen=True)
class Precision:
    """A target, by id or title (empty: the study's question), and a standard error in [0, 1]."""

    target: str
    error: float

    def __str__(self) -> str:
        """Return it as it is typed."""
        return f"{self.target or 'P'} ±{100 * self.error:g}"


def read_precision(text: str) -> Precision | float:
    """Return what ``"P ±0.5"`` says; of a plain number, the number."""
    plain = text.strip().replace("＋", "+").replace("％", "%")
    try:
        return float(plain)
    except ValueError:
        pass
    match = FORM.fullmatch(plain)
    points = match["points"] if match else ""
    if not match or points.count(".") > 1 or not 0 < float(points) < 50:
        raise SDError('"{text}": write "P ±0.5", in points of P', text=text)
    target = match["target"].strip()
    return Precision("" if target in ("P", "p") else target, float(points) / 100)


UNTIL = Written("precision", read_precision)
"""``P ±0.5`` of a study; of a model file a time."""
