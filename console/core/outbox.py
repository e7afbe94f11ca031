"""Messages on their way: made once, tried until they arrive, and told to others where they cannot.

A delivery keeps its id over restarts, so a receiver that looks at it takes it once. What was handed over when the
console died may have arrived or not; it is handed over again, and says so.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from console.core.alerts import AlertBook, Delivery, Item, Why
from console.core.inputs import DeliveryBegun, DeliveryEnded
from console.core.receivers import Receiver, Route, receivers_of, routes_of
from console.core.record import Record
from console.core.rollout import Rollout
from console.core.words import count_of

FIRST_RETRY_S = 2.0
LAST_RETRY_S = 300.0
FALL_AFTER = 3
"""After so many failures of everybody who should be told, the next ones are."""
KEPT_S = 86_400.0
"""A message that was tried for so long is given up; what still stands is told again."""
KEPT = 200
"""Messages kept for one receiver; beyond that one is given up."""
_SAID_BEFORE = (Why.REPEATED, Why.REFRESHED)
_FALLING = (Why.FIRING, Why.REPEATED, Why.ESCALATED, Why.FALLEN)


def post(
    book: AlertBook,
    route: Route,
    receivers: Iterable[Receiver],
    why: Why,
    items: Sequence[Item],
    *,
    at: float,
    session: str = "",
) -> None:
    """Put a message for each of some receivers into the outbox; `session` is that of the alerts, if another one."""
    book.number += 1
    _post(book, str(book.number), route.ref, receivers, why, items=tuple(items), at=at, session=session)


def _post(
    book: AlertBook,
    message: str,
    route: str,
    receivers: Iterable[Receiver],
    why: Why,
    *,
    items: tuple[Item, ...],
    at: float,
    session: str = "",
) -> None:
    for one in receivers:
        _overtake(book, one.ref, items, session)
        id_ = f"{message}.{one.ref}"
        book.outbox[id_] = Delivery(
            id_, message, one.ref, one.label, route, why, items, at, next_at=at, session=session
        )
        if one.keeps_alerts:
            book.refreshed[one.ref] = at
    book.changes += 1


def _overtake(book: AlertBook, receiver: str, items: Iterable[Item], session: str) -> None:
    """Drop what a receiver was yet to be told of an earlier episode of the same trouble: the newer says how it is.

    What is on its way stays; nobody can take it back.
    """
    newer = {item.found.key: item.alert for item in items}
    for one in list(book.outbox.values()):
        if (one.receiver, one.session) != (receiver, session) or one.began_at is not None:
            continue
        kept = tuple(item for item in one.items if newer.get(item.found.key, item.alert) == item.alert)
        if not kept:
            del book.outbox[one.id]
        elif kept != one.items:
            book.outbox[one.id] = replace(one, items=kept)


def due(book: AlertBook, at: float) -> list[Delivery]:
    """Return what each receiver is to be handed next, if its time has come: what was tried least, then what is oldest.

    What a receiver refuses for itself keeps back nothing else, except what it says of the same trouble: nobody may hear
    that it stands, and after that that it was over before.
    """
    chosen: dict[str, Delivery] = {}
    waiting: dict[str, set[tuple[str, str]]] = {}
    for one in book.outbox.values():
        keys = {(one.session, item.found.key) for item in one.items}
        before = waiting.setdefault(one.receiver, set())
        is_behind = not before.isdisjoint(keys)
        before |= keys
        if is_behind or one.began_at is not None or one.next_at > at:
            continue
        if one.receiver not in chosen or one.tries < chosen[one.receiver].tries:
            chosen[one.receiver] = one
    return list(chosen.values())


def begin(book: AlertBook, given: DeliveryBegun) -> list[Record]:
    """Note that a delivery is being handed over."""
    delivery = book.outbox.get(given.delivery)
    if delivery is not None:
        book.outbox[delivery.id] = replace(delivery, began_at=given.at)
        book.changes += 1
    return []


def end(book: AlertBook, rollout: Rollout, given: DeliveryEnded) -> list[Record]:
    """Take up how a try to deliver ended, and return what the journal has to say about it."""
    delivery = book.outbox.get(given.delivery)
    if delivery is None:
        return []
    book.changes += 1
    return _failed(book, rollout, delivery, given) if given.error else _arrived(book, delivery, given)


def _arrived(book: AlertBook, delivery: Delivery, given: DeliveryEnded) -> list[Record]:
    del book.outbox[delivery.id]
    for other in list(book.outbox.values()):
        is_taken = other.is_taken or other.message == delivery.message
        next_at = given.at if other.receiver == delivery.receiver else other.next_at  # it is back
        book.outbox[other.id] = replace(other, is_taken=is_taken, next_at=next_at)
    _note_delivered(book, delivery, delivery.items, given.at)
    if delivery.why is Why.REFRESHED:
        return []
    how = "would be told (dry run)" if book.is_dry else "told"
    why = "" if delivery.why is Why.FIRING else f" ({delivery.why})"
    return [_record(given, delivery, f"{delivery.label} {how}{why}: {given.title}")]


def _note_delivered(book: AlertBook, delivery: Delivery, items: Iterable[Item], at: float) -> None:
    for item in items:
        alert = book.alerts.get(item.found.key)
        if alert is not None and alert.id == item.alert and not delivery.why.is_end:
            delivered = {**alert.delivered, delivery.receiver: at}
            book.alerts[alert.key] = replace(alert, delivered=delivered)


def _failed(book: AlertBook, rollout: Rollout, delivery: Delivery, given: DeliveryEnded) -> list[Record]:
    tries = max(delivery.tries + 1, given.tries)
    pause_s = min(LAST_RETRY_S, FIRST_RETRY_S * 2.0 ** min(tries - 1, 10))
    _note_delivered(book, delivery, [item for item in delivery.items if item.alert in given.took], given.at)
    rest = tuple(item for item in delivery.items if item.alert not in given.took)
    failed = replace(delivery, items=rest, tries=tries, began_at=None, error=given.error, next_at=given.at + pause_s)
    book.outbox[delivery.id] = failed
    records = [_record(given, failed, f"{delivery.label} NOT told: {given.error}")] if tries == 1 else []
    waiting = [one for one in book.outbox.values() if one.receiver == delivery.receiver]
    later = [one for one in waiting[waiting.index(failed) + 1 :] if one.session == failed.session]
    _overtake(book, delivery.receiver, [item for one in later for item in one.items], failed.session)
    if delivery.id not in book.outbox:
        return records
    failed = book.outbox[delivery.id]
    if delivery.why is Why.REFRESHED:
        del book.outbox[delivery.id]  # the next one says the same, and more
        book.refreshed[delivery.receiver] = given.at
        return records
    next_ones = _fall(book, rollout, failed, given.at)
    if next_ones:
        said = f"{delivery.label} cannot be reached, so {' and '.join(next_ones)} is told: {given.error}"
        records.append(_record(given, failed, said))
    return records + [_give_up(book, given, one) for one in _hopeless(book, book.outbox[delivery.id], given.at)]


def _hopeless(book: AlertBook, failed: Delivery, at: float) -> Iterator[Delivery]:
    """Yield what is given up: what was tried for a day, and where a receiver has too many waiting, the least of them.

    A day counts in tries too, for time in which no console ran or the machine slept is no time in which it was tried.
    Least is an end or a repetition, for an alert that nobody heard of is worse, and then the oldest.
    """
    if at - failed.made_at > KEPT_S and failed.tries >= KEPT_S / LAST_RETRY_S:
        yield failed
        return
    waiting = [one for one in book.outbox.values() if one.receiver == failed.receiver]
    if len(waiting) > KEPT:
        idle = [one for one in waiting if one.began_at is None]
        yield min(idle, key=lambda one: (not (one.why.is_end or one.why in _SAID_BEFORE), one.made_at))


def _give_up(book: AlertBook, given: DeliveryEnded, lost: Delivery) -> Record:
    """Drop a message; where nobody has it, what it told waits to be told again by its route."""
    del book.outbox[lost.id]
    is_known = lost.is_taken or any(one.message == lost.message for one in book.outbox.values())
    for item in () if is_known or lost.why not in (Why.FIRING, Why.FALLEN) else lost.items:
        alert = book.alerts.get(item.found.key)
        if alert is not None and alert.id == item.alert and alert.acknowledged is None and lost.route in alert.pages:
            page = replace(alert.pages[lost.route], waits_since=None, told_at=None, last_at=None)
            book.alerts[alert.key] = replace(alert, pages={**alert.pages, lost.route: page})
    tries = count_of(lost.tries, "attempt")
    return _record(given, lost, f"{lost.label} GIVEN UP after {tries}: {lost.error or 'too many wait'}")


def _record(given: DeliveryEnded, delivery: Delivery, text: str) -> Record:
    body = {
        "delivery": delivery.id,
        "why": delivery.why.value,
        "error": given.error,
        "title": given.title,
        "tries": delivery.tries,
        "alerts": [item.found.key for item in delivery.items],
    }
    return Record(given.at, "told", text, body)


def _fall(book: AlertBook, rollout: Rollout, failed: Delivery, at: float) -> list[str]:
    """Tell others when nobody whom a message is for can be reached; return their labels."""
    same = [one for one in book.outbox.values() if one.message == failed.message]
    is_lost = all(one.tries >= FALL_AFTER and not one.is_taken for one in same)
    if not is_lost or failed.has_fallen or failed.why not in _FALLING:
        return []
    tried = {one.receiver for one in same}
    items = [_as_known_now(book, item) for item in failed.items]
    for one in same:
        book.outbox[one.id] = replace(one, has_fallen=True)
    labels = []
    for receiver in _next_ones(rollout, failed.route, tried):
        new = tuple(item for item in items if receiver.ref not in item.told)
        if new:
            _post(book, failed.message, failed.route, (receiver,), Why.FALLEN, items=new, at=at)
            labels.append(receiver.label)
        for item in new:
            _note_told(book, item, receiver)
    return labels


def _as_known_now(book: AlertBook, item: Item) -> Item:
    """Return an item as over if its end is on its way already: whoever hears of it only now hears no end after it."""
    ends = (end for one in book.outbox.values() for end in one.items if one.why.is_end)
    return next((end for end in ends if end.alert == item.alert), item)


def _note_told(book: AlertBook, item: Item, receiver: Receiver) -> None:
    """Remember who is to hear that an alert is over."""
    known = [book.alerts.get(item.found.key), *book.resolved]
    alert = next((one for one in known if one is not None and one.id == item.alert), None)
    if alert is None or item.resolved_at is not None:
        return
    told = replace(alert, told={**alert.told, receiver.ref: receiver.label})
    if alert.resolved_at is None:
        book.alerts[alert.key] = told
    else:
        book.resolved = [told if one.id == alert.id else one for one in book.resolved]


def _next_ones(rollout: Rollout, route: str, tried: set[str]) -> tuple[Receiver, ...]:
    """Return who is told next: those to whom the route escalates, or else the next address of the file."""
    routes = routes_of(rollout)
    own = next((one.escalate_to for one in routes if one.ref == route), ())
    untried = tuple(one for one in own if one.ref not in tried)
    if untried:
        return untried
    return tuple(one for one in receivers_of(routes).values() if one.ref not in tried)[:1]
