"""What verifications can show of an attempt, and of those that carried it on."""

from dataclasses import replace
from typing import Any

import pytest

from console.core.action_frame import StepView
from console.core.action_inputs import ActionAbandoned, ActionStarted
from console.core.actors import Actor
from console.core.attempts import OPEN, Attempt, line_of, unproven
from console.core.rollout import Step
from console.core.words import Outcome

EDIT = Step.model_validate({"env_file": {"path": ".env", "set": {"SHARE": "0"}}})
UP = Step.model_validate({"run": ["docker", "compose", "up", "-d", "app"]})
OTHER = Step.model_validate({"run": ["drain"]})


def attempt(name: str, *states: str, **more: Any) -> Attempt:
    started = ActionStarted(
        at=1.0,
        attempt=name,
        action="rollback",
        kind="rollback",
        title="Roll back",
        actor=Actor("ana", "laptop", "pts/3"),
        reason="",
        traffic=0.0,
        phase=None,
        steps=("x",),
        **more,
    )
    return Attempt(started, {number: StepView("x", state, "") for number, state in enumerate(states)})


@pytest.mark.parametrize(
    ("states", "steps", "is_verified", "said"),
    [
        (("done", "done"), (OTHER, OTHER), False, ""),
        (("done", "not known"), (OTHER, OTHER), True, ""),
        (("done", "running"), (OTHER, OTHER), False, "step 2 is not known, and no verification stands for it"),
        (("timed out",), (EDIT,), False, ""),
        (("done", "timed out"), (EDIT, UP), False, ""),
        (("timed out",), (UP,), False, "step 1 is not known, and no verification stands for it"),
        (("done", "failed"), (EDIT, UP), True, "step 2 failed, and no verification stands for it"),
        (("done", "not begun"), (EDIT, UP), True, "step 2 was never begun, and no verification stands for it"),
        (
            ("not known",),
            (OTHER, OTHER, EDIT),
            True,
            "step 2 was never begun, step 3 was never begun, and no verification stands for them",
        ),
    ],
)
def test_a_verification_stands_for_what_is_done_or_in_doubt_and_for_nothing_else(
    states: tuple[str, ...], steps: tuple[Step, ...], is_verified: bool, said: str
) -> None:
    assert unproven([attempt("a", *states)], steps, is_verified=is_verified) == said


def test_a_step_that_a_later_attempt_could_not_begin_stands_as_the_first_one_left_it() -> None:
    line = (attempt("a", "done", "not known"), attempt("b", "not begun", continues="a", first_step=1))

    assert unproven(line, (OTHER, OTHER), is_verified=True) == ""
    assert unproven(line, (OTHER, OTHER), is_verified=False).startswith("step 2 is not known")


def test_what_a_later_attempt_did_counts_and_what_was_only_verified_does_not() -> None:
    first = attempt("a", "done", "failed")
    check = attempt("b", "passed", continues="a", first_step=1, is_check=True)
    resumed = attempt("c", "done", "not known", continues="b", first_step=1)
    known = {one.started.attempt: one for one in (first, check, resumed)}

    line = line_of(known, "c")

    assert line == (first, check, resumed)
    assert unproven(line, (OTHER, OTHER, OTHER), is_verified=True) == ""
    assert unproven(line[:2], (OTHER, OTHER, OTHER), is_verified=True).startswith("step 2 failed, step 3 was never")
    assert unproven(line[2:], (OTHER, OTHER, OTHER), is_verified=True) == ""


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome not in OPEN])
def test_what_left_nothing_to_be_decided_cannot_be_abandoned(outcome: Outcome) -> None:
    one = replace(attempt("a"), outcome=outcome)

    assert one.abandoned(ActionAbandoned(2.0, "a", one.started.actor, "by hand")) is one
