"""Follows the logs of the containers that a selector names, through restarts, recreation and engine restarts.

A follow stream is no record: it ends at each stop, and engines repeat or omit lines. So each container is read at
least once, from a little before the last line counted, before every stream and after its end, and the keys of the
lines (nanoseconds of the engine) make counting them twice impossible. When the last line counted does not come again,
lines were lost in between, and that is reported.

One thread per container reads both of its streams over one connection, so the engine decodes each log only once.
"""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import docker
import docker.errors
import requests

from console.core.inputs import Unread
from console.core.rollout import DockerSelector, TrackMatch
from console.sources.base import LineSink, Lost, Standing, Unreadable, in_daemon, supervise
from console.sources.docker_clock import MEASURE_S, EngineClock
from console.sources.docker_engine import Engine, Gone
from console.sources.docker_find import Container, count_by_track, describe, list_containers
from console.sources.docker_halves import NEVER, STREAMS
from console.sources.docker_ledger import container_of
from console.sources.docker_losses import clock
from console.sources.docker_reader import ContainerReader
from console.sources.docker_reading import Feed

LIST_S = 10.0
PING_S = 1.0
_STARTS = frozenset({"start", "restart"})
_BECAME = {"start": "started", "destroy": "was removed"}
_CHANGES = frozenset({"create", "start", "restart", "die", "destroy", "rename", "pause", "unpause"})
OnChange = Callable[[str, str, str], None]
"""Takes the id of a container, what happened to it, and the exit code of its process where it ended."""


class DockerLogs:
    """The log source of a Docker selector."""

    def __init__(
        self,
        engine: Engine,
        selector: DockerSelector,
        tracks: Mapping[str, TrackMatch],
        sink: LineSink,
        standing: Standing,
        *,
        since_s: float | None = None,
    ) -> None:
        self._engine = engine
        self._selector = selector
        self._tracks = tracks
        self._sink = sink
        self._standing = standing
        self._name = standing.source
        self._readers: dict[str, ContainerReader] = {}
        self._listed: dict[str, Container] = {}
        self._nudged = threading.Event()
        self._has_listed = False
        self._clock = EngineClock()
        self._measure_at = 0.0
        self._oldest_event: int | None = None
        """When the oldest event was that the engine remembered; `None` before it was asked."""
        self._broke_ns: int | None = None
        """When the engine hung up, by its clock; `None` while it has not, and while nobody knows its time."""
        followed = lambda: len(self._readers)  # noqa: E731 - asked for each block
        self._feed = Feed(standing.source, engine, sink, standing, self._clock, since_s, self._nudged.set, followed)

    async def run(self) -> None:
        """Follow for ever."""
        try:
            await supervise(lambda: in_daemon(self._watch, f"containers {self._name}"), self._standing)
        finally:
            for reader in self._readers.values():
                reader.stop()
            await in_daemon(lambda _: self._join(), f"end of {self._name}")

    def _join(self) -> None:
        deadline = time.monotonic() + 3.0
        for reader in self._readers.values():
            reader.join(max(0.0, deadline - time.monotonic()))
        self._engine.close()

    def _watch(self, stop: threading.Event) -> None:
        """Keep the readers in step with the engine's listing; returns when stopped, raises when the engine is lost."""
        events = self._listen()
        try:
            self._look_at_clock()
            self._look_for_restart()
            events.start()
            for reader in self._readers.values():
                reader.wake()
            list_at, ping_at = 0.0, time.monotonic() + PING_S
            while not stop.is_set():
                if self._nudged.is_set() or time.monotonic() >= list_at:
                    self._nudged.clear()
                    if not events.is_alive():  # the engine was restarted between two signs of life
                        self._note_broken(events)
                        self._look_for_restart()
                        events = self._listen()
                        events.start()
                    self._list()
                    list_at = time.monotonic() + LIST_S
                if time.monotonic() >= ping_at:
                    self._look_at_clock()
                    self._standing.seen()
                    ping_at = time.monotonic() + PING_S
                self._report()
                self._nudged.wait(0.25)
        finally:
            events.stop()
            self._note_broken(events)

    def _note_broken(self, events: "EventListener") -> None:
        """Note when the engine hung up, the first time since it was last looked at."""
        if self._broke_ns is None:
            self._broke_ns = events.broke_ns if events.broke_ns is not None else self._clock.now_ns()

    def _look_at_clock(self) -> None:
        """Ask for a sign of life, and for the exact time if it is due, or if the clock was set since.

        Raises `Lost` or `Unreadable`.
        """
        date_s = self._engine.ping()
        is_set = date_s is not None and self._clock.is_doubted_by(date_s)
        if time.monotonic() < self._measure_at and not is_set and not self._clock.is_stale:
            return
        self._measure_at = time.monotonic() + MEASURE_S
        try:
            moment = self._engine.moment()
            self._clock.measured(moment.engine_s - moment.here_s)
        except (Lost, Gone):  # a proxy may keep this from us; then whole seconds must do
            if date_s is None:
                return
            self._clock.measured(date_s + 0.5 - time.time())
        if self._clock.skew_s is not None:
            self._standing.skew(self._clock.skew_s, self._clock.shift_s)

    def _look_for_restart(self) -> None:
        """Tell the readers if the engine forgot what it remembered. Raises `Lost` or `Unreadable`."""
        now_ns = self._clock.now_ns()
        if now_ns is None:
            return
        oldest = self._engine.oldest_event(now_ns)
        # One that remembers nothing, now or the last time, cannot show that it ran on.
        before = self._oldest_event
        if before is not None and (oldest > before or before == NEVER):
            for reader in self._readers.values():
                reader.engine_restarted(self._broke_ns)
        self._oldest_event, self._broke_ns = oldest, None

    def _listen(self) -> "EventListener":
        return EventListener(self._engine, self._on_change, self._clock, f"events {self._name}")

    def _on_change(self, container: str, change: str, exit_code: str) -> None:
        """Wake the reader of a container that changed: a short run leaves no trace in the listings around it."""
        reader = self._readers.get(container)
        if reader is not None:
            reader.wake(is_started=change in _STARTS)
            became = f"ended with exit code {exit_code or 'unknown'}" if change == "die" else _BECAME.get(change)
            if became:
                self._standing.named(container, reader.container.name, reader.container.track, became)
        self._nudged.set()

    def _list(self) -> None:
        with self._engine.client() as client:
            found = list_containers(client, self._selector, self._tracks, self._listed)
            self._tell_names(found)
            self._listed = {container.id: container for container in found}
            for origin, reader in list(self._readers.items()):
                reader.hear(self._listed.get(origin))
                # One that was renamed away and back is read again; one that is gone may still be in this listing.
                if not reader.is_alive() and (origin not in self._listed or not reader.is_gone):
                    del self._readers[origin]
            for container in found:
                if container.id not in self._readers and container.state not in ("removing", "dead"):
                    self._readers[container.id] = ContainerReader(self._feed, container)
                    self._readers[container.id].start()
            if not self._has_listed:
                self._report_vanished(client)
                self._has_listed = True

    def _tell_names(self, found: list[Container]) -> None:
        """Report the names and tracks that are new."""
        for container in found:
            before = self._listed.get(container.id)
            if before is None or (before.name, before.track) != (container.name, container.track):
                self._standing.named(container.id, container.name, container.track)

    def _report_vanished(self, client: docker.DockerClient) -> None:
        """Say which containers went while nobody was reading."""
        vanished: dict[str, list[str]] = {}
        for origin in self._sink.known(self._name):
            if container_of(origin) not in self._listed:
                vanished.setdefault(container_of(origin), []).append(origin)
        for container, origins in vanished.items():
            if exists(client, container):
                continue  # it has another name or label now, and is followed no more
            newest = max(
                self._sink.resume(self._name, origin, stream) for origin in origins for stream in STREAMS.values()
            )
            now_ns = self._clock.now_ns()
            name, track = self._sink.named(self._name, container) or (container[:12], None)
            self._standing.gap(
                name,
                f"the container was removed while nobody read it, its tail may be lost: read until {clock(newest)}",
                since=newest / 1e9,
                until=None if now_ns is None or now_ns <= newest else now_ns / 1e9,
                track=track,
            )
            for origin in origins:
                self._sink.ended(self._name, origin)

    def _report(self) -> None:
        containers = list(self._listed.values())
        readers = list(self._readers.values())
        parts = count_by_track(containers)
        unread = [
            Unread(reader.container.name, reader.container.track, reader.obstacle)
            for reader in readers
            if reader.obstacle
        ]
        if unread and len(unread) >= len(containers):
            self._standing.unreadable("; ".join(f"{one.name}: {one.reason}" for one in unread))
            return
        if not containers:
            self._standing.live(f"no container matches {describe(self._selector)}", parts=parts, is_quiet=True)
            return
        notes = [self._engine.caution] if self._engine.caution else []
        notes += [f"{reader.container.name}: {reader.trouble}" for reader in readers if reader.trouble]
        notes += [f"{reader.container.name} {reader.caution}" for reader in readers if reader.caution]
        recovered = sum(reader.recovered for reader in readers)
        if recovered:
            notes.append(f"{recovered:,} lines that streams left out were read again")
        if not parts:
            notes.append("no container is running")
        self._standing.live("; ".join(notes), parts=parts, unread=unread, is_quiet=not parts)


