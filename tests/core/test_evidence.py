"""Evidence is never greater than it may be, and it never gets lost."""

import json
import math
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.core.evidence import Comparing, Comparison
from console.core.ratios import better, log_weight_left, log_weight_of_change, worse, worths
from tests.simulate.events import chances

Interval = tuple[float, float, float, float, float]

intervals = st.tuples(
    st.integers(0, 40),
    st.integers(0, 40),
    st.sampled_from([0, 1, 60, 500, 1200]),
    st.sampled_from([0, 1, 60, 1140, 1200]),
    st.sampled_from([1.0, 1.3, 5.0]),
).map(lambda counts: tuple(map(float, counts)))
histories = st.lists(intervals, max_size=12)


def after(history: list[Interval], comparison: Comparison | None = None) -> Comparison:
    comparison = comparison or Comparison()
    for interval in history:
        comparison = comparison.add(*interval)
    return comparison


def test_without_counts_there_is_no_evidence() -> None:
    begun = Comparison()

    assert begun.log_e_worse == pytest.approx(0, abs=1e-12)
    assert begun.log_e_late == pytest.approx(0, abs=1e-12)
    assert begun.log_e_not_worse == pytest.approx(0, abs=1e-12)
    assert begun.ratio is None
    assert begun.interval() is None
    assert not begun.is_worse
    assert not begun.is_not_worse


def log_means(before: Comparison, events: int, ratio: float, share: float) -> tuple[float, float]:
    """The log of the mean of both kinds of evidence over all outcomes of one more interval with that many events."""
    part = share * ratio / (share * ratio + 1 - share)
    worse_mean = not_worse_mean = 0.0
    for x in range(events + 1):
        chance = math.comb(events, x) * part**x * (1 - part) ** (events - x)
        seen = before.add(x, events - x, 1000 * share, 1000 * (1 - share))
        worse_mean += chance * math.exp(seen.log_e_worse)
        not_worse_mean += chance * math.exp(seen.log_e_not_worse)
    return math.log(worse_mean), math.log(not_worse_mean)


@given(histories, st.integers(0, 8), st.floats(0.02, 0.9), st.floats(0, 0.5), st.floats(1.05, 3))
@settings(max_examples=60)
def test_the_mean_of_the_evidence_over_all_outcomes_is_what_it_was_before(
    history: list[Interval], events: int, share: float, margin: float, not_worse_than: float
) -> None:
    asked = Comparing(margin=margin, not_worse_than=not_worse_than)
    before = after(history, Comparison(asked))

    is_worse, _ = log_means(before, events, 1 + margin, share)
    _, is_not_worse = log_means(before, events, not_worse_than, share)

    assert is_worse == pytest.approx(before.log_e_worse, abs=1e-6)
    assert is_not_worse == pytest.approx(before.log_e_not_worse, abs=1e-6)


@given(st.integers(1, 8), st.floats(0.02, 0.9), st.floats(0.1, 1))
def test_inside_the_claim_the_evidence_against_it_shrinks(events: int, share: float, part: float) -> None:
    asked = Comparing(margin=0.2, not_worse_than=1.5)

    is_worse, _ = log_means(Comparison(asked), events, 1.2 * part, share)
    _, is_not_worse = log_means(Comparison(asked), events, 1.5 / part, share)

    assert is_worse <= 1e-9
    assert is_not_worse <= 1e-9


@pytest.mark.parametrize("real_phi", [1.0, 2.0, 5.0])
@pytest.mark.parametrize("share", [0.05, 0.5])
@pytest.mark.parametrize("null", [1.0, 1.5])
def test_with_bursts_the_mean_is_one_for_their_dispersion_and_less_when_it_was_taken_too_high(
    real_phi: float, share: float, null: float
) -> None:
    logs = tuple(d for d, _ in (worse() if null == 1 else better(null)))
    at_null = share * null / (share * null + 1 - share)
    canary = chances(4 * at_null, real_phi, 250)
    baseline = chances(4 * (1 - at_null), real_phi, 250)

    for gain, loss in worths(logs, null, share, 5.0):
        mean = sum(p * math.exp(x * gain) for x, p in enumerate(canary)) * sum(
            p * math.exp(-y * loss) for y, p in enumerate(baseline)
        )

        if real_phi == 5:
            assert mean == pytest.approx(1, rel=1e-3)
        else:
            assert mean < 1


