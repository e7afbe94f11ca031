"""Validation windows after full rollout: each is judged in its own time, and its outcome is kept for ever.

Time 0 is the moment at which the canary got all of the traffic; a step of the clock moves it along. Between two looks
the verdicts are what they were at the first of them; longer than `WATCH_GAP_S` without a look was not watched, and
nothing is known of it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from console.core.durations import format_duration
from console.core.export import clock
from console.core.frame import Clause
from console.core.progress import WindowView
from console.core.record import Record
from console.core.rollout import ChecklistItem, ValidationWindow
from console.core.runs import later
from console.core.soak import WATCH_GAP_S
from console.core.stages import FULL_SHARE
from console.core.standing import Standing
from console.core.ticks import Tick
from console.core.verdict import Verdict

_FAILS = (Verdict.WARNING, Verdict.CRITICAL)
_UNKNOWN = (Verdict.UNKNOWN, Verdict.BROKEN)


class WindowOutcome(StrEnum):
    """How a validation window stands."""

    WAITING = "waiting"
    """Its time has not come."""
    RUNNING = "running"
    OPEN = "open"
    """Its time is over and its metrics held; somebody has yet to tick its checklist."""
    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "not known"
    """Too much of it was not watched, or its metrics were not known for long enough."""

    @property
    def is_final(self) -> bool:
        """Whether nothing can change it any more."""
        return self in (WindowOutcome.PASSED, WindowOutcome.FAILED, WindowOutcome.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Window:
    """What was seen of one window."""

    outcome: WindowOutcome = WindowOutcome.WAITING
    reason: str = ""
    decided: float | None = None
    """When the outcome was known."""
    watched_s: float = 0.0
    known_s: Mapping[str, float] = field(default_factory=dict)
    """For how long each metric was known."""
    not_judged_s: Mapping[str, float] = field(default_factory=dict)
    """For how long nothing was asked of a metric, in the phase that it was."""
    last: Mapping[str, Verdict] = field(default_factory=dict)
    """The last known verdict of each metric."""
    ticks: Mapping[str, Tick] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Validation:
    """Every window, since the canary got all of the traffic."""

    began: float | None = None
    """`None` while it does not have it."""
    looked: float | None = None
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    """As they were at the last look."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    windows: Mapping[str, Window] = field(default_factory=dict)
    past: tuple[Mapping[str, Window], ...] = ()
    """The windows of earlier times, which ended in a step back."""

    def window(self, name: str) -> Window:
        """Return what was seen of a window."""
        return self.windows.get(name, Window())

    def ticked(self, window: str, item: str, tick: Tick) -> "Validation":
        """Return the state after an item of a window was ticked or unticked."""
        known = self.window(window)
        return self._with(window, replace(known, ticks={**known.ticks, item: tick}))

    def _with(self, name: str, window: Window) -> "Validation":
        return replace(self, windows={**self.windows, name: window})


def looked(
    state: Validation, windows: tuple[ValidationWindow, ...], traffic: float, standing: Standing, at: float
) -> Validation:
    """Return the state at a moment; `traffic` is the share that is applied, percent."""
    if not windows:
        return state
    state = _settled(state, windows, at)
    if traffic >= FULL_SHARE and state.began is None:
        state = Validation(began=at, past=(*state.past, state.windows) if state.windows else state.past)
    elif traffic < FULL_SHARE and state.began is not None:
        state = _stepped_back(state, windows, traffic, at)
    named = {metric for window in windows for metric in window.metrics}
    return replace(
        state,
        looked=at,
        verdicts={name: standing.verdicts[name] for name in sorted(named) if name in standing.verdicts},
        reasons={name: standing.reasons.get(name, "") for name in sorted(named)},
    )


def stepped(state: Validation, by_s: float) -> Validation:
    """Return the state after this machine's clock was set, or the machine slept: that time is in no window."""
    return replace(state, began=later(state.began, by_s), looked=later(state.looked, by_s))


def _stepped_back(state: Validation, windows: tuple[ValidationWindow, ...], traffic: float, at: float) -> Validation:
    """Return the state after the canary lost traffic: what has begun and is not decided has failed."""
    said = f"the share went to {traffic:g} %"
    for spec in windows:
        window = state.window(spec.name)
        if window.outcome.is_final or state.began is None or at < state.began + spec.from_:
            continue
        failed = replace(window, outcome=WindowOutcome.FAILED, reason=said, decided=at)
        state = replace(state, windows={**state.windows, spec.name: failed})
    return replace(state, began=None)


