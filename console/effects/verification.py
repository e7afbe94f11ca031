"""Verifications tried again until they pass or their time is up."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from console.core.rollout import Check
from console.core.text import visible
from console.effects.attempt_files import WorkOrder

BETWEEN_TRIES_S = 1.0
_SHORTEST_TRY_S = 1.0


class Answer(Protocol):
    """What one try at a verification found."""

    @property
    def ok(self) -> bool:
        """Whether it passed."""

    @property
    def detail(self) -> str:
        """What was seen."""

    @property
    def is_known(self) -> bool:
        """Whether it could be asked at all."""

    @property
    def number(self) -> float | None:
        """The number that it gave, if it gave one."""


Ask = Callable[[Check], Awaitable[Answer]]
"""Tries a verification once; it may raise what it likes."""

Asking = Callable[[WorkOrder], AbstractAsyncContextManager[Ask]]
"""Opens what the verifications of an order need, and closes it again."""


@dataclass(frozen=True, slots=True)
class Verified:
    """How a verification ended."""

    ok: bool
    detail: str
    """What was seen at the last try, safe to draw."""
    is_known: bool
    number: float | None = None


async def until_passes(ask: Ask, check: Check, *, is_stopped: Callable[[], bool] = lambda: False) -> Verified:
    """Try a verification every second until it passes, `within` is over, or somebody asks to stop.

    A last try without an answer does not hide what was seen before it.
    """
    deadline = time.monotonic() + check.within
    known: Verified | None = None
    while True:
        found = await try_once(ask, check, max(_SHORTEST_TRY_S, deadline - time.monotonic()))
        if found.ok or is_stopped() or time.monotonic() + BETWEEN_TRIES_S > deadline:
            return known if known is not None and not found.is_known else found
        known = found if found.is_known else known
        await asyncio.sleep(BETWEEN_TRIES_S)


async def try_once(ask: Ask, check: Check, timeout_s: float) -> Verified:
    """Try a verification once; never raises."""
    try:
        async with asyncio.timeout(timeout_s):
            answer = await ask(check)
    except TimeoutError:
        return Verified(ok=False, detail="no answer in time", is_known=False)
    except Exception as error:  # noqa: BLE001 - a question that cannot be asked is one that did not pass
        return Verified(ok=False, detail=visible(str(error) or type(error).__name__, 500), is_known=False)
    return Verified(answer.ok, visible(answer.detail, 500), answer.is_known, answer.number)
