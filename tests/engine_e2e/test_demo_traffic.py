"""The traffic of the demo: realistic where it is healthy, and bad in the way each scenario says."""

import math
from collections import defaultdict

import pytest

from console.demo.traffic import RAMP_S, Traffic, mood
from console.demo.world import ONSET_S, OUTAGE_S, TRACKS, Batch, Call, Mood, Scenario, World
from console.demo.worlds import ROLLOUTS, scenario_of, world_of

BEGAN = 1_795_219_200.0
AFTER_ONSET_S = ONSET_S + RAMP_S
STATELESS, FSM = "stateless-orchestration", "fsm-checkpoint"


def traffic_of(
    rollout: str,
    track: str,
    scenario: str,
    *,
    since_s: float = 0.0,
    until_s: float = 60.0,
    rate: float = 400.0,
    share: float = 50.0,
) -> Batch:
    traffic = Traffic(world_of(rollout), track, scenario, seed=7)
    return traffic.between(BEGAN + since_s, BEGAN + until_s, began=BEGAN, rate=rate, share=share)


def mood_in(rollout: str, track: str, scenario: str, elapsed_s: float) -> Mood:
    world = world_of(rollout)
    return mood(world, track, scenario_of(world, scenario), elapsed_s)


def error_share(batch: Batch) -> float:
    return sum(row["error_message"] is not None for _, row in batch.rows) / len(batch.rows)


def p95_s(batch: Batch) -> float:
    durations = sorted(row["updated_at"] - row["created_at"] for _, row in batch.rows)
    return durations[math.ceil(0.95 * len(durations)) - 1]


def share_of_lines(batch: Batch, bad: str, good: str) -> float:
    bad_lines = sum(bad in line for line in batch.lines)
    return bad_lines / (bad_lines + sum(good in line for line in batch.lines))


def users_by_session(batch: Batch) -> dict[str, set[str]]:
    users = defaultdict(set)
    for _, row in batch.rows:
        users[row["session_id"]].add(row["user_id"])
    return users


def test_the_same_seed_gives_the_same_traffic() -> None:
    first, second = (traffic_of(FSM, "canary", "regression") for _ in range(2))

    assert first == second


def test_requests_come_at_the_rate_asked_for() -> None:
    batch = traffic_of(STATELESS, "canary", "healthy", until_s=100, rate=120, share=10)

    assert abs(len(batch.rows) - 1200) < 5 * math.sqrt(1200)
    assert all(BEGAN <= row["updated_at"] <= BEGAN + 100 for _, row in batch.rows)


def test_a_track_without_a_share_is_silent() -> None:
    assert traffic_of(STATELESS, "canary", "regression", share=0) == Batch()


def test_a_session_belongs_to_one_track_until_the_shares_change() -> None:
    canary, baseline = (
        set(users_by_session(traffic_of(STATELESS, track, "healthy", share=share)))
        for track, share in (("canary", 10), ("baseline", 90))
    )

    assert not canary & baseline
    assert len(canary) == pytest.approx(0.1 * World.session_count, rel=0.05)
    assert canary <= set(users_by_session(traffic_of(STATELESS, "canary", "healthy", share=25)))


@pytest.mark.parametrize("track", TRACKS)
def test_healthy_requests_meet_the_targets_of_the_document(track: str) -> None:
    batch = traffic_of(STATELESS, track, "healthy")

    assert error_share(batch) < 0.01
    assert p95_s(batch) < 2
    assert all(len(users) == 1 for users in users_by_session(batch).values())


@pytest.mark.parametrize("track", TRACKS)
def test_healthy_conversations_meet_the_targets_of_the_document(track: str) -> None:
    batch = traffic_of(FSM, track, "healthy")

    assert share_of_lines(batch, "FSM transition rejected", "FSM transition: ") < 0.001
    assert share_of_lines(batch, "validation: INCOHERENT", "validation: COHERENT") < 0.02
    assert share_of_lines(batch, " DENIED", " ALLOWED") < 0.02
    assert sum("3-day rule violation" in line for line in batch.lines) < 0.01 * len(batch.rows)
    assert not any("deserialization" in line or "divergence" in line for line in batch.lines)


