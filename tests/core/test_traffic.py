"""The share of the traffic that is seen, against the one that is planned."""

import json
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.core.proportions import ShareSeen
from console.core.traffic import Traffic


def seen(share: float, minutes: int, *, together: int = 1, seed: int = 1, users: int = 300) -> Traffic:
    """Minutes in which users of `together` requests each go to the canary with a chance of `share`."""
    rng, traffic = random.Random(seed), Traffic()
    for _ in range(minutes):
        on_canary = together * sum(rng.random() < share for _ in range(users))
        traffic = traffic.take(on_canary, together * users - on_canary)
    return traffic


def verdict(traffic: Traffic, planned: float) -> ShareSeen:
    found = traffic.against(planned)
    assert found is not None
    return found[0]


def test_how_many_requests_go_together_is_learned_from_neighbouring_intervals() -> None:
    assert seen(0.1, 300).clump == pytest.approx(1, abs=0.35)
    assert seen(0.1, 300, together=20).clump == pytest.approx(20, rel=0.2)


def test_until_the_traffic_has_shown_it_five_are_assumed() -> None:
    assert Traffic().take(10, 90).clump == 5


def test_a_share_that_is_off_for_good_does_not_look_like_clumps() -> None:
    assert seen(0.4, 300).clump == pytest.approx(1, abs=0.35)


def test_users_with_many_requests_raise_no_alarm_and_a_share_that_is_off_still_does() -> None:
    soaks = [seen(0.1, minutes, together=50, users=30, seed=seed) for seed in range(30) for minutes in (20, 60)]
    one_by_one = [replace(traffic, spread=0.0, pairs=10_000) for traffic in soaks]

    alarms, careless = (sum(verdict(one, 0.1) is ShareSeen.OFF for one in kind) for kind in (soaks, one_by_one))

    assert alarms <= 2
    assert careless >= 8, "counted one by one they would"
    assert verdict(seen(0.3, 60, together=50, users=30), 0.1) is ShareSeen.OFF


def test_a_canary_that_gets_nothing_at_all_is_off() -> None:
    traffic = Traffic()
    for _ in range(10):
        traffic = traffic.take(0, 300)

    assert verdict(traffic, 0.05) is ShareSeen.OFF


@pytest.mark.parametrize("planned", [0.0, 1.0])
def test_there_is_nothing_to_hold_a_whole_against(planned: float) -> None:
    assert seen(0.1, 5).against(planned) is None
    assert Traffic().against(0.1) is None


def test_another_share_begins_anew_and_how_requests_clump_stays() -> None:
    before = seen(0.1, 60, together=20)

    after = before.reshared()

    assert (after.canary, after.both, after.clump) == (0, 0, before.clump)
    assert after.take(900, 100).pairs == before.pairs, "intervals of two shares are no neighbours"


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000)), max_size=8))
def test_what_is_written_down_is_taken_up_again_exactly(intervals: list[tuple[int, int]]) -> None:
    traffic = Traffic()
    for canary, baseline in intervals:
        traffic = traffic.take(canary, baseline)

    assert Traffic.from_numbers(json.loads(json.dumps(traffic.as_numbers()))) == traffic
    assert Traffic.from_numbers([traffic.canary, traffic.both]) == Traffic(traffic.canary, traffic.both)
