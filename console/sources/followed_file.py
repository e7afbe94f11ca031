"""One log file that is followed: what it is known by, where reading stands, and whether it is still the same file.

A file is known by its device, inode and the beginning of its first line, so a rename is no new file, and another file
in its place is. A file that is truncated in place (`copytruncate`) begins a new generation. A line's key is the offset
of its end. Files have no times: a line counts at the moment it is read. What stood in the file when it was opened was
written before its last change and, as far as that is known, after somebody looked last: it is spread evenly over that
time, by its place in the file.
"""

import hashlib
import math
import os
import stat
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, count
from pathlib import Path

from console.core.lines import LINE_LIMIT_BYTES, TRUNCATED
from console.core.text import visible
from console.sources.base import BLOCK_LINES, Block, LineSink, Standing

POLL_S = 0.1
"""How often it is read."""
SIGNATURE_BYTES = 64
TAIL_BYTES = 64
"""How much of what was read last must still be there, so that reading goes on."""
CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class FileFeed:
    """What the files of one source share."""

    source: str
    track: str
    base_dir: Path
    sink: LineSink
    standing: Standing


@dataclass(slots=True)
class Backlog:
    """What stood in a file when it was opened, and between which moments it was written."""

    size: int
    """Bytes in the file then."""
    since: float
    """When everything had been read, or minus infinity where nobody knows."""
    until: float
    """When the file was changed last."""
    begins: int | None = None
    """Where the first line that was not read then ended."""

    def times(self, keys: Sequence[int], now: float) -> list[float]:
        """Return when lines were written, by the offsets of their ends; those behind the backlog are written now."""
        if not keys or keys[0] > self.size:
            return [now] * len(keys)
        if self.begins is None:
            self.begins = keys[0]
        since = min(self.since, self.until) if math.isfinite(self.since) else self.until
        per_byte_s = (self.until - since) / max(1, self.size - self.begins)
        return [now if key > self.size else since + (key - self.begins) * per_byte_s for key in keys]


