"""What of an incident is told through the alert routes: that it is open, that a clock ran out, that it is overdue.

There is no second notifier: these are alerts like any other, told once, repeated, and over when they are.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from console.core.alerts import AlertKind, Facts, Finding, IncidentFacts, Severity
from console.core.durations import format_duration
from console.core.incidents import Incident

if TYPE_CHECKING:
    from console.core.state import State


def incident_findings(state: "State", at: float) -> Iterator[Finding]:
    """Yield what calls for attention of the incidents of a session."""
    found = state.incidents.open
    if found is not None:
        yield from _open(state, found, at)
        yield from _late(state, found, at)
    for one in state.incidents.incidents.values():
        clock = one.post_mortem
        if clock is not None and clock.stopped is None and clock.is_late(at):
            said = f"the post-mortem of incident {one.number} is late: {one.why}"
            yield Finding(
                key=f"incident:{one.number}:post-mortem",
                kind=AlertKind.INCIDENT,
                severity=Severity.WARNING,
                about=f"incident-{one.number}-post-mortem",
                text=said,
                reason=f"it was due {format_duration(at - clock.due)} ago",
                since=clock.due,
                of_incident=_of(one),
            )


def _open(state: "State", found: Incident, at: float) -> Iterator[Finding]:
    """Yield that an incident is open, where somebody is to be told.

    Those of its severity are told when their time has come, and everybody if a person opened it: of what is critical
    the routes were told already.
    """
    rules, key = state.rollout.incident_rules, f"incident:{found.number}"
    after_s = rules.escalate_after_s(found.severity)
    is_early = after_s < rules.respond_within_s(found.severity)
    is_due = at - found.severity_since >= after_s and (after_s == 0 or found.response.stopped is None)
    is_escalated = is_early and is_due and any(rules.rule(found.severity).escalate_to)
    where = f"; war room: {rules.war_room.where}" if found.room is not None and rules.war_room.where else ""
    if not (found.opened_by or is_escalated or key in state.alerts.alerts):
        return
    yield Finding(
        key=key,
        kind=AlertKind.INCIDENT,
        severity=Severity.CRITICAL,
        about=f"incident-{found.number}",
        text=f"incident {found.number}, severity {found.severity}: {found.why}{where}",
        reason=found.why,
        since=found.opened_at,
        facts=_facts(state, found),
        incident=found.severity if is_escalated else 0,
        is_for_routes=bool(found.opened_by),
        of_incident=_of(found),
    )


def _of(found: Incident) -> IncidentFacts:
    stopped = found.response.stopped
    return IncidentFacts(found.number, found.severity, found.response.due, "" if stopped is None else stopped.by)


def _facts(state: "State", found: Incident) -> Facts:
    """Return the numbers behind what an incident is about: of the worst cause that stands."""
    standing = [
        (cause.severity, state.alerts.alerts[key].found.facts)
        for key, cause in found.causes.items()
        if key in state.alerts.alerts
    ]
    return min(standing, key=lambda pair: pair[0])[1] if standing else Facts()


def _late(state: "State", found: Incident, at: float) -> Iterator[Finding]:
    """Yield the clocks that nobody stopped in time; those to whom is escalated are told with all others."""
    clocks = [("late", "nobody has responded", found.response)]
    if found.room is not None:
        clocks.append(("room", "nobody is in the war room", found.room.clock))
    for name, said, clock in clocks:
        if clock.stopped is None and clock.is_late(at):
            reason = f"{said} within {format_duration(clock.due - clock.since)}"
            yield Finding(
                key=f"incident:{found.number}:{name}",
                kind=AlertKind.INCIDENT,
                severity=Severity.CRITICAL,
                about=f"incident-{found.number}-{name}",
                text=f"incident {found.number}, severity {found.severity}: {reason}: {found.why}",
                reason=reason,
                since=clock.due,
                facts=_facts(state, found),
                incident=found.severity,
                is_escalation=True,
                of_incident=_of(found),
            )
