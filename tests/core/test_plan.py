"""What a preview knows of earlier runs and of what was looked at before."""

from dataclasses import replace

import pytest

from console.core.plan import StepPreview, took_text
from tests.previews import preview

ROOM = StepPreview("GET http://balancer/room is 200", "before", 5.0)


@pytest.mark.parametrize(
    ("took_s", "said"),
    [
        ((), ""),
        ((14.2,), "the last time 14s"),
        ((0.2,), "the last time 1s"),
        ((14.2, 90.0, 11.0), "the last time 14s; 11s to 1m 30s in 3 runs"),
    ],
)
def test_how_long_it_takes_is_said_by_earlier_runs(took_s: tuple[float, ...], said: str) -> None:
    assert took_text(took_s) == said


@pytest.mark.parametrize(
    ("kind", "is_passed", "needs_reason"),
    [
        ("rollback", False, False),
        ("rollback", None, False),
        ("step_down", False, True),
        ("step_down", None, False),
        ("task", False, True),
        ("task", True, False),
    ],
)
def test_only_what_is_no_rollback_needs_a_reason_after_a_look_that_did_not_pass(
    kind: str, is_passed: bool | None, needs_reason: bool
) -> None:
    shown = preview(kind, before=(ROOM,)).answered([(is_passed, "status 503")])

    assert shown.needs_reason is needs_reason
    assert shown.without == ("GET http://balancer/room is 200: status 503" if is_passed is False else "")


def test_an_advance_without_its_clauses_needs_a_reason_whatever_the_looks_found() -> None:
    shown = preview("advance", before=(ROOM,)).answered([(True, "status 200")])

    assert shown.needs_reason
    assert shown.without == "30h 18m of soak left; sign-off: engineering-lead"
    assert replace(shown, unmet=()).without == ""
