"""Ends an action that runs: its runner, or the command that goes on after the runner was killed."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from console.core.actors import Actor
from console.effects import attempt_files as files
from console.effects.executor import FOLLOW_S, GRACE_S
from console.effects.lock import command_lock, holder_of, holders_in


def stop(folder: Path, actor: Actor, reason: str, at: float) -> bool:
    """Ask the runner of an attempt to end its step and leave; return whether there was one to ask.

    The outcome is then `Outcome.UNKNOWN`, or `Outcome.FAILED` between two steps. A command whose runner is gone is
    ended itself, with everything it started.
    """
    if holder_of(folder / files.RUNNING_LOCK) is None:
        return _end_left(command_lock(folder / files.RUNNING_LOCK), folder, actor, reason, at)
    said = files.read_started(folder)
    if said is None or said.get("boot_id") != files.boot_id():
        return False
    pid = said.get("pid")
    if not isinstance(pid, int) or files.start_ticks(pid) != said.get("start_ticks"):
        return False
    _say_stop(folder, actor, reason, at)
    os.kill(pid, signal.SIGTERM)
    return True


def _say_stop(folder: Path, actor: Actor, reason: str, at: float) -> None:
    with suppress(OSError):  # a full disk does not keep it going
        files.write_word(folder, files.STOP, at, actor, reason)


def _end_left(lock: Path, folder: Path, actor: Actor, reason: str, at: float) -> bool:
    """End the processes of a command that goes on without its runner: ask, give them time, then kill."""
    if holder_of(lock) is None:
        return False
    _say_stop(folder, actor, reason, at)
    for way in (signal.SIGTERM, signal.SIGKILL):
        for pid in holders_in(lock):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, way)
        deadline = time.monotonic() + GRACE_S
        while holder_of(lock) is not None and time.monotonic() < deadline:
            time.sleep(FOLLOW_S)
    return holder_of(lock) is None
