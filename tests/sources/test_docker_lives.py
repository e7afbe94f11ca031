"""Containers that come, go, pause and are renamed on a real engine."""

import asyncio
from pathlib import Path

import pytest

from console.core.rollout import DockerSelector
from console.core.words import SourceState
from console.sources.base import Standing
from console.sources.docker_engine import Engine
from console.sources.docker_logs import DockerLogs
from tests.servers import PrivateEngine
from tests.sources.containers import TRACKS, WAIT, Containers, both_drivers, count, logged, numbers
from tests.sources.docker_following import following
from tests.sources.networks import Wire
from tests.sources.sinks import Mailbox, RecordingSink
from tests.waiting import until

pytestmark = pytest.mark.engine


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
