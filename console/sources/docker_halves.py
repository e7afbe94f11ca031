"""One of the two streams of a container's log: which of its records are new lines, and which were counted before.

Inside a stream the times of the engine only grow, so the time of a line in nanoseconds is its key, and whatever has a
greater key than the last line counted is new. When the engine's clock is set back that is no longer so. Then the order
of the log tells, where the log was not followed but read from files: after the last line counted everything is new,
and a smaller key than the one before begins another *era*, with keys of its own.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from console.core.lines import LINE_LIMIT_BYTES, TRUNCATED

STREAMS = {1: "stdout", 2: "stderr"}
SPAN_NS = 5 * 10**9
"""Lines of both streams are handed over in stretches of at most this much log time, one after the other."""
NEVER = 1 << 63
"""Greater than every key."""

Knows = Callable[[str, int], bool]
"""Tells whether the line of a stream with this key was read lately."""


class OutOfOrder(Exception):
    """What came over a stream is neither new nor known; the log must be read in its order before it is followed on."""


class Order(Enum):
    """In which order records come."""

    WRITTEN = auto()
    """As they were written, each once: the log is read and not followed."""
    FOLLOWED = auto()
    """As they were written, unless the log is rotated."""
    ROTATED = auto()
    """Followed over rotations: some may come again, and some not at all."""

    @property
    def may_repeat(self) -> bool:
        """Whether what came may come again."""
        return self is Order.ROTATED


@dataclass(frozen=True, slots=True)
class Stretch:
    """Lines of one stream, in order."""

    stream: str
    keys: list[int]
    lines: list[bytes]
    era: int = 0
    """How often the engine's clock had gone back before them."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the reading of one stream begins."""

    last: int = -1
    """Key of the last line counted, -1 for none."""
    floor: int = -1
    """Lines up to this key are from before the watch and not wanted."""
    is_awaited: bool = False
    """Whether the last line counted must come again; if it does not, lines before what comes were lost."""
    by_order: bool = False
    """Whether the clock went back to before `last`: greater keys do not tell what is new, only the order does."""
    era: int = 0


@dataclass(slots=True)
class Half:
    """What was cut of one of the two streams, and how its next record is judged."""

    stream: str
    place: Place
    order: Order
    knows: Knows
    on_arrival: Callable[["Half"], None] = lambda _: None
    """Called when the stream has come to what is new, and its last line was awaited."""
    is_seeking: bool = False
    """Whether what comes is still from before what is new."""
    has_found: bool = False
    """Whether the last line counted came again."""
    missed: int | None = None
    """Key of the first new line, if the awaited one did not come before it."""
    last: int = -1
    guard: int = -1
    """A whole line with a greater key is new without any further look."""
    era: int = 0
    keys: list[int] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)
    whole: list[Stretch] = field(default_factory=list)
    """Lines of eras that are over."""
    open_key: int | None = None
    """Time of the first part of a line that has not ended."""
    open_parts: list[bytes] = field(default_factory=list)
    open_bytes: int = 0

    def __post_init__(self) -> None:
        self.is_seeking = self.place.last >= 0
        self.era = self.place.era
        self.last = max(self.place.last, self.place.floor)
        self.guard = NEVER if self.is_seeking else self.last

    @property
    def is_awaiting(self) -> bool:
        """Whether the last line counted must come again and has not."""
        return self.is_seeking and self.place.is_awaited

    def keep(self, guard: int) -> None:
        """Note the key of the last whole line that was taken without a further look, if there was one."""
        if guard != NEVER:
            self.last = self.guard = guard

    def wants(self, key: int) -> bool:
        """Return whether a record is new, or goes on with a line that has begun; ends a line that does not go on.

        Raises `OutOfOrder` when only the order of the log can tell.
        """
        if self.open_key is not None:
            if key == self.open_key:
                return True
            self.close()
        return key > self.guard or self._is_new(key)

    def take_record(self, key: int, text: bytes) -> None:
        """Take a record that may be anything but the next whole line: a part of one, or one that came before."""
        if not self.wants(key):
            return
        if self.open_key is None:
            self.open_key, self.guard = key, NEVER
        elif self.order.may_repeat and text in self.open_parts:
            # Parts of a line have no keys of their own, and after a rotation old engines send some again.
            raise OutOfOrder(f"a part of a long line of {self.stream} may have come twice")
        if self.open_bytes <= LINE_LIMIT_BYTES:
            self.open_parts.append(text)
            self.open_bytes += len(text)
        if text.endswith(b"\n"):
            if not self.open_parts[-1].endswith(b"\n"):
                self.open_parts.append(b"\n")
            self.close()

    def add(self, key: int, line: bytes) -> None:
        """Take a whole line that is wanted."""
        self.keys.append(key)
        self.lines.append(line)
        self.last = self.guard = key

    def arrive(self) -> None:
        """From here on everything is new."""
        self.is_seeking = False
        self.guard = self.last

    def close(self) -> None:
        """End the line that has begun, if there is one; a part with another time means that it has no line end."""
        if self.open_key is None:
            return
        text = b"".join(self.open_parts)
        self.add(self.open_key, within_limit(text[:-1].removesuffix(b"\r") if text.endswith(b"\n") else text))
        self.open_key, self.open_bytes = None, 0
        self.open_parts.clear()

    def take(self) -> tuple[list[Stretch], Stretch]:
        """Give the lines of the eras that are over, and those of the present one."""
        whole, self.whole = self.whole, []
        keys, self.keys = self.keys, []
        lines, self.lines = self.lines, []
        return whole, Stretch(self.stream, keys, lines, self.era)

    def _is_new(self, key: int) -> bool:
        return self._is_after_place(key) if self.is_seeking else self._is_after_step(key)

    def _is_after_place(self, key: int) -> bool:
        """Whether a record is new, while the last line counted is still to come."""
        awaited = self.place.is_awaited
        if key == self.place.last:
            self.has_found = True
        elif self.place.by_order or key < self.place.last or key <= self.place.floor:
            return False
        elif awaited:
            self.missed = key
        self.arrive()
        if awaited:
            self.on_arrival(self)
        return not self.has_found

    def _is_after_step(self, key: int) -> bool:
        """Whether a record is new although its key is not greater than the last: the clock went back."""
        if key == self.last or key <= self.place.floor or has(self.keys, key) or self.knows(self.stream, key):
            return False
        if self.order is not Order.WRITTEN:
            raise OutOfOrder(f"a line of {self.stream} is older than the one before")
        if self.keys:
            self.whole.append(Stretch(self.stream, self.keys, self.lines, self.era))
            self.keys, self.lines = [], []
        self.era += 1
        return True


