"""Ranges and tick marks of a plot."""

import math
from collections.abc import Iterable
from datetime import UTC, datetime

_TIME_STEPS_S = (
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800,
    345600, 604800, 1209600, 2592000, 7776000, 15552000, 31536000,
)  # fmt: skip
_DAY_S = 86400
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LARGEST = 1e300
"""Values beyond are drawn at the edge, so that a span stays a finite number."""


def clamp(value: float) -> float:
    """Return the value, no larger than what can be drawn."""
    return max(-_LARGEST, min(_LARGEST, value))


def value_range(values: Iterable[float], limits: Iterable[float]) -> tuple[float, float]:
    """Return the least and greatest value of the axis, low < high.

    All values are inside. A limit is inside unless it would press the line flat; values that never go below zero
    and come near it stand on zero.
    """
    drawn = [clamp(value) for value in values]
    wanted = [clamp(limit) for limit in limits]
    low, high = _bounds(drawn) if drawn else _bounds(wanted or [0.0, 1.0])
    reach = 3 * max(high - low, (abs(high) or 1.0) / 2)
    near = [limit for limit in wanted if low - reach <= limit <= high + reach]
    low, high = min([low, *near]), max([high, *near])
    if 0 < low < 0.6 * high:
        low = 0.0
    if high - low <= max(abs(low), abs(high)) * 1e-9 or high - low < 1e-290:
        pad = abs(high) * 0.1 or 1.0
        return (low if low == 0 else low - pad), high + pad
    pad = (high - low) * 0.06
    return (low if low == 0 else low - pad), high + pad


def _bounds(values: list[float]) -> tuple[float, float]:
    return min(values), max(values)


def value_ticks(low: float, high: float, most: int = 5) -> list[tuple[float, str]]:
    """Return round numbers between low and high with their labels."""
    step = _nice((high - low) / max(1, most))
    first = math.ceil(low / step)
    count = int((high - first * step) / step + 1e-9) + 1
    ticks = [(first + number) * step for number in range(max(0, min(count, 2 * most + 2)))]
    return [(tick, _number(tick, step)) for tick in ticks]


def _nice(step: float) -> float:
    size = 10.0 ** math.floor(math.log10(step))
    return next(size * round_ for round_ in (1, 2, 5, 10) if size * round_ >= step * (1 - 1e-9))


def _number(value: float, step: float) -> str:
    if abs(value) < step / 1e6:
        return "0"
    if abs(value) >= 1e15 or step < 1e-4:
        return f"{value:.3g}"
    for size, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M")):
        if step >= size / 1000 and abs(value) >= size:
            return f"{value / size:.6g}{letter}"
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return f"{value:,.{decimals}f}"


def time_ticks(since: float, until: float, most: int = 8) -> list[tuple[float, str, str]]:
    """Return round UTC times with their label, and the day where a new one is to be named (else empty)."""
    step = next((step for step in _TIME_STEPS_S if (until - since) / step <= most), 0)
    if not step:
        years = math.ceil((until - since) / most / _TIME_STEPS_S[-1])
        step = years * _TIME_STEPS_S[-1]
    ticks: list[tuple[float, str, str]] = []
    named = ""
    number = math.ceil(since / step)
    while number * step <= until:
        at = number * step
        moment = datetime.fromtimestamp(at, UTC)
        day = f"{moment.day} {_MONTHS[moment.month - 1]}"
        if step >= _DAY_S:
            year = f"{moment:%Y}"
            ticks.append((at, day, "" if year == named else year))
            named = year
        else:
            ticks.append((at, f"{moment:%H:%M:%S}" if step < 60 else f"{moment:%H:%M}", "" if day == named else day))
            named = day
        number += 1
    return ticks
