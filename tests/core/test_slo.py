"""Burn rates and error budgets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.core.slo import DAY_S, HOUR_S, RULES, WINDOWS_S, Seen, Slots, burn_rate, burning, is_over, judged, spent
from console.core.verdict import Verdict

MONTH_S = 30 * DAY_S


def even(rate: float, covered_s: float = 3 * DAY_S, per_second: float = 10.0) -> dict[float, Seen]:
    """The same rate of bad requests in every window, as far as it was watched."""
    return {
        window: Seen(rate * per_second * seen_s, per_second * seen_s, seen_s)
        for window in WINDOWS_S
        for seen_s in (min(window, covered_s),)
    }


def test_the_factors_of_30_days_are_those_of_the_workbook() -> None:
    assert [rule.factor(MONTH_S) for rule in RULES] == pytest.approx([14.4, 6, 3, 1])
    assert [(rule.long_s / 60, rule.short_s / 60) for rule in RULES] == [(60, 5), (360, 30), (1440, 120), (4320, 360)]


def test_a_burn_rate_of_1_spends_the_budget_in_its_period() -> None:
    assert burn_rate(Seen(1, 1000, 60), 99.9) == pytest.approx(1)
    assert spent(1.0, 0.001, MONTH_S, 99.9, MONTH_S) == pytest.approx(1)


def test_a_phase_spends_its_share_of_the_traffic_times_its_rate_times_its_time() -> None:
    two_days_at_a_tenth = spent(0.10, 0.005, 2 * DAY_S, 99.9, MONTH_S)

    assert two_days_at_a_tenth == pytest.approx(0.10 * 5 * 2 / 30)


@pytest.mark.parametrize(
    ("rate", "verdict"),
    [
        (0.0005, Verdict.OK),
        (0.0011, Verdict.WARNING),
        (0.004, Verdict.WARNING),
        (0.0065, Verdict.CRITICAL),
        (0.02, Verdict.CRITICAL),
    ],
)
def test_the_worst_rule_that_fires_is_the_verdict(rate: float, verdict: Verdict) -> None:
    assert judged(burning(even(rate), 99.9, MONTH_S))[0] is verdict


def test_an_hour_that_was_bad_does_not_fire_when_the_last_minutes_are_good() -> None:
    seen = even(0.02) | {
        window: Seen(0, 3000, window) for window in WINDOWS_S if window <= 2 * HOUR_S and window != HOUR_S
    }

    found = burning(seen, 99.9, MONTH_S)

    assert found[0].is_firing is False


def test_five_bad_minutes_do_not_page_when_the_hour_is_good() -> None:
    seen = even(0.0) | {300.0: Seen(60, 3000, 300)}

    assert judged(burning(seen, 99.9, MONTH_S))[0] is Verdict.OK


def test_where_nothing_was_counted_nothing_is_known() -> None:
    verdict, reason = judged(burning({}, 99.9, MONTH_S))

    assert verdict is Verdict.UNKNOWN
    assert reason == "not enough was seen: unknown over 1h and unknown over 5m, page above 14.4x"


def test_a_window_that_was_seen_in_part_is_not_known_to_be_quiet() -> None:
    assert is_over(Seen(1, 1000, 600), HOUR_S, 99.9, 14.4) is None
    assert is_over(Seen(1, 1000, HOUR_S), HOUR_S, 99.9, 14.4) is False


def test_a_window_that_was_seen_in_part_burns_for_certain_if_the_rest_could_not_save_it() -> None:
    half = Seen(40, 1000, HOUR_S / 2)

    assert burn_rate(half, 99.9) == pytest.approx(40)
    assert is_over(half, HOUR_S, 99.9, 14.4) is True
    assert is_over(half, HOUR_S, 99.9, 20.1) is None


def test_the_first_bad_request_of_a_quiet_service_says_nothing() -> None:
    assert is_over(Seen(1, 3, HOUR_S), HOUR_S, 99.9, 14.4, least=100) is None


def test_tickets_that_cannot_be_judged_yet_are_named_and_do_not_hide_that_nothing_pages() -> None:
    verdict, reason = judged(burning(even(0.0005, covered_s=HOUR_S), 99.9, MONTH_S))

    assert verdict is Verdict.OK
    assert reason == "burns 0.5x over 1h; not yet known: 3x, 1x"


def test_a_query_says_nothing_of_windows_shorter_than_its_own() -> None:
    found = burning(even(0.02), 99.9, MONTH_S, least_window_s=HOUR_S)

    assert [one.factor for one in found] == pytest.approx([3, 1])


def test_answers_of_a_query_that_overlap_are_not_added_up() -> None:
    slots = Slots()
    for minute in range(0, 61):
        slots = slots.taken(60.0 * minute + 300, 300.0, 5, 500)

    seen = slots.seen(HOUR_S, 3900.0, 600.0)

    assert seen.total == pytest.approx(100 * 60, rel=0.02), "100 a minute, each counted once"
    assert seen.bad / seen.total == pytest.approx(0.01)


def test_answers_of_a_query_that_ceased_are_no_data() -> None:
    slots = Slots().taken(300.0, 300.0, 5, 500)

    assert slots.seen(300.0, 400.0, 600.0).total == 500
    assert slots.seen(300.0, 4000.0, 600.0).total == 0


def test_the_counts_of_a_query_are_kept_for_as_long_as_the_longest_window() -> None:
    slots = Slots()
    for number in range(5 * 288):
        slots = slots.taken(300.0 * (number + 1), 300.0, 1, 100)

    assert len(slots.counts) <= 3 * 24 * 60 + 5


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 3 * DAY_S))
def test_a_worse_rate_never_earns_a_better_verdict(one: float, other: float, covered_s: float) -> None:
    better, worse = sorted((one, other))

    found = [judged(burning(even(rate, covered_s), 99.9, MONTH_S))[0] for rate in (better, worse)]

    assert found[1].rank >= found[0].rank


@given(st.floats(0, 1), st.floats(0, 3 * DAY_S), st.floats(0, 3 * DAY_S))
def test_less_that_was_seen_never_earns_a_better_verdict_than_ok_for_all(rate: float, one: float, other: float) -> None:
    less, more = sorted((one, other))

    with_less, with_more = (judged(burning(even(rate, seen_s), 99.9, MONTH_S))[0] for seen_s in (less, more))

    if with_less in (Verdict.CRITICAL, Verdict.WARNING):
        assert with_more.rank >= with_less.rank, "what is certain on part of a window is certain on all of it"
