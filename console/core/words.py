"""Values that inputs and frames share; light to import, because the first picture needs them."""

from dataclasses import dataclass
from enum import StrEnum

SHORT_MARK = "≥"
"""Stands before a count that may be short."""


class SourceState(StrEnum):
    """How a source is doing."""

    STARTING = "starting"
    LIVE = "live"
    QUIET = "quiet"
    """Connected, and silent for longer than it usually is; silence is legal."""
    STALE = "stale"
    """Nothing has answered for too long."""
    RETRYING = "retrying"
    UNREADABLE = "unreadable"
    """It will not work until somebody changes something; the reason says what."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line for the screen; its text is already safe to draw."""

    at: float
    source: str
    name: str
    """Container, file or command it came from."""
    track: str
    event: str
    """The rule that named the line, empty for none."""
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of a query as text that is safe to draw."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    is_cut: bool = False
    """More rows existed than were fetched."""


class Outcome(StrEnum):
    """How an attempt at an action ended."""

    RUNNING = "running"
    HOLDING = "holding"
    """A rung of a ladder is applied and verified, and being held."""
    DONE = "done"
    FAILED = "failed"
    UNVERIFIED = "unverified"
    """The steps ran; a verification did not pass."""
    UNKNOWN = "unknown"
    """Nobody knows whether it took effect: a time-out, or the runner vanished."""
    ABANDONED = "abandoned"


class Rung(StrEnum):
    """How a rung of a ladder stands."""

    APPLYING = "applying"
    HELD = "held"
    """It is applied and verified, and held for its time."""
    DUE = "due"
    """Its time is over: the next one may be taken."""
    NOT_REACHED = "not reached"
    """It is applied, and the measured share is surely another one."""
    FAILED = "failed"
    """Its steps or verifications did not go well, or nobody knows."""


def count_of(number: int, word: str) -> str:
    """Return a number with its word: `1 line`, `1,200 lines`."""
    return f"{number:,} {word if number == 1 else word + 's'}"


IN_DOUBT = ("running", "timed out", "not known")
"""States of a step of which nobody knows what took effect; `running` is that of one whose runner is gone."""


@dataclass(frozen=True, slots=True)
class CheckRun:
    """One run of a verification."""

    took_s: float
    is_known: bool = True
    """Whether it could be asked at all."""
    exit_code: int | None = None
    """Of a command; `None` for anything else, and for one that did not end in time."""
    output: tuple[str, ...] = ()
    """The last lines that it printed, or the first rows that a query gave; safe to draw, and bounded."""
