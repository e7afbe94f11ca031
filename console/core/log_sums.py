"""Sums of numbers whose logarithms are kept, because the numbers themselves would overflow."""

import math
from collections.abc import Iterable


def log_add(one: float, other: float) -> float:
    """Return `ln(e^one + e^other)` without overflow."""
    high, low = (one, other) if one >= other else (other, one)
    return high + math.log1p(math.exp(low - high))


def log_sum(logs: Iterable[float]) -> float:
    """Return the log of the sum of `e^log` without overflow; raises `ValueError` for no logs at all."""
    found = tuple(logs)
    top = max(found)
    return top + math.log(sum(math.exp(log - top) for log in found))
