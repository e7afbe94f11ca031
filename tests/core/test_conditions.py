"""Conditions as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.core.conditions import ConditionError, are_disjoint, is_part_of, parse_condition, share_scale, split_pause


@pytest.mark.parametrize(
    ("text", "unit", "holds", "fails"),
    [
        ("> 95%", "%", 95.1, 95.0),
        ("<= 1 per 1000", "%", 0.1, 0.11),
        ("> 3s", "ms", 3001.0, 3000.0),
        ("< 2000", "ms", 1999.0, 2000.0),
        ("== 0", "", 0.0, 1.0),
        (">= 100", "", 100.0, 99.0),
        ("< 1%", "", 0.009, 0.01),
        ("> 15MB", "KB", 15001.0, 15000.0),
        ("> $100", "$", 101.0, 100.0),
        ("!= 3", "", 4.0, 3.0),
        (">1,000", "", 1001.0, 1000.0),
        ("< 1MiB", "KiB", 1023.0, 1024.0),
        ("500..2000ms", "s", 0.5, 0.499),
        ("500ms to 2s", "ms", 2000.0, 2000.1),
        ("between 1% and 5", "%", 5.0, 5.1),
        ("-5..5", "", -5.0, -5.1),
        ("outside 10..20", "", 9.9, 10.0),
        ("not between 10 and 20MB", "MB", 20.1, 20.0),
        ("$1,000 – $2,000", "$", 1000.0, 2001.0),
    ],
)
def test_a_fixed_condition_is_read_in_the_unit_of_its_metric(text: str, unit: str, holds: float, fails: float) -> None:
    condition = parse_condition(text, unit)

    assert condition.holds(holds) is True
    assert condition.holds(fails) is False


@pytest.mark.parametrize(
    ("text", "unit", "baseline", "limit"),
    [
        ("<= baseline", "%", 2.0, 2.0),
        ("< baseline + 10ms", "s", 1.0, 1.01),
        ("> baseline - 1%", "%", 5.0, 4.0),
        ("<= 1.05 * baseline", "", 100.0, 105.0),
        ("< 2x baseline", "", 3.0, 6.0),
        ("within 10% of baseline", "s", 2.0, 0.2),
        ("within 100ms of baseline", "s", 2.0, 0.1),
    ],
)
def test_a_relative_condition_takes_its_limit_from_the_baseline(
    text: str, unit: str, baseline: float, limit: float
) -> None:
    condition = parse_condition(text, unit)

    assert condition.limit(baseline) == pytest.approx(limit)
    assert condition.holds(1.0) is None, "without a baseline nobody knows"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "> ",
        "> many",
        "~ 5",
        "> 5 <",
        "5..1",
        "1..2..3",
        "between 1",
        "1 to many",
        "> 3 parsecs",
        "baseline",
        "< baseline + lots",
        "within 10 of",
    ],
)
def test_what_is_no_condition_is_refused_with_what_was_found(text: str) -> None:
    with pytest.raises(ConditionError) as refused:
        parse_condition(text, "s")

    assert "expected" in str(refused.value) or "cannot be compared" in str(refused.value)


def test_units_of_different_dimensions_do_not_compare() -> None:
    with pytest.raises(ConditionError, match="ms cannot be compared with a metric in %"):
        parse_condition("> 5ms", "%")


def test_a_fraction_is_scaled_to_the_unit_of_its_metric() -> None:
    assert share_scale("%") == pytest.approx(100)
    assert share_scale("per 1000") == pytest.approx(1000)
    assert share_scale("") == 1


def test_a_target_that_overlaps_a_warning_is_a_contradiction() -> None:
    assert are_disjoint(parse_condition("< 1%"), parse_condition("> 2%"))
    assert are_disjoint(parse_condition("<= 2"), parse_condition("> 2"))
    assert not are_disjoint(parse_condition("<= 2"), parse_condition(">= 2"))
    assert not are_disjoint(parse_condition("< 3%"), parse_condition("> 2%"))
    assert not are_disjoint(parse_condition("== 0"), parse_condition("< 5"))


def test_a_pause_criterion_is_a_metric_and_a_condition() -> None:
    assert split_pause("error_rate > 2%") == ("error_rate", "> 2%")
    with pytest.raises(ConditionError):
        split_pause("> 2%")


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_every_number_is_on_exactly_one_side_of_a_bound(value: float, bound: float) -> None:
    below, at_least = parse_condition(f"< {bound!r}"), parse_condition(f">= {bound!r}")

    assert below.holds(value) is not at_least.holds(value)


CONDITIONS = st.one_of(
    st.tuples(st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), st.integers(-3, 3)).map(
        lambda pair: f"{pair[0]} {pair[1]}"
    ),
    st.tuples(st.sampled_from(["between", "outside"]), st.integers(-3, 3), st.integers(0, 3)).map(
        lambda three: f"{three[0]} {three[1]} and {three[1] + three[2]}"
    ),
)
VALUES = [half / 2 for half in range(-16, 17)]
"""Every bound, a value between every two, and values beyond all of them."""


@given(one=CONDITIONS, other=CONDITIONS)
def test_conditions_are_disjoint_exactly_if_no_value_satisfies_both(one: str, other: str) -> None:
    first, second = parse_condition(one), parse_condition(other)

    assert are_disjoint(first, second) == (not any(first.holds(v) and second.holds(v) for v in VALUES))


@given(one=CONDITIONS, other=CONDITIONS)
def test_a_condition_is_part_of_another_only_if_every_value_that_satisfies_it_satisfies_the_other(
    one: str, other: str
) -> None:
    first, second = parse_condition(one), parse_condition(other)

    assert is_part_of(first, second) == all(second.holds(v) for v in VALUES if first.holds(v))


def test_conditions_that_take_the_same_part_of_the_baseline_compare() -> None:
    assert are_disjoint(parse_condition("< baseline + 5"), parse_condition("> baseline + 10"))
    assert not are_disjoint(parse_condition("< baseline + 10"), parse_condition("> baseline + 5"))
    assert are_disjoint(parse_condition("< baseline + 10"), parse_condition("> 5")), "nobody knows"
    assert not is_part_of(parse_condition("within 10% of baseline"), parse_condition("> 5"))


@pytest.mark.parametrize("text", ["< 0,1%", "< 1,5", "> 12,34", "<= 1 per 0"])
def test_a_decimal_comma_and_a_part_of_nothing_are_refused(text: str) -> None:
    with pytest.raises(ConditionError):
        parse_condition(text, "%")


def test_thousands_may_be_parted_by_commas() -> None:
    assert parse_condition("> 1,234,567").bound == 1_234_567
