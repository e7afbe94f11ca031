"""Reads the log of one container: in its order as far as it goes, then following it, then in its order again.

Only a read without following is conclusive: it gives the records in the order in which they were written, each once.
A follow stream repeats lines and leaves lines out. So it is opened only where everything before was counted, and what
it gives out of order, or with a jump that may hide something, is looked up in the log before it is counted.

`since` makes the engine decode the whole log, minutes for a big one, and old engines then hide lines whose times went
back. So the last records are asked for instead, more and more of them until they reach back far enough.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from console.sources.base import BLOCK_LINES, BLOCK_S, LineSink, Lost, Standing
from console.sources.docker_clock import EngineClock
from console.sources.docker_engine import Engine, LogStream
from console.sources.docker_find import Container
from console.sources.docker_frames import Cutter, EngineFault, FrameCutter, TerminalCutter
from console.sources.docker_halves import NEVER, Knows, Order, OutOfOrder, Place
from console.sources.docker_jumps import escapes_in, size_of
from console.sources.docker_ledger import Ledger
from console.sources.docker_losses import Loss, Losses, clock
from console.sources.docker_mending import Mender
from console.sources.docker_tails import SHORT_TAILS, TAILS, readable_tail

IDLE_S = 0.5
AUDIT_FIRST_S = 3.0
AUDIT_S = 60.0
"""How long a stream is silent before the log is looked at, and how often after that."""
BLOCK_BYTES = 4 * 1024 * 1024
"""How much is read at most before it is counted, however few lines it is."""
CHECK_S = 0.01
"""How long to wait for more while the log is being read again around a jump."""
FULL_SHARE = 0.85
"""What is reckoned of the size of a log's files may be so much too small."""
ALONE_NS = 10**9
SETTLE_S = 2.0
"""How long a stream may leave open whether what it gives is new."""
UNSETTLED_LINES = 200_000
"""How many lines may wait for it."""


@dataclass(frozen=True, slots=True)
class Feed:
    """What the readers of one source share."""

    source: str
    engine: Engine
    sink: LineSink
    standing: Standing
    clock: EngineClock
    since_s: float | None
    """From which moment of this machine a container is read that was never read before; `None` for its beginning."""
    nudge: Callable[[], None]
    """Asks for a fresh listing."""
    followed: Callable[[], int]
    """How many containers are followed now."""


class OnOpen(Protocol):
    """Is told when a log was opened."""

    def __call__(self, *, is_followed: bool) -> None:
        """Take it up."""
        ...


class Stopped(Exception):
    """The reader was asked to end."""


