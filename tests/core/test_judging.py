"""Measurements into verdicts."""

from dataclasses import replace

import pytest

from console.core.judging import Judged, Measured, aged, failed, observe, pending, shifted
from console.core.rollout import Metric, NoData
from console.core.shown import shown_value
from console.core.thresholds import Thresholds
from console.core.verdict import Verdict


def thresholds(**keys: object) -> Thresholds:
    """Thresholds of an error rate, with other keys on top."""
    given_keys = {
        "command": ["true"],
        "unit": "%",
        "every": "10s",
        "target": "< 1%",
        "warning": "> 2%",
        "critical": "> 5%",
        "stale_after": "60s",
    } | keys
    return Thresholds.of(Metric.model_validate({key: value for key, value in given_keys.items() if value is not None}))


def judge(limits: Thresholds, *measured: tuple[float, float | None], samples: int | None = None) -> Judged:
    """Judge a series of (time, value)."""
    judged = Judged()
    for at, value in measured:
        judged = observe(limits, judged, Measured(at, value, samples))
    return judged


@pytest.mark.parametrize(
    ("value", "verdict"),
    [(0.5, Verdict.OK), (1.5, Verdict.OFF_TARGET), (2.5, Verdict.WARNING), (5.5, Verdict.CRITICAL)],
)
def test_a_value_gets_the_verdict_of_the_worst_condition_it_meets(value: float, verdict: Verdict) -> None:
    assert judge(thresholds(), (0, value)).verdict is verdict


def test_a_breach_counts_only_when_it_has_held_for_as_long_as_for_asks() -> None:
    limits = thresholds(**{"for": "5m"})

    almost = judge(limits, *[(at, 6.0) for at in range(0, 300, 30)])
    fired = observe(limits, almost, Measured(300, 6.0))

    assert almost.verdict is Verdict.OFF_TARGET
    assert pending(almost) == (Verdict.CRITICAL, 0)
    assert fired.verdict is Verdict.CRITICAL
    assert fired.since == 300
    assert pending(fired) is None


def test_a_condition_that_blinks_starts_its_run_again() -> None:
    limits = thresholds(**{"for": "60s"})

    judged = judge(limits, (0, 6.0), (30, 0.5), (50, 6.0), (90, 6.0))

    assert judged.verdict is Verdict.OFF_TARGET
    assert pending(judged) == (Verdict.CRITICAL, 50)


def test_a_gap_in_measuring_starts_a_pending_run_again() -> None:
    limits = thresholds(**{"for": "90s"})

    judged = judge(limits, (0, 6.0), (30, 6.0), (100, 6.0))

    assert pending(judged) == (Verdict.CRITICAL, 100)


def test_keep_for_holds_a_verdict_after_its_condition_ended() -> None:
    limits = thresholds(keep_for="2m")

    held = judge(limits, (0, 6.0), (30, 0.5), (60, 0.5))
    again = observe(limits, held, Measured(90, 6.0))
    released = judge(limits, (0, 6.0), (30, 0.5), (60, 0.5), (100, 0.5), (150, 0.5))

    assert held.verdict is Verdict.CRITICAL
    assert "ended" in held.reason
    assert again.critical.cleared is None
    assert released.verdict is Verdict.OK


def test_a_pending_condition_is_not_kept() -> None:
    limits = thresholds(**{"for": "60s", "keep_for": "10m"})

    assert judge(limits, (0, 6.0), (30, 0.5)).verdict is Verdict.OK


def test_too_few_samples_are_unknown_and_say_how_many() -> None:
    limits = thresholds(min_samples=100)

    judged = judge(limits, (0, 50.0), samples=12)

    assert judged.verdict is Verdict.UNKNOWN
    assert judged.reason == "12 of 100 samples"
    assert shown_value(limits, judged) == "12/100 samples"


def test_nothing_of_nothing_is_unknown() -> None:
    limits = thresholds(target="== 0", warning=None, critical="> 0", unit="")

    judged = judge(limits, (0, 0.0), samples=0)

    assert judged.verdict is Verdict.UNKNOWN
    assert shown_value(limits, judged) == "0 of 0"


def test_one_hit_breaches_a_zero_tolerance_however_few_the_samples() -> None:
    limits = thresholds(target="== 0", warning=None, critical="> 0", unit="", min_samples=1000)

    assert judge(limits, (0, 1.0), samples=3).verdict is Verdict.CRITICAL
    assert judge(limits, (0, 0.0), samples=3).verdict is Verdict.UNKNOWN


def test_no_hit_in_many_samples_says_how_sure_that_is() -> None:
    limits = thresholds(target="== 0", warning=None, critical="> 0", unit="")

    assert shown_value(limits, judge(limits, (0, 0.0), samples=18204)) == "0 of 18,204 (< 0.016 %)"


