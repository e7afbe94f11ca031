"""A session from its rollout file to its desk: opened, kept going, for a screen or for none."""

import asyncio
import tempfile
import time
from functools import partial
from pathlib import Path

from console.core.redact import Redactor
from console.effects.sessions import find_latest, state_dir, this_actor
from console.opening import CannotOpen, Opened, open_session
from console.orders import Orders
from console.patience import waited_for
from console.reading import Onlooker
from console.spec.load import load
from console.spec.loaded import Loaded
from console.spec.problems import RolloutFileError
from console.spec.variables import secrets_in
from console.watching import Watch

__all__ = ["CannotOpen", "Redactor", "RolloutFileError", "desk_of", "keep_going", "load", "opened_for", "secrets_in"]


async def opened_for(loaded: Loaded, asked: Watch) -> Opened:
    """Take up the session that a watch asks for; raises `CannotOpen`."""
    base = asked.state_folder or state_dir()
    actor = this_actor(says=asked.says)
    since = None if asked.since_s is None else time.time() - asked.since_s
    if not asked.is_read_only:
        return await open_session(loaded, base, actor, is_new=asked.is_new, is_dry_run=asked.is_dry_run, since=since)
    if await waited_for(partial(_is_held, base, loaded.rollout.rollout), None):
        return await open_session(loaded, base, actor)
    # Nobody holds it: whoever only looks must not take it from the one who may have to act.
    aside = tempfile.TemporaryDirectory(prefix="rollout-console-")
    try:
        opened = await open_session(loaded, Path(aside.name), actor, is_read_only=True, since=since)
    except BaseException:
        aside.cleanup()
        raise

    async def forget() -> None:
        aside.cleanup()

    opened.leaving.append(forget)
    return opened


def _is_held(base: Path, rollout: str) -> bool:
    """Whether a console has the latest session of a rollout."""
    found = find_latest(base, rollout)
    return found is not None and found.holder is not None


def desk_of(opened: Opened, asked: Watch) -> Orders | Onlooker:
    """Return the desk of a session: one that takes orders, or one that looks over another console's shoulder."""
    if opened.engine is not None:
        return Orders(opened.engine, opened.session, asked.state_folder or state_dir())
    if opened.onlooker is None:
        raise RuntimeError("a session is opened to be held or to be looked at")
    return opened.onlooker


async def keep_going(opened: Opened, desk: Orders | Onlooker) -> None:
    """Watch for ever; returns only by raising what went wrong."""
    if isinstance(desk, Onlooker):
        await desk.follow()
    elif opened.engine is not None:
        await opened.engine.start()
        async with asyncio.TaskGroup() as group:
            group.create_task(opened.engine.failed())
            group.create_task(desk.keep_house())
