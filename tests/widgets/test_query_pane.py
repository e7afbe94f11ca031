"""Monitoring queries and tables."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.core.words import Table
from tests import frames
from tests.screen_text import drawn, drawn_strips
from widgets.query_pane import QueriesPart, query_lines, took
from widgets.table import column_widths, table_lines, whole_lines

TEXTS = st.text(max_size=70)


def shown(width: int = 100, second: int = 0) -> str:
    return drawn(query_lines(QueriesPart(frames.healthy().queries, second), width), width)


def test_a_query_shows_its_title_its_time_and_its_rows() -> None:
    text = shown()

    assert "Requests and errors by track, last 24 hours" in text
    assert "took 84 ms  next in 48s" in text
    assert "baseline  2,087,400  12,733  /api/v1/chat" in text


def test_a_running_query_says_for_how_long_and_what_was_skipped() -> None:
    text = shown()

    assert "2 skipped" in text
    assert "running 3s" in text
    assert "1 running" in text


def test_the_spinner_turns_with_the_seconds() -> None:
    assert shown(second=0) != shown(second=1)


def test_a_query_that_failed_says_why_on_as_many_lines_as_it_needs() -> None:
    text = shown(60)

    assert "⊘ canceling statement due to statement timeout" in text
    assert "may be missing" in text


def test_rows_from_before_an_error_say_how_old_they_are() -> None:
    query = replace(frames.healthy().queries[0], error="connection refused", age_s=400.0)

    text = drawn(query_lines(QueriesPart((query,), 0), 100), 100)

    assert "connection refused" in text
    assert "these rows are 6m 40s old" in text


def test_a_rollout_without_queries_says_so() -> None:
    assert "no queries" in drawn(query_lines(QueriesPart((), 0), 60), 60)


@pytest.mark.parametrize(("seconds", "said"), [(0.0841, "84 ms"), (0.0, "0 ms"), (1.26, "1.3s")])
def test_short_times_are_said_in_milliseconds(seconds: float, said: str) -> None:
    assert took(seconds) == said


def test_numbers_stand_to_the_right_and_words_to_the_left() -> None:
    table = Table(("name", "count"), (("a", "1"), ("bcd", "1,204")))

    assert [line.text for line in table_lines(table, 40)] == ["name  count", "a         1", "bcd   1,204"]


def test_a_table_without_rows_and_one_that_was_cut_say_so() -> None:
    empty = drawn(table_lines(Table(("a",), ()), 30), 30)
    cut = drawn(table_lines(Table(("a",), (("1",), ("2",), ("3",))), 30, limit=1), 30)
    unfetched = drawn(table_lines(Table(("a",), (("1",),), is_cut=True), 30), 30)

    assert "no rows" in empty
    assert "… 2 more rows" in cut
    assert "more rows were not fetched" in unfetched


@given(
    st.integers(1, 6).flatmap(lambda count: st.lists(st.tuples(*[TEXTS] * count), min_size=1, max_size=5)),
    st.integers(40, 120),
)
def test_a_table_never_exceeds_its_width(rows: list[tuple[str, ...]], width: int) -> None:
    table = Table(rows[0], tuple(rows[1:]))

    assert sum(column_widths(table, width)) + 2 * (len(rows[0]) - 1) <= width
    assert {strip.cell_length for strip in drawn_strips(table_lines(table, width), width)} == {width}


ERRORS = Table(
    ("error", "canary", "baseline", "first_seen"),
    (("Safe JSON parser: unexpected end of the answer", "39", "0", "2026-11-21 23:58:29"), ("Timeout", "1", "", "–")),
)


def test_rows_of_an_investigation_that_do_not_fit_are_lines_of_their_own_with_nothing_cut_off() -> None:
    assert drawn(whole_lines(ERRORS, 44, indent="  "), 44).splitlines() == [
        line.ljust(44)
        for line in (
            "  Safe JSON parser: unexpected end of the",
            "  answer",
            "    canary 39   baseline 0",
            "    first_seen 2026-11-21 23:58:29",
            "  Timeout",
            "    canary 1   baseline –   first_seen –",
        )
    ]


def test_rows_that_fit_are_a_table() -> None:
    assert whole_lines(ERRORS, 120) == table_lines(ERRORS, 120)


@given(rows=st.lists(st.tuples(st.text(max_size=30), st.text(max_size=30), st.text(max_size=5)), max_size=5))
def test_lines_of_any_rows_are_no_wider_than_the_dialog(rows: list[tuple[str, str, str]]) -> None:
    table = Table(("a", "name of a column", "c"), tuple(rows))

    assert {strip.cell_length for strip in drawn_strips(whole_lines(table, 40, indent="  "), 40)} == {40}
