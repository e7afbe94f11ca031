"""Reads the containers of one service for as long as a test needs."""

import contextlib
from collections.abc import AsyncIterator

from console.core.rollout import DockerSelector
from console.sources.base import Standing
from console.sources.docker_engine import Engine
from console.sources.docker_logs import DockerLogs
from tests.sources.containers import TRACKS
from tests.sources.running import running
from tests.sources.sinks import Mailbox, RecordingSink


@contextlib.asynccontextmanager
async def following(
    host: str, sink: RecordingSink, mail: Mailbox, *, since_s: float | None = None, **selector: str
) -> AsyncIterator[None]:
    """Follow the service `app` of an engine, or what else is selected; fails if the source ends by itself."""
    wanted = DockerSelector(**(selector or {"service": "app"}))
    source = DockerLogs(Engine(host, {}), wanted, TRACKS, sink, Standing("app", mail.post), since_s=since_s)
    async with running(source.run()):
        yield
