"""Reading containers on a real engine."""

import asyncio
import socket
import time
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
from tests.sources.docker_following import following
from tests.sources.networks import Wire
from tests.sources.sinks import Mailbox, RecordingSink, until

pytestmark = pytest.mark.engine
both_drivers = pytest.mark.parametrize("driver", ["json-file", "local"])


def logged(driver: str, **options: str) -> docker.types.LogConfig:
    return docker.types.LogConfig(type=driver, config=options)


def count(last: int, first: int = 1) -> str:
    return f"seq {first} {last} | sed 's/^/line /'"


def numbers(count: int, first: int = 1) -> list[bytes]:
    return [b"line %d" % number for number in range(first, first + count)]


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
async def test_a_restarted_container_is_read_on_without_loss_or_repeat(
    engine: PrivateEngine, containers: Containers, driver: str
) -> None:
    sink, mail = RecordingSink(), Mailbox()
    writer = containers.run(
        "app-1", "trap 'echo bye; exit' TERM; echo up; while :; do sleep 0.05; done", log_config=logged(driver)
    )

    async with following(engine.url, sink, mail):
        for run in range(1, 4):
            await until(lambda run=run: sink.lines.count(b"up") == run)
            await asyncio.to_thread(writer.restart, timeout=5)
        await until(lambda: sink.lines.count(b"up") == 4)

    assert sink.lines == [b"up", b"bye"] * 3 + [b"up"]
    assert sink.repeated == 0
    assert not mail.gaps


