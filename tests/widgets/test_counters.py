"""Counters of events by track."""

from dataclasses import replace

import pytest

from console.core.frame import EventCounts, EventView
from tests import frames
from tests.screen_text import drawn, drawn_strips
from widgets.counters import CountersPart, counter_lines, counters_part, kind_role, kinds_of, used_tracks


def part() -> CountersPart:
    frame = frames.healthy()
    return CountersPart(frame.events, frame.tracks)


def test_with_room_every_count_of_every_track_is_shown() -> None:
    heading, first, *_ = drawn(counter_lines(part(), 110), 110).splitlines()

    names = [word for word in heading.split() if "─" not in word]
    assert names == ["events", "canary", "1m", "1h", "/s", "baseline", "1m", "1h", "/s"]
    assert first.split()[:10] == ["fsm", "transition", "48,112", "46", "2,731", "0.8", "431.9k", "408", "24,511", "6.9"]


def test_without_room_for_both_the_name_of_an_event_comes_before_its_kind() -> None:
    first = replace(frames.healthy().events[0], kind="fsm", event="deserialization_failed")
    lines = drawn(counter_lines(CountersPart((first,), ("canary", "baseline")), 70), 70).splitlines()

    assert lines[1].startswith(" deserialization_f…")


@pytest.mark.parametrize(("width", "columns"), [(90, ["1m", "1h", "/s"]), (70, ["1m", "/s"]), (60, ["1m"]), (44, [])])
def test_without_room_the_least_telling_columns_go_first(width: int, columns: list[str]) -> None:
    heading = drawn(counter_lines(part(), width)[:1], width)

    assert [name for name in ("1m", "1h", "/s") if f" {name}" in heading] == columns
    assert "canary" in heading
    assert "baseline" in heading


@pytest.mark.parametrize("width", [30, 44, 60, 70, 90, 140, 200])
def test_every_line_has_exactly_the_width(width: int) -> None:
    assert {strip.cell_length for strip in drawn_strips(counter_lines(part(), width), width)} == {width}


def test_numbers_stand_under_the_name_of_their_column() -> None:
    heading, first, *_ = drawn(counter_lines(part(), 110), 110).splitlines()

    assert heading.index("canary") + len("canary") == first.index("48,112") + len("48,112")


def test_an_event_that_never_happened_on_a_track_shows_a_dash_and_not_zero() -> None:
    event = EventView("denied", "tool", (EventCounts("canary", 3, 0, 1, 0.0),), ())

    line = drawn(counter_lines(CountersPart((event,), ("canary", "baseline")), 90)[1:2], 90)

    assert line.split() == ["tool", "denied", "3", "0", "1", "0.0", "–", "–", "–", "–"]


def test_lines_without_a_track_get_a_column_only_if_there_are_any() -> None:
    event = EventView("denied", "tool", (EventCounts("", 3, 0, 1, 0.0),), ())

    assert used_tracks(part()) == ("canary", "baseline")
    assert used_tracks(CountersPart((event,), ("canary",))) == ("canary", "")


def test_before_anything_is_read_the_pane_says_so() -> None:
    assert "nothing read yet" in drawn(counter_lines(CountersPart((), ()), 70), 70)


def test_kinds_keep_their_colour_in_the_order_of_the_file() -> None:
    kinds = kinds_of(frames.healthy().events)

    assert kinds == ("fsm", "validation", "tool", "latency")
    assert len({kind_role(kind, kinds) for kind in kinds}) == 4


def test_a_huge_count_stays_in_its_column() -> None:
    events = (
        replace(part().events[0], tracks=(EventCounts("canary", 98_765_432_109, 123_456, 9_999_999, 123_456.0),)),
    )

    assert "98.8G" in drawn(counter_lines(CountersPart(events, ("canary",)), 70), 70)


def test_an_event_whose_rule_was_given_up_on_lines_is_marked_and_said_to_be_short() -> None:
    frame = frames.healthy()
    first, *rest = frame.events
    first = replace(first, given_up=3, given_up_last_hour=2)
    given_up = counters_part(replace(frame, events=(first, *rest)))

    note, line, other = drawn(counter_lines(given_up, 110)[1:4], 110).splitlines()

    assert note.strip() == f"≥ may be short: the search of {first.event} was given up on 3 lines"
    assert line.split()[2:6] == ["≥48,112", "46", "≥2,731", "0.8"]
    assert "≥" not in other


def test_counts_that_may_be_short_carry_a_mark_and_the_reason_stands_above_them() -> None:
    heading, note, first, *_ = drawn(
        counter_lines(counters_part(frames.gapped(frames.healthy())), 110), 110
    ).splitlines()

    assert note.strip() == "≥ may be short: app 14:02:21.8–14:02:26.9, at most 4,000 lines; and 1 before"
    assert first.split()[2:10] == ["≥48,112", "46", "≥2,731", "0.8", "431.9k", "408", "24,511", "6.9"]
    assert heading.index("canary") + len("canary") == first.index("≥48,112") + len("≥48,112")


@pytest.mark.parametrize("width", [30, 44, 60, 90, 200])
def test_with_marks_every_line_has_exactly_the_width_too(width: int) -> None:
    lines = counter_lines(counters_part(frames.gapped(frames.healthy())), width)

    assert {strip.cell_length for strip in drawn_strips(lines, width)} == {width}


def test_while_nothing_was_lost_there_is_no_mark_and_no_note() -> None:
    assert "≥" not in drawn(counter_lines(counters_part(frames.healthy()), 110), 110)
