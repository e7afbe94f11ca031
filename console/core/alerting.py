"""Alerts as they are raised, muted, acknowledged and resolved: a fold over what is found and what people say.

Nothing here sends anything: `core.paging` makes the messages and `core.outbox` keeps them until they arrived.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from console.core.alert_findings import Findings
from console.core.alerts import Alert, AlertBook, AlertKind, Finding, Item, Page, Said, Silence
from console.core.inputs import AlertAcknowledged, SilenceEnded, SilenceMade
from console.core.outbox import LAST_RETRY_S
from console.core.record import Record
from console.core.runs import later

CALM_S = 1800.0
"""A trouble that was over for so long is a new one when it comes again."""
_OWN_RECORD = (AlertKind.BLIND, AlertKind.SHARE)
"""What has no record of its own in the journal: a verdict, a source, a budget and an action have."""


@dataclass(frozen=True, slots=True)
class Muting:
    """Why nobody is told of an alert."""

    is_silence: bool
    text: str


def see(book: AlertBook, seen: Findings, at: float) -> list[Record]:
    """Raise what is new, keep what stands or is not known, resolve what is over; return what the journal says of it."""
    records = list(_expired(book, at))
    found = {one.key: one for one in seen.found if one.is_told}
    for key, one in found.items():
        alert = book.alerts.get(key)
        if alert is not None:
            book.alerts[key] = replace(alert, found=one)
        elif at - one.since >= one.ripe_s:
            book.alerts[key] = _raised(book, one, at)
            book.changes += 1
            if one.kind in _OWN_RECORD:
                records.append(_record(at, book.alerts[key], one.text))
    for key, alert in list(book.alerts.items()):
        if key not in found and not seen.is_unknown(alert.found):
            over = replace(book.alerts.pop(key), resolved_at=at, unwatched=seen.unwatched(alert.found))
            book.resolved.append(over)
            book.changes += 1
            if over.unwatched:
                records.append(_record(at, over, f"no longer watched, as {over.unwatched}: {alert.found.text}"))
            elif alert.found.kind in _OWN_RECORD:
                records.append(_record(at, over, f"over: {alert.found.text}"))
    return records


def _raised(book: AlertBook, found: Finding, at: float) -> Alert:
    """Return a new alert; it takes the place of an earlier one of the same trouble that nobody was told of yet."""
    known = book.flapping.get(found.key)
    if known is not None and at - known.over_at > CALM_S:
        del book.flapping[found.key]
        known = None
    times, pages = 0 if known is None else known.times, dict[str, Page]()
    for earlier in [one for one in book.resolved if one.key == found.key and not one.is_told]:
        book.resolved.remove(earlier)
        times, pages = max(times, earlier.times), {**pages, **earlier.pages}
    return Alert(found, at, pages=pages, times=times + 1)


def _record(at: float, alert: Alert, text: str) -> Record:
    return Record(at, "alert", text, {"alert": alert.key, "severity": alert.found.severity.value})


def _expired(book: AlertBook, at: float) -> Iterator[Record]:
    for silence in [one for one in book.silences.values() if one.until <= at]:
        del book.silences[silence.id]
        book.changes += 1
        yield Record(at, "alert", f"silence of {_pattern(silence)} is over", {"silence": silence.id})


def _pattern(silence: Silence) -> str:
    return f"{silence.severity} {silence.about}".strip()


# -- what people say -------------------------------------------------------------------------------------------------


def acknowledge(book: AlertBook, given: AlertAcknowledged) -> list[Record]:
    """Note that somebody takes care of an alert, and of the warning that it has become worse than; the first counts."""
    alert = book.alerts.get(given.alert)
    if alert is None or alert.acknowledged is not None:
        return []
    book.alerts[given.alert] = replace(alert, acknowledged=Said(given.at, str(given.actor), given.reason))
    book.changes += 1
    body = {"alert": given.alert, "actor": str(given.actor), "reason": given.reason}
    said = f"{alert.found.text}: acknowledged by {given.actor}: {given.reason}"
    milder = [one.key for one in book.alerts.values() if one.found.is_milder_than(alert.found)]
    also = [record for key in milder for record in acknowledge(book, replace(given, alert=key))]
    return [Record(given.at, "acknowledge", said, body), *also]


def silence(book: AlertBook, given: SilenceMade | SilenceEnded) -> list[Record]:
    """Begin or end a silence."""
    book.changes += 1
    if isinstance(given, SilenceEnded):
        ended = book.silences.pop(given.silence, None)
        if ended is None:
            return []
        text = f"silence of {_pattern(ended)} ended by {given.actor}"
        return [Record(given.at, "silence", text, {"silence": given.silence, "actor": str(given.actor)})]
    said = Said(given.at, str(given.actor), given.reason)
    made = Silence(given.silence, given.about, given.severity, given.until, said)
    book.silences[made.id] = made
    body = {
        "silence": made.id,
        "about": made.about,
        "severity": made.severity,
        "until": made.until,
        "actor": said.actor,
        "reason": said.reason,
    }
    return [Record(given.at, "silence", f"{_pattern(made)} silenced by {said.actor}: {said.reason}", body)]


# -- muting ----------------------------------------------------------------------------------------------------------


def muting(book: AlertBook, alert: Alert, at: float) -> Muting | None:
    """Return why nobody is told of an alert now, `None` if nothing mutes it.

    A warning is muted by the critical alert of the same metric or budget, and everything that comes from a source by
    the alert that the source does not answer. An alert that is muted itself still mutes others.
    """
    found = alert.found
    for one in book.silences.values():
        matches = fnmatchcase(found.about, one.about) and one.severity in ("", found.severity)
        if matches and one.until > at:
            return Muting(True, f"silenced by {one.said.actor}: {one.said.reason}")
    for other in book.alerts.values():
        if other.key == alert.key:
            continue
        if found.is_milder_than(other.found):
            return Muting(False, f"muted by {other.found.text}")
        if other.found.is_source_down and found.key != other.key and other.found.about in found.sources:
            return Muting(False, f"muted by {other.found.text}")
    return None


# -- time ------------------------------------------------------------------------------------------------------------


def stepped(book: AlertBook, by_s: float, at: float) -> None:
    """Let everything wait for as long as before, after a step of this machine's clock that was noticed at `at`.

    What came between the step and that moment has the new time already, so nothing began later than now. A silence ends
    when it says, also over a machine's sleep; where the clock was set back it lasts no longer than before.
    """
    if not (book.alerts or book.resolved or book.silences or book.outbox):
        return
    book.alerts = {key: _moved(alert, by_s, at) for key, alert in book.alerts.items()}
    book.resolved = [_moved(alert, by_s, at) for alert in book.resolved]
    for name, one in book.silences.items():
        book.silences[name] = replace(one, until=one.until + min(0.0, by_s))
    for name, delivery in book.outbox.items():
        items = tuple(_item_moved(item, by_s, at) for item in delivery.items)
        book.outbox[name] = replace(delivery, items=items, next_at=min(delivery.next_at + by_s, at + LAST_RETRY_S))
    for key, known in book.flapping.items():
        book.flapping[key] = replace(known, over_at=min(at, known.over_at + by_s))
    book.refreshed = {ref: min(at, told_at + by_s) for ref, told_at in book.refreshed.items()}
    book.changes += 1


def _moved(alert: Alert, by_s: float, at: float) -> Alert:
    """Return an alert that began, and ended, so much earlier where the clock was set back, and keeps its name."""
    back_s = min(0.0, by_s)
    return replace(
        alert,
        started_at=min(at, alert.started_at + back_s),
        resolved_at=later(alert.resolved_at, back_s, at),
        raised_at=alert.started_at if alert.raised_at is None else alert.raised_at,
        pages={ref: _page_moved(page, by_s, at) for ref, page in alert.pages.items()},
    )


def _item_moved(item: Item, by_s: float, at: float) -> Item:
    back_s = min(0.0, by_s)
    started_at, resolved_at = min(at, item.started_at + back_s), later(item.resolved_at, back_s, at)
    return replace(item, started_at=started_at, resolved_at=resolved_at)


def _page_moved(page: Page, by_s: float, at: float) -> Page:
    """Return a page that waits, and is repeated, as it was; to be escalated it has no more time than the clock says.

    While the machine slept nobody acknowledged it either.
    """
    return Page(
        waits_since=later(page.waits_since, by_s, at),
        told_at=later(page.told_at, min(0.0, by_s), at),
        last_at=later(page.last_at, by_s, at),
        escalated_at=later(page.escalated_at, by_s, at),
    )
