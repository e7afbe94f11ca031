"""The pieces a report is made of."""

from dataclasses import dataclass

from console.core.durations import format_duration
from console.core.export import clock
from console.core.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Cell:
    """A text and how it is meant: `ok`, `off`, `unknown`, `broken`, `warning`, `critical`, `number` or nothing."""

    text: str
    tone: str = ""


Facts = tuple[tuple[str, Cell], ...]
"""Names with what there is to say about each."""


@dataclass(frozen=True, slots=True)
class Section:
    """A table with a heading."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    empty: str = ""
    """The sentence that stands in for a table without rows."""
    note: str = ""
    facts: Facts = ()
    is_part: bool = False
    """It belongs to the section before it."""


def verdict_cell(verdict: Verdict) -> Cell:
    """Return a verdict as its glyph and its word."""
    return Cell(f"{verdict.glyph} {verdict.value}", verdict.value.lower().split()[0])


def track_name(track: str) -> str:
    """Return a track as it is written; lines that belong to none have one too."""
    return track or "no track"


def moment_text(at: float | None) -> str:
    """Return a time with its zone, `2026-07-13 14:03:27 UTC`; a dash for no time."""
    return clock(at) if at is None else f"{clock(at)} UTC"


def took_text(started: float, ended: float | None) -> str:
    """Return how long something took; a dash while it goes on."""
    return "–" if ended is None else format_duration(max(0.0, ended - started))
