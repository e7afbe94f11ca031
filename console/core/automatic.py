"""The rollback that begins by itself: only on CRITICAL that is proven, counted down in sight, once until armed again.

Nothing here begins anything. The state says when a countdown is over; whoever acts writes `AutomaticFired` down first,
so that a console that dies in between never begins it a second time.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from console.core.action_inputs import ActionStarted, AutomaticArmed, AutomaticFired, AutomaticStopped
from console.core.durations import format_duration
from console.core.judging import UNJUDGED, Judged
from console.core.metrics import TRACKS, MetricState
from console.core.record import Record
from console.core.rollout import ActionKind
from console.core.verdict import Verdict

if TYPE_CHECKING:
    from console.core.state import State


NOBODY = "automatic"
"""The user in whose name it is begun."""
LOST_S = 30.0
"""What is to begin by itself is an attempt after so long, also on a slow machine, or it was lost with its console."""
LOOK_GAP_S = 5.0
"""A countdown that nobody looked at for longer, because the console stood still, begins again."""


@dataclass(frozen=True, slots=True)
class Countdown:
    """A rollback that begins by itself unless somebody stops it, or the proof goes away."""

    metric: str
    action: str
    due: float
    seen: float
    """When its proof was last looked at."""
    reason: str

    def seen_at(self, at: float) -> "Countdown":
        """Return the countdown after its proof was looked at once more."""
        return replace(self, seen=at)


@dataclass(frozen=True, slots=True)
class Begun:
    """What was begun by itself, or was about to be."""

    action: str
    at: float
    reason: str
    attempt: str = ""
    """The attempt at it; empty as long as none is known."""
    trouble: str = ""
    """Why it could not be begun, or that nobody knows what became of it; empty where it was."""


@dataclass(frozen=True, slots=True)
class Automatic:
    """What is counted down, and whether anything may be."""

    countdowns: tuple[Countdown, ...] = ()
    disarmed: str = ""
    """Why nothing is begun by itself until somebody arms it again; empty while it is armed."""
    armed_at: float = 0.0
    """When somebody armed it last."""
    begun: Begun | None = None
    """What was begun by itself since then, until somebody rolls back in its place."""

    @property
    def countdown(self) -> Countdown | None:
        """The one that is over first, if any runs."""
        return min(self.countdowns, key=lambda one: one.due, default=None)


def proven(metric: MetricState, judged: Judged, *, traffic: float, at: float, opened: float) -> bool:
    """Return whether a metric is CRITICAL for certain at this moment.

    Not where the verdict is only held, where the newest measurement is from before `opened`, is old, failed, too small
    or no breach itself, or where lines may be missing or unread. `traffic` is the canary's share, percent.
    """
    thresholds = metric.thresholds
    if judged.verdict is not Verdict.CRITICAL or judged.at is None or judged.value is None:
        return False
    is_fresh = judged.at >= opened and at - judged.at <= thresholds.stale_after_s
    is_hit = thresholds.is_zero_tolerance and judged.value != 0
    is_few = judged.samples is not None and judged.samples < thresholds.min_samples and not is_hit
    is_doubtful = bool(judged.unread or judged.short or judged.error) or judged.held_since is not None
    if not is_fresh or is_few or is_doubtful:
        return False
    if judged.worse and thresholds.worse is Verdict.CRITICAL and _is_still_worse(metric):
        return True
    condition, run = thresholds.critical, judged.critical
    if condition is None or run.fired is None or run.cleared is not None:
        return False
    beside = metric.judged.get("baseline", UNJUDGED)
    is_of_now = 0 < traffic < 100 and beside.at == judged.at
    return condition.holds(judged.value, beside.value if is_of_now else None) is True


def _is_still_worse(metric: MetricState) -> bool:
    """Return whether all says that the canary is worse: counts since this console took the session up, and of now.

    What was proven stands until it is refuted, which may take long after the canary has recovered.
    """
    asked, weighing = metric.metric.evidence, metric.weighing
    if asked is None or weighing is None:
        return False
    allowed = 1 + asked.margin
    ratio = weighing.comparison.ratio_since(metric.weighed_before)
    if ratio is None or ratio <= allowed:
        return False
    rates = metric.bad_rates
    if rates is not None:
        return rates[0] > allowed * rates[1]
    canary, baseline = (metric.judged.get(track, UNJUDGED).value for track in TRACKS)
    if canary is None or baseline is None:
        return False
    return canary < baseline if metric.thresholds.is_more_better else canary > baseline


def reopened(state: "State", at: float) -> None:
    """Note that from now on only what is measured anew proves anything."""
    state.opened = at
    for metric in state.metrics.values():
        metric.weighed_before = None if metric.weighing is None else metric.weighing.comparison


def is_configured(state: "State") -> bool:
    """Return whether the file asks for any automatic rollback."""
    return any(metric.on.automatic_after is not None for metric in state.rollout.metrics.values())


def looked(state: "State", at: float) -> list[Record]:
    """See at a tick what is proven: countdowns begin, go on, or end because their proof is gone."""
    before = {one.metric: one for one in state.automatic.countdowns if at - one.seen <= LOOK_GAP_S}
    orders = _proven_now(state, at)
    why = obstacle(state)
    records = _ended(
        at, [one for one in state.automatic.countdowns if one.metric not in orders], "is not proven now", why
    )
    countdowns = []
    for metric, (action, after_s, reason) in orders.items():
        known = before.get(metric)
        countdowns.append(Countdown(metric, action, at + after_s, at, reason) if known is None else known.seen_at(at))
        if known is None:
            said = f"{action} begins by itself in {format_duration(after_s)}: {reason}"
            records.append(_record(at, "begun", said, metric))
    if countdowns or state.automatic.countdowns:
        state.changed.add("automatic")
    state.automatic = replace(state.automatic, countdowns=tuple(countdowns))
    return records + _lost(state, at)


def _lost(state: "State", at: float) -> list[Record]:
    """Say once that what was to begin by itself never became an attempt: its console ended in between."""
    begun = state.automatic.begun
    if begun is None or begun.attempt or begun.trouble or at - max(begun.at, state.opened) < LOST_S:
        return []
    said = "no attempt at it is known, so nothing was done as far as anybody knows"
    _keep(state, replace(begun, trouble=said))
    return [_record(at, "lost", f"{begun.action} was about to begin by itself, and {said}", "", action=begun.action)]


def _keep(state: "State", begun: Begun | None) -> None:
    state.automatic = replace(state.automatic, begun=begun)
    state.changed.add("automatic")


def acted(state: "State", started: ActionStarted) -> None:
    """Note which attempt is the one that began by itself, or that somebody rolls back in its place."""
    begun = state.automatic.begun
    if started.kind != ActionKind.ROLLBACK or started.is_check:
        return
    if started.actor.user == NOBODY and not started.continues:
        known = Begun(started.action, started.at, started.reason) if begun is None else begun
        off = state.automatic.disarmed or f"{started.action} was begun by itself"
        state.automatic = Automatic((), off, state.automatic.armed_at)
        _keep(state, replace(known, attempt=started.attempt, trouble=""))
    elif begun is not None and not begun.attempt:
        _keep(state, None)


def interrupted(state: "State", at: float, why: str = "was counted down while the clock was set") -> list[Record]:
    """Give up what is counted down, because the clock was set: it begins again with a measurement from after that."""
    records = _ended(at, state.automatic.countdowns, why)
    state.automatic = replace(state.automatic, countdowns=())
    state.changed.add("automatic")
    reopened(state, at)
    return records


def _ended(at: float, countdowns: Iterable[Countdown], of_metric: str, why: str = "") -> list[Record]:
    return [
        _record(at, "ended", f"{one.action} is not begun by itself: {why or f'{one.metric} {of_metric}'}", one.metric)
        for one in countdowns
    ]


def obstacle(state: "State") -> str:
    """Return why nothing is counted down now although it is armed, whatever is proven; empty if it may be."""
    if state.running is not None:
        return f"{state.running.started.title} is under way"
    if state.phase.doubt:
        return "the share is not known"
    return "the canary has no traffic" if state.phase.traffic <= 0 else ""


def _proven_now(state: "State", at: float) -> Mapping[str, tuple[str, float, str]]:
    """Return action, seconds and reason by metric; none while it is off, or anything is in the way."""
    if state.automatic.disarmed or obstacle(state):
        return {}
    found = {}
    for name, metric in state.metrics.items():
        order = metric.metric.on
        if order.automatic_after is None or order.critical is None:
            continue
        judged = state.verdict_of(name)
        if proven(metric, judged, traffic=state.phase.traffic, at=at, opened=state.opened):
            found[name] = (order.critical, order.automatic_after, f"{name} CRITICAL: {judged.reason}")
    return found


def due(state: "State", at: float) -> Countdown | None:
    """Return the countdown that is over at a time, if one is and its proof was looked at just now."""
    countdown = state.automatic.countdown
    if countdown is None or at < countdown.due or at - countdown.seen > LOOK_GAP_S:
        return None
    return countdown if countdown.metric in _proven_now(state, at) else None


def told(state: "State", given: AutomaticFired | AutomaticStopped | AutomaticArmed) -> list[Record]:
    """Note that a countdown was over, was stopped, or that the rollback is armed again."""
    state.changed.add("automatic")
    before = state.automatic
    metric = "" if before.countdown is None else before.countdown.metric
    match given:
        case AutomaticFired():
            said = f"{given.action} is begun by itself: {given.reason}; not again until somebody arms it"
            begun = Begun(given.action, given.at, given.reason)
            state.automatic = Automatic((), f"{given.action} was begun by itself", before.armed_at, begun)
            return [_record(given.at, "fired", said, metric, action=given.action, reason=given.reason)]
        case AutomaticStopped():
            why = given.why or f"stopped by {given.actor}"
            state.automatic = Automatic((), why, before.armed_at, _not_begun(before, given))
            said = f"nothing is begun by itself until somebody arms it: {why}"
            return [_record(given.at, "stopped", said, metric, actor=str(given.actor), why=given.why)]
        case AutomaticArmed():
            state.automatic = Automatic(armed_at=given.at)
            said = f"the rollback by itself is armed by {given.actor}: {given.reason}"
            return [_record(given.at, "armed", said, metric, actor=str(given.actor), reason=given.reason)]


def _not_begun(before: Automatic, given: AutomaticStopped) -> Begun | None:
    """Return what could not be begun, or what was before if somebody halted the countdown."""
    counted, known = before.countdown, before.begun
    if not given.why:
        return known
    if known is not None:
        return replace(known, trouble=given.why)
    return None if counted is None else Begun(counted.action, given.at, counted.reason, trouble=given.why)


def _record(at: float, way: str, said: str, metric: str, **more: str) -> Record:
    return Record(at, "automatic", said, {"way": way, "metric": metric, **more})
