"""Programs that a source or a probe runs: in a process group of their own, which ends with them."""

import contextlib
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from console.core.text import decode, visible
from console.sources.base import Lost, Unreadable

OUTPUT_LIMIT_BYTES = 64 * 1024
_GRACE_S = 1.0


@dataclass(frozen=True, slots=True)
class Ran:
    """How a program ended."""

    exit_code: int | None
    """Negative for the signal that ended it; `None` if it was ended because its time was up."""
    output: bytes
    """Its standard output, the first 64 KB of it."""
    errors: bytes
    """Its standard error, the first 64 KB of it."""

    @property
    def last_words(self) -> str:
        """The last line of what it said, safe to draw; empty if it said nothing."""
        lines = decode(self.errors or self.output).strip().splitlines()
        return visible(lines[-1].strip(), 200) if lines else ""


def start(argv: Sequence[str], folder: Path, *, are_errors_apart: bool) -> subprocess.Popen[bytes]:
    """Start a program in a process group of its own. Raises `Unreadable` or `Lost` with the remedy."""
    try:
        return subprocess.Popen(
            list(argv),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if are_errors_apart else subprocess.STDOUT,
            start_new_session=True,
        )
    except FileNotFoundError:
        missing = folder if not folder.is_dir() else argv[0]
        raise Unreadable(f"there is no {missing}; install it, or correct the command") from None
    except PermissionError:
        raise Unreadable(f"{argv[0]} may not be executed; give it the right with chmod +x") from None
    except (OSError, ValueError) as error:
        raise Lost(f"{argv[0]} cannot be started: {getattr(error, 'strerror', None) or error}") from None


def end(process: subprocess.Popen[bytes], *, is_polite: bool) -> None:
    """End a program with all of its process group, and let its pipes go."""
    if is_polite and not has_ended(process):
        _signal(process, signal.SIGTERM)
        deadline = time.monotonic() + _GRACE_S
        while not has_ended(process) and time.monotonic() < deadline:
            time.sleep(0.02)
    # The group outlives its leader when the program left something behind. The leader has not been waited for, so
    # nobody else can have its number yet.
    _signal(process, signal.SIGKILL)
    process.wait()
    for pipe in _pipes(process):
        pipe.close()


def run(argv: Sequence[str], folder: Path, timeout_s: float, stop: threading.Event) -> Ran:
    """Run a program to its end, or end it when its time is up or `stop` is set.

    Does not wait for what it left running, even if that holds its output open. Raises `Unreadable` or `Lost`.
    """
    deadline = time.monotonic() + timeout_s
    process = start(argv, folder, are_errors_apart=True)
    said: dict[int, bytearray] = {}
    try:
        with selectors.DefaultSelector() as selector:
            for pipe in _pipes(process):
                os.set_blocking(pipe.fileno(), False)
                said[pipe.fileno()] = bytearray()
                selector.register(pipe, selectors.EVENT_READ)
            while not has_ended(process) and time.monotonic() < deadline and not stop.is_set():
                # Short looks: that a program ended does not show in a pipe that its children keep open.
                _drain(selector, said, min(0.02, max(0.0, deadline - time.monotonic())))
            is_in_time = has_ended(process)
            while _drain(selector, said, 0) and time.monotonic() < deadline:
                pass
    finally:
        end(process, is_polite=False)
    output, errors = said.values()
    return Ran(process.returncode if is_in_time else None, bytes(output), bytes(errors))


def has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Return whether a program has ended, and leave it to be waited for."""
    if process.returncode is not None:
        return True
    if not hasattr(os, "waitid"):
        return process.poll() is not None
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _pipes(process: subprocess.Popen[bytes]) -> list[IO[bytes]]:
    return [pipe for pipe in (process.stdout, process.stderr) if pipe is not None]


def _drain(selector: selectors.BaseSelector, said: dict[int, bytearray], wait_s: float) -> bool:
    """Read what is there, and keep as much of it as is allowed; returns whether there was anything."""
    had_any = False
    if not selector.get_map():
        time.sleep(wait_s)
        return False
    for key, _ in selector.select(wait_s):
        chunk = os.read(key.fd, 65536)
        if not chunk:
            selector.unregister(key.fileobj)
            continue
        had_any = True
        kept = said[key.fd]
        kept += chunk[: max(0, OUTPUT_LIMIT_BYTES - len(kept))]
    return had_any


def _signal(process: subprocess.Popen[bytes], sign: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, sign)
