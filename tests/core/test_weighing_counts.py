"""Which counts are evidence and which are left out: restarts, another canary or share, times not read."""

from hypothesis import given, settings
from hypothesis import strategies as st

from console.core.action_inputs import ActionEnded, ActionStarted
from console.core.inputs import Reading, SampleSkipped, SampleTaken, SessionOpened, SourceChanged, TimePassed, Unread
from console.core.rollout import Rollout
from console.core.state import State
from console.core.weighing import Counts, evidence_name
from console.core.words import Outcome, SourceState
from tests.core.evident import ANNA, FAILURES, START, Service, begun, fold, frame_of, rollout, seen
from tests.core.taken_up import taken_up, written


def again(state: State, spec: Rollout) -> State:
    """Write everything down and take it up, as another console would an hour later."""
    other = taken_up(state, state.at, documents=written(state), spec=spec)
    other.apply(SessionOpened(state.at, ANNA, "1", state.at))
    other.apply(SourceChanged(state.at, "app", SourceState.LIVE, parts={"canary": 1, "baseline": 1}))
    return other


def test_another_canary_begins_with_no_evidence_and_another_share_goes_on_with_it() -> None:
    state, service = begun(rollout(failures=FAILURES)), Service()
    fold(state, service.minutes(30, canary=0.03))

    state.apply(ActionStarted(service.at, "a1", "rollback", "rollback", "Roll back", ANNA, "bad", 0.0, None, ()))
    state.apply(ActionEnded(service.at, "a1", Outcome.DONE))
    rolled_back = seen(state)
    fold(state, service.minutes(5, canary=0.0, share=0.0))
    state.apply(ActionStarted(service.at, "a2", "advance", "advance", "Advance", ANNA, "", 50.0, 1, ()))
    state.apply(ActionEnded(service.at, "a2", Outcome.DONE))
    fold(state, service.minutes(2, canary=0.01, share=0.5))

    assert rolled_back.is_worse
    assert not seen(state).is_worse
    assert seen(state).samples == (2000, 2000)


def test_the_baseline_s_log_of_the_last_hours_tells_its_dispersion_before_the_first_comparison() -> None:
    spec, service = rollout(failures=FAILURES), Service()
    state, cold = begun(spec), begun(spec)
    lines = [
        one for one in service.minutes(60, canary=0.0, baseline=0.02, share=0.0) if not isinstance(one, TimePassed)
    ]

    fold(state, iter([*lines, TimePassed(service.at)]))
    cold.apply(TimePassed(START))

    learned, assumed = state.metrics["failures"].weighing, cold.metrics["failures"].weighing
    assert learned is not None
    assert assumed is not None
    assert assumed.dispersion.is_assumed
    assert not learned.dispersion.is_assumed
    assert learned.dispersion.phi < 1.5 < assumed.dispersion.phi


def test_counts_that_fell_are_left_out() -> None:
    assert Counts(1, 1, 5, 5).since(Counts(0, 0, 9, 9)) == Counts()
    assert Counts(1, 1, 5, 5).since(Counts(0, 1, 2, 3)) == Counts(1, 0, 3, 2)


@settings(max_examples=15)
@given(st.lists(st.integers(1, 40), max_size=4), st.sampled_from([0.01, 0.03]), st.integers(0, 1000))
def test_any_restart_gives_the_same_evidence_and_the_same_verdict(cuts: list[int], rate: float, seed: int) -> None:
    spec = rollout(failures=FAILURES)
    straight, broken = begun(spec), begun(spec)
    for minute, given_inputs in enumerate(zip(*(iter(list(Service(seed).minutes(40, canary=rate))),) * 3, strict=True)):
        if minute in cuts:
            broken = again(broken, spec)
        for one in given_inputs:
            straight.apply(one)
            broken.apply(one)

    assert seen(broken) == seen(straight)
    assert broken.verdict_of("failures") == straight.verdict_of("failures")


def test_a_restart_before_the_first_look_leaves_no_count_out() -> None:
    spec = rollout(failures=FAILURES)
    first, *rest = Service().minutes(2, canary=0.01)
    straight, broken = begun(spec), begun(spec)
    straight.apply(first)
    broken.apply(first)

    documents = broken.documents()
    broken = again(broken, spec)
    fold(straight, iter(rest))
    fold(broken, iter(rest))

    assert "evidence:failures" in documents, "also that nothing was weighed yet has to be known"
    assert seen(broken).samples == seen(straight).samples == (400, 3600)


