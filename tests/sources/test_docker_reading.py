"""Reading a log that has faults, against exactly what was written."""

import contextlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.sources.base import Lost
from console.sources.docker_engine import Process
from console.sources.docker_halves import OutOfOrder
from console.sources.docker_reader import ContainerReader
from console.sources.docker_reading import BLOCK_BYTES
from console.sources.docker_tails import TAILS, readable_tail
from tests.sources.relays import Record
from tests.sources.written_logs import BROKEN, ERR, OUT, START_NS, Reader, WrittenLog, app, record
from tests.waiting import until

MS = 10**6


def lines_of(records: list[Record]) -> list[bytes]:
    return [each.text[:-1] for each in records if BROKEN not in each.text]


def running(started_ns: int, finished_ns: int = 0) -> Process:
    return Process(True, START_NS + started_ns, START_NS + finished_ns)


def both_streams(first_ms: int, last_ms: int) -> list[Record]:
    return [record(OUT if at % 2 else ERR, at * MS, b"at %d" % at) for at in range(first_ms, last_ms)]


@pytest.mark.parametrize("has_more", [True, False])
def test_lines_beside_a_jump_that_stand_out_of_the_order_of_their_times_are_put_in_too(*, has_more: bool) -> None:
    before = [*both_streams(0, 2_000), record(ERR, 2_005 * MS, b"last before, 4 ms later than the first skipped")]
    skipped = [
        record(OUT, 2_001 * MS, b"first skipped"),
        *both_streams(2_010, 6_000),
        record(ERR, 6_010 * MS, b"last skipped, 4 ms later than the first after"),
    ]
    after = [record(OUT, 6_006 * MS, b"first after")]
    after += both_streams(6_020, 8_000) if has_more else [record(OUT, 6_007 * MS, b"second after")]
    log = WrittenLog(before + skipped + after, streamed=before + after, block_bytes=20_000)
    reader = Reader(log, app(file_bytes=200_000, files=3))
    reading = reader.reading()

    reading.follow()
    reading.catch_up()

    assert sorted(reader.sink.lines) == sorted(lines_of(log.written))
    assert not reader.mail.gaps
    assert reading.mender.recovered >= len(skipped) - 1


@pytest.mark.parametrize("behind", [1, 3, 700, 5_000])
def test_what_stands_behind_a_record_that_the_engine_cannot_read_is_counted_with_a_gap_before_it(behind: int) -> None:
    log = WrittenLog([record(OUT, at * MS, b"before %d" % at) for at in range(5)])
    log.written.append(record(OUT, 1_000 * MS, BROKEN))
    log.written += [record(OUT, (2_000 + at) * MS, b"behind %d" % at) for at in range(behind)]
    reader = Reader(log)
    reading = reader.reading()

    with pytest.raises(Lost, match="Error grabbing logs"):
        reading.catch_up()
    reading.catch_up()
    log.written += [record(OUT, (9_000 + at) * MS, b"later %d" % at) for at in range(20)]
    with contextlib.suppress(Lost):  # no round number of last records may reach back to what was counted and no further
        reading.follow()
    with contextlib.suppress(Lost):
        reading.catch_up()
    reading.catch_up()
    reading.follow()

    got = reader.sink.lines
    assert got[:5] == lines_of(log.written)[:5]
    assert got[-20:] == [b"later %d" % at for at in range(20)]
    assert len(got) >= len(lines_of(log.written)) - behind // 64
    (gap,) = reader.mail.gaps
    first_behind = next(key for block in reader.sink.blocks for key in block.keys if key > START_NS + 1_000 * MS)
    assert (gap.since, gap.until) == ((START_NS + 4 * MS) / 1e9, first_behind / 1e9)
    assert "Error grabbing logs: what it cannot read was left out" in gap.reason


