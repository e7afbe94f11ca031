"""What engines lose on the way to whoever follows: read again where it is still there, and told with bounds if not."""

import asyncio
import contextlib
import shutil
import tempfile
from itertools import pairwise
from pathlib import Path

import docker
import pytest

from console.core.words import SourceState
from tests.servers import PrivateEngine
from tests.sources.containers import WAIT, Containers
from tests.sources.docker_following import following
from tests.sources.networks import Wire
from tests.sources.relays import ERROR, LogRelay, Record
from tests.sources.sinks import Mailbox, RecordingSink
from tests.waiting import until

pytestmark = pytest.mark.engine


def rotated(driver: str = "json-file", size: str = "1m", files: int = 5) -> docker.types.LogConfig:
    return docker.types.LogConfig(type=driver, config={"max-size": size, "max-file": str(files)})


def key_of(sink: RecordingSink, line: bytes) -> int:
    for block in sink.blocks:
        if line in block.lines:
            return block.keys[list(block.lines).index(line)]
    raise AssertionError(line)


def burst(last: int, first: int = 1) -> str:
    return f"seq {first} {last} | sed 's/^/{TEXT}/'"


def leaving_out(record: Record) -> Record | None:
    """Leave records out of streams that are followed; the log itself still has them."""
    return None if record.is_followed and record.number in HIDDEN else record


TEXT = "a line of some length, so that a file of the log is soon full, and its number is "
LINE = TEXT.encode() + b"%d"
BURST = 5_000
"""Lines of a burst that just fit into a file of a megabyte, so that the engine itself rotates nothing."""
HIDDEN = range(1_000, 4_000)
WITH_A_BURST = f"{burst(HIDDEN.start - 1)}; sleep 0.5; {burst(BURST, HIDDEN.start)}"
"""The burst, with a pause where lines are hidden: a machine with others on it may write them too fast to be missed."""


@pytest.mark.parametrize("driver", ["json-file", "local"])
async def test_what_a_stream_leaves_out_is_read_again_before_anything_after_it_is_counted(
    engine: PrivateEngine, containers: Containers, open_folder: Path, driver: str
) -> None:
    sink, mail = RecordingSink(), Mailbox()
    containers.run("app-1", f"echo up 0; {WAIT}; {WITH_A_BURST}; sleep 60", log_config=rotated(driver))

    relay = LogRelay(engine, f"{open_folder}/r.sock", leaving_out)
    async with relay, following(relay.url, sink, mail):
        await until(lambda: relay.followed)
        containers.client.containers.get("app-1").exec_run(["touch", "/go"])
        await until(lambda: LINE % BURST in sink.lines)
        await until(lambda: "lines that streams left out were read again" in mail.reason)

    assert sink.lines == [b"up 0", *(LINE % number for number in range(1, BURST + 1))]
    assert sink.repeated == 0
    assert not mail.gaps
    assert mail.reason.startswith(f"{len(HIDDEN):,} lines")


async def test_what_a_terminal_leaves_out_is_read_again(
    engine: PrivateEngine, containers: Containers, open_folder: Path
) -> None:
    sink, mail = RecordingSink(), Mailbox()
    app = containers.run("app-1", f"echo up 0; {WAIT}; {WITH_A_BURST}; sleep 60", log_config=rotated(), tty=True)

    relay = LogRelay(engine, f"{open_folder}/r.sock", leaving_out, has_terminal=True)
    async with relay, following(relay.url, sink, mail):
        await until(lambda: sink.lines)
        app.exec_run(["touch", "/go"])
        await until(lambda: LINE % BURST in sink.lines)

    assert sink.lines == [b"up 0", *(LINE % number for number in range(1, BURST + 1))]
    assert not mail.gaps