@both_drivers
async def test_a_recreated_container_is_followed_under_its_new_id_and_the_old_one_is_read_to_its_end(
    engine: PrivateEngine, containers: Containers, driver: str
) -> None:
    sink, mail = RecordingSink(), Mailbox()
    old = containers.run("app-1", count(5000) + "; exec sleep 60", log_config=logged(driver))

    async with following(engine.url, sink, mail):
        await until(lambda: sink.lines and old.logs(tail=1) == b"line 5000\n")
        await asyncio.to_thread(old.remove, force=True)
        containers.run("app-1", count(5100, 5001) + "; exec sleep 60", log_config=logged(driver))
        await until(lambda: b"line 5100" in sink.lines)
        await until(lambda: old.id in sink.gone)

    assert sorted(sink.lines) == sorted(numbers(5100))
    assert not mail.gaps


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
async def test_an_engine_that_goes_and_comes_back_costs_no_line(
    engine: PrivateEngine, containers: Containers, driver: str
) -> None:
    sink, mail = RecordingSink(), Mailbox()
    containers.run(
        "app-1",
        f"trap exit TERM; {count(3000)}; while :; do sleep 0.05; done",
        restart_policy={"Name": "always"},
        log_config=logged(driver),
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


async def test_a_container_removed_while_nobody_read_is_reported_once(
    engine: PrivateEngine, containers: Containers
) -> None:
    sink, mail = RecordingSink(), Mailbox()
    container = containers.run("app-1", "echo one; sleep 60")
    async with following(engine.url, sink, mail):
        await until(lambda: sink.lines)
    container.remove(force=True)
    sink.names = {("app", container.id): mail.became[0][:2]}

    async with following(engine.url, sink, mail):
        await until(lambda: mail.gaps)
    async with following(engine.url, sink, mail):
        await until(lambda: "no container matches service=app" in mail.reason)

    (gap,) = mail.gaps
    assert "removed while nobody read it" in gap.reason
    assert (gap.name, gap.track) == ("app-1", "canary")


async def test_what_becomes_of_a_container_is_told_with_its_name(engine: PrivateEngine, containers: Containers) -> None:
    sink, mail = RecordingSink(), Mailbox()

    async with following(engine.url, sink, mail):
        app = containers.run("app-1", f"echo up; {WAIT}; rm /go; exit 3", track="baseline")
        await until(lambda: sink.lines)
        app.exec_run(["touch", "/go"])
        await until(lambda: any("exit code" in became for *_, became in mail.became))
        await asyncio.to_thread(app.start)
        await until(lambda: len(sink.lines) == 2)
        await asyncio.to_thread(app.rename, "app-old")
        await until(lambda: ("app-old", "baseline", "") in mail.became)
        await asyncio.to_thread(app.remove, force=True)
        await until(lambda: any(became == "was removed" for *_, became in mail.became))

    assert {track for _, track, _ in mail.became} == {"baseline"}
    told = [(name, became) for name, _, became in mail.became]
    first = told.index(("app-1", "ended with exit code 3"))  # the first start may come before the first listing
    assert ("app-1", "") in told[:first]
    assert told[first:] == [
        ("app-1", "ended with exit code 3"),
        ("app-1", "started"),
        ("app-old", ""),
        ("app-old", "ended with exit code 137"),
        ("app-old", "was removed"),
    ]


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


@pytest.mark.parametrize(("driver", "files"), [("json-file", 2), ("json-file", 1), ("local", 3)])
async def test_what_was_rotated_away_before_a_log_was_read_for_the_first_time_is_a_gap(
    engine: PrivateEngine, containers: Containers, driver: str, files: int
) -> None:
    sink, mail = RecordingSink(), Mailbox()
    config = logged(driver, **{"max-size": "20k", "max-file": str(files)})
    app = containers.run("app-1", f"{count(500)}; sleep 2; {count(5000, 501)}; sleep 60", log_config=config)
    await until(lambda: b"line 5000\n" in app.logs(tail=1))

    async with following(engine.url, sink, mail):
        await until(lambda: b"line 5000" in sink.lines)
    async with following(engine.url, sink, mail):
        await until(lambda: mail.state is SourceState.LIVE)

    (gap,) = mail.gaps
    assert gap.since is not None
    assert gap.until == sink.blocks[0].keys[0] / 1e9
    assert 2.0 < gap.until - gap.since < 60
    assert gap.lines_at_most is not None
    assert gap.lines_at_most > 5_000 - len(sink.lines)
    assert "before it was read for the first time" in gap.reason


@both_drivers
async def test_a_log_that_holds_less_than_it_may_has_lost_nothing_although_its_first_line_came_late(
    engine: PrivateEngine, containers: Containers, driver: str
) -> None:
    sink, mail = RecordingSink(), Mailbox()
    config = logged(driver, **{"max-size": "20k", "max-file": "3"})
    app = containers.run("app-1", f"sleep 1.5; {count(100)}; sleep 60", log_config=config)
    await until(lambda: b"line 100\n" in app.logs(tail=1))

    async with following(engine.url, sink, mail):
        await until(lambda: len(sink.lines) == 100)

    assert not mail.gaps


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


@both_drivers
async def test_a_hostile_line_is_kept_byte_for_byte(engine: PrivateEngine, containers: Containers, driver: str) -> None:
    sink, mail = RecordingSink(), Mailbox()
    containers.run("app-1", "printf '\\033]52;c;aGk=\\007[red]\\000\\n'", log_config=logged(driver))

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


async def test_a_log_that_is_rotated_faster_than_anybody_reads_is_cautioned_about_and_its_losses_are_told(
    engine: PrivateEngine, containers: Containers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.sources.docker_jumps.RATE_S", 1.0)
    sink, mail = RecordingSink(), Mailbox()
    rotated = docker.types.LogConfig(type="json-file", config={"max-size": "20k", "max-file": "3"})
    containers.run("app-1", "while :; do seq 1 1000; done", log_config=rotated)

    async with following(engine.url, sink, mail):
        await until(lambda: mail.gaps)
        await until(lambda: "rotates its log every" in mail.reason and "raise max-size" in mail.reason)

    assert all(gap.since is not None and gap.until is not None and gap.since < gap.until for gap in mail.gaps)
    assert all(gap.lines_at_most for gap in mail.gaps)


@both_drivers
async def test_a_last_line_without_an_end_counts_if_the_engine_sends_it_before_it_removes_the_container(
    engine: PrivateEngine, containers: Containers, driver: str
) -> None:
    sink, mail = RecordingSink(), Mailbox()
    script = f"echo one; {WAIT}; echo two; printf torn"
    app = containers.run("app-1", script, log_config=logged(driver), auto_remove=True)

    async with following(engine.url, sink, mail):
        await until(lambda: sink.lines)
        app.exec_run(["touch", "/go"])
        await until(lambda: app.id in sink.gone)

    # An engine that removes a container at once may end the stream before that line; nobody can read it then.
    assert sink.lines in ([b"one", b"two", b"torn"], [b"one", b"two"])
    assert not mail.gaps


@both_drivers
async def test_a_paused_container_stays_live_and_goes_on_where_it_was(
    engine: PrivateEngine, containers: Containers, driver: str
) -> None:
    sink, mail = RecordingSink(), Mailbox()
    script = "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.01; done"
    app = containers.run("app-1", script, log_config=logged(driver))

    async with following(engine.url, sink, mail):
        await until(lambda: len(sink.lines) > 20)
        await asyncio.to_thread(app.pause)
        before = len(sink.lines)
        await asyncio.to_thread(app.reload)
        assert app.status == "paused"
        await until(lambda: mail.changes and mail.changes[-1].parts == {"canary": 1})
        await asyncio.to_thread(app.unpause)
        await until(lambda: len(sink.lines) > before + 50)

    assert sink.lines == numbers(len(sink.lines))
    assert {change.state for change in mail.changes} == {SourceState.LIVE}
    assert not mail.gaps


@both_drivers
async def test_a_service_is_followed_while_it_is_scaled_up_and_down_again(
    engine: PrivateEngine, containers: Containers, driver: str
) -> None:
    sink, mail = RecordingSink(), Mailbox()
    script = "trap 'echo bye $HOSTNAME; exit' TERM; echo hello $HOSTNAME; while :; do sleep 0.05; done"

    def start(number: int) -> None:
        containers.run(f"app-{number}", script, log_config=logged(driver), hostname=str(number))

    def parts() -> dict[str, int]:
        return dict(mail.changes[-1].parts) if mail.changes else {}

    start(1)
    async with following(engine.url, sink, mail):
        await until(lambda: b"hello 1" in sink.lines)
        for number in (2, 3, 4):
            await asyncio.to_thread(start, number)
        await until(lambda: b"hello 4" in sink.lines and parts() == {"canary": 4})
        for number in (2, 3, 4):
            app = containers.client.containers.get(f"app-{number}")
            await until(lambda number=number: b"hello %d" % number in sink.lines)
            await asyncio.to_thread(app.stop, timeout=5)
            await asyncio.to_thread(app.remove)
        await until(lambda: len(sink.gone) == 3 and parts() == {"canary": 1})

    said = [b"hello %d" % number for number in (1, 2, 3, 4)] + [b"bye %d" % number for number in (2, 3, 4)]
    assert sorted(sink.lines) == sorted(said)
    assert sink.repeated == 0
    assert not mail.gaps


async def test_a_renamed_container_is_read_on_under_its_new_name(engine: PrivateEngine, containers: Containers) -> None:
    sink, mail = RecordingSink(), Mailbox()
    app = containers.run("app-1", "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.01; done")

    async with following(engine.url, sink, mail):
        await until(lambda: len(sink.lines) > 20)
        await asyncio.to_thread(app.rename, "app-old")
        await until(lambda: sink.blocks[-1].name == "app-old")

    assert sink.lines == numbers(len(sink.lines))
    assert {block.name for block in sink.blocks} == {"app-1", "app-old"}
    assert not mail.gaps


async def test_a_container_that_is_renamed_out_of_the_selection_is_let_go_without_a_gap(
    engine: PrivateEngine, containers: Containers
) -> None:
    sink, mail = RecordingSink(), Mailbox()
    app = containers.run("app-1", f"echo one; {WAIT}; echo two; sleep 60")

    async with following(engine.url, sink, mail, name="app-*"):
        await until(lambda: sink.lines)
        await asyncio.to_thread(app.rename, "other")
        await until(lambda: "no container matches" in mail.reason)
        app.exec_run(["touch", "/go"])
    async with following(engine.url, sink, mail, name="app-*"):
        await until(lambda: "no container matches" in mail.reason)
        await asyncio.to_thread(app.rename, "app-1")
        await until(lambda: len(sink.lines) == 2)

    assert sink.lines == [b"one", b"two"]
    assert not mail.gaps


async def test_a_container_that_is_renamed_back_before_its_reader_is_forgotten_is_read_on(
    engine: PrivateEngine, containers: Containers, open_folder: Path
) -> None:
    sink, mail = RecordingSink(), Mailbox()
    app = containers.run("app-1", f"echo one; {WAIT}; echo two; sleep 60")

    async with Wire(engine.url.removeprefix("unix://"), str(open_folder / "w")) as wire:
        there = Engine(f"unix://{open_folder}/w")
        source = DockerLogs(there, DockerSelector(name="app-*"), TRACKS, sink, Standing("app", mail.post))
        await asyncio.to_thread(source._list)
        try:
            await until(lambda: sink.lines)
            await asyncio.to_thread(app.rename, "other")
            await asyncio.to_thread(source._list)
            wire.cut()
            await until(lambda: not any(reader.is_alive() for reader in source._readers.values()))
            await asyncio.to_thread(app.rename, "app-1")
            await asyncio.to_thread(source._list)
            app.exec_run(["touch", "/go"])
            await until(lambda: b"two" in sink.lines)
        finally:
            for reader in source._readers.values():
                reader.stop()
            await asyncio.to_thread(source._join)

    assert sink.lines == [b"one", b"two"]
    assert not mail.gaps


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
