"""Answers of an engine as plain bytes, over a connection of our own or, where that does not work, over the SDK's.

With HTTP/1.0 the engine sends the body as it is; that is how our own requests ask. The SDK speaks HTTP/1.1 and gets
each record in a chunk of its own, which costs some 15 µs of processor time each.
"""

import contextlib
import json
import socket
import threading
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

import docker
import docker.errors
import requests
import urllib3

from console.sources.base import Lost, Unreadable
from console.sources.docker_address import Address, dial

CONNECT_S = 5.0
RECV_BYTES = 256 * 1024
SMALL_BYTES = 32 * 1024
"""After a smaller block it is worth while to let more come together."""
GATHER_S = 0.000_25
"""For how long; a socket file holds some 45 KB, which an engine fills in little more."""
HEAD_LIMIT_BYTES = 64 * 1024
_OTHER_HTTP = frozenset({400, 405, 421, 426, 505})
"""What proxies answer to requests in HTTP/1.0, or to ones that are for another host than they think they are."""
_PUMPED_BYTES = 1024 * 1024
"""How much is read ahead of whoever takes it."""


class Gone(Exception):
    """The engine knows no such container."""


class NotUnderstood(Exception):
    """Whatever answers there does not understand our own requests; the text says what it said."""


class LogStream(Protocol):
    """The body of one answer of the engine, in blocks as they come."""

    date_s: float | None
    """The time of the engine when it answered, cut to seconds; `None` if it did not say."""

    def read(self, within_s: float) -> bytes | None:
        """Return the next block, `b""` at the end, or `None` if nothing came in time. Raises `Lost`."""
        ...

    def close(self) -> None:
        """Hang up."""
        ...


class OwnStream:
    """An answer over a connection of our own."""

    def __init__(self, link: socket.socket, first: bytes, date_s: float | None) -> None:
        self.date_s = date_s
        self._link = link
        self._first = first
        self._timeout_s: float | None = None
        self._was_small = False

    def read(self, within_s: float) -> bytes | None:
        """Return the next block, `b""` at the end, or `None` if nothing came in time. Raises `Lost`."""
        if self._first:
            first, self._first = self._first, b""
            return first
        if within_s != self._timeout_s:
            self._link.settimeout(within_s)
            self._timeout_s = within_s
        if self._was_small:
            # An engine writes record by record; who reads each at once costs both of them a change of process.
            time.sleep(GATHER_S)
        try:
            block = self._link.recv(RECV_BYTES)
        except TimeoutError:
            return None
        except OSError as error:
            raise Lost(f"the connection to the engine broke: {error.strerror or error}") from None
        self._was_small = len(block) < SMALL_BYTES
        return block

    def close(self) -> None:
        """Hang up."""
        self._link.close()


