"""When this machine last began a rollback by itself: kept beside the locks, whatever becomes of a session."""

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from console.core.durations import format_duration
from console.effects.files import write_private

PAUSE_S = 3600.0
"""So long nothing is begun by itself for a service again, in whichever session, unless somebody armed it since."""


def obstacle(folders: Sequence[Path], service: str, *, at: float, session_began: float, armed_at: float) -> str:
    """Return why nothing may be begun by itself for a service now, empty if it may."""
    last = max(filter(None, (_noted(folder, service) for folder in folders)), default=None)
    if last is None or armed_at > last:
        return ""
    if last >= session_began:
        return "it was begun by itself before in this session"
    if at - last < PAUSE_S:
        return f"it was begun by itself in another session less than {format_duration(PAUSE_S)} ago"
    return ""


def note(folders: Sequence[Path], service: str, at: float) -> None:
    """Write down that one is about to be begun, in the first folder that can be written.

    Raises `OSError` where none can: what cannot be remembered is not begun.
    """
    problem = OSError("there is no folder to write it down in")
    for folder in folders:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(_path(folder, service), json.dumps({"at": at}) + "\n")
        except OSError as error:
            problem = error
        else:
            return
    raise problem


def forget(folders: Sequence[Path], service: str, at: float) -> None:
    """Take back what was noted at a time, because nothing was begun after all; where that fails, one waits."""
    for folder in folders:
        if _noted(folder, service) == at:
            with suppress(OSError):
                _path(folder, service).unlink()


def _noted(folder: Path, service: str) -> float | None:
    with suppress(OSError, ValueError, KeyError, TypeError):
        return float(json.loads(_path(folder, service).read_text())["at"])
    return None


def _path(folder: Path, service: str) -> Path:
    return folder / f"automatic-{hashlib.sha256(service.encode()).hexdigest()[:16]}.json"
