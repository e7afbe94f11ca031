"""Follows the log files that a shell pattern names, through rotation and truncation.

A file is known by its device, inode and the beginning of its first line, so a rename is no new file, and another file
in its place is. A file that is truncated in place (`copytruncate`) begins a new generation; the pattern should not
match the copies that such a rotation makes, which are files of their own. A line's key is the offset of its end. Files
have no times: lines count at the moment they are read, and a file that was never read before is read from its
beginning.
"""

import glob
import hashlib
import math
import os
import stat
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate, count, islice
from pathlib import Path

from console.core.inputs import Unread
from console.core.lines import LINE_LIMIT_BYTES, TRUNCATED
from console.core.text import visible
from console.sources.base import (
    BLOCK_LINES,
    Block,
    LineSink,
    Standing,
    in_daemon,
    supervise,
)

POLL_S = 0.1
LOOK_S = 1.0
"""How often the pattern is looked at for new files."""
GRACE_S = 10.0
"""How long a file that was renamed away is still read; its writer opens the new one a moment later."""
SIGNATURE_BYTES = 64
CHUNK_BYTES = 256 * 1024
_PACKED = (".gz", ".bz2", ".xz", ".zst", ".lz4", ".zip", ".Z")


@dataclass(frozen=True, slots=True)
class FileFeed:
    """What the files of one source share."""

    source: str
    track: str
    base_dir: Path
    sink: LineSink
    standing: Standing


class FollowedFile:
    """One open file: where reading stands, and what of it was cut but has no line end yet."""

    def __init__(self, feed: FileFeed, path: Path) -> None:
        self.path = path
        self.name = visible(str(path.relative_to(feed.base_dir) if path.is_relative_to(feed.base_dir) else path), 200)
        self.grown_at = time.monotonic()
        """When it last gave something."""
        self._feed = feed
        self._fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        found = os.fstat(self._fd)
        if not stat.S_ISREG(found.st_mode):
            os.close(self._fd)
            raise IsADirectoryError(f"{path} is no regular file")
        self.inode = (found.st_dev, found.st_ino)
        self.origin = ""
        """Empty until the file has a first line."""
        self._signature = b""
        self._changed_ns = 0
        self._read_to = 0
        """Offset after the last byte read."""
        self._open = b""
        """Bytes before `_read_to` that belong to a line without an end; cut at the limit."""
        self.read_at: float | None = None
        """When it was last read to its end; what was lost was written after that."""
        self._fastest = 0.0
        """The most lines a second that came between two reads."""

    def close(self) -> None:
        """Let it go."""
        os.close(self._fd)

    def read(self, stop: threading.Event) -> bool:
        """Read what is new and hand it over; returns whether there was anything. Raises `OSError`."""
        found = os.fstat(self._fd)
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
                self._read_to = 0
                return
            if self.origin not in known:
                continue
            # Where a line ended there must still be a line end; else the same inode holds something else by now.
            if os.pread(self._fd, 1, offset - 1) == b"\n":
                self._read_to = offset
                return
            said = "the file was truncated while nobody read it: lines may be lost"
            self._feed.standing.gap(self.name, said, until=time.time(), track=self._feed.track)
            sink.ended(source, self.origin)

    def _is_overwritten(self) -> bool:
        return os.pread(self._fd, len(self._signature), 0) != self._signature

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
        self._read_to, self._open, self.origin = 0, b"", ""
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
        now = time.time()
        feed = self._feed
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
                    times=[now] * len(some),
                    lines=some,
                )
            )


