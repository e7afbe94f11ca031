"""The steps of an action, carried out one at a time by the runner.

Nothing here is ever tried twice: a repeat is a decision of the operator.
"""

import asyncio
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import wait
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from console.core.durations import format_duration
from console.core.env_text import EnvFileProblem
from console.core.rollout import EnvFileEdit, Step
from console.core.text import visible
from console.effects.ending import Ending
from console.effects.env_file import edit_env_file
from console.effects.lock import UNKNOWN_HOLDER, Held, Holder, Lock, command_lock
from console.effects.login import login_of
from console.effects.output_file import OutputFile
from console.patience import LeftBehind

_LOOK_S = 0.05
"""How often a step that runs is looked at."""

_LAST_WORDS_S = 1.0
"""How long to go on reading after a command ended; something it left behind may hold its output open for ever."""

_SHELL_SIGNAL = 128
"""A shell ends with this and the number of the signal that ended its command (POSIX leaves it open, all shells do)."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What steps run in."""

    attempt: str
    base_dir: Path
    env: Mapping[str, str]
    addresses: Mapping[str, str]
    output: OutputFile
    grace_s: float
    is_stopped: Callable[[], bool]
    """Whether somebody asked the runner to stop."""
    locks: tuple[Path, ...] = ()
    """What the runner has locked; a command that outlives it keeps its own lock on each."""
    holder: Holder = UNKNOWN_HOLDER


def carry_out(step: Step, around: Surroundings) -> Ending:
    """Do one step and return how it ended; errors of the outside world are endings, not exceptions."""
    if step.run is not None:
        return _run(step, around)
    if step.env_file is not None:
        return _edit(step.env_file, step.timeout, around)
    from console.effects.server_steps import ask_server  # noqa: PLC0415 - heavy, and few actions need it

    return _waited_for(ask_server(step, around.addresses), step.timeout, around)


def _run(step: Step, around: Surroundings) -> Ending:
    locks = _locks_of_command(around)
    try:
        return _run_locked(step, around, locks)
    finally:
        for lock in locks:
            lock.end()  # what the command leaves behind when it has ended holds up nobody


def _locks_of_command(around: Surroundings) -> list[Lock]:
    """Take the locks that a command inherits; one that cannot be made must not keep it from running."""
    taken = []
    for path in around.locks:
        with suppress(Held, OSError):
            taken.append(Lock.inherit(command_lock(path), around.holder))
    return taken


def _run_locked(step: Step, around: Surroundings, locks: Sequence[Lock]) -> Ending:
    argv = ["/bin/sh", "-c", *(step.run or ())] if step.shell else list(step.run or ())
    login = login_of(around.addresses[step.login]) if step.login else {}
    reading, writing = os.pipe()
    try:
        command = subprocess.Popen(
            argv,
            cwd=around.base_dir,
            env={**around.env, **login, **step.env},
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=writing,
            start_new_session=True,
            pass_fds=tuple(lock.handle for lock in locks),
        )
    except (OSError, ValueError) as error:
        os.close(reading)
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return Ending(
            "not begun", f"{argv[0]}: {'command not found' if isinstance(error, FileNotFoundError) else reason}"
        )
    finally:
        os.close(writing)
    for lock in locks:
        lock.say(replace(around.holder, pid=command.pid))
    reader = threading.Thread(target=around.output.pump, args=(reading,), name="output", daemon=True)
    reader.start()
    code = _wait(command, step.timeout, around)
    if code is None:
        _end_group(command, around.grace_s)
    reader.join(_LAST_WORDS_S)
    if code is None and around.is_stopped():
        return _stopped()
    if code is None:
        return _timed_out(step.timeout)
    if code != 0:
        return _ended(code)
    around.output.end()
    missing = around.output.missing()
    return Ending("failed", f"it did not print {', '.join(missing)}") if missing else Ending("done", "")


def _ended(code: int) -> Ending:
    """Return how a command ended that did not end well: what a signal ended may have done what it was to do before."""
    if code < 0:
        return Ending("not known", f"ended by {_signal_name(-code)}")
    if _SHELL_SIGNAL < code <= _SHELL_SIGNAL + signal.SIGRTMAX:
        said = f"exit code {code}, as of a shell whose command was ended by {_signal_name(code - _SHELL_SIGNAL)}"
        return Ending("not known", said)
    return Ending("failed", f"exit code {code}")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _wait(command: subprocess.Popen[bytes], timeout_s: float, around: Surroundings) -> int | None:
    """Return the exit code, or `None` when the time was up or somebody asked to stop."""
    deadline = time.monotonic() + timeout_s
    while not around.is_stopped() and (left := deadline - time.monotonic()) > 0:
        with suppress(subprocess.TimeoutExpired):
            return command.wait(min(left, _LOOK_S))
    return command.poll()


def _end_group(command: subprocess.Popen[bytes], grace_s: float) -> None:
    """End a command with everything it started: ask, give it time, then kill."""
    deadline = time.monotonic() + grace_s
    is_there = _signal_group(command.pid, signal.SIGTERM)
    while is_there and time.monotonic() < deadline:
        command.poll()
        time.sleep(_LOOK_S)
        is_there = _signal_group(command.pid, 0)
    _signal_group(command.pid, signal.SIGKILL)
    command.wait()


def _signal_group(group: int, way: int) -> bool:
    """Send a signal to a process group; return whether there was anybody."""
    try:
        os.killpg(group, way)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # somebody in it runs as another user by now
    return True


def _edit(asked: EnvFileEdit, timeout_s: float, around: Surroundings) -> Ending:
    """Edit an env file; on a disk that hangs nobody knows whether it will be written yet."""
    editing = LeftBehind().submit(edit_env_file, around.base_dir / asked.path, asked.set, around.attempt)
    deadline = time.monotonic() + timeout_s
    while not editing.done() and not around.is_stopped() and (left := deadline - time.monotonic()) > 0:
        wait({editing}, min(left, _LOOK_S))
    if not editing.done():
        return _stopped() if around.is_stopped() else _timed_out(timeout_s)
    try:
        backup = editing.result()
    except EnvFileProblem as problem:
        return Ending("failed", visible(str(problem), 500))
    if backup is None:
        return Ending("done", "nothing to change")
    return Ending("done", f"the old file is kept as {backup.name}")


def _waited_for(work: Coroutine[Any, Any, Ending], timeout_s: float, around: Surroundings) -> Ending:
    """Run a step that waits for a server; when the time is up nobody knows what the server did."""

    async def watched() -> Ending:
        task = asyncio.ensure_future(work)
        deadline = time.monotonic() + timeout_s
        while not task.done() and not around.is_stopped() and (left := deadline - time.monotonic()) > 0:
            await asyncio.wait({task}, timeout=min(left, _LOOK_S))
        if task.done():
            return task.result()
        task.cancel()
        await asyncio.wait({task}, timeout=min(5.0, around.grace_s))
        if around.is_stopped():
            return _stopped()
        return _timed_out(timeout_s)

    return asyncio.run(watched())


def _stopped() -> Ending:
    return Ending("not known", "stopped by an operator")


def _timed_out(timeout_s: float) -> Ending:
    return Ending("timed out", f"no end within {format_duration(timeout_s)}")
