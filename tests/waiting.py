"""Waiting for what comes true, with one deadline for all: how long it takes is a matter of the machine."""

import asyncio
import inspect
import time
from collections.abc import Callable
from typing import TypeVar

DEADLINE_S = 60.0
PAUSE_S = 0.02

Found = TypeVar("Found")


def wait_until(look: Callable[[], Found | None], what: str = "the condition") -> Found:
    """Look until something is found, and return it; raises `AssertionError` at the deadline."""
    deadline = time.monotonic() + DEADLINE_S
    while not (found := look()):
        assert time.monotonic() < deadline, f"not in {DEADLINE_S:.0f} s: {what}"
        time.sleep(PAUSE_S)
    return found


async def until(look: Callable[[], object], what: str = "the condition") -> None:
    """Look until it is true, and let others work meanwhile; a look may be awaited.

    Raises `AssertionError` at the deadline.
    """
    deadline = time.monotonic() + DEADLINE_S
    while not (await found if inspect.isawaitable(found := look()) else found):
        assert time.monotonic() < deadline, f"not in {DEADLINE_S:.0f} s: {what}"
        await asyncio.sleep(PAUSE_S)
