"""The key bar and the message for a terminal that is too small."""

from console.core.verdict import Verdict
from tests import frames
from widgets.key_bar import KeyCap, key_line
from widgets.too_small import too_small_lines


def test_the_key_bar_keeps_the_way_out_when_there_is_no_room() -> None:
    caps = (
        KeyCap("R", "Roll back to 0%", 0, lit=Verdict.CRITICAL),
        KeyCap("S", "Snapshot", 4),
        KeyCap("?", "Help", 3),
    )

    assert key_line(caps, 80).text == "  R Roll back to 0%   S Snapshot  ? Help"
    assert key_line(caps, 32).text == "  R Roll back to 0%   ? Help"
    assert key_line(caps, 20).text == "  R Roll back to 0%"


def test_a_terminal_that_is_too_small_shows_sizes_verdict_and_ways_out() -> None:
    lines = too_small_lines(frames.regression(), (40, 10), (60, 16), may_act=True)

    assert [line.text for line in lines] == [
        "terminal too small: 40x10, needs 60x16",
        "✗ CRITICAL error_rate 5.42 %, > 5%",
        "R Roll back to 0%",
        "G Step down",
    ]
