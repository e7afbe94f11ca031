"""The tables that grow while a service lives, by rollout: how they are made and filled, and which queries read them."""

from pathlib import Path

from console.demo.worlds.stateless_orchestration import StatelessOrchestration
from console.demo.worlds.tool_history import MAKE_INDEXES, MAKE_TABLE

ROOT = Path(__file__).parents[2]
TABLES = {
    "tool-history": MAKE_TABLE + MAKE_INDEXES,
    "stateless-orchestration": StatelessOrchestration.schema,
}
FILL = {
    "tool-history": "INSERT INTO user_tool_history (user_id, tool_name, success, execution_time_ms, created_at)"
    " SELECT n % 500, 'tool' || n % 9, n % 20 <> 0, n % 900, now() - n * ($2::interval / $1)"
    " FROM generate_series(1, $1::int) AS n",
    "stateless-orchestration": "INSERT INTO agent_sessions"
    " (session_id, user_id, status, workflow_state, metadata, created_at, updated_at)"
    " SELECT 's' || n / 3, 'u' || n / 3, CASE WHEN n % 50 = 0 THEN 'error' ELSE 'completed' END, '{}', '{}',"
    " now() - n * ($2::interval / $1), now() - n * ($2::interval / $1) + interval '1 second'"
    " FROM generate_series(1, $1::int) AS n",
}
"""Statements with the number of rows, `$1`, and over how long they are spread, `$2`."""
INDEX = {
    "tool-history": "idx_user_tool_history_created_at",
    "stateless-orchestration": "agent_sessions_created_at",
}


def asked(rollout: str) -> list[str]:
    """Return the names of the queries of a rollout that read the table which grows."""
    table = {"tool-history": "user_tool_history", "stateless-orchestration": "agent_sessions"}[rollout]
    found = []
    for path in sorted((ROOT / "queries" / rollout).glob("*.sql")):
        if f"FROM {table}" in path.read_text(encoding="utf-8"):
            found.append(path.stem)
    return found
