"""The attempts of a rollout as their folders tell, for commands that run beside a console or without one."""

import time
from collections.abc import Iterator, Set
from dataclasses import dataclass, replace
from pathlib import Path

from console.core.action_inputs import ActionAbandoned, ActionEnded, ActionProgressed, ActionStarted
from console.core.attempts import Attempt
from console.effects import executor
from console.effects.attempt_files import read_abandoned
from console.effects.begin import Places
from console.effects.sessions import Session, find_session, state_dir


@dataclass(frozen=True, slots=True)
class Found:
    """An attempt and where it is kept."""

    folder: Path
    attempt: Attempt
    is_newest: bool


def attempts_in(where: Places) -> list[Found]:
    """Return the attempts in these places, in the order in which they were begun."""
    known: dict[str, tuple[Path, Attempt]] = {}
    adopted = [(folder, executor.adopt(folder, time.time())) for folder in where.folders()]
    for folder, one in sorted(
        ((folder, one) for folder, one in adopted if one is not None), key=lambda pair: pair[1].started.at
    ):
        attempt = Attempt(one.started, {})
        for step in one.progress:
            attempt = attempt.progressed(step)
        if one.ended is not None:
            attempt = attempt.finished(one.ended)
        said = read_abandoned(folder)
        if said is not None:
            attempt = attempt.abandoned(said)
        before = known.get(one.started.continues)
        if before is not None:
            known[one.started.continues] = (before[0], replace(before[1], carried_on=one.started.attempt))
        known[folder.name] = (folder, attempt)
    newest = next(reversed(known), None)
    return [Found(folder, attempt, name == newest) for name, (folder, attempt) in known.items()]


def left_since(where: Places, session: Session, settled: Set[str]) -> list[executor.Adopted]:
    """Return the attempts that a session has not taken up yet, in the order in which they were begun.

    What is kept outside of it counts from its beginning on.
    """
    folders = [folder for folder in where.folders() if folder.name not in settled]
    found = [(folder, executor.adopt(folder, time.time())) for folder in folders]
    newer = [one for folder, one in found if one is not None and is_of(session, folder, one.started)]
    return sorted(newer, key=lambda one: one.started.at)


def is_of(session: Session, folder: Path, started: ActionStarted) -> bool:
    """Whether an attempt may be of a session: those kept outside of it may be of a time before it."""
    return folder.parent == session.attempts or started.at >= session.created


def kept_here(folder: Path) -> Session | None:
    """Return the session of a folder if this machine's user keeps it; of one that was moved here nobody knows more."""
    session = find_session(state_dir(), folder.name)
    return session if session is not None and session.folder == folder else None


def told_by(
    where: Places, one: executor.Adopted
) -> Iterator[ActionStarted | ActionProgressed | ActionEnded | ActionAbandoned]:
    """Yield what a console hears of an attempt when it takes it up."""
    yield one.started
    yield from one.progress
    if one.ended is not None:
        yield one.ended
    said = read_abandoned(where.folder_of(one.started.attempt))
    if said is not None:
        yield said
