"""Follows the log files that a shell pattern names, through rotation and truncation.

How one file is known again and read is `followed_file`. The pattern should not match the copies that `copytruncate`
makes, which are files of their own. A file that was never read before is read from its beginning, but for those that a
new watch finds: it begins with what is written from then on, or with the files that were changed since it was asked to.
"""

import contextlib
import errno
import glob
import stat
import threading
import time
from collections.abc import Iterable
from dataclasses import replace
from itertools import islice
from pathlib import Path

from console.core.inputs import Unread
from console.sources import followed_file
from console.sources.base import Attached, LineSink, Standing, in_daemon, supervise
from console.sources.followed_file import FileFeed, FollowedFile

LOOK_S = 1.0
"""How often the pattern is looked at for new files."""
GRACE_S = 10.0
"""How long a file that was deleted, or ended amid a line, is still read; its writer soon opens the new one."""
RENAMED_S = 3600.0
"""How long a file that was renamed away is still read after its last line: some writers never open the new one."""
_PACKED = (".gz", ".bz2", ".xz", ".zst", ".lz4", ".zip", ".Z")

Inode = tuple[int, int]


class FileLogs:
    """The log source of a shell pattern of files."""

    def __init__(
        self,
        pattern: str,
        base_dir: Path,
        sink: LineSink,
        standing: Standing,
        *,
        track: str | None = None,
        attached: Attached | None = None,
    ) -> None:
        self._pattern = pattern
        self._base_dir = base_dir
        self._feed = FileFeed(standing.source, track or "", base_dir, sink, standing)
        self._standing = standing
        self._attached = attached or Attached()
        self._looked_at = self._attached.looked_at
        """When everything that is there had been read the last time."""
        self._had_files = bool(sink.known(standing.source))
        """Whether there ever was something to read: its absence is no beginning then."""
        self._files: dict[Inode, FollowedFile] = {}
        self._leaving: dict[Inode, float] = {}
        """When a file was first seen to have another name."""
        self._missing: set[str] | None = None
        """Origins that were read before and are not found yet; `None` until they were looked for."""
        self._refused: dict[Path, str] = {}
        """What of the pattern cannot be opened, with the reason and the remedy."""
        self._moved: dict[Path, str] = {}
        """The same for what the pattern does not name any more and was not read to its end."""
        self._failing: dict[Inode, tuple[Path, str]] = {}
        """What could be opened and then not be read."""

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
            self._missing = None

    def _follow(self, stop: threading.Event) -> None:
        look_at, began = 0.0, time.time()
        while not stop.is_set():
            has_looked = time.monotonic() >= look_at
            if has_looked:
                self._look()
                if self._files or not self._refused:
                    self._standing.seen()
                look_at = time.monotonic() + LOOK_S
            had_news = [self._read(file, stop) for file in list(self._files.values())]
            if any(had_news):
                self._standing.seen()
            if has_looked and not stop.is_set():
                self._find_moved()
                self._attached = replace(self._attached, leaves_out_until=min(began, self._attached.leaves_out_until))
                if not self._refused and not self._failing:
                    self._looked_at = time.time()
            self._let_go()
            stop.wait(followed_file.POLL_S)

    def _read(self, file: FollowedFile, stop: threading.Event) -> bool:
        try:
            had_news = file.read(stop)
        except OSError as error:  # a network file system that lost the file; it is opened anew at the next look
            reason = f"reading broke off: {_reason(error)}"
            if file.inode not in self._failing:
                now = time.time()
                self._standing.gap(
                    file.name,
                    reason,
                    since=file.read_at,
                    until=now,
                    lines_at_most=file.lines_since(now),
                    track=self._feed.track,
                )
            self._failing[file.inode] = (file.path, f"{reason}; it is tried again every second")
            file.close()
            del self._files[file.inode]
            return False
        self._failing.pop(file.inode, None)
        return had_news

    def _look(self) -> None:
        """Find new files, and files that have another name now."""
        named: set[Inode] = set()
        self._refused.clear()
        for path in find_files(self._pattern, self._base_dir):
            try:
                found = path.stat()
                if not stat.S_ISREG(found.st_mode):  # opening a pipe, even for a moment, ends whoever writes to it
                    self._refused[path] = no_file(path, found.st_mode)
                    continue
                inode = (found.st_dev, found.st_ino)
                if inode not in self._files:
                    inode = self._open(path)
            except FileNotFoundError:
                continue
            except OSError as error:
                self._refused[path] = _reason(error)
                continue
            named.add(inode)
            self._files[inode].path = path
        for inode in self._files.keys() - named:
            self._leaving.setdefault(inode, time.monotonic())
        for inode in named:
            self._leaving.pop(inode, None)
        self._failing = {inode: told for inode, told in self._failing.items() if inode in self._files}
        self._had_files = self._had_files or bool(named)
        self._report(len(named - self._failing.keys()))

    def _open(self, path: Path) -> Inode:
        """Follow a file and return its inode, which may be another one than a moment before. Raises `OSError`."""
        is_old = path.stat().st_mtime <= self._attached.leaves_out_until
        file = FollowedFile(self._feed, path, looked_at=self._looked_at, is_old=is_old)
        if file.inode in self._files:
            file.close()
        else:
            self._files[file.inode] = file
        return file.inode

    def _let_go(self) -> None:
        """Finish the files that have another name and give nothing any more."""
        now = time.monotonic()
        for inode, since in list(self._leaving.items()):
            file = self._files.get(inode)
            if file is not None and now - max(since, file.grown_at) < _grace_s(file):
                continue
            del self._leaving[inode]
            if file is not None:
                file.finish()
                file.close()
                del self._files[inode]

    def _find_moved(self) -> None:
        """Find the files that were renamed while nobody read, by inode, in the folders that the pattern names.

        What is there and cannot be read yet is looked for again; a gap is told when it is there no more.
        """
        followed = {file.origin for file in self._files.values()}
        if self._missing is None:
            self._missing = set(self._feed.sink.known(self._feed.source))
        self._missing -= followed
        self._moved.clear()
        if not self._missing:
            return
        waiting: set[Inode] = set()
        for path in _regular_files(self._folders()):
            with contextlib.suppress(FileNotFoundError):
                found = path.stat()
                inode = (found.st_dev, found.st_ino)
                if inode in self._files or path.name.endswith(_PACKED) or inode not in map(_inode_of, self._missing):
                    continue
                try:
                    self._take_up_moved(path)
                except OSError as error:
                    waiting.add(inode)
                    if path not in self._refused:
                        self._moved[path] = _reason(error)
        for origin in [origin for origin in self._missing if _inode_of(origin) not in waiting]:
            self._missing.discard(origin)
            self._standing.gap(
                self._pattern,
                "a file was rotated away or replaced while nobody read it: lines at its end may be lost",
                until=time.time(),
                track=self._feed.track,
            )
            self._feed.sink.ended(self._feed.source, origin)

    def _folders(self) -> set[Path]:
        folders = {path.parent for path in find_files(self._pattern, self._base_dir)}
        return folders | {(self._base_dir / self._pattern).parent}

    def _take_up_moved(self, path: Path) -> None:
        """Follow a file if it is one of the missing ones. Raises `OSError`."""
        missing = self._missing or set()
        file = FollowedFile(self._feed, path, looked_at=self._looked_at)
        try:
            file.read(threading.Event())
        finally:
            if file.origin in missing:
                missing.discard(file.origin)
                self._files[file.inode] = file
            else:
                file.close()

    def _report(self, number: int) -> None:
        failing = dict(self._failing.values())
        refused = self._refused | self._moved | failing
        if refused and number:
            unread = [Unread(path.name, self._feed.track, reason) for path, reason in sorted(refused.items())]
            self._standing.live(parts={self._feed.track: number}, unread=unread)
        elif refused:
            said = "; ".join(f"{path.name}: {reason}" for path, reason in islice(refused.items(), 3))
            self._standing.unreadable(f"cannot be read: {said}")
        elif not number and self._had_files:
            folder = self._base_dir / self._pattern
            self._standing.unreadable(f"no file matches {folder} any more; it is read as soon as there is one again")
        elif not number:
            folder = self._base_dir / self._pattern
            self._standing.live(f"no file matches {folder}; it is read as soon as there is one", is_quiet=True)
        else:
            self._standing.live(parts={self._feed.track: number})


