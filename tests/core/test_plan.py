"""What a preview knows of earlier runs and of what was looked at before."""

from dataclasses import replace

import pytest

from console.core.plan import StepPreview, out_of_place, took_text
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
        ("task", None, True),
        ("task", True, False),
    ],
)
def test_a_look_that_did_not_pass_asks_for_a_reason_but_of_a_rollback_and_one_that_nobody_could_make_of_a_task(
    kind: str, is_passed: bool | None, needs_reason: bool
) -> None:
    shown = preview(kind, before=(ROOM,)).answered([(is_passed, "status 503")])

    assert shown.needs_reason is needs_reason
    said = "GET http://balancer/room is 200: status 503"
    assert shown.without == (said if is_passed is False or needs_reason else "")


@pytest.mark.parametrize(
    ("phases", "present", "said"),
    [
        ((), "Canary", ()),
        ((), None, ()),
        (("Migration", "Clean-up"), "Clean-up", ()),
        (("Migration", "Clean-up"), "Canary", ("this belongs to Migration or Clean-up, and this is Canary",)),
        (("Migration",), None, ("this belongs to Migration, and the present phase is not known",)),
    ],
)
def test_an_action_that_belongs_to_phases_stands_against_every_other_and_against_one_that_nobody_knows(
    phases: tuple[str, ...], present: str | None, said: tuple[str, ...]
) -> None:
    assert out_of_place(phases, present) == said


def test_an_advance_without_its_clauses_needs_a_reason_whatever_the_looks_found() -> None:
    shown = preview("advance", before=(ROOM,)).answered([(True, "status 200")])

    assert shown.needs_reason
    assert shown.without == "30h 18m of soak left; sign-off: engineering-lead"
    assert replace(shown, unmet=()).without == ""