def test_while_nothing_behind_what_the_engine_cannot_read_can_be_read_there_is_trouble_and_no_gap() -> None:
    log = WrittenLog([record(OUT, 1, b"before"), record(OUT, 2, BROKEN)])
    reader = Reader(log)
    reading = reader.reading()

    for _ in range(3):
        with pytest.raises(Lost, match="Error grabbing logs"):
            reading.catch_up()
    log.written.append(record(OUT, 3, b"behind"))
    reading.catch_up()

    assert reader.sink.lines == [b"before", b"behind"]
    assert len(reader.mail.gaps) == 1


@given(st.integers(min_value=0, max_value=40_000_000))
def test_the_readable_tail_is_found_to_a_64th_in_few_looks(readable: int) -> None:
    looks: list[int] = []

    def is_readable(tail: int) -> bool:
        looks.append(tail)
        return tail <= readable

    found = readable_tail(is_readable)

    most = min(readable, TAILS[-1])
    assert most - most // 64 - 1 < found <= most
    assert len(looks) <= 25


def test_long_lines_are_handed_over_before_there_are_many_megabytes_of_them() -> None:
    part = b"x" * 16_384
    log = WrittenLog()
    for at in range(60):
        key = START_NS + at * MS
        log.written += [Record(OUT, key, part, is_followed=False)] * 14
        log.written.append(record(OUT, at * MS, b"end of %d" % at))
    reader = Reader(log)

    reader.reading().catch_up()

    assert len(reader.sink.lines) == 60
    assert max(sum(map(len, block.lines)) for block in reader.sink.blocks) < 2 * BLOCK_BYTES


@pytest.mark.parametrize("is_followed", [True, False])
def test_an_answer_that_is_cut_amid_a_record_is_no_end_of_the_log(*, is_followed: bool) -> None:
    log = WrittenLog([record(OUT, at * MS, b"line %d" % at) for at in range(100)], cut_at=3_000)
    reader = Reader(log)
    reading = reader.reading()

    with pytest.raises(Lost, match="cut amid a record"):
        reading.follow() if is_followed else reading.catch_up()
    before = len(reader.sink.lines)
    log.cut_at = None
    reading.catch_up()

    assert 0 < before < 100
    assert reader.sink.lines == lines_of(log.written)


