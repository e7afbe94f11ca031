"""Work that may hang, on a disk or a name server that does not answer: waited for only so long, then left behind."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from console.core.durations import format_duration

DISK_S = 2.0
"""How long a disk may take to answer before another one is tried."""
READ_S = 10.0
"""How long a disk may take to tell what was begun: many attempts on a slow one take their time."""

T = TypeVar("T")


class LeftBehind(ThreadPoolExecutor):
    """Runs every piece of work in a thread of its own, for which nobody waits, not even the end of the process."""

    def submit(self, work: Callable[..., T], /, *given: Any, **named: Any) -> Future[T]:
        """Begin a piece of work."""
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()  # it cannot be called off any more

        def run() -> None:
            try:
                found = work(*given, **named)
            except BaseException as error:  # noqa: BLE001 - it is raised where somebody waits
                future.set_exception(error)
            else:
                future.set_result(found)

        threading.Thread(target=run, daemon=True).start()
        return future


def in_time(work: Callable[[], T], limit_s: float = DISK_S, late: Callable[[T], None] = lambda _: None) -> T:
    """Return what work returns, or raise what it raises; `TimeoutError`, an `OSError`, when its time is up.

    `late` gets what it returns after that.
    """
    future = LeftBehind().submit(work)
    try:
        return future.result(limit_s)
    except TimeoutError:
        if future.done():
            return future.result()
        future.add_done_callback(lambda one: _undo(one, late))
        raise TimeoutError(_said(limit_s)) from None


async def waited_for(work: Callable[[], T], limit_s: float | None = DISK_S) -> T:
    """Return or raise as `in_time`, while the loop goes on; without a limit as long as it takes."""
    try:
        return await asyncio.wait_for(asyncio.wrap_future(LeftBehind().submit(work)), limit_s)
    except TimeoutError as error:
        raise TimeoutError(str(error) or _said(limit_s or 0.0)) from None


def _undo(future: "Future[T]", late: Callable[[T], None]) -> None:
    with suppress(Exception):
        late(future.result())


def _said(limit_s: float) -> str:
    return f"no answer within {format_duration(limit_s)}"
