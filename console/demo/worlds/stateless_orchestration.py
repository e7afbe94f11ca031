"""Requests that an orchestrator without state serves beside the old one; both write agent_sessions."""

from console.demo.world import Answer, Asked, Call, Scenario, Table, World

_WORKFLOW = ("discovery", "outline", "drafting", "review", "publishing")
_SLOW = {"median_ms": 3000.0, "spread": 0.42}
_PARSER_ERRORS = (
    "Safe JSON parser: unexpected end of input",
    "Safe JSON parser: duplicate key currentStage",
    "Orchestrator lost the workflow state between two steps",
)


class StatelessOrchestration(World):
    """What simulates `stateless-orchestration`."""

    rollout = "stateless-orchestration"
    usual = {
        "canary": {"median_ms": 820, "spread": 0.34, "failed": 0.0006, "crossed": 0.0},
        "baseline": {"median_ms": 880, "spread": 0.34, "failed": 0.005, "crossed": 0.0},
    }
    errors = ("Model provider timed out", "Rate limit of the model provider", "Tool call was cancelled by the user")
    scenarios = {
        "regression": Scenario(
            "the canary turns slow and fails after 15 seconds",
            canary={**_SLOW, "failed": 0.13},
            errors=_PARSER_ERRORS,
            critical=("error_rate", "p95_latency"),
        ),
        "latency": Scenario(
            "the canary takes more than five seconds for every twentieth request",
            canary=_SLOW,
            critical=("p95_latency",),
        ),
        "parser-errors": Scenario(
            "the safe JSON parser of the canary fails",
            canary={"failed": 0.13},
            errors=_PARSER_ERRORS,
            critical=("error_rate",),
        ),
        "contamination": Scenario(
            "sessions of two users mix on the canary", canary={"crossed": 0.02}, critical=("isolation",)
        ),
    }
    switches = ("ENABLE_STATELESS_ORCHESTRATION", "ENABLE_SAFE_JSON_PARSER")
    env = {"VERIFY_SCRIPT": "{program} verify", "MIGRATE": "{program} migrate", "MIGRATION_CHECK": "{program} pending"}
    schema = """
CREATE TABLE agent_sessions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    session_id text NOT NULL,
    user_id text NOT NULL,
    status text NOT NULL,
    error_message text,
    workflow_state jsonb NOT NULL,
    metadata jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX agent_sessions_created_at ON agent_sessions (created_at);
"""
    tables = (Table("agent_sessions", age="created_at"),)

    def request(self, call: Call) -> None:
        """Serve one step of a session's workflow."""
        session = call.session
        stage = _WORKFLOW[session.stage]
        error = call.error()
        user = call.one_of(call.sessions).user if call.happens("crossed") else session.user
        call.row(
            "agent_sessions",
            session_id=session.id,
            user_id=user,
            status="error" if error else "completed",
            error_message=error,
            workflow_state={"currentStage": stage},
            metadata={"useStateless": call.track == "canary"},
            created_at=call.began,
            updated_at=call.at,
        )
        if error:
            call.log(f"ERROR app Request failed session={session.id} stage={stage} error={error}")
            return
        session.stage = (session.stage + 1) % len(_WORKFLOW)
        call.log(f"INFO app Request completed in {call.took_ms}ms session={session.id} stage={stage}")

    def answer(self, asked: Asked) -> Answer | None:
        """Answer the query that a person or a check asks."""
        if (asked.method, asked.path) != ("POST", "/api/agent/query"):
            return None
        if asked.mood["failed"] > 0.5:
            return Answer({"error": asked.mood.errors[0]}, status=500)
        path = "stateless" if asked.track == "canary" else "legacy"
        return Answer({"answer": "Done.", "orchestration": path})