def test_a_healthy_canary_is_no_worse_than_the_baseline() -> None:
    for rollout in (STATELESS, FSM):
        canary, baseline = (mood_in(rollout, track, "healthy", 0) for track in ("canary", "baseline"))

        assert canary["failed"] <= baseline["failed"]
        assert canary["median_ms"] <= 1.1 * baseline["median_ms"]


def test_a_regression_is_critical_on_the_canary_alone() -> None:
    canary, baseline = (
        traffic_of(STATELESS, track, "regression", since_s=AFTER_ONSET_S, until_s=90) for track in TRACKS
    )

    assert error_share(canary) > 0.05
    assert p95_s(canary) > 5
    assert error_share(baseline) < 0.01
    assert p95_s(baseline) < 2


def test_a_regression_of_conversations_is_rejections_incoherence_and_latency() -> None:
    batch = traffic_of(FSM, "canary", "regression", since_s=AFTER_ONSET_S, until_s=90)

    assert share_of_lines(batch, "FSM transition rejected", "FSM transition: ") > 0.03
    assert share_of_lines(batch, "validation: INCOHERENT", "validation: COHERENT") > 0.04
    assert p95_s(batch) > 0.8


@pytest.mark.parametrize("rollout", ROLLOUTS)
def test_nothing_is_wrong_before_the_onset(rollout: str) -> None:
    for name, scenario in world_of(rollout).all_scenarios().items():
        for track in TRACKS:
            assert mood_in(rollout, track, name, scenario.onset_s) == mood_in(rollout, track, "healthy", ONSET_S)


def test_contamination_puts_two_users_into_one_session_of_the_canary() -> None:
    canary, baseline = (
        traffic_of(STATELESS, track, "contamination", since_s=AFTER_ONSET_S, until_s=60) for track in TRACKS
    )

    assert any(len(users) > 1 for users in users_by_session(canary).values())
    assert all(len(users) == 1 for users in users_by_session(baseline).values())


def test_contamination_of_conversations_diverges_and_cannot_be_read() -> None:
    batch = traffic_of(FSM, "canary", "contamination", since_s=AFTER_ONSET_S, until_s=60)

    assert any("divergence" in line for line in batch.lines)
    assert any("deserialization error" in line for line in batch.lines)


def test_an_outage_hits_both_tracks_alike_and_passes() -> None:
    canary, baseline = (
        traffic_of(STATELESS, track, "outage", since_s=AFTER_ONSET_S, until_s=ONSET_S + OUTAGE_S, rate=800)
        for track in TRACKS
    )
    over_s = ONSET_S + OUTAGE_S + RAMP_S

    assert error_share(canary) > 0.15
    assert error_share(baseline) == pytest.approx(error_share(canary), rel=0.15)
    for track in TRACKS:
        assert mood_in(STATELESS, track, "outage", over_s) == mood_in(STATELESS, track, "healthy", over_s)


def test_speed_brings_the_onset_nearer() -> None:
    traffic = Traffic(world_of(STATELESS), "canary", "regression", speed=5, seed=7)

    batch = traffic.between(BEGAN + AFTER_ONSET_S / 5, BEGAN + 20, began=BEGAN, rate=200, share=100)

    assert error_share(batch) > 0.05


def test_every_scenario_gives_traffic_on_every_track() -> None:
    for rollout in ROLLOUTS:
        for track in TRACKS:
            for scenario in world_of(rollout).all_scenarios():
                assert traffic_of(rollout, track, scenario, until_s=5).lines


def test_what_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match="expected one of healthy"):
        Traffic(world_of(STATELESS), "canary", "sunshine")
    with pytest.raises(ValueError, match="expected one of canary, baseline"):
        Traffic(world_of(STATELESS), "shadow", "healthy")
    with pytest.raises(ValueError, match=r"expected one of .*fsm-checkpoint.*; found unheard-of"):
        world_of("unheard-of")


def test_a_scenario_that_changes_what_its_world_has_not_got_is_refused() -> None:
    class Misspelt(World):
        rollout = "misspelt"
        usual = {"canary": {"median_ms": 1, "spread": 1, "failed": 0}, "baseline": {"median_ms": 1, "spread": 1}}
        scenarios = {"bad": Scenario("it is bad", canary={"faild": 0.5})}

        def request(self, call: Call) -> None:
            raise AssertionError

    with pytest.raises(ValueError, match="bad changes faild, which canary has not got"):
        Traffic(Misspelt(), "canary", "bad")
