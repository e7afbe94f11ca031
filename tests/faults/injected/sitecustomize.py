"""Faults inside a console or a runner: Python imports this before anything else when its folder is in PYTHONPATH.

Every call that changes something outside the process is a point, and is numbered. The variable `FAULT` says in JSON
which process (`who`) meets what (`way`) at which point (`at`; 0 is from the beginning); `log` is a file that gets one
line a point, `armed` a file before whose coming nothing is counted, and `under` the folders whose disk fails. A disk
that is dead, to which nobody has access, or that hangs cannot be read either; reading is no point.
"""

import builtins
import errno
import io
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

_SIGNALS = {
    "kill": signal.SIGKILL,
    "torn": signal.SIGKILL,
    "term": signal.SIGTERM,
    "hup": signal.SIGHUP,
    "halt": signal.SIGSTOP,
}
_ERRORS = {
    "full": errno.ENOSPC,
    "read only": errno.EROFS,
    "dead": errno.EIO,
    "no access": errno.EACCES,
    "hangs": errno.ETIMEDOUT,
}
_UNREADABLE = ("dead", "no access", "hangs")
_FREE = ("unlink", "replace", "rename", "truncate", "ftruncate", "fsync", "fchmod", "rmdir")
"""What a full disk still does."""


def who() -> str:
    """Return which part of the program this process is."""
    words = sys.orig_argv[1:]
    if "console.commands.run_attempt" in words:
        return "launcher"
    return next((word for word in words if word in ("act", "attempts", "watch")), "")


class Points:
    """Counts the points of this process and does what was asked at one of them."""

    def __init__(self, said: dict[str, Any]) -> None:
        self.who = who()
        self._said = said
        self._count = 0
        self._is_failing = said["at"] == 0

    def looked(self, place: object) -> None:
        """Raise what a disk raises that cannot be read."""
        said = self._said
        is_met = said["who"] == self.who and said["way"] in _UNREADABLE and self._is_failing
        if is_met and self._is_armed() and self._is_there(place):
            self._fail()

    def passed(self, what: str, place: object = None, torn: Callable[[], object] | None = None) -> None:
        """Count a point; at the one asked for do what was asked, or raise what a failing disk raises."""
        said = self._said
        if said["who"] != self.who or not self._is_armed():
            return
        self._count += 1
        if said.get("log"):
            handle = _real["open"](said["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            _real["write"](handle, f"{self._count} {what}\n".encode())
            os.close(handle)
        way = said["way"]
        if self._count == said["at"]:
            if way in _SIGNALS:
                if way == "torn" and torn is not None:
                    torn()
                _real_kill(os.getpid(), _SIGNALS[way])
            self._is_failing = way in _ERRORS
        if self._is_failing and self._count >= said["at"] + said.get("lasts", 1_000_000):
            self._is_failing = False
        if self._is_failing and not (way == "full" and what in _FREE) and self._is_there(place):
            self._fail()

    def _is_armed(self) -> bool:
        try:
            return not self._said.get("armed") or bool(_real_stat(self._said["armed"]))
        except OSError:
            return False

    def _fail(self) -> None:
        way = self._said["way"]
        if way == "hangs":
            threading.Event().wait()
        raise OSError(_ERRORS[way], os.strerror(_ERRORS[way]))

    def _is_there(self, place: object) -> bool:
        if isinstance(place, int):
            try:
                place = os.readlink(f"/proc/self/fd/{place}")  # noqa: PTH115 - Path calls what is replaced here
            except OSError:
                return False
        if not isinstance(place, str | os.PathLike):
            return False
        path = os.path.abspath(os.fspath(place))  # noqa: PTH100 - Path calls what is replaced here
        return any(path.startswith(folder) for folder in self._said.get("under", ()))


_real: dict[str, Callable[..., Any]] = {}
_real_kill = os.kill
_real_stat = os.stat


def _replace(points: Points, way: str) -> None:
    """Put a point before each call that changes something."""
    for name in ("fsync", "replace", "rename", "unlink", "mkdir", "rmdir", "truncate", "ftruncate", "fchmod", "pwrite"):
        _real[name] = getattr(os, name)
        setattr(os, name, _with_point(points, name))
    _real["open"], _real["write"], _real["fork"] = os.open, os.write, os.fork
    os.open = _opening(points)
    os.write = _writing(points)
    os.fork = _forking(points)
    _real["killpg"] = os.killpg
    os.killpg = _with_point(points, "killpg")
    _real["spawn"] = subprocess._fork_exec  # type: ignore[attr-defined]
    subprocess._fork_exec = _spawning(points)  # type: ignore[attr-defined]
    _real["send"] = socket.socket.send
    socket.socket.send = _sending(points)  # type: ignore[method-assign]
    _real["connect"] = sqlite3.connect
    sqlite3.connect = _connecting(points)  # type: ignore[assignment]
    if way in _UNREADABLE:
        for name in ("stat", "lstat", "scandir", "listdir"):
            setattr(os, name, _looking(points, getattr(os, name)))
        io.open = builtins.open = _looking(points, builtins.open)  # type: ignore[assignment]


def _with_point(points: Points, name: str) -> Callable[..., Any]:
    def call(*given: Any, **named: Any) -> Any:
        points.passed(name, given[0])
        return _real[name](*given, **named)

    return call


def _looking(points: Points, real: Callable[..., Any]) -> Callable[..., Any]:
    def call(*given: Any, **named: Any) -> Any:
        points.looked(given[0] if given else None)
        return real(*given, **named)

    return call


def _opening(points: Points) -> Callable[..., int]:
    def call(path: Any, flags: int, *rest: Any, **named: Any) -> int:
        if flags & os.O_CREAT:
            points.passed("open", path)
        else:
            points.looked(path)
        handle: int = _real["open"](path, flags, *rest, **named)
        return handle

    return call


def _writing(points: Points) -> Callable[..., int]:
    def call(handle: int, text: Any) -> int:
        points.passed("write", handle, lambda: _real["write"](handle, bytes(text)[: len(text) // 2]))
        written: int = _real["write"](handle, text)
        return written

    return call


def _forking(points: Points) -> Callable[[], int]:
    def call() -> int:
        points.passed("fork")
        pid: int = _real["fork"]()
        if pid == 0 and points.who == "launcher":
            points.who = "runner"
        points.passed("forked")
        return pid

    return call


def _spawning(points: Points) -> Callable[..., int]:
    def call(*given: Any) -> int:
        points.passed("spawn")
        pid: int = _real["spawn"](*given)
        points.passed("spawned")
        return pid

    return call


def _sending(points: Points) -> Callable[..., int]:
    def call(self: socket.socket, *given: Any) -> int:
        if self.family == socket.AF_INET:  # the others wake up a loop of this process
            points.passed("send")
        sent: int = _real["send"](self, *given)
        return sent

    return call


def _connecting(points: Points) -> Callable[..., sqlite3.Connection]:
    class Counted(sqlite3.Connection):
        def execute(self, *given: Any) -> sqlite3.Cursor:
            if not str(given[0]).startswith(("SELECT", "PRAGMA")):
                points.passed(f"sqlite {str(given[0]).strip()[:20]}")
            return super().execute(*given)

    def call(*given: Any, **named: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = _real["connect"](*given, **{"factory": Counted, **named})
        return connection

    return call


if "FAULT" in os.environ:
    _said = json.loads(os.environ["FAULT"])
    _replace(Points(_said), _said["way"])
    sys.path.remove(str(Path(__file__).parent))