def test_an_answer_that_counts_the_same_time_again_is_left_out() -> None:
    spec = rollout(errors={"query": "errors", "source": "db", "unit": "%", "evidence": {}})
    state = begun(spec)
    readings = (Reading("canary", 1.0, 200, 6), Reading("baseline", 1.0, 1800, 9))

    for second in range(0, 21, 3):  # a console that is started again and again asks at once
        state.apply(SampleTaken(START + second, evidence_name("errors"), readings, 0.1))
    state.apply(SampleTaken(START + 60, evidence_name("errors"), readings, 0.1))

    assert seen(state, "errors").samples == (400, 3600)


def test_a_proof_is_of_what_was_asked_and_begins_anew_when_the_file_asks_something_else() -> None:
    easy = rollout(failures=FAILURES | {"evidence": {"not_worse_than": 4}})
    hard = rollout(failures=FAILURES | {"evidence": {"not_worse_than": 1.2}})
    state, service = begun(easy), Service()
    fold(state, service.minutes(40, canary=0.015))

    harder = again(state, hard)
    at_once = seen(harder)
    fold(harder, service.minutes(1, canary=0.015))

    assert seen(state).is_not_worse
    assert not at_once.is_not_worse
    assert at_once.samples == (0, 0)
    assert sum(seen(harder).samples) == 2000


def test_traffic_that_fades_away_leaves_nothing_to_wait_for_and_breaks_nothing() -> None:
    state, service = begun(rollout(failures=FAILURES)), Service()
    fold(state, service.minutes(5, canary=0.01))

    fold(state, service.minutes(300, canary=0.0, share=0.0))

    assert seen(state).wait_s is None
    assert "failures" in frame_of(state).phase.outlook


def test_while_something_of_a_track_is_not_read_nothing_is_proven() -> None:
    state, service = begun(rollout(failures=FAILURES)), Service()
    state.apply(
        SourceChanged(
            START, "app", SourceState.LIVE, parts={"canary": 1}, unread=(Unread("shop-2", "canary", "no driver"),)
        )
    )

    fold(state, service.minutes(30, canary=0.03))
    partly = seen(state).samples
    state.apply(SourceChanged(service.at, "app", SourceState.LIVE, parts={"canary": 2}))
    fold(state, service.minutes(3, canary=0.03))

    assert partly == (0, 0)
    assert sum(seen(state).samples) == 3 * 2000


def test_what_came_under_the_share_before_does_not_count_as_the_share_after() -> None:
    state, service = begun(rollout(failures=FAILURES)), Service()
    fold(state, service.minutes(10, canary=0.01))
    fold(state, iter([one for one in service.minutes(1, canary=0.01) if not isinstance(one, TimePassed)]))

    state.apply(ActionStarted(service.at, "a1", "advance", "advance", "Advance", ANNA, "", 50.0, 1, ()))
    state.apply(ActionEnded(service.at, "a1", Outcome.DONE))
    fold(state, service.minutes(1, canary=0.01, share=0.5))

    weighing = state.metrics["failures"].weighing
    assert weighing is not None
    assert (weighing.traffic.canary, weighing.traffic.both) == (1000, 2000)
    assert sum(seen(state).samples) == 12 * 2000


def test_counts_that_were_not_taken_in_time_are_skipped_measurements_of_their_metric() -> None:
    state = State(rollout(failures=FAILURES), START)

    state.apply(SampleSkipped(START + 1, evidence_name("failures"), 2))
    state.apply(SampleSkipped(START + 2, "failures", 1))
    state.apply(SampleSkipped(START + 3, "a metric that is gone", 1))

    assert state.metrics["failures"].skipped == 3


def test_rows_that_had_to_settle_and_came_under_the_share_before_are_not_held_against_the_share_after() -> None:
    spec = rollout(errors={"query": "errors", "source": "db", "evidence": {"every": "10s", "settle": "30s"}})
    state = begun(spec)
    before = (Reading("canary", 1.0, 100, 1), Reading("baseline", 1.0, 900, 9))
    after = (Reading("canary", 1.0, 500, 5), Reading("baseline", 1.0, 500, 5))
    for second in range(0, 200, 10):
        state.apply(SampleTaken(START + second, evidence_name("errors"), before, 0.1))

    state.apply(ActionStarted(START + 195, "a1", "advance", "advance", "Advance", ANNA, "", 50.0, 1, ()))
    state.apply(ActionEnded(START + 195, "a1", Outcome.DONE))
    for second in range(200, 230, 10):  # these rows are of up to START + 195
        state.apply(SampleTaken(START + second, evidence_name("errors"), before, 0.1))
    state.apply(SampleTaken(START + 230, evidence_name("errors"), before, 0.1))  # of 190 to 200: of both shares
    state.apply(SampleTaken(START + 240, evidence_name("errors"), after, 0.1))

    weighing = state.metrics["errors"].weighing
    assert weighing is not None
    assert (weighing.traffic.canary, weighing.traffic.both) == (500, 1000)
