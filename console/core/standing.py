"""What the phase has to know of the metrics, read from the state."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from math import isfinite
from typing import TYPE_CHECKING

from console.core.evidence_words import sentence
from console.core.judging import LEVELS, UNJUDGED, Judged
from console.core.metrics import TRACKS
from console.core.ticks import waited_for
from console.core.verdict import Verdict
from console.core.weighing import Weighing

if TYPE_CHECKING:
    from console.core.state import State


@dataclass(frozen=True, slots=True)
class Standing:
    """What the rest of the state says about the present phase."""

    verdicts: Mapping[str, Verdict]
    """The verdict of each metric."""
    values: Mapping[str, tuple[float | None, float | None]]
    """The judged value and the baseline's value of each metric."""
    units: Mapping[str, str]
    """The unit of each metric."""
    holding: tuple[str, ...] = ()
    """Metrics whose verdict is marked `hold`."""
    blind: frozenset[str] = frozenset()
    """Metrics of which nothing is known now, as against those whose number does not yet say enough."""
    answered: Mapping[str, float | None] = field(default_factory=dict)
    """When each metric was last measured."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Why a metric is not OK, where the verdict alone does not say it: `12 of 1,000 samples`."""
    expected: Mapping[str, float] = field(default_factory=dict)
    """In how many seconds a metric may be OK at the soonest, where that can be known."""
    unproven: Mapping[str, str] = field(default_factory=dict)
    """What evidence has yet to prove of a metric, in words; the metric waits for it beside its verdict."""
    waits: bool = False
    """Whether the phase has not begun, because its prerequisites are not done."""
    tracked: frozenset[str] = frozenset()
    """Metrics that are measured for canary and baseline apart."""
    beside: Mapping[str, float] = field(default_factory=dict)
    """The baseline's value of each metric of which one is known and still counts."""
    proven_in: Mapping[str, float] = field(default_factory=dict)
    """In how many seconds it should be proven at the present traffic, where that can be known."""


def standing_of(state: "State") -> Standing:
    """Return how every metric stands at this moment."""
    judged = {name: state.verdict_of(name) for name in state.metrics}
    expected = {name: _expected(state, name, one) for name, one in judged.items()}
    waiting = _waiting(state)
    return Standing(
        verdicts={name: _verdict(one) for name, one in judged.items()},
        values={
            name: (
                one.value if _is_known(state, name, one) else None,
                state.metrics[name].judged.get("baseline", UNJUDGED).value,
            )
            for name, one in judged.items()
        },
        units={name: found.thresholds.unit for name, found in state.metrics.items()},
        holding=tuple(name for name, one in judged.items() if _holds(state, name, one.verdict)),
        blind=frozenset(name for name, one in judged.items() if _is_blind(state, name, one)),
        answered={name: one.at for name, one in judged.items()},
        reasons={name: one.reason for name, one in judged.items()},
        expected={name: seconds for name, seconds in expected.items() if seconds is not None},
        unproven={name: f"{name}: {unproven.text}" for name, unproven in waiting.items()},
        waits=bool(waited_for(state)),
        tracked=frozenset(name for name, found in state.metrics.items() if found.judged.keys() & set(TRACKS)),
        beside=_beside(state),
        # A canary that is sure to be worse is not on its way to the contrary, however the estimate comes out.
        proven_in={
            name: unproven.wait_s
            for name, unproven in waiting.items()
            if isfinite(unproven.wait_s) and not unproven.is_worse
        },
    )


def _beside(state: "State") -> dict[str, float]:
    """Return the baseline's value of each metric of which one is known and still counts."""
    found = {name: metric.judged.get("baseline", UNJUDGED) for name, metric in state.metrics.items()}
    return {name: one.value for name, one in found.items() if one.value is not None and _is_known(state, name, one)}


@dataclass(frozen=True, slots=True)
class _Unproven:
    """What evidence has yet to prove."""

    text: str
    wait_s: float
    """In how many seconds it may be proven; infinite if never."""
    is_worse: bool
    """The canary is sure to be worse."""


