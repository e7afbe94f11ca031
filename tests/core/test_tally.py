"""Counts are conserved, and what is delivered twice is counted once."""

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.core.classify import Classifier
from console.core.counts import Cell, LabelCell, LinesCounted
from console.core.lines import LINE_LIMIT_BYTES, TRUNCATED
from console.core.quantiles import bin_of
from console.core.rollout import EventRule
from console.core.tally import CUT, LINES, count_lines
from console.core.text import decode, visible
from console.core.words import Row

RULES = {
    "moved": EventRule(kind="fsm", match=r"moved (?P<from>\w) -> (?P<to>\w)"),
    "took": EventRule(kind="latency", match=r"took (?P<ms>\S+)", number="ms"),
    "refused": EventRule(match=r"refused"),
    "missing": EventRule(match=r"(?:gone|lost) (?P<what>\w)"),
}
CLASSIFIER = Classifier(RULES)

texts = st.sampled_from(
    [b"moved A -> B", b"moved B -> C", b"took 12.5", b"took 13", b"took long", b"refused", b"x", b""]
)
Line = tuple[int, float, bytes]


@st.composite
def stretches(draw: st.DrawFn) -> list[Line]:
    """Lines of one stream with growing keys, as (key, time, line)."""
    steps = draw(st.lists(st.tuples(st.integers(1, 3), st.floats(0, 20), texts), max_size=25))
    lines, key = [], 0
    for step, at, text in steps:
        key += step
        lines.append((key, at, text))
    return lines


def count(lines: Sequence[Line], *, after: int = -1, rows_limit: int = 500, track: str = "canary") -> LinesCounted:
    return count_lines(
        CLASSIFIER,
        at=100.0,
        source="app",
        origin="c1",
        stream="stdout",
        name="app-1",
        track=track,
        after=after,
        keys=[key for key, _, _ in lines],
        times=[at for _, at, _ in lines],
        lines=[line for _, _, line in lines],
        rows_limit=rows_limit,
    )


@given(stretches())
def test_every_line_is_counted_in_its_second_and_under_its_event(lines: list[Line]) -> None:
    counted = count(lines)

    expected: Counter[Cell] = Counter()
    for _, at, line in lines:
        expected[Cell(int(at), "canary", LINES)] += 1
        match = CLASSIFIER.classify(line)
        if match is not None:
            expected[Cell(int(at), "canary", match.event)] += 1
            if match.number is not None:
                expected[Cell(int(at), "canary", match.event, bin_of(match.number))] += 1
    assert counted.counts == expected


@given(stretches())
def test_lines_are_conserved(lines: list[Line]) -> None:
    counted = count(lines)

    named = sum(n for cell, n in counted.counts.items() if cell.event != LINES and cell.bin == 0)
    assert counted.lines == len(lines) == named + counted.unclassified
    assert counted.lines == sum(n for cell, n in counted.counts.items() if cell.event == LINES)


@given(lines=stretches(), seen=st.integers(0, 25))
def test_lines_that_were_counted_before_are_dropped(lines: list[Line], seen: int) -> None:
    before = count(lines[:seen])

    again = count(lines, after=before.upto)

    assert again == count(lines[seen:], after=before.upto)


@given(lines=stretches(), numbers=st.lists(st.integers(0, 24)))
def test_a_line_delivered_twice_in_one_block_counts_once(lines: list[Line], numbers: list[int]) -> None:
    repeated = [*lines, *(lines[number] for number in numbers if number < len(lines))]

    assert count(repeated) == count(lines)


@given(lines=stretches(), rows_limit=st.integers(0, 30))
def test_the_newest_lines_become_rows_and_the_others_are_told(lines: list[Line], rows_limit: int) -> None:
    counted = count(lines, rows_limit=rows_limit)

    kept = lines[max(0, len(lines) - rows_limit) :]
    assert [(row.at, row.text) for row in counted.rows] == [(at, line.decode()) for _, at, line in kept]
    assert len(counted.rows) + counted.rows_dropped == len(lines)


def test_labels_are_counted_per_value() -> None:
    counted = count([(1, 0.0, b"moved A -> B"), (2, 0.0, b"moved A -> C"), (3, 0.0, b"refused")])

    assert counted.labels == {
        LabelCell("canary", "moved", "from", "A"): 2,
        LabelCell("canary", "moved", "to", "B"): 1,
        LabelCell("canary", "moved", "to", "C"): 1,
    }


def test_labels_are_in_the_order_in_which_lines_came() -> None:
    """Which values are beyond the limit depends on it."""
    counted = count([(1, 0.0, b"lost Z"), (2, 0.0, b"gone A"), (3, 0.0, b"lost B")])

    assert [cell.value for cell in counted.labels] == ["Z", "A", "B"]


def test_a_row_says_where_the_line_is_from_and_what_named_it() -> None:
    counted = count([(1, 7.5, b"took 3\x1b[2J"), (2, 8.5, b"x")], track="baseline")

    assert counted.rows == (
        Row(7.5, "app", "app-1", "baseline", "took", "latency", "took 3\\x1b[2J"),
        Row(8.5, "app", "app-1", "baseline", "", "", "x"),
    )
    assert counted.newest == 8.5


@pytest.mark.parametrize("character", ["a", "é", "→", "😀", "\x00", "\ufffd"])
@pytest.mark.parametrize("offset", [0, 1, 2, 3])
def test_a_row_of_a_very_long_line_shows_what_the_whole_line_would(character: str, offset: int) -> None:
    line = b"x" * offset + character.encode() * 9000

    counted = count([(1, 0.0, line), (2, 0.0, b"\xff" * 30_000)])

    assert [row.text for row in counted.rows] == [visible(decode(line)), visible(decode(b"\xff" * 30_000))]


def test_a_stretch_without_new_lines_keeps_its_place() -> None:
    counted = count([(3, 1.0, b"x")], after=5)

    assert (counted.after, counted.upto, counted.lines, counted.counts, counted.newest) == (5, 5, 0, {}, 0.0)


def test_lines_without_their_keys_are_refused() -> None:
    with pytest.raises(ValueError, match="a key and a time per line"):
        count_lines(
            CLASSIFIER,
            at=1.0,
            source="app",
            origin="c1",
            stream="",
            name="",
            track="",
            after=-1,
            keys=[1],
            times=[1.0],
            lines=[b"a", b"b"],
        )


def test_a_line_that_its_reader_cut_is_classified_counted_as_cut_and_marked() -> None:
    whole = b"refused" + b"x" * (LINE_LIMIT_BYTES - 7)

    counted = count([(1, 5.0, whole), (2, 5.5, whole + TRUNCATED)])

    assert counted.counts[Cell(5, "canary", "refused")] == 2
    assert counted.counts[Cell(5, "canary", CUT)] == 1
    assert [row.text[:28] for row in counted.rows] == ["refused" + "x" * 21, "[cut at 256 KiB] refusedxxxx"]
