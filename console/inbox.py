"""Where threads leave what happened for the engine: bounded, because counts are merged and only display rows drop."""

import threading
from collections.abc import Callable, Iterable, Mapping

from console.core.classify import Classifier
from console.core.counts import LinesCounted
from console.core.inputs import Input, OriginEnded
from console.core.tally import count_lines, merge_counted
from console.sources.base import Block

ROWS_LIMIT = 150
"""Display rows kept per stream between two looks of the engine; older ones drop, and are counted as dropped."""


class Inbox:
    """A thread-safe collection of inputs that never blocks who fills it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._others: list[Input] = []
        self._counted: dict[tuple[str, str, str], LinesCounted] = {}

    def post(self, given: Input) -> None:
        """Leave an input; lines of one stream merge into what is already waiting."""
        with self._lock:
            if not isinstance(given, LinesCounted):
                self._others.append(given)
                return
            key = (given.source, given.origin, given.stream)
            waiting = self._counted.get(key)
            self._counted[key] = given if waiting is None else merge_counted(waiting, given, rows_limit=ROWS_LIMIT)

    def drain(self) -> list[Input]:
        """Take everything that waits, lines first, so that a source that ends is counted before it is reported."""
        with self._lock:
            counted, self._counted = self._counted, {}
            others, self._others = self._others, []
        return [*counted.values(), *others]


class Counter:
    """Classifies and counts lines in the reader's own thread; a line whose key was counted before is dropped."""

    def __init__(
        self,
        classifier: Classifier,
        positions: Mapping[tuple[str, str, str], int],
        ended: Iterable[tuple[str, str]],
        post: Callable[[Input], None],
        clock: Callable[[], float],
    ) -> None:
        self._classifier = classifier
        self._positions = dict(positions)
        self._ended = set(ended)
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

    def ended(self, source: str, origin: str) -> None:
        """Note that an origin is gone for good."""
        self._ended.add((source, origin))
        self._post(OriginEnded(self._clock(), source, origin))

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
