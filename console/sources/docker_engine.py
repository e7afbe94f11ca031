"""A Docker engine and how to reach it.

Listing, inspecting, events and figures go through the Docker SDK. Log bytes do not: the SDK drops which stream a
record belongs to, takes times only as whole seconds or inexact floats, and costs some 20 µs a line. Where our own
requests do not get through, as with a proxy that wants HTTP/1.1, the same bytes are read over the SDK's connection.
"""

import contextlib
import json
import os
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import docker
import docker.errors
import requests

from console.sources.base import Lost, Unreadable
from console.sources.docker_address import Address, dial, resolve
from console.sources.docker_frames import stamp_or_zero
from console.sources.docker_halves import NEVER
from console.sources.docker_streams import CONNECT_S, Gone, LogStream, NotUnderstood, ask, ask_over_sdk
from console.sources.docker_tunnel import Tunnel

ANSWER_S = 30.0
_ANSWER_LIMIT_BYTES = 4 * 1024 * 1024
_OLDEST_API = "1.24"
"""Any version does for asking which versions there are."""

__all__ = ["Engine", "Gone", "LogStream", "Moment"]


@dataclass(frozen=True, slots=True)
class Moment:
    """The same moment on two clocks, in seconds since the epoch."""

    engine_s: float
    here_s: float


_EVENTS_KEPT = 256
_MARGIN = 16
"""With so many fewer events the oldest one was surely not dropped."""


@dataclass(frozen=True, slots=True)
class Process:
    """The process of a container, as the engine says."""

    is_running: bool
    started_ns: int
    """When it was started last, by the engine's clock; 0 for never."""
    finished_ns: int
    """When it ended last, by the engine's clock; 0 for never."""


