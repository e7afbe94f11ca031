"""The queries of `tool-history`, against rows whose right answer is known by hand."""

from datetime import timedelta
from typing import Any

import pytest

from tests.queries import Connection, ask
from tests.spec.tool_history import HEAD, index, only

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


async def fill(connection: Connection) -> None:
    for *values, hours in ROWS:
        await connection.execute(
            "INSERT INTO user_tool_history (user_id, tool_name, success, execution_time_ms, error_message,"
            " user_satisfaction, preference_score, created_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, now() - $8::interval)",
            *values, None if hours is None else timedelta(hours=hours),
        )  # fmt: skip


async def test_rows_arrive(history: Connection) -> None:
    await fill(history)

    newest = await only(history, "newest_row")
    hours = await ask(history, "tool-history", "arrivals")

    assert newest == {"value": pytest.approx(3600, abs=60), "samples": 1}
    assert await only(history, "executions") == {"value": 7}
    assert await only(history, "executions", timedelta(hours=48)) == {"value": 8}
    assert [(row["executions"], row["failed"], row["users"], row["tools"]) for row in hours] == [
        (1, 0, 1, 1),
        (1, 0, 1, 1),
        (1, 1, 1, 1),
        (1, 1, 1, 1),
        (1, 0, 1, 1),
        (1, 1, 1, 1),
        (1, 0, 0, 0),
    ]


async def test_a_row_of_the_future_is_new(history: Connection) -> None:
    await history.execute("INSERT INTO user_tool_history (created_at) VALUES (now() + interval '5 minutes')")

    assert await only(history, "newest_row") == {"value": 0, "samples": 1}


async def test_an_unknown_outcome_is_neither_a_success_nor_a_failure(history: Connection) -> None:
    await fill(history)

    overall = await only(history, "success_rate")
    tools = await ask(history, "tool-history", "tool_success")

    assert overall == {"value": pytest.approx(50.0), "samples": 6}
    assert [(row["tool"], row["executions"], row["unknown"]) for row in tools] == [
        ("planner", 2, 1),
        ("search", 4, 0),
        ("(no name)", 1, 0),
    ]
    assert [float(row["success_percent"]) for row in tools] == [0.0, 50.0, 100.0]
    assert [(row["median_ms"], row["p95_ms"]) for row in tools] == [(300, 400), (200, 900), (None, None)]


async def test_the_worst_tool_has_enough_executions_to_be_judged(history: Connection) -> None:
    add = "INSERT INTO user_tool_history (tool_name, success) SELECT $1, n > $2 FROM generate_series(1, $3) AS n"
    await history.execute(add, "rare", 19, 19)  # always fails, but seldom
    few = await ask(history, "tool-history", "worst_tool")
    await history.execute(add, "search", 5, 20)
    await history.execute(add, "planner", 4, 40)

    assert few == []
    assert await only(history, "worst_tool") == {"value": pytest.approx(75.0), "samples": 20, "tool": "search"}


async def test_failures_are_grouped_by_tool_and_error(history: Connection) -> None:
    await fill(history)

    failures = await ask(history, "tool-history", "recent_failures")

    assert [(row["tool"], row["error"], row["failures"], row["users"]) for row in failures] == [
        ("search", "timed out", 2, 1),
        ("planner", "(no message)", 1, 1),
    ]


async def test_the_slowest_executions_come_first_and_those_without_a_time_not_at_all(history: Connection) -> None:
    await fill(history)

    slow = await ask(history, "tool-history", "slow_executions", timedelta(hours=24))

    assert [row["execution_time_ms"] for row in slow] == [900, 400, 300, 200, 100]
    assert (slow[0]["tool"], slow[0]["user_id"], slow[0]["success"]) == ("search", 2, False)


async def test_the_newest_executions_come_first_with_whose_they_are(history: Connection) -> None:
    await fill(history)

    newest = await ask(history, "tool-history", "latest_executions")

    assert [(row["user_id"], row["tool"], row["success"]) for row in newest[:4]] == [
        (1, "search", True),
        (1, "search", True),
        (2, "search", False),
        (2, "search", False),
    ]
    assert [row["tool"] for row in newest[4:]] == ["planner", "planner", "(no name)", "planner"]
    assert newest[0]["preference_score"] == 0.9


async def test_learned_preferences_are_seen(history: Connection) -> None:
    await fill(history)

    share = await only(history, "preference_share")
    preferred = await ask(history, "tool-history", "preferred_tools")

    assert share == {"value": pytest.approx(100 * 3 / 7), "samples": 7}
    assert [(row["tool"], row["users"], row["executions"], float(row["mean_preference"])) for row in preferred] == [
        ("search", 1, 2, 0.8),
        ("planner", 2, 2, 0.3),
    ]
    assert [float(row["success_percent"]) for row in preferred] == [100.0, 100.0]


