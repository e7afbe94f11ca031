"""How far a migration is, as a line of its panel."""

import pytest

from console.core.approach import Approach
from widgets.lines import cells
from widgets.panels import approach_spans


def said(way: Approach, room: int = 70) -> str:
    return "".join(span.text for span in approach_spans(way, room))


def test_a_migration_under_way_says_how_far_how_fast_and_how_long() -> None:
    assert said(Approach(3210, 4984, 41.2)).endswith("3,210 of 4,984  41.2/s  43s left")


def test_without_a_pace_nobody_says_how_long() -> None:
    assert said(Approach(0, 4984, None)).strip().endswith("0 of 4,984")


def test_what_is_done_says_nothing_of_time_and_its_bar_is_full() -> None:
    text = said(Approach(4984, 4984, 12.0))

    assert text.endswith("4,984 of 4,984")
    assert "█" * 20 in text


@pytest.mark.parametrize("room", [40, 56, 100])
def test_it_keeps_to_its_room(room: int) -> None:
    assert cells(approach_spans(Approach(1_203_210, 9_984_123, 4123.2), room)) <= max(room, 60)
