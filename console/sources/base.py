"""What every source promises, and how it is kept going.

Nothing here imports a driver: `console.sources.connect` does, when a source is built.
"""

import asyncio
import contextlib
import random
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import NoReturn, Protocol, TypeVar

from console.core.inputs import (
    ContainerNamed,
    GapSuspected,
    Input,
    Reading,
    SkewMeasured,
    SourceChanged,
    SourceSeen,
    Unread,
)
from console.core.probes import Metric
from console.core.text import visible
from console.core.words import SourceState, Table
from queries.loader import Query

Post = Callable[[Input], None]
"""Leaves an input for the engine; may be called from any thread and never blocks."""

BLOCK_LINES = 2_000
"""Most lines handed over at once."""
BLOCK_S = 0.1
"""Longest time that a line waits to be handed over."""
REASON_LIMIT = 400
SEEN_EVERY_S = 1.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines of one stream, in order, handed over to be classified and counted."""

    source: str
    origin: str
    """Identity of the stream's owner: container id, identity of a file, start of a command."""
    stream: str
    name: str
    track: str
    keys: Sequence[int]
    """Grow strictly inside (origin, stream), also over restarts of the reader."""
    times: Sequence[float]
    """Seconds since the epoch."""
    lines: Sequence[bytes]
    """Without their line ends."""


@dataclass(frozen=True, slots=True)
class Attached:
    """From when on the lines of a source are asked for, in seconds since the epoch."""

    looked_at: float = -inf
    """When another console had read everything, or since when this one is asked to; minus infinity for nobody knows."""
    leaves_out_until: float = -inf
    """What stands in a file that was never read, and was not changed later than this, is of before the watch."""


class LineSink(Protocol):
    """Where log readers hand lines over. Thread-safe; the calling thread does the classifying."""

    def resume(self, source: str, origin: str, stream: str) -> int:
        """Return the key of the last line counted, -1 for none."""
        ...

    def known(self, source: str) -> frozenset[str]:
        """Return the origins that were counted from and have not ended."""
        ...

    def named(self, source: str, origin: str) -> tuple[str, str] | None:
        """Return the name and track of a container as an earlier run of the console knew it; `None` if it did not."""
        ...

    def take(self, block: Block) -> None:
        """Count a block; lines that were counted before, which their keys tell, are dropped."""
        ...

    def begin(self, source: str, origin: str, name: str, track: str, key: int) -> None:
        """Note that a stream without a name is counted behind a key, as what stands before it is not asked for."""
        ...

    def ended(self, source: str, origin: str) -> None:
        """Note that an origin will give no line again; `known` leaves it out from now on."""
        ...


class LogSource(Protocol):
    """Reads lines for ever."""

    async def run(self) -> None:
        """Read until cancelled; whatever fails is reported and tried again, so it never returns by itself."""
        ...


class ProbeFailed(Exception):
    """A measurement that could not be made; the text says why, in words that are safe to draw."""

    def __init__(self, reason: str) -> None:
        super().__init__(visible(reason, REASON_LIMIT))


class Unfinished(ProbeFailed):
    """A measurement that goes on with the next one, from where it came to: nothing failed, and nothing is known yet."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a measurement gave."""

    readings: tuple[Reading, ...]
    """One per track; empty if the question has no number as its answer."""
    table: Table | None = None


class Asker(Protocol):
    """Answers the questions that metrics ask of one source."""

    async def ask(self, metric: Metric, query: Query | None) -> Answer:
        """Measure once, within the metric's time-out. Raises `ProbeFailed`, and nothing else."""
        ...

    async def run(self) -> None:
        """Keep in touch until cancelled, so that the state of the source is known between the questions."""
        ...

    async def close(self) -> None:
        """Let connections go."""
        ...


class Lost(Exception):
    """The source does not answer now; it may again without anybody doing something. The text says why."""


class Unreadable(Exception):
    """The source will not answer until somebody changes something; the text says what."""


class Backoff:
    """Growing pauses between attempts, with jitter, so that many consoles do not come back at the same instant."""

    def __init__(self, first_s: float = 0.25, cap_s: float = 15.0) -> None:
        self._first_s = first_s
        self._cap_s = cap_s
        self._attempts = 0

    def pause_s(self) -> float:
        """Return how long to wait before the next attempt, between half and all of the grown pause."""
        grown = min(self._cap_s, self._first_s * 2.0 ** min(self._attempts, 30))
        self._attempts += 1
        return grown * random.uniform(0.5, 1.0)  # noqa: S311 - jitter is no secret

    def reset(self) -> None:
        """Begin with short pauses again, after something worked."""
        self._attempts = 0