async def test_satisfaction_is_the_mean_of_those_who_said(history: Connection) -> None:
    await fill(history)

    assert await only(history, "satisfaction") == {"value": pytest.approx(10 / 3), "samples": 3}


async def test_the_storage_of_a_row_is_that_of_table_and_indexes(history: Connection) -> None:
    await index(history)
    await history.execute(
        "INSERT INTO user_tool_history (user_id, tool_name, success, created_at)"
        " SELECT n, 'search', true, now() - n * interval '1 minute' FROM generate_series(1, 1440) AS n"
    )
    await history.execute("ANALYZE user_tool_history")
    size = await history.fetchval("SELECT pg_total_relation_size('user_tool_history')")

    row, year = await only(history, "row_size"), await only(history, "growth")

    assert row == {"value": pytest.approx(size / 1024 / 1440), "samples": 1440}
    # One a minute for a day: 525,600 a year.
    assert year == {"value": pytest.approx(525_600 * size / 1440 / 1024**2, rel=0.001), "samples": 1440}


async def test_growth_counts_only_what_its_window_holds(history: Connection) -> None:
    await history.execute(
        "INSERT INTO user_tool_history (created_at)"
        " SELECT now() - n * interval '1 hour' FROM generate_series(1, 1000) AS n"
    )
    await history.execute("ANALYZE user_tool_history")
    size = await history.fetchval("SELECT pg_total_relation_size('user_tool_history')")

    year = await only(history, "growth", timedelta(hours=100.5))

    assert year == {"value": pytest.approx(8760 * size / 1000 / 1024**2, rel=0.001), "samples": 100}


async def test_the_oldest_row_has_its_age_in_days(history: Connection) -> None:
    await history.execute("INSERT INTO user_tool_history (created_at) VALUES (now() - interval '2184 hours'), (NULL)")

    assert await only(history, "oldest_row") == {"value": pytest.approx(91.0, abs=0.01), "samples": 1}


async def test_the_rows_that_were_there_are_counted_again_and_those_that_came_since_are_not(
    history: Connection,
) -> None:
    never = await only(history, "data_kept")
    await fill(history)
    kept = await only(history, "data_kept")
    await history.execute("DELETE FROM user_tool_history WHERE user_id = 3")
    await history.execute("INSERT INTO user_tool_history (tool_name) VALUES ('new'), ('newer')")
    lost = await only(history, "data_kept", timedelta(minutes=1))

    assert (never["value"], never["oldest"], never["newest"]) == (0, None, None)
    assert (kept["value"], lost["value"]) == (8, 6)  # one more has no time at all
    assert kept["oldest"] < kept["newest"]


async def test_a_downgrade_takes_the_table_and_the_migration(history: Connection) -> None:
    await history.execute("INSERT INTO alembic_version VALUES ($1)", HEAD)
    before = await only(history, "table_removed")
    await history.execute("DROP TABLE user_tool_history")
    half = await only(history, "table_removed")
    await history.execute("DELETE FROM alembic_version")

    assert (before["value"], half["value"]) == (False, False)
    assert await only(history, "table_removed") == {"value": True}


async def test_a_server_that_logs_slow_queries_is_monitored(history: Connection) -> None:
    silent = await only(history, "query_monitoring")
    await history.execute("SET log_min_duration_statement = '100ms'")

    assert silent == {"value": False, "logs_from": "-1"}
    assert await only(history, "query_monitoring") == {"value": True, "logs_from": "100ms"}


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
        ("latest_executions", []),
        ("preferred_tools", []),
    ],
)
async def test_an_empty_table_is_no_data_and_not_zero(
    history: Connection, name: str, rows: list[dict[str, Any]]
) -> None:
    assert await ask(history, "tool-history", name) == rows


async def test_rows_of_which_nothing_is_known_change_no_rate(history: Connection) -> None:
    await history.execute(
        "INSERT INTO user_tool_history (user_id, tool_name, success, created_at)"
        " SELECT NULL, NULL, NULL, now() FROM generate_series(1, 30)"
    )

    assert await only(history, "success_rate") == {"value": None, "samples": 0}
    assert await ask(history, "tool-history", "worst_tool") == []
    assert await ask(history, "tool-history", "recent_failures") == []
    assert await only(history, "preference_share") == {"value": 0, "samples": 30}
    (unnamed,) = await ask(history, "tool-history", "tool_success")
    assert (unnamed["tool"], unnamed["success_percent"], unnamed["unknown"]) == ("(no name)", None, 30)
