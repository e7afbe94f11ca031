"""Quantiles are within 1 %, whatever the numbers."""

import math
import sys
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.core.quantiles import bin_of, quantile, value_of

TINY = sys.float_info.min
numbers = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-10_000, 10_000).map(float),
    st.floats(0.1, 100_000),
)


def is_within_a_hundredth(value: float, exact: float) -> bool:
    if abs(exact) < TINY:
        return value == 0
    return abs(value - exact) <= 0.01 * abs(exact)


@given(numbers)
def test_the_value_of_a_bucket_is_within_a_hundredth_of_every_number_in_it(number: float) -> None:
    assert is_within_a_hundredth(value_of(bin_of(number)), number)


@given(numbers)
def test_no_number_lands_in_the_bucket_of_the_event_itself(number: float) -> None:
    assert bin_of(number) != 0


@given(numbers, numbers)
def test_a_greater_number_never_has_a_lesser_bucket(one: float, other: float) -> None:
    low, high = sorted((one, other))

    assert bin_of(low) <= bin_of(high)


@given(numbers)
def test_a_negative_number_mirrors_the_positive_one(number: float) -> None:
    assert value_of(bin_of(-number)) == -value_of(bin_of(number))


@given(st.lists(numbers, min_size=1), st.floats(0, 1))
def test_a_quantile_is_within_a_hundredth_of_the_exact_one(measured: list[float], q: float) -> None:
    exact = sorted(measured)[math.floor(q * (len(measured) - 1))]

    estimate = quantile(Counter(map(bin_of, measured)), q)

    assert estimate is not None
    assert is_within_a_hundredth(estimate, exact)


@given(st.lists(numbers), st.lists(numbers), st.floats(0, 1))
def test_counts_of_two_windows_add_up_to_the_quantile_of_both(one: list[float], two: list[float], q: float) -> None:
    added = Counter(map(bin_of, one)) + Counter(map(bin_of, two))

    assert quantile(added, q) == quantile(Counter(map(bin_of, one + two)), q)


@pytest.mark.parametrize(
    "number", [0.0, -0.0, TINY, -TINY, 5e-324, 1e-300, sys.float_info.max, -sys.float_info.max, 1.0, 0.1, 1e15 + 0.5]
)
def test_extreme_numbers_have_buckets(number: float) -> None:
    assert is_within_a_hundredth(value_of(bin_of(number)), number)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_not_a_finite_number_has_no_bucket(number: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        bin_of(number)


@pytest.mark.parametrize("bucket", [0, 2, -1, 100_000, -100_000])
def test_a_bucket_that_no_number_has_is_refused(bucket: int) -> None:
    with pytest.raises(ValueError, match="bucket"):
        value_of(bucket)


def test_no_numbers_have_no_quantile() -> None:
    assert quantile({}, 0.5) is None
    assert quantile({0: 12}, 0.5) is None
    assert quantile({bin_of(3): 0}, 0.5) is None


def test_the_count_of_the_event_itself_is_no_number() -> None:
    assert quantile({0: 1_000_000, bin_of(100): 1}, 0.01) == pytest.approx(100, rel=0.01)


def test_the_lower_of_two_middle_numbers_is_the_median() -> None:
    assert quantile({bin_of(10): 1, bin_of(20): 1}, 0.5) == pytest.approx(10, rel=0.01)


@pytest.mark.parametrize("q", [-0.1, 1.1, math.nan])
def test_a_quantile_outside_nought_to_one_is_refused(q: float) -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        quantile({bin_of(1): 1}, q)
