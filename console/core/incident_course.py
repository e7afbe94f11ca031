"""How incidents go on: a fold over critical alerts, rollbacks, what people decide, and time.

Nothing but a person's decision stops a clock, lowers a severity or resolves an incident. What the console ticks in the
procedure is what it saw itself.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from console.core import alerting
from console.core.action_inputs import ActionStarted
from console.core.alerts import Alert, AlertKind, Severity
from console.core.attempts import is_way_back
from console.core.durations import format_duration
from console.core.incident_rules import Incidents, Trigger
from console.core.incident_signs import tick_seen, unwell
from console.core.incident_story import Story
from console.core.incidents import Cause, Clock, Incident, Room
from console.core.inputs import AlertAcknowledged
from console.core.record import Record
from console.core.soak import WATCH_GAP_S
from console.core.text import visible

if TYPE_CHECKING:
    from console.core.state import State

_KINDS = (AlertKind.METRIC, AlertKind.BUDGET, AlertKind.ACTION)
_OF_ROLLBACK = 2
"""The severity of a rollback that nothing critical came before, where no severity of the file names it."""


def watch(state: "State", at: float) -> list[Record]:
    """Open an incident for what is critical, or let it join the open one, and look what became of that until now."""
    records = [] if state.rollout.incidents is None else _join(state, state.rollout.incidents, at)
    found = state.incidents.open
    if found is not None:
        story = Story(found, at)
        look(state, story)
        records += keep(state, story)
    for one in state.incidents.incidents.values():
        clock = one.post_mortem
        if clock is not None and clock.stopped is None and clock.is_late(at) and not clock.is_told_late:
            story = Story(replace(one, post_mortem=replace(clock, is_told_late=True)), at)
            story.say("post-mortem late", f"the post-mortem was due {format_duration(at - clock.due)} ago")
            records += keep(state, story)
    return records


def keep(state: "State", story: Story) -> list[Record]:
    """Keep what became of an incident, and return what the journal says of it."""
    if story.is_changed:
        state.incidents.put(story.incident)
        state.changed.add("incidents")
    return story.records


# -- what is critical ------------------------------------------------------------------------------------------------


def _join(state: "State", rules: Incidents, at: float) -> list[Record]:
    book, records = state.incidents, list[Record]()
    standing = {alert.id: alert for alert in state.alerts.alerts.values() if _is_critical(alert)}
    settled = tuple(one for one in book.settled if one in standing)
    if settled != book.settled:
        book.settled = settled
        state.changed.add("incidents")
    for alert in standing.values():
        if alert.id in settled or not (_is_cause(book.open, alert) or _is_heard(state, alert, at)):
            continue
        found, severity = book.open, severity_of(rules, state, alert)
        said = visible(alert.found.text)
        cause = Cause(severity, alert.found.about, said, alert.started_at, alert=alert.id)
        if found is None:
            story = Story(opened(state, severity, said, at), at)
            story.say("opened", f"opened, severity {severity}: {said}", severity=severity, alert=alert.key)
        else:
            story = Story(found, at)
        _take_in(rules, story, alert.key, cause)
        records += keep(state, story)
    found = book.open
    if found is not None:
        story = Story(found, at)
        unwatched = {alert.id: alert.unwatched for alert in state.alerts.resolved}
        for key, cause in found.causes.items():
            if cause.alert and cause.alert not in standing and cause.until is None:
                _end(story, key, cause, unwatched.get(cause.alert, ""))
        records += keep(state, story)
    return records


def _end(story: Story, key: str, cause: Cause, unwatched: str) -> None:
    """Note that a cause is over, or that nobody watches any more whether it is."""
    ended = replace(cause, until=story.at, unwatched=unwatched)
    story.change(causes={**story.incident.causes, key: ended})
    if unwatched:
        story.say("unwatched", f"no longer watched, as {unwatched}: {cause.text}", alert=key)
    else:
        story.say("over", f"over: {cause.text}", alert=key)


def _is_critical(alert: Alert) -> bool:
    return alert.found.severity is Severity.CRITICAL and alert.found.kind in _KINDS


def _is_cause(found: Incident | None, alert: Alert) -> bool:
    return found is not None and alert.key in found.causes


def _is_heard(state: "State", alert: Alert, at: float) -> bool:
    """Whether an alert may open an incident: one that a person silenced does not."""
    muted = alerting.muting(state.alerts, alert, at)
    return muted is None or not muted.is_silence


def severity_of(rules: Incidents, state: "State", alert: Alert) -> int:
    """Return the severity of the incident that an alert opens: its metric's, the one that names it, or `otherwise`."""
    about = alert.found.about
    spec = state.rollout.metrics.get(about) if alert.found.kind is AlertKind.METRIC else None
    return rules.severity_of(about, None if spec is None else spec.severity)


def opened(state: "State", severity: int, why: str, at: float, by: str = "") -> Incident:
    """Return a new incident, whose clock begins now."""
    state.incidents.number += 1
    response = Clock(at, at + state.rollout.incident_rules.respond_within_s(severity))
    number = state.incidents.number
    return Incident(number, severity, at, by, why, response, severity_since=at, watched_at=at)


