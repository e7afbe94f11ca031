"""What the tests of files share: a task that follows them, and a writer."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from console.sources.base import Attached, Standing
from console.sources.file_logs import FileLogs
from tests.sources.sinks import Mailbox, RecordingSink


@contextlib.asynccontextmanager
async def following(
    folder: Path,
    sink: RecordingSink,
    mail: Mailbox,
    pattern: str = "agent*.log",
    *,
    track: str | None = "canary",
    attached: Attached | None = None,
) -> AsyncIterator[None]:
    """Follow the files of a folder that fit a pattern; the task must still be at it in the end."""
    standing = Standing("legacy", mail.post)
    task = asyncio.create_task(FileLogs(pattern, folder, sink, standing, track=track, attached=attached).run())
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def append(path: Path, text: str) -> None:
    """Write at the end of a file."""
    with path.open("a", newline="") as file:
        file.write(text)
