"""The queries of user-context, against rows whose right answers are known by hand."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests import queries
from tests.queries import Connection

NAME = "user-context"
SHIPPED = sorted(path.stem for path in (Path(__file__).parents[2] / "queries" / NAME).glob("*.sql"))
TABLES = """
CREATE TABLE user_contexts (
    context_id text PRIMARY KEY, user_id text, migrated boolean, created_at timestamptz, closed_at timestamptz,
    validation text, error text, memory_bytes bigint
);
CREATE TABLE chat_requests (
    request_id text, user_id text, migrated boolean, started_at timestamptz, finished_at timestamptz, status text,
    response_status text, rating integer
);
CREATE TABLE agent_executions (
    execution_id text, context_id text, user_id text, migrated boolean, started_at timestamptz,
    finished_at timestamptz, status text, error text
);
CREATE TABLE workflow_runs (
    run_id text, user_id text, agents integer, migrated boolean, started_at timestamptz, finished_at timestamptz,
    status text, state_consistent boolean, error text
);
CREATE TABLE tool_executions (
    execution_id text, context_id text, user_id text, tool text, permitted boolean, migrated boolean,
    started_at timestamptz, finished_at timestamptz, status text, error text
);
CREATE TABLE websocket_connections (user_id text, migrated boolean, opened_at timestamptz, status text);
CREATE TABLE websocket_events (
    event_id text, event text, user_id text, delivered_to text, migrated boolean, created_at timestamptz,
    delivered_at timestamptz
);
"""
ROWS: dict[str, tuple[tuple[Any, ...], ...]] = {
    # `ago(s)` is so many seconds before now; what has no `migrated` counts as the old code.
    "user_contexts": (
        ("c1", "ann", True, "ago(300)", None, "valid", None, 8_000_000),
        ("c2", "bob", True, "ago(300)", "ago(10)", "failed", "rule user-mismatch", 30_000_000),
        ("c3", "cat", False, "ago(300)", None, "valid", None, 4_000_000),
        ("c4", "dan", None, "ago(300)", None, None, None, None),
        ("c5", None, True, "ago(300)", None, "valid", None, None),
        ("c9", "old", True, "ago(90000)", None, "failed", "old", 99_000_000),
    ),
    "chat_requests": (
        ("q1", "ann", True, "ago(100)", "ago(99)", "completed", "generated", 5),
        ("q2", "ann", True, "ago(100)", "ago(97)", "completed", "generated", 4),
        ("q3", "bob", True, "ago(100)", "ago(98)", "failed", "failed", None),
        ("q4", "bob", True, "ago(90)", None, None, None, None),  # runs for too long: failed
        ("q5", "ann", True, "ago(5)", None, None, None, None),  # runs: not counted yet
        ("q6", "cat", False, "ago(100)", "ago(98)", "completed", "generated", 2),
        ("q7", "dan", None, "ago(100)", "ago(101)", "completed", None, None),  # clocks differ: took no time
        ("q8", "old", True, "ago(7200)", "ago(7000)", "failed", "failed", None),
    ),
    "agent_executions": (
        ("a1", "c1", "ann", True, "ago(60)", "ago(59)", "succeeded", None),
        ("a2", "c1", "ann", True, "ago(60)", "ago(59)", "succeeded", "timeout"),  # repeated until it succeeded
        ("a3", "c2", "ann", True, "ago(60)", "ago(59)", "failed", "timeout"),  # worked with the data of ann for bob
        ("a4", "c3", "cat", False, "ago(60)", "ago(59)", "succeeded", None),
        ("a5", "c4", None, None, "ago(60)", None, None, None),  # runs
        ("a6", "c5", "ann", True, "ago(400)", None, None, None),  # runs for too long: failed; owner not known
        ("a7", "none", "eve", True, "ago(60)", "ago(59)", "succeeded", None),  # context not known
    ),
    "workflow_runs": (
        ("w1", "ann", 1, True, "ago(60)", "ago(58)", "succeeded", True, None),
        ("w2", "ann", 3, True, "ago(60)", "ago(54)", "succeeded", True, None),
        ("w3", "bob", 2, True, "ago(60)", "ago(59)", "failed", False, "state lost"),
        ("w4", "cat", 2, False, "ago(60)", "ago(57)", "succeeded", None, None),
        ("w5", "dan", None, None, "ago(60)", None, None, None, None),
    ),
    "tool_executions": (
        ("t1", "c1", "ann", "search", True, True, "ago(60)", "ago(59)", "succeeded", None),
        ("t2", "c1", "bob", "search", True, True, "ago(60)", "ago(59)", "succeeded", None),  # bob got ann's result
        ("t3", "c2", "bob", "export", False, True, "ago(60)", "ago(59)", "succeeded", None),  # though not permitted
        ("t4", "c2", "bob", "export", False, True, "ago(60)", "ago(59)", "failed", "denied"),
        ("t5", "c2", "bob", "mail", True, True, "ago(60)", "ago(59)", "dispatch_failed", "no such tool"),
        ("t6", "c3", "cat", None, None, False, "ago(60)", "ago(59)", "succeeded", None),
        ("t7", "c4", "dan", None, None, None, "ago(60)", None, None, None),
    ),
    "websocket_connections": (
        ("ann", True, "ago(60)", "connected"),
        ("bob", True, "ago(60)", "failed"),
        ("cat", False, "ago(60)", "connected"),
        ("dan", None, "ago(60)", None),
    ),
    "websocket_events": (
        ("e1", "started", "ann", "ann", True, "ago(60)", "ago(59.95)"),
        ("e2", "started", "ann", "bob", True, "ago(60)", "ago(59.9)"),  # reached bob
        ("e3", "done", "ann", None, True, "ago(60)", None),  # lost
        ("e4", "done", "ann", "ann", True, "ago(60)", "ago(58)"),  # late
        ("e5", "done", "ann", None, True, "ago(1.5)", None),  # on its way; a second is over
        ("e6", None, "cat", "cat", False, "ago(60)", "ago(59.98)"),
        ("e7", "done", None, "dan", None, "ago(60)", "ago(59.98)"),  # for whom is not known
    ),
}


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(database)
    await connection.execute("CREATE FUNCTION ago(s float) RETURNS timestamptz LANGUAGE sql STABLE"
                             " AS $$SELECT now() - make_interval(secs => s)$$")  # fmt: skip
    await connection.execute(TABLES)
    # One transaction: `now()` stays what it is, so that the ages of rows are exact.
    transaction = connection.transaction()
    await transaction.start()
    yield connection
    await transaction.rollback()
    await connection.close()


@pytest.fixture
async def filled(connection: Connection) -> Connection:
    for table, rows in ROWS.items():
        for row in rows:
            await connection.execute(f"INSERT INTO {table} VALUES ({', '.join(map(_literal, row))})")
    return connection


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str) and value.startswith("ago("):
        return value
    return repr(value) if isinstance(value, str) else str(value)


async def ask(connection: Connection, name: str) -> list[dict[str, Any]]:
    rows = await queries.ask(connection, NAME, name)
    return [{name: float(cell) if isinstance(cell, Decimal) else cell for name, cell in row.items()} for row in rows]


def both(canary: tuple[Any, ...], baseline: tuple[Any, ...], *names: str) -> list[dict[str, Any]]:
    """Return the rows of both tracks, with these columns after the track."""
    sides = (("canary", canary), ("baseline", baseline))
    return [
        {"track": track} | {name: pytest.approx(cell) for name, cell in zip(names, row, strict=True)}
        for track, row in sides
    ]


@pytest.mark.parametrize(
    ("name", "canary", "baseline"),
    [
        # Of q1 to q4: two completed, one failed, one runs for too long. Of q6 and q7 both completed.
        ("golden_path_success_rate", (50.0, 4, 2), (100.0, 2, 0)),
        # q4 has no response after a minute; q5 may still get one, and q7 needed none.
        ("chat_response_quality", (50.0, 4, 2), (100.0, 1, 0)),
        # a1, a2 and a7 succeeded, a3 failed, a6 runs for too long.
        ("agent_execution_success_rate", (60.0, 5, 2), (100.0, 1, 0)),
        ("workflow_success_rate", (200 / 3, 3, 1), (100.0, 1, 0)),
        ("multi_agent_success_rate", (50.0, 2, 1), (100.0, 1, 0)),
        # t1 and t2 succeeded, t5 did not; t3 and t4 were not permitted.
        ("tool_success_rate", (200 / 3, 3, 1), (100.0, 1, 0)),
        ("websocket_connection_success_rate", (50.0, 2, 1), (100.0, 1, 0)),
        ("websocket_event_delivery_rate", (75.0, 4, 1), (100.0, 2, 0)),
        # e1 and e2 in time; e3, e4 and e5 not.
        ("websocket_delivery_within_1s", (40.0, 5, 3), (100.0, 2, 0)),
        ("golden_path_users_affected", (50.0, 2, 2), (0.0, 2, 0)),
    ],
)
async def test_a_share_is_of_what_is_over_or_should_be(
    filled: Connection, name: str, canary: tuple[Any, ...], baseline: tuple[Any, ...]
) -> None:
    assert await ask(filled, name) == both(canary, baseline, "value", "samples", "failed")


@pytest.mark.parametrize(
    ("name", "canary", "baseline"),
    [
        ("error_rate", (5, 2), (2, 0)),
        ("context_validation_failures", (3, 1), (1, 0)),
    ],
)
async def test_bad_ones_are_counted_among_all(
    filled: Connection, name: str, canary: tuple[int, int], baseline: tuple[int, int]
) -> None:
    assert await ask(filled, name) == both(canary, baseline, "total", "bad")


@pytest.mark.parametrize(
    ("name", "canary", "baseline"),
    [
        # 1, 2 and 3 s, and 90 s that q4 runs already: 3 + 0.85 * 87. On the other side 2 and 0 s.
        ("response_time_p95", (76.95, 4), (1.9, 2)),
        ("workflow_time", (4.0, 2), (3.0, 1)),
        # 50, 100 and 2,000 ms: 100 + 0.9 * 1,900. On the other side twice 20 ms.
        ("websocket_event_latency", (1810.0, 3), (20.0, 2)),
        ("memory_usage_per_context", (19.0, 2), (4.0, 1)),
        ("user_satisfaction", (4.5, 2), (2.0, 1)),
        ("requests_per_minute", (1.0, 5), (0.4, 2)),
        ("state_corruptions", (1, 3), (0, 0)),
        ("permission_violations", (1, 5), (0, 0)),
        ("tool_dispatch_failures", (1, 5), (0, 1)),
    ],
)
async def test_a_number_is_of_the_rows_that_have_it(
    filled: Connection, name: str, canary: tuple[Any, ...], baseline: tuple[Any, ...]
) -> None:
    assert await ask(filled, name) == both(canary, baseline, "value", "samples")


async def test_requests_that_hang_are_slow_and_without_a_response(connection: Connection) -> None:
    await connection.execute(
        "INSERT INTO chat_requests SELECT 'r' || n, 'ann', true, ago(180), CASE WHEN n > 100 THEN ago(179) END,"
        " CASE WHEN n > 100 THEN 'completed' END, CASE WHEN n > 100 THEN 'generated' END, NULL"
        " FROM generate_series(1, 120) AS n"
    )

    (slowest, *_) = await ask(connection, "response_time_p95")
    (quality, *_) = await ask(connection, "chat_response_quality")

    assert (slowest["value"], slowest["samples"]) == (pytest.approx(180), 120)
    assert (quality["value"], quality["failed"]) == (pytest.approx(100 * 20 / 120), 100)


async def test_data_of_one_user_that_reached_another_is_found_wherever_it_did(
    filled: Connection,
) -> None:
    counted = await ask(filled, "user_isolation_violations")
    found = await ask(filled, "isolation_violations_found")

    # a3 in bob's context, t2 in ann's, e2 for ann; a6 and a7 have no known owner and e3 and e5 no receiver.
    assert counted == [
        {
            "value": 3,
            "samples": 15,
            "affected_users": "ann, bob",
            "violation_type": "agent execution, tool result, websocket event",
            "on_canary": 3,
            "on_baseline": 0,
        },
    ]
    assert {(row["kind"], row["id"], row["owner"], row["seen_by"], row["side"]) for row in found} == {
        ("agent execution", "a3", "bob", "ann", "canary"),
        ("tool result", "t2", "ann", "bob", "canary"),
        ("websocket event", "e2", "ann", "bob", "canary"),
    }


async def test_violations_on_both_sides_are_counted_together(filled: Connection) -> None:
    await filled.execute("UPDATE tool_executions SET migrated = NULL WHERE execution_id = 't2'")

    (counted,) = await ask(filled, "user_isolation_violations")

    assert (counted["value"], counted["on_canary"], counted["on_baseline"]) == (3, 2, 1)


async def test_contexts_that_are_open_and_those_of_the_new_code_are_counted(
    filled: Connection,
) -> None:
    assert await ask(filled, "concurrent_user_contexts") == [{"value": 4, "opened": 5}]
    assert await ask(filled, "adoption_rate") == [{"value": pytest.approx(60.0), "samples": 5}]


async def test_the_new_code_is_compared_with_the_old_at_its_95th_percentile(filled: Connection) -> None:
    (impact,) = await ask(filled, "performance_impact")

    assert impact["value"] == pytest.approx(100 * (76.95 / 1.9 - 1))
    assert impact["samples"] == 2


async def test_the_connections_in_use_are_a_share_of_those_the_server_takes(
    connection: Connection,
) -> None:
    (pool,) = await ask(connection, "database_connection_pool_usage")

    assert pool["in_use"] >= 1
    assert pool["most"] == int(await connection.fetchval("SHOW max_connections"))
    assert pool["value"] == pytest.approx(100 * pool["in_use"] / pool["most"])


async def test_investigations_show_what_an_operator_asks_next(filled: Connection) -> None:
    errors = [(row["component"], row["error"], row["times"]) for row in await ask(filled, "error_patterns")]
    slow = [(row["request_id"], row["seconds"]) for row in await ask(filled, "slow_requests")]
    flows = [(row["run_id"], row["seconds"]) for row in await ask(filled, "slow_workflows")]
    tools = [tuple(row.values()) for row in await ask(filled, "failing_tools")]
    lost = [tuple(row.values()) for row in await ask(filled, "undelivered_events")]
    heavy = [(row["context_id"], row["mb"]) for row in await ask(filled, "heavy_contexts")]

    assert errors == [
        ("agent execution", "timeout", 2),
        ("tool", "denied", 1),
        ("tool", "no such tool", 1),
        ("user context", "rule user-mismatch", 1),
        ("workflow", "state lost", 1),
    ]
    assert slow == [("q4", 90.0), ("q2", 3.0), ("q3", 2.0), ("q6", 2.0), ("q1", 1.0), ("q7", -1.0)]
    assert flows == [("w2", 6.0), ("w4", 3.0), ("w1", 2.0), ("w3", 1.0)]
    # Of each tool: executions, failed, not permitted, ran all the same, on the canary.
    assert tools == [
        ("export", 2, 1, 2, 1, 2),
        ("mail", 1, 1, 0, 0, 1),
        ("(no name)", 2, 0, 0, 0, 0),
        ("search", 2, 0, 0, 0, 2),
    ]
    # Of each event: all, not delivered, late, on the canary.
    assert lost == [("done", 4, 1, 1, 3), ("started", 2, 0, 0, 2), ("(no name)", 1, 0, 0, 0)]
    assert heavy == [("c2", 30.0), ("c1", 8.0), ("c3", 4.0)]


@pytest.mark.parametrize("name", SHIPPED)
async def test_an_empty_table_is_no_data_and_not_zero(connection: Connection, name: str) -> None:
    rows = await ask(connection, name)

    counts = {"total", "bad", "samples", "failed", "opened"}
    known = {"database_connection_pool_usage", "schema_applied"}
    if name in known:
        return
    for row in rows:
        assert all(not row[column] for column in counts & row.keys())
        is_count = name in {"concurrent_user_contexts", "requests_per_minute"} or row.get("value") == 0
        assert is_count or row.get("value") is None


async def test_the_schema_is_verified_by_its_columns_and_their_types(connection: Connection) -> None:
    whole = await ask(connection, "schema_applied")
    await connection.execute("ALTER TABLE websocket_events DROP COLUMN delivered_to")
    missing = await ask(connection, "schema_applied")
    await connection.execute("ALTER TABLE websocket_events ADD COLUMN delivered_to text")
    await connection.execute("ALTER TABLE chat_requests ALTER migrated TYPE integer USING migrated::integer")

    assert whole == [{"is_applied": True, "missing": "none", "other_types": "none"}]
    assert missing == [{"is_applied": False, "missing": "websocket_events.delivered_to", "other_types": "none"}]
    assert await ask(connection, "schema_applied") == [
        {"is_applied": False, "missing": "none", "other_types": "chat_requests.migrated is integer, not boolean"}
    ]


async def test_a_status_may_be_an_enumeration_and_a_time_without_a_zone(connection: Connection) -> None:
    await connection.execute("CREATE TYPE run_status AS ENUM ('succeeded', 'failed')")
    await connection.execute("ALTER TABLE workflow_runs ALTER status TYPE run_status USING status::run_status")
    await connection.execute("ALTER TABLE workflow_runs ALTER started_at TYPE timestamp")

    (found,) = await ask(connection, "schema_applied")

    assert found["is_applied"] is True
