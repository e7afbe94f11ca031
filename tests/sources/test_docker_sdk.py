"""Engines that our own requests do not reach, and the Docker SDK does."""

import asyncio
import threading
from pathlib import Path

import pytest

from console.core.words import SourceState
from console.sources.base import Lost
from console.sources.docker_engine import Engine
from tests.servers import PrivateEngine
from tests.sources.containers import WAIT, Containers
from tests.sources.docker_following import following
from tests.sources.networks import Wire
from tests.sources.relays import PickyProxy
from tests.sources.sinks import Mailbox, RecordingSink
from tests.waiting import until

pytestmark = pytest.mark.engine

SLOWER = "read through the Docker SDK: slower"


def reading_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "docker sdk stream"]


async def test_behind_a_proxy_that_wants_newer_requests_the_sdk_reads_and_the_strip_says_so(
    engine: PrivateEngine, containers: Containers
) -> None:
    sink, mail = RecordingSink(), Mailbox()
    both = "echo line $i; [ $((i % 3)) = 0 ] && echo line $i >&2"
    script = f"trap exit TERM; i=0; while [ $i -lt 900 ]; do i=$((i+1)); {both}; done; while :; do sleep 0.05; done"
    app = containers.run("app-1", script)

    async with PickyProxy(engine) as proxy, following(f"tcp://127.0.0.1:{proxy.port}", sink, mail):
        await until(lambda: len(sink.lines) == 1_200 and mail.state is SourceState.LIVE)
        assert SLOWER in mail.reason
        await asyncio.to_thread(app.restart, timeout=5)
        await until(lambda: len(sink.lines) == 2_400)

    numbers = [b"line %d" % number for number in range(1, 901)]
    by_stream = {
        name: [line for each in sink.blocks if each.stream == name for line in each.lines]
        for name in ("stdout", "stderr")
    }
    assert by_stream == {"stdout": numbers * 2, "stderr": numbers[2::3] * 2}
    assert sink.repeated == 0
    assert not mail.gaps
    await until(lambda: not reading_threads())


async def test_a_terminal_is_read_through_the_sdk_in_blocks_too(engine: PrivateEngine, containers: Containers) -> None:
    sink, mail = RecordingSink(), Mailbox()
    containers.run("app-1", "seq 1 3000; head -c 40000 /dev/zero | tr '\\0' x; echo; echo end; sleep 60", tty=True)

    async with PickyProxy(engine) as proxy, following(f"tcp://127.0.0.1:{proxy.port}", sink, mail):
        await until(lambda: b"end" in sink.lines)

    assert sink.lines == [*(b"%d" % number for number in range(1, 3001)), b"x" * 40_000, b"end"]


async def test_a_connection_of_the_sdk_that_breaks_is_lost_and_made_again(
    engine: PrivateEngine, containers: Containers
) -> None:
    sink, mail = RecordingSink(), Mailbox()
    app = containers.run("app-1", f"seq 1 100; {WAIT}; seq 101 200; sleep 60")

    async with (
        PickyProxy(engine) as proxy,
        Wire(proxy.port) as wire,
        following(f"tcp://127.0.0.1:{wire.port}", sink, mail),
    ):
        await until(lambda: len(sink.lines) == 100)
        wire.cut()
        app.exec_run(["touch", "/go"])
        await until(lambda: len(sink.lines) == 200)

    assert sink.lines == [b"%d" % number for number in range(1, 201)]
    assert not mail.gaps


@pytest.mark.parametrize("form", ["127.0.0.1:{port}", "tcp://127.0.0.1:{port}"])
async def test_where_our_own_requests_get_through_the_sdk_is_not_used(
    engine: PrivateEngine, containers: Containers, form: str
) -> None:
    sink, mail = RecordingSink(), Mailbox()
    containers.run("app-1", "seq 1 100; sleep 60")

    async with Wire(engine.url.removeprefix("unix://")) as wire, following(form.format(port=wire.port), sink, mail):
        await until(lambda: len(sink.lines) == 100 and mail.state is SourceState.LIVE)

    assert mail.reason == ""


async def test_a_prefix_before_every_path_is_kept(engine: PrivateEngine, containers: Containers) -> None:
    sink, mail = RecordingSink(), Mailbox()
    containers.run("app-1", "seq 1 100; sleep 60")

    async with (
        PickyProxy(engine, prefix="/node/7", is_picky=False) as proxy,
        following(f"tcp://127.0.0.1:{proxy.port}/node/7", sink, mail),
    ):
        await until(lambda: len(sink.lines) == 100 and mail.state is SourceState.LIVE)

    assert mail.reason == ""


async def test_what_the_sdk_does_not_understand_either_is_said_as_it_was_answered(engine: PrivateEngine) -> None:
    async with PickyProxy(engine, prefix="/elsewhere") as proxy:
        there = Engine(f"tcp://127.0.0.1:{proxy.port}", {})

        with pytest.raises(Lost, match="426"):
            await asyncio.to_thread(there.ping)

    assert there.caution == ""


async def test_an_ssh_without_a_program_is_said_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("console.sources.docker_address.find_spec", lambda _: None)  # nor an ssh of the SDK's own
    there = Engine("ssh://ops@node2", {})

    with pytest.raises(Exception, match="install OpenSSH") as failed:
        await asyncio.to_thread(there.ping)

    assert "node2" in str(failed.value)