class Halves:
    """Both streams of a log."""

    def __init__(self, places: Mapping[str, Place], knows: Knows | None, order: Order) -> None:
        self.by_kind = {
            kind: Half(name, places.get(name, Place()), order, knows or _knows_nothing, self._arrived)
            for kind, name in STREAMS.items()
        }
        self._found_last = ""

    def _arrived(self, arrived: Half) -> None:
        """End the seeking of the other stream too once no awaited line is to come."""
        if arrived.has_found:
            self._found_last = arrived.stream
        halves = self.by_kind.values()
        if not any(half.is_awaiting for half in halves):
            for half in halves:
                if half.is_seeking:
                    half.arrive()

    def take_found_last(self) -> str:
        """Give the stream whose awaited line came last, once; empty for none."""
        found, self._found_last = self._found_last, ""
        return found

    @property
    def awaiting(self) -> list[str]:
        """Streams whose last counted line must come again and has not."""
        return [half.stream for half in self.by_kind.values() if half.is_awaiting]

    @property
    def missed(self) -> dict[str, tuple[int, int]]:
        """Streams whose awaited line did not come: its key, and that of the first line that came."""
        found = {}
        for half in self.by_kind.values():
            if half.missed is not None:
                found[half.stream] = (half.place.last, half.missed)
        return found

    def take(self) -> Iterator[Stretch]:
        """Give the lines cut so far, in an order in which any beginning of it is safe to commit.

        Lines of both streams are woven in stretches of `SPAN_NS`: whoever resumes a little before the newest key
        committed then misses nothing of the other stream.
        """
        taken = [half.take() for half in self.by_kind.values()]
        for whole, _ in taken:
            yield from whole
        yield from woven(*(newest for _, newest in taken))


def has(keys: Sequence[int], key: int) -> bool:
    """Return whether a key is among growing ones."""
    at = bisect_left(keys, key)
    return at < len(keys) and keys[at] == key


def within_limit(line: bytes) -> bytes:
    """Return a line, cut and marked if it is too long."""
    return line if len(line) <= LINE_LIMIT_BYTES else line[:LINE_LIMIT_BYTES] + TRUNCATED


def _knows_nothing(_stream: str, _key: int) -> bool:
    return False


def woven(one: Stretch, other: Stretch) -> Iterator[Stretch]:
    """Yield two streams in stretches, so that neither runs ahead of the other by more than `SPAN_NS`."""
    at, beside = 0, 0
    while at < len(one.keys) and beside < len(other.keys):
        until = min(one.keys[at], other.keys[beside]) + SPAN_NS
        stop, beside_stop = bisect_right(one.keys, until, at), bisect_right(other.keys, until, beside)
        if stop > at:
            yield _part(one, at, stop)
        if beside_stop > beside:
            yield _part(other, beside, beside_stop)
        at, beside = stop, beside_stop
    if at < len(one.keys):
        yield _part(one, at, len(one.keys))
    if beside < len(other.keys):
        yield _part(other, beside, len(other.keys))


def _part(stretch: Stretch, start: int, stop: int) -> Stretch:
    if start == 0 and stop == len(stretch.keys):
        return stretch
    return Stretch(stretch.stream, stretch.keys[start:stop], stretch.lines[start:stop], stretch.era)
