"""The thread that reads one container, from when it is listed until it is removed."""

import threading

from console.sources.base import Backoff, Lost, Unreadable
from console.sources.docker_engine import Gone
from console.sources.docker_find import Container
from console.sources.docker_halves import OutOfOrder
from console.sources.docker_losses import Loss, Losses, clock
from console.sources.docker_reading import Feed, Reading, Stopped

RESTART_S = 0.2
"""Pause before a container that runs on is followed again."""
OUTLIVED_NS = 100_000_000
"""An engine that ends in order stops its containers before it hangs up; one that crashed finds them still running when
it starts again, which takes longer than this."""
LOOK_S = 0.5
"""How often the log is looked at while it cannot be followed, because the engine's clock went back."""
OBSTACLE_S = 30.0
AUDIT_S = 60.0
"""How often the log of a stopped container is looked at again, should its next run have been missed."""
FASTEST_ROTATION_S = 1.0
"""A log whose files are full faster than this is rotated under its readers: engines then leave lines out."""


class ContainerReader(threading.Thread):
    """Reads one container until it is removed; wakes when its listing changes."""

    def __init__(self, feed: Feed, container: Container) -> None:
        super().__init__(name=f"logs {feed.source} {container.name}", daemon=True)
        self.trouble = ""
        """Why it cannot be read now."""
        self.obstacle = ""
        """Why it cannot be read until somebody changes something."""
        self.is_gone = False
        """Whether the engine knows the container no more."""
        self._feed = feed
        self._stopping = threading.Event()
        self._news = threading.Event()
        self._is_listed = True
        self._reading = Reading(feed, container, self._stopping, self._opened)
        self._has_all = False
        """Whether everything up to the end of the process was read."""
        self._reads_since_ns = 0
        """When reading of what is known to be all began, by the engine's clock; runs that began before are in it."""
        self._was_lost = False
        """Whether the engine was lost since everything was read."""
        self._broke_at = -1
        """The newest line counted when the stream ended last."""
        self._doubted_at = -1
        """The newest line counted when a stream was out of order."""
        self._failed_at = -1
        """The newest line counted when reading failed last."""

    @property
    def container(self) -> Container:
        """The container as it was listed last."""
        return self._reading.ledger.container

    @property
    def recovered(self) -> int:
        """How many lines the engine left out of its streams and gave when it was asked again."""
        return self._reading.mender.recovered

    @property
    def caution(self) -> str:
        """What may lose lines, or make reading slow, although it is read."""
        if self._reading.ledger.is_behind:
            until = clock(self._reading.ledger.clock_was_at)
            return f"is read in looks until {until}: the engine's clock went back from there"
        fills_in_s = self._reading.ledger.fills_in_s
        if fills_in_s is not None and fills_in_s < FASTEST_ROTATION_S:
            return f"rotates its log every {fills_in_s:.1f}s: lines can be lost, raise max-size"
        return self.container.caution

    def hear(self, container: Container | None) -> None:
        """Take the newest listing of the container, `None` when it is listed no more."""
        changed = container is None or container.state != self.container.state
        self._is_listed = container is not None
        if container is not None:
            self._reading.ledger.container = container
        if changed:
            self._has_all = self._has_all and not (container is not None and container.is_running)
            self._news.set()

    def wake(self, *, is_started: bool = False) -> None:
        """Try again now: the engine is back, or the container was started or stopped."""
        self._has_all = self._has_all and not is_started
        self._news.set()

    def engine_restarted(self, broke_ns: int | None) -> None:
        """Report what the engine may have read and not logged, if the container outlived it.

        `broke_ns` is when the engine hung up, by its clock; `None` for nobody knows. Raises `Lost`.
        """
        try:
            process = self._feed.engine.process_of(self.container.id)
        except (Gone, Unreadable):
            return
        ledger, now_ns = self._reading.ledger, self._feed.clock.now_ns()
        since_ns = self._broke_at if self._broke_at >= process.started_ns else ledger.newest
        # One that was started after the engine hung up may have been read on already.
        if process.is_running and 0 < process.started_ns <= (since_ns if broke_ns is None else broke_ns):
            reason = "the engine was restarted while the container ran on: what it had read and not logged may be lost"
        elif broke_ns is not None and process.finished_ns > broke_ns + OUTLIVED_NS:
            reason = "the engine ended before the container did: what it had read and not logged may be lost"
            now_ns = process.finished_ns
            since_ns = min(since_ns, self._broke_at if self._broke_at >= 0 else broke_ns)
        else:
            return
        losses = Losses(self._feed.standing, lambda _: 0)  # the reader's own are for its own thread
        losses.note(Loss(reason, since_ns, now_ns if now_ns is not None and now_ns > since_ns else None))
        losses.tell(self.container.name, self.container.track)

    def stop(self) -> None:
        """Ask the thread to end."""
        self._stopping.set()
        self._news.set()

    def run(self) -> None:
        """Read until the container is gone or the reader is stopped."""
        try:
            self._run()
        finally:
            self._reading.tell_losses()

    def _run(self) -> None:
        pauses = Backoff()
        while not self._stopping.is_set():
            self._news.clear()
            try:
                pause_s = self._read_on()
                pauses.reset()
                if not self._is_listed:
                    return  # it exists, but the source follows it no more
            except Stopped:
                return
            except OutOfOrder:
                newest = self._reading.ledger.newest
                self._reading.ledger.doubt()
                if newest > self._doubted_at:
                    self._doubted_at = newest
                    continue
                pause_s = pauses.pause_s()  # it is read in order, only without following
            except Gone:
                self._end()
                return
            except Unreadable as obstacle:
                self.obstacle, self._has_all = str(obstacle), False
                pause_s = OBSTACLE_S
            except Exception as failure:  # noqa: BLE001 - shown as the reason; the other containers are read on
                is_named = isinstance(failure, Lost | OSError)
                self.trouble = str(failure) if is_named else f"unexpected {type(failure).__name__}: {failure}"
                self._has_all, self._was_lost = False, True
                newest = self._reading.ledger.newest
                if newest > self._failed_at:  # it gets on: a log that is rotated meanwhile must not wait
                    self._failed_at = newest
                    pauses.reset()
                pause_s = pauses.pause_s()
            self._reading.tell_losses()
            self._feed.nudge()
            self._news.wait(pause_s)

    def _read_on(self) -> float:
        """Read as far as there is anything to read, and return after how many seconds to try again, without news."""
        reading = self._reading
        is_running = self._is_listed and self.container.is_running
        self._reads_since_ns = self._feed.clock.now_ns() or 0
        reading.look_at_beginning()
        if not is_running or reading.ledger.newest >= 0:
            reading.catch_up()
        if not is_running:
            reading.audit()
            self._has_all, self._was_lost = True, False
            return AUDIT_S
        if reading.ledger.is_behind:
            return LOOK_S
        try:
            reading.follow()
        finally:
            self._broke_at = reading.ledger.newest
        # After the engine was lost, the end of a stream may come long before the end of the log.
        self._has_all = not self._was_lost
        self._feed.nudge()
        # At once: when a container is recreated, its log goes within a second of its end.
        reading.catch_up()
        self._has_all, self._was_lost = True, False
        return RESTART_S

    def _opened(self, *, is_followed: bool) -> None:
        self.trouble = self.obstacle = ""
        if is_followed:
            self._has_all = False

    def _end(self) -> None:
        """Say so if the container went before all of its log was read."""
        self.is_gone = True
        ledger = self._reading.ledger
        self._reading.count_torn()
        newest, now_ns = ledger.newest, self._feed.clock.now_ns()
        if not self._has_all or self._was_started_again(newest):
            self._reading.losses.note(
                Loss(
                    "the container was removed, its tail may be lost: "
                    + (f"read until {clock(newest)}" if newest >= 0 else "nothing of it was read"),
                    newest if newest >= 0 else None,
                    now_ns if now_ns is not None and 0 <= newest < now_ns else None,
                )
            )
        ledger.end()
        self._feed.nudge()

    def _was_started_again(self, newest: int) -> bool:
        """Return whether there was another run after that which was read, or nobody can tell."""
        now_ns = self._feed.clock.now_ns()
        if newest < 0 or now_ns is None:
            return False
        try:
            return self._feed.engine.was_started_again(self.container.id, newest, self._reads_since_ns, now_ns)
        except (Gone, Lost, Unreadable):
            return True
