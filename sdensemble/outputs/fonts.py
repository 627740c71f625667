"""The font of every figure: shipped with the package, registered by its path."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sdengine.errors import SDError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FONT = Path(__file__).parent / "fonts" / "NotoSansSC-Regular-gb2312.otf"
FAMILY = "Noto Sans SC"


def require_font(path: Path = FONT) -> Path:
    """Return the font file; raise SDError saying how to restore it where it is missing."""
    if not path.is_file():
        told = (
            "{path}: the font for figures is missing. Restore it with `git checkout --"
            " sdensemble/outputs/fonts/{name}` in a clone, or by installing the package again"
        )
        raise SDError(told, path=path, name=path.name)
    return path


@cache
def register_font() -> str:
    """Make the font known to matplotlib and return its family name."""
    from matplotlib import font_manager

    font_manager.fontManager.addfont(str(require_font()))
    return FAMILY


@cache
def _glyphs() -> frozenset[int]:
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(str(FONT)).get_charmap())


def missing_glyphs(figure: Figure) -> str:
    """Return the characters of a figure that the font cannot draw, sorted; "" when none."""
    from matplotlib.text import Text

    text = "".join(artist.get_text() for artist in figure.findobj(Text))
    return "".join(sorted({c for c in text if ord(c) not in _glyphs() and not c.isspace()}))
