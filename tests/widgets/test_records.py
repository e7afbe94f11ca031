"""The checklist, the key bar and the message for a terminal that is too small."""

from console.core.verdict import Verdict
from tests import frames
from tests.screen_text import drawn
from widgets.key_bar import KeyCap, key_line
from widgets.records import ChecklistPart, checklist_lines
from widgets.too_small import too_small_lines


def checklist(cursor: int = 0, *, is_armed: bool = False) -> str:
    phase = frames.healthy().phase
    return drawn(checklist_lines(ChecklistPart(phase.checklist, phase.sign_off, cursor, is_armed), 100), 100)


def test_the_checklist_shows_who_ticked_when_and_what_the_console_verifies() -> None:
    lines = checklist().splitlines()

    assert lines[0].startswith("▌ [✓] PostgreSQL backed up  snapshot 1142")
    assert "anna@ops1 21:23:27" in lines[0]
    assert "verified by the console" in lines[1]
    assert lines[3].startswith("  [ ] Runbook link posted")
    assert lines[4].startswith("  [ ] sign-off: engineering-lead")
    assert "li@ops2" in lines[5]


def test_a_sign_off_asks_for_the_key_twice() -> None:
    assert "Enter again signs in this role" not in checklist(4)
    assert "Enter again signs in this role" in checklist(4, is_armed=True)


def test_a_phase_without_checklist_says_so() -> None:
    assert "no checklist" in drawn(checklist_lines(ChecklistPart((), (), 0), 60), 60)


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
