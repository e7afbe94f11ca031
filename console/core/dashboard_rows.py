"""Lines of a view about what people do: phases, ways out, actions, incidents and the history of alerts."""

from collections.abc import Iterator

from console.core.action_frame import ActionView, AttemptView
from console.core.attempts import WAYS_BACK
from console.core.course import Course, Look
from console.core.dashboard_frame import DashboardRow
from console.core.durations import format_duration
from console.core.export import clock
from console.core.frame import Frame
from console.core.incident_frame import IncidentView
from console.core.rollout import Rollout
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


def ways_out(rollout: Rollout) -> tuple[str, ...]:
    """Return every action that takes traffic or a component back, in the order of the file."""
    return tuple(name for name, action in rollout.actions.items() if action.kind in WAYS_BACK or action.way_back)


def way_out_rows(rollout: Rollout, frame: Frame, course: Course) -> Iterator[DashboardRow]:
    """Yield every action that takes traffic or a component back: what stands in its way, and how it went last.

    That it may be begun says nothing of whether it would go well: only what was looked at is said to be well.
    """
    ways = ways_out(rollout)
    for action in frame.actions:
        if action.action not in ways:
            continue
        last = next((one for one in frame.attempts if one.action == action.action), None)
        ran = "not begun in this session" if last is None else f"last {_attempt(last)}"
        look = course.looks.get(action.action)
        if not (action.is_available or frame.session.is_read_only):
            yield DashboardRow("·", None, action.title, action.why_not, ran, key=action.key)
        elif look is None:
            yield DashboardRow("·", None, action.title, "not looked at yet", ran, key=action.key)
        else:
            yield _seen(look, action, ran)


def _seen(look: Look, action: ActionView, ran: str) -> DashboardRow:
    since = f"since {clock(look.since)}"
    if look.obstacles:
        tone, text, more = Verdict.CRITICAL, "something is in its way", "; ".join((*look.obstacles, since, ran))
    elif look.unknown:
        tone, text, more = Verdict.UNKNOWN, "not all could be looked at", "; ".join((*look.unknown, since, ran))
    else:
        tone, text, more = Verdict.OK, "no obstacle seen", f"{ran}; so {since}, as a preview looks"
    return DashboardRow(tone.glyph, tone, action.title, text, more, key=action.key)


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
