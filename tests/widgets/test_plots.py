"""Plots made of block characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widgets.plots import bar, spark, tall_spark, thin

VALUES = st.lists(st.none() | st.floats(-1e6, 1e6), max_size=200)


def test_a_plot_rises_from_zero_to_its_highest_value() -> None:
    assert spark([0, 1, 2, 4, 8], 5) == "▁▁▂▄█"


def test_a_missing_value_is_a_gap_and_zero_is_not() -> None:
    assert spark([0, None, 0], 3) == "▁ ▁"


def test_a_value_that_is_no_number_is_a_gap() -> None:
    assert spark([1.0, float("nan"), 2.0], 3) == "▄ █"


def test_the_newest_value_is_at_the_right_edge() -> None:
    assert spark([1, 2], 5) == "   ▄█"


def test_peaks_survive_when_there_are_more_values_than_columns() -> None:
    values: list[float | None] = [0.0] * 100
    values[41] = 9.0

    assert 9.0 in thin(values, 10)
    assert "█" in spark(values, 10)


def test_a_constant_curve_is_drawn_at_half_height() -> None:
    assert spark([7.0, 7.0, 7.0], 3) == "▄▄▄"


def test_a_tall_plot_uses_all_of_its_rows() -> None:
    assert tall_spark([0, 4, 8], 3, 2) == ["  █", "▁██"]


@given(VALUES, st.integers(0, 80), st.integers(1, 3))
def test_a_plot_always_has_its_size(values: list[float | None], width: int, height: int) -> None:
    rows = tall_spark(values, width, height)

    assert [len(row) for row in rows] == [width] * height


@given(st.floats(0, 1), st.integers(0, 40))
def test_a_bar_always_has_its_length(share: float, width: int) -> None:
    filled, empty = bar(share, width)

    assert len(filled) + len(empty) == width


@pytest.mark.parametrize(("share", "filled"), [(0.0, ""), (0.001, "▏"), (0.5, "██"), (0.999, "███▉"), (1.0, "████")])
def test_a_bar_is_full_only_when_it_is_over(share: float, filled: str) -> None:
    assert bar(share, 4)[0] == filled


def test_a_bar_never_overflows() -> None:
    assert bar(7.0, 4) == ("████", "")
