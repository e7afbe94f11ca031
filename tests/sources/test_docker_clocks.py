"""Engines whose clock differs from ours, or is set while they are read."""

import time
from pathlib import Path

import pytest

from console.core.inputs import SkewMeasured
from console.sources import docker_logs
from console.sources.docker_clock import EngineClock
from tests.servers import PrivateEngine
from tests.sources.containers import Containers
from tests.sources.docker_following import following
from tests.sources.relays import LogRelay, Record
from tests.sources.sinks import Mailbox, RecordingSink
from tests.waiting import until


def skews(mail: Mailbox) -> list[SkewMeasured]:
    return [given for given in mail.inputs if isinstance(given, SkewMeasured)]


def has_found(mail: Mailbox, skew_s: float) -> bool:
    """Whether a difference was measured once; an answer that a busy machine keeps for seconds tells another one."""
    return any(abs(measured.skew_s - skew_s) < 0.5 for measured in skews(mail))


@pytest.fixture
def _measured_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker_logs, "MEASURE_S", 0.2)


def test_the_times_are_put_right_by_whole_seconds_that_do_not_flutter() -> None:
    clock = EngineClock(lambda: 1_000.0)
    assert clock.now_ns() is None

    shifts = []
    for skew_s in (0.4, -0.9, 1.2, 0.6, 1.9, 2.3, 2.9, -7.4):
        clock.measured(skew_s)
        shifts.append(clock.shift_s)

    assert shifts == [0, 0, 1, 1, 1, 2, 2, -7]
    assert clock.now_ns() == int((1_000.0 - 7.4) * 1e9)
    assert clock.key_at(500.0) == 493 * 10**9


def test_a_time_in_whole_seconds_only_casts_doubt_when_it_cannot_be_right() -> None:
    clock = EngineClock(lambda: 1_000.9)
    assert clock.is_doubted_by(1_000)
    clock.measured(0.0)

    assert not clock.is_doubted_by(1_000)
    assert not clock.is_doubted_by(1_001)
    assert clock.is_doubted_by(1_002)
    assert clock.is_doubted_by(999)


@pytest.mark.engine
@pytest.mark.usefixtures("_measured_often")
async def test_an_engine_with_our_clock_shows_next_to_no_difference(
    engine: PrivateEngine, containers: Containers
) -> None:
    sink, mail = RecordingSink(), Mailbox()
    containers.run("app-1", "echo up; sleep 60")

    async with following(engine.url, sink, mail):
        await until(lambda: sink.lines and has_found(mail, 0))

    assert skews(mail)[0].shift_s == 0
    assert sink.blocks[0].times == [sink.blocks[0].keys[0] / 1e9]


@pytest.mark.engine
@pytest.mark.usefixtures("_measured_often")
@pytest.mark.parametrize("ahead_s", [7.2, -7.2])
async def test_lines_of_an_engine_whose_clock_differs_count_when_they_were_written(
    engine: PrivateEngine, containers: Containers, open_folder: Path, ahead_s: float
) -> None:
    sink, mail = RecordingSink(), Mailbox()
    relay = LogRelay(engine, f"{open_folder}/r.sock", lambda record: record.shifted(int(ahead_s * 1e9)))
    relay.shift_s = ahead_s
    containers.run("app-1", "echo up; sleep 60")

    async with relay, following(relay.url, sink, mail, since_s=time.time() - 3600):
        await until(lambda: sink.lines and has_found(mail, ahead_s))

    first = skews(mail)[0]
    assert first.shift_s == round(first.skew_s)
    (block,) = sink.blocks
    assert abs(block.keys[0] / 1e9 - time.time() - ahead_s) < 60
    assert block.times == [block.keys[0] / 1e9 - first.shift_s]


@pytest.mark.engine
@pytest.mark.parametrize("driver", ["json-file", "local"])
async def test_no_line_is_lost_or_counted_twice_when_the_clock_of_the_engine_is_set_back(
    engine: PrivateEngine, containers: Containers, open_folder: Path, driver: str
) -> None:
    sink, mail = RecordingSink(), Mailbox()
    back_ns, set_at = 4 * 10**9, [1 << 63]

    def change(record: Record) -> Record:
        return record.shifted(-back_ns) if record.key >= set_at[0] else record

    both = "echo line $i; [ $((i % 3)) = 0 ] && echo line $i >&2"
    script = f"i=0; while :; do i=$((i+1)); {both}; sleep 0.004; done"
    app = containers.run("app-1", script, log_config={"type": driver, "config": {}})

    relay = LogRelay(engine, f"{open_folder}/r.sock", change)
    async with relay:
        async with following(relay.url, sink, mail):
            await until(lambda: len(sink.lines) > 200)
            set_at[0], relay.shift_s = time.time_ns(), -4.0
            before = len(sink.lines)
            await until(lambda: len(sink.lines) > before + 200)
            await until(lambda: "is read in looks until" in mail.reason)
        async with following(relay.url, sink, mail):  # a console that comes back while the clock is behind
            before = len(sink.lines)
            await until(lambda: len(sink.lines) > before + 100)
            await until(lambda: not mail.reason)  # the clock has come to where it was
            before = len(sink.lines)
            await until(lambda: len(sink.lines) > before + 200)
        app.kill()
        async with following(relay.url, sink, mail):
            await until(lambda: mail.reason == "no container is running")
            await until(lambda: len(sink.lines) == len(app.logs().splitlines()))

    written = app.logs(stdout=True, stderr=False).splitlines() + app.logs(stdout=False, stderr=True).splitlines()
    assert sorted(sink.lines) == sorted(written)
    assert sink.repeated == 0
    assert not mail.gaps
    origins = {(origin, stream) for _, origin, stream in sink.positions}
    assert origins == {(f"{app.id}{era}", stream) for era in ("", ":1") for stream in ("stdout", "stderr")}
    assert has_found(mail, -4)
