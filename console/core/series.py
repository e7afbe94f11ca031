"""Counts over time at three grains: seconds, minutes and hours, so that any window is a few short sums.

A window `[first, end)` is cut at its minutes and hours: at most 59 seconds and 59 minutes at each side, whole hours
between. Times are whole seconds since the epoch.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias, TypeVar

MINUTE_S = 60
HOUR_S = 3600
_ZEROS = {60: array("Q", bytes(8 * 60)), 3600: array("Q", bytes(8 * 3600))}

T = TypeVar("T")
Span = tuple[int, int]
Parts = tuple[tuple[Span, ...], tuple[Span, ...], Span]
_Words: TypeAlias = "array[int]"
_Bins: TypeAlias = "dict[int, int] | _Words"
_Grain: TypeAlias = "dict[int, _Bins]"


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
    """How often something happened, per second, minute and hour; quiet hours take no room."""

    __slots__ = ("_hours", "_minutes", "_seconds")

    def __init__(self) -> None:
        self._seconds: dict[int, _Words] = {}
        self._minutes: dict[int, _Words] = {}
        self._hours: dict[int, int] = {}

    def add(self, second: int, count: int, seconds_from: int) -> None:
        """Add to a second; one before `seconds_from` is only known by its minute."""
        hour, offset = divmod(second, HOUR_S)
        if second >= seconds_from:
            _chunk(self._seconds, hour, HOUR_S)[offset] += count
        _chunk(self._minutes, hour, 60)[offset // MINUTE_S] += count
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

    def cells(self, since: int, seconds_from: int) -> Iterator[tuple[int, int]]:
        """Yield pairs of second and count from `since` on: whole minutes, at their first second, and then seconds."""
        for chunks, step, low, high in (
            (self._minutes, MINUTE_S, since - since % MINUTE_S, seconds_from),
            (self._seconds, 1, max(since, seconds_from), None),
        ):
            for hour in sorted(chunks):
                for index, count in enumerate(chunks[hour]):
                    second = hour * HOUR_S + index * step
                    if count and second >= low and (high is None or second < high):
                        yield second, count

    def forget(self, seconds_from: int, minutes_from: int) -> None:
        """Drop seconds and minutes of hours before these moments, which begin an hour."""
        _drop(self._seconds, seconds_from // HOUR_S)
        _drop(self._minutes, minutes_from // HOUR_S)
        _drop(self._hours, minutes_from // HOUR_S)


class BinSeries:
    """How often each bucket of a number happened, per second, minute and hour.

    Units that are over are packed: eight bytes for a bucket instead of about sixty.
    """

    __slots__ = ("_grains", "_loose")

    def __init__(self) -> None:
        self._grains: tuple[_Grain, _Grain, _Grain] = ({}, {}, {})
        self._loose: tuple[set[int], set[int], set[int]] = (set(), set(), set())

    def add(self, second: int, number: int, count: int, seconds_from: int, minutes_from: int) -> None:
        """Add to a bucket of a second; before these moments only its minute, or only its hour, is known."""
        if second >= seconds_from:
            self._add(0, second, number, count)
        if second >= minutes_from:
            self._add(1, second // MINUTE_S, number, count)
        self._add(2, second // HOUR_S, number, count)

    def bins(self, window: Parts) -> dict[int, int]:
        """Return how often each bucket happened in a window."""
        seconds, minutes, hours = window
        found: dict[int, int] = {}
        for grain, spans in zip(self._grains, (seconds, minutes, (hours,)), strict=True):
            for first, end in spans:
                for unit in known_of(grain, first, end):
                    for number, count in _pairs(unit):
                        found[number] = found.get(number, 0) + count
        return found

    def cells(self, since: int, seconds_from: int, minutes_from: int) -> Iterator[tuple[int, int, int]]:
        """Yield second, bucket and count from `since` on: whole hours, then minutes, then seconds."""
        for grain, unit_s, low, high in (
            (self._grains[2], HOUR_S, since - since % HOUR_S, minutes_from),
            (self._grains[1], MINUTE_S, max(since - since % MINUTE_S, minutes_from), seconds_from),
            (self._grains[0], 1, max(since, seconds_from), None),
        ):
            for unit in sorted(grain):
                if unit * unit_s >= low and (high is None or unit * unit_s < high):
                    for number, count in _pairs(grain[unit]):
                        yield unit * unit_s, number, count

    def forget(self, seconds_from: int, minutes_from: int, hours_from: int) -> None:
        """Drop what lies before these moments."""
        for grain, loose, first in zip(
            self._grains,
            self._loose,
            (seconds_from, minutes_from // MINUTE_S, hours_from // HOUR_S),
            strict=True,
        ):
            _drop(grain, first)
            loose.intersection_update(grain)

    def pack(self, before: int) -> None:
        """Pack the units that ended before a second."""
        for grain, loose, unit_s in zip(self._grains, self._loose, (1, MINUTE_S, HOUR_S), strict=True):
            for unit in [unit for unit in loose if (unit + 1) * unit_s <= before]:
                loose.discard(unit)
                grain[unit] = _packed(_pairs(grain[unit]))

    def _add(self, level: int, unit: int, number: int, count: int) -> None:
        grain = self._grains[level]
        bins = grain.get(unit)
        if not isinstance(bins, dict):
            bins = grain[unit] = dict(_pairs(bins)) if bins is not None else {}
            self._loose[level].add(unit)
        bins[number] = bins.get(number, 0) + count


def _pairs(bins: _Bins) -> Iterable[tuple[int, int]]:
    if isinstance(bins, dict):
        return bins.items()
    numbers = iter(bins)
    return zip(numbers, numbers, strict=True)


def _packed(pairs: Iterable[tuple[int, int]]) -> _Words:
    flat = [word for pair in pairs for word in pair]
    try:
        return array("i", flat)
    except OverflowError:
        return array("q", flat)


def known_of(units: Mapping[int, T], first: int, end: int) -> list[T]:
    """Return what is known of the units from `first` up to `end`, however far apart the two are."""
    if end - first > len(units):
        return [value for unit, value in units.items() if first <= unit < end]
    return [value for value in map(units.get, range(first, end)) if value is not None]


def _chunk(chunks: dict[int, _Words], hour: int, size: int) -> _Words:
    chunk = chunks.get(hour)
    if chunk is None:
        chunk = chunks[hour] = _ZEROS[size][:]
    return chunk


def _sum(chunks: Mapping[int, _Words], size: int, first: int, end: int) -> int:
    chunk = chunks.get(first // size)
    if chunk is None:
        return 0
    start = first - first % size
    return sum(chunk[first - start : end - start])


def _drop(units: dict[int, T], first: int) -> None:
    for unit in [unit for unit in units if unit < first]:
        del units[unit]
