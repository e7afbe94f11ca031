"""The error budgets of a rollout, read from the state: how they burn, and what the present phase spends."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from console.core.doubts import blind_reading, partly_read
from console.core.durations import format_duration
from console.core.frame import Panel, TrackValue
from console.core.grains import KEPT_S
from console.core.inputs import SampleTaken
from console.core.judging import LEVELS
from console.core.metrics import MetricState
from console.core.progress import BudgetView
from console.core.record import Record
from console.core.rollout import EventCount, Slo
from console.core.rollup import Rollup
from console.core.slo import WINDOWS_S, Burning, Seen, Slots, burning, judged, spent
from console.core.stages import FULL_SHARE
from console.core.values import bare_number
from console.core.verdict import Verdict

if TYPE_CHECKING:
    from console.core.state import State


@dataclass(frozen=True, slots=True)
class BudgetState:
    """One error budget, as it was judged the last time."""

    verdict: Verdict = Verdict.UNKNOWN
    reason: str = "nothing was counted yet"
    since: float | None = None
    fired: str = ""
    """What fired, while WARNING or CRITICAL stands."""
    found: tuple[Burning, ...] = ()
    slots: Slots = field(default_factory=Slots)
    """Counts of a query over the last days; a metric of events has its own."""


def judge(state: "State", name: str, at: float) -> tuple[BudgetState, list[Record]]:
    """Return a budget as it stands at `at`, and what the journal has to say about that."""
    spec, before = state.rollout.slo[name], state.budgets[name]
    metric = state.metrics[spec.metric]
    blind = None if metric.metric.is_probed else blind_reading(state.sources.values(), at)
    if blind == "":
        return before, []  # reading only begins
    broken = state.verdict_of(spec.metric)
    if broken.verdict is Verdict.BROKEN:
        blind = f"{spec.metric} is BROKEN: {broken.reason}"
    found = burning(
        {} if blind else _seen(state, metric, before.slots, at),
        spec.objective,
        spec.period,
        least=metric.thresholds.min_samples,
        least_window_s=_counts_over_s(metric),
    )
    doubt = blind or _doubt(state, metric, at)
    if doubt:  # what is not read may burn: nothing is known to be quiet
        found = tuple(replace(one, is_firing=one.is_firing or None) for one in found)
    verdict, reason = judged(found)
    if doubt and verdict is Verdict.UNKNOWN:
        reason = doubt
    fired = reason if verdict in LEVELS else ""
    if _stands(before, found, verdict):
        verdict, reason, fired = before.verdict, f"{reason}; was {before.fired}", before.fired
    since = before.since if verdict is before.verdict and before.since is not None else at
    after = replace(before, verdict=verdict, reason=reason, since=since, fired=fired, found=found)
    if verdict is before.verdict:
        return after, []
    body = {
        "slo": name,
        "metric": spec.metric,
        "from": before.verdict.value,
        "to": verdict.value,
        "reason": reason,
        "rules": [one.text for one in found],
    }
    return after, [Record(at, "verdict", f"error budget {name}: {verdict}, was {before.verdict}: {reason}", body)]


def _stands(before: BudgetState, found: tuple[Burning, ...], verdict: Verdict) -> bool:
    """Return whether what burned goes on to stand: it was worse, and nobody knows that it has ended."""
    if before.verdict not in LEVELS or verdict.rank >= before.verdict.rank:
        return False
    asked = [one.is_firing for one in found if one.rule.verdict is before.verdict]
    return not asked or None in asked


def _doubt(state: "State", metric: MetricState, at: float) -> str:
    """Return why what was counted may not be everything, empty if it is."""
    stale_after_s = metric.thresholds.stale_after_s
    if metric.metric.is_probed:
        known = state.verdict_of(metric.name)
        is_old = known.at is None or at - known.at > stale_after_s
        return f"{metric.name} is {known.verdict}: {known.reason}" if is_old else ""
    traffic = state.phase.traffic
    has_traffic = {"canary": traffic > 0, "baseline": traffic < FULL_SHARE}
    tracks = [track for track in state.tracks if has_traffic.get(track, True)]
    return partly_read(state.sources.values(), tracks, state.rollup, stale_after_s=stale_after_s, at=at)


def taken(known: BudgetState, spec: Slo, metric: MetricState, sample: SampleTaken) -> BudgetState:
    """Return a budget after its query answered with `bad` and `total`, all tracks together."""
    readings = [(one.bad, one.samples) for one in sample.readings if one.bad is not None and one.samples is not None]
    if sample.metric != spec.metric or not readings or metric.metric.kind != "query":
        return known
    bad, total = (float(sum(each)) for each in zip(*readings, strict=True))
    slots = known.slots.taken(sample.at, _counts_over_s(metric), bad, total)
    return known if slots is known.slots else replace(known, slots=slots)


def _counts_over_s(metric: MetricState) -> float:
    """Return over how long one answer counts; counts of events can be had over any window."""
    window = metric.metric.window
    return window if metric.metric.kind == "query" and isinstance(window, float) else 0.0


def _seen(state: "State", metric: MetricState, slots: Slots, at: float) -> Mapping[float, Seen]:
    """Return what was counted in every window, all tracks together."""
    asked = metric.metric.events
    if asked is not None:
        return seen_in_events(state.rollup, asked, at=at, began=state.began)
    lag_s = 2 * _counts_over_s(metric) + metric.thresholds.stale_after_s
    return {window: slots.seen(window, at, lag_s) for window in WINDOWS_S}


def seen_in_events(rollup: Rollup, asked: EventCount, *, at: float, began: float) -> dict[float, Seen]:
    """Return the counts of a ratio in every window that ends at `at`; the present second is not over and left out."""
    until = float(int(at))

    def counted(events: tuple[str, ...], window: float) -> float:
        return float(sum(rollup.count(None, event, since=until - window, until=until) for event in events))

    return {
        window: Seen(counted(asked.of, window), counted(asked.over or (), window), min(window, max(0.0, until - began)))
        for window in WINDOWS_S
    }


def view(state: "State", name: str, at: float) -> BudgetView:
    """Return a budget as the screen shows it."""
    spec, known = state.rollout.slo[name], state.budgets[name]
    rate = _rate_now(state, spec.metric)
    so_far, later = _spends(state, spec, rate, at)
    states = {True: "firing", False: "quiet", None: "unknown"}
    return BudgetView(
        name=name,
        metric=spec.metric,
        objective=spec.objective,
        period_s=spec.period,
        verdict=known.verdict,
        reason=known.reason,
        since=known.since,
        burn=known.found[0].long if known.found else None,
        rules=tuple((states[one.is_firing], one.text) for one in known.found),
        spent=so_far,
        will_spend=later,
        rate=rate,
        text=_spends_text(spec, so_far, later, rate),
    )


def _rate_now(state: "State", metric: str) -> float | None:
    """Return the share of bad requests in the canary's newest measurement, 0 to 1."""
    found = state.verdict_of(metric)
    if found.verdict in (Verdict.UNKNOWN, Verdict.BROKEN) or not found.samples or found.bad is None:
        return None
    return found.bad / found.samples


