"""What the console makes of each scenario: the traffic of the demo, judged in virtual time by its own rollout file."""

from collections import defaultdict, deque
from pathlib import Path
from typing import Any

import pytest

from console.core.classify import Classifier
from console.core.inputs import Reading, SampleTaken, SourceChanged, TimePassed
from console.core.rollout import Rollout
from console.core.state import State
from console.core.tally import count_lines
from console.core.verdict import Verdict
from console.core.words import SourceState
from console.demo.folder import DemoFolder
from console.demo.overlay import write
from console.demo.traffic import Traffic
from console.demo.world import TRACKS
from console.demo.worlds import ROLLOUTS, world_of
from console.spec.load import load

BEGAN = 1_795_219_200.0
ENV = {"DATABASE_URL": "postgresql://watcher:word@127.0.0.1:1/postgres", "REDIS_URL": "redis://127.0.0.1:1/0"}
WINDOW_S = 20

Row = dict[str, Any]
Verdicts = dict[str, list[tuple[int, Verdict]]]


def rollout_of(folder: Path, name: str) -> Rollout:
    write(DemoFolder(folder), rollout=name, speed=1, ports={"canary": 1, "baseline": 2}, has_containers=False)
    return load(folder / "demo.yaml", ENV).rollout


def readings(rows: dict[str, deque[Row]]) -> dict[str, tuple[Reading, ...]]:
    """Return what the shipped queries say of the rows in the window."""
    users = defaultdict(set)
    for track in TRACKS:
        for row in rows[track]:
            users[row.get("session_id", "")].add(row.get("user_id", ""))
    crossed = sum(len(found) > 1 for found in users.values())
    error_rate, latency = [], []
    for track in TRACKS:
        total, bad = len(rows[track]), sum(row["error_message"] is not None for row in rows[track])
        took = sorted(row["updated_at"] - row["created_at"] for row in rows[track])
        error_rate.append(Reading(track, 100 * bad / total if total else None, samples=total, bad=bad))
        latency.append(Reading(track, took[int(0.95 * total)] if total else None, samples=total))
    return {
        "error_rate": tuple(error_rate),
        "p95_latency": tuple(latency),
        "isolation": (Reading("", float(crossed), samples=len(users), bad=crossed),),
    }


def watched(rollout: Rollout, scenario: str, *, for_s: int, seed: int = 1) -> Verdicts:
    """Return each metric's verdicts, second by second, while the canary keeps the share of the first phase."""
    state = State(rollout, BEGAN)
    classifier = Classifier(rollout.events)
    world = world_of(rollout.rollout)
    traffic = {track: Traffic(world, track, scenario, seed=seed) for track in TRACKS}
    share = {"canary": rollout.phases[0].traffic, "baseline": 100 - rollout.phases[0].traffic}
    rows: dict[str, deque[Row]] = {track: deque() for track in TRACKS}
    key = dict.fromkeys(TRACKS, -1)
    seen: Verdicts = defaultdict(list)
    for source in state.sources:
        state.apply(SourceChanged(BEGAN, source, SourceState.LIVE))
    for second in range(for_s):
        now = BEGAN + second + 1
        for track in TRACKS:
            batch = traffic[track].between(now - 1, now, began=BEGAN, rate=world.requests_per_s, share=share[track])
            rows[track].extend(row for _, row in batch.rows)
            while rows[track] and rows[track][0]["created_at"] < now - WINDOW_S:
                rows[track].popleft()
            keys = range(key[track] + 1, key[track] + 1 + len(batch.lines))
            lines = [line.encode() for line in batch.lines]
            counted = count_lines(
                classifier, at=now, source=track, origin=track, stream="", name=track, track=track,
                after=key[track], keys=keys, times=[now - 1] * len(lines), lines=lines, rows_limit=0,
            )  # fmt: skip
            key[track] += len(lines)
            state.apply(counted)
        if second % 2:
            for metric, answer in readings(rows).items():
                state.apply(SampleTaken(now, metric, answer, took_s=0.01))
        state.apply(TimePassed(now))
        for metric in state.metrics:
            seen[metric].append((second, state.verdict_of(metric).verdict))
    assert state.unclassified <= 0.01 * state.lines
    return seen


