"""What is read from a file before names are resolved: its elements, ranges and macros."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sdengine.syntax import Equation

CLOCK = ("initial time", "final time", "time step", "saveper")
RULES = ("interpolate", "look_forward", "hold_backward", "raw")


@dataclass(frozen=True)
class Element:
    """One name of a section with its equations. ``rule`` is the data keyword, if any."""

    name: str
    equations: tuple[Equation, ...]
    unit: str = ""
    limits: tuple[float | None, float | None] = (None, None)
    text: str = ""
    rule: str = ""


@dataclass(frozen=True)
class Section:
    """The main part of a file, or one macro. ``ranges`` are (name, elements or the name of the
    range it copies or the place it is read from). ``mappings`` are (range, range it maps to,
    elements or ranges in there, none where the mapping goes by position). ``returns`` are the
    further results of a macro. ``bound`` are elements that give the model its shape: a run cannot
    set what they are computed from."""

    name: str
    params: tuple[str, ...]
    elements: tuple[Element, ...]
    ranges: tuple[tuple[str, Any], ...]
    mappings: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    returns: tuple[str, ...] = ()
    bound: tuple[str, ...] = ()


@dataclass(frozen=True)
class File:
    """A model file as read: its sections, the main one first, its integration method, and what
    the reader was told or found that a person should know (``remarks``)."""

    sections: tuple[Section, ...]
    method: str = "euler"
    remarks: tuple[str, ...] = ()
