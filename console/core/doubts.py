"""Why counts of events may not be the whole truth: something is not read, nobody writes, or lines are missing."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import inf

from console.core.durations import format_duration
from console.core.gaps import bounds_text, size_text
from console.core.inputs import Reading, SampleTaken
from console.core.metrics import window_of
from console.core.probes import Metric
from console.core.rollup import Rollup
from console.core.tally import LINES
from console.core.watched import WatchedSource
from console.core.words import SourceState, count_of

LOST_AFTER_S = 10.0
"""A log source that was in trouble for so long leaves the metrics of events without data."""
STARTING_S = 60.0
"""So long may a source take to begin, and not longer."""
SILENT_S = 60.0
"""A track of which nobody is known to write is silent after so long, or after `stale_after` if that is longer."""


def blind_reading(sources: Iterable[WatchedSource], at: float) -> str | None:
    """Return why the counts of events say nothing at `at`, empty while reading only begins, `None` while it goes on.

    How long a source has been in trouble decides, whatever it hears from its engine meanwhile.
    """
    logs = [source for source in sources if source.gives_lines]
    for source in logs:
        lost_s = at - source.since
        if source.is_in_trouble and lost_s > LOST_AFTER_S:
            return f"{source.name} {source.state}: {source.reason}"
        if source.state is SourceState.STARTING and lost_s > STARTING_S:
            return f"{source.name} has not begun to answer"
    return "" if any(source.state is SourceState.STARTING for source in logs) else None


def doubted(
    sample: SampleTaken,
    metric: Metric,
    sources: Iterable[WatchedSource],
    rollup: Rollup,
    *,
    phase_began: float,
    away_until: float,
) -> SampleTaken:
    """Return the readings of a metric of events with what there is to say against them.

    `away_until` is when the console came back the last time that it was not there, in seconds since the epoch.
    """
    at = sample.at
    logs = [source for source in sources if source.gives_lines]
    since, until = window_of(metric, at, phase_began)
    readings = []
    for reading in sample.readings:
        unread = _not_read(logs, reading.track)
        if not unread and reading.samples:
            unread = _silence(logs, reading.track, rollup, metric.stale_after_s, at)
        elif not unread and at - away_until < min(until - since, metric.stale_after_s):
            unread = "nothing was read yet since this console came back"
        short, missing = _missing(logs, reading.track, since, until)
        at_most = _at_most(reading, metric, missing, until - since) if short else None
        if (unread, short, at_most) != (reading.unread, reading.short, reading.at_most):
            reading = replace(reading, unread=unread, short=short, at_most=at_most)  # noqa: PLW2901
        readings.append(reading)
    return replace(sample, readings=tuple(readings))


def partly_read(
    sources: Iterable[WatchedSource], tracks: Iterable[str], rollup: Rollup, *, stale_after_s: float, at: float
) -> str:
    """Return why not all of what is written on some tracks is read now, empty if it is."""
    logs = [source for source in sources if source.gives_lines]
    found = (_not_read(logs, track) or _silence(logs, track, rollup, stale_after_s, at) for track in tracks)
    return next(filter(None, found), "")


def _not_read(logs: Iterable[WatchedSource], track: str) -> str:
    """Return which containers or files of a track cannot be read, empty for none."""
    found = [unread for source in logs for unread in source.unread if unread.track in (None, track)]
    if not found:
        return ""
    more = f"; and {len(found) - 1:,} more" if len(found) > 1 else ""
    return f"{found[0].name} cannot be read: {found[0].reason}{more}"


def _silence(logs: Sequence[WatchedSource], track: str, rollup: Rollup, stale_after_s: float, at: float) -> str:
    """Return that nothing was read from a track for too long; a container that runs may be silent."""
    if not logs or any(source.is_written(track) for source in logs):
        return ""
    limit_s = max(stale_after_s, SILENT_S)
    # Clocks differ: a line that was stamped ahead of our time was read all the same.
    if rollup.count(track, LINES, since=at - limit_s, until=at + limit_s):
        return ""
    why = ", and none of its containers runs" if all(source.kind == "docker" for source in logs) else ""
    return f"nothing was read{f' from {track}' if track else ''} for more than {format_duration(limit_s)}{why}"


def _missing(logs: Iterable[WatchedSource], track: str, since: float, until: float) -> tuple[str, float]:
    """Return which lines of a track may be missing in a window, empty for none, and how many it may be."""
    said, missing, number = "", 0.0, 0
    newest = -inf
    for source in logs:
        for gap in source.gaps.within(track, since, until):
            number += 1
            missing += inf if gap.lines_at_most is None else gap.lines_at_most
            if gap.at >= newest:
                newest = gap.at
                where = f"{source.name} {bounds_text(gap.since, gap.until)}"
                said = f"lines may be missing ({size_text(gap.lines_at_most)}), {where}"
        if source.gaps.forgot_since(track, since):
            missing = inf
            said = said or f"lines may be missing (nobody knows how many), {source.name}"
    return (f"{said}; and {count_of(number - 1, 'gap')} before" if number > 1 else said), missing


def _at_most(reading: Reading, metric: Metric, missing: float, window_s: float) -> float | None:
    """Return the most that a count or rate may be if each missing line is one that counts."""
    if metric.events is None or metric.events.over is not None or reading.value is None:
        return None
    per_line = 1.0 if metric.events.per is None else metric.events.per / max(1.0, window_s)
    return reading.value + missing * per_line
