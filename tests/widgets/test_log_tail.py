"""The tail of the log: it follows, it stops, and nothing slides while it is being read."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from console.core.ring import RowRing
from console.core.words import Row
from tests import frames
from tests.frame_parts import AT
from tests.screen_text import text_of
from widgets.ink import Role
from widgets.log_tail import UNNAMED, LogFilter, LogPart, LogTail, row_line

KINDS = ("fsm", "validation", "tool", "latency")
PART = LogPart(KINDS, ("canary", "baseline"), 212.0)


class TailApp(App[None]):
    def __init__(self, rows: RowRing) -> None:
        super().__init__()
        self.tail = LogTail(rows)

    def compose(self) -> ComposeResult:
        yield self.tail


@asynccontextmanager
async def tail_of(count: int, *, budget_bytes: int = 8 << 20) -> AsyncIterator[tuple[LogTail, RowRing, Pilot[Any]]]:
    rows = RowRing(budget_bytes)
    rows.extend(numbered(count))
    app = TailApp(rows)
    async with app.run_test(size=(120, 11)) as pilot:
        app.tail.update(PART)
        await pilot.pause()
        yield app.tail, rows, pilot


def numbered(count: int, start: int = 0) -> list[Row]:
    made = frames.rows(5)
    return [replace(made[index % 5], text=f"line {index}", at=AT + index) for index in range(start, start + count)]


def visible(tail: LogTail) -> list[str]:
    return [row.text for row in tail.visible_rows()]


async def test_the_newest_rows_are_in_sight_and_stay_so() -> None:
    async with tail_of(100) as (tail, rows, pilot):
        assert visible(tail) == [f"line {number}" for number in range(90, 100)]

        rows.extend(numbered(5, 100))
        tail.update(PART)
        await pilot.pause()

        assert visible(tail)[-1] == "line 104"
        assert "line 104" in text_of(pilot.app)


async def test_scrolling_up_stops_the_tail_and_counts_the_new_lines() -> None:
    async with tail_of(100) as (tail, rows, pilot):
        tail.scroll_rows(-20)
        before = visible(tail)

        rows.extend(numbered(1_200, 100))
        tail.update(PART)
        await pilot.pause()

        assert before[0] == "line 70"
        assert visible(tail) == before
        assert "STOPPED  1,200 new lines" in text_of(pilot.app)


async def test_scrolling_down_to_the_end_follows_again() -> None:
    async with tail_of(100) as (tail, rows, _):
        tail.scroll_rows(-20)
        rows.extend(numbered(50, 100))
        tail.update(PART)

        tail.scroll_rows(1_000)

        assert tail.is_following
        assert visible(tail)[-1] == "line 149"
        assert tail.new_lines == 0


async def test_a_paused_tail_stays_where_it_is_even_at_the_end() -> None:
    async with tail_of(100) as (tail, rows, pilot):
        tail.pause()
        rows.extend(numbered(7, 100))
        tail.update(PART)
        tail.scroll_rows(-3)
        tail.scroll_rows(500)
        await pilot.pause()

        assert visible(tail)[-1] == "line 99"
        assert "PAUSED  7 new lines" in text_of(pilot.app)

        tail.pause()

        assert visible(tail)[-1] == "line 106"


async def test_what_is_read_does_not_slide_when_the_ring_forgets_the_oldest_rows() -> None:
    async with tail_of(100, budget_bytes=100 * 220) as (tail, rows, _):
        tail.scroll_rows(-20)
        before = visible(tail)

        rows.extend(numbered(40, 100))
        tail.update(PART)

        assert rows.first > 0
        assert visible(tail) == before


async def test_when_all_that_was_read_is_forgotten_the_view_says_so() -> None:
    async with tail_of(50, budget_bytes=60 * 220) as (tail, rows, pilot):
        tail.pause()
        rows.extend(numbered(5_000, 50))
        tail.update(PART)
        await pilot.pause()

        assert visible(tail) == []
        assert "let go to bound memory; End shows the newest" in text_of(pilot.app)


async def test_only_the_rows_in_sight_are_drawn() -> None:
    async with tail_of(20_000) as (tail, _, _):
        assert len(tail.lines) == tail.page + 1


async def test_a_filter_shows_only_what_passes_also_of_what_comes_later() -> None:
    async with tail_of(100) as (tail, rows, _):
        tail.set_filter(LogFilter(needle="LINE 9"))
        assert visible(tail) == ["line 9", *(f"line {number}" for number in range(90, 100))][-10:]

        rows.extend(numbered(850, 100))
        tail.update(PART)

        assert visible(tail)[-1] == "line 949"


async def test_new_lines_are_counted_through_the_filter() -> None:
    async with tail_of(100) as (tail, rows, _):
        tail.set_filter(LogFilter(kind="latency"))
        tail.scroll_rows(-5)

        rows.extend(numbered(50, 100))
        tail.update(PART)

        assert tail.new_lines == 10


async def test_taking_the_filter_away_while_paused_keeps_the_instant() -> None:
    async with tail_of(100) as (tail, rows, _):
        tail.set_filter(LogFilter(track="canary"))
        tail.pause()
        rows.extend(numbered(50, 100))
        tail.update(PART)

        tail.set_filter(LogFilter())

        assert visible(tail)[-1] == "line 99"


async def test_kinds_and_tracks_are_shown_one_after_the_other_and_then_all() -> None:
    async with tail_of(100) as (tail, _, _):
        for kind in [*KINDS, UNNAMED, ""]:
            tail.cycle_kind()
            assert tail.filter.kind == kind

        for track in ["canary", "baseline", ""]:
            tail.cycle_track()
            assert tail.filter.track == track


async def test_a_filter_that_nothing_passes_says_so() -> None:
    async with tail_of(10) as (tail, _, pilot):
        tail.set_filter(LogFilter(needle="nowhere"))
        await pilot.pause()

        assert "no line passes the filter yet" in text_of(pilot.app)


async def test_before_the_first_line_the_pane_says_so() -> None:
    async with tail_of(0) as (_, _, pilot):
        assert "no lines yet" in text_of(pilot.app)


async def test_long_lines_can_be_read_sideways() -> None:
    async with tail_of(10) as (tail, _, pilot):
        tail.shift(3)
        await pilot.pause()

        assert "e 9" in text_of(pilot.app)
        assert "line 9" not in text_of(pilot.app)
        assert "from column 4" in text_of(pilot.app)


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_a_row_shows_time_container_and_text(width: int) -> None:
    text = row_line(frames.rows(1)[0], width, kinds=KINDS).text

    assert text.startswith(" 14:03:26")
    assert "canary-1" in text
    assert "FSM transition" in text


def test_the_word_that_names_the_severity_and_what_is_searched_stand_out() -> None:
    row = frames.rows(4)[3]

    spans = row_line(row, 160, kinds=KINDS).spans
    found = row_line(row, 160, kinds=KINDS, needle="incoherent").spans

    assert ("ERROR", Role.CRITICAL) in [(span.text, span.role) for span in spans]
    assert ("INCOHERENT", Role.MATCH) in [(span.text, span.role) for span in found]


def test_a_search_in_text_whose_case_changes_its_length_marks_nothing_wrong() -> None:
    row = replace(frames.rows(1)[0], text="straße İstanbul ERROR")

    assert "straße İstanbul ERROR" in row_line(row, 160, kinds=KINDS, needle="error").text
