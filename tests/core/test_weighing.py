"""The evidence of a metric in a session: counts in, a verdict and what is still to be proven out."""

import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.core import soak
from console.core.counts import Cell, LinesCounted
from console.core.frame import EvidenceView, Frame, SessionView
from console.core.inputs import (
    ActionEnded,
    ActionStarted,
    Actor,
    Input,
    Reading,
    SampleSkipped,
    SampleTaken,
    SessionOpened,
    SourceChanged,
    TimePassed,
    Unread,
)
from console.core.judging import LEVELS
from console.core.memory import restore
from console.core.proportions import ShareSeen, rate_interval
from console.core.proving import reshare
from console.core.quantiles import bin_of
from console.core.rollout import Rollout
from console.core.state import State
from console.core.tally import LINES
from console.core.verdict import Verdict
from console.core.view import build_frame
from console.core.weighing import FROZEN_AFTER, Counts, evidence_name, weighings
from console.core.words import Outcome, SourceState

START = 1_795_219_200.0
ANNA = Actor("anna", "ops1", "pts/3")
EVENTS = {
    "failed": {"match": "failed"},
    "served": {"match": "served"},
    "took": {"match": "took (?P<ms>\\d+)", "number": "ms"},
}
FAILURES = {
    "events": {"of": "failed", "over": ["failed", "served"]},
    "window": "5m",
    "unit": "%",
    "evidence": {"alpha": 0.05, "traffic": True},
}


def rollout(**metrics: dict[str, object]) -> Rollout:
    """A rollout with these metrics at 10 % of traffic, after a phase without any."""
    return Rollout.model_validate(
        {
            "rollout": "shop",
            "title": "The new shop",
            "service": "shop",
            "tracks": {"canary": {"label": "track=canary"}, "baseline": {"label": "track=baseline"}},
            "sources": {"app": {"docker": {"service": "shop"}}, "db": {"postgres": "postgresql://db/shop"}},
            "events": EVENTS,
            "metrics": metrics,
            "phases": [
                {"name": "Canary 10%", "traffic": "10%", "soak": "24h", "advance": sorted(metrics)},
                {"name": "Half", "traffic": "50%"},
            ],
            "actions": {
                "rollback": {"key": "R", "title": "Roll back", "kind": "rollback", "steps": [{"run": ["true"]}]},
                "advance": {"key": "A", "title": "Advance", "kind": "advance"},
            },
        }
    )


class Service:
    """Both tracks of a service that writes its lines minute by minute."""

    def __init__(self, seed: int = 1) -> None:
        self._rng = random.Random(seed)
        self._upto = {"canary": -1, "baseline": -1}
        self.at = START

    def minutes(self, number: int, *, canary: float, baseline: float = 0.01, share: float = 0.1) -> Iterator[Input]:
        """Yield what comes in so many minutes of 2,000 requests each, with these rates of failures."""
        for _ in range(number):
            self.at += 60
            on_canary = round(2000 * share)
            yield self._lines("canary", on_canary, canary)
            yield self._lines("baseline", 2000 - on_canary, baseline)
            yield TimePassed(self.at)

    def _lines(self, track: str, requests: int, rate: float) -> LinesCounted:
        failed = sum(self._rng.random() < rate for _ in range(requests))
        second = int(self.at) - 30
        return self.counted(
            track, {Cell(second, track, "failed"): failed, Cell(second, track, "served"): requests - failed}
        )

    def counted(self, track: str, counts: dict[Cell, int]) -> LinesCounted:
        """Return lines with these counts."""
        after = self._upto[track]
        lines = sum(count for cell, count in counts.items() if cell.bin == 0)
        self._upto[track] = after + lines
        cells = {cell: count for cell, count in counts.items() if count} | {
            Cell(int(self.at) - 30, track, LINES): lines
        }
        return LinesCounted(self.at, "app", track, "stdout", "shop", track, after, after + lines, lines, 0, cells, {})


def begun(spec: Rollout) -> State:
    state = State(spec, START)
    state.apply(SourceChanged(START, "app", SourceState.LIVE, parts={"canary": 1, "baseline": 1}))
    return state


def fold(state: State, given: Iterator[Input]) -> State:
    for one in given:
        state.apply(one)
    return state


def frame_of(state: State) -> Frame:
    return build_frame(state, state.at, session=SessionView("s", START, is_read_only=False, held_by=""))


def seen(state: State, metric: str = "failures") -> EvidenceView:
    panel = next(panel for panel in frame_of(state).panels if panel.metric == metric)
    assert panel.evidence is not None
    return panel.evidence


def again(state: State, spec: Rollout) -> State:
    """Write everything down and take it up, as another console would an hour later."""
    taken_up = State(spec, state.at)
    state.changed |= {f"evidence:{name}" for name in spec.metrics} | {f"metric:{name}" for name in spec.metrics}
    restore(
        taken_up,
        documents=state.documents(),
        positions=state.positions,
        counts=state.rollup.packed(),
        totals=state.rollup.totals(),
        labels={},
        lines=state.lines,
        unclassified=state.unclassified,
    )
    taken_up.apply(SessionOpened(state.at, ANNA, "1", state.at))
    taken_up.apply(SourceChanged(state.at, "app", SourceState.LIVE, parts={"canary": 1, "baseline": 1}))
    return taken_up


