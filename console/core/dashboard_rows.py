"""Lines of a view about what people do: phases, ways out, actions, incidents and the history of alerts."""

from collections.abc import Iterator

from console.core.course import Course
from console.core.dashboard_frame import DashboardRow
from console.core.durations import format_duration
from console.core.export import clock
from console.core.frame import AttemptView, Frame
from console.core.incident_frame import IncidentView
from console.core.rollout import ActionKind, Rollout
from console.core.text import visible
from console.core.verdict import Verdict
from console.core.words import Outcome

ALARMS_SHOWN = 12
ATTEMPTS_SHOWN = 8
_SEVERITIES = {"critical": Verdict.CRITICAL, "warning": Verdict.WARNING}
_WELL = (Outcome.DONE, Outcome.RUNNING, Outcome.HOLDING)


def phase_rows(rollout: Rollout, frame: Frame) -> Iterator[DashboardRow]:
    """Yield every phase: behind, present, to come."""
    present = frame.phase
    for index, phase in enumerate(rollout.phases):
        name, share = visible(phase.name), f"{phase.traffic:g} %"
        if index < present.index:
            yield DashboardRow("✓", Verdict.OK, name, share, "behind")
        elif index > present.index:
            soak = f"soak {format_duration(phase.soak)}" if phase.soak else ""
            yield DashboardRow("·", None, name, share, f"to come, {soak}" if soak else "to come")
        else:
            is_off = present.traffic != present.planned_traffic
            soak = f"soaked {format_duration(present.soaked_s)} of {format_duration(present.soak_s)}"
            more = f"now, the share is {present.traffic:g} %" if is_off else "now"
            more += f", {soak}" if present.soak_s else ""
            yield DashboardRow("▶", Verdict.WARNING if is_off else None, name, share, more)


def way_out_rows(rollout: Rollout, frame: Frame) -> Iterator[DashboardRow]:
    """Yield every action that takes traffic or a component back: whether it may be begun, and how it went last."""
    offered = {name for metric in rollout.metrics.values() for name in (metric.on.warning, metric.on.critical)}
    for action in frame.actions:
        if action.kind == ActionKind.ADVANCE or (action.kind == ActionKind.TASK and action.action not in offered):
            continue
        last = next((one for one in frame.attempts if one.action == action.action), None)
        ran = "not begun in this session" if last is None else f"last {_attempt(last)}"
        tone = Verdict.OK if action.is_available else None
        text = "ready" if action.is_available else action.why_not
        yield DashboardRow(tone.glyph if tone else "·", tone, action.title, text, ran, key=action.key)


def attempt_rows(frame: Frame) -> Iterator[DashboardRow]:
    """Yield what was done, newest first."""
    for attempt in frame.attempts[:ATTEMPTS_SHOWN]:
        tone = Verdict.OK if attempt.outcome in _WELL else Verdict.CRITICAL
        more = "; ".join(part for part in (_attempt(attempt), attempt.reason, attempt.detail) if part)
        yield DashboardRow(tone.glyph, tone, attempt.title, attempt.outcome.value, more)
    if not frame.attempts:
        yield DashboardRow("·", None, "Nothing was done yet")


def _attempt(attempt: AttemptView) -> str:
    took = "" if attempt.ended is None else f", took {format_duration(attempt.ended - attempt.started)}"
    return f"{clock(attempt.started)} {attempt.outcome.value} by {attempt.actor}{took}"


def incident_rows(frame: Frame) -> Iterator[DashboardRow]:
    """Yield the incidents, the open one first."""
    for found in frame.incidents:
        name = f"Incident {found.number}, severity {found.severity}: {found.why}"
        if found.is_open:
            yield DashboardRow("✗", Verdict.CRITICAL, name, _response(found), _room(found))
        else:
            is_due = found.post_mortem is not None and found.post_mortem.is_running
            tone = Verdict.WARNING if is_due else Verdict.OK
            more = f"{found.resolution}; the post-mortem is due" if is_due else found.resolution
            yield DashboardRow(tone.glyph, tone, name, f"resolved by {found.resolved_by}", more)
    if not any(found.is_open for found in frame.incidents):
        yield DashboardRow("✓", Verdict.OK, "No incident is open")


def _response(found: IncidentView) -> str:
    answer = found.response
    if not answer.is_running:
        return f"taken by {answer.by}"
    left = format_duration(abs(answer.left_s))
    return f"nobody took it, {left} late" if answer.is_late else f"nobody took it, {left} left"


def _room(found: IncidentView) -> str:
    done = f"procedure {found.items_done} of {len(found.procedure)}"
    if found.room is None:
        return done
    room = f"in the war room: {found.room.clock.by}" if not found.room.clock.is_running else "the war room waits"
    return f"{done}; {room}"


def alarm_rows(course: Course) -> Iterator[DashboardRow]:
    """Yield how often it alarmed since the session began, and the newest alarms."""
    total = sum(course.raised.values())
    standing = sum(alarm.until is None for alarm in course.alarms)
    yield DashboardRow("·", None, "Since the session began", f"{total} raised", f"{standing} stand now")
    for alarm in reversed(course.alarms[-ALARMS_SHOWN:]):
        tone = _SEVERITIES.get(alarm.severity, Verdict.UNKNOWN)
        times = course.raised.get(alarm.key, 1)
        lasted = "stands" if alarm.until is None else f"for {format_duration(alarm.until - alarm.since)}"
        text = lasted if times == 1 else f"{lasted}, raised {times} times"
        yield DashboardRow(tone.glyph, tone, visible(alarm.text), text, f"since {clock(alarm.since)}")