class FollowedFile:
    """One open file: where reading stands, and what of it was cut but has no line end yet."""

    def __init__(self, feed: FileFeed, path: Path, *, looked_at: float, is_old: bool = False) -> None:
        """Open a file; raises `OSError`.

        `looked_at` is when it was known the last time that all was read, in seconds since the epoch. What stands in a
        file that `is_old` and was never read is left out.
        """
        self.path = path
        self.name = visible(str(path.relative_to(feed.base_dir) if path.is_relative_to(feed.base_dir) else path), 200)
        self.grown_at = time.monotonic()
        """When it last gave something."""
        self.is_deleted = False
        """Whether it has no name any more."""
        self._feed = feed
        self._fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        found = os.fstat(self._fd)
        if not stat.S_ISREG(found.st_mode):
            os.close(self._fd)
            raise IsADirectoryError(f"{path} is no regular file")
        self.inode = (found.st_dev, found.st_ino)
        self._backlog = Backlog(found.st_size, looked_at, min(time.time(), found.st_mtime))
        self._is_old = is_old
        self.origin = ""
        """Empty until the file has a first line."""
        self._signature = b""
        self._changed_ns = 0
        self._read_to = 0
        """Offset after the last byte read."""
        self._tail = b""
        """The last bytes before it."""
        self._open = b""
        """Bytes before `_read_to` that belong to a line without an end; cut at the limit."""
        self.read_at: float | None = None
        """When it was last read to its end; what was lost was written after that."""
        self._fastest = 0.0
        """The most lines a second that came between two reads."""

    @property
    def is_torn(self) -> bool:
        """Whether it ends amid a line, as far as it was read."""
        return self._open != b""

    def close(self) -> None:
        """Let it go."""
        os.close(self._fd)

    def read(self, stop: threading.Event) -> bool:
        """Read what is new and hand it over; returns whether there was anything. Raises `OSError`."""
        found = os.fstat(self._fd)
        self.is_deleted = found.st_nlink == 0
        has_changed, self._changed_ns = found.st_mtime_ns != self._changed_ns, found.st_mtime_ns
        if self.origin and (found.st_size < self._read_to or (has_changed and self._is_overwritten())):
            self._begin_again()
        if not self.origin and not self._identify():
            return False
        lines, has_all, before = 0, False, self._read_to
        while not stop.is_set():
            chunk = os.pread(self._fd, CHUNK_BYTES, self._read_to)
            if not chunk:
                has_all = True
                break
            lines += self._take(chunk)
            self._read_to += len(chunk)
            self._tail = (self._tail + chunk)[-TAIL_BYTES:]
        had_news = self._read_to > before
        if had_news:
            self.grown_at = time.monotonic()
        if has_all:
            self._note_read(lines)
        return had_news

    def lines_since(self, moment: float) -> int | None:
        """Return how many lines may have been written since a moment, at the fastest rate seen; `None` for none."""
        return math.ceil(self._fastest * max(0.0, moment - self.read_at)) if self._fastest and self.read_at else None

    def _note_read(self, lines: int) -> None:
        now = time.time()
        if self.read_at is not None:
            self._fastest = max(self._fastest, lines / max(POLL_S, now - self.read_at))
        self.read_at = now

    def finish(self) -> None:
        """Count a last line without an end: nothing will be added to the file any more."""
        if not self.origin:
            self._signature = os.pread(self._fd, SIGNATURE_BYTES, 0)
            if not self._signature:
                return
            self._name_origin()
            self.read(threading.Event())
        if self._open:
            self._hand_over([self._open], [self._read_to])
            self._open = b""
        self._feed.sink.ended(self._feed.source, self.origin)

    def _identify(self) -> bool:
        """Give the file its identity, once its first line is there, and find where reading stood."""
        head = os.pread(self._fd, SIGNATURE_BYTES, 0)
        end = head.find(b"\n")
        if end < 0 and len(head) < SIGNATURE_BYTES:
            return False
        self._signature = head[: end + 1] if end >= 0 else head
        self._name_origin()
        return True

    def _name_origin(self) -> None:
        """Take up the generation that is known and not ended, or begin the first one that never was."""
        sink, source = self._feed.sink, self._feed.source
        digest = hashlib.blake2b(self._signature, digest_size=6).hexdigest()
        known = sink.known(source)
        for generation in count():
            self.origin = "{}:{}:{}:{}".format(*self.inode, digest, generation)
            offset = sink.resume(source, self.origin, "")
            if offset < 0:
                self._read_to, self._tail = 0, b""
                if self._is_old:
                    self._leave_out()
                return
            if self.origin not in known:
                continue
            # Where a line ended there must still be a line end; else the same inode holds something else by now.
            tail = os.pread(self._fd, min(TAIL_BYTES, offset), max(0, offset - TAIL_BYTES))
            if tail.endswith(b"\n") and len(tail) == min(TAIL_BYTES, offset):
                self._read_to, self._tail = offset, tail
                return
            said = "the file was truncated while nobody read it: lines may be lost"
            self._feed.standing.gap(self.name, said, until=time.time(), track=self._feed.track)
            sink.ended(source, self.origin)

    def _leave_out(self) -> None:
        """Begin behind the last line that ended before the file was opened."""
        self._is_old = False
        since = max(0, self._backlog.size - LINE_LIMIT_BYTES)
        end = os.pread(self._fd, self._backlog.size - since, since).rfind(b"\n") + 1
        if end:
            self._read_to = since + end
            self._tail = os.pread(self._fd, min(TAIL_BYTES, self._read_to), max(0, self._read_to - TAIL_BYTES))
            self._feed.sink.begin(self._feed.source, self.origin, self.name, self._feed.track, self._read_to)

    def _is_overwritten(self) -> bool:
        """Return whether its beginning or what was read last is not there any more; many files begin alike."""
        if os.pread(self._fd, len(self._signature), 0) != self._signature:
            return True
        return os.pread(self._fd, len(self._tail), self._read_to - len(self._tail)) != self._tail

    def _begin_again(self) -> None:
        """Begin with a new generation: the file was truncated in place."""
        if self._open:
            self._hand_over([self._open], [self._read_to])
        now = time.time()
        self._feed.standing.gap(
            self.name,
            "the file was truncated in place: lines written in the moment before may be lost;"
            " rotation by renaming loses none",
            since=self.read_at,
            until=now,
            lines_at_most=self.lines_since(now),
            track=self._feed.track,
        )
        self._feed.sink.ended(self._feed.source, self.origin)
        self._read_to, self._tail, self._open, self.origin = 0, b"", b"", ""
        self._backlog, self._is_old = Backlog(0, now, now), False
        self.grown_at = time.monotonic()
        self._identify()

    def _take(self, chunk: bytes) -> int:
        """Cut a chunk into lines, hand them over and return how many there were."""
        *ended, rest = chunk.split(b"\n")
        if not ended:
            self._keep_open(rest)
            return 0
        keys = list(accumulate((len(line) + 1 for line in ended), initial=self._read_to))[1:]
        if self._open:
            ended[0] = self._open + ended[0]
        self._open = b""
        self._keep_open(rest)
        if b"\r\n" in chunk or ended[0].endswith(b"\r"):
            ended = [line[:-1] if line.endswith(b"\r") else line for line in ended]
        self._hand_over(ended, keys)
        return len(ended)

    def _keep_open(self, more: bytes) -> None:
        room = LINE_LIMIT_BYTES + 2 - len(self._open)
        self._open += more[: max(0, room)]

    def _hand_over(self, lines: list[bytes], keys: list[int]) -> None:
        feed, now = self._feed, time.time()
        times = self._backlog.times(keys, now)
        lines = [line if len(line) <= LINE_LIMIT_BYTES else line[:LINE_LIMIT_BYTES] + TRUNCATED for line in lines]
        for start in range(0, len(lines), BLOCK_LINES):
            some = lines[start : start + BLOCK_LINES]
            feed.sink.take(
                Block(
                    source=feed.source,
                    origin=self.origin,
                    stream="",
                    name=self.name,
                    track=feed.track,
                    keys=keys[start : start + BLOCK_LINES],
                    times=times[start : start + BLOCK_LINES],
                    lines=some,
                )
            )