def test_missing_data_never_resolves_a_verdict_that_stands() -> None:
    limits = thresholds()

    lost = judge(limits, (0, 6.0), (10, None))
    broken = failed(limits, lost, 20, "connection refused")
    old = aged(limits, judge(limits, (0, 6.0)), 500)

    for judged in (lost, broken, old):
        assert judged.verdict is Verdict.CRITICAL
        assert "was > 5%" in judged.reason


def test_a_failed_measurement_is_broken_and_an_old_one_unknown() -> None:
    limits = thresholds()
    good = judge(limits, (0, 0.5))

    assert failed(limits, good, 10, "timeout after 5s").verdict is Verdict.BROKEN
    assert aged(limits, good, 60).verdict is Verdict.OK
    assert aged(limits, good, 61).verdict is Verdict.UNKNOWN


def test_the_baseline_is_asked_only_where_one_runs() -> None:
    limits = thresholds(against_baseline="<= baseline")

    worse = observe(limits, Judged(), Measured(0, 0.8, baseline=0.5, expects_baseline=True))
    alone = observe(limits, Judged(), Measured(0, 0.8, expects_baseline=False))
    blind = observe(limits, Judged(), Measured(0, 0.8, baseline=None, expects_baseline=True))

    assert (worse.verdict, worse.reason) == (Verdict.OFF_TARGET, "not <= baseline (0.5)")
    assert alone.verdict is Verdict.OK
    assert blind.verdict is Verdict.UNKNOWN


def test_a_missing_baseline_clears_nothing() -> None:
    limits = thresholds(critical="> 2x baseline", warning=None, target=None)
    bad = observe(limits, Judged(), Measured(0, 9.0, baseline=1.0, expects_baseline=True))

    blind = observe(limits, bad, Measured(10, 9.0, baseline=None, expects_baseline=True))

    assert bad.verdict is Verdict.CRITICAL
    assert blind.verdict is Verdict.CRITICAL


def test_a_pause_of_the_console_keeps_what_was_held() -> None:
    limits = thresholds(**{"for": "5m"})
    before = judge(limits, *[(at, 6.0) for at in range(0, 270, 30)])

    taken_up = shifted(before, 86_400)
    almost = observe(limits, taken_up, Measured(86_400 + 290, 6.0))
    fired = observe(limits, almost, Measured(86_400 + 300, 6.0))

    assert almost.verdict is Verdict.OFF_TARGET
    assert fired.verdict is Verdict.CRITICAL


def test_an_error_is_forgotten_when_measuring_works_again() -> None:
    limits = thresholds()

    judged = observe(limits, failed(limits, Judged(), 0, "refused"), Measured(10, 0.5))

    assert judged == replace(judged, error="", verdict=Verdict.OK)


def test_three_of_the_last_five_are_needed_where_the_file_says_so() -> None:
    limits = thresholds(breaches="3 of last 5")

    twice = judge(limits, (0, 6.0), (10, 0.5), (20, 6.0))
    thrice = observe(limits, twice, Measured(30, 6.0))

    assert (twice.verdict, twice.reason) == (Verdict.OFF_TARGET, "not < 1%")
    assert (thrice.verdict, thrice.reason) == (Verdict.CRITICAL, "> 5% in 3 of the last 4")


def test_no_data_may_hold_a_verdict_for_as_long_as_a_value_counts() -> None:
    limits = thresholds(no_data="hold")
    good = judge(limits, (0, 0.5))

    held = observe(limits, good, Measured(30, None))
    still = observe(limits, held, Measured(89, None))
    lost = observe(limits, still, Measured(91, None))
    back = observe(limits, held, Measured(40, 0.5))

    assert (held.verdict, held.reason, held.held_since) == (Verdict.OK, "no data, held: < 1%", 30)
    assert (still.verdict, still.reason, still.since) == (Verdict.OK, held.reason, good.since)
    assert (lost.verdict, lost.held_since) == (Verdict.UNKNOWN, None)
    assert (back.reason, back.held_since) == ("< 1%", None)


def test_no_data_may_be_bad_for_as_long_as_for_asks() -> None:
    limits = thresholds(no_data="bad", **{"for": "60s"})
    silent = judge(limits, (0, 0.5), (10, None))

    almost = observe(limits, silent, Measured(60, None))
    gone = observe(limits, almost, Measured(70, None))
    back = observe(limits, gone, Measured(80, 0.5))

    assert (almost.verdict, almost.reason) == (
        Verdict.UNKNOWN,
        "no data, which counts as bad, not yet for long enough",
    )
    assert (gone.verdict, gone.reason) == (Verdict.CRITICAL, "no data, which counts as bad")
    assert back.verdict is Verdict.OK


