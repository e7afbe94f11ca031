"""Takes a session up: finds or makes it, locks it, or looks at it over another console's shoulder."""

import contextlib
import sqlite3
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path

from console.core.actors import Actor
from console.core.alerts import Alert
from console.core.frame import SessionView
from console.core.inputs import SessionReplaced
from console.core.memory import PhaseGone, alerts_of
from console.core.paging import left_open
from console.core.receivers import marks_of
from console.core.redact import Redactor
from console.effects.lock import SESSION_LOCK, Held, Lock, holder_of
from console.effects.session_reader import SessionReader
from console.effects.session_schema import FILE_NAME
from console.effects.sessions import Session, create_session, find_latest
from console.effects.store import SessionDamaged, SessionUnreadable, Store
from console.engine import Engine
from console.patience import waited_for
from console.reading import Onlooker
from console.spec.loaded import Loaded


class CannotOpen(Exception):
    """No session can be held or looked at; the text says why and what to do."""


@dataclass(slots=True)
class Opened:
    """A session that was taken up: the engine that holds it, or an onlooker while somebody else does."""

    session: Session
    engine: Engine | None = None
    onlooker: Onlooker | None = None
    held_by: str = ""
    unsaved: str = ""
    """After leaving: what could not be written down."""
    anchor: str = ""
    """After leaving: number and hash of the last journal record, to check the journal by."""
    notice: str = ""
    """What the operator should know about how it was opened."""
    leaving: list[Callable[[], Awaitable[None]]] = field(default_factory=list)

    @property
    def farewell(self) -> str:
        """What is said after leaving: what was not saved, and the anchor of the journal; empty for nothing."""
        kept = f"the journal ends with {self.anchor}; keep this to check it by" if self.anchor else ""
        return "\n".join(said for said in (self.unsaved, kept) if said)

    async def leave(self) -> None:
        """Write everything down and let the session go; doing so twice does nothing."""
        leaving, self.leaving = self.leaving, []
        for step in leaving:
            await step()


async def open_session(
    loaded: Loaded,
    base: Path,
    actor: Actor,
    *,
    is_new: bool = False,
    is_read_only: bool = False,
    is_dry_run: bool = False,
    since: float | None = None,
    at: float | None = None,
) -> Opened:
    """Take up the latest session of a rollout, or begin one; raises `CannotOpen`."""
    at = time.time() if at is None else at
    try:
        # For as long as it takes: a screen that waits for its disk can still be left.
        found = await waited_for(partial(_find, loaded, base, actor, at, is_new=is_new), None)
    except OSError as error:
        raise CannotOpen(
            f"the session cannot be kept in {base}: {error.strerror or error};"
            " set ROLLOUT_CONSOLE_STATE to a folder that can be written"
        ) from error
    session, lock = found.session, found.lock
    if lock is None:
        return _look_at(session, found.holder)
    redactor = Redactor(loaded.secrets)
    notice = ""
    try:
        making = (Store.create if found.is_fresh else Store.open)(session.folder, redactor=redactor)
        store = await _held(making, session, lock)
    except SessionDamaged as damage:
        notice = f"{damage}; a new session file was begun"
        store = await _held(Store.create(session.folder, redactor=redactor), session, lock)
    view = SessionView(session.id, at, is_read_only=is_read_only, held_by="")
    engine = Engine(
        loaded,
        store,
        view,
        actor,
        version("rollout-console"),
        since=since,
        steady=time.monotonic,
        is_dry_run=is_dry_run,
    )
    try:
        await engine.open()
    except (PhaseGone, ValueError, KeyError) as error:
        await store.close()
        lock.release()
        raise CannotOpen(f"the session {session.id} does not fit this rollout file: {error}") from error
    except sqlite3.Error as error:
        await store.close()
        lock.release()
        raise CannotOpen(_unusable(session, error)) from error
    if found.replaced is not None:
        await _replace(found.replaced, engine, loaded)
    opened = Opened(session, engine=engine, notice=notice)

    async def close() -> None:
        try:
            opened.unsaved = await engine.close("left and saved")
            opened.anchor = str(engine.filing.end or "")
        finally:
            lock.release()

    opened.leaving.append(close)
    return opened


@dataclass(frozen=True, slots=True)
class _Found:
    """A session that was taken up or begun."""

    session: Session
    lock: Lock | None
    """`None` where another console holds it."""
    holder: str = ""
    is_fresh: bool = False
    """Whether nothing was written to it yet."""
    replaced: Session | None = None
    """The one that it takes the place of."""


def _find(loaded: Loaded, base: Path, actor: Actor, at: float, *, is_new: bool) -> _Found:
    """Find the latest session or begin one, and take its lock; raises `OSError`."""
    latest = find_latest(base, loaded.rollout.rollout)
    session = _begin(loaded, base, at) if latest is None or is_new else latest
    try:
        lock = Lock.take(session.folder / SESSION_LOCK, actor, at, "watching")
    except Held as held:
        return _Found(session, None, str(held.holder))
    is_fresh = session is not latest or not (session.folder / FILE_NAME).exists()
    return _Found(session, lock, is_fresh=is_fresh, replaced=None if session is latest else latest)


async def _replace(before: Session, engine: Engine, loaded: Loaded) -> None:
    """Let a session end what the one that it takes the place of has left open, if nobody holds that one.

    What a disk that hangs does not tell is left as it is.
    """
    with contextlib.suppress(OSError, sqlite3.Error, SessionUnreadable, ValueError):
        alerts = await waited_for(partial(_left_open, before, marks_of(loaded.rollout)))
        if alerts:
            engine.apply(SessionReplaced(engine.clock(), before.id, alerts))
            await engine.commit(durable=True)


def _left_open(before: Session, marks: Mapping[str, str]) -> tuple[Alert, ...]:
    if holder_of(before.folder / SESSION_LOCK) is not None:
        return ()
    reader = SessionReader.open_read_only(before.folder)
    try:
        said = reader.doc("alerts")
    finally:
        reader.close()
    return () if said is None else left_open(alerts_of(said), marks)


async def _held(making: Awaitable[Store], session: Session, lock: Lock) -> Store:
    """Return a session's file when it is open; else lets the lock go and raises `CannotOpen` or `SessionDamaged`."""
    try:
        return await making
    except SessionDamaged:
        raise
    except (SessionUnreadable, OSError) as error:
        lock.release()
        raise CannotOpen(str(error)) from error
    except sqlite3.Error as error:
        lock.release()
        raise CannotOpen(_unusable(session, error)) from error


def _unusable(session: Session, error: sqlite3.Error) -> str:
    return (
        f"the session's file {session.folder / FILE_NAME} cannot be used: {error};"
        " make room on its disk, and see that this account may write there"
    )


def _begin(loaded: Loaded, base: Path, at: float) -> Session:
    rollout = loaded.rollout
    redactor = Redactor(loaded.secrets)
    return create_session(base, rollout.rollout, title=rollout.title, file=loaded.path, at=at, redactor=redactor)


def _look_at(session: Session, holder: str) -> Opened:
    try:
        onlooker = Onlooker(session.folder, session.id, holder)
    except (SessionUnreadable, KeyError) as error:
        raise CannotOpen(f"{holder} holds the session and it cannot be read yet: {error}") from error

    async def close() -> None:
        onlooker.close()

    return Opened(session, onlooker=onlooker, held_by=holder, leaving=[close])
