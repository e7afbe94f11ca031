"""Hands the messages of alerts to their receivers, each with a time-out, and never with a secret in it."""

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import parse_qsl, unquote, urlsplit

from console.core.alert_values import values_of
from console.core.alerts import AlertKind, Delivery, Item, Severity, Why
from console.core.receivers import ALERTMANAGER, addresses_of, scheme_of
from console.core.redact import REDACTED, Redactor
from console.core.rollout import AlertTemplate, Rollout
from console.core.text import visible
from console.effects import alertmanager
from console.effects.sending import INCIDENTS

SEND_S = 30.0
"""A receiver that did not take a message after so long is given up for this time."""
AT_ONCE = 4
"""Messages that are on their way at the same time."""
ITEMS_SAID = 20
"""Alerts that one message tells in full."""
_PREFIXES = {
    Why.REPEATED: "STILL ",
    Why.ESCALATED: "ESCALATED, nobody acknowledged it: ",
    Why.FALLEN: "SENT TO YOU as others cannot be reached: ",
}
_HOSTLESS = re.compile(r"[A-Za-z0-9_-]{8,}")


@dataclass(frozen=True, slots=True)
class Composed:
    """A message in words, free of secrets."""

    title: str
    text: str
    each: tuple[tuple[str, str], ...]
    """Title and text of every alert in it."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of a message."""

    title: str
    error: str
    """Why it was not taken; empty if it was."""
    took: tuple[str, ...] = ()
    """Where only a part of it was taken, the alerts of that part."""


class Notifier:
    """Sends deliveries for one session; a dry one composes them and sends nothing."""

    def __init__(self, rollout: Rollout, session: str, redactor: Redactor, *, is_dry_run: bool = False) -> None:
        self._rollout = rollout
        self._session = session
        self._redactor = redactor
        self._addresses = addresses_of(rollout)
        self._is_dry_run = is_dry_run
        self._slots = asyncio.Semaphore(AT_ONCE)

    def keeps_incidents(self, receiver: str) -> bool:
        """Return whether a receiver's service keeps an incident open for each alert until it hears of its end."""
        return scheme_of(self._addresses.get(receiver, "")) in INCIDENTS

    async def send(self, delivery: Delivery, at: float) -> Sent:
        """Hand a delivery over; what goes wrong with its receiver or its text is in the answer."""
        try:
            return await self._send(delivery, at)
        except (OSError, ValueError, ArithmeticError, MemoryError, RuntimeError) as error:
            said = self._redactor.redact(f"{type(error).__name__}: {error}")
            return Sent("", without_address(f"it could not be sent: {said}", self._addresses[delivery.receiver]))

    async def _send(self, delivery: Delivery, at: float) -> Sent:
        address = self._addresses.get(delivery.receiver)
        if address is None:
            return Sent("", "its address is not in the rollout file any more")
        composed = await asyncio.to_thread(self.compose, delivery, at)
        if self._is_dry_run:
            return Sent(composed.title, "")
        async with self._slots:
            if scheme_of(address) in ALERTMANAGER:
                alerts = alertmanager.payload(delivery, composed.each, self._rollout, self._session_of(delivery), at=at)
                failures = [await alertmanager.post(address, alerts, self._key(delivery))]
            else:
                failures = await _by_apprise(address, self.messages(delivery, composed, address))
        error = next(filter(None, failures), "")
        # A receiver that keeps alerts or a single message takes all of it or nothing.
        is_each = error and len(failures) == len(delivery.items)
        each = zip(delivery.items, failures, strict=True) if is_each else ()
        took = tuple(item.alert for item, failure in each if not failure)
        return Sent(composed.title, without_address(self._redactor.redact(error), address), took)

    def _key(self, delivery: Delivery) -> str:
        return f"{self._session}-{delivery.key}"

    def _session_of(self, delivery: Delivery) -> str:
        """Return the session by which services know the alerts of a message."""
        return delivery.session or self._session

    def messages(self, delivery: Delivery, composed: Composed, address: str) -> list[dict[str, str]]:
        """Return what Apprise is handed: one message, or one for each alert where a service keeps incidents."""
        if scheme_of(address) not in INCIDENTS:
            return [_message(composed.title, composed.text, _kind(delivery.items), self._key(delivery))]
        prefix, session = _PREFIXES.get(delivery.why, ""), self._session_of(delivery)
        return [
            _message(prefix + title, text, _closing(item), sha256(f"{session} {item.found.key}".encode()).hexdigest())
            for item, (title, text) in zip(delivery.items, composed.each, strict=True)
        ]

    def compose(self, delivery: Delivery, at: float) -> Composed:
        """Return what a message says: each alert by its template, or by the default where that fails."""
        each = self._said(delivery, at)
        title = each[0][0] if len(each) == 1 else f"{len(each)} alerts: {each[_worst(delivery.items)][0]}"
        prefix = _PREFIXES.get(delivery.why, "")
        paragraphs = [text if len(each) == 1 else f"{one}\n{text}" for one, text in each[:ITEMS_SAID]]
        if len(each) > ITEMS_SAID:
            paragraphs.append(f"and {len(each) - ITEMS_SAID} more")
        if delivery.is_repetition:
            paragraphs.append("Sent again after a restart of the console: it may have reached you before.")
        paragraphs.append(f"delivery {self._key(delivery)}")
        return Composed(visible(prefix + title, 400), "\n\n".join(paragraphs), each)

    def _said(self, delivery: Delivery, at: float) -> tuple[tuple[str, str], ...]:
        """Return title and text of each alert."""
        from console.spec import filling, templates  # noqa: PLC0415 - Jinja is imported when there is something to say

        values = [
            values_of(item, self._rollout, session=self._session_of(delivery), why=delivery.why, at=at)
            for item in delivery.items
        ]
        chosen = [("", None) if item.unwatched else self._template(item) for item in delivery.items]
        own = [
            filling.Filling(template, known, item.resolved_at is not None)
            for item, (_, template), known in zip(delivery.items, chosen, values, strict=True)
            if template is not None
        ]
        filled = iter(filling.fill(own))
        said = []
        for item, (name, template), known in zip(delivery.items, chosen, values, strict=True):
            if item.unwatched:
                said.append(self._unwatched(item, self._session_of(delivery)))
                continue
            is_over = item.resolved_at is not None
            message = None if template is None else next(filled)
            failed = message if isinstance(message, templates.TemplateWrong) else None
            if message is None or isinstance(message, templates.TemplateWrong):
                message = templates.render(templates.DEFAULT, known, is_resolved=is_over)
            title = f"RESOLVED: {message.title}" if is_over else message.title
            note = f"\nThe template {name} of the rollout file failed: {failed}" if failed else ""
            said.append((self._safe(title), self._safe(message.text + note)))
        return tuple(said)

    def _unwatched(self, item: Item, session: str) -> tuple[str, str]:
        """Return title and text of an alert that nobody measures any more; no template says that it is over."""
        title = f"NO LONGER WATCHED: {self._rollout.rollout}: {item.found.text}"
        text = f"{item.found.text}\nNobody knows whether it is over: {item.unwatched}.\n"
        text += f"service {self._rollout.service}, session {session}"
        return self._safe(title), self._safe(text)

    def _template(self, item: Item) -> tuple[str, AlertTemplate | None]:
        for name, template in self._rollout.alerts.templates.items():
            fits = not template.about or item.found.about in template.about
            if fits and template.severity in (None, item.found.severity.value):
                return name, template
        return "", None

    def _safe(self, text: str) -> str:
        return "\n".join(visible(line) for line in self._redactor.redact(text).split("\n"))


