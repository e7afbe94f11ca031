"""Where the reading of one container's log stands, and the way of its lines to whoever counts them.

The position is the key of the last line counted, per stream, and is kept by the sink. When the engine's clock is set
back, lines go on under the same container with another era: their origin is the container's id, a colon and the number
of times the clock went back. Until the clock has passed the place where it was, only the order of the log tells what
is new.
"""

from array import array
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count

from console.sources.base import Block, LineSink
from console.sources.docker_clock import EngineClock
from console.sources.docker_find import Container
from console.sources.docker_halves import STREAMS, Place, Stretch, has
from console.sources.docker_jumps import Filling, Pace, size_of

MARGIN_NS = 10 * 10**9
"""How far before the newest line counted reading begins again; the two streams of a container are not in the order
of their times, and may have been committed one after the other."""
AHEAD_NS = 10**9
"""A line this far in the engine's future was logged before the engine's clock was set back."""
SEEN_KEYS = 20_000
SEEN_ROTATED = 200_000
"""How many keys of lines read lately are kept per stream, to know them when they come again; after a rotation old
engines send a good part of a file again."""
SEEN_IN_ALL = 2_000_000
"""How many of them all containers of a source keep together, 8 bytes each; no stream keeps fewer than `SEEN_KEYS`.
What is not known any more is looked up in the log."""
_SHORT_KEYS = 1_000


@dataclass(slots=True)
class Stand:
    """Where the reading of one stream stands."""

    last: int = -1
    """Key of the last line counted, -1 for none."""
    era: int = 0
    ceiling: int = -1
    """The greatest key of the eras before."""
    has_passed: bool = False
    """Whether everything was counted at a time when the clock was past the ceiling: what is new is greater."""
    is_newest: bool = False
    """Whether the last line of all was on this stream."""
    is_given_up: bool = False
    """Whether the last line is known to be in the log no more."""
    pace: Pace = field(default_factory=Pace)
    seen: "deque[array[int]]" = field(default_factory=deque)
    seen_keys: int = 0

    @property
    def position(self) -> int:
        """The key up to which there is nothing new."""
        return max(self.last, self.ceiling) if self.has_passed else self.last

    def begin_era(self, era: int) -> None:
        """The clock went back: keys begin anew."""
        self.ceiling = max(self.ceiling, self.last)
        self.last, self.era, self.has_passed = -1, era, False
        self.seen.clear()
        self.seen_keys = 0

    def count(self, keys: Sequence[int], most: int) -> None:
        """Note that lines were counted; the newest keys, about `most`, are kept to be known again."""
        self.last, self.is_given_up = keys[-1], False
        if self.seen and len(self.seen[-1]) < _SHORT_KEYS:
            self.seen[-1].extend(keys)
        else:
            self.seen.append(array("q", keys))
        self.seen_keys += len(keys)
        while self.seen_keys - len(self.seen[0]) >= most:
            self.seen_keys -= len(self.seen.popleft())

    def knows(self, key: int) -> bool:
        """Return whether a line with this key was counted lately, in the present era."""
        return any(keys[0] <= key <= keys[-1] and has(keys, key) for keys in reversed(self.seen))


def origin_of(container_id: str, era: int) -> str:
    """Return under which name the lines of an era are counted."""
    return f"{container_id}:{era}" if era else container_id


def container_of(origin: str) -> str:
    """Return the id of the container that an origin belongs to."""
    return origin.partition(":")[0]


