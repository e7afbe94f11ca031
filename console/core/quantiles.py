"""Quantiles within 1 % from counts in logarithmic buckets.

The buckets are those of DDSketch (Masson, Rim and Lee 2019, arXiv:1908.10693): bucket `i` holds the numbers from
`g^(i-1)`, excluded, to `g^i`, where `g = (1 + a) / (1 - a)` and `a` is the relative accuracy. Counts in buckets add, so
windows, tracks and consoles merge exactly; only the reading of a quantile is approximate.
"""

import math
import sys
from collections.abc import Mapping

_ACCURACY = 0.0099
"""A little under the promised 1 %, so that rounding cannot break the promise."""
_LOG_BASE = math.log1p(_ACCURACY) - math.log1p(-_ACCURACY)
_LOG_MIDDLE = math.log(2 / (math.exp(_LOG_BASE) + 1))
"""The number whose relative distance to both ends of bucket `i` is the same is `exp(_LOG_BASE * i + _LOG_MIDDLE)`."""
_LOG_GREATEST = math.log(sys.float_info.max)
_FURTHEST = 36_000
"""No number's bucket lies further from that of 1."""
_SHIFT = 50_000
"""Added to the bucket of a positive number, so that bins are in the order of numbers."""
_ZERO = 1


def bin_of(number: float) -> int:
    """Return the bucket of a number, never 0; a greater number never has a lesser bucket.

    Numbers nearer to 0 than 2.2e-308 share the bucket of 0. Raises `ValueError` for a number that is not finite.
    """
    if not math.isfinite(number):
        raise ValueError(f"expected a finite number, found {number}")
    size = abs(number)
    if size < sys.float_info.min:
        return _ZERO
    index = _SHIFT + math.ceil(math.log(size) / _LOG_BASE)
    return index if number > 0 else -index


def value_of(bin: int) -> float:  # noqa: A002  (the word of `Cell`)
    """Return the number that stands for a bucket: within 1 % of every number in it, 0 exactly for 0.

    Raises `ValueError` for a bucket that `bin_of` never returns.
    """
    if bin == _ZERO:
        return 0.0
    index = abs(bin) - _SHIFT
    if abs(index) > _FURTHEST:
        raise ValueError(f"expected a bucket of a number, found {bin}")
    size = math.exp(min(index * _LOG_BASE + _LOG_MIDDLE, _LOG_GREATEST))
    return math.copysign(size, bin)


def quantile(bins: Mapping[int, int], q: float) -> float | None:
    """Return the `q`-quantile of counted buckets within 1 %, `None` if they are empty.

    It is the lower quantile: of `n` numbers in order the one at place `floor(q * (n - 1))`, counted from 0; so it is
    a number that occurred, not one between two. The count of the event itself, bin 0, is left out. Raises
    `ValueError` for `q` outside 0 to 1.
    """
    if not 0 <= q <= 1:
        raise ValueError(f"expected a quantile from 0 to 1, found {q}")
    ordered = sorted((number, count) for number, count in bins.items() if number != 0 and count > 0)
    left = math.floor(q * (sum(count for _, count in ordered) - 1))
    for number, count in ordered:
        left -= count
        if left < 0:
            return value_of(number)
    return None


def coarse(bins: Mapping[int, int], limit: int) -> dict[int, int]:
    """Return buckets as they are, or put together with their neighbours, so that at most `limit` are left.

    Counts are conserved. Two, four, eight … neighbours share a bucket of their middle, so accuracy is lost: only
    for numbers that are spread over more than 17 powers of ten are 2,048 buckets too few.
    """
    found, width = dict(bins), 1
    while len(found) > limit:
        width *= 2
        found = {}
        for number, count in bins.items():
            middle = number if number == _ZERO else number - number % width + width // 2
            found[middle] = found.get(middle, 0) + count
    return found
