"""An action under way, on the soak screen and in its dialog."""

from dataclasses import replace

import pytest

from console.core.words import Outcome
from tests import frames
from tests.frame_parts import AT
from tests.screen_text import drawn
from widgets.attempt import AttemptPart, attempt_to_show, full_lines, strip_height, strip_lines

KEYS = (("n", "Next rung"), ("z", "To zero"), ("x", "Stay here"))
OUTPUT = tuple(f"line {number}" for number in range(20))


def part(outcome: Outcome = Outcome.RUNNING, **more: object) -> AttemptPart:
    return AttemptPart(frames.attempt(outcome, **more), OUTPUT, int(AT), KEYS)


def test_a_running_action_shows_its_steps_its_time_and_its_newest_output() -> None:
    text = drawn(strip_lines(part(), 110, 7), 110)

    assert "► Roll back to 0%  RUNNING  for 19s" in text
    assert "✓ 1  .env: CANARY_PERCENTAGE=0" in text
    assert "► 2  docker compose up -d --no-deps app" in text
    assert "running 18s" in text
    assert "line 19" in text
    assert "line 16" not in text


@pytest.mark.parametrize("height", range(1, 9))
def test_the_strip_never_takes_more_lines_than_it_is_given(height: int) -> None:
    assert len(strip_lines(part(), 100, height)) <= height
    assert strip_height(part(), height) <= height


def test_with_one_line_for_steps_the_running_one_is_shown() -> None:
    text = drawn(strip_lines(part(), 100, 3), 100)

    assert "► 2" in text


def test_a_held_ladder_shows_what_comes_next_and_the_keys_that_decide() -> None:
    held = AttemptPart(frames.holding().attempts[0], (), int(AT), KEYS)

    text = drawn(strip_lines(held, 110, 4), 110)

    assert "‖ Step down  HOLDING at 5 %" in text
    assert "next 2 %, held 8m 12s more" in text
    assert "n Next rung   z To zero   x Stay here" in text


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_is_said_in_a_word_in_both_views(outcome: Outcome) -> None:
    assert outcome.upper() in drawn(strip_lines(part(outcome), 100, 4), 100)
    assert outcome.upper() in drawn(full_lines(part(outcome), 100), 100)


def test_the_dialog_shows_who_why_all_steps_and_all_output() -> None:
    text = drawn(full_lines(part(Outcome.UNVERIFIED, detail="GET /health answered 503"), 100), 100)

    assert "anna@ops1 (pts/3)" in text
    assert "error_rate CRITICAL for 4m 10s" in text
    assert "GET /health answered 503" in text
    assert "3  GET http://127.0.0.1:8080/health is 200" in text
    assert "line 0" in text
    assert "line 19" in text


def test_one_under_way_is_shown_before_a_newer_one_that_is_over() -> None:
    frame = replace(frames.healthy(), attempts=(frames.attempt(Outcome.FAILED, attempt="b"), frames.attempt()))

    shown = attempt_to_show(frame)

    assert shown is not None
    assert shown.attempt == "a1"


def test_a_success_leaves_the_screen_after_two_minutes_and_a_failure_stays() -> None:
    later = replace(frames.rolled_back(), at=AT + 300)
    failed = replace(later, attempts=(frames.attempt(Outcome.UNKNOWN),))

    assert attempt_to_show(frames.rolled_back()) is not None
    assert attempt_to_show(later) is None
    assert attempt_to_show(failed) is not None


def test_without_attempts_nothing_is_shown() -> None:
    assert attempt_to_show(frames.healthy()) is None
