"""Alerts as the screen, the snapshot and the reports show them."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from console.core.alert_findings import findings
from console.core.alerting import muting
from console.core.alerts import Alert, AlertBook, Delivery, Finding, Severity
from console.core.frame import AlertView, SilenceView
from console.core.receivers import receivers_of, routes_for, routes_of
from console.core.text import visible
from console.core.words import count_of

if TYPE_CHECKING:
    from console.core.state import State


def views(state: "State", at: float) -> tuple[AlertView, ...]:
    """Return what calls for attention now and what is not known to be over, each with who was told."""
    book, seen = state.alerts, findings(state, at).found
    shown = {one.key: _view(state, one, book.alerts.get(one.key), at) for one in seen}
    going_on = [
        _view(state, alert.found, alert, at)
        for key, alert in book.alerts.items()
        if key not in shown and _is_own(book, alert)
    ]
    return (*shown.values(), *going_on, *_undelivered(book))


def _undelivered(book: AlertBook) -> Iterator[AlertView]:
    """Yield the receivers that do not take what they are to hear of alerts that are over."""
    standing = {alert.id for alert in book.alerts.values()}
    failing: dict[str, Delivery] = {}
    for one in book.outbox.values():
        if one.tries and not any(item.alert in standing for item in one.items):
            failing.setdefault(one.receiver, one)
    for one in failing.values():
        said = f"{one.label} FAILS: {one.error}, {count_of(one.tries, 'attempt')}; it has yet to hear of what is over"
        yield AlertView(one.label, Severity.BLIND.value, visible(said), one.made_at)


def _is_own(book: AlertBook, alert: Alert) -> bool:
    """Whether an alert that is not found now is shown: a warning that became critical is told by that."""
    return not any(alert.found.is_milder_than(other.found) for other in book.alerts.values())


def _view(state: "State", found: Finding, alert: Alert | None, at: float) -> AlertView:
    since = found.since if alert is None else min(found.since, alert.started_at)
    view = AlertView(found.about, found.severity.value, visible(found.text), since)
    if alert is None:
        return view
    status, why = "firing", ""
    muted = muting(state.alerts, alert, at)
    if muted is not None:
        status, why = "silenced" if muted.is_silence else "muted", muted.text
    if alert.acknowledged is not None:
        said = alert.acknowledged
        status, why = "acknowledged", f"acknowledged by {said.actor}: {said.reason}"
    failing = _failing(state.alerts, alert)
    return AlertView(
        view.name,
        view.severity,
        view.text,
        view.since,
        key=alert.key,
        status=status,
        why=visible(why),
        told=visible(_told(state, alert, failing)),
        is_failing=bool(failing),
    )


def _failing(book: AlertBook, alert: Alert) -> list[Delivery]:
    return [one for one in book.outbox.values() if one.tries and any(item.alert == alert.id for item in one.items)]


def _told(state: "State", alert: Alert, failing: list[Delivery]) -> str:
    if not routes_for(routes_of(state.rollout), alert.found):
        return "nobody is told: no route"
    took = "would be told" if state.alerts.is_dry else "told"
    names = _names(state)
    said = [
        f"{names.get(one.receiver, one.label)} FAILS: {one.error}, {count_of(one.tries, 'attempt')}" for one in failing
    ]
    said += [f"{took} {names.get(ref, ref)} {_clock(at)}" for ref, at in alert.delivered.items()]
    return "; ".join(said) or "nobody told yet"


def _names(state: "State") -> dict[str, str]:
    """Return what receivers are called beside an alert: by their service where no other has the same."""
    labels = {ref: receiver.label for ref, receiver in receivers_of(routes_of(state.rollout)).items()}
    services = Counter(label.partition(",")[0] for label in labels.values())
    return {
        ref: service if services[service := label.partition(",")[0]] == 1 else label for ref, label in labels.items()
    }


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M")


def silences(book: AlertBook) -> tuple[SilenceView, ...]:
    """Return the silences that last, those that end first before the others."""
    made = sorted(book.silences.values(), key=lambda one: one.until)
    return tuple(
        SilenceView(one.id, visible(one.about), one.severity, one.until, one.said.actor, visible(one.said.reason))
        for one in made
    )
