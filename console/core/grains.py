"""How finely counts are kept, for how long, and how they are handed over: packed, one block per unit of time."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum

from console.core.counts import Cell

MINUTE_S = 60
HOUR_S = 3600

HORIZON_S = 2 * HOUR_S
"""For how long single seconds are kept."""
KEPT_S = 8 * 24 * HOUR_S
"""For how long anything but totals and labels is kept."""
BIN_MINUTES_S = 48 * HOUR_S
"""For how long the minutes of captured numbers are kept; older ones are known by the hour."""
AHEAD_S = 24 * HOUR_S
"""How far in the future a line may be and still be kept with its time; later ones count in the totals only."""
BIN_SECONDS_BYTES = 6 * 1024 * 1024
BIN_MINUTES_BYTES = 10 * 1024 * 1024
"""What the packed seconds and minutes of all captured numbers may take; beyond that the oldest are given up sooner."""
PACK_OVERHEAD_BYTES = 150
"""What a pack takes besides its own bytes."""

_BEGINNING = -(1 << 62)


class Grain(IntEnum):
    """What a pack holds."""

    SECONDS = 0
    """Counts of the 60 seconds of a minute."""
    MINUTES = 1
    """Counts of the 60 minutes of an hour."""
    BIN_SECONDS = 2
    """Seconds of a minute, buckets and their counts."""
    BIN_MINUTES = 3
    """Buckets of a minute and their counts."""
    BIN_HOURS = 4
    """Buckets of an hour and their counts."""

    @property
    def unit_s(self) -> int:
        """Seconds that one pack spans; its unit is the time at its start divided by this."""
        return HOUR_S if self in (Grain.MINUTES, Grain.BIN_HOURS) else MINUTE_S


@dataclass(frozen=True, slots=True)
class Edges:
    """From when on counts are known, and how finely."""

    seconds: int = _BEGINNING
    """Single seconds of counts; begins an hour."""
    bin_seconds: int = _BEGINNING
    """Single seconds of captured numbers; begins a minute."""
    bin_minutes: int = _BEGINNING
    """Minutes of captured numbers; begins an hour."""
    kept: int = _BEGINNING
    """Anything but totals and labels; begins an hour."""

    def at(self, at: float, horizon_s: float = HORIZON_S) -> "Edges":
        """Return the edges at a time; none moves back, unless it lies ahead because the clock was wrong before."""

        def moved(edge: int, age_s: float) -> int:
            wanted = _hour_of(at - max(age_s, horizon_s))
            return wanted if edge > at else max(edge, wanted)

        seconds = moved(self.seconds, horizon_s)
        return Edges(
            seconds=seconds,
            bin_seconds=max(moved(self.bin_seconds, horizon_s), seconds),
            bin_minutes=moved(self.bin_minutes, BIN_MINUTES_S),
            kept=moved(self.kept, KEPT_S),
        )

    def later(self, other: "Edges") -> "Edges":
        """Return these edges, moved to where the others are later: what both know."""
        return Edges(
            max(self.seconds, other.seconds),
            max(self.bin_seconds, other.bin_seconds),
            max(self.bin_minutes, other.bin_minutes),
            max(self.kept, other.kept),
        )

    def trimmed(self, minute: int | None, hour: int | None) -> "Edges":
        """Return the edges when captured numbers are only kept by the second, or the minute, from these units on.

        The minutes of the last hour stay, whatever they take.
        """
        latest = self.seconds + HOUR_S
        bin_minutes = self.bin_minutes if hour is None else max(self.bin_minutes, min(HOUR_S * hour, latest))
        seconds = self.bin_seconds if minute is None else max(self.bin_seconds, MINUTE_S * minute)
        return replace(self, bin_seconds=max(seconds, bin_minutes), bin_minutes=bin_minutes)

    def first_unit(self, grain: Grain) -> int:
        """Return the first unit of a grain that is kept."""
        first = {
            Grain.SECONDS: self.seconds,
            Grain.MINUTES: self.kept,
            Grain.BIN_SECONDS: self.bin_seconds,
            Grain.BIN_MINUTES: self.bin_minutes,
            Grain.BIN_HOURS: self.kept,
        }[grain]
        return first // grain.unit_s


@dataclass(frozen=True, slots=True)
class Packed:
    """Counters as they are written down and taken up again, without a value per counter."""

    series: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    """Track and event by number."""
    packs: Sequence[tuple[int, int, int, bytes]] = ()
    """Grain, unit, number of the series, and the packed counts; in order of grain and unit."""
    loose: Sequence[tuple[Cell, int]] = ()
    """The newest counts, which are in no pack yet."""
    edges: Edges = field(default_factory=Edges)


def edge_within(sizes: Iterable[tuple[int, int]], limit_bytes: int) -> int | None:
    """Return the first unit that can be kept where all from it on may take `limit_bytes`; `None` if all can.

    `sizes` are units and what they take, newest first; a unit may come more than once. The newest is always kept.
    """
    newest = None
    for unit, size in sizes:
        newest = unit if newest is None else newest
        limit_bytes -= size
        if limit_bytes < 0:
            return min(unit + 1, newest)
    return None


def ahead_of(at: float) -> int:
    """Return the first second that is too far ahead for lines read at `at`; it begins an hour."""
    return _hour_of(at) + HOUR_S + AHEAD_S


def _hour_of(at: float) -> int:
    second = math.floor(at)
    return second - second % HOUR_S