@given(histories, st.integers(1, 20), st.data())
def test_more_bad_events_on_the_canary_never_lower_the_alarm(
    history: list[Interval], more: int, data: st.DataObject
) -> None:
    if not history:
        return
    place = data.draw(st.integers(0, len(history) - 1))
    bad, *rest = history[place]
    hit = [*history[:place], (bad + more, *rest), *history[place + 1 :]]

    assert after(hit).log_e_worse >= after(history).log_e_worse - 1e-9  # type: ignore[arg-type]
    assert after(hit).log_e_not_worse <= after(history).log_e_not_worse + 1e-9  # type: ignore[arg-type]


@given(st.permutations([(1, 9, 60, 1140, 1), (0, 4, 60, 1140, 1), (7, 2, 600, 600, 2.0), (0, 0, 300, 900, 1)]))
def test_the_order_of_intervals_matters_to_the_late_evidence_alone(order: list[Interval]) -> None:
    one, other = after(order), after(sorted(order))

    assert one.log_e_from_start == pytest.approx(other.log_e_from_start)
    assert one.log_e_not_worse == pytest.approx(other.log_e_not_worse)
    assert one.interval() == pytest.approx(other.interval())
    assert one.ratio == pytest.approx(other.ratio)


@given(histories, st.integers(0, 12))
def test_it_goes_on_from_what_was_written_down_as_if_nothing_had_happened(history: list[Interval], stop: int) -> None:
    asked = Comparing(alpha=0.01, margin=0.1)
    first = after(history[:stop], Comparison(asked))

    again = Comparison.from_floats(asked, json.loads(json.dumps(first.as_floats(), allow_nan=False)))

    assert again == first
    assert after(history[stop:], again) == after(history[stop:], first)
    assert len(first.as_floats()) <= 100


@given(histories, st.floats(0, 1e9), st.floats(0, 1e9))
def test_an_interval_without_both_tracks_changes_nothing(history: list[Interval], bad: float, total: float) -> None:
    known = after(history)

    assert known.add(bad, 0, total, 0) == known
    assert known.add(0, bad, 0, total) == known


def test_phases_of_different_shares_make_one_comparison() -> None:
    phases = [(0.05, 6, 114), (0.25, 30, 90), (0.5, 60, 60)]

    known = Comparison()
    for share, canary, baseline in phases:
        for _ in range(10):
            known = known.add(2 * canary / 6, baseline / 6, 1200 * share, 1200 * (1 - share))

    assert known.ratio == pytest.approx(2)
    low, high = known.interval() or (0, 0)
    assert 1 < low < 2 < high
    assert known.is_worse


def test_a_change_of_the_common_rate_is_no_evidence() -> None:
    known = Comparison()
    for minute in range(60):
        rate = 10 if 20 <= minute < 30 else 1
        known = known.add(1 * rate, 19 * rate, 60, 1140)

    assert known.log_e_worse < 0.2
    assert known.ratio == pytest.approx(1)


def test_a_late_change_is_found_where_the_good_past_hides_it() -> None:
    known = Comparison()
    for _ in range(720):
        known = known.add(0.3, 5.7, 60, 1140)
    assert known.is_not_worse

    minutes = 0
    while not known.is_worse:
        known = known.add(0.9, 5.7, 60, 1140)
        minutes += 1

    assert minutes <= 30
    assert known.log_e_late > known.log_e_from_start


def test_once_proven_worse_it_stays_so() -> None:
    known = Comparison().add(40, 60, 60, 1140)
    assert known.is_worse

    chance = known.chance
    for _ in range(200):
        known = known.add(0, 60, 60, 1140)

    assert known.log_e_worse < 0
    assert known.is_worse
    assert known.chance == chance