def _settled(state: Validation, windows: tuple[ValidationWindow, ...], at: float) -> Validation:
    """Return the state after the time since the last look, and after the windows that ended in it."""
    if state.began is None or state.looked is None:
        return state
    settled = {}
    for spec in windows:
        window = state.window(spec.name)
        first, end = state.began + spec.from_, state.began + spec.until
        since, until = max(state.looked, first), min(at, end)
        if until > since and at - state.looked <= WATCH_GAP_S:
            window = _seen(window, spec, state, since, until)
        settled[spec.name] = _decided(window, spec, first, at, state.verdicts)
    return replace(state, windows=settled)


def _seen(window: Window, spec: ValidationWindow, state: Validation, since: float, until: float) -> Window:
    """Return a window after a stretch in which the verdicts were those of the last look."""
    known_s, not_judged_s, last = dict(window.known_s), dict(window.not_judged_s), dict(window.last)
    for metric in spec.metrics:
        verdict = state.verdicts.get(metric, Verdict.UNKNOWN)
        if verdict is Verdict.NOT_JUDGED:
            not_judged_s[metric] = not_judged_s.get(metric, 0.0) + (until - since)
        if verdict is Verdict.NOT_JUDGED or verdict in _UNKNOWN:
            continue
        known_s[metric] = known_s.get(metric, 0.0) + (until - since)
        last[metric] = verdict
        if verdict in _FAILS and not window.outcome.is_final:
            reason = f"{metric} {verdict} at {clock(since)} UTC: {state.reasons.get(metric, '')}"
            window = replace(window, outcome=WindowOutcome.FAILED, reason=reason, decided=since)
    watched_s = window.watched_s + (until - since)
    return replace(window, watched_s=watched_s, known_s=known_s, not_judged_s=not_judged_s, last=last)


def _decided(window: Window, spec: ValidationWindow, first: float, at: float, present: Mapping[str, Verdict]) -> Window:
    """Return a window with the outcome that it has by now; `present` are the verdicts of the last look."""
    if window.outcome.is_final or at < first:
        return window
    if at < first + (spec.until - spec.from_):
        return replace(window, outcome=WindowOutcome.RUNNING)
    outcome, reason = _outcome(window, spec, present)
    if outcome is window.outcome and reason == window.reason:
        return window
    return replace(window, outcome=outcome, reason=reason, decided=at if outcome.is_final else None)


def _outcome(window: Window, spec: ValidationWindow, present: Mapping[str, Verdict]) -> tuple[WindowOutcome, str]:
    """Return the outcome of a window whose time is over and in which no metric breached.

    What a metric was not known for counts by its share of the window; where no phase asked for it, it was not missed.
    One that a phase began to ask for just before the end, too late to be measured, is waited for.
    """
    length_s = spec.until - spec.from_
    for metric in spec.metrics:
        known_s, asked_s = window.known_s.get(metric, 0.0), length_s - window.not_judged_s.get(metric, 0.0)
        if asked_s - known_s > length_s * (1 - spec.watched / 100):
            was = f"{metric} was known for {format_duration(known_s)} of {format_duration(asked_s)}"
            seen = f", watched for {format_duration(window.watched_s)}"
            return WindowOutcome.UNKNOWN, was + seen
    last = {metric: window.last.get(metric) or present.get(metric, Verdict.UNKNOWN) for metric in spec.metrics}
    never = [metric for metric in spec.metrics if last[metric] is Verdict.NOT_JUDGED]
    unmeasured = [metric for metric in spec.metrics if metric not in window.last and last[metric] in _UNKNOWN]
    for metric in spec.metrics:
        if metric not in (*never, *unmeasured) and last[metric] is not Verdict.OK:
            return WindowOutcome.FAILED, f"{metric} was {last[metric]} at its end"
    if unmeasured:
        return WindowOutcome.OPEN, f"waiting for the first measurement of {', '.join(unmeasured)}"
    undone = [item.id for item in spec.checklist if not _is_done(window, item)]
    if undone:
        return WindowOutcome.OPEN, f"waiting for {', '.join(undone)}"
    return WindowOutcome.PASSED, f"no phase judged {', '.join(never)} in it" if never else ""


