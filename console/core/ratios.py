"""Weighing bad events of two tracks: which rate ratios are looked at, and what an event is worth for each of them.

Given the bad events of both tracks in one interval, the number of them on the canary depends on the ratio `r` of the
two rates and on the canary's share `w` of the exposure alone: the rate itself, whatever it does over time, cancels
(Lindon and Malek, arXiv:2011.03567). With ratio `r` the canary's share of the bad events is `w r / (w r + 1 - w)`.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

_LEAST_WORSE, _MOST_WORSE, _LIKELY_WORSE = math.log(1.05), math.log(12), math.log(2)
_WORSE_STEPS = 16
_PROMOTING = ((0.5, 1), (0.75, 2), (1, 4), (1.25, 2), (1.5, 1), (2, 1), (3, 1), (4, 1))
"""Ratios below the one to be refuted, in steps of its logarithm (1 is a canary equal to the baseline), and weights."""


def worse() -> tuple[tuple[float, float], ...]:
    """Return how much worse than allowed a bad canary may be: logarithms of 1.05 to 12, with prior weights.

    The weights add up to 1 and form a triangle with its top at 2: most regressions that need statistics are small, and
    the great ones are found within minutes anyway.
    """
    step = (_MOST_WORSE - _LEAST_WORSE) / (_WORSE_STEPS - 1)
    low, high = _LEAST_WORSE - step / 2, _MOST_WORSE + step / 2
    logs = [_LEAST_WORSE + step * j for j in range(_WORSE_STEPS)]
    return _weighed(logs, [min((d - low) / (_LIKELY_WORSE - low), (high - d) / (high - _LIKELY_WORSE)) for d in logs])


def better(than: float) -> tuple[tuple[float, float], ...]:
    """Return logarithms of ratios below `than`, relative to it, with prior weights that add up to 1, most around 1."""
    return _weighed([-math.log(than) * step for step, _ in _PROMOTING], [weight for _, weight in _PROMOTING])


def _weighed(logs: Sequence[float], weights: Sequence[float]) -> tuple[tuple[float, float], ...]:
    total = sum(weights)
    return tuple((log, weight / total) for log, weight in zip(logs, weights, strict=True))


@lru_cache(maxsize=256)
def worths(logs: tuple[float, ...], null: float, share: float, phi: float) -> tuple[tuple[float, float], ...]:
    """Return, for each ratio, what a bad event on the canary adds to the log evidence, and what one on the baseline
    takes.

    `logs` are the logarithms of the ratios relative to `null`, the ratio to be refuted; `share` is the canary's part of
    the interval's exposure, in (0, 1); `phi` the dispersion, 1 or more. With `v = w r0 / (w r0 + 1 - w)` the canary's
    share of the bad events under the null `r0`, and `e^d` the ratio relative to it:

        A = v (e^d - 1) / (v e^d + 1 - v) (1 + phi) / (2 phi),   B = A (1 - v) / v,   q = (phi - 1) / (phi + 1)
        canary: ln (1 + B) / (1 + q B)     baseline: ln (1 - q A) / (1 - A)

    For `phi = 1` these are the two logarithms of the likelihood ratio of the binomial, `d - ln(v e^d + 1 - v)` and
    `ln(v e^d + 1 - v)`. For `phi > 1` they are such that the exponential of their sum is still a martingale at the
    null when the events come in bursts whose sizes have a geometric distribution (Polya-Aeppli counts; Johnson, Kemp
    and Kotz, Univariate Discrete Distributions, section 9.7), with `(1 + phi) / 2` for a mean size: over an interval
    with a mean of `b` bursts the mean of the exponential is `exp(b (v B - (1 - v) A)) = 1`. Inside the null, and for
    bursts less dispersed than `phi`, it is below 1: a `phi` that is too large costs time and never truth. Dividing the
    counts by `phi`, the usual remedy, is the limit for small `d`; for large ones it is too hopeful, because one great
    burst looks like a much worse canary.
    """
    at_null = share * null / (share * null + 1 - share)
    q = (phi - 1) / (phi + 1)
    shrink = (1 + phi) / (2 * phi)
    worth = []
    for log in logs:
        more = math.expm1(log)
        pull = shrink * at_null * more / (at_null * more + 1)
        push = shrink * (1 - at_null) * more / (at_null * more + 1)
        worth.append((math.log1p(push) - math.log1p(q * push), math.log1p(-q * pull) - math.log1p(-pull)))
    return tuple(worth)


def rounded_up(phi: float) -> float:
    """Return the dispersion rounded up by at most two per cent, on a ladder that makes cached worths be found again."""
    return 1.02 ** math.ceil(math.log(phi) / math.log(1.02) - 1e-9) if phi > 1 else 1.0


BEGINNING = 0.72
"""The weight, before anything is known, of a canary that is worse from the first look on."""
_PLANNED, _EVER = 0.23, 0.05


def log_weight_of_change(look: float, planned: float) -> float:
    """Return the log of the weight of a canary that becomes worse at the given look, counted from 1.

    What `BEGINNING` leaves is spread evenly over the `planned` looks `T`, but for a twentieth that is
    `T / ((T + k - 1) (T + k))` at look `k` for ever, so that the weights add up to 1 and none of them is 0.
    """
    even = _PLANNED / planned if look <= planned else 0.0
    return math.log(even + _EVER * planned / ((planned + look - 1) * (planned + look)))


def log_weight_left(looks: float, planned: float) -> float:
    """Return the log of the weight of a change that is yet to come after the given number of looks."""
    return math.log(_PLANNED * max(0.0, 1 - looks / planned) + _EVER * planned / (planned + looks))
