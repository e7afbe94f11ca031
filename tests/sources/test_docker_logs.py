"""Lines of containers on a real engine: both streams, long ones, hostile ones, and from where reading begins."""

import time

import pytest

from console.core.words import SourceState
from tests.servers import PrivateEngine
from tests.sources.containers import WAIT, Containers, both_drivers, count, logged, numbers
from tests.sources.docker_following import following
from tests.sources.sinks import Mailbox, RecordingSink
from tests.waiting import until

pytestmark = pytest.mark.engine


@both_drivers
async def test_lines_of_both_streams_are_read_with_track_and_name(
    engine: PrivateEngine, containers: Containers, driver: str
) -> None:
    sink, mail = RecordingSink(), Mailbox()
    containers.run("app-1", "echo out; echo err >&2; sleep 60", log_config=logged(driver))
    containers.run("app-2", "printf 'crlf\\r\\n\\nlast without end'", track="baseline", log_config=logged(driver))

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


@both_drivers
async def test_lines_over_sixteen_kilobytes_are_whole_and_longer_ones_are_cut_with_a_mark(
    engine: PrivateEngine, containers: Containers, driver: str
) -> None:
    sink, mail = RecordingSink(), Mailbox()
    script = "head -c 40000 /dev/zero | tr '\\0' x; echo; echo short >&2; head -c 300000 /dev/zero | tr '\\0' y; echo"
    containers.run("app-1", f"{script}; echo z", log_config=logged(driver))

    async with following(engine.url, sink, mail):
        await until(lambda: len(sink.lines) == 4)

    lines = sorted(sink.lines, key=len)
    assert lines[:3] == [b"z", b"short", b"x" * 40000]
    assert lines[3].startswith(b"y" * 262_144)
    assert lines[3].endswith(b"[truncated]")
    assert len(lines[3]) < 262_144 + 40


@both_drivers
async def test_a_container_with_a_terminal_gives_the_same_lines(
    engine: PrivateEngine, containers: Containers, driver: str
) -> None:
    sink, mail = RecordingSink(), Mailbox()
    containers.run(
        "app-1",
        count(500) + "; head -c 40000 /dev/zero | tr '\\0' x; echo; echo end >&2",
        tty=True,
        log_config=logged(driver),
    )

    async with following(engine.url, sink, mail):
        await until(lambda: b"end" in sink.lines)

    assert sink.lines == [*numbers(500), b"x" * 40000, b"end"]


@both_drivers
async def test_a_console_that_comes_back_reads_on_where_it_was(
    engine: PrivateEngine, containers: Containers, driver: str
) -> None:
    sink, mail = RecordingSink(), Mailbox()
    both = "echo line $i; [ $((i % 3)) = 0 ] && echo line $i >&2"
    script = f"i=0; while [ $i -lt 600 ]; do i=$((i+1)); {both}; sleep 0.004; done; sleep 60"
    containers.run("app-1", script, log_config=logged(driver))

    while b"line 600" not in sink.lines:
        async with following(engine.url, sink, mail):
            before = len(sink.lines)
            await until(lambda before=before: len(sink.lines) >= before + 60 or b"line 600" in sink.lines)
    async with following(engine.url, sink, mail):
        await until(lambda: len(sink.lines) == 800)

    assert sorted(sink.lines) == sorted(numbers(600) + numbers(600)[2::3])
    assert sink.repeated == 0
    assert not mail.gaps


@both_drivers
async def test_a_first_attach_reads_from_the_given_moment(
    engine: PrivateEngine, containers: Containers, driver: str
) -> None:
    sink, mail = RecordingSink(), Mailbox()
    container = containers.run("app-1", f"echo before; {WAIT}; echo after; sleep 60", log_config=logged(driver))
    await until(lambda: b"before" in container.logs())
    stamp = container.logs(timestamps=True).split()[0].decode()
    moment = time.time()
    assert stamp < time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment + 1))
    container.exec_run(["touch", "/go"])

    async with following(engine.url, sink, mail, since_s=moment):
        await until(lambda: sink.lines)

    assert sink.lines == [b"after"]


@both_drivers
async def test_a_hostile_line_is_kept_byte_for_byte(engine: PrivateEngine, containers: Containers, driver: str) -> None:
    sink, mail = RecordingSink(), Mailbox()
    containers.run("app-1", "printf '\\033]52;c;aGk=\\007[red]\\000\\n'", log_config=logged(driver))

    async with following(engine.url, sink, mail):
        await until(lambda: sink.lines)

    assert sink.lines == [b"\x1b]52;c;aGk=\x07[red]\x00"]
