"""Messages to a learning assistant: intents, a router that learns, tools whose executions become history."""

import json

from console.demo.world import Answer, Asked, Call, Scenario, Table, World

HEAD = "p2_add_user_tool_history"
PREVIOUS = "p1_add_learning_goals"
PREFIX = "idx_user_tool_history_"
INDEXES = {
    "user_id": "user_id",
    "tool_name": "tool_name",
    "success": "success",
    "created_at": "created_at",
    "user_created": "user_id, created_at",
    "metrics": "tool_name, success, execution_time_ms",
}
"""Columns of each of the six indexes, by the end of its name."""
MAKE_TABLE = """
CREATE TABLE IF NOT EXISTS user_tool_history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id integer NOT NULL,
    tool_name text NOT NULL,
    success boolean,
    execution_time_ms integer,
    error_message text,
    user_satisfaction smallint,
    preference_score double precision,
    created_at timestamptz NOT NULL DEFAULT now()
);
"""
MAKE_INDEXES = "".join(
    f"CREATE INDEX IF NOT EXISTS {PREFIX}{ending} ON user_tool_history ({columns});\n"
    for ending, columns in INDEXES.items()
)
_HISTORY = """
INSERT INTO user_tool_history (user_id, tool_name, success, execution_time_ms, preference_score, created_at)
SELECT
    n % 70, (ARRAY['search', 'planner', 'quiz', 'notes'])[1 + n % 4], n % 31 <> 0, 80 + n % 400,
    CASE WHEN n % 3 <> 0 THEN 0.5 + (n % 50) / 100.0 END, now() - n * interval '15 minutes'
FROM generate_series(1, 5800) AS n;
ANALYZE user_tool_history;
"""
_NOTICED = """
DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET log_min_duration_statement = 250', current_database());
END $$;
"""
_HALF_MIGRATED = f"DROP INDEX {PREFIX}metrics, {PREFIX}success; TRUNCATE alembic_version;" + (
    f"INSERT INTO alembic_version SELECT '{PREVIOUS}'"
)
_TOOLS = ("search", "planner", "quiz", "notes")
WORKFLOWS = {
    "exam_preparation": "TaskDecomposition",
    "task_decomposition": "TaskDecomposition",
    "error_diagnosis": "ErrorDiagnosis",
    "deep_learning": "ProgressiveExploration",
    "skill_building": "ProgressiveExploration",
}
"""The workflow that each intent starts; a quick task starts none."""
_INTENTS = (*WORKFLOWS, "quick_task")
_QUICK = {"record_ms": 6.0, "rate_ms": 32.0, "preferred_ms": 62.0, "statistics_ms": 29.0, "workflow_ms": 1100.0}


