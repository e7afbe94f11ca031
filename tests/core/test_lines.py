"""Lines do not depend on how the bytes arrive."""

import time
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.core.lines import LINE_LIMIT_BYTES, TRUNCATED, LineSplitter, cut_lines_in, is_cut

log_bytes = st.lists(st.sampled_from([b"\n", b"\r", b"\r\n", b"a", b"bc", b"\x00", b"\xff", b"\xc3\xa9"])).map(b"".join)


def split(chunks: Iterable[bytes], limit_bytes: int | None = None) -> list[bytes]:
    splitter = LineSplitter(limit_bytes)
    lines = [line for chunk in chunks for line in splitter.feed(chunk)]
    last = splitter.finish()
    return lines if last is None else [*lines, last]


def expected(data: bytes, limit_bytes: int | None = None) -> list[bytes]:
    *ended, last = data.split(b"\n")
    lines = [line.removesuffix(b"\r") for line in ended] + ([last] if last else [])
    if limit_bytes is None:
        return lines
    return [line if len(line) <= limit_bytes else line[:limit_bytes] + TRUNCATED for line in lines]


@given(chunks=st.lists(log_bytes), limit_bytes=st.none() | st.integers(0, 6))
def test_lines_do_not_depend_on_how_the_stream_was_cut(chunks: list[bytes], limit_bytes: int | None) -> None:
    whole = b"".join(chunks)

    assert split(chunks, limit_bytes) == expected(whole, limit_bytes)


@given(data=log_bytes, limit_bytes=st.none() | st.integers(0, 6))
def test_a_stream_that_arrives_byte_by_byte_gives_the_same_lines(data: bytes, limit_bytes: int | None) -> None:
    one_by_one = [data[index : index + 1] for index in range(len(data))]

    assert split(one_by_one, limit_bytes) == split([data], limit_bytes) == expected(data, limit_bytes)


@given(chunks=st.lists(log_bytes))
def test_no_byte_of_a_line_is_lost(chunks: list[bytes]) -> None:
    data = b"".join(chunks)

    kept = b"".join(split(chunks))

    assert kept == data.replace(b"\r\n", b"\n").replace(b"\n", b"")


def test_one_carriage_return_before_the_newline_belongs_to_the_end() -> None:
    assert split([b"a\r\nb\r\r\nc\rd\n"]) == [b"a", b"b\r", b"c\rd"]


def test_a_last_line_without_an_end_counts_as_it_is() -> None:
    assert split([b"a\nb\r"]) == [b"a", b"b\r"]


def test_an_empty_stream_has_no_lines() -> None:
    assert split([]) == split([b"", b""]) == []


def test_an_end_that_is_cut_in_two_is_still_one_end() -> None:
    assert split([b"a\r", b"\nb"]) == [b"a", b"b"]


def test_a_splitter_can_be_used_again_after_the_end() -> None:
    splitter = LineSplitter(limit_bytes=2)
    splitter.feed(b"abcdef")

    assert splitter.finish() == b"ab" + TRUNCATED
    assert splitter.finish() is None
    assert splitter.feed(b"xy\r\n") == [b"xy"]


def test_a_line_of_just_the_limit_is_whole_whatever_its_end() -> None:
    assert split([b"abc\nabc\r\nabc\rd\nabc"], limit_bytes=3) == [b"abc", b"abc", b"abc" + TRUNCATED, b"abc"]


def test_a_negative_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 0"):
        LineSplitter(-1)


def test_a_line_that_never_ends_holds_no_more_than_the_limit() -> None:
    splitter = LineSplitter(limit_bytes=1000)

    for _ in range(1000):
        splitter.feed(b"x" * 999)

    assert len(splitter._open) <= 1002
    assert splitter.feed(b"\nnext\n") == [b"x" * 1000 + TRUNCATED, b"next"]


def test_a_line_of_many_megabytes_takes_linear_time() -> None:
    """Concatenating anew for each chunk would copy 100 GB here."""
    splitter = LineSplitter()
    began = time.process_time()

    for _ in range(200_000):
        assert splitter.feed(b"0123456789") == []
    line = splitter.finish()

    assert line is not None
    assert len(line) == 2_000_000
    assert time.process_time() - began < 5


@given(
    st.lists(st.tuples(st.integers(-2, 2) | st.just(-LINE_LIMIT_BYTES), st.sampled_from([b"\n", b"\r\n"])), max_size=5),
    st.booleans(),
)
def test_a_text_has_as_many_cut_lines_as_the_splitter_cuts(sizes: list[tuple[int, bytes]], has_end: bool) -> None:
    text = b"".join(b"x" * (LINE_LIMIT_BYTES + size) + end for size, end in sizes)
    text = text if has_end else text.removesuffix(b"\n")
    splitter = LineSplitter(LINE_LIMIT_BYTES)

    lines = [*splitter.feed(text), *filter(None, [splitter.finish()])]

    assert cut_lines_in(text) == sum(map(is_cut, lines))
