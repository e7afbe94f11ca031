"""Starts attempts at actions in a process of their own, follows them, and finds them again after a crash."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import BinaryIO

from console.core.action_inputs import ActionEnded, ActionProgressed, ActionStarted
from console.core.actors import Actor
from console.core.plan import Plan
from console.core.redact import Redactor
from console.core.text import visible
from console.core.words import Outcome
from console.effects import attempt_files as files
from console.effects.attempt_files import WorkOrder
from console.effects.claims import CannotStart, CannotWrite, errand, machine_taken, service_taken, taken
from console.effects.files import create_private, write_private
from console.effects.lock import Holder, Lock, command_lock, holder_of
from console.effects.preview import command_env, labels
from console.patience import READ_S, in_time, waited_for
from console.spec.loaded import Loaded

RUNNER = (sys.executable, "-P", "-m", "console.commands.run_attempt")
"""How the runner is started; `-P` keeps the operator's folder out of what Python imports."""

GRACE_S = 15.0
"""How long a command has after it was asked to end: `docker compose` waits 10 s for containers by itself."""

FOLLOW_S = 0.15
_START_S = 20.0
_NEWEST_BYTES = 128 * 1024


class Stage(StrEnum):
    """How far an attempt got, for all that its folder tells."""

    RUNNING = "running"
    ENDED = "ended"
    VANISHED = "vanished"
    """Its runner is gone and did not say how it ended."""


@dataclass(frozen=True, slots=True)
class Adopted:
    """An attempt as it was found."""

    stage: Stage
    started: ActionStarted
    progress: tuple[ActionProgressed, ...]
    ended: ActionEnded | None
    """How it ended; for one that vanished that nobody knows, and what is known."""


async def start(
    plan: Plan,
    folder: Path,
    loaded: Loaded,
    started: ActionStarted,
    *,
    locks_dirs: Sequence[Path],
    machine: Path | None = None,
    env: Mapping[str, str] = os.environ,
    runner: Sequence[str] = RUNNER,
    grace_s: float = GRACE_S,
    look_again: Callable[[], None] = lambda: None,
) -> str:
    """Carry a plan out in a process that outlives this one; once it is under way return what of the lock fails.

    `folder` is the attempt's own (`sessions.fresh_attempt`), and its name the attempt's id. The intent is on disk
    before anything is done. `locks_dirs` are the folders that all consoles share: the first is locked in that can be,
    and nobody may hold the lock in another one. `machine` is where all accounts meet. `look_again` is called once
    nobody else can begin anything. Raises `Busy`, `CannotWrite`, also for a disk that does not answer, or
    `CannotStart` where nothing could be begun for another reason; an attempt is begun at most once.
    """
    starting = partial(
        _start,
        plan,
        folder,
        loaded,
        started,
        locks_dirs=locks_dirs,
        machine=machine,
        env=env,
        runner=runner,
        grace_s=grace_s,
        look_again=look_again,
    )
    return await waited_for(starting, None)


def _start(
    plan: Plan,
    folder: Path,
    loaded: Loaded,
    started: ActionStarted,
    *,
    locks_dirs: Sequence[Path],
    machine: Path | None,
    env: Mapping[str, str],
    runner: Sequence[str],
    grace_s: float,
    look_again: Callable[[], None],
) -> str:
    redactor = Redactor(loaded.secrets)
    with ExitStack() as held:
        locks = [service_taken(locks_dirs, plan.service, started, held)]
        everywhere, only_here = machine_taken(machine, plan.service, started, held)
        locks += everywhere
        locks.append(taken(folder / files.RUNNING_LOCK, started, held))
        with suppress(TimeoutError):  # a disk that hangs has nothing to say against it
            in_time(look_again)
        order = _order(plan, folder, loaded, started, env=command_env(env), grace_s=grace_s, locks=locks)
        shown, intent = _shown_plan(order, plan, redactor), redactor.clean_json(files.intent_text(started))
        try:
            # What is written too late was not begun.
            in_time(partial(_write_down, folder, shown, intent), late=lambda _: (folder / files.INTENT).unlink())
        except FileExistsError:
            raise CannotStart(f"the attempt {folder.name} was begun before; it is not begun again") from None
        except OSError as error:
            raise CannotWrite(f"{folder} cannot be written: {error.strerror or error}; nothing was done") from error
        problem = _launch(order, runner)
    if problem and not _was_started(folder):
        said = f"the runner could not be started: {problem}; nothing was done"
        files.Diary(folder).ended(Outcome.FAILED, said)
        raise CannotStart(said)
    _wait_until_started(folder)
    return only_here