class ToolHistory(World):
    """What simulates `tool-history`: the canary is the release, the baseline what ran before it."""

    rollout = "tool-history"
    requests_per_s = 40.0
    session_count = 70
    usual = {
        "canary": _QUICK
        | {"median_ms": 190, "spread": 0.14, "failed": 0.03, "unrecorded": 0.0, "learned": 0.7, "invalid": 0.001},
        "baseline": _QUICK
        | {"median_ms": 180, "spread": 0.14, "failed": 0.03, "unrecorded": 0.0, "learned": 0.0, "invalid": 0.0},
    }
    errors = ("timed out", "no result", "rate limit of the provider")
    scenarios = {
        "slow-operations": Scenario(
            "recording and reading the history take three times as long after 15 seconds",
            canary={"record_ms": 19, "rate_ms": 96, "preferred_ms": 190, "statistics_ms": 88, "median_ms": 470},
            warning=(
                "record_time",
                "success_rate_time",
                "preferred_tools_time",
                "statistics_time",
                "history_query_time",
                "router_time",
            ),
        ),
        "rows-stop": Scenario(
            "no execution is recorded any more after 15 seconds",
            canary={"unrecorded": 1.0},
            critical=("newest_row",),
        ),
        "failing-tools": Scenario(
            "every third execution of a tool fails after 15 seconds", canary={"failed": 0.34}, warning=("success_rate",)
        ),
        "missing-index": Scenario(
            "the migration left one of the six indexes out",
            sql=f"DROP INDEX {PREFIX}metrics",
            warning=("indexes",),
        ),
        "half-migrated": Scenario(
            "the migration stopped half way: two indexes are missing, and its head is the one before",
            sql=_HALF_MIGRATED,
            is_whole=True,
            warning=("indexes", "migration"),
        ),
    }
    env = {
        "PUBLISH": "{program} publish",
        "DEPLOY": "{program} deploy",
        "REVERT": "{program} revert",
        "MIGRATE": "{program} migrate",
        "DOWNGRADE": "{program} downgrade",
        "ALEMBIC_CURRENT": "{program} current",
        "ARCHIVE": "{program} archive",
        "ARCHIVE_CHECK": "{program} archived",
        "CLEAN_UP": "{program} clean-up",
        "COLLABORATION_CHECK": "{program} collaborate",
        "PREFERENCE_CHECK": "{program} prefer",
        # A demo has more executions in a second than the plan foresees in half an hour.
        "ROWS_EXPECTED_WITHIN": "8s",
        "ROWS_LATE_AFTER": "10s",
        "ROWS_MISSING_AFTER": "16s",
        "STORAGE_MB_PER_YEAR": "10000000",
    }
    schema = (
        MAKE_TABLE
        + MAKE_INDEXES
        + "CREATE TABLE alembic_version (version_num varchar(64) PRIMARY KEY);"
        + f"INSERT INTO alembic_version SELECT '{HEAD}';"
        + _HISTORY
        + _NOTICED
    )
    tables = (Table("user_tool_history"),)

    def request(self, call: Call) -> None:
        """Answer one message: classify it, choose a tool, use it and record that."""
        intent = call.one_of(_INTENTS)
        tool = call.one_of(_TOOLS)
        error = call.error()
        if call.track == "baseline":
            call.log(f"INFO app router: decided tool={tool} history=false took_ms={call.took_ms}")
            return
        call.log(f"INFO app intent: {intent} confidence=0.{call.random.randint(71, 99)}", before_ms=call.took_ms)
        score = call.random.uniform(0.5, 0.95) if call.happens("learned") else None
        self._choose(call, tool, score)
        if intent in WORKFLOWS and call.random.random() < 0.2:
            self._collaborate(call, intent, WORKFLOWS[intent])
        self._record(call, tool, error, score)

    def _choose(self, call: Call, tool: str, score: float | None) -> None:
        """Log what the router asks of the history, and what it decides."""
        reads = {
            "get_tool_success_rate": "rate_ms",
            "get_user_preferred_tools": "preferred_ms",
            "get_tool_statistics": "statistics_ms",
        }
        for method, number in reads.items():
            took = call.duration_ms(call.mood[number], 0.15)
            call.log(f"INFO app tool_history: {method} user={call.session.number} took_ms={took}")
        learned = "history=false" if score is None else f"history=true preference={score:.2f}"
        call.log(f"INFO app router: decided tool={tool} {learned} took_ms={call.took_ms}")

    def _collaborate(self, call: Call, intent: str, workflow: str) -> None:
        took = call.duration_ms(call.mood["workflow_ms"], 0.15)
        call.log(f"INFO app workflow: {workflow}Workflow started intent={intent}", before_ms=took)
        call.log(f"INFO app workflow: {workflow}Workflow completed took_ms={took}")
        is_valid = not call.happens("invalid")
        level, valid = ("INFO", "true") if is_valid else ("WARNING", "false")
        call.log(f"{level} app action_card: generated workflow={workflow} fallback=false valid={valid}")

    def _record(self, call: Call, tool: str, error: str | None, score: float | None) -> None:
        if call.happens("unrecorded"):
            call.log(f"ERROR app tool_history: not recorded tool={tool}: connection pool exhausted")
            return
        call.row(
            "user_tool_history",
            user_id=call.session.number,
            tool_name=tool,
            success=error is None,
            execution_time_ms=call.took_ms,
            error_message=error,
            user_satisfaction=call.random.randint(3, 5) if call.random.random() < 0.1 else None,
            preference_score=score,
            created_at=call.at,
        )
        took = call.duration_ms(call.mood["record_ms"], 0.15)
        success = json.dumps(error is None)
        call.log(f"INFO app tool_history: recorded tool={tool} success={success} took_ms={took}")

    def answer(self, asked: Asked) -> Answer | None:
        """Answer a message of a person, as the check of the collaboration sends it."""
        if (asked.method, asked.path) != ("POST", "/api/chat"):
            return None
        try:
            message = str(json.loads(asked.body)["message"])
        except (ValueError, KeyError, TypeError):
            return Answer({"error": 'expected {"message": TEXT}'}, status=400)
        intent = "exam_preparation" if "exam" in message.lower() else "quick_task"
        workflow = WORKFLOWS.get(intent) if asked.track == "canary" else None
        return Answer({"intent": intent, "workflow": f"{workflow}Workflow" if workflow else None})
