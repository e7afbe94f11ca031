"""Begins an attempt wherever it can be written down: no full or broken disk may stand in the way out."""

import hashlib
import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from console.core.action_inputs import ActionStarted
from console.core.actors import Actor
from console.core.plan import Plan
from console.core.redact import Redactor
from console.effects import attempt_files as files
from console.effects import executor
from console.effects.claims import CannotStart, CannotWrite
from console.effects.lock import machine_folder
from console.effects.preview import labels
from console.effects.sessions import Session, fresh_attempt, loose_attempts
from console.effects.spares import spares
from console.patience import waited_for
from console.spec.loaded import Loaded

_LIMITS = {"timeout", "within"}
"""What of a step or a verification says how long it may take."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where an attempt may be kept and where the locks are that all consoles share, the first that works first."""

    attempts: tuple[Path, ...]
    locks: tuple[Path, ...]
    machine: Path | None = None
    """Where all accounts of this machine meet, whatever their state folders are."""

    def folders(self) -> list[Path]:
        """Return the folders of all attempts; a place that cannot be read has none."""
        found: list[Path] = []
        for parent in self.attempts:
            with suppress(OSError):
                found += parent.iterdir()
        return found

    def folder_of(self, attempt: str) -> Path:
        """Return the folder of an attempt, wherever it is kept; what cannot be looked at is not there."""
        for parent in self.attempts:
            with suppress(OSError):
                if (parent / attempt).exists():
                    return parent / attempt
        return self.attempts[0] / attempt


def places(base: Path, rollout: str, session: Session | None) -> Places:
    """Return the places for a rollout: the session and the state folder, then memory and temporary folders.

    Every console of this user that has the same state folder finds the same ones.
    """
    kept = () if session is None else (session.attempts,)
    others = tuple(spares(base))
    return Places(
        attempts=(*kept, loose_attempts(base, rollout), *(loose_attempts(spare, rollout) for spare in others)),
        locks=(base, *others),
        machine=machine_folder(),
    )


@dataclass(frozen=True, slots=True)
class Intent:
    """Who wants an action, and why."""

    at: float
    actor: Actor
    reason: str
    override: str = ""
    """What was not met, when somebody goes on without it."""
    continues: str = ""
    """The attempt that is verified or carried on; empty for one of its own."""
    first_step: int = 0
    is_check: bool = False


async def begin(
    plan: Plan,
    loaded: Loaded,
    intent: Intent,
    where: Places,
    *,
    tell: Callable[[str], None] = lambda _: None,
    taken: Callable[[str], None] = lambda _: None,
    look_again: Callable[[], None] = lambda: None,
) -> tuple[Path, ActionStarted]:
    """Begin an attempt in the first place that can be written, and return its folder and what was begun.

    `tell` hears of each place that cannot and of a lock that does not hold for all accounts, `taken` the attempt's
    name before anybody can find it; `look_again` is called once nobody else can begin anything, and may raise
    `CannotStart`. Raises `Busy` or `CannotStart`; then nothing was done.
    """

    def look() -> None:
        _check_still_open(where, intent.continues)
        look_again()

    redactor = Redactor(loaded.secrets)
    problem: Exception | None = None
    for number, parent in enumerate(where.attempts):
        # Another place must not give the name of an attempt that the first may have.
        stem = plan.action if not number else f"{plan.action}-aside"
        try:
            folder = await waited_for(partial(fresh_attempt, parent, stem, intent.at))
        except OSError as error:
            problem = CannotWrite(f"{parent} cannot be written: {error.strerror or error}")
            tell(f"{problem}; trying the next place")
            continue
        started = _started(plan, intent, folder.name, redactor)
        taken(folder.name)
        try:
            only_here = await executor.start(
                plan, folder, loaded, started, locks_dirs=where.locks, machine=where.machine, look_again=look
            )
        except CannotWrite as error:
            problem = error
            tell(f"{error}; trying the next place")
            await _let_go(folder)
            continue
        except CannotStart:
            await _let_go(folder)
            raise
        if only_here:
            tell(only_here)
        return folder, started
    raise CannotStart(str(problem or "there is no place to keep the attempt in"))


def _check_still_open(where: Places, attempt: str) -> None:
    """Raise `CannotStart` where somebody has meanwhile carried an attempt on, verified it, or left it as it is."""
    if not attempt:
        return
    for folder in where.folders():
        said = files.read_intent(folder)
        if said is not None and said.continues == attempt:
            raise CannotStart(f"{said.actor} went on from {attempt} meanwhile, with {said.attempt}; nothing was done")
    left = files.read_abandoned(where.folder_of(attempt))
    if left is not None:
        raise CannotStart(f"{attempt} was abandoned meanwhile by {left.actor}: {left.reason}; nothing was done")


def _started(plan: Plan, intent: Intent, attempt: str, redactor: Redactor) -> ActionStarted:
    return ActionStarted(
        at=intent.at,
        attempt=attempt,
        action=plan.action,
        kind=plan.kind.value,
        title=plan.title,
        actor=intent.actor,
        reason=redactor.redact(intent.reason),
        traffic=plan.traffic,
        phase=plan.phase,
        steps=labels(plan, redactor),
        override=redactor.redact(intent.override),
        continues=intent.continues,
        first_step=intent.first_step,
        is_check=intent.is_check,
        given=dict(plan.given),
        digest=digest_of(plan, attempt),
    )


def digest_of(plan: Plan, attempt: str) -> str:
    """Return what tells the steps and verifications of an attempt from any others, and nothing of the secrets in them.

    How long each may take is no part of what it does: whoever gives a step that timed out more time may resume it.
    Slow on purpose, and another one for each attempt, so that a secret cannot be found by trying (RFC 7914).
    """
    parts = (*plan.steps, *plan.verify)
    said = json.dumps(
        [part.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude=_LIMITS) for part in parts]
    )
    return hashlib.scrypt(said.encode(), salt=attempt.encode(), n=2**13, r=8, p=1).hex()


async def _let_go(folder: Path) -> None:
    """Remove the folder of an attempt that was not begun; one with an intent stays, because it says what became."""

    def remove() -> None:
        if not (folder / files.INTENT).exists():
            shutil.rmtree(folder)

    with suppress(OSError):
        await waited_for(remove)
