"""One simulated soak: what happens minute by minute, and when the console and a fixed rule would have said what."""

import math
import random
from bisect import bisect
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from console.core.dispersion import Dispersion
from console.core.evidence import Comparing, Comparison
from tests.simulate.events import draw

REQUESTS = 1200.0
"""Per minute, on both tracks together."""
NEVER = math.inf


@dataclass(frozen=True, slots=True)
class Soak:
    """What is simulated; times in minutes from the first canary request."""

    minutes: int = 1440
    share: float = 0.05
    rate: float = 0.005
    ratio: float = 1.0
    """The canary's rate of bad events over the baseline's."""
    since: int = 0
    """From when on the canary's rate differs."""
    phi: float = 1.0
    """Real dispersion of the bad events."""
    has_outage: bool = False
    """Ten times as many bad events on both tracks, for ten minutes at a random time."""
    is_binomial: bool = False
    """Whether each request is bad or not by itself: many bad ones of few requests, as slow ones are."""
    known_before: int = 120
    """For how long the baseline was watched before."""
    is_corrected: bool = True
    """Whether the dispersion is taken into account."""
    until_proven: bool = False
    """Whether to go on past an alarm, until the canary is proven not worse."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Minutes until each came about, or `NEVER`."""

    alarm: float = NEVER
    """The canary was proven worse."""
    rule: float = NEVER
    """The rule `canary > 2x baseline over 5m, for 5m` fired."""
    cleared: float = NEVER
    """The canary was proven not worse than 1.5 times the baseline."""
    is_ratio_missed: bool = False
    """Whether the real ratio was outside the interval at any full hour."""


@dataclass(slots=True)
class FixedRule:
    """`canary error rate > 2 x baseline's over 5m, for 5m`, as one writes it without evidence, one look a minute."""

    counts: deque[tuple[float, float]]
    held: int = 0

    def fires(self, bad_canary: float, bad_baseline: float, share: float) -> bool:
        self.counts.append((bad_canary, bad_baseline))
        canary, baseline = (sum(track) for track in zip(*self.counts, strict=True))
        self.held = self.held + 1 if canary / share > 2 * baseline / (1 - share) else 0
        return self.held > 5


def run(soak: Soak, rng: random.Random, see: Callable[[int, Comparison], None] | None = None) -> Outcome:
    """Return when what was said in one soak; `see` is shown the comparison after each minute."""
    outage = rng.randrange(60, soak.minutes - 60) if soak.has_outage else None
    canary, baseline = REQUESTS * soak.share, REQUESTS * (1 - soak.share)
    dispersion, known = Dispersion(), Comparison(Comparing(planned_looks=1440))
    for minute in range(-soak.known_before, 0):
        dispersion = dispersion.add(60.0 * minute, _events(rng, soak, baseline, soak.rate), baseline)
    rule, is_missed = FixedRule(deque(maxlen=5)), False
    alarm, fired, cleared = NEVER, NEVER, NEVER
    for minute in range(soak.minutes):
        weather = 10 if outage is not None and outage <= minute < outage + 10 else 1
        ratio = soak.ratio if minute >= soak.since else 1.0
        x = _events(rng, soak, canary, soak.rate * ratio * weather)
        y = _events(rng, soak, baseline, soak.rate * weather)
        known = known.add(x, y, canary, baseline, dispersion.phi if soak.is_corrected else 1.0)
        dispersion = dispersion.add(60.0 * minute, y, baseline)
        if see is not None:
            see(minute + 1, known)
        fired = min(fired, minute + 1) if rule.fires(x, y, soak.share) else fired
        alarm = min(alarm, minute + 1) if known.is_worse else alarm
        cleared = min(cleared, minute + 1) if known.is_not_worse else cleared
        if minute % 60 == 59 and soak.since == 0:
            low, high = known.within or (0.0, NEVER)
            is_missed = is_missed or not low <= soak.ratio <= high
        if (cleared if soak.until_proven else alarm) < NEVER and see is None:
            break
    return Outcome(alarm, fired, cleared, is_missed)


def _events(rng: random.Random, soak: Soak, requests: float, rate: float) -> int:
    if soak.is_binomial:
        return bisect(_up_to(round(requests), rate), rng.random())
    return draw(rng, requests * rate, soak.phi)


@lru_cache(maxsize=16)
def _up_to(requests: int, rate: float) -> tuple[float, ...]:
    """Return the probabilities of at most 0, 1, … bad ones of so many requests (binomial)."""
    log_odds = math.log(rate) - math.log1p(-rate)
    logs = accumulate(
        range(1, requests + 1),
        lambda log, bad: log + math.log((requests - bad + 1) / bad) + log_odds,
        initial=requests * math.log1p(-rate),
    )
    return tuple(accumulate(map(math.exp, logs)))
