"""The evidence of one metric while a rollout goes on: when counts are taken, from what, and what stands.

Counts of both tracks are taken at intervals of `evidence.every`: for a ratio of events as the difference of totals, for
a query as what it counts in an interval that has settled, for a quantile as how many numbers lie above the
baseline's own quantile, frozen once enough of them were seen.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from console.core.dispersion import Dispersion
from console.core.evidence import Comparing, Comparison
from console.core.inputs import Reading
from console.core.quantiles import bin_of, quantile
from console.core.rollout import Metric, Rollout
from console.core.rollup import Rollup
from console.core.thresholds import Thresholds
from console.core.traffic import Traffic

FROZEN_AFTER = 1000
"""How many numbers of the baseline its quantile is frozen from, at least."""
LEARNED_S = 2 * 3600.0
"""How far back the baseline's log tells whether bad events come one by one or in bursts."""
LATE_S = 5.0
"""Captured numbers are taken up to so long ago: lines of one second come one after the other."""
_NEWEST = 0.2
"""What the newest interval weighs in the mean rate of traffic."""
_NEVER_S = 366 * 86_400.0
"""An expected time beyond this is none: traffic that fades away is never quite 0."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Bad events and samples of both tracks."""

    bad_canary: int = 0
    bad_baseline: int = 0
    total_canary: int = 0
    total_baseline: int = 0

    def since(self, before: "Counts") -> "Counts":
        """Return what came since `before`; nothing where a total has fallen."""
        later = Counts(
            self.bad_canary - before.bad_canary,
            self.bad_baseline - before.bad_baseline,
            self.total_canary - before.total_canary,
            self.total_baseline - before.total_baseline,
        )
        return later if later.is_possible else Counts()

    @property
    def is_possible(self) -> bool:
        """Whether none is negative, and no track has more bad events than samples."""
        return 0 <= self.bad_canary <= self.total_canary and 0 <= self.bad_baseline <= self.total_baseline


@dataclass(frozen=True, slots=True)
class Weighing:
    """The evidence of a metric, and what is needed to go on with it."""

    comparison: Comparison
    dispersion: Dispersion
    at: float | None = None
    """When counts were taken last."""
    until: float | None = None
    """Up to which time of the log captured numbers were taken."""
    totals: Counts = Counts()
    """What had been counted then, where counts are differences of totals."""
    limit: float | None = None
    """The baseline's frozen quantile, above which numbers are bad."""
    stands_since: float | None = None
    """Since when the canary is sure to be worse; it stands until the evidence is below where it began."""
    canary_per_s: float = 0.0
    baseline_per_s: float = 0.0
    """Mean traffic of late."""
    traffic: Traffic = field(default_factory=Traffic)
    """The samples of the tracks since the share was changed."""

    def take(self, at: float, counts: Counts) -> "Weighing":
        """Return the state after the counts of an interval that ended at `at`."""
        if not counts.is_possible:
            return replace(self, at=at)
        phi = self.dispersion.phi
        compared = self.comparison.add(
            counts.bad_canary, counts.bad_baseline, counts.total_canary, counts.total_baseline, phi=phi
        )
        canary_per_s, baseline_per_s = self._traffic(at, counts)
        return replace(
            self,
            comparison=compared,
            dispersion=self.dispersion.add(at, counts.bad_baseline, counts.total_baseline),
            at=at,
            stands_since=self._stands(compared, at),
            canary_per_s=canary_per_s,
            baseline_per_s=baseline_per_s,
            traffic=self.traffic.take(counts.total_canary, counts.total_baseline),
        )

    def _stands(self, compared: Comparison, at: float) -> float | None:
        if compared.log_e_worse >= compared.needed:
            return at if self.stands_since is None else self.stands_since
        return self.stands_since if compared.log_e_worse > 0 else None

    def _traffic(self, at: float, counts: Counts) -> tuple[float, float]:
        if self.at is None or at <= self.at:
            return self.canary_per_s, self.baseline_per_s
        passed_s = at - self.at
        newest = counts.total_canary / passed_s, counts.total_baseline / passed_s
        if self.canary_per_s == self.baseline_per_s == 0:
            return newest
        return (
            self.canary_per_s + _NEWEST * (newest[0] - self.canary_per_s),
            self.baseline_per_s + _NEWEST * (newest[1] - self.baseline_per_s),
        )

    @property
    def wait_s(self) -> float:
        """How long until the canary is proven not to be worse, at the present traffic; infinite if never."""
        left_s = self.comparison.expected_time_s(self.canary_per_s, self.baseline_per_s, phi=self.dispersion.phi)
        return left_s if left_s <= _NEVER_S else math.inf

    def reshared(self) -> "Weighing":
        """Return the state after the share of traffic was changed."""
        return replace(self, traffic=self.traffic.reshared())

    def begun_anew(self) -> "Weighing":
        """Return the state at the beginning of another canary; what is known of the baseline stays."""
        fresh = Comparison(self.comparison.comparing)
        return replace(self, comparison=fresh, stands_since=None, traffic=self.traffic.reshared())

    def later(self, pause_s: float) -> "Weighing":
        """Return the state after seconds that do not count."""
        return replace(self, at=None if self.at is None else self.at + pause_s)


