"""Formatters: how a number is written, the same in a cell and in a sentence.

Each is a frozen value with ``text`` (for people, in a language, with no more digits than known),
``number`` (for a spreadsheet, unrounded) and ``excel`` (a spreadsheet's own format of it). What one
formats may be a plain number or several that belong together; its docstring says which.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from numbers import Real
from typing import Any, ClassVar

from sdensemble.lang import is_words, say, tell
from sdensemble.outputs.rounding import in_ten, measured, percent, points, rounded, with_error
from sdensemble.outputs.text import width
from sdensemble.results.estimate import Estimate
from sdensemble.results.probability import distinguishable

LEAST = 0.05
"""An amount below this is printed as 0."""
Native = float | int | str | None
"""What a cell of a spreadsheet holds."""


@dataclass(frozen=True)
class Form:
    """A formatter; this one is of words and whatever else reads well as it is.

    ``missing`` is the sign of a value that is not there; a dash where it is None.
    """

    missing: str | None = field(default=None, kw_only=True)
    likely: bool = field(default=False, kw_only=True)
    parts: ClassVar[tuple[str, ...]] = ("value", "error")
    """What the numbers are, where the value is several. ``likely``: it is a probability."""
    right: ClassVar[bool] = False
    """Whether a column of these stands to the right, as numbers do."""

    def nothing(self, lang: str) -> str:
        """Return the sign of a value that is not there."""
        return say("number.missing", lang) if self.missing is None else self.missing

    @property
    def excel(self) -> str:
        """A spreadsheet's format of the number."""
        return "General"

    def text(self, value: Any, lang: str) -> str:
        """Return the value as people read it."""
        if value is None or value == "":
            return ""
        return tell(value, lang) if is_words(value) else f"{value}"

    def number(self, value: Any, lang: str) -> Native:
        """Return the value a spreadsheet calculates with; a text where it is one."""
        return self.text(value, lang)

    def beside(self, value: Any) -> dict[str, float]:
        """Return the numbers beside the first, unrounded, by their names in ``parts``."""
        if isinstance(value, tuple):
            found = dict(zip(self.parts[1:], value[1:], strict=False))
        else:
            found = {"error": getattr(value, "se", None)}
        return {
            name: float(one)
            for name, one in found.items()
            if isinstance(one, float | Real) and math.isfinite(one)
        }


TEXT = Form()


@dataclass(frozen=True)
class Number(Form):
    """A number: with ``places`` decimals, or ``digits`` significant ones, times ``factor``."""

    places: int | None = None
    digits: int = 7
    signed: bool = False
    grouped: bool = False
    factor: float = 1.0
    suffix: str = ""
    right = True

    @property
    def excel(self) -> str:
        """A spreadsheet's format: as many decimals as are shown."""
        if self.suffix == "%" and self.factor == 100:
            return "0" + ("." + "0" * self.places if self.places else "") + "%"
        whole = "#,##0" if self.grouped else "0"
        shown = (
            "General"
            if self.places is None
            else whole + ("." + "0" * self.places) * (self.places > 0)
        )
        return f"+{shown};-{shown};0" if self.signed and shown != "General" else shown

    def text(self, value: Any, lang: str) -> str:
        """Return the number as people read it; the sign of nothing where there is none."""
        alone = isinstance(value, Real)
        there = math.isfinite(value) if alone else not (value is None or isinstance(value, str))
        return self.written(value, lang) if there else self.nothing(lang)

    def written(self, value: Any, lang: str) -> str:
        """Return a number that there is, with its sign as a minus, not a hyphen."""
        value = value * self.factor
        group = "," if self.grouped else ""
        kind = f"{group}.{self.digits}g" if self.places is None else f"{group}.{self.places}f"
        if self.places is None and abs(value) >= 10**self.digits:
            value = round(value, self.digits - 1 - math.floor(math.log10(abs(value))))
            kind = f"{group}.0f"
        shown = f"{value:{'+' if self.signed else ''}{kind}}"
        if float(shown.replace(",", "")) == 0:
            shown = shown.lstrip("+-")
        return shown.replace("-", "−") + self.suffix

    def number(self, value: Any, lang: str) -> Native:
        """Return the number without what stands beside it; nothing where there is none."""
        value = bare(value)
        if value is None or value == "" or not math.isfinite(value):
            return None
        return float(value) * (1.0 if self.suffix == "%" else self.factor)