def first(verdicts: list[tuple[int, Verdict]], wanted: Verdict) -> int | None:
    return next((second for second, verdict in verdicts if verdict is wanted), None)


JUDGED = {
    "stateless-orchestration": ("error_rate", "p95_latency", "isolation"),
    "fsm-checkpoint": (
        "divergence", "deserialization_errors", "rejection_rate", "transition_success",
        "coherence_rate", "denial_rate", "slot_issues", "p99_latency",
    ),
}  # fmt: skip
"""What is measured here; the rest asks a server."""


@pytest.mark.parametrize("rollout", JUDGED)
def test_a_healthy_demo_raises_no_alarm_and_is_ok_nearly_all_the_time(tmp_path: Path, rollout: str) -> None:
    verdicts = watched(rollout_of(tmp_path, rollout), "healthy", for_s=300)

    for metric in JUDGED[rollout]:
        seen = [verdict for second, verdict in verdicts[metric] if second > WINDOW_S]
        assert not {Verdict.CRITICAL, Verdict.WARNING, Verdict.UNKNOWN} & set(seen), metric
        assert seen.count(Verdict.OK) > 0.9 * len(seen), metric


@pytest.mark.parametrize(
    ("rollout", "scenario", "metrics"),
    [
        ("stateless-orchestration", "regression", ("error_rate", "p95_latency")),
        ("fsm-checkpoint", "regression", ("rejection_rate", "coherence_rate", "p99_latency")),
        ("stateless-orchestration", "contamination", ("isolation",)),
        ("fsm-checkpoint", "contamination", ("divergence", "deserialization_errors")),
        ("fsm-checkpoint", "latency", ("p99_latency",)),
    ],
)
def test_a_bad_canary_is_critical_within_forty_five_seconds_and_not_before_it_is_bad(
    tmp_path: Path, rollout: str, scenario: str, metrics: tuple[str, ...]
) -> None:
    verdicts = watched(rollout_of(tmp_path, rollout), scenario, for_s=60)

    for metric in metrics:
        found = first(verdicts[metric], Verdict.CRITICAL)
        assert found is not None, metric
        assert 15 <= found <= 45, metric
        assert verdicts[metric][-1][1] is Verdict.CRITICAL


@pytest.mark.parametrize(
    ("rollout", "metric"), [("stateless-orchestration", "error_rate"), ("fsm-checkpoint", "coherence_rate")]
)
def test_an_outage_is_critical_and_over_after_a_minute_and_a_half(tmp_path: Path, rollout: str, metric: str) -> None:
    verdicts = watched(rollout_of(tmp_path, rollout), "outage", for_s=90)

    assert first(verdicts[metric], Verdict.CRITICAL) is not None
    assert verdicts[metric][-1][1] is Verdict.OK


def test_tools_that_are_denied_are_a_warning_and_nothing_is_critical(tmp_path: Path) -> None:
    verdicts = watched(rollout_of(tmp_path, "fsm-checkpoint"), "denials", for_s=60)

    found = first(verdicts["denial_rate"], Verdict.WARNING)
    assert found is not None
    assert 15 <= found <= 45
    assert all(first(seen, Verdict.CRITICAL) is None for seen in verdicts.values())


@pytest.mark.parametrize("rollout", ROLLOUTS)
def test_a_whole_rollout_at_speed_4_makes_a_person_wait_for_less_than_ten_minutes(rollout: str, tmp_path: Path) -> None:
    folder = DemoFolder(tmp_path)
    write(folder, rollout=rollout, speed=4, ports=dict.fromkeys(TRACKS, 1), has_containers=False, is_whole=True)

    found = load(folder.rollout, ENV).rollout

    waits_s = [phase.soak for phase in found.phases] + [max(window.until for window in found.validation)]
    assert all(waits_s)
    assert sum(waits_s) < 600