def _waiting(state: "State") -> dict[str, _Unproven]:
    """Return the evidence that has yet to show a canary no worse than allowed, and in how many seconds it may."""
    if not 0 < state.phase.traffic < 100:
        return {}  # nothing runs beside the canary, so there is nothing to prove
    found = {name: _unproven(metric.weighing) for name, metric in state.metrics.items() if metric.weighing is not None}
    return {name: unproven for name, unproven in found.items() if unproven is not None}


@lru_cache(maxsize=64)  # it is asked at every look, and changes only with the counts of an interval
def _unproven(weighing: Weighing) -> _Unproven | None:
    if weighing.comparison.is_not_worse:
        return None
    wait_s = weighing.wait_s
    return _Unproven(sentence(weighing.comparison, wait_s=wait_s), wait_s, weighing.stands_since is not None)


def _verdict(judged: Judged) -> Verdict:
    """Return the verdict as a phase takes it: one that is held without data satisfies nothing."""
    is_held = judged.held_since is not None and judged.verdict not in LEVELS
    return Verdict.UNKNOWN if is_held else judged.verdict


def is_few(state: "State", metric: str, judged: Judged) -> bool:
    """Whether a metric is measured and has some samples, but too few to be judged."""
    least = state.metrics[metric].thresholds.min_samples
    return judged.verdict is Verdict.UNKNOWN and judged.samples is not None and 0 < judged.samples < least


def _is_blind(state: "State", metric: str, judged: Judged) -> bool:
    """Whether nothing is known of a metric now; one that only lacks samples is being measured."""
    if _verdict(judged) is not Verdict.UNKNOWN:
        return False
    if judged.unread or judged.value is None or judged.at is None or judged.held_since is not None:
        return True
    is_short = bool(judged.short) and not is_few(state, metric, judged)
    if is_short or _lacks_baseline(state, metric):
        return True
    return state.at - judged.at > state.metrics[metric].thresholds.stale_after_s


def _lacks_baseline(state: "State", metric: str) -> bool:
    """Whether a metric that is compared with the baseline has nothing to be compared with."""
    found = state.metrics[metric]
    if not found.thresholds.asks_baseline or not 0 < state.phase.traffic < 100:
        return False
    return found.judged.get("baseline", UNJUDGED).value is None


def _is_known(state: "State", metric: str, judged: Judged) -> bool:
    """Whether the last value still counts: measured without a fault, on enough samples, and not too long ago."""
    if judged.error or judged.at is None or judged.held_since is not None:
        return False
    if judged.verdict in (Verdict.UNKNOWN, Verdict.BROKEN):
        return False
    return state.at - judged.at <= state.metrics[metric].thresholds.stale_after_s


def _holds(state: "State", metric: str, verdict: Verdict) -> bool:
    on = state.rollout.metrics[metric].on
    return (verdict is Verdict.WARNING and on.warning == "hold") or (
        verdict is Verdict.CRITICAL and "hold" in (on.warning, on.critical)
    )


def _expected(state: "State", metric: str, judged: Judged) -> float | None:
    """Return in how many seconds a metric may be OK at the soonest, where that is a matter of time."""
    thresholds = state.metrics[metric].thresholds
    held = [
        thresholds.rules.keep_for_s - (state.at - run.cleared)
        for run in (judged.critical, judged.warning)
        if run.fired is not None and run.cleared is not None
    ]
    if held:
        return max(0.0, *held)
    pace = state.phase.paces.get(metric)
    if pace is None or not is_few(state, metric, judged):
        return None
    left_s = pace.seconds_to(thresholds.min_samples)
    return None if left_s is None or left_s > _still_fills_s(state, metric) else left_s


def _still_fills_s(state: "State", metric: str) -> float:
    """Return for how long the window of a metric of events goes on to fill; then it holds as many as it ever will."""
    asked = state.metrics[metric].metric
    if asked.is_probed or asked.window == "phase":
        return float("inf")
    return max(0.0, state.began + (asked.window or 3600.0) - state.at)
