"""Gaps: stretches of time in which lines may be missing from the counts, and which counts that concerns."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from console.core.inputs import GapSuspected

KEPT = 20
"""How many gaps of a source are kept with their bounds; all are counted, and the journal has every one."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Lines between two moments may be missing."""

    at: float
    """When it was noticed."""
    name: str
    """Whose lines they are: the name of a container or a file."""
    reason: str
    since: float | None
    """Time of the last line before; `None` if nobody knows."""
    until: float | None
    """Time of the first line after; `None` if nobody knows."""
    lines_at_most: int | None
    """How many it may be; `None` if nobody can tell."""
    track: str | None
    """`None` if it may be any."""

    @property
    def ended(self) -> float:
        """Up to when lines may be missing."""
        return self.at if self.until is None else self.until


@dataclass(frozen=True, slots=True)
class Short:
    """Which counts of one track may be short."""

    track: str
    total: bool = False
    last_hour: bool = False
    last_minute: bool = False


class HasGaps(Protocol):
    """A source that says what it may have lost."""

    @property
    def name(self) -> str:
        """What it is called in the rollout file."""
        ...

    @property
    def gaps(self) -> int:
        """How often it may have lost lines."""
        ...

    @property
    def newest_gaps(self) -> tuple[Gap, ...]:
        """The newest times, latest first."""
        ...


@dataclass(slots=True)
class Gaps:
    """The gaps of one source."""

    count: int = 0
    tracks: set[str | None] = field(default_factory=set)
    """The tracks that ever had one; `None` for one that may be of any."""
    newest: list[Gap] = field(default_factory=list)
    """The newest few, oldest first."""
    lines_at_most: int = 0
    """How many lines all of them together may be, without those of which nobody can tell."""
    unsized: int = 0
    """Of how many gaps nobody can tell how many lines they may be."""
    forgotten: dict[str, float] = field(default_factory=dict)
    """Until when lines of a track, empty for any, may be missing in gaps whose bounds are no longer kept."""

    def add(self, given: GapSuspected) -> None:
        """Take another gap up."""
        self.count += 1
        self.tracks.add(given.track)
        self.lines_at_most += given.lines_at_most or 0
        self.unsized += given.lines_at_most is None
        self.newest.append(
            Gap(given.at, given.name, given.reason, given.since, given.until, given.lines_at_most, given.track)
        )
        for old in self.newest[:-KEPT]:
            track = old.track or ""
            self.forgotten[track] = max(old.ended, self.forgotten.get(track, old.ended))
        del self.newest[:-KEPT]

    def within(self, track: str, since: float, until: float) -> list[Gap]:
        """Return the gaps, of those whose bounds are kept, in which lines of a track and of a window may be missing."""
        return [
            gap
            for gap in self.newest
            if gap.track in (None, track) and gap.ended >= since and (gap.since is None or gap.since < until)
        ]

    def forgot_since(self, track: str, since: float) -> bool:
        """Return whether lines of a track may be missing since a moment in a gap whose bounds are no longer kept."""
        return any(self.forgotten.get(each, since - 1) >= since for each in ("", track))

    def concerns(self, track: str, since: float | None) -> bool:
        """Return whether counts of a track may be short, ever or since a moment."""
        if since is None:
            return bool(self.count) and (not self.tracks or bool(self.tracks & {None, track}))
        is_kept = any(gap.track in (None, track) and gap.ended >= since for gap in self.newest)
        return is_kept or self.forgot_since(track, since)


def short_counts(gaps: Iterable[Gaps], tracks: Iterable[str], at: float) -> tuple[Short, ...]:
    """Return the tracks of which any count may be short."""
    found = list(gaps)
    said = []
    for track in tracks:
        short = Short(
            track,
            total=any(each.concerns(track, None) for each in found),
            last_hour=any(each.concerns(track, at - 3600) for each in found),
            last_minute=any(each.concerns(track, at - 60) for each in found),
        )
        if short.total:
            said.append(short)
    return tuple(said)


def bounds_text(since: float | None, until: float | None) -> str:
    """Return the bounds of a gap, in UTC: `12:03:04.1–12:03:09.3`; a short one to the millisecond.

    >>> bounds_text(1_772_460_184.12, 1_772_460_189.3), bounds_text(None, 1_772_460_189.3), bounds_text(None, None)
    ('14:03:04.1–14:03:09.3', 'before 14:03:09.3', 'at an unknown time')
    """
    if since is None or until is None:
        if since is not None:
            return f"after {_clock(since)}"
        return "at an unknown time" if until is None else f"before {_clock(until)}"
    digits = 3 if until - since < 1 else 1
    if until - since >= 86_400:
        return f"{_clock(since, digits, has_day=True)}–{_clock(until, digits, has_day=True)}"
    return f"{_clock(since, digits)}–{_clock(until, digits)}"


def size_text(lines_at_most: int | None) -> str:
    """Return how many lines a gap may be: `at most 4,000 lines`."""
    if lines_at_most is None:
        return "nobody knows how many lines"
    return f"at most {lines_at_most:,} line{'s' if lines_at_most != 1 else ''}"


def total_text(count: int, lines_at_most: int, unsized: int) -> str:
    """Return how many gaps there were and how many lines they may be together: `8 gaps, at most 220,000 lines`."""
    said = f"{count:,} gap{'s' if count != 1 else ''}"
    sized = f", {size_text(lines_at_most)}" if lines_at_most else ""
    if unsized >= count:
        return f"{said}, {size_text(None)}"
    return f"{said}{sized}" + (f" and {unsized:,} of unknown size" if unsized else "")


def gaps_text(count: int, newest: Sequence[Gap]) -> str:
    """Return how many gaps there were and the bounds of the newest: `2 gaps, newest 12:03:04.1–12:03:09.3, …`."""
    said = f"{count:,} gap{'s' if count != 1 else ''}"
    if newest:
        said += f", newest {bounds_text(newest[0].since, newest[0].until)}, {size_text(newest[0].lines_at_most)}"
    return said


def short_note(short: Sequence[Short], sources: Iterable[HasGaps]) -> str:
    """Return why counts may be short: `may be short: app 12:03:04.1–12:03:09.3, at most 4,000 lines`; else empty."""
    if not short:
        return ""
    given = [(source.name, source.gaps, source.newest_gaps) for source in sources if source.gaps]
    named = [(newest[0].at, name, newest[0]) for name, _, newest in given if newest]
    if not named:
        return f"may be short: {', '.join(name for name, _, _ in given)}"
    _, name, gap = max(named, key=lambda each: each[0])
    more = sum(count for _, count, _ in given) - 1
    said = f"may be short: {name} {bounds_text(gap.since, gap.until)}, {size_text(gap.lines_at_most)}"
    return f"{said}; and {more:,} before" if more else said


def skew_text(skew_s: float) -> str:
    """Return how the clock of an engine differs from that of this machine: `engine clock 3.2 s ahead`."""
    if abs(skew_s) < 0.05:
        return "engine clock as ours"
    return f"engine clock {abs(skew_s):,.1f} s {'ahead' if skew_s > 0 else 'behind'}"


def _clock(at: float, digits: int = 1, *, has_day: bool = False) -> str:
    said = datetime.fromtimestamp(at, UTC)
    stamp = f"{said:%H:%M:%S}.{said.microsecond:06d}"[: 9 + digits]
    return f"{said:%m-%d} {stamp}" if has_day else stamp
