"""Bursts are told from single events, and neither drift nor an outage is taken for bursts."""

import json
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.core.dispersion import ASSUMED, Dispersion
from tests.simulate.events import BURSTS, draw


def after(counts: list[float], dispersion: Dispersion | None = None) -> Dispersion:
    dispersion = dispersion or Dispersion()
    for minute, bad in enumerate(counts):
        dispersion = dispersion.add(60.0 * minute + 30, bad, 1140)
    return dispersion


def test_before_anything_is_known_bursts_are_assumed() -> None:
    assert Dispersion().phi == ASSUMED
    assert Dispersion().is_assumed
    assert after([6.0] * 4).phi < ASSUMED


def test_events_that_come_one_by_one_have_a_dispersion_near_one() -> None:
    rng = random.Random(1)

    known = after([draw(rng, 5.7) for _ in range(600)])

    assert known.phi < 1.15
    assert not known.is_assumed


def test_bursts_of_three_have_a_dispersion_near_five() -> None:
    rng = random.Random(2)

    known = after([draw(rng, 5.7, BURSTS) for _ in range(1000)])

    assert known.phi == pytest.approx(5, rel=0.15)


def test_bursts_that_outlast_a_minute_are_seen() -> None:
    rng = random.Random(3)
    counts = [0.0] * 1010
    for minute in range(1000):
        for _ in range(draw(rng, 1)):
            for _ in range(6):
                counts[minute + rng.randrange(4)] += 1

    assert after(counts[:1000]).phi > 2.5


def test_a_rate_that_drifts_over_the_day_is_no_burst() -> None:
    rng = random.Random(4)

    known = after([draw(rng, round(20 * (1.5 + math.sin(minute / 229)))) for minute in range(1440)])

    assert known.phi < 1.2


def test_a_shared_outage_is_hardly_a_burst() -> None:
    rng = random.Random(5)

    known = after([draw(rng, 57 if 300 <= minute < 310 else 5.7) for minute in range(420)])

    assert known.phi < 2


def test_a_minute_without_traffic_has_no_neighbour() -> None:
    level = Dispersion().add(0, 5, 100).add(60, 0, 0).add(120, 500, 100).add(180, 500, 100).add(240, 500, 100)

    assert level.phi < ASSUMED


def test_a_clock_that_was_set_back_begins_again() -> None:
    known = Dispersion().add(6000, 5, 100).add(0, 500, 100).add(60, 500, 100).add(120, 500, 100)

    assert known.phi < ASSUMED


intervals = st.lists(
    st.tuples(st.floats(0, 1e6), st.integers(0, 10**9), st.integers(0, 10**9)).map(lambda t: (t[0], t[1], t[2])),
    max_size=30,
)


@given(intervals, st.integers(0, 30))
def test_it_goes_on_from_what_was_written_down_as_if_nothing_had_happened(
    taken: list[tuple[float, int, int]], stop: int
) -> None:
    through = restarted = Dispersion()

    for place, (at, bad, total) in enumerate(taken):
        if place == stop:
            restarted = Dispersion.from_floats(json.loads(json.dumps(restarted.as_floats())))
        through, restarted = through.add(at, bad, total), restarted.add(at, bad, total)

    assert restarted == through
    assert 1 <= through.phi < math.inf


@given(st.lists(st.integers(0, 50), min_size=3, max_size=30), st.integers(1, 5))
def test_how_often_a_minute_is_measured_does_not_matter(counts: list[int], parts: int) -> None:
    whole = cut = Dispersion()

    for minute, bad in enumerate(counts):
        whole = whole.add(60.0 * minute, bad * parts, 100 * parts)
        for part in range(parts):
            cut = cut.add(60.0 * minute + part, bad, 100)

    assert cut.phi == pytest.approx(whole.phi)


def test_numbers_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="expected"):
        Dispersion().add(0, -1, 10)
    with pytest.raises(ValueError, match="expected"):
        Dispersion.from_floats([1.0])
