"""The header says in two lines how it stands."""

from dataclasses import replace

import pytest

from console.core.frame import Frame
from console.core.verdict import Verdict
from tests import frames
from tests.screen_text import drawn
from widgets.header import header_lines, header_part


def shown(frame: Frame, width: int = 120, *, is_read_only: bool = False, frozen_s: float = 0.0) -> str:
    return drawn(header_lines(header_part(frame, is_read_only=is_read_only, frozen_s=frozen_s), width), width)


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_the_verdict_the_reason_and_the_way_out_are_there_at_every_width(width: int) -> None:
    text = shown(frames.regression(), width)

    assert "✗ CRITICAL" in text
    assert "error_rate" in text
    assert "R Roll back to 0%" in text
    assert "Canary 10%" in text
    assert "14:03:27" in text


def test_the_soak_is_shown_as_a_bar_a_share_and_words() -> None:
    text = shown(frames.healthy())

    assert "▕█████▉          ▏ 36%" in text
    assert "soak 17h 42m of 2d" in text


def test_a_soak_that_is_not_over_never_says_100_percent() -> None:
    frame = frames.healthy()
    phase = replace(frame.phase, soaked_s=frame.phase.soak_s - 1)

    assert " 99% " in shown(replace(frame, phase=phase))


def test_a_healthy_rollout_offers_no_way_out_in_the_header() -> None:
    assert "Roll back" not in shown(frames.healthy())


def test_a_read_only_console_says_who_holds_the_session_and_offers_nothing() -> None:
    text = shown(frames.read_only(frames.regression()))

    assert "READ-ONLY, held by anna@ops1 (pts/3)" in text
    assert "Roll back" not in text


def test_a_share_that_is_not_the_planned_one_is_said() -> None:
    assert "traffic 0 % of 10 % planned" in shown(frames.rolled_back())


def test_why_the_soak_clock_stands_still_is_said() -> None:
    assert "‖ p95_latency > 3s" in shown(frames.regression())


def test_how_many_clauses_are_missing_is_said_where_there_is_room() -> None:
    assert "3 missing to advance" in shown(frames.healthy(), 200)


def test_when_all_is_met_the_header_says_so() -> None:
    frame = frames.healthy()

    assert "✓ may advance" in shown(replace(frame, phase=replace(frame.phase, may_advance=True)), 200)
    met = tuple(replace(clause, is_met=True) for clause in frame.phase.clauses)
    assert "✓ complete" in shown(replace(frame, phase=replace(frame.phase, is_last=True, clauses=met)), 200)


def test_a_frame_that_is_no_longer_news_is_never_shown_as_healthy() -> None:
    text = shown(frames.healthy(), frozen_s=12.4)

    assert "? UNKNOWN" in text
    assert "no news for 12s: what is shown is old, it was OK" in text


def test_before_anything_is_known_the_header_is_unknown() -> None:
    text = shown(frames.opening())

    assert text.startswith(f" {Verdict.UNKNOWN.glyph} UNKNOWN ")
    assert "no phase" in text
