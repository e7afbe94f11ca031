"""The tables that grow while a service lives, by rollout: how they are made and filled, and which queries read them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from console.demo.worlds.ai_agent import AiAgent
from console.demo.worlds.stateless_orchestration import StatelessOrchestration
from console.demo.worlds.tool_history import MAKE_INDEXES, MAKE_TABLE
from console.demo.worlds.user_context import UserContext

ROOT = Path(__file__).parents[2]
_INDEX = re.compile(r"CREATE INDEX [^;]*;?\n?")


@dataclass(frozen=True, slots=True)
class Growing:
    """The tables of one rollout."""

    schema: str
    """What makes them, with their indexes."""
    fill: Mapping[str, str]
    """Statements by table, with the number of rows, `$1`, and over how long they are spread, `$2`."""
    first: str = ""
    """What the rows refer to."""

    @property
    def tables(self) -> str:
        """What makes the tables alone: a table is filled sooner without its indexes."""
        return _INDEX.sub("", self.schema)

    @property
    def indexes(self) -> str:
        """What makes the indexes, one statement a line."""
        return "".join(f"{found.group().strip().rstrip(';')};\n" for found in _INDEX.finditer(self.schema))


_SERIES = "FROM generate_series(1, $1::int) AS n"
_AT = "now() - n * ($2::interval / $1)"
_USER_CONTEXT = {
    "user_contexts": "SELECT 'c' || n, 'u' || n % 5000, n % 4 = 0, {at}, {at} + interval '20 seconds', 'valid',"
    " CASE WHEN n % 900 = 0 THEN 'no context' END, 7000000",
    "chat_requests": "SELECT 'q' || n, 'u' || n % 5000, n % 4 = 0, {at}, {at} + interval '800 milliseconds',"
    " CASE WHEN n % 100 = 0 THEN 'failed' ELSE 'completed' END, 'generated', CASE WHEN n % 5 = 0 THEN 1 + n % 5 END",
    "agent_executions": "SELECT 'e' || n, 'c' || n, 'u' || n % 5000, n % 4 = 0, {at}, {at} + interval '1 second',"
    " 'succeeded', CASE WHEN n % 200 = 0 THEN 'timed out' END",
    "workflow_runs": "SELECT 'r' || n, 'u' || n % 5000, 1 + n % 3, n % 4 = 0, {at}, {at} + interval '2 seconds',"
    " 'succeeded', true, NULL",
    "tool_executions": "SELECT 't' || n, 'c' || n, 'u' || n % 5000, 'tool' || n % 9, true, n % 4 = 0, {at},"
    " {at} + interval '1 second', CASE WHEN n % 100 = 0 THEN 'failed' ELSE 'succeeded' END, NULL",
    "websocket_connections": "SELECT 'u' || n % 5000, n % 4 = 0, {at}, 'connected'",
    "websocket_events": "SELECT 'v' || n, 'event' || n % 7, 'u' || n % 5000, 'u' || n % 5000, n % 4 = 0, {at},"
    " {at} + interval '20 milliseconds'",
}
GROWING = {
    "tool-history": Growing(
        MAKE_TABLE + MAKE_INDEXES,
        {
            "user_tool_history": "INSERT INTO user_tool_history"
            " (user_id, tool_name, success, execution_time_ms, created_at)"
            f" SELECT n % 500, 'tool' || n % 9, n % 20 <> 0, n % 900, {_AT} {_SERIES}"
        },
    ),
    "stateless-orchestration": Growing(
        StatelessOrchestration.schema,
        {
            "agent_sessions": "INSERT INTO agent_sessions"
            " (session_id, user_id, status, workflow_state, metadata, created_at, updated_at)"
            " SELECT 's' || n / 3, 'u' || n / 3, CASE WHEN n % 50 = 0 THEN 'error' ELSE 'completed' END, '{}', '{}',"
            f" {_AT}, {_AT} + interval '1 second' {_SERIES}"
        },
    ),
    "user-context": Growing(
        UserContext.schema,
        {table: f"INSERT INTO {table} {rows.replace('{at}', _AT)} {_SERIES}" for table, rows in _USER_CONTEXT.items()},
    ),
    "ai-agent": Growing(
        AiAgent.schema,
        {
            "bot_agentinteraction": "INSERT INTO bot_agentinteraction"
            " (tenant_id, conversation_id, created_at, processing_time_ms, database_time_ms, model_used,"
            " confidence_score, handoff_triggered, knowledge_hit, token_usage, estimated_cost, error_type)"
            f" SELECT 'big-' || n % 200, 'c' || n / 4, {_AT}, 500 + n % 2000, n % 90, 'model-' || n % 3,"
            " 0.5 + n % 50 / 100.0, n % 40 = 0, n % 3 <> 0,"
            """ '{"prompt_tokens": 900, "completion_tokens": 200, "total_tokens": 1100}', 0.004,"""
            f" CASE WHEN n % 200 = 0 THEN 'llm' ELSE '' END {_SERIES}",
            "bot_knowledgeentry": "INSERT INTO bot_knowledgeentry (tenant_id, title, is_active)"
            f" SELECT 'big-' || n % 200, 'entry', n % 10 <> 0 {_SERIES} WHERE $2::interval IS NOT NULL",
            "bot_messagequeue": "INSERT INTO bot_messagequeue (tenant_id, conversation_id, status, created_at)"
            f" SELECT 'big-' || n % 200, 'c' || n, CASE WHEN n % 5000 = 0 THEN 'pending' ELSE 'done' END, {_AT}"
            f" {_SERIES}",
        },
        first="""
            INSERT INTO tenants_tenant SELECT 'big-' || n, 'tenant' FROM generate_series(0, 199) AS n;
            INSERT INTO tenants_tenantsettings (tenant_id, feature_flags)
            SELECT 'big-' || n, '{"ai_agent_enabled": true}' FROM generate_series(0, 199) AS n;
        """,
    ),
}


def asked(rollout: str) -> dict[str, set[str]]:
    """Return the queries of a rollout that read tables which grow, each with these tables."""
    found = {}
    for path in sorted((ROOT / "queries" / rollout).glob("*.sql")):
        said = set(re.findall(r"(?:FROM|JOIN)\s+(\w+)", path.read_text(encoding="utf-8")))
        if read := said & GROWING[rollout].fill.keys():
            found[path.stem] = read
    return found
