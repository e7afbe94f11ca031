"""How likely the counts are for each ratio of the two rates, and the ratios that they do not refute."""

import math
from collections.abc import Sequence
from functools import lru_cache

from console.core.log_sums import log_sum

_HALVINGS = 40
_STEPS, _END, _FINE = 20, math.log(20), 0.25
SCALE = tuple(_FINE * math.sinh(math.asinh(_END / _FINE) * step / _STEPS) for step in range(-_STEPS, _STEPS + 1))
"""Logarithms of the ratios whose likelihood is kept: 1/20 to 20, finest around 1."""


def after(kept: Sequence[float], x: float, y: float, share: float, phi: float) -> tuple[float, ...]:
    """Return the log likelihoods on `SCALE` after `x` bad events on the canary and `y` on the baseline.

    Given `x + y`, the canary's are binomial with `w e^d / (w e^d + 1 - w)` for the log ratio `d` and the canary's
    `share` `w` of the exposure (Lindon and Malek, arXiv:2011.03567); counts are divided by the dispersion `phi`.
    """
    less = _normalisers(share)
    return tuple(log + (x * d - (x + y) * n) / phi for log, d, n in zip(kept, SCALE, less, strict=True))


@lru_cache(maxsize=256)
def _normalisers(share: float) -> tuple[float, ...]:
    """Return `ln(w e^d + 1 - w)` for each log ratio of the scale."""
    return tuple(math.log1p(share * math.expm1(log)) for log in SCALE)


def interval_of(kept: Sequence[float], alpha: float) -> tuple[float, float]:
    """Return the ratios whose likelihood is above `alpha` times the mean likelihood of the scale.

    An end beyond the scale is 0 or infinite. Between the ratios of the scale the likelihood is interpolated.
    """
    least = log_sum(kept) - math.log(len(kept)) + math.log(alpha)
    peak = max(range(len(kept)), key=kept.__getitem__)
    below = next((j for j in range(peak, -1, -1) if kept[j] <= least), None)
    above = next((j for j in range(peak, len(kept)) if kept[j] <= least), None)
    low = 0.0 if below is None else _ratio_at(_crossing(kept, least, below, below + 1))
    high = math.inf if above is None else _ratio_at(_crossing(kept, least, above, above - 1))
    return low, high


def _ratio_at(index: float) -> float:
    """Return the ratio at a place of the scale, between its ratios too."""
    left = min(int(index), len(SCALE) - 2)
    return math.exp(_between(SCALE, left, index - left))


def _crossing(kept: Sequence[float], least: float, refuted: int, kept_side: int) -> float:
    """Return the place between two neighbours of the scale where the likelihood falls to `least`, on its outer side."""
    outside, inside = float(refuted), float(kept_side)
    left = min(refuted, kept_side)
    for _ in range(_HALVINGS):
        middle = (outside + inside) / 2
        if _between(kept, left, middle - left) <= least:
            outside = middle
        else:
            inside = middle
    return outside


def _between(values: Sequence[float], left: int, part: float) -> float:
    """Return the cubic through four neighbours (Lagrange), at `part` of the way from `left` to the next one."""
    first = min(max(left - 1, 0), len(values) - 4)
    at = left + part - first
    a, b, c, d = values[first : first + 4]
    return (
        -a * (at - 1) * (at - 2) * (at - 3) / 6
        + b * at * (at - 2) * (at - 3) / 2
        - c * at * (at - 1) * (at - 3) / 2
        + d * at * (at - 1) * (at - 2) / 6
    )
