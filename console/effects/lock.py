"""Locks between consoles: one writer for a session, one action at a time for a service.

They are `flock` locks, which the system lets go when the last process that holds them ends, however it ends; a
process that inherits the handle keeps the lock after its parent has died.
"""

import errno
import fcntl
import hashlib
import json
import os
import re
import stat
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from console.core.actors import Actor

SESSION_LOCK = "session.lock"
LOCKS_VARIABLE = "ROLLOUT_CONSOLE_LOCKS"

_FOR_ALL = ("/run/lock", "/var/lock", "/dev/shm", "/tmp")  # noqa: S108 - what stands there is trusted in nothing
_HOLDER_BYTES = 4096

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
        with suppress(OSError):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = open_shared(path)
        if not _locked(handle):
            said = _said_in(handle)
            os.close(handle)
            raise Held(path, said)
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
        handle = os.open(path, os.O_RDONLY | _WARILY)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _said_in(handle)
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
    """Return the file whose lock allows one action at a time on a service, to those who share a state folder."""
    return state_dir / "locks" / f"{_named(service)}.lock"


def machine_lock(folder: Path, service: str) -> Path:
    """Return the file whose lock allows one action at a time on a service to every account of this machine."""
    return folder / f"rollout-console-{_named(service)}.lock"


def machine_folder(env: Mapping[str, str] = os.environ) -> Path | None:
    """Return the folder where all accounts of this machine meet: the same for each of them, `None` without one."""
    chosen = env.get(LOCKS_VARIABLE)
    if chosen:
        return Path(chosen).expanduser().absolute()
    return next((folder for folder in map(Path, _FOR_ALL) if _is_for_all(folder)), None)


def open_shared(path: Path) -> int:
    """Open a file that others may have made, or make it, for those who may write its folder. Raises `OSError`.

    Anybody may have put anything into a folder that all may write: a link is not followed, and only a plain file with
    one name is taken. A file that is there and may not be written is opened to be read.
    """
    handle = _opened(path)
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        os.close(handle)
        raise OSError(errno.EINVAL, "it is no plain file of one name")
    return handle


_WARILY = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


def _opened(path: Path) -> int:
    with suppress(FileNotFoundError):
        return _opened_as_it_is(path)
    # Without O_EXCL the kernel refuses files of others in a sticky folder (proc(5), protected_regular).
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _WARILY, 0o600)
    except FileExistsError:
        return _opened_as_it_is(path)
    around = path.parent.stat().st_mode
    if around & 0o022:
        os.fchmod(handle, 0o600 | (around & 0o066))
    return handle


def _opened_as_it_is(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | _WARILY)
    except FileNotFoundError:
        raise
    except OSError:
        return os.open(path, os.O_RDONLY | _WARILY)


def _is_for_all(folder: Path) -> bool:
    """Return whether everybody may make files in a folder, and nobody may remove those of others."""
    try:
        found = folder.stat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == 0 and found.st_mode & 0o1777 == 0o1777


def _named(service: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9_.-]", "_", service)[:60]
    digest = hashlib.sha256(service.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{plain}-{digest}"


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


def _said_in(handle: int) -> Holder:
    try:
        return Holder(**json.loads(os.pread(handle, _HOLDER_BYTES, 0)))
    except (OSError, ValueError, TypeError, RecursionError):
        return UNKNOWN_HOLDER
