"""The soak clock: it counts only time in which everything the phase names was judged and healthy.

Whatever holds it is known at every moment, and between two moments it is what it was at the first of them: so soaked
time is exact, the order of inputs of the same moment does not matter, and a restart of the console is nothing but a
late tick. Longer than `WATCH_GAP_S` without a tick is a gap: nobody watched.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache

from console.core.conditions import parse_condition, split_pause
from console.core.durations import format_duration
from console.core.pace import Pace
from console.core.record import Record
from console.core.rollout import Phase, Rollout
from console.core.runs import later
from console.core.standing import Standing
from console.core.verdict import Verdict

WATCH_GAP_S = 15.0
"""A longer time without a tick was not watched, so it is no soak."""
KEPT = 20
"""Stops of the clock that are kept for the screen; the journal has every one."""

_STOPS_ADVANCE = frozenset({Verdict.WARNING, Verdict.CRITICAL, Verdict.BROKEN})
_STOPS_PAUSE = frozenset({Verdict.CRITICAL, Verdict.BROKEN})
"""A metric that only a pause condition names may warn: the file says at which number it pauses."""


class StopKind(StrEnum):
    """Why the clock stood; the worst of several counts."""

    PREREQUISITE = "prerequisite"
    """The phase has not begun: what must be done before it is not done."""
    SHARE = "share"
    """The canary does not get the share that the phase is about, or nobody knows what it gets."""
    UNMEASURED = "unmeasured"
    """A metric has not been measured again since a gap, or since the session began."""
    GAP = "gap"
    """Nobody watched."""
    BREACH = "breach"
    """A metric was bad, or could not be judged, or a pause condition held."""

    @property
    def rank(self) -> int:
        """Its place, the worst last."""
        return _RANK[self]


_RANK = {kind: rank for rank, kind in enumerate(StopKind)}


@dataclass(frozen=True, slots=True)
class Hold:
    """One reason why the clock stands."""

    kind: StopKind
    text: str


@dataclass(frozen=True, slots=True)
class Stop:
    """A stretch of time that was no soak."""

    kind: StopKind
    why: tuple[str, ...]
    since: float
    until: float | None = None
    """`None` while it lasts."""
    lost_s: float = 0.0
    """How much of it has passed; less than its length where the clock was set back."""
    thrown_away_s: float = 0.0
    """The soak that was begun again because of it."""

    @property
    def text(self) -> str:
        """Every reason that held during it."""
        return "; ".join(self.why)


@dataclass(frozen=True, slots=True)
class PhaseState:
    """The present phase and everything that was done in it."""

    index: int = 0
    began: float = 0.0
    traffic: float = 0.0
    """The share that is applied, percent; a rollback makes it differ from the phase's own."""
    soaked_s: float = 0.0
    watched_at: float | None = None
    """Time of the last tick, from which the soak clock goes on."""
    is_waiting: bool = False
    """It has not begun: the prerequisites of the first phase have yet to be done, once."""
    entered_by: str = ""
    """Who went on to it; empty for the first phase."""
    holds: tuple[str, ...] = ()
    """Why the soak clock stands still."""
    hold_kind: StopKind | None = None
    """The worst kind among `holds`."""
    stop: Stop | None = None
    """The stop that lasts, as far as it was settled at the last tick."""
    stops: tuple[Stop, ...] = ()
    """Those that are over, oldest first; at most `KEPT`."""
    lost_s: float = 0.0
    """All time in this phase that was no soak."""
    thrown_away_s: float = 0.0
    """All soak that was begun again."""
    again: tuple[float, str] | None = None
    """When the soak began again, and after what; `None` if it never did."""
    is_again_due: bool = False
    """The soak was thrown away and begins again when nothing holds it any more."""
    seen_again: float | None = None
    """When watching went on after the last gap; a metric not measured since is not yet known to be bad."""
    paces: Mapping[str, Pace] = field(default_factory=dict)
    """How fast the samples of the metrics come that have too few."""
    doubt: str = ""
    """Why the share is not known for certain, after an action that may have taken effect."""
    soaked_before: Mapping[str, float] = field(default_factory=dict)
    """How long each phase soaked that was left, in seconds; of one that was left twice, the last time."""

    def entered(self, rollout: Rollout, index: int, at: float, by: str = "") -> "PhaseState":
        """Return the state at the beginning of a phase; its clock begins with the first look at what holds it.

        Whoever goes on to a phase without its prerequisites said so; nobody goes on to the first one, so that waits.
        """
        phase, left = rollout.phases[index], rollout.phases[self.index].name
        is_waiting = bool(phase.prerequisites) and index == 0
        before = {**self.soaked_before, left: self.soaked_s} if index != self.index else self.soaked_before
        entered = PhaseState(index=index, began=at, traffic=phase.traffic, is_waiting=is_waiting, entered_by=by)
        return replace(entered, soaked_before=before)

    def soaked_in(self, rollout: Rollout, phase: str) -> float:
        """Return how long a phase has soaked, or did when it was left; in seconds, 0 for one never entered."""
        is_present = rollout.phases[self.index].name == phase
        return self.soaked_s if is_present else self.soaked_before.get(phase, 0.0)

    def paced(self, metric: str, at: float, samples: int | None) -> "PhaseState":
        """Return the state after a metric was measured; `None` samples stand for enough of them, or none known."""
        if samples is None:
            if metric not in self.paces:
                return self
            return replace(self, paces={name: pace for name, pace in self.paces.items() if name != metric})
        known = self.paces.get(metric)
        pace = Pace.of(at, samples) if known is None else known.seen(at, samples)
        return replace(self, paces={**self.paces, metric: pace})


