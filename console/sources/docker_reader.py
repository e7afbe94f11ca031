"""Reads the log of one container: at least once, with keys that make counting a line twice impossible."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from console.sources.base import BLOCK_LINES, BLOCK_S, Backoff, Block, LineSink, Lost, Standing, Unreadable
from console.sources.docker_engine import Engine, Gone, LogStream
from console.sources.docker_find import Container
from console.sources.docker_frames import STREAMS, Cutter, FrameCutter, TerminalCutter

MARGIN_NS = 10 * 10**9
"""How far before the newest line counted reading begins again; the two streams of a container are not in the order
of their times, and may have been committed one after the other."""
IDLE_S = 0.5
RESTART_S = 0.2
"""Pause before a container that runs on is followed again."""
OBSTACLE_S = 30.0
AUDIT_S = 60.0
"""How often the log of a stopped container is looked at again, should its next run have been missed."""
RATE_S = 5.0
"""Over how long the rate of a log is taken."""
RECORD_BYTES = 75
"""What a line takes in the engine's file besides its text."""
FASTEST_ROTATION_S = 1.0
"""A log whose files are full faster than this is rotated under its readers: engines then skip lines, unseen."""
_TAILS = (1_000, 50_000)


@dataclass(frozen=True, slots=True)
class Feed:
    """What the readers of one source share."""

    source: str
    engine: Engine
    sink: LineSink
    standing: Standing
    since_ns: int
    """Where a container is read from that was never read before; 0 for its beginning."""
    nudge: Callable[[], None]
    """Asks for a fresh listing."""


