"""Runs a source for as long as a test needs."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from typing import Any


@contextlib.asynccontextmanager
async def running(source: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run a source beside the test; fails if it ends by itself."""
    task = asyncio.create_task(source)
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
