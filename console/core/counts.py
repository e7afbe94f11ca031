"""Counts of lines, as they travel from whoever counted to whoever adds them up; light to import."""

from collections.abc import Mapping
from dataclasses import dataclass

from console.core.words import Row


@dataclass(frozen=True, slots=True)
class Cell:
    """Which counter a count belongs to: one second of one event on one track."""

    second: int
    track: str
    event: str
    bin: int = 0
    """The bucket of a captured number (`core.quantiles`), 0 for the count of the event itself."""


@dataclass(frozen=True, slots=True)
class LabelCell:
    """The counter of one value of one named group."""

    track: str
    event: str
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class LinesCounted:
    """A stretch of one stream was read and classified; counted once, however often it is delivered."""

    at: float
    source: str
    origin: str
    """Identity of the stream's owner: container id, device and inode of a file, start of a command."""
    stream: str
    name: str
    track: str
    after: int
    """Key of the line before the stretch, -1 for none; keys grow strictly inside (origin, stream)."""
    upto: int
    """Key of its last line: nanoseconds for a container, the offset of the line's end for a file."""
    lines: int
    unclassified: int
    counts: Mapping[Cell, int]
    labels: Mapping[LabelCell, int]
    rows: tuple[Row, ...] = ()
    rows_dropped: int = 0
    newest: float = 0.0
    """Time of the newest line, for the lag."""
