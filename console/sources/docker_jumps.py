"""Where an engine may have left lines out of a stream that it promised to send whole; no I/O.

An engine whose log is rotated faster than it sends it goes on with a later file and says nothing. What is left is a
jump in the times of the lines. How long a jump must be to hide a good part of a file follows from how fast lines were
written around it; then, and only then, the log is read again. Measured on 20.10: what is lost at full speed are whole
files, or of files of a few kilobytes a third and more.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from itertools import islice
from operator import sub

RECORD_BYTES = 75
"""What a line takes in the engine's file besides its text."""
_LOCAL_BYTES = 28
"""And what it takes with the driver `local`."""
RATE_S = 5.0
"""Over how long the rate of a log is taken."""
_BYTES_PER_NS = 1.0
"""No engine writes faster than this: 1 GB/s."""
_FEWEST, _MOST = 4, 512
"""Over how many lines a local rate is taken: as many as fill a 64th of a file, within these bounds."""
_FINER = ((1, 1), (4, 2), (16, 4))
"""How much shorter other spans are, and how many times as much they must find: they see shorter bursts, and more of
them that are none."""
_SHARE = 0.25
"""The part of a file that a jump must be able to hide."""
_LASTING = 8
"""For how many of the next calls a rate that was seen counts."""
_PACE_NS = 10**8
"""The time over which the most lines are counted."""


def size_of(lines: Sequence[bytes], *, is_json: bool) -> int:
    """Return what lines take in the engine's file, but for what it escapes."""
    return sum(map(len, lines)) + len(lines) * (RECORD_BYTES if is_json else _LOCAL_BYTES)


def escapes_in(block: bytes) -> int:
    """Return how many bytes more the characters of a text take in a file of JSON, as the engine writes it."""
    return sum(map(block.count, (b'"', b"\\", b"\t", b"\r"))) + 5 * sum(map(block.count, (b"<", b">", b"&", b"\x1b")))


class Jumps:
    """Finds the jumps in the times of a log behind which a good part of a file may be missing."""

    def __init__(self, file_bytes: int) -> None:
        self._file_bytes = file_bytes
        self._recent: list[int] = []
        self._needed: deque[float] = deque(maxlen=_LASTING)
        """How long it takes to write as much, by the lines of each of the last calls."""

    def begin(self, newest: int) -> None:
        """Look on from this line, wherever the one before it was."""
        self._recent = [newest] if newest >= 0 else []

    def look(self, keys: Sequence[int], size_bytes: int) -> list[tuple[int, int]]:
        """Return the lines before and after each jump, given the next lines of both streams in the order of time.

        `size_bytes` is what these lines take in the engine's file.
        """
        if not keys:
            return []
        row = [*self._recent, *keys]
        known = max(0, len(self._recent) - 1)  # jumps between lines that were looked at before are not told again
        self._recent = row[-_MOST - 1 :]
        steps = list(map(sub, islice(row, known + 1, None), islice(row, known, None)))
        hidden_bytes = self._file_bytes * _SHARE
        if not steps or max(steps) * _BYTES_PER_NS < hidden_bytes:
            return []
        record_bytes = max(1.0, size_bytes / len(keys))
        lines = hidden_bytes / record_bytes
        widest = max(_FEWEST, min(_MOST, int(self._file_bytes / 64 / record_bytes)))
        self._needed.append(
            min(_needed_ns(row, max(_FEWEST, widest // finer), lines * excess) for finer, excess in _FINER)
        )
        needed_ns = min(self._needed)
        return [(row[known + at], row[known + at + 1]) for at, step in enumerate(steps) if step >= needed_ns]


def _needed_ns(row: list[int], span: int, lines: float) -> float:
    """Return how long so many lines take at least, as fast as `span` lines came anywhere in a row of their times."""
    span = min(span, len(row) - 1)
    shortest_ns: int = min(map(sub, islice(row, span, None), row))
    return float(max(1, shortest_ns) * lines / span)


class Filling:
    """How fast the files of a log fill up."""

    def __init__(self, file_bytes: int) -> None:
        self.fills_in_s: float | None = None
        """How long a file lasts at the last rate that was measured; `None` for no rate, or no rotation."""
        self._file_bytes = file_bytes
        self._began_ns = 0
        self._size_bytes = 0

    def observe(self, newest_ns: int, size_bytes: int) -> None:
        """Take the time of the newest line and the size of the lines that came with it."""
        self._size_bytes += size_bytes
        passed_s = (newest_ns - self._began_ns) / 1e9
        if 0 < passed_s < RATE_S:
            return
        # After a silence there is no rate.
        has_rate = RATE_S <= passed_s < 2 * RATE_S and self._size_bytes > 0
        self.fills_in_s = self._file_bytes * passed_s / self._size_bytes if has_rate else None
        self._began_ns, self._size_bytes = newest_ns, 0


class Pace:
    """The fastest that a log was seen to be written over a tenth of a second."""

    def __init__(self) -> None:
        self._most = 0
        self._now = (-1, 0)
        """The interval that is being counted, and how many lines it has."""

    def observe(self, keys: Sequence[int]) -> None:
        """Take the next lines, in order."""
        interval, count = self._now
        at = 0
        while at < len(keys):
            number = keys[at] // _PACE_NS
            stop = bisect_left(keys, (number + 1) * _PACE_NS, at)
            count = stop - at + (count if number == interval else 0)
            interval, at = number, stop
            self._most = max(self._most, count)
        self._now = (interval, count)

    def expected(self, duration_ns: int) -> int:
        """Return how many lines come in so long a time while it goes on as fast as ever."""
        return int(max(0, duration_ns) * self._most / _PACE_NS)
