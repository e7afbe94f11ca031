"""What the queries of `user-context` say of simulated traffic in a real database, against sums made here by hand."""

import math
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from console.core.inputs import Reading, SampleTaken
from console.core.state import State
from console.core.verdict import Verdict
from console.demo.recorder import Recorder, create_schema
from console.demo.traffic import Traffic
from console.demo.world import TRACKS
from console.demo.worlds import world_of
from console.spec.load import load
from queries.loader import load_query

NAME = "user-context"
BOTH = ""
"""What an answer that is not split by track is of."""
BEGAN_S = 90.0
"""So long ago the traffic began; the scenarios show after 15 seconds of it."""
SHARES = {"canary": 25.0, "baseline": 75.0}
Rows = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Played:
    """A scenario that was played into a database: its rows by table, and what the shipped queries say."""

    rows: dict[str, Rows]
    """By track, then by table."""
    said: dict[str, dict[str, dict[str, Any]]]
    """By query, then by track, or both: the row of its answer."""


async def play(scenario: str, database: str, redis_url: str, queries: Iterable[str]) -> Played:
    world = world_of(NAME)
    now = time.time()
    await create_schema(database, world.schema, reader=f"reads_{int(now * 1e6)}", password="secret")
    recorder = Recorder(Path("unused.sock"), database, redis_url, world.tables)
    rows: dict[str, Rows] = {}
    for track in TRACKS:
        traffic = Traffic(world_of(NAME), track, scenario, seed=11)
        batch = traffic.between(now - BEGAN_S, now, began=now - BEGAN_S, rate=30, share=SHARES[track])
        rows[track] = defaultdict(list)
        for table, row in batch.rows:
            rows[track][table].append(row)
        await recorder.stock(batch)
    connection = await asyncpg.connect(database)
    try:
        said = {}
        for name in queries:
            query = load_query(NAME, name, Path("/nowhere"))
            found = await connection.fetch(query.sql, timedelta(minutes=30))
            said[name] = {row.get("track") or BOTH: dict(row) for row in found}
    finally:
        await connection.close()
    return Played(rows, said)


def p95(values: list[float]) -> float:
    """Return the 95th percentile, interpolated between its neighbours as `percentile_cont` does."""
    ordered = sorted(values)
    place = 0.95 * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def violations(rows: Rows) -> int:
    owners = {row["context_id"]: row["user_id"] for row in rows["user_contexts"]}
    ran = (*rows["agent_executions"], *rows["tool_executions"])
    wrong = sum(row["user_id"] != owners[row["context_id"]] for row in ran)
    return wrong + sum(row["delivered_to"] not in (None, row["user_id"]) for row in rows["websocket_events"])


def share(rows: list[dict[str, Any]], column: str, good: str) -> float:
    return 100 * sum(row[column] == good for row in rows) / len(rows)


QUERIES = (
    "golden_path_success_rate",
    "chat_response_quality",
    "agent_execution_success_rate",
    "user_isolation_violations",
    "response_time_p95",
    "memory_usage_per_context",
    "error_rate",
)


@pytest.mark.parametrize(
    ("scenario", "metric", "verdict"),
    [
        ("healthy", "golden_path_success_rate", Verdict.OK),
        ("healthy", "user_isolation_violations", Verdict.OK),
        ("contamination", "user_isolation_violations", Verdict.CRITICAL),
        ("latency", "response_time_p95", Verdict.CRITICAL),
        ("golden-path", "golden_path_success_rate", Verdict.CRITICAL),
        ("memory", "memory_usage_per_context", Verdict.CRITICAL),
    ],
)
async def test_what_the_queries_say_is_what_was_written_and_is_judged_as_the_plan_says(
    scenario: str, metric: str, verdict: Verdict, database: str, redis_url: str
) -> None:
    played = await play(scenario, database, redis_url, QUERIES)

    for track in TRACKS:
        rows, said = played.rows[track], {name: found[track] for name, found in played.said.items() if track in found}
        chats, agents = rows["chat_requests"], rows["agent_executions"]
        took = [max(0.0, row["finished_at"] - row["started_at"]) for row in chats]
        held = [row["memory_bytes"] / 1e6 for row in rows["user_contexts"]]
        assert len(chats) > 300
        assert said["golden_path_success_rate"]["samples"] == len(chats)
        assert float(said["golden_path_success_rate"]["value"]) == pytest.approx(share(chats, "status", "completed"))
        assert float(said["chat_response_quality"]["value"]) == pytest.approx(
            share(chats, "response_status", "generated")
        )
        assert float(said["agent_execution_success_rate"]["value"]) == pytest.approx(
            share(agents, "status", "succeeded")
        )
        assert said["response_time_p95"]["value"] == pytest.approx(p95(took), abs=1e-3)
        assert float(said["memory_usage_per_context"]["value"]) == pytest.approx(sum(held) / len(held))
        assert (said["error_rate"]["total"], said["error_rate"]["bad"]) == (
            len(agents),
            sum(row["error"] is not None for row in agents),
        )
    leaked = played.said["user_isolation_violations"][BOTH]
    assert {f"on_{track}": violations(played.rows[track]) for track in TRACKS}.items() <= leaked.items()
    assert judged(metric, played) is verdict


def judged(metric: str, played: Played) -> Verdict:
    """Return what the shipped file makes of an answer while the canary has the share of the first sub-phase."""
    rollout = load(NAME, {}).rollout
    state = State(rollout.model_copy(update={"phases": rollout.phases[1:]}), 0.0)
    answer = played.said[metric]
    readings = tuple(Reading(track, float(row["value"]), row["samples"]) for track, row in answer.items())
    for at in (1.0, 31.0):
        state.apply(SampleTaken(at, metric, readings, 0.0))
    return state.verdict_of(metric).verdict


async def test_a_lost_event_is_counted_once_it_is_late_and_the_others_in_time(database: str, redis_url: str) -> None:
    names = ("websocket_event_delivery_rate", "websocket_delivery_within_1s", "websocket_event_latency")

    played = await play("websocket-loss", database, redis_url, names)

    canary = played.rows["canary"]["websocket_events"]
    delivered = [row for row in canary if row["delivered_at"] is not None]
    said = {name: found["canary"] for name, found in played.said.items()}
    # Lost ones of the last seconds are not late yet, so at most as many as were written are counted.
    assert len(delivered) < said["websocket_event_delivery_rate"]["samples"] <= len(canary)
    took_ms = [1000 * (row["delivered_at"] - row["created_at"]) for row in delivered]
    assert said["websocket_event_latency"]["samples"] == len(delivered)
    assert said["websocket_event_latency"]["value"] == pytest.approx(p95(took_ms), abs=0.01)
    assert judged("websocket_event_delivery_rate", played) is Verdict.CRITICAL
    assert float(played.said["websocket_event_delivery_rate"]["baseline"]["value"]) > 98