def find_files(pattern: str, base_dir: Path) -> list[Path]:
    """Return what a pattern names, without packed files; relative patterns start at `base_dir`."""
    found = sorted(glob.glob(pattern, root_dir=base_dir, recursive=True))  # noqa: PTH207 - patterns may be absolute
    return [base_dir / name for name in found if not name.endswith(_PACKED) and not (base_dir / name).is_dir()]


def no_file(path: Path, mode: int) -> str:
    """Return what a path is that is no regular file, and how it can be read all the same."""
    if stat.S_ISFIFO(mode):
        return f"is a pipe and no regular file; a source with command: [cat, {path}] can read it"
    return f"is {'a socket' if stat.S_ISSOCK(mode) else 'a device'} and no regular file; name regular files only"


def _regular_files(folders: Iterable[Path]) -> list[Path]:
    found: list[Path] = []
    for folder in folders:
        with contextlib.suppress(OSError):
            found += [path for path in folder.iterdir() if path.is_file()]
    return found


def _inode_of(origin: str) -> Inode:
    device, inode, *_ = origin.split(":")
    return int(device), int(inode)


def _grace_s(file: FollowedFile) -> float:
    """Return how long a file that the pattern does not name any more is read after its last line."""
    return GRACE_S if file.is_deleted or file.is_torn else RENAMED_S


def _reason(error: OSError) -> str:
    """Return why a file cannot be read, and what to do about it."""
    said = error.strerror or str(error)
    return f"{said}; give this account the right to read" if error.errno in (errno.EACCES, errno.EPERM) else said