class Ledger:
    """The positions of one container."""

    def __init__(
        self,
        source: str,
        container: Container,
        sink: LineSink,
        clock: EngineClock,
        since_ns: int,
        *,
        followed: Callable[[], int],
    ) -> None:
        self.container = container
        """As it was listed last."""
        self.before_count: Callable[[], None] = lambda: None
        """Called before lines are handed over."""
        self.open_ns: int | None = None
        """Time of the oldest line that had begun and not ended when reading stopped."""
        self._source = source
        self._id = container.id
        self._sink = sink
        self._clock = clock
        self._followed = followed
        self.since_ns = since_ns
        """Where reading begins while nothing was counted; 0 for the beginning of the log."""
        self._filling = Filling(container.file_bytes)
        self._stands = {name: self._stand(name) for name in STREAMS.values()}
        newest = max(self._stands.values(), key=lambda stand: stand.last)
        newest.is_newest = True
        self._is_sure = newest.last < 0
        """Whether everything up to the newest line was counted, on both streams; what was committed may be uneven."""

    def _stand(self, stream: str) -> Stand:
        stand = Stand(self._sink.resume(self._source, self._id, stream))
        for era in count(1):
            last = self._sink.resume(self._source, origin_of(self._id, era), stream)
            if last < 0:
                return stand
            stand.ceiling = max(stand.ceiling, stand.last)
            stand.last, stand.era = last, era
        raise AssertionError

    def _keys_kept(self) -> int:
        if not self.container.file_bytes:
            return SEEN_KEYS
        share = SEEN_IN_ALL // (len(STREAMS) * max(1, self._followed()))
        return min(SEEN_ROTATED, max(SEEN_KEYS, share))

    # -- where to begin ------------------------------------------------------------------------------------------

    @property
    def newest(self) -> int:
        """The greatest key up to which there is nothing new, -1 if nothing was counted yet."""
        return max(stand.position for stand in self._stands.values())

    @property
    def reach_ns(self) -> int | None:
        """Before which time what is read again must begin; `None` if it is enough that the last line comes again."""
        if self._is_sure:
            return self.open_ns
        reach_ns = self.newest - MARGIN_NS
        return reach_ns if self.open_ns is None else min(reach_ns, self.open_ns)

    @property
    def is_behind(self) -> bool:
        """Whether the engine's clock has not yet come to where it was before it was set back."""
        return any(map(self._is_behind, self._stands.values()))

    @property
    def clock_was_at(self) -> int:
        """Where the engine's clock was before it was set back, as far as lines tell."""
        return max(max(stand.ceiling, stand.last) for stand in self._stands.values())

    def _is_behind(self, stand: Stand) -> bool:
        now_ns = self._clock.now_ns()
        return 0 <= stand.position < stand.ceiling or (now_ns is not None and stand.last > now_ns + AHEAD_NS)

    def moment(self) -> tuple[int | None, int]:
        """Return the time of the engine, and which setting of its clock that is by."""
        return self._clock.now_ns(), self._clock.settings

    def caught_up(self, began: tuple[int | None, int]) -> None:
        """Note that everything was counted that was in the log at a moment."""
        self._is_sure = True
        began_ns, setting = began
        if began_ns is None or setting != self._clock.settings:
            return
        for stand in self._stands.values():
            if began_ns > stand.ceiling + AHEAD_NS:
                stand.has_passed = True

    def doubt(self) -> None:
        """Note that a stream gave what is neither new nor known: keys may tell nothing any more."""
        for stand in self._stands.values():
            stand.has_passed = False

    def came_last(self, stream: str) -> None:
        """Note that the last line of this stream stands after that of the other in the log."""
        if stream:
            self._note_newest(self._stands[stream])

    def _note_newest(self, stand: Stand) -> None:
        for each in self._stands.values():
            each.is_newest = each is stand

    def give_up(self, streams: Iterable[str]) -> None:
        """Note that the last lines of streams are in the log no more."""
        for stream in streams:
            self._stands[stream].is_given_up = True

    def places(self, *, is_sought: bool = True) -> dict[str, Place]:
        """Return where each stream begins; the last lines counted need not come again unless they are sought."""
        if self.newest < 0:
            return {name: Place(floor=self.since_ns - 1) for name in self._stands}
        places = {name: self._place(stand, is_sought=is_sought) for name, stand in self._stands.items()}
        if is_sought and not any(place.is_awaited for place in places.values()):
            for name, stand in self._stands.items():
                if places[name].by_order:  # nothing of what was counted is left: all that is there is new
                    places[name] = Place(era=stand.era + 1)
        return places

    def _place(self, stand: Stand, *, is_sought: bool) -> Place:
        by_order = self._is_behind(stand)
        is_near = stand.is_newest if self._is_sure else by_order or stand.last >= self.newest - MARGIN_NS
        return Place(
            last=stand.position,
            # A stream without a line may have been cut off by `since` when the other was first read.
            floor=min(self.since_ns - 1, self.newest - AHEAD_NS) if stand.last < 0 else -1,
            is_awaited=is_sought and is_near and not stand.is_given_up and stand.position == stand.last >= 0,
            by_order=by_order,
            era=stand.era,
        )

    def last_of(self, stream: str) -> int:
        """Return the key of the last line counted of a stream, -1 for none."""
        return self._stands[stream].last

    @property
    def fills_in_s(self) -> float | None:
        """How long a file of the log lasts; `None` while nobody knows."""
        return self._filling.fills_in_s

    def expected(self, duration_ns: int) -> int:
        """Return how many lines come in so long a time while it goes on as fast as ever."""
        return sum(stand.pace.expected(duration_ns) for stand in self._stands.values())

    def now_ns(self) -> int | None:
        """Return the time of the engine; `None` while nobody knows."""
        return self._clock.now_ns()

    def knows(self, stream: str, key: int) -> bool:
        """Return whether a line was counted lately."""
        return self._stands[stream].knows(key)

    # -- counting ------------------------------------------------------------------------------------------------

    def count(self, stretches: Iterable[Stretch]) -> int:
        """Hand lines over to be counted and return how many there were; those counted before are left out."""
        number, size_bytes = 0, 0
        for stretch in stretches:
            counted = self._count(stretch)
            if counted and self.container.file_bytes:
                size_bytes += size_of(stretch.lines[-counted:], is_json=self.container.is_json)
            number += counted
        if size_bytes:
            self._filling.observe(self.newest, size_bytes)
        return number

    def _count(self, stretch: Stretch) -> int:
        stand = self._stands[stretch.stream]
        if stretch.era > stand.era:
            stand.begin_era(stretch.era)
            self._clock.doubt()
        keys, lines = stretch.keys, stretch.lines
        if keys and keys[0] <= stand.position:
            fresh = bisect_right(keys, stand.position)
            keys, lines = keys[fresh:], lines[fresh:]
        if not keys:
            return 0
        self.before_count()
        shift_s = self._clock.shift_s
        self._sink.take(
            Block(
                source=self._source,
                origin=origin_of(self._id, stand.era),
                stream=stretch.stream,
                name=self.container.name,
                track=self.container.track,
                keys=keys,
                times=[key / 1e9 - shift_s for key in keys] if shift_s else [key / 1e9 for key in keys],
                lines=lines,
            )
        )
        # Only now: what nobody took has to come again.
        stand.count(keys, self._keys_kept())
        self._note_newest(stand)
        stand.pace.observe(keys)
        return len(keys)

    def end(self) -> None:
        """Say that the container will never give a line again."""
        for era in range(max(stand.era for stand in self._stands.values()) + 1):
            self._sink.ended(self._source, origin_of(self._id, era))