def test_a_canary_that_is_proven_worse_is_a_warning_with_its_ratio_and_its_odds() -> None:
    state = fold(begun(rollout(failures=FAILURES)), Service().minutes(30, canary=0.03))

    judged, evidence = state.verdict_of("failures"), seen(state)
    assert judged.verdict is Verdict.WARNING
    assert judged.reason.startswith("3.0x the baseline's rate, sure (")
    assert evidence.line == f"{judged.reason}; 2.6x now", "what it is now stands beside what was proven over all"
    assert evidence.is_worse
    assert not evidence.is_not_worse
    assert evidence.ratio == pytest.approx(3, rel=0.3)
    assert evidence.interval is not None
    assert evidence.interval[0] < 3 < (evidence.interval[1] or 0)
    assert evidence.worse_share == 1.0


@pytest.mark.parametrize("worse", ["warning", "critical"])
def test_at_all_of_the_traffic_what_was_proven_is_history_and_no_verdict(worse: str) -> None:
    state = fold(begun(rollout(failures=FAILURES | {"evidence": {"worse": worse}})), Service().minutes(30, canary=0.03))
    proven = state.verdict_of("failures").verdict
    state.phase = soak.with_traffic(state.phase, 100.0)
    reshare(state, 100.0)

    state.apply(TimePassed(state.at + 1))

    judged, evidence = state.verdict_of("failures"), seen(state)
    assert proven is Verdict(worse.upper())
    assert judged.verdict not in LEVELS
    assert evidence.line.startswith("100 %: no baseline beside it; until then 3.0x the baseline's rate, sure (")
    assert evidence.brief == "no baseline now, it was worse"

    state.phase = soak.with_traffic(state.phase, 50.0)
    state.apply(TimePassed(state.at + 1))
    assert state.verdict_of("failures").verdict is proven


def test_at_all_of_the_traffic_nothing_is_known_of_a_metric_that_only_evidence_judges() -> None:
    bare = {key: said for key, said in FAILURES.items() if key not in ("target", "warning", "critical")}
    state = fold(begun(rollout(failures=bare)), Service().minutes(30, canary=0.01))
    assert state.verdict_of("failures").verdict is Verdict.OK

    state.phase = soak.with_traffic(state.phase, 100.0)
    state.apply(TimePassed(state.at + 1))

    judged = state.verdict_of("failures")
    assert (judged.verdict, judged.reason) == (Verdict.UNKNOWN, "no baseline beside it")


def test_the_file_says_how_bad_a_proven_regression_is() -> None:
    spec = rollout(failures=FAILURES | {"evidence": {"worse": "critical"}})

    assert fold(begun(spec), Service().minutes(30, canary=0.03)).verdict_of("failures").verdict is Verdict.CRITICAL


def test_a_canary_like_the_baseline_is_proven_so_and_the_time_to_it_is_said_before() -> None:
    state, service = begun(rollout(failures=FAILURES)), Service()

    early = seen(fold(state, service.minutes(3, canary=0.01)))
    late = seen(fold(state, service.minutes(200, canary=0.01)))

    assert (early.is_worse, early.is_not_worse) == (False, False)
    assert early.wait_s is not None
    assert 0 < early.wait_s < 200 * 60
    assert early.line.endswith("more to be sure it is not 1.5x worse")
    assert late.is_not_worse
    assert late.line == "not worse than 1.5x the baseline, sure"
    assert state.verdict_of("failures").verdict is Verdict.OK


def test_a_fault_that_both_tracks_share_is_the_weather() -> None:
    state, service = begun(rollout(failures=FAILURES)), Service()
    fold(state, service.minutes(30, canary=0.01))

    fold(state, service.minutes(10, canary=0.1, baseline=0.1))

    assert not seen(state).is_worse


def test_where_more_is_better_a_lower_rate_is_worse() -> None:
    coherence = {
        "events": {"of": "served", "over": ["failed", "served"]},
        "unit": "%",
        "target": "> 90%",
        "evidence": {},
    }
    state = fold(begun(rollout(coherence=coherence)), Service().minutes(30, canary=0.03))

    assert seen(state, "coherence").is_worse
    assert seen(state, "coherence").bad[0] == state.rollup.total("canary", "failed")


