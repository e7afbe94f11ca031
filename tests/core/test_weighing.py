"""The evidence of a metric in a session: counts in, a verdict and what is still to be proven out."""

import random
from collections.abc import Iterator

import pytest

from console.core import soak
from console.core.counts import Cell
from console.core.inputs import Input, Reading, SampleTaken, TimePassed
from console.core.judging import LEVELS
from console.core.proportions import ShareSeen, rate_interval
from console.core.proving import reshare
from console.core.quantiles import bin_of
from console.core.state import State
from console.core.verdict import Verdict
from console.core.weighing import FROZEN_AFTER, evidence_name, weighings
from tests.core.evident import FAILURES, START, Service, begun, fold, frame_of, rollout, seen


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