def bare(value: Any) -> Any:
    """Return the number of (number, …), of an estimate, of a probability; a number as it is."""
    if isinstance(value, tuple):
        return value[0]
    if value is None or isinstance(value, str | float | Real):
        return value
    return next(
        getattr(value, name) for name in ("mean", "middle", "value") if hasattr(value, name)
    )


@dataclass(frozen=True)
class Whole(Form):
    """A year or a count: no grouping, no decimals."""

    right = True
    excel = "0"

    def text(self, value: Any, lang: str) -> str:
        """Return the number; a word such as "all" as it is."""
        if value is None or value == "":
            return ""
        return f"{value:.0f}" if isinstance(value, float) else TEXT.text(value, lang)

    def number(self, value: Any, lang: str) -> Native:
        """Return the whole number."""
        return value if value is None or isinstance(value, str) else int(value)


@dataclass(frozen=True)
class Rounded(Number):
    """(number, its standard error): to the first digit of the error, at most ``most`` decimals."""

    most: int = 1

    def written(self, value: Any, lang: str) -> str:
        """Return the number to the digit its error supports."""
        number, se = value
        return rounded(number, se, self.most).replace("-", "−")


@dataclass(frozen=True)
class Measured(Number):
    """An estimate with ``mean`` and ``se``, or (number, error): "+5.4 ±0.1".

    With at most ``most`` decimals, fewer where the error does not support them.
    """

    most: int = 1

    def written(self, value: Any, lang: str) -> str:
        """Return the signed number with its error."""
        return measured(*_with_error(value), self.most)


NEVER_CERTAIN = '[>0.995]">99%";[<0.005]"<1%";0%'
"""A spreadsheet's format of probabilities: none reads 0% or 100%, as in the texts."""


@dataclass(frozen=True)
class Chance(Number):
    """A ``Probability`` or an estimate of one: "31% ±1"; without ``error`` only "31%".

    And so of (P, its error).
    """

    error: bool = True
    likely: bool = field(default=True, kw_only=True)
    excel = NEVER_CERTAIN

    def written(self, value: Any, lang: str) -> str:
        """Return the probability in whole points."""
        if isinstance(value, Estimate):
            shown = with_error(f"{points(value.mean, value.error)}%", value.se)
        elif isinstance(value, tuple | float):
            se = value[1] if isinstance(value, tuple) else math.nan
            shown = with_error(Share().text(value, lang), se)
        else:
            shown = percent(value)
        return shown if self.error else shown.split(" ±")[0]

    def beside(self, value: Any) -> dict[str, float]:
        """Return the error, where it is told."""
        return super().beside(value) if self.error else {}


@dataclass(frozen=True)
class Share(Number):
    """A share of members or of variance in [0, 1], or (share, error): "31%", "<1%", never 0%.

    A probability of a target is a ``Chance``: it goes nowhere without its key.
    """

    excel = "0%"

    def written(self, value: Any, lang: str) -> str:
        """Return the share in whole points."""
        shown = points(*value) if isinstance(value, tuple) else points(value)
        return shown if shown == "—" else f"{shown}%"


@dataclass(frozen=True)
class InTen(Form):
    """(low, high), or (low, high, error of low, error of high): "about three to six in ten"."""

    parts = ("low", "high", "error", "error_high")
    likely: bool = field(default=True, kw_only=True)

    def text(self, value: Any, lang: str) -> str:
        """Return a range of probabilities in words."""
        return in_ten(value[0], value[1], lang, *value[2:])


