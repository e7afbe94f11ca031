"""One proportion of counts, with an interval that holds however often one looks.

All of it rests on one closed form. If a share `p` were true, the chance of the counts can be compared with their chance
under a Beta prior on the share; the quotient `E` is a test martingale under `p`, so `E >= 1/alpha` happens at any time
with probability `alpha` at most (Ville's inequality), and the shares that are not refuted form an interval that is
right at all times at once with probability `1 - alpha` (Robbins 1970; Howard, Ramdas, McAuliffe and Sekhon,
arXiv:1810.08240).
"""

import math
from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache

_RATE_PRIOR = (1.0, 100.0)
"""Beta prior of a rate of bad events: most of it below a few per cent, none of it far from 0."""
_HIGHEST_CENTRE = 0.99
"""A prior around all of the traffic must still allow for some of it to go astray."""
_LEAST, _MOST = 1e-300, 1 - 1e-15
_HALVINGS = 80


def log_e(bad_canary: float, bad_baseline: float, share: float, strength: float = 100.0) -> float:
    """Return the log of the evidence that the canary's part of the bad events is not its share of the exposure.

    `log E = ln B(kw + x, k(1-w) + y) - ln B(kw, k(1-w)) - x ln w - y ln(1-w)`, with `x` bad events on the canary, `y`
    on the baseline, `w` the canary's share of the exposure and `k` the strength of the prior; two-sided, one share for
    all counts (Lindon and Malek, "Anytime-valid inference for multinomial count data", arXiv:2011.03567). The
    comparison of tracks is `evidence.Comparison`, which is one-sided and whose share may change; this is its reference.

    Raises `ValueError` for a negative count, a share outside (0, 1) or a strength that is not positive.
    """
    if not (0 < share < 1 and strength > 0):
        raise ValueError(f"expected a share between 0 and 1 and a strength above 0, found {share} and {strength}")
    _check_counts(bad_canary, bad_baseline)
    against = bad_canary * math.log(share) + bad_baseline * math.log1p(-share)
    return _log_marginal(bad_canary, bad_baseline, strength * share, strength * (1 - share)) - against


def rate_interval(bad: float, total: float, alpha: float = 0.05) -> tuple[float, float]:
    """Return the lowest and the highest rate that `bad` of `total` does not refute, valid at every look.

    A rate `p` is refuted when `B(a + bad, b + total - bad) / B(a, b) >= p^bad (1-p)^(total - bad) / alpha`, with a Beta
    prior of `a = 1`, `b = 100`. The lower end is 0 exactly as long as nothing bad was seen; nothing measured gives
    (0, 1). 1 of 500 gives 0.0014 % to 1.4 %; looking only once would have given 0.005 % to 1.1 % (Clopper and Pearson).

    Raises `ValueError` for counts that are negative or not finite, more bad than total, or alpha outside (0, 1).
    """
    if not 0 <= bad <= total:
        raise ValueError(f"expected 0 <= bad <= total, found {bad} of {total}")
    _check_counts(bad, total)
    _check_alpha(alpha)
    return _interval(bad, total - bad, *_RATE_PRIOR, alpha)


class ShareSeen(StrEnum):
    """What is known of the canary's share of the traffic, against the share that the phase gives it."""

    OFF = "off"
    """Surely outside the tolerance: a weight that did not arrive, or a router that ignores it."""
    AS_PLANNED = "as_planned"
    """Surely inside the tolerance."""
    NOT_KNOWN = "not_known"


def share_interval(canary: float, total: float, planned: float, alpha: float = 0.05) -> tuple[float, float]:
    """Return the lowest and the highest canary share that the request counts do not refute, valid at every look.

    The same construction as `rate_interval`, with a Beta prior of strength 100 around the planned share: the shares are
    those that `log_e` with that prior does not refute (the test for sample ratio mismatch of arXiv:2011.03567).

    Raises `ValueError` for counts that are negative, not finite or contradict each other, a planned share outside (0,
    1] or alpha outside (0, 1).
    """
    if not 0 <= canary <= total:
        raise ValueError(f"expected 0 <= canary <= total, found {canary} of {total}")
    if not 0 < planned <= 1:
        raise ValueError(f"expected a planned share above 0 and at most 1, found {planned}")
    _check_counts(canary, total)
    _check_alpha(alpha)
    centre = min(planned, _HIGHEST_CENTRE)
    return _interval(canary, total - canary, 100 * centre, 100 * (1 - centre), alpha)


def share_seen(
    canary: float, total: float, planned: float, *, clump: float = 1.0, tolerance: float = 0.1, alpha: float = 0.05
) -> ShareSeen:
    """Return whether the observed canary share is surely off the planned one, surely near it, or not known yet.

    Near is within `tolerance` of the planned share, relative: 0.1 of 5 % is 4.5 % to 5.5 %. Requests of one user go
    the same way together; where that matters `clump` is how many do, and counts are divided by it. What it leaves of
    overdispersion the tolerance must take. Counts are those since the share was last changed.

    Raises `ValueError` as `share_interval` does, and for a tolerance or a clump that is out of range.
    """
    if not (0 < tolerance < 1 and clump >= 1):
        raise ValueError(f"expected a tolerance between 0 and 1 and a clump of 1 or more, found {tolerance}, {clump}")
    low, high = share_interval(canary / clump, total / clump, planned, alpha)
    least, most = planned * (1 - tolerance), planned * (1 + tolerance)
    if low > most or high < least:
        return ShareSeen.OFF
    return ShareSeen.AS_PLANNED if least <= low and high <= most else ShareSeen.NOT_KNOWN


@lru_cache(maxsize=512)
def _interval(hits: float, misses: float, prior_hits: float, prior_misses: float, alpha: float) -> tuple[float, float]:
    """Return the shares whose likelihood is above `alpha` times that of the prior; the likelihood has one peak."""
    least = _log_marginal(hits, misses, prior_hits, prior_misses) + math.log(alpha)

    def is_refuted(share: float) -> bool:
        likelihood = (hits * math.log(share) if hits else 0.0) + (misses * math.log1p(-share) if misses else 0.0)
        return likelihood <= least

    peak = min(max(hits / (hits + misses), _LEAST), _MOST) if hits + misses else 0.5
    low = _edge(is_refuted, math.log(_LEAST), math.log(peak), math.exp) if hits else 0.0
    high = _edge(is_refuted, _MOST, peak, float) if misses else 1.0
    return low, high


def _edge(is_refuted: Callable[[float], bool], outside: float, inside: float, share: Callable[[float], float]) -> float:
    """Return the outer side of the edge between what is refuted and what is not, by bisection."""
    if not is_refuted(share(outside)):
        return share(outside)
    for _ in range(_HALVINGS):
        middle = (outside + inside) / 2
        if is_refuted(share(middle)):
            outside = middle
        else:
            inside = middle
    return share(outside)


def _log_marginal(hits: float, misses: float, prior_hits: float, prior_misses: float) -> float:
    return _log_beta(prior_hits + hits, prior_misses + misses) - _log_beta(prior_hits, prior_misses)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _check_counts(*counts: float) -> None:
    if not all(0 <= count < math.inf for count in counts):
        raise ValueError(f"expected counts of 0 or more, found {', '.join(map(str, counts))}")


def _check_alpha(alpha: float) -> None:
    if not 0 < alpha < 1:
        raise ValueError(f"expected alpha between 0 and 1, found {alpha}")