def test_a_margin_that_is_allowed_is_no_alarm() -> None:
    strict, lenient = Comparison(), Comparison(Comparing(margin=0.5))
    for _ in range(500):
        strict = strict.add(1.3 * 3, 57, 600, 11_400)
        lenient = lenient.add(1.3 * 3, 57, 600, 11_400)

    assert strict.is_worse
    assert not lenient.is_worse


def test_counts_beyond_all_measure_overflow_nothing() -> None:
    known = Comparison().add(1e9, 1e9, 1e12, 1e12).add(0, 1e9, 1, 1e12, 1e6).add(1e9, 0, 1e12, 1, 3.0)

    assert all(map(math.isfinite, known.as_floats()))
    assert math.isfinite(known.log_e_worse)
    assert known.interval() is not None
    assert 0 <= known.chance <= 1


def test_the_weights_of_all_changes_add_up_to_one() -> None:
    for planned in (1, 60, 1440):
        seen = sum(math.exp(log_weight_of_change(look, planned)) for look in range(1, 5001))

        assert seen + math.exp(log_weight_left(5000, planned)) == pytest.approx(1 - 0.72)


def test_months_of_looks_leave_room_for_a_change_yet_to_come() -> None:
    written = Comparison().add(3, 57, 600, 11_400).as_floats()
    months = Comparison.from_floats(Comparing(), [10_000_000.0, *written[1:]])

    for _ in range(60):
        months = months.add(90, 570, 600, 11_400)

    assert months.is_worse


@pytest.mark.parametrize("ratio", [1 / 3, 0.9, 1.0, 1.7, 4.0, 9.0])
def test_the_interval_closes_in_on_the_ratio(ratio: float) -> None:
    few = Comparison().add(5 * ratio, 5, 1000, 1000)
    many = Comparison().add(500 * ratio, 500, 1000, 1000)

    low, high = many.interval() or (0, 0)
    few_low, few_high = few.interval() or (0, 0)
    assert few_low < low < ratio < high < few_high
    assert high / low < 2


def test_the_ends_of_the_interval_are_where_the_likelihood_says() -> None:
    x, y, share = 40, 20, 0.5
    known = Comparison().add(x, y, 100, 100)

    def log_likelihood(ratio: float) -> float:
        return x * math.log(ratio) - (x + y) * math.log(share * ratio + 1 - share)

    low, high = known.interval() or (0, 0)
    assert log_likelihood(low) == pytest.approx(log_likelihood(high), abs=0.01)


def test_ends_that_nothing_is_known_about_are_open() -> None:
    assert (Comparison().add(0, 1, 60, 1140).interval() or (1, 0))[0] == 0
    assert (Comparison().add(1, 0, 60, 1140).interval() or (1, 0))[1] == math.inf
    assert Comparison().add(1, 0, 60, 1140).ratio == math.inf


@given(histories, st.sampled_from([0.05, 0.0125]), st.sampled_from([0.0, 0.2]))
def test_the_interval_that_is_shown_never_contradicts_the_verdict(
    history: list[Interval], alpha: float, margin: float
) -> None:
    known = after(history, Comparison(Comparing(alpha=alpha, margin=margin)))

    between, allowed = known.within, 1 + margin
    if between is None:
        return
    low, high = between
    assert known.ratio is not None
    assert low <= known.ratio * (1 + 1e-6) or known.is_worse
    assert low <= high
    assert known.is_worse or low <= allowed, "not sure that it is worse: the interval holds what is allowed"
    assert not known.is_worse_throughout or low >= min(allowed, known.ratio), "sure: it holds nothing below"
    assert known.is_not_worse or high >= 1.5, "not sure that it is not 1.5x worse: the interval holds 1.5"
    assert not known.is_not_worse or high <= max(1.5, known.ratio)


def test_the_alarm_and_the_interval_agree_from_the_first_look_on_at_which_it_sounds() -> None:
    known = Comparison()
    while not known.is_worse:
        known = known.add(1, 7, 60, 1140)
        assert known.is_worse or (known.within or (9, 9))[0] <= 1
    raw, shown = known.interval() or (0, 0), known.within or (0, 0)

    assert raw[0] < 1 <= shown[0], "the alarm is one-sided and sure a little sooner"
    assert shown[1] == raw[1]


