"""How fast samples come."""

import pytest

from console.core.pace import Pace


def test_the_time_to_enough_samples_follows_from_the_present_rate() -> None:
    pace = Pace.of(0, 100).seen(60, 160)

    assert pace.seconds_to(400) == pytest.approx(240)


def test_nobody_knows_when_samples_that_do_not_come_will_be_enough() -> None:
    pace = Pace.of(0, 100).seen(600, 100)

    assert pace.seconds_to(101) is None
    assert pace.seconds_to(100) == 0


def test_the_rate_is_that_of_the_last_minutes_and_not_of_the_whole_time() -> None:
    pace = Pace.of(0, 0)
    for at in range(10, 3600, 10):
        pace = pace.seen(at, at * 10 if at < 1800 else 18_000 + (at - 1800))

    assert pace.seconds_to(pace.last.samples + 600) == pytest.approx(600)


def test_samples_that_became_fewer_begin_the_rate_again() -> None:
    pace = Pace.of(0, 500).seen(60, 900).seen(70, 3)

    assert pace.seconds_to(10) is None