class Standing:
    """Tells the engine how a source is doing: each change once, contact at most once a second. Thread-safe."""

    def __init__(self, source: str, post: Post, clock: Callable[[], float] = time.time) -> None:
        self.source = source
        self._post = post
        self._clock = clock
        self._lock = threading.Lock()
        self._said: tuple[SourceState, str, tuple[tuple[str, int], ...], tuple[Unread, ...]] | None = None
        self._seen_at = 0.0

    def live(
        self,
        reason: str = "",
        *,
        parts: dict[str, int] | None = None,
        unread: Sequence[Unread] = (),
        is_quiet: bool = False,
    ) -> None:
        """Report that it answers; the reason is for what the operator should know although it works.

        `unread` are the containers or files, of those in `parts` or beside them, that cannot be read.
        """
        state = SourceState.QUIET if is_quiet else SourceState.LIVE
        safe = [Unread(visible(one.name, 200), one.track, visible(one.reason, REASON_LIMIT)) for one in unread]
        self._tell(state, reason, parts or {}, None, tuple(safe))
        self.seen()

    def retrying(self, reason: str, pause_s: float) -> None:
        """Report that it does not answer, and when it is tried again."""
        self._tell(SourceState.RETRYING, reason, {}, pause_s)

    def unreadable(self, reason: str) -> None:
        """Report that somebody has to change something."""
        self._tell(SourceState.UNREADABLE, reason, {}, None)

    def seen(self) -> None:
        """Report contact."""
        at = self._clock()
        with self._lock:
            if 0 <= at - self._seen_at < SEEN_EVERY_S:
                return
            self._seen_at = at
        self._post(SourceSeen(at, self.source))

    def named(self, origin: str, name: str, track: str, became: str = "") -> None:
        """Report what a container is called, and what became of it."""
        self._post(ContainerNamed(self._clock(), self.source, origin, name, track, visible(became, 200)))

    def gap(
        self,
        name: str,
        reason: str,
        *,
        since: float | None = None,
        until: float | None = None,
        lines_at_most: int | None = None,
        track: str | None = None,
    ) -> None:
        """Report that lines may be missing from the counts, and what is known of when and how many."""
        self._post(
            GapSuspected(
                self._clock(),
                self.source,
                visible(name, 200),
                visible(reason, REASON_LIMIT),
                since=since,
                until=until,
                lines_at_most=lines_at_most,
                track=track,
            )
        )

    def skew(self, skew_s: float, shift_s: float) -> None:
        """Report how far the clock of the source is ahead, and by how much its times are put right."""
        self._post(SkewMeasured(self._clock(), self.source, skew_s, shift_s))

    def _tell(
        self,
        state: SourceState,
        reason: str,
        parts: dict[str, int],
        pause_s: float | None,
        unread: tuple[Unread, ...] = (),
    ) -> None:
        at = self._clock()
        said = (state, visible(reason, REASON_LIMIT), tuple(sorted(parts.items())), unread)
        with self._lock:
            # While it is being retried each attempt has its own time; everything else is said once.
            if said == self._said and pause_s is None:
                return
            self._said = said
        retry_at = None if pause_s is None else at + pause_s
        self._post(SourceChanged(at, self.source, state, said[1], retry_at, parts, unread))


async def supervise(
    work: Callable[[], Awaitable[None]], standing: Standing, backoff: Backoff | None = None
) -> NoReturn:
    """Run `work` again and again until cancelled; each end of it is reported with its reason, and followed by a pause.

    Work that ran for longer than the longest pause counts as having worked, so the pauses begin small again.
    """
    pauses = backoff or Backoff()
    while True:
        began = time.monotonic()
        try:
            await work()
            reason, is_final = "it ended", False
        except Unreadable as obstacle:
            reason, is_final = str(obstacle), True
        except (Lost, ProbeFailed, OSError, TimeoutError) as failure:
            reason, is_final = str(failure) or type(failure).__name__, False
        except Exception as fault:  # noqa: BLE001 - a fault of one source must not blind the others; it is shown
            reason, is_final = f"unexpected {type(fault).__name__}: {fault}", False
        if time.monotonic() - began > 15.0:
            pauses.reset()
        pause_s = pauses.pause_s()
        if is_final:
            standing.unreadable(reason)
        else:
            standing.retrying(reason, pause_s)
        await asyncio.sleep(pause_s)


async def in_daemon(work: Callable[[threading.Event], T], name: str, *, patience_s: float = 2.0) -> T:
    """Run blocking work in a daemon thread of its own and return what it returns.

    The default executor is left alone: blocked readers there would starve name resolution. When cancelled, the
    event given to the work is set, and the thread gets `patience_s` to end.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()
    ended = asyncio.Event()
    stop = threading.Event()

    def settle(value: T | None, fault: BaseException | None) -> None:
        ended.set()
        if done.done():
            return
        if fault is not None:
            done.set_exception(fault)
        else:
            done.set_result(value)  # type: ignore[arg-type]

    def body() -> None:
        value: T | None = None
        fault: BaseException | None = None
        try:
            value = work(stop)
        except Exception as raised:  # noqa: BLE001 - it is raised again in the task that waits
            fault = raised
        try:
            loop.call_soon_threadsafe(settle, value, fault)
        except RuntimeError:  # the loop is closed: nobody waits any more
            return

    threading.Thread(target=body, name=name, daemon=True).start()
    try:
        return await done
    except asyncio.CancelledError:
        stop.set()
        # A thread stuck in a system call is left behind: it is a daemon and holds nothing that must be saved.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                await ended.wait()
        raise
