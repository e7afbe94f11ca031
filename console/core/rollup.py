"""Counters over time: every event of every track, in any window."""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from console.core.classify import LABEL_LIMIT, OTHER
from console.core.inputs import Cell, LabelCell
from console.core.series import HOUR_S, MINUTE_S, BinSeries, CountSeries, Parts, parts

T = TypeVar("T")

HORIZON_S = 2 * HOUR_S
"""For how long single seconds are kept."""
KEPT_S = 8 * 24 * HOUR_S
"""For how long anything but totals and labels is kept."""
BIN_MINUTES_S = 48 * HOUR_S
"""For how long the minutes of captured numbers are kept; older ones are known by the hour."""
_PACK_AFTER_S = 120
_BEGINNING = -(1 << 62)
"""Before every second there is."""


class Rollup:
    """Counts per track, event and second; exact for windows of whole seconds, for as long as seconds are kept.

    Windows are `[since, until)`, both rounded down to whole seconds: a window of 60 s always holds 60 seconds, and
    windows side by side share nothing and miss nothing. An edge further back than the horizon is rounded down to a
    whole minute; for captured numbers older than `BIN_MINUTES_S`, to a whole hour. Late lines count in their own
    second. `prune` must be called from time to time; it decides what is too old, not the lines, so one line from
    the future does no harm.

    Totals and labels are never forgotten. At most `LABEL_LIMIT` values per event and label, over all tracks, are
    kept apart, those that arrived first; all others count as `OTHER`.
    """

    def __init__(self, horizon_s: float = HORIZON_S) -> None:
        self._horizon_s = horizon_s
        self._seconds_from = _BEGINNING
        self._bin_minutes_from = _BEGINNING
        self._kept_from = _BEGINNING
        self._totals: dict[str, dict[str, int]] = {}
        self._counts: dict[str, dict[str, CountSeries]] = {}
        self._bins: dict[str, dict[str, BinSeries]] = {}
        self._labels: dict[str, dict[str, dict[str, dict[str, int]]]] = {}

    def add(self, cells: Mapping[Cell, int]) -> None:
        """Add counts."""
        for cell, count in cells.items():
            self._add(cell, count)

    def restore(
        self,
        cells: Iterable[tuple[Cell, int]],
        totals: Mapping[tuple[str, str], int] | None = None,
        *,
        at: float | None = None,
    ) -> None:
        """Take up counters that were exported by `cells` and `totals`; `at` is the present, or the newest cell.

        Totals given here, by track and event, replace the sums of the cells: they know what was forgotten.
        """
        known = list(cells)
        if at is None:
            at = max((cell.second for cell, _ in known), default=None)
        if at is not None:
            self.prune(at)
        for cell, count in known:
            self._add(cell, count)
        for (track, event), total in (totals or {}).items():
            self._totals.setdefault(event, {})[track] = total

    def prune(self, at: float) -> None:
        """Forget what is too old at `at`: single seconds, then minutes, then everything but totals and labels."""
        seconds_from = _hour_of(at - self._horizon_s)
        for by_track in self._bins.values():
            for bins in by_track.values():
                bins.pack(math.floor(at) - _PACK_AFTER_S)
        if seconds_from <= self._seconds_from:
            return
        self._seconds_from = seconds_from
        self._bin_minutes_from = _hour_of(at - max(BIN_MINUTES_S, self._horizon_s))
        self._kept_from = _hour_of(at - max(KEPT_S, self._horizon_s))
        for counts_by_track in self._counts.values():
            for counts in counts_by_track.values():
                counts.forget(self._seconds_from, self._kept_from)
        for by_track in self._bins.values():
            for bins in by_track.values():
                bins.forget(self._seconds_from, self._bin_minutes_from, self._kept_from)

    def tracks(self) -> tuple[str, ...]:
        """Return the tracks that anything was counted on, in order of the alphabet."""
        return tuple(sorted({track for totals in self._totals.values() for track in totals}))

    def total(self, track: str | None, event: str) -> int:
        """Return how often an event happened since counting began; `None` is all tracks."""
        return sum(_of(self._totals, track, event))

    def totals(self) -> dict[tuple[str, str], int]:
        """Return the totals by track and event."""
        return {(track, event): n for event, by_track in self._totals.items() for track, n in by_track.items()}

    def count(self, track: str | None, event: str, *, since: float, until: float) -> int:
        """Return how often an event happened in a window; `None` is all tracks."""
        window = self._window(since, until)
        return sum(series.count(window) for series in _of(self._counts, track, event))

    def bins(self, track: str | None, event: str, *, since: float, until: float) -> dict[int, int]:
        """Return how often each bucket of an event's number (`core.quantiles`) happened in a window."""
        first, end = self._whole(since), self._whole(until)
        first, end = (
            edge if edge >= self._bin_minutes_from else edge - edge % HOUR_S for edge in (first, max(first, end))
        )
        window = parts(first, end)
        found: dict[int, int] = {}
        for series in _of(self._bins, track, event):
            for number, count in series.bins(window).items():
                found[number] = found.get(number, 0) + count
        return found

    def spark(
        self, event: str, *, until: float, width: int, step_s: int, track: str | None = None
    ) -> tuple[float, ...]:
        """Return the counts of `width` intervals of `step_s` whole seconds, the last one ending at `until`."""
        end = math.floor(until)
        edges = range(end - width * step_s, end, step_s) if width > 0 else ()
        return tuple(float(self.count(track, event, since=edge, until=edge + step_s)) for edge in edges)

    def cells(self, since: float) -> Iterator[tuple[Cell, int]]:
        """Yield the counters from `since` on; where single seconds are forgotten, at the first of a minute or hour.

        What `restore` makes of them answers as this one does.
        """
        first = math.floor(since)
        for event, counts_by_track in self._counts.items():
            for track, counts in counts_by_track.items():
                for second, count in counts.cells(first, self._seconds_from):
                    yield Cell(second, track, event), count
        for event, bins_by_track in self._bins.items():
            for track, bins in bins_by_track.items():
                for second, number, count in bins.cells(first, self._seconds_from, self._bin_minutes_from):
                    yield Cell(second, track, event, number), count

    def add_labels(self, labels: Mapping[LabelCell, int]) -> dict[LabelCell, int]:
        """Add counts of captured labels and return them as they were counted, with `OTHER` where that was."""
        counted: dict[LabelCell, int] = {}
        for cell, count in labels.items():
            values = self._labels.setdefault(cell.event, {}).setdefault(cell.label, {})
            value = cell.value
            if value not in values and len(values) - (OTHER in values) >= LABEL_LIMIT:
                value = OTHER
                cell = LabelCell(cell.track, cell.event, cell.label, OTHER)  # noqa: PLW2901
            by_track = values.setdefault(value, {})
            by_track[cell.track] = by_track.get(cell.track, 0) + count
            counted[cell] = counted.get(cell, 0) + count
        return counted

    def labels(self, track: str | None, event: str) -> dict[str, dict[str, int]]:
        """Return per label its values and how often each was captured; `None` is all tracks."""
        found: dict[str, dict[str, int]] = {}
        for label, values in self._labels.get(event, {}).items():
            for value, by_track in values.items():
                count = sum(by_track.values()) if track is None else by_track.get(track, 0)
                if count:
                    found.setdefault(label, {})[value] = count
        return found

    def label_cells(self) -> dict[LabelCell, int]:
        """Return all counts of labels; `add_labels` takes them up again in this order, within the limit."""
        return {
            LabelCell(track, event, label, value): count
            for event, labels in self._labels.items()
            for label, values in labels.items()
            for value, by_track in values.items()
            for track, count in by_track.items()
        }

    def _add(self, cell: Cell, count: int) -> None:
        if cell.bin == 0:
            totals = self._totals.setdefault(cell.event, {})
            totals[cell.track] = totals.get(cell.track, 0) + count
        if cell.second < self._kept_from:
            return
        if cell.bin != 0:
            bins_by_track = self._bins.setdefault(cell.event, {})
            bins = bins_by_track.get(cell.track)
            if bins is None:
                bins = bins_by_track[cell.track] = BinSeries()
            bins.add(cell.second, cell.bin, count, self._seconds_from, self._bin_minutes_from)
            return
        counts_by_track = self._counts.setdefault(cell.event, {})
        counts = counts_by_track.get(cell.track)
        if counts is None:
            counts = counts_by_track[cell.track] = CountSeries()
        counts.add(cell.second, count, self._seconds_from)

    def _window(self, since: float, until: float) -> Parts:
        first, end = self._whole(since), self._whole(until)
        return parts(first, max(first, end))

    def _whole(self, edge: float) -> int:
        second = math.floor(edge)
        return second if second >= self._seconds_from else second - second % MINUTE_S


def _hour_of(at: float) -> int:
    second = math.floor(at)
    return second - second % HOUR_S


def _of(known: Mapping[str, Mapping[str, T]], track: str | None, event: str) -> Iterable[T]:
    """Return what is known of an event on one track, or on all."""
    by_track = known.get(event, {})
    if track is None:
        return by_track.values()
    return (by_track[track],) if track in by_track else ()