class Engine:
    """One engine. Thread-safe; every use has a connection of its own."""

    def __init__(self, host: str | None, environment: Mapping[str, str] | None = None) -> None:
        self._environment = dict(os.environ if environment is None else environment)
        self._host = host
        self._lock = threading.Lock()
        self._address: Address | None = None
        self._tunnel: Tunnel | None = None
        self._version: str | None = None
        self._has_understood = False
        """Whether our own requests were answered as an engine does."""

    def __str__(self) -> str:
        return self._host or self._environment.get("DOCKER_HOST") or "the local engine"

    @property
    def caution(self) -> str:
        """What is slower than it could be; empty if nothing is."""
        is_foreign = self._address is not None and self._address.is_foreign
        return "read through the Docker SDK: slower" if is_foreign else ""

    @contextlib.contextmanager
    def client(self, timeout_s: float = 10.0) -> Iterator[docker.DockerClient]:
        """Give a client of the SDK for use in this thread; its failures become `Lost`, but `NotFound` stays."""
        # Asked without the SDK: failures are then said in plain words, and no socket of it stays open.
        version = self._api_version(timeout_s)
        address = self._where()
        made: docker.DockerClient | None = None
        try:
            made = docker.DockerClient(**_given(address, version, timeout_s))
            made.api.trust_env = False  # else certificates named in the environment would replace the engine's own
            yield made
        except docker.errors.NotFound:
            raise
        except docker.errors.APIError as error:
            self._version = None  # the engine may have been replaced by another one
            raise Lost(f"the engine says: {error.explanation or error}") from None
        except requests.Timeout:
            raise Lost(f"the engine at {address} does not answer within {timeout_s:.0f}s") from None
        except (docker.errors.DockerException, requests.RequestException) as error:
            raise Lost(f"the engine at {address} does not answer properly: {error}") from None
        finally:
            if made is not None:
                made.close()

    def ping(self, timeout_s: float = CONNECT_S) -> float | None:
        """Return the engine's time, cut to seconds, if it says so when it answers. Raises `Lost` or `Unreadable`."""
        answer = self._ask("/_ping", timeout_s)
        answer.close()
        return answer.date_s

    def moment(self, timeout_s: float = CONNECT_S) -> Moment:
        """Return the engine's time, exact to about half of what the way there and back takes.

        Raises `Lost` or `Unreadable`.
        """
        asked_s = time.time()
        try:
            engine_s = datetime.fromisoformat(str(self._document("/info", timeout_s)["SystemTime"])).timestamp()
        except (KeyError, ValueError):
            raise Lost("the engine does not say what time it has") from None
        return Moment(engine_s, (asked_s + time.time()) / 2)

    def oldest_event(self, until_ns: int) -> int:
        """Return when the oldest event was that the engine remembers, in nanoseconds; it only grows over a restart.

        An engine keeps its last 256 events in memory, and none over a restart: 0 stands for a full memory, `NEVER` for
        an empty one. Raises `Lost` or `Unreadable`.
        """
        events = self._events(until_ns)
        if not events:
            return NEVER
        return 0 if len(events) > _EVENTS_KEPT - _MARGIN else events[0][0]

    def was_started_again(self, container: str, key: int, since_ns: int, until_ns: int) -> bool:
        """Return whether a container ended after a line and was started since, as far as the engine remembers.

        Fast containers log before the engine notes that they were started. Raises `Lost`.
        """
        wanted = json.dumps({"container": [container], "event": ["start", "die"]})
        has_ended = False
        for at, action in self._events(until_ns, wanted):
            if action == "start" and has_ended and at > since_ns:
                return True
            has_ended = has_ended or (action == "die" and at > key)
        return False

    def _events(self, until_ns: int, wanted: str = "{}") -> list[tuple[int, str]]:
        """Return the events that the engine remembers up to a moment: when they were, in nanoseconds, and what.

        An answer that was cut between two of them looks like one that has ended, so it is asked for twice.
        """
        return max(self._answered_events(until_ns, wanted), self._answered_events(until_ns, wanted), key=len)

    def _answered_events(self, until_ns: int, wanted: str) -> list[tuple[int, str]]:
        asked = urlencode({"since": 1, "until": _moment(until_ns), "filters": wanted})
        answer, body = self._ask(f"/events?{asked}", ANSWER_S), b""
        try:
            while block := answer.read(ANSWER_S):
                body += block
            events = [json.loads(line) for line in body.splitlines()]
            return [(int(event["timeNano"]), str(event["Action"])) for event in events]
        except (ValueError, KeyError, TypeError):
            raise Lost("what answers there is no Docker engine") from None
        finally:
            answer.close()

    def process_of(self, container: str) -> Process:
        """Return what is known of a container's process. Raises `Gone`, `Lost` or `Unreadable`."""
        state = self._document(f"/containers/{container}/json", ANSWER_S).get("State") or {}
        return Process(
            bool(state.get("Running")),
            stamp_or_zero(str(state.get("StartedAt") or "")),
            stamp_or_zero(str(state.get("FinishedAt") or "")),
        )

    def logs(self, container: str, *, is_followed: bool, since_ns: int = 0, tail: int | None = None) -> LogStream:
        """Open the log of a container, both streams with times, from `since_ns` on or the last `tail` records.

        Raises `Gone`, `Unreadable` (the log driver cannot be read) or `Lost`.
        """
        wish: dict[str, str] = {"stdout": "1", "stderr": "1", "timestamps": "1", "follow": "1" if is_followed else "0"}
        if since_ns > 0:
            # Only this form is exact to the nanosecond; floats lose lines and whole seconds repeat them.
            wish["since"] = _moment(since_ns)
        if tail is not None:
            wish["tail"] = str(tail)
        version = f"/v{self._version}" if self._version else ""
        return self._ask(f"{version}/containers/{container}/logs?{urlencode(wish)}", ANSWER_S)

    def close(self) -> None:
        """End the tunnel, if there is one."""
        with self._lock:
            if self._tunnel is not None:
                self._tunnel.close()
                self._tunnel = None

    def _api_version(self, timeout_s: float) -> str:
        """Return the newest version of the API that the engine speaks. Raises `Lost` or `Unreadable`."""
        if self._version is not None:
            address = self._where()
            if not address.is_foreign:
                dial(address, timeout_s).close()
            return self._version
        try:
            self._version = str(self._document("/version", timeout_s)["ApiVersion"])
        except KeyError:
            raise Lost("what answers there is no Docker engine") from None
        return self._version

    def _document(self, path: str, timeout_s: float) -> dict[str, Any]:
        """Return what the engine answers as JSON. Raises `Gone`, `Lost` or `Unreadable`."""
        answer, body = self._ask(path, timeout_s), b""
        try:
            while block := answer.read(timeout_s):
                body += block
                if len(body) > _ANSWER_LIMIT_BYTES:
                    break
            said = json.loads(body)
        except ValueError:
            raise Lost("what answers there is no Docker engine") from None
        finally:
            answer.close()
        if not isinstance(said, dict):
            raise Lost("what answers there is no Docker engine")
        return said

    def _ask(self, path: str, timeout_s: float) -> LogStream:
        address = self._where()
        try:
            if address.is_foreign:
                return ask_over_sdk(self._session(address, timeout_s), address, path, timeout_s)
            answer = ask(address, path, timeout_s)
        except Gone:
            if path != "/_ping":
                raise
            raise Lost("what answers there is no Docker engine") from None
        except NotUnderstood as refused:
            if address.is_foreign or self._has_understood or not self._is_understood_over_sdk(timeout_s):
                raise Lost(str(refused)) from None
            return self._ask(path, timeout_s)
        self._has_understood = True
        return answer

    def _is_understood_over_sdk(self, timeout_s: float) -> bool:
        """Return whether the SDK gets through where our own requests do not; from then on it is asked."""
        foreign = replace(resolve(self._host, self._environment), is_foreign=True)
        try:
            ask_over_sdk(self._session(foreign, timeout_s), foreign, "/_ping", timeout_s).close()
        except (Gone, Lost, Unreadable, NotUnderstood):
            return False
        with self._lock:
            self._address = foreign
        return True

    def _session(self, address: Address, timeout_s: float) -> docker.APIClient:
        try:
            session = docker.APIClient(**_given(address, self._version or _OLDEST_API, timeout_s))
        except (docker.errors.DockerException, requests.RequestException, OSError, ValueError) as error:
            raise Lost(f"the engine at {address} cannot be reached: {error}") from None
        session.trust_env = False
        return session

    def _where(self) -> Address:
        with self._lock:
            if self._address is None:
                self._address = resolve(self._host, self._environment)
            address = self._address
            if not address.is_tunnelled or address.is_foreign:
                return address
            if self._tunnel is None:
                self._tunnel = Tunnel(address.url)
            self._tunnel.ensure()
            path = self._tunnel.socket_path
            return replace(address, url=f"unix://{path}", path=path)


def _moment(at_ns: int) -> str:
    """Return a time as the engine takes it."""
    return f"{at_ns // 10**9}.{at_ns % 10**9:09d}"


def _given(address: Address, version: str, timeout_s: float) -> dict[str, Any]:
    """Return what the SDK wants to know."""
    return {
        "base_url": address.url,
        "tls": address.tls or False,
        "version": version,
        "timeout": max(1, round(timeout_s)),
    }
