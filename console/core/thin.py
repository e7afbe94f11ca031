"""Fewer points that draw the same line."""

import math
from collections.abc import Iterable, Iterator
from itertools import pairwise
from statistics import median

from console.core.export import Points

Point = tuple[float, float]

_LATEST = 253402300799.0
"""The last second of the year 9999, beyond which there is no calendar."""


def runs(points: Points, gap_s: float | None = None) -> list[list[Point]]:
    """Return the unbroken stretches of a series, in order of time.

    A stretch ends at a missing or non-finite value, and where two points lie further apart than `gap_s`; without
    it, four times the usual distance counts as a gap.
    """
    placed: list[Point] = []
    missing: list[float] = []
    for at, value in points:
        if not 0 <= at <= _LATEST:
            continue
        if value is None or not math.isfinite(value):
            missing.append(at)
        else:
            placed.append((at, value))
    placed.sort()
    holes = iter(sorted(missing))
    furthest = _usual_gap(placed) if gap_s is None else gap_s
    stretches: list[list[Point]] = []
    hole, before = next(holes, math.inf), -math.inf
    for at, value in placed:
        while hole <= before:
            hole = next(holes, math.inf)
        if not stretches or at - before > furthest or hole < at:
            stretches.append([])
        stretches[-1].append((at, value))
        before = at
    return stretches


def _usual_gap(placed: list[Point]) -> float:
    steps = [later[0] - earlier[0] for earlier, later in pairwise(placed)]
    return 4 * median(steps) if steps else math.inf


def thinned(stretch: Iterable[Point], since: float, until: float, columns: int) -> Iterator[Point]:
    """Yield at most four points for each of `columns` equal parts of the time: first, least, greatest and last.

    A line through them covers the same pixels as a line through all, so no peak is lost.
    """
    width_s = max((until - since) / max(1, columns), 1e-9)
    column: list[Point] = []
    number = -1
    for point in stretch:
        here = int((point[0] - since) / width_s)
        if here != number and column:
            yield from _corners(column)
            column = []
        number = here
        column.append(point)
    yield from _corners(column)


def _corners(column: list[Point]) -> list[Point]:
    if len(column) <= 4:
        return column
    low = min(range(len(column)), key=lambda i: column[i][1])
    high = max(range(len(column)), key=lambda i: column[i][1])
    return [column[i] for i in sorted({0, low, high, len(column) - 1})]
