"""The last line: which keys it shows, and what gives way on a narrow screen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.core.verdict import Verdict
from tests.screen_text import drawn, drawn_strips
from widgets.key_bar import KeyCap, key_line

ACTIONS = (
    KeyCap("R", "Switch the agent off for all tenants", 0, lit=Verdict.CRITICAL),
    KeyCap("G", "Fewer tenants", 1),
    KeyCap("A", "Advance to the next phase", 2),
    KeyCap("D", "Give a tenant back", 4),
    KeyCap("?", "Help", 3),
)


@pytest.mark.parametrize("width", [80, 120, 200])
def test_labels_give_way_to_the_ways_out_and_the_help(width: int) -> None:
    said = drawn([key_line(ACTIONS, width)], width)

    assert all(f"{key} " in said for key in ("R", "G", "A", "?"))
    assert "Switch the a" in said
    assert "Help" in said


def test_with_room_labels_are_whole_as_far_as_labels_go() -> None:
    said = drawn([key_line(ACTIONS, 200)], 200)

    assert "R Switch the agent off for al…" in said
    assert "Advance to the next phase" in said
    assert "Give a tenant back" in said


@given(
    st.lists(st.builds(KeyCap, st.sampled_from("RGAX?"), st.text(max_size=60), st.integers(0, 9)), max_size=12),
    st.integers(20, 220),
)
def test_the_line_is_never_wider_than_the_screen(caps: list[KeyCap], width: int) -> None:
    assert {strip.cell_length for strip in drawn_strips([key_line(tuple(caps), width)], width)} == {width}
