"""When this machine last began a rollback by itself: kept beside the locks, whatever becomes of a session.

Where all accounts of the machine meet it is kept as well, so that two of them do not both begin one.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from console.core.durations import format_duration
from console.effects.files import write_private
from console.effects.lock import open_shared

PAUSE_S = 3600.0
"""So long nothing is begun by itself for a service again, in whichever session, unless somebody armed it since."""
_LARGEST_BYTES = 1024


def obstacle(
    folders: Sequence[Path],
    service: str,
    *,
    at: float,
    session_began: float,
    armed_at: float,
    machine: Path | None = None,
) -> str:
    """Return why nothing may be begun by itself for a service now, empty if it may."""
    noted = [_noted(_path(folder, service)) for folder in folders]
    if machine is not None:
        everywhere = _noted(_shared_path(machine, service))
        # Anybody may write there; a time to come is of no account.
        noted.append(everywhere if everywhere is not None and everywhere <= at else None)
    last = max(filter(None, noted), default=None)
    if last is None or armed_at > last:
        return ""
    if last >= session_began:
        return "it was begun by itself before in this session"
    if at - last < PAUSE_S:
        return f"it was begun by itself in another session less than {format_duration(PAUSE_S)} ago"
    return ""


def note(folders: Sequence[Path], service: str, at: float, machine: Path | None = None) -> None:
    """Write down that one is about to be begun, in the first folder that can be written, and where all accounts meet.

    Raises `OSError` where none can: what cannot be remembered is not begun.
    """
    said = json.dumps({"at": at}) + "\n"
    if machine is not None:
        with suppress(OSError):  # what is kept for this user counts
            _write_shared(_shared_path(machine, service), said)
    problem = OSError("there is no folder to write it down in")
    for folder in folders:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(_path(folder, service), said)
        except OSError as error:
            problem = error
        else:
            return
    raise problem


def forget(folders: Sequence[Path], service: str, at: float, machine: Path | None = None) -> None:
    """Take back what was noted at a time, because nothing was begun after all; where that fails, one waits."""
    paths = [_path(folder, service) for folder in folders]
    for path in paths if machine is None else [*paths, _shared_path(machine, service)]:
        if _noted(path) == at:
            with suppress(OSError):
                path.unlink()


def _noted(path: Path) -> float | None:
    with suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            return float(json.loads(os.pread(handle, _LARGEST_BYTES, 0))["at"])
        finally:
            os.close(handle)
    return None


def _write_shared(path: Path, text: str) -> None:
    handle = open_shared(path)
    try:
        os.truncate(handle, 0)
        os.pwrite(handle, text.encode(), 0)
    finally:
        os.close(handle)


def _path(folder: Path, service: str) -> Path:
    return folder / f"automatic-{_digest(service)}.json"


def _shared_path(machine: Path, service: str) -> Path:
    return machine / f"rollout-console-automatic-{_digest(service)}.json"


def _digest(service: str) -> str:
    return hashlib.sha256(service.encode()).hexdigest()[:16]
