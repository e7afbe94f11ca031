"""What is told of a rollback that begins by itself: that it does, how it ended, and where it came to nothing."""

from typing import Any

import pytest

from console.core.action_inputs import (
    ActionAbandoned,
    ActionEnded,
    ActionStarted,
    AutomaticArmed,
    AutomaticFired,
    AutomaticStopped,
)
from console.core.actors import Actor
from console.core.alert_findings import TOLD_S, findings
from console.core.automatic import LOST_S, NOBODY
from console.core.frame import SessionView
from console.core.inputs import TimePassed
from console.core.rollout import Rollout
from console.core.state import State
from console.core.view import build_frame
from console.core.words import Outcome
from tests.core.test_automatic import ANNA, AT, begun, resumed, rollout, run

WHY = "errors CRITICAL: > 5%"
ROUTED = {"group_wait": "1h", "routes": [{"severity": "critical", "to": ["json://example.org/pager"]}]}


def alert(state: State, at: float) -> str | None:
    """Return what is told of what began by itself."""
    return next((one.text for one in findings(state, AT + at).found if one.key == "automatic:rollback"), None)


def fired(**more: Any) -> State:
    state = begun(**more)
    run(state, 0, 60)
    state.apply(AutomaticFired(AT + 60, "rollback", WHY))
    return state


def started(at: float, actor: Actor, attempt: str = "one") -> ActionStarted:
    return ActionStarted(
        AT + at, attempt, "rollback", "rollback", "Roll back", actor, f"by itself: {WHY}", 0.0, None, ()
    )


def own(at: float) -> ActionStarted:
    return started(at, Actor(NOBODY, "ops1"))


def test_that_it_begins_is_told_at_once_and_how_it_ended_is_its_last_word() -> None:
    state = fired()

    assert alert(state, 60) == f"Roll back began by itself: {WHY}"
    state.apply(own(60.2))
    assert alert(state, 61) == f"Roll back began by itself: {WHY}"
    state.apply(ActionEnded(AT + 75, "one", Outcome.DONE))
    assert alert(state, 75) == f"Roll back, which began by itself, ended DONE: {WHY}"
    assert alert(state, 75 + TOLD_S + 1) is None


def test_one_that_did_not_go_well_is_told_until_somebody_decides() -> None:
    state = fired()
    state.apply(own(60.2))
    state.apply(ActionEnded(AT + 75, "one", Outcome.FAILED, "step 1 of 1 ended with 3"))

    assert alert(state, 1000) == "Roll back, which began by itself, ended FAILED: step 1 of 1 ended with 3"

    state.apply(ActionAbandoned(AT + 1001, "one", ANNA, "by hand"))
    assert alert(state, 1010) is None


def test_one_that_could_not_begin_is_told_until_somebody_rolls_back_in_its_place() -> None:
    state = begun()
    run(state, 0, 60)
    state.apply(AutomaticStopped(AT + 60, Actor(NOBODY, "ops1"), "another action is running"))

    assert alert(state, 500) == "Roll back could not begin by itself: another action is running"

    state.apply(started(501, ANNA))
    assert alert(state, 502) is None


def test_one_whose_console_ended_before_it_began_is_said_to_be_lost_once_also_over_a_restart() -> None:
    state = resumed(fired(), 70)

    assert "lost" not in run(state, 71, 70 + int(LOST_S) - 1, share=0.1)
    assert run(state, 70 + int(LOST_S), 200, share=0.1) == ["lost"]
    assert "no attempt at it is known" in (alert(state, 200) or "")
    assert "lost" not in run(resumed(state, 300), 300, 500, share=0.1)


def test_one_that_is_found_late_is_not_lost() -> None:
    state = fired()
    run(state, 61, 61 + int(LOST_S), share=0.1)

    state.apply(own(60.2))

    assert alert(state, 100) == f"Roll back began by itself: {WHY}"


def test_one_of_which_only_its_attempt_is_known_was_begun_and_is_not_begun_again() -> None:
    state = begun()
    run(state, 0, 30)

    state.apply(own(61))
    state.apply(ActionEnded(AT + 75, "one", Outcome.FAILED, "no"))

    assert state.automatic.disarmed == "rollback was begun by itself"
    assert alert(state, 76) is not None


def test_arming_it_again_ends_what_is_told() -> None:
    state = begun()
    run(state, 0, 60)
    state.apply(AutomaticStopped(AT + 60, Actor(NOBODY, "ops1"), "the disk does not answer"))

    state.apply(AutomaticArmed(AT + 90, ANNA, "the disk is back"))

    assert alert(state, 91) is None


def test_it_waits_for_no_group() -> None:
    said = rollout().model_dump(mode="json", by_alias=True, exclude_unset=True)
    state = State(Rollout.model_validate({**said, "alerts": ROUTED}), AT - 1)
    state.apply(AutomaticFired(AT + 1, "rollback", WHY))

    state.apply(TimePassed(AT + 2))

    assert [item.found.about for one in state.alerts.outbox.values() for item in one.items] == ["rollback"]


@pytest.mark.parametrize(("held_by", "is_seen"), [("anna@ops1", True), ("", False)])
def test_a_console_that_looks_over_a_shoulder_shows_the_countdown_and_one_that_nobody_begins_from_does_not(
    held_by: str, is_seen: bool
) -> None:
    state = begun()
    run(state, 0, 18)

    shown = build_frame(state, AT + 18, session=SessionView("s", AT, is_read_only=True, held_by=held_by)).automatic

    assert (shown is not None and shown.left_s == 42.0) is is_seen


def test_a_countdown_that_nobody_looked_at_for_a_while_is_not_shown_to_who_only_looks() -> None:
    state = begun()
    run(state, 0, 18)

    shown = build_frame(state, AT + 30, session=SessionView("s", AT, is_read_only=True, held_by="anna")).automatic

    assert shown is not None
    assert shown.metric == ""