class Reading:
    """The passes over one container's log."""

    def __init__(self, feed: Feed, container: Container, stopping: threading.Event, on_open: OnOpen) -> None:
        since_ns = 0 if feed.since_s is None else max(0, feed.clock.key_at(feed.since_s))
        self.ledger = Ledger(feed.source, container, feed.sink, feed.clock, since_ns, followed=feed.followed)
        self.losses = Losses(feed.standing, self.ledger.expected)
        self.ledger.before_count = self.tell_losses
        self.mender = Mender(self.ledger, self.losses, self._open, self._apart, self._blocks)
        self._feed = feed
        self._stopping = stopping
        self._on_open = on_open
        self._has_seen_beginning = False
        self._stuck_at: int | None = None
        """The newest line counted when the engine could not read on behind it last; `None` if it always could."""
        self._torn: Cutter | None = None
        """Has a line without an end, which nobody will go on with if the container is removed."""

    # -- in order ------------------------------------------------------------------------------------------------

    def catch_up(self) -> None:
        """Count everything that is in the log. Raises `Gone`, `Lost`, `Unreadable` or `Stopped`."""
        began = self.ledger.moment()
        self._read_to_the_end()
        if self.ledger.open_ns is not None:
            process = self._feed.engine.process_of(self.ledger.container.id)
            if not process.is_running or self.ledger.open_ns < process.started_ns:
                # Read once more: the process may have ended its line, and then itself, since it was read.
                self._read_to_the_end(over_ns=process.started_ns if process.is_running else NEVER)
        self.ledger.caught_up(began)
        self.tell_losses()

    def look_at_beginning(self) -> None:
        """Note what was rotated away of a log before it is read for the first time. Raises as `catch_up` does."""
        container = self.ledger.container
        if self._has_seen_beginning or self.ledger.newest >= 0 or not container.file_bytes:
            return
        began_ns = max(self.ledger.since_ns, container.created_ns)
        first_ns = self._first_ns_if_full(began_ns)
        self._has_seen_beginning = True
        if first_ns is not None:
            said = f"the log begins at {clock(first_ns)}: what was there before was rotated away"
            self.losses.note(Loss(f"{said} before it was read for the first time", began_ns, first_ns))
            self.tell_losses()

    def _first_ns_if_full(self, began_ns: int) -> int | None:
        """Return when the log begins, if it begins after a moment, and holds so much that it may have held more.

        What a log holds is known only from reading it. With a single file nobody can know, so a second is enough.
        """
        container = self.ledger.container
        full_bytes = (container.files - 1) * container.file_bytes * FULL_SHARE
        cutter = self._apart({})
        stream, size_bytes = self._feed.engine.logs(container.id, is_followed=False), 0
        try:
            for block in self._blocks(stream, cutter):
                size_bytes += escapes_in(block) if container.is_json else 0
                size_bytes += sum(size_of(each.lines, is_json=container.is_json) for each in cutter.take())
                first_ns = cutter.first_ns
                if first_ns is not None and first_ns <= began_ns + (ALONE_NS if container.files == 1 else 0):
                    return None
                if first_ns is not None and size_bytes >= full_bytes:
                    return first_ns
        except EngineFault:
            return None  # it is told when the log is read
        finally:
            stream.close()
        return None

    def count_torn(self) -> None:
        """Count a line that was left without an end: the container is gone."""
        if self._torn is not None:
            self._torn.finish()
            self.ledger.count(self._torn.take())
        self._torn = None

    def tell_losses(self) -> None:
        """Report what may have been lost."""
        self.losses.tell(self.ledger.container.name, self.ledger.container.track)

    def _read_to_the_end(self, *, over_ns: int = 0) -> None:
        """Count everything; lines that began before `over_ns` have no end to come, as their process is gone.

        A record that the engine cannot read, twice at the same place, is left behind, with a gap.
        """
        try:
            self._read_whole(over_ns=over_ns)
        except EngineFault as fault:
            if self.ledger.newest != self._stuck_at:
                self._stuck_at = self.ledger.newest
                raise
            self._read_behind(fault, over_ns=over_ns)

    def _read_behind(self, fault: EngineFault, *, over_ns: int) -> None:
        """Count what stands behind records that the engine cannot read: as many of the last ones as it can read."""
        tail = readable_tail(self._is_readable)
        if tail == 0:
            raise fault
        cutter, newest = self._in_order(self.ledger.places(is_sought=False)), self.ledger.newest
        stream, is_noted = self._open(tail), False
        try:
            for _ in self._blocks(stream, cutter):
                if not is_noted and cutter.first_ns is not None and cutter.first_ns > newest:
                    since = newest if newest >= 0 else None
                    self.losses.note(Loss(f"{fault}: what it cannot read was left out", since, cutter.first_ns))
                    is_noted = True
                self._count(cutter)
        finally:
            stream.close()
        cutter.finish(over_ns)
        self._count(cutter)
        self._keep_torn(cutter)

    def _is_readable(self, tail: int) -> bool:
        """Return whether the engine can read so many of the last records."""
        cutter, stream = self._apart({}), self._open(tail)
        try:
            for _ in self._blocks(stream, cutter):
                list(cutter.take())
        except EngineFault:
            return False
        finally:
            stream.close()
        return True

    def _read_whole(self, *, over_ns: int) -> None:
        # At the end the whole log twice: an answer that was cut between two records looks like one that has ended.
        for tail in (*self._tails(), None):
            cutter = self._in_order(self.ledger.places())
            if self._read(cutter, tail, over_ns=over_ns):
                return
        # Lines that were counted lately are in it no more.
        gone = {stream: self.ledger.last_of(stream) for stream in cutter.halves.awaiting}
        self.ledger.give_up(gone)
        cutter = self._in_order(self.ledger.places())
        self._read(cutter, None, over_ns=over_ns, gone=gone)

    def _read(self, cutter: Cutter, tail: int | None, *, over_ns: int, gone: Mapping[str, int] | None = None) -> bool:
        """Count what one read gives; returns false if what was counted before does not come in it."""
        stream = self._open(tail)
        is_noted, fed_bytes = False, 0
        try:
            for block in self._blocks(stream, cutter):
                fed_bytes += len(block)
                if tail is not None and self._falls_short(cutter):
                    return False
                is_noted = is_noted or self._note_missed(cutter, gone)
                if cutter.waiting < BLOCK_LINES and fed_bytes < BLOCK_BYTES:
                    continue
                fed_bytes = 0
                if not self._count(cutter) and cutter.waiting >= UNSETTLED_LINES:
                    return False
        except Lost:
            self._count(cutter)
            raise
        finally:
            stream.close()
        if gone and not is_noted:
            self._note_loss(gone, None)
        cutter.finish(over_ns)
        if not self._count(cutter):
            return False
        self._keep_torn(cutter)
        return True

    def _note_missed(self, cutter: Cutter, gone: Mapping[str, int] | None) -> bool:
        """Note what is known to be missing before what was read is counted; returns whether anything is."""
        if gone and cutter.first_ns is not None:
            self._note_loss(gone, cutter.first_ns)
        elif cutter.halves.missed:
            self._note_loss(
                {stream: before for stream, (before, _) in cutter.halves.missed.items()},
                min(after for _, after in cutter.halves.missed.values()),
            )
        else:
            return False
        return True

    def _count(self, cutter: Cutter) -> bool:
        """Count what waits; returns false while it is not known to be new."""
        if cutter.is_settled:
            self.ledger.came_last(cutter.halves.take_found_last())
            self.ledger.count(cutter.take())
        return cutter.is_settled

    def _falls_short(self, cutter: Cutter) -> bool:
        """Whether what is read does not reach back to what was counted before."""
        if cutter.halves.missed:
            return True
        reach_ns = self.ledger.reach_ns
        if reach_ns is None or self.ledger.is_behind:  # where the clock went back, times do not tell; the end will
            return False
        return cutter.first_ns is not None and cutter.first_ns >= reach_ns

    def _note_loss(self, gone: Mapping[str, int], after: int | None) -> None:
        """Note that lines which were counted came no more when they were read again."""
        before = min(gone.values())
        until = after if after is not None and after > before else None
        said = f"the line of {clock(before)} was gone when it was read again"
        said += "" if until is None else f", and the next is of {clock(until)}"
        self.losses.note(Loss(f"{said}: the log was rotated faster than it was read", before, until))

    # -- following -----------------------------------------------------------------------------------------------

    def follow(self) -> None:
        """Count what comes until the stream ends.

        Raises `OutOfOrder` when the log must be read in its order before it can be followed on, and as `catch_up` does.
        """
        for tail in self._tails():
            if self._follow(tail):
                return
        raise OutOfOrder("the last lines counted do not come")

    def _follow(self, tail: int | None) -> bool:
        """Follow from so many records before the end; returns false if these do not reach back far enough."""
        self.mender.begin()
        order = Order.ROTATED if self.ledger.container.file_bytes else Order.FOLLOWED
        cutter = self._cutter(self.ledger.places(), self._knows, order)
        stream = self._open(tail, is_followed=True)
        try:
            if not self._pump(stream, cutter, has_more=tail is not None):
                return False
            self._pass_on(cutter)
            self.mender.flush()
        except (OutOfOrder, Lost, Stopped):
            self._pass_on(cutter)
            raise
        finally:
            stream.close()
            if cutter.is_settled and not cutter.halves.missed:
                self._keep_torn(cutter)
        return True

    def _pump(self, stream: LogStream, cutter: Cutter, *, has_more: bool) -> bool:
        """Read until the end of the stream, which returns true."""
        due, settled_by = 0.0, time.monotonic() + SETTLE_S
        audit_at = time.monotonic() + AUDIT_FIRST_S
        while not self._stopping.is_set():
            waiting = cutter.waiting or len(self.mender.held)
            within_s = CHECK_S if self.mender.is_busy else max(0.01, due - time.monotonic())
            block = stream.read(within_s if waiting else IDLE_S)
            if block == b"":
                cutter.end()
                return True
            if block is None and not waiting and time.monotonic() >= audit_at:
                self.audit()
                audit_at = time.monotonic() + AUDIT_S
            if block is not None:
                cutter.feed(block)
                self._feed.standing.seen()
                audit_at = time.monotonic() + AUDIT_FIRST_S
                if not waiting:
                    due = time.monotonic() + BLOCK_S
                if has_more and self._falls_short(cutter):
                    return False
                if cutter.halves.missed:
                    raise OutOfOrder("the last line counted does not come")
            if self.mender.is_busy or waiting >= BLOCK_LINES or (waiting and time.monotonic() >= due):
                if not cutter.is_settled and (time.monotonic() > settled_by or waiting >= UNSETTLED_LINES):
                    raise OutOfOrder("the last line counted does not come")
                self._pass_on(cutter)
                due = time.monotonic() + BLOCK_S
            self.tell_losses()
        raise Stopped

    def audit(self) -> None:
        """Look whether the log has lines that were not counted.

        After a rotation the streams of old engines may fall silent, and an answer that somebody on the way cut between
        two records looks as one that has ended. Raises `OutOfOrder` if it has, and as `catch_up` does.
        """
        cutter = self._in_order(self.ledger.places(is_sought=False))
        stream = self._open(1)
        try:
            for _ in self._blocks(stream, cutter):
                pass
        finally:
            stream.close()
        if cutter.waiting:
            raise OutOfOrder("the log goes on behind what was read of it")

    def _pass_on(self, cutter: Cutter) -> None:
        """Count what waits, or have it mended first."""
        if not cutter.is_settled or cutter.halves.missed:
            return
        taken = list(cutter.take())
        if not self.ledger.container.file_bytes:
            self.ledger.count(taken)
        elif taken or self.mender.held:
            self.mender.take(taken)

    # -- both ----------------------------------------------------------------------------------------------------

    def _tails(self) -> tuple[int | None, ...]:
        if self.ledger.newest < 0:
            return (None,)
        # Where the engine stumbles over a record, no more than is needed is asked for: it may stand shortly before.
        return (*TAILS, None) if self._stuck_at is None else (*SHORT_TAILS, *TAILS, None)

    def _open(self, tail: int | None, *, is_followed: bool = False) -> LogStream:
        since_ns = self.ledger.since_ns if self.ledger.newest < 0 else 0
        container = self.ledger.container.id
        stream = self._feed.engine.logs(container, is_followed=is_followed, since_ns=since_ns, tail=tail)
        self._on_open(is_followed=is_followed)
        return stream

    def _in_order(self, places: Mapping[str, Place]) -> Cutter:
        return self._cutter(places, self._knows, Order.WRITTEN)

    def _apart(self, places: Mapping[str, Place]) -> Cutter:
        """Return a cutter that another thread may use."""
        return self._cutter(places, None, Order.WRITTEN)

    def _cutter(self, places: Mapping[str, Place], knows: Knows | None, order: Order) -> Cutter:
        kind = TerminalCutter if self.ledger.container.has_terminal else FrameCutter
        return kind(places, knows, order)

    def _knows(self, stream: str, key: int) -> bool:
        return self.ledger.knows(stream, key) or self.mender.held.has(stream, key)

    def _blocks(self, stream: LogStream, cutter: Cutter) -> Iterator[bytes]:
        """Feed a cutter until the end, and yield each block after it. Raises `Lost`, and `Stopped` when asked to."""
        while not self._stopping.is_set():
            block = stream.read(IDLE_S)
            if block == b"":
                cutter.end()
                return
            if block is not None:
                self._feed.standing.seen()
                cutter.feed(block)
                yield block
        raise Stopped

    def _keep_torn(self, cutter: Cutter) -> None:
        """Remember a line that has begun and not ended."""
        self.ledger.open_ns = cutter.open_ns
        self._torn = cutter if cutter.open_ns is not None else None
