"""The table of `tool-history`, its indexes, and asking one of its queries."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from tests.queries import Connection, ask

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


async def index(connection: Connection, *left_out: str) -> None:
    for name, columns in INDEXES.items():
        if name not in left_out:
            await connection.execute(f"CREATE INDEX {name} ON user_tool_history {columns}")


async def only(connection: Connection, name: str, window: timedelta | None = None) -> dict[str, Any]:
    (row,) = await ask(connection, "tool-history", name, window)
    return {key: float(value) if isinstance(value, Decimal) else value for key, value in row.items()}
