"""Log drivers of an engine that can be read, that cannot, and that only send."""

import socket

import docker
import pytest

from console.core.words import SourceState
from tests.servers import PrivateEngine
from tests.sources.containers import Containers, logged, numbers
from tests.sources.docker_following import following
from tests.sources.sinks import Mailbox, RecordingSink
from tests.waiting import until

pytestmark = pytest.mark.engine


async def test_a_log_driver_that_cannot_be_read_is_unreadable_with_the_remedy(
    engine: PrivateEngine, containers: Containers
) -> None:
    sink, mail = RecordingSink(), Mailbox()
    containers.run("app-1", "sleep 60", log_config=docker.types.LogConfig(type="none"))

    async with following(engine.url, sink, mail):
        await until(lambda: mail.state is SourceState.UNREADABLE)

    assert mail.reason.startswith("app-1: its log driver cannot be read")
    assert "json-file or local" in mail.reason


@pytest.mark.parametrize(
    ("driver", "options"),
    [("none", {}), ("gelf", {"gelf-address": "udp://127.0.0.1:9", "cache-disabled": "true"})],
    ids=["none", "gelf"],
)
async def test_a_driver_that_cannot_be_read_is_said_at_once_and_the_others_are_read_on(
    engine: PrivateEngine, containers: Containers, driver: str, options: dict[str, str]
) -> None:
    sink, mail = RecordingSink(), Mailbox()
    containers.run("app-1", "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.01; done")
    containers.run("app-2", "echo never seen; sleep 60", log_config=logged(driver, **options))

    async with following(engine.url, sink, mail):
        await until(lambda: mail.changes and mail.changes[-1].unread)
        before = len(sink.lines)
        await until(lambda: len(sink.lines) > before + 20)

    (unread,) = mail.changes[-1].unread
    assert (unread.name, unread.track, mail.state) == ("app-2", "canary", SourceState.LIVE)
    assert unread.reason.startswith("its log driver cannot be read")
    assert sink.lines == numbers(len(sink.lines))


async def test_a_driver_that_only_sends_is_read_from_the_cache_that_the_engine_keeps(
    engine: PrivateEngine, containers: Containers
) -> None:
    sink, mail = RecordingSink(), Mailbox()

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as collector:
        collector.bind(("127.0.0.1", 0))
        config = logged("gelf", **{"gelf-address": f"udp://127.0.0.1:{collector.getsockname()[1]}"})
        containers.run("app-1", "echo one; echo two >&2; sleep 60", log_config=config)
        async with following(engine.url, sink, mail):
            await until(lambda: len(sink.lines) == 2)

    assert sorted(sink.lines) == [b"one", b"two"]
