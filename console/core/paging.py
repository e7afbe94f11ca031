"""Who is to be told of which alert, and when: messages made for the outbox.

An alert waits for `group_wait`, so that what comes together is told together; what was over by then is told as over.
What comes and goes waits twice as long each time that it is told.
It is told again every `repeat` and escalated after `escalate_after`, until somebody acknowledges it. That it is over is
told to everybody who was told that it stands.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from math import inf

from console.core.alerting import CALM_S, Muting, muting
from console.core.alerts import Alert, AlertBook, Flapping, Item, Page, Why
from console.core.outbox import post
from console.core.receivers import Receiver, Route, receivers_of, routes_for, routes_of
from console.core.rollout import Rollout

LEAST_WAIT_S = 5.0
LONGEST_WAIT_S = 300.0
"""What comes and goes is told once in this time at least, while it does."""
REFRESH_S = 60.0
"""How often a receiver that keeps alerts itself is told what stands; it believes each for `OUTLOOK_S`."""
OUTLOOK_S = 600.0
"""How long it believes that an alert stands without hearing of it: long enough for a console to be started again."""


def page(book: AlertBook, rollout: Rollout, at: float, *, is_last: bool = False) -> None:
    """Make the messages that are due at a moment; with `is_last` none waits to be gathered with others."""
    routes = routes_of(rollout)
    if not routes:
        book.resolved.clear()
        return
    muted = {alert.id: muting(book, alert, at) for alert in (*book.alerts.values(), *book.resolved)}
    wait_s = -inf if is_last else rollout.alerts.group_wait
    for route in routes:
        _wait(book, routes, route, muted, at)
        _fire(book, routes, route, at, wait_s)
        _repeat(book, routes, route, muted, at=at, repeat_s=rollout.alerts.repeat)
        _escalate(book, routes, route, muted, at)
    _resolve(book, routes, at)
    _refresh(book, routes, at)


def _of(alerts: Iterable[Alert], routes: Sequence[Route], route: Route) -> list[Alert]:
    return [alert for alert in alerts if route in routes_for(routes, alert.found)]


def _put(book: AlertBook, alert: Alert) -> None:
    """Keep an alert, whether it stands or is over."""
    book.changes += 1
    if alert.resolved_at is None:
        book.alerts[alert.key] = alert
    else:
        book.resolved = [alert if one.id == alert.id else one for one in book.resolved]


def _paged(alert: Alert, route: Route, change: Callable[[Page], Page], told: Iterable[Receiver] = ()) -> Alert:
    pages = {**alert.pages, route.ref: change(alert.pages.get(route.ref, Page()))}
    return replace(alert, pages=pages, told={**alert.told, **{one.ref: one.label for one in told}})


def _wait(
    book: AlertBook, routes: Sequence[Route], route: Route, muted: Mapping[str, Muting | None], at: float
) -> None:
    """Let what nobody was told of wait, and what is muted not."""
    for alert in _of([*book.alerts.values(), *book.resolved], routes, route):
        known = alert.pages.get(route.ref, Page())
        if known.told_at is not None:
            continue
        if muted[alert.id] is not None and known.waits_since is not None:
            _put(book, _paged(alert, route, lambda page: replace(page, waits_since=None)))
        elif muted[alert.id] is None and known.waits_since is None and alert.resolved_at is None:
            _put(book, _paged(alert, route, lambda page: replace(page, waits_since=at)))


def _fire(book: AlertBook, routes: Sequence[Route], route: Route, at: float, wait_s: float) -> None:
    waiting = [alert for alert in _of([*book.alerts.values(), *book.resolved], routes, route) if _waits(alert, route)]
    if not any(_is_urgent(alert) or _is_ripe(book, alert, route, at, wait_s) for alert in waiting):
        return
    post(book, route, route.to, Why.FIRING, [_item(alert) for alert in waiting], at=at)
    for alert in waiting:
        told = route.to if alert.resolved_at is None else ()
        _put(book, _paged(alert, route, lambda page: replace(page, waits_since=None, told_at=at, last_at=at), told))


def _is_urgent(alert: Alert) -> bool:
    return alert.found.is_urgent or alert.found.is_escalation


def _is_ripe(book: AlertBook, alert: Alert, route: Route, at: float, wait_s: float) -> bool:
    """Return whether an alert waited for long enough; what comes and goes waits longer, and never for hours."""
    since, known = alert.pages[route.ref].waits_since, book.flapping.get(alert.key)
    if known is not None and wait_s >= 0:
        doubled_s = max(LEAST_WAIT_S, wait_s) * 2.0 ** min(known.messages, 10)
        wait_s = max(wait_s, min(LONGEST_WAIT_S, doubled_s))
    return since is not None and at - since >= wait_s


def _waits(alert: Alert, route: Route) -> bool:
    page = alert.pages.get(route.ref, Page())
    return page.told_at is None and page.waits_since is not None


def _repeat(
    book: AlertBook,
    routes: Sequence[Route],
    route: Route,
    muted: Mapping[str, Muting | None],
    *,
    at: float,
    repeat_s: float,
) -> None:
    due = [
        alert
        for alert in _of(book.alerts.values(), routes, route)
        if alert.acknowledged is None
        and muted[alert.id] is None
        and (last := alert.pages.get(route.ref, Page()).last_at) is not None
        and at - last >= repeat_s
    ]
    if not due:
        return
    is_escalated = any(alert.pages[route.ref].escalated_at is not None for alert in due)
    everybody = (*route.to, *(route.escalate_to if is_escalated else ()))
    people = tuple(one for one in everybody if not one.keeps_alerts and not _is_to_hear(book, one, due))
    post(book, route, people, Why.REPEATED, [_item(alert) for alert in due], at=at)
    for alert in due:
        _put(book, _paged(alert, route, lambda page: replace(page, last_at=at), people))


def _is_to_hear(book: AlertBook, receiver: Receiver, alerts: Iterable[Alert]) -> bool:
    """Return whether a message of each of some alerts waits for a receiver already."""
    waiting = {item.alert for one in book.outbox.values() if one.receiver == receiver.ref for item in one.items}
    return waiting.issuperset(alert.id for alert in alerts)


def _escalate(
    book: AlertBook, routes: Sequence[Route], route: Route, muted: Mapping[str, Muting | None], at: float
) -> None:
    """Tell the next ones; what a source that went down mutes was told before, and nobody reacted to it."""
    if route.escalate_after_s is None:
        return
    due = []
    for alert in _of(book.alerts.values(), routes, route):
        known, by = alert.pages.get(route.ref, Page()), muted[alert.id]
        is_silenced = by is not None and by.is_silence
        if alert.acknowledged is not None or is_silenced or known.told_at is None or known.escalated_at is not None:
            continue
        if alert.found.is_escalation or at - known.told_at >= route.escalate_after_s:
            due.append(alert)
    if due:
        post(book, route, route.escalate_to, Why.ESCALATED, [_item(alert) for alert in due], at=at)
    for alert in due:
        change = _paged(alert, route, lambda page: replace(page, escalated_at=at, last_at=at), route.escalate_to)
        _put(book, change)


def _resolve(book: AlertBook, routes: Sequence[Route], at: float) -> None:
    """Tell that alerts are over, to everybody who was told that they stand."""
    over = [one for one in book.resolved if not any(_waits(one, route) for route in routes_for(routes, one.found))]
    if not over:
        return
    for route in routes:
        for receiver in (*route.to, *route.escalate_to):
            told = [alert for alert in over if receiver.ref in alert.told and not _again(book, alert, receiver)]
            for why in (Why.RESOLVED, Why.UNWATCHED):
                items = [_item(alert) for alert in told if bool(alert.unwatched) is (why is Why.UNWATCHED)]
                if items:
                    post(book, route, (receiver,), why, items, at=at)
    _note_flapping(book, over, at)
    gone = {alert.id for alert in over}
    book.resolved = [alert for alert in book.resolved if alert.id not in gone]
    book.changes += 1


def _note_flapping(book: AlertBook, over: Iterable[Alert], at: float) -> None:
    """Note what came and went, and forget what has been calm since."""
    for alert in over:
        known, over_at = book.flapping.get(alert.key), at if alert.resolved_at is None else alert.resolved_at
        messages = 0 if known is None or alert.times == 1 else known.messages
        book.flapping[alert.key] = Flapping(alert.times, messages + alert.is_told, over_at)
    book.flapping = {key: one for key, one in book.flapping.items() if at - one.over_at <= CALM_S}


def _again(book: AlertBook, over: Alert, receiver: Receiver) -> bool:
    """Return whether a receiver was told already that the trouble of an alert that is over is back."""
    newer = book.alerts.get(over.key)
    return newer is not None and receiver.ref in newer.told


def _refresh(book: AlertBook, routes: Sequence[Route], at: float) -> None:
    """Tell those that keep alerts themselves what stands, muted or not: what they do not hear of, they take as over."""
    busy = {delivery.receiver for delivery in book.outbox.values()}
    for route in routes:
        for receiver in (*route.to, *route.escalate_to):
            if not receiver.keeps_alerts or receiver.ref in busy:
                continue
            items = [_item(alert) for alert in book.alerts.values() if receiver.ref in alert.told]
            if items and at - book.refreshed.get(receiver.ref, 0.0) >= REFRESH_S:
                post(book, route, (receiver,), Why.REFRESHED, items, at=at)


def _item(alert: Alert) -> Item:
    told, found = () if alert.resolved_at is None else tuple(alert.told), alert.found
    if alert.times > 1:
        found = replace(found, text=f"{found.text} ({alert.times} times in a short while)")
    return Item(alert.id, found, alert.started_at, alert.resolved_at, told, alert.unwatched)


def opened(book: AlertBook, rollout: Rollout, marks: Mapping[str, str], at: float, *, is_dry: bool) -> list[str]:
    """Take a book up again, and return what has to be said of it.

    A delivery that was under way is made again. Where messages were not really sent, what stands is told anew, and
    addresses that are others now are told it too. Messages for an address that is gone are given up.
    """
    routes = routes_of(rollout)
    changed = {ref for ref in {*book.addresses, *marks} if book.addresses.get(ref) != marks.get(ref)}
    is_anew = book.is_dry and not is_dry
    told = sorted(ref for ref in changed & set(book.addresses) if ref in receivers_of(routes))
    lost = [one for one in book.outbox.values() if is_anew or one.receiver in changed]
    for delivery in lost:
        del book.outbox[delivery.id]
    for name, delivery in book.outbox.items():
        was_under_way = delivery.began_at is not None
        book.outbox[name] = replace(
            delivery, began_at=None, next_at=at, is_repetition=was_under_way or delivery.is_repetition
        )
    for key, alert in book.alerts.items():
        told_by = {ref: label for ref, label in alert.told.items() if not is_anew and ref not in changed}
        delivered = {ref: when for ref, when in alert.delivered.items() if ref in told_by}
        pages = {} if is_anew else alert.pages
        book.alerts[key] = replace(alert, pages=pages, told=told_by, delivered=delivered)
    for route in routes:
        _tell_changed(book, routes, route, changed, at)
    book.is_dry, book.addresses = is_dry, dict(marks)
    book.changes += 1
    said = [f"the address of {receivers_of(routes)[ref].label} is another one now" for ref in told]
    return said + [f"given up, as its address is another one now: {one.label}" for one in lost if not is_anew]


def left_open(book: AlertBook, marks: Mapping[str, str]) -> tuple[Alert, ...]:
    """Return of a session that another takes the place of what somebody was told of, and not that it is over.

    `marks` are those of the addresses now: whoever has another address since is not told.
    """
    if book.is_dry:
        return ()
    known = {alert.id: alert for alert in (*book.alerts.values(), *book.resolved)}
    for one in book.outbox.values():
        for item in one.items if one.why.is_end else ():
            over = known.get(item.alert) or Alert(item.found, item.started_at, item.resolved_at, item.unwatched)
            known[item.alert] = replace(over, told={**over.told, one.receiver: one.label})
    same = {ref for ref, mark in marks.items() if book.addresses.get(ref) == mark}
    told = (replace(one, told={ref: label for ref, label in one.told.items() if ref in same}) for one in known.values())
    return tuple(alert for alert in told if alert.told)


def replaced(book: AlertBook, rollout: Rollout, alerts: Sequence[Alert], *, session: str, at: float) -> None:
    """Tell everybody who was told of the alerts of another session that nobody watches them there any more."""
    why_not = "the session was replaced by another, which tells anew what still stands"
    ended = [one if one.resolved_at is not None else replace(one, resolved_at=at, unwatched=why_not) for one in alerts]
    for route in routes_of(rollout):
        for receiver in (*route.to, *route.escalate_to):
            for why in (Why.RESOLVED, Why.UNWATCHED):
                told = [
                    one for one in ended if receiver.ref in one.told and bool(one.unwatched) is (why is Why.UNWATCHED)
                ]
                if told:
                    post(book, route, (receiver,), why, [_item(one) for one in told], at=at, session=session)


def _tell_changed(book: AlertBook, routes: Sequence[Route], route: Route, changed: Collection[str], at: float) -> None:
    """Tell receivers whose address is a new one what others of their route were told, and nobody took care of yet."""
    for receiver in (one for one in (*route.to, *route.escalate_to) if one.ref in changed):
        known = [alert for alert in _of(book.alerts.values(), routes, route) if _was_told(alert, route, receiver)]
        missed = [alert for alert in known if receiver.keeps_alerts or _calls(book, alert, at)]
        if missed:
            post(book, route, (receiver,), Why.FIRING, [_item(alert) for alert in missed], at=at)
        for alert in missed:
            _put(book, _paged(alert, route, lambda page: page, (receiver,)))


def _was_told(alert: Alert, route: Route, receiver: Receiver) -> bool:
    """Return whether a receiver would have been told of an alert by now."""
    page = alert.pages.get(route.ref, Page())
    return (page.told_at if receiver in route.to else page.escalated_at) is not None


def _calls(book: AlertBook, alert: Alert, at: float) -> bool:
    return alert.acknowledged is None and muting(book, alert, at) is None