async def test_both_streams_and_the_parts_of_long_lines_are_put_in_where_they_belong(
    engine: PrivateEngine, containers: Containers, open_folder: Path
) -> None:
    sink, mail = RecordingSink(), Mailbox()
    long = "head -c 40000 /dev/zero | tr '\\0' x; echo \" $i\""
    script = f"""
        echo up 0; {WAIT}; i=0
        while [ $i -lt 400 ]; do
            i=$((i+1)); echo line $i; [ $((i % 5)) = 0 ] && echo line $i >&2; [ $((i % 40)) = 0 ] && {{ {long}; }}
        done
        sleep 60
    """
    app = containers.run("app-1", script, log_config=rotated(size="500k"))
    is_hiding = False

    def change(record: Record) -> Record | None:
        nonlocal is_hiding
        if record.is_followed and record.number in (101, 301):
            is_hiding = record.number == 101
        return None if record.is_followed and is_hiding else record

    relay = LogRelay(engine, f"{open_folder}/r.sock", change)
    async with relay, following(relay.url, sink, mail):
        await until(lambda: sink.lines)
        app.exec_run(["touch", "/go"])
        await until(lambda: b"line 400" in sink.lines and b"x" * 40_000 + b" 400" in sink.lines)

    expected = [b"line %d" % number for number in range(1, 401)]
    expected += expected[4::5] + [b"x" * 40_000 + b" %d" % number for number in range(40, 401, 40)]
    assert sorted(sink.lines) == sorted([*expected, b"up 0"])
    assert not mail.gaps


async def test_what_is_not_in_the_log_any_more_is_a_gap_with_its_bounds(
    engine: PrivateEngine, containers: Containers, open_folder: Path
) -> None:
    sink, mail = RecordingSink(), Mailbox()
    app = containers.run("app-1", f"echo up 0; {WAIT}; {WITH_A_BURST}; sleep 60", log_config=rotated())

    is_rotated = False

    def change(record: Record) -> Record | None:
        nonlocal is_rotated
        if record.is_followed:
            is_rotated = is_rotated or record.number in HIDDEN
            return None if record.number in HIDDEN else record
        return None if is_rotated and record.number < 1_500 else record

    relay = LogRelay(engine, f"{open_folder}/r.sock", change)
    async with relay, following(relay.url, sink, mail):
        await until(lambda: sink.lines)
        app.exec_run(["touch", "/go"])
        await until(lambda: LINE % BURST in sink.lines and mail.gaps)

    there = [*range(1, 1_000), *range(1_500, BURST + 1)]
    assert sink.lines == [b"up 0", *(LINE % number for number in there)]
    first, last = key_of(sink, LINE % 999), key_of(sink, LINE % 1_500)
    assert {(gap.source, gap.name, gap.track) for gap in mail.gaps} == {("app", "app-1", "canary")}
    assert any(
        gap.since is not None and gap.until is not None and gap.since <= first / 1e9 and gap.until >= last / 1e9
        for gap in mail.gaps
    )
    assert sum(gap.lines_at_most or 0 for gap in mail.gaps) >= 500


async def test_an_error_that_the_engine_sends_ends_the_stream_and_costs_no_line(
    engine: PrivateEngine, containers: Containers, open_folder: Path
) -> None:
    sink, mail = RecordingSink(), Mailbox()
    containers.run("app-1", f"{burst(2000)}; sleep 60")
    errors = 0

    def change(record: Record) -> Record | bytes:
        nonlocal errors
        if record.is_followed and record.number == 500 * (errors + 1) and errors < 3:
            errors += 1
            return ERROR
        return record

    relay = LogRelay(engine, f"{open_folder}/r.sock", change)
    async with relay, following(relay.url, sink, mail):
        await until(lambda: "the engine reports: Error grabbing logs" in mail.reason)
        await until(lambda: len(sink.lines) >= 2_000)

    assert sink.lines == [LINE % number for number in range(1, 2_001)]
    assert not mail.gaps


async def test_an_error_after_which_the_last_line_is_gone_is_a_gap_with_its_bounds(
    engine: PrivateEngine, containers: Containers, open_folder: Path
) -> None:
    sink, mail = RecordingSink(), Mailbox()
    containers.run("app-1", f"{burst(2000)}; sleep 60")
    has_failed = False

    def change(record: Record) -> Record | bytes | None:
        nonlocal has_failed
        if record.number == 500 and not has_failed:
            has_failed = True
            return ERROR
        return None if has_failed and record.number < 700 else record

    relay = LogRelay(engine, f"{open_folder}/r.sock", change)
    async with relay, following(relay.url, sink, mail):
        await until(lambda: len(sink.lines) >= 499 + 1_301 and mail.gaps)

    assert sink.lines == [LINE % number for number in (*range(1, 500), *range(700, 2_001))]
    (gap,) = mail.gaps
    assert (gap.since, gap.until) == (key_of(sink, LINE % 499) / 1e9, key_of(sink, LINE % 700) / 1e9)
    assert gap.lines_at_most is not None
    assert gap.lines_at_most >= 200
    assert "was gone when it was read again" in gap.reason