def _worst(items: Iterable[Item]) -> int:
    """Return the place of the alert that gives a message of several its title: what stands first, the worst first."""
    ranked = [(item.resolved_at is not None, item.found.severity.rank, place) for place, item in enumerate(items)]
    return min(ranked)[2]


def _message(title: str, text: str, kind: str, key: str) -> dict[str, str]:
    return {"title": title, "text": text, "kind": kind, "key": key}


def _closing(item: Item) -> str:
    """Return the kind for a service that keeps incidents: it closes one only on success, however the alert ended."""
    return _kind((item,)) if item.resolved_at is None else "success"


def _kind(items: Sequence[Item]) -> str:
    """Return what Apprise calls this kind of message."""
    standing = [item for item in items if item.resolved_at is None]
    if not standing:
        return "warning" if any(item.unwatched for item in items) else "success"
    is_bad = any(item.found.severity is Severity.CRITICAL or item.found.kind is AlertKind.ACTION for item in standing)
    return "failure" if is_bad else "warning"


def without_address(text: str, address: str) -> str:
    """Return what a service said without any part of its address, safe to draw; hosts of ordinary addresses stay."""
    parts = urlsplit(address)
    pieces = [address, parts.username, parts.password, *parts.path.split("/"), parts.query]
    pieces += [value for _, value in parse_qsl(parts.query)]
    host = parts.netloc.rpartition("@")[2]
    if "." not in host and ":" not in host and _HOSTLESS.fullmatch(host):
        pieces.append(host)  # slack://TokenA/TokenB: what stands where a host would is a token
    found = {piece for one in pieces if one for piece in (one, unquote(one)) if len(piece) >= 4}
    for piece in sorted(found, key=len, reverse=True):
        text = text.replace(piece, REDACTED)
    return visible(" ".join(text.split()), 300)


async def _by_apprise(address: str, messages: list[dict[str, str]]) -> list[str]:
    """Hand messages to a process that sends them, and end that process if one of them takes too long.

    Returns of each why it was not taken, empty if it was.
    """
    order = {"address": address, "messages": messages}
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "console.effects.sending"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
            start_new_session=True,
        )
    except OSError as error:
        return [f"no process can be started to send it: {error}"] * len(messages)
    failures: list[str] = []
    try:
        async with asyncio.timeout(SEND_S):
            await _ask(process, order)
        while len(failures) < len(messages):
            async with asyncio.timeout(SEND_S):
                failures.append(await _answer(process))
    except TimeoutError:
        return failures + [f"no answer in {SEND_S:.0f} s"] * (len(messages) - len(failures))
    except (OSError, ValueError, KeyError) as error:
        said = f"the process that sends it ended: {type(error).__name__}"
        return failures + [said] * (len(messages) - len(failures))
    else:
        return failures
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # process.kill() may take the exit code from asyncio
        await process.wait()


async def _ask(process: asyncio.subprocess.Process, order: Mapping[str, object]) -> None:
    assert process.stdin is not None  # noqa: S101 - it is a pipe
    process.stdin.write(json.dumps(order).encode() + b"\n")
    await process.stdin.drain()


async def _answer(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    return str(json.loads(await process.stdout.readline())["error"])
