"""A log that is answered as an engine does, over no connection: exactly what was written, with its faults."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from console.sources.base import Standing
from console.sources.docker_clock import EngineClock
from console.sources.docker_engine import Process
from console.sources.docker_find import Container
from console.sources.docker_reading import Feed, Reading
from tests.sources.relays import ERROR, Record
from tests.sources.sinks import Mailbox, RecordingSink

START_NS = 1_790_000_000 * 10**9
OUT, ERR = 1, 2
BROKEN = b"broken"
"""Text of a record that the engine cannot read: it says so and ends its answer."""


def record(kind: int, after_ns: int, text: bytes) -> Record:
    return Record(kind, START_NS + after_ns, text + b"\n", is_followed=False)


def app(**more: int) -> Container:
    return Container("c0ffee", "app-1", "app:1", "canary", "running", has_terminal=False, caution="", **more)


@dataclass
class Answer:
    """The body of an answer."""

    body: bytes
    block_bytes: int
    date_s: float | None = None
    at: int = 0
    goes_on: Callable[[], bool] = lambda: False
    """Whether more may come when all of it was read."""

    def read(self, within_s: float) -> bytes | None:
        if self.at == len(self.body) and self.goes_on():
            time.sleep(min(within_s, 0.01))
            return None
        block = self.body[self.at : self.at + self.block_bytes]
        self.at += len(block)
        return block

    def close(self) -> None:
        self.at = len(self.body)


@dataclass
class WrittenLog:
    """An engine that has one log."""

    written: list[Record] = field(default_factory=list)
    streamed: list[Record] | None = None
    """What whoever follows gets instead."""
    block_bytes: int = 256 * 1024
    cut_at: int | None = None
    """After so many bytes answers end."""
    answers: Callable[[list[Record]], list[Record]] = lambda records: records
    """What of the records that it was asked for it answers to whoever does not follow."""
    stays_open: bool = False
    """Whether whoever follows waits at the end."""
    process: Process = field(default_factory=lambda: Process(True, START_NS, 0))

    def logs(self, container: str, *, is_followed: bool, since_ns: int = 0, tail: int | None = None) -> Answer:
        del container, since_ns
        records = self.written if self.streamed is None or not is_followed else self.streamed
        if tail is not None and not (is_followed and self.streamed is not None):
            records = records[-tail:]
        if not is_followed:
            records = self.answers(records)
        body = bytearray()
        for each in records:
            if BROKEN in each.text:
                body += ERROR
                break
            body += each.sent()
        return Answer(bytes(body[: self.cut_at]), self.block_bytes, goes_on=lambda: is_followed and self.stays_open)

    def process_of(self, container: str) -> Process:
        del container
        return self.process


@dataclass
class Reader:
    """What reads such a log, and what it gave."""

    log: WrittenLog
    container: Container = field(default_factory=app)
    sink: RecordingSink = field(default_factory=RecordingSink)
    mail: Mailbox = field(default_factory=Mailbox)
    nudge: Callable[[], None] = lambda: None

    @property
    def feed(self) -> Feed:
        clock = EngineClock()
        clock.measured(0.0)
        standing = Standing("app", self.mail.post)
        return Feed("app", self.log, self.sink, standing, clock, None, self.nudge, lambda: 1)  # type: ignore[arg-type]

    def reading(self) -> Reading:
        return Reading(self.feed, self.container, threading.Event(), lambda **_: None)