def stepped(state: PhaseState, by_s: float) -> PhaseState:
    """Return the state after this machine's clock was set, or the machine slept; a long step is a gap."""
    if abs(by_s) > WATCH_GAP_S:
        return state
    return replace(state, watched_at=later(state.watched_at, by_s), seen_again=later(state.seen_again, by_s))


def watched(state: PhaseState, phase: Phase, standing: Standing, at: float) -> PhaseState:
    """Return the state at a moment: the time since the last one is soak, unless something held the clock then."""
    state = _settled(state, phase, at)
    holds = holds_of(state, phase, standing)
    kind = max((hold.kind for hold in holds), key=lambda kind: kind.rank, default=None)
    return replace(state, holds=tuple(hold.text for hold in holds), hold_kind=kind)


def _settled(state: PhaseState, phase: Phase, at: float) -> PhaseState:
    since = state.watched_at
    state = replace(state, watched_at=at)
    if since is None or at == since:
        return state
    if at < since:
        said = f"the clock was set back by {format_duration(since - at)}"
        return _after_gap(_closed(state, at), phase, Stop(StopKind.GAP, (said,), at, at))
    if at - since > WATCH_GAP_S:
        if state.hold_kind is not None:
            state = _stopped(state, phase, since, 0.0)
        said = f"not watched for {format_duration(at - since)}"
        return _after_gap(_closed(state, since), phase, Stop(StopKind.GAP, (said,), since, at, at - since))
    if state.hold_kind is not None:
        return _stopped(state, phase, since, at - since)
    state = _closed(state, since)
    if state.is_again_due:
        state = replace(state, again=(since, _thrown_by(state)), is_again_due=False)
    return replace(state, soaked_s=state.soaked_s + (at - since))


def _stopped(state: PhaseState, phase: Phase, since: float, lost_s: float) -> PhaseState:
    """Return the state after the clock stood from `since` on, for as long as `lost_s`."""
    kind = state.hold_kind or StopKind.BREACH
    stop = state.stop or Stop(kind, (), since)
    worst = max(kind, stop.kind, key=lambda one: one.rank)
    why = tuple(dict.fromkeys((*stop.why, *state.holds)))
    stop = replace(stop, kind=worst, why=why, lost_s=stop.lost_s + lost_s)
    policy = {StopKind.UNMEASURED: phase.on_gap, StopKind.BREACH: phase.on_breach}
    return _restarted(replace(state, stop=stop, lost_s=state.lost_s + lost_s), policy.get(kind, "pause"))


def _restarted(state: PhaseState, policy: str) -> PhaseState:
    """Throw the soak away, if that is what a stop does; where there was none there is nothing to begin again."""
    if policy != "restart" or state.soaked_s == 0 or state.stop is None:
        return state
    return replace(
        state,
        stop=replace(state.stop, thrown_away_s=state.stop.thrown_away_s + state.soaked_s),
        thrown_away_s=state.thrown_away_s + state.soaked_s,
        soaked_s=0.0,
        is_again_due=True,
    )


def _closed(state: PhaseState, at: float) -> PhaseState:
    """Return the state after what held the clock ended at `at`."""
    if state.stop is None:
        return state
    return replace(state, stop=None, stops=(*state.stops, replace(state.stop, until=at))[-KEPT:])


def _thrown_by(state: PhaseState) -> str:
    """Return after what the soak was thrown away the last time."""
    stops = state.stops if state.stop is None else (*state.stops, state.stop)
    return next((stop.text for stop in reversed(stops) if stop.thrown_away_s), "")


def _after_gap(state: PhaseState, phase: Phase, gap: Stop) -> PhaseState:
    state = replace(state, stop=gap, lost_s=state.lost_s + gap.lost_s, seen_again=gap.until, hold_kind=None)
    return _closed(_restarted(state, phase.on_gap), gap.until or gap.since)


