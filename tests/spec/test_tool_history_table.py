"""The queries of `tool-history` that look at the table itself: columns, types, indexes, migrations."""

import asyncpg
import pytest

from tests.queries import Connection, ask
from tests.spec.tool_history import HEAD, INDEXES, index, only


async def test_the_head_of_the_migrations_is_the_only_one(history: Connection) -> None:
    before = await only(history, "migration_head")
    await history.execute("INSERT INTO alembic_version VALUES ($1)", HEAD)
    applied = await only(history, "migration_head")
    await history.execute("INSERT INTO alembic_version VALUES ('another_branch')")
    branched = await only(history, "migration_head")

    assert before == {"value": False, "head": "none"}
    assert applied == {"value": True, "head": HEAD}
    assert branched == {"value": False, "head": f"another_branch, {HEAD}"}


async def test_a_table_is_ready_with_all_of_its_columns(history: Connection) -> None:
    whole = await only(history, "table_ready")
    await history.execute("ALTER TABLE user_tool_history DROP COLUMN preference_score, DROP COLUMN success")
    partial = await only(history, "table_ready")
    await history.execute("DROP TABLE user_tool_history")
    gone = await only(history, "table_ready")

    fine = {"is_there": True, "may_read": True, "missing_columns": "none", "other_types": "none"}
    assert whole == {"value": True, **fine}
    assert partial == {
        "value": False,
        "is_there": True,
        "may_read": True,
        "missing_columns": "success, preference_score",
        "other_types": "none",
    }
    assert (gone["value"], gone["is_there"], gone["may_read"]) == (False, False, None)
    assert gone["missing_columns"].count(", ") == 8


async def test_a_column_of_another_type_makes_no_ready_table(history: Connection) -> None:
    await history.execute("ALTER TABLE user_tool_history ALTER created_at TYPE timestamp")
    without_zone = await only(history, "table_ready")
    await history.execute("ALTER TABLE user_tool_history ALTER created_at TYPE date, ALTER success TYPE text")

    found = await only(history, "table_ready")

    assert without_zone["value"] is True
    assert (found["value"], found["missing_columns"]) == (False, "none")
    assert found["other_types"] == "success is text, not boolean; created_at is date, not timestamp"


async def test_a_table_that_may_not_be_read_is_not_ready(history: Connection, role: str) -> None:
    await history.execute(f"CREATE ROLE {role}")
    await history.execute(f"SET ROLE {role}")

    found = await only(history, "table_ready")

    assert (found["value"], found["is_there"], found["may_read"]) == (False, True, False)
    assert (found["missing_columns"], found["other_types"]) == ("none", "none")


async def test_a_missing_index_is_named(history: Connection) -> None:
    nothing = await only(history, "indexes_ready")
    await index(history, "idx_user_tool_history_metrics", "idx_user_tool_history_user_created")
    some = await only(history, "indexes_ready")
    await history.execute("CREATE INDEX idx_user_tool_history_metrics ON alembic_version (version_num)")
    of_another_table = await only(history, "indexes_ready")

    fine = {"invalid": "none", "on_other_columns": "none"}
    assert nothing == {"value": False, "usable": 0, "missing": ", ".join(sorted(INDEXES)), **fine}
    assert some == {
        "value": False,
        "usable": 4,
        "missing": "idx_user_tool_history_metrics, idx_user_tool_history_user_created",
        **fine,
    }
    assert of_another_table == some


async def test_an_index_whose_building_failed_is_invalid(history: Connection) -> None:
    await index(history)
    ready = await only(history, "indexes_ready")
    await history.execute("DROP INDEX idx_user_tool_history_user_id")
    await history.execute("INSERT INTO user_tool_history (user_id) VALUES (1), (1)")
    with pytest.raises(asyncpg.UniqueViolationError):
        await history.execute(
            "CREATE UNIQUE INDEX CONCURRENTLY idx_user_tool_history_user_id ON user_tool_history (user_id)"
        )
    broken = await only(history, "indexes_ready")
    first, *others = await ask(history, "tool-history", "index_use")

    assert ready == {"value": True, "usable": 6, "missing": "none", "invalid": "none", "on_other_columns": "none"}
    assert (broken["value"], broken["usable"], broken["missing"]) == (False, 5, "none")
    assert (broken["invalid"], broken["on_other_columns"]) == ("idx_user_tool_history_user_id", "none")
    assert (first["index"], first["state"]) == ("idx_user_tool_history_user_id", "INVALID")
    assert {row["state"] for row in others} == {"valid"}
    assert len(others) == 6  # five of the six, and the primary key


async def test_an_index_of_the_right_name_on_other_columns_is_none(history: Connection) -> None:
    for name in INDEXES:
        await history.execute(f"CREATE INDEX {name} ON user_tool_history (id)")

    found = await only(history, "indexes_ready")

    assert (found["value"], found["usable"], found["missing"], found["invalid"]) == (False, 0, "none", "none")
    assert found["on_other_columns"] == "; ".join(f"{name} is on id" for name in sorted(INDEXES))


@pytest.mark.parametrize(
    ("name", "columns", "wrong"),
    [
        ("user_created", "(created_at, user_id)", "is on created_at, user_id"),
        ("user_created", "(user_id)", "is on user_id"),
        ("created_at", "(created_at) WHERE success", "is on created_at of a part of the rows"),
        ("tool_name", "(lower(tool_name))", "is on lower(tool_name)"),
        ("success", "(id) INCLUDE (success)", "is on id"),
        ("tool_name", "(tool_name, created_at DESC)", None),
        ("metrics", "(success, execution_time_ms)", None),
    ],
)
async def test_an_index_serves_by_the_columns_that_it_begins_with(
    history: Connection, name: str, columns: str, wrong: str | None
) -> None:
    index_name = f"idx_user_tool_history_{name}"
    await index(history, index_name)
    await history.execute(f"CREATE INDEX {index_name} ON user_tool_history {columns}")

    found = await only(history, "indexes_ready")

    assert found["value"] is (wrong is None)
    assert found["on_other_columns"] == (f"{index_name} {wrong}" if wrong else "none")


async def test_the_indexes_of_no_table_are_all_missing(history: Connection) -> None:
    await history.execute("DROP TABLE user_tool_history")

    assert (await only(history, "indexes_ready"))["usable"] == 0
    assert await ask(history, "tool-history", "index_use") == []


async def test_a_database_that_takes_no_writes_is_not_ready(history: Connection) -> None:
    ready = await only(history, "database_ready")
    await history.execute("SET default_transaction_read_only = on")
    closed = await only(history, "database_ready")

    assert (ready["value"], closed["value"]) == (True, False)
    assert ready["database"] == await history.fetchval("SELECT current_database()")
