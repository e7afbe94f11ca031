"""The queries of `tool-history`, against rows whose right answer is known by hand."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any, TypeAlias

import asyncpg
import pytest

from tests.queries import ask

Connection: TypeAlias = "asyncpg.Connection[Any]"

TABLE = """
CREATE TABLE user_tool_history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id integer, tool_name text, success boolean,
    execution_time_ms integer, error_message text, user_satisfaction smallint, preference_score double precision,
    created_at timestamptz DEFAULT now()
);
CREATE TABLE alembic_version (version_num varchar(64) PRIMARY KEY);
"""
HEAD = "p2_add_user_tool_history"
INDEXES = {
    "idx_user_tool_history_user_id": "(user_id)",
    "idx_user_tool_history_tool_name": "(tool_name)",
    "idx_user_tool_history_success": "(success)",
    "idx_user_tool_history_created_at": "(created_at)",
    "idx_user_tool_history_user_created": "(user_id, created_at)",
    "idx_user_tool_history_metrics": "(tool_name, success, execution_time_ms)",
}
Row = tuple[int | None, str | None, bool | None, int | None, str | None, int | None, float | None, float | None]
ROWS: tuple[Row, ...] = (
    # user, tool, success, milliseconds, error, satisfaction, preference, so many hours ago
    (1, "search", True, 100, None, 5, 0.9, 1),
    (1, "search", True, 200, None, None, 0.7, 2),
    (2, "search", False, 900, "timed out", 2, None, 3),
    (2, "search", False, None, "timed out", None, None, 4),
    (3, "planner", None, 400, None, None, 0.5, 5),  # its outcome is not known yet
    (3, "planner", False, 300, "", 3, None, 6),
    (None, None, True, None, None, None, None, 7),
    (4, "planner", True, 50, None, None, 0.1, 30),  # outside of a day
    (4, "planner", True, 60, None, None, None, None),  # nobody knows when
)


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(database)
    await connection.execute(TABLE)
    yield connection
    await connection.close()


async def fill(connection: Connection) -> None:
    for *values, hours in ROWS:
        await connection.execute(
            "INSERT INTO user_tool_history (user_id, tool_name, success, execution_time_ms, error_message,"
            " user_satisfaction, preference_score, created_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, now() - $8::interval)",
            *values, None if hours is None else timedelta(hours=hours),
        )  # fmt: skip


async def index(connection: Connection, *left_out: str) -> None:
    for name, columns in INDEXES.items():
        if name not in left_out:
            await connection.execute(f"CREATE INDEX {name} ON user_tool_history {columns}")


async def only(connection: Connection, name: str, window: timedelta | None = None) -> dict[str, Any]:
    (row,) = await ask(connection, "tool-history", name, window)
    return {key: float(value) if isinstance(value, Decimal) else value for key, value in row.items()}


async def test_the_head_of_the_migrations_is_the_only_one(connection: Connection) -> None:
    before = await only(connection, "migration_head")
    await connection.execute("INSERT INTO alembic_version VALUES ($1)", HEAD)
    applied = await only(connection, "migration_head")
    await connection.execute("INSERT INTO alembic_version VALUES ('another_branch')")
    branched = await only(connection, "migration_head")

    assert before == {"value": False, "head": "none"}
    assert applied == {"value": True, "head": HEAD}
    assert branched == {"value": False, "head": f"another_branch, {HEAD}"}


async def test_a_table_is_ready_with_all_of_its_columns(connection: Connection) -> None:
    whole = await only(connection, "table_ready")
    await connection.execute("ALTER TABLE user_tool_history DROP COLUMN preference_score, DROP COLUMN success")
    partial = await only(connection, "table_ready")
    await connection.execute("DROP TABLE user_tool_history")
    gone = await only(connection, "table_ready")

    assert whole == {"value": True, "is_there": True, "may_read": True, "missing_columns": "none"}
    assert partial == {
        "value": False,
        "is_there": True,
        "may_read": True,
        "missing_columns": "success, preference_score",
    }
    assert (gone["value"], gone["is_there"], gone["may_read"]) == (False, False, None)
    assert gone["missing_columns"].count(", ") == 8


async def test_a_table_that_may_not_be_read_is_not_ready(connection: Connection) -> None:
    await connection.execute("CREATE ROLE reads_nothing")
    await connection.execute("SET ROLE reads_nothing")

    found = await only(connection, "table_ready")

    await connection.execute("RESET ROLE")
    await connection.execute("DROP ROLE reads_nothing")
    assert found == {"value": False, "is_there": True, "may_read": False, "missing_columns": "none"}


async def test_a_missing_index_is_named(connection: Connection) -> None:
    nothing = await only(connection, "indexes_ready")
    await index(connection, "idx_user_tool_history_metrics", "idx_user_tool_history_user_created")
    some = await only(connection, "indexes_ready")
    await connection.execute("CREATE INDEX idx_user_tool_history_metrics ON alembic_version (version_num)")
    of_another_table = await only(connection, "indexes_ready")

    assert nothing == {"value": False, "usable": 0, "missing": ", ".join(sorted(INDEXES)), "invalid": "none"}
    assert some == {
        "value": False,
        "usable": 4,
        "missing": "idx_user_tool_history_metrics, idx_user_tool_history_user_created",
        "invalid": "none",
    }
    assert of_another_table == some


async def test_an_index_whose_building_failed_is_invalid(connection: Connection) -> None:
    await index(connection)
    ready = await only(connection, "indexes_ready")
    await connection.execute("DROP INDEX idx_user_tool_history_user_id")
    await connection.execute("INSERT INTO user_tool_history (user_id) VALUES (1), (1)")
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute(
            "CREATE UNIQUE INDEX CONCURRENTLY idx_user_tool_history_user_id ON user_tool_history (user_id)"
        )
    broken = await only(connection, "indexes_ready")
    first, *others = await ask(connection, "tool-history", "index_use")

    assert ready == {"value": True, "usable": 6, "missing": "none", "invalid": "none"}
    assert broken == {"value": False, "usable": 5, "missing": "none", "invalid": "idx_user_tool_history_user_id"}
    assert (first["index"], first["state"]) == ("idx_user_tool_history_user_id", "INVALID")
    assert {row["state"] for row in others} == {"valid"}
    assert len(others) == 6  # five of the six, and the primary key


async def test_the_indexes_of_no_table_are_all_missing(connection: Connection) -> None:
    await connection.execute("DROP TABLE user_tool_history")

    assert (await only(connection, "indexes_ready"))["usable"] == 0
    assert await ask(connection, "tool-history", "index_use") == []


async def test_a_database_that_takes_no_writes_is_not_ready(connection: Connection) -> None:
    ready = await only(connection, "database_ready")
    await connection.execute("SET default_transaction_read_only = on")
    closed = await only(connection, "database_ready")

    assert (ready["value"], closed["value"]) == (True, False)
    assert ready["database"] == await connection.fetchval("SELECT current_database()")


async def test_rows_arrive(connection: Connection) -> None:
    await fill(connection)

    newest = await only(connection, "newest_row")
    hours = await ask(connection, "tool-history", "arrivals")

    assert newest == {"value": pytest.approx(3600, abs=60), "samples": 1}
    assert await only(connection, "executions") == {"value": 7}
    assert await only(connection, "executions", timedelta(hours=48)) == {"value": 8}
    assert [(row["executions"], row["failed"], row["users"], row["tools"]) for row in hours] == [
        (1, 0, 1, 1),
        (1, 0, 1, 1),
        (1, 1, 1, 1),
        (1, 1, 1, 1),
        (1, 0, 1, 1),
        (1, 1, 1, 1),
        (1, 0, 0, 0),
    ]


async def test_a_row_of_the_future_is_new(connection: Connection) -> None:
    await connection.execute("INSERT INTO user_tool_history (created_at) VALUES (now() + interval '5 minutes')")

    assert await only(connection, "newest_row") == {"value": 0, "samples": 1}


async def test_an_unknown_outcome_is_neither_a_success_nor_a_failure(connection: Connection) -> None:
    await fill(connection)

    overall = await only(connection, "success_rate")
    tools = await ask(connection, "tool-history", "tool_success")

    assert overall == {"value": pytest.approx(50.0), "samples": 6}
    assert [(row["tool"], row["executions"], row["unknown"]) for row in tools] == [
        ("planner", 2, 1),
        ("search", 4, 0),
        ("(no name)", 1, 0),
    ]
    assert [float(row["success_percent"]) for row in tools] == [0.0, 50.0, 100.0]
    assert [(row["median_ms"], row["p95_ms"]) for row in tools] == [(300, 400), (200, 900), (None, None)]


async def test_the_worst_tool_has_enough_executions_to_be_judged(connection: Connection) -> None:
    add = "INSERT INTO user_tool_history (tool_name, success) SELECT $1, n > $2 FROM generate_series(1, $3) AS n"
    await connection.execute(add, "rare", 19, 19)  # always fails, but seldom
    few = await ask(connection, "tool-history", "worst_tool")
    await connection.execute(add, "search", 5, 20)
    await connection.execute(add, "planner", 4, 40)

    assert few == []
    assert await only(connection, "worst_tool") == {"value": pytest.approx(75.0), "samples": 20, "tool": "search"}


async def test_failures_are_grouped_by_tool_and_error(connection: Connection) -> None:
    await fill(connection)

    failures = await ask(connection, "tool-history", "recent_failures")

    assert [(row["tool"], row["error"], row["failures"], row["users"]) for row in failures] == [
        ("search", "timed out", 2, 1),
        ("planner", "(no message)", 1, 1),
    ]


async def test_the_slowest_executions_come_first_and_those_without_a_time_not_at_all(connection: Connection) -> None:
    await fill(connection)

    slow = await ask(connection, "tool-history", "slow_executions", timedelta(hours=24))

    assert [row["execution_time_ms"] for row in slow] == [900, 400, 300, 200, 100]
    assert (slow[0]["tool"], slow[0]["user_id"], slow[0]["success"]) == ("search", 2, False)


async def test_learned_preferences_are_seen(connection: Connection) -> None:
    await fill(connection)

    share = await only(connection, "preference_share")
    preferred = await ask(connection, "tool-history", "preferred_tools")

    assert share == {"value": pytest.approx(100 * 3 / 7), "samples": 7}
    assert [(row["tool"], row["users"], row["executions"], float(row["mean_preference"])) for row in preferred] == [
        ("search", 1, 2, 0.8),
        ("planner", 2, 2, 0.3),
    ]
    assert [float(row["success_percent"]) for row in preferred] == [100.0, 100.0]


async def test_satisfaction_is_the_mean_of_those_who_said(connection: Connection) -> None:
    await fill(connection)

    assert await only(connection, "satisfaction") == {"value": pytest.approx(10 / 3), "samples": 3}


async def test_the_storage_of_a_row_is_that_of_table_and_indexes(connection: Connection) -> None:
    await index(connection)
    await connection.execute(
        "INSERT INTO user_tool_history (user_id, tool_name, success, created_at)"
        " SELECT n, 'search', true, now() - n * interval '1 minute' FROM generate_series(1, 1440) AS n"
    )
    await connection.execute("ANALYZE user_tool_history")
    size = await connection.fetchval("SELECT pg_total_relation_size('user_tool_history')")

    row, year = await only(connection, "row_size"), await only(connection, "growth")

    assert row == {"value": pytest.approx(size / 1024 / 1440), "samples": 1440}
    # One a minute for a day: 525,600 a year.
    assert year == {"value": pytest.approx(525_600 * size / 1440 / 1024**2, rel=0.001), "samples": 1440}


async def test_growth_counts_only_what_its_window_holds(connection: Connection) -> None:
    await connection.execute(
        "INSERT INTO user_tool_history (created_at)"
        " SELECT now() - n * interval '1 hour' FROM generate_series(1, 1000) AS n"
    )
    await connection.execute("ANALYZE user_tool_history")
    size = await connection.fetchval("SELECT pg_total_relation_size('user_tool_history')")

    year = await only(connection, "growth", timedelta(hours=100.5))

    assert year == {"value": pytest.approx(8760 * size / 1000 / 1024**2, rel=0.001), "samples": 100}


async def test_the_oldest_row_has_its_age_in_days(connection: Connection) -> None:
    await connection.execute(
        "INSERT INTO user_tool_history (created_at) VALUES (now() - interval '2184 hours'), (NULL)"
    )

    assert await only(connection, "oldest_row") == {"value": pytest.approx(91.0, abs=0.01), "samples": 1}


async def test_data_are_kept_as_long_as_what_was_written_is_there(connection: Connection) -> None:
    never = await only(connection, "data_kept")
    await fill(connection)
    await connection.execute("SELECT pg_stat_force_next_flush()")
    kept = await only(connection, "data_kept")
    await connection.execute("DELETE FROM user_tool_history")
    await connection.execute("SELECT pg_stat_force_next_flush()")
    lost = await only(connection, "data_kept")

    assert (never["value"], kept["value"], lost["value"]) == (True, True, False)
    assert kept["oldest"] < kept["newest"]
    assert (lost["oldest"], lost["newest"]) == (None, None)


async def test_a_downgrade_takes_the_table_and_the_migration(connection: Connection) -> None:
    await connection.execute("INSERT INTO alembic_version VALUES ($1)", HEAD)
    before = await only(connection, "table_removed")
    await connection.execute("DROP TABLE user_tool_history")
    half = await only(connection, "table_removed")
    await connection.execute("DELETE FROM alembic_version")

    assert (before["value"], half["value"]) == (False, False)
    assert await only(connection, "table_removed") == {"value": True}


async def test_a_server_that_logs_slow_queries_is_monitored(connection: Connection) -> None:
    silent = await only(connection, "query_monitoring")
    await connection.execute("SET log_min_duration_statement = '100ms'")

    assert silent == {"value": False, "logs_from": "-1"}
    assert await only(connection, "query_monitoring") == {"value": True, "logs_from": "100ms"}


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("newest_row", [{"value": None, "samples": 0}]),
        ("oldest_row", [{"value": None, "samples": 0}]),
        ("executions", [{"value": 0}]),
        ("success_rate", [{"value": None, "samples": 0}]),
        ("preference_share", [{"value": None, "samples": 0}]),
        ("satisfaction", [{"value": None, "samples": 0}]),
        ("row_size", [{"value": None, "samples": 0}]),
        ("growth", [{"value": None, "samples": 0}]),
        ("worst_tool", []),
        ("arrivals", []),
        ("tool_success", []),
        ("recent_failures", []),
        ("slow_executions", []),
        ("preferred_tools", []),
    ],
)
async def test_an_empty_table_is_no_data_and_not_zero(
    connection: Connection, name: str, rows: list[dict[str, Any]]
) -> None:
    assert await ask(connection, "tool-history", name) == rows


async def test_rows_of_which_nothing_is_known_change_no_rate(connection: Connection) -> None:
    await connection.execute(
        "INSERT INTO user_tool_history (user_id, tool_name, success, created_at)"
        " SELECT NULL, NULL, NULL, now() FROM generate_series(1, 30)"
    )

    assert await only(connection, "success_rate") == {"value": None, "samples": 0}
    assert await ask(connection, "tool-history", "worst_tool") == []
    assert await ask(connection, "tool-history", "recent_failures") == []
    assert await only(connection, "preference_share") == {"value": 0, "samples": 30}
    (unnamed,) = await ask(connection, "tool-history", "tool_success")
    assert (unnamed["tool"], unnamed["success_percent"], unnamed["unknown"]) == ("(no name)", None, 30)
