"""Evidence beside thresholds: what a breach says of both tracks, and which times are promised."""

from console.core.action_inputs import ActionEnded, ActionStarted
from console.core.inputs import TimePassed
from console.core.verdict import Verdict
from console.core.words import Outcome
from tests.core.evident import ANNA, FAILURES, Service, begun, fold, frame_of, rollout, seen

THRESHOLDS = {"target": "< 2%", "critical": "> 5%"}


def test_a_breach_of_both_tracks_is_said_so_and_one_of_the_canary_alone_is_not() -> None:
    weather = fold(begun(rollout(failures=FAILURES | THRESHOLDS)), Service().minutes(10, canary=0.1, baseline=0.1))
    canary = fold(begun(rollout(failures=FAILURES | THRESHOLDS)), Service().minutes(10, canary=0.1))

    assert frame_of(weather).panels[0].reason == "> 5%, the baseline too"
    assert frame_of(weather).reason == "failures: > 5%, the baseline too"
    assert frame_of(weather).alerts[0].text == "failures CRITICAL: > 5%, the baseline too"
    assert frame_of(canary).panels[0].reason == "> 5%"


def test_the_evidence_does_not_call_a_canary_in_breach_no_different() -> None:
    of = rollout(failures=FAILURES | THRESHOLDS)
    state = fold(begun(of), Service().minutes(10, canary=0.1, baseline=0.1))

    assert frame_of(state).panels[0].verdict is Verdict.CRITICAL
    assert seen(state).line == "not yet proven worse than the baseline"


def test_a_canary_that_is_sure_to_be_worse_is_given_no_time_at_which_it_may_go_on() -> None:
    state = fold(begun(rollout(failures=FAILURES)), Service().minutes(30, canary=0.03))

    proof = next(clause for clause in frame_of(state).phase.clauses if clause.kind == "evidence")

    assert not proof.is_met
    assert proof.expected_s is None


def test_after_a_rollback_the_share_comes_first_and_no_time_is_promised() -> None:
    state = fold(begun(rollout(failures=FAILURES)), Service().minutes(30, canary=0.03))
    state.apply(ActionStarted(state.at, "a1", "rollback", "rollback", "Roll back", ANNA, "worse", 0.0, 1, (), ""))
    state.apply(ActionEnded(state.at + 1, "a1", Outcome.DONE))
    state.apply(TimePassed(state.at + 1))

    frame, evidence = frame_of(state), seen(state)

    assert (frame.phase.outlook, frame.phase.earliest) == ("the share is 0 %, not 10 %", None)
    assert evidence.brief == "no canary now, it was worse"