class FileLogs:
    """The log source of a shell pattern of files."""

    def __init__(
        self, pattern: str, base_dir: Path, sink: LineSink, standing: Standing, *, track: str | None = None
    ) -> None:
        self._pattern = pattern
        self._base_dir = base_dir
        self._feed = FileFeed(standing.source, track or "", base_dir, sink, standing)
        self._standing = standing
        self._files: dict[tuple[int, int], FollowedFile] = {}
        self._leaving: dict[tuple[int, int], float] = {}
        """When a file was first seen to have another name."""
        self._refused: dict[Path, str] = {}
        self._has_looked = False

    async def run(self) -> None:
        """Follow for ever."""
        await supervise(lambda: in_daemon(self._read_all, f"files {self._standing.source}"), self._standing)

    def _read_all(self, stop: threading.Event) -> None:
        try:
            self._follow(stop)
        finally:
            for file in self._files.values():
                file.close()
            self._files.clear()
            self._leaving.clear()

    def _follow(self, stop: threading.Event) -> None:
        look_at = 0.0
        while not stop.is_set():
            if time.monotonic() >= look_at:
                self._look()
                self._standing.seen()
                look_at = time.monotonic() + LOOK_S
            had_news = [self._read(file, stop) for file in list(self._files.values())]
            if any(had_news):
                self._standing.seen()
            if not self._has_looked and not stop.is_set():
                self._has_looked = True
                self._find_moved()
            self._let_go()
            stop.wait(POLL_S)

    def _read(self, file: FollowedFile, stop: threading.Event) -> bool:
        try:
            return file.read(stop)
        except OSError as error:  # a network file system that lost the file; it is opened anew at the next look
            now = time.time()
            self._standing.gap(
                file.name,
                f"reading broke off: {error.strerror or error}",
                since=file.read_at,
                until=now,
                lines_at_most=file.lines_since(now),
                track=self._feed.track,
            )
            file.close()
            del self._files[file.inode]
            return False

    def _look(self) -> None:
        """Find new files, and files that have another name now."""
        named: set[tuple[int, int]] = set()
        self._refused.clear()
        for path in find_files(self._pattern, self._base_dir):
            try:
                found = path.stat()
                inode = (found.st_dev, found.st_ino)
                if inode not in self._files:
                    self._files[inode] = FollowedFile(self._feed, path)
            except FileNotFoundError:
                continue
            except OSError as error:
                self._refused[path] = error.strerror or str(error)
                continue
            named.add(inode)
            self._files[inode].path = path
        for inode in self._files.keys() - named:
            self._leaving.setdefault(inode, time.monotonic())
        for inode in named:
            self._leaving.pop(inode, None)
        self._report(len(named))

    def _let_go(self) -> None:
        """Finish the files that have another name and give nothing any more."""
        now = time.monotonic()
        for inode, since in list(self._leaving.items()):
            file = self._files.get(inode)
            if file is not None and now - max(since, file.grown_at) < GRACE_S:
                continue
            del self._leaving[inode]
            if file is not None:
                file.finish()
                file.close()
                del self._files[inode]

    def _find_moved(self) -> None:
        """Find the files that were renamed while nobody read, by inode, in the folders that the pattern names."""
        followed = {file.origin for file in self._files.values()}
        lost = {origin for origin in self._feed.sink.known(self._feed.source) if origin not in followed}
        inodes = {tuple(int(part) for part in origin.split(":")[:2]) for origin in lost}
        folders = {path.parent for path in find_files(self._pattern, self._base_dir)}
        folders.add((self._base_dir / self._pattern).parent)
        for path in _regular_files(folders):
            found = path.stat()
            inode = (found.st_dev, found.st_ino)
            if inode not in inodes or inode in self._files or path.name.endswith(_PACKED):
                continue
            file = FollowedFile(self._feed, path)
            file.read(threading.Event())
            if file.origin in lost:
                lost.discard(file.origin)
                self._files[inode] = file
            else:
                file.close()
        for origin in lost:
            self._standing.gap(
                self._pattern,
                "a file was rotated away or replaced while nobody read it: lines at its end may be lost",
                until=time.time(),
                track=self._feed.track,
            )
            self._feed.sink.ended(self._feed.source, origin)

    def _report(self, number: int) -> None:
        refused = [f"{path.name}: {reason}" for path, reason in islice(self._refused.items(), 3)]
        if refused and number:
            unread = [Unread(path.name, self._feed.track, reason) for path, reason in sorted(self._refused.items())]
            self._standing.live(parts={self._feed.track: number}, unread=unread)
        elif refused:
            self._standing.unreadable(f"cannot be read: {'; '.join(refused)}; give this account the right to read")
        elif not number:
            folder = self._base_dir / self._pattern
            self._standing.unreadable(f"no file matches {folder}; it is read as soon as there is one")
        else:
            self._standing.live(parts={self._feed.track: number})


def find_files(pattern: str, base_dir: Path) -> list[Path]:
    """Return what a pattern names, without packed files; relative patterns start at `base_dir`."""
    found = sorted(glob.glob(pattern, root_dir=base_dir, recursive=True))  # noqa: PTH207 - patterns may be absolute
    return [base_dir / name for name in found if not name.endswith(_PACKED) and not (base_dir / name).is_dir()]


def _regular_files(folders: Iterable[Path]) -> list[Path]:
    return [path for folder in folders if folder.is_dir() for path in folder.iterdir() if path.is_file()]