def test_a_jump_is_not_taken_for_empty_when_the_answer_about_it_was_cut() -> None:
    whole = both_streams(0, 8_000)
    log = WrittenLog(whole, streamed=whole[:2_000] + whole[6_000:], block_bytes=20_000, cut_at=None)
    reader = Reader(log, app(file_bytes=200_000, files=3))
    reading = reader.reading()
    real = log.logs

    def logs(container: str, *, is_followed: bool, since_ns: int = 0, tail: int | None = None) -> object:
        answer = real(container, is_followed=is_followed, since_ns=since_ns, tail=tail)
        if not is_followed:
            answer.body = answer.body[: len(answer.body) * 2 // 5]
        return answer

    log.logs = logs  # type: ignore[method-assign, assignment]
    with pytest.raises((Lost, OutOfOrder)):
        reading.follow()
    log.logs = real  # type: ignore[method-assign]
    reading.catch_up()

    assert sorted(reader.sink.lines) == sorted(lines_of(whole))
    assert not reader.mail.gaps


@pytest.mark.parametrize("given", [0, 1, 1_000, 1_999, 3_000, 4_000])
def test_a_jump_is_not_taken_for_mended_when_the_answer_about_it_was_cut_between_two_records(given: int) -> None:
    whole = both_streams(0, 8_000)
    log = WrittenLog(whole, streamed=whole[:2_000] + whole[6_000:], block_bytes=20_000)
    reader = Reader(log, app(file_bytes=200_000, files=3))
    reading = reader.reading()
    log.answers = lambda records: records[:given]

    with pytest.raises((Lost, OutOfOrder)):
        reading.follow()
    log.answers = lambda records: records
    reading.catch_up()

    assert sorted(reader.sink.lines) == sorted(lines_of(whole))
    assert not reader.mail.gaps


def test_a_jump_is_a_gap_only_if_two_answers_lack_what_was_before_it() -> None:
    whole = both_streams(0, 8_000)
    log = WrittenLog(whole, streamed=whole[:2_000] + whole[6_000:], block_bytes=20_000)
    reader = Reader(log, app(file_bytes=200_000, files=3))
    wholes = 0

    def beside_a_rotation(records: list[Record]) -> list[Record]:
        nonlocal wholes
        wholes += len(records) == len(whole)
        return records if wholes > 3 else records[3_000:]

    log.answers = beside_a_rotation
    reading = reader.reading()
    reading.follow()
    reading.catch_up()

    assert wholes >= 4
    assert sorted(reader.sink.lines) == sorted(lines_of(whole))
    assert not reader.mail.gaps


async def test_an_answer_that_is_cut_between_two_records_is_no_end_of_the_log_of_a_stopped_container() -> None:
    log = WrittenLog([record(OUT, at * MS, b"line %d" % at) for at in range(100)], process=Process(False, START_NS, 0))
    is_cut = True

    def cut_once(records: list[Record]) -> list[Record]:
        nonlocal is_cut
        was_cut, is_cut = is_cut, False
        return records[:40] if was_cut else records

    log.answers = cut_once
    reader = Reader(log, replace(app(), state="exited"))
    thread = ContainerReader(reader.feed, reader.container)
    thread.start()
    try:
        await until(lambda: len(reader.sink.lines) == 100)
    finally:
        thread.stop()
        thread.join(5)

    assert reader.sink.lines == lines_of(log.written)
    assert not reader.mail.gaps


async def test_an_engine_that_is_restarted_under_the_second_run_leaves_a_gap_after_what_was_read_of_that_run() -> None:
    log = WrittenLog([record(OUT, 0, b"first run")])
    reader = Reader(log)
    thread = ContainerReader(reader.feed, reader.container)
    thread.start()
    try:
        await until(lambda: b"first run" in reader.sink.lines)
        log.stays_open, log.process = True, running(1_000 * MS)
        log.written.append(record(OUT, 2_000 * MS, b"second run"))
        thread.wake()
        await until(lambda: b"second run" in reader.sink.lines)

        thread.engine_restarted(None)
    finally:
        thread.stop()
        thread.join(5)

    (gap,) = reader.mail.gaps
    assert gap.since == (START_NS + 2_000 * MS) / 1e9
    assert "the engine was restarted while the container ran on" in gap.reason


@pytest.mark.parametrize(
    ("broke_after_ms", "has_gap"),
    [(5_000, False), (3_950, False), (3_000, True)],
    ids=["before", "just after", "after"],
)
def test_a_container_that_ended_later_than_its_engine_hung_up_leaves_a_gap(
    broke_after_ms: int, *, has_gap: bool
) -> None:
    log = WrittenLog([record(OUT, 1_000 * MS, b"line")], process=Process(False, START_NS, START_NS + 4_000 * MS))
    reader = Reader(log)
    reader.reading().catch_up()

    ContainerReader(reader.feed, reader.container).engine_restarted(START_NS + broke_after_ms * MS)

    bounds = [(gap.since, gap.until) for gap in reader.mail.gaps]
    assert bounds == ([((START_NS + 1_000 * MS) / 1e9, (START_NS + 4_000 * MS) / 1e9)] if has_gap else [])


def test_a_container_that_the_engine_started_again_did_not_run_on_however_far_it_was_read() -> None:
    hung_up_ns = START_NS - 500 * MS
    log = WrittenLog([record(OUT, 1_000 * MS, b"line")], process=Process(True, START_NS, hung_up_ns - 100 * MS))
    reader = Reader(log)
    reader.reading().catch_up()

    ContainerReader(reader.feed, reader.container).engine_restarted(hung_up_ns)

    assert not reader.mail.gaps