def _write_down(folder: Path, shown: str, intent: str) -> None:
    """Write down what is to be done, once; raises `FileExistsError` if it was before, and other `OSError`s."""
    if (folder / files.INTENT).exists():
        raise FileExistsError
    write_private(folder / files.PLAN, shown)
    create_private(folder / files.INTENT, intent)


def _order(
    plan: Plan,
    folder: Path,
    loaded: Loaded,
    started: ActionStarted,
    *,
    env: Mapping[str, str],
    grace_s: float,
    locks: Sequence[Lock],
) -> WorkOrder:
    actor = started.actor
    return WorkOrder(
        attempt=folder.name,
        folder=str(folder.absolute()),
        base_dir=str(loaded.base_dir.absolute()),
        env=env,
        labels=labels(plan, Redactor(loaded.secrets)),
        steps=tuple(step.model_dump(mode="json", by_alias=True, exclude_unset=True) for step in plan.steps),
        verify=tuple(check.model_dump(mode="json", by_alias=True, exclude_unset=True) for check in plan.verify),
        addresses={name: spec.postgres or spec.redis or "" for name, spec in loaded.rollout.sources.items()},
        rollout=loaded.rollout.model_dump(mode="json", by_alias=True, exclude_unset=True),
        queries={name: asdict(query) for name, query in loaded.queries.items()},
        secrets=loaded.secrets,
        grace_s=grace_s,
        since=plan.since,
        unproven=plan.unproven,
        locks={str(lock.path): lock.handle for lock in locks},
        holder=asdict(Holder(os.getpid(), actor.user, actor.host, actor.tty, started.at, errand(started))),
    )


def _shown_plan(order: WorkOrder, plan: Plan, redactor: Redactor) -> str:
    """Return the plan as it is kept: everything that is done, without the secrets it is done with."""
    shown = {
        "action": plan.action,
        "kind": plan.kind.value,
        "service": plan.service,
        "traffic": plan.traffic,
        "base_dir": order.base_dir,
        "steps": order.steps,
        "verify": order.verify,
        "labels": order.labels,
        "env": sorted(order.env),
    }
    return json.dumps(redactor.clean(shown, by_name=True), indent=2) + "\n"


def _launch(order: WorkOrder, runner: Sequence[str]) -> str:
    """Start the runner and hand the order over; return why that went wrong, empty if it did not.

    The process started here ends at once, the runner is its child.
    """
    folder = Path(order.folder)
    try:
        with _complaints(folder) as complaints:
            launcher = subprocess.Popen(
                [*runner, order.folder],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
                start_new_session=True,
                pass_fds=tuple(order.locks.values()),
            )
        launcher.communicate(json.dumps(asdict(order)).encode())
    except (OSError, ValueError) as error:
        return str(error)
    return f"exit code {launcher.returncode}, see {folder / files.COMPLAINTS}" if launcher.returncode else ""


def _complaints(folder: Path) -> BinaryIO:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    try:
        handle = in_time(lambda: os.open(folder / files.COMPLAINTS, flags, 0o600), late=os.close)
    except OSError:  # the disk filled up or hangs since the intent was written; that stops nothing
        handle = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    return os.fdopen(handle, "wb")


def _was_started(folder: Path) -> bool:
    """Return whether there is a runner, or was one, although the process that made it was killed."""
    return is_running(folder) or (folder / files.STARTED).exists() or (folder / files.ENDED).exists()