def _is_done(window: Window, item: ChecklistItem) -> bool:
    tick = window.ticks.get(item.id)
    return tick is not None and tick.is_done


def item_of(windows: tuple[ValidationWindow, ...], item: str) -> tuple[ValidationWindow, ChecklistItem] | None:
    """Return the window and the item of its checklist that has an id; `None` if there is none."""
    return next(((spec, one) for spec in windows for one in spec.checklist if one.id == item), None)


def begun(state: Validation, windows: tuple[ValidationWindow, ...], at: float) -> tuple[ValidationWindow, ...]:
    """Return the windows whose time has come and that can still change."""
    if state.began is None:
        return ()
    return tuple(
        spec for spec in windows if at >= state.began + spec.from_ and not state.window(spec.name).outcome.is_final
    )


def told(before: Validation, after: Validation, at: float) -> Iterator[Record]:
    """Yield what the journal has to say about the windows, between two looks at them."""
    if after.began is not None and before.began is None:
        yield Record(at, "validation", "all traffic is on the canary: validation begins", {"began": after.began})
    known = before.windows if after.past == before.past else {}
    for name, window in after.windows.items():
        if window.outcome is known.get(name, Window()).outcome:
            continue
        said = f"validation {name}: {window.outcome}"
        body = {
            "window": name,
            "outcome": window.outcome.value,
            "reason": window.reason,
            "watched_s": window.watched_s,
            "known_s": dict(window.known_s),
        }
        yield Record(at, "validation", f"{said}: {window.reason}" if window.reason else said, body)


def views(state: Validation, windows: tuple[ValidationWindow, ...], at: float) -> tuple[WindowView, ...]:
    """Return every window as the screen shows it: those of earlier times first, then the present ones in order."""
    specs = {spec.name: spec for spec in windows}
    past = [
        _view(specs.get(name), name, window, None, at, is_past=True)
        for known in state.past
        for name, window in known.items()
        if window.outcome.is_final
    ]
    return (*past, *(_view(spec, spec.name, state.window(spec.name), state.began, at) for spec in windows))


def _view(
    spec: ValidationWindow | None, name: str, window: Window, began: float | None, at: float, *, is_past: bool = False
) -> WindowView:
    begins = None if began is None or spec is None else began + spec.from_
    ends = None if began is None or spec is None else began + spec.until
    length_s = 0.0 if spec is None else spec.until - spec.from_
    passed_s = 0.0 if begins is None else min(max(0.0, at - begins), length_s)
    # What no phase asked for was not missed.
    seen_s = min(
        (
            window.known_s.get(metric, 0.0) + window.not_judged_s.get(metric, 0.0)
            for metric in (() if spec is None else spec.metrics)
        ),
        default=window.watched_s,
    )
    return WindowView(
        name=name,
        from_s=0.0 if spec is None else spec.from_,
        until_s=0.0 if spec is None else spec.until,
        begins=begins,
        ends=ends,
        outcome=window.outcome.value,
        reason=window.reason,
        decided=window.decided,
        metrics=() if spec is None else spec.metrics,
        known_share=min(1.0, seen_s / passed_s) if passed_s > 0 else None,
        items_done=0 if spec is None else sum(_is_done(window, item) for item in spec.checklist),
        items=0 if spec is None else len(spec.checklist),
        is_past=is_past,
    )


def clauses(views_: tuple[WindowView, ...], at: float) -> tuple[Clause, ...]:
    """Return what validation still asks for, one clause a window."""
    return tuple(_clause(view, at) for view in views_ if not view.is_past)


def _clause(view: WindowView, at: float) -> Clause:
    is_met = view.outcome == WindowOutcome.PASSED
    left_s = None if view.ends is None else max(0.0, view.ends - at)
    text = f"validation {view.name}: {view.outcome}"
    if view.outcome == WindowOutcome.RUNNING and left_s is not None:
        text += f", {format_duration(left_s)} left"
    elif view.reason:
        text += f", {view.reason}"
    is_timed = view.outcome in (WindowOutcome.WAITING, WindowOutcome.RUNNING)
    is_for_people = view.outcome == WindowOutcome.OPEN and view.items_done < view.items
    who = "somebody to tick it" if is_for_people else ""
    return Clause(text, is_met, "validation", view.name, left_s if is_timed else None, who)
