"""Whether the canary is worse than the baseline, judged on counts, and valid however often one looks.

Evidence is a bet against a claim that cannot be won in the long run while the claim is true: a number `E` that begins
at 1 and whose mean stays 1 (a test martingale). That it ever reaches `1 / alpha` has at most the probability `alpha`
(Ville's inequality), so it may be looked at every second for weeks, and whoever stops at `E >= 1 / alpha` is wrong in
one case out of `1 / alpha` at most. `ratios` says what one bad event is worth; here the bets are averaged and kept.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Self

from console.core.likelihood import SCALE, after, interval_of
from console.core.log_sums import log_add, log_sum
from console.core.ratios import (
    BEGINNING,
    better,
    log_weight_left,
    log_weight_of_change,
    rounded_up,
    worse,
    worths,
)

_WORSE, _WORSE_WEIGHTS = zip(*worse(), strict=True)
_LOG_WORSE_WEIGHTS = tuple(map(math.log, _WORSE_WEIGHTS))
_LOG_BETTER_WEIGHTS = tuple(math.log(weight) for _, weight in better(2))
_NOTHING = -1e9
"""The log of a sum that is still empty; finite, so that it can be written down as JSON."""
_NUMBERS = 9
_FLOATS = _NUMBERS + 2 * len(_WORSE) + len(_LOG_BETTER_WEIGHTS) + len(SCALE)
_HALVINGS = 40


@dataclass(frozen=True, slots=True)
class Comparing:
    """What is asked of the two tracks."""

    alpha: float = 0.05
    """How often chance alone may raise the alarm over the whole rollout: this metric's part of it, already split."""
    margin: float = 0.0
    """How much worse the canary may be: 0.1 allows a rate one tenth above the baseline's."""
    not_worse_than: float = 1.5
    """The rate ratio that must be refuted before the canary counts as proven."""
    planned_looks: int = 1440
    """How many intervals the rollout is expected to take; nothing ends when there are more."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for a number out of range."""
        if not (0 < self.alpha < 1 and 0 <= self.margin < math.inf):
            raise ValueError(f"expected 0 < alpha < 1 and margin >= 0, found {self.alpha} and {self.margin}")
        if not (1 < self.not_worse_than < math.inf and self.planned_looks >= 1):
            found = f"{self.not_worse_than} and {self.planned_looks}"
            raise ValueError(f"expected not_worse_than > 1 and planned_looks >= 1, found {found}")

    @property
    def needed(self) -> float:
        """The log of the evidence that is enough: `ln (1 / alpha)`."""
        return -math.log(self.alpha)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that is known about the canary's rate of bad events against the baseline's.

    It is a value of 90 numbers whose size does not grow; each interval counts with its own share of the exposure,
    so that phases with different shares make one comparison.
    """

    comparing: Comparing = Comparing()
    looks: int = 0
    """How many intervals had exposure in both tracks; the others say nothing about a ratio."""
    bad_canary: float = 0.0
    bad_baseline: float = 0.0
    total_canary: float = 0.0
    total_baseline: float = 0.0
    """Samples of each track, in those intervals."""
    phi: float = 1.0
    """The dispersion that the last interval was weighed with."""
    peak: float = 0.0
    """The greatest log evidence so far that the canary is worse."""
    _ratio_parts: tuple[float, float] = (0.0, 0.0)
    _worse: tuple[float, ...] = (0.0,) * len(_WORSE)
    """For each ratio the log evidence that the canary is worse by it since the first look."""
    _late: tuple[float, ...] = (_NOTHING,) * len(_WORSE)
    """For each ratio the log of the evidence since each later look, added up with the weight of that look."""
    _better: tuple[float, ...] = (0.0,) * len(_LOG_BETTER_WEIGHTS)
    _likelihood: tuple[float, ...] = (0.0,) * len(SCALE)

    def add(
        self, bad_canary: float, bad_baseline: float, total_canary: float, total_baseline: float, phi: float = 1.0
    ) -> Self:
        """Return the comparison after the counts of one more interval.

        Totals are the exposure in which the bad events happened, requests as a rule; the canary's share of them is the
        interval's share. An interval in which a track had none changes nothing. `phi` is the dispersion as it was known
        before this interval (`dispersion.Dispersion.phi`).

        The recursion over the times of a change is that of Shiryaev and Roberts: the evidence of all changes up to now
        grows by the same factor, `R <- L (R + weight of a change at this look)`.

        Raises `ValueError` for a count that is negative or not finite, or `phi` below 1.
        """
        counts = (bad_canary, bad_baseline, total_canary, total_baseline)
        if not all(0 <= count < math.inf for count in counts):
            raise ValueError(f"expected counts of 0 or more, found {', '.join(map(str, counts))}")
        if not 1 <= phi < math.inf:
            raise ValueError(f"expected a dispersion of 1 or more, found {phi}")
        share = total_canary / (total_canary + total_baseline) if total_canary > 0 else 0.0
        if not 0 < share < 1:
            return self
        looks, asked, weighed_as = self.looks + 1, self.comparing, rounded_up(phi)
        change = log_weight_of_change(looks, asked.planned_looks)
        gains = _gains(bad_canary, bad_baseline, worths(_WORSE, 1 + asked.margin, share, weighed_as))
        against = _against(asked.not_worse_than)
        cleared = _gains(bad_canary, bad_baseline, worths(against, asked.not_worse_than, share, weighed_as))
        canary, baseline = self._ratio_parts
        seen = replace(
            self,
            looks=looks,
            bad_canary=self.bad_canary + bad_canary,
            bad_baseline=self.bad_baseline + bad_baseline,
            total_canary=self.total_canary + total_canary,
            total_baseline=self.total_baseline + total_baseline,
            phi=phi,
            _ratio_parts=(
                canary + bad_canary * (1 - share) / weighed_as,
                baseline + bad_baseline * share / weighed_as,
            ),
            _worse=tuple(log + gain for log, gain in zip(self._worse, gains, strict=True)),
            _late=tuple(log_add(log, change) + gain for log, gain in zip(self._late, gains, strict=True)),
            _better=tuple(log + gain for log, gain in zip(self._better, cleared, strict=True)),
            _likelihood=after(self._likelihood, bad_canary, bad_baseline, share, weighed_as),
        )
        return replace(seen, peak=max(self.peak, seen.log_e_worse))

    @property
    def log_e_worse(self) -> float:
        """The log of the evidence that the canary's rate is, or has become, above `1 + margin` times the baseline's.

        `E = sum over changes k and ratios d of weight(k) weight(d) product over looks i >= k of L_i(d)`, changes yet to
        come counting their weight alone: one test martingale for the cumulative and the late case together, so Ville's
        inequality gives `alpha` for both at once (Lindon and Malek, arXiv:2011.03567, for `L`; Shin, Ramdas and
        Rinaldo, arXiv:2203.03532, for evidence with changes).
        """
        return log_add(math.log(BEGINNING) + self.log_e_from_start, math.log1p(-BEGINNING) + self.log_e_late)

    @property
    def log_e_from_start(self) -> float:
        """The log of the evidence that the canary has been worse since the first look; evidence in its own right."""
        return log_sum(map(sum, zip(_LOG_WORSE_WEIGHTS, self._worse, strict=True)))

    @property
    def log_e_late(self) -> float:
        """The log of the evidence that the canary became worse at some later look; evidence in its own right."""
        begun = log_sum(map(sum, zip(_LOG_WORSE_WEIGHTS, self._late, strict=True)))
        left = log_weight_left(self.looks, self.comparing.planned_looks)
        return log_add(begun, left) - math.log1p(-BEGINNING)

    @property
    def log_e_not_worse(self) -> float:
        """The log of the evidence that over all looks the canary's rate is below `not_worse_than` times the other."""
        return log_sum(map(sum, zip(_LOG_BETTER_WEIGHTS, self._better, strict=True)))

    @property
    def needed(self) -> float:
        """The log of the evidence that is enough, for either claim."""
        return self.comparing.needed

    @property
    def is_worse(self) -> bool:
        """Whether it is proven that the canary is, or for a time was, worse than allowed; once true it stays so."""
        return self.peak >= self.needed

    @property
    def is_not_worse(self) -> bool:
        """Whether it is proven, at this look, that the canary is not worse than `not_worse_than` times the baseline."""
        return self.log_e_not_worse >= self.needed

    @property
    def chance(self) -> float:
        """How likely a canary that is not worse would ever have looked so bad: `1 / max E`, valid at any time."""
        return math.exp(-self.peak)

    @property
    def ratio(self) -> float | None:
        """The canary's rate over the baseline's; infinite while only the canary had bad events, `None` before any.

        `sum x (1-w) / sum y w` over intervals with shares `w`, counts divided by `phi`: the estimate of Mantel and
        Haenszel for rates (Greenland and Robins 1985), which compares within each interval only.
        """
        return self.ratio_since(None)

    def ratio_since(self, before: "Comparison | None") -> float | None:
        """Return the ratio of the counts that came after `before`, a comparison that this one went on from."""
        begun = (0.0, 0.0) if before is None else before._ratio_parts
        canary, baseline = (now - then for now, then in zip(self._ratio_parts, begun, strict=True))
        if baseline > 0:
            return canary / baseline
        return math.inf if canary > 0 else None

    def interval(self) -> tuple[float, float] | None:
        """Return the least and the greatest rate ratio that the counts do not refute, valid at every look.

        A ratio is refuted when its likelihood is at most this metric's `alpha` times the mean likelihood over ratios
        from 1/20 to 20 (method of mixtures; Robbins 1970); counts are divided by `phi`. Likelihoods between the ratios
        that are kept are interpolated. An end beyond 1/20 or 20 is 0 or infinite, and very many counts do not make the
        interval narrower than the distance of the ratios that are kept: 4 % around 1, 16 % around 3. `None` before any
        bad event.
        """
        if self.bad_canary + self.bad_baseline <= 0:
            return None
        return interval_of(self._likelihood, self.comparing.alpha)

    @property
    def is_worse_throughout(self) -> bool:
        """Whether it is proven that the canary is worse, and the evidence speaks for worse from the start."""
        return self.is_worse and self.log_e_worse >= 0 and self.log_e_late <= self.log_e_from_start

    @property
    def within(self) -> tuple[float, float] | None:
        """The interval, made to say what the verdict says; `None` before any bad event.

        The bets and the likelihood spread their stakes over different ratios, so one may be sure a little before the
        other. What a bet has not refuted is let in: that only makes the interval more careful. What a bet has refuted
        is cut off: that is as sure as the bet, each wrong in `alpha` of the rollouts at most. A canary that became
        worse later has no one ratio, and its interval, an average, is not cut.
        """
        between, ratio = self.interval(), self.ratio
        if between is None or ratio is None:
            return None
        low, high = between
        allowed, target = 1 + self.comparing.margin, self.comparing.not_worse_than
        if not self.is_worse:
            low = min(low, allowed)
        elif self.is_worse_throughout:
            low = max(low, min(allowed, ratio))
        high = max(high, target) if not self.is_not_worse else min(high, max(target, ratio))
        return low, high

    def expected_time_s(
        self, canary_per_s: float, baseline_per_s: float, *, bad_rate: float | None = None, phi: float | None = None
    ) -> float:
        """Return the seconds until `is_not_worse` at the present traffic, if the canary equals the baseline from now
        on.

        `bad_rate` is the part of the baseline's exposure that is bad, without it the one seen so far; `phi` is the
        dispersion, without it the last one. Each ratio's evidence is carried on with its mean growth, so chance may
        bring the moment forward or put it off. 0 when it is proven already, infinite when it never comes: no traffic on
        one of the tracks, or no bad events to compare.
        """
        if self.is_not_worse:
            return 0.0
        if canary_per_s <= 0 or baseline_per_s <= 0:
            return math.inf
        seen = self.bad_baseline / self.total_baseline if self.total_baseline > 0 else 0.0
        share = canary_per_s / (canary_per_s + baseline_per_s)
        null = self.comparing.not_worse_than
        worth = worths(_against(null), null, share, rounded_up(self.phi if phi is None else phi))
        events_per_s = (canary_per_s + baseline_per_s) * (seen if bad_rate is None else bad_rate)
        grows = [events_per_s * (share * gain - (1 - share) * loss) for gain, loss in worth]
        now = [log + weight for log, weight in zip(self._better, _LOG_BETTER_WEIGHTS, strict=True)]
        return _time_until(self.needed, now, grows)

    def as_floats(self) -> list[float]:
        """Return the state as numbers to be written down; `from_floats` takes it up again exactly."""
        counts = (self.bad_canary, self.bad_baseline, self.total_canary, self.total_baseline)
        numbers = (float(self.looks), *counts, self.phi, self.peak, *self._ratio_parts)
        return [*numbers, *self._worse, *self._late, *self._better, *self._likelihood]

    @classmethod
    def from_floats(cls, comparing: Comparing, floats: Sequence[float]) -> Self:
        """Return the comparison that `as_floats` wrote, asked the same; raises `ValueError` for anything else."""
        if len(floats) != _FLOATS or not all(map(math.isfinite, floats)):
            raise ValueError(f"expected {_FLOATS} finite numbers of a comparison, found {len(floats)}")
        looks, bad_canary, bad_baseline, total_canary, total_baseline, phi, peak, *ratio = floats[:_NUMBERS]
        parts = iter(floats[_NUMBERS:])
        return cls(
            comparing,
            int(looks),
            bad_canary,
            bad_baseline,
            total_canary,
            total_baseline,
            phi,
            peak,
            _ratio_parts=(ratio[0], ratio[1]),
            _worse=tuple(next(parts) for _ in _WORSE),
            _late=tuple(next(parts) for _ in _WORSE),
            _better=tuple(next(parts) for _ in _LOG_BETTER_WEIGHTS),
            _likelihood=tuple(parts),
        )


@lru_cache(maxsize=16)
def _against(not_worse_than: float) -> tuple[float, ...]:
    return tuple(d for d, _ in better(not_worse_than))


def _gains(x: float, y: float, worth: Iterable[tuple[float, float]]) -> list[float]:
    return [x * gain - y * loss for gain, loss in worth]


def _time_until(needed: float, now: Sequence[float], grows: Sequence[float]) -> float:
    """Return when the sum of exponentials that grow from `now` reaches `e^needed`: once, because the sum is convex."""
    until = min(((needed - log) / grow for log, grow in zip(now, grows, strict=True) if grow > 0), default=math.inf)
    if math.isinf(until):
        return until
    early, late = 0.0, until
    for _ in range(_HALVINGS):
        middle = (early + late) / 2
        if log_sum(log + middle * grow for log, grow in zip(now, grows, strict=True)) >= needed:
            late = middle
        else:
            early = middle
    return late