def _wait_until_started(folder: Path) -> None:
    """Wait until the runner says that it lives, or is gone; what became of it is for `adopt` and `follow` to tell."""
    deadline = time.monotonic() + _START_S

    def wait() -> None:
        while not (folder / files.STARTED).exists() and is_running(folder) and time.monotonic() < deadline:
            time.sleep(0.02)

    with suppress(OSError):  # it was handed over: whatever goes wrong here, it must not be begun again
        in_time(wait, _START_S)


def is_running(folder: Path) -> bool:
    """Return whether somebody is at work on an attempt: its runner, a console that is just starting it, or a command.

    A command goes on when its runner is killed.
    """
    lock = folder / files.RUNNING_LOCK
    return holder_of(lock) is not None or holder_of(command_lock(lock)) is not None


def adopt(folder: Path, at: float) -> Adopted | None:
    """Return what an attempt's folder tells at this time, or `None` while its intent is not written down.

    An attempt whose runner is gone without a word ended in `Outcome.UNKNOWN`.
    """
    started = files.read_intent(folder)
    if started is None:
        return None
    was_running = is_running(folder)  # asked before the rest is read: it may end in between
    ended = files.read_ended(folder)
    progress = files.read_progress(folder)
    if ended is not None:
        return Adopted(Stage.ENDED, started, progress, ended)
    if was_running:
        return Adopted(Stage.RUNNING, started, progress, None)
    return Adopted(Stage.VANISHED, started, progress, _vanished(folder, started, progress, at))


def _vanished(folder: Path, started: ActionStarted, progress: Sequence[ActionProgressed], at: float) -> ActionEnded:
    last = progress[-1] if progress else None
    done = [step.label for step in progress if step.state == "done"]
    if last is None:
        known = "no step was begun, for all that is known"
    elif last.state == "running":
        known = f"it was at: {last.label}"
    else:
        known = f"the last thing known is: {last.label}: {last.state}"
    said = f"the runner is gone and did not say how it ended; {known}"
    if done:
        said += f"; done: {len(done)} of {len(started.steps)}"
    if who := files.read_stop(folder):
        said += f"; ended by {who}"
    return ActionEnded(at, folder.name, Outcome.UNKNOWN, said + "; verify before anything is repeated")


async def follow(
    folder: Path, *, seen: int = 0, poll_s: float = FOLLOW_S, limit_s: float = READ_S
) -> AsyncIterator[ActionProgressed | ActionEnded]:
    """Report what happens in an attempt, from the progress numbered `seen` on, until it ended or vanished.

    Raises `OSError` where the disk tells nothing of it for `limit_s`; the attempt goes on all the same.
    """
    read_at = time.monotonic()
    while True:
        found = await waited_for(partial(adopt, folder, time.time()), limit_s)
        if found is not None:
            read_at = time.monotonic()
            for progress in found.progress[seen:]:
                yield progress
            seen = max(seen, len(found.progress))
            if found.ended is not None:
                yield found.ended
                return
        elif time.monotonic() - read_at > limit_s:
            raise OSError(f"{folder} cannot be read")
        await asyncio.sleep(poll_s)


def output(folder: Path, redactor: Redactor, limit: int = 200) -> tuple[str, ...]:
    """Return the newest lines that an attempt printed, safe to draw."""
    try:
        with (folder / files.OUTPUT).open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _NEWEST_BYTES))
            raw = file.read()
    except OSError:
        return ()
    lines = raw.decode("utf-8", "replace").split("\n")
    if size > _NEWEST_BYTES:
        del lines[0]
    if lines and not lines[-1]:
        del lines[-1]
    return tuple(visible(redactor.redact(line)) for line in lines[-limit:])


def abandon(folder: Path, actor: Actor, reason: str, at: float) -> None:
    """Write down that an attempt stays as it is; every console that knows of it takes that up. Raises `OSError`."""
    files.write_word(folder, files.ABANDONED, at, actor, reason)
