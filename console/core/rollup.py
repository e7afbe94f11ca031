"""Counters over time: every event of every track, in any window."""

import math
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TypeVar

from console.core.classify import LABEL_LIMIT, OTHER
from console.core.counts import Cell, LabelCell
from console.core.grains import (
    BIN_MINUTES_BYTES,
    BIN_SECONDS_BYTES,
    HORIZON_S,
    HOUR_S,
    MINUTE_S,
    Edges,
    Grain,
    Packed,
    ahead_of,
    edge_within,
)
from console.core.series import BinSeries, CountSeries, Parts, parts

T = TypeVar("T")

_PACK_AFTER_S = 5
_FOR_EVER = 1 << 62


class Rollup:
    """Counts per track, event and second; exact for windows of whole seconds, for as long as seconds are kept.

    Windows are `[since, until)`, both rounded down to whole seconds: a window of 60 s always holds 60 seconds, and
    windows side by side share nothing and miss nothing. An edge further back than the horizon is rounded down to a
    whole minute; for captured numbers older than `BIN_MINUTES_S`, to a whole hour. Late lines count in their own
    second. `prune` must be called from time to time; it decides what is too old, not the lines, so one line from
    the future does no harm; one from too far in the future is in the totals only.

    Totals and labels are never forgotten. At most `label_limit` values per event and label, over all tracks, are
    kept apart, those that arrived first; all others count as `OTHER`.

    Memory is bounded: see `CountSeries` for what a series of counts takes. The seconds and the minutes of captured
    numbers take `BIN_SECONDS_BYTES` and `BIN_MINUTES_BYTES` at most, over all series; where that is not enough for
    the whole time, older windows are rounded sooner.
    """

    def __init__(self, horizon_s: float = HORIZON_S, label_limit: int = LABEL_LIMIT) -> None:
        self._horizon_s = horizon_s
        self._label_limit = label_limit
        self._edges = Edges()
        self._totals: dict[str, dict[str, int]] = {}
        self._tracks: set[str] = set()
        """Those of the totals."""
        self._counts: dict[str, dict[str, CountSeries]] = {}
        self._bins: dict[str, dict[str, BinSeries]] = {}
        self._labels: dict[str, dict[str, dict[str, dict[str, int]]]] = {}

    def add(self, cells: Mapping[Cell, int], *, at: float = math.inf) -> None:
        """Add counts of lines that were read at `at`, which decides what is too far ahead; without it nothing is."""
        end = _FOR_EVER if at == math.inf else ahead_of(at)
        for cell, count in cells.items():
            self._add(cell, count, end)

    def restore(self, packed: Packed, totals: Mapping[tuple[str, str], int], *, at: float) -> None:
        """Take up what `packed` and `totals` say, on top of what was taken up before; `at` is the present.

        Totals are by track and event, and of everything: they know what was forgotten.
        """
        self._edges = self._edges.later(packed.edges)
        self.prune(at)
        takers: dict[tuple[int, int], Callable[[int, bytes], None]] = {}
        firsts = [self._edges.first_unit(grain) for grain in Grain]
        for grain, unit, series, data in packed.packs:
            if unit >= firsts[grain]:
                take = takers.get((grain, series))
                if take is None:
                    take = takers[grain, series] = self._taker(Grain(grain), *packed.series[series])
                take(unit, data)
        for cell, count in packed.loose:
            self._add(cell, count, _FOR_EVER)
        for (track, event), total in totals.items():
            self._totals.setdefault(event, {})[track] = total
            self._tracks.add(track)
        self._keep_within()

    def packed(self) -> Packed:
        """Return the counters for `restore`; what it makes of them answers as this one does."""
        known: dict[tuple[str, str], list[CountSeries | BinSeries]] = {}
        for kept in (self._counts, self._bins):
            for event, by_track in kept.items():
                for track, series in by_track.items():
                    known.setdefault((track, event), []).append(series)
        packs = [
            (grain, unit, number, data)
            for number, both in enumerate(known.values())
            for series in both
            for grain, unit, data in series.packs()
        ]
        return Packed(dict(enumerate(known)), sorted(packs), (), self._edges)

    def prune(self, at: float) -> None:
        """Forget what is too old at `at`: single seconds, then minutes, then everything but totals and labels."""
        for bins in self._all_bins():
            bins.pack(math.floor(at) - _PACK_AFTER_S)
        edges = self._edges.at(at, self._horizon_s)
        if edges != self._edges:
            self._forget(edges)
        self._keep_within()

    def tracks(self) -> tuple[str, ...]:
        """Return the tracks that anything was counted on, in order of the alphabet."""
        return tuple(sorted(self._tracks))

    def total(self, track: str | None, event: str) -> int:
        """Return how often an event happened since counting began; `None` is all tracks."""
        return sum(_of(self._totals, track, event))

    def totals(self) -> dict[tuple[str, str], int]:
        """Return the totals by track and event."""
        return {(track, event): n for event, by_track in self._totals.items() for track, n in by_track.items()}

    def count(self, track: str | None, event: str, *, since: float, until: float) -> int:
        """Return how often an event happened in a window; `None` is all tracks."""
        found = _of(self._counts, track, event)
        if not found:
            return 0
        window = self._window(since, until)
        return sum(series.count(window) for series in found)

    def bins(self, track: str | None, event: str, *, since: float, until: float) -> dict[int, int]:
        """Return how often each bucket of an event's number (`core.quantiles`) happened in a window."""
        known, found = _of(self._bins, track, event), dict[int, int]()
        if not known:
            return found
        first, end = self._whole_of_bins(since), self._whole_of_bins(until)
        window = parts(first, max(first, end))
        for series in known:
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
        """Yield the counters from `since` on; where single seconds are forgotten, at the first of a minute or hour."""
        first = math.floor(since)
        for event, counts_by_track in self._counts.items():
            for track, counts in counts_by_track.items():
                for second, count in counts.cells(first, self._edges):
                    yield Cell(second, track, event), count
        for event, bins_by_track in self._bins.items():
            for track, bins in bins_by_track.items():
                for second, number, count in bins.cells(first, self._edges):
                    yield Cell(second, track, event, number), count

    def add_labels(self, labels: Mapping[LabelCell, int]) -> dict[LabelCell, int]:
        """Add counts of captured labels and return them as they were counted, with `OTHER` where that was."""
        counted: dict[LabelCell, int] = {}
        for cell, count in labels.items():
            values = self._labels.setdefault(cell.event, {}).setdefault(cell.label, {})
            value = cell.value
            if value not in values and len(values) - (OTHER in values) >= self._label_limit:
                value = OTHER
                cell = LabelCell(cell.track, cell.event, cell.label, OTHER)  # noqa: PLW2901
            by_track = values.setdefault(value, {})
            by_track[cell.track] = by_track.get(cell.track, 0) + count
            counted[cell] = counted.get(cell, 0) + count
        return counted

    def restore_labels(self, labels: Mapping[LabelCell, int]) -> None:
        """Take up counts of labels in place of those that were there."""
        self._labels.clear()
        self.add_labels(labels)

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

    def _add(self, cell: Cell, count: int, end: int) -> None:
        if cell.bin == 0:
            totals = self._totals.setdefault(cell.event, {})
            totals[cell.track] = totals.get(cell.track, 0) + count
            self._tracks.add(cell.track)
        if not self._edges.kept <= cell.second < end:
            return
        if cell.bin != 0:
            _series(self._bins, cell.track, cell.event, BinSeries).add(cell.second, cell.bin, count, self._edges)
        else:
            _series(self._counts, cell.track, cell.event, CountSeries).add(cell.second, count, self._edges)

    def _taker(self, grain: Grain, track: str, event: str) -> Callable[[int, bytes], None]:
        if grain in (Grain.SECONDS, Grain.MINUTES):
            return partial(_series(self._counts, track, event, CountSeries).take, grain)
        return partial(_series(self._bins, track, event, BinSeries).take, grain)

    def _all_bins(self) -> Iterator[BinSeries]:
        for by_track in self._bins.values():
            yield from by_track.values()

    def _forget(self, edges: Edges) -> None:
        self._edges = edges
        for counts_by_track in self._counts.values():
            for counts in counts_by_track.values():
                counts.forget(edges)
        for bins in self._all_bins():
            bins.forget(edges)

    def _keep_within(self) -> None:
        """Give up the oldest seconds and minutes of captured numbers where they take more than they may."""
        minute, hour = (
            self._over(Grain.BIN_SECONDS, BIN_SECONDS_BYTES),
            self._over(Grain.BIN_MINUTES, BIN_MINUTES_BYTES),
        )
        if minute is not None or hour is not None:
            self._forget(self._edges.trimmed(minute, None if hour is None else -(-hour // 60)))

    def _over(self, grain: Grain, limit_bytes: int) -> int | None:
        if sum(bins.size_bytes(grain) for bins in self._all_bins()) <= limit_bytes:
            return None
        sizes = [size for bins in self._all_bins() for size in bins.sizes(grain)]
        return edge_within(sorted(sizes, reverse=True), limit_bytes)

    def _window(self, since: float, until: float) -> Parts:
        first, end = self._whole(since), self._whole(until)
        return parts(first, max(first, end))

    def _whole(self, edge: float) -> int:
        second = math.floor(edge)
        return second if second >= self._edges.seconds else second - second % MINUTE_S

    def _whole_of_bins(self, edge: float) -> int:
        second = math.floor(edge)
        if second >= self._edges.bin_seconds:
            return second
        return second - second % (MINUTE_S if second >= self._edges.bin_minutes else HOUR_S)


def _series(known: dict[str, dict[str, T]], track: str, event: str, make: type[T]) -> T:
    """Return the series of an event on a track, made where there was none."""
    by_track = known.setdefault(event, {})
    found = by_track.get(track)
    if found is None:
        found = by_track[track] = make()
    return found


def _of(known: Mapping[str, Mapping[str, T]], track: str | None, event: str) -> tuple[T, ...]:
    """Return what is known of an event on one track, or on all."""
    by_track = known.get(event, {})
    if track is None:
        return tuple(by_track.values())
    return (by_track[track],) if track in by_track else ()