def _spends(state: "State", spec: Slo, rate: float | None, at: float) -> tuple[float | None, float | None]:
    """Return what the phase has spent of the budget, and what it will have spent at the end of its soak.

    The canary's share of the traffic times its rate times the time. For events the rate so far is that of the whole
    phase, of its last 8 days at most; for a query it is the present one, because its answers overlap.
    """
    phase, share = state.phase, state.phase.traffic / 100
    if share == 0:
        return 0.0, 0.0
    passed_s = max(0.0, at - phase.began)
    so_far = _rate_of_phase(state, spec.metric, at)
    so_far = rate if so_far is None else so_far
    if so_far is None:
        return None, None
    used = spent(share, so_far, passed_s, spec.objective, spec.period)
    if rate is None:
        return used, None
    left_s = max(0.0, state.rollout.phases[phase.index].soak - phase.soaked_s)
    return used, used + spent(share, rate, left_s, spec.objective, spec.period)


def _rate_of_phase(state: "State", metric: str, at: float) -> float | None:
    asked = state.metrics[metric].metric.events
    if asked is None:
        return None
    track = state.metrics[metric].judged_track(state.phase.traffic) or None
    since = max(state.phase.began, at - KEPT_S)
    bad, total = (
        sum(state.rollup.count(track, event, since=since, until=at) for event in events)
        for events in (asked.of, asked.over or ())
    )
    return bad / total if total else None


def _spends_text(spec: Slo, so_far: float | None, later: float | None, rate: float | None) -> str:
    budget = f"of the {format_duration(spec.period)} error budget"
    if so_far is None:
        return f"nobody knows what this phase spends {budget}"
    said = f"this phase spent {_percent(so_far)} {budget}"
    if later is None or rate is None:
        return said
    return said + f", {_percent(later)} by the end of its soak at {_percent(rate)} errors"


def _percent(part: float) -> str:
    return f"{bare_number(part * 100)} %"


def panel(view_: BudgetView) -> Panel:
    """Return the line of a budget among the thresholds."""
    return Panel(
        metric=view_.name,
        title=view_.text,
        unit="x",
        source="",
        verdict=view_.verdict,
        reason=view_.reason,
        since=view_.since,
        judged="",
        values=(
            TrackValue(
                track="",
                value=view_.burn,
                samples=None,
                bad=None,
                verdict=view_.verdict,
                reason=view_.reason,
                since=view_.since,
                text="no data" if view_.burn is None else f"{bare_number(view_.burn)}x",
            ),
        ),
        conditions=tuple((state, said) for state, said in view_.rules),
        pending=None,
        held_s=0.0,
        needed_s=0.0,
        min_samples=0,
        spark=(),
        age_s=None,
        is_stale=False,
        keys=(),
        investigate=(),
    )
