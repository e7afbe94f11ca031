"""What an action will do, before it does."""

from dataclasses import replace

import pytest

from tests.previews import preview
from tests.screen_text import drawn, drawn_strips
from widgets.preview import PreviewPart, preview_lines


def shown(width: int = 110, kind: str = "rollback", **more: object) -> str:
    return drawn(preview_lines(PreviewPart(preview(kind, **more), 10.0), width), width)


def test_why_now_and_after_come_first() -> None:
    text = shown()

    assert "Why      error_rate CRITICAL for 4m 10s: 5.42 %, 8.9x the baseline" in text
    assert "Now      10 % canary" in text
    assert "After    baseline 6 containers, healthy" in text
    assert "Traffic  10 % → 0 %" in text


def test_every_step_is_shown_exactly_with_its_time_limit() -> None:
    text = shown()

    assert "2  run      docker compose --project-name valuecanvas up -d --no-deps app" in text
    assert "up to 2m" in text
    assert "3  verify   GET http://127.0.0.1:8080/health is 200" in text


def test_every_changed_key_is_shown_before_and_after() -> None:
    text = shown()

    assert "CANARY_PERCENTAGE  10 → 0" in text
    assert "ENABLE_STATELESS_ORCHESTRATION  true → false" in text
    assert "ROLLED_BACK_AT  (not set) → 2026-03-02T14:03:27Z" in text


@pytest.mark.parametrize("width", [30, 40, 78, 110])
def test_a_long_command_is_broken_over_lines_and_never_cut(width: int) -> None:
    command = "docker compose --project-name valuecanvas --env-file production.env up -d --no-deps --force-recreate app"
    step = replace(preview().steps[1], label=command)

    text = shown(width, steps=(step,))

    assert command.replace(" ", "") in "".join(text.split()).replace("upto2m,lasttime14s", "").replace("upto2m", "")


def test_what_stands_in_the_way_is_said_at_its_step() -> None:
    step = replace(preview().steps[1], problem="docker is not installed")

    assert "⊘ docker is not installed" in shown(steps=(step,))


def test_a_step_down_says_which_rungs_come_after_and_how_long_each_is_held() -> None:
    assert "Then     2 %, 0 %, each held 10m" in shown(kind="step_down")


def test_an_advance_lists_the_clauses_that_are_not_met() -> None:
    text = shown(kind="advance")

    assert "✗ 30h 18m of soak left" in text
    assert "✗ sign-off: engineering-lead" in text


def test_an_action_without_steps_says_that_nothing_is_run() -> None:
    assert "nothing is run" in shown(kind="advance", steps=(), verify=())


@pytest.mark.parametrize("width", [20, 38, 78, 114])
def test_every_line_has_exactly_the_width(width: int) -> None:
    lines = preview_lines(PreviewPart(preview(), 10.0), width)

    assert {strip.cell_length for strip in drawn_strips(lines, width)} == {width}
