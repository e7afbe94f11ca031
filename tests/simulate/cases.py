"""What is claimed of the evidence, as soaks with a bound for each."""

import math
import os
import random
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from statistics import NormalDist, median
from typing import Self

from tests.simulate.events import BURSTS
from tests.simulate.soak import Outcome, Soak, run

_SIGMA = 0.6
"""Of the logarithm of a latency."""
_SLOW = 0.05
"""Part of the baseline's requests that is slower than its frozen p95."""


def slow_ratio(slower: float) -> float:
    """Return how many times as many requests exceed the baseline's p95 when all of them are slower by a factor."""
    normal = NormalDist()
    return (1 - normal.cdf(normal.inv_cdf(1 - _SLOW) - math.log(slower) / _SIGMA)) / _SLOW


ALARM, CLEARED = "alarm", "proven"
DAY = Soak()
FALSE_ALARM, FOUND, FALSE_PROOF, PROOF = "false alarm", "found, median", "false proof", "proven, median"


@dataclass(frozen=True, slots=True)
class Case:
    """One line of the table."""

    name: str
    soak: Soak
    says: str
    """What is measured: how often, in percent, for a false alarm or a false proof, and else the median of minutes."""
    bound: float | None = None
    """At most; `None` where nothing was promised."""

    @property
    def is_rate(self) -> bool:
        return self.says in (FALSE_ALARM, FALSE_PROOF)


CASES = (
    Case("nothing wrong", DAY, FALSE_ALARM, 5),
    Case("nothing wrong, baseline not watched before", replace(DAY, known_before=0), FALSE_ALARM, 5),
    Case("shared outage, x10 for 10 min", replace(DAY, has_outage=True), FALSE_ALARM, 5),
    Case("errors in bursts of 3", replace(DAY, phi=BURSTS), FALSE_ALARM, 5),
    Case(
        "errors in bursts of 3, baseline not watched before", replace(DAY, phi=BURSTS, known_before=0), FALSE_ALARM, 5
    ),
    Case("errors in bursts of 3, counted one by one", replace(DAY, phi=BURSTS, is_corrected=False), FALSE_ALARM),
    Case("slow requests, nothing wrong", replace(DAY, rate=_SLOW, is_binomial=True), FALSE_ALARM, 5),
    Case("2x", replace(DAY, ratio=2), FOUND, 40),
    Case("3x", replace(DAY, ratio=3), FOUND, 12),
    Case("5x", replace(DAY, ratio=5), FOUND, 5),
    Case("3x after 12 good hours", replace(DAY, ratio=3, since=720), FOUND, 30),
    Case("2x, baseline not watched before", replace(DAY, ratio=2, known_before=0), FOUND),
    Case("3x, baseline not watched before", replace(DAY, ratio=3, known_before=0), FOUND),
    Case("5x, baseline not watched before", replace(DAY, ratio=5, known_before=0), FOUND),
    Case("2x, errors in bursts of 3", replace(DAY, ratio=2, phi=BURSTS), FOUND),
    Case("3x, errors in bursts of 3", replace(DAY, ratio=3, phi=BURSTS), FOUND),
    Case("requests 20 % slower", replace(DAY, rate=_SLOW, ratio=slow_ratio(1.2), is_binomial=True), FOUND),
    Case("1.5x, proven not worse than 1.5x", replace(DAY, ratio=1.5, until_proven=True), FALSE_PROOF, 5),
    Case("equal, 5 % of the traffic", replace(DAY, until_proven=True), PROOF),
    Case("equal, 25 % of the traffic", replace(DAY, share=0.25, until_proven=True), PROOF),
    Case("equal, 50 % of the traffic", replace(DAY, share=0.5, until_proven=True), PROOF),
)


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a case."""

    case: Case
    runs: int
    seen: float
    """Percent or minutes, as the case says."""
    rule: float
    """The same of the fixed rule; not a number where alarms end most soaks before it could fire."""
    missed: float
    """Percent of the runs in which the real ratio was outside the interval at a full hour."""

    @classmethod
    def of(cls, case: Case, outcomes: Sequence[Outcome]) -> Self:
        def measure(minute: Callable[[Outcome], float]) -> float:
            times = [minute(outcome) for outcome in outcomes]
            if case.is_rate:
                return 100 * sum(map(math.isfinite, times)) / len(times)
            return median(time - case.soak.since for time in times if time > case.soak.since)

        is_alarm = case.says in (FALSE_ALARM, FOUND)
        seen = measure(lambda outcome: outcome.alarm if is_alarm else outcome.cleared)
        is_whole = case.says == FALSE_ALARM and case.bound is not None
        rule = measure(lambda outcome: outcome.rule) if is_whole else math.nan
        missed = 100 * sum(outcome.is_ratio_missed for outcome in outcomes) / len(outcomes)
        return cls(case, len(outcomes), seen, rule, missed)

    @property
    def holds(self) -> bool:
        """Whether the bound is kept; a case without one cannot fail."""
        return self.case.bound is None or self.seen <= self.case.bound


def simulate(case: Case, runs: int, seed: int, pool: ProcessPoolExecutor | None = None) -> Result:
    """Return what comes of so many runs; the same seed gives the same numbers on any machine."""
    seeds = [f"{seed}/{case.name}/{number}" for number in range(runs)]
    if pool is None:
        return Result.of(case, [_one(case.soak, name) for name in seeds])
    chunk = max(1, runs // (8 * (os.cpu_count() or 1)))
    return Result.of(case, list(pool.map(_one, [case.soak] * runs, seeds, chunksize=chunk)))


def _one(soak: Soak, seed: str) -> Outcome:
    return run(soak, random.Random(seed))
