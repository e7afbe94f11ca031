"""The soak clock: only judged, healthy, watched time counts."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from console.core.rollout import Phase
from console.core.soak import WATCH_GAP_S, PhaseState, StopKind, told, watched
from console.core.standing import Standing
from console.core.verdict import Verdict

PHASE = Phase.model_validate(
    {"name": "Canary 10%", "traffic": "10%", "soak": "1h", "advance": ["errors"], "pause": ["lag > 5"]}
)
STATE = TypeAdapter(PhaseState)


def standing(errors: Verdict = Verdict.OK, lag: float | None = 1.0, **more: object) -> Standing:
    known = Verdict.OK if lag is not None else Verdict.UNKNOWN
    base = Standing(
        verdicts={"errors": errors, "lag": known},
        values={"errors": (0.1, None), "lag": (lag, None)},
        units={"errors": "%", "lag": ""},
        blind=frozenset({"lag"} if lag is None else set()),
        answered={"errors": 1e9, "lag": 1e9},
    )
    return replace(base, **more)  # type: ignore[arg-type]


def begun(phase: Phase = PHASE, at: float = 0.0) -> PhaseState:
    return watched(PhaseState(began=at, traffic=phase.traffic, watched_at=at), phase, standing(), at)


def run(state: PhaseState, since: int, until: int, stands: Standing, phase: Phase = PHASE) -> PhaseState:
    """Tick once a second."""
    for at in range(since + 1, until + 1):
        state = watched(state, phase, stands, float(at))
    return state


def with_policy(**policy: str) -> Phase:
    return PHASE.model_copy(update=policy)


@pytest.mark.parametrize("verdict", [Verdict.WARNING, Verdict.CRITICAL, Verdict.BROKEN])
def test_a_breach_is_no_soak_and_what_it_cost_is_known(verdict: Verdict) -> None:
    state = run(begun(), 0, 100, standing())

    state = run(state, 100, 160, standing(verdict))
    state = run(state, 160, 200, standing())

    assert state.soaked_s == 140
    assert state.lost_s == 60
    (stop,) = state.stops
    assert (stop.kind, stop.since, stop.until, stop.lost_s) == (StopKind.BREACH, 101, 161, 60)
    assert stop.text == f"errors is {verdict}"


def test_off_target_and_too_few_samples_are_soak_because_something_is_measured() -> None:
    state = run(begun(), 0, 50, standing(Verdict.OFF_TARGET))

    assert run(state, 50, 60, standing(Verdict.UNKNOWN)).soaked_s == 60


def test_a_metric_that_only_a_pause_condition_names_holds_the_clock_when_nothing_is_known_of_it() -> None:
    blind = standing(lag=None, answered={"errors": 10.0, "lag": 10.0})

    state = run(begun(), 0, 10, blind)

    assert state.holds == ("lag is UNKNOWN",)
    assert state.soaked_s == 1, "the second before nothing was known"


def test_a_metric_that_only_a_pause_condition_names_may_warn() -> None:
    warns = standing()
    warns = replace(warns, verdicts={**warns.verdicts, "lag": Verdict.WARNING})

    assert run(begun(), 0, 10, warns).soaked_s == 10


def test_a_pause_condition_holds_the_clock() -> None:
    state = run(begun(), 0, 10, standing(lag=6.0))

    assert state.holds == ("paused by lag > 5",)
    assert state.soaked_s == 1


def test_a_gap_in_watching_is_no_soak_and_says_how_long_it_was() -> None:
    state = run(begun(), 0, 100, standing())

    state = run(watched(state, PHASE, standing(), 400.0), 400, 410, standing())

    assert (state.soaked_s, state.lost_s) == (110, 300)
    assert [(stop.kind, stop.text, stop.since, stop.until) for stop in state.stops] == [
        (StopKind.GAP, "not watched for 5m", 100, 400)
    ]


def test_a_tick_that_is_a_little_late_is_no_gap() -> None:
    assert watched(begun(), PHASE, standing(), WATCH_GAP_S).soaked_s == WATCH_GAP_S


def test_a_clock_that_was_set_back_is_a_gap_and_the_soak_goes_on_from_there() -> None:
    state = run(begun(), 0, 100, standing())

    state = run(watched(state, PHASE, standing(), 40.0), 40, 50, standing())

    assert state.soaked_s == 110
    assert state.stops[-1].text == "the clock was set back by 1m"


def test_a_gap_begins_the_soak_again_where_the_file_says_so() -> None:
    phase = with_policy(on_gap="restart")
    before = run(begun(phase), 0, 100, standing(), phase)

    after = watched(before, phase, standing(), 400.0)
    state = run(after, 400, 410, standing(), phase)

    assert (state.soaked_s, state.thrown_away_s, state.again) == (10, 100, (400, "not watched for 5m"))
    assert [record.text for record in told(before, after, 400.0)] == [
        "not watched for 5m: no soak; the soak begins again, 1m 40s are thrown away"
    ]


def test_a_breach_begins_the_soak_again_where_the_file_says_so_and_the_journal_tells() -> None:
    phase = with_policy(on_breach="restart")
    state, said = run(begun(phase), 0, 100, standing(), phase), []

    for at in range(101, 200):
        stands = standing(Verdict.CRITICAL) if at < 150 else standing()
        before, state = state, watched(state, phase, stands, float(at))
        said += [record.text for record in told(before, state, float(at))]

    assert said == [
        "soak clock stands: errors is CRITICAL",
        "the soak must begin again: 1m 41s are thrown away after errors is CRITICAL",
        "soak begins again after 49s of errors is CRITICAL",
    ]
    assert (state.soaked_s, state.again) == (49, (150, "errors is CRITICAL"))


def test_with_restart_on_a_breach_a_gap_only_pauses() -> None:
    phase = with_policy(on_breach="restart")
    state = run(begun(phase), 0, 100, standing(), phase)
    unmeasured = standing(Verdict.UNKNOWN, blind=frozenset({"errors"}), answered={"errors": 99.0, "lag": 99.0})

    state = watched(state, phase, unmeasured, 4000.0)
    state = run(state, 4000, 4030, unmeasured, phase)

    assert state.soaked_s == 100, "the metric was not measured again yet, and that is part of the gap"
    assert state.stop is not None
    assert state.stop.kind is StopKind.UNMEASURED


def test_a_metric_that_stays_blind_after_it_was_measured_again_is_a_breach() -> None:
    phase = with_policy(on_breach="restart")
    state = watched(run(begun(phase), 0, 100, standing(), phase), phase, standing(), 4000.0)
    blind = standing(Verdict.UNKNOWN, blind=frozenset({"errors"}), answered={"errors": 4005.0, "lag": 4005.0})

    state = run(state, 4000, 4030, blind, phase)

    assert state.soaked_s == 0


def test_a_step_down_pauses_the_soak_and_never_begins_it_again() -> None:
    phase = with_policy(on_breach="restart", on_gap="restart")
    state = run(begun(phase), 0, 100, standing(), phase)

    state = run(replace(state, traffic=5.0), 100, 200, standing(), phase)
    state = run(replace(state, traffic=10.0), 200, 210, standing(), phase)

    assert state.soaked_s == 110


def test_a_stop_that_ended_in_the_moment_in_which_it_began_is_nothing() -> None:
    state = run(begun(), 0, 10, standing())

    for verdict in (Verdict.CRITICAL, Verdict.OK):
        state = watched(state, PHASE, standing(verdict), 10.0)

    assert run(state, 10, 20, standing()).soaked_s == 20
    assert run(state, 10, 20, standing()).stops == ()


VERDICTS = st.sampled_from([*Verdict, Verdict.OK, Verdict.OK])
STEPS = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.5, 1.0, 3.0, 14.0, 16.0, 700.0, -30.0]), VERDICTS, st.sampled_from([1.0, 9.0, None])
    ),
    max_size=40,
)
PHASES = st.builds(
    lambda gap, breach: with_policy(on_gap=gap, on_breach=breach),
    st.sampled_from(["pause", "restart"]),
    st.sampled_from(["pause", "restart"]),
)


def walk(phase: Phase, steps: list[tuple[float, Verdict, float | None]], *, restarts: bool = False) -> list[PhaseState]:
    """The state after every step; with `restarts` it is written down and taken up again each time."""
    at, state, states = 1000.0, begun(phase, 1000.0), []
    for passed, verdict, lag in steps:
        at += passed
        if restarts:
            state = STATE.validate_python(json.loads(STATE.dump_json(state)))
        state = watched(state, phase, standing(verdict, lag), at)
        states.append(state)
    return states


@given(PHASES, STEPS)
def test_soaked_time_never_grows_in_a_gap_or_in_a_breach(
    phase: Phase, steps: list[tuple[float, Verdict, float | None]]
) -> None:
    states = walk(phase, steps)

    before = begun(phase, 1000.0)
    for (passed, _, _), state in zip(steps, states, strict=True):
        grew = state.soaked_s - before.soaked_s
        if before.holds or not 0 < passed <= WATCH_GAP_S:
            assert grew <= 0
        else:
            assert grew == pytest.approx(passed)
        before = state


@given(PHASES, STEPS)
def test_all_time_is_soak_or_lost_or_thrown_away(
    phase: Phase, steps: list[tuple[float, Verdict, float | None]]
) -> None:
    states = walk(phase, steps)

    passed = sum(step[0] for step in steps if step[0] > 0)
    last = states[-1] if states else begun(phase, 1000.0)
    assert last.soaked_s + last.thrown_away_s + last.lost_s == pytest.approx(passed)


@settings(max_examples=50)
@given(PHASES, STEPS)
def test_a_restart_at_any_point_gives_the_same_clock(
    phase: Phase, steps: list[tuple[float, Verdict, float | None]]
) -> None:
    assert walk(phase, steps, restarts=True) == walk(phase, steps)


@given(PHASES, STEPS, st.lists(VERDICTS, min_size=1, max_size=3))
def test_what_is_true_for_no_time_at_all_does_not_matter(
    phase: Phase, steps: list[tuple[float, Verdict, float | None]], blinks: list[Verdict]
) -> None:
    blinking = [
        step
        for passed, verdict, lag in steps
        for step in [(passed, blinks[0], lag), *((0.0, blink, lag) for blink in blinks[1:]), (0.0, verdict, lag)]
    ]

    plain, blinked = walk(phase, steps), walk(phase, blinking)

    assert (plain[-1:] or [None])[0] == (blinked[-1:] or [None])[0]
