"""Reading containers on a real engine."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import docker
import pytest

from console.core.rollout import DockerSelector
from console.core.words import SourceState
from console.sources.base import Standing
from console.sources.docker_engine import Engine
from console.sources.docker_logs import DockerLogs
from tests.servers import PrivateEngine
from tests.sources.containers import TRACKS, WAIT, Containers
from tests.sources.networks import Wire
from tests.sources.sinks import Mailbox, RecordingSink, until

pytestmark = pytest.mark.engine


@contextlib.asynccontextmanager
async def following(
    url: str, sink: RecordingSink, mail: Mailbox, *, since_s: float | None = None, **selector: str
) -> AsyncIterator[None]:
    wanted = DockerSelector(**(selector or {"project": "shop", "service": "app"}))
    source = DockerLogs(Engine(url), wanted, TRACKS, sink, Standing("app", mail.post), since_s=since_s)
    task = asyncio.create_task(source.run())
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def count(last: int, first: int = 1) -> str:
    return f"seq {first} {last} | sed 's/^/line /'"


def numbers(count: int, first: int = 1) -> list[bytes]:
    return [b"line %d" % number for number in range(first, first + count)]


async def test_lines_of_both_streams_are_read_with_track_and_name(
    engine: PrivateEngine, containers: Containers
) -> None:
    sink, mail = RecordingSink(), Mailbox()
    containers.run("app-1", "echo out; echo err >&2; sleep 60")
    containers.run("app-2", "printf 'crlf\\r\\n\\nlast without end'", track="baseline")

    async with following(engine.url, sink, mail):
        await until(lambda: len(sink.lines) == 5)
        await until(lambda: mail.changes and mail.changes[-1].parts)

    seen = {(block.name, block.track, block.stream, line) for block in sink.blocks for line in block.lines}
    assert seen == {
        ("app-1", "canary", "stdout", b"out"),
        ("app-1", "canary", "stderr", b"err"),
        ("app-2", "baseline", "stdout", b"crlf"),
        ("app-2", "baseline", "stdout", b""),
        ("app-2", "baseline", "stdout", b"last without end"),
    }
    assert mail.state is SourceState.LIVE
    assert mail.changes[-1].parts == {"canary": 1}
    assert not mail.gaps
    assert all(abs(moment - time.time()) < 60 for block in sink.blocks for moment in block.times)


async def test_a_restarted_container_is_read_on_without_loss_or_repeat(
    engine: PrivateEngine, containers: Containers
) -> None:
    sink, mail = RecordingSink(), Mailbox()
    writer = containers.run("app-1", "trap 'echo bye; exit' TERM; echo up; while :; do sleep 0.05; done")

    async with following(engine.url, sink, mail):
        for run in range(1, 4):
            await until(lambda run=run: sink.lines.count(b"up") == run)
            await asyncio.to_thread(writer.restart, timeout=5)
        await until(lambda: sink.lines.count(b"up") == 4)

    assert sink.lines == [b"up", b"bye"] * 3 + [b"up"]
    assert sink.repeated == 0
    assert not mail.gaps


async def test_a_recreated_container_is_followed_under_its_new_id_and_the_old_one_is_read_to_its_end(
    engine: PrivateEngine, containers: Containers
) -> None:
    sink, mail = RecordingSink(), Mailbox()
    old = containers.run("app-1", count(5000) + "; exec sleep 60")

    async with following(engine.url, sink, mail):
        await until(lambda: sink.lines and old.logs(tail=1) == b"line 5000\n")
        await asyncio.to_thread(old.remove, force=True)
        containers.run("app-1", count(5100, 5001) + "; exec sleep 60")
        await until(lambda: b"line 5100" in sink.lines)
        await until(lambda: old.id in sink.gone)

    assert sorted(sink.lines) == sorted(numbers(5100))
    assert not mail.gaps


async def test_lines_over_sixteen_kilobytes_are_whole_and_longer_ones_are_cut_with_a_mark(
    engine: PrivateEngine, containers: Containers
) -> None:
    sink, mail = RecordingSink(), Mailbox()
    script = "head -c 40000 /dev/zero | tr '\\0' x; echo; echo short >&2; head -c 300000 /dev/zero | tr '\\0' y; echo"
    containers.run("app-1", f"{script}; echo z")

    async with following(engine.url, sink, mail):
        await until(lambda: len(sink.lines) == 4)

    lines = sorted(sink.lines, key=len)
    assert lines[:3] == [b"z", b"short", b"x" * 40000]
    assert lines[3].startswith(b"y" * 262_144)
    assert lines[3].endswith(b"[truncated]")
    assert len(lines[3]) < 262_144 + 40


async def test_a_container_with_a_terminal_gives_the_same_lines(engine: PrivateEngine, containers: Containers) -> None:
    sink, mail = RecordingSink(), Mailbox()
    containers.run("app-1", count(500) + "; head -c 40000 /dev/zero | tr '\\0' x; echo; echo end >&2", tty=True)

    async with following(engine.url, sink, mail):
        await until(lambda: b"end" in sink.lines)

    assert sink.lines == [*numbers(500), b"x" * 40000, b"end"]


async def test_a_console_that_comes_back_reads_on_where_it_was(engine: PrivateEngine, containers: Containers) -> None:
    sink, mail = RecordingSink(), Mailbox()
    both = "echo line $i; [ $((i % 3)) = 0 ] && echo line $i >&2"
    script = f"i=0; while [ $i -lt 600 ]; do i=$((i+1)); {both}; sleep 0.004; done; sleep 60"
    containers.run("app-1", script)

    while b"line 600" not in sink.lines:
        async with following(engine.url, sink, mail):
            before = len(sink.lines)
            await until(lambda before=before: len(sink.lines) >= before + 60 or b"line 600" in sink.lines)
    async with following(engine.url, sink, mail):
        await until(lambda: len(sink.lines) == 800)

    assert sorted(sink.lines) == sorted(numbers(600) + numbers(600)[2::3])
    assert sink.repeated == 0
    assert not mail.gaps


async def test_an_engine_that_goes_and_comes_back_costs_no_line(engine: PrivateEngine, containers: Containers) -> None:
    sink, mail = RecordingSink(), Mailbox()
    containers.run(
        "app-1", f"trap exit TERM; {count(3000)}; while :; do sleep 0.05; done", restart_policy={"Name": "always"}
    )

    async with following(engine.url, sink, mail):
        await until(lambda: len(sink.lines) == 3000)
        await asyncio.to_thread(engine.stop)
        await until(lambda: mail.state is SourceState.RETRYING)
        reason = mail.reason
        assert mail.changes[-1].retry_at is not None
        await asyncio.to_thread(engine.start)
        await until(lambda: mail.state is SourceState.LIVE and len(sink.lines) >= 6000, 40)

    assert sink.lines == numbers(3000) * 2
    assert "Docker" in reason
    assert not mail.gaps


async def test_a_first_attach_reads_from_the_given_moment(engine: PrivateEngine, containers: Containers) -> None:
    sink, mail = RecordingSink(), Mailbox()
    container = containers.run("app-1", f"echo before; {WAIT}; echo after; sleep 60")
    await until(lambda: b"before" in container.logs())
    stamp = container.logs(timestamps=True).split()[0].decode()
    moment = time.time()
    assert stamp < time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment + 1))
    container.exec_run(["touch", "/go"])

    async with following(engine.url, sink, mail, since_s=moment):
        await until(lambda: sink.lines)

    assert sink.lines == [b"after"]


async def test_a_container_removed_while_nobody_read_is_reported_once(
    engine: PrivateEngine, containers: Containers
) -> None:
    sink, mail = RecordingSink(), Mailbox()
    container = containers.run("app-1", "echo one; sleep 60")
    async with following(engine.url, sink, mail):
        await until(lambda: sink.lines)
    container.remove(force=True)

    async with following(engine.url, sink, mail):
        await until(lambda: mail.gaps)
    async with following(engine.url, sink, mail):
        await until(lambda: "no container matches project=shop service=app" in mail.reason)

    assert len(mail.gaps) == 1
    assert "removed while nobody read it" in mail.gaps[0].reason


async def test_lines_rotated_away_while_nobody_read_are_a_gap(engine: PrivateEngine, containers: Containers) -> None:
    sink, mail = RecordingSink(), Mailbox()
    rotated = docker.types.LogConfig(type="json-file", config={"max-size": "20k", "max-file": "2"})
    container = containers.run("app-1", f"echo first; {WAIT}; seq 5000; sleep 60", log_config=rotated)
    async with following(engine.url, sink, mail):
        await until(lambda: sink.lines)
    container.exec_run(["touch", "/go"])
    await until(lambda: b"5000\n" in container.logs(tail=1))

    async with following(engine.url, sink, mail):
        await until(lambda: b"5000" in sink.lines)

    assert len(mail.gaps) == 1
    assert "rotated faster" in mail.gaps[0].reason


async def test_a_log_driver_that_cannot_be_read_is_unreadable_with_the_remedy(
    engine: PrivateEngine, containers: Containers
) -> None:
    sink, mail = RecordingSink(), Mailbox()
    containers.run("app-1", "sleep 60", log_config=docker.types.LogConfig(type="none"))

    async with following(engine.url, sink, mail):
        await until(lambda: mail.state is SourceState.UNREADABLE)

    assert mail.reason.startswith("app-1: its log driver cannot be read")
    assert "json-file or local" in mail.reason


async def test_containers_are_found_by_name_label_and_image(engine: PrivateEngine, containers: Containers) -> None:
    containers.run("agent-1", "echo agent; sleep 60")
    containers.run("other", "echo other; sleep 60")

    for selector in (
        {"name": "agent-*"},
        {"label": "track=canary", "name": "agent-?"},
        {"image": "*:busybox", "name": "a*"},
    ):
        sink, mail = RecordingSink(), Mailbox()
        async with following(engine.url, sink, mail, **selector):
            await until(lambda sink=sink: sink.lines)
        assert sink.lines == [b"agent"]


async def test_a_hostile_line_is_kept_byte_for_byte(engine: PrivateEngine, containers: Containers) -> None:
    sink, mail = RecordingSink(), Mailbox()
    containers.run("app-1", "printf '\\033]52;c;aGk=\\007[red]\\000\\n'")

    async with following(engine.url, sink, mail):
        await until(lambda: sink.lines)

    assert sink.lines == [b"\x1b]52;c;aGk=\x07[red]\x00"]


async def test_cut_connections_restarts_and_rotation_cost_no_line_and_repeat_none(
    engine: PrivateEngine, containers: Containers, open_folder: Path
) -> None:
    sink, mail = RecordingSink(), Mailbox()
    rotated = docker.types.LogConfig(type="json-file", config={"max-size": "200k", "max-file": "5"})
    # Each run numbers on from where the one before was stopped.
    script = """
        trap 'stop=1' TERM
        i=$(cat /n 2>/dev/null || echo 0)
        while [ $i -lt 3000 ] && [ -z "$stop" ]; do
            i=$((i+1)); echo line $i; [ $((i % 4)) = 0 ] && echo line $i >&2; [ $((i % 8)) = 0 ] && sleep 0.01
        done
        echo $i > /n; [ -z "$stop" ] && sleep 60 & wait
    """
    container = containers.run("app-1", script, log_config=rotated)

    relay = f"{open_folder}/relay.sock"

    async with Wire(engine.url.removeprefix("unix://"), relay) as wire, following(f"unix://{relay}", sink, mail):
        restarts = 0
        while len(sink.lines) < 3750:
            before = len(sink.lines)
            await until(lambda before=before: len(sink.lines) >= min(before + 150, 3750))
            wire.cut()
            if restarts < 3 and len(sink.lines) > 800 * (restarts + 1):
                restarts += 1
                await asyncio.to_thread(container.restart, timeout=5)

    assert restarts == 3
    assert sorted(sink.lines) == sorted(numbers(3000) + numbers(3000)[3::4])
    assert not mail.gaps


async def test_a_log_that_is_rotated_faster_than_anybody_reads_is_suspected(
    engine: PrivateEngine, containers: Containers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.sources.docker_reader.RATE_S", 0.3)
    sink, mail = RecordingSink(), Mailbox()
    rotated = docker.types.LogConfig(type="json-file", config={"max-size": "20k", "max-file": "3"})
    containers.run("app-1", "while :; do seq 1 1000; done", log_config=rotated)

    async with following(engine.url, sink, mail):
        await until(lambda: any("rotates its log every" in gap.reason for gap in mail.gaps))
        await until(lambda: "raise max-size" in mail.reason)