class ContainerReader(threading.Thread):
    """Reads one container until it is removed; wakes when its listing changes."""

    def __init__(self, feed: Feed, container: Container) -> None:
        super().__init__(name=f"logs {feed.source} {container.name}", daemon=True)
        self.container = container
        self.trouble = ""
        """Why it cannot be read now."""
        self.obstacle = ""
        """Why it cannot be read until somebody changes something."""
        self.caution = container.caution
        """What may lose lines although it is read."""
        self._rate = (0, 0)
        """Since which time, in nanoseconds of the engine, how many bytes were logged."""
        self._feed = feed
        self._stopping = threading.Event()
        self._news = threading.Event()
        self._is_listed = True
        counted = {name: feed.sink.resume(feed.source, container.id, name) for name in STREAMS.values()}
        self._counted = {name: key for name, key in counted.items() if key >= 0}
        self._open_ns: int | None = None
        self._has_all = False
        """Whether everything up to the last end of the stream was read."""

    def hear(self, container: Container | None) -> None:
        """Take the newest listing of the container, `None` when it is listed no more."""
        changed = container is None or container.state != self.container.state
        self._is_listed = container is not None
        if container is not None:
            self.container = container
        if changed:
            self._news.set()

    def wake(self) -> None:
        """Try again now: the engine is back."""
        self._news.set()

    def stop(self) -> None:
        """Ask the thread to end."""
        self._stopping.set()
        self._news.set()

    def run(self) -> None:
        """Read until the container is gone or the reader is stopped."""
        pauses = Backoff()
        while not self._stopping.is_set():
            try:
                self._read_to_the_end()
                if not self._is_listed:
                    return  # it exists, but the source follows it no more
                pauses.reset()
                pause_s = RESTART_S
            except Gone:
                self._end()
                return
            except Unreadable as obstacle:
                self.obstacle, self._has_all = str(obstacle), False
                pause_s = OBSTACLE_S
            except Exception as failure:  # noqa: BLE001 - shown as the reason; the other containers are read on
                is_named = isinstance(failure, Lost | OSError)
                self.trouble = str(failure) if is_named else f"unexpected {type(failure).__name__}: {failure}"
                self._has_all = False
                pause_s = pauses.pause_s()
            self._feed.nudge()
            self._news.clear()
            if not self._stopping.is_set():
                self._news.wait(pause_s)

    def _read_to_the_end(self) -> None:
        """Follow until the stream ends, then read what the stream may have left out, and wait for a new start."""
        self._read(is_followed=True)
        self._feed.nudge()
        # At once: when a container is recreated, its log goes within a second of its end.
        self._read(is_followed=False)
        while True:
            self._news.clear()
            if self._stopping.is_set() or (self._is_listed and self.container.is_running):
                return
            self._read(is_followed=False, is_final=True)
            if not self._is_listed:
                return
            self._news.wait(AUDIT_S)

    def _read(self, *, is_followed: bool, is_final: bool = False) -> None:
        cutter, stream = self._open(is_followed=is_followed)
        self._has_all = False
        self.trouble = self.obstacle = ""
        try:
            ended = self._pump(stream, cutter)
            if ended and is_final:
                cutter.finish()
            self._has_all = ended
        finally:
            stream.close()
            self._hand_over(cutter)
            self._open_ns = cutter.open_ns

    def _pump(self, stream: LogStream, cutter: Cutter) -> bool:
        """Read until the end of the stream, which returns true, or until stopped."""
        due = 0.0
        while not self._stopping.is_set():
            within_s = IDLE_S if not cutter.waiting else max(0.01, due - time.monotonic())
            block = stream.read(within_s)
            if block == b"":
                return True
            if block is not None:
                had = cutter.waiting
                cutter.feed(block)
                if not had:
                    due = time.monotonic() + BLOCK_S
                self._feed.standing.seen()
            if cutter.waiting >= BLOCK_LINES or (cutter.waiting and time.monotonic() >= due):
                self._hand_over(cutter)
        return False

    def _watch_rate(self, keys: Sequence[int], lines: Sequence[bytes]) -> None:
        """Suspect a gap when the log is written faster than its rotation lets anybody read it."""
        file_bytes = self.container.file_bytes
        if not file_bytes:
            return
        began_ns, size_bytes = self._rate
        size_bytes += sum(map(len, lines)) + len(lines) * RECORD_BYTES
        passed_s = (keys[-1] - began_ns) / 1e9
        self._rate = (began_ns, size_bytes) if 0 < passed_s < RATE_S else (keys[-1], 0)
        if not RATE_S <= passed_s < 2 * RATE_S:  # after a silence there is no rate
            return
        fills_in_s = file_bytes * passed_s / size_bytes
        had_caution, self.caution = self.caution, self.container.caution
        if fills_in_s < FASTEST_ROTATION_S:
            self.caution = f"rotates its log every {fills_in_s:.1f}s: lines can be lost unseen, raise max-size"
            if had_caution == self.container.caution:
                self._feed.standing.gap(self.container.name, self.caution)

    def _open(self, *, is_followed: bool) -> tuple[Cutter, LogStream]:
        """Return the log from a little before the newest line counted on.

        `since` makes the engine decode the whole log, minutes for a big one; so the last records are asked for
        first, which takes milliseconds, and the first of them tells whether they reach back far enough.
        """
        since_ns = self._resume_ns()
        if since_ns > 0 and self._counted:
            for tail in _TAILS:
                cutter, stream = (
                    self._cutter(),
                    self._feed.engine.logs(self.container.id, is_followed=is_followed, tail=tail),
                )
                try:
                    self._pump_first(stream, cutter)
                except BaseException:
                    stream.close()
                    raise
                if cutter.first_ns is not None and cutter.first_ns <= since_ns:
                    return cutter, stream
                stream.close()
                if cutter.first_ns is None:
                    break
        return self._cutter(), self._feed.engine.logs(self.container.id, is_followed=is_followed, since_ns=since_ns)

    def _pump_first(self, stream: LogStream, cutter: Cutter) -> None:
        """Read until the first record is there, or for two seconds."""
        deadline = time.monotonic() + 2.0
        while cutter.first_ns is None and not self._stopping.is_set():
            left_s = deadline - time.monotonic()
            block = stream.read(left_s) if left_s > 0 else b""
            if not block:
                return
            cutter.feed(block)

    def _cutter(self) -> Cutter:
        floors = {name: max(self._counted.get(name, -1), self._feed.since_ns - 1) for name in STREAMS.values()}
        resume_ns = self._resume_ns()
        anchors = {name: key for name, key in self._counted.items() if key >= resume_ns and key == floors[name]}
        kind = TerminalCutter if self.container.has_terminal else FrameCutter
        return kind(floors, anchors)

    def _resume_ns(self) -> int:
        if not self._counted:
            return self._feed.since_ns
        resume_ns = max(self._counted.values()) - MARGIN_NS
        return max(self._feed.since_ns, resume_ns if self._open_ns is None else min(resume_ns, self._open_ns))

    def _hand_over(self, cutter: Cutter) -> None:
        container = self.container
        for stream, before, after in cutter.gaps():
            self._feed.standing.gap(
                container.name,
                f"the {stream} line of {clock(before)} was gone when it was read again, and the next is of"
                f" {clock(after)}: the log was rotated faster than it was read",
            )
        for stretch in cutter.take():
            self._counted[stretch.stream] = stretch.keys[-1]
            self._watch_rate(stretch.keys, stretch.lines)
            times = [key / 1e9 for key in stretch.keys]
            self._feed.sink.take(
                Block(
                    source=self._feed.source,
                    origin=container.id,
                    stream=stretch.stream,
                    name=container.name,
                    track=container.track,
                    keys=stretch.keys,
                    times=times,
                    lines=stretch.lines,
                )
            )

    def _end(self) -> None:
        """Say so if the container went before all of its log was read."""
        if not self._has_all:
            since = max(self._counted.values(), default=0)
            read = f"read until {clock(since)}" if since else "nothing of it was read"
            self._feed.standing.gap(self.container.name, f"the container was removed, its tail may be lost: {read}")
        self._feed.sink.ended(self._feed.source, self.container.id)
        self._feed.nudge()


def clock(key: int) -> str:
    """Return the time of a line as people write it, in UTC."""
    return datetime.fromtimestamp(key / 1e9, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + " UTC"
