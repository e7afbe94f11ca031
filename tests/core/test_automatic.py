"""The rollback that begins by itself: on proof only, in sight, once."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.core import automatic
from console.core.action_frame import AutomaticView
from console.core.action_inputs import (
    ActionEnded,
    ActionProgressed,
    ActionStarted,
    AutomaticArmed,
    AutomaticFired,
    AutomaticStopped,
)
from console.core.actors import Actor
from console.core.frame import SessionView
from console.core.inputs import ClockStepped, Reading, SampleFailed, SampleTaken, SessionOpened, TimePassed
from console.core.rollout import Rollout
from console.core.state import State
from console.core.view import build_frame
from console.core.weighing import evidence_name
from console.core.words import Outcome
from tests.core.taken_up import taken_up, written

AT = 1_795_219_200.0
ANNA = Actor("anna", "ops1", "pts/3")
ERRORS: dict[str, Any] = {
    "query": "errors",
    "source": "db",
    "every": "10s",
    "unit": "%",
    "target": "< 1%",
    "critical": "> 5%",
    "min_samples": 1000,
    "keep_for": "5m",
    "on": {"critical": "rollback", "automatic_after": "60s"},
}


def rollout(**more: Any) -> Rollout:
    said: dict[str, Any] = {
        "rollout": "shop",
        "title": "The new shop",
        "service": "shop",
        "tracks": {"canary": {"label": "track=canary"}, "baseline": {"label": "track=baseline"}},
        "sources": {"db": {"postgres": "postgresql://db/shop"}},
        "metrics": {"errors": {**ERRORS, **more}},
        "phases": [{"name": "Canary 10%", "traffic": "10%"}],
        "actions": {"rollback": {"title": "Roll back", "kind": "rollback", "steps": [{"run": ["true"]}]}},
    }
    return Rollout.model_validate(said)


def errors(at: float, share: float, samples: int = 5000, **more: Any) -> SampleTaken:
    canary = Reading("canary", share, samples, round(samples * share / 100), **more)
    return SampleTaken(AT + at, "errors", (canary, Reading("baseline", 0.1, 5000, 5)), 0.1)


def begun(**more: Any) -> State:
    state = State(rollout(**more), AT - 1)
    state.apply(SessionOpened(AT - 1, ANNA, "1", None))
    return state


def run(state: State, since: int, until: int, share: float = 9.0) -> list[str]:
    """Let seconds pass with an answer every ten, and return what the journal says of what begins by itself."""
    said = []
    for second in range(since, until + 1):
        told = state.apply(errors(second, share)) if second % 10 == 0 else []
        told = [*told, *state.apply(TimePassed(AT + second))]
        said += [record.body["way"] for record in told if record.kind == "automatic"]
    return said


def is_due(state: State, at: float) -> bool:
    return automatic.due(state, AT + at) is not None


def view(state: State, at: float, *, is_read_only: bool = False) -> AutomaticView | None:
    session = SessionView("s", AT, is_read_only=is_read_only, held_by="")
    return build_frame(state, AT + at, session=session).automatic


def resumed(state: State, at: float) -> State:
    """Return the session as the next console takes it up."""
    other = taken_up(state, AT + at, documents=written(state))
    other.apply(SessionOpened(AT + at, ANNA, "1", AT + at - 5))
    return other


def test_what_is_proven_for_long_enough_is_due_and_not_a_moment_earlier() -> None:
    state = begun()

    assert run(state, 0, 59) == ["begun"]
    assert not is_due(state, 59)
    assert run(state, 60, 60) == []
    assert is_due(state, 60)


def test_the_countdown_is_in_the_frame_with_what_it_will_do_and_why() -> None:
    state = begun()
    run(state, 0, 18)

    shown = view(state, 18)

    assert shown is not None
    assert (shown.metric, shown.title, shown.left_s, shown.disarmed) == ("errors", "Roll back", 42.0, "")
    assert shown.reason == "errors CRITICAL: > 5%"
    assert view(state, 18, is_read_only=True) is None


def test_nothing_is_counted_down_where_the_file_does_not_ask_for_it() -> None:
    state = begun(on={"critical": "rollback"})

    assert run(state, 0, 300) == []
    assert view(state, 300) is None


def test_a_verdict_that_is_only_kept_ends_the_countdown() -> None:
    state = begun()
    run(state, 0, 39)

    assert run(state, 40, 120, share=0.1) == ["ended"]
    assert state.verdict_of("errors").verdict == "CRITICAL"
    assert not is_due(state, 120)


@pytest.mark.parametrize(
    "doubtful",
    [
        errors(40, 9.0, samples=100),
        errors(40, 9.0, unread="permission denied"),
        errors(40, 9.0, short="40 lines may be missing"),
        SampleFailed(AT + 40, "errors", "connection refused", 0.1),
        SampleTaken(AT + 40, "errors", (), 0.1),
    ],
    ids=["too few", "not read", "short", "failed", "no data"],
)
def test_what_is_not_certain_ends_the_countdown(doubtful: SampleTaken | SampleFailed) -> None:
    state = begun()
    run(state, 0, 39)

    state.apply(doubtful)
    told = state.apply(TimePassed(AT + 40))

    assert [record.body["way"] for record in told if record.kind == "automatic"] == ["ended"]
    assert state.automatic.countdown is None


def test_a_budget_that_is_still_used_up_proves_nothing_once_the_newest_measurement_is_no_breach() -> None:
    state = begun(breaches="3 of last 5", keep_for="0s")
    run(state, 0, 20)
    assert state.automatic.countdown is not None

    assert run(state, 30, 39, share=0.0) == ["ended"]
    assert state.verdict_of("errors").verdict == "CRITICAL"


def test_more_than_the_baseline_allows_is_proven_with_the_baseline_of_the_same_moment() -> None:
    state = begun(critical="> baseline + 5%", breaches="3 of last 5")
    run(state, 0, 20)
    assert state.automatic.countdown is not None

    state.apply(SampleTaken(AT + 30, "errors", (Reading("canary", 9.0, 5000), Reading("baseline", 8.0, 5000)), 0.1))
    told = state.apply(TimePassed(AT + 30))

    assert [record.body["way"] for record in told if record.kind == "automatic"] == ["ended"]


EVIDENCE: dict[str, Any] = {"critical": None, "target": None, "evidence": {"worse": "critical", "every": "10s"}}


def weighed(state: State, at: float, share: float) -> None:
    """Take the counts of ten seconds for the evidence."""
    canary = Reading("canary", share, 500, round(5 * share))
    state.apply(SampleTaken(AT + at, evidence_name("errors"), (canary, Reading("baseline", 1.0, 5000, 50)), 0.1))


def proven_worse() -> State:
    """Return a session whose evidence is sure that the canary is worse, and counts down."""
    state = begun(**EVIDENCE)
    for second in range(0, 60, 10):
        weighed(state, second, 9.0)
        run(state, second, second)
    assert state.automatic.countdown is not None
    return state


def test_evidence_that_stands_proves_nothing_once_the_canary_is_no_worse_than_the_baseline_now() -> None:
    state = proven_worse()

    assert run(state, 60, 69, share=0.0) == ["ended"]
    assert state.verdict_of("errors").verdict == "CRITICAL"


def test_evidence_of_before_a_restart_proves_nothing_until_counts_of_after_it_point_the_same_way() -> None:
    state = resumed(proven_worse(), 60)
    assert run(state, 61, 79) == []
    weighed(state, 80, 0.2)
    assert run(state, 80, 89) == []
    assert state.verdict_of("errors").verdict == "CRITICAL"

    weighed(state, 90, 9.0)

    assert run(state, 90, 90) == ["begun"]


def test_a_measurement_that_is_old_ends_the_countdown() -> None:
    state = begun(on={"critical": "rollback", "automatic_after": "10m"}, stale_after="30s")
    run(state, 0, 0)

    said = [state.apply(TimePassed(AT + second)) for second in range(1, 40)]

    ways = [record.body["way"] for told in said for record in told if record.kind == "automatic"]
    assert ways == ["ended"]


def test_a_console_that_stood_still_counts_down_again() -> None:
    state = begun(stale_after="10m")
    run(state, 0, 30)
    assert not is_due(state, 100)

    state.apply(TimePassed(AT + 100))

    assert not is_due(state, 100)
    shown = view(state, 100)
    assert shown is not None
    assert shown.left_s == 60


def test_a_clock_that_is_set_does_not_shorten_the_countdown() -> None:
    state = begun()
    run(state, 0, 30)

    state.apply(ClockStepped(AT + 100, 69.0))
    state.apply(TimePassed(AT + 101))
    assert state.automatic.countdown is None
    run(state, 110, 150)

    assert not is_due(state, 150)


def test_a_restart_in_the_middle_of_the_countdown_begins_it_again_with_a_measurement_of_its_own() -> None:
    state = begun()
    run(state, 0, 55)

    other = resumed(state, 58)
    other.apply(TimePassed(AT + 59))
    assert other.automatic.countdown is None

    assert run(other, 60, 119) == ["begun"]
    assert not is_due(other, 119)
    run(other, 120, 120)
    assert is_due(other, 120)


@pytest.mark.parametrize(
    "end",
    [AutomaticFired(AT + 30, "rollback", "errors CRITICAL"), AutomaticStopped(AT + 30, ANNA)],
    ids=["begun", "stopped"],
)
def test_what_was_begun_or_stopped_stays_so_also_after_a_restart(end: AutomaticFired | AutomaticStopped) -> None:
    state = begun()
    run(state, 0, 29)
    state.apply(end)
    assert "begun" not in run(state, 30, 200)

    other = resumed(state, 205)

    assert "begun" not in run(other, 210, 400)
    shown = view(other, 400)
    assert shown is not None
    assert shown.disarmed


def test_somebody_who_arms_it_again_gets_a_whole_countdown() -> None:
    state = begun()
    run(state, 0, 29)
    state.apply(AutomaticStopped(AT + 29, ANNA))

    (record,) = state.apply(AutomaticArmed(AT + 30, ANNA, "the deploy is over"))

    assert "anna@ops1 (pts/3): the deploy is over" in record.text
    assert run(state, 30, 89) == ["begun"]
    assert not is_due(state, 89)
    run(state, 90, 90)
    assert is_due(state, 90)


def started(at: float, traffic: float | None = 0.0) -> ActionStarted:
    return ActionStarted(AT + at, f"a{at}", "rollback", "rollback", "Roll back", ANNA, "", traffic, None, ("true",))


@pytest.mark.parametrize("outcome", [Outcome.DONE, Outcome.FAILED, Outcome.UNKNOWN, Outcome.UNVERIFIED])
def test_an_action_of_somebody_ends_the_countdown_and_what_it_left_in_doubt_begins_none(outcome: Outcome) -> None:
    state = begun()
    run(state, 0, 30)

    state.apply(started(31))
    state.apply(ActionProgressed(AT + 31, "a31", 0, "true", "running"))
    assert run(state, 32, 40) == ["ended"]
    state.apply(ActionEnded(AT + 41, "a31", outcome))

    assert run(state, 42, 300) == []


def test_while_the_share_is_not_known_that_nothing_is_counted_down_is_said() -> None:
    state = begun()
    run(state, 0, 30)
    state.apply(started(31))
    told = state.apply(TimePassed(AT + 31))
    assert [record.text for record in told if record.kind == "automatic"] == [
        "rollback is not begun by itself: Roll back is under way"
    ]

    state.apply(ActionProgressed(AT + 32, "a31", 0, "true", "running"))
    state.apply(ActionProgressed(AT + 32, "a31", 0, "true", "failed", "exit code 1"))
    state.apply(ActionEnded(AT + 33, "a31", Outcome.FAILED))

    shown = view(state, 33)
    assert shown is not None
    assert (shown.disarmed, shown.waits_for) == ("", "the share is not known")


@pytest.mark.parametrize("steps", [(), ("running", "not begun")], ids=["no runner", "no such command"])
def test_an_attempt_that_did_nothing_leaves_the_share_known_and_the_countdown_begins_again(
    steps: Sequence[str],
) -> None:
    state = begun()
    run(state, 0, 30)

    state.apply(started(31))
    for step in steps:
        state.apply(ActionProgressed(AT + 32, "a31", 0, "true", step))
    state.apply(ActionEnded(AT + 33, "a31", Outcome.FAILED))

    assert state.phase.doubt == ""
    assert run(state, 40, 99) == ["begun"]
    run(state, 100, 100)
    assert is_due(state, 100)


def test_of_two_countdowns_the_one_that_is_over_first_decides() -> None:
    more = {**ERRORS, "on": {"critical": "rollback", "automatic_after": "20s"}}
    known = rollout()
    both = known.model_copy(update={"metrics": rollout(**more).metrics | {"slow": known.metrics["errors"]}})
    state = State(both, AT - 1)
    for second in range(26):
        if second % 10 == 0:
            state.apply(replace(errors(second, 9.0), metric="slow"))
        if second == 10:
            state.apply(errors(second, 9.0))
        state.apply(TimePassed(AT + second))

    countdown = state.automatic.countdown

    assert countdown is not None
    assert (countdown.metric, countdown.due - AT) == ("errors", 30)


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from(
            ("critical", "fine", "failed", "few", "a minute", "restart", "clock", "arm", "stop", "done", "failed act")
        ),
        max_size=20,
    )
)
def test_it_is_begun_at_most_once_for_each_time_that_somebody_arms_it(steps: Sequence[str]) -> None:
    state, at, fired, armed = begun(), 0.0, 0, 1
    for step in steps:
        at += 1
        match step:
            case "critical" | "fine":
                state.apply(errors(at, 9.0 if step == "critical" else 0.1))
            case "failed":
                state.apply(SampleFailed(AT + at, "errors", "refused", 0.1))
            case "few":
                state.apply(errors(at, 9.0, samples=9))
            case "restart":
                state = resumed(state, at)
            case "clock":
                state.apply(ClockStepped(AT + at, -30.0))
            case "arm":
                state.apply(AutomaticArmed(AT + at, ANNA, "again"))
                armed += 1
            case "stop":
                state.apply(AutomaticStopped(AT + at, ANNA))
            case "done" | "failed act":
                state.apply(started(at, 10.0))
                state.apply(ActionEnded(AT + at, f"a{at}", Outcome.DONE if step == "done" else Outcome.FAILED))
            case _:
                for _ in range(60):
                    at += 1
                    state.apply(errors(at, 9.0) if int(at) % 10 == 0 else TimePassed(AT + at))
                    state.apply(TimePassed(AT + at))
                    countdown = automatic.due(state, AT + at)
                    if countdown is not None:
                        state.apply(AutomaticFired(AT + at, countdown.action, countdown.reason))
                        fired += 1
        state.apply(TimePassed(AT + at))

    assert fired <= armed
