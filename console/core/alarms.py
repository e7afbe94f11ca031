"""What alerts do to the state of a session: they are seen, told of, and people say what they do about them."""

from typing import TYPE_CHECKING

from console.core import alerting, incident_course, outbox, paging
from console.core.alert_findings import findings
from console.core.incident_decisions import decide
from console.core.incidents import Decision, Step
from console.core.inputs import (
    AlertAcknowledged,
    DeliveryBegun,
    DeliveryEnded,
    IncidentDecided,
    SessionOpened,
    SessionReplaced,
    SilenceEnded,
    SilenceMade,
)
from console.core.receivers import marks_of
from console.core.record import Record

if TYPE_CHECKING:
    from console.core.state import State


def watch(state: "State", at: float, *, is_last: bool = False) -> list[Record]:
    """Raise and resolve alerts, and make the messages that are due; with `is_last` none waits for others."""
    before = state.alerts.changes
    records = alerting.see(state.alerts, findings(state, at), at)
    records += incident_course.watch(state, at)
    paging.page(state.alerts, state.rollout, at, is_last=is_last)
    if state.alerts.changes != before:
        state.changed.add("alerts")
    return records


def hear(
    state: "State", given: AlertAcknowledged | SilenceMade | SilenceEnded | DeliveryBegun | DeliveryEnded
) -> list[Record]:
    """Take up what people say of alerts and what became of messages, and return what the journal says of it."""
    state.changed.add("alerts")
    match given:
        case AlertAcknowledged():
            return _acknowledge(state, given)
        case SilenceMade() | SilenceEnded():
            return alerting.silence(state.alerts, given)
        case DeliveryBegun():
            return outbox.begin(state.alerts, given)
        case DeliveryEnded():
            return outbox.end(state.alerts, state.rollout, given)


def _acknowledge(state: "State", given: AlertAcknowledged) -> list[Record]:
    """Note that somebody takes care of an alert; of one of the open incident's, that is to take the incident."""
    records = alerting.acknowledge(state.alerts, given)
    found = state.incidents.open
    if not records or found is None or not incident_course.acknowledged(state, given):
        return records
    took = Decision(Step.TAKE, found.number, text=given.reason)
    return records + decide(state, IncidentDecided(given.at, took, given.actor))


def replaced(state: "State", given: SessionReplaced) -> list[Record]:
    """End the alerts of a session that this one took the place of, at everybody who was told of them."""
    state.changed.add("alerts")
    paging.replaced(state.alerts, state.rollout, given.alerts, session=given.session, at=given.at)
    said = f"this session takes the place of {given.session}; told to be watched no longer: {len(given.alerts)}"
    return [Record(given.at, "alert", said, {"alerts": [one.key for one in given.alerts]})]


def opened(state: "State", given: SessionOpened) -> list[Record]:
    """Take the alerts of a session up again, and return what has to be said of them."""
    state.changed.add("alerts")
    marks = marks_of(state.rollout)
    said = paging.opened(state.alerts, state.rollout, marks, given.at, is_dry=given.is_dry_run)
    return [Record(given.at, "alert", one) for one in said]
