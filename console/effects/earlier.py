"""How long an action took before, from what earlier attempts left on disk."""

from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path

from console.core.words import Outcome
from console.effects import attempt_files as files
from console.effects.sessions import list_sessions, loose_attempts
from console.patience import in_time

RUNS = 10
"""So many of the newest runs that went well are looked at."""
_READ = 50
_LIMIT_S = 0.3


def took(base: Path, rollout: str, action: str) -> tuple[float, ...]:
    """Return the seconds that the newest whole runs of an action took that went well, in any session, newest first.

    What cannot be read is passed over.
    """
    found: list[Path] = []
    for parent in _parents(base, rollout):
        with suppress(OSError):
            found += [folder for folder in parent.iterdir() if folder.name.startswith(f"{action}-")]
    # The name of an attempt ends with when it was begun.
    newest = sorted(found, key=lambda folder: folder.name.removeprefix(f"{action}-"), reverse=True)[:_READ]
    runs = (_took(folder, action) for folder in newest)
    return tuple(seconds for seconds in runs if seconds is not None)[:RUNS]


def took_in_time(base: Path, rollout: str, action: str) -> tuple[float, ...]:
    """Return what `took` does, or nothing where a disk takes too long: that must not stand in the way."""
    try:
        return in_time(partial(took, base, rollout, action), _LIMIT_S)
    except OSError:
        return ()


def _parents(base: Path, rollout: str) -> Iterable[Path]:
    yield loose_attempts(base, rollout)
    for session in list_sessions(base):
        if session.rollout == rollout:
            yield session.attempts


def _took(folder: Path, action: str) -> float | None:
    started, ended = files.read_intent(folder), files.read_ended(folder)
    if started is None or ended is None or started.action != action or ended.outcome is not Outcome.DONE:
        return None
    return None if started.is_check or started.first_step else max(0.0, ended.at - started.at)