# A single file of the driver `local` is none: the engine refuses to compress what it does not rotate.
@pytest.mark.parametrize(("driver", "files"), [("json-file", 1), ("json-file", 3), ("local", 3)])
async def test_whatever_an_engine_loses_of_a_flood_lies_within_the_gaps_that_are_told(
    engine: PrivateEngine, containers: Containers, driver: str, files: int
) -> None:
    sink, mail = RecordingSink(), Mailbox()
    config = rotated(driver, "1m", files)
    app = containers.run("app-1", f"echo up 0; {WAIT}; {burst(60_000)}; sleep 60", log_config=config)

    async with following(engine.url, sink, mail):
        await until(lambda: sink.lines)
        app.exec_run(["touch", "/go"])
        await until(lambda: LINE % 60_000 in sink.lines)

    keys = {
        int(line.split()[-1]): key for block in sink.blocks for key, line in zip(block.keys, block.lines, strict=True)
    }
    numbers = sorted(keys)
    missing = [(one, other) for one, other in pairwise(numbers) if other > one + 1]
    assert sorted(keys.values()) == [keys[number] for number in numbers]
    for one, other in missing:
        assert any(
            gap.since is not None
            and gap.until is not None
            and gap.since * 1e9 <= keys[one] + 1_000
            and keys[other] - 1_000 <= gap.until * 1e9
            for gap in mail.gaps
        ), (one, other)
    bounds = [gap.lines_at_most for gap in mail.gaps if gap.lines_at_most is not None]
    assert len(bounds) == len(mail.gaps)
    assert sum(other - one - 1 for one, other in missing) <= sum(bounds)


async def test_a_stream_that_falls_silent_is_noticed_by_looking_at_the_log(
    engine: PrivateEngine, containers: Containers, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.sources.docker_reading.AUDIT_FIRST_S", 0.3)
    sink, mail = RecordingSink(), Mailbox()
    containers.run("app-1", f"{burst(300)}; sleep 60")
    is_silent = True

    def change(record: Record) -> Record | None:
        nonlocal is_silent
        is_silent = is_silent and (record.is_followed or record.number != 300)
        return None if record.is_followed and is_silent and record.number > 100 else record

    relay = LogRelay(engine, f"{open_folder}/r.sock", change)
    async with relay, following(relay.url, sink, mail):
        await until(lambda: len(sink.lines) >= 300)

    assert sink.lines == [LINE % number for number in range(1, 301)]
    assert sink.repeated == 0
    assert not mail.gaps


async def test_an_engine_that_is_restarted_while_a_container_runs_on_leaves_a_gap_and_a_cut_connection_does_not(
    engine: PrivateEngine, open_folder: Path
) -> None:
    folder = Path(tempfile.mkdtemp(prefix="rce", dir="/tmp"))
    private = PrivateEngine(folder, shutil.which("dockerd") or "dockerd", live_restore=True)
    wire = Wire(private.url.removeprefix("unix://"), str(open_folder / "w"))
    sink, mail = RecordingSink(), Mailbox()
    try:
        await asyncio.to_thread(private.start)
        private.load_image()
        with contextlib.closing(Containers(private).client) as client:
            script = "i=0; while true; do i=$((i + 1)); echo line $i; sleep 0.01; done"
            labels = {"com.docker.compose.service": "app"}
            client.containers.run(private.image, ["sh", "-c", script], labels=labels, detach=True, network_mode="none")
        async with wire, following(f"unix://{open_folder}/w", sink, mail):
            await until(lambda: sink.lines)
            wire.cut()
            seen = len(sink.lines)
            await until(lambda: len(sink.lines) > seen + 20 and mail.state is SourceState.LIVE)
            assert not mail.gaps
            last = max(sink.positions.values()) / 1e9

            await asyncio.to_thread(private.stop)
            await asyncio.to_thread(private.start)
            await until(lambda: mail.gaps and mail.state is SourceState.LIVE)

            wire.freeze()
            await asyncio.to_thread(private.stop)
            await asyncio.to_thread(private.start)
            with contextlib.closing(Containers(private).client) as client:
                client.containers.create(private.image, ["true"])  # an event that the engine remembers
            wire.thaw()
            wire.cut()
            await until(lambda: len(mail.gaps) > 1)

        gap, _ = mail.gaps
        assert gap.since is not None
        assert gap.until is not None
        assert last <= gap.since < gap.until
        assert "the engine was restarted while the container ran on" in gap.reason
    finally:
        private.remove()
