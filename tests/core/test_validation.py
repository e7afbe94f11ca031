"""Validation windows after full rollout."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from console.core.rollout import ValidationWindow
from console.core.standing import Standing
from console.core.ticks import Tick
from console.core.validation import Validation, WindowOutcome, begun, clauses, looked, told, views
from console.core.verdict import Verdict

STATE = TypeAdapter(Validation)
WINDOWS = (
    ValidationWindow.model_validate({"name": "0-100", "from": "0s", "until": "100s", "metrics": ["errors", "lag"]}),
    ValidationWindow.model_validate(
        {
            "name": "100-300",
            "from": "100s",
            "until": "300s",
            "metrics": ["errors"],
            "checklist": [{"id": "tickets", "text": "Support tickets were read"}],
        }
    ),
)
START = 1_000_000.0


def standing(errors: Verdict = Verdict.OK, lag: Verdict = Verdict.OK) -> Standing:
    return Standing({"errors": errors, "lag": lag}, {}, {}, reasons={"errors": "> 5%", "lag": ""})


def run(state: Validation, since: float, until: float, stands: Standing, traffic: float = 100.0) -> Validation:
    """Look once a second."""
    at = since
    while at < until:
        at = min(at + 1, until)
        state = looked(state, WINDOWS, traffic, stands, START + at)
    return state


def begin() -> Validation:
    return looked(Validation(), WINDOWS, 100.0, standing(), START)


def outcomes(state: Validation) -> list[WindowOutcome]:
    return [state.window(window.name).outcome for window in WINDOWS]


def test_windows_wait_until_all_traffic_is_on_the_canary() -> None:
    state = run(Validation(), 0, 500, standing(), traffic=50.0)

    assert outcomes(state) == [WindowOutcome.WAITING, WindowOutcome.WAITING]
    assert state.began is None


def test_a_window_in_which_every_metric_held_and_was_watched_is_passed_at_its_end() -> None:
    state = run(begin(), 0, 99, standing())
    assert outcomes(state) == [WindowOutcome.RUNNING, WindowOutcome.WAITING]

    state = run(state, 99, 101, standing())

    assert outcomes(state) == [WindowOutcome.PASSED, WindowOutcome.RUNNING]
    assert state.window("0-100").decided == START + 100


@pytest.mark.parametrize("verdict", [Verdict.WARNING, Verdict.CRITICAL])
def test_a_breach_fails_the_window_at_once_and_says_which_metric_and_when(verdict: Verdict) -> None:
    state = run(begin(), 0, 40, standing())

    state = run(state, 40, 42, standing(verdict))
    state = run(state, 42, 150, standing())

    window = state.window("0-100")
    assert window.outcome is WindowOutcome.FAILED
    assert window.decided == START + 41
    assert window.reason == f"errors {verdict} at 1970-01-12 13:47:21 UTC: > 5%"


def test_a_breach_after_its_end_does_not_touch_a_window() -> None:
    state = run(begin(), 0, 105, standing())

    state = run(state, 105, 120, standing(lag=Verdict.CRITICAL))

    assert outcomes(state) == [WindowOutcome.PASSED, WindowOutcome.RUNNING]


def test_a_window_that_nobody_watched_is_not_passed() -> None:
    state = looked(begin(), WINDOWS, 100.0, standing(), START + 1000)

    assert outcomes(state) == [WindowOutcome.UNKNOWN, WindowOutcome.UNKNOWN]
    assert state.window("0-100").reason == "errors was known for 0s of 1m 40s, watched for 0s"


def test_a_metric_that_was_unknown_for_too_long_leaves_the_window_not_known() -> None:
    state = run(begin(), 0, 50, standing())

    state = run(state, 50, 60, standing(lag=Verdict.BROKEN))
    state = run(state, 60, 101, standing())

    window = state.window("0-100")
    assert (window.outcome, window.reason) == (
        WindowOutcome.UNKNOWN,
        "lag was known for 1m 30s of 1m 40s, watched for 1m 40s",
    )


def test_a_metric_of_a_later_phase_counts_for_the_time_in_which_it_is_judged() -> None:
    state = run(begin(), 0, 60, standing(lag=Verdict.NOT_JUDGED))

    held = run(state, 60, 101, standing())
    unknown = run(state, 60, 101, standing(lag=Verdict.UNKNOWN))

    assert held.window("0-100").outcome is WindowOutcome.PASSED
    assert (unknown.window("0-100").outcome, unknown.window("0-100").reason[:30]) == (
        WindowOutcome.UNKNOWN,
        "lag was known for 1s of 40s, w",
    )


@pytest.mark.parametrize(
    ("measured", "outcome", "reason"),
    [
        (Verdict.OK, WindowOutcome.PASSED, ""),
        (Verdict.CRITICAL, WindowOutcome.FAILED, "lag was CRITICAL at its end"),
        (Verdict.NOT_JUDGED, WindowOutcome.PASSED, "no phase judged lag in it"),
    ],
)
def test_what_a_phase_began_to_ask_for_just_before_the_end_is_waited_for(
    measured: Verdict, outcome: WindowOutcome, reason: str
) -> None:
    elsewhere, asked = standing(lag=Verdict.NOT_JUDGED), standing(lag=Verdict.UNKNOWN)
    began = looked(Validation(), WINDOWS, 100.0, elsewhere, START)

    waiting = run(run(began, 0, 97, elsewhere), 97, 110, asked)
    settled = run(waiting, 110, 113, standing(lag=measured))

    open_window, window = waiting.window("0-100"), settled.window("0-100")
    assert (open_window.outcome, open_window.reason) == (
        WindowOutcome.OPEN,
        "waiting for the first measurement of lag",
    )
    assert (window.outcome, window.reason) == (outcome, reason)


def test_what_a_phase_asked_for_longer_than_may_be_missed_leaves_the_window_not_known() -> None:
    elsewhere, asked = standing(lag=Verdict.NOT_JUDGED), standing(lag=Verdict.UNKNOWN)
    began = looked(Validation(), WINDOWS, 100.0, elsewhere, START)

    state = run(run(began, 0, 90, elsewhere), 90, 101, asked)

    assert state.window("0-100").outcome is WindowOutcome.UNKNOWN


def test_a_window_says_which_metric_no_phase_judged_in_it() -> None:
    state = looked(Validation(), WINDOWS, 100.0, standing(lag=Verdict.NOT_JUDGED), START)

    state = run(state, 0, 101, standing(lag=Verdict.NOT_JUDGED))

    window = state.window("0-100")
    assert (window.outcome, window.reason) == (WindowOutcome.PASSED, "no phase judged lag in it")
    assert views(state, WINDOWS, START + 101)[0].known_share == 1.0


def test_a_short_gap_is_within_what_a_window_may_miss() -> None:
    state = run(begin(), 0, 50, standing())

    state = run(run(state, 50, 53, standing(Verdict.UNKNOWN)), 53, 101, standing())

    assert outcomes(state)[0] is WindowOutcome.PASSED


def test_a_metric_off_target_at_the_end_fails_the_window() -> None:
    state = run(run(begin(), 0, 90, standing()), 90, 101, standing(Verdict.OFF_TARGET))

    window = state.window("0-100")
    assert (window.outcome, window.reason) == (WindowOutcome.FAILED, "errors was OFF TARGET at its end")


def test_a_window_with_a_checklist_is_open_until_somebody_ticked_it() -> None:
    state = run(begin(), 0, 310, standing())
    assert outcomes(state) == [WindowOutcome.PASSED, WindowOutcome.OPEN]
    assert state.window("100-300").reason == "waiting for tickets"

    state = state.ticked("100-300", "tickets", Tick(True, "anna@ops1", START + 400))
    state = run(state, 400, 401, standing())

    assert outcomes(state) == [WindowOutcome.PASSED, WindowOutcome.PASSED]
    assert state.window("100-300").decided == START + 401


def test_a_step_back_fails_what_has_begun_and_keeps_every_outcome_for_ever() -> None:
    state = run(begin(), 0, 150, standing())

    state = run(state, 150, 160, standing(), traffic=10.0)
    assert outcomes(state) == [WindowOutcome.PASSED, WindowOutcome.FAILED]
    assert state.window("100-300").reason == "the share went to 10 %"
    state = run(state, 160, 170, standing(), traffic=100.0)

    shown = [(view.name, view.outcome, view.is_past) for view in views(state, WINDOWS, START + 170)]
    assert shown == [
        ("0-100", "passed", True),
        ("100-300", "failed", True),
        ("0-100", "running", False),
        ("100-300", "waiting", False),
    ]


def test_the_journal_tells_every_outcome_once() -> None:
    state, said = begin(), []

    for second in range(1, 320):
        before, state = state, looked(state, WINDOWS, 100.0, standing(), START + second)
        said += [record.text for record in told(before, state, START + second)]

    assert said == [
        "validation 0-100: running",
        "validation 0-100: passed",
        "validation 100-300: running",
        "validation 100-300: open: waiting for tickets",
    ]


def test_a_window_that_runs_is_a_clause_with_the_time_of_its_end() -> None:
    state = run(begin(), 0, 40, standing())

    found = clauses(views(state, WINDOWS, START + 40), START + 40)

    assert [(one.text, one.is_met, one.expected_s) for one in found] == [
        ("validation 0-100: running, 1m left", False, 60),
        ("validation 100-300: waiting", False, 260),
    ]


def test_only_windows_whose_time_has_come_ask_for_their_items() -> None:
    assert begun(run(begin(), 0, 50, standing()), WINDOWS, START + 50) == (WINDOWS[0],)


RANKED = [
    Verdict.OK,
    Verdict.NOT_JUDGED,
    Verdict.OFF_TARGET,
    Verdict.UNKNOWN,
    Verdict.BROKEN,
    Verdict.WARNING,
    Verdict.CRITICAL,
]
STEPS = st.lists(st.tuples(st.sampled_from([0.0, 1.0, 14.0, 40.0, 200.0]), st.sampled_from(RANKED)), max_size=30)


def walk(steps: list[tuple[float, Verdict]], *, restarts: bool) -> Validation:
    at, state = START, begin()
    for passed, verdict in steps:
        at += passed
        if restarts:
            state = STATE.validate_python(json.loads(STATE.dump_json(state)))
        state = looked(state, WINDOWS, 100.0, standing(verdict), at)
    return state


@given(STEPS)
def test_a_restart_at_any_point_gives_the_same_outcomes(steps: list[tuple[float, Verdict]]) -> None:
    assert walk(steps, restarts=True) == walk(steps, restarts=False)


@given(STEPS)
def test_what_was_not_watched_is_never_passed(steps: list[tuple[float, Verdict]]) -> None:
    state = walk(steps, restarts=False)

    window = state.window("0-100")
    if window.outcome is WindowOutcome.PASSED:
        assert window.watched_s >= 95
        for metric in ("errors", "lag"):
            asked_s = 100 - window.not_judged_s.get(metric, 0.0)
            assert window.known_s.get(metric, 0.0) >= 0.95 * asked_s


@given(STEPS, STEPS)
def test_what_comes_later_never_changes_an_outcome(
    steps: list[tuple[float, Verdict]], later: list[tuple[float, Verdict]]
) -> None:
    before, after = walk(steps, restarts=False), walk([*steps, *later], restarts=False)

    for window in WINDOWS:
        if before.window(window.name).outcome.is_final:
            assert after.window(window.name).outcome is before.window(window.name).outcome
            assert after.window(window.name).decided == before.window(window.name).decided
