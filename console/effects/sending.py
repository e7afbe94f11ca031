"""The small program that hands messages to Apprise: `python -m console.effects.sending`, one order on stdin.

It is a process of its own, so that a receiver that hangs can be given up, and what a hundred services bring along never
weighs on the console. It ends when its stdin does, so that nothing is sent by a console that is gone.
"""

import json
import logging
import os
import sys
import threading
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

KEYED = {
    "json": "Idempotency-Key",
    "jsons": "Idempotency-Key",
    "xml": "Idempotency-Key",
    "xmls": "Idempotency-Key",
    "form": "Idempotency-Key",
    "forms": "Idempotency-Key",
    "mailto": "X-Rollout-Console-Delivery",
    "mailtos": "X-Rollout-Console-Delivery",
}
"""Services that take headers, and the header by which a repetition is told from a new message."""
INCIDENTS = {
    "ilert": "dedup",
    "jira": "alias",
    "opsgenie": "alias",
    "pagerduty": "dedup",
    "pagertree": "dedup",
    "signl4": "dedup",
    "splunk": "entity_id",
    "squadcast": "dedup",
    "victorops": "entity_id",
}
"""Services that keep an incident for each alert, and the setting of their address by which it is known again."""


PINGING = (
    "discord", "fluxer", "fluxers", "guilded", "mastodon", "mastodons", "matrix", "matrixs", "mmost", "mmosts",
    "nctalk", "nctalks", "notifiarr", "revolt", "rocket", "rockets", "ryver", "toot", "toots", "webex", "wxteams",
    "zulip",
)  # fmt: skip
"""Services that ping whoever a text names after an `@`, and to which Apprise hands the text as it is."""


class _Said(logging.Handler):
    """Keeps what Apprise says of what went wrong."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self.lines.append(record.getMessage())


def with_key(address: str, key: str) -> str:
    """Return an address that sends a key along, where its service takes one and the address does not set its own.

    A service that keeps incidents is also asked to close the one of that key when it is told of success.
    """
    scheme, added = urlsplit(address).scheme.lower(), ""
    if scheme in KEYED:
        added = f"%2B{KEYED[scheme]}={quote(key, safe='')}"
    elif scheme in INCIDENTS and parse_qs(urlsplit(address).query).keys().isdisjoint({"action", INCIDENTS[scheme]}):
        added = f"action=map&{INCIDENTS[scheme]}={quote(key, safe='')}"
    return f"{address}{'&' if '?' in address else '?'}{added}" if added else address


def send(address: str, message: dict[str, str]) -> str:
    """Hand a message over and return why it was not taken, empty if it was."""
    import apprise  # noqa: PLC0415 - the wait for the order comes first
    from apprise.plugins.email import base as mail  # noqa: PLC0415 - as above

    said = _Said()
    logging.getLogger("apprise").addHandler(said)
    # A mail that is sent again after a restart has the Message-ID of the first, by which mail systems know it.
    vars(mail)["make_msgid"] = lambda domain=None: f"<{message['key']}@{domain or 'rollout-console'}>"
    asset = apprise.AppriseAsset(app_id="rollout-console", app_desc="rollout-console", async_mode=False)
    services = apprise.Apprise(asset=asset)
    if not services.add(with_key(address, message["key"])):
        return "Apprise does not understand this address"
    title, text = (_quiet(message[part], services) for part in ("title", "text"))
    kind = getattr(apprise.NotifyType, message["kind"].upper())
    is_sent = services.notify(title=title, body=text, notify_type=kind, body_format=apprise.NotifyFormat.TEXT)
    return "" if is_sent else " ".join(said.lines[-2:]) or "not taken"


def _quiet(text: str, services: Iterable[Any]) -> str:
    """Return a text that pings nobody: part of it came from a log or a database.

    What service it is for is asked of Apprise, which knows `https://discord.com/…` too. Discord's own libraries escape
    it in the same way.
    """
    pings = any(urlsplit(service.url()).scheme in PINGING for service in services)
    return text.replace("@", "@\N{ZERO WIDTH SPACE}") if pings else text


def _end_with(stdin: Any) -> None:
    stdin.read()
    os._exit(1)


def main() -> int:
    """Read the order, carry all of it out, and print of each message whether it was taken as soon as that is known."""
    order = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with, args=(sys.stdin,), daemon=True).start()
    for message in order["messages"]:
        print(json.dumps({"error": send(order["address"], message)}), flush=True)
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # the thread that waits for the end of stdin would hold the interpreter up