def evidence_name(metric: str) -> str:
    """Return the name under which the counts of a metric's evidence are measured and kept; no metric has such a one."""
    return f"{metric} evidence"


def parts_of_alpha(rollout: Rollout) -> int:
    """Return over how many metrics `alpha` is split: all that ask for evidence, at least 1."""
    return max(1, sum(metric.evidence is not None for metric in rollout.metrics.values()))


def weighings(rollout: Rollout) -> dict[str, Weighing]:
    """Return the evidence of all metrics that ask for it, at its beginning; `alpha` is split over them."""
    asking = {name: metric.evidence for name, metric in rollout.metrics.items() if metric.evidence is not None}
    parts = parts_of_alpha(rollout)
    soak_s = sum(phase.soak for phase in rollout.phases)
    return {
        name: Weighing(
            Comparison(
                Comparing(
                    alpha=asked.alpha / parts,
                    margin=asked.margin,
                    not_worse_than=asked.not_worse_than,
                    planned_looks=max(1, round(soak_s / asked.every)),
                )
            ),
            Dispersion(slot_s=max(60.0, asked.every)),
        )
        for name, asked in asking.items()
    }


def counts_of(readings: Iterable[Reading], *, more_is_better: bool) -> Counts | None:
    """Return what a query counted on both tracks, `None` if it gave no counts; absent rows are none."""
    found: dict[str, tuple[int, int]] = {}
    for reading in readings:
        if reading.track in ("canary", "baseline") and reading.bad is not None and reading.samples is not None:
            bad = reading.samples - reading.bad if more_is_better else reading.bad
            found[reading.track] = bad, reading.samples
    if not found:
        return None
    (bad_canary, canary), (bad_baseline, baseline) = found.get("canary", (0, 0)), found.get("baseline", (0, 0))
    return Counts(bad_canary, bad_baseline, canary, baseline)


def take_events(weighing: Weighing, metric: Metric, rollup: Rollup, at: float, *, more_is_better: bool) -> Weighing:
    """Return the evidence of a metric of events after what was counted since counts were taken last."""
    if metric.quantile is not None:
        return _take_exceeding(weighing, metric, rollup, at, more_is_better=more_is_better)
    (bad_canary, canary), (bad_baseline, baseline) = (
        _bad_of_all(metric, partial(rollup.total, track), more_is_better=more_is_better)
        for track in ("canary", "baseline")
    )
    totals = Counts(bad_canary, bad_baseline, canary, baseline)
    if weighing.at is not None:
        return replace(weighing.take(at, totals.since(weighing.totals)), totals=totals)
    known = _learned(weighing.dispersion, metric, rollup, at, more_is_better=more_is_better)
    taken = replace(weighing, dispersion=known).take(at, totals)
    return replace(taken, totals=totals, dispersion=known)


def _bad_of_all(metric: Metric, count: Callable[[str], int], *, more_is_better: bool) -> tuple[int, int]:
    """Return how many of a ratio of events are bad, and how many there are, as `count` counts an event."""
    asked = metric.events
    if asked is None or asked.over is None:
        raise ValueError(f"a {metric.kind} metric without counts has no evidence")
    hits, total = sum(map(count, asked.of)), sum(map(count, asked.over))
    return (total - hits if more_is_better else hits), total


def _learned(dispersion: Dispersion, metric: Metric, rollup: Rollup, at: float, *, more_is_better: bool) -> Dispersion:
    """Return the dispersion that the baseline's log of the last hours shows, before the first comparison."""
    slot_s = dispersion.slot_s
    end = at - at % slot_s
    for number in range(round(LEARNED_S / slot_s), 0, -1):
        since = end - number * slot_s
        count = partial(_count, rollup, since, since + slot_s)
        dispersion = dispersion.add(since, *_bad_of_all(metric, count, more_is_better=more_is_better))
    return dispersion


