"""What people decide about incidents: what makes no sense is refused with its reason, and the rest is folded."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from console.core import alerting
from console.core.actors import Actor
from console.core.durations import format_duration
from console.core.incident_course import keep, look, open_room, opened, raise_to
from console.core.incident_rules import Incidents, Trigger
from console.core.incident_signs import tick_seen
from console.core.incident_story import Story
from console.core.incidents import Cause, Clock, Decision, Incident, Mark, Step
from console.core.inputs import AlertAcknowledged, IncidentDecided
from console.core.record import Record
from console.core.text import visible

if TYPE_CHECKING:
    from console.core.state import State

SEVERITIES = (1, 2, 3)
_NEEDS_WORDS = {
    Step.OPEN: "say why: what happened, and who asks for it",
    Step.SEVERITY: "say why it is of this severity",
    Step.ESCALATE: "say why: who escalates it",
    Step.RESOLVE: "say what resolved it",
    Step.ROLE: "say who takes the role",
}


def taking(state: "State", actor: Actor, reason: str, at: float) -> IncidentDecided | None:
    """Return how the open incident is taken by who rolls back by hand, and so has responded; none if somebody has."""
    found = state.incidents.open
    if found is None or found.response.stopped is not None:
        return None
    return IncidentDecided(at, Decision(Step.TAKE, found.number, text=reason), actor)


def obstacle(state: "State", decision: Decision) -> str:
    """Return why a decision cannot be taken now, and what to do instead; empty if it can."""
    if decision.step in _NEEDS_WORDS and not decision.text.strip():
        return _NEEDS_WORDS[decision.step]
    if decision.step in (Step.OPEN, Step.SEVERITY) and decision.severity not in SEVERITIES:
        return "say how bad it is first: 1, 2 or 3, and 1 is the worst"
    if decision.step is Step.OPEN:
        found = state.incidents.open
        return "" if found is None else f"incident {found.number} is open: escalate it, or change its severity"
    known = state.incidents.incidents.get(decision.incident)
    if known is None:
        return f"there is no incident {decision.incident}"
    if decision.step is Step.POST_MORTEM:
        if known.post_mortem is None:
            return f"incident {known.number} is not resolved yet"
        stopped = known.post_mortem.stopped
        return "" if stopped is None else f"it was held, says {stopped.by}"
    if known.resolved is not None:
        return f"incident {known.number} is over: resolved by {known.resolved.by}"
    return _obstacle(state.rollout.incident_rules, known, decision)


def _obstacle(rules: Incidents, known: Incident, decision: Decision) -> str:
    """Return what stands in the way of a decision about an incident that is open."""
    match decision.step:
        case Step.TAKE if known.response.stopped is not None:
            return f"taken already by {known.response.stopped.by}"
        case Step.SEVERITY if decision.severity == known.severity:
            return f"it is of severity {known.severity} already"
        case Step.ROLE if decision.subject not in rules.roles:
            return f"there is no role {decision.subject}"
        case Step.ITEM if all(item.id != decision.subject for item in rules.procedure):
            return f"the procedure has no item {decision.subject}"
        case Step.ESCALATE if known.room is not None:
            return f"the war room is open already: {known.room.why}"
        case Step.ROOM if known.room is None:
            return "no war room is open: escalate the incident first, and say why"
        case Step.ROOM if known.room is not None and known.room.clock.stopped is not None:
            return f"{known.room.clock.stopped.by} is in the war room already"
    return ""


def decide(state: "State", given: IncidentDecided) -> list[Record]:
    """Take up what somebody decided, and return what the journal says of it; nothing for what cannot be."""
    decision, at, by = given.decision, given.at, str(given.actor)
    if obstacle(state, decision):
        return []
    if decision.step is Step.OPEN:
        said = visible(decision.text.strip())
        story = Story(opened(state, decision.severity, said, at, by), at)
        cause = Cause(decision.severity, "", said, at)
        story.change(causes={"person": cause})
        story.decided(decision, by, f"opened, severity {decision.severity}, by {by}: {said}")
        rules = state.rollout.incident_rules
        if Trigger.PERSON in rules.war_room.opens_on:
            open_room(rules, story, f"escalated by {by}: {said}")
    else:
        story = Story(state.incidents.incidents[decision.incident], at)
        _FOLDS[decision.step](state, story, decision, by)
    if story.incident.is_open:
        look(state, story)
    else:
        tick_seen(state, state.rollout.incident_rules, story)
    records = keep(state, story)
    if decision.step is Step.TAKE:
        records += _acknowledge(state, story.incident, given)
    return records


def _acknowledge(state: "State", found: Incident, given: IncidentDecided) -> list[Record]:
    """Acknowledge the alerts of an incident that was taken: nobody else is paged for them any more."""
    why = f"took incident {found.number}"
    keys = [key for key in state.alerts.alerts if key in found.causes or key.startswith(f"incident:{found.number}")]
    state.changed.add("alerts")
    return [
        record
        for key in keys
        for record in alerting.acknowledge(state.alerts, AlertAcknowledged(given.at, key, given.actor, why))
    ]


# -- each decision ---------------------------------------------------------------------------------------------------


def _stop(clock: Clock, by: str, at: float, text: str) -> tuple[Clock, str]:
    """Return a clock that somebody stopped, and how that was, in words."""
    stopped = replace(clock, stopped=Mark(by, at, visible(text)))
    left_s = stopped.left_s(at)
    return stopped, f"in time, {format_duration(left_s)} left" if left_s >= 0 else f"late by {format_duration(-left_s)}"


def _take(state: "State", story: Story, decision: Decision, by: str) -> None:
    clock, how = _stop(story.incident.response, by, story.at, decision.text)
    story.change(response=clock)
    said = f": {visible(decision.text)}" if decision.text else ""
    story.decided(decision, by, f"taken by {by}, {how}{said}")


def _change_severity(state: "State", story: Story, decision: Decision, by: str) -> None:
    before, rules = story.incident, state.rollout.incident_rules
    if decision.severity < before.severity:
        raise_to(rules, story, decision.severity)
    else:
        clock = before.response
        if clock.stopped is None:
            due = clock.since + rules.respond_within_s(decision.severity)
            clock = replace(clock, due=due, is_told_late=clock.is_told_late and due < story.at)
        story.change(severity=decision.severity, severity_since=story.at, response=clock)
    said = f"severity {before.severity} → {decision.severity} by {by}: {visible(decision.text)}"
    story.decided(decision, by, said)


def _give_role(state: "State", story: Story, decision: Decision, by: str) -> None:
    name = visible(decision.text.strip())
    story.change(roles={**story.incident.roles, decision.subject: Mark(by, story.at, name)})
    story.decided(decision, by, f"{decision.subject}: {name}, says {by}")


def _tick(state: "State", story: Story, decision: Decision, by: str) -> None:
    mark = Mark(by, story.at, visible(decision.text), decision.is_done)
    story.change(ticks={**story.incident.ticks, decision.subject: mark})
    said = f"{decision.subject}: {'done' if decision.is_done else 'not done'}, by {by}"
    story.decided(decision, by, f"{said}: {mark.text}" if mark.text else said)


def _escalate(state: "State", story: Story, decision: Decision, by: str) -> None:
    said = f"escalated by {by}: {visible(decision.text)}"
    story.decided(decision, by, said)
    open_room(state.rollout.incident_rules, story, said)


def _enter(state: "State", story: Story, decision: Decision, by: str) -> None:
    room = story.incident.room
    if room is not None:
        clock, how = _stop(room.clock, by, story.at, decision.text)
        story.change(room=replace(room, clock=clock))
        story.decided(decision, by, f"{by} is in the war room, {how}")


def _resolve(state: "State", story: Story, decision: Decision, by: str) -> None:
    found, at, rules = story.incident, story.at, state.rollout.incident_rules
    if found.response.stopped is None:
        story.change(response=_stop(found.response, by, at, "resolved it")[0])
    if found.room is not None and found.room.clock.stopped is None:
        story.change(room=replace(found.room, clock=_stop(found.room.clock, by, at, "resolved it")[0]))
    mark = Mark(by, at, visible(decision.text.strip()))
    due = at + rules.post_mortem
    story.change(resolved=mark, post_mortem=Clock(at, due))
    still = [cause for cause in found.causes.values() if cause.alert and cause.until is None]
    state.incidents.settled += tuple(cause.alert for cause in still)
    bad = f" ALTHOUGH {', '.join(cause.about for cause in still)} stands" if still else ""
    until = f"{datetime.fromtimestamp(due, UTC):%Y-%m-%d %H:%M} UTC"
    story.decided(decision, by, f"resolved by {by}{bad}: {mark.text}; post-mortem due {until}")


def _hold_post_mortem(state: "State", story: Story, decision: Decision, by: str) -> None:
    clock = story.incident.post_mortem
    if clock is not None:
        held, how = _stop(clock, by, story.at, decision.text)
        story.change(post_mortem=held)
        said = f"post-mortem held, says {by}, {how}"
        story.decided(decision, by, f"{said}: {visible(decision.text)}" if decision.text else said)


_FOLDS: dict[Step, "Callable[[State, Story, Decision, str], None]"] = {
    Step.TAKE: _take,
    Step.SEVERITY: _change_severity,
    Step.ROLE: _give_role,
    Step.ITEM: _tick,
    Step.ESCALATE: _escalate,
    Step.ROOM: _enter,
    Step.RESOLVE: _resolve,
    Step.POST_MORTEM: _hold_post_mortem,
}