@dataclass(frozen=True)
class Spread(Number):
    """(median, low, high, standard error): "2840 (2600–3100)", to what twice the error supports."""

    parts = ("value", "low", "high", "error")

    def written(self, value: Any, lang: str) -> str:
        """Return the median with the ends of its band in brackets."""
        *cells, se = value
        known = math.isfinite(cells[0]) and cells[0] != 0
        most = max(0, 1 - math.floor(math.log10(abs(cells[0])))) if known else 0
        middle, low, high = (rounded(cell, 2 * se, most) for cell in cells)
        return say("number.band", lang, middle=middle, low=low, high=high)

    def beside(self, value: Any) -> dict[str, float]:
        """Return the ends of the band; the error only says how many digits are known."""
        return super().beside(value[:3])


@dataclass(frozen=True)
class Paired(Number):
    """An estimate of a paired difference: "+5.4 ±0.1", "≈0" where it cannot be told from zero."""

    def written(self, value: Any, lang: str) -> str:
        """Return the difference; "0" where no member moves."""
        if value.mean == 0.0 and not value.se > 0.0:
            return "0"
        return measured(value.mean, value.se) if distinguishable(value) else "≈0"


@dataclass(frozen=True)
class Money(Number):
    """An amount added: signed, one decimal below ten, "0" below LEAST."""

    def written(self, value: Any, lang: str) -> str:
        """Return the amount with its sign."""
        if abs(value) < LEAST:
            return "0"
        return (f"{value:+.1f}" if abs(value) < 10 else f"{value:+.0f}").replace("-", "−")


@dataclass(frozen=True)
class Ratio(Number):
    """A ratio of two means: signed, to two digits and at most two decimals."""

    def written(self, value: Any, lang: str) -> str:
        """Return the ratio with its sign; "≈0" where it rounds to nothing."""
        places = min(2, max(0, 1 - math.floor(math.log10(abs(value))))) if value else 0
        return f"{value:+.{places}f}".replace("-", "−") if round(value, places) else "≈0"


@dataclass(frozen=True)
class Short(Form):
    """Words cut to ``limit`` columns of a terminal; a spreadsheet has them whole."""

    limit: int = 52

    def text(self, value: Any, lang: str) -> str:
        """Return the words, with an ellipsis where they are cut."""
        shown = TEXT.text(value, lang)
        while width(shown) > self.limit:
            shown = shown[:-2] + "…"
        return shown

    def number(self, value: Any, lang: str) -> Native:
        """Return the words whole."""
        return TEXT.text(value, lang)


@dataclass(frozen=True)
class Points(Number):
    """A ``Probability`` in points with its error, for narrow columns: "31±1"."""

    likely: bool = field(default=True, kw_only=True)
    excel = NEVER_CERTAIN

    def written(self, value: Any, lang: str) -> str:
        """Return the points without the sign."""
        return percent(value).replace("% ±", "±").removesuffix("%")


@dataclass(frozen=True)
class Starred(Form):
    """(value, whether it needs a remark): as ``each`` writes it, with a star behind."""

    each: Form = Number()
    right = True

    @property
    def excel(self) -> str:
        """As what it wraps."""
        return self.each.excel

    def text(self, value: Any, lang: str) -> str:
        """Return the value, with a star where one is needed and there is a value."""
        shown = self.each.text(value[0], lang)
        return f"{shown}*" if value[1] and shown != self.each.nothing(lang) else shown

    def number(self, value: Any, lang: str) -> Native:
        """Return the value without the star."""
        return self.each.number(value[0], lang)

    def beside(self, value: Any) -> dict[str, float]:
        """Return what stands beside the value."""
        return self.each.beside(value[0])


@dataclass(frozen=True)
class Shown:
    """A number with its formatter, as a value of a sentence."""

    value: Any
    form: Form

    def told(self, lang: str) -> str:
        """Return the text in a language."""
        return self.form.text(self.value, lang)


def _with_error(value: Any) -> tuple[float, float]:
    return value if isinstance(value, tuple) else (value.mean, value.se)
