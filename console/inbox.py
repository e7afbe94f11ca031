"""Where threads leave what happened for the engine: bounded, because counts are merged and only display rows drop."""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from console.core.classify import Classifier
from console.core.counts import LinesCounted
from console.core.inputs import Input, OriginEnded, SampleSkipped, SourceSeen
from console.core.stretches import Stretches
from console.core.tally import count_lines
from console.sources.base import Block

ROWS_LIMIT = 150
"""Display rows kept per stream between two looks of the engine; older ones drop, and are counted as dropped."""


class Inbox:
    """A thread-safe collection of inputs that never blocks who fills it, and is bounded however late it is emptied."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines = Stretches(ROWS_LIMIT)
        self._others: list[Input] = []
        self._seen: dict[str, SourceSeen] = {}
        self._skipped: dict[str, SampleSkipped] = {}

    def post(self, given: Input) -> None:
        """Leave an input; what repeats itself merges into what is already waiting."""
        with self._lock:
            match given:
                case LinesCounted():
                    self._lines.add(given)
                case SourceSeen():
                    self._seen[given.source] = given
                case SampleSkipped():
                    before = self._skipped.get(given.metric)
                    times = given.times + (0 if before is None else before.times)
                    self._skipped[given.metric] = replace(given, times=times)
                case _:
                    self._others.append(given)

    def drain(self) -> list[Input]:
        """Take everything that waits, lines first, so that a source that ends is counted before it is reported."""
        with self._lock:
            lines, self._lines = self._lines, Stretches(ROWS_LIMIT)
            others, self._others = self._others, []
            seen, self._seen = self._seen, {}
            skipped, self._skipped = self._skipped, {}
        return [*lines.counted(), *others, *seen.values(), *skipped.values()]


class Counter:
    """Classifies and counts lines in the reader's own thread; a line whose key was counted before is dropped."""

    def __init__(
        self,
        classifier: Classifier,
        positions: Mapping[tuple[str, str, str], int],
        ended: Iterable[tuple[str, str]],
        post: Callable[[Input], None],
        clock: Callable[[], float],
        *,
        named: Mapping[tuple[str, str], tuple[str, str]] | None = None,
    ) -> None:
        self._classifier = classifier
        self._positions = dict(positions)
        self._ended = set(ended)
        self._named = dict(named or {})
        self._lock = threading.Lock()
        self._post = post
        self._clock = clock

    def resume(self, source: str, origin: str, stream: str) -> int:
        """Return the key of the last line counted from a stream, -1 for none."""
        return self._positions.get((source, origin, stream), -1)

    def known(self, source: str) -> frozenset[str]:
        """Return the origins of a source that were counted from and have not ended."""
        counted = {origin for name, origin, _ in tuple(self._positions) if name == source}
        return frozenset(origin for origin in counted if (source, origin) not in self._ended)

    def named(self, source: str, origin: str) -> tuple[str, str] | None:
        """Return the name and track of a container as an earlier run of the console knew it; `None` if it did not."""
        return self._named.get((source, origin))

    def begin(self, source: str, origin: str, name: str, track: str, key: int) -> None:
        """Let a stream without a name begin behind a key: that none of its lines is counted is written down too."""
        with self._lock:
            if (source, origin, "") in self._positions:
                return
            self._positions[source, origin, ""] = key
            self._post(
                LinesCounted(
                    at=self._clock(),
                    source=source,
                    origin=origin,
                    stream="",
                    name=name,
                    track=track,
                    after=-1,
                    upto=key,
                    lines=0,
                    unclassified=0,
                    counts={},
                    labels={},
                )
            )

    def ended(self, source: str, origin: str) -> None:
        """Note that an origin is gone for good."""
        self._ended.add((source, origin))
        self._post(OriginEnded(self._clock(), source, origin))

    def forget(self, gone: Iterable[tuple[str, str]]) -> None:
        """Forget the positions of origins that never come again."""
        with self._lock:
            forgotten = set(gone)
            self._ended -= forgotten
            for key in [key for key in self._positions if key[:2] in forgotten]:
                del self._positions[key]

    def take(self, block: Block) -> None:
        """Count a block and leave the result for the engine."""
        with self._lock:  # two readers of one stream, while one is being replaced, must not count a line twice
            self._take(block)

    def _take(self, block: Block) -> None:
        key = (block.source, block.origin, block.stream)
        after = self._positions.get(key, -1)
        if not block.keys or block.keys[-1] <= after:
            return
        counted = count_lines(
            self._classifier,
            at=self._clock(),
            source=block.source,
            origin=block.origin,
            stream=block.stream,
            name=block.name,
            track=block.track,
            after=after,
            keys=block.keys,
            times=block.times,
            lines=block.lines,
            rows_limit=ROWS_LIMIT,
        )
        self._post(counted)
        self._positions[key] = counted.upto
