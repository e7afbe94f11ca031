"""What the tests of files share: a task that follows them, and a writer."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from console.sources.base import Attached, Standing
from console.sources.file_logs import FileLogs
from tests.sources.running import running
from tests.sources.sinks import Mailbox, RecordingSink
from tests.waiting import until


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
    async with running(FileLogs(pattern, folder, sink, standing, track=track, attached=attached).run()):
        yield


async def read_first(folder: Path, sink: RecordingSink, mail: Mailbox) -> Path:
    """Return a file whose first line was read, and that nobody reads any more."""
    log = folder / "agent.log"
    append(log, "one\n")
    async with following(folder, sink, mail):
        await until(lambda: sink.lines)
    return log


def append(path: Path, text: str) -> None:
    """Write at the end of a file."""
    with path.open("a", newline="") as file:
        file.write(text)