def exists(client: docker.DockerClient, container: str) -> bool:
    """Return whether the engine knows a container."""
    try:
        client.api.inspect_container(container)
    except docker.errors.NotFound:
        return False
    return True


class EventListener(threading.Thread):
    """Tells when a container changes, so that the listing need not be asked for all the time."""

    def __init__(self, engine: Engine, on_change: OnChange, clock: EngineClock, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self.broke_ns: int | None = None
        """When the engine hung up, by its clock; `None` before, and while nobody knows its time."""
        self._engine = engine
        self._on_change = on_change
        self._clock = clock
        self._stopping = threading.Event()
        self._stream: Any = None

    def run(self) -> None:
        """Listen until stopped or until the engine hangs up; the listing goes on without."""
        try:
            with self._engine.client() as client:
                self._stream = client.api.events(decode=True, filters={"type": "container"})
                try:
                    self._listen()
                finally:
                    self._hang_up()
                    # The SDK closes the socket under the answer that reads from it, and never the answer.
                    self._stream._response.close()
        except (
            Lost,
            Unreadable,
            docker.errors.NotFound,
            requests.RequestException,
            OSError,
            ValueError,
            AttributeError,
        ):
            # Closing the stream from another thread ends the loop in one of several ways of the SDK.
            return
        finally:
            self.broke_ns = self._clock.now_ns()

    def _listen(self) -> None:
        for event in self._stream:
            if self._stopping.is_set():
                return
            change = str(event.get("Action", "")).partition(":")[0]
            if change in _CHANGES:
                said = (event.get("Actor") or {}).get("Attributes") or {}
                self._on_change(str(event.get("id", "")), change, str(said.get("exitCode", "")))

    def stop(self) -> None:
        """End it."""
        self._stopping.set()
        self._hang_up()

    def _hang_up(self) -> None:
        if self._stream is None:
            return
        try:
            self._stream.close()
        except (docker.errors.DockerException, requests.RequestException, OSError, AttributeError):
            return  # it was closed already