def _count(rollup: Rollup, since: float, until: float, event: str) -> int:
    return rollup.count("baseline", event, since=since, until=until)


def _take_exceeding(weighing: Weighing, metric: Metric, rollup: Rollup, at: float, *, more_is_better: bool) -> Weighing:
    """Count numbers on the wrong side of the baseline's own quantile, which must not move with what it judges."""
    asked = metric.quantile
    if asked is None:
        raise ValueError(f"a {metric.kind} metric has no quantile")
    until = at - LATE_S
    since = until if weighing.until is None else weighing.until
    if until < since:
        return replace(weighing, at=at)  # the clock was set back: those numbers were taken before
    weighing = replace(weighing, until=until)
    if weighing.limit is None:
        bins = _bins(rollup, asked.of, "baseline", 0.0, until)
        if sum(bins.values()) < FROZEN_AFTER:
            return replace(weighing, at=at)
        return replace(weighing, at=at, limit=quantile(bins, asked.q))
    limit = bin_of(weighing.limit)
    found = []
    for track in ("canary", "baseline"):
        bins = _bins(rollup, asked.of, track, since, until)
        beyond = sum(count for number, count in bins.items() if (number < limit if more_is_better else number > limit))
        found.append((beyond, sum(bins.values())))
    (bad_canary, canary), (bad_baseline, baseline) = found
    return weighing.take(at, Counts(bad_canary, bad_baseline, canary, baseline))


def _bins(rollup: Rollup, events: Iterable[str], track: str, since: float, until: float) -> dict[int, int]:
    found: dict[int, int] = {}
    for event in events:
        for number, count in rollup.bins(track, event, since=since, until=until).items():
            found[number] = found.get(number, 0) + count
    return found


def asked_of(metric: Metric, thresholds: Thresholds) -> dict[str, Any]:
    """Return what the evidence of a metric is about; what was counted of one thing proves nothing of another."""
    said = metric.model_dump(mode="json", include={"events", "quantile", "query", "source"})
    asked = None if metric.evidence is None else [metric.evidence.margin, metric.evidence.not_worse_than]
    return said | {"evidence": asked, "more_is_better": thresholds.is_more_better}


def skip_events(weighing: Weighing, metric: Metric, rollup: Rollup, at: float, *, more_is_better: bool) -> Weighing:
    """Return the evidence without what was counted since counts were taken last."""
    taken = take_events(weighing, metric, rollup, at, more_is_better=more_is_better)
    return replace(weighing, at=at, until=taken.until, totals=taken.totals)


def begun_at(weighing: Weighing, metric: Metric, rollup: Rollup, at: float, *, more_is_better: bool) -> Weighing:
    """Return the evidence that begins in the midst of a session: what was counted before is not weighed.

    Its phases had other shares, so that all of it together is not one interval.
    """
    if metric.events is None:
        return replace(weighing, at=at)
    taken = take_events(weighing, metric, rollup, at, more_is_better=more_is_better)
    return replace(weighing, at=at, totals=taken.totals, dispersion=taken.dispersion)


def written(weighing: Weighing, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state as plain values for JSON; `read` takes it up again exactly."""
    return {
        "asked": dict(asked),
        "comparison": weighing.comparison.as_floats(),
        "dispersion": weighing.dispersion.as_floats(),
        "totals": [getattr(weighing.totals, name) for name in Counts.__slots__],
        **{name: getattr(weighing, name) for name in _PLAIN},
        "shared": weighing.traffic.as_numbers(),
    }


_PLAIN = ("at", "until", "limit", "stands_since", "canary_per_s", "baseline_per_s")


def read(fresh: Weighing, said: Mapping[str, Any], asked: Mapping[str, Any]) -> Weighing:
    """Return what `written` wrote down, asked as `fresh` is; raises `ValueError` for anything else."""
    if said["asked"] != asked:
        raise ValueError("the file asked something else then")
    return Weighing(
        comparison=Comparison.from_floats(fresh.comparison.comparing, said["comparison"]),
        dispersion=Dispersion.from_floats(said["dispersion"]),
        totals=Counts(*said["totals"]),
        traffic=Traffic.from_numbers(said["shared"]),
        **{name: said[name] for name in _PLAIN},
    )
