"""Random counts of bad events, one by one or in bursts."""

import math
import random
from bisect import bisect
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate

BURSTS = 5.0
"""Dispersion of events in geometric bursts of three on average: the size has the mean (1 + phi) / 2."""


def draw(rng: random.Random, mean: float, phi: float = 1.0) -> int:
    """Return how many events happened where `mean` are expected, with the given variance over mean."""
    return bisect(_up_to(mean, phi), rng.random())


@lru_cache(maxsize=64)
def _up_to(mean: float, phi: float) -> tuple[float, ...]:
    most = math.ceil(mean + 20 * math.sqrt(mean * phi) + 20 * phi)
    return tuple(accumulate(chances(mean, phi, most)))


def chances(mean: float, phi: float, most: int) -> Sequence[float]:
    """Return the probabilities of 0 to `most` events (Polya-Aeppli; for `phi` 1 Poisson).

    Bursts are Poisson and their sizes geometric; the recursion is Panjer's (Johnson, Kemp and Kotz, Univariate Discrete
    Distributions, section 9.7).
    """
    on = (phi - 1) / (phi + 1)
    bursts = mean * (1 - on)
    fresh = bursts * (1 - on)
    found = [math.exp(-bursts), fresh * math.exp(-bursts)]
    for events in range(2, most + 1):
        again = 2 * on * (events - 1) * found[-1] - on * on * (events - 2) * found[-2]
        found.append((fresh * found[-1] + again) / events)
    return found[: most + 1]
