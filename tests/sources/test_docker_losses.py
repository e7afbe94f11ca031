"""Lines that an engine rotated away or a connection cut off: none is lost in silence, and none comes twice."""

import asyncio
from pathlib import Path

import docker
import pytest

from console.core.words import SourceState
from tests.servers import PrivateEngine
from tests.sources.containers import WAIT, Containers, both_drivers, count, logged, numbers
from tests.sources.docker_following import following
from tests.sources.networks import Wire
from tests.sources.sinks import Mailbox, RecordingSink
from tests.waiting import until

pytestmark = pytest.mark.engine


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
