"""Starts programs that do not outlive this process, however it ends."""

import ctypes
import functools
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def spawn(
    command: Sequence[str | Path],
    log: Path,
    *,
    death_signal: signal.Signals = signal.SIGTERM,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    account: tuple[int, int] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, with its output at the end of a file.

    On Linux the kernel sends it `death_signal` when this process is gone. `account` is the user and group to run as.
    Ctrl-C in the terminal does not reach it. Raises `OSError`.
    """
    start = functools.partial(_start, command, log, death_signal=death_signal, cwd=cwd, env=env, account=account)
    return _keeper().submit(start).result()


@functools.cache
def _keeper() -> ThreadPoolExecutor:
    """Return the thread that starts everything: for the kernel the parent that must live on is a thread."""
    return ThreadPoolExecutor(1, thread_name_prefix="servers")


def _start(
    command: Sequence[str | Path],
    log: Path,
    *,
    death_signal: signal.Signals,
    cwd: Path | None,
    env: Mapping[str, str] | None,
    account: tuple[int, int] | None,
) -> subprocess.Popen[bytes]:
    user, group = account or (None, None)
    with log.open("ab") as output:
        return subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=cwd,
            env=None if env is None else dict(env),
            start_new_session=True,
            preexec_fn=_dying_with_parent(death_signal),  # noqa: PLW1509 - one system call, nothing that locks
            user=user,
            group=group,
            extra_groups=None if account is None else [],
        )


def _dying_with_parent(death_signal: signal.Signals) -> Callable[[], None] | None:
    """Return what the child does before it becomes the program: ask the kernel to end it with its parent."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl  # looked up here: between fork and exec little is safe
    parent = os.getpid()

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:  # it died before the request
            os._exit(1)

    return ask
