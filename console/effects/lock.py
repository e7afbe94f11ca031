"""Locks between consoles: one writer for a session, one action at a time for a service.

They are `flock` locks, which the system lets go when the last process that holds them ends, however it ends; a
process that inherits the handle keeps the lock after its parent has died.
"""

import fcntl
import hashlib
import json
import os
import re
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from console.core.inputs import Actor

SESSION_LOCK = "session.lock"

_TRIES = 5
_BETWEEN_TRIES_S = 0.01


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock."""

    pid: int
    user: str
    host: str
    tty: str
    since: float
    what: str = ""
    """What it is held for, in words."""

    def __str__(self) -> str:
        where = f"{self.user}@{self.host}" + (f" ({self.tty})" if self.tty else "")
        return f"{where}, process {self.pid}"


UNKNOWN_HOLDER = Holder(pid=0, user="somebody", host="", tty="", since=0.0)
"""The holder of a lock who did not say who they are, or has not yet."""


class Held(Exception):
    """Somebody else holds the lock."""

    def __init__(self, path: Path, holder: Holder) -> None:
        super().__init__(f"{path} is held by {holder}")
        self.holder = holder


class Lock:
    """A lock that is held; letting it go, or the end of every process that has its handle, frees it."""

    def __init__(self, path: Path, handle: int) -> None:
        self.path = path
        self._handle = handle

    @classmethod
    def take(cls, path: Path, actor: Actor, at: float, what: str = "") -> Self:
        """Take a lock or raise `Held`, which says who has it; raises `OSError` where no file can be made.

        A file that is there is locked although its disk may not be written any more: another may hold it since before.
        """
        return cls.inherit(path, Holder(os.getpid(), actor.user, actor.host, actor.tty, at, what))

    @classmethod
    def inherit(cls, path: Path, holder: Holder) -> Self:
        """Take a lock for somebody who is to inherit it; raises as `take` does."""
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            if not path.exists():
                raise
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        if not _locked(handle):
            os.close(handle)
            raise Held(path, _said_by(path))
        lock = cls(path, handle)
        lock.say(holder)
        return lock

    @property
    def handle(self) -> int:
        """The open file, for a process that is to inherit the lock."""
        return self._handle

    def say(self, holder: Holder) -> None:
        """Write down who holds the lock, for those who find it taken; on a full disk that is left out."""
        with suppress(OSError):
            os.truncate(self._handle, 0)
            os.pwrite(self._handle, json.dumps(asdict(holder)).encode(), 0)

    def release(self) -> None:
        """Close this process's handle; a process that inherited it still holds the lock."""
        os.close(self._handle)

    def end(self) -> None:
        """Let the lock go for every process that inherited it, and close this one's handle."""
        fcntl.flock(self._handle, fcntl.LOCK_UN)
        os.close(self._handle)


def holder_of(path: Path) -> Holder | None:
    """Return who holds a lock now, or `None` if it is free, or cannot be looked at."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _said_by(path)
    except OSError:
        return None
    finally:
        os.close(handle)
    return None


def holders_in(path: Path) -> list[int]:
    """Return the processes that hold a lock or inherited it, as far as this account may see them (Linux, proc(5)).

    Somebody who only looks whether it is free has the file open too, but not the lock.
    """
    found = []
    for handle in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            if handle.readlink() == path.resolve():
                said = (handle.parents[1] / "fdinfo" / handle.name).read_text("ascii", errors="replace")
                found += [int(handle.parts[2])] if re.search(r"^lock:.*FLOCK.*WRITE", said, re.MULTILINE) else []
    return found


def command_lock(path: Path) -> Path:
    """Return the file whose lock a command holds while it runs for the holder of a lock, and when that one is gone."""
    return path.with_name(f"{path.name}.command")


def service_lock(state_dir: Path, service: str) -> Path:
    """Return the file whose lock allows one action at a time on a service."""
    plain = re.sub(r"[^A-Za-z0-9_.-]", "_", service)[:60]
    digest = hashlib.sha256(service.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return state_dir / "locks" / f"{plain}-{digest}.lock"


def _locked(handle: int) -> bool:
    """Try to lock, more than once: somebody may have the lock only for as long as it takes to look at it."""
    for _ in range(_TRIES):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_BETWEEN_TRIES_S)
        else:
            return True
    return False


def _said_by(path: Path) -> Holder:
    try:
        return Holder(**json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return UNKNOWN_HOLDER
