"""Counts over time at three grains: seconds, minutes and hours, so that any window is a few short sums.

A window `[first, end)` is cut at its minutes and hours: at most 59 seconds and 59 minutes at each side, whole hours
between. Times are whole seconds since the epoch.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from operator import add
from typing import TypeAlias, TypeVar

from console.core.grains import HOUR_S, MINUTE_S, PACK_OVERHEAD_BYTES, Edges, Grain
from console.core.packing import pack, unpack
from console.core.quantiles import coarse

BUCKETS_KEPT = 2048
"""Buckets of a number kept apart in one second, minute or hour; numbers as spread as that are put together coarsely."""

_ZEROS = {60: array("I", bytes(4 * 60)), 3600: array("I", bytes(4 * 3600))}
_LEVELS = (Grain.BIN_SECONDS, Grain.BIN_MINUTES, Grain.BIN_HOURS)
_UNIT_S = (1, MINUTE_S, HOUR_S)
_FOR_EVER = 1 << 62
_SUMS_KEPT = 8

T = TypeVar("T")
Span = tuple[int, int]
Parts = tuple[tuple[Span, ...], tuple[Span, ...], Span]
_Words: TypeAlias = "array[int]"
_Bins = dict[int, int]


def parts(first: int, end: int) -> Parts:
    """Return a window as spans of seconds, of minutes, and one span of hours; each counted in its own unit.

    No span of seconds leaves its minute, and no span of minutes its hour.
    """
    first_minute, end_minute = -(-first // MINUTE_S), end // MINUTE_S
    if first_minute > end_minute:
        return ((first, end),), (), (0, 0)
    seconds = ((first, first_minute * MINUTE_S), (end_minute * MINUTE_S, end))
    first_hour, end_hour = -(-first_minute // 60), end_minute // 60
    if first_hour > end_hour:
        return seconds, ((first_minute, end_minute),), (0, 0)
    return seconds, ((first_minute, first_hour * 60), (end_hour * 60, end_minute)), (first_hour, end_hour)


class CountSeries:
    """How often something happened, per second, minute and hour; quiet hours take no room.

    A busy series takes 15 kB for each hour of which the seconds are kept, and 0.4 kB for every other.
    """

    __slots__ = ("_hours", "_minutes", "_seconds")

    def __init__(self) -> None:
        self._seconds: dict[int, _Words] = {}
        self._minutes: dict[int, _Words] = {}
        self._hours: dict[int, int] = {}

    def add(self, second: int, count: int, edges: Edges) -> None:
        """Add to a second; one before those that are kept is only known by its minute."""
        hour, offset = divmod(second, HOUR_S)
        if second >= edges.seconds:
            _add(self._seconds, hour, HOUR_S, offset, count)
        _add(self._minutes, hour, 60, offset // MINUTE_S, count)
        self._hours[hour] = self._hours.get(hour, 0) + count

    def count(self, window: Parts) -> int:
        """Return how often it happened in a window."""
        seconds, minutes, hours = window
        total = 0
        for first, end in seconds:
            if first < end:
                total += _sum(self._seconds, HOUR_S, first, end)
        for first, end in minutes:
            if first < end:
                total += _sum(self._minutes, 60, first, end)
        if hours[0] < hours[1]:
            total += sum(known_of(self._hours, *hours))
        return total

    def cells(self, since: int, edges: Edges) -> Iterator[tuple[int, int]]:
        """Yield pairs of second and count from `since` on: whole minutes, at their first second, and then seconds."""
        for chunks, step, low, high in (
            (self._minutes, MINUTE_S, since - since % MINUTE_S, edges.seconds),
            (self._seconds, 1, max(since, edges.seconds), _FOR_EVER),
        ):
            for hour in sorted(chunks):
                for index, count in enumerate(chunks[hour]):
                    second = hour * HOUR_S + index * step
                    if count and low <= second < high:
                        yield second, count

    def packs(self) -> Iterator[tuple[Grain, int, bytes]]:
        """Yield everything, packed, with its grain and unit."""
        for hour, seconds in self._seconds.items():
            for minute in range(60):
                counts = seconds[minute * 60 : minute * 60 + 60]
                if any(counts):
                    yield Grain.SECONDS, hour * 60 + minute, pack(counts)
        for hour, minutes in self._minutes.items():
            yield Grain.MINUTES, hour, pack(minutes)

    def take(self, grain: Grain, unit: int, data: bytes) -> None:
        """Add what `packs` yielded, each pack once."""
        (counts,) = unpack(data)
        if grain is Grain.SECONDS:
            _add_all(self._seconds, unit // 60, HOUR_S, unit % 60 * 60, counts)
            return
        _add_all(self._minutes, unit, 60, 0, counts)
        self._hours[unit] = self._hours.get(unit, 0) + sum(counts)

    def forget(self, edges: Edges) -> None:
        """Drop the seconds and minutes that are not kept."""
        _drop(self._seconds, edges.seconds // HOUR_S)
        _drop(self._minutes, edges.kept // HOUR_S)
        _drop(self._hours, edges.kept // HOUR_S)


class BinSeries:
    """How often each bucket of a number happened, per second, minute and hour.

    What is over is packed: three bytes for a bucket of a minute instead of about sixty. What comes late lies loose
    beside its pack until both are packed together.
    """

    __slots__ = ("_loose", "_packed", "_sizes", "_summed_to", "_sums")

    def __init__(self) -> None:
        self._loose: tuple[dict[int, _Bins | bytes], ...] = ({}, {}, {})
        """By second, minute and hour; seconds that are over wait for the end of their minute as bytes."""
        self._packed: tuple[dict[int, bytes], ...] = ({}, {}, {})
        """By minute, minute and hour: the packed seconds of a minute share one pack."""
        self._sizes = [0, 0, 0]
        self._sums: dict[tuple[int, int, int], _Bins] = {}
        """The last few sums over whole minutes or hours, which are asked for again and again."""
        self._summed_to = 0
        """Second before which something is in those sums."""

    def add(self, second: int, number: int, count: int, edges: Edges) -> None:
        """Add to a bucket of a second; where its seconds are not kept only its minute, or only its hour, is known."""
        if second < self._summed_to:
            self._forget_sums()
        if second >= edges.bin_seconds:
            self._add(0, second, number, count)
        if second >= edges.bin_minutes:
            self._add(1, second // MINUTE_S, number, count)
        self._add(2, second // HOUR_S, number, count)

    def bins(self, window: Parts) -> _Bins:
        """Return how often each bucket happened in a window."""
        seconds, minutes, hours = window
        found: _Bins = {}
        for first, end in seconds:
            if first < end:
                _count(found, self._seconds(first, end))
        for level, spans in ((1, minutes), (2, (hours,))):
            for first, end in spans:
                if first < end:
                    _count(found, self._sum(level, first, end).items())
        return found

    def _sum(self, level: int, first: int, end: int) -> _Bins:
        """Return the buckets of some minutes or hours; not to be changed by the caller."""
        known = self._sums.get((level, first, end))
        if known is not None:
            return known
        found: _Bins = {}
        for bins in known_of(self._loose[level], first, end):
            _count(found, _pairs(bins))
        for data in known_of(self._packed[level], first, end):
            _count(found, _pairs(data))
        while len(self._sums) >= _SUMS_KEPT:
            del self._sums[next(iter(self._sums))]
        self._sums[level, first, end] = found
        self._summed_to = max(self._summed_to, end * _UNIT_S[level])
        return found

    def _forget_sums(self) -> None:
        self._sums.clear()
        self._summed_to = 0

    def cells(self, since: int, edges: Edges) -> Iterator[tuple[int, int, int]]:
        """Yield second, bucket and count from `since` on: whole hours, then minutes, then seconds."""
        for level, low, high in (
            (2, since - since % HOUR_S, edges.bin_minutes),
            (1, max(since - since % MINUTE_S, edges.bin_minutes), edges.bin_seconds),
        ):
            unit_s = _UNIT_S[level]
            for unit in sorted(self._loose[level].keys() | self._packed[level]):
                if low <= unit * unit_s < high:
                    for number, count in sorted(self._of(level, unit).items()):
                        yield unit * unit_s, number, count
        first = max(since, edges.bin_seconds)
        for minute in sorted({second // MINUTE_S for second in self._loose[0]} | self._packed[0].keys()):
            for (offset, number), count in sorted(self._of_minute(minute).items()):
                if minute * MINUTE_S + offset >= first:
                    yield minute * MINUTE_S + offset, number, count

    def packs(self) -> Iterator[tuple[Grain, int, bytes]]:
        """Yield everything, packed, with its grain and unit."""
        self.pack(_FOR_EVER)
        for grain, packed in zip(_LEVELS, self._packed, strict=True):
            for unit, data in packed.items():
                yield grain, unit, data

    def take(self, grain: Grain, unit: int, data: bytes) -> None:
        """Add what `packs` yielded, each pack once."""
        self._forget_sums()
        level = _LEVELS.index(grain)
        if unit not in self._packed[level]:
            self._put(level, unit, data)
        elif level:
            for number, count in _pairs(data):
                self._add(level, unit, number, count)
        else:
            for offset, number, count in zip(*unpack(data), strict=True):
                self._add(0, unit * MINUTE_S + offset, number, count)

    def forget(self, edges: Edges) -> None:
        """Drop what is not kept."""
        self._forget_sums()
        for level, grain in enumerate(_LEVELS):
            first = edges.first_unit(grain)
            _drop(self._loose[level], first if level else first * MINUTE_S)
            for unit in [unit for unit in self._packed[level] if unit < first]:
                self._sizes[level] -= len(self._packed[level].pop(unit)) + PACK_OVERHEAD_BYTES

    def pack(self, before: int) -> None:
        """Pack what ended before a second."""
        whole = before - before % MINUTE_S
        for second, bins in self._loose[0].items():
            if whole <= second < before and isinstance(bins, dict):
                self._loose[0][second] = _as_pack(bins)
        over = {second // MINUTE_S for second in self._loose[0]}
        for minute in [minute for minute in over if minute < whole // MINUTE_S]:
            counted = sorted(self._of_minute(minute).items())
            for second in range(minute * MINUTE_S, (minute + 1) * MINUTE_S):
                self._loose[0].pop(second, None)
            offsets, numbers = zip(*(cell for cell, _ in counted), strict=True)
            self._put(0, minute, pack(offsets, numbers, [count for _, count in counted]))
        for level in (1, 2):
            loose = self._loose[level]
            for unit in [unit for unit in loose if (unit + 1) * _UNIT_S[level] <= before]:
                data = _as_pack(self._of(level, unit))
                del loose[unit]
                self._put(level, unit, data)

    def size_bytes(self, grain: Grain) -> int:
        """Return what the packs of a grain take."""
        return self._sizes[_LEVELS.index(grain)]

    def sizes(self, grain: Grain) -> Iterator[tuple[int, int]]:
        """Yield the packed units of a grain with what each takes."""
        for unit, data in self._packed[_LEVELS.index(grain)].items():
            yield unit, len(data) + PACK_OVERHEAD_BYTES

    def _add(self, level: int, unit: int, number: int, count: int) -> None:
        loose = self._loose[level]
        bins = loose.get(unit)
        if not isinstance(bins, dict):
            bins = loose[unit] = {} if bins is None else dict(_pairs(bins))
        bins[number] = bins.get(number, 0) + count
        if len(bins) > BUCKETS_KEPT:
            loose[unit] = _thinned(bins)

    def _put(self, level: int, unit: int, data: bytes) -> None:
        packed = self._packed[level]
        before = packed.get(unit)
        if before is not None:
            self._sizes[level] -= len(before) + PACK_OVERHEAD_BYTES
        packed[unit] = data
        self._sizes[level] += len(data) + PACK_OVERHEAD_BYTES

    def _of(self, level: int, unit: int) -> _Bins:
        """Return the buckets of a minute or an hour."""
        bins = dict(_pairs(self._loose[level].get(unit, {})))
        data = self._packed[level].get(unit)
        if data is not None:
            _count(bins, _pairs(data))
        return _thinned(bins)

    def _of_minute(self, minute: int) -> dict[tuple[int, int], int]:
        """Return the buckets of the seconds of a minute, by their offset in it and their number."""
        cells: dict[tuple[int, int], int] = {}
        data = self._packed[0].get(minute)
        if data is not None:
            offsets, numbers, counts = unpack(data)
            cells = dict(zip(zip(offsets, numbers, strict=True), counts, strict=True))
        for offset in range(MINUTE_S):
            for number, count in _pairs(self._loose[0].get(minute * MINUTE_S + offset, {})):
                cells[offset, number] = cells.get((offset, number), 0) + count
        return cells

    def _seconds(self, first: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield the buckets of some seconds of one minute."""
        for bins in known_of(self._loose[0], first, end):
            yield from _pairs(bins)
        data = self._packed[0].get(first // MINUTE_S)
        if data is not None:
            offsets, numbers, counts = unpack(data)
            start = first // MINUTE_S * MINUTE_S
            low, high = bisect_left(offsets, first - start), bisect_left(offsets, end - start)
            yield from zip(numbers[low:high], counts[low:high], strict=True)


def known_of(units: Mapping[int, T], first: int, end: int) -> list[T]:
    """Return what is known of the units from `first` up to `end`, however far apart the two are."""
    if end - first > len(units):
        return [value for unit, value in units.items() if first <= unit < end]
    return [value for value in map(units.get, range(first, end)) if value is not None]


def _as_pack(bins: _Bins) -> bytes:
    pairs = sorted(bins.items())
    return pack([number for number, _ in pairs], [count for _, count in pairs])


def _pairs(bins: _Bins | bytes) -> Iterable[tuple[int, int]]:
    """Return buckets with their counts, packed or not."""
    if isinstance(bins, dict):
        return bins.items()
    numbers, counts = unpack(bins)
    return zip(numbers, counts, strict=True)


def _thinned(bins: _Bins) -> _Bins:
    """Return buckets that are too many put together until there is room for as many again."""
    return bins if len(bins) <= BUCKETS_KEPT else coarse(bins, BUCKETS_KEPT // 2)


def _count(found: _Bins, pairs: Iterable[tuple[int, int]]) -> None:
    for number, count in pairs:
        found[number] = found.get(number, 0) + count


def _add(chunks: dict[int, _Words], hour: int, size: int, index: int, count: int) -> None:
    chunk = chunks.get(hour)
    if chunk is None:
        chunk = chunks[hour] = _ZEROS[size][:]
    try:
        chunk[index] += count
    except OverflowError:
        chunk = chunks[hour] = array("Q", chunk)
        chunk[index] += count


def _add_all(chunks: dict[int, _Words], hour: int, size: int, start: int, counts: Iterable[int]) -> None:
    chunk = chunks.get(hour)
    if chunk is None:
        chunk = chunks[hour] = _ZEROS[size][:]
    summed = list(map(add, chunk[start : start + 60], counts))
    if chunk.typecode == "I" and max(summed) >= 1 << 32:
        chunk = chunks[hour] = array("Q", chunk)
    chunk[start : start + 60] = array(chunk.typecode, summed)


def _sum(chunks: Mapping[int, _Words], size: int, first: int, end: int) -> int:
    chunk = chunks.get(first // size)
    if chunk is None:
        return 0
    start = first - first % size
    return sum(chunk[first - start : end - start])


def _drop(units: dict[int, T], first: int) -> None:
    for unit in [unit for unit in units if unit < first]:
        del units[unit]
