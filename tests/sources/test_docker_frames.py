"""Cutting the engine's log stream into lines, whatever the blocks that it comes in."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import accumulate

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from console.sources.base import Lost
from console.sources.docker_frames import Cutter, FrameCutter, TerminalCutter
from console.sources.docker_halves import SPAN_NS, Order, OutOfOrder, Place

START_NS = 1_785_000_000 * 10**9


def stamp(key: int) -> bytes:
    second = datetime.fromtimestamp(key // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{second}.{key % 10**9:09d}Z ".encode()


def frame(stream: int, key: int, text: bytes) -> bytes:
    record = stamp(key) + text
    return bytes((stream, 0, 0, 0)) + len(record).to_bytes(4, "big") + record


def cut(cutter: Cutter, body: bytes, sizes: Iterator[int] | None = None) -> list[tuple[str, int, bytes]]:
    found = []
    while body:
        size = next(sizes) if sizes is not None else len(body)
        cutter.feed(body[:size])
        body = body[size:]
        for stretch in cutter.take():
            found += [(stretch.stream, key, line) for key, line in zip(stretch.keys, stretch.lines, strict=True)]
    return found


def frames_of(lines: list[tuple[int, bytes]]) -> tuple[bytes, list[tuple[str, int, bytes]]]:
    """Return a stream of lines as an engine sends it, long ones in parts, and what is to come of it."""
    body, expected = b"", []
    for number, (stream, text) in enumerate(lines):
        key = START_NS + number * 700_000_000
        whole = text + b"\n"
        for at in range(0, len(whole), 16_384):
            body += frame(stream, key, whole[at : at + 16_384])
        expected.append(("stdout" if stream == 1 else "stderr", key, text.removesuffix(b"\r")))
    return body, expected


texts = st.one_of(
    st.binary(max_size=60).map(lambda raw: raw.replace(b"\n", b"_")),
    st.sampled_from([b"", b"\r", b"a\r\r", b"x*16383", b"x*16382\r", b"y*16384", b"z*40000"]),
)


def grown(text: bytes) -> bytes:
    """Return `x*3` as `xxx`; long lines would make what is reported of a failure unreadable."""
    letter, mark, rest = text.partition(b"*")
    if not mark or len(letter) != 1 or not rest.strip(b"\r").isdigit():
        return text
    return letter * int(rest.strip(b"\r")) + rest[len(rest.rstrip(b"\r")) :]


@settings(max_examples=60)
@given(
    lines=st.lists(st.tuples(st.sampled_from([1, 2]), texts), max_size=8),
    sizes=st.lists(st.integers(min_value=5, max_value=5_000), min_size=1),
)
def test_lines_do_not_depend_on_how_the_stream_was_cut(lines: list[tuple[int, bytes]], sizes: list[int]) -> None:
    body, expected = frames_of([(stream, grown(text)) for stream, text in lines])

    found = cut(FrameCutter({}), body, iter(sizes * (len(body) // sum(sizes) + 1)))

    assert sorted(found, key=lambda each: each[1]) == expected
    for name in ("stdout", "stderr"):
        assert [each for each in found if each[0] == name] == [each for each in expected if each[0] == name]


@settings(max_examples=40)
@given(
    lines=st.lists(st.one_of(st.just(b"x*40000"), st.from_regex(rb"[a-z ]{0,40}", fullmatch=True)), max_size=8),
    sizes=st.lists(st.integers(min_value=30, max_value=5_000), min_size=1),
)
def test_lines_of_a_terminal_do_not_depend_on_how_the_stream_was_cut(lines: list[bytes], sizes: list[int]) -> None:
    body, expected = b"", []
    for number, text in enumerate(map(grown, lines)):
        key = START_NS + number * 700_000_000
        whole = text + b"\r\n"
        body += b"".join(stamp(key) + whole[at : at + 16_384] for at in range(0, len(whole), 16_384))
        expected.append(("stdout", key, text))

    found = cut(TerminalCutter({}), body, iter(sizes * (len(body) // sum(sizes) + 1)))

    assert found == expected


def test_any_beginning_of_what_is_handed_over_is_safe_to_resume_from() -> None:
    cutter = FrameCutter({})
    for number in range(100):
        cutter.feed(frame(1 + number % 2, START_NS + number * 10**9, b"line\n"))

    newest = {"stdout": 0, "stderr": 0}
    for stretch in cutter.take():
        newest[stretch.stream] = stretch.keys[-1]
        if all(newest.values()):
            assert abs(newest["stdout"] - newest["stderr"]) <= SPAN_NS


def numbered(numbers: Iterable[int], *, shift_ns: int = 0) -> bytes:
    return b"".join(frame(1, START_NS + shift_ns + number, b"%d\n" % number) for number in numbers)


def texts_of(found: list[tuple[str, int, bytes]]) -> list[int]:
    return [int(line) for _, _, line in found]


def test_lines_counted_before_are_left_out_and_the_last_of_them_is_looked_for() -> None:
    place = Place(last=START_NS + 4, is_awaited=True)

    found_again = FrameCutter({"stdout": place})
    assert texts_of(cut(found_again, numbered(range(10)))) == [5, 6, 7, 8, 9]
    assert found_again.is_settled
    assert found_again.halves.missed == {}

    rotated = FrameCutter({"stdout": place})
    assert not rotated.is_settled
    assert texts_of(cut(rotated, numbered(range(7, 10)))) == [7, 8, 9]
    assert rotated.halves.missed == {"stdout": (START_NS + 4, START_NS + 7)}


def test_what_is_not_awaited_is_not_missed() -> None:
    cutter = FrameCutter({"stdout": Place(last=START_NS + 4)})

    assert texts_of(cut(cutter, numbered([2, 3, 7, 8]))) == [7, 8]
    assert cutter.is_settled
    assert cutter.halves.missed == {}


def test_lines_from_before_the_watch_are_not_wanted() -> None:
    cutter = FrameCutter({"stdout": Place(floor=START_NS + 4)}, order=Order.WRITTEN)

    assert texts_of(cut(cutter, numbered([7, 8, 2, 4, 9]))) == [7, 8, 9]


def test_lines_that_an_engine_sends_twice_count_once() -> None:
    assert texts_of(cut(FrameCutter({}), numbered([0, 1, 2, 3, 1, 2, 3, 4, 5]))) == [0, 1, 2, 3, 4, 5]

    cutter = FrameCutter({}, lambda stream, key: stream == "stdout" and key <= START_NS + 3)
    assert texts_of(cut(cutter, numbered([4]) + numbered([2, 3, 5]))) == [4, 5]


def test_a_line_that_is_neither_new_nor_known_ends_a_stream_that_is_followed_before_anything_after_it() -> None:
    cutter = FrameCutter({})

    with pytest.raises(OutOfOrder):
        cutter.feed(numbered([10, 11, 12]) + numbered([7]) + numbered([13]) + frame(2, START_NS + 14, b"error\n"))

    assert [line for stretch in cutter.take() for line in stretch.lines] == [b"10", b"11", b"12"]


@pytest.mark.parametrize("kind", [FrameCutter, TerminalCutter])
def test_in_the_order_of_the_log_a_clock_set_back_begins_another_era(
    kind: type[FrameCutter] | type[TerminalCutter],
) -> None:
    keys = [100, 101, 102, 40, 41, 42, 103, 104, 30]
    body = b"".join(
        frame(1, START_NS + key, b"x\n") if kind is FrameCutter else stamp(START_NS + key) + b"x\r\n" for key in keys
    )
    cutter = kind({"stdout": Place(last=START_NS + 101, is_awaited=True, era=3)}, order=Order.WRITTEN)

    cutter.feed(body)

    found = [(stretch.era, [key - START_NS for key in stretch.keys]) for stretch in cutter.take()]
    assert found == [(3, [102]), (4, [40, 41, 42, 103, 104]), (5, [30])]


def test_while_the_clock_is_behind_only_the_order_of_the_log_tells_what_is_new() -> None:
    body = numbered([98, 99, 100]) + frame(2, START_NS + 99, b"2\n") + numbered([40, 41, 42])
    body += frame(2, START_NS + 95, b"3\n") + frame(2, START_NS + 96, b"4\n")
    behind = {
        "stdout": Place(last=START_NS + 41, is_awaited=True, by_order=True, era=1),
        "stderr": Place(last=START_NS + 99, by_order=True),
    }

    cutter = FrameCutter(behind, order=Order.WRITTEN)
    cutter.feed(body)

    found = {(stretch.stream, stretch.era): stretch.lines for stretch in cutter.take() if stretch.lines}
    assert found == {("stdout", 1): [b"42"], ("stderr", 1): [b"3", b"4"]}


def test_a_long_line_that_begins_an_era_is_one_line() -> None:
    cutter = FrameCutter({}, order=Order.WRITTEN)

    cutter.feed(frame(1, START_NS + 9, b"before\n") + frame(1, START_NS, b"a" * 16_384) + frame(1, START_NS, b"b\n"))

    assert [(stretch.era, stretch.lines) for stretch in cutter.take()] == [
        (0, [b"before"]),
        (1, [b"a" * 16_384 + b"b"]),
    ]


@settings(max_examples=60)
@given(
    steps=st.lists(st.integers(min_value=-30, max_value=50).filter(bool), min_size=1, max_size=60),
    counted=st.integers(min_value=0, max_value=60),
    sizes=st.lists(st.integers(min_value=5, max_value=900), min_size=1),
)
def test_wherever_reading_stopped_each_line_is_cut_once_although_the_clock_goes_back(
    steps: list[int], counted: int, sizes: list[int]
) -> None:
    keys = list(accumulate(steps, initial=START_NS))
    assume(len(set(keys)) == len(keys))
    body = b"".join(frame(1, key, b"%d\n" % number) for number, key in enumerate(keys))
    counted = min(counted, len(keys) - 1)

    last = keys[counted]
    cutter = FrameCutter({"stdout": Place(last=last, is_awaited=True, by_order=True)}, order=Order.WRITTEN)

    found = cut(cutter, body, iter(sizes * (len(body) // sum(sizes) + 1)))
    assert texts_of(found) == list(range(counted + 1, len(keys)))


def test_a_part_without_an_end_is_closed_by_the_next_time_and_by_the_end_of_the_process() -> None:
    cutter = FrameCutter({})
    cutter.feed(frame(1, START_NS, b"a" * 16_384) + frame(2, START_NS + 5, b"other\n"))
    cutter.feed(frame(1, START_NS, b"b") + frame(1, START_NS + 9, b"last"))
    assert cutter.open_ns == START_NS + 9
    cutter.finish()

    lines = {key: line for stretch in cutter.take() for key, line in zip(stretch.keys, stretch.lines, strict=True)}

    assert lines == {START_NS: b"a" * 16_384 + b"b", START_NS + 5: b"other", START_NS + 9: b"last"}


def test_an_error_of_the_engine_is_no_line() -> None:
    cutter = FrameCutter({})

    with pytest.raises(Lost, match="the engine reports: Error grabbing logs"):
        cutter.feed(frame(1, START_NS, b"good\n") + b"\x03\0\0\0\0\0\0\x13Error grabbing logs")

    assert [stretch.lines for stretch in cutter.take()] == [[b"good"]]


def test_times_of_other_engines_with_zones_and_fewer_digits_are_understood() -> None:
    record = b"2026-08-03T16:03:27.5+02:00 hello\n"
    body = b"\x01\0\0\0" + len(record).to_bytes(4, "big") + record

    found = cut(FrameCutter({}), body)

    moment = int(datetime(2026, 8, 3, 14, 3, 27, tzinfo=UTC).timestamp()) * 10**9 + 500_000_000
    assert found == [("stdout", moment, b"hello")]


@pytest.mark.parametrize(
    "body", [b"<html>not a log stream at all, but something else</html>", frame(7, START_NS, b"x\n")]
)
def test_what_is_no_log_stream_is_refused(body: bytes) -> None:
    with pytest.raises(Lost):
        cut(FrameCutter({}), body + b"\0" * 2**21)


def test_a_line_without_end_takes_bounded_memory_in_a_terminal_too() -> None:
    cutter = TerminalCutter({})
    cutter.feed(stamp(START_NS))
    for _ in range(40):
        cutter.feed(b"x" * 65_536)
    cutter.feed(b"\r\n" + stamp(START_NS + 1) + b"next\r\n")

    (stretch,) = cutter.take()

    assert stretch.keys == [START_NS, START_NS + 1]
    assert len(stretch.lines[0]) < 300_000
    assert stretch.lines[0].endswith(b"[truncated]")
    assert stretch.lines[1] == b"next"


@settings(max_examples=40)
@given(
    lengths=st.lists(st.sampled_from([3, 16_383, 16_384, 20_000, 40_000, 300_000]), min_size=1, max_size=6),
    sizes=st.lists(st.integers(min_value=30, max_value=300_000), min_size=1, max_size=4),
)
def test_long_lines_of_a_terminal_whose_end_an_engine_leaves_out_are_told_apart(
    lengths: list[int], sizes: list[int]
) -> None:
    body, expected = b"", []
    for number, length in enumerate([*lengths, 1]):
        key, text = START_NS + number, bytes([97 + number]) * length
        whole = text + b"\r\n"
        parts = [whole[at : at + 16_384] for at in range(0, len(whole), 16_384)]
        if len(parts) > 1:
            parts[-1] = parts[-1].removesuffix(b"\n")
        body += b"".join(stamp(key) + part for part in parts if part)
        expected.append(("stdout", key, text))

    found = cut(TerminalCutter({}), body, iter(sizes * (len(body) // sum(sizes) + 1)))

    assert [key for _, key, _ in found] == [key for _, key, _ in expected]
    for (_, _, line), (_, _, text) in zip(found, expected, strict=True):
        assert line == text or (len(text) > 262_144 and line.startswith(text[:262_144]) and len(line) < 262_200)
