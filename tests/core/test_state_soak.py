"""The soak clock of a phase, and what actions do to the share and the phase."""

import pytest

from console.core.action_inputs import ActionEnded, ActionProgressed, ActionStarted
from console.core.inputs import ItemTicked, SignedOff, TimePassed
from console.core.state import State
from console.core.verdict import Verdict
from console.core.words import Outcome
from tests.core.folded import ANNA, ROLLOUT, START, fold, frame_of, healthy, lines, no_leak, watched


def started(kind: str, *, traffic: float | None, phase: int | None = None, override: str = "") -> ActionStarted:
    return ActionStarted(START + 30, "a1", kind, kind, kind, ANNA, "why", traffic, phase, ("run true",), override)


def test_the_soak_clock_counts_only_watched_time() -> None:
    state = healthy(START, 20)
    soaked_s = state.phase.soaked_s
    assert soaked_s == pytest.approx(20, abs=3)

    state.apply(TimePassed(START + 3620))

    assert state.phase.soaked_s == soaked_s, "an hour that nobody watched is no soak"


def test_the_soak_clock_stands_while_the_phase_is_paused() -> None:
    state = fold(TimePassed(START), lines(START + 1, "canary", ["failed"] * 3 + ["served x"] * 97), no_leak(START + 1))

    watched(state, START + 1, 20)

    assert state.phase.soaked_s < 3
    assert state.phase.holds == ("paused by failures > 2%",)


def test_a_phase_may_advance_when_every_clause_is_met() -> None:
    state = fold(no_leak(START), TimePassed(START))
    for second in range(1, 66):
        state.apply(lines(START + second, "canary", ["served x"] * 5, after=second * 10))
        state.apply(lines(START + second, "baseline", ["served x"] * 5, after=second * 10))
        state.apply(no_leak(START + second))
        state.apply(TimePassed(START + second))
    missing = [clause.text for clause in frame_of(state, START + 65).phase.clauses if not clause.is_met]

    state.apply(ItemTicked(START + 65, "backup", is_done=True, actor=ANNA))
    state.apply(SignedOff(START + 65, "lead", ANNA))

    assert missing == ["Backed up", "sign-off by lead"]
    assert frame_of(state, START + 65).phase.may_advance


def test_nothing_known_is_no_soak() -> None:
    state = watched(fold(TimePassed(START)), START, 60)

    assert state.phase.soaked_s == 0


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.UNKNOWN, Outcome.UNVERIFIED])
def test_after_an_action_that_may_have_worked_the_share_is_in_doubt(outcome: Outcome) -> None:
    state = fold(
        started("rollback", traffic=0.0),
        ActionProgressed(START + 31, "a1", 0, "run true", "running"),
        ActionEnded(START + 32, "a1", outcome),
    )

    frame = frame_of(state, START + 33)

    assert f"the share may be 0 %: rollback ended {outcome}" in [one.text for one in frame.phase.clauses]
    assert not frame.phase.may_advance


def test_an_attempt_that_ended_is_not_folded_again() -> None:
    state = fold(started("rollback", traffic=0.0), ActionEnded(START + 32, "a1", Outcome.DONE))
    del state.attempts["a1"]

    assert state.apply(started("rollback", traffic=0.0)) == []


def test_a_rollback_takes_the_share_to_zero_and_the_baseline_is_judged_then() -> None:
    state = fold(
        lines(START + 1, "canary", ["failed"] * 10),
        lines(START + 1, "baseline", ["served x"] * 100),
        TimePassed(START + 3),
        started("rollback", traffic=0.0),
        ActionProgressed(START + 31, "a1", 0, "run true", "done"),
        ActionEnded(START + 32, "a1", Outcome.DONE),
        lines(START + 32, "baseline", ["served x"] * 100, after=500),
        TimePassed(START + 34),
    )

    frame = frame_of(state, START + 34)

    assert frame.phase.traffic == 0
    assert (frame.panels[0].judged, frame.panels[0].verdict) == ("baseline", Verdict.OK)
    assert not frame.phase.may_advance


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.UNKNOWN, Outcome.UNVERIFIED])
def test_an_action_that_is_not_known_to_have_worked_changes_no_share(outcome: Outcome) -> None:
    state = fold(started("rollback", traffic=0.0), ActionEnded(START + 32, "a1", outcome))

    assert state.phase.traffic == 10


def test_a_step_down_offers_its_next_rung_after_the_hold() -> None:
    state = fold(started("step_down", traffic=5.0), ActionEnded(START + 40, "a1", Outcome.DONE))

    newest = frame_of(state, START + 100).attempts[0]

    assert (newest.outcome, newest.next_rung, newest.hold_left_s) == (Outcome.HOLDING, 0.0, pytest.approx(540))


def test_an_advance_enters_the_next_phase_and_begins_its_clock() -> None:
    state = fold(
        TimePassed(START + 20),
        started("advance", traffic=100.0, phase=1, override="soak"),
        ActionEnded(START + 32, "a1", Outcome.DONE),
    )

    assert (state.phase.index, state.phase.traffic, state.phase.soaked_s) == (1, 100.0, 0.0)


def test_an_override_is_loud_in_the_journal() -> None:
    state = State(ROLLOUT, START)

    (record,) = state.apply(started("advance", traffic=100.0, phase=1, override="30h of soak left"))

    assert record.text.startswith("WITHOUT 30h of soak left")
