"""A gradual rollback: each rung has a state, and what may be said to it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.core.action_inputs import ActionEnded, ActionStarted
from console.core.actors import Actor
from console.core.attempts import Attempt
from console.core.ladder import Ladder, Seen, ladder_of
from console.core.proportions import ShareSeen
from console.core.rollout import Action
from console.core.words import Outcome, Rung

AT = 1_795_219_200.0
ANNA = Actor("anna", "ops1")
DOWN = Action.model_validate(
    {"title": "Step down", "kind": "step_down", "ladder": [50, 25, 5], "hold": "10m", "steps": [{"run": ["true"]}]}
)
TASK = Action.model_validate({"title": "Migrate", "steps": [{"run": ["true"]}]})
STARTED = ActionStarted(AT, "a1", "down", "step_down", "Step down", ANNA, "slow", 25.0, None, ("true",))


def attempt(outcome: Outcome = Outcome.DONE) -> Attempt:
    begun = Attempt(STARTED, {})
    return begun if outcome is Outcome.RUNNING else begun.finished(ActionEnded(AT + 5, "a1", outcome))


def ladder(outcome: Outcome = Outcome.DONE, *, traffic: float = 25.0, after_s: float = 65, seen: Seen = None) -> Ladder:
    found = ladder_of(attempt(outcome), DOWN, traffic, AT + after_s, seen)
    assert found is not None
    return found


def test_a_rung_that_went_well_is_held_and_everything_may_be_said_to_it() -> None:
    found = ladder()

    assert (found.rung, found.next_rung, found.hold_left_s) == (Rung.HELD, 5.0, 540)
    assert found.orders == ("continue", "zero", "stop")


def test_after_its_time_the_next_rung_is_due_until_somebody_decides() -> None:
    found = ladder(after_s=86_400)

    assert (found.rung, found.next_rung, found.hold_left_s) == (Rung.DUE, 5.0, 0)
    assert found.orders == ("continue", "zero", "stop")


@pytest.mark.parametrize(
    ("seen", "rung"),
    [
        (ShareSeen.OFF, Rung.NOT_REACHED),
        (ShareSeen.AS_PLANNED, Rung.HELD),
        (ShareSeen.NOT_KNOWN, Rung.HELD),
    ],
)
def test_a_rung_whose_measured_share_is_surely_another_one_says_so(seen: ShareSeen, rung: Rung) -> None:
    found = ladder(seen=(seen, "the canary gets 48–52 % of the traffic"))

    assert (found.rung, found.share_line) == (rung, "the canary gets 48–52 % of the traffic")
    assert "zero" in found.orders


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.UNVERIFIED, Outcome.UNKNOWN])
def test_a_rung_that_failed_can_only_be_left_downwards_or_settled(outcome: Outcome) -> None:
    found = ladder(outcome, traffic=50.0)

    assert (found.rung, found.orders) == (Rung.FAILED, ("zero",))


def test_while_a_rung_is_applied_one_may_jump_to_zero() -> None:
    found = ladder(Outcome.RUNNING, traffic=50.0)

    assert (found.rung, found.orders) == (Rung.APPLYING, ("zero",))


def test_the_lowest_rung_is_the_end() -> None:
    assert ladder_of(attempt(), DOWN, 5.0, AT + 65, None) is None


def test_what_is_no_ladder_has_none() -> None:
    assert ladder_of(attempt(), TASK, 25.0, AT, None) is None
    assert ladder_of(attempt(), None, 25.0, AT, None) is None
    assert ladder_of(attempt(Outcome.ABANDONED), DOWN, 25.0, AT, None) is None


@given(
    st.sampled_from([outcome for outcome in Outcome if outcome is not Outcome.HOLDING]),
    st.floats(0, 100),
    st.floats(0, 1e6),
)
def test_from_no_rung_does_it_go_up_and_zero_is_never_out_of_reach(
    outcome: Outcome, traffic: float, after_s: float
) -> None:
    found = ladder_of(attempt(outcome), DOWN, traffic, AT + after_s, None)

    if found is not None and found.next_rung is not None:
        assert found.next_rung < traffic
        assert "zero" in found.orders
    if found is not None and outcome is not Outcome.RUNNING and traffic > 5:
        assert "zero" in found.orders
