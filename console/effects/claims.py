"""What must be had before an action may begin: the locks of its service, so that one runs at a time."""

from collections.abc import Sequence
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path

from console.core.action_inputs import ActionStarted
from console.effects.lock import Held, Holder, Lock, command_lock, holder_of, machine_lock, service_lock
from console.patience import in_time


class CannotStart(Exception):
    """Nothing was done; the text says why and what to do."""


class Busy(CannotStart):
    """Another action is running for this service."""

    def __init__(self, holder: Holder) -> None:
        super().__init__(
            f"{holder.what or 'another action'} is running, begun by {holder};"
            f" wait until it ends, or end it: kill {holder.pid}"
        )
        self.holder = holder


class CannotWrite(CannotStart):
    """The folder of the attempt or of the locks cannot be written; another one may do."""


def service_taken(locks_dirs: Sequence[Path], service: str, started: ActionStarted, held: ExitStack) -> Lock:
    """Take the lock of a service in the first folder where one can be made, which is the same for every console.

    It is let go when `held` ends. Raises `Busy`, or `CannotWrite` where none of the folders can be written.
    """
    problem = CannotWrite("there is no folder for locks; nothing was done")
    paths = [service_lock(folder, service) for folder in locks_dirs]
    for path in paths:
        try:
            lock = taken(path, started, held)
        except CannotWrite as error:
            problem = error
            continue
        # Whoever found another folder to be the first that works has its lock there.
        others = partial(_held_in, [other for other in paths if other != path])
        with suppress(OSError):
            if (holder := in_time(others)) is not None:
                raise Busy(holder)
        return lock
    raise problem


def _held_in(paths: Sequence[Path]) -> Holder | None:
    """Return who holds one of these locks, or whose command goes on."""
    found = (holder_of(one) for path in paths for one in (path, command_lock(path)))
    return next((holder for holder in found if holder is not None), None)


def machine_taken(
    machine: Path | None, service: str, started: ActionStarted, held: ExitStack
) -> tuple[list[Lock], str]:
    """Take the lock of a service that all accounts share; one that cannot be had stands in the way of nothing.

    Returns why it cannot be had, empty if it was.
    """
    why = "there is no folder that all may write"
    if machine is not None:
        try:
            return [taken(machine_lock(machine, service), started, held)], ""
        except CannotWrite as error:
            why = str(error).removesuffix("; nothing was done")
    return [], f"the lock of {service} holds for this user only, not for other accounts of this machine: {why}"


def taken(path: Path, started: ActionStarted, held: ExitStack) -> Lock:
    """Take a lock for an action and let it go when `held` ends. Raises `Busy` or, without a file, `CannotWrite`."""
    try:
        lock = in_time(partial(_take, path, started), late=Lock.release)
    except Held as conflict:
        raise Busy(conflict.holder) from None
    except OSError as error:
        raise CannotWrite(f"{path} cannot be locked: {error.strerror or error}; nothing was done") from error
    held.callback(lock.release)
    return lock


def _take(path: Path, started: ActionStarted) -> Lock:
    """Take a lock; raises `Held` also where the command of a runner that was killed goes on, and `OSError`."""
    lock = Lock.take(path, started.actor, started.at, errand(started))
    left = holder_of(command_lock(path))
    if left is not None:
        lock.release()
        raise Held(path, left)
    return lock


def errand(started: ActionStarted) -> str:
    """Return what a lock is held for, in words."""
    return f"{started.title} ({started.attempt})"
