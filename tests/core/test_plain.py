"""The screen as plain lines."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from console.core.frame import Frame
from console.core.plain import cell_width, fitted, lag_text, plain_screen
from tests import frames

SCREENS: dict[str, Callable[[], Frame]] = {
    "healthy": frames.healthy,
    "regression": frames.regression,
    "rolling back": frames.rolling_back,
    "rolled back": frames.rolled_back,
    "holding": frames.holding,
    "opening": frames.opening,
    "with gaps": lambda: frames.gapped(frames.healthy()),
    "hostile": frames.hostile,
    "read-only": lambda: frames.read_only(frames.healthy()),
}


@pytest.mark.parametrize("width", [10, 40, 80, 120, 200])
@pytest.mark.parametrize("name", SCREENS)
def test_no_line_is_wider_than_asked_or_holds_what_a_terminal_interprets(name: str, width: int) -> None:
    lines = plain_screen(SCREENS[name](), width)

    assert max(map(cell_width, lines)) <= max(width, 20)
    assert all(line.isprintable() for line in lines)


def test_the_verdict_comes_first_and_the_worst_metric_before_the_others() -> None:
    lines = plain_screen(frames.regression(), 120)

    assert lines[0].startswith("✗ CRITICAL   stateless-orchestration   Canary 10%")
    panels = lines[lines.index("THRESHOLDS") + 1 :]
    assert panels[0].split()[:3] == ["✗", "CRITICAL", "error_rate"]


@pytest.mark.parametrize(
    "fact",
    [
        "[R] Roll back to 0%",
        "baseline 0.61 %",
        "30h 18m of soak left",
        "CRITICAL for 4m 10s of 5m",
        "431,907",
        "ALERTS",
    ],
)
def test_a_regression_says(fact: str) -> None:
    assert fact in "\n".join(plain_screen(frames.regression(), 160))


def test_a_key_is_offered_only_while_its_verdict_stands() -> None:
    assert "[R]" not in "\n".join(plain_screen(frames.healthy(), 160))


def test_who_holds_the_session_is_said() -> None:
    frame = frames.read_only(frames.healthy())

    assert "read-only, held by anna@ops1 (pts/3)" in plain_screen(frame, 120)


def test_wide_and_combining_characters_are_measured_in_cells() -> None:
    assert cell_width("日本語") == 6
    assert cell_width("e\u0301") == 1
    assert fitted("日本語", 5) == "日本…"
    assert fitted("abc\x1b[2J", 20) == "abc\\x1b[2J"


def test_a_lag_that_nobody_knows_is_not_said_to_be_small() -> None:
    assert lag_text(None, is_least=False) == "lag unknown"
    assert lag_text(18.0, is_least=True) == "lag at least 18s"
    assert lag_text(0.1, is_least=False) == "lag 0.1s"


def test_a_container_that_cannot_be_read_is_said_beside_its_source() -> None:
    frame = frames.healthy()
    source = replace(frame.sources[0], unread=(("none-1", "driver none"),))

    assert "none-1 cannot be read (driver none)" in "\n".join(plain_screen(replace(frame, sources=(source,)), 200))