class SdkStream:
    """An answer over a connection of the SDK, which has no time-outs: a thread reads ahead."""

    def __init__(self, session: requests.Session, response: requests.Response) -> None:
        self.date_s = _date_s(response.headers.get("Date"))
        self._session = session
        self._response = response
        self._changed = threading.Condition()
        self._blocks: list[bytes] = []
        self._waiting_bytes = 0
        self._has_ended = False
        self._failure = ""
        with contextlib.suppress(OSError, AttributeError):  # what comes of the body may take its time
            self._link.settimeout(None)
        threading.Thread(target=self._pump, name="docker sdk stream", daemon=True).start()

    def read(self, within_s: float) -> bytes | None:
        """Return the next block, `b""` at the end, or `None` if nothing came in time. Raises `Lost`."""
        with self._changed:
            self._changed.wait_for(lambda: self._blocks or self._has_ended, within_s)
            if self._blocks:
                block = b"".join(self._blocks)
                self._blocks.clear()
                self._waiting_bytes = 0
                self._changed.notify()
                return block
            if self._failure:
                raise Lost(f"the connection to the engine broke: {self._failure}")
            return b"" if self._has_ended else None

    def close(self) -> None:
        """Hang up."""
        with self._changed:
            self._has_ended = True
            self._changed.notify()
        with contextlib.suppress(OSError, AttributeError):  # only this wakes a thread that waits for bytes
            self._link.shutdown(socket.SHUT_RDWR)
        self._session.close()

    @property
    def _link(self) -> socket.socket:
        """The socket below, or what the SDK has in its place; raises `AttributeError` where it has none."""
        connection: Any = self._response.raw._connection
        link: socket.socket = connection.sock
        return link

    def _pump(self) -> None:
        failure = ""
        try:
            for block in self._response.raw.stream(RECV_BYTES):
                if not self._leave(block):
                    break
        except (urllib3.exceptions.HTTPError, requests.RequestException, OSError, ValueError, AttributeError) as error:
            failure = str(error) or type(error).__name__
        with self._changed:
            self._has_ended, self._failure = True, failure
            self._changed.notify()

    def _leave(self, block: bytes) -> bool:
        """Leave a block for whoever reads, once there is room; returns whether anybody still does."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting_bytes < _PUMPED_BYTES or self._has_ended)
            self._blocks.append(block)
            self._waiting_bytes += len(block)
            self._changed.notify()
            return not self._has_ended


@dataclass(frozen=True, slots=True)
class _Head:
    status: int
    date_s: float | None
    body: bytes
    """What of the body came with it."""


def ask(address: Address, path: str, timeout_s: float) -> OwnStream:
    """Ask the engine over a connection of our own.

    Raises `Gone`, `Lost` or `Unreadable`, and `NotUnderstood` if it may be worth while to ask in another way.
    """
    link = dial(address, CONNECT_S)
    try:
        link.settimeout(timeout_s)
        wish = f"GET {address.prefix}{path} HTTP/1.0\r\nHost: {address.authority}\r\nUser-Agent: rollout-console"
        link.sendall(f"{wish}\r\n\r\n".encode())
        head = _read_head(link)
        if head.status == 200:
            return OwnStream(link, head.body, head.date_s)
        body = head.body
        while len(body) < HEAD_LIMIT_BYTES and (more := link.recv(4096)):
            body += more
    except TimeoutError:
        link.close()
        raise Lost(f"the engine at {address} does not answer within {timeout_s:.0f}s") from None
    except OSError as error:
        link.close()
        raise Lost(f"the connection to the engine broke: {error.strerror or error}") from None
    except (Lost, NotUnderstood):
        link.close()
        raise
    link.close()
    raise refusal(head.status, body)


def ask_over_sdk(session: docker.APIClient, address: Address, path: str, timeout_s: float) -> SdkStream:
    """Ask the engine over a connection of the SDK, which is closed with the answer.

    Raises `Gone`, `Lost` or `Unreadable`.
    """
    try:
        response = session.get(f"{session.base_url}{path}", stream=True, timeout=timeout_s)
        if response.status_code == 200:
            return SdkStream(session, response)
        refused = refusal(response.status_code, response.content[:HEAD_LIMIT_BYTES])
    except (docker.errors.DockerException, requests.RequestException, OSError) as error:
        refused = Lost(f"the engine at {address} does not answer properly: {error}")
    session.close()
    raise refused


def _read_head(link: socket.socket) -> _Head:
    head = b""
    while b"\r\n\r\n" not in head:
        chunk = link.recv(65536)
        if not chunk or len(head) > HEAD_LIMIT_BYTES:
            raise NotUnderstood("the engine hung up without an answer")
        head += chunk
    fields, _, body = head.partition(b"\r\n\r\n")
    first, *lines = fields.split(b"\r\n")
    words = first.split(b" ", 2)
    if not words[0].startswith(b"HTTP/") or len(words) < 2 or not words[1].isdigit():
        raise NotUnderstood("what answers there is no Docker engine")
    dates = [line[5:].strip().decode("latin-1") for line in lines if line[:5].lower() == b"date:"]
    return _Head(int(words[1]), _date_s(dates[0] if dates else None), body)


def _date_s(said: str | None) -> float | None:
    """Return the time in the head of an answer as seconds since the epoch."""
    try:
        return None if said is None else parsedate_to_datetime(said).timestamp()
    except ValueError:
        return None


def refusal(status: int, body: bytes) -> Exception:
    """Return what an answer other than 200 means."""
    try:
        said = str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        said = body.decode("utf-8", "replace").strip() or "no explanation"
    if status in (404, 409):  # unknown, or already being removed
        return Gone(said)
    if status == 501 or "does not support reading" in said:
        return Unreadable(f"its log driver cannot be read ({said}); run it with the driver json-file or local")
    if status in _OTHER_HTTP:
        return NotUnderstood(f"the engine says: {said} ({status})")
    return Lost(f"the engine says: {said} ({status})")