@pytest.mark.parametrize(
    ("conditions", "more_is_better"),
    [
        ({}, False),
        ({"target": "< 1%"}, False),
        ({"target": "== 0"}, False),
        ({"critical": "> 0"}, False),
        ({"target": "> 95%"}, True),
        ({"target": "== 100%"}, True),
        ({"critical": "!= 100%"}, True),
        ({"warning": "< 90%"}, True),
        ({"target": "1..5%", "warning": "> 5%"}, False),
        ({"target": "95..99%", "against_baseline": ">= baseline"}, True),
    ],
)
def test_which_way_is_better_is_what_the_conditions_say(conditions: dict[str, str], more_is_better: bool) -> None:
    spec = rollout(failures=FAILURES | conditions)

    assert State(spec, START).metrics["failures"].thresholds.is_more_better is more_is_better


def test_the_interval_of_a_rate_has_the_metric_s_part_of_alpha() -> None:
    alone, shared = rollout(a=FAILURES), rollout(a=FAILURES, b=FAILURES, c=FAILURES, d=FAILURES)

    one, other = (State(spec, START).metrics["a"].thresholds for spec in (alone, shared))

    assert one.interval(1, 500) == pytest.approx((0.0014, 1.4), rel=0.05)
    assert (one.alpha, other.alpha) == (0.05, 0.0125)
    assert other.interval(1, 500) == pytest.approx(tuple(100 * end for end in rate_interval(1, 500, 0.0125)))


def test_alpha_is_split_over_the_metrics_that_ask_for_evidence() -> None:
    both = weighings(rollout(failures=FAILURES, others=FAILURES, plain={"command": ["true"]}))

    assert {name: one.comparison.comparing.alpha for name, one in both.items()} == {"failures": 0.025, "others": 0.025}


def test_a_query_is_asked_for_the_evidence_under_a_name_of_its_own() -> None:
    spec = rollout(errors={"query": "errors", "source": "db", "unit": "%", "evidence": {}})
    state, rng = begun(spec), random.Random(2)
    for minute in range(1, 40):
        bad = [sum(rng.random() < rate for _ in range(number)) for rate, number in ((0.03, 200), (0.01, 1800))]
        readings = (Reading("canary", 1.0, 200, bad[0]), Reading("baseline", 1.0, 1800, bad[1]))
        state.apply(SampleTaken(START + 60 * minute, evidence_name("errors"), readings, 0.1))

    assert seen(state, "errors").is_worse
    assert seen(state, "errors").samples == (39 * 200, 39 * 1800)
    assert state.metrics["errors"].judged == {}


def test_latency_is_compared_by_what_lies_above_the_quantile_that_the_baseline_had() -> None:
    spec = rollout(p95={"quantile": {"of": "took", "q": 0.95}, "unit": "ms", "evidence": {}})
    state, service, rng = begun(spec), Service(), random.Random(3)

    def minute(slower: float) -> Iterator[Input]:
        service.at += 60
        for track, number, factor in (("canary", 200, slower), ("baseline", 1800, 1.0)):
            second = int(service.at) - 30
            cells = {Cell(second, track, "took"): number}
            for _ in range(number):
                cell = Cell(second, track, "took", bin_of(factor * rng.lognormvariate(5, 0.6)))
                cells[cell] = cells.get(cell, 0) + 1
            yield service.counted(track, cells)
        yield TimePassed(service.at)

    for _ in range(10):
        fold(state, minute(1.0))
    frozen, before = state.metrics["p95"].weighing, seen(state, "p95")
    for _ in range(30):
        fold(state, minute(1.3))
    after = seen(state, "p95")

    assert frozen is not None
    assert frozen.limit is not None
    assert sum(before.samples) >= 2000 - FROZEN_AFTER
    assert before.bad[1] / before.samples[1] == pytest.approx(0.05, rel=0.3)
    assert not before.is_worse
    assert after.is_worse
    assert state.metrics["p95"].weighing is not None
    assert state.metrics["p95"].weighing.limit == frozen.limit


def test_a_share_that_is_surely_not_the_planned_one_is_an_alert() -> None:
    state = fold(begun(rollout(failures=FAILURES)), Service().minutes(20, canary=0.01, share=0.2))

    assert (seen(state).share_seen, "not 10 %" in seen(state).share_line) == (ShareSeen.OFF, True)
    assert any("traffic share, by failures" in alert.text for alert in frame_of(state).alerts)
    state, service = begun(rollout(failures=FAILURES)), Service()
    few = seen(fold(state, service.minutes(1, canary=0.01)))
    assert few.share_seen is ShareSeen.NOT_KNOWN
    assert few.share_line.startswith("not yet known whether the canary gets 10 % of the traffic: ")
    many = seen(fold(state, service.minutes(30, canary=0.01)))
    assert many.share_seen is ShareSeen.AS_PLANNED
    assert many.share_line.endswith(" of the traffic: 10 %, as planned")
    assert not [alert for alert in frame_of(state).alerts if alert.text.startswith("traffic share")]


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


@settings(max_examples=15, deadline=None)
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

    taken_up = again(state, hard)
    at_once = seen(taken_up)
    fold(taken_up, service.minutes(1, canary=0.015))

    assert seen(state).is_not_worse
    assert not at_once.is_not_worse
    assert at_once.samples == (0, 0)
    assert sum(seen(taken_up).samples) == 2000


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
