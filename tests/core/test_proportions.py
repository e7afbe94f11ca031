"""One proportion of counts is known as far as the counts say, at every look."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.core.proportions import ShareSeen, log_e, rate_interval, share_interval, share_seen

REFERENCES = [
    (0, 0, 0.05, 0.0),
    (1, 19, 0.05, -0.093937),
    (5, 40, 0.05, 0.148665),
    (10, 40, 0.05, 2.564788),
    (20, 95, 0.05, 6.576463),
    (12, 8, 0.5, -0.024339),
    (30, 8, 0.5, 1.612332),
]


@pytest.mark.parametrize(("canary", "baseline", "share", "expected"), REFERENCES)
def test_the_closed_form_has_its_reference_values(canary: int, baseline: int, share: float, expected: float) -> None:
    assert round(log_e(canary, baseline, share), 6) == pytest.approx(expected, abs=1e-12)


@given(st.integers(1, 12), st.floats(0.02, 0.98), st.floats(1, 300))
def test_the_mean_of_the_closed_form_is_one_when_the_share_is_true(events: int, share: float, strength: float) -> None:
    mean = sum(
        math.comb(events, x) * share**x * (1 - share) ** (events - x) * math.exp(log_e(x, events - x, share, strength))
        for x in range(events + 1)
    )

    assert mean == pytest.approx(1, rel=1e-9)


def test_one_bad_event_of_five_hundred_does_not_breach_a_tenth_of_a_per_cent() -> None:
    low, high = rate_interval(1, 500)

    assert low == pytest.approx(0.000014, rel=0.01)
    assert high == pytest.approx(0.0137, rel=0.01)
    assert low < 0.001 < high


def test_nothing_bad_leaves_the_lower_end_at_zero() -> None:
    low, high = rate_interval(0, 18_204)

    assert low == 0
    assert 3 / 18_204 < high < 10 / 18_204


def test_nothing_measured_says_nothing() -> None:
    assert rate_interval(0, 0) == (0, 1)


def test_no_interval_for_every_look_excludes_what_is_less_than_twenty_times_less_likely() -> None:
    def likelihood(rate: float) -> float:
        return rate * (1 - rate) ** 499

    best, of_one_look = likelihood(1 / 500), likelihood(0.00005)

    assert best / of_one_look == pytest.approx(15.1, abs=0.1)
    assert rate_interval(1, 500)[0] < 0.00005


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.sampled_from([0.05, 0.01, 1e-6]))
def test_the_interval_holds_the_rate_that_was_seen(bad: int, good: int, alpha: float) -> None:
    low, high = rate_interval(bad, bad + good, alpha)

    seen = bad / (bad + good) if bad + good else 0.5
    assert 0 <= low <= seen <= high <= 1


@given(st.integers(0, 500), st.integers(1, 5_000))
def test_one_more_bad_event_never_lowers_an_end(bad: int, good: int) -> None:
    before, after = rate_interval(bad, bad + good), rate_interval(bad + 1, bad + good)

    assert before[0] <= after[0]
    assert before[1] <= after[1] + 1e-12


def test_the_interval_is_right_at_all_of_a_thousand_looks_at_once() -> None:
    rng = random.Random(4)
    runs, rate, wrong = 200, 0.01, 0

    for _ in range(runs):
        bad = 0
        for look in range(1, 1001):
            bad += rng.random() < rate
            low, high = rate_interval(bad, look) if look % 20 == 0 else (0.0, 1.0)
            if not low <= rate <= high:
                wrong += 1
                break

    assert wrong <= 20, "5 % of 200 are 10; more than 20 would come once in a thousand times"


@pytest.mark.parametrize(
    ("canary", "total", "seen"),
    [
        (0, 0, ShareSeen.NOT_KNOWN),
        (9, 100, ShareSeen.NOT_KNOWN),
        (50_000, 1_000_000, ShareSeen.AS_PLANNED),
        (900, 10_000, ShareSeen.OFF),
        (0, 1_000, ShareSeen.OFF),
    ],
)
def test_the_share_of_the_traffic_is_off_near_or_not_known(canary: int, total: int, seen: ShareSeen) -> None:
    assert share_seen(canary, total, 0.05) is seen


def test_a_full_rollout_with_traffic_left_on_the_baseline_is_off() -> None:
    assert share_seen(800, 1_000, 1.0) is ShareSeen.OFF
    assert share_seen(1_000, 1_000, 1.0) is ShareSeen.AS_PLANNED


def test_users_whose_requests_go_together_prove_less() -> None:
    assert share_seen(700, 10_000, 0.05) is ShareSeen.OFF
    assert share_seen(700, 10_000, 0.05, clump=20) is ShareSeen.NOT_KNOWN


@given(st.integers(0, 1000), st.integers(1, 1000), st.floats(0.01, 1))
def test_the_share_interval_holds_the_share_that_was_seen(canary: int, other: int, planned: float) -> None:
    low, high = share_interval(canary, canary + other, planned)

    assert low <= canary / (canary + other) <= high


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: log_e(-1, 0, 0.5),
        lambda: log_e(1, 1, 0),
        lambda: log_e(1, 1, 0.5, 0),
        lambda: rate_interval(2, 1),
        lambda: rate_interval(0, math.inf),
        lambda: rate_interval(0, 1, 0),
        lambda: share_interval(2, 1, 0.5),
        lambda: share_interval(1, 2, 0),
        lambda: share_seen(1, 2, 0.5, tolerance=0),
        lambda: share_seen(1, 2, 0.5, clump=0.5),
    ],
)
def test_numbers_out_of_range_are_refused(wrong) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match="expected"):
        wrong()