def test_measuring_may_fail_a_few_times_before_the_metric_is_broken() -> None:
    limits = thresholds(broken_after=3)
    good = judge(limits, (0, 0.5))

    twice = failed(limits, failed(limits, good, 10, "timeout"), 20, "timeout")
    thrice = failed(limits, twice, 30, "timeout")
    between = failed(limits, observe(limits, twice, Measured(25, 0.5)), 30, "timeout")

    assert (twice.verdict, twice.error, twice.errors) == (Verdict.OK, "timeout", 2)
    assert thrice.verdict is Verdict.BROKEN
    assert (between.verdict, between.errors) == (Verdict.OK, 1)
    assert aged(limits, twice, 500).verdict is Verdict.UNKNOWN


def sure(**keys: object) -> Thresholds:
    return thresholds(query="error_rate", source="db", command=None, evidence={"alpha": 0.05}, **keys)


def counted(limits: Thresholds, bad: int, samples: int, before: Judged | None = None, at: float = 0.0) -> Judged:
    return observe(limits, before or Judged(), Measured(at, 100 * bad / samples, samples, bad))


def test_a_rate_is_off_target_only_when_all_that_it_may_be_is() -> None:
    limits = sure(target="< 0.1%", warning=None, critical=None)

    few, clean, many = counted(limits, 1, 500), counted(limits, 0, 500), counted(limits, 1, 50_000)

    assert few.verdict is Verdict.UNKNOWN
    assert few.reason.startswith("not yet known: 0.0")
    assert few.reason.endswith("–1.37 %")
    assert clean.verdict is Verdict.OK
    assert clean.reason.startswith("< 0.1%, not yet sure: 0–0.")
    assert (many.verdict, many.reason) == (Verdict.OK, "< 0.1%")
    assert counted(limits, 500, 50_000).verdict is Verdict.OFF_TARGET


def test_a_rate_breaches_only_when_its_target_is_surely_missed_and_stands_until_the_value_is_none() -> None:
    limits = sure()

    unsure = counted(limits, 4, 60)
    proven = counted(limits, 24, 400)
    lower = counted(limits, 21, 400, proven, 10)
    over = counted(limits, 19, 400, proven, 10)

    assert unsure.verdict is Verdict.UNKNOWN
    assert (proven.verdict, lower.verdict, over.verdict) == (Verdict.CRITICAL, Verdict.CRITICAL, Verdict.WARNING)


def test_without_a_target_the_threshold_itself_must_be_sure() -> None:
    limits = sure(target=None)

    assert counted(limits, 24, 400).verdict is Verdict.WARNING
    assert counted(limits, 9, 400).verdict is Verdict.UNKNOWN
    assert counted(limits, 100, 1000).verdict is Verdict.CRITICAL


def test_what_is_held_is_not_ended_by_missing_data_that_counts_as_bad() -> None:
    limits = thresholds(breaches="2 of 2", no_data=NoData.BAD, keep_for="1m")
    held = Judged()
    for at, value in ((0, 9.0), (60, 9.0), (120, 0.0)):
        held = observe(limits, held, Measured(at, value))

    gone = observe(limits, held, Measured(181, None))
    over = observe(limits, gone, Measured(241, 0.0))

    assert (held.verdict, gone.verdict, over.verdict) == (Verdict.CRITICAL, Verdict.CRITICAL, Verdict.OK)


@pytest.mark.parametrize(
    ("samples", "said"), [(4, "0 of 4"), (30, "0 of 30"), (31, "0 of 31 (< 9.68 %)"), (300, "0 of 300 (< 1 %)")]
)
def test_a_bound_is_shown_only_where_it_says_something(samples: int, said: str) -> None:
    limits = thresholds(target="== 0", warning=None, critical="> 0", unit="")

    assert shown_value(limits, judge(limits, (0, 0.0), samples=samples)) == said


def test_at_all_of_the_traffic_a_comparison_with_the_baseline_says_nothing_more() -> None:
    alone = thresholds(target="<= baseline", warning=None, critical="> 2x baseline", keep_for="1m")
    bad = observe(alone, Judged(), Measured(0, 9.0, baseline=1.0, expects_baseline=True))

    kept = observe(alone, bad, Measured(10, 0.5, is_alone=True))
    over = observe(alone, kept, Measured(80, 0.5, is_alone=True))

    assert (bad.verdict, kept.verdict) == (Verdict.CRITICAL, Verdict.CRITICAL)
    assert (over.verdict, over.reason) == (Verdict.UNKNOWN, "no baseline beside it")


def test_only_a_target_of_nothing_is_zero_tolerance() -> None:
    some = thresholds(target="> 0", warning=None, critical=None, unit="", min_samples=100)

    assert judge(some, (0, 1.0), samples=3).verdict is Verdict.UNKNOWN