def _take_in(rules: Incidents, story: Story, key: str, cause: Cause) -> None:
    """Let a cause be one of the incident's; a new one that is worse raises the severity."""
    known = story.incident.causes.get(key)
    if known is not None and known.alert == cause.alert:
        if known.text != cause.text:
            story.change(causes={**story.incident.causes, key: replace(known, text=cause.text)})
        return
    story.change(causes={**story.incident.causes, key: cause})
    if known is not None:
        story.say("again", f"again: {cause.text}", alert=key)
    elif len(story.incident.causes) > 1:
        story.say("joined", f"joined by {cause.text}", alert=key, severity=cause.severity)
    if known is None and cause.severity < story.incident.severity:
        raise_to(rules, story, cause.severity)
        story.say("raised", f"raised to severity {cause.severity} by {cause.text}", severity=cause.severity)


def raise_to(rules: Incidents, story: Story, severity: int) -> None:
    """Let an incident be of a worse severity; who has yet to respond has less time, and never more."""
    clock, at = story.incident.response, story.at
    if clock.stopped is None:
        due = min(clock.due, at + rules.respond_within_s(severity))
        clock = replace(clock, due=due)
    story.change(severity=severity, severity_since=at, response=clock)


# -- rollbacks, acknowledgements -------------------------------------------------------------------------------------


def rolling_back(state: "State", started: ActionStarted) -> list[Record]:
    """Open the war room because something is taken back, and an incident too where none is open."""
    rules = state.rollout.incidents
    is_begun = is_way_back(state.rollout, started.action, started.kind) and not started.is_check
    if rules is None or not is_begun or Trigger.ROLLBACK not in rules.war_room.opens_on:
        return []
    said = f"{visible(started.title)} begun by {started.actor}: {visible(started.reason)}"
    found = state.incidents.open
    if found is None:
        named = (rule.severity for rule in rules.severities if rule.action == started.action)
        severity = next(named, _OF_ROLLBACK)
        story = Story(opened(state, severity, said, started.at), started.at)
        story.say("opened", f"opened, severity {severity}: {said}", severity=severity)
        cause = Cause(severity, started.action, said, started.at)
        story.change(causes={f"rollback:{started.attempt}": cause})
    else:
        story = Story(found, started.at)
    open_room(rules, story, said)
    return keep(state, story)


def acknowledged(state: "State", given: AlertAcknowledged) -> bool:
    """Return whether who acknowledges an alert thereby takes the open incident: the alert is the incident's."""
    found = state.incidents.open
    if found is None or found.response.stopped is not None:
        return False
    return given.alert in found.causes or given.alert.startswith(f"incident:{found.number}")


# -- what follows ----------------------------------------------------------------------------------------------------


def look(state: "State", story: Story) -> None:
    """See what an open incident has come to: its war room, its clocks, what the console can tick."""
    rules, at = state.rollout.incident_rules, story.at
    _trigger(rules, story)
    for name, text in (
        ("response", "nobody has responded"),
        ("room", "nobody is in the war room"),
    ):
        clock = story.incident.response if name == "response" else _clock_of(story.incident.room)
        if clock is None or clock.stopped is not None or clock.is_told_late or not clock.is_late(at):
            continue
        _put_clock(story, name, replace(clock, is_told_late=True))
        story.say(f"{name} late", f"{text} within {format_duration(clock.due - clock.since)}")
    is_well, found = not unwell(state), story.incident
    has_gap = at - found.watched_at > WATCH_GAP_S
    since = None if not is_well else at if found.well_since is None or has_gap else found.well_since
    story.change(well_since=since, watched_at=max(at, found.watched_at))
    tick_seen(state, rules, story)


def _clock_of(room: Room | None) -> Clock | None:
    return None if room is None else room.clock


def _put_clock(story: Story, name: str, clock: Clock) -> None:
    if name == "response":
        story.change(response=clock)
    elif story.incident.room is not None:
        story.change(room=replace(story.incident.room, clock=clock))


def _trigger(rules: Incidents, story: Story) -> None:
    """Open the war room if the incident calls for it by itself."""
    bad = [one for one in story.incident.causes.values() if one.severity <= 2]
    if Trigger.SEVERITY_1 in rules.war_room.opens_on and story.incident.severity == 1:
        open_room(rules, story, Trigger.SEVERITY_1.value)
    elif Trigger.TWO_OF_SEVERITY_2 in rules.war_room.opens_on and len(bad) > 1:
        open_room(rules, story, f"{len(bad)} of severity 2 or worse")


def open_room(rules: Incidents, story: Story, why: str) -> None:
    """Open the war room, if it is not open yet; its clock begins."""
    if story.incident.room is not None:
        return
    room = Room(why, Clock(story.at, story.at + rules.war_room.within))
    story.change(room=room)
    where = f" at {visible(rules.war_room.where)}" if rules.war_room.where else ""
    story.say("war room", f"the war room opens{where}, within {format_duration(rules.war_room.within)}: {why}")


def stepped(state: "State", by_s: float) -> None:
    """Take up a step of this machine's clock.

    What must have been well for a time has been for as long as before. The clocks of people go on through a machine's
    sleep, and where the clock was set back they have no more time than before: to be late by mistake is told, and to
    be in time by mistake is not.
    """
    back_s = min(0.0, by_s)
    for found in list(state.incidents.incidents.values()):
        room = found.room
        state.incidents.incidents[found.number] = replace(
            found,
            response=found.response.later(back_s),
            severity_since=found.severity_since + back_s,
            room=None if room is None else replace(room, clock=room.clock.later(back_s)),
            post_mortem=None if found.post_mortem is None else found.post_mortem.later(back_s),
            well_since=None if found.well_since is None else found.well_since + by_s,
            watched_at=found.watched_at + by_s,
        )
        state.changed.add("incidents")
