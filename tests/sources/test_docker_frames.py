"""Cutting the engine's log stream into lines, whatever the blocks that it comes in."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.sources.base import Lost
from console.sources.docker_frames import SPAN_NS, Cutter, FrameCutter, TerminalCutter

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


@settings(max_examples=60, deadline=None)
@given(
    lines=st.lists(st.tuples(st.sampled_from([1, 2]), texts), max_size=8),
    sizes=st.lists(st.integers(min_value=5, max_value=5_000), min_size=1),
)
def test_lines_do_not_depend_on_how_the_stream_was_cut(lines: list[tuple[int, bytes]], sizes: list[int]) -> None:
    body, expected = frames_of([(stream, grown(text)) for stream, text in lines])

    found = cut(FrameCutter({}, {}), body, iter(sizes * (len(body) // sum(sizes) + 1)))

    assert sorted(found, key=lambda each: each[1]) == expected
    for name in ("stdout", "stderr"):
        assert [each for each in found if each[0] == name] == [each for each in expected if each[0] == name]


@settings(max_examples=40, deadline=None)
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

    found = cut(TerminalCutter({}, {}), body, iter(sizes * (len(body) // sum(sizes) + 1)))

    assert found == expected


def test_any_beginning_of_what_is_handed_over_is_safe_to_resume_from() -> None:
    cutter = FrameCutter({}, {})
    for number in range(100):
        cutter.feed(frame(1 + number % 2, START_NS + number * 10**9, b"line\n"))

    newest = {"stdout": 0, "stderr": 0}
    for stretch in cutter.take():
        newest[stretch.stream] = stretch.keys[-1]
        if all(newest.values()):
            assert abs(newest["stdout"] - newest["stderr"]) <= SPAN_NS


def test_lines_counted_before_are_left_out_and_the_last_of_them_is_looked_for() -> None:
    body = b"".join(frame(1, START_NS + number, b"%d\n" % number) for number in range(10))

    found_again = FrameCutter({"stdout": START_NS + 4}, {"stdout": START_NS + 4})
    assert [line for _, _, line in cut(found_again, body)] == [b"5", b"6", b"7", b"8", b"9"]
    assert found_again.gaps() == []

    rotated = FrameCutter({"stdout": START_NS + 4}, {"stdout": START_NS + 4})
    assert len(cut(rotated, body[-3 * len(frame(1, START_NS, b"0\n")) :])) == 3
    assert rotated.gaps() == [("stdout", START_NS + 4, START_NS + 7)]
    assert rotated.gaps() == []


def test_lines_that_an_engine_sends_twice_count_once() -> None:
    lines = [frame(1, START_NS + number, b"%d\n" % number) for number in range(6)]

    found = cut(FrameCutter({}, {}), b"".join(lines[:4] + lines[1:4] + lines[4:]))

    assert [line for _, _, line in found] == [b"0", b"1", b"2", b"3", b"4", b"5"]


def test_a_part_without_an_end_is_closed_by_the_next_time_and_by_the_end_of_the_process() -> None:
    cutter = FrameCutter({}, {})
    cutter.feed(frame(1, START_NS, b"a" * 16_384) + frame(2, START_NS + 5, b"other\n"))
    cutter.feed(frame(1, START_NS, b"b") + frame(1, START_NS + 9, b"last"))
    assert cutter.open_ns == START_NS + 9
    cutter.finish()

    lines = {key: line for stretch in cutter.take() for key, line in zip(stretch.keys, stretch.lines, strict=True)}

    assert lines == {START_NS: b"a" * 16_384 + b"b", START_NS + 5: b"other", START_NS + 9: b"last"}


def test_an_error_of_the_engine_is_no_line() -> None:
    cutter = FrameCutter({}, {})

    with pytest.raises(Lost, match="the engine reports: Error grabbing logs"):
        cutter.feed(frame(1, START_NS, b"good\n") + b"\x03\0\0\0\0\0\0\x13Error grabbing logs")

    assert [stretch.lines for stretch in cutter.take()] == [[b"good"]]


def test_times_of_other_engines_with_zones_and_fewer_digits_are_understood() -> None:
    record = b"2026-08-03T16:03:27.5+02:00 hello\n"
    body = b"\x01\0\0\0" + len(record).to_bytes(4, "big") + record

    found = cut(FrameCutter({}, {}), body)

    moment = int(datetime(2026, 8, 3, 14, 3, 27, tzinfo=UTC).timestamp()) * 10**9 + 500_000_000
    assert found == [("stdout", moment, b"hello")]


@pytest.mark.parametrize(
    "body", [b"<html>not a log stream at all, but something else</html>", frame(7, START_NS, b"x\n")]
)
def test_what_is_no_log_stream_is_refused(body: bytes) -> None:
    with pytest.raises(Lost):
        cut(FrameCutter({}, {}), body + b"\0" * 2**21)


def test_a_line_without_end_takes_bounded_memory_in_a_terminal_too() -> None:
    cutter = TerminalCutter({}, {})
    cutter.feed(stamp(START_NS))
    for _ in range(40):
        cutter.feed(b"x" * 65_536)
    cutter.feed(b"\r\n" + stamp(START_NS + 1) + b"next\r\n")

    (stretch,) = cutter.take()

    assert stretch.keys == [START_NS, START_NS + 1]
    assert len(stretch.lines[0]) < 300_000
    assert stretch.lines[0].endswith(b"[truncated]")
    assert stretch.lines[1] == b"next"