def test_a_part_of_alpha_makes_the_interval_wider() -> None:
    whole, quarter = (Comparison(Comparing(alpha=alpha)).add(12, 100, 600, 11_400) for alpha in (0.05, 0.0125))

    one, other = whole.interval() or (0, 0), quarter.interval() or (0, 0)
    assert other[0] < one[0] < one[1] < other[1]


@given(histories)
def test_the_interval_holds_the_ratio_that_was_seen(history: list[Interval]) -> None:
    known = after([(x, y, 60, 1140, phi) for x, y, *_, phi in history])

    between = known.interval()
    if between is not None:
        assert known.ratio is not None
        assert between[0] <= known.ratio * (1 + 1e-6)
        assert known.ratio <= between[1] * (1 + 1e-6) or known.ratio > 20


def test_the_time_to_proof_is_none_when_proven_and_endless_when_it_never_comes() -> None:
    fresh = Comparison()
    proven = fresh.add(100, 1900, 60, 1140)

    assert proven.is_not_worse
    assert proven.expected_time_s(1, 19) == 0
    assert fresh.expected_time_s(1, 0, bad_rate=0.01) == math.inf
    assert fresh.expected_time_s(0, 19, bad_rate=0.01) == math.inf
    assert fresh.expected_time_s(1, 19, bad_rate=0) == math.inf
    assert fresh.expected_time_s(1, 19) == math.inf


@given(st.floats(0.1, 100), st.floats(0.01, 0.5), st.floats(1, 10))
def test_the_time_to_proof_is_the_time_it_takes_at_exactly_these_rates(per_s: float, share: float, phi: float) -> None:
    known = Comparison().add(3, 57, 600, 11_400)
    canary, baseline, rate = per_s * share, per_s * (1 - share), 0.02

    wait = known.expected_time_s(canary, baseline, bad_rate=rate, phi=phi)

    def waited(time_s: float) -> Comparison:
        return known.add(time_s * canary * rate, time_s * baseline * rate, time_s * canary, time_s * baseline, phi)

    assert waited(wait * 1.001).is_not_worse
    assert not waited(wait * 0.999).is_not_worse


def test_more_traffic_on_the_canary_shortens_the_time_to_proof() -> None:
    waits = [Comparison().expected_time_s(20 * w, 20 * (1 - w), bad_rate=0.005) for w in (0.05, 0.1, 0.25, 0.5)]

    assert waits == sorted(waits, reverse=True)


@pytest.mark.parametrize("counts", [(-1, 0, 1, 1), (0, -1, 1, 1), (0, 0, -1, 1), (0, 0, 1, -1), (math.nan, 0, 1, 1)])
def test_counts_out_of_range_are_refused(counts: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="expected counts of 0 or more"):
        Comparison().add(*counts)


@pytest.mark.parametrize(
    "asked", [{"alpha": 0}, {"alpha": 1}, {"margin": -0.1}, {"not_worse_than": 1}, {"planned_looks": 0}]
)
def test_questions_out_of_range_are_refused(asked: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected"):
        Comparing(**asked)  # type: ignore[arg-type]


def test_a_dispersion_below_one_and_numbers_of_something_else_are_refused() -> None:
    with pytest.raises(ValueError, match="dispersion of 1 or more"):
        Comparison().add(1, 1, 1, 1, 0.5)
    for numbers in ([], [0.0] * 3, [math.nan] * 90):
        with pytest.raises(ValueError, match="numbers of a comparison"):
            Comparison.from_floats(Comparing(), numbers)


def test_a_greater_dispersion_makes_an_event_worth_less() -> None:
    for (few, many), null in product([(1.0, 2.0), (2.0, 8.0)], [1.0, 1.3]):
        logs = tuple(d for d, _ in worse())
        for (gain, loss), (less_gain, less_loss) in zip(
            worths(logs, null, 0.05, few), worths(logs, null, 0.05, many), strict=True
        ):
            assert 0 < less_gain < gain
            assert 0 < less_loss < loss
