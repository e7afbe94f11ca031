"""A session from its rollout file to its desk: opened, kept going, for a screen or for none."""

import asyncio
import time

from console.effects.sessions import state_dir, this_actor
from console.opening import CannotOpen, Opened, open_session
from console.orders import Orders
from console.reading import Onlooker
from console.spec.load import Loaded, load
from console.spec.problems import RolloutFileError
from console.watching import Watch

__all__ = ["CannotOpen", "RolloutFileError", "desk_of", "keep_going", "load", "opened_for"]


async def opened_for(loaded: Loaded, asked: Watch) -> Opened:
    """Take up the session that a watch asks for; raises `CannotOpen`."""
    return await open_session(
        loaded,
        asked.state_folder or state_dir(),
        this_actor(),
        is_new=asked.is_new,
        is_read_only=asked.is_read_only,
        since=None if asked.since_s is None else time.time() - asked.since_s,
    )


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