def with_traffic(state: PhaseState, traffic: float) -> PhaseState:
    """Return the state after the share was changed inside the phase."""
    return replace(state, traffic=traffic, doubt="")


def doubted(state: PhaseState, doubt: str) -> PhaseState:
    """Return the state after an action that may or may not have changed the share."""
    return replace(state, doubt=doubt)


def share_text(state: PhaseState, phase: Phase) -> str:
    """Return how the share that is applied differs from the phase's own; empty if it does not."""
    return "" if state.traffic == phase.traffic else f"the share is {state.traffic:g} %, not {phase.traffic:g} %"


def pause_holds(text: str, standing: Standing) -> bool | None:
    """Return whether a pause condition is true now; `None` if that cannot be known."""
    metric, said = _split(text)
    condition = _parsed(said, standing.units.get(metric, ""))
    value, baseline = standing.values.get(metric, (None, None))
    return condition.holds(value, baseline)


# What the file says does not change, and it is asked at every look.
_split = lru_cache(maxsize=256)(split_pause)
_parsed = lru_cache(maxsize=256)(parse_condition)


def holds_of(state: PhaseState, phase: Phase, standing: Standing) -> tuple[Hold, ...]:
    """Return why the soak clock stands, each metric named once."""
    share = share_text(state, phase)
    begins = [Hold(StopKind.PREREQUISITE, NOT_BEGUN)] if standing.waits else []
    found = begins + [Hold(StopKind.SHARE, text) for text in (share, state.doubt) if text]
    paused = {_split(text)[0]: text for text in phase.pause if pause_holds(text, standing) is True}
    named = {_split(text)[0]: _STOPS_PAUSE for text in phase.pause} | dict.fromkeys(phase.advance, _STOPS_ADVANCE)
    ordered = dict.fromkeys((*phase.advance, *named))
    judged = [
        metric for metric in ordered if standing.verdicts.get(metric) in named[metric] or metric in standing.blind
    ]
    unseen = [metric for metric in ordered if is_unseen(state, metric, standing) and metric not in judged]
    for metric in dict.fromkeys((*judged, *standing.holding)):
        paused.pop(metric, None)
        found.append(Hold(_kind_of(state, metric, standing), f"{metric} is {standing.verdicts[metric]}"))
    found += [Hold(StopKind.UNMEASURED, f"{metric} {UNSEEN}") for metric in unseen]
    return (*found, *(Hold(StopKind.BREACH, f"paused by {text}") for text in paused.values()))


NOT_BEGUN = "its prerequisites are not done"
UNSEEN = "has not been measured since the gap"


def is_unseen(state: PhaseState, metric: str, standing: Standing) -> bool:
    """Return whether a metric was not measured again since the last gap: what it was before says nothing of now."""
    answered = standing.answered.get(metric)
    return answered is not None and state.seen_again is not None and answered <= state.seen_again


def _kind_of(state: PhaseState, metric: str, standing: Standing) -> StopKind:
    """Return what it is that a metric is not healthy; one not measured again since a gap belongs to the gap."""
    is_new = standing.answered.get(metric) is None or is_unseen(state, metric, standing)
    return StopKind.UNMEASURED if metric in standing.blind and is_new else StopKind.BREACH


def told(before: PhaseState, after: PhaseState, at: float) -> Iterator[Record]:
    """Yield what the journal has to say about the clock, between two looks at it."""
    if after.began != before.began:
        before = PhaseState(began=after.began)
    thrown_s = after.thrown_away_s - before.thrown_away_s
    for gap in after.stops:
        if gap.kind is not StopKind.GAP or gap in before.stops:
            continue
        begins = f"; the soak begins again, {format_duration(gap.thrown_away_s)} are thrown away"
        body = {"since": gap.since, "until": gap.until, "lost_s": gap.lost_s, "thrown_away_s": gap.thrown_away_s}
        yield Record(at, "phase", f"{gap.text}: no soak{begins if gap.thrown_away_s else ''}", body)
        thrown_s -= gap.thrown_away_s
    if thrown_s > 0:
        why = _thrown_by(after)
        said = f"the soak must begin again: {format_duration(thrown_s)} are thrown away after {why}"
        yield Record(at, "phase", said, {"thrown_away_s": thrown_s, "why": why})
    if after.holds and after.holds != before.holds:
        yield Record(at, "phase", "soak clock stands: " + "; ".join(after.holds), {"holds": list(after.holds)})
    if before.holds and not after.holds:
        yield Record(at, "phase", _goes_on(after, at), {"holds": []})


def _goes_on(after: PhaseState, at: float) -> str:
    stop = after.stop
    if stop is None or at <= stop.since:
        return "soak clock goes on"
    lasted = format_duration(at - stop.since)
    if after.is_again_due:
        return f"soak begins again after {lasted} of {stop.text}"
    return f"soak clock goes on after {lasted} of {stop.text}"
